// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Heads for labels in files: adapters in PEFT's form, merged models in transformers', and both read again.
#include "training/api/error.h"
#include "training/export/adapter_file.h"
#include "training/formats/safetensors.h"
#include "training/io/tensor_writer.h"
#include "training/models/hf_writer.h"
#include "training/train/adapted_model.h"

#include "tests/support/family_model.h"

#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

namespace {

nlohmann::json jsonAt(const std::filesystem::path& file) { return readJsonFile(file, 1 << 20); }

std::set<std::string> keysOf(const std::filesystem::path& file)
{
    std::set<std::string> keys;
    for (const auto& tensor : readSafetensors(file).tensors)
        keys.insert(tensor.name);
    return keys;
}

}  // namespace

class TestLabelExports : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const std::string& name) const { return m_folder.filePath(QString::fromStdString(name)).toStdString(); }
    std::filesystem::path model(const std::string& family) const { return familyModel(family, at("model-" + family)); }

    std::filesystem::path trained(const std::string& family, const std::string& method, const std::string& task)
    {
        const auto folder = at("run-" + family + "-" + method + "-" + task);
        if (!std::filesystem::exists(folder)) {
            auto c = labelConfig(model(family), labelledRows(at(task + ".jsonl"), task == "regress"), task);
            c.method = method;
            Listener listener;
            run(*makeTorchEngine(), runIn(folder, c), listener, {});
        }
        return folder;
    }
    ExportResult exported(const std::filesystem::path& run, const std::string& format, const std::filesystem::path& out)
    {
        Listener listener;
        return rankwright::run(*makeTorchEngine(), ExportJob{run.string(), format, out.string(), ""}, listener, {});
    }
    at::Tensor scores(const std::filesystem::path& model, const std::filesystem::path& adapter)
    {
        Listener listener;
        const auto out = at("scores.safetensors");
        run(*makeTorchEngine(),
            LogitsJob{.model = model.string(), .adapter = adapter.string(), .out = out.string(), .ids = {1, 5, 60, 31, 7, 33, 2}}, listener, {});
        return readTensors(out).at("logits");
    }

