// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Expressions of chat templates.
#include "training/formats/chat_template_machine.h"
#include "training/formats/chat_template_text.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace rankwright::jinja {

namespace {

using Kind = Expression::Kind;

// Python's rule for the bounds of a slice: negative ones count from the end, then all are cut to what there is.
int64_t sliceBound(int64_t bound, int64_t count, bool backwards)
{
    if (bound < 0)
        bound += count;
    return std::clamp<int64_t>(bound, backwards ? -1 : 0, backwards ? count - 1 : count);
}

}  // namespace

Value Machine::evaluate(const Expression& expression, Scope& scope)
{
    if (m_depth >= kMostNested)
        limit(expression.at, "evaluation nested too deeply", std::to_string(kMostNested) + " levels");
    ++m_depth;  // an exception ends the run, so that only the normal way out has to count down
    charge(1, expression.at);
    Value result;
    switch (expression.kind) {
    case Kind::constant:
        result = expression.constant;
        break;
    case Kind::name:
        result = lookUp(expression, scope);
        break;
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
        result = container(expression, scope);
        break;
    case Kind::arithmetic:
    case Kind::concat:
        result = arithmetic(expression, scope);
        break;
    case Kind::compare:
        result = compare(expression, scope);
        break;
    case Kind::both:
    case Kind::either:
        for (const ExpressionPtr& part : expression.parts) {
            result = evaluate(*part, scope);
            if (result.truth() == (expression.kind == Kind::either))
                break;
        }
        break;
    case Kind::invert:
        result = !evaluate(*expression.parts[0], scope).truth();
        break;
    case Kind::negate:
    case Kind::keep:
        result = combine(int64_t(0), expression.kind == Kind::negate ? "-" : "+",
            evaluate(*expression.parts[0], scope), expression.at);
        break;
    case Kind::choose:
        if (evaluate(*expression.parts[1], scope).truth())
            result = evaluate(*expression.parts[0], scope);
        else if (expression.parts[2] != nullptr)
            result = evaluate(*expression.parts[2], scope);
        else
            result = Value::undefined("the inline if has no else and its condition is false");
        break;
    case Kind::steps:
        result = steps(expression, scope);
        break;
    }
    --m_depth;
    return result;
}

Value Machine::lookUp(const Expression& expression, const Scope& scope)
{
    for (const Scope* at = &scope; at != nullptr; at = at->parent) {
        const auto found = at->values.find(expression.name);
        if (found != at->values.end())
            return found->second;
    }
    // Names that Jinja defines and this interpreter does not: an answer to "is it defined" would be wrong.
    constexpr std::array absent{"lipsum", "cycler", "joiner", "varargs", "kwargs"};
    if (std::ranges::find(absent, expression.name) != absent.end())
        unsupported(expression.at, "the name " + expression.name);
    return Value::undefined("'" + expression.name + "' is undefined");
}

Value Machine::container(const Expression& expression, Scope& scope)
{
    if (expression.kind == Kind::dict) {
        std::vector<std::pair<Value, Value>> entries;
        for (size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
            Value key = evaluate(*expression.parts[i], scope);
            Value value = evaluate(*expression.parts[i + 1], scope);
            entries.emplace_back(std::move(key), std::move(value));
        }
        return newDict(std::move(entries), expression.at);
    }
    std::vector<Value> values;
    for (const ExpressionPtr& part : expression.parts)
        values.push_back(evaluate(*part, scope));
    return newList(std::move(values), expression.at, expression.kind == Kind::tuple);
}

