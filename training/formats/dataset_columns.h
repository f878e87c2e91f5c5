// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which column of a data set plays which role (prompt, response, input, messages, text, system, second, label), and a row's JSON
// object as an example. The first row decides; every later row must have the same columns.
#pragma once

#include "training/formats/dataset.h"
#include "training/formats/dataset_labels.h"
#include "training/formats/dataset_roles.h"
#include "training/formats/dataset_rows.h"

#include <set>

namespace rankwright {

class ColumnMap
{
public:
    // `chosen`: role -> column, overrides what the names suggest. Throws Error{config} for a role that does not exist
    // or roles that do not go together.
    ColumnMap(std::map<std::string, std::string> chosen, std::filesystem::path file);
    // Before the first row: a table's columns in their order (a chosen #2 is the second of them), and what is known of GLUE's files.
    void setTable(const std::vector<std::string>& header, const GlueFile& glue);
    // Throws Error{data} naming the row's place and the column.
    [[nodiscard]] Example example(const nlohmann::json& row, const RawRow& raw);
    // After the last row: a chosen column that no row had is an error too (not where only a `part` of the rows was read). Fills format,
    // task, labels, available, columns, head, warnings.
    void finish(Dataset& dataset, bool part) const;

private:
    enum class Kind { undecided, pairs, alpaca, messages, text, labels };
    void decide(const nlohmann::json& row, const RawRow& raw);
    void decidePairs(const nlohmann::json& row, const RawRow& raw);
    bool decideLabels(const nlohmann::json& row);
    [[nodiscard]] std::string find(const nlohmann::json& row, const ColumnRole& role) const;
    [[nodiscard]] bool chose(const std::string& role) const { return m_chosen.contains(role); }
    [[nodiscard]] bool choseLabels() const { return chose("label") || chose("second"); }
    [[nodiscard]] std::string text(const nlohmann::json& row, const RawRow& raw, const std::string& role) const;
    [[nodiscard]] std::vector<ChatMessage> messages(const nlohmann::json& row, const RawRow& raw);
    [[nodiscard]] std::optional<std::string> label(const nlohmann::json& row, const RawRow& raw);
    [[nodiscard]] std::string checked(const nlohmann::json& value, const RawRow& raw, const std::string& what) const;
    void keepHead(const nlohmann::json& row);
    [[nodiscard]] std::string formatName() const;
    [[noreturn]] void fail(const RawRow& raw, std::string found, std::string allowed, std::string advice) const;
    [[noreturn]] void failColumn(const std::string& place, const std::string& role, const std::string& column) const;

    std::map<std::string, std::string> m_chosen;
    std::map<std::string, std::string> m_columns;  // in use
    std::vector<std::string> m_available;          // in the order of their first row
    std::set<std::string, std::less<>> m_seen;
    std::vector<nlohmann::json> m_head;            // the first rows, their texts cut
    std::filesystem::path m_file;
    Kind m_kind = Kind::undecided;
    GlueFile m_glue;
    LabelCollector m_labels;
    bool m_shareGpt = false;
    int64_t m_repeatedRoles = 0, m_firstRepeated = 0;   // rows, and the line of the first
    std::vector<std::string> m_warnings;
};

// The prompt of Stanford Alpaca (2023), with `input` where it is not empty.
std::string alpacaPrompt(const std::string& instruction, const std::string& input);
// The reverse for chat templates, which have a header of their own: the instruction, and the input after a blank line.
std::string withoutAlpacaHeader(const std::string& prompt);

}  // namespace rankwright
