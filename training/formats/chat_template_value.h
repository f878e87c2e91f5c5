// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Values of chat templates, with Python's rules for truth, equality, text and JSON. All but namespaces are immutable
// and shared, so that copies are cheap and no value can contain itself.
#pragma once

#include "training/formats/chat_template.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rankwright::jinja {

// Where something stands in the template, 1-based; the column counts bytes.
struct Position
{
    uint32_t line = 1, column = 1;
};

struct Statement;
class Value;

struct ListData
{
    std::vector<Value> items;
    bool isTuple = false;  // only shows in text: (1, 2)
    int depth = 1;         // of nested lists and mappings, this one included
    uint64_t weight = 1;   // of all values in it; a value that is in it twice counts twice, as it does in text
};
struct DictData
{
    std::vector<std::pair<Value, Value>> items;  // in order of insertion
    int depth = 1;
    uint64_t weight = 1;
};
struct NamespaceData
{
    std::map<std::string, Value> attributes;
};
// The variable `loop` of a for statement.
struct LoopData
{
    std::shared_ptr<const ListData> items;
    size_t index = 0;
};
struct Undefined
{
    std::string what;  // "'x' is undefined", for messages
};
struct None
{
};
enum class Function { range, namespaceOf, dict, raiseException };

class Value
{
public:
    using Text = std::shared_ptr<const std::string>;
    using List = std::shared_ptr<const ListData>;
    using Dict = std::shared_ptr<const DictData>;
    using Namespace = std::shared_ptr<NamespaceData>;
    using Loop = std::shared_ptr<const LoopData>;
    using Macro = const Statement*;
    using Missing = std::shared_ptr<const Undefined>;

    Value()
        : m_data(None{})
    {
    }
    Value(bool value)
        : m_data(value)
    {
    }
    Value(int64_t value)
        : m_data(value)
    {
    }
    Value(double value)
        : m_data(value)
    {
    }
    Value(std::string value)
        : m_data(std::make_shared<const std::string>(std::move(value)))
    {
    }
    Value(const char* value)
        : Value(std::string(value))
    {
    }
    Value(List value)
        : m_data(std::move(value))
    {
    }
    Value(Dict value)
        : m_data(std::move(value))
    {
    }
    Value(Namespace value)
        : m_data(std::move(value))
    {
    }
    Value(Loop value)
        : m_data(std::move(value))
    {
    }
    Value(Macro value)
        : m_data(value)
    {
    }
    Value(Function value)
        : m_data(value)
    {
    }
    static Value undefined(std::string what);

    [[nodiscard]] bool isUndefined() const { return holds<Missing>(); }
    [[nodiscard]] bool isNone() const { return holds<None>(); }
    [[nodiscard]] bool isBool() const { return holds<bool>(); }
    [[nodiscard]] bool isInteger() const { return holds<int64_t>(); }
    [[nodiscard]] bool isFloat() const { return holds<double>(); }
    [[nodiscard]] bool isNumber() const { return isBool() || isInteger() || isFloat(); }
    [[nodiscard]] bool isText() const { return holds<Text>(); }
    [[nodiscard]] bool isList() const { return holds<List>(); }
    [[nodiscard]] bool isDict() const { return holds<Dict>(); }
    [[nodiscard]] bool isNamespace() const { return holds<Namespace>(); }
    [[nodiscard]] bool isLoop() const { return holds<Loop>(); }
    [[nodiscard]] bool isMacro() const { return holds<Macro>(); }
    [[nodiscard]] bool isFunction() const { return holds<Function>(); }

    // Each may only be called on a value of that type.
    [[nodiscard]] const std::string& text() const { return *std::get<Text>(m_data); }
    [[nodiscard]] const std::vector<Value>& list() const { return std::get<List>(m_data)->items; }
    [[nodiscard]] const List& listData() const { return std::get<List>(m_data); }
    [[nodiscard]] const std::vector<std::pair<Value, Value>>& dict() const { return std::get<Dict>(m_data)->items; }
    [[nodiscard]] NamespaceData& space() const { return *std::get<Namespace>(m_data); }
    [[nodiscard]] const LoopData& loop() const { return *std::get<Loop>(m_data); }
    [[nodiscard]] const Statement& macro() const { return *std::get<Macro>(m_data); }
    [[nodiscard]] Function function() const { return std::get<Function>(m_data); }
    [[nodiscard]] const std::string& missing() const { return std::get<Missing>(m_data)->what; }
    [[nodiscard]] int64_t integer() const;  // booleans count as 0 and 1
    [[nodiscard]] double number() const;

    [[nodiscard]] bool truth() const;
    [[nodiscard]] int depth() const;                  // 0 for what is no container
    [[nodiscard]] uint64_t weight() const;            // what writing it out costs, about 16 bytes a unit
    [[nodiscard]] bool canBeStored() const;           // in lists and mappings
    [[nodiscard]] const char* typeName() const;       // for messages: "a string"
    [[nodiscard]] const Value* find(std::string_view key) const;  // in a dict; nullptr where it is not

private:
    template <class T> [[nodiscard]] bool holds() const { return std::holds_alternative<T>(m_data); }
    std::variant<None, Missing, bool, int64_t, double, Text, List, Dict, Namespace, Loop, Macro, Function> m_data;
};

Value makeList(std::vector<Value> items, bool isTuple = false);
Value makeDict(std::vector<std::pair<Value, Value>> items);  // of equal keys the last wins, at the first one's place

bool equal(const Value& left, const Value& right);
// str() and repr() of Python; repr() inside containers.
std::string textOf(const Value& value);
std::string reprOf(const Value& value);
std::string floatText(double value);
// json.dumps(value, ensure_ascii=False, indent=...); indent below 0: on one line. Returns false where a value has no
// JSON form (undefined, a function).
struct JsonStyle
{
    int64_t indent = -1;
    bool sortKeys = false;
    bool asciiOnly = false;
    std::string itemSeparator, keySeparator;  // empty: Python's defaults for the indent
};
bool appendJson(std::string& to, const Value& value, const JsonStyle& style, int64_t level = 0);

// Characters, not bytes, as Python counts.
size_t characterCount(std::string_view text);
std::vector<std::string_view> characters(std::string_view text);
// Without Python's white space (or any character of `unwanted`) at the ends.
enum class Side { left, right, both };
std::string_view strip(std::string_view text, Side side);
std::string_view strip(std::string_view text, Side side, std::string_view unwanted);

}  // namespace rankwright::jinja