// A chain of + over texts, or of ~, is collected in one string, so that its cost is its length. What is added to a text that is
// marked as safe is escaped for HTML; ~ forgets the mark.
Value Machine::arithmetic(const Expression& expression, Scope& scope)
{
    Value left = evaluate(*expression.parts[0], scope);
    std::string collected;
    bool collecting = expression.kind == Kind::concat;
    bool isSafe = false;
    if (collecting)
        collected = written(left, expression.at);
    for (size_t i = 1; i < expression.parts.size(); ++i) {
        const std::string& sign = expression.signs[i - 1];
        const Value right = evaluate(*expression.parts[i], scope);
        if (!collecting && sign == "+" && left.isText() && right.isText()) {
            collected = left.text();
            charge(left.weight(), expression.at);
            collecting = true;
            isSafe = left.isSafe();
        }
        if (collecting && (sign == "~" || (sign == "+" && right.isText()))) {
            if (sign == "+" && right.isSafe() && !std::exchange(isSafe, true))
                collected = escapedForHtml(collected);
            const bool escapes = sign == "+" && isSafe && !right.isSafe();
            collected += escapes ? escapedForHtml(right.text()) : written(right, expression.at);
            if (collected.size() > limits::kTemplateOutput)
                limit(expression.at, "a text above " + std::to_string(limits::kTemplateOutput) + " bytes",
                    "shorter texts");
            continue;
        }
        if (collecting) {
            left = newText(std::move(collected), expression.at);
            left = isSafe ? left.asSafe() : left;
            collecting = false;
        }
        left = combine(left, sign, right, expression.at);
    }
    if (!collecting)
        return left;
    const Value text = newText(std::move(collected), expression.at);
    return isSafe ? text.asSafe() : text;
}

Value Machine::combine(const Value& left, const std::string& sign, const Value& right, Position at)
{
    mustBeDefined(left, at);
    mustBeDefined(right, at);
    if (left.isNumber() && right.isNumber()) {
        const bool isFloat = left.isFloat() || right.isFloat();
        if (!isFloat && sign != "/")
            return combineIntegers(left.integer(), sign, right.integer(), at);
        const double a = left.number(), b = right.number();
        if (sign == "+" || sign == "-")
            return sign == "+" ? a + b : a - b;
        if (sign == "*")
            return a * b;
        if (b == 0)
            fail(at, "a division by zero", "another divisor");
        if (sign == "/")
            return a / b;
        return sign == "//" ? std::floor(a / b) : a - b * std::floor(a / b);
    }
    if (sign == "+" && left.isList() && right.isList() && !left.listData()->isView() && !right.listData()->isView()
        && left.listData()->isTuple == right.listData()->isTuple) {
        charge(left.list().size() + right.list().size(), at);
        std::vector<Value> joined = left.list();
        joined.insert(joined.end(), right.list().begin(), right.list().end());
        return newList(std::move(joined), at, left.listData()->isTuple);
    }
    if (sign == "*" && left.isText() && (right.isInteger() || right.isBool())) {
        const auto times = uint64_t(std::max<int64_t>(0, right.integer()));
        if (!left.text().empty() && times > limits::kTemplateOutput / left.text().size())
            limit(at, "a text repeated " + std::to_string(times) + " times",
                std::to_string(limits::kTemplateOutput) + " bytes");
        std::string repeated;
        for (uint64_t i = 0; i < times && !left.text().empty(); ++i)
            repeated += left.text();
        return newText(std::move(repeated), at);
    }
    if (sign == "%" && left.isText())
        unsupported(at, "formatting with %");
    fail(at, std::string(left.typeName()) + " " + sign + " " + right.typeName(), "numbers, two strings or two lists");
}

Value Machine::combineIntegers(int64_t left, const std::string& sign, int64_t right, Position at)
{
    int64_t result = 0;
    bool overflows = false;
    if (sign == "+") {
        overflows = __builtin_add_overflow(left, right, &result);
    } else if (sign == "-") {
        overflows = __builtin_sub_overflow(left, right, &result);
    } else if (sign == "*") {
        overflows = __builtin_mul_overflow(left, right, &result);
    } else {
        if (right == 0)
            fail(at, "a division by zero", "another divisor");
        overflows = left == INT64_MIN && right == -1;
        if (!overflows) {
            // Python rounds down, C++ towards zero.
            const int64_t rest = left % right;
            const bool adjust = rest != 0 && (rest < 0) != (right < 0);
            result = sign == "//" ? left / right - (adjust ? 1 : 0) : rest + (adjust ? right : 0);
        }
    }
    if (overflows)
        limit(at, "a number above 64 bits", "smaller numbers");
    return result;
}

bool Machine::areEqual(const Value& left, const Value& right, Position at)
{
    charge(std::min(left.weight(), right.weight()), at);
    return equal(left, right);
}

