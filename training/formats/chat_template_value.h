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
struct Scope;
class Value;

struct ListData
{
    std::vector<Value> items;
    bool isTuple = false;             // only shows in text: (1, 2)
    // What has items and is no list: "dict_items" for what a mapping's items(), keys(), values() give (without [0]), and the text of
    // a range, "range(0, 3)". Neither has a JSON form.
    std::string view;
    [[nodiscard]] bool isView() const { return !view.empty(); }
    [[nodiscard]] bool isRange() const { return view.starts_with("range"); }
    int depth = 1;         // of nested lists and mappings, this one included
    uint64_t weight = 1;   // of all values in it; a value that is in it twice counts twice, as it does in text
};
struct DictData
{
    std::vector<std::pair<Value, Value>> items;  // in order of insertion
    int depth = 1;
    uint64_t weight = 1;
};
// What map, select and their like give: it is true even when empty, has no length, and can be gone through once.
struct GeneratorData
{
    std::vector<Value> items;
    bool isUsed = false;
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
// The body of a call block, for as long as its macro runs.
struct CallerData
{
    const Statement* block;
    Scope* scope;
};
struct Undefined
{
    std::string what;  // "'x' is undefined", for messages
};
struct None
{
};
enum class Function { range, namespaceOf, dict, raiseException, strftimeNow };

class Value
{
public:
    using Text = std::shared_ptr<const std::string>;
    using List = std::shared_ptr<const ListData>;
    using Dict = std::shared_ptr<const DictData>;
    using Namespace = std::shared_ptr<NamespaceData>;
    using Loop = std::shared_ptr<const LoopData>;
    using Generator = std::shared_ptr<GeneratorData>;
    using Caller = std::shared_ptr<const CallerData>;
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
    Value(Generator value)
        : m_data(std::move(value))
    {
    }
    Value(Caller value)
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
    [[nodiscard]] bool isGenerator() const { return holds<Generator>(); }
    [[nodiscard]] bool isCaller() const { return holds<Caller>(); }
    [[nodiscard]] bool isMacro() const { return holds<Macro>(); }
    [[nodiscard]] bool isFunction() const { return holds<Function>(); }

    // Each may only be called on a value of that type.
    [[nodiscard]] const std::string& text() const { return *std::get<Text>(m_data); }
    [[nodiscard]] const std::vector<Value>& list() const { return std::get<List>(m_data)->items; }
    [[nodiscard]] const List& listData() const { return std::get<List>(m_data); }
    [[nodiscard]] const std::vector<std::pair<Value, Value>>& dict() const { return std::get<Dict>(m_data)->items; }
    [[nodiscard]] NamespaceData& space() const { return *std::get<Namespace>(m_data); }
    [[nodiscard]] const LoopData& loop() const { return *std::get<Loop>(m_data); }
    [[nodiscard]] GeneratorData& generator() const { return *std::get<Generator>(m_data); }
    [[nodiscard]] const CallerData& caller() const { return *std::get<Caller>(m_data); }
    [[nodiscard]] const Statement& macro() const { return *std::get<Macro>(m_data); }
    [[nodiscard]] Function function() const { return std::get<Function>(m_data); }
    [[nodiscard]] const std::string& missing() const { return std::get<Missing>(m_data)->what; }
    [[nodiscard]] int64_t integer() const;  // booleans count as 0 and 1
    [[nodiscard]] double number() const;

    // A text that the filter `safe` or `e` has marked: texts added to it are escaped for HTML.
    [[nodiscard]] bool isSafe() const { return m_isSafe; }
    [[nodiscard]] Value asSafe() const
    {
        Value copy = *this;
        copy.m_isSafe = copy.isText();
        return copy;
    }

    [[nodiscard]] bool truth() const;
    [[nodiscard]] int depth() const;                  // 0 for what is no container
    [[nodiscard]] uint64_t weight() const;            // what writing it out costs, about 16 bytes a unit
    [[nodiscard]] bool canBeStored() const;           // in lists and mappings
    [[nodiscard]] const char* typeName() const;       // for messages: "a string"
    [[nodiscard]] const Value* find(std::string_view key) const;  // in a dict; nullptr where it is not

private:
    template <class T> [[nodiscard]] bool holds() const { return std::holds_alternative<T>(m_data); }
    std::variant<None, Missing, bool, int64_t, double, Text, List, Dict, Namespace, Loop, Macro, Function, Generator,
        Caller>
        m_data;
    bool m_isSafe = false;
};

Value makeList(std::vector<Value> items, bool isTuple = false);
Value makeView(std::vector<Value> items, std::string view);
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
// Stops soon after limits::kTemplateOutput bytes: a separator or an indent can make a small value long.
enum class JsonEnd { whole, noForm, tooLong };
JsonEnd appendJson(std::string& to, const Value& value, const JsonStyle& style, int64_t level = 0);

// Characters, not bytes, as Python counts.
size_t characterCount(std::string_view text);
std::vector<std::string_view> characters(std::string_view text);
// Without Python's white space (or any character of `unwanted`) at the ends.
enum class Side { left, right, both };
std::string_view strip(std::string_view text, Side side);
std::string_view strip(std::string_view text, Side side, std::string_view unwanted);

}  // namespace rankwright::jinja
