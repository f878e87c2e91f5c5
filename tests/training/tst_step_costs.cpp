// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a training step costs, counted and not timed: operator calls, copies, allocations and bytes, of a step like every other one.
// The bounds stand a little above what was measured and below one copy more a layer: who makes a step cheaper lowers them (each row
// prints its line of the table). Times are printed where they are asked for:
//   RANKWRIGHT_STEP_PROFILE=FOLDER tst_step_costs profile     tables of operators, and folded stacks for tests/benchmark/flame_graph.py
//   RANKWRIGHT_TIMINGS=1 tst_step_costs nf4Times              a row of ./benchmark
#include "training/quant/format.h"
#include "training/quant/widest.h"

#include "tests/support/engine_fixture.h"
#include "tests/support/step_costs.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QStringList>
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

#include <cstdio>
#include <fstream>

using namespace rankwright;

namespace {

constexpr size_t kWarmUp = 2;   // steps that fill caches
// Of a generated token, the golden model.
constexpr double kTokenOperators = 49, kTokenCopies = 2, kTokenAllocations = 12;

// Takes the costs between two step events.
struct CostListener : Events
{
    explicit CostListener(StepCosts& to) : costs(to) {}
    StepCosts& costs;
    std::vector<StepCost> steps;
    std::vector<StepEvent> events;
    void on(const Event& event) override
    {
        if (std::holds_alternative<RunStarted>(event))
            costs.take();
        if (const auto* step = std::get_if<StepEvent>(&event)) {
            steps.push_back(costs.take());
            events.push_back(*step);
        }
    }
};

struct Counted
{
    std::vector<StepCost> steps;
    std::vector<StepEvent> events;
    int64_t peakOfProcess = 0;
    [[nodiscard]] const StepCost& steady() const { return steps.at(kWarmUp); }
};

struct Shape
{
    std::string model;
    int64_t batch = 2, length = 32, rank = 8, steps = 6;
    int64_t threads = 1;   // counts that are every machine's, a peak that does not hang on two rows that meet
};

// Rows of equal length, so that every step is like every other one: with `length` tokens after cutting.
std::filesystem::path writeRows(const std::filesystem::path& folder)
{
    const auto file = folder / "rows.jsonl";
    std::ofstream stream(file);
    for (int row = 0; row < 16; ++row) {
        std::string text;
        for (int i = 0; i < 60; ++i)
            text += "Tom has " + std::to_string(10 + (row * 37 + i * 11) % 90) + " apples and finds " + std::to_string(10 + i) + " more. ";
        stream << nlohmann::json{{"prompt", "How many are there?"}, {"response", text}}.dump() << '\n';
    }
    return file;
}

// What a step took when this was last changed on purpose: rows of 32 tokens (golden model) and of 64 (SmolLM2), two a step, rank 8.
struct Taken
{
    int64_t operators, copies, copiedBytes, allocations, allocatedBytes, peakGrowth;
};

struct Expected
{
    const char* dtype;
    Taken golden, smol;
};

// On a dense base, whatever the start was; on one in NF4.
constexpr Expected kDense[] = {
    {"float32", {3987, 188, 565396, 431, 1821528, 287424}, {52621, 2856, 147902132, 7464, 790640088, 115743200}},
    {"bfloat16", {3075, 216, 239452, 527, 2299568, 192848}, {44713, 3128, 68503916, 7527, 403770768, 58124000}},
};
constexpr Expected kNf4[] = {
    {"float32", {4012, 188, 565396, 456, 1960792, 287424}, {53038, 2856, 147902132, 7881, 1637774808, 115743200}},
    {"bfloat16", {3100, 216, 239452, 552, 2369200, 192848}, {45130, 3128, 68503916, 7944, 827338128, 58124000}},
};

struct Held
{
    const char* method;
    std::span<const Expected> steps;
};
constexpr Held kHeld[] = {{"lora", kDense}, {"pissa", kDense}, {"qlora", kNf4}};

// Where float32 products go another way (training/ops/product.cpp), counts are others: there the bounds only catch what is gross.
double slackOfThisProcessor()
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_is("intel") ? 1.5 : 1;
#else
    return 1.5;
#endif
}

