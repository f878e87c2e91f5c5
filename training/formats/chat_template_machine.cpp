// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Statements of chat templates, and what every value costs.
#include "training/formats/chat_template_machine.h"

#include "training/api/error.h"
#include "training/formats/limits.h"

#include <algorithm>

namespace rankwright::jinja {

namespace {

// Weight of one list or mapping: 2 M units are 32 MiB of text.
constexpr uint64_t kMostWeight = 2'000'000;

}  // namespace

class Machine::Nesting
{
public:
    Nesting(Machine& machine, Position at)
        : m_machine(machine)
    {
        if (m_machine.m_depth >= kMostNested)
            m_machine.limit(at, "evaluation nested too deeply", std::to_string(kMostNested) + " levels");
        ++m_machine.m_depth;
    }
    ~Nesting() { --m_machine.m_depth; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

private:
    Machine& m_machine;
};

std::string Machine::run(const std::vector<Statement>& program, Scope& root)
{
    m_root = &root;
    m_fuel = limits::kTemplateFuel;
    std::string out;
    execute(program, root, out);
    return out;
}

void Machine::charge(uint64_t fuel, Position at)
{
    if (fuel > m_fuel)
        limit(at, "a template that does too much", std::to_string(limits::kTemplateFuel) + " steps");
    m_fuel -= fuel;
}

void Machine::chargeStrip(std::string_view text, std::string_view unwanted, Position at)
{
    charge((1 + text.size() / 16) * (1 + unwanted.size() / 16), at);
}

void Machine::chargeComparison(std::string_view left, std::string_view right, Position at)
{
    charge(1 + std::min(left.size(), right.size()) / 16, at);
}

void Machine::chargeSearch(std::string_view text, std::string_view part, Position at)
{
    charge((1 + text.size() / 16) * (1 + std::min(part.size(), text.size()) / 16), at);
}

Value Machine::newText(std::string text, Position at)
{
    if (text.size() > limits::kTemplateOutput)
        limit(at, "a text of " + std::to_string(text.size()) + " bytes",
            std::to_string(limits::kTemplateOutput) + " bytes");
    charge(1 + text.size() / 16, at);
    return text;
}

Value Machine::newList(std::vector<Value> items, Position at, bool isTuple)
{
    for (const Value& value : items) {
        if (!value.canBeStored())
            unsupported(at, std::string(value.typeName()) + " inside a list");
    }
    charge(1 + items.size(), at);
    Value list = makeList(std::move(items), isTuple);
    if (list.depth() > limits::kTemplateDepth || list.weight() > kMostWeight)
        limit(at, "a list too deep or too large", std::to_string(limits::kTemplateDepth) + " levels");
    return list;
}

Value Machine::newGenerator(std::vector<Value> items, Position at)
{
    charge(1 + items.size(), at);
    auto data = std::make_shared<GeneratorData>();
    for (const Value& item : items)
        data->weight += item.weight();
    data->items = std::move(items);
    return Value::Generator(std::move(data));
}

Value Machine::newDict(std::vector<std::pair<Value, Value>> items, Position at)
{
    for (const auto& [key, value] : items) {
        if (key.isDict() || (key.isList() && !key.listData()->isTuple) || !key.canBeStored())
            fail(at, std::string("a key that is ") + key.typeName(), "a string or a number");
        if (!value.canBeStored())
            unsupported(at, std::string(value.typeName()) + " inside a mapping");
        charge(2 + key.weight(), at);
    }
    Value dict = makeDict(std::move(items));
    if (dict.depth() > limits::kTemplateDepth || dict.weight() > kMostWeight)
        limit(at, "a mapping too deep or too large", std::to_string(limits::kTemplateDepth) + " levels");
    return dict;
}

std::string Machine::written(const Value& value, Position at)
{
    if (value.isGenerator())
        unsupported(at, "an iterator as text (the filter list makes a list of it)");
    if (!value.canBeStored())
        unsupported(at, std::string(value.typeName()) + " as text");
    charge(value.weight(), at);
    return textOf(value);
}

void Machine::fail(Position at, std::string found, std::string allowed) const
{
    failAt(m_file, at, std::move(found), std::move(allowed));
}

void Machine::unsupported(Position at, std::string what) const { unsupportedAt(m_file, at, std::move(what)); }

void Machine::limit(Position at, std::string found, std::string allowed) const
{
    limitAt(m_file, at, std::move(found), std::move(allowed));
}

void Machine::mustBeDefined(const Value& value, Position at) const
{
    if (value.isUndefined())
        fail(at, value.missing(), "a value");
}

std::vector<Value> Machine::items(const Value& value, Position at)
{
    if (value.isList()) {
        charge(1 + value.list().size() / 8, at);
        return value.list();
    }
    if (value.isGenerator()) {
        if (std::exchange(value.generator().isUsed, true))
            unsupported(at, "an iterator that is used twice");
        charge(1 + value.generator().items.size() / 8, at);
        return value.generator().items;
    }
    std::vector<Value> result;
    if (value.isDict()) {
        charge(1 + value.dict().size() / 8, at);
        for (const auto& [key, unused] : value.dict())
            result.push_back(key);
    } else if (value.isText()) {
        charge(1 + value.text().size() * 4, at);
        for (const std::string_view character : characters(value.text()))
            result.emplace_back(std::string(character));
    } else if (!value.isUndefined()) {
        fail(at, std::string(value.typeName()) + ", which has no items", "a list, a mapping or a string");
    }
    return result;
}

void Machine::emit(std::string& out, std::string_view text, Position at)
{
    if (out.size() + text.size() > limits::kTemplateOutput)
        limit(at, "output above " + std::to_string(limits::kTemplateOutput) + " bytes", "shorter output");
    out += text;
}

Machine::Flow Machine::execute(const std::vector<Statement>& statements, Scope& scope, std::string& out)
{
    for (const Statement& statement : statements) {
        const Flow flow = executeOne(statement, scope, out);
        if (flow != Flow::on)
            return flow;
    }
    return Flow::on;
}

Machine::Flow Machine::executeOne(const Statement& statement, Scope& scope, std::string& out)
{
    const Nesting nesting(*this, statement.at);
    charge(1, statement.at);
    switch (statement.kind) {
    case Statement::Kind::text:
        emit(out, statement.text, statement.at);
        break;
    case Statement::Kind::output:
        emit(out, written(evaluate(*statement.value, scope), statement.at), statement.at);
        break;
    case Statement::Kind::loop:
        return loop(statement, scope, out);
    case Statement::Kind::branch:
        return branch(statement, scope, out);
    case Statement::Kind::assign:
        assign(statement, scope);
        break;
    case Statement::Kind::capture: {
        std::string captured;
        Scope inner{.values = {}, .parent = &scope};
        const Flow flow = execute(statement.body, inner, captured);
        Value text = newText(std::move(captured), statement.at);
        if (statement.value != nullptr)
            text = applySteps(std::move(text), statement.value->steps, scope);
        unpack(statement, text, scope);
        return flow;
    }
    case Statement::Kind::filtered:
        return filtered(statement, scope, out);
    case Statement::Kind::with:
        return with(statement, scope, out);
    case Statement::Kind::callBlock:
        callBlock(statement, scope, out);
        break;
    case Statement::Kind::macro:
        if (&scope != m_root)
            unsupported(statement.at, "a macro inside a loop, a macro or a block");
        scope.values[statement.text] = Value(&statement);
        break;
    case Statement::Kind::group:
        return execute(statement.body, scope, out);
    case Statement::Kind::leave:
        return Flow::leave;
    case Statement::Kind::next:
        return Flow::next;
    }
    return Flow::on;
}

Machine::Flow Machine::filtered(const Statement& statement, Scope& scope, std::string& out)
{
    std::string captured;
    Scope inner{.values = {}, .parent = &scope};
    const Flow flow = execute(statement.body, inner, captured);
    const Value text = applySteps(newText(std::move(captured), statement.at), statement.value->steps, scope);
    emit(out, written(text, statement.at), statement.at);
    return flow;
}

// The values are computed outside: one does not see the names before it.
Machine::Flow Machine::with(const Statement& statement, Scope& scope, std::string& out)
{
    Scope inner{.values = {}, .parent = &scope};
    for (const Parameter& parameter : statement.parameters)
        inner.values[parameter.name] = evaluate(*parameter.fallback, scope);
    return execute(statement.body, inner, out);
}

void Machine::callBlock(const Statement& statement, Scope& scope, std::string& out)
{
    const Value caller(std::make_shared<const CallerData>(CallerData{&statement, &scope}));
    const Expression& expression = *statement.value;
    const Step& last = expression.steps.back();
    if (expression.steps.size() != 1 || last.kind != Step::Kind::call)
        unsupported(statement.at, "a call block of something else than a macro");
    const Value callee = evaluate(*expression.parts[0], scope);
    if (!callee.isMacro())
        unsupported(statement.at, std::string("a call block of ") + callee.typeName());
    const Value text = callMacro(callee.macro(), m_root, arguments(last, scope), caller, last.at);
    emit(out, written(text, statement.at), statement.at);
}

Machine::Flow Machine::branch(const Statement& statement, Scope& scope, std::string& out)
{
    for (const Statement& candidate : statement.body) {
        if (evaluate(*candidate.condition, scope).truth())
            return execute(candidate.body, scope, out);
    }
    return execute(statement.otherwise, scope, out);
}

Machine::Flow Machine::loop(const Statement& statement, Scope& scope, std::string& out)
{
    const Value over = evaluate(*statement.value, scope);
    std::vector<Value> all = items(over, statement.at);
    if (statement.condition != nullptr) {
        std::vector<Value> kept;
        for (Value& value : all) {
            Scope inner{.values = {}, .parent = &scope};
            unpack(statement, value, inner);
            if (evaluate(*statement.condition, inner).truth())
                kept.push_back(std::move(value));
        }
        all = std::move(kept);
    }
    if (all.empty())
        return execute(statement.otherwise, scope, out);
    const auto list = std::make_shared<ListData>();
    list->items = std::move(all);
    for (size_t index = 0; index < list->items.size(); ++index) {
        charge(1, statement.at);
        Scope inner{.values = {}, .parent = &scope};
        inner.values["loop"] = Value(std::make_shared<const LoopData>(LoopData{list, index}));
        unpack(statement, list->items[index], inner);
        if (execute(statement.body, inner, out) == Flow::leave)
            break;
    }
    return Flow::on;
}

void Machine::unpack(const Statement& statement, const Value& value, Scope& scope)
{
    if (statement.targets.size() == 1) {
        scope.values[statement.targets.front()] = value;
        return;
    }
    const std::vector<Value> parts = items(value, statement.at);
    if (parts.size() != statement.targets.size())
        fail(statement.at, std::to_string(parts.size()) + " values for " + std::to_string(statement.targets.size())
                + " names", "as many values as names");
    for (size_t i = 0; i < parts.size(); ++i)
        scope.values[statement.targets[i]] = parts[i];
}

void Machine::assign(const Statement& statement, Scope& scope)
{
    Value value = evaluate(*statement.value, scope);
    if (statement.attribute.empty()) {
        unpack(statement, value, scope);
        return;
    }
    const std::string& name = statement.targets.front();
    for (Scope* at = &scope; at != nullptr; at = at->parent) {
        const auto found = at->values.find(name);
        if (found == at->values.end())
            continue;
        if (!found->second.isNamespace())
            break;
        if (!value.canBeStored())
            unsupported(statement.at, std::string(value.typeName()) + " inside a namespace");
        found->second.space().attributes[statement.attribute] = std::move(value);
        return;
    }
    fail(statement.at, name + "." + statement.attribute + " is set, but " + name + " is no namespace",
        "a namespace made with namespace()");
}

Value Machine::call(const Value& callee, const CallArguments& arguments, Position at)
{
    mustBeDefined(callee, at);
    if (callee.isMacro())
        return callMacro(callee.macro(), m_root, arguments, Value::undefined("'caller' is undefined"), at);
    if (callee.isCaller())
        return callMacro(*callee.caller().block, callee.caller().scope, arguments, Value::undefined("'caller' is undefined"), at);
    if (callee.isFunction())
        return callFunction(callee.function(), arguments, at);
    fail(at, std::string(callee.typeName()) + " that is called", "a macro or a function");
}

Value Machine::callMacro(const Statement& macro, Scope* outer, const CallArguments& arguments, const Value& caller, Position at)
{
    if (m_macros >= limits::kTemplateDepth)
        limit(at, "the macro " + macro.text + " called inside itself",
            std::to_string(limits::kTemplateDepth) + " levels");
    std::vector<std::string_view> names;
    for (const Parameter& parameter : macro.parameters)
        names.emplace_back(parameter.name);
    const std::vector<const Value*> given = bindArguments(*this, macro.text, names, arguments, at);
    Scope inner{.values = {}, .parent = outer};
    if (macro.kind == Statement::Kind::macro)
        inner.values["caller"] = caller;
    for (size_t i = 0; i < given.size(); ++i) {
        const Parameter& parameter = macro.parameters[i];
        if (given[i] != nullptr)
            inner.values[parameter.name] = *given[i];
        else if (parameter.fallback != nullptr)
            inner.values[parameter.name] = evaluate(*parameter.fallback, inner);
        else
            inner.values[parameter.name] = Value::undefined("parameter '" + parameter.name + "' was not provided");
    }
    ++m_macros;
    std::string out;
    execute(macro.body, inner, out);
    --m_macros;
    return newText(std::move(out), at);
}

Value Machine::callFunction(Function function, const CallArguments& arguments, Position at)
{
    if (function == Function::range)
        return range(arguments, at);
    if (function == Function::raiseException) {
        const Value* message = bindArguments(*this, "raise_exception", {"message"}, arguments, at)[0];
        throw Error{ErrorParts{.code = Code::data,
            .file = m_file,
            .place = "chat template, line " + std::to_string(at.line) + ":" + std::to_string(at.column),
            .found = "the template refuses the conversation: "
                + (message == nullptr ? std::string() : written(*message, at).substr(0, 2000)),
            .allowed = "a conversation as the model's makers meant it",
            .advice = "Change the conversation's roles or their order, or choose another template."}};
    }
    if (function == Function::strftimeNow) {
        const std::string& format
            = textOrFail(*this, bindArguments(*this, "strftime_now", {"format"}, arguments, at)[0], "a format of dates", at);
        charge(1 + format.size(), at);
        const auto date = formattedDate(m_date, format);
        if (!date)
            unsupported(at, "the date format \"" + format.substr(0, 80) + "\"");
        return newText(*date, at);
    }
    std::vector<std::pair<Value, Value>> entries;
    for (const Value& value : arguments.positional) {
        if (!value.isDict())
            fail(at, std::string(value.typeName()) + " as an argument", "a mapping, or arguments by name");
        entries.insert(entries.end(), value.dict().begin(), value.dict().end());
    }
    for (const auto& [name, value] : arguments.named)
        entries.emplace_back(Value(name), value);
    if (function == Function::dict)
        return newDict(std::move(entries), at);
    auto space = std::make_shared<NamespaceData>();
    for (auto& [name, value] : entries) {
        if (!name.isText() || !value.canBeStored())
            unsupported(at, std::string(value.typeName()) + " inside a namespace");
        space->attributes[name.text()] = std::move(value);
    }
    charge(1 + entries.size(), at);
    return Value(std::move(space));
}

Value Machine::range(const CallArguments& arguments, Position at)
{
    const auto given = bindArguments(*this, "range", {"start", "stop", "step"}, arguments, at);
    if (given[0] == nullptr)
        fail(at, "range without an argument", "range(stop) or range(start, stop, step)");
    const bool onlyStop = given[1] == nullptr;
    const int64_t first = onlyStop ? 0 : integerOr(*this, given[0], 0, at);
    const int64_t last = integerOr(*this, onlyStop ? given[0] : given[1], 0, at);
    const int64_t step = integerOr(*this, given[2], 1, at);
    constexpr size_t kMostRange = 100'000;
    if (step == 0)
        fail(at, "range with step 0", "another step");
    std::vector<Value> numbers;
    for (int64_t number = first; step > 0 ? number < last : number > last;) {
        if (numbers.size() >= kMostRange)
            limit(at, "a range of more than " + std::to_string(kMostRange) + " numbers",
                std::to_string(kMostRange) + " numbers");
        numbers.emplace_back(number);
        if (__builtin_add_overflow(number, step, &number))
            break;
    }
    charge(1 + numbers.size(), at);
    std::string text = "range(" + std::to_string(first) + ", " + std::to_string(last);
    text += step == 1 ? ")" : ", " + std::to_string(step) + ")";
    return makeView(std::move(numbers), std::move(text));
}

std::vector<const Value*> bindArguments(const Machine& machine, std::string_view callee,
    const std::vector<std::string_view>& parameters, const CallArguments& arguments, Position at)
{
    if (arguments.positional.size() > parameters.size())
        machine.fail(at, std::to_string(arguments.positional.size()) + " arguments of " + std::string(callee),
            "at most " + std::to_string(parameters.size()));
    std::vector<const Value*> bound(parameters.size(), nullptr);
    for (size_t i = 0; i < arguments.positional.size(); ++i)
        bound[i] = &arguments.positional[i];
    for (const auto& [name, value] : arguments.named) {
        const auto place = std::ranges::find(parameters, name);
        if (place == parameters.end() || bound[size_t(place - parameters.begin())] != nullptr)
            machine.fail(at, "the argument " + name + " of " + std::string(callee), "the arguments it has, each once");
        bound[size_t(place - parameters.begin())] = &value;
    }
    return bound;
}

int64_t integerOr(const Machine& machine, const Value* value, int64_t fallback, Position at)
{
    if (value == nullptr || value->isNone())
        return fallback;
    machine.mustBeDefined(*value, at);
    if (!value->isInteger() && !value->isBool())
        machine.fail(at, value->typeName(), "an integer");
    return value->integer();
}

const std::string& textOrFail(const Machine& machine, const Value* value, const char* what, Position at)
{
    if (value != nullptr)
        machine.mustBeDefined(*value, at);
    if (value == nullptr || !value->isText())
        machine.fail(at, value == nullptr ? "nothing" : value->typeName(), std::string("a string as ") + what);
    return value->text();
}

}  // namespace rankwright::jinja
