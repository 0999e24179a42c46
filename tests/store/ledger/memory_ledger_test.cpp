#include "store/ledger/memory_ledger.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

namespace {

class InMemory final : public test::LedgerKind {
public:
    std::unique_ptr<store::Ledger> open(const std::filesystem::path& master) override
    {
        return std::make_unique<test::MemoryLedger>(clock, memory_, master);
    }
    void restore(const std::filesystem::path& copy) override { memory_.records = memory_.copies.at(copy); }

private:
    test::LedgerMemory memory_;
};

} // namespace

TEST_CASE("a ledger in memory conforms: nothing of the contract belongs to one engine")
{
    InMemory memory;
    test::ledger_conforms(memory);
}