// What is more than it may be, in words; empty: nothing. Counts: one copy or one allocation more a layer is too much, and so are three
// operators (clone() alone is four). Bytes: a thirtieth; a copy of the hidden states a layer is twice that.
QString beyond(const StepCost& step, const Taken& taken, int64_t layers)
{
    const double slack = slackOfThisProcessor();
    QStringList problems;
    const auto check = [&](const char* what, int64_t found, double most) {
        if (double(found) > most * slack)
            problems << QStringLiteral("%1 %2, at most %3").arg(found).arg(QLatin1String(what)).arg(int64_t(most * slack));
    };
    check("operators", step.operators, double(taken.operators + 3 * layers - 1));
    check("copies", step.copies, double(taken.copies + layers - 1));
    check("bytes copied", step.copiedBytes, double(taken.copiedBytes) * (1 + 1.0 / 30));
    check("allocations", step.allocations, double(taken.allocations + layers - 1));
    check("bytes allocated", step.allocatedBytes, double(taken.allocatedBytes) * (1 + 1.0 / 30));
    check("bytes at the peak", step.peakGrowth(), double(taken.peakGrowth) * (1 + 1.0 / 30));
    return problems.join(QStringLiteral("; "));
}

// "torch::autograd::CppNode<rankwright::ops::(anonymous namespace)::LinearGroup>" -> "LinearGroup backward".
std::string shortName(std::string name)
{
    const std::string node = "autograd::engine::evaluate_function: ";
    if (name.starts_with(node))
        name = "node " + name.substr(node.size());
    const auto open = name.find("CppNode<");
    if (open != std::string::npos && name.ends_with(">")) {
        auto inner = name.substr(open + 8, name.size() - open - 9);
        inner = inner.substr(inner.rfind(':') == std::string::npos ? 0 : inner.rfind(':') + 1);
        name = (name.starts_with("node ") ? "node " : "") + inner + " backward";
    }
    return name;
}

