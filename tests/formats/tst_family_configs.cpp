// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What each family of decoders reads out of config.json, in the dialect of the released files and in that of transformers 5; the names
// of its tensors; features that are refused by their name.
#include "tests/formats/model_files.h"
#include "training/models/model_source.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

#include <cmath>

using namespace rankwright;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// tinyConfig() of another family.
json configOf(const std::string& type, const std::string& classes, const json& changes = json::object())
{
    json config = tinyConfig();
    config["model_type"] = type;
    config["architectures"] = {classes + "ForCausalLM"};
    config.update(changes);
    return config;
}

std::string allNotes(const ModelConfig& config)
{
    std::string notes;
    for (const std::string& note : config.notes)
        notes += note + "\n";
    return notes;
}

const ExpectedTensor* find(const std::vector<ExpectedTensor>& tensors, const std::string& name)
{
    const auto found = std::ranges::find(tensors, name, &ExpectedTensor::name);
    return found == tensors.end() ? nullptr : &*found;
}

}  // namespace

class TestFamilyConfigs : public QObject
{
    Q_OBJECT

    ModelConfig read(const json& config)
    {
        fs::create_directories(m_path);
        writeBytes(m_path / "config.json", config.dump());
        return readHfConfig(m_path);
    }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = fs::path(m_folder->path().toStdString());
    }
    void eachFamilyReadsItsOwn_data();
    void eachFamilyReadsItsOwn();
    void mistralHasAWindowUnlessNull();
    void qwenWindows_data();
    void qwenWindows();
    void qwen2HasBiasesOfThree();
    void qwen3HasWideHeads();
    void gemmaSaysGeluAndMeansTanh();
    void gemma3InBothDialects_data();
    void gemma3InBothDialects();
    void gemma3Layers();
    void mixtralNamesBothWays();
    void deepseekLayersAndShapes();
    void deepseekRoutersLoss();
    void classifiersBringTheirLabels();
    void bareBodiesNeedNoHead();
    void expertsCountInTheSize();
    void refusals_data();
    void refusals();
    void ggufFamilies_data();
    void ggufFamilies();
    void ggufExperts();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    fs::path m_path;
};

void TestFamilyConfigs::eachFamilyReadsItsOwn_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("classes");
    QTest::addColumn<QString>("family");
    const auto row = [](const char* type, const char* classes, const char* family) {
        QTest::newRow(type) << QString(type) << QString(classes) << QString(family);
    };
    row("llama", "Llama", "llama");
    row("mistral", "Mistral", "mistral");
    row("qwen2", "Qwen2", "qwen2");
    row("qwen3", "Qwen3", "qwen3");
    row("gemma", "Gemma", "gemma");
    row("gemma3_text", "Gemma3", "gemma3");
    row("mixtral", "Mixtral", "mixtral");
    row("deepseek", "Deepseek", "deepseek");
}

void TestFamilyConfigs::eachFamilyReadsItsOwn()
{
    QFETCH(QString, type);
    QFETCH(QString, classes);
    QFETCH(QString, family);
    json config = configOf(type.toStdString(), classes.toStdString());
    if (family.startsWith("gemma")) {
        config.erase("hidden_act");
        config["hidden_activation"] = "gelu_pytorch_tanh";
    }
    QCOMPARE(QString::fromStdString(read(config).family), family);
    // Every family knows its tensors' sizes: none is left at the width by mistake.
    for (const ExpectedTensor& tensor : expectedTensors(read(config)))
        QVERIFY2(tensor.kind.empty() || tensor.shape.size() == 2, tensor.name.c_str());
    if (family == "gemma3")
        return;   // its class names are the multimodal model's too
    config.erase("model_type");
    QCOMPARE(QString::fromStdString(read(config).family), family);
}

