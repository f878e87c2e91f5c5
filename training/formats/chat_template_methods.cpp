// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Methods of strings and mappings, as Python has them. Lists cannot be changed, as in Jinja's immutable sandbox, which
// is what renders chat templates elsewhere.
#include "training/formats/chat_template_machine.h"
#include "training/formats/chat_template_text.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>

namespace rankwright::jinja {

namespace {

using Bound = std::vector<const Value*>;

// A call of a method: everything that its function needs.
struct Call
{
    Machine& machine;
    const Value& self;
    const Bound& given;
    Position at;
    [[nodiscard]] const std::string& text() const { return self.text(); }
    [[nodiscard]] const std::string& textAt(size_t i, const char* what) const
    {
        return textOrFail(machine, given[i], what, at);
    }
};

struct Method
{
    std::string_view name;
    std::vector<std::string_view> parameters;
    Value (*apply)(const Call& call);
};

Value stripped(const Call& call, Side side)
{
    if (call.given[0] == nullptr || call.given[0]->isNone())
        return call.machine.newText(std::string(strip(call.text(), side)), call.at);
    const std::string& unwanted = call.textAt(0, "characters");
    call.machine.chargeStrip(call.text(), unwanted, call.at);
    const std::string_view result = strip(call.text(), side, unwanted);
    return call.machine.newText(std::string(result), call.at);
}

// One string or a tuple of them.
bool beginsOrEnds(const Call& call, bool begins)
{
    const auto holds = [&](const Value& part) {
        const std::string& text = textOrFail(call.machine, &part, "what to look for", call.at);
        call.machine.chargeComparison(call.text(), text, call.at);
        return begins ? call.text().starts_with(text) : call.text().ends_with(text);
    };
    if (call.given[0] == nullptr)
        call.machine.fail(call.at, "nothing to look for", "a string");
    const bool isTuple = call.given[0]->isList() && call.given[0]->listData()->isTuple;
    return isTuple ? std::ranges::any_of(call.given[0]->list(), holds) : holds(*call.given[0]);
}

Value listOfTexts(const Call& call, const std::vector<std::string_view>& parts)
{
    std::vector<Value> values;
    for (const std::string_view part : parts)
        values.push_back(call.machine.newText(std::string(part), call.at));
    return call.machine.newList(std::move(values), call.at);
}

Value divided(const Call& call, bool fromRight)
{
    call.machine.charge(call.self.weight() * 4, call.at);
    const int64_t most = integerOr(call.machine, call.given[1], -1, call.at);
    if (call.given[0] == nullptr || call.given[0]->isNone())
        return listOfTexts(call, splitText(call.text(), nullptr, most, fromRight));
    const std::string separator = call.textAt(0, "a separator");
    if (separator.empty())
        call.machine.fail(call.at, "an empty separator", "a separator");
    call.machine.chargeSearch(call.text(), separator, call.at);
    return listOfTexts(call, splitText(call.text(), &separator, most, fromRight));
}

// Positions are counted in characters.
Value position(const Call& call, bool fromRight, bool mustBeThere)
{
    const std::string& part = call.textAt(0, "what to look for");
    call.machine.chargeSearch(call.text(), part, call.at);
    const size_t place = fromRight ? call.text().rfind(part) : call.text().find(part);
    if (place != std::string::npos)
        return int64_t(characterCount(std::string_view(call.text()).substr(0, place)));
    if (mustBeThere)
        call.machine.fail(call.at, "a string without what is looked for", "a string that has it");
    return int64_t(-1);
}

Value replaced(const Call& call)
{
    std::string result;
    const int64_t most = integerOr(call.machine, call.given[2], -1, call.at);
    call.machine.chargeSearch(call.text(), call.textAt(0, "what to replace"), call.at);
    if (!replaceText(result, call.text(), call.textAt(0, "what to replace"), call.textAt(1, "a replacement"), most,
            limits::kTemplateOutput))
        call.machine.limit(call.at, "a replacement that is too long",
            std::to_string(limits::kTemplateOutput) + " bytes");
    return call.machine.newText(std::move(result), call.at);
}

Value joined(const Call& call)
{
    if (call.given[0] == nullptr)
        call.machine.fail(call.at, "nothing to join", "a list of strings");
    std::string result;
    const std::vector<Value> parts = call.machine.items(*call.given[0], call.at);
    for (size_t i = 0; i < parts.size(); ++i) {
        result += (i > 0 ? call.text() : "") + textOrFail(call.machine, &parts[i], "a part", call.at);
        if (result.size() > limits::kTemplateOutput)
            break;  // newText refuses it
    }
    return call.machine.newText(std::move(result), call.at);
}

Value counted(const Call& call)
{
    const std::string& part = call.textAt(0, "what to count");
    call.machine.chargeSearch(call.text(), part, call.at);
    if (part.empty())
        return int64_t(characterCount(call.text())) + 1;
    int64_t count = 0;
    for (size_t at = call.text().find(part); at != std::string::npos; at = call.text().find(part, at + part.size()))
        ++count;
    return count;
}

Value withoutEnd(const Call& call, bool prefix)
{
    std::string_view text = call.text();
    const std::string& part = call.textAt(0, "what to remove");
    call.machine.chargeComparison(text, part, call.at);
    if (prefix && text.starts_with(part))
        text.remove_prefix(part.size());
    else if (!prefix && text.ends_with(part))
        text.remove_suffix(part.size());
    return call.machine.newText(std::string(text), call.at);
}

Value cased(const Call& call, Case to) { return call.machine.newText(changedCase(call.text(), to), call.at); }

bool allDigits(const std::string& text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

const std::vector<Method>& textMethods()
{
    static const std::vector<Method> table{
        {"strip", {"chars"}, [](const Call& c) { return stripped(c, Side::both); }},
        {"lstrip", {"chars"}, [](const Call& c) { return stripped(c, Side::left); }},
        {"rstrip", {"chars"}, [](const Call& c) { return stripped(c, Side::right); }},
        {"startswith", {"prefix"}, [](const Call& c) { return Value(beginsOrEnds(c, true)); }},
        {"endswith", {"suffix"}, [](const Call& c) { return Value(beginsOrEnds(c, false)); }},
        {"split", {"sep", "maxsplit"}, [](const Call& c) { return divided(c, false); }},
        {"rsplit", {"sep", "maxsplit"}, [](const Call& c) { return divided(c, true); }},
        {"splitlines", {}, [](const Call& c) { return listOfTexts(c, splitLines(c.text())); }},
        {"find", {"sub"}, [](const Call& c) { return position(c, false, false); }},
        {"rfind", {"sub"}, [](const Call& c) { return position(c, true, false); }},
        {"index", {"sub"}, [](const Call& c) { return position(c, false, true); }},
        {"replace", {"old", "new", "count"}, replaced},
        {"join", {"iterable"}, joined},
        {"count", {"sub"}, counted},
        {"removeprefix", {"prefix"}, [](const Call& c) { return withoutEnd(c, true); }},
        {"removesuffix", {"suffix"}, [](const Call& c) { return withoutEnd(c, false); }},
        {"lower", {}, [](const Call& c) { return cased(c, Case::lower); }},
        {"upper", {}, [](const Call& c) { return cased(c, Case::upper); }},
        {"title", {}, [](const Call& c) { return c.machine.newText(titled(c.text()), c.at); }},
        {"capitalize", {}, [](const Call& c) { return c.machine.newText(capitalised(c.text()), c.at); }},
        {"isdigit", {}, [](const Call& c) { return Value(allDigits(c.text())); }},
    };
    return table;
}

Value viewOf(const Call& call, std::vector<Value> items, const char* view)
{
    call.machine.charge(1 + items.size(), call.at);
    return makeView(std::move(items), view);
}

Value entries(const Call& call)
{
    std::vector<Value> pairs;
    for (const auto& [key, value] : call.self.dict())
        pairs.push_back(call.machine.newList({key, value}, call.at, true));
    return viewOf(call, std::move(pairs), "dict_items");
}

Value oneSide(const Call& call, bool keys)
{
    std::vector<Value> list;
    for (const auto& [key, value] : call.self.dict())
        list.push_back(keys ? key : value);
    return viewOf(call, std::move(list), keys ? "dict_keys" : "dict_values");
}

Value got(const Call& call)
{
    if (call.given[0] == nullptr)
        call.machine.fail(call.at, "get without a key", "get(key) or get(key, other)");
    call.machine.charge(1 + call.self.dict().size() / 8, call.at);
    for (const auto& [key, value] : call.self.dict()) {
        if (call.machine.areEqual(key, *call.given[0], call.at))
            return value;
    }
    return call.given[1] != nullptr ? *call.given[1] : Value();
}

const std::vector<Method>& dictMethods()
{
    static const std::vector<Method> table{
        {"items", {}, entries},
        {"keys", {}, [](const Call& c) { return oneSide(c, true); }},
        {"values", {}, [](const Call& c) { return oneSide(c, false); }},
        {"get", {"key", "default"}, got},
        {"copy", {}, [](const Call& c) { return c.self; }},
    };
    return table;
}

Value listCount(const Call& call)
{
    if (call.given[0] == nullptr)
        call.machine.fail(call.at, "nothing to count", "a value");
    int64_t count = 0;
    for (const Value& item : call.self.list())
        count += call.machine.areEqual(item, *call.given[0], call.at) ? 1 : 0;
    return count;
}

Value listIndex(const Call& call)
{
    if (call.given[0] == nullptr)
        call.machine.fail(call.at, "nothing to look for", "a value");
    for (size_t i = 0; i < call.self.list().size(); ++i) {
        if (call.machine.areEqual(call.self.list()[i], *call.given[0], call.at))
            return int64_t(i);
    }
    call.machine.fail(call.at, "a list without what is looked for", "a list that has it");
}

const std::vector<Method>& listMethods()
{
    static const std::vector<Method> table{{"count", {"value"}, listCount}, {"index", {"value"}, listIndex}};
    return table;
}

// str.format with {}, {0} and {name}, without attributes and formats behind them.
Value formatted(Machine& machine, const Value& self, const CallArguments& arguments, Position at)
{
    if (self.isSafe())
        machine.unsupported(at, "the method format of a text that is marked as safe");
    const std::string& text = self.text();
    std::string result;
    size_t next = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '{' && text[i] != '}') {
            result += text[i];
            continue;
        }
        if (i + 1 < text.size() && text[i + 1] == text[i]) {
            result += text[i++];
            continue;
        }
        const size_t end = text.find('}', i);
        if (text[i] == '}' || end == std::string::npos)
            machine.fail(at, "a single brace in a format", "{{ and }} for braces");
        const std::string field = text.substr(i + 1, end - i - 1);
        const bool isNumber = allDigits(field) && field.size() < 6;
        const size_t place = isNumber ? size_t(std::stoul(field)) : next;
        const auto named = std::ranges::find(arguments.named, field, &std::pair<std::string, Value>::first);
        if (field.find_first_of(".[:!{") != std::string::npos)
            machine.unsupported(at, "the format {" + field.substr(0, 80) + "}");
        if (field.empty())
            ++next;
        const bool isPlace = field.empty() || isNumber;
        if (isPlace ? place >= arguments.positional.size() : named == arguments.named.end())
            machine.fail(at, "no argument for {" + field.substr(0, 80) + "}", "an argument for each");
        result += machine.written(isPlace ? arguments.positional[place] : named->second, at);
        if (result.size() > limits::kTemplateOutput)
            break;  // newText refuses it
        i = end;
    }
    return machine.newText(std::move(result), at);
}

}  // namespace

