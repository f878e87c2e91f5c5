// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Statements: for, if, set, macro, call, filter, with, generation, break, continue, and what is refused.
#include "training/formats/chat_template_tokens.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>

namespace rankwright::jinja {

namespace {

class Parser
{
public:
    Parser(std::vector<Token> tokens, const std::filesystem::path& file)
        : m_in(std::move(tokens), file)
    {
    }

    std::vector<Statement> run()
    {
        std::string end;
        return block({}, end);
    }

private:
    // Statements up to a tag whose name is in `ends`; the tag's name is taken and put into `end`.
    std::vector<Statement> block(const std::vector<std::string>& ends, std::string& end)
    {
        const TokenStream::Nesting nesting(m_in);
        const Position start = m_in.peek().at;
        std::vector<Statement> statements;
        while (true) {
            const Token token = m_in.take();
            if (token.kind == Token::Kind::end) {
                if (ends.empty())
                    return statements;
                failAt(m_in.file(), start, "a block without an end", ends.back());
            }
            if (token.kind == Token::Kind::data) {
                Statement statement;
                statement.at = token.at;
                statement.text = token.text;
                statements.push_back(std::move(statement));
            } else if (token.kind == Token::Kind::variableBegin) {
                Statement statement;
                statement.kind = Statement::Kind::output;
                statement.at = token.at;
                statement.value = parseTuple(m_in, true);
                if (m_in.peek().kind != Token::Kind::variableEnd)
                    m_in.failHere("}}");
                m_in.take();
                statements.push_back(std::move(statement));
            } else {
                const Token name = m_in.expectName("the name of a tag");
                if (std::ranges::find(ends, name.text) != ends.end()) {
                    end = name.text;
                    return statements;
                }
                statements.push_back(tag(name));
            }
        }
    }

    Statement tag(const Token& name)
    {
        Statement statement;
        statement.at = name.at;
        // Only directly inside an `if` may unknown filters wait for the run; another block around them ends that, as in Jinja.
        const int conditions = m_in.conditions;
        if (name.text == "for")
            forTag(statement);
        else if (name.text == "if")
            ifTag(statement);
        else if (name.text == "set")
            setTag(statement);
        else if (name.text == "macro")
            macroTag(statement);
        else if (name.text == "generation")
            groupTag(statement);
        else if (name.text == "filter")
            filterTag(statement);
        else if (name.text == "with")
            withTag(statement);
        else if (name.text == "call")
            callTag(statement);
        else if (name.text == "break" || name.text == "continue")
            leaveTag(statement, name);
        else if (isKnownTag(name.text))
            unsupportedAt(m_in.file(), name.at, "the tag \"" + name.text + "\"");
        else
            failAt(m_in.file(), name.at, "the tag \"" + name.text + "\"", "for, if, set, macro, call, filter, with, and their ends");
        m_in.conditions = conditions;
        return statement;
    }

    static bool isKnownTag(const std::string& name)
    {
        constexpr std::array known{"include", "import", "from", "extends", "block", "do", "autoescape", "trans", "debug"};
        return std::ranges::find(known, name) != known.end();
    }

    void endTag(const char* name, std::vector<Statement>& body)
    {
        std::string end;
        const int conditions = std::exchange(m_in.conditions, std::string_view(name) == "endif" ? m_in.conditions : 0);
        body = block({name}, end);
        m_in.conditions = conditions;
        m_in.expectBlockEnd();
    }

    void forTag(Statement& statement)
    {
        statement.kind = Statement::Kind::loop;
        statement.targets = names();
        if (!m_in.skipName("in"))
            m_in.failHere("in");
        statement.value = parseTuple(m_in, false);
        m_in.conditions = 0;
        if (m_in.skipName("if"))
            statement.condition = parseExpression(m_in);
        if (m_in.isName("recursive"))
            unsupportedAt(m_in.file(), m_in.peek().at, "a recursive loop");
        m_in.expectBlockEnd();
        std::string end;
        ++m_loops;
        statement.body = block({"else", "endfor"}, end);
        --m_loops;
        m_in.expectBlockEnd();
        if (end == "else")
            endTag("endfor", statement.otherwise);
    }

    // if, elif ... become one branch statement in the `otherwise` of the one before, built from the last to the first,
    // so that a thousand elifs do not nest the parser.
    void ifTag(Statement& statement)
    {
        ++m_in.conditions;
        std::vector<Statement> branches;
        std::vector<Statement> last;
        std::string end = "elif";
        Position at = statement.at;
        while (end == "elif") {
            Statement branch;
            branch.kind = Statement::Kind::branch;
            branch.at = at;
            branch.condition = parseTuple(m_in, false);
            m_in.expectBlockEnd();
            branch.body = block({"elif", "else", "endif"}, end);
            at = m_in.peek().at;
            branches.push_back(std::move(branch));
        }
        m_in.expectBlockEnd();
        if (end == "else")
            endTag("endif", last);
        --m_in.conditions;
        // A flat list: the first branch whose condition holds wins, `otherwise` of the statement is the else.
        statement.kind = Statement::Kind::branch;
        statement.body = std::move(branches);
        statement.otherwise = std::move(last);
    }