void TestFamilyConfigs::mistralHasAWindowUnlessNull()
{
    json config = configOf("mistral", "Mistral");
    QCOMPARE(read(config).slidingWindow, int64_t(4096));
    QVERIFY(read(config).windowed.empty());   // every layer has it
    config["sliding_window"] = nullptr;
    QCOMPARE(read(config).slidingWindow, int64_t(0));
    config["sliding_window"] = 32;
    config["head_dim"] = 6;   // Nemo: heads * head_dim is not the width
    QCOMPARE(read(config).slidingWindow, int64_t(32));
    QCOMPARE(find(expectedTensors(read(config)), "model.layers.0.self_attn.o_proj.weight")->shape, (std::vector<int64_t>{8, 12}));
}

void TestFamilyConfigs::qwenWindows_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<int>("window");
    QTest::addColumn<QString>("layers");
    const auto row = [](const char* change, int window, const char* layers) { QTest::newRow(change) << change << window << layers; };
    row(R"({"use_sliding_window": false, "sliding_window": 8, "max_window_layers": 1})", 0, "");
    row(R"({"sliding_window": 8, "max_window_layers": 1})", 0, "");
    row(R"({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1})", 8, "01");
    row(R"({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 0})", 8, "11");
    row(R"({"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 2})", 0, "");
    row(R"({"use_sliding_window": true, "sliding_window": 8})", 0, "");
    row(R"({"use_sliding_window": true, "sliding_window": null, "max_window_layers": 0})", 0, "");
    row(R"({"use_sliding_window": true, "max_window_layers": 0})", 4096, "11");
    row(R"({"use_sliding_window": true, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]})", 8, "10");
    row(R"({"use_sliding_window": false, "sliding_window": null, "layer_types": ["full_attention", "full_attention"]})", 0, "");
}

void TestFamilyConfigs::qwenWindows()
{
    QFETCH(QString, change);
    QFETCH(int, window);
    QFETCH(QString, layers);
    for (const char* type : {"qwen2", "qwen3"}) {
        const ModelConfig config = read(configOf(type, type[4] == '2' ? "Qwen2" : "Qwen3", json::parse(change.toStdString())));
        QCOMPARE(config.slidingWindow, int64_t(window));
        QString windowed;
        for (const bool has : config.windowed)
            windowed += has ? '1' : '0';
        QCOMPARE(windowed, layers);
        QVERIFY2(config.notes.empty(), allNotes(config).c_str());
    }
}

void TestFamilyConfigs::qwen2HasBiasesOfThree()
{
    const ModelConfig config = read(configOf("qwen2", "Qwen2"));
    const auto tensors = expectedTensors(config);
    for (const char* name : {"q_proj", "k_proj", "v_proj"}) {
        const ExpectedTensor* bias = find(tensors, std::string("model.layers.1.self_attn.") + name + ".bias");
        QVERIFY(bias != nullptr && bias->required && bias->transform == RowTransform::none);
    }
    QVERIFY(!find(tensors, "model.layers.1.self_attn.o_proj.bias")->required);
}

void TestFamilyConfigs::qwen3HasWideHeads()
{
    const ModelConfig config = read(configOf("qwen3", "Qwen3"));
    QCOMPARE(config.headDim, int64_t(128));
    QVERIFY(config.queryKeyNorm && !config.attentionBias);
    const auto tensors = expectedTensors(config);
    QCOMPARE(find(tensors, "model.layers.0.self_attn.q_norm.weight")->shape, std::vector<int64_t>{128});
    QCOMPARE(find(tensors, "model.layers.0.self_attn.k_norm.weight")->gguf, std::string("blk.0.attn_k_norm.weight"));
    QCOMPARE(find(tensors, "model.layers.0.self_attn.q_proj.weight")->shape, (std::vector<int64_t>{256, 8}));
}

