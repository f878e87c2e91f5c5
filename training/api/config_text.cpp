// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A configuration as people write it: numbers and row ranges in options, patterns of module names, and the command
// line that repeats a run.
#include "training/api/catalog.h"
#include "training/api/config_fields.h"
#include "training/api/error.h"
#include "training/api/json_text.h"
#include "training/api/words.h"

#include <charconv>
#include <cmath>

namespace rankwright {

namespace {

[[noreturn]] void refuseText(const std::string& option, std::string_view text, std::string allowed, std::string advice)
{
    throw Error{ErrorParts{.code = Code::usage,
        .place = option,
        .found = "\"" + std::string(text.substr(0, 80)) + "\"",
        .allowed = std::move(allowed),
        .advice = std::move(advice)}};
}

constexpr const char* kNumberRule
    = "a finite decimal number such as 0.0002 or 2e-4: no spaces, no comma, no underscore, not hexadecimal";
constexpr const char* kIntegerRule
    = "a whole number such as 1000: digits only, no spaces, no comma, no underscore, not hexadecimal";
constexpr const char* kRowsRule = "A:B with whole numbers, A included, B not, A below B; either may be left out";

// Digits of one end of a row range; empty gives `otherwise`, anything else that is not a plain number gives -1.
int64_t rangeEnd(std::string_view text, int64_t otherwise)
{
    if (text.empty())
        return otherwise;
    int64_t value = -1;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() && result.ptr == text.data() + text.size() ? value : -1;
}

// One glob against one name, without recursion: on a mismatch the last star takes one character more.
bool matchesGlob(std::string_view glob, std::string_view name)
{
    size_t g = 0, n = 0, star = std::string_view::npos, resume = 0;
    while (n < name.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            resume = n;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n])) {
            ++g;
            ++n;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            n = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*')
        ++g;
    return g == glob.size();
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

std::string quoted(const std::string& text)
{
    const std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
        return text;
    std::string result = "'";
    for (const char c : text)
        result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

// A path that begins with a dash would be read as an option.
std::string positional(const std::string& path)
{
    return quoted(path.starts_with('-') ? "./" + path : path);
}

bool isPlainColumn(const std::string& name)
{
    return !name.empty() && name.find_first_of(",=") == std::string::npos && name.front() != '{';
}

std::string columnsText(const BoundField::Columns& columns)
{
    std::string plain;
    nlohmann::json object = nlohmann::json::object();
    bool simple = true;
    for (const auto& [role, column] : columns) {
        simple = simple && isPlainColumn(column);
        plain += (plain.empty() ? "" : ",") + role + "=" + column;
        object[jsonText(role)] = jsonText(column);
    }
    return simple ? plain : object.dump();
}

std::string textOf(const RunConfig& config, const BoundField& bound)
{
    return std::visit(
        [&](auto member) -> std::string {
            using Member = std::remove_cvref_t<decltype(config.*member)>;
            if constexpr (std::is_same_v<Member, std::string>) {
                return config.*member;
            } else if constexpr (std::is_same_v<Member, int64_t>) {
                return std::to_string(config.*member);
            } else if constexpr (std::is_same_v<Member, double>) {
                if (config.*member == 0 && (bound.field.key == "clip" || bound.field.key == "alpha"))
                    return bound.field.key == "clip" ? "none" : "auto";
                return shortNumber(config.*member);
            } else if constexpr (std::is_same_v<Member, BoundField::Columns>) {
                return columnsText(config.*member);
            } else if constexpr (std::is_same_v<Member, BoundField::Options>) {
                return optionText(config, bound.field.key);
            } else {
                return toJson(config).at(bound.field.key).dump();
            }
        },
        bound.member);
}

}  // namespace

double parseNumber(std::string_view text, const std::string& option)
{
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc::result_out_of_range)
        refuseText(option, text, kNumberRule, "The number is too large or too small for a double.");
    if (result.ec != std::errc() || result.ptr != text.data() + text.size() || !std::isfinite(value))
        refuseText(option, text, kNumberRule, "Write the number in that form.");
    return value;
}

int64_t parseInteger(std::string_view text, const std::string& option)
{
    int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc::result_out_of_range)
        refuseText(option, text, kIntegerRule, "The number is too large.");
    if (result.ec != std::errc() || result.ptr != text.data() + text.size())
        refuseText(option, text, kIntegerRule, "Write the number in that form.");
    return value;
}

