// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Whole jobs on a device that is not the processor, as far as that goes without a GPU: tests/support/guarded_device.h stands in for
// "cuda", with the kernels for NF4 in emulation. The functions of device.h and nf4_launch.h are this file's, so that the engine's own
// are not linked. What is computed, where tensors lie and how often the program would wait are the engine's; the speed is nobody's.
#include "tests/support/cuda_emulation.h"

#include "training/quant/nf4_kernels.h"

#include "tests/support/family_model.h"
#include "tests/support/guarded_device.h"
#include "training/device/device.h"
#include "training/quant/nf4_launch.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

namespace rankwright {

at::Device deviceOf(const std::string& device)
{
    return device == "cpu" ? at::Device(at::kCPU) : guarded::kDevice;
}
at::Device deviceOrProcessor(const std::string& device)
{
    return deviceOf(device);
}
DeviceList devices()
{
    return {.devices = {{"cpu", "processor", 1, 1}, {"cuda:0", "guarded", int64_t(guarded::Arena::kBytes), 1}}, .note = {}};
}
std::string cudaText()
{
    return "guarded";
}
int64_t peakDeviceMemory(at::Device device)
{
    return device.is_cpu() ? 0 : guarded::mostHeld.load();
}
void resetPeakDeviceMemory(at::Device)
{
    guarded::mostHeld = guarded::held.load();
}
int64_t freeDeviceMemory(at::Device)
{
    return int64_t(guarded::Arena::kBytes) - guarded::held;
}
void waitFor(at::Device) { }
void* streamOf(at::Device)
{
    return nullptr;
}

namespace cuda {

namespace {

template <class T>
T* open(T* guardedMemory)
{
    return guardedMemory == nullptr ? nullptr : guarded::arena().open(guardedMemory);
}

unsigned blocksFor(int64_t count, int threads)
{
    return unsigned((count + threads - 1) / threads);
}

nf4::ScaleTable tableOf(const Nf4Scales& scales)
{
    return {open(scales.absmax), open(scales.codes), open(scales.outer), open(scales.offset), open(scales.map)};
}

template <class T>
const char* emulatedDecode(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, T* to)
{
    const auto runs = (end + nf4::kRun - 1) / nf4::kRun - begin / nf4::kRun;
    emulation::launch(
        blocksFor(runs, nf4::kThreads), nf4::kThreads, nf4::decode<T>, open(codes), tableOf(scales), begin, end, open(to));
    return nullptr;
}

template <class T>
const char* emulatedRow(const uint8_t* codes, const Nf4Scales& scales, const T* x, int64_t out, int64_t in, T* y)
{
    emulation::launch(blocksFor(out * nf4::kWarp, nf4::kThreads), nf4::kThreads, nf4::timesRow<T>, open(codes), tableOf(scales),
        open(x), out, in, open(y));
    return nullptr;
}

}  // namespace

const char* encodeNf4(const float* values, int64_t count, uint8_t* codes, float* absmax, void*)
{
    const auto blocks = (count + nf4::kBlock - 1) / nf4::kBlock;
    emulation::launch(blocksFor(blocks * nf4::kWarp, nf4::kThreads), nf4::kThreads, nf4::encode, open(values), count, open(codes),
        open(absmax));
    return nullptr;
}
const char* encodeNf4Scales(const float* absmax, int64_t count, const float* offset, const uint8_t* cells, uint8_t* codes,
    float* outer, void*)
{
    emulation::launch(blocksFor(count, nf4::kScaleBlock), nf4::kScaleBlock, nf4::encodeScales, open(absmax), count, open(offset),
        open(cells), open(codes), open(outer));
    return nullptr;
}
const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, float* to, void*)
{
    return emulatedDecode(codes, scales, begin, end, to);
}
const char* decodeNf4(const uint8_t* codes, const Nf4Scales& scales, int64_t begin, int64_t end, uint16_t* to, void*)
{
    return emulatedDecode(codes, scales, begin, end, to);
}
const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const float* x, int64_t out, int64_t in, float* y, void*)
{
    return emulatedRow(codes, scales, x, out, in, y);
}
const char* timesRowNf4(const uint8_t* codes, const Nf4Scales& scales, const uint16_t* x, int64_t out, int64_t in, uint16_t* y, void*)
{
    return emulatedRow(codes, scales, x, out, in, y);
}

}  // namespace cuda

}  // namespace rankwright

using namespace rankwright;