void TestFamilyConfigs::gemmaSaysGeluAndMeansTanh()
{
    for (const json& change : {json{{"hidden_act", "gelu"}}, json{{"hidden_act", "gelu"}, {"hidden_activation", nullptr}},
             json{{"hidden_act", "gelu"}, {"hidden_activation", "gelu_pytorch_tanh"}}, json{{"hidden_act", "gelu_pytorch_tanh"}}}) {
        json config = configOf("gemma", "Gemma", change);
        config.erase("tie_word_embeddings");   // the class says so where the file does not
        const ModelConfig gemma = read(config);
        QCOMPARE(gemma.activation, std::string("gelu_tanh"));
        QVERIFY(gemma.tiedEmbeddings && gemma.normAddsOne && !gemma.sandwichNorms);
        QCOMPARE(gemma.headDim, int64_t(256));
        QCOMPARE(gemma.embeddingScale, std::sqrt(8.0));
        QCOMPARE(find(expectedTensors(gemma), "model.norm.weight")->transform, RowTransform::plusOne);
        QVERIFY2(gemma.notes.empty(), allNotes(gemma).c_str());
    }
}

void TestFamilyConfigs::gemma3InBothDialects_data()
{
    QTest::addColumn<QString>("rope");
    QTest::addColumn<double>("theta");
    QTest::addColumn<double>("local");
    QTest::addColumn<double>("factor");
    const auto row = [](const char* rope, double theta, double local, double factor) {
        QTest::newRow(rope) << rope << theta << local << factor;
    };
    row(R"({})", 1e6, 1e4, 1);
    row(R"({"rope_theta": 1000000, "rope_local_base_freq": 10000, "rope_scaling": {"rope_type": "linear", "factor": 8.0}})", 1e6, 1e4, 8);
    row(R"({"rope_theta": 5e5, "rope_local_base_freq": 2e4, "rope_scaling": null})", 5e5, 2e4, 1);
    row(R"({"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5e5},
        "sliding_attention": {"rope_type": "default", "rope_theta": 2e4}}})", 5e5, 2e4, 8);
    row(R"({"rope_parameters": {"full_attention": {"rope_type": "default"}, "sliding_attention": null}})", 1e6, 1e4, 1);
}

void TestFamilyConfigs::gemma3InBothDialects()
{
    QFETCH(QString, rope);
    QFETCH(double, theta);
    QFETCH(double, local);
    QFETCH(double, factor);
    json config = configOf("gemma3_text", "Gemma3", {{"hidden_activation", "gelu_pytorch_tanh"}});
    config.erase("rope_theta");
    config.update(json::parse(rope.toStdString()));
    const ModelConfig gemma = read(config);
    QCOMPARE(gemma.ropeTheta, theta);
    QCOMPARE(gemma.localRopeTheta, local);
    QCOMPARE(gemma.rope.factor, factor);
    QCOMPARE(gemma.rope.type, std::string(factor == 1 ? "default" : "linear"));
    QVERIFY2(gemma.notes.empty(), allNotes(gemma).c_str());
}

void TestFamilyConfigs::gemma3Layers()
{
    json config = configOf("gemma3_text", "Gemma3", {{"hidden_activation", "gelu_pytorch_tanh"}, {"num_hidden_layers", 13},
        {"query_pre_attn_scalar", 168}, {"final_logit_softcapping", 30.0}, {"sliding_window", 512}});
    ModelConfig gemma = read(config);
    QCOMPARE(gemma.windowed.size(), size_t(13));
    for (size_t i = 0; i < 13; ++i)
        QCOMPARE(bool(gemma.windowed[i]), i != 5 && i != 11);
    QCOMPARE(gemma.slidingWindow, int64_t(512));
    QCOMPARE(gemma.attentionScale, 1 / std::sqrt(168.0));
    QCOMPARE(gemma.logitSoftcap, 30.0);
    QVERIFY(gemma.sandwichNorms && gemma.queryKeyNorm && gemma.normAddsOne && gemma.tiedEmbeddings);
    const auto tensors = expectedTensors(gemma);
    const auto ggufOf = [&](const char* name) { return find(tensors, std::string("model.layers.12.") + name + ".weight")->gguf; };
    QCOMPARE(ggufOf("input_layernorm"), std::string("blk.12.attn_norm.weight"));
    QCOMPARE(ggufOf("post_attention_layernorm"), std::string("blk.12.post_attention_norm.weight"));
    QCOMPARE(ggufOf("pre_feedforward_layernorm"), std::string("blk.12.ffn_norm.weight"));
    QCOMPARE(ggufOf("post_feedforward_layernorm"), std::string("blk.12.post_ffw_norm.weight"));
    QCOMPARE(find(tensors, "model.layers.3.self_attn.q_norm.weight")->transform, RowTransform::plusOne);
    config["sliding_window_pattern"] = 2;
    gemma = read(config);
    QVERIFY(gemma.windowed[0] && !gemma.windowed[1] && gemma.windowed[12]);
}

