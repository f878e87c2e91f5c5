// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Python's rules for the values of chat templates.
#include "training/formats/chat_template_value.h"

#include "training/formats/chat_template_text.h"
#include "training/formats/limits.h"
#include "training/formats/unicode.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rankwright::jinja {

namespace {

bool isPythonSpace(char32_t code)
{
    // str.isspace(): White_Space and the four separators U+001C to U+001F.
    return isWhitespace(code) || (code >= 0x1c && code <= 0x1f);
}

bool isUnwanted(std::string_view character, std::string_view unwanted)
{
    for (size_t at = 0; at < unwanted.size();) {
        const size_t length = utf8At(unwanted, at).length;
        if (unwanted.substr(at, length) == character)
            return true;
        at += length;
    }
    return false;
}

template <class Test> std::string_view stripWhere(std::string_view text, Side side, Test unwanted)
{
    if (side != Side::right) {
        while (!text.empty()) {
            const size_t length = utf8At(text, 0).length;
            if (!unwanted(text.substr(0, length)))
                break;
            text.remove_prefix(length);
        }
    }
    if (side != Side::left) {
        while (!text.empty()) {
            const size_t start = characterStart(text, text.size() - 1);
            if (!unwanted(text.substr(start)))
                break;
            text = text.substr(0, start);
        }
    }
    return text;
}

void appendHex(std::string& to, char32_t code, int digits)
{
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
        to += "0123456789abcdef"[(code >> shift) & 15];
}

void appendJsonText(std::string& to, const std::string& text, bool asciiOnly)
{
    to += '"';
    for (size_t at = 0; at < text.size();) {
        const Utf8Character character = utf8At(text, at);
        const char c = text[at];
        if (c == '"' || c == '\\') {
            to += '\\';
            to += c;
        } else if (c == '\n') {
            to += "\\n";
        } else if (c == '\r') {
            to += "\\r";
        } else if (c == '\t') {
            to += "\\t";
        } else if (c == '\b') {
            to += "\\b";
        } else if (c == '\f') {
            to += "\\f";
        } else if (character.code < 0x20 || (asciiOnly && character.code >= 0x7f && character.code < 0x10000)) {
            to += "\\u";
            appendHex(to, character.code, 4);
        } else if (asciiOnly && character.code >= 0x10000) {
            to += "\\u";
            appendHex(to, 0xd800 + ((character.code - 0x10000) >> 10), 4);
            to += "\\u";
            appendHex(to, 0xdc00 + ((character.code - 0x10000) & 0x3ff), 4);
        } else {
            to.append(text, at, character.length);
        }
        at += character.length;
    }
    to += '"';
}

void appendNewline(std::string& to, const JsonStyle& style, int64_t level)
{
    if (style.indent >= 0)
        to += "\n" + std::string(size_t(style.indent * level), ' ');
}

JsonEnd appendJsonList(
    std::string& to, const Value& value, const JsonStyle& style, int64_t level, const std::string& comma)
{
    if (value.list().empty()) {
        to += "[]";
        return JsonEnd::whole;
    }
    to += "[";
    bool first = true;
    for (const Value& item : value.list()) {
        if (!first)
            to += comma;
        first = false;
        appendNewline(to, style, level + 1);
        if (const JsonEnd end = appendJson(to, item, style, level + 1); end != JsonEnd::whole)
            return end;
    }
    appendNewline(to, style, level);
    to += "]";
    return JsonEnd::whole;
}

JsonEnd appendJsonDict(
    std::string& to, const Value& value, const JsonStyle& style, int64_t level, const std::string& comma)
{
    if (value.dict().empty()) {
        to += "{}";
        return JsonEnd::whole;
    }
    std::vector<std::pair<std::string, const Value*>> items;
    for (const auto& [key, item] : value.dict()) {
        std::string name;
        if (key.isText())
            name = key.text();
        else if (key.isList() || key.isDict() || appendJson(name, key, style, 0) != JsonEnd::whole)
            return JsonEnd::noForm;
        items.emplace_back(std::move(name), &item);
    }
    if (style.sortKeys)
        std::ranges::stable_sort(items, [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::string colon = style.keySeparator.empty() ? ": " : style.keySeparator;
    to += "{";
    for (size_t i = 0; i < items.size(); ++i) {
        if (i > 0)
            to += comma;
        appendNewline(to, style, level + 1);
        appendJsonText(to, items[i].first, style.asciiOnly);
        to += colon;
        if (const JsonEnd end = appendJson(to, *items[i].second, style, level + 1); end != JsonEnd::whole)
            return end;
    }
    appendNewline(to, style, level);
    to += "}";
    return JsonEnd::whole;
}

// Equal keys give equal texts: 1, 1.0 and true are one key.
std::string keyText(const Value& key)
{
    if (key.isFloat() && std::abs(key.number()) < 9e15 && std::trunc(key.number()) == key.number())
        return std::to_string(int64_t(key.number()));
    return key.isBool() ? std::to_string(key.integer()) : reprOf(key);
}

bool equalDicts(const Value& left, const Value& right)
{
    if (left.dict().size() != right.dict().size())
        return false;
    std::map<std::string, const Value*> others;
    for (const auto& [key, value] : right.dict())
        others.emplace(keyText(key), &value);
    return std::ranges::all_of(left.dict(), [&](const auto& item) {
        const auto other = others.find(keyText(item.first));
        return other != others.end() && equal(item.second, *other->second);
    });
}

}  // namespace

Value Value::undefined(std::string what)
{
    Value value;
    value.m_data = std::make_shared<const Undefined>(Undefined{std::move(what)});
    return value;
}

int64_t Value::integer() const { return isBool() ? int64_t(std::get<bool>(m_data)) : std::get<int64_t>(m_data); }

double Value::number() const { return isFloat() ? std::get<double>(m_data) : double(integer()); }

bool Value::truth() const
{
    if (isBool() || isInteger())
        return integer() != 0;
    if (isFloat())
        return number() != 0;
    if (isText())
        return !text().empty();
    if (isList())
        return !list().empty();
    if (isDict())
        return !dict().empty();
    return !isUndefined() && !isNone();
}

int Value::depth() const
{
    if (isList())
        return std::get<List>(m_data)->depth;
    return isDict() ? std::get<Dict>(m_data)->depth : 0;
}

uint64_t Value::weight() const
{
    if (isText())
        return 1 + text().size() / 16;
    if (isList())
        return std::get<List>(m_data)->weight;
    if (isGenerator())
        return generator().weight;
    return isDict() ? std::get<Dict>(m_data)->weight : 1;
}

bool Value::canBeStored() const { return !isNamespace() && !isLoop() && !isMacro() && !isFunction() && !isGenerator() && !isCaller(); }

const char* Value::typeName() const
{
    constexpr const char* names[] = {"none", "an undefined value", "a boolean", "an integer", "a float", "a string",
        "a list", "a mapping", "a namespace", "a loop", "a macro", "a function",
        "an iterator", "a caller"};
    return names[m_data.index()];
}

const Value* Value::find(std::string_view key) const
{
    for (const auto& [name, value] : dict()) {
        if (name.isText() && name.text() == key)
            return &value;
    }
    return nullptr;
}

Value makeList(std::vector<Value> items, bool isTuple)
{
    auto data = std::make_shared<ListData>();
    for (const Value& item : items) {
        data->depth = std::max(data->depth, item.depth() + 1);
        data->weight += item.weight();
    }
    data->items = std::move(items);
    data->isTuple = isTuple;
    return Value::List(std::move(data));
}

Value makeView(std::vector<Value> items, std::string view)
{
    const Value plain = makeList(std::move(items));
    auto data = std::make_shared<ListData>(*plain.listData());
    data->view = std::move(view);
    return Value::List(std::move(data));
}

Value makeDict(std::vector<std::pair<Value, Value>> items)
{
    auto data = std::make_shared<DictData>();
    std::map<std::string, size_t> places;
    for (auto& [key, value] : items) {
        const auto [place, isNew] = places.emplace(keyText(key), data->items.size());
        if (isNew)
            data->items.emplace_back(std::move(key), std::move(value));
        else
            data->items[place->second].second = std::move(value);
    }
    for (const auto& [key, value] : data->items) {
        data->depth = std::max({data->depth, key.depth() + 1, value.depth() + 1});
        data->weight += key.weight() + value.weight();
    }
    return Value::Dict(std::move(data));
}

bool equal(const Value& left, const Value& right)
{
    if (left.isNumber() && right.isNumber()) {
        if (left.isFloat() || right.isFloat())
            return left.number() == right.number();
        return left.integer() == right.integer();
    }
    if (left.isText() && right.isText())
        return left.text() == right.text();
    if (left.isList() && right.isList()) {
        return left.listData()->isTuple == right.listData()->isTuple
            && left.listData()->isView() == right.listData()->isView()
            && std::ranges::equal(left.list(), right.list(), equal);
    }
    if (left.isDict() && right.isDict())
        return equalDicts(left, right);
    if (left.isNamespace() && right.isNamespace())
        return &left.space() == &right.space();
    return (left.isNone() && right.isNone()) || (left.isUndefined() && right.isUndefined());
}

std::string floatText(double value)
{
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value < 0 ? "-inf" : "inf";
    char buffer[64];
    const std::string_view digits(buffer,
        size_t(std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr - buffer));
    int exponent = 0;
    const size_t e = digits.find('e');
    const char* from = digits.data() + e + 1 + (digits[e + 1] == '+' ? 1 : 0);
    std::from_chars(from, digits.data() + digits.size(), exponent);
    if (exponent < -4 || exponent >= 16)
        return std::string(digits);
    char fixed[512];
    std::string text(fixed, std::to_chars(fixed, fixed + sizeof fixed, value, std::chars_format::fixed).ptr);
    return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string reprOf(const Value& value)
{
    if (value.isText()) {
        const std::string& text = value.text();
        const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
        std::string result(1, quote);
        for (size_t at = 0; at < text.size();) {
            const Utf8Character character = utf8At(text, at);
            const char c = text[at];
            if (c == quote || c == '\\') {
                result += '\\';
                result += c;
            } else if (c == '\n' || c == '\r' || c == '\t') {
                result += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
            } else if (!isPrintable(character.code)) {
                const int digits = character.code < 0x100 ? 2 : character.code < 0x10000 ? 4 : 8;
                result += digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
                appendHex(result, character.code, digits);
            } else {
                result.append(text, at, character.length);
            }
            at += character.length;
        }
        return result + quote;
    }
    if (value.isList()) {
        const bool isTuple = value.listData()->isTuple;
        if (value.listData()->isRange())
            return value.listData()->view;
        if (value.listData()->isView())
            return value.listData()->view + "(" + reprOf(makeList(value.list())) + ")";
        std::string result = isTuple ? "(" : "[";
        for (size_t i = 0; i < value.list().size(); ++i)
            result += (i > 0 ? ", " : "") + reprOf(value.list()[i]);
        return result + (isTuple ? (value.list().size() == 1 ? ",)" : ")") : "]");
    }
    if (value.isDict()) {
        std::string result = "{";
        for (size_t i = 0; i < value.dict().size(); ++i)
            result += (i > 0 ? ", " : "") + reprOf(value.dict()[i].first) + ": " + reprOf(value.dict()[i].second);
        return result + "}";
    }
    if (value.isUndefined())
        return "Undefined";
    return textOf(value);
}

std::string textOf(const Value& value)
{
    if (value.isText())
        return value.text();
    if (value.isUndefined())
        return {};
    if (value.isNone())
        return "None";
    if (value.isBool())
        return value.truth() ? "True" : "False";
    if (value.isInteger())
        return std::to_string(value.integer());
    if (value.isFloat())
        return floatText(value.number());
    if (value.isList() || value.isDict())
        return reprOf(value);
    return std::string("<") + value.typeName() + ">";
}

JsonEnd appendJson(std::string& to, const Value& value, const JsonStyle& style, int64_t level)
{
    const std::string comma = !style.itemSeparator.empty() ? style.itemSeparator : style.indent >= 0 ? "," : ", ";
    if (value.isNone())
        to += "null";
    else if (value.isBool())
        to += value.truth() ? "true" : "false";
    else if (value.isInteger())
        to += std::to_string(value.integer());
    else if (value.isFloat())
        to += std::isfinite(value.number()) ? floatText(value.number())
            : std::isnan(value.number())    ? "NaN"
            : value.number() < 0            ? "-Infinity"
                                            : "Infinity";
    else if (value.isText())
        appendJsonText(to, value.text(), style.asciiOnly);
    else if (value.isList() && !value.listData()->isView())
        return appendJsonList(to, value, style, level, comma);
    else if (value.isDict())
        return appendJsonDict(to, value, style, level, comma);
    else
        return JsonEnd::noForm;
    return to.size() > limits::kTemplateOutput ? JsonEnd::tooLong : JsonEnd::whole;
}

size_t characterCount(std::string_view text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size(); at += utf8At(text, at).length)
        ++count;
    return count;
}

std::vector<std::string_view> characters(std::string_view text)
{
    std::vector<std::string_view> list;
    for (size_t at = 0; at < text.size();) {
        const size_t length = utf8At(text, at).length;
        list.push_back(text.substr(at, length));
        at += length;
    }
    return list;
}

std::string_view strip(std::string_view text, Side side)
{
    return stripWhere(text, side, [](std::string_view character) { return isPythonSpace(utf8At(character, 0).code); });
}

std::string_view strip(std::string_view text, Side side, std::string_view unwanted)
{
    return stripWhere(text, side, [&](std::string_view character) { return isUnwanted(character, unwanted); });
}

}  // namespace rankwright::jinja
