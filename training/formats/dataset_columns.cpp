// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Finding the columns of a data set by their names and reading rows through them.
#include "training/formats/dataset_columns.h"

#include "training/api/error.h"

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

struct Role
{
    std::string_view name;
    std::vector<std::string_view> columns;  // usual names, the more usual first
    bool optional = false;                  // a row may lack it or have null
};
const std::array kRoles {
    Role {"prompt", {"prompt", "question", "instruction", "input", "query", "problem"}},
    Role {"response", {"response", "answer", "output", "completion", "solution"}},
    Role {"input", {"input"}, true},
    Role {"messages", {"messages", "conversations", "conversation"}},
    Role {"text", {"text", "content"}},
    Role {"system", {"system", "system_prompt"}, true},
};
constexpr size_t kMostColumns = 1024;  // listed; rows may have more, which are not used anyway

const Role* roleNamed(std::string_view name)
{
    const auto* role = std::find_if(kRoles.begin(), kRoles.end(), [&](const Role& r) { return r.name == name; });
    return role == kRoles.end() ? nullptr : role;
}

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    return out;
}

std::string inQuotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string joined(const std::vector<std::string>& names)
{
    constexpr size_t kShown = 20;
    std::string out;
    for (size_t i = 0; i < std::min(names.size(), kShown); ++i)
        out += (i > 0 ? ", " : "") + names[i];
    return out + (names.size() > kShown ? ", ..." : "");
}

std::string kindOf(const nlohmann::json& value)
{
    if (value.is_null())
        return "null";
    if (value.is_boolean())
        return "true or false";
    if (value.is_number())
        return "a number";
    if (value.is_string())
        return "a string";
    return value.is_array() ? "an array" : "an object";
}

// ShareGPT's and other names for the three roles; empty for one that training has no place for.
std::string chatRole(std::string_view name)
{
    if (name == "system" || name == "user" || name == "assistant")
        return std::string(name);
    if (name == "human")
        return "user";
    return name == "gpt" || name == "model" || name == "bot" ? "assistant" : "";
}

constexpr std::string_view kHeader = "Below is an instruction that describes a task";
constexpr std::string_view kHeaderInput = ", paired with an input that provides further context";
constexpr std::string_view kHeaderEnd
    = ". Write a response that appropriately completes the request.\n\n### Instruction:\n";
constexpr std::string_view kInput = "\n\n### Input:\n";
constexpr std::string_view kResponse = "\n\n### Response:";

}  // namespace

std::string alpacaPrompt(const std::string& instruction, const std::string& input)
{
    std::string prompt(kHeader);
    prompt += input.empty() ? "" : kHeaderInput;
    prompt += kHeaderEnd;
    prompt += instruction;
    if (!input.empty())
        prompt += std::string(kInput) + input;
    return prompt + std::string(kResponse);
}

std::string withoutAlpacaHeader(const std::string& prompt)
{
    std::string_view rest = prompt;
    if (!rest.starts_with(kHeader) || !rest.ends_with(kResponse))
        return prompt;
    rest.remove_prefix(kHeader.size());
    const bool withInput = rest.starts_with(kHeaderInput);
    rest.remove_prefix(withInput ? kHeaderInput.size() : 0);
    if (!rest.starts_with(kHeaderEnd) || rest.size() < kHeaderEnd.size() + kResponse.size())
        return prompt;
    rest.remove_prefix(kHeaderEnd.size());
    rest.remove_suffix(kResponse.size());
    std::string out(rest);
    if (const auto at = out.find(kInput); withInput && at != std::string::npos)
        out.replace(at, kInput.size(), "\n\n");
    return out;
}

ColumnMap::ColumnMap(std::map<std::string, std::string> chosen, std::filesystem::path file)
    : m_chosen(std::move(chosen))
    , m_file(std::move(file))
{
    std::vector<std::string> names;
    for (const auto& role : kRoles)
        names.emplace_back(role.name);
    for (const auto& [role, column] : m_chosen) {
        if (roleNamed(role) == nullptr) {
            const auto nearest = nearestName(role, names);
            throw Error(ErrorParts {.code = Code::config, .file = {}, .place = "columns",
                .found = "the role " + inQuotes(role), .allowed = joined(names),
                .advice = nearest.empty() ? "Use one of these roles" : "Did you mean " + nearest + "?"});
        }
    }
    const bool pairs = chose("prompt") || chose("response") || chose("input");
    if (int(pairs) + int(chose("messages")) + int(chose("text")) > 1) {
        throw Error(ErrorParts {.code = Code::config, .file = {}, .place = "columns",
            .found = "roles of different formats", .allowed = "prompt, response and input; or messages; or text",
            .advice = "Name the columns of one format only"});
    }
}