void TestFamilyConfigs::mixtralNamesBothWays()
{
    json config = configOf("mixtral", "Mixtral", {{"num_local_experts", 4}, {"num_experts_per_tok", 2}, {"sliding_window", nullptr},
        {"router_aux_loss_coef", 0.02}, {"output_router_logits", false}, {"router_jitter_noise", 0.0}});
    config.erase("rope_theta");
    config.erase("rms_norm_eps");
    const ModelConfig mixtral = read(config);
    QCOMPARE(mixtral.ropeTheta, 1e6);
    QCOMPARE(mixtral.normEpsilon, 1e-5);
    QVERIFY(allNotes(mixtral).find("1e-05 was assumed") != std::string::npos);
    QCOMPARE(mixtral.experts.count, int64_t(4));
    QCOMPARE(mixtral.experts.perToken, int64_t(2));
    QVERIFY(mixtral.experts.renormalise);
    QCOMPARE(mixtral.experts.balance, 0.0);   // transformers adds it only with output_router_logits
    config["output_router_logits"] = true;
    QCOMPARE(read(config).experts.balance, 0.02);
    const auto tensors = expectedTensors(mixtral);
    const ExpectedTensor* up = find(tensors, "model.layers.1.block_sparse_moe.experts.3.w3.weight");
    QVERIFY(up != nullptr);
    QCOMPARE(up->expert, int64_t(3));
    QCOMPARE(up->kind, std::string("w3"));
    QCOMPARE(up->gguf, std::string("blk.1.ffn_up_exps.weight"));
    QCOMPARE(up->stack, std::string("model.layers.1.mlp.experts.gate_up_proj"));
    QCOMPARE(up->stackPart, 1);
    QCOMPARE(up->stackParts, 2);
    QCOMPARE(up->shape, (std::vector<int64_t>{12, 8}));
    QCOMPARE(find(tensors, "model.layers.0.block_sparse_moe.gate.weight")->shape, (std::vector<int64_t>{4, 8}));
    QVERIFY(find(tensors, "model.layers.0.mlp.gate_proj.weight") == nullptr);
    const auto aliases = familyById("mixtral").aliases("model.layers.0.block_sparse_moe.gate.weight");
    QVERIFY(std::ranges::find(aliases, "model.layers.0.mlp.gate.weight") != aliases.end());
}

