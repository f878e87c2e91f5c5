// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The parts of an estimate: weights against what a model holds, activations against what LibTorch's allocator gave out, and how the
// parts follow the configuration. docs/check_estimates.py holds the whole against the peaks of real runs.
#include "training/adapters/adapter_set.h"
#include "training/api/catalog.h"
#include "training/io/tensor_writer.h"
#include "training/train/estimate.h"
#include "training/train/memory_model.h"
#include "training/train/peak_memory.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/CPUAllocator.h>

#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <fstream>

using namespace rankwright;

namespace {

// Counts what LibTorch holds; every block knows its size in a few bytes before it.
class CountingAllocator final : public at::Allocator
{
public:
    static inline std::atomic<int64_t> held = 0, most = 0;
    static constexpr size_t kFront = 64;
    at::DataPtr allocate(size_t bytes) override
    {
        auto* block = static_cast<char*>(std::aligned_alloc(64, (bytes + kFront + 63) / 64 * 64));
        *reinterpret_cast<size_t*>(block) = bytes;
        const auto now = held += int64_t(bytes);
        for (auto before = most.load(); before < now && !most.compare_exchange_weak(before, now);) { }
        void* data = block + kFront;
        return {data, data, &release, at::Device(at::kCPU)};
    }
    at::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

private:
    static void release(void* data)
    {
        if (data == nullptr)
            return;
        auto* block = static_cast<char*>(data) - kFront;
        held -= int64_t(*reinterpret_cast<size_t*>(block));
        std::free(block);
    }
};

CountingAllocator counting;

}  // namespace

class TestEstimate : public QObject
{
    Q_OBJECT

    static constexpr int64_t kHidden = 192, kInner = 512, kVocabulary = 2000, kLayers = 6;
    QTemporaryDir m_folder;
    std::string m_model;
    std::vector<Sample> m_samples;

    static void writeModel(const std::filesystem::path& folder)
    {
        const at::NoGradGuard guard;
        const auto random = [](int64_t rows, int64_t cols) { return at::randn({rows, cols}) * 0.02; };
        const auto ones = at::ones({kHidden});
        NamedTensors tensors{{"model.embed_tokens.weight", random(kVocabulary, kHidden)}, {"model.norm.weight", ones}};
        for (int64_t i = 0; i < kLayers; ++i) {
            const auto prefix = "model.layers." + std::to_string(i) + ".";
            tensors.emplace_back(prefix + "input_layernorm.weight", ones);
            tensors.emplace_back(prefix + "post_attention_layernorm.weight", ones);
            tensors.emplace_back(prefix + "self_attn.q_proj.weight", random(kHidden, kHidden));
            tensors.emplace_back(prefix + "self_attn.k_proj.weight", random(kHidden / 3, kHidden));
            tensors.emplace_back(prefix + "self_attn.v_proj.weight", random(kHidden / 3, kHidden));
            tensors.emplace_back(prefix + "self_attn.o_proj.weight", random(kHidden, kHidden));
            tensors.emplace_back(prefix + "mlp.gate_proj.weight", random(kInner, kHidden));
            tensors.emplace_back(prefix + "mlp.up_proj.weight", random(kInner, kHidden));
            tensors.emplace_back(prefix + "mlp.down_proj.weight", random(kHidden, kInner));
        }
        writeTensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
        std::ofstream(folder / "config.json") << nlohmann::json{{"architectures", {"LlamaForCausalLM"}}, {"model_type", "llama"},
            {"hidden_size", kHidden}, {"intermediate_size", kInner}, {"num_hidden_layers", kLayers}, {"num_attention_heads", 6},
            {"num_key_value_heads", 2}, {"vocab_size", kVocabulary}, {"max_position_embeddings", 2048}, {"rms_norm_eps", 1e-5},
            {"rope_theta", 10000.0}, {"tie_word_embeddings", true}}.dump();
    }

    static Sample sample(int64_t tokens)
    {
        Sample row{.fullLength = tokens};
        for (int64_t i = 0; i < tokens; ++i) {
            row.ids.push_back(int32_t((i * 7919 + tokens) % kVocabulary));
            row.trained.push_back(i > 0);
        }
        return row;
    }

    RunConfig config(const std::string& method = "lora", const std::string& dtype = "float32") const
    {
        RunConfig c;
        c.model = m_model;
        c.method = method;
        c.dtype = dtype;
        c.steps = 4;
        c.batch = 2;
        return c;
    }

