// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What every registered method promises on a whole model, in float32 and bfloat16: the start its card states, gradients only where its
// picture says, forward equal to the merged weights, resume bit for bit, exports that compute the same or are refused with a reason.
#include "training/adapters/adapter_set.h"
#include "training/api/error.h"
#include "training/train/session.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

class TestAdapters : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    int m_runs = 0;
    std::filesystem::path newFolder() { return m_folder.filePath(QString::number(++m_runs)).toStdString(); }

    // "method" or "method key=value ...".
    static RunConfig config(const QString& row, const QString& type)
    {
        const auto words = row.split(' ');
        const auto method = words[0].toStdString(), dtype = type.toStdString();
        auto c = goldenConfig(golden("tiny"));
        c.method = method;
        c.dtype = dtype;
        c.steps = 6;
        c.threads = 1;
        c.weightDecay = 0;
        if (method == "delta-lora")
            c.options["startStep"] = 2.0;   // so that the base drifts within these steps
        if (method == "lora-xs")
            c.learningRate = 4e-3;
        for (qsizetype i = 1; i < words.size(); ++i) {
            const auto key = words[i].section('=', 0, 0).toStdString(), value = words[i].section('=', 1).toStdString();
            setFieldText(c, *findConfigField(key), value);
        }
        validate(c);
        return c;
    }

    static void everyMethod()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("dtype");
        for (const auto& method : methods()) {
            const auto id = QString::fromUtf8(method.id.data(), qsizetype(method.id.size()));
            for (const char* dtype : {"float32", "bfloat16"})
                QTest::addRow("%s %s", qPrintable(id), dtype) << id << dtype;
        }
        // Other bases, optimisers, options, the smallest and the largest rank.
        for (const char* row : {"lora base=nf4", "pissa base=int8", "dora base=nf4-dq", "sorsa base=nf4", "olora base=nf3",
                 "lq-lora bits=3 rounds=3", "lq-lora weighted=yes rounds=3", "cora variant=train", "cora optimizer=rite variant=train",
                 "pissa optimizer=rite", "dora optimizer=rite", "pissa slice=minor", "lora-ga direction=A2rBr gaScale=unit",
                 "lora rank=1", "pissa rank=1", "sorsa rank=1", "lora rank=16", "pissa rank=16", "lora-xs rank=16",
                 "full modules=*q_proj", "lora modules=*down_proj base=nf4"})
            QTest::addRow("%s float32", row) << row << "float32";
    }

    // The tiny model with a method's start on it, as training makes it.
    struct Placed
    {
        Weights weights;
        Model model;
        std::vector<Sample> samples;
        std::vector<PlacedStart> starts;
        std::optional<AdapterSet> adapters = std::nullopt;
    };
    static std::unique_ptr<Placed> place(const RunConfig& c)
    {
        Listener listener;
        JobContext context(listener, {});
        auto placed = std::unique_ptr<Placed>(new Placed{Weights(openModelSource(c.model)),
            [&] {
                Weights weights(openModelSource(c.model));
                return Model(weights, scalarType(c.dtype));
            }(),
            ModelText(c.model).prepare(c.data, Split::train, c, c.rows, context).samples, {}});
        placed->starts = startAdapters(placed->model, placed->weights, c, placed->samples, {}, {});
        placed->adapters.emplace(placed->model, placed->weights, placed->starts, c.dropout, effectiveBase(c));
        return placed;
    }

    static at::Tensor logits(const Model& model)
    {
        const at::NoGradGuard guard;
        return model.logits(model.forward(makeBatch(std::vector<int32_t>{5, 80, 101, 7, 33, 250, 9})));
    }
    static double largest(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

    static void trainSteps(Placed& placed, const RunConfig& c, int steps)
    {
        const auto& method = methodById(c.method);
        const auto optimiser = optimiserById(effectiveOptimiser(c)).make(
            placed.adapters->trained(), placed.adapters->parameters(), placed.adapters->gradients(), c);
        for (int step = 1; step <= steps; ++step) {
            placed.adapters->gradients().zero_();
            placed.model.losses(makeBatch({&placed.samples[0]}), {.training = true}).mean().backward();
            const at::NoGradGuard guard;
            if (method.regularise)
                method.regularise(*placed.adapters, c, c.learningRate);
            optimiser->step(step, c.learningRate, 1);
            if (method.afterStep)
                method.afterStep(*placed.adapters, c, step);
        }
    }
    static Batch makeBatch(std::vector<const Sample*> rows) { return rankwright::makeBatch(rows); }
    static Batch makeBatch(const std::vector<int32_t>& ids) { return rankwright::makeBatch(ids); }

private Q_SLOTS:
    void startIsWhatTheCardSays_data() { everyMethod(); }
    void startIsWhatTheCardSays()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        const auto c = config(method, dtype);
        Weights weights(openModelSource(c.model));
        const auto before = logits(Model(weights, scalarType(c.dtype)));
        const auto placed = place(c);
        const double difference = largest(logits(placed->model), before);
        const double size = before.abs().max().item<double>();
        const auto& card = methodCard(c.method);
        const bool edited = placed->adapters->editsBase(), quantised = isQuantised(c);
        // LoRA-XS starts from noise of 1e-5 between the factors.
        const double rounding = c.dtype != "float32" ? 0.1 : c.method == "lora-xs" ? 1e-3 : 1e-5;
        if (!edited && !quantised && c.method != "lora-xs" && c.method != "dora" && c.method != "full")
            QVERIFY2(difference == 0, qPrintable(QString::number(difference)));
        else if (!quantised)
            QVERIFY2(difference <= rounding * size, qPrintable(QString::number(difference / size)));
        else
            QVERIFY2(difference > 0 && difference < size, qPrintable(QString::number(difference / size)));
        // A method for quantised bases is nearer to the model than its plain quantisation.
        if (quantised && card.needsQuantisedBase && card.id != "qlora" && c.dtype == "float32" && !c.options.contains("bits")) {
            auto plain = c;
            plain.method = "qlora";
            plain.base = effectiveBase(c);
            plain.options.clear();
            const auto other = place(plain);
            double sum = 0, plainSum = 0;
            for (const auto& slot : placed->model.slots()) {
                const auto W = weights.read(slot.name + ".weight");
                sum += (effectiveWeight(slot) - W).square().sum().item<double>();
                plainSum += (effectiveWeight(*other->model.slot(slot.name)) - W).square().sum().item<double>();
            }
            QVERIFY2(sum < plainSum, qPrintable(QString::number(sum / plainSum)));
        }
    }

    void gradientsOnlyWherePromised_data() { everyMethod(); }
    void gradientsOnlyWherePromised()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        const auto c = config(method, dtype);
        const auto placed = place(c);
        const auto picture = effectivePicture(c);
        int64_t values = 0;
        for (const auto& slot : placed->model.slots()) {
            if (!slot.delta)
                continue;
            const auto& delta = *slot.delta;
            const auto is = [](const at::Tensor& tensor, Part part) {
                return tensor.defined() ? (tensor.requires_grad() ? part == Part::trained : part == Part::frozen)
                                        : part == Part::absent;
            };
            if (picture.weight == Part::trained) {
                QVERIFY(delta.weight.requires_grad());
            } else {
                QVERIFY(is(delta.A, picture.A) && is(delta.B, picture.B));
                QVERIFY(is(delta.core, picture.core) && is(delta.magnitude, picture.magnitude));
            }
            values += trainedValues(c, {slot.name, slot.out(), slot.in()}, c.rank);
        }
        QCOMPARE(placed->adapters->count(),
            picture.weight == Part::trained && c.modules == "*" ? placed->model.parameters() : values);
        // One backward pass: gradients are finite and not all zero, frozen tensors keep their bytes.
        std::vector<at::Tensor> bases;
        for (const auto& slot : placed->model.slots())
            bases.push_back(slot.base.dense().clone());
        trainSteps(*placed, c, 1);
        QVERIFY(at::isfinite(placed->adapters->gradients()).all().item<bool>());
        QVERIFY(placed->adapters->gradients().abs().max().item<double>() > 0);
        for (size_t i = 0; i < bases.size(); ++i) {
            const auto& slot = placed->model.slots()[i];
            QVERIFY(at::equal(bases[i], slot.base.dense()));
            if (!slot.delta)
                continue;
            const auto& start = std::find_if(placed->starts.begin(), placed->starts.end(),
                [&](const PlacedStart& one) { return one.name == slot.name; })->start;
            if (picture.A == Part::frozen)
                QVERIFY(at::equal(slot.delta->A, start.A));
            if (picture.B == Part::frozen)
                QVERIFY(at::equal(slot.delta->B, start.B));
        }
    }

    void forwardEqualsTheMergedWeights_data() { everyMethod(); }
    void forwardEqualsTheMergedWeights()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        const auto c = config(method, dtype);
        const auto placed = place(c);
        const auto before = logits(placed->model);
        trainSteps(*placed, c, 4);
        const auto after = logits(placed->model);
        QVERIFY(largest(before, after) > 0);
        const at::NoGradGuard guard;
        std::vector<at::Tensor> merged;
        for (const auto& slot : placed->model.slots())
            merged.push_back(effectiveWeight(slot));
        for (size_t i = 0; i < merged.size(); ++i) {
            auto& slot = placed->model.slots()[i];
            slot.delta.reset();
            slot.base = BaseWeight(merged[i].to(scalarType(c.dtype)));
        }
        const double difference = largest(logits(placed->model), after) / after.abs().max().item<double>();
        QVERIFY2(difference < (c.dtype == "float32" ? 1e-5 : 0.1), qPrintable(QString::number(difference)));
    }

    void plainAndFastFormsAgree_data() { everyMethod(); }
    void plainAndFastFormsAgree()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        const auto c = config(method, dtype);
        const auto placed = place(c);
        trainSteps(*placed, c, 3);   // away from zeros
        std::vector<at::Tensor> gradients;
        for (const auto form : {ops::Form::fast, ops::Form::plain}) {
            ops::setForm(form);
            placed->adapters->gradients().zero_();
            placed->model.losses(makeBatch({&placed->samples[1]}), {.training = true}).mean().backward();
            gradients.push_back(placed->adapters->gradients().clone());
        }
        ops::setForm(ops::Form::fast);
        const double difference
            = ((gradients[0] - gradients[1]).norm() / gradients[1].norm()).item<double>();
        QVERIFY2(difference < (c.dtype == "float32" ? 1e-4 : 0.05), qPrintable(QString::number(difference)));
    }

    void resumeIsBitForBit_data() { everyMethod(); }
    void resumeIsBitForBit()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        const auto c = config(method, dtype);
        Listener whole, first, second;
        run(*makeTorchEngine(), runIn(newFolder(), c), whole, {});
        QCOMPARE(whole.losses().size(), 6u);
        QVERIFY2(whole.losses().back() < whole.losses().front(), "the loss does not fall");
        const auto folder = newFolder();
        first.react = [](const Listener& listener) { return Controls{.stop = listener.losses().size() >= 3}; };
        run(*makeTorchEngine(), runIn(folder, c), first, {});
        QCOMPARE(first.losses().size(), 3u);
        run(*makeTorchEngine(), runIn(folder, c, true), second, {});
        auto joined = first.losses();
        for (const double loss : second.losses())
            joined.push_back(loss);
        QCOMPARE(joined, whole.losses());
    }

    void exportsComputeTheSameOrAreRefused_data() { everyMethod(); }
    void exportsComputeTheSameOrAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(QString, dtype);
        const auto c = config(method, dtype);
        const auto folder = newFolder();
        Listener listener;
        run(*makeTorchEngine(), runIn(folder, c), listener, {});
        const auto exported = [&](const std::string& format) {
            const auto out = newFolder();
            const auto result
                = run(*makeTorchEngine(), ExportJob{folder.string(), format, out.string(), ""}, listener, {});
            const double bound = c.dtype == "float32" ? 1e-4 : 0.5;
            if (!(result.largestDifference < bound))
                qWarning("%s: %g", format.c_str(), result.largestDifference);
            return result.largestDifference < bound;
        };
        const auto refused = [&](const std::string& format) {
            try {
                exported(format);
            } catch (const Error& error) {
                return error.code() == Code::unsupported && !error.parts().advice.empty();
            }
            return false;
        };
        const bool weights = effectivePicture(c).weight == Part::trained;
        const bool bound = isQuantised(c) && methodCard(c.method).plainExport == PlainExport::doubled;
        QVERIFY(exported("merged"));
        QVERIFY(weights ? refused("peft") : exported("peft"));
        QVERIFY(weights || bound ? refused("lora") : exported("lora"));
        QCOMPARE(std::filesystem::exists(folder / "adapter"), !weights && !bound);
    }
};

QTEST_GUILESS_MAIN(TestAdapters)
#include "tst_adapters.moc"