void TestFamilyConfigs::deepseekLayersAndShapes()
{
    const json changes{{"n_routed_experts", 4}, {"n_shared_experts", 2}, {"num_experts_per_tok", 2}, {"moe_intermediate_size", 3},
        {"first_k_dense_replace", 1}, {"moe_layer_freq", 2}, {"num_hidden_layers", 4}, {"scoring_func", "softmax"},
        {"norm_topk_prob", false}, {"aux_loss_alpha", 0.001}, {"seq_aux", true}, {"attention_bias", false}};
    const ModelConfig deepseek = read(configOf("deepseek", "Deepseek", changes));
    QVERIFY2(deepseek.notes.empty(), allNotes(deepseek).c_str());
    const auto tensors = expectedTensors(deepseek);
    // Layer i has experts where i >= 1 and i % 2 == 0.
    for (int layer = 0; layer < 4; ++layer) {
        const std::string block = "model.layers." + std::to_string(layer) + ".mlp.";
        const bool routed = layer == 2;
        QCOMPARE(find(tensors, block + "gate.weight") != nullptr, routed);
        QCOMPARE(find(tensors, block + "experts.3.down_proj.weight") != nullptr, routed);
        QCOMPARE(find(tensors, block + "gate_proj.weight") != nullptr, !routed);
    }
    QCOMPARE(find(tensors, "model.layers.2.mlp.experts.0.gate_proj.weight")->shape, (std::vector<int64_t>{3, 8}));
    QCOMPARE(find(tensors, "model.layers.2.mlp.experts.0.down_proj.weight")->shape, (std::vector<int64_t>{8, 3}));
    QCOMPARE(find(tensors, "model.layers.2.mlp.shared_experts.up_proj.weight")->shape, (std::vector<int64_t>{6, 8}));
    QCOMPARE(find(tensors, "model.layers.2.mlp.shared_experts.up_proj.weight")->gguf, std::string("blk.2.ffn_up_shexp.weight"));
    QCOMPARE(find(tensors, "model.layers.0.self_attn.q_proj.weight")->transform, RowTransform::ropeQuery);
    QVERIFY(!deepseek.experts.renormalise && deepseek.experts.balancePerSequence);
    // Without experts it is a Llama.
    QCOMPARE(read(configOf("deepseek", "Deepseek", {{"n_routed_experts", nullptr}})).experts.count, int64_t(0));
}

void TestFamilyConfigs::deepseekRoutersLoss()
{
    json changes{{"n_routed_experts", 4}, {"num_experts_per_tok", 2}, {"moe_intermediate_size", 3}};
    QCOMPARE(read(configOf("deepseek", "Deepseek", changes)).experts.balance, 0.001);
    changes["aux_loss_alpha"] = 0.0;
    QCOMPARE(read(configOf("deepseek", "Deepseek", changes)).experts.balance, 0.0);
    changes["aux_loss_alpha"] = 0.01;
    changes["seq_aux"] = false;
    const ModelConfig whole = read(configOf("deepseek", "Deepseek", changes));
    QCOMPARE(whole.experts.balance, 0.0);
    QVERIFY(allNotes(whole).find("seq_aux") != std::string::npos);
}

void TestFamilyConfigs::classifiersBringTheirLabels()
{
    json config = tinyConfig();
    config["architectures"] = {"LlamaForSequenceClassification"};
    config["tie_word_embeddings"] = false;
    config["id2label"] = {{"0", "bad"}, {"1", "good"}, {"2", "neither"}};
    std::vector<TinyTensor> tensors = tinyTensors();
    tensors.push_back({"score.weight", "", {3, 8}});
    writeModel(m_path, config, tensors);
    const ModelSource source = openModelSource(m_path.string());
    QCOMPARE(source.config.labels, (std::vector<std::string>{"bad", "good", "neither"}));
    QCOMPARE(source.config.labelHead.out, std::string("score"));
    QVERIFY(source.config.labelHead.atEnd && !source.config.labelHead.outBias);
    QVERIFY(source.tensors.contains("score.weight") && !source.tensors.contains("lm_head.weight"));
    QVERIFY2(source.config.notes.empty(), allNotes(source.config).c_str());
    config.erase("id2label");
    config["num_labels"] = 3;
    QCOMPARE(read(config).labels.back(), std::string("LABEL_2"));
    config["id2label"] = {{"0", "bad"}, {"2", "good"}};
    requireRejection([&] { (void)read(config); }, Code::config, "/id2label/1: nothing");
}

void TestFamilyConfigs::bareBodiesNeedNoHead()
{
    json config = tinyConfig();
    config["architectures"] = {"LlamaModel"};
    config["tie_word_embeddings"] = false;
    std::vector<TinyTensor> tensors = tinyTensors();
    for (TinyTensor& tensor : tensors)
        tensor.name = tensor.name.substr(6);
    writeModel(m_path, config, tensors);
    const ModelSource source = openModelSource(m_path.string());
    QCOMPARE(source.tensors.at("model.layers.1.mlp.up_proj.weight").name, std::string("layers.1.mlp.up_proj.weight"));
    QVERIFY(source.config.labels.empty());
    QVERIFY2(source.config.notes.empty(), allNotes(source.config).c_str());
}

