// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Filters of chat templates, one row each, with Jinja's meaning (tojson as Hugging Face replaces it).
#include "training/formats/chat_template_machine.h"
#include "training/formats/chat_template_names.h"
#include "training/formats/chat_template_text.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rankwright::jinja {

namespace {

using Bound = std::vector<const Value*>;

struct Use
{
    Machine& machine;
    const Value& input;
    const Bound& given;
    const CallArguments& arguments;
    Position at;
    [[nodiscard]] bool flag(size_t i) const { return given[i] != nullptr && given[i]->truth(); }
    [[nodiscard]] std::string text() const { return machine.written(input, at); }
    [[nodiscard]] std::string text(const Value& value) const { return machine.written(value, at); }
    [[nodiscard]] Value make(std::string result) const { return machine.newText(std::move(result), at); }
    // For filters that leave the mark of a safe text where it was.
    [[nodiscard]] Value keep(std::string result) const { return input.isSafe() ? make(std::move(result)).asSafe() : make(std::move(result)); }
    [[nodiscard]] std::string textOr(size_t i, const char* otherwise) const
    {
        return given[i] == nullptr || given[i]->isNone() ? otherwise : machine.written(*given[i], at);
    }
};

struct Filter
{
    std::string_view name;
    std::vector<std::string_view> parameters;
    Value (*apply)(const Use& use);
    bool anyArguments = false;  // takes the arguments as they are: select, map ...
};

// "a.b" of an item, as map(attribute=...) and selectattr take it.
Value pathOf(const Use& use, const Value& item, const std::string& path)
{
    Value value = item;
    for (size_t at = 0; at <= path.size();) {
        const size_t dot = std::min(path.find('.', at), path.size());
        const std::string part = path.substr(at, dot - at);
        int64_t index = 0;
        const auto result = std::from_chars(part.data(), part.data() + part.size(), index);
        const bool isNumber = result.ec == std::errc() && result.ptr == part.data() + part.size();
        if (value.isUndefined())
            return value;
        value = isNumber ? use.machine.item(value, index, use.at) : use.machine.item(value, Value(part), use.at);
        at = dot + 1;
    }
    return value;
}

Value lengthOf(const Use& use)
{
    if (use.input.isText()) {
        use.machine.charge(use.input.weight(), use.at);
        return int64_t(characterCount(use.input.text()));
    }
    if (use.input.isList())
        return int64_t(use.input.list().size());
    if (use.input.isDict())
        return int64_t(use.input.dict().size());
    if (use.input.isUndefined())
        return int64_t(0);
    if (use.input.isLoop())
        return int64_t(use.input.loop().items->items.size());
    use.machine.fail(use.at, std::string("the length of ") + use.input.typeName(), "a string, a list or a mapping");
}

Value asJson(const Use& use)
{
    JsonStyle style;
    if (use.given[1] != nullptr && !use.given[1]->isNone())
        style.indent = std::clamp<int64_t>(integerOr(use.machine, use.given[1], 0, use.at), 0, 64);
    style.asciiOnly = use.flag(0);
    style.sortKeys = use.flag(3);
    if (use.given[2] != nullptr && use.given[2]->isList() && use.given[2]->list().size() == 2) {
        style.itemSeparator = textOf(use.given[2]->list()[0]);
        style.keySeparator = textOf(use.given[2]->list()[1]);
    }
    const uint64_t between = style.itemSeparator.size() + style.keySeparator.size()
        + uint64_t(std::max<int64_t>(style.indent, 0)) * uint64_t(use.input.depth());
    use.machine.charge(use.input.weight() * ((style.indent > 0 ? 4 : 1) + between / 16), use.at);
    std::string result;
    const JsonEnd end = appendJson(result, use.input, style);
    if (end == JsonEnd::tooLong)
        use.machine.limit(use.at, "a text that is too long", std::to_string(limits::kTemplateOutput) + " bytes");
    if (end == JsonEnd::noForm)
        use.machine.fail(use.at, use.input.isUndefined() ? use.input.missing()
                                                         : std::string("a value in ") + use.input.typeName()
                                                               + " that has no JSON form",
            "strings, numbers, lists and mappings");
    return use.make(std::move(result));
}

Value joined(const Use& use)
{
    const std::string separator = use.textOr(0, "");
    std::string result;
    bool first = true;
    for (const Value& item : use.machine.items(use.input, use.at)) {
        const Value part = use.given[1] == nullptr ? item : pathOf(use, item, use.textOr(1, ""));
        result += (first ? "" : separator) + use.machine.written(part, use.at);
        first = false;
        if (result.size() > limits::kTemplateOutput)
            break;  // make() refuses it
    }
    return use.make(std::move(result));
}

Value defaulted(const Use& use)
{
    if (!use.input.isUndefined() && !(use.flag(1) && !use.input.truth()))
        return use.input;
    return use.given[0] == nullptr ? Value("") : *use.given[0];
}

Value firstOrLast(const Use& use, bool first)
{
    const std::vector<Value> items = use.machine.items(use.input, use.at);
    if (items.empty())
        return Value::undefined("the sequence is empty");
    return first ? items.front() : items.back();
}

Value asInteger(const Use& use)
{
    if (use.input.isInteger() || use.input.isBool())
        return use.input.integer();
    if (use.input.isFloat() && std::abs(use.input.number()) < 9e18)
        return int64_t(use.input.number());
    if (use.input.isText()) {
        const std::string_view text = strip(use.input.text(), Side::both);
        int64_t whole = 0;
        double number = 0;
        const char* end = text.data() + text.size();
        if (auto result = std::from_chars(text.data(), end, whole); result.ec == std::errc() && result.ptr == end)
            return whole;
        if (auto result = std::from_chars(text.data(), end, number);
            result.ec == std::errc() && result.ptr == end && std::abs(number) < 9e18)
            return int64_t(number);
    }
    return integerOr(use.machine, use.given[0], 0, use.at);
}

Value asFloat(const Use& use)
{
    if (use.input.isNumber())
        return use.input.number();
    if (use.input.isText()) {
        const std::string_view text = strip(use.input.text(), Side::both);
        double number = 0;
        const char* end = text.data() + text.size();
        if (auto result = std::from_chars(text.data(), end, number); result.ec == std::errc() && result.ptr == end)
            return number;
    }
    return use.given[0] == nullptr ? Value(0.0) : *use.given[0];
}

Value replaced(const Use& use)
{
    std::string result;
    if (use.given[0] == nullptr || use.given[1] == nullptr)
        use.machine.fail(use.at, "replace without two texts", "replace(old, new)");
    const int64_t most = integerOr(use.machine, use.given[2], -1, use.at);
    const std::string text = use.text(), from = use.textOr(0, "None");
    use.machine.chargeSearch(text, from, use.at);
    if (!replaceText(result, text, from, use.textOr(1, "None"), most, limits::kTemplateOutput))
        use.machine.limit(use.at, "a replacement that is too long",
            std::to_string(limits::kTemplateOutput) + " bytes");
    return use.make(std::move(result));
}

std::vector<Value> pairsOf(const Use& use)
{
    if (use.input.isUndefined())
        return {};
    if (!use.input.isDict())
        use.machine.fail(use.at, std::string("items of ") + use.input.typeName(), "a mapping");
    return callMethod(use.machine, use.input, "items", {}, use.at).list();
}

Value sortedEntries(const Use& use)
{
    use.machine.mustBeDefined(use.input, use.at);
    std::vector<Value> list = pairsOf(use);
    use.machine.charge(use.input.weight() * 8, use.at);
    const auto key = [&](const Value& pair) {
        const Value& value = pair.list()[0];
        return value.isText() ? Value(changedCase(value.text(), Case::lower)) : value;
    };
    std::ranges::stable_sort(list,
        [&](const Value& a, const Value& b) { return use.machine.isLess(key(a), key(b), use.at); });
    return use.machine.newList(std::move(list), use.at);
}

Value sorted(const Use& use)
{
    std::vector<Value> list = use.machine.items(use.input, use.at);
    use.machine.charge(use.input.weight() * 8, use.at);
    const bool reverse = use.flag(0), exact = use.flag(1);
    const auto key = [&](const Value& item) {
        const Value value = use.given[2] == nullptr ? item : pathOf(use, item, use.textOr(2, ""));
        return value.isText() && !exact ? Value(changedCase(value.text(), Case::lower)) : value;
    };
    std::ranges::stable_sort(list, [&](const Value& a, const Value& b) {
        return reverse ? use.machine.isLess(key(b), key(a), use.at) : use.machine.isLess(key(a), key(b), use.at);
    });
    return use.machine.newList(std::move(list), use.at);
}

Value unique(const Use& use)
{
    std::vector<Value> kept;
    for (const Value& item : use.machine.items(use.input, use.at)) {
        const auto key = [](const Value& v) { return v.isText() ? Value(changedCase(v.text(), Case::lower)) : v; };
        use.machine.charge(item.weight() * (1 + kept.size()), use.at);
        const auto isSame = [&](const Value& other) { return use.machine.areEqual(key(item), key(other), use.at); };
        if (std::ranges::none_of(kept, isSame))
            kept.push_back(item);
    }
    return use.machine.newGenerator(std::move(kept), use.at);
}

Value reversed(const Use& use)
{
    std::vector<Value> items = use.machine.items(use.input, use.at);
    std::ranges::reverse(items);
    if (!use.input.isText())
        return use.machine.newGenerator(std::move(items), use.at);
    std::string result;
    for (const Value& letter : items)
        result += letter.text();
    return use.make(std::move(result));
}

Value indentedText(const Use& use)
{
    std::string prefix(4, ' ');
    if (use.given[0] != nullptr && use.given[0]->isText())
        prefix = use.given[0]->text();
    else if (use.given[0] != nullptr)
        prefix.assign(size_t(std::clamp<int64_t>(integerOr(use.machine, use.given[0], 4, use.at), 0, 1000)), ' ');
    if (!use.input.isText())
        use.machine.fail(use.at, std::string("indent of ") + use.input.typeName(), "a string");
    const std::string text = use.text();
    // Each line can grow by the prefix: paid for before it is made.
    use.machine.charge(uint64_t(std::ranges::count(text, '\n') + 1) * (1 + prefix.size() / 16), use.at);
    return use.keep(indented(text, prefix, use.flag(1), use.flag(2)));
}

// select, reject, selectattr, rejectattr: by truth, or by a test with further arguments.
Value chosen(const Use& use, bool byAttribute, bool wanted)
{
    if (!use.input.truth())  // also none: Jinja asks for the truth first
        return use.machine.newGenerator({}, use.at);
    const auto& given = use.arguments.positional;
    const size_t testAt = byAttribute ? 1 : 0;
    if (byAttribute && given.empty())
        use.machine.fail(use.at, "no attribute", "the name of an attribute");
    const std::string path = byAttribute ? use.machine.written(given[0], use.at) : "";
    CallArguments rest;
    if (given.size() > testAt + 1)
        rest.positional.assign(given.begin() + ptrdiff_t(testAt) + 1, given.end());
    const std::string test
        = given.size() > testAt ? textOrFail(use.machine, &given[testAt], "a test's name", use.at) : "";
    std::vector<Value> kept;
    for (const Value& item : use.machine.items(use.input, use.at)) {
        use.machine.charge(2, use.at);
        const Value value = byAttribute ? pathOf(use, item, path) : item;
        const bool holds
            = given.size() > testAt ? applyTest(use.machine, test, value, rest, use.at) : value.truth();
        if (holds == wanted)
            kept.push_back(item);
    }
    return use.machine.newGenerator(std::move(kept), use.at);
}

// map(attribute="name", default=...) or map("filter", arguments ...).
Value mapped(const Use& use)
{
    if (!use.input.truth())  // also none: Jinja asks for the truth first
        return use.machine.newGenerator({}, use.at);
    const Value *path = nullptr, *otherwise = nullptr;
    for (const auto& [name, value] : use.arguments.named) {
        if (name == "attribute")
            path = &value;
        else if (name == "default")
            otherwise = &value;
    }
    const auto& given = use.arguments.positional;
    if (path == nullptr && given.empty())
        use.machine.fail(use.at, "map without a filter or an attribute", "map(attribute=\"name\") or map(\"filter\")");
    CallArguments rest;
    if (path == nullptr)
        rest = {{given.begin() + 1, given.end()}, use.arguments.named};
    const std::string name
        = path != nullptr ? use.text(*path) : textOrFail(use.machine, &given[0], "a filter's name", use.at);
    std::vector<Value> results;
    for (const Value& item : use.machine.items(use.input, use.at)) {
        use.machine.charge(2, use.at);
        Value value = path != nullptr ? pathOf(use, item, name) : applyFilter(use.machine, name, item, rest, use.at);
        results.push_back(value.isUndefined() && otherwise != nullptr ? *otherwise : std::move(value));
    }
    return use.machine.newGenerator(std::move(results), use.at);
}

Value absolute(const Use& use)
{
    if (!use.input.isNumber())
        use.machine.fail(use.at, std::string("abs of ") + use.input.typeName(), "a number");
    if (use.input.isFloat())
        return std::abs(use.input.number());
    return use.input.integer() == INT64_MIN ? use.input : Value(std::abs(use.input.integer()));
}

Value stripped(const Use& use)
{
    const std::string text = use.text();
    if (use.given[0] == nullptr || use.given[0]->isNone())
        return use.keep(std::string(strip(text, Side::both)));
    const std::string unwanted = use.textOr(0, "");
    use.machine.chargeStrip(text, unwanted, use.at);
    return use.keep(std::string(strip(text, Side::both, unwanted)));
}

Value escapedText(const Use& use)
{
    const std::string text = use.text();
    return use.make(use.input.isSafe() ? text : escapedForHtml(text)).asSafe();
}

Value summed(const Use& use)
{
    Value sum = use.given[1] == nullptr ? Value(int64_t(0)) : *use.given[1];
    for (const Value& item : use.machine.items(use.input, use.at)) {
        const Value part = use.given[0] == nullptr ? item : pathOf(use, item, use.textOr(0, ""));
        sum = use.machine.added(sum, part, use.at);
    }
    return sum;
}

Value extreme(const Use& use, bool largest)
{
    Value best = Value::undefined("the sequence is empty");
    for (const Value& item : use.machine.items(use.input, use.at)) {
        if (best.isUndefined()
            || (largest ? use.machine.isLess(best, item, use.at) : use.machine.isLess(item, best, use.at)))
            best = item;
    }
    return best;
}

const std::vector<Filter>& filters()
{
    static const std::vector<Filter> table{
        {"trim", {"chars"}, stripped},
        {"length", {}, lengthOf},
        {"count", {}, lengthOf},
        {"tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}, asJson},
        {"upper", {}, [](const Use& u) { return u.keep(changedCase(u.text(), Case::upper)); }},
        {"lower", {}, [](const Use& u) { return u.keep(changedCase(u.text(), Case::lower)); }},
        {"title", {}, [](const Use& u) { return u.make(titledWords(u.text())); }},
        {"capitalize", {}, [](const Use& u) { return u.keep(capitalised(u.text())); }},
        {"join", {"d", "attribute"}, joined},
        {"default", {"default_value", "boolean"}, defaulted},
        {"d", {"default_value", "boolean"}, defaulted},
        {"first", {}, [](const Use& u) { return firstOrLast(u, true); }},
        {"last", {}, [](const Use& u) { return firstOrLast(u, false); }},
        {"list", {}, [](const Use& u) { return u.machine.newList(u.machine.items(u.input, u.at), u.at); }},
        {"int", {"default"}, asInteger},
        {"float", {"default"}, asFloat},
        {"string", {}, [](const Use& u) { return u.keep(u.text()); }},
        {"safe", {}, [](const Use& u) { return u.make(u.text()).asSafe(); }},
        {"e", {}, escapedText},
        {"escape", {}, escapedText},
        {"sum", {"attribute", "start"}, summed},
        {"replace", {"old", "new", "count"}, replaced},
        {"items", {}, [](const Use& u) { return u.machine.newGenerator(pairsOf(u), u.at); }},
        {"dictsort", {}, sortedEntries},
        {"sort", {"reverse", "case_sensitive", "attribute"}, sorted},
        {"unique", {}, unique},
        {"reverse", {}, reversed},
        {"indent", {"width", "first", "blank"}, indentedText},
        {"abs", {}, absolute},
        {"min", {}, [](const Use& u) { return extreme(u, false); }},
        {"max", {}, [](const Use& u) { return extreme(u, true); }},
        {"select", {}, [](const Use& u) { return chosen(u, false, true); }, true},
        {"reject", {}, [](const Use& u) { return chosen(u, false, false); }, true},
        {"selectattr", {}, [](const Use& u) { return chosen(u, true, true); }, true},
        {"rejectattr", {}, [](const Use& u) { return chosen(u, true, false); }, true},
        {"map", {}, mapped, true},
    };
    return table;
}

}  // namespace

bool isFilter(std::string_view name)
{
    return std::ranges::find(filters(), name, &Filter::name) != filters().end();
}

Value applyFilter(Machine& machine, const std::string& name, const Value& input, const CallArguments& arguments,
    Position at)
{
    const auto filter = std::ranges::find(filters(), name, &Filter::name);
    if (filter == filters().end())
        machine.unsupported(at, "the filter \"" + name + "\"");
    machine.charge(1, at);
    Bound given;
    if (!filter->anyArguments)
        given = bindArguments(machine, name, filter->parameters, arguments, at);
    return filter->apply({machine, input, given, arguments, at});
}

}  // namespace rankwright::jinja
