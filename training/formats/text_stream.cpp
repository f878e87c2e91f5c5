// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Counting lines and characters while reading, and the check for UTF-8.
#include "training/formats/text_stream.h"

#include "training/api/error.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

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

TextStream::TextStream(const FileReader& file, size_t block, std::function<bool(uint64_t)> watch)
    : m_file(file)
    , m_block(block)
    , m_watch(std::move(watch))
{
    if (fill() && m_buffer.starts_with(kByteOrderMark)) {
        m_at = kByteOrderMark.size();
        m_place.byte = m_at;
    }
}

// Reads the next block into the empty buffer; false at the end of the file.
bool TextStream::fill()
{
    if (m_watch && !m_watch(m_read)) {
        throw Error(ErrorParts {.code = Code::stopped, .file = m_file.path(), .place = m_place.text(),
            .found = "reading was cancelled", .allowed = {}, .advice = "Nothing was changed"});
    }
    const auto bytes = std::min<uint64_t>(m_block, m_file.size() - m_read);
    m_buffer = m_file.text(m_read, bytes);
    m_at = 0;
    m_read += bytes;
    if (m_hashing)
        m_hash.update(m_buffer);
    if (bytes == 0)
        m_file.checkUnchanged();
    return bytes > 0;
}

void TextStream::take(std::string* into)
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

std::string_view TextStream::rest()
{
    return m_at < m_buffer.size() || fill() ? std::string_view(m_buffer).substr(m_at) : std::string_view();
}

void TextStream::skip(size_t bytes)
{
    const auto taken = std::string_view(m_buffer).substr(m_at, bytes);
    m_place = advanced(m_place, taken, taken.size());
    m_at += bytes;
}

void TextStream::seek(uint64_t byte)
{
    m_hashing = false;
    m_block = kOneRow;
    m_buffer.clear();
    m_at = 0;
    m_read = std::min(byte, m_file.size());
    m_place = {.line = 0, .column = 1, .byte = m_read};
}

}  // namespace rankwright