void TestFamilyConfigs::expertsCountInTheSize()
{
    const json huge{{"num_local_experts", 4096}, {"intermediate_size", 65536}, {"hidden_size", 65536}, {"num_hidden_layers", 256}};
    requireRejection([&] { (void)read(configOf("mixtral", "Mixtral", huge)); }, Code::limit,
        "256 layers of width 65536 with 4096 experts, about \\d+ GiB");
}

void TestFamilyConfigs::refusals_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("change");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* type, const char* change, Code code, const char* pattern) {
        QTest::addRow("%s %s", type, change) << type << change << int(code) << pattern;
    };
    row("gemma2", "{}", Code::unsupported, "gemma2\" \\(soft caps");
    row("deepseek_v2", "{}", Code::unsupported, "deepseek_v2\" \\(multi-head latent attention");
    row("qwen3_moe", "{}", Code::unsupported, "qwen3_moe\" \\(experts beside normalised heads");
    row("gemma3", R"({"text_config": {}})", Code::unsupported, "pictures and text.*gemma3_text");
    row("llama", R"({"architectures": ["LlamaForTokenClassification"]})", Code::unsupported,
        "/architectures.*LlamaForCausalLM, LlamaForSequenceClassification or LlamaModel");
    row("mistral", R"({"sliding_window": 0})", Code::config, "/sliding_window: 0");
    row("mistral", R"({"rope_scaling": {"type": "yarn", "factor": 4}})", Code::unsupported, "/rope_scaling/type.*yarn");
    row("mistral", R"({"hidden_act": "gelu"})", Code::unsupported, "/hidden_act");
    row("mistral", R"({"num_key_value_heads": 3})", Code::config, "/num_key_value_heads: 3");
    row("qwen2", R"({"layer_types": ["full_attention"]})", Code::config, "/layer_types: 1 entries");
    row("qwen2", R"({"layer_types": ["full_attention", "linear_attention"]})", Code::unsupported, "/layer_types/1.*linear_attention");
    row("qwen2", R"({"layer_types": ["full_attention", "sliding_attention"]})", Code::config, "/layer_types: windowed layers");
    row("qwen2", R"({"use_sliding_window": true, "sliding_window": -3, "max_window_layers": 0})", Code::config, "/sliding_window: -3");
    row("qwen3", R"({"head_dim": 7})", Code::config, "/head_dim: heads of width 7");
    row("gemma", R"({"hidden_act": "silu"})", Code::unsupported, "/hidden_act");
    row("gemma", R"({"hidden_act": "gelu", "hidden_activation": "relu"})", Code::unsupported, "/hidden_activation");
    row("gemma", R"({"hidden_act": "gelu", "use_bidirectional_attention": true})", Code::unsupported, "/use_bidirectional_attention");
    row("gemma3_text", R"({"rope_parameters": {"rope_type": "default"}})", Code::config, "/rope_parameters");
    row("gemma3_text", R"({"rope_parameters": {"full_attention": {"rope_type": "yarn", "factor": 2}}})", Code::unsupported,
        "/rope_parameters/full_attention/rope_type.*yarn");
    row("gemma3_text", R"({"rope_parameters": {"sliding_attention": {"rope_type": "linear", "factor": 2}}})", Code::unsupported,
        "/rope_parameters/sliding_attention/rope_type: linear");
    row("gemma3_text", R"({"query_pre_attn_scalar": 0})", Code::config, "/query_pre_attn_scalar: 0");
    row("gemma3_text", R"({"sliding_window_pattern": 0})", Code::config, "/sliding_window_pattern: 0");
    row("gemma3_text", R"({"num_hidden_layers": 2000000000})", Code::limit, "2000000000 layers");
    row("mixtral", R"({"num_local_experts": 0})", Code::config, "/num_local_experts: 0");
    row("mixtral", R"({"num_local_experts": 4, "num_experts_per_tok": 5})", Code::config, "/num_experts_per_tok: 5");
    row("mixtral", R"({"router_aux_loss_coef": -1})", Code::config, "/router_aux_loss_coef: -1");
    row("deepseek", R"({"n_routed_experts": 4})", Code::config, "/num_experts_per_tok: nothing");
    row("deepseek", R"({"n_routed_experts": 4, "num_experts_per_tok": 2, "scoring_func": "sigmoid"})", Code::unsupported,
        "/scoring_func: sigmoid");
    row("deepseek", R"({"kv_lora_rank": 512})", Code::unsupported, "/kv_lora_rank: multi-head latent attention");
}

