// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The method that CONTRIBUTING.md shows as an example is compiled from that page and does what it says.
#include "training/adapters/adapter_set.h"
#include "training/train/session.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>

#include <QTest>

namespace rankwright {
extern const MethodCard loraFaCard;
extern const MethodSpec loraFa;
}  // namespace rankwright

using namespace rankwright;

class TestNewMethod : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theExampleIsNotOneOfOurs()
    {
        QVERIFY(findMethodCard(loraFaCard.id) == nullptr);
        QVERIFY(loraFaCard.id == loraFa.id);
    }

    void theExampleTrainsBAlone()
    {
        auto config = goldenConfig(golden("tiny"));
        Listener listener;
        JobContext context(listener, {});
        Weights weights(openModelSource(config.model));
        Model model(weights, at::kFloat);
        const auto samples = ModelText(config.model).prepare(config.data, Split::train, config, config.rows, context).samples;
        std::vector<PlacedStart> starts;
        for (const auto& slot : model.slots()) {
            const auto weight = weights.read(slot.name + ".weight");
            starts.push_back({slot.name, loraFa.start(weight, {slot.name, config.rank, config.alpha, config})});
        }
        AdapterSet adapters(model, weights, starts, 0);
        int64_t values = 0;
        for (const auto& slot : model.slots())
            values += config.rank * slot.out();
        QCOMPARE(adapters.count(), values);
        const auto optimiser = optimiserById("adamw").make(adapters.trained(), adapters.parameters(), adapters.gradients(), config);
        std::vector<double> losses;
        for (int step = 1; step <= 10; ++step) {
            adapters.gradients().zero_();
            const auto loss = model.losses(makeBatch(std::vector<const Sample*>{&samples[0]}), {.training = true}).mean();
            loss.backward();
            losses.push_back(loss.item<double>());
            optimiser->step(step, config.learningRate, 1);
        }
        QVERIFY2(losses.back() < 0.9 * losses.front(), qPrintable(QString::number(losses.back())));
        for (size_t i = 0; i < starts.size(); ++i)
            QVERIFY(at::equal(model.slots()[i].delta->A, starts[i].start.A));
    }
};

QTEST_GUILESS_MAIN(TestNewMethod)
#include "tst_new_method.moc"
