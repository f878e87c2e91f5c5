// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The default data set: its bytes are pinned, its arithmetic is worked out again, its splits are kept apart.
#include "training/formats/json.h"
#include "training/formats/sha256.h"
#include "training/formats/word_problems.h"

#include <QTest>

#include <charconv>
#include <optional>
#include <set>

using namespace rankwright;

namespace {

// Whole-number arithmetic of "3 * $4 + 2": products and quotients first, from left to right. Nothing where a quotient
// is not whole or the text is no such expression.
class Calculator
{
public:
    explicit Calculator(std::string_view text) : m_text(text) {}
    std::optional<int64_t> value()
    {
        auto sum = product();
        while (sum && !m_text.empty()) {
            const char sign = take();
            const auto next = product();
            if (!next || (sign != '+' && sign != '-'))
                return {};
            sum = sign == '+' ? *sum + *next : *sum - *next;
        }
        return sum;
    }

private:
    char take()
    {
        skip();
        const char c = m_text.empty() ? '\0' : m_text.front();
        m_text.remove_prefix(m_text.empty() ? 0 : 1);
        skip();
        return c;
    }
    void skip()
    {
        while (m_text.starts_with(' ') || m_text.starts_with('$'))
            m_text.remove_prefix(1);
    }
    std::optional<int64_t> number()
    {
        skip();
        int64_t value = 0;
        const auto result = std::from_chars(m_text.data(), m_text.data() + m_text.size(), value);
        if (result.ec != std::errc())
            return {};
        m_text.remove_prefix(size_t(result.ptr - m_text.data()));
        skip();
        return value;
    }
    std::optional<int64_t> product()
    {
        auto value = number();
        while (value && (m_text.starts_with('*') || m_text.starts_with('/'))) {
            const char sign = take();
            const auto next = number();
            if (!next || (sign == '/' && (*next == 0 || *value % *next != 0)))
                return {};
            value = sign == '*' ? *value * *next : *value / *next;
        }
        return value;
    }

    std::string_view m_text;
};

// The expression that ends at `end`, going back over numbers and signs.
std::string_view expressionBefore(std::string_view text, size_t end)
{
    size_t begin = end;
    while (begin > 0 && std::string_view("0123456789+-*/$ ").find(text[begin - 1]) != std::string_view::npos)
        --begin;
    const auto first = text.find_first_of("0123456789$", begin);
    return text.substr(first, end - first);
}

struct Checked { int64_t equations = 0, last = -1; std::string wrong; };
Checked checkArithmetic(std::string_view answer)
{
    Checked out;
    for (size_t at = answer.find(" = "); at != std::string_view::npos; at = answer.find(" = ", at + 1)) {
        const auto left = expressionBefore(answer, at);
        const auto digits = answer.find_first_of("0123456789", at);
        const auto right = answer.substr(digits, answer.find_first_not_of("0123456789", digits) - digits);
        const auto expected = Calculator(left).value();
        const auto told = Calculator(right).value();
        if (!expected || !told || *expected != *told || *told < 1)
            out.wrong = std::string(left) + " = " + std::string(right);
        ++out.equations;
        out.last = told.value_or(-1);
    }
    return out;
}

std::vector<WordProblem> both()
{
    auto all = wordProblems(Split::train);
    const auto test = wordProblems(Split::test);
    all.insert(all.end(), test.begin(), test.end());
    return all;
}

}  // namespace

class TestWordProblems : public QObject
{
    Q_OBJECT

private slots:
    void bytesArePinned_data();
    void bytesArePinned();
    void calculatorKnowsRightFromWrong();
    void everyStepIsCorrect();
    void theLastLineIsTheResult();
    void sixShapesAreKeptForTesting();
    void noQuestionOccursTwice();
    void textsAreFilledInAndPunctuated();
    void oneOfAThingIsSingular();
    void linesAreTheRows();
};

void TestWordProblems::bytesArePinned_data()
{
    QTest::addColumn<bool>("train");
    QTest::addColumn<int>("rows");
    QTest::addColumn<QString>("hash");
    QTest::newRow("train") << true << 2000 << "e40ed59958f53af155e2f6379c91f825bfe09a3ab313624c5ad524436e9e82eb";
    QTest::newRow("test") << false << 200 << "3d0770aef2d26c83641335b4c4fda9b21f17025626a119b45751600ba322dc1f";
}

void TestWordProblems::bytesArePinned()
{
    QFETCH(bool, train);
    QFETCH(int, rows);
    QFETCH(QString, hash);
    const auto split = train ? Split::train : Split::test;
    QCOMPARE(int(wordProblems(split).size()), rows);
    QCOMPARE(QString::fromStdString(sha256(wordProblemsJsonl(split))), hash);
}