void TestFamilyConfigs::refusals()
{
    QFETCH(QString, type);
    QFETCH(QString, change);
    QFETCH(int, code);
    QFETCH(QString, pattern);
    json config = tinyConfig();
    config["model_type"] = type.toStdString();
    config["architectures"] = {"SomeForCausalLM"};
    if (type == "gemma3_text")
        config["hidden_activation"] = "gelu_pytorch_tanh";
    config.update(json::parse(change.toStdString()));
    requireRejection([&] { (void)read(config); }, Code(code), pattern);
}

void TestFamilyConfigs::ggufFamilies_data()
{
    QTest::addColumn<int>("window");
    QTest::addColumn<QString>("family");
    QTest::newRow("without a window") << 0 << "llama";
    QTest::newRow("with a window") << 32 << "mistral";
}

void TestFamilyConfigs::ggufFamilies()
{
    QFETCH(int, window);
    QFETCH(QString, family);
    GgufOptions options;
    if (window > 0)
        options.numbers["attention.sliding_window"] = uint32_t(window);
    writeGguf(m_path / "tiny.gguf", options);
    const ModelSource source = openModelSource((m_path / "tiny.gguf").string());
    QCOMPARE(QString::fromStdString(source.config.family), family);
    QCOMPARE(source.config.slidingWindow, int64_t(window));
    QCOMPARE(source.config.labelHead.out, std::string("score"));
}

void TestFamilyConfigs::ggufExperts()
{
    GgufOptions options;
    options.numbers["expert_count"] = 4;
    const auto open = [&] { (void)openModelSource((m_path / "tiny.gguf").string()); };
    writeGguf(m_path / "tiny.gguf", options);
    requireRejection(open, Code::config, "llama.expert_used_count");
    options.numbers["expert_used_count"] = 5;
    writeGguf(m_path / "tiny.gguf", options);
    requireRejection(open, Code::config, "llama.expert_used_count: 5");
    options.numbers["expert_used_count"] = 2;
    writeGguf(m_path / "tiny.gguf", options);
    requireRejection(open, Code::mismatch, "blk.0.ffn_gate_inp.weight: missing");
    for (const char* layer : {"blk.0.", "blk.1."}) {
        options.more.push_back({"", layer + std::string("ffn_gate_inp.weight"), {4, 8}});
        options.more.push_back({"", layer + std::string("ffn_gate_exps.weight"), {4, 12, 8}});
        options.more.push_back({"", layer + std::string("ffn_up_exps.weight"), {4, 12, 8}});
        options.more.push_back({"", layer + std::string("ffn_down_exps.weight"), {4, 8, 12}});
    }
    writeGguf(m_path / "tiny.gguf", options);
    const ModelSource source = openModelSource((m_path / "tiny.gguf").string());
    QCOMPARE(source.config.family, std::string("mixtral"));
    const TensorEntry& second = source.tensors.at("model.layers.0.block_sparse_moe.experts.1.w2.weight");
    const TensorEntry& first = source.tensors.at("model.layers.0.block_sparse_moe.experts.0.w2.weight");
    QCOMPARE(second.shape, (std::vector<int64_t>{8, 12}));
    QCOMPARE(second.offset, first.offset + 8 * 12 * 4);
}

QTEST_GUILESS_MAIN(TestFamilyConfigs)
#include "tst_family_configs.moc"
