// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The scanners by hand against PCRE2 on the patterns that they stand for, the behaviours of Split, hostile patterns and
// texts, and merging on a heap against merging by search.
#include "tests/formats/rejection.h"
#include "training/formats/bpe_merge.h"
#include "training/formats/pre_tokenizer.h"
#include "training/formats/unicode.h"

#include <QTest>

#include <ctime>
#include <map>
#include <random>

using namespace rankwright;

namespace {

const std::string kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const std::string kLlama3 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+)"
                            R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const std::string kQwen2 = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
                           R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
const std::string kCl100k = R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*)"
                            R"(|\s*[\r\n]|\s+(?!\S)|\s+)";

QStringList cut(const std::string& text, const std::vector<TextRange>& ranges)
{
    QStringList pieces;
    for (const TextRange range : ranges)
        pieces += QString::fromStdString(text.substr(range.begin, range.end - range.begin));
    return pieces;
}

QStringList split(const std::string& text, std::vector<SplitStep> steps)
{
    return cut(text, PreTokenizer{.rewrite = {}, .steps = std::move(steps)}.split(text));
}

// Text of letters, digits, spaces, marks and signs of several scripts, which is where the patterns differ.
std::string randomText(std::mt19937& random)
{
    static const std::vector<std::string> kParts{"a", "B", "word", "'", "'s", "'LL", "'Re", "ſ", " ", "  ", "\t", "\n",
        "\r\n", "1", "23", "4567", "é", "e\u0301", "я", "中", "あ", "가", "٣", "½", "Ⅷ", "²", "\u00A0", "\u3000",
        "\u2028", "\u0085", "\u200B", "😀", "👩\u200D👧", ".", ",", "!?", "-", "_", "<", "$", "\u0130", "ǅ", "ʰ", "ª"};
    std::string text;
    std::uniform_int_distribution<size_t> part(0, kParts.size() - 1), count(1, 40);
    for (size_t left = count(random); left > 0; --left)
        text += kParts[part(random)];
    return text;
}

}  // namespace

class TestPreTokenizer : public QObject
{
    Q_OBJECT

private slots:
    void scansAsThePattern_data();
    void scansAsThePattern();
    void splitsLongRunsInTime_data();
    void splitsLongRunsInTime();
    void splitsDigits();
    void splitsByBehaviour_data();
    void splitsByBehaviour();
    void stopsPatternsThatDoNotEnd_data();
    void stopsPatternsThatDoNotEnd();
    void refusesPatterns_data();
    void refusesPatterns();
    void mergesAsASearchWould();
    void decodesUtf8Strictly_data();
    void decodesUtf8Strictly();
};

void TestPreTokenizer::scansAsThePattern_data()
{
    QTest::addColumn<QString>("pattern");
    QTest::newRow("GPT-2") << QString::fromStdString(kGpt2);
    QTest::newRow("Llama 3") << QString::fromStdString(kLlama3);
    QTest::newRow("Qwen 2") << QString::fromStdString(kQwen2);
    QTest::newRow("cl100k") << QString::fromStdString(kCl100k);
    QTest::newRow("digits alone") << R"(\p{N})";
    QTest::newRow("digits together") << R"(\p{N}+)";
}

void TestPreTokenizer::scansAsThePattern()
{
    QFETCH(QString, pattern);
    const SplitStep scanner = splitStepFor(pattern.toStdString(), SplitBehaviour::isolated, false, {});
    QVERIFY2(scanner.kind != SplitStep::Kind::regex, "this pattern should have a scanner");
    const SplitStep reference{.kind = SplitStep::Kind::regex,
        .regex = std::make_shared<RegexSplitter>(pattern.toStdString(), "")};
    std::mt19937 random(7);
    for (int i = 0; i < 3000; ++i) {
        const std::string text = randomText(random);
        QCOMPARE(split(text, {scanner}), split(text, {reference}));
    }
}

// TK13: each known pattern takes 1 MiB of anything.
void TestPreTokenizer::splitsLongRunsInTime_data()
{
    QTest::addColumn<QString>("unit");
    QTest::newRow("spaces") << " ";
    QTest::newRow("letters") << "a";
    QTest::newRow("digits") << "7";
    QTest::newRow("emoji") << "😀";
    QTest::newRow("newlines") << "\n";
    QTest::newRow("spaces and newlines") << " \n ";
    QTest::newRow("apostrophes") << "'";
}

