// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The fast way of single tokens against the plain one: products of few rows, attention of one query, a whole step, several answers at
// once, and the draw of a token.
#include "training/generate/greedy_answers.h"
#include "training/generate/prompt.h"
#include "training/generate/run_template.h"
#include "training/models/loading_limit.h"
#include "training/ops/row_attention.h"
#include "training/formats/gguf_blocks.h"
#include "training/ops/row_product.h"
#include "training/quant/file_blocks.h"
#include "training/train/random.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace rankwright;

namespace {

// The largest difference, relative to the largest value.
double relative(const at::Tensor& ours, const at::Tensor& theirs)
{
    const auto a = ours.to(at::kDouble), b = theirs.to(at::kDouble);
    return (a - b).abs().max().item<double>() / std::max(1e-12, b.abs().max().item<double>());
}

std::vector<float> valuesOf(const at::Tensor& t)
{
    const auto flat = t.to(at::kFloat).contiguous();
    return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

struct PlainForm
{
    PlainForm() { ops::setForm(ops::Form::plain); }
    ~PlainForm() { ops::setForm(ops::Form::fast); }
};

// What the slot computes, by rows and by LibTorch's operators.
double differenceOf(const LinearSlot& slot, int64_t rows)
{
    const auto x = at::randn({rows, slot.in()}).to(slot.base.type());
    const auto input = valuesOf(x);
    auto fast = at::empty({rows, slot.out()}, at::kFloat);
    const at::Tensor gains = slot.delta && slot.delta->magnitude.defined() ? ops::rowGains(slot) : at::Tensor();
    const std::array<const LinearSlot*, 1> slots{&slot};
    const std::array<float*, 1> outputs{fast.mutable_data_ptr<float>()};
    const std::array<const float*, 1> factors{gains.defined() ? gains.const_data_ptr<float>() : nullptr};
    ops::linearRows(input.data(), rows, slots, outputs, factors);
    const PlainForm plain;
    return relative(fast, ops::linearGroup(x, slots, {})[0]);
}

LinearSlot slotOf(int64_t out, int64_t in, at::ScalarType type = at::kFloat)
{
    LinearSlot slot{.name = "test", .kind = "test", .base = BaseWeight(at::randn({out, in}).to(type))};
    return slot;
}

}  // namespace

class TestGeneration : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;

    static void families()
    {
        QTest::addColumn<QString>("family");
        for (const auto& entry : std::filesystem::directory_iterator(golden("families"))) {
            const auto name = entry.path().filename();
            if (name == "seed_oss" || !std::filesystem::exists(entry.path() / "config.json"))   // tst_new_family's
                continue;
            if (openModelSource(entry.path().string()).config.form == "decoder")
                QTest::newRow(name.c_str()) << QString::fromStdString(entry.path().string());
        }
    }

private Q_SLOTS:
    void init() { at::manual_seed(1); }

    void productsOfFewRowsEqualMatmul_data()
    {
        QTest::addColumn<int>("type");
        QTest::newRow("float32") << int(at::kFloat);
        QTest::newRow("bfloat16") << int(at::kBFloat16);
    }
    void productsOfFewRowsEqualMatmul()
    {
        QFETCH(int, type);
        for (const int64_t in : {1, 2, 33, 64, 576, 1537}) {
            for (const int64_t rows : {1, 2, 4, 7, 8}) {
                const auto x = at::randn({rows, in}), W = at::randn({129, in}).to(at::ScalarType(type));
                QVERIFY(ops::isRowWeight(W));
                const auto expected = at::matmul(x.to(at::kDouble), W.to(at::kDouble).t());
                QVERIFY(relative(ops::timesFewRows(x, ops::rowWeight(W)), expected) < 2e-6);
            }
        }
        QVERIFY(!ops::isRowWeight(at::randn({4, 6}).t()));
    }

    void codesAreMultipliedAsTheyAreDecoded_data()
    {
        QTest::addColumn<QString>("format");
        QTest::addColumn<int>("in");
        for (const char* format : {"nf4", "nf4-dq", "int8", "nf2", "nf3", "nf8"}) {
            for (const int in : {64, 96, 576})   // 96: blocks of 64 straddle the rows
                QTest::newRow(qPrintable(QString("%1, %2").arg(format).arg(in))) << QString(format) << in;
        }
        QTest::newRow("nf4, more blocks a row than scales are decoded at once") << "nf4-dq" << 64 * 300;
    }
    void codesAreMultipliedAsTheyAreDecoded()
    {
        QFETCH(QString, format);
        QFETCH(int, in);
        const auto weight = quantise(at::randn({37, in}), format.toStdString());
        const auto x = at::randn({3, in});
        auto y = at::full({3, 40}, 7.0, at::kFloat);
        weight->timesRows(x.const_data_ptr<float>(), 3, 5, 37, y.mutable_data_ptr<float>(), 40);
        const auto expected = at::matmul(x.to(at::kDouble), weight->dense().to(at::kDouble).t());
        QVERIFY(relative(y.narrow(1, 5, 32), expected.narrow(1, 5, 32)) < 2e-6);
        QVERIFY(at::equal(y.narrow(1, 0, 5), at::full({3, 5}, 7.0)));   // rows that were not asked for
    }

