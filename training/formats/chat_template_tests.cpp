// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What may follow "is" in chat templates, one row each.
#include "training/formats/chat_template_machine.h"
#include "training/formats/chat_template_names.h"
#include "training/formats/chat_template_text.h"

#include <algorithm>

namespace rankwright::jinja {

namespace {

struct Use
{
    Machine& machine;
    const Value& input;
    const Value* other;  // the argument, where the test has one
    Position at;
};

struct Test
{
    std::string_view name;
    bool takesOther;
    bool (*holds)(const Use& use);
};

int64_t whole(const Use& use, const Value& value)
{
    use.machine.mustBeDefined(value, use.at);
    return integerOr(use.machine, &value, 0, use.at);
}

bool divides(const Use& use)
{
    const int64_t divisor = whole(use, *use.other);
    if (divisor == 0)
        use.machine.fail(use.at, "a division by zero", "another divisor");
    return divisor == -1 || whole(use, use.input) % divisor == 0;
}

bool isEqual(const Use& use) { return use.machine.areEqual(use.input, *use.other, use.at); }
bool isLess(const Use& use) { return use.machine.isLess(use.input, *use.other, use.at); }
bool isMore(const Use& use) { return use.machine.isLess(*use.other, use.input, use.at); }
bool isIterable(const Use& use)
{
    return use.input.isList() || use.input.isDict() || use.input.isText() || use.input.isUndefined() || use.input.isGenerator()
        || use.input.isLoop();
}

const std::vector<Test>& tests()
{
    static const std::vector<Test> table{
        {"defined", false, [](const Use& u) { return !u.input.isUndefined(); }},
        {"undefined", false, [](const Use& u) { return u.input.isUndefined(); }},
        {"none", false, [](const Use& u) { return u.input.isNone(); }},
        {"string", false, [](const Use& u) { return u.input.isText(); }},
        {"mapping", false, [](const Use& u) { return u.input.isDict(); }},
        {"true", false, [](const Use& u) { return u.input.isBool() && u.input.truth(); }},
        {"false", false, [](const Use& u) { return u.input.isBool() && !u.input.truth(); }},
        {"boolean", false, [](const Use& u) { return u.input.isBool(); }},
        {"integer", false, [](const Use& u) { return u.input.isInteger(); }},
        {"float", false, [](const Use& u) { return u.input.isFloat(); }},
        {"number", false, [](const Use& u) { return u.input.isNumber(); }},
        {"iterable", false, isIterable},
        // Jinja asks for a length and an item, which undefined values have as well; iterators and views of mappings have not.
        {"sequence", false, [](const Use& u) {
             const bool isView = u.input.isList() && u.input.listData()->isView() && !u.input.listData()->isRange();
             return isIterable(u) && !isView && !u.input.isGenerator() && !u.input.isLoop();
         }},
        {"escaped", false, [](const Use& u) { return u.input.isSafe(); }},
        {"callable", false, [](const Use& u) { return u.input.isMacro() || u.input.isFunction() || u.input.isCaller() || u.input.isLoop(); }},
        {"even", false, [](const Use& u) { return whole(u, u.input) % 2 == 0; }},
        {"odd", false, [](const Use& u) { return whole(u, u.input) % 2 != 0; }},
        {"lower", false, [](const Use& u) {
             const std::string text = u.machine.written(u.input, u.at);
             return changedCase(text, Case::lower) == text && changedCase(text, Case::upper) != text;
         }},
        {"upper", false, [](const Use& u) {
             const std::string text = u.machine.written(u.input, u.at);
             return changedCase(text, Case::upper) == text && changedCase(text, Case::lower) != text;
         }},
        {"divisibleby", true, divides},
        {"in", true, [](const Use& u) { return u.machine.contains(*u.other, u.input, u.at); }},
        {"eq", true, isEqual},
        {"equalto", true, isEqual},
        {"==", true, isEqual},
        {"sameas", true, [](const Use& u) { return u.input.isBool() == u.other->isBool() && isEqual(u); }},
        {"ne", true, [](const Use& u) { return !isEqual(u); }},
        {"!=", true, [](const Use& u) { return !isEqual(u); }},
        {"lt", true, isLess},
        {"lessthan", true, isLess},
        {"gt", true, isMore},
        {"greaterthan", true, isMore},
        {"le", true, [](const Use& u) { return isLess(u) || isEqual(u); }},
        {"ge", true, [](const Use& u) { return isMore(u) || isEqual(u); }},
    };
    return table;
}

}  // namespace

bool isTest(std::string_view name) { return std::ranges::find(tests(), name, &Test::name) != tests().end(); }

bool applyTest(Machine& machine, const std::string& name, const Value& input, const CallArguments& arguments,
    Position at)
{
    const auto test = std::ranges::find(tests(), name, &Test::name);
    if (test == tests().end())
        machine.unsupported(at, "the test \"" + name + "\"");
    machine.charge(1, at);
    const std::vector<std::string_view> parameters = test->takesOther ? std::vector<std::string_view>{"other"}
                                                                      : std::vector<std::string_view>{};
    const auto given = bindArguments(machine, name, parameters, arguments, at);
    if (test->takesOther && given[0] == nullptr)
        machine.fail(at, "the test " + name + " without a value", "a value to compare with");
    return test->holds({machine, input, test->takesOther ? given[0] : nullptr, at});
}

}  // namespace rankwright::jinja
