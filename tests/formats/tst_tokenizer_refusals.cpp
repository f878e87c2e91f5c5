// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Tokenizer files that must not be taken (rows TK08 to TK19, GG20 and GG21 of the catalogue, and more), each with a
// message that names the file, the place, what was found and what to do.
#include "tests/formats/rejection.h"
#include "tests/formats/tokenizer_samples.h"
#include "training/formats/tokenizer.h"

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;
using namespace rankwright::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

using Change = std::function<void(json&)>;

json llamaStyle() { return byteFallbackJson({"\xE2\x96\x81", "a"}, {}); }

void row(const char* name, std::string text, Code code, const char* message)
{
    QTest::newRow(name) << QByteArray::fromStdString(text) << static_cast<int>(code) << message;
}

// A row from a good document with one change.
void changed(const char* name, json document, const Change& change, Code code, const char* message)
{
    change(document);
    row(name, document.dump(), code, message);
}

void addIdRows()
{
    const auto id = [](const char* name, const json& value) {
        const auto set = [&value](json& d) { d["model"]["vocab"]["a"] = value; };
        changed(name, byteLevelJson(), set, Code::format, "/model/vocab/a: .*an id from 0 to 4194303");
    };
    id("TK09 id -1", -1);
    id("TK09 id 2^31", 2147483648);
    id("TK09 id 2^63 and more", 18446744073709551615u);
    id("TK09 id 4 194 304", 4194304);
    id("TK09 id 1.5", 1.5);
    id("TK09 id as text", "7");
    changed("TK09 duplicate id", byteLevelJson(), [](json& d) { d["model"]["vocab"]["a"] = 98; }, Code::format,
        "id 98 for .*each id once");
    changed("added token's id -1", byteLevelJson(),
        [](json& d) { d["added_tokens"] = json::array({addedToken(-1, "<x>")}); }, Code::format, "/added_tokens/0/id");
    changed("added token over another id", byteLevelJson(),
        [](json& d) { d["added_tokens"] = json::array({addedToken(7, "<x>")}); }, Code::format,
        "/added_tokens/0: id 7");
    changed("added token with another id than in the vocabulary", byteLevelJson(),
        [](json& d) { d["added_tokens"] = json::array({addedToken(300, "a")}); }, Code::format,
        "/added_tokens/0/id: 300");
    changed("post-processor's id outside", llamaStyle(),
        [](json& d) { d["post_processor"]["special_tokens"]["<s>"]["ids"] = {70000}; }, Code::format,
        "/post_processor: id 70000");
}

void addModelRows()
{
    const auto model = [](const char* name, const char* key, const json& value, Code code, const char* message) {
        changed(name, byteLevelJson(), [&](json& d) { d["model"][key] = value; }, code, message);
    };
    model("TK19 WordLevel", "type", "WordLevel", Code::unsupported,
        "/model/type: \"WordLevel\".*BPE, Unigram and WordPiece");
    model("type a number", "type", 3, Code::unsupported, "/model/type: 3");
    model("suffix", "end_of_word_suffix", "</w>", Code::unsupported, "/model/end_of_word_suffix");
    model("dropout", "dropout", 0.1, Code::unsupported, "/model/dropout");
    model("vocabulary an array", "vocab", json::array({1}), Code::format, "/model/vocab: an array");
    model("vocabulary empty", "vocab", json::object(), Code::format, "/model/vocab");
    model("merges an object", "merges", json::object(), Code::format, "/model/merges");
    model("merge of three", "merges", json::array({json::array({"a", "b", "c"})}), Code::format, "/model/merges/0");
    model("merge without a space", "merges", json::array({"ab"}), Code::format, "/model/merges/0");
    model("merge a number", "merges", json::array({1}), Code::format, "/model/merges/0");
    model("TK10 merged piece missing", "merges", json::array({json::array({"a", "b"})}), Code::format,
        "merge 0: \"ab\", which is not in");
    model("merge of a missing piece", "merges", json::array({"a qq"}), Code::format, "merge 0: \"qq\"");
    model("unk_token missing", "unk_token", "<nope>", Code::format, "/model/unk_token");
    model("ignore_merges a text", "ignore_merges", "yes", Code::format, "/model/ignore_merges");
}