namespace {

// The fields of a configuration that a case changes.
using Changes = std::vector<std::pair<std::string, nlohmann::json>>;

RunConfig configWith(const Changes& changes)
{
    RunConfig config = goldenConfig(golden("tiny"));
    config.steps = 4;
    auto document = toJson(config);
    for (const auto& [key, value] : changes)
        document[key] = value;
    return configFromJson(document, "test");
}

struct Trained
{
    TrainResult result;
    std::vector<double> losses, norms;
};

Trained trainOn(const std::string& device, RunConfig config, const std::filesystem::path& folder, bool resume = false)
{
    config.device = device;
    Listener listener;
    const auto engine = makeTorchEngine();
    Trained trained{.result = run(*engine, runIn(folder, config, resume), listener, {}), .losses = listener.losses(), .norms = {}};
    for (const auto& step : listener.all<StepEvent>())
        trained.norms.push_back(step.gradNorm);
    return trained;
}

// Empty where two runs had the same losses within `tolerance`; else what they were.
QString differenceOf(const Trained& found, const Trained& expected, double tolerance)
{
    if (found.losses.size() != expected.losses.size())
        return QString("%1 steps, on the processor %2").arg(found.losses.size()).arg(expected.losses.size());
    for (size_t i = 0; i < found.losses.size(); ++i) {
        if (!(std::abs(found.losses[i] - expected.losses[i]) < tolerance))
            return QString("step %1: loss %2, on the processor %3; norms of the gradient before %4, %5").arg(i + 1).arg(found.losses[i])
                .arg(expected.losses[i]).arg(found.norms[i > 0 ? i - 1 : 0], 0, 'g', 8).arg(expected.norms[i > 0 ? i - 1 : 0], 0, 'g', 8);
    }
    return {};
}

}  // namespace