double numberFromText(const Field& field, std::string_view text)
{
    const std::string option = field.option.empty() ? field.key : field.option;
    if ((field.key == "clip" && text == "none") || (field.key == "alpha" && text == "auto"))
        return 0;
    const double value = parseNumber(text, option);
    if (field.key == "alpha" && value <= 0)
        refuseText(option, text, "a number above 0, or auto", "Write auto for an alpha that is the rank.");
    return value;
}

std::pair<int64_t, int64_t> parseRows(const std::string& rows, int64_t count, const std::string& option)
{
    if (rows.empty())
        return {0, count};
    const std::string_view text = rows;
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos)
        refuseText(option, rows, kRowsRule, "Write 0:100 for the first hundred rows.");
    const int64_t first = rangeEnd(text.substr(0, colon), 0);
    const int64_t last = rangeEnd(text.substr(colon + 1), INT64_MAX);
    if (first < 0 || last < 0 || first >= last)
        refuseText(option, rows, kRowsRule, "Write 0:100 for the first hundred rows.");
    if (first >= count && count > 0)
        refuseText(option, rows, "a first row below " + std::to_string(count) + ", the number of rows there are",
            "Choose rows that the data has.");
    return {std::min(first, count), std::min(last, count)};
}

void setFieldText(RunConfig& config, const Field& field, std::string_view text)
{
    const std::string option = field.option.empty() ? field.key : field.option;
    nlohmann::json value;
    if (field.kind == Field::Kind::integer) {
        value = parseInteger(text, option);
    } else if (field.kind == Field::Kind::number) {
        value = numberFromText(field, text);
    } else if (field.kind != Field::Kind::map) {
        value = std::string(text);
    } else if (text.starts_with('{')) {
        value = nlohmann::json::parse(text, nullptr, false);
        if (value.is_discarded())
            refuseText(option, text, "well-formed JSON", "Check quotes and brackets.");
    } else {
        value = nlohmann::json::object();
        for (const std::string& part : text.empty() ? std::vector<std::string>() : split(text)) {
            const size_t equals = part.find('=');
            if (field.key != "columns" || equals == std::string::npos || equals == 0 || equals + 1 == part.size())
                refuseText(option, text, field.key == "columns" ? "prompt=NAME,response=NAME" : "a plan as JSON",
                    "Write it in that form.");
            value[part.substr(0, equals)] = part.substr(equals + 1);
        }
    }
    setField(config, field, value);
}

std::string commandLine(const RunConfig& config)
{
    const RunConfig plain;
    RunConfig own = config;
    keepOwnOptions(own);
    std::string line = "rankwright-cli train " + positional(config.model) + " " + positional(config.data);
    for (const BoundField& bound : boundFields()) {
        const std::string& option = bound.field.option;
        const bool differs = bound.field.methods.empty()
            ? std::visit([&](auto member) { return !(config.*member == plain.*member); }, bound.member)
            : own.options.contains(bound.field.key);
        if (option.empty() || !differs)
            continue;
        const std::string text = textOf(config, bound);
        // A value that is empty or begins with a dash has to be joined to its option.
        const bool join = text.empty() || text.front() == '-';
        line += " " + option + (join ? "=" : " ") + (join && text.empty() ? "" : quoted(text));
    }
    return line;
}

bool matchesModules(std::string_view globs, std::string_view name)
{
    const size_t dot = name.rfind('.');
    const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
    for (size_t at = 0; at <= globs.size();) {
        const size_t comma = std::min(globs.find(',', at), globs.size());
        const std::string_view glob = trimmed(globs.substr(at, comma - at));
        const bool isLastPart = glob.find('.') == std::string_view::npos;
        if (!glob.empty() && (matchesGlob(glob, name) || (isLastPart && matchesGlob(glob, last))))
            return true;
        at = comma + 1;
    }
    return false;
}

}  // namespace rankwright
