// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The command `sql`: one reading statement of the person's own.
#include "storage/run_store.h"

#include "training/api/config_fields.h"
#include "training/api/error.h"

#include <sqlite3.h>

namespace rankwright {

namespace {

// Its first word in small letters, past spaces and comments.
std::string firstWord(std::string_view sql)
{
    for (;;) {
        const auto start = sql.find_first_not_of(" \t\r\n");
        sql = start == std::string_view::npos ? std::string_view() : sql.substr(start);
        const char* end = sql.starts_with("--") ? "\n" : sql.starts_with("/*") ? "*/" : nullptr;
        if (end == nullptr)
            break;
        const auto after = sql.find(end);
        sql = after == std::string_view::npos ? std::string_view() : sql.substr(after + std::string_view(end).size());
    }
    std::string word;
    for (const char letter : sql.substr(0, 8)) {
        if (letter >= 'A' && letter <= 'Z')
            word += char(letter - 'A' + 'a');
        else if (letter >= 'a' && letter <= 'z')
            word += letter;
        else
            break;
    }
    return word;
}

std::optional<std::string> cellOf(const Statement& statement, int column)
{
    switch (sqlite3_column_type(statement.handle(), column)) {
    case SQLITE_NULL:
        return std::nullopt;
    case SQLITE_FLOAT:
        return shortNumber(statement.number(column));
    case SQLITE_BLOB:
        return std::to_string(statement.blob(column).size()) + " bytes";
    default:
        return statement.text(column);
    }
}

}  // namespace

RunStore::Table RunStore::query(const std::string& sql)
{
    const auto refuse = [&](const std::string& found) {
        throw Error(ErrorParts{.code = Code::usage,
            .file = m_database.file(),
            .place = "SQL",
            .found = found,
            .allowed = "one SELECT, WITH or EXPLAIN",
            .advice = "Nothing was changed. Runs are renamed and removed in the window, and deleted with runs --delete."});
    };
    const std::string word = firstWord(sql);
    if (sql.find('\0') != std::string::npos)
        refuse("a NUL character");
    if (word != "select" && word != "with" && word != "explain" && word != "values")
        refuse("a statement that begins with \"" + word + "\"");
    Statement statement(m_database, sql);
    if (sqlite3_stmt_readonly(statement.handle()) == 0)
        refuse("a statement that writes");
    Table table;
    for (int column = 0; column < statement.columns(); ++column)
        table.columns.push_back(statement.columnName(column));
    while (statement.step()) {
        std::vector<std::optional<std::string>> row;
        for (int column = 0; column < statement.columns(); ++column)
            row.push_back(cellOf(statement, column));
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace rankwright