void addOtherModelRows()
{
    const auto unigram = [](const char* name, const char* key, const json& value, const char* message) {
        changed(name, unigramJson(), [&](json& d) { d["model"][key] = value; }, Code::format, message);
    };
    unigram("Unigram's vocabulary an object", "vocab", {{"a", 1}}, "/model/vocab: an object");
    unigram("Unigram's vocabulary empty", "vocab", json::array(), "/model/vocab");
    unigram("Unigram's piece without a score", "vocab", json::array({json::array({"<unk>", 0.0}), json::array({"a"})}), "/model/vocab/1");
    unigram("Unigram's score a text", "vocab", json::array({json::array({"<unk>", 0.0}), json::array({"a", "b"})}),
        "/model/vocab/1");
    unigram("Unigram's empty piece", "vocab", pairs({{"<unk>", 0.0}, {"", -1}}), "/model/vocab/1: an empty piece");
    unigram("Unigram's unk_id outside", "unk_id", 3, "/model/unk_id: 3 .*below 3");
    unigram("Unigram's unk_id -1", "unk_id", -1, "/model/unk_id: -1");
    const auto wordPiece = [](const char* name, const char* key, const json& value, const char* message) {
        changed(name, wordPieceJson(), [&](json& d) { d["model"][key] = value; }, Code::format, message);
    };
    wordPiece("WordPiece's unk_token missing", "unk_token", nullptr, "/model/unk_token: nothing");
    wordPiece("WordPiece's unk_token unknown", "unk_token", "nope", "/model/unk_token: \"nope\"");
    wordPiece("WordPiece's longest word", "max_input_chars_per_word", -1, "/model/max_input_chars_per_word: -1");
    wordPiece("WordPiece's prefix", "continuing_subword_prefix", 3, "/model/continuing_subword_prefix: 3");
}

