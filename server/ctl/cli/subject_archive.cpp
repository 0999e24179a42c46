#include "ctl/cli/subject_archive.hpp"

#include "crypto/primitives.hpp"
#include "ctl/cli/invocation.hpp"
#include "ctl/cli/rows_as_csv.hpp"
#include "ctl/commands/command.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace sotto::ctl {
namespace {

struct Entry {
    std::string name;
    std::string holds; ///< for the manifest
    std::string content;
};

// What `subject.json` looks like, for whoever reads it with a program (JSON Schema 2020-12).
constexpr std::string_view schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "All that Sotto holds about one person",
  "type": "object",
  "required": ["account", "blocked_callers", "devices", "periods", "audit"],
  "properties": {
    "account": {
      "type": "object",
      "properties": {
        "address": { "type": "string", "description": "the first address" },
        "addresses": { "type": "array", "items": { "type": "string" } },
        "algorithm": { "enum": ["SHA-256", "MD5"], "description": "digest algorithm of the password, which is not stored itself" },
        "password_needed": { "type": "boolean" },
        "status": { "enum": ["active", "suspended"] },
        "withhold_identity": { "type": "boolean" },
        "refuse_anonymous": { "type": "boolean" },
        "relay_only": { "type": "boolean" },
        "blocked_callers": { "type": "integer", "description": "how many" }
      }
    },
    "blocked_callers": {
      "type": "array",
      "description": "pseudonyms of callers who withheld their identity and are blocked",
      "items": { "type": "string", "pattern": "^[0-9a-f]{32}$" }
    },
    "devices": {
      "type": "array",
      "description": "where the person is registered at this moment; in memory only",
      "items": {
        "type": "object",
        "properties": {
          "transport": { "enum": ["tls", "wss", null], "description": "null: the phone sleeps, and is woken when it is called" },
          "expires_in": { "type": "integer", "description": "seconds" }
        }
      }
    },
    "audit": {
      "type": "array",
      "description": "what operators did with the account, and why",
      "items": {
        "type": "object",
        "properties": {
          "sequence": { "type": "integer" },
          "time": { "type": "string", "format": "date-time" },
          "uid": { "type": ["integer", "null"], "description": "of who did it" },
          "name": { "type": "string" },
          "what": { "type": "string" },
          "purpose": { "type": "string" },
          "about": { "type": ["string", "null"], "description": "the address that was named" },
          "scope": { "type": ["string", "null"], "description": "what was asked for" },
          "reason": { "type": ["string", "null"], "description": "in the words of who did it" },
          "result": { "type": "string" }
        }
      }
    },
    "periods": {
      "type": "array",
      "description": "billed calls by month, and when they are destroyed",
      "items": {
        "type": "object",
        "properties": {
          "month": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$" },
          "case": { "type": "string", "description": "of the retention matrix" },
          "calls": { "type": "integer", "description": "those that run at this moment included" },
          "reason": { "type": "string" },
          "until": { "type": "string", "format": "date-time" },
          "held": { "type": "boolean", "description": "kept longer for a case" }
        }
      }
    }
  }
}
)";

// clang-format off
constexpr std::array call_fields{
    Field{"id", "text", ""}, Field{"start", "text", ""}, Field{"seconds", "number", ""},
    Field{"destination", "text", ""}, Field{"tariff", "text", ""}, Field{"route", "text", ""}};
// clang-format on

std::string bill_of(const json::array& calls)
{
    auto text = csv_header(call_fields);
    for (const auto& call : calls) text += csv_line(call_fields, call.as_object());
    return text;
}

/// RFC 6350: one card for each caller that the person blocks. Nobody can tell who it is, the server included.
std::string cards_of_blocks(const json::array& blocked)
{
    std::string cards;
    for (const auto& pseudonym : blocked)
        cards += "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:individual\r\nFN:Blocked caller who withheld their identity\r\n"
                 "UID:x-sotto-block:" +
                 std::string{pseudonym.as_string()} + "\r\nEND:VCARD\r\n";
    return cards;
}

