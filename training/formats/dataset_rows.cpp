// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Cutting a data set's file into rows while counting lines and columns.
#include "training/formats/dataset_rows.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>

namespace rankwright {

namespace {

constexpr int kEnd = TextStream::kEnd;

bool isSpace(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Where parseUntrusted says it stopped: "byte offset 12 (line 1:13)".
std::optional<size_t> offsetIn(std::string_view place)
{
    constexpr std::string_view kBefore = "byte offset ";
    const auto at = place.find(kBefore);
    size_t offset = 0;
    if (at == std::string_view::npos)
        return {};
    const auto* from = place.data() + at + kBefore.size();
    const auto result = std::from_chars(from, place.data() + place.size(), offset);
    return result.ec == std::errc() ? std::optional(offset) : std::nullopt;
}

}  // namespace

void checkRowLength(uint64_t bytes, const TextPlace& place, const std::filesystem::path& file)
{
    if (bytes <= limits::kJsonLine)
        return;
    throw Error(ErrorParts {.code = Code::limit, .file = file, .place = place.text(),
        .found = "a row longer than " + std::to_string(limits::kJsonLine >> 20) + " MiB",
        .allowed = "at most " + std::to_string(limits::kJsonLine) + " bytes a row",
        .advice = "Split the row, or check that this is a data set with line breaks"});
}

RowReader::RowReader(const FileReader& file, Layout layout, size_t block, ReadingWatch watch)
    : m_stream(file, block, std::move(watch))
    , m_layout(layout)
{
}

std::optional<FileRow> RowReader::next()
{
    auto raw = m_layout == Layout::lines ? nextLine() : nextElement();
    if (!raw)
        return {};
    refuseArrayOfLines(*raw);
    auto value = parseRow(*raw, m_stream.file().path());
    return FileRow {std::move(value), std::move(*raw)};
}

FileRow RowReader::at(uint64_t byte)
{
    m_stream.seek(byte);
    m_opened = true;
    m_closed = false;
    auto raw = m_layout == Layout::lines ? nextLine() : std::optional(element());
    auto value = parseRow(raw ? *raw : RawRow {}, m_stream.file().path());
    return {std::move(value), raw ? std::move(*raw) : RawRow {}};
}

void RowReader::refuseArrayOfLines(const RawRow& row) const
{
    if (m_layout != Layout::lines || row.place.line != 1 || row.text[row.text.find_first_not_of(" \t\r")] != '[')
        return;
    throw Error(ErrorParts {.code = Code::data, .file = m_stream.file().path(), .place = row.place.text(),
        .found = "an array in a file of lines", .allowed = "an object a line",
        .advice = "If the file is one array of objects, name it .json"});
}

void RowReader::fail(std::string found, std::string allowed, std::string advice) const
{
    throw Error(ErrorParts {.code = Code::data, .file = m_stream.file().path(), .place = m_stream.place().text(),
        .found = std::move(found), .allowed = std::move(allowed), .advice = std::move(advice)});
}

std::optional<RawRow> RowReader::nextLine()
{
    const auto& path = m_stream.file().path();
    RawRow row;
    row.place = m_stream.place();
    for (auto rest = m_stream.rest(); !rest.empty(); rest = m_stream.rest()) {
        const auto newline = rest.find('\n');
        const auto piece = rest.substr(0, newline);
        // Found before a whole row is in memory: a file of zeros has no line breaks.
        if (piece.find('\0') != std::string_view::npos)
            checkText(row.text + std::string(piece), row.place, path);
        row.text += piece;
        checkRowLength(row.text.size(), row.place, path);
        m_stream.skip(newline == std::string_view::npos ? piece.size() : newline + 1);
        if (newline == std::string_view::npos)
            continue;
        if (std::any_of(row.text.begin(), row.text.end(), [](char c) { return !isSpace(c); }))
            return row;
        row = RawRow {.text = {}, .place = m_stream.place()};
    }
    const bool blank = std::all_of(row.text.begin(), row.text.end(), [](char c) { return isSpace(c); });
    return blank ? std::nullopt : std::optional(std::move(row));
}

int RowReader::afterSpace()
{
    while (isSpace(m_stream.peek()))
        m_stream.take(nullptr);
    return m_stream.peek();
}

std::optional<RawRow> RowReader::nextElement()
{
    if (m_closed)
        return {};
    int c = afterSpace();
    if (c == kEnd && !m_opened)
        return {};
    if (!m_opened) {
        if (c != '[') {
            fail("a .json file that does not begin with [", "an array of objects",
                c == '{' ? "If every line is an object, rename the file to .jsonl" : "Check that this is a data set");
        }
        m_stream.take(nullptr);
        m_opened = true;
        c = afterSpace();
    } else if (c == ',') {
        m_stream.take(nullptr);
        c = afterSpace();
        if (c == ']')
            fail("a comma before ]", "another row", "Remove the comma");
    } else if (c != ']' && c != kEnd) {
        fail("two rows without a comma between them", "a comma or ]", "Add the comma");
    }
    if (c == kEnd)
        fail("the file ends inside the array", "] at the end", "The file seems cut off; fetch it again");
    if (c != ']')
        return element();
    m_stream.take(nullptr);
    m_closed = true;
    if (afterSpace() != kEnd)
        fail("something after the array", "the end of the file", "Remove it, or rename a file of lines to .jsonl");
    return {};
}

// Takes bytes up to the end of the value that begins here; the parser judges what is inside.
RawRow RowReader::element()
{
    RawRow row;
    row.place = m_stream.place();
    int64_t depth = 0;
    bool inString = false;
    for (int c = m_stream.peek(); c != kEnd; c = m_stream.peek()) {
        if (!inString && depth == 0 && !row.text.empty() && (c == ',' || c == ']'))
            break;
        if (c == '\\' && inString) {
            m_stream.take(&row.text);
            if (m_stream.peek() == kEnd)
                break;
            c = 0;  // whatever is escaped opens and closes nothing
        }
        if (c == '"')
            inString = !inString;
        else if (!inString && (c == '{' || c == '['))
            ++depth;
        else if (!inString && (c == '}' || c == ']'))
            --depth;
        m_stream.take(&row.text);
        checkRowLength(row.text.size(), row.place, m_stream.file().path());
        if (!inString && depth <= 0 && (c == '}' || c == ']'))
            break;
    }
    return row;
}

nlohmann::json parseRow(const RawRow& row, const std::filesystem::path& file)
{
    checkText(row.text, row.place, file);
    try {
        return parseUntrusted(row.text, file);
    } catch (const Error& error) {
        auto parts = error.parts();
        const auto offset = offsetIn(parts.place);
        parts.place = advanced(row.place, row.text, std::min(offset.value_or(0), row.text.size())).text();
        if (parts.code == Code::format) {
            parts.code = Code::data;
            parts.advice = "Correct the row; rows are never left out silently";
        }
        throw Error(parts);
    }
}

}  // namespace rankwright