private Q_SLOTS:
    void everyFormatScoresTheSame_data()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("task");
        for (const char* family : {"bert", "roberta", "deberta", "llama", "gemma3"}) {
            for (const char* method : {"lora", "pissa", "full"}) {
                for (const char* task : {"classify", "regress"})
                    QTest::addRow("%s %s %s", family, method, task) << family << method << task;
            }
        }
    }
    void everyFormatScoresTheSame()
    {
        QFETCH(QString, family);
        QFETCH(QString, method);
        QFETCH(QString, task);
        const auto name = (family + "-" + method + "-" + task).toStdString();
        const auto run = trained(family.toStdString(), method.toStdString(), task.toStdString());
        QVERIFY(exported(run, "merged", at("merged-" + name)).largestDifference < 1e-4);
        const auto merged = scores(at("merged-" + name), {});
        QCOMPARE(merged.sizes().vec(), (std::vector<int64_t>{1, task == "classify" ? 3 : 1}));
        if (method == "full")
            return;
        QVERIFY(exported(run, "lora", at("lora-" + name)).largestDifference < 1e-4);
        QVERIFY((merged - scores(model(family.toStdString()), at("lora-" + name))).abs().max().item<double>() < 1e-4);
        // What training leaves in the run's folder is the same adapter.
        QVERIFY(keysOf(at("lora-" + name) / "adapter_model.safetensors") == keysOf(run / "adapter/adapter_model.safetensors"));
    }

    void adaptersSayWhatPeftSays_data()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<QStringList>("modules");
        QTest::addColumn<QStringList>("tensors");
        QTest::newRow("BERT") << "bert" << QStringList{"classifier", "pooler"}
                              << QStringList{"classifier.weight", "classifier.bias", "bert.pooler.dense.weight", "bert.pooler.dense.bias"};
        QTest::newRow("RoBERTa") << "roberta" << QStringList{"classifier"}
                                 << QStringList{"classifier.dense.weight", "classifier.dense.bias", "classifier.out_proj.weight",
                                        "classifier.out_proj.bias"};
        QTest::newRow("DeBERTa") << "deberta" << QStringList{"classifier", "pooler"}
                                 << QStringList{"classifier.weight", "classifier.bias", "pooler.dense.weight", "pooler.dense.bias"};
        QTest::newRow("Llama") << "llama" << QStringList{"score"} << QStringList{"score.weight"};
    }
    void adaptersSayWhatPeftSays()
    {
        QFETCH(QString, family);
        QFETCH(QStringList, modules);
        QFETCH(QStringList, tensors);
        const auto adapter = trained(family.toStdString(), "lora", "classify") / "adapter";
        const auto config = jsonAt(adapter / "adapter_config.json");
        QCOMPARE(config["task_type"].get<std::string>(), "SEQ_CLS");
        QCOMPARE(config["modules_to_save"].get<std::vector<std::string>>().size(), size_t(modules.size()));
        for (const auto& name : config["modules_to_save"])
            QVERIFY2(modules.contains(QString::fromStdString(name)), name.dump().c_str());
        const auto keys = keysOf(adapter / "adapter_model.safetensors");
        for (const auto& name : tensors)
            QVERIFY2(keys.contains("base_model.model." + name.toStdString()), qPrintable(name));
    }

    void mergedModelsNameTheirClasses()
    {
        const auto out = at("named");
        exported(trained("llama", "lora", "classify"), "merged", out);
        const auto config = jsonAt(out / "config.json");
        QCOMPARE(config["architectures"][0].get<std::string>(), "LlamaForSequenceClassification");
        QCOMPARE(config["id2label"]["1"].get<std::string>(), "bravo");
        QCOMPARE(config["label2id"]["delta"].get<int>(), 2);
        QCOMPARE(config["rope_theta"].is_null() && config["rope_parameters"].is_null(), false);   // the base's own keys are there
        QVERIFY(!keysOf(out / "model.safetensors").contains("lm_head.weight"));
        QVERIFY(std::filesystem::exists(out / "tokenizer.json"));
        const auto numbers = at("numbers");
        exported(trained("bert", "lora", "regress"), "merged", numbers);
        QCOMPARE(jsonAt(numbers / "config.json")["problem_type"].get<std::string>(), "regression");
        QCOMPARE(jsonAt(numbers / "config.json")["id2label"].size(), 1u);
    }

    void aHeadComesBackWithItsNames()
    {
        const auto adapter = trained("bert", "lora", "classify") / "adapter";
        const auto config = openModelSource(model("bert").string()).config;
        const auto head = headOfAdapter(adapter, config);
        QVERIFY(head.task == Task::classify);
        QCOMPARE(head.outputs, 3);
        QVERIFY((head.labels == std::vector<std::string>{"alpha", "bravo", "delta"}));
        QVERIFY(headOfAdapter(trained("bert", "lora", "regress") / "adapter", config).task == Task::regress);
        // PEFT's own say it by the shape alone.
        const auto theirs = at("theirs");
        std::filesystem::create_directories(theirs);
        NamedTensors tensors;
        for (const auto& [name, tensor] : readTensors(adapter / "adapter_model.safetensors"))
            tensors.emplace_back(name, tensor);
        writeTensors(theirs / "adapter_model.safetensors", tensors, {{"format", "pt"}});
        auto words = jsonAt(adapter / "adapter_config.json");
        words["modules_to_save"] = {"classifier", "score", "pooler"};   // PEFT adds the first two by itself
        std::ofstream(theirs / "adapter_config.json") << words.dump();
        const auto same = headOfAdapter(theirs, config);
        QVERIFY(same.task == Task::classify && same.outputs == 3 && same.labels.empty());
        QVERIFY(at::equal(scores(model("bert"), adapter), scores(model("bert"), theirs)));
    }

    void trainingGoesOnFromAHead()
    {
        const auto adapter = trained("bert", "lora", "classify") / "adapter";
        auto c = labelConfig(model("bert"), at("classify.jsonl"), "classify");
        c.initAdapter = adapter.string();
        c.learningRate = 1e-12;
        c.steps = 1;
        Listener listener;
        run(*makeTorchEngine(), runIn(at("further"), c), listener, {});
        QVERIFY((scores(model("bert"), adapter) - scores(model("bert"), at("further") / "adapter")).abs().max().item<double>() < 1e-5);
        c.labels = "alpha,bravo,delta,echo";   // another number of classes than the adapter's head
        QVERIFY_EXCEPTION_THROWN(run(*makeTorchEngine(), runIn(at("four"), c), listener, {}), Error);
    }

    void textDoesNotComeFromAHeadForLabels()
    {
        Listener listener;
        const auto adapter = (trained("llama", "lora", "classify") / "adapter").string();
        QVERIFY_EXCEPTION_THROWN(
            run(*makeTorchEngine(), GenerateJob{.model = model("llama").string(), .adapter = adapter, .prompt = "a"}, listener, {}), Error);
    }

    void architecturesByName_data()
    {
        QTest::addColumn<QString>("was");
        QTest::addColumn<QString>("is");
        QTest::newRow("causal") << "Qwen2ForCausalLM" << "Qwen2ForSequenceClassification";
        QTest::newRow("masked") << "BertForMaskedLM" << "BertForSequenceClassification";
        QTest::newRow("body") << "RobertaModel" << "RobertaForSequenceClassification";
        QTest::newRow("same") << "DebertaV2ForSequenceClassification" << "DebertaV2ForSequenceClassification";
        QTest::newRow("Gemma 3") << "Gemma3ForCausalLM" << "Gemma3TextForSequenceClassification";
        QTest::newRow("unknown") << "Something" << "";
    }
    void architecturesByName()
    {
        QFETCH(QString, was);
        QFETCH(QString, is);
        QCOMPARE(QString::fromStdString(labelArchitecture(was.toStdString())), is);
    }

    void ggufBasesBecomeFolders_data()
    {
        QTest::addColumn<QString>("family");
        for (const char* family : {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma3", "mixtral", "deepseek", "bert"})
            QTest::newRow(family) << family;
    }
    void ggufBasesBecomeFolders()
    {
        QFETCH(QString, family);
        const auto folder = golden("families/" + family.toStdString());
        const auto source = openModelSource((folder / "model.gguf").string());
        const auto written = writtenConfig(source, {.dtype = "float32", .tied = source.config.tiedEmbeddings});
        // Read again it says what the file said, and what the family's own folder says.
        const auto out = at("config-" + family.toStdString());
        std::filesystem::create_directories(out);
        std::ofstream(out / "config.json") << written.dump();
        const auto again = readHfConfig(out), own = readHfConfig(folder);
        QCOMPARE(again.family, source.config.family);
        for (const auto* other : {&source.config, &own}) {
            QVERIFY(again.hiddenSize == other->hiddenSize && again.layers == other->layers && again.heads == other->heads);
            QVERIFY(again.headDim == other->headDim && again.kvHeads == other->kvHeads && again.vocabSize == other->vocabSize);
            QVERIFY(again.activation == other->activation && again.experts.count == other->experts.count);
            QVERIFY(again.slidingWindow == other->slidingWindow && again.windowed == other->windowed);
            QVERIFY(again.tiedEmbeddings == other->tiedEmbeddings && again.normEpsilon == other->normEpsilon);
            QVERIFY(std::abs(again.attentionScale - other->attentionScale) < 1e-9 && again.localRopeTheta == other->localRopeTheta);
            QVERIFY(again.experts.shared == other->experts.shared && again.experts.renormalise == other->experts.renormalise);
        }
        const auto asked = ropeFrequencies(source.config), found = ropeFrequencies(again);
        QCOMPARE(found.size(), asked.size());
        for (size_t i = 0; i < asked.size(); ++i)
            QVERIFY(std::abs(found[i] - asked[i]) <= 1e-5 * asked[i]);
    }
};

QTEST_GUILESS_MAIN(TestLabelExports)
#include "tst_label_exports.moc"