    void aFilesBlocksAreMultipliedAsTheyLie_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<int>("in");
        for (const auto type : {StoredType::Q4_0, StoredType::Q4_1, StoredType::Q5_0, StoredType::Q5_1, StoredType::Q8_0, StoredType::Q4_K,
                 StoredType::Q5_K, StoredType::Q6_K}) {
            for (const int in : {32, 96, 576, 1536, 32 * 33}) {   // one block, an odd number, more than a register's
                if (in % blockValues(type) == 0)
                    QTest::addRow("%s, %d", std::string(typeName(type)).c_str(), in) << int(type) << in;
            }
        }
    }
    void aFilesBlocksAreMultipliedAsTheyLie()
    {
        QFETCH(int, type);
        QFETCH(int, in);
        const auto stored = StoredType(type);
        constexpr int64_t kRows = 37;
        QVERIFY(staysInBlocks(stored, in) && !staysInBlocks(stored, in + 16));
        const auto bytes = in / blockValues(stored) * blockBytes(stored);
        auto blocks = at::randint(256, {kRows, bytes}, at::kByte);
        // Scales that are small numbers of either sign, subnormal ones among them: any byte is a code.
        for (int64_t at = stored == StoredType::Q6_K ? 208 : 0; at < kRows * bytes; at += blockBytes(stored)) {
            for (int64_t half = at; half < at + (stored == StoredType::Q6_K ? 2 : 4); half += 2)
                blocks.view(-1)[half + 1].bitwise_and_(0x93);
        }
        const auto* raw = reinterpret_cast<const std::byte*>(blocks.const_data_ptr<uint8_t>());
        auto dense = at::empty({kRows, in}, at::kFloat);
        dequantise(stored, raw, dense.mutable_data_ptr<float>(), dense.numel());
        const auto weight = fileBlocks(stored, kRows, in, blocks);
        QVERIFY(at::equal(weight->dense(), dense));
        QVERIFY(at::equal(weight->rows(5, 9, at::kBFloat16), dense.narrow(0, 5, 4).to(at::kBFloat16)));
        QCOMPARE(weight->bytes(), kRows * bytes);
        for (const int64_t rows : {1, 3, 8}) {
            const auto x = at::randn({rows, in});
            auto y = at::full({rows, 40}, 7.0, at::kFloat);
            weight->timesRows(x.const_data_ptr<float>(), rows, 5, kRows, y.mutable_data_ptr<float>(), 40);
            const auto expected = at::matmul(x.to(at::kDouble), dense.to(at::kDouble).t());
            QVERIFY(relative(y.narrow(1, 5, 32), expected.narrow(1, 5, 32)) < 3e-6);
            QVERIFY(at::equal(y.narrow(1, 0, 5), at::full({rows, 5}, 7.0)));   // rows that were not asked for
        }
    }

    // The loops exist for several vector widths.
    void blocksAtEveryVectorWidth_data()
    {
        QTest::addColumn<QString>("width");
        for (const char* width : {"default", "avx2"})
            QTest::addRow("%s", width) << QString(width);
    }
    void blocksAtEveryVectorWidth()
    {
        QFETCH(QString, width);
        QProcess again;
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert("ATEN_CPU_CAPABILITY", width);
        again.setProcessEnvironment(environment);
        again.start(QCoreApplication::applicationFilePath(), {"aFilesBlocksAreMultipliedAsTheyLie"});
        QVERIFY(again.waitForFinished(120000));
        QVERIFY2(again.exitCode() == 0, again.readAllStandardOutput().constData());
    }

    void aModelInItsFilesBlocksIsTheDenseOne()
    {
        const auto file = defaultModelFile();
        if (!std::filesystem::exists(file))
            QSKIP("the default model is not in the cache");
        const at::NoGradGuard guard;
        const std::vector<int32_t> ids{504, 3575, 282, 4649, 314, 198, 28, 550};
        const auto logitsOf = [&](Bases bases, const char* adapted) {
            Weights weights(openModelSource(file.string()));
            Model model(weights, at::kFloat, {}, bases);
            if (bases == Bases::asStored) {
                for (const auto& slot : model.slots()) {
                    if (!slot.base.isQuantised() || slot.base.bytes() * 8 > slot.out() * slot.in() * 5)
                        throw std::runtime_error(slot.name + " is not in 4-bit blocks");
                }
                const auto planned = loadedBytes(weights.source(), asStoredBits(weights.source(), 32));
                if (planned < model.bytes() || double(planned) > 1.01 * double(model.bytes()))
                    throw std::runtime_error("planned " + std::to_string(planned) + ", held " + std::to_string(model.bytes()));
            }
            at::manual_seed(3);
            if (std::string(adapted) == "adapter") {
                for (auto& slot : model.slots())
                    slot.delta = Delta{.A = at::randn({4, slot.in()}) * 0.01, .B = at::randn({slot.out(), 4}) * 0.1};
            } else if (std::string(adapted) == "head") {
                model.parameter("lm_head.weight")->mul_(2);
            }
            KeyValueCache cache;
            std::vector<at::Tensor> all{model.logits(model.forward(makeBatch(ids), {}, &cache))};   // whole rows, then steps
            for (const int32_t id : {260, 1343, 30})
                all.push_back(model.logits(model.forward(makeBatch({id}, cache.length()), {}, &cache)));
            return at::cat(all);
        };
        for (const char* adapted : {"", "adapter", "head"})
            QVERIFY2(relative(logitsOf(Bases::asStored, adapted), logitsOf(Bases::dense, adapted)) < 2e-5, adapted);
    }

    void everyKindOfAdapterIsAdded_data()
    {
        QTest::addColumn<QString>("kind");
        for (const char* kind : {"none", "pair", "diagonal", "core", "magnitude", "drift", "weight", "bias", "nf4", "int8"})
            QTest::newRow(kind) << kind;
    }
    void everyKindOfAdapterIsAdded()
    {
        QFETCH(QString, kind);
        const at::NoGradGuard guard;
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            auto slot = slotOf(96, 128, type);
            if (kind != "none" && kind != "weight")
                slot.delta = Delta{.A = at::randn({6, 128}), .B = at::randn({96, 6}), .scaling = 0.7};
            if (kind == "diagonal")
                slot.delta->core = at::randn({6});
            if (kind == "core")
                slot.delta->core = at::randn({6, 6});
            if (kind == "magnitude")
                slot.delta->magnitude = rowNorms(slot) * (0.8 + 0.4 * at::rand({96}));
            if (kind == "weight")
                slot.delta = Delta{.weight = at::randn({96, 128})};
            if (kind == "bias")
                slot.bias = at::randn({96}).to(type);
            if (kind == "drift") {
                slot.delta->driftA = at::randn({6, 128});
                slot.delta->driftB = at::randn({96, 6});
                slot.delta->driftGain = 0.3;
            }
            if (kind == "nf4" || kind == "int8") {
                const auto dense = slot.base.dense();
                slot.base.place({[=] { return dense; }, [=](const auto& visit) { visit(dense); }}, std::nullopt, kind.toStdString());
            }
            QVERIFY(ops::suitsLinearRows(slot));
            for (const int64_t rows : {1, 3, 8})
                QVERIFY(differenceOf(slot, rows) < (type == at::kFloat ? 5e-6 : 2e-2));
        }
    }

    void oneQueryEqualsAttention_data()
    {
        QTest::addColumn<int>("window");
        QTest::addColumn<double>("softcap");
        QTest::addColumn<int>("type");
        for (const int window : {0, 1, 7, 500}) {
            for (const double softcap : {0.0, 5.0}) {
                QTest::addRow("window %d, cap %g", window, softcap) << window << softcap << int(at::kFloat);
                QTest::addRow("window %d, cap %g, bfloat16", window, softcap) << window << softcap << int(at::kBFloat16);
            }
        }
    }
    void oneQueryEqualsAttention()
    {
        QFETCH(int, window);
        QFETCH(double, softcap);
        QFETCH(int, type);
        const at::NoGradGuard guard;
        const auto t = at::ScalarType(type);
        const auto q = at::randn({1, 9, 40}).to(t), k = at::randn({130, 3, 40}).to(t), v = at::randn({130, 3, 40}).to(t);
        const ops::AttentionRule rule{.window = window, .softcap = softcap};
        KeyValueCache cache;
        cache.append(0, k.narrow(0, 0, 129), v.narrow(0, 0, 129));
        auto& layer = cache.extend(0, 1, 3, 40, t);
        layer.keys.narrow(0, 129, 1).copy_(k.narrow(0, 129, 1));
        layer.values.narrow(0, 129, 1).copy_(v.narrow(0, 129, 1));
        auto mixed = at::empty({1, 360}, at::kFloat);
        ops::attendLast(valuesOf(q).data(), 9, layer, rule, mixed.mutable_data_ptr<float>());
        const PlainForm plain;
        QVERIFY(relative(mixed, ops::attention(q, k, v, {0, 1}, rule)) < (t == at::kFloat ? 2e-6 : 2e-2));
    }

    void aCacheGrowsAndForgets()
    {
        KeyValueCache cache;
        const auto all = at::randn({700, 2, 4});
        for (int64_t i = 0; i < 700; i += 7) {
            const auto [k, v] = cache.append(0, all.narrow(0, i, 7), -all.narrow(0, i, 7));
            QVERIFY(at::equal(k, all.narrow(0, 0, i + 7)) && at::equal(v, -all.narrow(0, 0, i + 7)));
        }
        const auto* room = cache.extend(0, 0, 2, 4, at::kFloat).keys.const_data_ptr();
        cache.keep(300);
        QCOMPARE(cache.length(), 300);
        const auto [k, v] = cache.append(0, all.narrow(0, 0, 2), all.narrow(0, 0, 2));
        QVERIFY(at::equal(k, at::cat({all.narrow(0, 0, 300), all.narrow(0, 0, 2)})));
        QCOMPARE(k.const_data_ptr(), room);   // nothing was copied
        cache.keep(500);
        QCOMPARE(cache.length(), 302);
    }

    void aStepEqualsTheWholePass_data() { families(); }
    // In bfloat16 the plain form rounds after every operation, the step where it stores: they differ by the dtype's rounding. A router
    // that is undecided may then choose another expert.
    void aStepEqualsTheWholePass()
    {
        QFETCH(QString, family);
        const at::NoGradGuard guard;
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            Weights weights(openModelSource(family.toStdString()));
            const Model model(weights, type);
            if (type == at::kBFloat16 && model.config().experts.count > 0)
                continue;
            const std::vector<int32_t> ids{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
            at::Tensor whole;
            {
                const PlainForm plain;
                whole = model.logits(model.forward(makeBatch(ids)));
            }
            KeyValueCache cache;
            std::vector<at::Tensor> steps;
            for (const auto id : ids)
                steps.push_back(model.logits(model.forward(makeBatch(std::vector{id}, cache.length()), {}, &cache)));
            QVERIFY(relative(at::cat(steps), whole) < (type == at::kFloat ? 1e-5 : 5e-2));
        }
    }

    void rowsTogetherEqualRowsAlone_data() { families(); }
    void rowsTogetherEqualRowsAlone()
    {
        QFETCH(QString, family);
        const at::NoGradGuard guard;
        Weights weights(openModelSource(family.toStdString()));
        const Model model(weights, at::kFloat);
        const std::vector<std::vector<int32_t>> rows{{5, 6, 7}, {8}, {9, 10, 11, 12, 13}, {14, 15}, {3, 4}};
        std::vector<KeyValueCache> alone(rows.size()), together(rows.size());
        std::vector<KeyValueCache*> caches;
        std::vector<at::Tensor> expected;
        for (size_t i = 0; i < rows.size(); ++i) {
            caches.push_back(&together[i]);
            model.forward(makeBatch(rows[i]), {}, &alone[i]);
            expected.push_back(model.logits(model.forward(makeBatch({20}, alone[i].length()), {}, &alone[i])));
        }
        (void)model.continued(makeBatch(rows, std::vector<int64_t>(rows.size(), 0)), caches);
        std::vector<int64_t> lengths;
        for (const auto* cache : caches)
            lengths.push_back(cache->length());
        QCOMPARE(lengths, (std::vector<int64_t>{3, 1, 5, 2, 2}));
        const auto step = model.continued(makeBatch(std::vector<std::vector<int32_t>>(rows.size(), {20}), lengths), caches);
        QVERIFY(relative(model.logits(step), at::cat(expected)) < 1e-5);
    }

    void severalAnswersAreThoseOfOneAfterTheOther()
    {
        Weights weights(openModelSource(golden("tiny").string()));
        const Model model(weights, at::kFloat);
        const ModelText text(golden("tiny"));
        const Prompt prompt(text.tokenizer(), {});
        std::vector<std::vector<int32_t>> prompts;
        for (int i = 0; i < 13; ++i)
            prompts.push_back(prompt.ids({{"user", "what is " + std::to_string(i * i) + " and " + std::to_string(i)}}));
        constexpr int64_t kMost = 20;
        std::vector<GreedyAnswer> answers;
        int64_t ended = 0;
        greedyAnswers(model, text.tokenizer(), prompts, kMost,
            [&](size_t number, const GreedyAnswer& answer) {
                QCOMPARE(number, answers.size());
                answers.push_back(answer);
            },
            [&](int64_t now) { QVERIFY(now >= ended); ended = now; });
        QCOMPARE(answers.size(), prompts.size());
        QCOMPARE(ended, int64_t(prompts.size()));
        Generator generator(model, text.tokenizer());
        for (size_t i = 0; i < prompts.size(); ++i) {
            generator.prime(prompts[i]);
            std::vector<int32_t> ids;
            while (int64_t(ids.size()) < kMost) {
                const auto id = generator.next();
                if (!id)
                    break;
                ids.push_back(*id);
            }
            QCOMPARE(answers[i].ids, ids);
            QCOMPARE(answers[i].cut, int64_t(ids.size()) == kMost || generator.stop() == "length");
        }
    }

    // The definition, by LibTorch: softmax, the most probable ones that hold topP, the first whose sum lies above the draw.
    void tokensAreDrawnByTheirShares()
    {
        const auto logits = at::randn({1, 5000}) * 3;
        for (const double topP : {1.0, 0.9, 0.3, 1e-9}) {
            for (int64_t number = 0; number < 60; ++number) {
                const Sampling sampling{.temperature = 0.8, .topP = topP, .seed = 11};
                auto shares = at::softmax(logits.squeeze(0).narrow(0, 0, 4000).to(at::kDouble) / 0.8, -1);
                const auto [sorted, order] = shares.sort(0, true);
                if (topP < 1)
                    shares = at::zeros_like(shares).scatter(0, order, at::where(sorted.cumsum(0) - sorted < topP, sorted, 0.0));
                const auto sums = shares.cumsum(0);
                const double draw = Random(11, "generate").uniform(uint64_t(number)) * sums[-1].item<double>();
                QCOMPARE(pickToken(logits, 4000, sampling, number), at::searchsorted(sums, draw, false, true).item<int64_t>());
            }
        }
        QCOMPARE(pickToken(logits, 4000, {}, 0), logits.squeeze(0).narrow(0, 0, 4000).argmax().item<int64_t>());
    }

    void theDefaultModelWritesWhatItsPlainFormWrites()
    {
        const auto file = defaultModelFile();
        if (!std::filesystem::exists(file))
            QSKIP("the default model is not in the cache");
        Weights weights(openModelSource(file.string()));
        const Model model(weights, at::kFloat);
        const ModelText text(file);
        const Prompt prompt(text.tokenizer(), text.templateSource());
        for (const char* question : {"What is seven times eight?", "Write a short poem about rain in April."}) {
            std::vector<std::vector<int32_t>> written(2);
            for (const auto form : {ops::Form::plain, ops::Form::fast}) {
                ops::setForm(form);
                Generator generator(model, text.tokenizer());
                generator.prime(prompt.ids({{"user", question}}));
                auto& ids = written[form == ops::Form::fast];
                while (ids.size() < 24) {
                    const auto id = generator.next();
                    if (!id)
                        break;
                    ids.push_back(*id);
                }
            }
            ops::setForm(ops::Form::fast);
            QCOMPARE(written[0], written[1]);
        }
    }

    void aRunAnswersThroughTheTemplateOfItsRows()
    {
        const ModelText text(golden("tiny"));
        const std::filesystem::path folder = m_folder.path().toStdString();
        RunConfig config;
        const auto events = [&](const std::string& line) { std::ofstream(folder / "metrics.jsonl") << line << "\n"; };
        QCOMPARE(templateOfRun(folder, config, text), text.templateSource());   // nothing is known
        const auto start = [](const char* used) {
            return nlohmann::json{{"event", "start"}, {"data", {{"template", used}, {"format", "messages"}}}}.dump();
        };
        events(nlohmann::json{{"event", "progress"}}.dump() + "\n" + start("none"));
        QCOMPARE(templateOfRun(folder, config, text), std::string());
        events(start("the model's"));
        QCOMPARE(templateOfRun(folder, config, text), text.templateSource());
        events("no JSON");
        QCOMPARE(templateOfRun(folder, config, text), text.templateSource());
        config.chatTemplate = "chatml";
        QVERIFY(templateOfRun(folder, config, text).find("im_start") != std::string::npos);
        config.chatTemplate = "none";
        QCOMPARE(templateOfRun(folder, config, text), std::string());
    }
};

QTEST_GUILESS_MAIN(TestGeneration)
#include "tst_generation.moc"
