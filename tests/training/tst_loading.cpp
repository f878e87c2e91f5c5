// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Stored tensors to memory: the type that is asked for, stacks of experts, and a peak of the bytes in that type and no more than 256 MiB
// beside them; a model that does not fit is refused before anything of it is read.
#include "training/api/error.h"
#include "training/io/tensor_writer.h"
#include "training/nn/model.h"
#include "training/train/peak_memory.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;
namespace fs = std::filesystem;

class TestLoading : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    static constexpr int64_t kHidden = 2048, kInner = 8192, kVocabulary = 32000, kLayers = 3;
    static constexpr int64_t kParameters
        = kVocabulary * kHidden + kLayers * (4 * kHidden * kHidden + 3 * kHidden * kInner + 2 * kHidden) + kHidden;

    // Three layers of a 1B model with a vocabulary: 267 million values, 534 MB in bfloat16, in one file.
    fs::path largeModel()
    {
        const fs::path folder = m_folder.filePath("large").toStdString();
        if (fs::exists(folder / "config.json"))
            return folder;
        fs::create_directories(folder);
        const at::NoGradGuard guard;
        const auto matrix = [](int64_t rows, int64_t cols) { return at::full({rows, cols}, 0.01, at::kBFloat16); };
        const auto ones = at::ones({kHidden}, at::kBFloat16);
        NamedTensors tensors{{"model.embed_tokens.weight", matrix(kVocabulary, kHidden)}, {"model.norm.weight", ones}};
        for (int64_t i = 0; i < kLayers; ++i) {
            const auto prefix = "model.layers." + std::to_string(i) + ".";
            tensors.emplace_back(prefix + "input_layernorm.weight", ones);
            tensors.emplace_back(prefix + "post_attention_layernorm.weight", ones);
            for (const char* kind : {"q_proj", "k_proj", "v_proj", "o_proj"})
                tensors.emplace_back(prefix + "self_attn." + kind + ".weight", matrix(kHidden, kHidden));
            tensors.emplace_back(prefix + "mlp.gate_proj.weight", matrix(kInner, kHidden));
            tensors.emplace_back(prefix + "mlp.up_proj.weight", matrix(kInner, kHidden));
            tensors.emplace_back(prefix + "mlp.down_proj.weight", matrix(kHidden, kInner));
        }
        writeTensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
        std::ofstream(folder / "config.json") << nlohmann::json{{"architectures", {"LlamaForCausalLM"}}, {"model_type", "llama"},
            {"hidden_size", kHidden}, {"intermediate_size", kInner}, {"num_hidden_layers", kLayers}, {"num_attention_heads", 16},
            {"vocab_size", kVocabulary}, {"max_position_embeddings", 512}, {"rms_norm_eps", 1e-5}, {"rope_theta", 10000.0},
            {"tie_word_embeddings", true}}.dump();
        return folder;
    }

