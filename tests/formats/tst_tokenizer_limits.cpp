// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Texts and tokenizer files that ask for much: a megabyte of one kind of character through each model and known pattern
// (TK13), a million added tokens (TK16), normalising that makes a text longer (TK18), pieces and words
// at their limits.
#include "tests/formats/rejection.h"
#include "tests/formats/tokenizer_samples.h"
#include "training/formats/character_map.h"
#include "training/formats/limits.h"

#include <QTest>

#include <cstring>
#include <ctime>

using namespace rankwright;
using namespace rankwright::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// SentencePiece's precompiled_charsmap with one key of one byte, in base64. `endless` makes the node after the key lead to
// itself by the same byte.
std::string characterMap(unsigned char key, const std::string& replacement, bool endless = false)
{
    // The root's children are at their label, xored with its offset of 256; the key's own at the node xored with 512.
    std::vector<uint32_t> units(1024);
    const uint32_t node = 256 ^ key;
    units[0] = 256u << 10;
    units[node] = (endless ? uint32_t{key} : 512u) << 10 | 1u << 8 | key;
    units[node ^ (endless ? uint32_t{key} : 512u)] = 1u << 31;  // the leaf: the replacement at 0
    std::string bytes(4, '\0');
    const auto size = static_cast<uint32_t>(units.size() * 4);
    std::memcpy(bytes.data(), &size, 4);
    bytes.append(reinterpret_cast<const char*>(units.data()), size).append(replacement).push_back('\0');
    return QByteArray::fromStdString(bytes).toBase64().toStdString();
}

}  // namespace

class TestTokenizerLimits : public QObject
{
    Q_OBJECT

private slots:
    void boundsWhatNormalisingAdds();
    void endsTheSearchOfACharacterMap();
    void boundsPieces();
    void encodesOneWordInTime_data();
    void encodesOneWordInTime();
    void readsManyAddedTokensInTime();
    void readsManyTokensBesideAModelInTime();
};

// TK18: U+FDFA becomes 18 characters by compatibility.
void TestTokenizerLimits::boundsWhatNormalisingAdds()
{
    json document = unigramJson();
    document["normalizer"] = {{"type", "NFKC"}};
    const JsonTokenizer tokenizer(document);
    std::string text;
    while (text.size() < 3'000'000)
        text += "\xEF\xB7\xBA";
    const Encoding encoding = tokenizer->encode(text, false);
    QCOMPARE(encoding.ids, (std::vector<int32_t>{0}));
    QCOMPARE(encoding.offsets.front().second, text.size());
    json growing = unigramJson();
    growing["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(5000, 'b')}};
    requireRejection([&] { (void)JsonTokenizer(growing)->encode(std::string(100, 'a'), false); }, Code::limit,
        "more than 64 times as long");
    // Steps that are small one by one, as a normaliser, with a character map and as a decoder.
    json chain = json::array(), decoders = json::array();
    for (int i = 0; i < 30; ++i) {
        chain.push_back({{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}});
        decoders.push_back(chain.back());
    }
    growing["normalizer"] = {{"type", "Sequence"}, {"normalizers", chain}};
    requireRejection([&] { (void)JsonTokenizer(growing)->encode(std::string(100, 'a'), false); }, Code::limit,
        "normalizer: .*more than 64 times as long");
    growing["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", characterMap('a', std::string(5000, 'b'))}};
    requireRejection([&] { (void)JsonTokenizer(growing)->encode(std::string(100, 'a'), false); }, Code::limit,
        "normalizer: .*more than 64 times as long");
    growing["normalizer"] = nullptr;
    growing["decoder"] = {{"type", "Sequence"}, {"decoders", decoders}};
    const JsonTokenizer growingDecoder(growing);
    requireRejection([&] { (void)growingDecoder->decode(std::vector<int32_t>(100, 1)); }, Code::limit,
        "decoder: .*more than 64 times as long");
    requireRejection([&] { (void)growingDecoder->piece(1); }, Code::limit, "decoder: .*more than 64 times as long");
}

// A damaged trie whose first node leads to itself: it goes on for as long as the text.
void TestTokenizerLimits::endsTheSearchOfACharacterMap()
{
    const CharacterMap map(bytesFromBase64(characterMap('a', "b", true)).value(), "a map", "tokenizer.json");
    QVERIFY(map.shortest("a"));
    QCOMPARE(map.longest(std::string(limits::kMapKey, 'a'))->length, limits::kMapKey);
    QCOMPARE(map.longest(std::string(limits::kMapKey + 1, 'a'))->length, limits::kMapKey);
}

void TestTokenizerLimits::boundsPieces()
{
    const auto withPiece = [](json document, size_t bytes) {
        const std::string piece(bytes, 'a');
        auto& vocabulary = document["model"]["vocab"];
        if (vocabulary.is_array())
            vocabulary.push_back(json::array({piece, -1.0}));
        else
            vocabulary[piece] = vocabulary.size();
        return document;
    };
    for (const json& document : {unigramJson(), wordPieceJson(), byteFallbackJson({}, {}), byteLevelJson()}) {
        QVERIFY(JsonTokenizer(withPiece(document, limits::kPiece))->size() > 3);
        requireRejection([&] { (void)JsonTokenizer(withPiece(document, limits::kPiece + 1)); }, Code::limit,
            "/model/vocab/.*a piece of 513 bytes.*at most 512 bytes");
    }
    json words = wordPieceJson();
    words["model"]["max_input_chars_per_word"] = limits::kWordCharacters;
    QVERIFY(JsonTokenizer(words)->size() == 3);
    words["model"]["max_input_chars_per_word"] = limits::kWordCharacters + 1;
    requireRejection([&] { (void)JsonTokenizer(words); }, Code::format, "max_input_chars_per_word: 4194305 .*4194304");
}

