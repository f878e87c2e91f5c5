// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The settings of released models: each is read without a word about unknown keys, and its tensors add up to the parameters that the model
// has. The counts are those of transformers 5.23's own classes, built from the same settings without weights; DeepSeek-MoE's is by hand.
#include "tests/formats/model_files.h"
#include "training/models/family.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

using namespace rankwright;

class TestReleasedConfigs : public QObject
{
    Q_OBJECT
private slots:
    void parametersAddUp_data();
    void parametersAddUp();
};

void TestReleasedConfigs::parametersAddUp_data()
{
    QTest::addColumn<qint64>("parameters");
    QTest::addColumn<QString>("settings");
    const auto row = [](const char* name, qint64 parameters, const char* settings) {
        QTest::newRow(name) << parameters << QString(settings);
    };
    row("Llama-3.2-1B", 1235814400, R"({"model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
        "tie_word_embeddings": true, "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0,
        "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
        "hidden_act": "silu"})");
    row("Yi-6B", 6061035520, R"({"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 64000,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-05, "rope_theta": 5000000.0,
        "tie_word_embeddings": false, "hidden_act": "silu"})");
    row("Mistral-7B-v0.1", 7241732096, R"({"model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096,
        "tie_word_embeddings": false, "hidden_act": "silu"})");
    row("Mistral-Nemo", 12247782400, R"({"model_type": "mistral", "hidden_size": 5120, "intermediate_size": 14336, "num_hidden_layers": 40,
        "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 131072,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
        "sliding_window": null, "tie_word_embeddings": false, "hidden_act": "silu"})");
    row("Qwen1.5-0.5B", 463987712, R"({"model_type": "qwen2", "hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 24,
        "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 151936,
        "max_position_embeddings": 32768, "max_window_layers": 21, "sliding_window": 32768,
        "use_sliding_window": false, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": true,
        "hidden_act": "silu"})");
    row("Qwen2.5-0.5B", 494032768, R"({"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
        "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936,
        "max_position_embeddings": 32768, "max_window_layers": 24, "sliding_window": 32768,
        "use_sliding_window": false, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": true,
        "hidden_act": "silu"})");
    row("Qwen3-0.6B", 596049920, R"({"model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936,
        "max_position_embeddings": 40960, "max_window_layers": 28, "sliding_window": null,
        "use_sliding_window": false, "rms_norm_eps": 1e-06, "rope_theta": 1000000, "rope_scaling": null,
        "attention_bias": false, "tie_word_embeddings": true, "hidden_act": "silu"})");
    row("gemma-7b", 8537680896, R"({"model_type": "gemma", "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 256, "vocab_size": 256000,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "hidden_act": "gelu",
        "rope_scaling": null})");
    row("gemma-2b", 2506172416, R"({"model_type": "gemma", "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 18,
        "num_attention_heads": 8, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 256000,
        "max_position_embeddings": 8192, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "hidden_act": "gelu",
        "rope_scaling": null})");
    row("gemma-3-1b", 999885952, R"({"model_type": "gemma3_text", "hidden_size": 1152, "intermediate_size": 6912, "num_hidden_layers": 26,
        "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "vocab_size": 262144,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-06, "rope_theta": 1000000,
        "rope_local_base_freq": 10000, "rope_scaling": null, "sliding_window": 512, "sliding_window_pattern": 6,
        "query_pre_attn_scalar": 256, "hidden_activation": "gelu_pytorch_tanh", "attn_logit_softcapping": null,
        "final_logit_softcapping": null, "attention_bias": false})");
    row("Mixtral-8x7B", 46702792704, R"({"model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": null,
        "tie_word_embeddings": false, "num_local_experts": 8, "num_experts_per_tok": 2,
        "output_router_logits": false, "router_aux_loss_coef": 0.02, "hidden_act": "silu"})");
    row("DeepSeek-MoE-16B", 16375728128, R"({"model_type": "deepseek", "hidden_size": 2048, "intermediate_size": 10944, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 102400,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "rope_scaling": null,
        "attention_bias": false, "tie_word_embeddings": false, "moe_intermediate_size": 1408,
        "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1,
        "moe_layer_freq": 1, "norm_topk_prob": false, "scoring_func": "softmax", "aux_loss_alpha": 0.001,
        "seq_aux": true, "hidden_act": "silu"})");
}

void TestReleasedConfigs::parametersAddUp()
{
    QFETCH(qint64, parameters);
    QFETCH(QString, settings);
    const QTemporaryDir folder;
    const std::filesystem::path path(folder.path().toStdString());
    writeBytes(path / "config.json", settings.toStdString());
    const ModelConfig config = readHfConfig(path);
    QVERIFY2(config.notes.empty(), config.notes.empty() ? "" : config.notes.front().c_str());
    qint64 sum = 0;
    for (const ExpectedTensor& tensor : expectedTensors(config)) {
        qint64 count = 1;
        for (const int64_t size : tensor.shape)
            count *= size;
        sum += tensor.required ? count : 0;
    }
    QCOMPARE(sum, parameters);
}

QTEST_GUILESS_MAIN(TestReleasedConfigs)
#include "tst_released_configs.moc"
