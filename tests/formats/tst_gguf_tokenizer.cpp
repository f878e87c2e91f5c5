// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Tokenizers as GGUF metadata: which of llama.cpp's pre-tokenizers is chosen, that texts get the same ids from the metadata as from the
// folder, and what is refused.
#include "tests/formats/rejection.h"
#include "tests/formats/tokenizer_samples.h"
#include "tests/support/test_data.h"
#include "training/formats/gguf_tokenizer.h"
#include "training/formats/tokenizer.h"

#include <QTemporaryDir>

using namespace rankwright;
using namespace rankwright::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kCl100k = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

json splitBy(const std::string& digits)
{
    std::string pattern = kCl100k;
    pattern.replace(pattern.find("DIGITS"), 6, digits);
    return {{"type", "Sequence"}, {"pretokenizers", {
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}}}}};
}

// Merges that only some pre-tokenizers let happen: runs of digits, an upper-case contraction, punctuation before a line's end.
json byteLevel(const json& preTokenizer)
{
    json document = byteLevelJson({{"2", "2"}, {"3", "3"}, {"33", "3"}, {"4", "4"}, {"44", "44"}, {"'", "L"}, {"'L", "L"}, {";", "+"},
        {"a", "l"}, {"\n", "\n"}});
    if (!preTokenizer.is_null())
        document["pre_tokenizer"] = preTokenizer;
    return document;
}

GgufFile fileOf(const GgufMetadata& keys)
{
    return {.path = "made.gguf", .version = 3, .metadata = {keys.begin(), keys.end()}, .tensors = {}};
}

}  // namespace

class TestGgufTokenizer : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void choosesThePreTokenizer_data();
    void choosesThePreTokenizer();
    void fillsUpAndMarks();
    void writesRealTokenizers_data();
    void writesRealTokenizers();
    void copiesGgufKeysAsTheyAre();
    void refusesWhatGgufCannotHold();
    void saysWhereThereIsNone();

private:
    std::unique_ptr<QTemporaryDir> m_temporary;
    fs::path m_path;
};

void TestGgufTokenizer::init()
{
    m_temporary = std::make_unique<QTemporaryDir>();
    m_path = m_temporary->path().toStdString();
}

void TestGgufTokenizer::choosesThePreTokenizer_data()
{
    QTest::addColumn<QByteArray>("document");
    QTest::addColumn<QString>("pre");
    const auto row = [](const char* name, const json& document, const char* pre) {
        QTest::newRow(name) << QByteArray::fromStdString(document.dump()) << pre;
    };
    row("gpt-2", byteLevel(nullptr), "gpt-2");
    json llama = byteLevel(splitBy("3"));
    llama["model"]["ignore_merges"] = true;
    row("llama 3", llama, "llama-bpe");
    json qwen = byteLevel(splitBy("1"));
    qwen["normalizer"] = {{"type", "NFC"}};
    row("qwen", qwen, "qwen2");
    row("smollm", byteLevel({{"type", "Sequence"}, {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}}}}), "smollm");
}

void TestGgufTokenizer::choosesThePreTokenizer()
{
    QFETCH(QByteArray, document);
    QFETCH(QString, pre);
    writeBytes(m_path / "tokenizer.json", document.toStdString());
    std::string note;
    const GgufFile made = fileOf(tokenizerKeysOf(m_path, 300, note));
    QCOMPARE(QString::fromStdString(made.text("tokenizer.ggml.pre")), pre);
    QCOMPARE(made.text("tokenizer.ggml.model"), std::string("gpt2"));
    QVERIFY(note.empty());
    const auto was = openTokenizer(m_path), is = tokenizerFromGguf(made);
    for (const char* text : {"4444 33322", "I'LL", "calm;+\n\n\n x"})
        QCOMPARE(is->encode(text, true).ids, was->encode(text, true).ids);
}

// More rows of embeddings than tokens; added tokens, special and not; the first and last token.
void TestGgufTokenizer::fillsUpAndMarks()
{
    json document = byteLevel(nullptr);
    document["added_tokens"] = {addedToken(266, "<s>"), addedToken(267, "</s>"), addedToken(268, "<think>", false)};
    writeBytes(m_path / "tokenizer.json", document.dump());
    writeBytes(m_path / "tokenizer_config.json",
        R"({"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>", "chat_template": "{{ messages[0].content }}"})");
    std::string note;
    const GgufFile made = fileOf(tokenizerKeysOf(m_path, 272, note));
    const auto& tokens = made.texts("tokenizer.ggml.tokens");
    const auto types = made.integers("tokenizer.ggml.token_type");
    QCOMPARE(tokens.size(), size_t(272));
    QCOMPARE(types.size(), size_t(272));
    QCOMPARE(tokens[266], std::string("<s>"));
    QCOMPARE(types[266], int64_t(3));
    QCOMPARE(types[268], int64_t(4));
    QCOMPARE(types[0], int64_t(1));
    QCOMPARE(tokens[271], std::string("[PAD271]"));
    QCOMPARE(types[271], int64_t(5));
    QCOMPARE(made.integer("tokenizer.ggml.bos_token_id"), int64_t(266));
    QCOMPARE(made.integer("tokenizer.ggml.eos_token_id"), int64_t(267));
    QCOMPARE(made.integer("tokenizer.ggml.padding_token_id"), int64_t(267));
    QCOMPARE(made.flag("tokenizer.ggml.add_bos_token"), false);
    QCOMPARE(made.text("tokenizer.chat_template"), std::string("{{ messages[0].content }}"));
    QCOMPARE(tokenizerFromGguf(made)->encode("a<think>b<s>", false, SpecialText::recognise).ids.size(), size_t(4));
}

