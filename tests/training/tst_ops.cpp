// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Every fast operation against its plain form: values and gradients, in float32 and bfloat16.
#include "training/ops/ops.h"
#include "training/ops/product.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <QProcess>
#include <QTest>

#include <array>
#include <deque>
#include <functional>

using namespace rankwright;
using Tensors = std::vector<at::Tensor>;

class TestOps : public QObject
{
    Q_OBJECT

    static at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kFloat)
    {
        return at::randn(shape).to(type);
    }

    // Runs `operation` in both forms and compares outputs and the gradients of a random projection of them.
    static void compare(const Tensors& inputs, const std::function<Tensors(const Tensors&)>& operation, double tolerance)
    {
        Tensors results[2], gradients[2];
        for (const auto form : {ops::Form::plain, ops::Form::fast}) {
            ops::setForm(form);
            Tensors leaves;
            for (const auto& input : inputs)
                leaves.push_back(input.detach().clone().set_requires_grad(true));
            const auto outputs = operation(leaves);
            at::Tensor sum = at::zeros({});
            for (const auto& output : outputs) {
                at::manual_seed(5);
                sum = sum + (output.to(at::kFloat) * at::randn(output.sizes())).sum();
            }
            const int i = form == ops::Form::fast;
            gradients[i] = torch::autograd::grad({sum}, leaves);
            results[i] = outputs;
        }
        ops::setForm(ops::Form::fast);
        const auto check = [&](const at::Tensor& a, const at::Tensor& b, const char* what) {
            const double size = a.to(at::kFloat).abs().max().item<double>();
            const double difference = (a.to(at::kFloat) - b.to(at::kFloat)).abs().max().item<double>();
            QVERIFY2(difference <= tolerance * std::max(size, 1e-3),
                qPrintable(QString("%1: %2 of %3").arg(what).arg(difference).arg(size)));
        };
        for (size_t i = 0; i < results[0].size(); ++i)
            check(results[0][i], results[1][i], "output");
        for (size_t i = 0; i < gradients[0].size(); ++i)
            check(gradients[0][i], gradients[1][i], "gradient");
    }

