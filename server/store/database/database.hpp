#pragma once
#include "store/database/connection.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace sotto::store {

/// One database file with its schema brought up to date. What it holds is reached through connections with a purpose.
class Database {
public:
    /// Creates the file (mode 0600, owned like its folder) or opens it, applies what is missing of `migrations` in one
    /// transaction after writing a backup beside it, and checks that every column is declared. Throws StoreError:
    /// unavailable, newer_schema, or undeclared with the column's name.
    Database(std::filesystem::path file, Duty duty, std::span<const std::string_view> migrations,
             const Purposes& purposes);

    template <Purpose purpose> [[nodiscard]] Connection<purpose> open() const
    {
        return Connection<purpose>{file_, duty_, *purposes_};
    }

    /// Copies it, as one moment, to a file of mode 0600, which takes the place of an older one of that name once it is
    /// whole and on the disk. Goes in short steps, with `between` after each, so that others can write meanwhile.
    /// Throws StoreError (uncopied where it cannot be written): the older one is still there.
    void back_up(const std::filesystem::path& to, const std::function<void()>& between = {}) const;

    /// The backup that a migration has made holds what was there then: it is removed when it is seven days old, and
    /// with the first account that is removed. Throws StoreError: it is still there.
    void drop_old_backup() const;
    void drop_backup() const;

private:
    std::filesystem::path file_;
    Duty duty_;
    const Purposes* purposes_;
};

} // namespace sotto::store