void TestGgufTokenizer::writesRealTokenizers_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("as");
    QTest::addColumn<QString>("model");
    QTest::newRow("gpt2") << "tokenizers/hf/gpt2/tokenizer.json" << "tokenizer.json" << "gpt2";
    QTest::newRow("llama2") << "tokenizers/spm/llama2/tokenizer.model" << "tokenizer.model" << "llama";
    QTest::newRow("mistral") << "tokenizers/spm/mistral/tokenizer.model.v1" << "tokenizer.model" << "llama";
    QTest::newRow("stories") << "stories260K/hf/tokenizer.model" << "tokenizer.model" << "llama";
}

void TestGgufTokenizer::writesRealTokenizers()
{
    QFETCH(QString, file);
    QFETCH(QString, as);
    QFETCH(QString, model);
    if (testData().empty() || !fs::exists(testData() / file.toStdString()))
        QSKIP("shared/data is not here");
    fs::copy_file(testData() / file.toStdString(), m_path / as.toStdString());
    std::string note;
    const auto was = openTokenizer(m_path);
    const GgufFile made = fileOf(tokenizerKeysOf(m_path, was->size(), note));
    QCOMPARE(QString::fromStdString(made.text("tokenizer.ggml.model")), model);
    QCOMPARE(note.find("joins blanks") != std::string::npos, file.startsWith("stories"));
    const auto is = tokenizerFromGguf(made);
    std::string text;
    const std::vector<std::string> words{"the ", "Once upon", "\n", "  ", "1995", "d'accord", "\xC3\xA9t\xC3\xA9", "\xE4\xBD\xA0\xE5\xA5\xBD", ".", "...",
        " a", "ing", "\t", "<s>", "x", "\xF0\x9F\x98\x80"};
    uint32_t state = 1;
    for (int i = 0; i < 500; ++i) {
        state = state * 1664525u + 1013904223u;
        text += words[(state >> 16) % words.size()];
        if (i % 10 == 9) {
            if (file.startsWith("stories")) {   // joins blanks, which the note says
                text = QString::fromStdString(text).replace(QRegularExpression(" +"), " ").toStdString();
                text = text.substr(text.starts_with(' ') ? 1 : 0, text.size() - (text.starts_with(' ') ? 1 : 0) - (text.ends_with(' ') ? 1 : 0));
            }
            QCOMPARE(is->encode(text, true).ids, was->encode(text, true).ids);
            text.clear();
        }
    }
}

void TestGgufTokenizer::copiesGgufKeysAsTheyAre()
{
    GgufFile base = fileOf({{"general.name", ggufText("x")}, {"tokenizer.ggml.model", ggufText("gpt2")},
        {"tokenizer.ggml.tokens", ggufTexts({"a"})}, {"tokenizer.chat_template", ggufText("t")}, {"llama.block_count", ggufInteger(1)}});
    const auto keys = tokenizerKeysOf(base);
    QCOMPARE(keys.size(), size_t(3));
    for (const auto& [key, value] : keys)
        QVERIFY(key.starts_with("tokenizer.") && value.value == base.metadata.at(key).value);
}

void TestGgufTokenizer::refusesWhatGgufCannotHold()
{
    std::string note;
    const auto refuse = [&](const json& document, const char* pattern) {
        writeBytes(m_path / "tokenizer.json", document.dump());
        requireRejection([&] { (void)tokenizerKeysOf(m_path, 300, note); }, Code::unsupported, pattern);
    };
    // Cuts at every vowel, which none of llama.cpp's pre-tokenizers does.
    refuse(byteLevel({{"type", "Sequence"}, {"pretokenizers", {{{"type", "Split"}, {"pattern", {{"Regex", "[aeiou]"}}}, {"behavior", "Isolated"},
        {"invert", false}}, {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}}}}),
        "split otherwise than by any of gpt-2.*--format merged");
    if (testData().empty())
        return;
    fs::copy_file(testData() / "tokenizers/hf/t5-small/tokenizer.json", m_path / "tokenizer.json", fs::copy_options::overwrite_existing);
    requireRejection([&] { (void)tokenizerKeysOf(m_path, 32128, note); }, Code::unsupported, "Unigram");
}

void TestGgufTokenizer::saysWhereThereIsNone()
{
    std::string note;
    const auto keys = tokenizerKeysOf(m_path, 300, note);
    QCOMPARE(keys.size(), size_t(1));
    QCOMPARE(fileOf(keys).text("tokenizer.ggml.model"), std::string("none"));
    QVERIFY(note.find("no tokenizer") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestGgufTokenizer)
#include "tst_gguf_tokenizer.moc"