bool Machine::isLess(const Value& left, const Value& right, Position at)
{
    mustBeDefined(left, at);
    mustBeDefined(right, at);
    if (left.isNumber() && right.isNumber()) {
        return left.isFloat() || right.isFloat() ? left.number() < right.number() : left.integer() < right.integer();
    }
    if (left.isText() && right.isText()) {  // in UTF-8 the order of bytes is the order of code points
        chargeComparison(left.text(), right.text(), at);
        return left.text() < right.text();
    }
    fail(at, std::string(left.typeName()) + " compared with " + right.typeName(), "two numbers or two strings");
}

bool Machine::contains(const Value& container, const Value& item, Position at)
{
    if (container.isText()) {
        if (!item.isText())
            fail(at, std::string(item.typeName()) + " looked for in a string", "a string");
        chargeSearch(container.text(), item.text(), at);
        return container.text().find(item.text()) != std::string::npos;
    }
    if (container.isDict()) {
        charge(1 + container.dict().size() / 8, at);
        return std::ranges::any_of(
            container.dict(), [&](const auto& entry) { return areEqual(entry.first, item, at); });
    }
    if (container.isList())
        return std::ranges::any_of(container.list(), [&](const Value& value) { return areEqual(value, item, at); });
    if (container.isGenerator())
        return std::ranges::any_of(items(container, at), [&](const Value& value) { return areEqual(value, item, at); });
    if (container.isUndefined())
        return false;
    fail(at, std::string("in ") + container.typeName(), "a string, a list or a mapping");
}

bool Machine::holds(const Value& left, const std::string& sign, const Value& right, Position at)
{
    if (sign == "==")
        return areEqual(left, right, at);
    if (sign == "!=")
        return !areEqual(left, right, at);
    if (sign == "in")
        return contains(right, left, at);
    if (sign == "not in")
        return !contains(right, left, at);
    if (sign == "<")
        return isLess(left, right, at);
    if (sign == ">")
        return isLess(right, left, at);
    // Not the opposite of > and <: a comparison with NaN is false either way.
    return (sign == "<=" ? isLess(left, right, at) : isLess(right, left, at)) || areEqual(left, right, at);
}

// a < b < c holds where both do; b is evaluated once.
bool Machine::compare(const Expression& expression, Scope& scope)
{
    Value left = evaluate(*expression.parts[0], scope);
    for (size_t i = 0; i < expression.signs.size(); ++i) {
        Value right = evaluate(*expression.parts[i + 1], scope);
        if (!holds(left, expression.signs[i], right, expression.at))
            return false;
        left = std::move(right);
    }
    return true;
}

CallArguments Machine::arguments(const Step& step, Scope& scope)
{
    CallArguments given;
    for (const Argument& argument : step.arguments) {
        Value value = evaluate(*argument.value, scope);
        if (argument.name.empty())
            given.positional.push_back(std::move(value));
        else
            given.named.emplace_back(argument.name, std::move(value));
    }
    return given;
}

Value Machine::steps(const Expression& expression, Scope& scope)
{
    return applySteps(evaluate(*expression.parts[0], scope), expression.steps, scope);
}

Value Machine::applySteps(Value value, const std::vector<Step>& steps, Scope& scope)
{
    for (size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        charge(1, step.at);
        switch (step.kind) {
        case Step::Kind::attribute: {
            const bool isCall = i + 1 < steps.size() && steps[i + 1].kind == Step::Kind::call;
            if (isCall && !value.isNamespace()) {
                mustBeDefined(value, step.at);
                value = callMethod(*this, value, step.name, arguments(steps[++i], scope), step.at);
            } else {
                value = attribute(value, step.name, step.at);
            }
            break;
        }
        case Step::Kind::item:
            value = item(value, evaluate(*step.arguments[0].value, scope), step.at);
            break;
        case Step::Kind::slice:
            value = slice(value, step, scope);
            break;
        case Step::Kind::call:
            value = call(value, arguments(step, scope), step.at);
            break;
        case Step::Kind::filter:
            value = applyFilter(*this, step.name, value, arguments(step, scope), step.at);
            break;
        case Step::Kind::test:
            value = applyTest(*this, step.name, value, arguments(step, scope), step.at) != step.negated;
            break;
        }
    }
    return value;
}

