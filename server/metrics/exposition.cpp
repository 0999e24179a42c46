#include "metrics/exposition.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace sotto::metrics {
namespace {

constexpr std::string_view name_of(Type type)
{
    switch (type) {
    case Type::counter:
        return "counter";
    case Type::gauge:
        return "gauge";
    case Type::histogram:
        break;
    }
    return "histogram";
}

std::string text_of(double value)
{
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), end};
}

/// Backslash, quote and line break, as the format wants them.
std::string escaped(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

std::string labels(const Family& family, const Sample& sample, std::string_view bound = {})
{
    std::string out;
    if (!sample.label.empty()) out += std::string{family.label} + "=\"" + escaped(sample.label) + '"';
    if (!bound.empty()) out += std::string{out.empty() ? "" : ","} + "le=\"" + std::string{bound} + '"';
    return out.empty() ? out : '{' + out + '}';
}

void add(std::string& out, const Family& family, std::string_view suffix, const std::string& label, double value)
{
    out.append(family.name).append(suffix).append(label).append(" ").append(text_of(value)).append("\n");
}

/// The middle of a bucket; of the last one, which has no end, its begin.
double middle(std::span<const double> bounds, std::size_t bucket)
{
    const auto begin = bucket == 0 ? 0 : bounds[bucket - 1];
    return bucket < bounds.size() ? (begin + bounds[bucket]) / 2 : begin;
}

void add_histogram(std::string& out, const Family& family, const Sample& sample)
{
    double count = 0;
    // Of what is shown only: a sum that grew with each call would count what the tens hide. Each bucket is cut for
    // itself, before they are added up: so nothing ever falls, which would be taken for a restart.
    double sum = 0;
    for (std::size_t i = 0; i < sample.buckets.size(); ++i) {
        const auto in_bucket = shown(static_cast<double>(sample.buckets[i]), family.shown);
        const auto bound = i < sample.bounds.size() ? text_of(sample.bounds[i]) : "+Inf";
        count += in_bucket;
        sum += in_bucket * middle(sample.bounds, i);
        add(out, family, "_bucket", labels(family, sample, bound), count);
    }
    add(out, family, "_sum", labels(family, sample), family.shown == Shown::exact ? sample.value : sum);
    add(out, family, "_count", labels(family, sample), count);
}

} // namespace

double shown(double value, Shown how) { return how == Shown::exact ? value : std::floor(value / 10) * 10; }

std::string exposition(std::span<const Measured> all)
{
    std::string out;
    for (const auto& [family, samples] : all) {
        if (samples.empty()) continue;
        out.append("# HELP ").append(family.name).append(" ").append(family.help).append("\n");
        out.append("# TYPE ").append(family.name).append(" ").append(name_of(family.type)).append("\n");
        for (const auto& sample : samples)
            if (family.type == Type::histogram)
                add_histogram(out, family, sample);
            else
                add(out, family, {}, labels(family, sample), shown(sample.value, family.shown));
    }
    return out;
}

std::string reference(std::span<const Measured> all)
{
    std::string out = "| name | type | label | shown | meaning |\n| --- | --- | --- | --- | --- |\n";
    for (const auto& [family, samples] : all) {
        std::string values;
        for (const auto& sample : samples)
            if (!sample.label.empty()) values += (values.empty() ? " " : ", ") + sample.label;
        out += "| `" + std::string{family.name} + "` | " + std::string{name_of(family.type)} + " | " +
               (family.label.empty() ? "" : "`" + std::string{family.label} + "`:" + values) + " | " +
               (family.shown == Shown::exact ? "exactly" : "in tens") + " | " + std::string{family.help} + " |\n";
    }
    return out;
}

} // namespace sotto::metrics