private Q_SLOTS:
    void init() { at::manual_seed(1); }

    void fastEqualsPlain_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<double>("tolerance");
        QTest::newRow("float32") << int(at::kFloat) << 2e-5;
        QTest::newRow("bfloat16") << int(at::kBFloat16) << 3e-2;
    }
    void fastEqualsPlain()
    {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        const auto t = at::ScalarType(type);
        const auto weight = random({48}, t);
        compare({random({7, 48}, t)}, [&](const Tensors& x) { return Tensors{ops::rmsNorm(x[0], weight, 1e-5)}; }, tolerance);
        compare({random({7, 48}, t)}, [&](const Tensors& x) { return Tensors{ops::rmsNorm(x[0], weight, 1e-5, true)}; }, tolerance);
        compare({random({7, 48}, t), random({7, 48}, t)},
            [&](const Tensors& x) { return Tensors{ops::swiGlu(x[0], x[1])}; }, tolerance);
        const auto angles = at::rand({9, 4});
        compare({random({9, 3, 8}, t)},
            [&](const Tensors& x) { return Tensors{ops::rotate(x[0], angles.cos(), angles.sin())}; }, tolerance);
        const auto head = random({90, 16}, t);
        const auto targets = at::randint(90, {300}, at::kLong);
        compare({random({300, 16}, t)}, [&](const Tensors& x) { return Tensors{ops::lmLoss(x[0], head, targets)}; }, tolerance);
        compare({random({300, 16}, t)}, [&](const Tensors& x) { return Tensors{ops::lmLoss(x[0], head, targets, 2.0)}; }, tolerance);
        // A head that is trained itself.
        compare({random({300, 16}, t), random({90, 16})},
            [&](const Tensors& x) { return Tensors{ops::lmLoss(x[0], x[1], targets)}; }, tolerance);
    }

    // Sums in float32, rounded to bfloat16 at the end, whatever the processor and the orientation; more than a piece of a weight, too.
    void productsOfBfloat16_data()
    {
        QTest::addColumn<int>("out");
        QTest::addColumn<int>("in");
        QTest::newRow("an adapter's") << 16 << 96;
        QTest::newRow("a matrix") << 192 << 96;
        QTest::newRow("several pieces") << 1500 << 900;
        QTest::newRow("several pieces of x") << 16 << 60'000;
    }
    void productsOfBfloat16()
    {
        QFETCH(int, out);
        QFETCH(int, in);
        const auto W = random({out, in}, at::kBFloat16), x = random({20, in}, at::kBFloat16), dy = random({20, out}, at::kBFloat16);
        const auto exact = [](const at::Tensor& values) { return values.to(at::kDouble); };
        const auto holds = [in](const at::Tensor& found, const at::Tensor& expected) {
            return found.scalar_type() == at::kBFloat16 && found.sizes() == expected.sizes()
                && ((found.to(at::kDouble) - expected).abs() <= expected.abs() * 0x1p-8 + 1e-4 + 1e-6 * double(in)).all().item<bool>();
        };
        QVERIFY(holds(ops::timesTransposed(x, W), at::matmul(exact(x), exact(W).t())));
        QVERIFY(holds(ops::times(dy, W), at::matmul(exact(dy), exact(W))));
        QVERIFY(holds(ops::transposedTimes(dy, x), at::matmul(exact(dy).t(), exact(x))));
        const auto wider = random({40, in}, at::kBFloat16);
        QVERIFY(holds(ops::timesTransposed(x, wider.narrow(0, 7, 20)), at::matmul(exact(x), exact(wider.narrow(0, 7, 20)).t())));
        auto y = random({20, out}, at::kBFloat16);
        const auto sum = exact(y) + 0.5 * at::matmul(exact(x), exact(W).t());
        ops::addTimesTransposed(y, x, W, 0.5);
        QVERIFY(holds(y, sum));
        auto z = random({20, in}, at::kBFloat16);
        const auto otherSum = exact(z) - 2 * at::matmul(exact(dy), exact(W));
        ops::addTimes(z, dy, W, -2);
        QVERIFY(holds(z, otherSum));
        const auto Ws = random({3, out, in}, at::kBFloat16), xs = random({3, 20, in}, at::kBFloat16);
        const auto dys = random({3, 20, out}, at::kBFloat16);
        QVERIFY(holds(ops::timesTransposedEach(xs, Ws), at::bmm(exact(xs), exact(Ws).transpose(1, 2))));
        QVERIFY(holds(ops::timesEach(dys, Ws), at::bmm(exact(dys), exact(Ws))));
        QVERIFY(holds(ops::transposedTimesEach(dys, xs), at::bmm(exact(dys).transpose(1, 2), exact(xs))));
    }

    // Without AVX-512 bfloat16 takes another way (ADR 0020), here also where there is AVX-512.
    void productsWithoutAvx512()
    {
        QProcess again;
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert("ATEN_CPU_CAPABILITY", "avx2");
        again.setProcessEnvironment(environment);
        again.start(QCoreApplication::applicationFilePath(), {"productsOfBfloat16", "fastEqualsPlain", "attentionEqualsPlain",
            "disentangledAttentionEqualsPlain"});
        QVERIFY(again.waitForFinished(120000));
        QVERIFY2(again.exitCode() == 0, again.readAllStandardOutput().constData());
    }

    void attentionEqualsPlain_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("window");
        QTest::addColumn<double>("tolerance");
        QTest::addColumn<bool>("causal");
        for (const int window : {0, 3}) {
            QTest::addRow("float32 window %d", window) << int(at::kFloat) << window << 2e-5 << true;
            QTest::addRow("bfloat16 window %d", window) << int(at::kBFloat16) << window << 4e-2 << true;
        }
        QTest::newRow("float32 both ways") << int(at::kFloat) << 0 << 2e-5 << false;
    }
    void attentionEqualsPlain()
    {
        QFETCH(int, type);
        QFETCH(int, window);
        QFETCH(double, tolerance);
        QFETCH(bool, causal);
        const auto t = at::ScalarType(type);
        const ops::AttentionRule rule{.window = window, .scale = window > 0 ? 0.3 : 0, .causal = causal};
        compare({random({12, 6, 8}, t), random({12, 2, 8}, t), random({12, 2, 8}, t)},
            [&](const Tensors& x) { return Tensors{ops::attention(x[0], x[1], x[2], {0, 5, 12}, rule)}; }, tolerance);
    }

    // More queries than a block has, with windows that begin inside of one.
    void attentionInBlocksEqualsPlain_data() { attentionEqualsPlain_data(); }
    void attentionInBlocksEqualsPlain()
    {
        QFETCH(int, type);
        QFETCH(int, window);
        QFETCH(double, tolerance);
        QFETCH(bool, causal);
        const auto t = at::ScalarType(type);
        const ops::AttentionRule rule{.window = window * 50, .causal = causal};
        for (const int64_t kvHeads : {2, 4}) {   // heads that share keys, and heads with their own
            compare({random({430, 4, 8}, t), random({430, kvHeads, 8}, t), random({430, kvHeads, 8}, t)},
                [&](const Tensors& x) { return Tensors{ops::attention(x[0], x[1], x[2], {0, 130, 130, 430}, rule)}; }, tolerance);
        }
    }

    void longRowsEqualPlain()
    {
        compare({random({1100, 2, 4}), random({1100, 1, 4}), random({1100, 1, 4})},
            [&](const Tensors& x) { return Tensors{ops::attention(x[0], x[1], x[2], {0, 1100})}; }, 1e-4);
    }

    void layerNormEqualsPlain_data() { fastEqualsPlain_data(); }
    void layerNormEqualsPlain()
    {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        const auto t = at::ScalarType(type);
        compare({random({7, 48}, t) + 3, random({48}), random({48})},
            [&](const Tensors& x) { return Tensors{ops::layerNorm(x[0], x[1], x[2], 1e-7)}; }, tolerance);
    }

    void disentangledAttentionEqualsPlain_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<double>("tolerance");
        QTest::addColumn<bool>("keys");
        QTest::addColumn<bool>("queries");
        for (const auto& [keys, queries] : {std::pair{true, true}, {true, false}, {false, true}, {false, false}}) {
            QTest::addRow("float32 %d %d", keys, queries) << int(at::kFloat) << 2e-5 << keys << queries;
            QTest::addRow("bfloat16 %d %d", keys, queries) << int(at::kBFloat16) << 4e-2 << keys << queries;
        }
    }
    void disentangledAttentionEqualsPlain()
    {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        QFETCH(bool, keys);
        QFETCH(bool, queries);
        const auto t = at::ScalarType(type);
        const auto index = at::randint(9, {7, 7}, at::kLong);   // any distance for any pair
        Tensors inputs{random({12, 3, 8}, t), random({12, 3, 8}, t), random({12, 3, 8}, t)};
        for (int i = 0; i < int(keys) + int(queries); ++i)
            inputs.push_back(random({9, 3, 8}, t));
        compare(inputs,
            [&](const Tensors& x) {
                const ops::RelativeTerms relative{.keys = keys ? x[3] : at::Tensor(), .queries = queries ? x.back() : at::Tensor(),
                    .index = index};
                return Tensors{ops::disentangledAttention(x[0], x[1], x[2], relative, {0, 5, 12})};
            },
            tolerance);
    }

    void rowsOfABatchDoNotSeeEachOther()
    {
        const auto q = random({10, 2, 4}), k = random({10, 2, 4}), v = random({10, 2, 4});
        const auto together = ops::attention(q, k, v, {0, 4, 10});
        const auto alone = ops::attention(q.narrow(0, 4, 6), k.narrow(0, 4, 6), v.narrow(0, 4, 6), {0, 6});
        QVERIFY((together.narrow(0, 4, 6) - alone).abs().max().item<double>() < 1e-6);
    }

    void adaptedProjectionsEqualPlain_data() { fastEqualsPlain_data(); }
    // One of them without an adapter, as k_proj is where q_proj and v_proj have theirs.
    void adaptedProjectionsEqualPlain()
    {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        const auto t = at::ScalarType(type);
        const auto w1 = random({20, 16}, t), w2 = random({12, 16}, t), w3 = random({8, 16}, t), bias = random({8}, t);
        std::deque<LinearSlot> kept;   // the backward pass comes back to them
        compare({random({9, 16}, t), random({3, 16}), random({20, 3}), random({5, 16}), random({12, 5})},
            [&](const Tensors& x) {
                auto &first = kept.emplace_back(), &second = kept.emplace_back(), &without = kept.emplace_back();
                without.base = BaseWeight(w3);
                without.bias = bias;
                first.base = BaseWeight(w1);
                first.delta = Delta{.A = x[1], .B = x[2], .scaling = 0.5};
                second.base = BaseWeight(w2);
                second.delta = Delta{.A = x[3], .B = x[4], .scaling = 2};
                const std::array<const LinearSlot*, 3> slots{&first, &without, &second};
                return ops::linearGroup(x[0], slots, {});
            },
            tolerance);
    }

    // What is computed again in the backward pass, biases, and what a shared base still holds.
    void inputsAreComputedAgain_data() { fastEqualsPlain_data(); }
    void inputsAreComputedAgain()
    {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        const auto t = at::ScalarType(type);
        const auto W = random({20, 16}, t), weight = random({16}, t), bias = random({20}, t), A0 = random({3, 16}), B0 = random({20, 3});
        std::deque<LinearSlot> kept;
        const auto slotWith = [&](const Tensors& x) -> const LinearSlot* {
            auto& slot = kept.emplace_back();
            slot.base = BaseWeight(W);
            slot.bias = bias;
            slot.delta = Delta{.A = x[2], .B = x[3], .scaling = 0.5, .edit = BaseEdit{A0, B0, 0.7}};
            return &slot;
        };
        const Tensors inputs{random({9, 16}, t), random({9, 16}, t), random({3, 16}), random({20, 3})};
        compare(inputs, [&](const Tensors& x) {
            const std::array<const LinearSlot*, 1> slots{slotWith(x)};
            return Tensors{ops::linearGroup(ops::Input::normed(x[0], weight, 1e-5), slots, {})[0] + x[1].sum()};
        }, tolerance);
        compare(inputs, [&](const Tensors& x) {
            const std::array<const LinearSlot*, 1> slots{slotWith(x)};
            return ops::linearGroup(ops::Input::gated(x[0], x[1], "silu"), slots, {});
        }, tolerance);
        compare(inputs, [&](const Tensors& x) {
            const std::array<const LinearSlot*, 1> slots{slotWith(x)};
            return ops::linearGroup(ops::Input::gated(x[0], x[1], "gelu_tanh"), slots, {});
        }, tolerance);
    }

    // Arms on one base: each one's rows as if it were alone, with the fast form and where an arm needs LibTorch's operators.
    void armsSeeTheirOwnDeltas_data()
    {
        QTest::addColumn<bool>("core");
        QTest::newRow("A and B") << false;
        QTest::newRow("a core") << true;
    }
    void armsSeeTheirOwnDeltas()
    {
        QFETCH(bool, core);
        const auto W = random({20, 16});
        const auto x = random({11, 16}), dy = random({11, 20});
        std::array<LinearSlot, 3> arms;   // the last has no adapter here
        LinearSlot joint;
        joint.base = BaseWeight(W);
        Tensors leaves;
        for (size_t i = 0; i < arms.size(); ++i) {
            arms[i].base = BaseWeight(W);
            joint.arms.push_back(&arms[i]);
            if (i == 2)
                continue;
            const auto rank = int64_t(3 + i);
            auto A = random({rank, 16}).set_requires_grad(true), B = random({20, rank}).set_requires_grad(true);
            arms[i].delta = Delta{.A = A, .B = B, .scaling = 0.5 + double(i)};
            if (i == 1)
                arms[i].delta->edit = BaseEdit{random({2, 16}), random({20, 2}), 0.7};
            if (core)
                arms[i].delta->core = random({rank});
            leaves.insert(leaves.end(), {A, B});
        }
        const std::vector<ops::ArmTokens> tokens{{.first = 0, .last = 4, .bounds = {0, 4}, .sampleIndex = {0}},
            {.first = 4, .last = 9, .bounds = {0, 5}, .sampleIndex = {1}},
            {.first = 9, .last = 11, .bounds = {0, 2}, .sampleIndex = {2}}};
        auto input = x.clone().set_requires_grad(true);
        leaves.push_back(input);
        const std::array<const LinearSlot*, 1> together{&joint};
        const auto y = ops::linearGroup(input, together, {.arms = &tokens})[0];
        const auto found = torch::autograd::grad({y}, leaves, {dy});
        auto same = x.clone().set_requires_grad(true);
        leaves.back() = same;
        Tensors parts;
        for (size_t i = 0; i < arms.size(); ++i) {
            const std::array<const LinearSlot*, 1> alone{&arms[i]};
            parts.push_back(ops::linearGroup(same.narrow(0, tokens[i].first, tokens[i].last - tokens[i].first), alone, {})[0]);
        }
        const auto expected = at::cat(parts);
        QVERIFY((y - expected).abs().max().item<double>() < 1e-4);
        const auto gradients = torch::autograd::grad({expected}, leaves, {dy});
        for (size_t i = 0; i < leaves.size(); ++i)
            QVERIFY((found[i] - gradients[i]).abs().max().item<double>() < 1e-4);
        // Against the weight that the slot says it computes with.
        const auto W1 = effectiveWeight(arms[1]);
        QVERIFY((at::matmul(x.narrow(0, 4, 5), W1.t()) - y.narrow(0, 4, 5)).abs().max().item<double>() < 1e-4);
    }

    // Delta-LoRA 2309.02411: forward with gain (1 + lambda) s, gradients with LoRA's gain s.
    void aDriftingBaseKeepsTheGradientGain()
    {
        LinearSlot slot;
        slot.base = BaseWeight(random({6, 8}));
        slot.delta = Delta{.A = random({3, 8}), .B = random({6, 3}), .driftA = random({3, 8}), .driftB = random({6, 3}),
            .driftGain = 2, .scaling = 0.5};
        auto& delta = *slot.delta;
        delta.A.set_requires_grad(true);
        delta.B.set_requires_grad(true);
        auto x = random({5, 8}).set_requires_grad(true);
        const auto dy = random({5, 6});
        const std::array<const LinearSlot*, 1> slots{&slot};
        const auto y = ops::linearGroup(x, slots, {})[0];
        const auto W = effectiveWeight(slot);
        QVERIFY((y - at::matmul(x, W.t())).abs().max().item<double>() < 1e-5);
        (y * dy).sum().backward();
        const auto G = at::matmul(dy.t(), x.detach());   // dL/dW
        QVERIFY((delta.A.grad() - 0.5 * at::matmul(delta.B.detach().t(), G)).abs().max().item<double>() < 1e-4);
        QVERIFY((delta.B.grad() - 0.5 * at::matmul(G, delta.A.detach().t())).abs().max().item<double>() < 1e-4);
        QVERIFY((x.grad() - at::matmul(dy, W)).abs().max().item<double>() < 1e-4);
    }

    // DoRA 2402.09353 with a bias and with dropout, as PEFT: y = base(x) + (g - 1) W drop(x) + g s B A drop(x), the bias once.
    void doraWithBiasAndDropoutIsTheFormula()
    {
        LinearSlot slot, probe;
        slot.name = probe.name = "model.layers.0.self_attn.q_proj";
        probe.base = BaseWeight(at::zeros({8, 8}));   // y = drop(x)
        probe.delta = Delta{.A = at::eye(8), .B = at::eye(8), .dropout = 0.5};
        const auto W = random({6, 8}), A = random({3, 8}), B = random({6, 3}), bias = random({6}), m = random({6}).abs();
        slot.base = BaseWeight(W);
        slot.bias = bias;
        slot.delta = Delta{.A = A, .B = B, .magnitude = m, .scaling = 0.5, .dropout = 0.5};
        const auto x = random({5, 8});
        const std::vector<int64_t> bounds{0, 5}, samples{4};
        const std::array<const LinearSlot*, 1> slots{&slot}, probes{&probe};
        for (const bool training : {true, false}) {
            const ops::DropoutSource source{training, 3, 7, &bounds, &samples};
            const auto dropped = ops::linearGroup(x, probes, source)[0];
            QCOMPARE(at::equal(dropped, x), !training);
            const auto g = m / (W + 0.5 * at::matmul(B, A)).norm(2, {1});
            const auto expected = at::matmul(x, W.t()) + (g - 1) * at::matmul(dropped, W.t())
                + g * 0.5 * at::matmul(at::matmul(dropped, A.t()), B.t()) + bias;
            const auto found = ops::linearGroup(x, slots, source)[0];
            QVERIFY((found - expected).abs().max().item<double>() < 1e-5);
        }
    }

    // More than one piece of a quantised base, forward and backward.
    void aBaseInPiecesEqualsTheDenseOne_data() { fastEqualsPlain_data(); }
    void aBaseInPiecesEqualsTheDenseOne()
    {
        QFETCH(int, type);
        QFETCH(double, tolerance);
        const auto t = at::ScalarType(type);
        const auto W = random({1200, 2048}) * 0.05;   // 2.3 pieces of about a million values
        LinearSlot pieces, whole;
        pieces.base = BaseWeight(W.to(t));
        pieces.base.place({.whole = [&] { return W; }, .stream = [&](const auto& visit) { visit(W); }}, {}, "nf4");
        whole.base = BaseWeight(pieces.base.dense().to(t));
        const auto dy = random({7, 1200}, t);
        std::vector<at::Tensor> outputs, gradients;
        for (const auto* slot : {&pieces, &whole}) {
            at::manual_seed(5);
            auto x = (at::randn({7, 2048}) * 0.1).to(t).set_requires_grad(true);
            const std::array<const LinearSlot*, 1> slots{slot};
            const auto y = ops::linearGroup(x, slots, {})[0];
            (y * dy).sum().backward();
            outputs.push_back(y.detach().to(at::kFloat));
            gradients.push_back(x.grad().to(at::kFloat));
        }
        const auto apart = [](const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); };
        QVERIFY2(apart(outputs[0], outputs[1]) < tolerance, qPrintable(QString::number(apart(outputs[0], outputs[1]))));
        QVERIFY2(apart(gradients[0], gradients[1]) < tolerance, qPrintable(QString::number(apart(gradients[0], gradients[1]))));
    }

    void dropoutFollowsFromSeedStepAndSampleAlone()
    {
        LinearSlot slot;
        slot.name = "model.layers.0.self_attn.q_proj";
        slot.base = BaseWeight(at::zeros({4, 16}));
        slot.delta = Delta{.A = at::ones({2, 16}), .B = at::ones({4, 2}), .dropout = 0.5};
        const std::array<const LinearSlot*, 1> slots{&slot};
        const auto x = at::ones({6, 16});
        const std::vector<int64_t> bounds{0, 2, 6}, samples{10, 11}, lastBounds{0, 4}, lastSample{11};
        const ops::DropoutSource both{true, 3, 7, &bounds, &samples}, last{true, 3, 7, &lastBounds, &lastSample};
        const auto y = ops::linearGroup(x, slots, both)[0];
        const auto z = ops::linearGroup(x.narrow(0, 2, 4), slots, last)[0];
        QVERIFY(at::equal(y.narrow(0, 2, 4), z));
        QVERIFY(!at::equal(y, ops::linearGroup(x, slots, {true, 3, 8, &bounds, &samples})[0]));
        QVERIFY(at::equal(ops::linearGroup(x, slots, {})[0], at::full({6, 4}, 32.0f)));
    }
};

QTEST_GUILESS_MAIN(TestOps)
#include "tst_ops.moc"
