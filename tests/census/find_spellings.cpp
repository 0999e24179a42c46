// Which of many byte strings are in the bytes that come in, in one pass however many they are: the census looks for
// more than a million of them in all of a process's memory.
//
//   find_spellings LIST
//
// LIST holds the strings, of 8 to 255 bytes, each behind one byte with its length. Standard input are pieces, each
// behind 8 bytes with its length (little endian); an empty one ends a search. Then it prints the numbers (from 0) of
// the strings that were found, in one line.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Head = std::uint64_t;

Head head_of(const char* bytes)
{
    Head head = 0;
    std::memcpy(&head, bytes, sizeof head);
    return head;
}

class Spellings {
public:
    void add(std::string text)
    {
        if (text.size() < sizeof(Head)) throw std::runtime_error{"too short to be looked for: " + text};
        const auto head = head_of(text.data());
        maybe_[place_of(head)] = true;
        by_head_.emplace(head, texts_.size());
        texts_.push_back(std::move(text));
    }

    void look_at(std::string_view data)
    {
        for (std::size_t at = 0; at + sizeof(Head) <= data.size(); ++at) {
            const auto head = head_of(data.data() + at);
            if (!maybe_[place_of(head)]) continue;
            const auto [first, last] = by_head_.equal_range(head);
            for (auto one = first; one != last; ++one)
                if (data.substr(at).starts_with(texts_[one->second])) found_.insert(one->second);
        }
    }

    /// What was found since the last call.
    std::set<std::size_t> found() { return std::exchange(found_, {}); }

private:
    static std::size_t place_of(Head head) { return (head * 0x9E3779B97F4A7C15U) >> 38U; }

    std::vector<bool> maybe_ = std::vector<bool>(std::size_t{1} << 26U); ///< most places hold the head of none
    std::unordered_multimap<Head, std::size_t> by_head_;
    std::vector<std::string> texts_;
    std::set<std::size_t> found_;
};

} // namespace

int main(int argc, char** argv)
{
    std::ifstream list{argc == 2 ? argv[1] : "", std::ios::binary};
    if (!list) {
        std::fputs("find_spellings LIST\n", stderr);
        return 2;
    }
    Spellings spellings;
    for (char size = 0; list.get(size);) {
        std::string text(static_cast<unsigned char>(size), '\0');
        list.read(text.data(), static_cast<std::streamsize>(text.size()));
        spellings.add(std::move(text));
    }
    std::string piece;
    for (std::uint64_t size = 0; std::fread(&size, sizeof size, 1, stdin) == 1;) {
        piece.resize(size);
        if (size > 0) {
            if (std::fread(piece.data(), size, 1, stdin) != 1) return 1;
            spellings.look_at(piece);
            continue;
        }
        for (const auto number : spellings.found()) std::printf("%zu ", number);
        std::puts("");
        std::fflush(stdout);
    }
    return 0;
}
