// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A micro-batch whose rows are shared out among threads gives the losses and gradients of the whole, and the same bits each time; the
// fast form those of the plain one, dropout's draws included.
#include "training/train/even_shares.h"
#include "training/train/loss_pass.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <QTest>

using namespace rankwright;

namespace {

struct Threads
{
    explicit Threads(int count) : before(at::get_num_threads()) { at::set_num_threads(count); }
    ~Threads() { at::set_num_threads(before); }
    int before;
};

// Rows of 3 to 31 ids; one of them has no target.
std::vector<Sample> samplesFor(int64_t vocabulary, Task task)
{
    std::vector<Sample> samples;
    for (int row = 0; row < 7; ++row) {
        Sample sample;
        for (int i = 0; i < 3 + (row * 11) % 29; ++i) {
            sample.ids.push_back(int32_t((7 * i * (row + 3) + 11 * row + 5) % vocabulary));
            sample.trained.push_back(task == Task::lm && row != 4 && i > 1);
        }
        sample.row = row;
        if (task != Task::lm)
            sample.label = row % 2;
        samples.push_back(sample);
    }
    return samples;
}

struct Found { double loss; at::Tensor gradients; };

}  // namespace

class TestLossPass : public QObject
{
    Q_OBJECT

    static Found passOf(const Model& model, AdapterSet& adapters, const Batch& batch, int threads)
    {
        const Threads set(threads);
        adapters.gradients().zero_();
        const auto loss = ownPass(model, adapters, 3, {batch, 5, 0});
        return {loss.item<double>(), adapters.gradients().clone()};
    }

private Q_SLOTS:
    void sharesAreEven()
    {
        const std::vector<int64_t> sizes{5, 100, 7, 60, 41, 0, 30};
        QCOMPARE(evenShares(sizes, 2), (std::vector<std::vector<int64_t>>{{1, 6}, {0, 2, 3, 4, 5}}));   // 130 and 113
        const std::vector<std::vector<int64_t>> one{{0, 1, 2, 3, 4, 5, 6}};
        for (const int64_t count : {1, 3, 7, 12})   // 100 of 243 is more than a third
            QCOMPARE(evenShares(sizes, count), one);
        QCOMPARE(evenShares(std::vector<int64_t>{4, 4, 4}, 2), (std::vector<std::vector<int64_t>>{{0, 1, 2}}));
        QCOMPARE(evenShares(std::vector<int64_t>{4, 4, 4, 4}, 2), (std::vector<std::vector<int64_t>>{{0, 2}, {1, 3}}));
    }

    void rowsOfABatchAreThoseRowsAlone()
    {
        const auto samples = samplesFor(250, Task::lm);
        std::vector<const Sample*> all, some;
        for (const auto& sample : samples)
            all.push_back(&sample);
        const std::vector<int64_t> rows{1, 4, 6};
        for (const auto row : rows)
            some.push_back(all[size_t(row)]);
        const auto found = rowsOf(makeBatch(all, {10, 11, 12, 13, 14, 15, 16}), rows), expected = makeBatch(some, {11, 14, 16});
        QVERIFY(at::equal(found.ids, expected.ids) && at::equal(found.positions, expected.positions));
        QVERIFY(at::equal(found.targetIndex, expected.targetIndex) && at::equal(found.targets, expected.targets));
        QVERIFY(found.bounds == expected.bounds && found.targetBounds == expected.targetBounds && found.sampleIndex == expected.sampleIndex);
        QVERIFY(!found.types.defined() && !found.values.defined());
    }

    void rowsOfABatchWithLabelsAndTypes()
    {
        auto samples = samplesFor(250, Task::regress);
        for (auto& sample : samples)
            sample.types.assign(sample.ids.size(), int32_t(sample.row % 2));
        std::vector<const Sample*> all, some;
        for (const auto& sample : samples)
            all.push_back(&sample);
        const std::vector<int64_t> rows{0, 3, 5};
        for (const auto row : rows)
            some.push_back(all[size_t(row)]);
        const auto found = rowsOf(makeBatch(all), rows), expected = makeBatch(some);
        QVERIFY(at::equal(found.types, expected.types) && at::equal(found.values, expected.values));
        QVERIFY(at::equal(found.targetIndex, expected.targetIndex) && found.targetBounds == expected.targetBounds);
    }

    void sharesGiveTheGradientOfTheWhole_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("method");
        QTest::addColumn<double>("dropout");
        QTest::addColumn<bool>("labels");
        QTest::newRow("lora") << "tiny" << "lora" << 0.0 << false;
        QTest::newRow("lora, dropout") << "tiny" << "lora" << 0.3 << false;
        QTest::newRow("pissa") << "tiny" << "pissa" << 0.0 << false;
        QTest::newRow("dora") << "tiny" << "dora" << 0.0 << false;
        QTest::newRow("qpissa") << "tiny" << "qpissa" << 0.0 << false;
        QTest::newRow("bert, labels") << "families/bert" << "lora" << 0.0 << true;
    }
    void sharesGiveTheGradientOfTheWhole()
    {
        QFETCH(QString, model);
        QFETCH(QString, method);
        QFETCH(double, dropout);
        QFETCH(bool, labels);
        const auto folder = golden(model.toStdString());
        if (!std::filesystem::exists(folder))
            QSKIP("no such golden model");
        RunConfig config{.method = method.toStdString(), .rank = 4, .dropout = dropout};
        Weights weights(openModelSource(folder.string()));
        Model network(weights, at::kFloat);
        if (labels)
            network.addLabelHead(Task::classify, 2, 1, weights);
        const auto samples = samplesFor(network.config().vocabSize, network.task());
        const auto starts = startAdapters(network, weights, config, samples, {}, {});
        AdapterSet adapters(network, weights, starts, dropout, effectiveBase(config));
        {
            const at::NoGradGuard guard;   // no factor is zero
            at::manual_seed(2);
            adapters.parameters().add_(at::randn_like(adapters.parameters()) * 0.05);
        }
        std::vector<const Sample*> rows;
        for (const auto& sample : samples)
            rows.push_back(&sample);
        const auto batch = makeBatch(rows, {20, 21, 22, 23, 24, 25, 26}, network.config().labelHead.atEnd);
        const auto whole = passOf(network, adapters, batch, 1);
        QVERIFY(whole.gradients.abs().max().item<double>() > 0);
        ops::setForm(ops::Form::plain);   // LibTorch's operators, masks as tensors
        const auto plain = passOf(network, adapters, batch, 1);
        ops::setForm(ops::Form::fast);
        QVERIFY(std::abs(plain.loss - whole.loss) < 1e-5 * std::abs(whole.loss));
        QVERIFY(((plain.gradients - whole.gradients).norm() / whole.gradients.norm()).item<double>() < 1e-5);
        for (const int threads : {2, 3}) {
            const auto shared = passOf(network, adapters, batch, threads), again = passOf(network, adapters, batch, threads);
            QVERIFY(std::abs(shared.loss - whole.loss) < 1e-5 * std::abs(whole.loss));
            const auto difference = (shared.gradients - whole.gradients).norm() / whole.gradients.norm();
            QVERIFY2(difference.item<double>() < 2e-6, qPrintable(QString::number(difference.item<double>())));
            QVERIFY(at::equal(shared.gradients, again.gradients));
            QCOMPARE(shared.loss, again.loss);
        }
    }
};

QTEST_GUILESS_MAIN(TestLossPass)
#include "tst_loss_pass.moc"