/// RFC 6350. The server keeps no address book: these are the person's own addresses.
std::string card_of(const json::object& account)
{
    std::string card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:" + std::string{account.at("address").as_string()} + "\r\n";
    for (const auto& address : account.at("addresses").as_array())
        card += "IMPP:sip:" + std::string{address.as_string()} + "\r\n";
    return card + "END:VCARD\r\n";
}

std::string sha256_of(std::string_view content)
{
    crypto::Hash hash{"SHA256"};
    std::array<std::uint8_t, 32> digest{};
    hash(crypto::as_bytes(content), digest);
    std::string text;
    for (const auto byte : digest) {
        constexpr std::string_view digits = "0123456789abcdef";
        (text += digits[byte >> 4U]) += digits[byte & 15U];
    }
    return text;
}

std::string manifest_of(const std::vector<Entry>& entries)
{
    json::array files;
    for (const auto& entry : entries)
        files.push_back(json::object{{"file", entry.name},
                                     {"holds", entry.holds},
                                     {"bytes", entry.content.size()},
                                     {"sha256", sha256_of(entry.content)}});
    return json::serialize(json::object{{"format", "sotto subject archive 1"}, {"files", std::move(files)}}) + "\n";
}

std::string octal(std::size_t number, std::size_t width)
{
    std::string text(width, '0');
    for (auto at = width; at > 0; number /= 8) text[--at] = static_cast<char>('0' + number % 8);
    return text;
}

/// One file of a ustar archive: its head and its content, filled up to whole blocks.
std::string packed(const Entry& entry)
{
    constexpr std::size_t block = 512;
    std::string head(block, '\0');
    const auto put = [&](std::size_t at, std::string_view text) { head.replace(at, text.size(), text); };
    put(0, entry.name);
    put(100, "0000600");
    put(108, "0000000");
    put(116, "0000000");
    put(124, octal(entry.content.size(), 11));
    put(136, octal(0, 11));
    put(148, "        "); // the checksum counts as blanks
    put(156, "0");
    put(257, std::string_view{"ustar\00000", 8});
    std::size_t sum = 0;
    for (const char c : head) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6));
    head[154] = '\0';
    auto whole = head + entry.content;
    whole.resize((whole.size() + block - 1) / block * block, '\0');
    return whole;
}

void write_file(const std::filesystem::path& file, std::string_view content)
{
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    bool written = descriptor >= 0;
    while (written && !content.empty()) {
        const auto some = ::write(descriptor, content.data(), content.size());
        written = some > 0;
        if (written) content.remove_prefix(static_cast<std::size_t>(some));
    }
    const auto reason = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (descriptor >= 0 && !written) ::unlink(file.c_str()); // a part of it helps nobody, and names somebody
    if (!written)
        throw Refused{status_refused, file.string() + " cannot be written: " + std::generic_category().message(reason)};
}

} // namespace

json::object write_subject_archive(const std::filesystem::path& file, const json::object& answer)
{
    const auto& account = answer.at("account").as_object();
    const auto& calls = answer.at("calls").as_array();
    std::vector<Entry> entries{
        {"subject.json",
         "account, settings, blocked callers, registered devices, how long calls are kept, and who looked",
         json::serialize(json::object{{"account", account},
                                      {"blocked_callers", answer.at("blocked_callers")},
                                      {"devices", answer.at("devices")},
                                      {"periods", answer.at("periods")},
                                      {"audit", answer.at("audit")}}) +
             "\n"},
        {"subject.schema.json", "JSON Schema of subject.json", std::string{schema}},
        {"calls.csv", "itemised bill: every billed call that is held; one that runs has no id and no seconds yet",
         bill_of(calls)},
        {"contacts.vcf", "the person's own addresses; no others are held", card_of(account)},
        {"blocks.vcf", "callers that the person blocks, by a pseudonym",
         cards_of_blocks(answer.at("blocked_callers").as_array())}};
    entries.push_back({"manifest.json", {}, manifest_of(entries)});
    std::string archive;
    for (const auto& entry : entries) archive += packed(entry);
    archive.append(1024, '\0');
    write_file(file, archive);
    return {{"archive", file.string()}, {"files", entries.size()}, {"calls", calls.size()}};
}

} // namespace sotto::ctl