void ColumnMap::fail(const RawRow& raw, std::string found, std::string allowed, std::string advice) const
{
    throw Error(ErrorParts {.code = Code::data, .file = m_file, .place = raw.place.text(), .found = std::move(found),
        .allowed = std::move(allowed), .advice = std::move(advice)});
}

void ColumnMap::failColumn(const std::string& place, const std::string& role, const std::string& column) const
{
    const auto nearest = nearestName(column, m_available);
    throw Error(ErrorParts {.code = Code::data, .file = m_file, .place = place,
        .found = "no column " + inQuotes(column) + " for the role " + role, .allowed = joined(m_available),
        .advice = nearest.empty() ? "Choose a column that is there" : "Did you mean " + inQuotes(nearest) + "?"});
}

// The chosen column, or the first usual name that the row has and no other role uses; empty where there is none.
std::string ColumnMap::find(const nlohmann::json& row, const std::string& role) const
{
    if (const auto chosen = m_chosen.find(role); chosen != m_chosen.end())
        return chosen->second;
    const auto used = [&](const std::string& column) {
        const auto is = [&](const auto& entry) { return entry.second == column && entry.first != role; };
        return std::any_of(m_columns.begin(), m_columns.end(), is)
            || std::any_of(m_chosen.begin(), m_chosen.end(), is);
    };
    for (const auto& usual : roleNamed(role)->columns) {
        for (const auto& [column, value] : row.items()) {
            if (lower(column) == usual && !used(column))
                return column;
        }
    }
    return {};
}

void ColumnMap::decidePairs(const nlohmann::json& row, const RawRow& raw)
{
    for (const std::string role : {"prompt", "response"}) {
        const auto column = find(row, role);
        if (column.empty()) {
            fail(raw, "no column for the " + role + " among " + joined(m_available), "prompt and response columns",
                "Name it: --columns " + role + "=NAME");
        }
        m_columns[role] = column;
    }
    const bool alpaca = chose("input") || lower(m_columns["prompt"]) == "instruction";
    m_kind = alpaca ? Kind::alpaca : Kind::pairs;
    const auto input = find(row, "input");
    if (alpaca)
        m_columns["input"] = input.empty() ? "input" : input;
    else if (!input.empty())
        m_warnings.push_back("the column " + inQuotes(input) + " is not used; name it with --columns input=" + input);
}

void ColumnMap::decide(const nlohmann::json& row, const RawRow& raw)
{
    for (const auto& [role, column] : m_chosen) {
        if (!roleNamed(role)->optional && !row.contains(column))
            failColumn(raw.place.text(), role, column);
    }
    const bool pairs = chose("prompt") || chose("response") || chose("input");
    const auto messages = find(row, "messages"), text = find(row, "text");
    if (pairs) {
        decidePairs(row, raw);
    } else if (!messages.empty() && !chose("text") && (chose("messages") || row[messages].is_array())) {
        m_kind = Kind::messages;
        m_columns["messages"] = messages;
    } else if (!chose("text") && !find(row, "prompt").empty() && !find(row, "response").empty()) {
        decidePairs(row, raw);
    } else if (!text.empty()) {
        m_kind = Kind::text;
        m_columns["text"] = text;
    } else {
        fail(raw, "no usual column names among " + joined(m_available),
            "prompt and response, messages, or text under one of their usual names",
            "Name the columns: --columns prompt=NAME,response=NAME");
    }
    if (const auto system = find(row, "system"); !system.empty() && m_kind != Kind::text)
        m_columns["system"] = system;
}

std::string ColumnMap::checked(const nlohmann::json& value, const RawRow& raw, const std::string& what) const
{
    if (!value.is_string()) {
        const bool plain = value.is_number() || value.is_boolean();
        fail(raw, what + " is " + kindOf(value), "a string",
            plain ? "Write the value in quotation marks" : "Correct or remove the row");
    }
    const auto& text = value.get_ref<const std::string&>();
    if (text.find('\0') == std::string::npos)
        return text;
    const auto at = raw.text.find("\\u0000");
    const auto place = advanced(raw.place, raw.text, at == std::string::npos ? 0 : at);
    throw Error(ErrorParts {.code = Code::data, .file = m_file, .place = place.text(),
        .found = what + " has a NUL character (\\u0000) at byte offset " + std::to_string(place.byte),
        .allowed = "text without NUL characters", .advice = "Remove the character"});
}

