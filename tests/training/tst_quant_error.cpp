// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The quantisation laboratory: its norms against a direct decomposition and product, what calibration sees against the hidden states
// of the model, where methods help and where they are found not to, and the order in which results come.
#include "training/analysis/quant_error.h"

#include "tests/support/engine_fixture.h"
#include "tests/support/thrown.h"
#include "training/adapters/decompose.h"
#include "training/adapters/method.h"
#include "training/analysis/calibration.h"
#include "training/api/quant_error_sums.h"
#include "training/models/model_source.h"
#include "training/ops/observe.h"
#include "training/quant/format.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <QTest>

#include <set>

using namespace rankwright;

namespace {

at::Tensor gaussian(int64_t rows, int64_t cols, int64_t seed)
{
    return at::randn({rows, cols}, at::make_generator<at::CPUGeneratorImpl>(uint64_t(seed)), at::kFloat) * 0.02;
}

// A weight whose singular values fall as i^-decay.
at::Tensor decaying(int64_t rows, int64_t cols, double decay, int64_t seed)
{
    const auto [U, S, Vh] = at::linalg_svd(gaussian(rows, cols, seed).to(at::kDouble), false);
    const auto sigma = at::arange(1, S.size(0) + 1, at::kDouble).pow(-decay);
    return at::matmul(U * sigma, Vh).to(at::kFloat);
}

double largest(const at::Tensor& difference)
{
    return difference.abs().max().item<double>();
}

RunConfig methodOf(const std::string& method, int64_t rank, const std::string& base = "nf4")
{
    RunConfig config;
    config.method = method;
    config.rank = rank;
    config.base = base;
    return config;
}

// All numbers of rounds in one go.
std::map<int64_t, ErrorNorms> errorsOf(const at::Tensor& weight, const RunConfig& config, const std::vector<int64_t>& rounds,
    const at::Tensor& inputs = {})
{
    std::map<int64_t, ErrorNorms> found;
    methodErrors("model.layers.0.mlp.up_proj", weight, inputs, config, rounds,
        [&](int64_t count, const ErrorNorms& error) { found[count] = error; });
    return found;
}

QuantError against(const at::Tensor& weight, const RunConfig& config, const ErrorNorms& error)
{
    return {.name = "m", .kind = "up_proj", .method = config.method, .rank = config.rank, .rounds = 1, .error = error,
        .plain = errorNorms(weight - roundTrip(weight, config.base))};
}

// x / sqrt(mean(x^2) + epsilon) * weight in float64.
at::Tensor normed(const at::Tensor& x, const at::Tensor& weight, double epsilon)
{
    const auto wide = x.to(at::kDouble);
    return wide / (wide.square().mean(1, true) + epsilon).sqrt() * weight.to(at::kDouble);
}

// The golden model with its text, and all its calibration rows as one batch.
struct Tiny
{
    RunConfig config = goldenConfig(golden("tiny"));
    Weights weights{openModelSource(config.model)};
    Model model{weights, at::kFloat};
    ModelText text{config.model, model.config().vocabSize};
    Listener listener;
    JobContext context{listener, {}};
    std::vector<Sample> samples = text.prepare(config.data, Split::train, config, ":5", context).samples;

    Tiny() { config.rows = ":5"; }
    [[nodiscard]] Batch batch() const
    {
        std::vector<const Sample*> rows;
        for (const auto& sample : samples)
            rows.push_back(&sample);
        return makeBatch(rows);
    }
    [[nodiscard]] at::Tensor weight(const std::string& name) { return weights.read(name).to(at::kDouble); }
};

QuantErrorJob tinyJob()
{
    QuantErrorJob job;
    job.model = golden("tiny").string();
    job.ranks = {2, 4};
    job.rounds = {3, 1};
    return job;
}

}  // namespace

