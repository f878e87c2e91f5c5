// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Rows with labels as an encoder takes them: special tokens, types, cutting as PyPI's tokenizers 0.22 does (longest_first), classes and
// numbers. The tokenizer is WordPiece with a word a letter, so that tokens can be read off.
#include "tests/formats/rejection.h"
#include "training/formats/labelled_text.h"
#include "training/formats/samples.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

namespace {

nlohmann::json special(const char* name, int type) { return {{"SpecialToken", {{"id", name}, {"type_id", type}}}}; }
nlohmann::json sequence(const char* name, int type) { return {{"Sequence", {{"id", name}, {"type_id", type}}}}; }

void writeTokenizer(const std::filesystem::path& folder)
{
    nlohmann::json vocabulary, added = nlohmann::json::array(), specials;
    int id = 0;
    for (const char* name : {"[PAD]", "[UNK]", "[CLS]", "[SEP]"}) {
        added.push_back({{"id", id}, {"content", name}, {"single_word", false}, {"lstrip", false}, {"rstrip", false},
            {"normalized", false}, {"special", true}});
        specials[name] = {{"id", name}, {"ids", {id}}, {"tokens", {name}}};
        vocabulary[name] = id++;
    }
    for (char c = 'a'; c <= 'z'; ++c)
        vocabulary[std::string(1, c)] = id++;
    const auto single = nlohmann::json::array({special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)});
    const auto pair = nlohmann::json::array(
        {special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0), sequence("B", 1), special("[SEP]", 1)});
    const nlohmann::json json {{"version", "1.0"}, {"added_tokens", added},
        {"normalizer",
            {{"type", "BertNormalizer"}, {"clean_text", true}, {"handle_chinese_chars", true}, {"strip_accents", nullptr}, {"lowercase", true}}},
        {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
        {"post_processor", {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}}},
        {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
        {"model",
            {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"continuing_subword_prefix", "##"}, {"max_input_chars_per_word", 100},
                {"vocab", vocabulary}}}};
    writeBytes(folder / "tokenizer.json", json.dump());
}

std::string letters(int count, bool backwards)
{
    std::string out;
    for (int i = 0; i < count; ++i)
        out += (i > 0 ? " " : "") + std::string(1, char(backwards ? 'z' - i : 'a' + i));
    return out;
}

Dataset rows(const std::vector<Example>& examples)
{
    Dataset dataset;
    dataset.name = "rows";
    dataset.file = "rows.tsv";
    dataset.format = "labels";
    dataset.examples = examples;
    return dataset;
}

Example labelled(const std::string& text, const std::string& second, const std::string& label)
{
    Example example;
    example.prompt = text;
    example.response = second;
    example.label = label;
    example.line = 7;
    return example;
}

SampleOptions options(const std::string& task, std::vector<std::string> labels = {})
{
    SampleOptions out;
    out.task = task;
    out.labels = std::move(labels);
    return out;
}

}  // namespace

class TestLabelledSamples : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void cutsTheLongerTextFirst_data();
    void cutsTheLongerTextFirst();
    void leavesRoomForSpecialTokens();
    void namesClassesInTheirOrder();
    void readsNumbers();
    void refusesOtherLabels_data();
    void refusesOtherLabels();
    void withoutATaskTheTextsAreTrainedOn();
    void keepsOffsetsWhereAsked();

private:
    std::string shown(const Sample& sample) const
    {
        std::string out;
        for (size_t i = 0; i < sample.ids.size(); ++i) {
            const auto id = sample.ids[i];
            out += id == 2 ? "<" : id == 3 ? "/" : m_tokenizer->decode({id});
        }
        return out;
    }
    QTemporaryDir m_folder;
    std::unique_ptr<Tokenizer> m_tokenizer;
};

void TestLabelledSamples::initTestCase()
{
    writeTokenizer(m_folder.path().toStdString());
    m_tokenizer = openTokenizer(m_folder.path().toStdString());
}

void TestLabelledSamples::cutsTheLongerTextFirst_data()
{
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("second");
    QTest::addColumn<int>("most");
    QTest::addColumn<QString>("tokens");
    const auto row = [](int first, int second, int most, const char* tokens) {
        QTest::addRow("%d, %d to %d", first, second, most) << first << second << most << QString(tokens);
    };
    row(10, 3, 10, "<abcd/zyx/");
    row(3, 10, 10, "<abc/zyxw/");
    row(10, 10, 10, "<abc/zyxw/");
    row(10, 10, 11, "<abcd/zyxw/");
    row(9, 10, 12, "<abcd/zyxwv/");
    row(10, 9, 12, "<abcde/zyxw/");
    row(20, 2, 9, "<abcd/zy/");
    row(2, 20, 9, "<ab/zyxw/");
    row(20, 1, 9, "<abcde/z/");
    row(5, 5, 13, "<abcde/zyxwv/");
    row(6, 5, 13, "<abcde/zyxwv/");
    row(12, 4, 4, "<a//");
    row(8, 0, 6, "<abcd/");
}

