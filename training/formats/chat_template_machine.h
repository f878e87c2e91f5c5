// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Runs a parsed chat template. Every step costs fuel, in proportion to what it may allocate; nesting and output are
// limited (limits.h). Nothing outside the template's values can be reached.
#pragma once

#include "training/formats/chat_template_syntax.h"

#include <functional>

namespace rankwright::jinja {

struct Scope
{
    std::map<std::string, Value, std::less<>> values;
    Scope* parent = nullptr;
};

// The arguments of a call, a filter or a test.
struct CallArguments
{
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
};

// Nested evaluations: enough for the deepest tree inside a few macros, small against a thread's stack.
inline constexpr int kMostNested = 1000;

class Machine
{
public:
    explicit Machine(std::filesystem::path file, const TemplateDate& date = {})
        : m_file(std::move(file))
        , m_date(date)
    {
    }
    // Throws Error{data} for raise_exception, {format} for a mistake of the template, {unsupported}, {limit}.
    std::string run(const std::vector<Statement>& program, Scope& root);

    // For filters, tests and methods:
    void charge(uint64_t fuel, Position at);
    // Looking for one text in another: the longest it can take.
    void chargeSearch(std::string_view text, std::string_view part, Position at);
    // Taking characters off a text's ends: each can be compared with each of the unwanted ones.
    void chargeStrip(std::string_view text, std::string_view unwanted, Position at);
    // Comparing two texts: as far as the shorter goes.
    void chargeComparison(std::string_view left, std::string_view right, Position at);
    Value newText(std::string text, Position at);
    Value newList(std::vector<Value> items, Position at, bool isTuple = false);
    Value newGenerator(std::vector<Value> items, Position at);
    Value newDict(std::vector<std::pair<Value, Value>> items, Position at);
    // str() of a value, paid for.
    std::string written(const Value& value, Position at);
    // The items that iterating over a value gives; throws for what cannot be iterated over.
    std::vector<Value> items(const Value& value, Position at);
    Value added(const Value& left, const Value& right, Position at) { return combine(left, "+", right, at); }
    bool areEqual(const Value& left, const Value& right, Position at);
    bool isLess(const Value& left, const Value& right, Position at);
    bool contains(const Value& container, const Value& item, Position at);
    // value.name, where a method comes before an entry, and value["name"] (isEntry), where it is the other way round.
    Value attribute(const Value& value, const std::string& name, Position at, bool isEntry = false);
    Value item(const Value& value, const Value& key, Position at);
    [[noreturn]] void fail(Position at, std::string found, std::string allowed) const;
    [[noreturn]] void unsupported(Position at, std::string what) const;
    [[noreturn]] void limit(Position at, std::string found, std::string allowed) const;
    void mustBeDefined(const Value& value, Position at) const;

private:
    enum class Flow { on, leave, next };
    class Nesting;

    Flow execute(const std::vector<Statement>& statements, Scope& scope, std::string& out);
    Flow executeOne(const Statement& statement, Scope& scope, std::string& out);
    Flow loop(const Statement& statement, Scope& scope, std::string& out);
    Flow filtered(const Statement& statement, Scope& scope, std::string& out);
    Flow with(const Statement& statement, Scope& scope, std::string& out);
    void callBlock(const Statement& statement, Scope& scope, std::string& out);
    Flow branch(const Statement& statement, Scope& scope, std::string& out);
    void assign(const Statement& statement, Scope& scope);
    void unpack(const Statement& statement, const Value& value, Scope& scope);
    void emit(std::string& out, std::string_view text, Position at);

    Value evaluate(const Expression& expression, Scope& scope);
    Value lookUp(const Expression& expression, const Scope& scope);
    Value container(const Expression& expression, Scope& scope);
    Value arithmetic(const Expression& expression, Scope& scope);
    Value combine(const Value& left, const std::string& sign, const Value& right, Position at);
    Value combineIntegers(int64_t left, const std::string& sign, int64_t right, Position at);
    bool compare(const Expression& expression, Scope& scope);
    bool holds(const Value& left, const std::string& sign, const Value& right, Position at);
    Value steps(const Expression& expression, Scope& scope);
    // The chain of attributes, calls and filters after a value.
    Value applySteps(Value value, const std::vector<Step>& steps, Scope& scope);
    Value slice(const Value& value, const Step& step, Scope& scope);
    CallArguments arguments(const Step& step, Scope& scope);
    Value call(const Value& callee, const CallArguments& arguments, Position at);
    // Runs the body of a macro or of a call block below `outer`; `caller` is what {% call %} hands over, or undefined.
    Value callMacro(const Statement& macro, Scope* outer, const CallArguments& arguments, const Value& caller, Position at);
    Value callFunction(Function function, const CallArguments& arguments, Position at);
    Value range(const CallArguments& arguments, Position at);

    std::filesystem::path m_file;
    TemplateDate m_date;
    Scope* m_root = nullptr;
    uint64_t m_fuel = 0;
    int m_depth = 0, m_macros = 0;
};

// Each throws Error{unsupported} for a name that it does not know.
Value applyFilter(Machine& machine, const std::string& name, const Value& input, const CallArguments& arguments,
    Position at);
bool applyTest(Machine& machine, const std::string& name, const Value& input, const CallArguments& arguments,
    Position at);
Value callMethod(Machine& machine, const Value& self, const std::string& name, const CallArguments& arguments,
    Position at);

// Whether values of this type have, in Python, an attribute of that name that templates may reach.
bool isPythonAttribute(const Value& self, std::string_view name);

// The arguments in the order of `parameters`, null where one is not given. Throws for unknown or surplus ones.
std::vector<const Value*> bindArguments(const Machine& machine, std::string_view callee,
    const std::vector<std::string_view>& parameters, const CallArguments& arguments, Position at);
// An integer argument or `fallback`.
int64_t integerOr(const Machine& machine, const Value* value, int64_t fallback, Position at);
const std::string& textOrFail(const Machine& machine, const Value* value, const char* what, Position at);

}  // namespace rankwright::jinja
