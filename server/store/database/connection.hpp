#pragma once
#include "store/database/purpose.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sotto::store {

/// A prepared statement. Parameters count from 1, columns from 0. Errors: StoreError. Text and bytes given to `bind`
/// must live until the statement is reset; what `text` and `bytes` give lives until the next step.
class Statement {
public:
    Statement(sqlite3* database, std::string_view sql);

    template <class... Values> Statement& bind_all(const Values&... values)
    {
        reset();
        int at = 0;
        (bind(++at, values), ...);
        return *this;
    }
    void bind(int parameter, std::int64_t value);
    void bind(int parameter, std::string_view value);
    void bind(int parameter, std::span<const std::uint8_t> value);

    /// True while there is a row.
    bool step();
    /// Runs a statement that gives no rows; it can be bound again afterwards.
    void run();
    void reset();

    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::span<const std::uint8_t> bytes(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// An open SQLite database whose authorizer admits what one purpose was given and denies all else: columns that are not
/// listed, ATTACH, PRAGMA, temporary objects, ALTER and every other change of the schema, virtual tables, extensions.
/// Used through `Connection`; one thread at a time.
class BoundConnection {
public:
    [[nodiscard]] Statement prepare(std::string_view sql);
    void run(std::string_view sql) { prepare(sql).run(); }
    /// Rows changed by the last statement.
    [[nodiscard]] std::int64_t changes() const;
    /// Moves the write-ahead log into the database and cuts it to nothing, so that what was deleted is in neither.
    void truncate_log();
    /// Truncates the log and overwrites what deleted rows have left between others, where their bytes can be read (a
    /// ledger's have lost their keys). False: a reader still needs the log; to be tried again. Throws StoreError: so
    /// too.
    [[nodiscard]] bool overwrite_remains();
    /// Gives the page cache back, after work that touched much.
    void release_memory();

protected:
    BoundConnection(const std::filesystem::path& file, const Permissions& permissions);

private:
    friend class Transaction;
    friend class ReadTransaction;

    struct Close {
        void operator()(sqlite3* database) const;
    };
    void roll_back() noexcept;

    const Permissions* permissions_;
    std::unique_ptr<sqlite3, Close> database_;
    Statement begin_, commit_;
};

/// A connection for one purpose, and the only way to a database's content: functions that read or write name the
/// purpose in their parameter's type, so that code without it does not compile.
template <Purpose purpose> class Connection : public BoundConnection {
public:
    Connection(const std::filesystem::path& file, Duty duty, const Purposes& purposes)
        : BoundConnection{file, purposes.of(purpose).in(duty)}
    {
    }
};

/// What is read while it lives is of one moment. It ends however that went: else no other one could begin.
class ReadTransaction {
public:
    explicit ReadTransaction(BoundConnection& connection) : connection_{connection} { connection_.run("BEGIN"); }
    ReadTransaction(const ReadTransaction&) = delete;
    ReadTransaction& operator=(const ReadTransaction&) = delete;
    ~ReadTransaction() { connection_.roll_back(); }

private:
    BoundConnection& connection_;
};

/// All or nothing: rolled back unless `commit` was reached.
class Transaction {
public:
    explicit Transaction(BoundConnection& connection) : connection_{connection} { connection_.begin_.run(); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction()
    {
        if (open_) connection_.roll_back();
    }
    void commit();

private:
    BoundConnection& connection_;
    bool open_{true};
};

} // namespace sotto::store