    std::map<std::string, int64_t> partsOf(const RunConfig& c) const
    {
        std::map<std::string, int64_t> parts;
        for (const auto& part : memoryParts(c, runShape(c, openModelSource(c.model)), rowSizes(m_samples, c.maxLength), {}))
            parts[part.id] = part.bytes;
        return parts;
    }

    int64_t bytesOf(const RunConfig& c) const { return expectationOf(c, openModelSource(c.model), m_samples, {}).bytes; }

private Q_SLOTS:
    void initTestCase()
    {
        c10::SetCPUAllocator(&counting, 255);
        m_model = m_folder.path().toStdString();
        writeModel(m_model);
        for (int64_t i = 0; i < 12; ++i)
            m_samples.push_back(sample(40 + 37 * i));   // 40 to 447 tokens
    }

    // A pass in shares holds each thread's gradients at its end; where weights are trained themselves there are no shares.
    void gradientsOfSharesAreCountedWhereThereAreShares()
    {
        const std::vector<Sample> shortRows(12, sample(2));   // so that gradients are more than what a step keeps
        const auto sumOf = [&](const RunConfig& c, int64_t threads) {
            auto shape = runShape(c, openModelSource(c.model));
            shape.threads = threads;
            int64_t sum = 0;
            for (const auto& part : memoryParts(c, shape, rowSizes(shortRows, c.maxLength), {}))
                sum += part.id == std::string("head") ? 0 : part.bytes;
            return sum;
        };
        auto c = config();
        c.batch = 12;
        c.rank = 32;
        const auto all = runShape(c, openModelSource(c.model)).trainable;
        QVERIFY(sumOf(c, 4) > sumOf(c, 1) + 4 * all);
        c.batch = 3;   // a row for each of three threads, none for the fourth
        QCOMPARE(sumOf(c, 4), sumOf(c, 1));
        c.batch = 12;
        c.device = "cuda:0";
        QCOMPARE(sumOf(c, 4), sumOf(c, 1));
        c.device = "cpu";
        c.method = "full";
        QCOMPARE(sumOf(c, 1024), sumOf(c, 1));
    }

    void notesWhatDoesNotFit()
    {
        QVERIFY(memoryNote(1 << 20, 0).empty());
        QVERIFY(memoryNote(9 << 20, 10 << 20).empty());
        QVERIFY(memoryNote(10 << 20, 10 << 20).ends_with("tight."));
        QCOMPARE(memoryNote(11 << 20, 10 << 20), std::string("It needs about 11.0 MiB of memory, of 10.0 MiB that are free."));
    }

