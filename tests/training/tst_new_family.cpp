// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The family that CONTRIBUTING.md shows as an example is compiled from that page. With its one line in the list of families a model that
// transformers 5.23 saved is found, read, and computes the same (tests/golden/make_family_golden.py).
#include "training/nn/model.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTest>

using namespace rankwright;

class TestNewFamily : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theExampleIsNotOneOfOurs()
    {
        // Ours, as the program has them, and the one line that this test adds.
        std::ifstream list(std::filesystem::path(RANKWRIGHT_SOURCE_DIR) / "training/models/families.inc");
        std::string line;
        size_t ours = 0;
        for (; std::getline(list, line); ++ours)
            QVERIFY(line.find("seedOss") == std::string::npos);
        QCOMPARE(families().size(), ours + 1);
    }

    void theExampleComputesWhatTransformersDoes()
    {
        const auto folder = golden("families/seed_oss");
        auto source = openModelSource(folder.string());
        QCOMPARE(source.config.family, std::string("seed-oss"));
        QVERIFY2(source.config.notes.empty(), source.config.notes.empty() ? "" : source.config.notes.front().c_str());
        Weights weights(std::move(source));
        Model model(weights, at::kFloat);
        const auto numbers = readTensors(folder / "numbers.safetensors");
        constexpr int64_t rows[]{23, 14};   // the script's two rows
        std::vector<Sample> samples;
        for (int64_t first = 0; const auto length : rows) {
            Sample sample;
            for (int64_t i = first; i < first + length; ++i) {
                sample.ids.push_back(int32_t(numbers.at("ids")[i].item<float>()));
                sample.trained.push_back(i > first);
            }
            samples.push_back(sample);
            first += length;
        }
        const Sample* pointers[]{&samples[0], &samples[1]};
        const auto batch = makeBatch(pointers);
        {
            const at::NoGradGuard guard;
            const auto& expected = numbers.at("logits");
            const auto difference = (model.logits(model.forward(batch)) - expected).abs().max().item<double>();
            QVERIFY2(difference < 1e-4 * expected.abs().max().item<double>(), std::to_string(difference).c_str());
        }
        for (auto& slot : model.slots()) {
            slot.delta = Delta{};
            slot.delta->weight = slot.base.dense().detach().clone().set_requires_grad(true);
        }
        (model.losses(batch) * numbers.at("weights")).sum().backward();
        for (auto& slot : model.slots()) {
            const auto& expected = numbers.at("grad." + slot.name + ".weight");
            const auto difference = (slot.delta->weight.grad() - expected).abs().max().item<double>();
            QVERIFY2(difference < 1e-4 * expected.abs().max().item<double>(), slot.name.c_str());
        }
    }

    void itsGgufNamesFollow()
    {
        const auto tensors = expectedTensors(readHfConfig(golden("families/seed_oss")));
        const auto norm = std::ranges::find(tensors, "model.layers.1.post_attention_layernorm.weight", &ExpectedTensor::name);
        QVERIFY(norm != tensors.end());
        QCOMPARE(norm->gguf, std::string("blk.1.post_attention_norm.weight"));
    }
};

QTEST_GUILESS_MAIN(TestNewFamily)
#include "tst_new_family.moc"
