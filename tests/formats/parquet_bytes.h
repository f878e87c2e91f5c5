// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Parquet files of one required column, byte by byte (parquet-format 2.10, Thrift's compact protocol), so that their headers can lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rankwright::parquet_bytes {

class Thrift
{
public:
    Thrift& number(int field, int64_t value, bool wide = false)
    {
        begin(field, wide ? 6 : 5);
        zigzag(value);
        return *this;
    }
    Thrift& text(int field, const std::string& value)
    {
        begin(field, 8);
        plain(value.size());
        m_bytes += value;
        return *this;
    }
    Thrift& structure(int field, const Thrift& value)
    {
        begin(field, 12);
        m_bytes += value.done();
        return *this;
    }
    Thrift& structures(int field, const std::vector<Thrift>& values)
    {
        begin(field, 9);
        m_bytes += char(values.size() << 4 | 12);
        for (const auto& value : values)
            m_bytes += value.done();
        return *this;
    }
    Thrift& numbers(int field, const std::vector<int64_t>& values)
    {
        begin(field, 9);
        m_bytes += char(values.size() << 4 | 5);
        for (const auto value : values)
            zigzag(value);
        return *this;
    }
    Thrift& texts(int field, const std::string& value)
    {
        begin(field, 9);
        m_bytes += char(1 << 4 | 8);
        plain(value.size());
        m_bytes += value;
        return *this;
    }
    [[nodiscard]] std::string done() const { return m_bytes + '\0'; }

private:
    void begin(int field, int type)
    {
        m_bytes += char((field - m_last) << 4 | type);
        m_last = field;
    }
    void zigzag(int64_t value) { plain(uint64_t(value) << 1); }
    void plain(uint64_t value)
    {
        for (; value > 127; value >>= 7)
            m_bytes += char(value & 127 | 128);
        m_bytes += char(value);
    }

    std::string m_bytes;
    int m_last = 0;
};

inline std::string varint(uint64_t value)
{
    std::string out;
    for (; value > 127; value >>= 7)
        out += char(value & 127 | 128);
    return out + char(value);
}

inline std::string word(uint32_t value)
{
    std::string out;
    for (int shift = 0; shift < 32; shift += 8)
        out += char(value >> shift & 255);
    return out;
}

enum Encoding { plainValues = 0, deltaLengths = 6, dictionary = 8 };

inline std::string page(int type, const std::string& data, int header, int64_t values, int encoding)
{
    Thrift about;
    about.number(1, values).number(2, encoding);
    if (type == 0)
        about.number(3, 3).number(4, 3);   // levels as runs
    const auto size = int64_t(data.size());
    return Thrift().number(1, type).number(2, size).number(3, size).structure(header, about).done() + data;
}

// `data` is the only data page's; with `words`, a dictionary page of these stands before it.
inline std::string file(const std::string& data, int64_t rows, Encoding encoding, const std::string& words = {}, int codec = 0)
{
    std::string body = "PAR1";
    const bool coded = !words.empty();
    if (coded)
        body += page(2, word(uint32_t(words.size())) + words, 7, 1, plainValues);
    const auto dataAt = int64_t(body.size());
    body += page(0, data, 5, rows, encoding);
    const auto size = int64_t(body.size()) - 4;
    Thrift column;
    column.number(1, 6).numbers(2, {encoding, 3}).texts(3, "text").number(4, codec).number(5, rows, true).number(6, size, true)
        .number(7, size, true).number(9, dataAt, true);
    if (coded)
        column.number(11, 4, true);
    const auto chunk = Thrift().number(2, 4, true).structure(3, column);
    const auto group = Thrift().structures(1, {chunk}).number(2, size, true).number(3, rows, true);
    const auto root = Thrift().text(4, "schema").number(5, 1);
    const auto leaf = Thrift().number(1, 6).number(3, 0).text(4, "text").number(6, 0);
    const auto footer = Thrift().number(1, 1).structures(2, {root, leaf}).number(3, rows, true).structures(4, {group}).done();
    return body + footer + word(uint32_t(footer.size())) + "PAR1";
}

// One word, `rows` times: two bytes of run length.
inline std::string repeated(const std::string& wordText, int64_t rows)
{
    return file(std::string(1, '\1') + varint(uint64_t(rows) << 1) + '\0', rows, dictionary, wordText);
}

}  // namespace rankwright::parquet_bytes
