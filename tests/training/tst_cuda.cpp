// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// On a GPU, against the processor: kernels, attention, whole runs. Skips where there is none (label "cuda").
#include "tests/support/engine_fixture.h"
#include "training/device/device.h"
#include "training/ops/attention_device.h"
#include "training/optimisers/adamw.h"
#include "training/quant/format.h"

#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <cstring>

using namespace rankwright;

namespace {

at::Device gpu()
{
    return {at::kCUDA, 0};
}

bool sameBytes(const at::Tensor& a, const at::Tensor& b)
{
    const auto left = a.cpu().contiguous(), right = b.cpu().contiguous();
    return left.scalar_type() == right.scalar_type() && left.numel() == right.numel()
        && std::memcmp(left.const_data_ptr(), right.const_data_ptr(), left.nbytes()) == 0;
}

std::shared_ptr<const Quantised> onGpu(const at::Tensor& weight, const std::string& format)
{
    const auto quantiser = makeQuantiser(format, weight.size(0), weight.size(1), gpu());
    for (int64_t row = 0; row < weight.size(0); row += 100)
        quantiser->add(weight.narrow(0, row, std::min<int64_t>(100, weight.size(0) - row)));
    return quantiser->finish();
}

double largestDifference(const at::Tensor& a, const at::Tensor& b)
{
    return (a.cpu().to(at::kDouble) - b.cpu().to(at::kDouble)).abs().max().item<double>();
}

}  // namespace

class TestCuda : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        const auto list = devices();
        if (list.devices.size() < 2)
            QSKIP(qPrintable(QString::fromStdString("No CUDA device: " + list.note)));
    }

    void nf4IsTheProcessors_data()
    {
        QTest::addColumn<int>("out");
        QTest::addColumn<int>("in");
        QTest::newRow("SmolLM2's up_proj") << 1536 << 576;
        QTest::newRow("7B's") << 4096 << 4096;
        QTest::newRow("rows that straddle blocks") << 333 << 100;
        QTest::newRow("odd") << 77 << 91;
    }
    void nf4IsTheProcessors()
    {
        QFETCH(int, out);
        QFETCH(int, in);
        at::manual_seed(1);
        const auto weight = at::randn({out, in}) * at::pow(10, at::randn({out, 1}));
        for (const std::string format : {"nf4", "nf4-dq"}) {
            const auto here = quantise(weight, format), there = onGpu(weight, format), copied = placedOn(here, gpu());
            const auto ours = here->tensors(), theirs = there->tensors();
            QCOMPARE(theirs.size(), ours.size());
            for (size_t i = 0; i < ours.size(); ++i)
                QVERIFY2(sameBytes(ours[i].second, theirs[i].second), ours[i].first.c_str());
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                QVERIFY(sameBytes(here->rows(0, out, type), there->rows(0, out, type)));
                QVERIFY(sameBytes(here->rows(3, out - 1, type), copied->rows(3, out - 1, type)));
            }
        }
    }

    void singleRowsAreMultiplied()
    {
        at::manual_seed(2);
        const auto weight = at::randn({1000, 1344});
        for (const std::string format : {"nf4", "nf4-dq"}) {
            const auto there = onGpu(weight, format);
            const auto W = there->dense().cpu().to(at::kDouble);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                const auto x = at::randn({1, 1344}).to(type);
                const auto y = there->timesRow(x.to(gpu()));
                QVERIFY(y.defined());
                const auto exact = at::matmul(x.to(at::kDouble), W.t());
                const double room = type == at::kFloat ? 1e-4 : exact.abs().max().item<double>() * 0x1p-7;
                QVERIFY(largestDifference(y, exact) < room);
            }
        }
    }

    void attentionIsThePlainOne_data()
    {
        QTest::addColumn<bool>("half");
        QTest::addColumn<int>("window");
        QTest::addColumn<bool>("causal");
        QTest::newRow("bfloat16") << true << 0 << true;
        QTest::newRow("bfloat16, window") << true << 48 << true;
        QTest::newRow("bfloat16, both directions") << true << 0 << false;
        QTest::newRow("float32") << false << 0 << true;
        QTest::newRow("float32, both directions") << false << 0 << false;
    }
    void attentionIsThePlainOne()
    {
        QFETCH(bool, half);
        QFETCH(int, window);
        QFETCH(bool, causal);
        at::manual_seed(3);
        const std::vector<int64_t> bounds{0, 100, 101, 333};
        const ops::AttentionRule rule{.window = window, .causal = causal};
        const auto type = half ? at::kBFloat16 : at::kFloat;
        std::vector<at::Tensor> there, here;
        for (const int64_t heads : {9, 3, 3}) {
            const auto x = at::randn({333, heads, 64}).to(type);
            there.push_back(x.to(gpu()).set_requires_grad(true));
            here.push_back(x.to(at::kFloat).clone().set_requires_grad(true));
        }
        const auto mixed = ops::attentionOnDevice(there[0], there[1], there[2], bounds, rule);
        QVERIFY(mixed.defined());
        ops::setForm(ops::Form::plain);
        const auto expected = ops::attention(here[0], here[1], here[2], bounds, rule);
        ops::setForm(ops::Form::fast);
        const double room = half ? 3e-2 : 1e-4;
        QVERIFY(largestDifference(mixed, expected) < room);
        const auto direction = at::randn_like(expected);
        (mixed * direction.to(gpu(), type)).sum().backward();
        (expected * direction).sum().backward();
        for (size_t i = 0; i < here.size(); ++i)
            QVERIFY(largestDifference(there[i].grad(), here[i].grad()) < 10 * room);
    }

    void runsTrainAsOnTheProcessor_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("dtype");
        QTest::newRow("pissa float32") << "pissa" << "float32";
        QTest::newRow("pissa bfloat16") << "pissa" << "bfloat16";
        QTest::newRow("qpissa") << "qpissa" << "float32";
        QTest::newRow("lora-rite") << "lora-rite" << "float32";
        QTest::newRow("dora") << "dora" << "float32";
    }
    void runsTrainAsOnTheProcessor()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        auto config = goldenConfig(golden("tiny"));
        config.method = method.toStdString();
        config.dtype = dtype.toStdString();
        std::vector<std::vector<double>> losses;
        for (const std::string device : {"cpu", "cuda"}) {
            const QTemporaryDir folder;
            config.device = device;
            Listener listener;
            const auto result = run(*makeTorchEngine(), runIn(folder.path().toStdString(), config), listener, {});
            QCOMPARE(result.peakDeviceBytes > 0, device == "cuda");
            losses.push_back(listener.losses());
        }
        for (size_t i = 0; i < losses[0].size(); ++i)
            QVERIFY(std::abs(losses[0][i] - losses[1][i]) < (dtype == "float32" ? 2e-3 : 8e-2));
    }
};

QTEST_GUILESS_MAIN(TestCuda)
#include "tst_cuda.moc"
