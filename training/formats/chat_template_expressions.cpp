// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Expressions, with Jinja's precedence: inline if, or, and, not, comparison, + -, ~, * / // %, unary signs, filters.
#include "training/formats/chat_template_names.h"
#include "training/formats/chat_template_tokens.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace rankwright::jinja {

namespace {

using TokenKind = Token::Kind;
using ExpressionKind = Expression::Kind;

class ExpressionParser
{
public:
    explicit ExpressionParser(TokenStream& stream)
        : m_in(stream)
    {
    }

    ExpressionPtr tuple(bool withChoice)
    {
        const Position at = m_in.peek().at;
        ExpressionPtr first = withChoice ? expression() : either();
        if (!m_in.isSign(","))
            return first;
        ExpressionPtr node = make(ExpressionKind::tuple, at);
        node->parts.push_back(std::move(first));
        while (m_in.skipSign(",")) {
            if (m_in.peek().kind == TokenKind::blockEnd || m_in.peek().kind == TokenKind::variableEnd)
                break;
            node->parts.push_back(withChoice ? expression() : either());
        }
        return node;
    }

    ExpressionPtr expression()
    {
        const TokenStream::Nesting nesting(m_in);
        ExpressionPtr value = either();
        while (m_in.isName("if")) {
            ExpressionPtr node = make(ExpressionKind::choose, m_in.take().at);
            ++m_in.conditions;
            node->parts.push_back(std::move(value));
            node->parts.push_back(either());
            node->parts.push_back(m_in.skipName("else") ? expression() : nullptr);
            --m_in.conditions;
            value = std::move(node);
            deepen(value);
        }
        return value;
    }

    ExpressionPtr filters()
    {
        ExpressionPtr node = make(ExpressionKind::steps, m_in.peek().at);
        do
            node->steps.push_back(filter());
        while (m_in.skipSign("|"));
        return node;
    }

private:
    ExpressionPtr make(ExpressionKind kind, Position at) const
    {
        auto node = std::make_unique<Expression>();
        node->kind = kind;
        node->at = at;
        return node;
    }

    // `a if b if c ...` nests to the left without the parser nesting.
    void deepen(const ExpressionPtr& node)
    {
        int depth = 0;
        for (const Expression* at = node.get(); at->kind == ExpressionKind::choose; at = at->parts[0].get())
            ++depth;
        if (depth > limits::kTemplateDepth)
            limitAt(m_in.file(), node->at, "a long chain of inline ifs",
                std::to_string(limits::kTemplateDepth) + " levels");
    }

    template <class Operand> ExpressionPtr words(ExpressionKind kind, std::string_view word, Operand operand)
    {
        ExpressionPtr first = operand();
        if (!m_in.isName(word))
            return first;
        ExpressionPtr node = make(kind, m_in.peek().at);
        node->parts.push_back(std::move(first));
        while (m_in.skipName(word))
            node->parts.push_back(operand());
        return node;
    }
    ExpressionPtr either()
    {
        return words(ExpressionKind::either, "or", [this] { return both(); });
    }
    ExpressionPtr both()
    {
        return words(ExpressionKind::both, "and", [this] { return invert(); });
    }
    ExpressionPtr invert()
    {
        if (!m_in.isName("not"))
            return compare();
        const TokenStream::Nesting nesting(m_in);
        ExpressionPtr node = make(ExpressionKind::invert, m_in.take().at);
        node->parts.push_back(invert());
        return node;
    }

    ExpressionPtr compare()
    {
        ExpressionPtr first = sum();
        ExpressionPtr node;
        while (true) {
            std::string sign;
            const Position at = m_in.peek().at;
            constexpr std::array comparisons{"==", "!=", "<", ">", "<=", ">="};
            const bool isSign = m_in.peek().kind == TokenKind::sign;
            if (isSign && std::ranges::find(comparisons, m_in.peek().text) != comparisons.end()) {
                sign = m_in.take().text;
            } else if (m_in.skipName("in")) {
                sign = "in";
            } else if (m_in.isName("not") && m_in.isName("in", 1)) {
                m_in.take();
                m_in.take();
                sign = "not in";
            } else {
                return node != nullptr ? std::move(node) : std::move(first);
            }
            if (node == nullptr) {
                node = make(ExpressionKind::compare, at);
                node->parts.push_back(std::move(first));
            }
            node->signs.push_back(sign);
            node->parts.push_back(sum());
        }
    }