void addPipelineRows()
{
    const auto part = [](const char* name, const char* key, const json& value, Code code, const char* message) {
        changed(name, byteLevelJson(), [&](json& d) { d[key] = value; }, code, message);
    };
    const json byteLevel{{"type", "ByteLevel"}, {"add_prefix_space", false}};
    part("TK19 normalizer", "normalizer", {{"type", "Cyrillic"}}, Code::unsupported,
        "/normalizer: normalizer Cyrillic");
    part("normalizer in a sequence", "normalizer",
        {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Other"}}}}}, Code::unsupported,
        "/normalizer/normalizers/1: normalizer Other");
    part("character map missing", "normalizer", {{"type", "Precompiled"}}, Code::format,
        "/normalizer/precompiled_charsmap: nothing");
    part("character map not base64", "normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "*"}},
        Code::format, "/normalizer/precompiled_charsmap: .*base64");
    part("character map cut short", "normalizer", {{"type", "Precompiled"}, {"precompiled_charsmap", "/wAAAA=="}},
        Code::format, "/normalizer/precompiled_charsmap: a trie of 255 bytes");
    part("TK12 pattern of a normalizer", "normalizer",
        {{"type", "Replace"}, {"pattern", {{"Regex", "("}}}, {"content", "x"}}, Code::format, "at byte 1");
    part("normalizer a text", "normalizer", "NFC", Code::format, "/normalizer: \"NFC\"");
    part("normalizer without a type", "normalizer", json::object(), Code::format, "/normalizer/type: nothing");
    part("empty Replace", "normalizer", {{"type", "Replace"}, {"pattern", {{"String", ""}}}, {"content", "x"}},
        Code::format, "/normalizer/pattern");
    part("pre-tokenizer", "pre_tokenizer", {{"type", "Other"}}, Code::unsupported,
        "/pre_tokenizer: pre-tokenizer Other");
    part("delimiter of two characters", "pre_tokenizer", {{"type", "CharDelimiterSplit"}, {"delimiter", "ab"}},
        Code::format, "/pre_tokenizer/delimiter: \"ab\"");
    part("length 0", "pre_tokenizer", {{"type", "FixedLength"}, {"length", 0}}, Code::format,
        "/pre_tokenizer/length: 0");
    part("prepend scheme", "pre_tokenizer", {{"type", "Metaspace"}, {"prepend_scheme", "last"}}, Code::format,
        "/pre_tokenizer/prepend_scheme: last");
    part("TK12 pattern", "pre_tokenizer",
        {{"type", "Sequence"},
            {"pretokenizers",
                {{{"type", "Split"}, {"pattern", {{"Regex", "("}}}, {"behavior", "Isolated"}}, byteLevel}}},
        Code::format, "pattern \"\\(\" at byte 1");
    part("repetition of what is not known", "pre_tokenizer",
        {{"type", "Split"}, {"pattern", {{"Regex", "\\x41{2}+"}}}, {"behavior", "Isolated"}}, Code::unsupported,
        "\\{2\\}\\+");
    part("behaviour", "pre_tokenizer",
        {{"type", "Split"}, {"pattern", {{"String", "x"}}}, {"behavior", "Shuffled"}}, Code::format,
        "/pre_tokenizer/behavior: Shuffled");
    part("post-processor", "post_processor", {{"type", "Other"}}, Code::unsupported, "/post_processor");
    part("post-processor twice", "post_processor",
        {{"type", "Sequence"},
            {"processors",
                {{{"type", "BertProcessing"}, {"cls", {"a", 97}}, {"sep", {"b", 98}}},
                    {{"type", "BertProcessing"}, {"cls", {"a", 97}}, {"sep", {"b", 98}}}}}},
        Code::unsupported, "/post_processor/processors/1: a second post-processor");
    part("template of pairs", "post_processor",
        {{"type", "TemplateProcessing"}, {"single", {{{"Sequence", {{"id", "A"}}}}}},
            {"pair", {{{"Sequence", {{"id", "B"}}}}, {{"Sequence", {{"id", "A"}}}}}}},
        Code::unsupported, "/post_processor: .*B before A");
    part("template without its token", "post_processor",
        {{"type", "TemplateProcessing"},
            {"single", {{{"SpecialToken", {{"id", "[X]"}}}}, {{"Sequence", {{"id", "A"}}}}}}},
        Code::format, "/post_processor/special_tokens: nothing for \"\\[X\\]\"");
    part("decoder", "decoder", {{"type", "CTC"}}, Code::unsupported, "/decoder: decoder CTC");
    part("decoder's Strip of two", "decoder", {{"type", "Strip"}, {"content", "ab"}}, Code::format,
        "/decoder/content: \"ab\"");
    part("added tokens an object", "added_tokens", {{"a", 1}}, Code::format, "/added_tokens: an object");
    part("TK15 empty added token", "added_tokens", json::array({addedToken(256, "")}), Code::format,
        "added token with id 256: .*1 to 512 bytes");
    part("long added token", "added_tokens", json::array({addedToken(256, std::string(513, 'x'))}), Code::format,
        "513 bytes");
    part("added token twice", "added_tokens", json::array({addedToken(256, "<x>"), addedToken(257, "<x>")}),
        Code::format, "\"<x>\" is given twice");
    part("message without control bytes", "normalizer", {{"type", "a\x1b[31m\n\xE2\x80\xAE"}}, Code::unsupported,
        "normalizer a\\\\x1b");
}

// A GGUF file in memory with a SentencePiece vocabulary: <unk>, <s>, a byte, a space, a letter.
GgufFile ggufLlama()
{
    GgufFile file;
    file.path = "model.gguf";
    const auto set = [&file](const std::string& key, uint32_t type, bool array, auto value) {
        GgufValue entry;
        entry.type = type;
        entry.isArray = array;
        entry.value = std::move(value);
        file.metadata["tokenizer.ggml." + key] = std::move(entry);
    };
    set("model", 8, false, std::string("llama"));
    set("tokens", 8, true, std::vector<std::string>{"<unk>", "<s>", "<0x0A>", "\xE2\x96\x81", "a"});
    set("scores", 6, true, std::vector<double>{0, 0, 0, -1, -2});
    set("token_type", 5, true, std::vector<int64_t>{2, 3, 6, 1, 1});
    set("bos_token_id", 4, false, uint64_t{1});
    return file;
}

GgufFile ggufGpt2()
{
    GgufFile file = ggufLlama();
    file.metadata["tokenizer.ggml.model"].value = std::string("gpt2");
    file.metadata["tokenizer.ggml.tokens"].value = std::vector<std::string>{"<x>", "a", "b", "ab", "c"};
    file.metadata["tokenizer.ggml.token_type"].value = std::vector<int64_t>{3, 1, 1, 1, 1};
    GgufValue merges;
    merges.type = 8;
    merges.isArray = true;
    merges.value = std::vector<std::string>{"a b"};
    file.metadata["tokenizer.ggml.merges"] = merges;
    GgufValue pre;
    pre.type = 8;
    pre.value = std::string("gpt-2");
    file.metadata["tokenizer.ggml.pre"] = pre;
    return file;
}

}  // namespace