void TestWordProblems::calculatorKnowsRightFromWrong()
{
    QCOMPARE(Calculator("2 * 18 + 2 * 13").value(), std::optional<int64_t>(62));
    QCOMPARE(Calculator("$50 - $33").value(), std::optional<int64_t>(17));
    QCOMPARE(Calculator("800 / 100 * 4").value(), std::optional<int64_t>(32));
    QVERIFY(!Calculator("7 / 2").value());
    QVERIFY(!Calculator("7 2").value());
    QCOMPARE(checkArithmetic("In all, 2 + 2 = 5 hens.").wrong, std::string("2 + 2 = 5"));
    QVERIFY(checkArithmetic("In all, 2 + 2 = 4 hens.").wrong.empty());
}

void TestWordProblems::everyStepIsCorrect()
{
    for (const auto& problem : both()) {
        const auto checked = checkArithmetic(problem.answer);
        QVERIFY2(checked.wrong.empty(), (checked.wrong + " in: " + problem.answer).c_str());
        QVERIFY2(checked.equations >= 2, problem.answer.c_str());
    }
}

void TestWordProblems::theLastLineIsTheResult()
{
    for (const auto& problem : both()) {
        const auto line = problem.answer.substr(problem.answer.rfind('\n') + 1);
        QCOMPARE(line, "#### " + std::to_string(checkArithmetic(problem.answer).last));
    }
}

void TestWordProblems::sixShapesAreKeptForTesting()
{
    std::set<int> train, test, unseen;
    int64_t unseenRows = 0;
    for (const auto& problem : wordProblems(Split::train))
        train.insert(problem.shape);
    for (const auto& problem : wordProblems(Split::test)) {
        test.insert(problem.shape);
        unseenRows += train.contains(problem.shape) ? 0 : 1;
    }
    std::set_difference(test.begin(), test.end(), train.begin(), train.end(), std::inserter(unseen, unseen.end()));
    QCOMPARE(int(train.size()), 32);
    QCOMPARE(int(unseen.size()), 6);
    QCOMPARE(int(test.size()), 38);
    QCOMPARE(unseenRows, 50);
}

void TestWordProblems::noQuestionOccursTwice()
{
    std::set<std::string> questions;
    for (const auto& problem : both())
        QVERIFY2(questions.insert(problem.question).second, problem.question.c_str());
}

void TestWordProblems::textsAreFilledInAndPunctuated()
{
    for (const auto& problem : both()) {
        const auto text = problem.question + "\n" + problem.answer;
        QVERIFY2(text.find_first_of("{}|") == std::string::npos && text.find("  ") == std::string::npos, text.c_str());
        QVERIFY2(problem.question.ends_with("?"), text.c_str());
        for (size_t at = problem.answer.find('\n'); at != std::string::npos; at = problem.answer.find('\n', at + 1))
            QVERIFY2(problem.answer[at - 1] == '.' && problem.answer[at + 1] != ' ', text.c_str());
    }
}

void TestWordProblems::oneOfAThingIsSingular()
{
    int64_t ones = 0;
    for (const auto& problem : both()) {
        const auto text = problem.question + "\n" + problem.answer;
        for (size_t at = text.find("1 "); at != std::string::npos; at = text.find("1 ", at + 1)) {
            if (at > 0 && (std::isalnum(uint8_t(text[at - 1])) || text[at - 1] == '$'))
                continue;
            const auto word = text.substr(at + 2, text.find_first_of(" .,?\n", at + 2) - at - 2);
            ones += std::isalpha(uint8_t(word[0])) ? 1 : 0;
            QVERIFY2(!word.ends_with("s"), text.c_str());
        }
    }
    QVERIFY(ones > 0);
}

void TestWordProblems::linesAreTheRows()
{
    const auto jsonl = wordProblemsJsonl(Split::test);
    const auto rows = wordProblems(Split::test);
    size_t at = 0;
    for (const auto& row : rows) {
        const auto end = jsonl.find('\n', at);
        const auto json = parseUntrusted(jsonl.substr(at, end - at), "rows");
        QCOMPARE(json["question"].get<std::string>(), row.question);
        QCOMPARE(json["answer"].get<std::string>(), row.answer);
        at = end + 1;
    }
    QCOMPARE(at, jsonl.size());
}

QTEST_GUILESS_MAIN(TestWordProblems)
#include "tst_word_problems.moc"