bool isPythonAttribute(const Value& self, std::string_view name)
{
    constexpr std::array ofTexts{"capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
        "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix",
        "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
        "strip", "swapcase", "title", "translate", "upper", "zfill"};
    constexpr std::array ofDicts{"clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"};
    constexpr std::array ofLists{"append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
        "isdisjoint", "mapping"};
    constexpr std::array ofNumbers{"as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "fromhex",
        "hex", "imag", "is_integer", "numerator", "real", "to_bytes"};
    const auto isIn = [&](const auto& names) { return std::ranges::find(names, name) != names.end(); };
    if (self.isText())
        return isIn(ofTexts);
    if (self.isDict())
        return isIn(ofDicts);
    if (self.isList() || self.isGenerator())
        return isIn(ofLists);
    if (self.isLoop())
        return name == "cycle" || name == "changed";
    return self.isNumber() ? isIn(ofNumbers) : self.isMacro() || self.isFunction() || self.isCaller();
}

Value callMethod(Machine& machine, const Value& self, const std::string& name, const CallArguments& arguments,
    Position at)
{
    if (self.isLoop() && name == "cycle") {
        if (arguments.positional.empty())
            machine.fail(at, "cycle without values", "cycle(a, b)");
        return arguments.positional[self.loop().index % arguments.positional.size()];
    }
    static const std::vector<Method> none;
    const std::vector<Method>& table = self.isText() ? textMethods()
        : self.isDict()                              ? dictMethods()
        : self.isList()                              ? listMethods()
                                                     : none;
    if (self.isText() && name == "format")
        return formatted(machine, self, arguments, at);
    const auto method = std::ranges::find(table, name, &Method::name);
    if (method == table.end()) {
        const bool changes = name == "append" || name == "update" || name == "pop" || name == "extend";
        machine.unsupported(at, (changes ? "changing " + std::string(self.typeName()) + " with " : "the method ")
                + name + (changes ? "" : " of " + std::string(self.typeName())));
    }
    if (self.isSafe() && !arguments.positional.empty())
        machine.unsupported(at, "the method " + name + " of a text that is marked as safe");
    const Bound given = bindArguments(machine, name, method->parameters, arguments, at);
    const Value result = method->apply({machine, self, given, at});
    return self.isSafe() ? result.asSafe() : result;
}

}  // namespace rankwright::jinja