    void setTag(Statement& statement)
    {
        statement.targets = names();
        if (statement.targets.size() == 1 && m_in.skipSign("."))
            statement.attribute = m_in.expectName("an attribute").text;
        if (m_in.skipSign("=")) {
            statement.kind = Statement::Kind::assign;
            statement.value = parseTuple(m_in, true);
            m_in.expectBlockEnd();
            return;
        }
        if (m_in.skipSign("|"))
            statement.value = parseFilters(m_in);
        statement.kind = Statement::Kind::capture;
        m_in.expectBlockEnd();
        endTag("endset", statement.body);
    }

    void macroTag(Statement& statement)
    {
        statement.kind = Statement::Kind::macro;
        statement.text = m_in.expectName("a macro's name").text;
        parameters(statement);
        m_in.expectBlockEnd();
        const int loops = std::exchange(m_loops, 0);
        endTag("endmacro", statement.body);
        m_loops = loops;
    }

    void parameters(Statement& statement)
    {
        m_in.expectSign("(");
        while (!m_in.isSign(")")) {
            if (!statement.parameters.empty()) {
                m_in.expectSign(",");
                if (m_in.isSign(")"))
                    break;
            }
            Parameter parameter;
            parameter.name = m_in.expectName("a parameter").text;
            if (m_in.skipSign("="))
                parameter.fallback = parseExpression(m_in);
            statement.parameters.push_back(std::move(parameter));
        }
        m_in.expectSign(")");
    }

    void filterTag(Statement& statement)
    {
        statement.kind = Statement::Kind::filtered;
        statement.value = parseFilters(m_in);
        m_in.expectBlockEnd();
        endTag("endfilter", statement.body);
    }

    void withTag(Statement& statement)
    {
        statement.kind = Statement::Kind::with;
        while (m_in.peek().kind == Token::Kind::name) {
            Parameter parameter;
            parameter.name = m_in.take().text;
            m_in.expectSign("=");
            parameter.fallback = parseExpression(m_in);
            statement.parameters.push_back(std::move(parameter));
            if (!m_in.skipSign(","))
                break;
        }
        m_in.expectBlockEnd();
        endTag("endwith", statement.body);
    }

    void callTag(Statement& statement)
    {
        statement.kind = Statement::Kind::callBlock;
        statement.text = "caller";
        if (m_in.isSign("("))
            parameters(statement);
        const Position at = m_in.peek().at;
        statement.value = parseExpression(m_in);
        if (statement.value->kind != Expression::Kind::steps)
            failAt(m_in.file(), at, "a call block without a call", "a macro with its arguments");
        m_in.expectBlockEnd();
        const int loops = std::exchange(m_loops, 0);
        endTag("endcall", statement.body);
        m_loops = loops;
    }

    // Marks the assistant's part for trainers in Python; here it changes nothing.
    void groupTag(Statement& statement)
    {
        statement.kind = Statement::Kind::group;
        m_in.expectBlockEnd();
        endTag("endgeneration", statement.body);
    }

    void leaveTag(Statement& statement, const Token& name)
    {
        if (m_loops == 0)
            failAt(m_in.file(), name.at, name.text + " outside a loop", "it in a for statement");
        statement.kind = name.text == "break" ? Statement::Kind::leave : Statement::Kind::next;
        m_in.expectBlockEnd();
    }

    std::string target()
    {
        constexpr std::array constants{"true", "True", "false", "False", "none", "None"};
        const Token name = m_in.expectName("a name");
        if (std::ranges::find(constants, name.text) != constants.end())
            failAt(m_in.file(), name.at, "a value for " + name.text, "a name that is no constant");
        return name.text;
    }

    std::vector<std::string> names()
    {
        const bool inBrackets = m_in.skipSign("(");
        std::vector<std::string> list{target()};
        while (m_in.skipSign(","))
            list.push_back(target());
        if (inBrackets)
            m_in.expectSign(")");
        return list;
    }

    TokenStream m_in;
    int m_loops = 0;
};

}  // namespace

std::vector<Statement> parse(const std::string& source, const std::filesystem::path& file)
{
    if (source.size() > limits::kTemplateSource)
        limitAt(file, {}, std::to_string(source.size()) + " bytes",
            "at most " + std::to_string(limits::kTemplateSource) + " bytes");
    return Parser(tokenise(source, file), file).run();
}

}  // namespace rankwright::jinja
