// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Builds a JSON value from parser events, so that depth, duplicate keys and the number of values are checked while the
// text is read; nlohmann's event parser itself does not recurse.
#include "training/formats/json.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace rankwright {

namespace {

using nlohmann::json;

// Reads the text and keeps count of what was read: nlohmann tells its event handler no positions.
class CountingIterator
{
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, const char** reached)
        : m_at(at)
        , m_reached(reached)
    {
    }
    reference operator*() const { return *m_at; }
    CountingIterator& operator++()
    {
        *m_reached = ++m_at;
        return *this;
    }
    CountingIterator operator++(int)
    {
        auto before = *this;
        ++*this;
        return before;
    }
    bool operator==(const CountingIterator& other) const { return m_at == other.m_at; }

private:
    const char* m_at;
    const char** m_reached;
};

class Builder
{
public:
    Builder(std::string_view text, const std::filesystem::path& file, uint64_t origin)
        : m_text(text)
        , m_file(file)
        , m_origin(origin)
        , m_reached(text.data())
    {
    }

    json parse()
    {
        // nlohmann's lexer takes a NUL for the end and would accept whatever follows.
        if (const auto nul = m_text.find('\0'); nul != std::string_view::npos)
            fail(nul, "a NUL byte", "JSON text", "The file is damaged or no text: fetch it again.");
        json::sax_parse(CountingIterator(m_text.data(), &m_reached),
            CountingIterator(m_text.data() + m_text.size(), &m_reached), this);
        return std::move(m_root);
    }

    // The parser's events. They throw instead of returning false.
    bool null() { return scalar(nullptr); }
    bool boolean(bool value) { return scalar(value); }
    bool number_integer(json::number_integer_t value) { return scalar(value); }
    bool number_unsigned(json::number_unsigned_t value) { return scalar(value); }
    bool number_float(json::number_float_t value, const std::string&) { return scalar(value); }
    bool string(std::string& value) { return scalar(std::move(value)); }
    bool binary(json::binary_t&) { return false; }
    bool start_object(size_t) { return open(json::object()); }
    bool start_array(size_t) { return open(json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool key(std::string& name)
    {
        const auto [position, fresh] = m_open.back()->emplace(name, nullptr);
        if (!fresh) {
            fail(startOfString(offset()), "the key \"" + shortened(name) + "\" occurs twice",
                "each key once in an object", "Remove one of the two");
        }
        m_member = &*position;
        return true;
    }

    bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& exception)
    {
        // `position` counts the characters read, the offending one included.
        fail(std::min(position > 0 ? position - 1 : 0, m_text.size()), "not valid JSON: " + reason(exception.what()),
            "one JSON value in UTF-8", "Correct the file, or fetch it again if it was downloaded");
    }

private:
    bool scalar(json value)
    {
        place(std::move(value));
        return true;
    }

    bool open(json value)
    {
        if (m_open.size() >= static_cast<size_t>(limits::kJsonDepth)) {
            const auto depth = std::to_string(limits::kJsonDepth);
            fail(offset() > 0 ? offset() - 1 : 0, "values nested deeper than " + depth, "depth " + depth,
                "Flatten the file; no model needs more", Code::limit);
        }
        m_open.push_back(place(std::move(value)));
        return true;
    }

    bool close()
    {
        m_open.pop_back();
        return true;
    }

    json* place(json value)
    {
        if (++m_values > limits::kJsonValues) {
            fail(offset(), "more than " + std::to_string(limits::kJsonValues) + " values",
                std::to_string(limits::kJsonValues) + " values", "Use a smaller file", Code::limit);
        }
        if (m_open.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        if (m_open.back()->is_object()) {
            *m_member = std::move(value);
            return m_member;
        }
        auto& elements = m_open.back()->get_ref<json::array_t&>();
        return &elements.emplace_back(std::move(value));
    }

    [[nodiscard]] size_t offset() const { return static_cast<size_t>(m_reached - m_text.data()); }

    // The opening quote of the string that ends before `end`: the nearest quote without a backslash before it.
    [[nodiscard]] size_t startOfString(size_t end) const
    {
        size_t at = end < 2 ? 0 : end - 2;
        while (at > 0 && (m_text[at] != '"' || m_text[at - 1] == '\\')) {
            if (m_text[at] == '"') {
                size_t slashes = 0;
                while (slashes < at && m_text[at - 1 - slashes] == '\\')
                    ++slashes;
                if (slashes % 2 == 0)
                    break;
            }
            --at;
        }
        return at;
    }

    static std::string shortened(const std::string& text)
    {
        constexpr size_t kShown = 200;
        return text.size() <= kShown ? text : text.substr(0, kShown) + "...";
    }

    // The part of nlohmann's message between its own position and the token it quotes.
    static std::string reason(const std::string& what)
    {
        size_t from = what.find(": ");
        from = from == std::string::npos ? what.find("] ") : from;
        const size_t to = what.find("; last read");
        if (from == std::string::npos)
            return shortened(what);
        return shortened(what.substr(from + 2, to == std::string::npos ? to : to - from - 2));
    }

    [[noreturn]] void fail(size_t at, std::string found, std::string allowed, std::string advice,
        Code code = Code::format) const
    {
        const auto before = m_text.substr(0, std::min(at, m_text.size()));
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const size_t lastBreak = before.rfind('\n');
        const size_t column = lastBreak == std::string_view::npos ? before.size() + 1 : before.size() - lastBreak;
        throw Error({.code = code, .file = m_file,
            .place = "byte offset " + std::to_string(m_origin + at) + " (line " + std::to_string(line) + ":"
                + std::to_string(column) + ")",
            .found = std::move(found), .allowed = std::move(allowed), .advice = std::move(advice)});
    }

    std::string_view m_text;
    const std::filesystem::path& m_file;
    uint64_t m_origin;
    const char* m_reached;
    json m_root;
    std::vector<json*> m_open;  // the containers not closed yet, outermost first
    json* m_member = nullptr;   // where the value after a key goes
    uint64_t m_values = 0;
};

}  // namespace

nlohmann::json parseUntrusted(std::string_view text, const std::filesystem::path& file, uint64_t origin)
{
    return Builder(text, file, origin).parse();
}

nlohmann::json readJsonFile(const std::filesystem::path& file, uint64_t limit)
{
    return parseUntrusted(readWholeFile(file, limit), file);
}

}  // namespace rankwright
