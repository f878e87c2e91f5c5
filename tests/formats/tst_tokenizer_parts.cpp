// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Every normaliser, pre-tokenizer, post-processor, decoder and model of tokenizer.json against what Hugging Face's
// tokenizers said about small made tokenizers (tests/golden/make_tokenizer_golden.py), and the other files that hold
// tokenizers: vocab.txt, vocab.json with merges.txt, spm.model.
#include "tests/formats/tokenizer_samples.h"

#include <QTest>

#include <map>

using namespace rankwright;
using namespace rankwright::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

using Ids = std::vector<int32_t>;
using Offsets = std::vector<std::pair<size_t, size_t>>;

fs::path goldens() { return fs::path(RANKWRIGHT_SOURCE_DIR) / "tests/golden/tokenizers"; }

QByteArray shown(const json& value) { return QByteArray::fromStdString(value.dump()); }

// The offsets without those of tokens that a post-processor added.
json ownOffsets(const Tokenizer& tokenizer, const Encoding& encoding, const json& row)
{
    const auto text = row["text"].get<std::string>(), pair = row["pair"].get<std::string>();
    const auto offsets = tokenizer.shownOffsets(encoding, text, pair);
    const auto first = inCharacters(text, Offsets(offsets.begin(), offsets.begin() + std::ptrdiff_t(*encoding.second)));
    const auto second = inCharacters(pair, Offsets(offsets.begin() + std::ptrdiff_t(*encoding.second), offsets.end()));
    const auto specials = row["specials"].get<std::vector<size_t>>();
    json own = json::array();
    for (size_t i = 0; i < offsets.size(); ++i)
        if (std::ranges::find(specials, i) == specials.end())
            own.push_back(i < *encoding.second ? first[i] : second[i - *encoding.second]);
    return own;
}

void comparePair(const Tokenizer& tokenizer, const json& row)
{
    const Encoding encoding = tokenizer.encodePair(
        row["text"].get<std::string>(), row["pair"].get<std::string>(), true, SpecialText::recognise);
    QCOMPARE(shown(encoding.ids), shown(row["ids"]));
    const auto types = encoding.types.empty() ? Ids(encoding.ids.size(), 0) : encoding.types;
    QCOMPARE(shown(types), shown(row["types"]));
    QCOMPARE(shown(ownOffsets(tokenizer, encoding, row)), shown(row["offsets"]));
}

void compareText(const Tokenizer& tokenizer, const json& row)
{
    const auto text = row["text"].get<std::string>();
    const Encoding encoding = tokenizer.encode(text, false, SpecialText::recognise);
    QCOMPARE(shown(encoding.ids), shown(row["ids"]));
    QCOMPARE(shown(inCharacters(text, tokenizer.shownOffsets(encoding, text))), shown(row["offsets"]));
    QCOMPARE(shown(tokenizer.encode(text, true, SpecialText::recognise).ids),
        shown(row.value("ids_special", row["ids"])));
    if (row.contains("decoded"))
        QCOMPARE(tokenizer.decode(encoding.ids), row["decoded"].get<std::string>());
}

void compareRow(const Tokenizer& tokenizer, const json& row)
{
    if (row.contains("decode"))
        QCOMPARE(tokenizer.decode(row["decode"].get<Ids>()), row["decoded"].get<std::string>());
    else if (row.contains("pair"))
        comparePair(tokenizer, row);
    else
        compareText(tokenizer, row);
}

// A SentencePiece model in protobuf: pieces with scores and types, then its settings.
std::string modelBytes(const std::vector<std::tuple<std::string, float, char>>& pieces, char kind)
{
    const auto field = [](char key, const std::string& bytes) {
        return std::string(1, key) + static_cast<char>(bytes.size()) + bytes;
    };
    std::string all;
    for (const auto& [text, score, type] : pieces) {
        std::string number(4, '\0');
        std::memcpy(number.data(), &score, 4);
        all += field('\x0a', field('\x0a', text) + '\x15' + number + '\x18' + type);
    }
    return all + field('\x12', std::string("\x18") + kind);
}

}  // namespace

class TestTokenizerParts : public QObject
{
    Q_OBJECT

private slots:
    void equalsHuggingFacePart_data();
    void equalsHuggingFacePart();
    void equalsHuggingFaceWhole_data();
    void equalsHuggingFaceWhole();
    void streamsPieces();
    void closesPairsWithOneTokenForBoth();
    void matchesAddedTokensThatLookAlike();
    void readsVocabularyText();
    void readsVocabularyWithMerges();
    void readsDebertaModel();
    void readsUnigramModel();
};

void TestTokenizerParts::equalsHuggingFacePart_data()
{
    QTest::addColumn<QByteArray>("set");
    QTest::addColumn<QList<QByteArray>>("rows");
    const json parts = json::parse(readText(goldens() / "parts.json"));
    std::map<std::string, QList<QByteArray>> rows;
    for (json& row : readLines(goldens() / "parts.jsonl")) {
        if (row.contains("text") && row["text"].is_number())
            row["text"] = parts["texts"][row["text"].get<size_t>()];
        rows[row["case"].get<std::string>()].push_back(shown(row));
    }
    for (const json& entry : parts["cases"]) {
        const auto name = entry["name"].get<std::string>();
        QTest::newRow(name.c_str()) << shown(entry["set"]) << rows[name];
    }
}