class TestTokenizerRefusals : public QObject
{
    Q_OBJECT

private slots:
    void takesTheDocumentsThatTheRowsChange();
    void refusesTokenizerJson_data();
    void refusesTokenizerJson();
    void refusesGguf_data();
    void refusesGguf();
    void refusesTokenizerModel_data();
    void refusesTokenizerModel();
    void refusesFolders();
    void worksWithoutSpecialTokens();
};

// Otherwise a row below could be refused for another reason than its own.
void TestTokenizerRefusals::takesTheDocumentsThatTheRowsChange()
{
    QTemporaryDir folder;
    const fs::path file = fs::path(folder.path().toStdString()) / "tokenizer.json";
    for (const json& document : {byteLevelJson(), llamaStyle(), unigramJson(), wordPieceJson()}) {
        writeText(file, document.dump());
        QVERIFY(openTokenizer(file) != nullptr);
    }
    QCOMPARE(tokenizerFromGguf(ggufLlama())->encode("a\n", true).ids, (std::vector<int32_t>{1, 3, 4, 2}));
    QCOMPARE(tokenizerFromGguf(ggufGpt2())->encode("abc", true).ids, (std::vector<int32_t>{3, 4}));
}

void TestTokenizerRefusals::refusesTokenizerJson_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("message");
    row("TK08 invalid UTF-8", "{\"a\": \"\xFF\"}", Code::format, "tokenizer.json: .*7");
    row("TK08 lone surrogate", R"({"a": "\ud800"})", Code::format, "tokenizer.json: ");
    row("duplicate key", R"({"model": {}, "model": {}})", Code::format, "model");
    row("deep", std::string(100000, '['), Code::limit, "tokenizer.json: .*depth 64");
    row("empty", "", Code::format, "tokenizer.json: ");
    row("an array", "[]", Code::format, "tokenizer.json: /: ");
    row("no model", "{}", Code::format, "/model: null");
    addIdRows();
    addModelRows();
    addOtherModelRows();
    addPipelineRows();
}

void TestTokenizerRefusals::refusesTokenizerJson()
{
    QFETCH(QByteArray, text);
    QFETCH(int, code);
    QFETCH(QString, message);
    QTemporaryDir folder;
    const fs::path file = fs::path(folder.path().toStdString()) / "tokenizer.json";
    writeText(file, text.toStdString());
    requireRejection([&] { (void)openTokenizer(file); }, static_cast<Code>(code), message);
}