    void activationsAreWhatTheOperationsKeep_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("dtype");
        QTest::addColumn<QString>("modules");
        QTest::addColumn<double>("dropout");
        QTest::addColumn<int>("rows");
        for (const char* dtype : {"float32", "bfloat16"}) {
            for (const char* method : {"lora", "dora", "pissa", "sorsa", "lora-xs", "full", "qlora", "delta-lora"})
                QTest::addRow("%s %s", method, dtype) << method << dtype << "*" << 0.0 << 3;
            QTest::addRow("one row %s", dtype) << "lora" << dtype << "*" << 0.0 << 1;
            QTest::addRow("dropout %s", dtype) << "lora" << dtype << "*" << 0.1 << 3;
            QTest::addRow("some modules %s", dtype) << "lora" << dtype << "*q_proj,*v_proj,*down_proj" << 0.0 << 3;
            QTest::addRow("some weights %s", dtype) << "full" << dtype << "*mlp*" << 0.0 << 3;
        }
    }
    void activationsAreWhatTheOperationsKeep()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        QFETCH(QString, modules);
        QFETCH(double, dropout);
        QFETCH(int, rows);
        auto c = config(method.toStdString(), dtype.toStdString());
        c.modules = modules.toStdString();
        c.dropout = dropout;
        if (method == "delta-lora")
            c.options["startStep"] = 0.0;
        validate(c);
        Weights weights(openModelSource(c.model));
        Model model(weights, scalarType(c.dtype), {}, isQuantised(c) ? Bases::later : Bases::dense);
        AdapterSet adapters(model, weights, startAdapters(model, weights, c, {}, {}, {}), c.dropout, effectiveBase(c));
        adapters.snapshotDrift();
        std::vector<const Sample*> batch;
        std::vector<Sample> used;
        std::vector<int64_t> numbers;
        for (int i = 0; i < rows; ++i) {
            batch.push_back(&m_samples[m_samples.size() - 1 - size_t(i)]);
            used.push_back(*batch.back());
            numbers.push_back(i);
        }
        const auto made = makeBatch(batch, numbers);
        const auto before = CountingAllocator::held.load();
        CountingAllocator::most = before;
        const auto loss = model.losses(made, {.training = true, .seed = 1, .step = 1}).sum();
        const auto kept = double(CountingAllocator::held - before);
        const auto peak = double(CountingAllocator::most - before);
        const auto shape = runShape(c, openModelSource(c.model));
        auto expected = savedBytes(c, shape, rowSizes(used, 512));
        if (shape.everything)   // the loss keeps the logarithms of all logits: of the moment, not of the layers
            expected += 4.0 * double(made.targetCount() * kVocabulary);
        qInfo("%.2f MB kept, %.2f MB expected; peak of the forward pass %.2f MB", kept / 1e6, expected / 1e6, peak / 1e6);
        QVERIFY2(std::abs(expected / kept - 1) < 0.01, qPrintable(QString::number(expected / kept)));
    }

    void weightsAreCountedAsTheyAreHeld_data()
    {
        QTest::addColumn<QString>("base");
        QTest::addColumn<QString>("dtype");
        for (const char* base : {"none", "nf4", "nf4-dq", "int8", "nf3"}) {
            for (const char* dtype : {"float32", "bfloat16"})
                QTest::addRow("%s %s", base, dtype) << base << dtype;
        }
    }
    void weightsAreCountedAsTheyAreHeld()
    {
        QFETCH(QString, base);
        QFETCH(QString, dtype);
        auto c = config("lora", dtype.toStdString());
        c.base = base.toStdString();
        Weights weights(openModelSource(c.model));
        Model model(weights, scalarType(c.dtype), {}, isQuantised(c) ? Bases::later : Bases::dense);
        const AdapterSet bases(model, weights, {}, 0, effectiveBase(c));
        const auto held = double(model.bytes()), counted = double(partsOf(c).at("weights"));
        QVERIFY2(std::abs(counted / held - 1) < 0.01, qPrintable(QString::number(counted / held)));
        if (base == "none")
            QCOMPARE(counted, held);
    }

    void partsFollowTheConfiguration()
    {
        const auto less = [&](const RunConfig& a, const RunConfig& b, const char* what) {
            QVERIFY2(bytesOf(a) < bytesOf(b), what);
        };
        const auto plain = config();
        auto other = plain;
        other.batch = 4;
        less(plain, other, "batch");
        QCOMPARE(partsOf(other).at("weights"), partsOf(plain).at("weights"));
        QVERIFY(partsOf(other).at("activations") > partsOf(plain).at("activations"));
        other = plain;
        other.rank = 64;
        less(plain, other, "rank");
        QCOMPARE(partsOf(other).at("gradients"), 4 * partsOf(plain).at("gradients"));
        QCOMPARE(partsOf(other).at("optimiser"), 2 * partsOf(other).at("gradients"));
        other = plain;
        other.maxLength = 64;
        less(other, plain, "length");
        less(config("lora", "bfloat16"), plain, "bfloat16");
        less(plain, config("dora"), "DoRA keeps more");
        less(plain, config("full"), "full");
        other = plain;
        other.accumulate = 4;   // the same micro-batches, only more of them
        other.order = "sequential";
        auto one = other;
        one.accumulate = 1;
        one.steps = 16;
        QCOMPARE(bytesOf(other), bytesOf(one));
        // Rows of this run alone: the two shortest in the file's order.
        auto first = plain;
        first.order = "sequential";
        first.steps = 1;
        auto all = first;
        all.steps = 6;
        less(first, all, "the largest micro-batch");
        QCOMPARE(expectationOf(first, openModelSource(m_model), {m_samples[0], m_samples[1]}, {}).parts[5].bytes,
            expectationOf(first, openModelSource(m_model), m_samples, {}).parts[5].bytes);
        // Their sum is the whole.
        int64_t sum = 0;
        for (const auto& [id, bytes] : partsOf(plain))
            sum += bytes;
        QCOMPARE(bytesOf(plain), sum);
    }

    void productsAreThoseOfAStep()
    {
        auto c = config();
        c.modules = "*q_proj";
        c.rank = 8;
        c.batch = 3;
        c.accumulate = 2;
        double matrices = 0, tokens = 0, targets = 0;
        for (const auto& [out, in] : std::vector<std::pair<int64_t, int64_t>>{{kHidden, kHidden}, {kHidden / 3, kHidden},
                 {kHidden / 3, kHidden}, {kHidden, kHidden}, {kInner, kHidden}, {kInner, kHidden}, {kHidden, kInner}})
            matrices += double(out * in * kLayers);
        for (const auto& row : m_samples) {
            tokens += double(row.ids.size()) / 12;
            targets += double(row.ids.size() - 1) / 12;
        }
        const double expected = 6 * (tokens * (2 * matrices + 3.0 * kLayers * 8 * 2 * kHidden)
            + targets * 2.0 * kVocabulary * kHidden);
        const auto found = expectationOf(c, openModelSource(m_model), m_samples, {}).productsPerStep;
        QVERIFY2(std::abs(found / expected - 1) < 1e-9, qPrintable(QString::number(found / expected)));
    }

    void pastRunsOfTheSameKindCalibrate()
    {
        const auto program = programBytes();
        const auto kind = runKind(config()), other = runKind(config("dora"));
        QVERIFY(kind != other);
        QVERIFY(kind != runKind(config("lora", "bfloat16")));
        auto sameKind = config();
        sameKind.rank = 64;
        sameKind.batch = 8;
        sameKind.seed = 9;
        QCOMPARE(QString::fromStdString(runKind(sameKind)), QString::fromStdString(kind));
        QCOMPARE(calibrationOf(kind, {}).memory, 1.0);
        const auto past = [&](const std::string& k, double factor, double rate) {
            return PastRun{k, program + 1'000'000'000, program + int64_t(factor * 1e9), rate, rate > 0 ? 1.0 : 0.0};
        };
        const auto found = calibrationOf(kind, {past(kind, 1.2, 5), past(other, 9, 900), past(kind, 1.1, 7), past(kind, 1.5, 0)});
        QVERIFY(std::abs(found.memory - 1.15) < 1e-9);   // of 1, 1.1, 1.2 and 1.5
        // Of two speeds the faster: one run beside other programs does not halve what is expected of the next.
        QCOMPARE(found.productsPerSecond, 7.0);
        QCOMPARE(found.slowest, 5.0);
        QCOMPARE(found.fastest, 7.0);
        QCOMPARE(found.runs, 3);
        // Runs of earlier versions say nothing.
        QCOMPARE(calibrationOf(kind, {{kind, 0, 5, 0, 1}}).runs, 0);
        // The newest ten alone.
        std::vector<PastRun> many(10, past(kind, 2, 1));
        many.insert(many.end(), 30, past(kind, 4, 3));
        QCOMPARE(calibrationOf(kind, many).memory, 2.0);
    }

    void suggestionsSaveWhatTheySay_data()
    {
        QTest::addColumn<QString>("method");
        for (const char* method : {"lora", "full", "dora", "qlora", "delta-lora"})
            QTest::newRow(method) << method;
    }
    void suggestionsSaveWhatTheySay()
    {
        QFETCH(QString, method);
        auto c = config(method.toStdString());
        c.batch = 6;
        c.rank = 32;
        const auto source = openModelSource(c.model);
        const auto found = suggestionsFor(c, source, m_samples, {}, 2);
        QCOMPARE(found.size(), size_t(2));
        QVERIFY(found[0].saves >= found[1].saves && found[1].saves > 0);
        for (const auto& suggestion : found) {
            auto changed = c;
            for (const auto& [key, value] : suggestion.changes)
                setField(changed, *findConfigField(key), value);
            keepOwnOptions(changed);
            validate(changed);
            QVERIFY(!(changed == c));
            const auto saves = 2 * (bytesOf(c) - bytesOf(changed));
            QVERIFY2(std::abs(double(suggestion.saves - saves)) <= 2, suggestion.text.c_str());
            QVERIFY2(suggestion.text.find(": saves ") != std::string::npos, suggestion.text.c_str());
        }
    }

    void thePeakOfThisProcessIsRead()
    {
        const bool fresh = resetPeakMemory();
        const auto before = peakMemory();
        QVERIFY(before > 0);
        const auto block = at::ones({64 << 20}, at::kByte);
        QVERIFY(peakMemory() >= before);
        if (fresh)
            QVERIFY(peakMemory() > before + (48 << 20));
        QVERIFY(memoryForThisProcess() > (64 << 20));
        QVERIFY(block[5].item<int>() == 1);
    }
};

QTEST_GUILESS_MAIN(TestEstimate)
#include "tst_estimate.moc"