Value Machine::attribute(const Value& value, const std::string& name, Position at, bool isEntry)
{
    mustBeDefined(value, at);
    const Value* entry = nullptr;
    if (value.isDict()) {
        charge(1 + value.dict().size() / 8, at);
        entry = value.find(name);
    }
    if (entry != nullptr && isEntry)
        return *entry;
    if (isPythonAttribute(value, name))  // a method is true and defined; to say that it is not there would be wrong
        unsupported(at, "the method " + name + " of " + value.typeName() + " without a call (an entry of that name: [\"" + name + "\"])");
    if (entry != nullptr)
        return *entry;
    if (value.isNamespace()) {
        const auto& attributes = value.space().attributes;
        const auto found = attributes.find(name);
        if (found != attributes.end())
            return found->second;
    }
    if (value.isLoop()) {
        const auto count = int64_t(value.loop().items->items.size()), index = int64_t(value.loop().index);
        const auto& all = value.loop().items->items;
        if (name == "index" || name == "index0")
            return index + (name == "index" ? 1 : 0);
        if (name == "revindex" || name == "revindex0")
            return count - index - (name == "revindex" ? 0 : 1);
        if (name == "first" || name == "last")
            return name == "first" ? index == 0 : index + 1 == count;
        if (name == "length")
            return count;
        if (name == "depth" || name == "depth0")
            return int64_t(name == "depth" ? 1 : 0);
        if (name == "previtem" && index > 0)
            return all[size_t(index - 1)];
        if (name == "nextitem" && index + 1 < count)
            return all[size_t(index + 1)];
    }
    return Value::undefined(std::string("'") + value.typeName() + "' has no attribute '" + name + "'");
}

Value Machine::item(const Value& value, const Value& key, Position at)
{
    mustBeDefined(value, at);
    mustBeDefined(key, at);
    if (key.isText() && !value.isText() && !value.isList())
        return attribute(value, key.text(), at, true);
    if (value.isDict()) {
        charge(1 + value.dict().size() / 8, at);
        for (const auto& [name, entry] : value.dict()) {
            if (areEqual(name, key, at))
                return entry;
        }
    }
    const bool isView = value.isList() && value.listData()->isView() && !value.listData()->isRange();
    if (!isView && (value.isList() || value.isText()) && (key.isInteger() || key.isBool())) {
        if (value.isText())
            charge(1 + value.text().size() / 4, at);
        const auto letters = value.isText() ? characters(value.text()) : std::vector<std::string_view>();
        const auto count = int64_t(value.isText() ? letters.size() : value.list().size());
        const int64_t index = key.integer() < 0 ? key.integer() + count : key.integer();
        if (index >= 0 && index < count)
            return value.isText() ? Value(std::string(letters[size_t(index)])) : value.list()[size_t(index)];
    }
    return Value::undefined(std::string(value.typeName()) + " has no item " + reprOf(key).substr(0, 80));
}

Value Machine::slice(const Value& value, const Step& step, Scope& scope)
{
    mustBeDefined(value, step.at);
    std::optional<int64_t> bounds[3];
    for (size_t i = 0; i < 3; ++i) {
        if (step.arguments[i].value == nullptr)
            continue;
        const Value bound = evaluate(*step.arguments[i].value, scope);
        if (!bound.isNone())
            bounds[i] = integerOr(*this, &bound, 0, step.at);
    }
    if ((!value.isText() && !value.isList()) || (value.isList() && value.listData()->isView()))
        fail(step.at, std::string("a slice of ") + value.typeName(), "a list or a string");
    const std::vector<Value> all = items(value, step.at);
    const auto count = int64_t(all.size());
    const int64_t stride = std::clamp<int64_t>(bounds[2].value_or(1), -INT32_MAX, INT32_MAX);
    if (stride == 0)
        fail(step.at, "a slice with step 0", "another step");
    const bool backwards = stride < 0;
    const int64_t first = bounds[0] ? sliceBound(*bounds[0], count, backwards) : backwards ? count - 1 : 0;
    const int64_t last = bounds[1] ? sliceBound(*bounds[1], count, backwards) : backwards ? -1 : count;
    std::vector<Value> taken;
    for (int64_t i = first; backwards ? i > last : i < last; i += stride)
        taken.push_back(all[size_t(i)]);
    if (!value.isText())
        return newList(std::move(taken), step.at, value.listData()->isTuple);
    std::string text;
    for (const Value& letter : taken)
        text += letter.text();
    return newText(std::move(text), step.at);
}

}  // namespace rankwright::jinja