void TestTokenizerRefusals::refusesGguf_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("change");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("message");
    const auto add = [](const char* name, const char* key, const char* change, Code code, const char* message) {
        QTest::newRow(name) << key << change << static_cast<int>(code) << message;
    };
    add("GG20 fewer scores", "scores", "shorter", Code::format, "scores: 4 elements .*5, as in");
    add("GG20 fewer types", "token_type", "shorter", Code::format, "token_type: 4 elements");
    add("GG20 types of U8", "token_type", "u8", Code::format, "token_type: an array of type 0");
    add("GG20 scores of U8", "scores", "u8", Code::format, "scores: an array of type 0");
    add("GG20 tokens of U8", "tokens", "u8", Code::format, "tokens: an array of type 0");
    add("no scores", "scores", "none", Code::format, "scores: nothing");
    add("no tokens", "tokens", "none", Code::format, "tokens: nothing");
    add("score not a number", "scores", "nan", Code::format, "scores\\[0\\]");
    add("type 7", "token_type", "seven", Code::format, "token_type\\[0\\]: 7");
    add("long token", "byte", "513", Code::limit, "tokens\\[2\\]: a piece of 513 bytes.*at most 512 bytes");
    add("GG21 <0x-1>", "byte", "<0x-1>", Code::format, "piece 2: \"<0x-1>\" as a byte");
    add("GG21 <0xZZ>", "byte", "<0xZZ>", Code::format, "piece 2: \"<0xZZ>\"");
    add("GG21 <0x100>", "byte", "<0x100>", Code::format, "piece 2: \"<0x100>\"");
    add("token not UTF-8", "byte", "\x01", Code::format, "piece 2");
    add("bos outside", "bos_token_id", "large", Code::format, "bos_token_id: 5 ");
    add("another kind", "model", "rwkv", Code::unsupported, "model: \"rwkv\".*gpt2.*llama.*t5.*bert");
    add("another pre-tokenizer", "pre", "martian", Code::unsupported, "pre: \"martian\".*gpt-2, llama-bpe");
    add("TK10 merge", "merges", "b c", Code::format, "merge 0: \"bc\"");
    add("merge of one", "merges", "ab", Code::format, "merges\\[0\\]");
}

void TestTokenizerRefusals::refusesGguf()
{
    QFETCH(QString, key);
    QFETCH(QString, change);
    QFETCH(int, code);
    QFETCH(QString, message);
    const bool gpt2 = key == "pre" || key == "merges";
    GgufFile file = gpt2 ? ggufGpt2() : ggufLlama();
    GgufValue& value = file.metadata["tokenizer.ggml." + (key == "byte" ? "tokens" : key.toStdString())];
    const std::string text = change.toStdString();
    if (change == "shorter")
        std::visit([](auto& list) { if constexpr (requires { list.pop_back(); }) list.pop_back(); }, value.value);
    else if (change == "u8") {
        value.type = 0;
        value.value = std::vector<uint64_t>{2, 3, 6, 1, 1};
    } else if (change == "none")
        file.metadata.erase("tokenizer.ggml." + key.toStdString());
    else if (change == "nan")
        std::get<std::vector<double>>(value.value)[0] = std::numeric_limits<double>::quiet_NaN();
    else if (change == "seven")
        std::get<std::vector<int64_t>>(value.value)[0] = 7;
    else if (change == "large")
        value.value = uint64_t{5};
    else if (key == "byte")
        std::get<std::vector<std::string>>(value.value)[2] = change == "513" ? std::string(513, 'a') : text;
    else if (key == "merges")
        value.value = std::vector<std::string>{text};
    else
        value.value = text;
    requireRejection([&] { (void)tokenizerFromGguf(file); }, static_cast<Code>(code), "^model.gguf: .*" + message);
}