    template <class Operand>
    ExpressionPtr signs(ExpressionKind kind, const std::vector<std::string>& allowed, Operand operand)
    {
        ExpressionPtr first = operand();
        ExpressionPtr node;
        while (m_in.peek().kind == TokenKind::sign && std::ranges::find(allowed, m_in.peek().text) != allowed.end()) {
            const Token sign = m_in.take();
            if (node == nullptr) {
                node = make(kind, sign.at);
                node->parts.push_back(std::move(first));
            }
            node->signs.push_back(sign.text);
            node->parts.push_back(operand());
        }
        return node != nullptr ? std::move(node) : std::move(first);
    }
    ExpressionPtr sum()
    {
        return signs(ExpressionKind::arithmetic, {"+", "-"}, [this] { return concat(); });
    }
    ExpressionPtr concat()
    {
        return signs(ExpressionKind::concat, {"~"}, [this] { return product(); });
    }
    ExpressionPtr product()
    {
        return signs(ExpressionKind::arithmetic, {"*", "/", "//", "%"}, [this] { return unary(true); });
    }

    ExpressionPtr unary(bool withFilters)
    {
        ExpressionPtr node;
        if (m_in.isSign("-") || m_in.isSign("+")) {
            const TokenStream::Nesting nesting(m_in);
            const Token sign = m_in.take();
            node = make(sign.text == "-" ? ExpressionKind::negate : ExpressionKind::keep, sign.at);
            node->parts.push_back(unary(false));
        } else {
            node = primary();
        }
        node = steps(std::move(node), withFilters);
        if (m_in.isSign("**"))
            unsupportedAt(m_in.file(), m_in.peek().at, "the operator **");
        return node;
    }

    ExpressionPtr primary()
    {
        const Token token = m_in.take();
        ExpressionPtr node = make(ExpressionKind::constant, token.at);
        if (token.kind == TokenKind::text) {
            std::string text = token.text;
            while (m_in.peek().kind == TokenKind::text)  // neighbours are one string
                text += m_in.take().text;
            node->constant = std::move(text);
        } else if (token.kind == TokenKind::integer || token.kind == TokenKind::decimal) {
            node->constant = number(token);
        } else if (token.kind == TokenKind::name) {
            name(*node, token);
        } else if (token.kind == TokenKind::sign && token.text == "[") {
            node->kind = ExpressionKind::list;
            sequence(*node, "]");
        } else if (token.kind == TokenKind::sign && token.text == "{") {
            mapping(*node);
        } else if (token.kind == TokenKind::sign && token.text == "(") {
            return inBrackets(std::move(node));
        } else {
            m_in.back();
            m_in.failHere("a value");
        }
        return node;
    }

    Value number(const Token& token) const
    {
        const char *begin = token.text.data(), *end = begin + token.text.size();
        if (token.kind == TokenKind::decimal) {
            double value = 0;
            if (std::from_chars(begin, end, value).ec == std::errc())
                return value;
        } else {
            int64_t value = 0;
            if (std::from_chars(begin, end, value).ec == std::errc())
                return value;
        }
        limitAt(m_in.file(), token.at, "the number " + token.text.substr(0, 40), "numbers of 64 bits");
    }

    static void name(Expression& node, const Token& token)
    {
        const std::string& text = token.text;
        if (text == "true" || text == "True" || text == "false" || text == "False") {
            node.constant = text == "true" || text == "True";
        } else if (text != "none" && text != "None") {
            node.kind = ExpressionKind::name;
            node.name = text;
        }
    }

    void sequence(Expression& node, std::string_view close)
    {
        while (!m_in.isSign(close)) {
            if (!node.parts.empty()) {
                m_in.expectSign(",");
                if (m_in.isSign(close))
                    break;
            }
            node.parts.push_back(expression());
        }
        m_in.expectSign(close);
    }

    void mapping(Expression& node)
    {
        node.kind = ExpressionKind::dict;
        while (!m_in.isSign("}")) {
            if (!node.parts.empty()) {
                m_in.expectSign(",");
                if (m_in.isSign("}"))
                    break;
            }
            node.parts.push_back(expression());
            m_in.expectSign(":");
            node.parts.push_back(expression());
        }
        m_in.expectSign("}");
    }

    ExpressionPtr inBrackets(ExpressionPtr node)
    {
        node->kind = ExpressionKind::tuple;
        if (m_in.skipSign(")"))
            return node;
        ExpressionPtr first = expression();
        if (m_in.skipSign(")"))
            return first;
        node->parts.push_back(std::move(first));
        m_in.expectSign(",");
        while (!m_in.isSign(")")) {
            node->parts.push_back(expression());
            if (!m_in.isSign(")"))
                m_in.expectSign(",");
        }
        m_in.expectSign(")");
        return node;
    }

    // What follows a value.