void TestPreTokenizer::splitsLongRunsInTime()
{
    QFETCH(QString, unit);
    std::string text;
    while (text.size() < (1 << 20))
        text += unit.toStdString();
    text += "x";  // so that the white space is followed by something
    for (const std::string& pattern : {kGpt2, kLlama3, kQwen2, kCl100k}) {
        const SplitStep scanner = splitStepFor(pattern, SplitBehaviour::isolated, false, {});
        const std::clock_t start = std::clock();
        const auto pieces = PreTokenizer{.rewrite = {}, .steps = {scanner}}.split(text);
        QVERIFY(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC < 2);
        size_t end = 0;
        for (const TextRange piece : pieces) {
            QCOMPARE(piece.begin, end);
            end = piece.end;
        }
        QCOMPARE(end, text.size());
    }
}

void TestPreTokenizer::splitsDigits()
{
    const SplitStep each{.kind = SplitStep::Kind::numbers, .digits = 1}, runs{.kind = SplitStep::Kind::numbers};
    const SplitStep gpt2{.kind = SplitStep::Kind::gpt2};
    QCOMPARE(split("ab12c", {each}), (QStringList{"ab", "1", "2", "c"}));
    QCOMPARE(split("ab12c", {runs}), (QStringList{"ab", "12", "c"}));
    // A later step looks at each piece alone: the two spaces are at the end of theirs.
    QCOMPARE(split("x  12 y", {each, gpt2}), (QStringList{"x", "  ", "1", "2", " y"}));
}

void TestPreTokenizer::splitsByBehaviour_data()
{
    QTest::addColumn<int>("behaviour");
    QTest::addColumn<bool>("invert");
    QTest::addColumn<QStringList>("pieces");
    using enum SplitBehaviour;
    const auto row = [](const char* name, SplitBehaviour behaviour, bool invert, const QStringList& pieces) {
        QTest::newRow(name) << static_cast<int>(behaviour) << invert << pieces;
    };
    row("Isolated", isolated, false, {"the", "-", "final", "-", "-", "countdown"});
    row("Removed", removed, false, {"the", "final", "countdown"});
    row("Removed inverted", removed, true, {"-", "-", "-"});
    row("MergedWithPrevious", mergedWithPrevious, false, {"the-", "final-", "-", "countdown"});
    row("MergedWithNext", mergedWithNext, false, {"the", "-final", "-", "-countdown"});
    row("Contiguous", contiguous, false, {"the", "-", "final", "--", "countdown"});
}

void TestPreTokenizer::splitsByBehaviour()
{
    QFETCH(int, behaviour);
    QFETCH(bool, invert);
    QFETCH(QStringList, pieces);
    const auto as = static_cast<SplitBehaviour>(behaviour);
    const std::string text = "the-final--countdown";
    QCOMPARE(split(text, {splitStepFor("-", as, invert, {})}), pieces);
    QCOMPARE(split(text,
                 {{.kind = SplitStep::Kind::literal, .pattern = "-", .behaviour = as, .invert = invert}}), pieces);
}

// TK11 and TK14: the time is bounded, not the number of steps.
void TestPreTokenizer::stopsPatternsThatDoNotEnd_data()
{
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("TK11") << "(a+)+$" << QByteArray(40, 'a') + "b";
    QTest::newRow("TK14") << "(?:(a)|b)*+x" << QByteArray(1 << 20, 'a');
}

void TestPreTokenizer::stopsPatternsThatDoNotEnd()
{
    QFETCH(QString, pattern);
    QFETCH(QByteArray, text);
    const SplitStep step = splitStepFor(pattern.toStdString(), SplitBehaviour::isolated, false, "tokenizer.json");
    const std::string subject = text.toStdString();
    requireRejection([&] { (void)PreTokenizer{.rewrite = {}, .steps = {step}}.split(subject); }, Code::data,
        "^tokenizer.json: byte \\d+ of the text, pattern .*does not end in time");
}

void TestPreTokenizer::refusesPatterns_data()
{
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("message");
    const auto row = [](const char* name, const QString& pattern, Code code, const char* message) {
        QTest::newRow(name) << pattern << static_cast<int>(code) << message;
    };
    row("TK12 open group", "(", Code::format, "pattern \"\\(\" at byte 1");
    row("TK12 nested groups", QString(300, '(') + QString(300, ')'), Code::format, "at byte");
    row("TK12 nested repeats", "((a{1,60000}){1,60000}){1,60000}", Code::format, "at byte");
    row("16 KiB and one", QString((16 << 10) + 1, 'a'), Code::limit, "16385 bytes");
    row("set operation", "[a-z&&[^b]]", Code::unsupported, "&&");
    row("nested set", "[a[bc]]", Code::unsupported, "set inside a set");
    row("verb", "(*ACCEPT)a", Code::unsupported, "\\(\\*A");
}

