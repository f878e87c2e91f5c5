// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What methods find out from the whole model before they start, and what they do around a step, on the tiny golden model.
#include "training/adapters/adapter_set.h"
#include "training/adapters/gradients.h"
#include "training/adapters/orthonormal.h"
#include "training/api/error.h"

#include "tests/support/engine_fixture.h"
#include "tests/support/method_fixture.h"

#include <ATen/core/grad_mode.h>

#include <QTest>

using namespace rankwright;

class TestGradients : public QObject
{
    Q_OBJECT

    // The tiny model with six rows of ids.
    struct Tiny
    {
        RunConfig config;
        Weights weights{openModelSource(golden("tiny"))};
        Model model{weights, at::kFloat};
        std::vector<Sample> samples;
        std::vector<std::pair<std::string, int64_t>> modules;
        std::vector<std::string> reports;

        explicit Tiny(RunConfig chosen, int64_t rank = 4) : config(std::move(chosen))
        {
            for (int row = 0; row < 6; ++row) {
                Sample sample;
                for (int i = 0; i < 12 + 5 * row; ++i) {
                    sample.ids.push_back(int32_t((7 * i * (row + 3) + 11 * row) % 250));
                    sample.trained.push_back(i > 3);
                }
                sample.row = row;
                samples.push_back(sample);
            }
            for (const auto& slot : model.slots())
                modules.emplace_back(slot.name, rank);
        }
        PrepareContext context()
        {
            return {model, weights, config, modules, samples,
                [this](const std::string& what, int64_t, int64_t) { reports.push_back(what); }};
        }
        // dL/dW of the mean loss of some rows by another way: the identity as A, zero as B, then dL/dB is dL/dW.
        at::Tensor throughAnAdapter(const std::string& name, const std::vector<size_t>& rows)
        {
            auto* slot = model.slot(name);
            Delta delta;
            delta.A = at::eye(slot->in());
            delta.B = at::zeros({slot->out(), slot->in()}).set_requires_grad(true);
            slot->delta = delta;
            std::vector<const Sample*> chosen;
            for (const auto row : rows)
                chosen.push_back(&samples[row]);
            const at::AutoGradMode on(true);
            model.losses(makeBatch(chosen)).mean().backward();
            const auto gradient = delta.B.grad().clone();
            slot->delta.reset();
            return gradient;
        }
        at::Tensor losses()
        {
            const at::NoGradGuard guard;
            return model.losses(makeBatch(std::vector<const Sample*>{&samples[0], &samples[1]}));
        }
        std::vector<PlacedStart> starts()
        {
            std::vector<PlacedStart> found;
            const auto& method = methodById(config.method);
            auto place = context();
            const auto prepared = method.prepare ? method.prepare(place) : Prepared{};
            for (const auto& [name, rank] : modules) {
                const auto mine = prepared.find(name);
                found.push_back({name, method.start(weights.read(name + ".weight"),
                    {name, rank, double(rank), config, effectiveBase(config), mine == prepared.end() ? nullptr : &mine->second})});
            }
            return found;
        }
    };

    static RunConfig configOf(const char* method, std::map<std::string, OptionValue> options = {})
    {
        RunConfig config{.method = method, .options = std::move(options)};
        return config;
    }
    static double relative(const at::Tensor& found, const at::Tensor& expected)
    {
        return frobenius(f64(found) - f64(expected)) / frobenius(expected);
    }

private Q_SLOTS:
    // Five batches of two rows from six: the last two begin again.
    void meanGradientsAreThoseOfTraining()
    {
        Tiny tiny(configOf("lora-ga"));
        const auto before = tiny.losses();
        const at::NoGradGuard asInARun;
        std::map<std::string, at::Tensor> found;
        auto context = tiny.context();
        meanGradients(context, 5, 2, [&](const std::string& name, const at::Tensor& G) { found[name] = G; });
        QCOMPARE(found.size(), tiny.modules.size());
        for (const char* name : {"model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"}) {
            at::Tensor expected;
            for (const size_t first : {0, 2, 4, 0, 2}) {
                const auto part = tiny.throughAnAdapter(name, {first, first + 1}) / 5;
                expected = expected.defined() ? expected + part : part;
            }
            QVERIFY2(relative(found.at(name), expected) < 1e-4, qPrintable(QString::number(relative(found.at(name), expected))));
        }
        for (const auto& slot : tiny.model.slots())
            QVERIFY(!slot.delta);
        QVERIFY(at::equal(before, tiny.losses()));
        QVERIFY(!tiny.reports.empty());
    }

