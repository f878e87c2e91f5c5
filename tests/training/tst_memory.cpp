// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A quantised base is small in memory while it is loaded and afterwards. RANKWRIGHT_MEMORY_PARAMETERS=1e9 measures a model of that many
// parameters in its matrices (CONTRIBUTING.md); the run of every day takes a fortieth of it.
#include "training/adapters/adapter_set.h"
#include "training/io/tensor_writer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <malloc.h>

using namespace rankwright;

class TestMemory : public QObject
{
    Q_OBJECT

    static constexpr int64_t kHidden = 2048, kInner = 8192, kVocabulary = 256;
    static constexpr int64_t kLayer = 4 * kHidden * kHidden + 3 * kHidden * kInner;   // 67,108,864 values

    // Bytes of a line of /proc/self/status.
    static double status(const std::string& key)
    {
        std::ifstream stream("/proc/self/status");
        for (std::string line; std::getline(stream, line);) {
            if (line.starts_with(key + ":"))
                return std::stod(line.substr(key.size() + 1)) * 1024;
        }
        return 0;
    }

    // A Llama folder of `layers` layers in bfloat16, a shard a layer.
    static void writeModel(const std::filesystem::path& folder, int64_t layers)
    {
        const at::NoGradGuard guard;
        nlohmann::json map = nlohmann::json::object();
        const auto shard = [&](const std::string& file, const NamedTensors& tensors) {
            writeTensors(folder / file, tensors, {{"format", "pt"}});
            for (const auto& [name, unused] : tensors)
                map[name] = file;
        };
        const auto random = [](int64_t rows, int64_t cols) { return (at::randn({rows, cols}) * 0.02).to(at::kBFloat16); };
        const auto ones = at::ones({kHidden}, at::kBFloat16);
        shard("model-0.safetensors", {{"model.embed_tokens.weight", random(kVocabulary, kHidden)}, {"model.norm.weight", ones}});
        for (int64_t i = 0; i < layers; ++i) {
            const auto prefix = "model.layers." + std::to_string(i) + ".";
            NamedTensors tensors{{prefix + "input_layernorm.weight", ones}, {prefix + "post_attention_layernorm.weight", ones}};
            for (const char* kind : {"q_proj", "k_proj", "v_proj", "o_proj"})
                tensors.emplace_back(prefix + "self_attn." + kind + ".weight", random(kHidden, kHidden));
            tensors.emplace_back(prefix + "mlp.gate_proj.weight", random(kInner, kHidden));
            tensors.emplace_back(prefix + "mlp.up_proj.weight", random(kInner, kHidden));
            tensors.emplace_back(prefix + "mlp.down_proj.weight", random(kHidden, kInner));
            shard("model-" + std::to_string(i + 1) + ".safetensors", tensors);
        }
        std::ofstream(folder / "model.safetensors.index.json") << nlohmann::json{{"weight_map", map}}.dump();
        std::ofstream(folder / "config.json") << nlohmann::json{{"architectures", {"LlamaForCausalLM"}}, {"model_type", "llama"},
            {"hidden_size", kHidden}, {"intermediate_size", kInner}, {"num_hidden_layers", layers}, {"num_attention_heads", 16},
            {"vocab_size", kVocabulary}, {"max_position_embeddings", 512}, {"rms_norm_eps", 1e-5}, {"rope_theta", 10000.0},
            {"tie_word_embeddings", true}}.dump();
    }

private Q_SLOTS:
    void aQuantisedBaseIsSmall()
    {
        const double wanted = qEnvironmentVariable("RANKWRIGHT_MEMORY_PARAMETERS", "67e6").toDouble();
        const auto layers = std::max<int64_t>(1, int64_t(std::ceil(wanted / double(kLayer))));
        const double parameters = double(layers * kLayer);
        QTemporaryDir folder;
        const std::filesystem::path path = folder.path().toStdString();
        writeModel(path, layers);
        ::malloc_trim(0);
        std::ofstream("/proc/self/clear_refs") << "5";   // the peak starts anew
        const double before = status("VmRSS");
        const at::NoGradGuard guard;
        Weights weights(openModelSource(path.string()));
        Model model(weights, at::kBFloat16, {}, Bases::later);
        const AdapterSet bases(model, weights, {}, 0, "nf4-dq");
        const double growth = status("VmHWM") - before;
        double held = 0;
        for (const auto& slot : model.slots())
            held += double(slot.base.bytes());
        qInfo("%.0f parameters in matrices: %.4f GB held, %.3f bits a parameter; peak growth %.4f GB", parameters, held / 1e9,
            8 * held / parameters, growth / 1e9);
        QVERIFY(8 * held / parameters < 4.14);
        // A shard's pieces and the statistics of one matrix come on top; the fixed part counts more in a small model.
        QVERIFY2(growth <= held + 0.1e9, qPrintable(QString::number(growth / 1e9)));
        QVERIFY(model.bytes() < int64_t(held + 2.0 * double(kVocabulary * kHidden) + 1e6));
        if (wanted >= 1e9) {
            QVERIFY(held <= 0.55e9 * parameters / 1e9);
            QVERIFY(growth <= 0.65e9 * parameters / 1e9);
        }
        // It computes: a few tokens go through, and the buffers of that are small as well.
        const auto out = model.logits(model.forward(makeBatch(std::vector<int32_t>{1, 2, 3})));
        QVERIFY(at::isfinite(out).all().item<bool>());
    }
};

QTEST_GUILESS_MAIN(TestMemory)
#include "tst_memory.moc"
