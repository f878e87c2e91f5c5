// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Finding the columns of a data set by their names and reading rows through them.
#include "training/formats/dataset_columns.h"

#include "training/api/error.h"
#include "training/api/words.h"
#include "training/formats/dataset_messages.h"

#include <algorithm>
#include <charconv>

namespace rankwright {

namespace {

constexpr size_t kMostColumns = 1024;  // listed; rows may have more, which are not used anyway
constexpr size_t kHeadRows = 8, kHeadBytes = 200;

std::string inQuotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string firstFew(const std::vector<std::string>& names)
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

// A value as a cell of a table: strings as they are, everything else as JSON; cut between two characters.
std::string cellText(const nlohmann::json& value)
{
    auto text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (text.size() <= kHeadBytes)
        return text;
    size_t end = kHeadBytes;
    while (end > 0 && (uint8_t(text[end]) & 0xC0) == 0x80)
        --end;
    return text.substr(0, end) + "\u2026";
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
    for (const auto& role : dataRoles())
        names.emplace_back(role.name);
    for (const auto& [role, column] : m_chosen) {
        if (dataRole(role) == nullptr) {
            const auto nearest = nearestName(role, names);
            throw Error(ErrorParts {.code = Code::config, .file = {}, .place = "columns",
                .found = "the role " + inQuotes(role), .allowed = firstFew(names),
                .advice = nearest.empty() ? "Use one of these roles" : "Did you mean " + nearest + "?"});
        }
    }
    const bool pairs = chose("prompt") || chose("response") || chose("input");
    if (int(pairs) + int(chose("messages")) + int(chose("text") || choseLabels()) > 1) {
        throw Error(ErrorParts {.code = Code::config, .file = {}, .place = "columns",
            .found = "roles of different formats",
            .allowed = "prompt, response and input; or messages; or text; or text, second and label",
            .advice = "Name the columns of one format only"});
    }
}

void ColumnMap::setTable(const std::vector<std::string>& header, const GlueFile& glue)
{
    m_glue = glue;
    for (const auto& column : header) {
        if (m_available.size() < kMostColumns && m_seen.insert(column).second)
            m_available.push_back(column);
    }
    for (auto& [role, column] : m_chosen) {
        int64_t number = 0;
        const auto* end = column.data() + column.size();
        if (m_seen.contains(column) || !column.starts_with('#') || std::from_chars(column.data() + 1, end, number).ptr != end)
            continue;
        if (number >= 1 && number <= int64_t(header.size()))
            column = header[size_t(number - 1)];
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
        .found = "no column " + inQuotes(column) + " for the role " + role, .allowed = firstFew(m_available),
        .advice = nearest.empty() ? "Choose a column that is there" : "Did you mean " + inQuotes(nearest) + "?"});
}

// The chosen column, or the first usual name that the row has and no other role uses; empty where there is none.
std::string ColumnMap::find(const nlohmann::json& row, const ColumnRole& role) const
{
    if (const auto chosen = m_chosen.find(std::string(role.name)); chosen != m_chosen.end())
        return chosen->second;
    const auto used = [&](const std::string& column) {
        const auto is = [&](const auto& entry) { return entry.second == column && entry.first != role.name; };
        return std::any_of(m_columns.begin(), m_columns.end(), is)
            || std::any_of(m_chosen.begin(), m_chosen.end(), is);
    };
    for (const auto& usual : role.columns) {
        for (const auto& [column, value] : row.items()) {
            if (lowered(column) == usual && !used(column))
                return column;
        }
    }
    return {};
}

void ColumnMap::decidePairs(const nlohmann::json& row, const RawRow& raw)
{
    for (const std::string role : {"prompt", "response"}) {
        const auto column = find(row, *dataRole(role));
        if (column.empty()) {
            fail(raw, "no column for the " + role + " among " + firstFew(m_available), "prompt and response columns",
                "Name it: --columns " + role + "=NAME");
        }
        m_columns[role] = column;
    }
    const bool alpaca = chose("input") || lowered(m_columns["prompt"]) == "instruction";
    m_kind = alpaca ? Kind::alpaca : Kind::pairs;
    const auto input = find(row, *dataRole("input"));
    if (alpaca)
        m_columns["input"] = input.empty() ? "input" : input;
    else if (!input.empty())
        m_warnings.push_back("the column " + inQuotes(input) + " is not used; name it with --columns input=" + input);
}

// One or two texts with a label, where the row has them; a file of GLUE's may lack the label.
bool ColumnMap::decideLabels(const nlohmann::json& row)
{
    std::map<std::string, std::string> found;
    const auto column = [&](const ColumnRole& role) {
        const auto known = m_glue.columns.find(std::string(role.name));
        return chose(std::string(role.name)) || known == m_glue.columns.end() ? find(row, role) : known->second;
    };
    const bool glue = !m_glue.columns.empty();
    const auto keep = [&](const ColumnRole& role) {
        const bool wanted = !glue || chose(std::string(role.name)) || m_glue.columns.contains(std::string(role.name));
        if (const auto name = wanted ? column(role) : std::string(); !name.empty())
            m_columns[std::string(role.name)] = name;
    };
    keep(*dataRole("label"));
    keep(labelledTextRole());
    if (m_columns.contains("text"))
        keep(*dataRole("second"));
    if (!glue && !chose("label") && !m_columns.contains("second") && m_columns.contains("label") && saysLabelOfPairs(m_columns["label"]))
        m_columns.erase("label");
    if (m_columns.contains("text") && (m_columns.contains("label") || glue || chose("second"))) {
        m_kind = Kind::labels;
        return true;
    }
    m_columns.clear();
    return false;
}

void ColumnMap::decide(const nlohmann::json& row, const RawRow& raw)
{
    for (const auto& [role, column] : m_chosen) {
        if (!dataRole(role)->optional && !row.contains(column))
            failColumn(raw.place.text(), role, column);
    }
    const bool pairs = chose("prompt") || chose("response") || chose("input");
    const auto messages = find(row, *dataRole("messages")), text = find(row, *dataRole("text"));
    const auto usual = [&](const char* role) { return !find(row, *dataRole(role)).empty(); };
    const bool open = !chose("text") && !choseLabels() && m_glue.columns.empty();
    if (pairs) {
        decidePairs(row, raw);
    } else if (open && !messages.empty() && (chose("messages") || row[messages].is_array())) {
        m_kind = Kind::messages;
        m_columns["messages"] = messages;
    } else if (open && usual("prompt") && usual("response")) {
        decidePairs(row, raw);
    } else if (decideLabels(row)) {
        return;
    } else if (!text.empty() && !choseLabels()) {
        m_kind = Kind::text;
        m_columns["text"] = text;
    } else {
        fail(raw, "no usual column names among " + firstFew(m_available),
            "prompt and response, messages, text, or texts and a label under one of their usual names",
            "Name the columns: --columns prompt=NAME,response=NAME, or text=NAME,label=NAME");
    }
    if (const auto system = find(row, *dataRole("system")); !system.empty() && m_kind != Kind::text)
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
    const bool optional = dataRole(role)->optional;
    if (optional && (value == row.end() || value->is_null()))
        return {};
    if (value == row.end()) {
        fail(raw, "the column " + inQuotes(column->second) + " (" + role + ") is missing",
            "the columns of the first row", "Complete or remove the row");
    }
    return checked(*value, raw, "the column " + inQuotes(column->second) + " (" + role + ")");
}

std::vector<ChatMessage> ColumnMap::messages(const nlohmann::json& row, const RawRow& raw)
{
    const auto& column = m_columns.at("messages");
    const auto list = row.find(column);
    if (list == row.end() || !list->is_array() || list->empty()) {
        fail(raw,
            "the column " + inQuotes(column) + " is "
                + (list == row.end() ? "missing" : list->is_array() ? "an empty array" : kindOf(*list)),
            "an array of {\"role\", \"content\"} or {\"from\", \"value\"}", "Complete or remove the row");
    }
    try {
        auto found = readConversation(*list, [&](const nlohmann::json& value, const std::string& what) { return checked(value, raw, what); });
        m_shareGpt = m_shareGpt || found.shareGpt;
        if (found.repeatsRole && m_repeatedRoles++ == 0)
            m_firstRepeated = raw.place.line;
        return std::move(found.messages);
    } catch (const BadConversation& bad) {
        fail(raw, bad.found, bad.allowed, bad.advice);
    }
}

// The label as text; none where a label that was not asked for is missing.
std::optional<std::string> ColumnMap::label(const nlohmann::json& row, const RawRow& raw)
{
    const auto column = m_columns.find("label");
    if (column == m_columns.end())
        return {};
    const auto value = row.find(column->second);
    if (value == row.end() || value->is_null() || value->is_structured()) {
        if (!chose("label"))
            return {};
        fail(raw,
            "the column " + inQuotes(column->second) + " (label) is " + (value == row.end() ? "missing" : kindOf(*value)),
            "a name or a number", "Complete or remove the row");
    }
    auto text = value->is_string() ? checked(*value, raw, "the column " + inQuotes(column->second) + " (label)") : value->dump();
    m_labels.add(text, raw.place.line);
    return text;
}

// The first rows for people who choose columns.
void ColumnMap::keepHead(const nlohmann::json& row)
{
    auto& cells = m_head.emplace_back(nlohmann::json::object());
    for (const auto& [column, value] : row.items())
        cells[column] = cellText(value);
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
    if (m_head.size() < kHeadRows)
        keepHead(row);
    if (m_kind == Kind::undecided)
        decide(row, raw);
    Example out;
    out.line = raw.place.line;
    const auto system = text(row, raw, "system");
    if (m_kind == Kind::text) {
        out.response = text(row, raw, "text");
        return out;
    }
    if (m_kind == Kind::labels) {
        out.prompt = text(row, raw, "text");
        out.response = text(row, raw, "second");
        out.label = label(row, raw);
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

std::string ColumnMap::formatName() const
{
    if (m_kind == Kind::labels)
        return m_glue.task != nullptr ? "GLUE " + m_glue.task->id : "labels";
    if (m_kind == Kind::messages || m_columns.contains("system"))
        return m_shareGpt ? "ShareGPT" : "messages";
    if (m_kind == Kind::text)
        return "text";
    return m_kind == Kind::alpaca ? "Alpaca" : "prompt/response";
}

void ColumnMap::finish(Dataset& dataset, bool part) const
{
    for (const auto& [role, column] : m_chosen) {
        if (!part && !m_seen.contains(column) && m_available.size() < kMostColumns)
            failColumn("columns", role, column);
    }
    dataset.available = m_available;
    for (const auto& [role, column] : m_columns) {
        if (m_seen.contains(column))
            dataset.columns[role] = column;
    }
    for (const auto& row : m_head) {
        auto& cells = dataset.head.emplace_back();
        for (const auto& column : m_available)
            cells.push_back(row.contains(column) ? row[column].get<std::string>() : std::string());
    }
    dataset.warnings = m_warnings;
    if (m_repeatedRoles > 0) {
        dataset.warnings.push_back(std::to_string(m_repeatedRoles) + " conversations have two turns of the same role in a row, the first in line "
            + std::to_string(m_firstRepeated) + "; they are used as they are");
    }
    dataset.format = formatName();
    if (m_kind == Kind::labels)
        m_labels.finish(dataset, m_glue.task);
}

}  // namespace rankwright