    void squaredGradientsAreSummedOverRows()
    {
        Tiny tiny(configOf("lq-lora"));
        std::map<std::string, at::Tensor> found;
        auto context = tiny.context();
        squaredGradients(context, 4, [&](const std::string& name, const at::Tensor& F) { found[name] = F; });
        const char* name = "model.layers.0.mlp.up_proj";
        auto expected = at::zeros_like(found.at(name));
        for (const size_t row : {0, 1, 2, 3})
            expected += tiny.throughAnAdapter(name, {row}).square();
        QVERIFY(relative(found.at(name), expected) < 1e-4);
        squaredGradients(context, 1000, [&](const std::string& module, const at::Tensor& F) { found[module] = F; });
        for (const size_t row : {4, 5})
            expected += tiny.throughAnAdapter(name, {row}).square();
        QVERIFY(relative(found.at(name), expected) < 1e-4);
    }

    void aStopLeavesTheModelAsItWas()
    {
        Tiny tiny(configOf("lora-ga"));
        auto context = tiny.context();
        int reports = 0;
        context.progress = [&](const std::string&, int64_t, int64_t) {
            if (++reports == 3)
                throw Error({.code = Code::stopped, .place = "test", .found = "a stop"});
        };
        QVERIFY_EXCEPTION_THROWN(meanGradients(context, 5, 2, [](const std::string&, const at::Tensor&) {}), Error);
        for (const auto& slot : tiny.model.slots())
            QVERIFY(!slot.delta);
        // No rows, and rows without a target.
        context.progress = [](const std::string&, int64_t, int64_t) {};
        context.samples = {};
        QVERIFY_EXCEPTION_THROWN(meanGradients(context, 5, 2, [](const std::string&, const at::Tensor&) {}), Error);
        for (auto& sample : tiny.samples)
            sample.trained.assign(sample.ids.size(), false);
        context.samples = tiny.samples;
        QVERIFY_EXCEPTION_THROWN(squaredGradients(context, 5, [](const std::string&, const at::Tensor&) {}), Error);
    }

    // LoRA-GA through prepare(): the identity holds with the gradient of these very batches.
    void loraGaUsesTheGradientsOfTheRun()
    {
        Tiny tiny(configOf("lora-ga", {{"gaScale", std::string("unit")}, {"gradientBatches", 3.0}, {"gradientRows", 2.0}}));
        const auto starts = tiny.starts();
        const std::string name = "model.layers.1.self_attn.v_proj";
        const auto G = f64(tiny.throughAnAdapter(name, {0, 1}) + tiny.throughAnAdapter(name, {2, 3}) + tiny.throughAnAdapter(name, {4, 5})) / 3;
        const auto found = std::find_if(starts.begin(), starts.end(), [&](const PlacedStart& placed) { return placed.name == name; });
        const auto A = f64(found->start.A), B = f64(found->start.B);
        const auto reached = at::matmul(at::matmul(B, B.t()), G) + at::matmul(at::matmul(G, A.t()), A);
        const auto t = exactTriplets(G, 8);
        QVERIFY2(frobenius(reached - at::matmul(t.U * t.S, t.V.t())) < 1e-3 * frobenius(G),
            qPrintable(QString::number(frobenius(reached - at::matmul(t.U * t.S, t.V.t())) / frobenius(G))));
    }

    // CoRA: layers of a kind share B, kinds do not; it holds the most of their weights' energy, each layer counting alike.
    void coraSharesItsBasisAmongLayers()
    {
        Tiny tiny(configOf("cora"));
        std::map<std::string, at::Tensor> bases;
        for (const auto& [name, start] : tiny.starts()) {
            const auto kind = name.substr(name.rfind('.') + 1);
            const auto [place, isNew] = bases.emplace(kind, start.B);
            QVERIFY(isNew || at::equal(place->second, start.B));
            QVERIFY(largest(at::matmul(f64(start.B).t(), f64(start.B)) - at::eye(4, at::kDouble)) < 1e-5);
        }
        QVERIFY(!at::equal(bases.at("q_proj"), bases.at("o_proj")));
        std::vector<at::Tensor> layers;
        for (int layer = 0; layer < 2; ++layer) {
            const auto W = f64(tiny.weights.read("model.layers." + std::to_string(layer) + ".mlp.gate_proj.weight"));
            layers.push_back(W / W.norm());
        }
        const auto all = at::cat(layers, 1);
        const double most = at::linalg_svdvals(all).narrow(0, 0, 4).square().sum().item<double>();
        const auto B = f64(bases.at("gate_proj"));
        QVERIFY(std::abs(at::matmul(B.t(), all).square().sum().item<double>() - most) < 1e-6 * most);
    }

