// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Comma- and tab-separated values: RFC 4180's grammar as a state machine that counts lines and columns, and the question whether the
// first row names the columns, which the format does not answer.
#include "training/formats/dataset_table.h"

#include "training/api/error.h"
#include "training/api/words.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace rankwright {

namespace {

constexpr int kEnd = TextStream::kEnd;
constexpr size_t kLongestName = 64;   // characters that a column's name is believed to have at most

}  // namespace

bool isInteger(std::string_view text)
{
    int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

bool isNumber(std::string_view text)
{
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() && result.ptr == text.data() + text.size() && std::isfinite(value);
}

TableReader::TableReader(const FileReader& file, TableOptions options, size_t block, ReadingWatch watch)
    : m_stream(file, block, std::move(watch))
    , m_options(std::move(options))
{
    if (m_options.separator == 0)
        m_options.separator = separatorOf(m_stream.rest());
    auto first = record();
    if (!first)
        return;
    if (m_options.header.value_or(isHeader(*first))) {
        readHeader(*first);
        return;
    }
    for (size_t i = 0; i < first->cells.size(); ++i)
        m_header.push_back("#" + std::to_string(i + 1));
    m_first = std::move(first);
}

// A comma where the first line has one outside of quotes, otherwise what it has.
char TableReader::separatorOf(std::string_view head) const
{
    bool quoted = false, semicolon = false, tab = false;
    for (const char c : head) {
        if (c == '"')
            quoted = !quoted;
        if (!quoted && c == ',')
            return ',';
        if (!quoted && c == '\n')
            break;
        semicolon = semicolon || (!quoted && c == ';');
        tab = tab || (!quoted && c == '\t');
    }
    return tab ? '\t' : semicolon ? ';' : ',';
}

void TableReader::fail(const TextPlace& place, std::string found, std::string allowed, std::string advice) const
{
    throw Error(ErrorParts {.code = Code::data, .file = m_stream.file().path(), .place = place.text(), .found = std::move(found),
        .allowed = std::move(allowed), .advice = std::move(advice)});
}

void TableReader::take(Record& record, std::string* into)
{
    m_stream.take(&record.raw);
    if (into)
        *into += record.raw.back();
    checkRowLength(record.raw.size(), record.place, m_stream.file().path());
}

// Takes a line break or the end of the file; false where there is neither.
bool TableReader::endOfRow(Record& record)
{
    record.end = m_stream.place();
    const int c = m_stream.peek();
    if (c == '\r') {
        take(record, nullptr);
        if (const int after = m_stream.peek(); after != '\n' && after != kEnd) {
            fail(record.end, "a carriage return without a line feed", "lines that end in LF or CR LF",
                "Convert the line ends, for example with tr '\\r' '\\n', or put the cell in quotation marks");
        }
    }
    if (m_stream.peek() == '\n')
        take(record, nullptr);
    return c == '\r' || c == '\n' || c == kEnd;
}

void TableReader::quotedCell(Record& record, Cell& cell)
{
    const auto opened = cell.place;
    take(record, nullptr);
    cell.quoted = true;
    for (;;) {
        if (cell.text.size() > limits::kTableCell)
            return;
        const int c = m_stream.peek();
        if (c == kEnd) {
            fail(opened, "a quotation mark that is never closed", "a second one at the end of the cell",
                "Close the cell, or write a quotation mark inside of one twice");
        }
        if (c != '"') {
            take(record, &cell.text);
            continue;
        }
        take(record, nullptr);
        if (m_stream.peek() != '"')
            break;
        take(record, &cell.text);
    }
    const int after = m_stream.peek();
    if (after != m_options.separator && after != '\r' && after != '\n' && after != kEnd) {
        fail(m_stream.place(), "text behind a closed quotation mark", "the end of the cell",
            "Write a quotation mark inside of a cell twice");
    }
}

void TableReader::cell(Record& record)
{
    Cell cell;
    cell.place = m_stream.place();
    const auto ends = [&](int c) { return c == kEnd || c == m_options.separator || c == '\r' || c == '\n'; };
    if (m_options.quoting && m_stream.peek() == '"')
        quotedCell(record, cell);
    while (!cell.quoted && !ends(m_stream.peek()) && cell.text.size() <= limits::kTableCell)
        take(record, &cell.text);
    const bool tooMany = record.cells.size() >= limits::kTableColumns;
    if (cell.text.size() > limits::kTableCell || tooMany) {
        throw Error(ErrorParts {.code = Code::limit, .file = m_stream.file().path(), .place = cell.place.text(),
            .found = tooMany ? "more than " + std::to_string(limits::kTableColumns) + " columns"
                             : "a cell longer than " + std::to_string(limits::kTableCell >> 20) + " MiB",
            .allowed = tooMany ? "at most that many" : "at most " + std::to_string(limits::kTableCell) + " bytes a cell",
            .advice = cell.quoted ? "Check whether the quotation mark that opens here is meant as one"
                                  : "Check that this is a table"});
    }
    record.cells.push_back(std::move(cell));
}

// The next row that is not an empty line.
std::optional<TableReader::Record> TableReader::record()
{
    while (m_stream.peek() != kEnd) {
        Record record;
        record.place = m_stream.place();
        cell(record);
        while (m_stream.peek() == m_options.separator) {
            take(record, nullptr);
            cell(record);
        }
        endOfRow(record);
        checkText(record.raw, record.place, m_stream.file().path());
        if (record.cells.size() > 1 || record.cells[0].quoted || !record.cells[0].text.empty())
            return record;
    }
    return {};
}

// A first row names the columns where it has a name that is asked for or usual; otherwise unless a cell of it looks like data: a
// number, nothing, something long, or the same as another.
bool TableReader::isHeader(const Record& first) const
{
    std::set<std::string> seen;
    bool data = false;
    for (const auto& cell : first.cells) {
        const auto name = lowered(cell.text);
        if (std::find(m_options.names.begin(), m_options.names.end(), name) != m_options.names.end())
            return true;
        data = data || name.empty() || isNumber(name) || name.size() > kLongestName || !seen.insert(name).second;
    }
    return !data;
}

void TableReader::readHeader(const Record& first)
{
    std::set<std::string> seen;
    for (const auto& cell : first.cells) {
        if (cell.text.empty()) {
            fail(cell.place, "a column without a name in the header", "a name for each column",
                "Name the column, or leave it out (with pandas: to_csv(index=False))");
        }
        if (!seen.insert(cell.text).second) {
            fail(cell.place, "the column \"" + cell.text.substr(0, kLongestName) + "\" a second time", "different names",
                "Rename one of the columns");
        }
        m_header.push_back(cell.text);
    }
}

FileRow TableReader::row(Record record) const
{
    const auto wanted = m_header.size(), found = record.cells.size();
    if (found != wanted) {
        const auto& place = found > wanted ? record.cells[wanted].place : record.end;
        fail(place, "a row of " + std::to_string(found) + (found == 1 ? " cell" : " cells"),
            std::to_string(wanted) + ", as the first row has",
            m_options.quoting ? "Put cells with separators or line breaks in quotation marks" : "Complete or correct the row");
    }
    FileRow out;
    out.raw.place = record.place;
    out.value = nlohmann::json::object();
    for (size_t i = 0; i < wanted; ++i)
        out.value[m_header[i]] = std::move(record.cells[i].text);
    return out;
}

std::optional<FileRow> TableReader::next()
{
    auto record = m_first ? std::exchange(m_first, std::nullopt) : this->record();
    return record ? std::optional(row(std::move(*record))) : std::nullopt;
}

FileRow TableReader::at(uint64_t byte)
{
    m_first.reset();
    m_stream.seek(byte);
    auto record = this->record();
    return row(record ? std::move(*record) : Record {});
}

}  // namespace rankwright