std::string ColumnMap::text(const nlohmann::json& row, const RawRow& raw, const std::string& role) const
{
    const auto column = m_columns.find(role);
    if (column == m_columns.end())
        return {};
    const auto value = row.find(column->second);
    const bool optional = roleNamed(role)->optional;
    if (optional && (value == row.end() || value->is_null()))
        return {};
    if (value == row.end()) {
        fail(raw, "the column " + inQuotes(column->second) + " (" + role + ") is missing",
            "the columns of the first row", "Complete or remove the row");
    }
    return checked(*value, raw, "the column " + inQuotes(column->second) + " (" + role + ")");
}

std::vector<ChatMessage> ColumnMap::messages(const nlohmann::json& row, const RawRow& raw) const
{
    const auto& column = m_columns.at("messages");
    const auto list = row.find(column);
    if (list == row.end() || !list->is_array() || list->empty()) {
        fail(raw,
            "the column " + inQuotes(column) + " is "
                + (list == row.end() ? "missing" : list->is_array() ? "an empty array" : kindOf(*list)),
            "an array of {\"role\", \"content\"} or {\"from\", \"value\"}", "Complete or remove the row");
    }
    std::vector<ChatMessage> out;
    for (const auto& message : *list) {
        const std::string number = "message " + std::to_string(out.size() + 1);
        const bool shareGpt = message.is_object() && message.contains("from") && !message.contains("role");
        const std::string roleKey = shareGpt ? "from" : "role", textKey = shareGpt ? "value" : "content";
        if (!message.is_object() || !message.contains(roleKey) || !message.contains(textKey)) {
            fail(raw, number + " lacks " + inQuotes(roleKey) + " or " + inQuotes(textKey),
                "{\"role\", \"content\"} or {\"from\", \"value\"}", "Complete or remove the row");
        }
        const auto name = checked(message[roleKey], raw, number + ", " + inQuotes(roleKey) + ",");
        const auto role = chatRole(name);
        if (role.empty()) {
            fail(raw, number + " has the role " + inQuotes(name),
                "system, user (human) or assistant (gpt, model, bot)", "Rename the role or remove the row");
        }
        out.push_back({role, checked(message[textKey], raw, number + ", " + inQuotes(textKey) + ",")});
    }
    return out;
}

Example ColumnMap::example(const nlohmann::json& row, const RawRow& raw)
{
    if (!row.is_object()) {
        const bool whole = row.is_array() && raw.place.line == 1;
        fail(raw, "a row that is " + kindOf(row), "an object, {\"prompt\": ..., \"response\": ...}",
            whole ? "If the file is one array, name it .json" : "Correct or remove the row");
    }
    for (const auto& [column, value] : row.items()) {
        if (m_available.size() < kMostColumns && m_seen.insert(column).second)
            m_available.push_back(column);
    }
    if (m_kind == Kind::undecided)
        decide(row, raw);
    Example out;
    out.line = raw.place.line;
    const auto system = text(row, raw, "system");
    if (m_kind == Kind::text) {
        out.response = text(row, raw, "text");
        return out;
    }
    if (m_kind == Kind::messages) {
        out.messages = messages(row, raw);
    } else {
        const auto prompt = text(row, raw, "prompt"), input = text(row, raw, "input");
        out.response = text(row, raw, "response");
        out.prompt = m_kind == Kind::alpaca ? alpacaPrompt(prompt, input) : prompt;
    }
    if (m_columns.contains("system") && m_kind != Kind::messages) {
        out.messages = {{"user", withoutAlpacaHeader(out.prompt)}, {"assistant", out.response}};
        out.prompt.clear();
        out.response.clear();
    }
    if (!system.empty() && out.messages.front().role != "system")
        out.messages.insert(out.messages.begin(), {"system", system});
    return out;
}

void ColumnMap::finish(Dataset& dataset) const
{
    for (const auto& [role, column] : m_chosen) {
        if (!m_seen.contains(column) && m_available.size() < kMostColumns)
            failColumn("columns", role, column);
    }
    dataset.available = m_available;
    for (const auto& [role, column] : m_columns) {
        if (m_seen.contains(column))
            dataset.columns[role] = column;
    }
    dataset.warnings = m_warnings;
    const bool messages = m_kind == Kind::messages || m_columns.contains("system");
    if (m_kind == Kind::text)
        dataset.format = "text";
    else if (messages)
        dataset.format = "messages";
    else
        dataset.format = m_kind == Kind::alpaca ? "Alpaca" : "prompt/response";
}

}  // namespace rankwright