private Q_SLOTS:
    void readsTheTypeThatIsAsked_data()
    {
        QTest::addColumn<QString>("model");
        const auto add = [](const fs::path& path) { QTest::newRow(path.string().c_str()) << QString::fromStdString(path.string()); };
        add(golden("tiny"));
        for (const auto& entry : fs::directory_iterator(golden("families"))) {
            if (entry.path().filename() == "seed_oss")
                continue;   // of CONTRIBUTING's example: no family of ours
            add(entry.path());
            if (fs::exists(entry.path() / "model.gguf"))
                add(entry.path() / "model.gguf");
        }
        if (!stories().empty())
            add(stories().parent_path() / "hf-bf16");
        if (!defaultModel().empty())
            add(defaultModel());
    }
    void readsTheTypeThatIsAsked()
    {
        QFETCH(QString, model);
        Weights weights(openModelSource(model.toStdString()));
        for (const auto& [name, entry] : weights.source().tensors) {
            const auto whole = weights.read(name);
            QVERIFY(whole.scalar_type() == at::kFloat && whole.sizes().vec() == entry.shape);
            for (const auto type : {at::kBFloat16, at::kHalf}) {
                const auto typed = weights.read(name, type);
                QVERIFY2(typed.scalar_type() == type && typed.equal(whole.to(type)), name.c_str());
            }
            std::vector<at::Tensor> rows;
            weights.stream(name, [&](const at::Tensor& part) { rows.push_back(part.clone()); });
            QVERIFY2(at::cat(rows).equal(whole), name.c_str());
        }
    }

    // Where a folder has its GGUF beside it, both hold the same model. Gemma's norms lose the last bits to the one that GGUF adds.
    void ggufHoldsWhatTheFolderHolds_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto& entry : fs::directory_iterator(golden("families"))) {
            if (fs::exists(entry.path() / "model.gguf"))
                QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().string());
        }
    }
    void ggufHoldsWhatTheFolderHolds()
    {
        QFETCH(QString, folder);
        const fs::path path = folder.toStdString();
        Weights hf(openModelSource(path.string()));
        std::optional<Weights> gguf;
        try {
            gguf.emplace(openModelSource((path / "model.gguf").string()));
        } catch (const Error& error) {
            QVERIFY2(error.code() == Code::unsupported, error.what());
            QSKIP("a GGUF of another kind");
        }
        if (gguf->config().family != hf.config().family)
            QSKIP("GGUF calls it another family");   // RoBERTa, which it has as a BERT
        for (const auto& [name, entry] : gguf->source().tensors) {
            QVERIFY2(hf.has(name), name.c_str());
            const auto a = hf.read(name), b = gguf->read(name);
            const bool norm = gguf->source().transforms.contains(name) && gguf->source().transforms.at(name) == RowTransform::plusOne;
            QVERIFY2(norm ? at::allclose(a, b, 0, 2e-7) : a.equal(b), name.c_str());
        }
    }

    void thePeakIsWhatIsHeld_data()
    {
        QTest::addColumn<int>("bytes");
        QTest::newRow("bfloat16 as it is") << 2;
        QTest::newRow("to float32") << 4;
    }
    void thePeakIsWhatIsHeld()
    {
        QFETCH(int, bytes);
        const auto path = largeModel();
        if (!resetPeakMemory())
            QSKIP("this system does not let a process reset its peak");
        const auto before = peakMemory();
        const at::NoGradGuard guard;
        Weights weights(openModelSource(path.string()));
        const Model model(weights, bytes == 2 ? at::kBFloat16 : at::kFloat);
        const double growth = double(peakMemory() - before), held = double(kParameters * bytes);
        QCOMPARE(model.parameters(), kParameters);
        qInfo("%.0f MB held, %.0f MB more at the peak", held / 1e6, (growth - held) / 1e6);
        QVERIFY2(growth <= held + double(256 << 20), qPrintable(QString::number(growth / 1e6)));
        QVERIFY(growth >= 0.95 * held);
    }

    void refusesAModelLargerThanMemory()
    {
        const auto path = largeModel();
        resetPeakMemory();
        const auto before = peakMemory();
        const auto limit = [](int64_t bytes) { qputenv("RANKWRIGHT_MEMORY_LIMIT", QByteArray::number(qlonglong(bytes))); };
        const auto load = [&](at::ScalarType type, Bases bases) {
            Weights weights(openModelSource(path.string()));
            const Model model(weights, type, {}, bases);
        };
        limit(kParameters * 2 + (300 << 20));
        try {
            load(at::kFloat, Bases::dense);
            QFAIL("it was loaded");
        } catch (const Error& error) {
            QVERIFY2(error.code() == Code::memory && QString(error.what()).contains("bfloat16"), error.what());
            QVERIFY(QString(error.what()).contains("MiB") || QString(error.what()).contains("GiB"));
        }
        QVERIFY(peakMemory() - before < 64 << 20);   // nothing of it was read
        load(at::kBFloat16, Bases::dense);
        limit(kParameters / 2 + kVocabulary * kHidden * 2 + (300 << 20));
        QVERIFY_EXCEPTION_THROWN(load(at::kBFloat16, Bases::dense), Error);
        load(at::kBFloat16, Bases::later);   // matrices in few bits fit
        qunsetenv("RANKWRIGHT_MEMORY_LIMIT");
    }
};

QTEST_GUILESS_MAIN(TestLoading)
#include "tst_loading.moc"