void TestTokenizerParts::equalsHuggingFacePart()
{
    QFETCH(QByteArray, set);
    QFETCH(QList<QByteArray>, rows);
    const json parts = json::parse(readText(goldens() / "parts.json"));
    json document{{"model", {{"type", "WordPiece"}, {"unk_token", "[UNK]"}}}};
    for (size_t id = 0; id < parts["vocabulary"].size(); ++id)
        document["model"]["vocab"][parts["vocabulary"][id].get<std::string>()] = id;
    document.update(json::parse(set.toStdString()));
    const JsonTokenizer tokenizer(document);
    QVERIFY(rows.size() > 5);
    for (const QByteArray& row : rows) {
        compareRow(*tokenizer, json::parse(row.toStdString()));
        if (QTest::currentTestFailed())
            QFAIL(row.left(300));
    }
}

void TestTokenizerParts::equalsHuggingFaceWhole_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QByteArray>("kind");
    QTest::newRow("unigram") << "unigram" << QByteArray("Unigram");
    QTest::newRow("unigram with bytes") << "unigram-bytes" << QByteArray("Unigram");
    QTest::newRow("wordpiece") << "wordpiece" << QByteArray("WordPiece");
    QTest::newRow("bpe with bytes") << "bpe-bytes" << QByteArray("SentencePiece BPE");
}

void TestTokenizerParts::equalsHuggingFaceWhole()
{
    QFETCH(QString, name);
    QFETCH(QByteArray, kind);
    const auto tokenizer = openTokenizer(goldens() / (name.toStdString() + ".json"));
    QCOMPARE(QByteArray(tokenizer->kind().data()), kind);
    const auto rows = readLines(goldens() / (name.toStdString() + ".jsonl"));
    QVERIFY(rows.size() > 30);
    for (const json& row : rows) {
        compareRow(*tokenizer, row);
        if (QTest::currentTestFailed())
            QFAIL(shown(row).left(300));
    }
}

// What one token stands for inside a text: the pieces of a text in a row are the text as decoding gives it, but for a
// space at its start.
void TestTokenizerParts::streamsPieces()
{
    for (const char* name : {"unigram", "unigram-bytes", "wordpiece", "bpe-bytes"}) {
        const auto tokenizer = openTokenizer(goldens() / (std::string(name) + ".json"));
        const Ids ids = tokenizer->encode("the caf\xC3\xA9 sells seashells", false).ids;
        std::string streamed;
        for (const int32_t id : ids)
            streamed += tokenizer->piece(id);
        QVERIFY(ids.size() > 3);
        QCOMPARE(QByteArray::fromStdString(streamed), QByteArray::fromStdString(" " + tokenizer->decode(ids)));
    }
    const auto wordPiece = openTokenizer(goldens() / "wordpiece.json");
    QCOMPARE(wordPiece->piece(wordPiece->idOf("[SEP]")), std::string("[SEP]"));
}

// BERT's form where one token opens and closes.
void TestTokenizerParts::closesPairsWithOneTokenForBoth()
{
    json document = byteLevelJson();
    document["post_processor"] = {{"type", "BertProcessing"}, {"cls", {"x", 'x'}}, {"sep", {"x", 'x'}}};
    const Encoding pair = JsonTokenizer(document)->encodePair("a", "b", true);
    QCOMPARE(pair.ids, (Ids{'x', 'a', 'x', 'b', 'x'}));
    QCOMPARE(pair.types, (Ids{0, 0, 0, 1, 1}));
}

// Two contents that the normaliser makes one: the first in the file is found, and longer ones are still looked for.
void TestTokenizerParts::matchesAddedTokensThatLookAlike()
{
    json document = byteLevelJson();
    document["normalizer"] = {{"type", "Lowercase"}};
    int32_t id = 256;
    for (const char* content : {"Foo", "foo", "FOO", "Foobar", "fo"}) {
        document["added_tokens"].push_back(addedToken(id++, content, false));
        document["added_tokens"].back()["normalized"] = true;
    }
    const JsonTokenizer tokenizer(document);
    QCOMPARE(tokenizer.ids("foo"), (Ids{256}));
    QCOMPARE(tokenizer.ids("xFOOx"), (Ids{'x', 256, 'x'}));
    QCOMPARE(tokenizer.ids("fooBARfo"), (Ids{259, 260}));
    QCOMPARE(tokenizer.ids("foob"), (Ids{256, 'b'}));
}