class TestDevices : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theProcessorMayNotTouchItsMemory()
    {
        const auto x = at::ones({3, 4}, at::TensorOptions(guarded::kDevice));
        QVERIFY(x.is_privateuseone());
        QCOMPARE((x * 2).sum().item<float>(), 24.0F);
        QVERIFY_EXCEPTION_THROWN((void)(x + at::ones({3, 4})), std::exception);
        guarded::reads = 0;
        (void)x.cpu();
        (void)x.sum().item<float>();
        QCOMPARE(guarded::reads.load(), int64_t(2));
    }

    // The same losses and gradients as on the processor, from the same start: by other sums, so within rounding.
    void trainsAsOnTheProcessor_data()
    {
        QTest::addColumn<std::vector<std::pair<std::string, nlohmann::json>>>("changes");
        QTest::addColumn<double>("tolerance");
        const auto row = [](const char* name, const Changes& changes, double tolerance = 2e-4) {
            QTest::newRow(name) << changes << tolerance;
        };
        row("lora", {{"method", "lora"}});
        row("pissa, accumulated", {{"method", "pissa"}, {"accumulate", 2}});
        row("bfloat16", {{"method", "pissa"}, {"dtype", "bfloat16"}}, 3e-2);
        row("dropout", {{"method", "lora"}, {"dropout", 0.2}});
        row("clipped", {{"method", "lora"}, {"clip", 0.1}});
        row("lora+", {{"method", "lora-plus"}});
        row("dora", {{"method", "dora"}});
        row("sorsa", {{"method", "sorsa"}});
        row("lora-xs", {{"method", "lora-xs"}});
        row("lora-ga", {{"method", "lora-ga"}});
        row("lora-rite", {{"method", "lora-rite"}});
        row("delta-lora", {{"method", "delta-lora"}, {"startStep", 1}});
        row("full", {{"method", "full"}});
        row("qlora", {{"method", "qlora"}});
        row("qlora, scales quantised", {{"method", "qlora"}, {"base", "nf4-dq"}});
        row("qpissa", {{"method", "qpissa"}});
        row("a base without kernels", {{"method", "qlora"}, {"base", "int8"}});
        row("drift is measured", {{"method", "pissa"}, {"driftEvery", 2}});
    }
    void trainsAsOnTheProcessor()
    {
        QFETCH(Changes, changes);
        QFETCH(double, tolerance);
        const auto config = configWith(changes);
        const QTemporaryDir here, there;
        const auto expected = trainOn("cpu", config, here.path().toStdString());
        const auto found = trainOn("cuda", config, there.path().toStdString());
        QCOMPARE(differenceOf(found, expected, tolerance), QString());
        for (size_t i = 0; i < found.norms.size(); ++i)
            QVERIFY(std::abs(found.norms[i] - expected.norms[i]) < 20 * tolerance * (1 + expected.norms[i]));
        QVERIFY(found.result.peakDeviceBytes > 0);
        QCOMPARE(expected.result.peakDeviceBytes, int64_t(0));
    }

    // However many micro-batches a step has: loss and norm come in one copy.
    void waitsOnceAStep()
    {
        const QTemporaryDir folder;
        auto config = configWith({{"method", "pissa"}, {"accumulate", 3}, {"clip", 1.0}, {"steps", 6}});
        config.device = "cuda";
        std::vector<int64_t> atStep;
        struct Counting : Listener
        {
            std::vector<int64_t>* readsAtStep = nullptr;
            void on(const Event& event) override
            {
                if (std::holds_alternative<StepEvent>(event))
                    readsAtStep->push_back(guarded::reads);
                Listener::on(event);
            }
        } listener;
        listener.readsAtStep = &atStep;
        run(*makeTorchEngine(), runIn(folder.path().toStdString(), config), listener, {});
        QCOMPARE(atStep.size(), size_t(6));
        for (size_t i = 1; i < atStep.size(); ++i)
            QCOMPARE(atStep[i] - atStep[i - 1], int64_t(1));
    }

    void familiesTrainAsOnTheProcessor_data()
    {
        QTest::addColumn<QString>("family");
        for (const char* family : {"gemma3", "mixtral", "deepseek", "qwen2_window"})
            QTest::newRow(family) << family;
    }
    void familiesTrainAsOnTheProcessor()
    {
        QFETCH(QString, family);
        const QTemporaryDir folder;
        const std::filesystem::path in = folder.path().toStdString();
        auto config = goldenConfig(familyModel(family.toStdString(), in / "model"));
        config.steps = 2;
        config.dropout = 0.1;
        config.routerLoss = 0.01;
        config.maxLength = 32;
        const auto expected = trainOn("cpu", config, in / "cpu"), found = trainOn("cuda", config, in / "cuda");
        QCOMPARE(differenceOf(found, expected, 2e-4), QString());
    }

    void classifiersTrainAsOnTheProcessor_data()
    {
        QTest::addColumn<QString>("family");
        QTest::addColumn<bool>("numbers");
        QTest::newRow("bert") << "bert" << false;
        QTest::newRow("roberta") << "roberta" << false;
        QTest::newRow("deberta") << "deberta" << false;
        QTest::newRow("deberta, a number") << "deberta-regress" << true;
    }
    void classifiersTrainAsOnTheProcessor()
    {
        QFETCH(QString, family);
        QFETCH(bool, numbers);
        const QTemporaryDir folder;
        const std::filesystem::path in = folder.path().toStdString();
        auto config = goldenConfig(familyModel(family.toStdString(), in / "model"));
        config.data = config.evalData = labelledRows(in / "rows.jsonl", numbers).string();
        config.loss = "answer";
        config.steps = 2;
        config.maxLength = 24;
        const auto expected = trainOn("cpu", config, in / "cpu"), found = trainOn("cuda", config, in / "cuda");
        QCOMPARE(differenceOf(found, expected, 5e-4), QString());
        QVERIFY(std::abs(*found.result.evalAfter - *expected.result.evalAfter) < 5e-4);
    }

    // A checkpoint is the processor's: what was trained on one device goes on on the other, and is evaluated there.
    void resumesOnTheOtherDevice()
    {
        const QTemporaryDir whole, parts;
        auto config = configWith({{"method", "pissa"}, {"steps", 6}, {"evalData", golden("rows.jsonl").string()}});
        const auto expected = trainOn("cpu", config, whole.path().toStdString());
        auto first = config;
        first.steps = 3;
        trainOn("cuda", first, parts.path().toStdString());
        const auto found = trainOn("cpu", config, parts.path().toStdString(), true);
        QCOMPARE(found.losses.size(), size_t(3));
        for (size_t i = 0; i < 3; ++i)
            QVERIFY(std::abs(found.losses[i] - expected.losses[i + 3]) < 2e-4);
        QVERIFY(std::abs(*found.result.evalAfter - *expected.result.evalAfter) < 2e-4);
        config.device = "cuda";
        Listener listener;
        EvalJob job;
        job.data = config;
        job.folder = parts.path().toStdString();
        const auto judged = run(*makeTorchEngine(), job, listener, {});
        QVERIFY(std::abs(judged.value - *found.result.evalAfter) < 2e-4);
    }

    // Word by word with a cache, by the kernel that multiplies a single row where the base is NF4.
    void generatesAsOnTheProcessor()
    {
        GenerateJob job;
        job.model = golden("tiny").string();
        job.prompt = "Once";
        job.chat = false;
        job.maxTokens = 12;
        auto there = job;
        there.device = "cuda";
        Listener listener;
        const auto expected = run(*makeTorchEngine(), job, listener, {}), found = run(*makeTorchEngine(), there, listener, {});
        QCOMPARE(found.text, expected.text);
        QCOMPARE(found.tokens, expected.tokens);
    }
};

QTEST_GUILESS_MAIN(TestDevices)
#include "tst_devices.moc"