void TestLabelledSamples::cutsTheLongerTextFirst()
{
    QFETCH(int, first);
    QFETCH(int, second);
    QFETCH(int, most);
    QFETCH(QString, tokens);
    auto chosen = options("classify", {"no", "yes"});
    chosen.maxLength = most;
    const auto dataset = rows({labelled(letters(first, false), letters(second, true), "yes")});
    const auto sample = Sampler(*m_tokenizer, chosen).sample(dataset, 0);
    QCOMPARE(QString::fromStdString(shown(sample)), tokens);
    QCOMPARE(sample.fullLength, first + (second > 0 ? second + 3 : 2));
    QCOMPARE(sample.targets(), 1);
    QCOMPARE(std::count(sample.trained.begin(), sample.trained.end(), true), 0);
    // Types as the post-processor says: the second text and the [SEP] behind it.
    std::string types;
    for (const auto type : sample.types)
        types += std::to_string(type);
    const auto ones = second > 0 ? tokens.size() - tokens.indexOf('/') - 1 : 0;
    QCOMPARE(QString::fromStdString(types), ones > 0 ? QString(tokens.size() - ones, '0') + QString(ones, '1') : QString());
}

void TestLabelledSamples::leavesRoomForSpecialTokens()
{
    auto chosen = options("classify", {"no", "yes"});
    chosen.maxLength = 3;
    const auto dataset = rows({labelled("a b", "c d", "no")});
    requireRejection([&] { static_cast<void>(Sampler(*m_tokenizer, chosen).sample(dataset, 0)); }, Code::data,
        "rows\\.tsv: line 7, length: 3 special tokens.*--max-length");
}

void TestLabelledSamples::namesClassesInTheirOrder()
{
    const Sampler sampler(*m_tokenizer, options("classify", {"no", "yes"}));
    const auto dataset = rows({labelled("a", "", "yes"), labelled("a", "", "no"), labelled("a", "", "7"), labelled("a", "", "1")});
    QCOMPARE(*sampler.sample(dataset, 0).label, 1.0);
    QCOMPARE(*sampler.sample(dataset, 1).label, 0.0);
    QCOMPARE(*sampler.sample(dataset, 3).label, 1.0);   // a number where the classes have names
    const Sampler numbered(*m_tokenizer, options("classify", {"1", "2", "7"}));
    QCOMPARE(*numbered.sample(dataset, 2).label, 2.0);
    QCOMPARE(*numbered.sample(dataset, 3).label, 0.0);  // the class that is called so, not the second one
}

void TestLabelledSamples::readsNumbers()
{
    const Sampler sampler(*m_tokenizer, options("regress"));
    const auto dataset = rows({labelled("a", "b", "3.800"), labelled("a", "b", "-2")});
    QCOMPARE(*sampler.sample(dataset, 0).label, 3.8);
    QCOMPARE(*sampler.sample(dataset, 1).label, -2.0);
}

void TestLabelledSamples::refusesOtherLabels_data()
{
    QTest::addColumn<QString>("task");
    QTest::addColumn<QString>("label");
    QTest::addColumn<QString>("pattern");
    QTest::newRow("other class") << "classify" << "maybe" << "line 7, label: the label \"maybe\".*no, yes.*--labels";
    QTest::newRow("class number") << "classify" << "2" << "the label \"2\"";
    QTest::newRow("no label") << "classify" << "none" << "line 7, label: a row without a label.*--columns label=NAME";
    QTest::newRow("no number") << "regress" << "much" << "the label \"much\".*a number";
    QTest::newRow("infinite") << "regress" << "inf" << "the label \"inf\"";
    QTest::newRow("control characters") << "regress" << "\x1b[2J" << "\\\\x1b";
}

void TestLabelledSamples::refusesOtherLabels()
{
    QFETCH(QString, task);
    QFETCH(QString, label);
    QFETCH(QString, pattern);
    auto example = labelled("a", "", label.toStdString());
    if (label == "none")
        example.label.reset();
    const auto dataset = rows({example});
    const Sampler sampler(*m_tokenizer, options(task.toStdString(), {"no", "yes"}));
    requireRejection([&] { static_cast<void>(sampler.sample(dataset, 0)); }, Code::data, pattern);
}

void TestLabelledSamples::withoutATaskTheTextsAreTrainedOn()
{
    const auto sample = Sampler(*m_tokenizer, options("lm")).sample(rows({labelled("a b", "c", "no")}), 0);
    QCOMPARE(shown(sample), std::string("abc"));
    QVERIFY(!sample.label && sample.types.empty());
    QCOMPARE(sample.targets(), 2);
}

void TestLabelledSamples::keepsOffsetsWhereAsked()
{
    auto chosen = options("classify", {"no", "yes"});
    const auto dataset = rows({labelled("a b", "c", "no")});
    QVERIFY(Sampler(*m_tokenizer, chosen).sample(dataset, 0).offsets.empty());
    chosen.offsets = true;
    const auto sample = Sampler(*m_tokenizer, chosen).sample(dataset, 0);
    QCOMPARE(sample.offsets.size(), size_t(6));
    QCOMPARE(sample.offsets[2], (std::pair<size_t, size_t>(2, 3)));
    QCOMPARE(sample.offsets[0].first, sample.offsets[0].second);   // added
}

QTEST_GUILESS_MAIN(TestLabelledSamples)
#include "tst_labelled_samples.moc"
