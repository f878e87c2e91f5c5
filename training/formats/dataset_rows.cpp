// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Cutting a data set's file into rows while counting lines and columns.
#include "training/formats/dataset_rows.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rankwright {

namespace {

constexpr size_t kBlock = 1 << 20;
constexpr int kEnd = -1;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool isSpace(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool startsCharacter(char c) { return (uint8_t(c) & 0xC0) != 0x80; }

std::string hexByte(char c)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    return {'0', 'x', kDigits[uint8_t(c) >> 4], kDigits[uint8_t(c) & 15]};
}

// Length of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7), 0 where there is none.
size_t sequenceLength(std::string_view text)
{
    const auto first = uint8_t(text[0]);
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length)
        return 0;
    const auto second = uint8_t(text[1]);
    const uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < least || second > most)
        return 0;
    for (size_t i = 2; i < length; ++i) {
        if (startsCharacter(text[i]))
            return 0;
    }
    return length;
}

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

TextPlace advanced(TextPlace start, std::string_view text, size_t bytes)
{
    const auto before = text.substr(0, bytes);
    const auto newline = before.rfind('\n');
    if (newline != std::string_view::npos) {
        start.line += std::count(before.begin(), before.end(), '\n');
        start.column = 1;
    }
    const auto tail = newline == std::string_view::npos ? before : before.substr(newline + 1);
    start.column += std::count_if(tail.begin(), tail.end(), startsCharacter);
    start.byte += before.size();
    return start;
}

size_t firstBadByte(std::string_view text)
{
    for (size_t i = 0; i < text.size();) {
        const size_t length = text[i] == '\0' ? 0 : sequenceLength(text.substr(i, 4));
        if (length == 0)
            return i;
        i += length;
    }
    return std::string_view::npos;
}

void checkText(std::string_view text, TextPlace start, const std::filesystem::path& file)
{
    const auto bad = firstBadByte(text);
    if (bad == std::string_view::npos)
        return;
    const auto place = advanced(start, text, bad);
    const std::string at = " at byte offset " + std::to_string(place.byte);
    const bool nul = text[bad] == '\0';
    throw Error(ErrorParts {.code = Code::data, .file = file, .place = place.text(),
        .found = nul ? "a NUL byte" + at : "the byte " + hexByte(text[bad]) + at + ", which is not valid UTF-8",
        .allowed = "text in UTF-8 without NUL bytes",
        .advice = nul ? "Remove the byte; the file may be damaged or not a text file"
                      : "Convert the file to UTF-8, for example with iconv -f LATIN1 -t UTF-8"});
}

RowReader::RowReader(const FileReader& file, Layout layout, std::function<bool()> cancelled)
    : m_file(file)
    , m_layout(layout)
    , m_cancelled(std::move(cancelled))
{
    if (fill() && m_buffer.starts_with(kByteOrderMark)) {
        m_at = kByteOrderMark.size();
        m_place.byte = m_at;
    }
}

std::optional<RawRow> RowReader::next()
{
    return m_layout == Layout::lines ? nextLine() : nextElement();
}

// Reads the next block into the empty buffer; false at the end of the file.
bool RowReader::fill()
{
    if (m_cancelled && m_cancelled()) {
        throw Error(ErrorParts {.code = Code::stopped, .file = m_file.path(), .place = m_place.text(),
            .found = "reading was cancelled", .allowed = {}, .advice = "Nothing was changed"});
    }
    const auto bytes = std::min<uint64_t>(kBlock, m_file.size() - m_read);
    m_buffer = m_file.text(m_read, bytes);
    m_at = 0;
    m_read += bytes;
    m_hash.update(m_buffer);
    if (bytes == 0)
        m_file.checkUnchanged();
    return bytes > 0;
}

void RowReader::fail(std::string found, std::string allowed, std::string advice) const
{
    throw Error(ErrorParts {.code = Code::data, .file = m_file.path(), .place = m_place.text(),
        .found = std::move(found), .allowed = std::move(allowed), .advice = std::move(advice)});
}

void RowReader::checkLength(const RawRow& row) const
{
    if (row.text.size() <= limits::kJsonLine)
        return;
    throw Error(ErrorParts {.code = Code::limit, .file = m_file.path(), .place = row.place.text(),
        .found = "a row longer than " + std::to_string(limits::kJsonLine >> 20) + " MiB",
        .allowed = "at most " + std::to_string(limits::kJsonLine) + " bytes a row",
        .advice = "Split the row, or check that this is a data set with line breaks"});
}

std::optional<RawRow> RowReader::nextLine()
{
    RawRow row;
    row.place = m_place;
    while (m_at < m_buffer.size() || fill()) {
        const auto rest = std::string_view(m_buffer).substr(m_at);
        const auto newline = rest.find('\n');
        const auto piece = rest.substr(0, newline);
        // Found before a whole row is in memory: a file of zeros has no line breaks.
        if (piece.find('\0') != std::string_view::npos)
            checkText(row.text + std::string(piece), row.place, m_file.path());
        row.text += piece;
        checkLength(row);
        m_at += piece.size();
        m_place.byte += piece.size();
        if (newline == std::string_view::npos)
            continue;
        ++m_at;
        ++m_place.byte;
        ++m_place.line;
        if (std::any_of(row.text.begin(), row.text.end(), [](char c) { return !isSpace(c); }))
            return row;
        row = RawRow {.text = {}, .place = m_place};
    }
    const bool blank = std::all_of(row.text.begin(), row.text.end(), [](char c) { return isSpace(c); });
    return blank ? std::nullopt : std::optional(std::move(row));
}

// The next byte without taking it, kEnd at the end of the file.
int RowReader::peek()
{
    return m_at < m_buffer.size() || fill() ? uint8_t(m_buffer[m_at]) : kEnd;
}

void RowReader::take(std::string* into)
{
    const char c = m_buffer[m_at++];
    ++m_place.byte;
    if (c == '\n') {
        ++m_place.line;
        m_place.column = 1;
    } else if (startsCharacter(c)) {
        ++m_place.column;
    }
    if (into)
        *into += c;
}

int RowReader::afterSpace()
{
    while (isSpace(peek()))
        take(nullptr);
    return peek();
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
        take(nullptr);
        m_opened = true;
        c = afterSpace();
    } else if (c == ',') {
        take(nullptr);
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
    take(nullptr);
    m_closed = true;
    if (afterSpace() != kEnd)
        fail("something after the array", "the end of the file", "Remove it, or rename a file of lines to .jsonl");
    return {};
}

// Takes bytes up to the end of the value that begins here; the parser judges what is inside.
RawRow RowReader::element()
{
    RawRow row;
    row.place = m_place;
    int64_t depth = 0;
    bool inString = false;
    for (int c = peek(); c != kEnd; c = peek()) {
        if (!inString && depth == 0 && !row.text.empty() && (c == ',' || c == ']'))
            break;
        if (c == '\\' && inString) {
            take(&row.text);
            if (peek() == kEnd)
                break;
            c = 0;  // whatever is escaped opens and closes nothing
        }
        if (c == '"')
            inString = !inString;
        else if (!inString && (c == '{' || c == '['))
            ++depth;
        else if (!inString && (c == '}' || c == ']'))
            --depth;
        take(&row.text);
        checkLength(row);
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
