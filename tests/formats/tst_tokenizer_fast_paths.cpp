// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What makes tokenising fast against the plain way of doing the same (docs/adr/0016): the answers for ASCII, the cache of pieces,
// ids by piece, graphemes, texts changed in place, rows in several threads; and that time grows with the text, not with its square.
#include "tests/formats/rejection.h"
#include "tests/formats/tokenizer_samples.h"
#include "training/formats/mapped_text.h"
#include "training/formats/piece_cache.h"
#include "training/formats/samples.h"

#include <QTest>

#include <ctime>
#include <map>
#include <random>
#include <thread>

using namespace rankwright;
using namespace rankwright::test;
using nlohmann::json;

namespace {

using Random = std::mt19937;

size_t upTo(Random& random, size_t most) { return std::uniform_int_distribution<size_t>(0, most)(random); }

// Letters of few kinds, so that pieces come up again and differ little.
std::string randomPiece(Random& random)
{
    std::string piece(upTo(random, 40), 'a');
    for (char& c : piece)
        c = upTo(random, 30) == 0 ? '\0' : static_cast<char>('a' + upTo(random, 1));
    return piece;
}

// ASCII with line ends, marks, emoji, scripts and bytes that are no UTF-8.
std::string randomText(Random& random, size_t parts)
{
    static const std::vector<std::string> kParts{"a", "B", "word ", " ", "\n", "\r\n", "\r", "\t", "7", "'s", "\u00e9", "\u0301",
        "\u00c0", "\u4e2d", "\u200d", "\U0001F469\u200d\U0001F467", "\U0001F1E9\U0001F1EA", "\u0e33", "\u0600", "\u1100\u1161", "\xFF",
        "\xE2\x82", "\u0000", "A b"};
    std::string text;
    for (size_t i = 0; i < parts; ++i)
        text += kParts[upTo(random, kParts.size() - 1)];
    return text;
}

double processorSeconds(const std::function<void()>& work)
{
    const std::clock_t start = std::clock();
    work();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace

class TestTokenizerFastPaths : public QObject
{
    Q_OBJECT

private slots:
    void asciiAnswersAreIcus();
    void findsWhatIsNotAscii();
    void keysTellPiecesApart();
    void cacheGivesWhatItWasGiven();
    void idsByPiece();
    void findsGraphemesAsIcuDoes();
    void changesInPlace_data();
    void changesInPlace();
    void threadsShareATokenizer();
    void samplesInThreads();
    void timeGrowsWithTheText_data();
    void timeGrowsWithTheText();
};

void TestTokenizerFastPaths::asciiAnswersAreIcus()
{
    for (char32_t code = 0; code < 0x80; ++code) {
        QCOMPARE(isLetter(code), isOtherLetter(code));
        QCOMPARE(isNumber(code), isOtherNumber(code));
        QCOMPARE(isNumeric(code), isOtherNumeric(code));
        QCOMPARE(isWhitespace(code), isOtherWhitespace(code));
        QCOMPARE(isWordCharacter(code), isOtherWordCharacter(code));
        QCOMPARE(lowercase(code), otherLowercase(code));
        // BERT's rules differ from Unicode's here: signs such as $ are punctuation, tabs and line ends no control characters.
        if (isOtherBertPunctuation(code))
            QVERIFY(isBertPunctuation(code));
        if (code != '\t' && code != '\n' && code != '\r')
            QCOMPARE(isBertControl(code), isOtherBertControl(code));
    }
}

void TestTokenizerFastPaths::findsWhatIsNotAscii()
{
    for (size_t size = 0; size < 40; ++size) {
        const std::string ascii(size, 'a');
        QVERIFY(isAscii(ascii));
        for (size_t at = 0; at < size; ++at) {
            std::string text = ascii;
            text[at] = '\x80';
            QCOMPARE(asciiPrefix(text), at);
        }
    }
}

void TestTokenizerFastPaths::keysTellPiecesApart()
{
    Random random(5);
    std::map<std::pair<std::array<uint64_t, 4>, std::pair<int, int>>, std::pair<std::string, size_t>> seen;
    for (int round = 0; round < 20'000; ++round) {
        const std::string piece = randomPiece(random);
        const size_t stage = upTo(random, 2);
        const auto key = PieceCache::keyOf(piece, stage);
        QCOMPARE(key.length == 0, piece.empty() || piece.size() > PieceCache::kPieceBytes);
        if (key.length == 0)
            continue;
        const auto [found, fresh] = seen.emplace(std::pair{key.words, std::pair{key.length, key.stage}}, std::pair{piece, stage});
        if (!fresh)
            QVERIFY(found->second == std::pair(piece, stage));
    }
}

void TestTokenizerFastPaths::cacheGivesWhatItWasGiven()
{
    Random random(6);
    PieceCache cache;
    std::map<std::string, std::vector<PieceToken>> truth;
    int64_t hits = 0;
    for (int round = 0; round < 200'000; ++round) {  // more than fit, so that pieces push each other out
        const std::string piece = round % 3 == 0 ? "often" + std::to_string(upTo(random, 50)) : std::to_string(upTo(random, 90'000));
        const auto key = PieceCache::keyOf(piece, 0);
        auto& tokens = truth[piece];
        if (const auto* slot = cache.find(key)) {
            ++hits;
            QCOMPARE(size_t{slot->count}, tokens.size());
            for (size_t i = 0; i < tokens.size(); ++i)
                QVERIFY(slot->token(i).id == tokens[i].id && slot->token(i).begin == tokens[i].begin && slot->token(i).end == tokens[i].end);
            continue;
        }
        QVERIFY(cache.find(PieceCache::keyOf(piece, 1)) == nullptr);
        tokens.resize(upTo(random, PieceCache::kTokens));
        for (auto& token : tokens)
            token = {static_cast<int32_t>(random() >> 1), static_cast<uint32_t>(upTo(random, 32)), static_cast<uint32_t>(upTo(random, 32))};
        cache.keep(key, tokens);
    }
    QVERIFY2(hits > 80'000, qPrintable(QString::number(hits)));
    const std::vector<PieceToken> many(PieceCache::kTokens + 1);
    cache.keep(PieceCache::keyOf("many", 0), many);
    QVERIFY(cache.find(PieceCache::keyOf("many", 0)) == nullptr);
}

void TestTokenizerFastPaths::idsByPiece()
{
    Random random(7);
    PieceIds ids;
    std::vector<std::string> pieces(5'000);
    std::map<std::string, int32_t> truth;
    QCOMPARE(ids.find("a"), -1);
    for (size_t i = 0; i < pieces.size(); ++i) {
        pieces[i] = randomPiece(random);
        ids.add(pieces[i], static_cast<int32_t>(i));
        truth.emplace(pieces[i], static_cast<int32_t>(i));
    }
    const auto compare = [&] {
        QCOMPARE(ids.entries().size(), truth.size());
        for (int round = 0; round < 20'000; ++round) {
            const std::string piece = randomPiece(random);
            const auto found = truth.find(piece);
            QCOMPARE(ids.find(piece), found == truth.end() ? -1 : found->second);
        }
        for (const auto& [piece, id] : truth)
            QCOMPARE(ids.find(piece), id);
    };
    compare();
    const auto odd = [](int32_t id) { return id % 2 != 0; };
    ids.removeIf(odd);
    std::erase_if(truth, [&odd](const auto& entry) { return odd(entry.second); });
    compare();
}

void TestTokenizerFastPaths::findsGraphemesAsIcuDoes()
{
    Random random(8);
    for (int round = 0; round < 20'000; ++round) {
        const std::string text = randomText(random, upTo(random, 12));
        std::vector<size_t> whole;
        if (!text.empty())
            addGraphemeEnds(text, 0, text.size(), whole);
        QCOMPARE(graphemeEnds(text), whole);
    }
}

void TestTokenizerFastPaths::changesInPlace_data()
{
    using Kind = NormalizerStep::Kind;
    QTest::addColumn<int>("kind");
    QTest::newRow("lower case") << int(Kind::lowercase);
    QTest::newRow("clean text") << int(Kind::cleanText);
    QTest::newRow("no accents") << int(Kind::stripAccents);
    QTest::newRow("no marks") << int(Kind::stripMarks);
    QTest::newRow("spaced ideographs") << int(Kind::spaceChinese);
    QTest::newRow("for translation") << int(Kind::nmt);
    QTest::newRow("NFKC") << int(Kind::nfkc);
}

// A text that ends with what no step leaves in its place goes the long way, and its beginning must become the same.
void TestTokenizerFastPaths::changesInPlace()
{
    QFETCH(int, kind);
    const std::vector<NormalizerStep> steps{{.kind = NormalizerStep::Kind(kind)}};
    Random random(9);
    for (int round = 0; round < 5'000; ++round) {
        std::string text;
        for (size_t i = upTo(random, 20); i > 0; --i)
            text += round % 2 == 0 ? std::string(1, static_cast<char>(upTo(random, 0x7F))) : randomText(random, 1);
        if (firstIllFormedUtf8(text) != std::string_view::npos)
            continue;
        text += '.';  // what follows must not join it
        const std::string longer = text + "\u0001.\u0130e\u0301\u0130\uFB01\u4E2D";
        AlignedText quick(text, 3), slow(longer, 3);
        applyNormalizer(steps, quick);
        applyNormalizer(steps, slow);
        QVERIFY(slow.text().starts_with(quick.text()));
        for (size_t i = 0; i < quick.text().size(); ++i)
            QCOMPARE(quick.positionOf(i), slow.positionOf(i));
    }
}

void TestTokenizerFastPaths::threadsShareATokenizer()
{
    const JsonTokenizer tokenizer(byteLevelJson({{"a", "b"}, {" ", "ab"}, {"w", "o"}, {"wo", "r"}}));
    Random random(10);
    std::vector<std::string> texts(400);
    std::vector<std::vector<int32_t>> alone;
    for (std::string& text : texts) {
        text = randomText(random, 30);
        alone.push_back(tokenizer->encode(text, false).ids);
    }
    std::atomic<int64_t> same = 0;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 4; ++thread)
            threads.emplace_back([&] {
                for (size_t i = 0; i < texts.size(); ++i)
                    same += tokenizer->encode(texts[i], false).ids == alone[i] ? 1 : 0;
            });
    }
    QCOMPARE(same.load(), int64_t(4 * texts.size()));
}

void TestTokenizerFastPaths::samplesInThreads()
{
    const JsonTokenizer tokenizer(byteLevelJson({{"a", "b"}}));
    Dataset dataset;
    dataset.format = "prompt/response";
    Random random(11);
    for (int row = 0; row < 1'000; ++row) {
        dataset.examples.emplace_back();
        dataset.examples.back().prompt = randomText(random, 10);
        dataset.examples.back().response = "ab" + randomText(random, 10);
    }
    SampleOptions options;
    const auto alone = Sampler(*tokenizer, options).samples(dataset, "");
    options.threads = 4;
    int64_t last = -1;
    const auto shared = Sampler(*tokenizer, options).samples(dataset, "", [&last](int64_t done, int64_t total) {
        last = done;
        return total == 1'000;
    });
    QCOMPARE(last, 1'000);
    QCOMPARE(shared.size(), alone.size());
    for (size_t i = 0; i < alone.size(); ++i)
        QVERIFY(shared[i].ids == alone[i].ids && shared[i].trained == alone[i].trained && shared[i].row == int64_t(i));
    // Of two rows that fail the first is told of, whichever thread came to its one first.
    options.task = "regress";
    for (auto& example : dataset.examples)
        example.label = "1";
    dataset.examples[300].label = "first";
    dataset.examples[700].label = "second";
    for (int round = 0; round < 20; ++round)
        requireRejection([&] { (void)Sampler(*tokenizer, options).samples(dataset, ""); }, Code::data, "row 301.*first");
    try {
        (void)Sampler(*tokenizer, options).samples(dataset, "", [](int64_t, int64_t) { return false; });
        QFAIL("it was not stopped");
    } catch (const Error& error) {
        QCOMPARE(error.code(), Code::stopped);
    }
}

void TestTokenizerFastPaths::timeGrowsWithTheText_data()
{
    QTest::addColumn<QByteArray>("document");
    QTest::addColumn<QByteArray>("unit");
    const auto rows = [](const char* name, const json& document) {
        for (const char* unit : {"ab", "\xF0\x9F\x98\x80", "<"})
            QTest::addRow("%s, %s", name, unit) << QByteArray::fromStdString(document.dump()) << QByteArray(unit);
    };
    json bytes = byteLevelJson({{"a", "b"}, {"ab", "ab"}, {"abab", "abab"}});
    bytes["added_tokens"].push_back(addedToken(300, "<|end|>"));
    rows("byte-level BPE", bytes);
    rows("SentencePiece BPE", byteFallbackJson({"a", "b", "ab", "abab"}, {{"a", "b"}, {"ab", "ab"}}));
    rows("Unigram", unigramJson());
    rows("WordPiece", wordPieceJson());
}

// One word of 2.5 and of 10 MB: four times the time, with room for the heap's logarithm and for the machine; the square would be 16.
void TestTokenizerFastPaths::timeGrowsWithTheText()
{
    QFETCH(QByteArray, document);
    QFETCH(QByteArray, unit);
    const JsonTokenizer tokenizer(json::parse(document.toStdString()));
    std::string text;
    while (text.size() < 10'000'000)
        text += unit.toStdString();
    const std::string quarter = text.substr(0, text.size() / 4 / static_cast<size_t>(unit.size()) * static_cast<size_t>(unit.size()));
    const auto encode = [&](const std::string& word) {
        return processorSeconds([&] { QVERIFY(!tokenizer->encode(word, false, SpecialText::recognise).ids.empty()); });
    };
    double ratio = 100;
    for (int attempt = 0; attempt < 3 && ratio > 9; ++attempt)
        ratio = std::min(ratio, encode(text) / std::max(encode(quarter), 0.02));
    QVERIFY2(ratio <= 9, qPrintable(QString::number(ratio)));
}

QTEST_GUILESS_MAIN(TestTokenizerFastPaths)
#include "tst_tokenizer_fast_paths.moc"
