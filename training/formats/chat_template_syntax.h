// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A chat template as a tree. Chains of operators, attributes, calls and filters are flat lists, so that the tree is no
// deeper than the source's nesting, which the parser limits.
#pragma once

#include "training/formats/chat_template_value.h"

namespace rankwright::jinja {

struct Token
{
    enum class Kind { data, variableBegin, variableEnd, blockBegin, blockEnd, name, text, integer, decimal, sign, end };
    Kind kind = Kind::end;
    std::string text;  // data, names, digits, operators; string literals with their escapes resolved
    Position at;
};

// Splits a template, with trim_blocks and lstrip_blocks on, as Hugging Face renders chat templates.
std::vector<Token> tokenise(const std::string& source, const std::filesystem::path& file);

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Argument
{
    std::string name;  // empty: by position
    ExpressionPtr value;
};

// What follows a value: .name, [item], [a:b:c], (arguments), |filter, is test.
struct Step
{
    enum class Kind { attribute, item, slice, call, filter, test };
    Kind kind = Kind::attribute;
    Position at;
    std::string name;
    bool negated = false;             // is not
    std::vector<Argument> arguments;  // of item: one; of slice: three, null where left out
};

struct Expression
{
    enum class Kind {
        constant, name, list, tuple, dict, arithmetic, concat, compare, both, either, negate, keep, invert,
        choose, steps
    };
    Kind kind = Kind::constant;
    Position at;
    Value constant;
    std::string name;
    // Operands; of dict: key, value, key, value ...; of choose: value, condition, other (null where left out).
    std::vector<ExpressionPtr> parts;
    std::vector<std::string> signs;   // between the operands of arithmetic and compare
    std::vector<Step> steps;          // applied to parts[0]
};

struct Parameter
{
    std::string name;
    ExpressionPtr fallback;  // null: none
};

struct Statement
{
    enum class Kind {
        text, output, loop, branch, assign, capture, macro, group, leave, next, filtered, with, callBlock
    };
    Kind kind = Kind::text;
    Position at;
    std::string text;                    // of text; the name of a macro
    std::vector<std::string> targets;    // of loop and assign: names; of capture: one
    std::string attribute;               // assign to targets[0].attribute of a namespace
    // condition: a loop's `if`, a branch's test; value of capture and filtered: the filters, as steps after nothing.
    ExpressionPtr value, condition;
    std::vector<Statement> body, otherwise;  // otherwise: a loop's else, a branch's elif (one branch) or else
    std::vector<Parameter> parameters;   // of macro and callBlock; of with: the names with their values
};

// Throws Error{format} with line:column, Error{unsupported} naming what this interpreter leaves out, Error{limit}.
std::vector<Statement> parse(const std::string& source, const std::filesystem::path& file);

[[noreturn]] void failAt(const std::filesystem::path& file, Position at, std::string found, std::string allowed);
[[noreturn]] void unsupportedAt(const std::filesystem::path& file, Position at, std::string found);
[[noreturn]] void limitAt(const std::filesystem::path& file, Position at, std::string found, std::string allowed);

}  // namespace rankwright::jinja