void TestPreTokenizer::refusesPatterns()
{
    QFETCH(QString, pattern);
    QFETCH(int, code);
    QFETCH(QString, message);
    requireRejection([&] { (void)splitStepFor(pattern.toStdString(), SplitBehaviour::isolated, false, "t.json"); },
        static_cast<Code>(code), message);
    // Just inside the limit a pattern is taken.
    (void)splitStepFor("(?#" + std::string((16 << 10) - 5, '-') + ")a", SplitBehaviour::isolated, false, {});
    (void)splitStepFor(R"([\[\]&[:alpha:]]+)", SplitBehaviour::isolated, false, {});
}

// The heap, and for words the search without one, give what the definition says: search for the best pair, leftmost first,
// join, repeat.
void TestPreTokenizer::mergesAsASearchWould()
{
    std::mt19937 random(3);
    for (int round = 0; round < 400; ++round) {
        // Merges over ids 0 to 3 and their results, priorities with ties as SentencePiece's scores have them.
        std::map<std::pair<int32_t, int32_t>, BpeMerge> merges;
        std::uniform_int_distribution<int32_t> id(0, 12), priority(0, 6);
        for (int32_t made = 4; made < 13; ++made)
            merges[{id(random) % made, id(random) % made}] = {static_cast<double>(priority(random)), made};
        const auto find = [&merges](const BpeSymbol& left, const BpeSymbol& right) -> std::optional<BpeMerge> {
            const auto found = merges.find({left.id, right.id});
            return found == merges.end() ? std::nullopt : std::optional(found->second);
        };
        std::vector<BpeSymbol> symbols(std::uniform_int_distribution<size_t>(0, 2 * kFewSymbols)(random));
        std::vector<BpeSymbol> slow;
        for (uint32_t i = 0; i < symbols.size(); ++i) {
            symbols[i] = {.id = id(random) % 4, .begin = i, .end = i + 1};
            slow.push_back(symbols[i]);
        }
        symbols.resize(mergeSymbols(symbols, find).size());
        for (;;) {
            size_t best = slow.size();
            for (size_t i = 0; i + 1 < slow.size(); ++i)
                if (const auto merge = find(slow[i], slow[i + 1]);
                    merge && (best == slow.size() || merge->priority < find(slow[best], slow[best + 1])->priority))
                    best = i;
            if (best == slow.size())
                break;
            slow[best].id = find(slow[best], slow[best + 1])->id;
            slow[best].end = slow[best + 1].end;
            slow.erase(slow.begin() + static_cast<ptrdiff_t>(best) + 1);
        }
        std::erase_if(symbols, [](const BpeSymbol& symbol) { return symbol.end == 0; });
        QCOMPARE(symbols.size(), slow.size());
        for (size_t i = 0; i < slow.size(); ++i) {
            QCOMPARE(symbols[i].id, slow[i].id);
            QCOMPARE(symbols[i].end, slow[i].end);
        }
    }
}

void TestPreTokenizer::decodesUtf8Strictly_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("text");
    // The practice that Unicode recommends: one U+FFFD for each longest part that could begin a character.
    QTest::newRow("well-formed") << QByteArray("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x99") << "aé€🦙";
    QTest::newRow("overlong slash") << QByteArray("\xC0\xAF") << "\uFFFD\uFFFD";
    QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80") << "\uFFFD\uFFFD\uFFFD";
    QTest::newRow("above U+10FFFF") << QByteArray("\xF4\x90\x80\x80") << "\uFFFD\uFFFD\uFFFD\uFFFD";
    QTest::newRow("cut short") << QByteArray("\xF0\x9F\xA6" "b\xE2\x82") << "\uFFFDb\uFFFD";
    QTest::newRow("stray continuation") << QByteArray("\x80z") << "\uFFFDz";
}

void TestPreTokenizer::decodesUtf8Strictly()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, text);
    QCOMPARE(QString::fromStdString(wellFormedUtf8(bytes.toStdString())), text);
    std::string again;
    for (size_t at = 0; at < static_cast<size_t>(text.toUtf8().size());) {
        const auto character = utf8At(text.toStdString(), at);
        appendUtf8(again, character.code);
        QCOMPARE(characterStart(text.toStdString(), at + character.length - 1), at);
        at += character.length;
    }
    QCOMPARE(QString::fromStdString(again), text);
}

QTEST_GUILESS_MAIN(TestPreTokenizer)
#include "tst_pre_tokenizer.moc"
