#include "wire/corpus.hpp"

#include "core/types/ascii.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace sotto::test {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) throw std::runtime_error{"cannot read " + path.string()};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<Sample> folder(const char* name)
{
    std::vector<Sample> samples;
    for (const auto& entry : fs::directory_iterator{fs::path{SOTTO_CORPUS} / name})
        if (entry.path().filename() != "MANIFEST.tsv")
            samples.push_back({entry.path().filename().string(), contents(entry.path())});
    std::ranges::sort(samples, {}, &Sample::name);
    return samples;
}

std::string with_crlf(const std::string& text)
{
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

} // namespace

std::string with_right_length(const std::string& message)
{
    const auto end = message.find("\r\n\r\n");
    const auto body = message.substr(end + 4);
    std::string out;
    for (std::size_t at = 0; at < end;) {
        const auto next = message.find("\r\n", at) + 2;
        const auto line = message.substr(at, next - at);
        const auto name = trim(std::string_view{line}.substr(0, line.find(':')));
        if (!iequals(name, "Content-Length") && !iequals(name, "l")) out += line;
        at = next;
    }
    return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::vector<Sample>& rfc4475()
{
    static const auto samples = [] {
        auto all = folder("rfc4475");
        for (auto& sample : all)
            if (sample.name == "baddn.dat") sample.bytes += "\r\n";
        return all;
    }();
    return samples;
}

const std::vector<Sample>& rfc5118()
{
    static const auto samples = [] {
        auto all = folder("rfc5118");
        for (auto& sample : all) {
            sample.bytes = with_crlf(sample.bytes);
            if (sample.bytes.find("\r\n\r\n") == std::string::npos) sample.bytes += "\r\n";
            sample.bytes = with_right_length(sample.bytes);
        }
        return all;
    }();
    return samples;
}

const std::vector<Sample>& examples()
{
    static const auto samples = [] {
        const auto text = contents(fs::path{SOTTO_CORPUS} / "rfc-examples.txt");
        std::vector<Sample> all;
        for (std::size_t at = 0; at < text.size();) {
            const auto line = text.find('\n', at);
            std::istringstream entry{text.substr(at, line - at)};
            std::string mark;
            std::size_t size = 0;
            Sample sample;
            entry >> mark >> sample.name >> size;
            if (mark != "@@") throw std::runtime_error{"rfc-examples.txt is not a row of entries"};
            sample.bytes = text.substr(line + 1, size);
            at = line + 1 + size + 1;
            all.push_back(std::move(sample));
        }
        return all;
    }();
    return samples;
}

const Sample& find(const std::vector<Sample>& samples, std::string_view name)
{
    const auto found = std::ranges::find(samples, name, &Sample::name);
    if (found == samples.end()) throw std::runtime_error{"no such sample"};
    return *found;
}

} // namespace sotto::test