class TestQuantError : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void normsAgainstADirectDecomposition()
    {
        for (const auto& D : {gaussian(48, 80, 1), decaying(96, 64, 1.5, 2)}) {
            const auto sigma = at::linalg_svdvals(D.to(at::kDouble));
            const auto norms = errorNorms(D);
            QVERIFY(std::abs(norms.nuclear / sigma.sum().item<double>() - 1) < 1e-9);
            QVERIFY(std::abs(norms.spectral / sigma[0].item<double>() - 1) < 1e-9);
            QVERIFY(std::abs(norms.frobenius / D.to(at::kDouble).norm().item<double>() - 1) < 1e-9);
            QCOMPARE(norms.output, -1.0);
        }
    }

    void outputAgainstADirectProduct()
    {
        const auto D = gaussian(7, 5, 3), X = gaussian(4, 5, 4) * 50;
        double squares = 0;
        for (int64_t token = 0; token < 4; ++token) {
            for (int64_t out = 0; out < 7; ++out) {
                double y = 0;
                for (int64_t in = 0; in < 5; ++in)
                    y += D[out][in].item<double>() * X[token][in].item<double>();
                squares += y * y;
            }
        }
        QVERIFY(std::abs(errorNorms(D, X).output / std::sqrt(squares) - 1) < 1e-6);
    }

    // The inputs of every module, from the hidden states alone: of q, k, v the normed state; those of o and down give the next state;
    // that of gate and up is the normed state between.
    void calibrationAgainstHiddenStates_data()
    {
        QTest::addColumn<int>("form");
        QTest::newRow("fast") << int(ops::Form::fast);
        QTest::newRow("plain") << int(ops::Form::plain);
    }
    void calibrationAgainstHiddenStates()
    {
        QFETCH(int, form);
        const at::NoGradGuard guard;
        Tiny tiny;
        ops::setForm(ops::Form(form));
        const auto found = calibrate(tiny.model, tiny.text, tiny.config, tiny.context, 1 << 20);
        ops::setForm(ops::Form::fast);
        std::vector<at::Tensor> states;
        (void)tiny.model.forward(tiny.batch(), {}, nullptr, &states);
        QCOMPARE(found.tokens, tiny.batch().tokens());
        QCOMPARE(found.rms.size(), tiny.model.slots().size());
        QCOMPARE(found.inputs.size(), tiny.model.slots().size());
        const double epsilon = tiny.model.config().normEpsilon;
        for (int64_t i = 0; i < tiny.model.config().layers; ++i) {
            const auto layer = "model.layers." + std::to_string(i) + ".";
            const auto input = [&](const std::string& part) { return found.inputs.at(layer + part).to(at::kDouble); };
            const auto h = states[size_t(i)].to(at::kDouble);
            QVERIFY(largest(input("self_attn.q_proj") - normed(h, tiny.weight(layer + "input_layernorm.weight"), epsilon)) < 1e-5);
            const auto between = h + at::matmul(input("self_attn.o_proj"), tiny.weight(layer + "self_attn.o_proj.weight").t());
            QVERIFY(largest(input("mlp.gate_proj") - normed(between, tiny.weight(layer + "post_attention_layernorm.weight"), epsilon)) < 1e-5);
            auto after = between + at::matmul(input("mlp.down_proj"), tiny.weight(layer + "mlp.down_proj.weight").t());
            if (i + 1 == tiny.model.config().layers)
                after = normed(after, tiny.weight("model.norm.weight"), epsilon);
            QVERIFY(largest(after - states[size_t(i) + 1]) < 1e-5);
            for (const char* part : {"self_attn.k_proj", "self_attn.v_proj"})
                QVERIFY(found.inputs.at(layer + part).is_same(found.inputs.at(layer + "self_attn.q_proj")));
            QVERIFY(found.inputs.at(layer + "mlp.up_proj").is_same(found.inputs.at(layer + "mlp.gate_proj")));
        }
        for (const auto& [name, rms] : found.rms) {
            const auto direct = found.inputs.at(name).to(at::kDouble).square().mean(0).sqrt();
            QVERIFY(largest(rms / direct - 1) < 1e-5);
        }
    }

    // A part of the tokens, evenly over all of them, and of the modules; nobody looks any more afterwards.
    void calibrationKeepsWhatIsAskedFor()
    {
        Tiny tiny;
        const auto all = calibrate(tiny.model, tiny.text, tiny.config, tiny.context, 1 << 20, "*down_proj");
        const auto few = calibrate(tiny.model, tiny.text, tiny.config, tiny.context, 7, "*down_proj");
        const auto none = calibrate(tiny.model, tiny.text, tiny.config, tiny.context, 0, "*down_proj");
        QCOMPARE(int64_t(all.rms.size()), tiny.model.config().layers);
        const auto& X = all.inputs.begin()->second;
        const auto& kept = few.inputs.begin()->second;
        QCOMPARE(X.size(0), all.tokens);
        QCOMPARE(kept.size(0), int64_t(7));
        for (int64_t i = 0; i < 7; ++i)
            QVERIFY(at::equal(kept[i], X[(i + 1) * all.tokens / 7 + ((i + 1) * all.tokens % 7 > 0) - 1]));
        QVERIFY(at::equal(few.rms.begin()->second, all.rms.begin()->second));
        QVERIFY(none.inputs.empty());
        QCOMPARE(none.rms.size(), all.rms.size());
        int seen = 0;
        {
            const ops::Observing observing([&](const at::Tensor&, auto) { ++seen; });
            const at::NoGradGuard guard;
            (void)tiny.model.forward(tiny.batch());
        }
        const int once = seen;
        QCOMPARE(int64_t(once), 4 * tiny.model.config().layers);
        (void)tiny.model.forward(tiny.batch());
        QCOMPARE(seen, once);
    }

    void calibrationWithoutTokens()
    {
        Tiny tiny;
        tiny.config.rows = "100000:";
        QVERIFY(errorOf([&] { (void)calibrate(tiny.model, tiny.text, tiny.config, tiny.context, 8); }).has_value());
    }

    // One run of the largest number of rounds gives what each number alone gives, bit for bit.
    void roundsOfOneRun()
    {
        const auto weight = decaying(96, 160, 0.7, 5), X = gaussian(32, 160, 6);
        for (const char* method : {"loftq", "qpissa", "lq-lora"}) {
            const auto together = errorsOf(weight, methodOf(method, 8), {1, 2, 5, 9}, X);
            QCOMPARE(together.size(), size_t(4));
            for (const auto& [rounds, error] : together)
                QVERIFY2(errorsOf(weight, methodOf(method, 8), {rounds}, X).at(rounds) == error, method);
        }
        QCOMPARE(errorsOf(weight, methodOf("pissa", 8), {}).begin()->first, int64_t(0));
    }

    // The start that training makes, put together by hand.
    void errorOfTheStart()
    {
        const auto weight = decaying(64, 128, 0.8, 7), X = gaussian(16, 128, 8);
        auto config = methodOf("qpissa", 8);
        config.options["rounds"] = 3.0;
        const auto start = methodById("qpissa").start(weight, {"m", 8, 8.0, config, "nf4"});
        const auto product = at::matmul(start.B, start.A) * start.scaling;
        const auto difference = weight - roundTrip(at::addmm(weight, start.edit->B0, start.edit->A0, 1, -start.edit->scaling), "nf4") - product;
        const auto sigma = at::linalg_svdvals(difference.to(at::kDouble));
        const auto found = errorsOf(weight, config, {3}, X).at(3);
        QVERIFY(std::abs(found.nuclear / sigma.sum().item<double>() - 1) < 1e-5);
        QVERIFY(std::abs(found.output / at::matmul(X.to(at::kDouble), difference.to(at::kDouble).t()).norm().item<double>() - 1) < 1e-5);
    }

    void moreRoundsHelpOnDecayingSpectra()
    {
        for (int64_t seed = 0; seed < 3; ++seed) {
            const auto weight = decaying(192, 256, 0.8, 10 + seed);
            const auto found = errorsOf(weight, methodOf("qpissa", 16), {1, 5});
            const auto one = against(weight, methodOf("qpissa", 16), found.at(1)), five = against(weight, methodOf("qpissa", 16), found.at(5));
            QVERIFY(one.reduction() > 0);
            QVERIFY(five.reduction() > one.reduction());
            QVERIFY(verdictOf(five.error, five.plain) == QuantVerdict::helps);
        }
    }

    // A flat spectrum has nothing that a few directions could hold.
    void littleHelpOnFlatSpectra()
    {
        const auto flat = gaussian(256, 256, 20), steep = decaying(256, 256, 1, 21);
        const auto config = methodOf("qpissa", 4);
        const auto reduction = [&](const at::Tensor& weight) { return against(weight, config, errorsOf(weight, config, {1}).at(1)).reduction(); };
        QVERIFY(reduction(flat) < 5);
        QVERIFY(reduction(steep) > 15);
    }

    // Weights that the format holds exactly, or nearly: taking a slice out of them leaves a rest that it does not hold.
    void aMethodThatDoesNotHelp()
    {
        const auto exact = roundTrip(gaussian(128, 128, 30), "nf4");
        const auto config = methodOf("qpissa", 4);
        const auto onExact = against(exact, config, errorsOf(exact, config, {1}).at(1));
        QCOMPARE(onExact.plain.nuclear, 0.0);
        QVERIFY(onExact.error.nuclear > 0);
        QCOMPARE(onExact.reduction(), 0.0);
        QVERIFY(verdictOf(onExact.error, onExact.plain) == QuantVerdict::worse);

        const auto near = exact + gaussian(128, 128, 31) * 1e-3;
        const auto onNear = against(near, config, errorsOf(near, config, {1}).at(1));
        QVERIFY(onNear.plain.nuclear > 0);
        QVERIFY(onNear.reduction() < 0);
        QVERIFY(verdictOf(onNear.error, onNear.plain) == QuantVerdict::worse);

        // B = 0: the same as plain quantisation.
        const auto onLora = against(near, methodOf("lora", 4), errorsOf(near, methodOf("lora", 4), {}).at(0));
        QVERIFY(onLora.error == onLora.plain);
        QVERIFY(verdictOf(onLora.error, onLora.plain) == QuantVerdict::noBetter);
    }

    void verdicts()
    {
        const auto norms = [](double nuclear, double output) { return ErrorNorms{.nuclear = nuclear, .output = output}; };
        QVERIFY(verdictOf(norms(1, -1), norms(2, -1)) == QuantVerdict::helps);
        QVERIFY(verdictOf(norms(1, 1), norms(2, 2)) == QuantVerdict::helps);
        QVERIFY(verdictOf(norms(1, 3), norms(2, 2)) == QuantVerdict::worseOutput);
        QVERIFY(verdictOf(norms(3, 1), norms(2, 2)) == QuantVerdict::worseWeights);
        QVERIFY(verdictOf(norms(3, 3), norms(2, 2)) == QuantVerdict::worse);
        QVERIFY(verdictOf(norms(2, 3), norms(2, 2)) == QuantVerdict::worse);
        QVERIFY(verdictOf(norms(2, 2), norms(2, 2)) == QuantVerdict::noBetter);
        QCOMPARE(verdictText(QuantVerdict::worse), std::string("worse than QLoRA"));
    }

    void sums()
    {
        const auto one = [](const std::string& name, const std::string& kind, double error, double plain) {
            return QuantError{.name = name, .kind = kind, .method = "loftq", .rank = 4, .rounds = 1,
                .error = {error, error, error, error}, .plain = {plain, plain, plain, plain}};
        };
        const std::vector<QuantError> errors{one("a", "q_proj", 3, 6), one("b", "v_proj", 4, 3), one("c", "q_proj", 0, 2)};
        const auto total = quantErrorSums(errors, false);
        QCOMPARE(total.size(), size_t(1));
        QCOMPARE(total[0].error, (ErrorNorms{5, 7, 4, 5}));
        QCOMPARE(total[0].plain, (ErrorNorms{7, 11, 6, 7}));
        QVERIFY(std::abs(total[0].reduction() - 100 * (1 - 7.0 / 11)) < 1e-12);
        QVERIFY(std::abs(total[0].meanReduction - (50 - 100.0 / 3 + 100) / 3) < 1e-12);
        QCOMPARE(total[0].notNuclear, std::vector<std::string>{"b"});
        QCOMPARE(total[0].notOutput, std::vector<std::string>{"b"});
        const auto kinds = quantErrorSums(errors, true);
        QCOMPARE(kinds.size(), size_t(2));
        QCOMPARE(kinds[0].modules, int64_t(2));
        QVERIFY(kinds[1].verdict() == QuantVerdict::worse);
        auto unmeasured = errors;
        unmeasured[2].error.output = -1;
        QVERIFY(!quantErrorSums(unmeasured, false)[0].hasOutput());
        QCOMPARE(toJson(total[0]).at("doesNotHelp").dump(), std::string("[\"b\"]"));
    }

    // Module by module, each result as an event the moment it is known, and the report the same list.
    void eventsComeModuleByModule()
    {
        Listener listener;
        JobContext context(listener, {});
        auto job = tinyJob();
        job.calibrate = true;
        job.calibration = goldenConfig(golden("tiny"));
        job.calibration.rows = ":5";
        const auto report = quantErrors(job, context);
        QVERIFY(listener.all<QuantError>() == report.modules);
        std::vector<std::tuple<std::string, int64_t, int64_t>> order;
        for (size_t i = 0; i < 8; ++i)
            order.emplace_back(report.modules[i].method, report.modules[i].rank, report.modules[i].rounds);
        const decltype(order) expected{{"loftq", 2, 1}, {"loftq", 2, 3}, {"loftq", 4, 1}, {"loftq", 4, 3}, {"qpissa", 2, 1},
            {"qpissa", 2, 3}, {"qpissa", 4, 1}, {"qpissa", 4, 3}};
        QVERIFY(order == expected);
        std::set<std::string> finished;
        for (size_t i = 0; i < report.modules.size(); i += 8) {
            QVERIFY(finished.insert(report.modules[i].name).second);
            for (size_t k = i; k < i + 8; ++k)
                QCOMPARE(report.modules[k].name, report.modules[i].name);
        }
        // The output error of the first module, from the calibration itself.
        Tiny tiny;
        const auto& first = report.modules.front();
        const auto X = calibrate(tiny.model, tiny.text, tiny.config, tiny.context, 1024).inputs.at(first.name).to(at::kDouble);
        const auto weight = tiny.weights.read(first.name + ".weight").to(at::kFloat);
        const auto D = (weight - roundTrip(weight, "nf4")).to(at::kDouble);
        QVERIFY(std::abs(first.plain.output / at::matmul(X, D.t()).norm().item<double>() - 1) < 1e-5);
        QVERIFY(first.error.output > 0);
    }

    // A stop between two results ends the job before the next one.
    void stopsBetweenResults()
    {
        struct Stopping : Listener
        {
            std::stop_source source;
            void on(const Event& event) override
            {
                Listener::on(event);
                if (std::holds_alternative<QuantError>(event))
                    source.request_stop();
            }
        } listener;
        JobContext context(listener, listener.source.get_token());
        const auto error = errorOf([&] { (void)quantErrors(tinyJob(), context); });
        QVERIFY(error && error->code == Code::stopped);
        QCOMPARE(listener.all<QuantError>().size(), size_t(1));
    }

    void ranksThatCannotBe()
    {
        Listener listener;
        JobContext context(listener, {});
        auto job = tinyJob();
        job.ranks = {100000};
        const auto error = errorOf([&] { (void)quantErrors(job, context); });
        QVERIFY(error && error->code == Code::config);
    }
};

QTEST_GUILESS_MAIN(TestQuantError)
#include "tst_quant_error.moc"