    void lqLoraWeighsByTheRowsOfTheRun()
    {
        Tiny plain(configOf("lq-lora")), weighted(configOf("lq-lora", {{"weighted", std::string("yes")}, {"gradientBatches", 3.0}}));
        const auto a = plain.starts(), b = weighted.starts();
        QVERIFY(!at::equal(a[0].start.A, b[0].start.A));
        auto context = weighted.context();
        double errorPlain = 0, errorWeighted = 0;
        squaredGradients(context, 6, [&](const std::string& name, const at::Tensor& F) {
            for (size_t i = 0; i < a.size(); ++i) {
                if (a[i].name != name)
                    continue;
                const auto W = plain.weights.read(name + ".weight");
                const auto lost = [&](const Start& start) {
                    return std::pow(frobenius((effectiveWeight(slotWith(W, start, "nf4-dq", at::kFloat)) - W) * F.sqrt()), 2);
                };
                errorPlain += lost(a[i].start);
                errorWeighted += lost(b[i].start);
            }
        });
        qInfo("weighted error: %.4g weighted, %.4g not", errorWeighted, errorPlain);
        QVERIFY(errorWeighted < errorPlain);
    }

    // Mixed formats: within the budget, each spelled so that a quantiser can be made of it, and used by the start's edit.
    void lqLoraStaysWithinItsBits()
    {
        Tiny tiny(configOf("lq-lora", {{"bits", 3.0}, {"rounds", 3.0}}));
        const auto starts = tiny.starts();
        double bits = 0, numbers = 0;
        std::set<std::string> formats;
        for (const auto& [name, start] : starts) {
            QVERIFY(!start.format.empty());
            formats.insert(start.format);
            const auto W = tiny.weights.read(name + ".weight");
            bits += 8.0 * double(quantise(W, start.format)->bytes());
            numbers += double(W.numel());
        }
        qInfo("%.3f bits a parameter in %zu formats", bits / numbers, formats.size());
        QVERIFY(bits / numbers <= 3.2);
        QVERIFY(formats.size() > 1);
    }

    // As the trainer does: update, afterStep. The weight moves in the updates t > K, t from 0: the snapshot is what K + 1 updates left.
    void deltaLoraTakesItsSnapshotOnce()
    {
        for (const int64_t startStep : {0, 2}) {
            Tiny tiny(configOf("delta-lora", {{"startStep", double(startStep)}}));
            const auto starts = tiny.starts();
            AdapterSet adapters(tiny.model, tiny.weights, starts, 0);
            const at::NoGradGuard guard;
            const auto& delta = *tiny.model.slots()[0].delta;
            const auto& method = methodById("delta-lora");
            at::Tensor expected;
            QVERIFY(!delta.driftA.defined());
            for (int64_t step = 1; step < 6; ++step) {
                adapters.parameters().add_(0.01);
                if (step == startStep + 1)
                    expected = delta.A.detach().clone();
                method.afterStep(adapters, tiny.config, step);
                QCOMPARE(delta.driftA.defined(), step > startStep);
                if (step > startStep)
                    QVERIFY(at::equal(delta.driftA, expected));
            }
        }
    }

    // The pull is there at once and has the right size: gamma / rate times the mean over all A and B; gamma 0 adds nothing.
    void sorsaAddsItsPull()
    {
        Tiny tiny(configOf("sorsa", {{"gamma", 0.25}}));
        tiny.config.learningRate = 0.5;
        const auto starts = tiny.starts();
        AdapterSet adapters(tiny.model, tiny.weights, starts, 0);
        adapters.parameters().mul_(1.5);
        const auto& method = methodById("sorsa");
        method.regularise(adapters, tiny.config, 0.123);
        const auto mean = [&] {
            double sum = 0;
            for (const auto& slot : tiny.model.slots())
                sum += orthonormalError(slot.delta->A) + orthonormalError(slot.delta->B.detach().t());
            return sum / double(2 * tiny.model.slots().size());
        };
        const double before = mean(), size = frobenius(adapters.gradients());
        const auto gradients = adapters.gradients().clone();
        adapters.parameters().sub_(gradients, 1e-2);
        // d L = -gamma / rate * |gradient of L|^2 * 1e-2, with gradient = gamma / rate * gradient of L.
        const double slope = (mean() - before) / 1e-2;
        QVERIFY2(std::abs(slope / (-size * size / 0.5) - 1) < 0.05, qPrintable(QString::number(slope / (-size * size / 0.5))));
        adapters.gradients().zero_();
        tiny.config.options["gamma"] = 0.0;
        method.regularise(adapters, tiny.config, 0.123);
        QCOMPARE(frobenius(adapters.gradients()), 0.0);
    }
};

QTEST_GUILESS_MAIN(TestGradients)
#include "tst_gradients.moc"