void TestTokenizerLimits::encodesOneWordInTime_data()
{
    QTest::addColumn<QByteArray>("document");
    QTest::addColumn<QByteArray>("unit");
    const auto rows = [](const char* name, const json& document) {
        for (const char* unit : {"a", " ", "7", "\xF0\x9F\x98\x80", "a "})
            QTest::addRow("%s, %s", name, unit) << QByteArray::fromStdString(document.dump()) << QByteArray(unit);
    };
    json unigram = unigramJson(), wordPiece = wordPieceJson(), bpe = byteFallbackJson({"\xE2\x96\x81", "a"}, {});
    for (int i = 2; i < 200; ++i)  // pieces that hold each other: the worst for a search
        unigram["model"]["vocab"].push_back(json::array({std::string(static_cast<size_t>(i), 'a'), -1.0 * i}));
    wordPiece["model"]["max_input_chars_per_word"] = limits::kWordCharacters;
    wordPiece["model"]["vocab"]["##a"] = 3;
    rows("Unigram", unigram);
    rows("WordPiece", wordPiece);
    rows("BPE", bpe);
    json split = byteLevelJson();
    const json last{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
    const auto withPattern = [&](const char* pattern) {
        split["pre_tokenizer"] = {{"type", "Sequence"},
            {"pretokenizers",
                {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}}, last}}};
        return split;
    };
    rows("end of line", withPattern(R"(\s+$)"));
    rows("Tekken", withPattern(R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
                               R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N})"
                               R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"));
    rows("cl100k", withPattern(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+)"
                               R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"));
}

// TK13: a megabyte in one piece.
void TestTokenizerLimits::encodesOneWordInTime()
{
    QFETCH(QByteArray, document);
    QFETCH(QByteArray, unit);
    const JsonTokenizer tokenizer(json::parse(document.toStdString()));
    std::string text;
    while (text.size() < (1 << 20))
        text += unit.toStdString();
    text += 'x';  // which ends the run, so that no pattern is done at once
    const std::clock_t start = std::clock();
    const Encoding encoding = tokenizer->encode(text, false);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    QVERIFY2(seconds < 2 * kSlower, qPrintable(QString::number(seconds) + " s"));
    // The tokens have the whole text between them, but for blanks.
    size_t done = 0;
    for (const auto& [begin, end] : encoding.offsets) {
        if (begin > done)
            QVERIFY(text.substr(done, begin - done).find_first_not_of(' ') == std::string::npos);
        done = std::max(done, end);
    }
    QCOMPARE(done, text.size());
}

// TK16
void TestTokenizerLimits::readsManyAddedTokensInTime()
{
    json document = byteLevelJson();
    for (int i = 0; i < 1'000'000; ++i)
        document["added_tokens"].push_back(addedToken(256 + i, "<token" + std::to_string(i) + ">"));
    QTemporaryDir folder;
    const fs::path file = writeText(fs::path(folder.path().toStdString()) / "tokenizer.json", document.dump());
    QElapsedTimer timer;
    timer.start();
    const auto tokenizer = openTokenizer(file);
    std::string text;
    while (text.size() < (1 << 20))
        text += "<token19999><token2x";
    const auto ids = tokenizer->encode(text, false, SpecialText::recognise).ids;
    QCOMPARE(ids[0], 256 + 19999);
    QCOMPARE(ids[1], '<');
    QVERIFY2(timer.elapsed() < 20000 * kSlower, qPrintable(QString::number(timer.elapsed()) + " ms"));
}

// As many tokens in tokenizer_config.json beside a SentencePiece model, each of which could replace one of the model.
void TestTokenizerLimits::readsManyTokensBesideAModelInTime()
{
    using namespace std::string_literals;
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    std::string model = "\x0a\x0b\x0a\x05<unk>\x18\x02\x28\x00"s;
    for (int i = 0; i < 100'000; ++i) {
        const std::string text = "<" + std::to_string(100'000 + i) + ">";
        model += "\x0a\x0c\x0a\x08"s + text + "\x18\x03"s;
    }
    writeText(path / "tokenizer.model", model + "\x12\x02\x18\x02"s);
    json config{{"added_tokens_decoder", json::object()}};
    for (int i = 0; i < 300'000; ++i)
        config["added_tokens_decoder"][std::to_string(1 + i)] = {{"content", "<" + std::to_string(100'000 + i) + ">"}, {"special", true}};
    writeText(path / "tokenizer_config.json", config.dump());
    QElapsedTimer timer;
    timer.start();
    const auto tokenizer = openTokenizer(path);
    QCOMPARE(tokenizer->size(), 300'001);
    QCOMPARE(tokenizer->encode("<399999>", false, SpecialText::recognise).ids, (std::vector<int32_t>{300'000}));
    QVERIFY2(timer.elapsed() < 10000 * kSlower, qPrintable(QString::number(timer.elapsed()) + " ms"));
}

QTEST_GUILESS_MAIN(TestTokenizerLimits)
#include "tst_tokenizer_limits.moc"