void TestTokenizerParts::readsVocabularyText()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    writeText(path / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncafe\nCaf\xC3\xA9\n##s\n!\n\n\xE4\xB8\xAD\n");
    const auto lower = openTokenizer(path);
    QCOMPARE(lower->kind(), std::string_view("WordPiece"));
    const Encoding pair = lower->encodePair("Caf\xC3\xA9s!", "cafe \xE4\xB8\xAD x", true);
    QCOMPARE(pair.ids, (Ids{2, 5, 7, 8, 3, 5, 10, 1, 3}));
    QCOMPARE(pair.types, (Ids{0, 0, 0, 0, 0, 1, 1, 1, 1}));
    QCOMPARE(*pair.second, size_t{5});
    QCOMPARE(lower->bos(), -1);
    QVERIFY(lower->isSpecial(4) && !lower->isSpecial(5));
    writeText(path / "tokenizer_config.json", R"({"do_lower_case": false, "tokenizer_class": "BertTokenizer"})");
    QCOMPARE(openTokenizer(path)->encode("Caf\xC3\xA9s", true).ids, (Ids{2, 6, 7, 3}));
    QVERIFY(hasTokenizerFiles(path));
}

void TestTokenizerParts::readsVocabularyWithMerges()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    json vocabulary = byteLevelJson({{"a", "b"}, {" ", "a"}})["model"]["vocab"];
    writeText(path / "vocab.json", vocabulary.dump());
    writeText(path / "merges.txt", "#version: 0.2\na b\n" + spelledBytes(" ") + " a\n");
    QCOMPARE(openTokenizer(path)->encode("ab a", true).ids, (Ids{256, 257}));
    for (const char* special : {"<s>", "<pad>", "</s>", "<unk>", "<mask>"})
        vocabulary[special] = vocabulary.size();
    writeText(path / "vocab.json", vocabulary.dump());
    const auto roberta = openTokenizer(path);
    QCOMPARE(roberta->encode("ab", true).ids, (Ids{258, 256, 260}));
    QCOMPARE(roberta->encodePair("ab", "a", true).ids, (Ids{258, 256, 260, 260, 'a', 260}));
    const Encoding masked = roberta->encode("b <mask> a", false, SpecialText::recognise);
    QCOMPARE(masked.ids, (Ids{'b', 262, 257}));
    QCOMPARE(roberta->shownOffsets(masked, "b <mask> a"), (Offsets{{0, 1}, {2, 8}, {9, 10}}));
}

// Four special tokens in the model, the mask after all pieces, [CLS] A [SEP] B [SEP].
void TestTokenizerParts::readsDebertaModel()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    const std::string mark = "\xE2\x96\x81";
    writeText(path / "spm.model",
        modelBytes({{"[PAD]", 0, 3}, {"[CLS]", 0, 3}, {"[SEP]", 0, 3}, {"[UNK]", 0, 2}, {mark + "cat", -2, 1},
                       {mark, -3, 1}, {"s", -3, 1}, {"cat", -9, 1}}, 1));
    writeText(path / "tokenizer_config.json", R"({"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": false})");
    const auto tokenizer = openTokenizer(path);
    QCOMPARE(tokenizer->kind(), std::string_view("Unigram"));
    QCOMPARE(tokenizer->size(), 9);
    QCOMPARE(tokenizer->idOf("[MASK]"), 8);
    const Encoding pair = tokenizer->encodePair("cats", " a  cat", true);
    QCOMPARE(pair.ids, (Ids{1, 4, 6, 2, 5, 3, 4, 2}));
    QCOMPARE(pair.types, (Ids{0, 0, 0, 0, 1, 1, 1, 1}));
    QCOMPARE(tokenizer->encode("cat[MASK]s", true, SpecialText::recognise).ids, (Ids{1, 4, 8, 5, 6, 2}));
    QCOMPARE(tokenizer->decode({4, 6}), std::string("cats"));
}

// The best sum wins, of equal ones the first found; unknown characters fuse or become bytes.
void TestTokenizerParts::readsUnigramModel()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    const std::string mark = "\xE2\x96\x81";
    std::vector<std::tuple<std::string, float, char>> pieces{{"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3},
        {mark, -1, 1}, {"a", -2, 1}, {"aa", -3, 1}, {"b", -1, 1}, {"ab", -3, 1}, {"never", -0.5F, 5}, {"keep", -1, 4}};
    writeText(path / "tokenizer.model", modelBytes(pieces, 1));
    const auto tokenizer = openTokenizer(path);
    QCOMPARE(tokenizer->encode("aaa", false).ids, (Ids{3, 4, 5}));  // a aa before aa a
    QCOMPARE(tokenizer->encode("ab", false).ids, (Ids{3, 7}));      // of a b and ab, equal, the one that begins first
    QCOMPARE(tokenizer->encode("xyb", false).ids, (Ids{3, 0, 6}));
    QCOMPARE(tokenizer->encode("akeepb", true).ids, (Ids{1, 3, 4, 9, 6}));
    QCOMPARE(tokenizer->encode("never", false).ids, (Ids{3, 0}));
}

QTEST_GUILESS_MAIN(TestTokenizerParts)
#include "tst_tokenizer_parts.moc"
