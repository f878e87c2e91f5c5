// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Each family of decoders against transformers 5.23, from tiny random models (tests/golden/make_family_golden.py): logits, gradients of
// every matrix that an adapter can sit on, routers' losses; from folders and from GGUF files, in both forms of the operations.
#include "training/api/error.h"
#include "training/io/tensor_writer.h"
#include "training/nn/model.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

namespace {

constexpr double kTolerance = 1e-4;   // relative to the largest value, in float32
const std::vector<int64_t> kLengths{23, 14};   // of the script's rows

using Numbers = std::map<std::string, at::Tensor>;

std::filesystem::path folderOf(const std::string& name)
{
    return golden("families") / name;
}

double relative(const at::Tensor& ours, const at::Tensor& theirs)
{
    return (ours - theirs).abs().max().item<double>() / std::max(1e-12, theirs.abs().max().item<double>());
}

std::vector<Sample> rowsOf(const Numbers& numbers)
{
    const auto ids = numbers.at("ids");
    std::vector<Sample> rows;
    int64_t at = 0;
    for (const int64_t length : kLengths) {
        Sample row;
        for (int64_t i = 0; i < length; ++i) {
            row.ids.push_back(int32_t(ids[at++].item<float>()));
            row.trained.push_back(i > 0);
        }
        rows.push_back(row);
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

void trainEverything(Model& model)
{
    for (auto& slot : model.slots()) {
        slot.delta = Delta{};
        slot.delta->weight = slot.base.dense().detach().clone().set_requires_grad(true);
    }
}

// The largest relative difference of the gradients with the prefix; how many there were.
std::pair<double, int> compareGradients(Model& model, const Numbers& numbers, const std::string& prefix)
{
    double worst = 0;
    int count = 0;
    for (const auto& [name, expected] : numbers) {
        if (!name.starts_with(prefix))
            continue;
        ++count;
        const auto module = name.substr(prefix.size(), name.size() - prefix.size() - std::string(".weight").size());
        auto* slot = model.slot(module);
        if (slot == nullptr) {
            qWarning("no module %s", module.c_str());
            return {1e9, count};
        }
        // An expert that no token chose has no gradient, which is a gradient of zeros.
        const auto& gradient = slot->delta->weight.grad();
        worst = std::max(worst, relative(gradient.defined() ? gradient : at::zeros_like(expected), expected));
    }
    return {worst, count};
}

// Restores the form when a test ends.
struct InForm
{
    explicit InForm(bool plain) { ops::setForm(plain ? ops::Form::plain : ops::Form::fast); }
    ~InForm() { ops::setForm(ops::Form::fast); }
    InForm(const InForm&) = delete;
    InForm& operator=(const InForm&) = delete;
};

at::Tensor logitsOf(const std::filesystem::path& model, const Batch& batch, at::ScalarType type = at::kFloat)
{
    const at::NoGradGuard guard;
    Weights weights(openModelSource(model.string()));
    const Model decoder(weights, type);
    return decoder.logits(decoder.forward(batch));
}

// A Mixtral's experts as transformers 5 holds them: stacks, beside mlp.gate.
void writeStacked(const std::filesystem::path& from, const std::filesystem::path& folder, int64_t layers, int64_t experts)
{
    std::filesystem::copy_file(from / "config.json", folder / "config.json");
    auto tensors = readTensors(from / "model.safetensors");
    NamedTensors written;
    for (const auto& [name, tensor] : tensors) {
        if (name.find("block_sparse_moe") == std::string::npos)
            written.emplace_back(name, tensor);
    }
    for (int64_t layer = 0; layer < layers; ++layer) {
        const auto prefix = "model.layers." + std::to_string(layer) + ".";
        std::vector<at::Tensor> gateUp, down;
        for (int64_t e = 0; e < experts; ++e) {
            const auto expert = prefix + "block_sparse_moe.experts." + std::to_string(e) + ".";
            gateUp.push_back(at::cat({tensors.at(expert + "w1.weight"), tensors.at(expert + "w3.weight")}));
            down.push_back(tensors.at(expert + "w2.weight"));
        }
        written.emplace_back(prefix + "mlp.gate.weight", tensors.at(prefix + "block_sparse_moe.gate.weight"));
        written.emplace_back(prefix + "mlp.experts.gate_up_proj", at::stack(gateUp));
        written.emplace_back(prefix + "mlp.experts.down_proj", at::stack(down));
    }
    writeTensors(folder / "model.safetensors", written);
}

}  // namespace

class TestFamilies : public QObject
{
    Q_OBJECT

    static void families()
    {
        QTest::addColumn<QString>("family");
        for (const char* name : {"llama", "mistral", "qwen2", "qwen2_window", "qwen3", "gemma", "gemma3", "gemma3_scale", "mixtral",
                 "deepseek"})
            QTest::newRow(name) << QString(name);
    }

    static void familiesInBothForms()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<bool>("plain");
        for (const char* name : {"llama", "mistral", "qwen2", "qwen2_window", "qwen3", "gemma", "gemma3", "gemma3_scale", "mixtral",
                 "deepseek"}) {
            QTest::addRow("%s, fast", name) << QString(name) << false;
            QTest::addRow("%s, plain", name) << QString(name) << true;
        }
    }

private Q_SLOTS:
    void logitsAndGradientsEqualTransformers_data() { familiesInBothForms(); }
    void logitsAndGradientsEqualTransformers()
    {
        QFETCH(QString, family);
        QFETCH(bool, plain);
        const InForm form(plain);
        const auto folder = folderOf(family.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        const auto rows = rowsOf(numbers);
        const auto batch = batchOf(rows);
        Weights weights(openModelSource(folder.string()));
        Model model(weights, at::kFloat);
        {
            const at::NoGradGuard guard;
            const double difference = relative(model.logits(model.forward(batch)), numbers.at("logits"));
            qInfo("logits: %.2e", difference);
            QVERIFY(difference < kTolerance);
        }
        trainEverything(model);
        (model.losses(batch) * numbers.at("weights")).sum().backward();
        const auto [worst, count] = compareGradients(model, numbers, "grad.");
        qInfo("%d gradients: %.2e", count, worst);
        QCOMPARE(size_t(count), model.slots().size());
        QVERIFY(worst < kTolerance);
    }

    void routersLossesEqualTheFormulas_data()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<bool>("plain");
        for (const char* name : {"mixtral", "deepseek"}) {
            QTest::addRow("%s, fast", name) << QString(name) << false;
            QTest::addRow("%s, plain", name) << QString(name) << true;
        }
    }
    void routersLossesEqualTheFormulas()
    {
        QFETCH(QString, family);
        QFETCH(bool, plain);
        const InForm form(plain);
        const auto folder = folderOf(family.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        const auto rows = rowsOf(numbers);
        Weights weights(openModelSource(folder.string()));
        Model model(weights, at::kFloat);
        trainEverything(model);
        at::Tensor balance;
        (void)model.losses(batchOf(rows), {}, &balance);
        QVERIFY(balance.defined());
        QVERIFY(relative(balance, numbers.at("balance")) < 1e-5);
        balance.backward();
        const auto [worst, count] = compareGradients(model, numbers, "balance.");
        qInfo("balance %.6f, %d gradients: %.2e", balance.item<double>(), count, worst);
        QVERIFY(count >= 7 && worst < kTolerance);
    }

    void generationWithACacheEqualsTheWholePass_data() { families(); }
    void generationWithACacheEqualsTheWholePass()
    {
        QFETCH(QString, family);
        const at::NoGradGuard guard;
        const auto folder = folderOf(family.toStdString());
        const auto ids = rowsOf(readTensors(folder / "numbers.safetensors")).front().ids;
        Weights weights(openModelSource(folder.string()));
        const Model model(weights, at::kFloat);
        const auto whole = model.logits(model.forward(makeBatch(ids)));
        KeyValueCache cache;
        std::vector<at::Tensor> steps{model.logits(model.forward(makeBatch(std::vector(ids.begin(), ids.begin() + 4)), {}, &cache))};
        for (size_t i = 4; i < ids.size(); ++i)
            steps.push_back(model.logits(model.forward(makeBatch(std::vector{ids[i]}, cache.length()), {}, &cache)));
        QVERIFY(relative(at::cat(steps), whole) < 1e-5);
    }

    // A token sees W tokens: one further back changes nothing in a model of one windowed layer.
    void aWindowHidesWhatIsBehindIt()
    {
        const at::NoGradGuard guard;
        QTemporaryDir target;
        const std::filesystem::path folder = target.path().toStdString();
        auto config = readJsonFile(folderOf("mistral") / "config.json", 1 << 20);
        config["num_hidden_layers"] = 1;
        std::ofstream(folder / "config.json") << config;
        std::filesystem::copy_file(folderOf("mistral") / "model.safetensors", folder / "model.safetensors");
        const std::vector<int32_t> ids{5, 6, 7, 8, 9, 10, 11}, other{5, 60, 7, 8, 9, 10, 11};
        const auto a = logitsOf(folder, makeBatch(ids)), b = logitsOf(folder, makeBatch(other));
        QVERIFY(at::equal(a[6], b[6]));    // sees 7 .. 11
        QVERIFY(!at::equal(a[5], b[5]));   // sees 60 .. 10
    }

    // Beyond 1024 tokens the fast form takes another way (ops::attention), with the same windows and scale.
    void longRowsAreTheSameInBothForms_data()
    {
        QTest::addColumn<QString>("family");
        for (const char* name : {"mistral", "qwen2_window", "gemma3_scale"})
            QTest::newRow(name) << QString(name);
    }
    void longRowsAreTheSameInBothForms()
    {
        QFETCH(QString, family);
        Sample row;
        for (int i = 0; i < 1100; ++i) {
            row.ids.push_back(3 + i * i % 125);
            row.trained.push_back(i > 0);
        }
        const auto batch = batchOf({row});
        std::vector<at::Tensor> losses, gradients;
        for (const bool plain : {false, true}) {
            const InForm form(plain);
            Weights weights(openModelSource(folderOf(family.toStdString()).string()));
            Model model(weights, at::kFloat);
            trainEverything(model);
            losses.push_back(model.losses(batch));
            losses.back().sum().backward();
            gradients.push_back(model.slots().front().delta->weight.grad());
        }
        QVERIFY(relative(losses[0].detach(), losses[1].detach()) < 1e-5);
        QVERIFY(relative(gradients[0], gradients[1]) < kTolerance);
    }

    void halfPrecisionIsNearFloat32_data() { families(); }
    void halfPrecisionIsNearFloat32()
    {
        QFETCH(QString, family);
        const auto folder = folderOf(family.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        const auto rows = rowsOf(numbers);
        const auto ours = logitsOf(folder, batchOf(rows), at::kBFloat16), theirs = numbers.at("logits");
        const double cosine = (ours * theirs).sum().item<double>() / (ours.norm() * theirs.norm()).item<double>();
        qInfo("cosine %.5f", cosine);
        QVERIFY(cosine > 0.995);
    }

    void ggufHoldsTheSameModel_data()
    {
        QTest::addColumn<QString>("family");
        for (const char* name : {"llama", "mistral", "qwen2", "qwen3", "gemma", "gemma3", "mixtral", "deepseek"})
            QTest::newRow(name) << QString(name);
    }
    void ggufHoldsTheSameModel()
    {
        QFETCH(QString, family);
        const auto folder = folderOf(family.toStdString());
        const auto numbers = readTensors(folder / "numbers.safetensors");
        Weights fromFolder(openModelSource(folder.string())), fromGguf(openModelSource((folder / "model.gguf").string()));
        QCOMPARE(fromGguf.config().family, fromFolder.config().family);
        QCOMPARE(fromGguf.source().tensors.size(), fromFolder.source().tensors.size());
        // Gemma's norms went through w + 1 and back, one rounding each way; all else is bit for bit.
        const bool adds = fromFolder.config().normAddsOne;
        for (const auto& [name, entry] : fromFolder.source().tensors) {
            const auto a = fromFolder.read(name), b = fromGguf.read(name);
            const bool rounded = adds && name.ends_with("norm.weight");
            QVERIFY2(rounded ? at::allclose(a, b, 0, 2e-7) : at::equal(a, b), name.c_str());
        }
        const auto rows = rowsOf(numbers);
        QVERIFY(relative(logitsOf(folder / "model.gguf", batchOf(rows)), numbers.at("logits")) < kTolerance);
    }

    void stackedExpertsAreTheSameModel()
    {
        QTemporaryDir target;
        const std::filesystem::path folder = target.path().toStdString();
        writeStacked(folderOf("mixtral"), folder, 2, 4);
        const auto numbers = readTensors(folderOf("mixtral") / "numbers.safetensors");
        const auto rows = rowsOf(numbers);
        const auto batch = batchOf(rows);
        QVERIFY(at::equal(logitsOf(folder, batch), logitsOf(folderOf("mixtral"), batch)));
    }

    // What LlamaModel saves: no "model.", no head. It has hidden states and can be given a head for labels.
    void aBareBodyHasHiddenStates()
    {
        QTemporaryDir target;
        const std::filesystem::path folder = target.path().toStdString();
        auto config = readJsonFile(folderOf("mistral") / "config.json", 1 << 20);
        config["architectures"] = {"MistralModel"};
        std::ofstream(folder / "config.json") << config;
        NamedTensors bare;
        for (const auto& [name, tensor] : readTensors(folderOf("mistral") / "model.safetensors")) {
            if (name.starts_with("model."))
                bare.emplace_back(name.substr(6), tensor);
        }
        writeTensors(folder / "model.safetensors", bare);
        const at::NoGradGuard guard;
        Weights weights(openModelSource(folder.string())), whole(openModelSource(folderOf("mistral").string()));
        Model model(weights, at::kFloat);
        const auto batch = makeBatch(std::vector<int32_t>{5, 6, 7});
        QVERIFY(at::equal(model.forward(batch), Model(whole, at::kFloat).forward(batch)));
        QVERIFY(!model.generates());
        QVERIFY_EXCEPTION_THROWN((void)model.logits(model.forward(batch)), Error);
        model.addLabelHead(Task::classify, 3, 1, weights);
        QCOMPARE(model.labelHeadTensors(), std::vector<std::string>{"score.weight"});
        Sample row{.ids = {5, 6, 7}, .trained = {false, false, false}, .label = 2};
        const Sample* rows[]{&row};
        const auto labelled = makeBatch(rows, {}, model.config().labelHead.atEnd);
        QCOMPARE(labelled.targetIndex.item<int64_t>(), int64_t(2));
        QCOMPARE(model.outputs(labelled).sizes().vec(), (std::vector<int64_t>{1, 3}));
    }
};

QTEST_GUILESS_MAIN(TestFamilies)
#include "tst_families.moc"