void print(std::FILE* file, const std::string& title, const Counted& counted)
{
    // The cheapest step: guests on the machine only ever make one dearer.
    const auto& cost = *std::min_element(counted.steps.begin() + kWarmUp, counted.steps.end(),
        [](const StepCost& a, const StepCost& b) { return a.processorSeconds < b.processorSeconds; });
    std::fprintf(file,
        "%s: %.3f s, processor %.3f s, %lld operators, %lld copies (%.1f MB), %lld allocations (%.1f MB), peak %.1f MB above %.1f MB; "
        "process %.0f MB\n",
        title.c_str(), cost.seconds, cost.processorSeconds, static_cast<long long>(cost.operators), static_cast<long long>(cost.copies),
        double(cost.copiedBytes) / 1e6, static_cast<long long>(cost.allocations), double(cost.allocatedBytes) / 1e6,
        double(cost.peakGrowth()) / 1e6, double(cost.liveBefore) / 1e6, double(counted.peakOfProcess) / 1e6);
    std::map<std::string, OperatorCost> byName;
    for (const auto& [name, one] : cost.byName) {
        auto& sum = byName[shortName(name)];
        sum = {sum.calls + one.calls, sum.seconds + one.seconds, sum.bytes + one.bytes, sum.written + one.written};
    }
    std::vector<std::pair<std::string, OperatorCost>> rows(byName.begin(), byName.end());
    std::ranges::sort(rows, [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
    std::fprintf(file, "%-44s%8s%10s%7s%12s%12s\n", "operator", "calls", "own ms", "%", "allocated MB", "copied MB");
    for (const auto& [name, one] : rows) {
        if (one.seconds < 2e-4 * cost.processorSeconds && one.calls < 30)
            continue;
        std::fprintf(file, "%-44s%8lld%10.2f%7.1f%12.2f%12.2f\n", name.substr(0, 43).c_str(), static_cast<long long>(one.calls),
            one.seconds * 1e3, 100 * one.seconds / cost.processorSeconds, double(one.bytes) / 1e6, double(one.written) / 1e6);
    }
}

// "outer;inner microseconds", as flame graphs are made from.
void writeFolded(const std::filesystem::path& file, const StepCost& cost)
{
    std::ofstream stream(file);
    for (const auto& [stack, seconds] : cost.byStack) {
        std::string line;
        for (size_t first = 0; first <= stack.size();) {
            const auto last = std::min(stack.find(';', first), stack.size());
            line += (line.empty() ? "" : ";") + shortName(stack.substr(first, last - first));
            first = last + 1;
        }
        if (const auto microseconds = int64_t(seconds * 1e6); microseconds > 0)
            stream << line << ' ' << microseconds << '\n';
    }
}

}  // namespace

class TestStepCosts : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    int m_runs = 0;

    Counted count(const Shape& shape, const std::string& method, const std::string& dtype)
    {
        const std::filesystem::path folder = m_folder.filePath(QString::number(++m_runs)).toStdString();
        std::filesystem::create_directories(folder);
        RunConfig config;
        config.model = shape.model;
        config.data = writeRows(folder).string();
        config.chatTemplate = "none";
        config.loss = "all";
        config.order = "sequential";
        config.rank = shape.rank;
        config.batch = shape.batch;
        config.maxLength = shape.length;
        config.steps = shape.steps;
        config.threads = shape.threads;
        config.method = method;
        config.dtype = dtype;
        if (method == "pissa")
            config.options["svd"] = std::string("4");
        StepCosts costs;
        CostListener listener(costs);
        const auto result = run(*makeTorchEngine(), runIn(folder, config), listener, {});
        return {std::move(listener.steps), std::move(listener.events), result.peakBytes};
    }

private Q_SLOTS:
    void initTestCase()
    {
#ifndef NDEBUG
        QSKIP("a build with assertions: LibTorch's records of operators have another shape there");
#endif
    }

    void aStepStaysInItsBounds_data()
    {
        QTest::addColumn<bool>("small");
        QTest::addColumn<QString>("method");
        QTest::addColumn<const Expected*>("expected");
        for (const auto& [method, steps] : kHeld) {
            for (const auto& expected : steps) {
                QTest::addRow("golden %s %s", method, expected.dtype) << true << QString(method) << &expected;
                if (!defaultModel().empty())
                    QTest::addRow("default %s %s", method, expected.dtype) << false << QString(method) << &expected;
            }
        }
    }
    void aStepStaysInItsBounds()
    {
        QFETCH(bool, small);
        QFETCH(QString, method);
        QFETCH(const Expected*, expected);
        if (widestVectors() != Width::avx512 && expected->dtype == std::string_view("bfloat16"))
            QSKIP("no AVX-512: bfloat16 is widened here (ADR 0020), which these bounds do not have");
        const auto counted = count({.model = small ? golden("tiny").string() : "default", .length = small ? 32 : 64, .steps = 5, .threads = 1},
            method.toStdString(), expected->dtype);
        QCOMPARE(counted.steps.size(), size_t(5));
        const auto& step = counted.steady();
        qInfo("{%lld, %lld, %lld, %lld, %lld, %lld}", static_cast<long long>(step.operators), static_cast<long long>(step.copies),
            static_cast<long long>(step.copiedBytes), static_cast<long long>(step.allocations),
            static_cast<long long>(step.allocatedBytes), static_cast<long long>(step.peakGrowth()));
        QVERIFY(step.operators > 0 && counted.events.at(kWarmUp).gradNorm > 0);
        QCOMPARE(counted.events.at(kWarmUp).tokens, int64_t(kWarmUp + 1) * (small ? 64 : 128));
        QCOMPARE(beyond(step, small ? expected->golden : expected->smol, small ? 2 : 30), QString());
        for (size_t i = kWarmUp + 1; i < counted.steps.size(); ++i) {
            const auto& later = counted.steps[i];
            QCOMPARE(later.operators, step.operators);
            QCOMPARE(later.copies, step.copies);
            QCOMPARE(later.copiedBytes, step.copiedBytes);
            QCOMPARE(later.allocations, step.allocations);
            QCOMPARE(later.allocatedBytes, step.allocatedBytes);
            QCOMPARE(later.liveAfter, step.liveAfter);   // nothing is left behind
            QCOMPARE(later.peakBytes, step.peakBytes);
        }
    }

    void oneMoreALayerIsTooMuch()
    {
        const auto& taken = kDense[0].smol;
        StepCost step;
        step.operators = taken.operators;
        step.copies = taken.copies;
        step.allocations = taken.allocations;
        QCOMPARE(beyond(step, taken, 30), QString());
        if (slackOfThisProcessor() > 1)
            QSKIP("the bounds are wide on this processor");
        step.copies += 30;
        QVERIFY(beyond(step, taken, 30).contains(QStringLiteral("copies")));
        step.allocations += 30;
        QVERIFY(beyond(step, taken, 30).contains(QStringLiteral("allocations")));
    }

    void aCopyIsCounted()
    {
        StepCosts costs;
        const auto x = at::ones({10, 10}, at::kFloat);
        costs.take();
        const auto y = x.clone();
        const auto z = at::cat({x, y});
        const auto same = x.contiguous().to(at::kFloat);   // no copy
        const auto cost = costs.take();
        QCOMPARE(cost.copies, 2);
        QCOMPARE(cost.copiedBytes, 400 + 800);
        QCOMPARE(cost.allocations, 2);
        QCOMPARE(cost.allocatedBytes, 400 + 800);
        QCOMPARE(cost.liveAfter - cost.liveBefore, 1200);
        QCOMPARE(cost.calls("aten::cat"), 1);
    }

    // Twelve tokens and twenty: the difference is eight tokens' own.
    void aTokenCostsTheSameAgain()
    {
        const auto costOf = [](int64_t tokens) {
            StepCosts costs;
            Listener listener;
            const GenerateJob job{.model = golden("tiny").string(), .prompt = "Tom has 3 apples", .chat = false, .maxTokens = tokens,
                .pastEnd = true};
            const auto made = run(*makeTorchEngine(), job, listener, {});
            const auto cost = costs.take();
            return std::pair(made.tokens, cost);
        };
        const auto [few, cost12] = costOf(12);
        const auto [more, cost20] = costOf(20);
        const auto [most, cost28] = costOf(28);
        QCOMPARE(few, 12);
        QCOMPARE(more, 20);
        QCOMPARE(most, 28);
        qInfo("a token: %.1f operators, %.1f copies, %.1f allocations", double(cost20.operators - cost12.operators) / 8,
            double(cost20.copies - cost12.copies) / 8, double(cost20.allocations - cost12.allocations) / 8);
        QCOMPARE(cost28.operators - cost20.operators, cost20.operators - cost12.operators);
        QCOMPARE(cost28.copies - cost20.copies, cost20.copies - cost12.copies);
        QCOMPARE(cost28.allocations - cost20.allocations, cost20.allocations - cost12.allocations);
        // Measured on the golden model; a layer more of either would be two.
        QVERIFY(double(cost20.operators - cost12.operators) / 8 <= (kTokenOperators + 5) * slackOfThisProcessor());
        QVERIFY(double(cost20.copies - cost12.copies) / 8 <= (kTokenCopies + 1) * slackOfThisProcessor());
        QVERIFY(double(cost20.allocations - cost12.allocations) / 8 <= (kTokenAllocations + 1) * slackOfThisProcessor());
    }

    void profile()
    {
        const auto folder = qEnvironmentVariable("RANKWRIGHT_STEP_PROFILE").toStdString();
        if (folder.empty() || defaultModel().empty())
            QSKIP("set RANKWRIGHT_STEP_PROFILE=FOLDER for tables and folded stacks of the default model's step");
        std::filesystem::create_directories(folder);
        for (const std::string dtype : {"bfloat16", "float32"}) {
            const auto counted = count({.model = "default", .batch = 4, .length = 256, .rank = 16, .steps = 8}, "lora", dtype);
            const auto& fastest = *std::min_element(counted.steps.begin() + kWarmUp, counted.steps.end(),
                [](const StepCost& a, const StepCost& b) { return a.processorSeconds < b.processorSeconds; });
            print(stdout, dtype, counted);
            if (auto* file = std::fopen((folder + "/" + dtype + ".txt").c_str(), "w"); file != nullptr) {
                print(file, dtype, counted);
                std::fclose(file);
            }
            writeFolded(folder + "/" + dtype + ".folded", fastest);
        }
    }

    // All projections of SmolLM2 there and back, the best of three rounds.
    void nf4Times()
    {
        if (qEnvironmentVariableIntValue("RANKWRIGHT_TIMINGS") == 0)
            QSKIP("set RANKWRIGHT_TIMINGS=1 for the times of NF4");
        const at::NoGradGuard guard;
        std::vector<at::Tensor> weights;
        for (int layer = 0; layer < 30; ++layer) {
            for (const auto& [out, in] : {std::pair<int64_t, int64_t>{576, 576}, {192, 576}, {192, 576}, {576, 576}, {1536, 576}, {1536, 576},
                     {576, 1536}})
                weights.push_back(at::randn({out, in}));
        }
        const auto cpu = [] {
            rusage usage{};
            ::getrusage(RUSAGE_SELF, &usage);
            return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
        };
        double there = 1e9, back = 1e9, used = 1e9;
        int64_t values = 0;
        for (int round = 0; round < 3; ++round) {
            std::vector<std::shared_ptr<const Quantised>> packed;
            const double before = cpu();
            const auto begun = std::chrono::steady_clock::now();
            for (const auto& weight : weights)
                packed.push_back(quantise(weight, "nf4"));
            const auto middle = std::chrono::steady_clock::now();
            values = 0;
            for (const auto& one : packed)
                values += one->dense().numel();
            const auto ended = std::chrono::steady_clock::now();
            there = std::min(there, std::chrono::duration<double>(middle - begun).count());
            back = std::min(back, std::chrono::duration<double>(ended - middle).count());
            used = std::min(used, cpu() - before);
        }
        qInfo("NF4: quantise %.4f s, dequantise %.4f s, CPU %.4f s, %lld values", there, back, used, static_cast<long long>(values));
        QCOMPARE(values, int64_t(106'168'320));
    }
};

QTEST_GUILESS_MAIN(TestStepCosts)
#include "tst_step_costs.moc"