    ExpressionPtr steps(ExpressionPtr value, bool withFilters)
    {
        std::vector<Step> list;
        bool filtered = false;  // after a filter or a test only calls and further ones may follow, as in Jinja
        while (true) {
            const Position at = m_in.peek().at;
            if (!filtered && m_in.skipSign(".")) {
                list.push_back(attribute(at));
            } else if (!filtered && m_in.skipSign("[")) {
                list.push_back(subscript(at));
            } else if (m_in.isSign("(")) {
                Step step;
                step.kind = Step::Kind::call;
                step.at = at;
                step.arguments = arguments();
                list.push_back(std::move(step));
            } else if (withFilters && m_in.skipSign("|")) {
                list.push_back(filter());
                filtered = true;
            } else if (withFilters && m_in.skipName("is")) {
                list.push_back(test());
                filtered = true;
            } else {
                break;
            }
        }
        if (list.empty())
            return value;
        ExpressionPtr node = make(ExpressionKind::steps, value->at);
        node->parts.push_back(std::move(value));
        node->steps = std::move(list);
        return node;
    }

    Step attribute(Position at)
    {
        Step step;
        step.at = at;
        if (m_in.peek().kind == TokenKind::integer) {
            const Token token = m_in.take();
            step.kind = Step::Kind::item;
            Argument index;
            index.value = make(ExpressionKind::constant, token.at);
            index.value->constant = number(token);
            step.arguments.push_back(std::move(index));
            return step;
        }
        step.name = m_in.expectName("an attribute").text;
        return step;
    }

    Step subscript(Position at)
    {
        Step step;
        step.kind = Step::Kind::item;
        step.at = at;
        step.arguments.resize(1);
        if (!m_in.isSign(":"))
            step.arguments[0].value = expression();
        while (m_in.isSign(":") && step.arguments.size() < 3) {
            m_in.take();
            step.kind = Step::Kind::slice;
            step.arguments.emplace_back();
            if (!m_in.isSign(":") && !m_in.isSign("]"))
                step.arguments.back().value = expression();
        }
        if (step.kind == Step::Kind::slice)
            step.arguments.resize(3);
        m_in.expectSign("]");
        return step;
    }

    std::vector<Argument> arguments()
    {
        m_in.expectSign("(");
        std::vector<Argument> list;
        while (!m_in.isSign(")")) {
            if (!list.empty()) {
                m_in.expectSign(",");
                if (m_in.isSign(")"))
                    break;
            }
            if (m_in.isSign("*") || m_in.isSign("**"))
                unsupportedAt(m_in.file(), m_in.peek().at, "unpacking of arguments");
            Argument argument;
            if (m_in.peek().kind == TokenKind::name && m_in.isSign("=", 1)) {
                argument.name = m_in.take().text;
                m_in.take();
            } else if (!list.empty() && !list.back().name.empty()) {
                m_in.failHere("arguments by position before those by name");
            }
            argument.value = expression();
            list.push_back(std::move(argument));
        }
        m_in.expectSign(")");
        return list;
    }

    Step filter()
    {
        const Token name = m_in.expectName("a filter's name");
        Step step;
        step.kind = Step::Kind::filter;
        step.at = name.at;
        step.name = name.text;
        // Where it may never be reached an unknown filter is left for the run to report, as Jinja does.
        if (!isFilter(name.text) && m_in.conditions == 0)
            unsupportedAt(m_in.file(), name.at, "the filter \"" + name.text + "\"");
        if (m_in.isSign("("))
            step.arguments = arguments();
        return step;
    }

    Step test()
    {
        Step step;
        step.kind = Step::Kind::test;
        step.negated = m_in.skipName("not");
        const Token name = m_in.expectName("a test's name");
        step.at = name.at;
        step.name = name.text;
        if (!isTest(name.text) && m_in.conditions == 0)
            unsupportedAt(m_in.file(), name.at, "the test \"" + name.text + "\"");
        if (m_in.isSign("(")) {
            step.arguments = arguments();
            return step;
        }
        const TokenKind kind = m_in.peek().kind;
        for (const char* word : {"if", "in", "not"}) {  // Jinja takes these for the test's argument and fails
            if (m_in.isName(word))
                m_in.failHere("and, or, else, or brackets around the test");
        }
        constexpr std::array words{"else", "or", "and"};
        const bool isWord = kind == TokenKind::name && std::ranges::find(words, m_in.peek().text) != words.end();
        const bool isValue = kind == TokenKind::text || kind == TokenKind::integer || kind == TokenKind::decimal
            || m_in.isSign("[") || m_in.isSign("{") || (kind == TokenKind::name && !isWord);
        if (!isValue)
            return step;
        if (m_in.isName("is"))
            m_in.failHere("one test only");
        Argument argument;
        argument.value = steps(primary(), false);
        step.arguments.push_back(std::move(argument));
        return step;
    }

    TokenStream& m_in;
};

}  // namespace

ExpressionPtr parseExpression(TokenStream& stream) { return ExpressionParser(stream).expression(); }

ExpressionPtr parseTuple(TokenStream& stream, bool withChoice) { return ExpressionParser(stream).tuple(withChoice); }

ExpressionPtr parseFilters(TokenStream& stream) { return ExpressionParser(stream).filters(); }

}  // namespace rankwright::jinja