void TestTokenizerRefusals::refusesTokenizerModel_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("message");
    const auto add = [](const char* name, const QByteArray& bytes, Code code, const char* message) {
        QTest::newRow(name) << bytes << static_cast<int>(code) << message;
    };
    using namespace std::string_literals;
    const QByteArray piece("\x0a\x03\x0a\x01" "a", 5), bpe("\x12\x02\x18\x02", 4);
    add("empty", {}, Code::format, "byte 0: no pieces");
    add("cut in a length", QByteArray("\x0a", 1), Code::format, "byte 1: the end of the data");
    add("length over the end", QByteArray("\x0a\x7f" "abc", 5), Code::format, "a length of 127 bytes");
    add("length of 2^63", QByteArray("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10), Code::format, "a length of");
    add("endless number", QByteArray("\x08") + QByteArray(12, '\xff'), Code::format, "more than ten bytes");
    add("wire type 3", QByteArray("\x0b", 1), Code::format, "wire type 3");
    add("field 0", QByteArray("\x02\x00", 2), Code::format, "field number 0");
    add("piece not UTF-8", QByteArray("\x0a\x03\x0a\x01\xff", 5), Code::format, "not UTF-8");
    add("empty piece", QByteArray("\x0a\x02\x0a\x00", 4), Code::format, "an empty piece");
    add("long piece", QByteArray("\x0a\x84\x04\x0a\x81\x04") + QByteArray(513, 'a'), Code::format,
        "a piece of 513 bytes.*at most 512 bytes");
    add("piece of type 9", QByteArray("\x0a\x05\x0a\x01" "a\x18\x09", 7), Code::format, "piece type 9");
    add("score not finite", QByteArray("\x0a\x08\x0a\x01" "a\x15\x00\x00\xc0\x7f", 10), Code::format, "not finite");
    add("GG21 byte piece", QByteArray("\x0a\x0a\x0a\x06<0xZZ>\x18\x06", 12) + bpe, Code::format, "piece 0: \"<0xZZ>\"");
    add("words", piece + QByteArray("\x12\x02\x18\x03", 4), Code::unsupported,
        "SentencePiece model of type word .*BPE and Unigram");
    add("character map", piece + bpe + QByteArray("\x1a\x03\x12\x01m", 5), Code::format,
        "the character map: 1 bytes");
    add("tiktoken", "IQ== 0\nIg== 1\n", Code::unsupported, "a tiktoken vocabulary .*tokenizer.json");
    add("pickle", QByteArray("\x80\x02}q\x00.", 6), Code::pickle, "ickle");
}

void TestTokenizerRefusals::refusesTokenizerModel()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, code);
    QFETCH(QString, message);
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    writeText(path / "tokenizer.model", bytes.toStdString());
    requireRejection([&] { (void)openTokenizer(path); }, static_cast<Code>(code), "tokenizer.model: .*" + message);
}

void TestTokenizerRefusals::refusesFolders()
{
    QTemporaryDir folder;
    const fs::path path = folder.path().toStdString();
    requireRejection([&] { (void)openTokenizer(path); }, Code::missing, "tokenizer.json or tokenizer.model: neither");
    writeText(path / "tokenizer.json", byteLevelJson().dump());
    writeText(path / "tokenizer_config.json", R"({"add_bos_token": "yes"})");
    requireRejection([&] { (void)openTokenizer(path); }, Code::format,
        "tokenizer_config.json: /add_bos_token: \"yes\"");
    writeText(path / "tokenizer_config.json", R"({"added_tokens_decoder": {"4194304": {"content": "x"}}})");
    requireRejection([&] { (void)openTokenizer(path); }, Code::format, "/added_tokens_decoder/4194304");
    fs::remove(path / "tokenizer_config.json");
    writeText(path / "config.json", std::string(100000, '['));  // TK01
    requireRejection([&] { (void)openTokenizer(path); }, Code::limit, "config.json: .*depth 64");
    fs::remove(path / "config.json");
    fs::remove(path / "tokenizer.json");
    writeText(path / "vocab.txt", "[CLS]\n[SEP]\na\n");
    requireRejection([&] { (void)openTokenizer(path); }, Code::format, "vocab.txt: the lines: no \"\\[UNK\\]\"");
    writeText(path / "vocab.json", R"({"a": -1})");
    writeText(path / "merges.txt", "");
    requireRejection([&] { (void)openTokenizer(path); }, Code::format, "vocab.json: /a: -1");
    writeText(path / "vocab.json", R"({"a": 0, "b": 1})");
    writeText(path / "merges.txt", "#version: 0.2\na b\n");
    requireRejection([&] { (void)openTokenizer(path); }, Code::format, "merge 0: \"ab\"");
}

// TK20: a tokenizer without first and last tokens says so, and adds none.
void TestTokenizerRefusals::worksWithoutSpecialTokens()
{
    const JsonTokenizer tokenizer(byteLevelJson());
    QCOMPARE(tokenizer->bos(), -1);
    QCOMPARE(tokenizer->eos(), -1);
    QCOMPARE(tokenizer->encode("a", true).ids, (std::vector<int32_t>{'a'}));
}

QTEST_GUILESS_MAIN(TestTokenizerRefusals)
#include "tst_tokenizer_refusals.moc"
