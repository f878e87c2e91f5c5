// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// config.json and GGUF metadata to a model's numbers and table of tensors; the catalogue of wrong ones (TK01-TK07,
// GG22, GG24).
#include "tests/formats/model_files.h"
#include "tests/support/test_data.h"
#include "training/models/loading_limit.h"
#include "training/models/model_source.h"

#include <QTemporaryDir>
#include <QtTest/QtTest>

#include <cmath>
#include <limits>

using namespace rankwright;
using nlohmann::json;
namespace fs = std::filesystem;

class TestModelSource : public QObject
{
    Q_OBJECT
private slots:
    void init();
    void readsAFolder();
    void readsBothDialects_data();
    void readsBothDialects();
    void assumedDefaultsAreStated();
    void mistralHasAWindowUnlessNull();
    void ropeFrequenciesMatchTheReference();
    void refusesConfigs_data();
    void refusesConfigs();
    void refusesDeepJson();
    void refusesWeightsThatDoNotFit();
    void toleratesExtraTensors();
    void untiedHeadIsRequired();
    void findsExpertsInStacks();
    void findsExpertsInStacksOfGguf();
    void refusesStacksThatDoNotFit();
    void takesOtherNames();
    void normsOfGemmaHaveOneMore();
    void refusesWhatDoesNotFitIntoMemory();
    void readsGguf();
    void ropeDivisorsOfGgufCount();
    void refusesGgufs_data();
    void refusesGgufs();
    void readsStories();
    void readsTheDefaultModel();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    fs::path m_path;
};

void TestModelSource::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_path = fs::path(m_folder->path().toStdString());
}

void TestModelSource::readsAFolder()
{
    writeModel(m_path / "tiny", tinyConfig());
    const ModelSource source = openModelSource((m_path / "tiny").string());
    QCOMPARE(source.config.family, "llama");
    QCOMPARE(source.config.architecture, "LlamaForCausalLM");
    QCOMPARE(source.config.headDim, int64_t(4));
    QCOMPARE(source.config.kvHeads, int64_t(1));
    QCOMPARE(source.config.normEpsilon, 1e-5);
    QVERIFY(source.config.tiedEmbeddings);
    QCOMPARE(source.config.bosIds, std::vector<int64_t>{1});
    QCOMPARE(source.config.eosIds, (std::vector<int64_t>{2, 3}));
    QVERIFY(source.config.notes.empty());
    QCOMPARE(source.tensors.size(), size_t(20));
    QVERIFY(source.transforms.empty());
    QVERIFY(!source.gguf);
    QCOMPARE(source.tensors.at("model.layers.1.mlp.down_proj.weight").shape, (std::vector<int64_t>{8, 12}));

    const ModelInfo info = inspectModel((m_path / "tiny").string());
    QCOMPARE(info.modules.size(), size_t(14));
    QCOMPARE(info.modules.front().name, "model.layers.0.self_attn.q_proj");
    QCOMPARE(info.modules.front().kind, "q_proj");
    QCOMPARE(info.modules.back().name, "model.layers.1.mlp.down_proj");
    QCOMPARE(info.modules.back().rows, int64_t(8));
    QCOMPARE(info.modules.back().cols, int64_t(12));
    QCOMPARE(info.modules.back().layer, int64_t(1));
    QCOMPARE(info.parameters, int64_t(128 + 8 + 2 * (16 + 64 + 32 + 32 + 64 + 96 * 3)));
    QCOMPARE(info.bytes, info.parameters * 4);
    QCOMPARE(info.adaptable, int64_t(2 * (64 + 32 + 32 + 64 + 96 * 3)));
    QCOMPARE(info.source, "folder");
    QCOMPARE(info.format, "safetensors");
    QCOMPARE(info.name, "tiny");
    QVERIFY(!info.quantised && info.usable);
    QCOMPARE(info.dtypes.at("F32"), int64_t(20));
}

void TestModelSource::readsBothDialects_data()
{
    QTest::addColumn<QString>("rope");
    QTest::addColumn<QString>("type");
    QTest::addColumn<double>("theta");
    QTest::addColumn<double>("factor");
    const auto row = [](const char* name, const char* rope, const char* type, double theta, double factor) {
        QTest::newRow(name) << rope << type << theta << factor;
    };
    row("old, none", R"({"rope_theta": 5e5, "rope_scaling": null})", "default", 5e5, 1);
    row("old, linear", R"({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2}})", "linear", 5e5, 2);
    row("old, llama3", R"({"rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}})", "llama3",
        5e5, 8);
    row("new, none", R"({"rope_parameters": {"rope_type": "default", "rope_theta": 1e5}})", "default", 1e5, 1);
    row("new, linear", R"({"rope_parameters": {"rope_type": "linear", "rope_theta": 1e5, "factor": 4}})", "linear",
        1e5, 4);
    row("new wins", R"({"rope_theta": 1, "rope_parameters": {"rope_theta": 1e5}})", "default", 1e5, 1);
}

void TestModelSource::readsBothDialects()
{
    QFETCH(QString, rope);
    QFETCH(QString, type);
    QFETCH(double, theta);
    QFETCH(double, factor);
    json config = tinyConfig();
    config.erase("rope_theta");
    config.update(json::parse(rope.toStdString()));
    config[rope.contains("rope_parameters") ? "dtype" : "torch_dtype"] = "bfloat16";
    writeModel(m_path, config);
    const ModelConfig read = readHfConfig(m_path);
    QCOMPARE(QString::fromStdString(read.rope.type), type);
    QCOMPARE(read.ropeTheta, theta);
    QCOMPARE(read.rope.factor, factor);
    QVERIFY(read.notes.empty());
}

void TestModelSource::assumedDefaultsAreStated()
{
    json config = tinyConfig();
    config.erase("rope_theta");
    config.erase("rms_norm_eps");
    config.erase("num_key_value_heads");
    config.erase("tie_word_embeddings");
    config["rotary_pct"] = 0.5;
    config["auto_map"] = {{"AutoModel", "modeling.Model"}};
    writeModel(m_path, config);
    const ModelConfig read = readHfConfig(m_path);
    QCOMPARE(read.ropeTheta, 10000.0);
    QCOMPARE(read.normEpsilon, 1e-6);
    QCOMPARE(read.kvHeads, int64_t(2));
    QVERIFY(!read.tiedEmbeddings);
    std::string notes;
    for (const std::string& note : read.notes)
        notes += note + "\n";
    for (const char* part : {"rope_theta is missing; 10000", "rms_norm_eps is missing; 1e-06", "rotary_pct",
             "remote code is never run"})
        QVERIFY2(notes.find(part) != std::string::npos, notes.c_str());
}

void TestModelSource::mistralHasAWindowUnlessNull()
{
    json config = tinyConfig();
    config["model_type"] = "mistral";
    config["architectures"] = {"MistralForCausalLM"};
    writeModel(m_path, config);
    QCOMPARE(readHfConfig(m_path).slidingWindow, int64_t(4096));
    config["sliding_window"] = nullptr;
    writeModel(m_path, config);
    QCOMPARE(readHfConfig(m_path).slidingWindow, int64_t(0));
    config["sliding_window"] = 32;
    config["head_dim"] = 6;  // Nemo: heads * head_dim is not the width
    writeModel(m_path, config);
    QCOMPARE(readHfConfig(m_path).slidingWindow, int64_t(32));
    QCOMPARE(readHfConfig(m_path).headDim, int64_t(6));
}

void TestModelSource::ropeFrequenciesMatchTheReference()
{
    ModelConfig config;
    config.headDim = 128;
    config.ropeTheta = 5e5;
    config.rope.type = "llama3";
    config.rope.factor = 8;
    const std::vector<double> scaled = ropeFrequencies(config);
    QCOMPARE(scaled.size(), size_t(64));
    // Made with transformers 5.23, in float32.
    const std::map<size_t, double> expected{{20, .0165604}, {28, .00321145}, {29, .00216657}, {30, .00137189},
        {32, 5.24846e-4}, {36, 7.78466e-5}, {63, 3.06893e-7}};
    for (const auto& [i, value] : expected)
        QVERIFY2(std::abs(scaled[i] / value - 1) < 1e-5, std::to_string(scaled[i]).c_str());
    config.rope = {};
    QCOMPARE(ropeFrequencies(config)[0], 1.0);
    QVERIFY(std::abs(ropeFrequencies(config)[32] / std::pow(5e5, -0.5) - 1) < 1e-14);
    config.rope.type = "linear";
    config.rope.factor = 4;
    QCOMPARE(ropeFrequencies(config)[0], 0.25);
}

void TestModelSource::refusesConfigs_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* change, Code code, const char* pattern) {
        QTest::newRow(change) << change << int(code) << pattern;
    };
    row(R"({"hidden_size": "4096"})", Code::config, "/hidden_size: \"4096\"");
    row(R"({"hidden_size": -1})", Code::config, "/hidden_size: -1");
    row(R"({"hidden_size": 0})", Code::config, "/hidden_size: 0");
    row(R"({"hidden_size": 1e18})", Code::config, "/hidden_size");
    row(R"({"hidden_size": 1000000000000000000})", Code::config, "/hidden_size: 1000000000000000000");
    row(R"({"hidden_size": 18446744073709551615})", Code::config, "/hidden_size");
    row(R"({"hidden_size": 3.5})", Code::config, "/hidden_size: 3.5");
    row(R"({"hidden_size": null})", Code::config, "/hidden_size: nothing");
    row(R"({"hidden_size": 9})", Code::config, "/num_attention_heads");
    row(R"({"hidden_size": 6})", Code::config, "even width");
    row(R"({"num_hidden_layers": 1000000000})", Code::limit, "/num_hidden_layers: 1000000000 layers.*GiB");
    row(R"({"hidden_size": 1048576, "intermediate_size": 1048576, "num_hidden_layers": 4096})", Code::limit, "GiB");
    row(R"({"num_attention_heads": 0})", Code::config, "/num_attention_heads");
    row(R"({"num_key_value_heads": 4})", Code::config, "/num_key_value_heads");
    row(R"({"num_key_value_heads": 0})", Code::config, "/num_key_value_heads");
    row(R"({"vocab_size": 2147483648})", Code::config, "/vocab_size");
    row(R"({"rope_theta": 0})", Code::config, "/rope_theta");
    row(R"({"rope_theta": "1e4"})", Code::config, "/rope_theta");
    row(R"({"rms_norm_eps": -1})", Code::config, "/rms_norm_eps");
    row(R"({"tie_word_embeddings": 1})", Code::config, "/tie_word_embeddings");
    row(R"({"eos_token_id": "</s>"})", Code::config, "/eos_token_id");
    row(R"({"model_type": "gpt9"})", Code::unsupported, "gpt9.*Llama 1-3.*remote code is never run");
    row(R"({"model_type": "deepthought", "auto_map": {}})", Code::unsupported, "auto_map.*remote code is never run");
    row(R"({"model_type": 3, "architectures": []})", Code::unsupported, "no model_type");
    row(R"({"architectures": ["LlamaForTokenClassification"]})", Code::unsupported, "/architectures");
    row(R"({"hidden_act": "gelu"})", Code::unsupported, "/hidden_act");
    row(R"({"quantization_config": {"quant_method": "gptq"}})", Code::unsupported, "gptq");
    row(R"({"rope_scaling": {"type": "yarn", "factor": 4}})", Code::unsupported, "/rope_scaling/type.*yarn");
    row(R"({"rope_scaling": {"rope_type": "dynamic", "factor": 4}})", Code::unsupported, "dynamic");
    row(R"({"rope_parameters": {"rope_type": "longrope"}})", Code::unsupported, "/rope_parameters/rope_type.*longrope");
    row(R"({"rope_scaling": {"type": "linear"}})", Code::config, "/rope_scaling/factor: nothing");
    row(R"({"rope_scaling": {"type": "linear", "factor": 0}})", Code::config, "/rope_scaling/factor");
    row(R"({"rope_scaling": 3})", Code::config, "/rope_scaling");
    row(R"({"rope_parameters": {"full_attention": {}}})", Code::unsupported, "full_attention");
    row(R"({"partial_rotary_factor": 0.5})", Code::unsupported, "/partial_rotary_factor");
    row(R"({"rope_interleaved": true})", Code::unsupported, "/rope_interleaved");
}

void TestModelSource::refusesConfigs()
{
    QFETCH(QString, change);
    QFETCH(int, code);
    QFETCH(QString, pattern);
    json config = tinyConfig();
    config.update(json::parse(change.toStdString()));
    writeModel(m_path, config);
    requireRejection([&] { (void)openModelSource(m_path.string()); }, Code(code), pattern);
}

void TestModelSource::refusesDeepJson()
{
    writeModel(m_path, tinyConfig());
    writeBytes(m_path / "config.json", std::string(100'000, '['));
    requireRejection([&] { (void)openModelSource(m_path.string()); }, Code::limit, "nested deeper than 64");
}

void TestModelSource::refusesWeightsThatDoNotFit()
{
    const auto open = [this] { (void)openModelSource(m_path.string()); };
    writeModel(m_path, tinyConfig(), tinyTensors(1));
    requireRejection(open, Code::mismatch, "model.layers.1.input_layernorm.weight: missing, with 8 more");

    json config = tinyConfig();
    config["vocab_size"] = 17;
    writeModel(m_path, config);
    requireRejection(open, Code::mismatch, "embed_tokens.*16 rows for a vocabulary of 17");

    std::vector<TinyTensor> tensors = tinyTensors();
    tensors[4].shape = {4, 8};
    writeModel(m_path, tinyConfig(), tensors);
    requireRejection(open, Code::mismatch, R"(q_proj.*\[4, 8\].*\[8, 8\])");

    writeModel(m_path, tinyConfig());
    writeTensors(m_path / "model.safetensors", tinyTensors(), "I64");
    requireRejection(open, Code::unsupported, "embed_tokens.*I64.*F32, F16, BF16");
}

void TestModelSource::toleratesExtraTensors()
{
    std::vector<TinyTensor> tensors = tinyTensors();
    tensors.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", "", {2}});
    tensors.push_back({"lm_head.weight", "", {16, 8}});  // a copy of the tied embedding
    writeModel(m_path, tinyConfig(), tensors);
    QVERIFY(openModelSource(m_path.string()).config.notes.empty());
    tensors.push_back({"model.extra.weight", "", {2}});
    writeModel(m_path, tinyConfig(), tensors);
    const ModelSource source = openModelSource(m_path.string());
    QCOMPARE(source.tensors.size(), size_t(20));
    QCOMPARE(source.config.notes,
        std::vector<std::string>{"tensors of the file that are not used: 1, the first is model.extra.weight"});
}

void TestModelSource::untiedHeadIsRequired()
{
    json config = tinyConfig();
    config["tie_word_embeddings"] = false;
    writeModel(m_path, config);
    requireRejection([&] { (void)openModelSource(m_path.string()); }, Code::mismatch, "lm_head.weight: missing");
    std::vector<TinyTensor> tensors = tinyTensors();
    tensors.push_back({"lm_head.weight", "", {16, 8}});
    writeModel(m_path, config, tensors);
    QVERIFY(openModelSource(m_path.string()).tensors.contains("lm_head.weight"));
}

void TestModelSource::readsGguf()
{
    GgufOptions options;
    options.texts = {{"general.name", "A tiny one"}, {"general.license", "mit"}};
    writeGguf(m_path / "tiny.gguf", options);
    const ModelSource source = openModelSource((m_path / "tiny.gguf").string());
    QVERIFY(source.gguf.has_value());
    QVERIFY(source.config.tiedEmbeddings);
    QCOMPARE(source.config.normEpsilon, 1e-5);  // not the float's 9.99999975e-06
    QCOMPARE(source.config.headDim, int64_t(4));
    QCOMPARE(source.tensors.size(), size_t(20));
    QCOMPARE(source.transforms.size(), size_t(4));
    QCOMPARE(source.transforms.at("model.layers.0.self_attn.q_proj.weight"), RowTransform::ropeQuery);
    QCOMPARE(source.transforms.at("model.layers.1.self_attn.k_proj.weight"), RowTransform::ropeKey);
    QCOMPARE(source.tensors.at("model.layers.0.mlp.up_proj.weight").name, "blk.0.ffn_up.weight");

    options.more = {{"", "output.weight", {16, 8}}};
    options.numbers.erase("vocab_size");
    options.numbers.erase("attention.head_count_kv");
    writeGguf(m_path / "untied.gguf", options);
    // Without head_count_kv there are as many key heads as query heads, which these tensors are not made for.
    const auto open = [this] { (void)openModelSource((m_path / "untied.gguf").string()); };
    requireRejection(open, Code::mismatch, "attn_k.weight");
    options.numbers["attention.head_count_kv"] = 1;
    writeGguf(m_path / "untied.gguf", options);
    const ModelSource untied = openModelSource((m_path / "untied.gguf").string());
    QVERIFY(!untied.config.tiedEmbeddings);
    QCOMPARE(untied.config.vocabSize, int64_t(16));
    QVERIFY(untied.tensors.contains("lm_head.weight"));

    const ModelInfo info = inspectModel((m_path / "tiny.gguf").string());
    QCOMPARE(info.name, "A tiny one");
    QCOMPARE(info.license, "mit");
    QCOMPARE(info.source, "GGUF file");
    QCOMPARE(info.format, "gguf");
    QVERIFY(!info.problem.empty());  // it has no tokenizer, and says so
    QVERIFY(info.usable);
}

void TestModelSource::ropeDivisorsOfGgufCount()
{
    GgufOptions options;
    options.divisors = {1, 1};
    writeGguf(m_path / "ones.gguf", options);
    QCOMPARE(openModelSource((m_path / "ones.gguf").string()).config.rope.type, "default");
    options.divisors = {1, 8};
    writeGguf(m_path / "llama3.gguf", options);
    const ModelSource source = openModelSource((m_path / "llama3.gguf").string());
    QCOMPARE(source.config.rope.type, "divisors");
    QVERIFY(source.config.notes.empty());
    const std::vector<double> frequencies = ropeFrequencies(source.config);
    QCOMPARE(frequencies, (std::vector<double>{1, std::pow(10000, -0.5) / 8}));
    options.divisors = {1, 0};
    writeGguf(m_path / "zero.gguf", options);
    requireRejection([&] { (void)openModelSource((m_path / "zero.gguf").string()); }, Code::config, "rope_freqs");
    options.divisors = {1, 2, 3};
    writeGguf(m_path / "three.gguf", options);
    requireRejection([&] { (void)openModelSource((m_path / "three.gguf").string()); }, Code::mismatch, "rope_freqs");
}

void TestModelSource::refusesGgufs_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<double>("value");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* key, double value, Code code, const char* pattern) {
        QTest::addRow("%s %g", key, value) << key << value << int(code) << pattern;
    };
    row("attention.head_count", 0, Code::config, "attention.head_count: 0");
    row("attention.head_count_kv", 0, Code::config, "attention.head_count_kv: 0");
    row("attention.head_count_kv", 3, Code::config, "attention.head_count_kv: 3");
    row("attention.head_count", 3, Code::config, "attention.head_count: 3 heads");
    row("embedding_length", 0, Code::config, "embedding_length: 0");
    row("block_count", 1e9, Code::limit, "block_count: 1000000000 layers");
    row("block_count", 3, Code::mismatch, "blk.2.attn_norm.weight: missing");
    row("rope.dimension_count", 0, Code::config, "rope.dimension_count: 0");
    row("rope.dimension_count", 2, Code::unsupported, "rope.dimension_count: 2");
    row("rope.freq_base", 0, Code::config, "rope.freq_base");
    row("rope.freq_base", std::numeric_limits<double>::quiet_NaN(), Code::config, "rope.freq_base");
    row("vocab_size", 15, Code::mismatch, "16 rows for a vocabulary of 15");
    row("expert_count", 8, Code::config, "llama.expert_used_count");
    row("attention.value_length", 8, Code::unsupported, "attention.value_length");
    row("no feed_forward_length", 0, Code::config, "feed_forward_length");
    row("yarn", 0, Code::unsupported, "rope.scaling.type: yarn");
    row("adapter", 0, Code::unsupported, "general.type: adapter");
    row("architecture", 0, Code::unsupported, "\"mamba\".*Llama 1-3");
}

void TestModelSource::refusesGgufs()
{
    QFETCH(QString, key);
    QFETCH(double, value);
    QFETCH(int, code);
    QFETCH(QString, pattern);
    GgufOptions options;
    if (key == "rope.freq_base")
        options.floats["rope.freq_base"] = float(value);
    else if (key.startsWith("no "))
        options.numbers.erase(key.mid(3).toStdString());
    else if (key == "yarn")
        options.texts["llama.rope.scaling.type"] = "yarn";
    else if (key == "adapter")
        options.texts["general.type"] = "adapter";
    else if (key == "architecture")
        options.architecture = "mamba";
    else
        options.numbers[key.toStdString()] = uint32_t(value);
    writeGguf(m_path / "bad.gguf", options);
    requireRejection([&] { (void)openModelSource((m_path / "bad.gguf").string()); }, Code(code), pattern);
}

void TestModelSource::readsStories()
{
    if (testData().empty())
        QSKIP("shared/data is not here");
    for (const char* folder : {"hf", "hf-bf16"}) {
        const ModelInfo info = inspectModel((testData() / "stories260K" / folder).string());
        QCOMPARE(info.layers, int64_t(5));
        QCOMPARE(info.parameters, int64_t(260032));
        QCOMPARE(info.adaptable, int64_t(5 * (64 * 64 * 2 + 32 * 64 * 2 + 172 * 64 * 3)));
        QCOMPARE(info.tokenizer, "SentencePiece BPE");
        QVERIFY(info.problem.empty());
    }
    QCOMPARE(openModelSource((testData() / "models" / "bert-tiny-splade").string()).config.form, "encoder");
}

void TestModelSource::readsTheDefaultModel()
{
    if (defaultModel().empty())
        QSKIP("the default model was not fetched");
    const ModelInfo info = inspectModel("default");
    QCOMPARE(info.parameters, int64_t(134515008));
    QCOMPARE(info.layers, int64_t(30));
    QCOMPARE(info.modules.size(), size_t(210));
    QCOMPARE(info.heads, int64_t(9));
    QCOMPARE(info.kvHeads, int64_t(3));
    QCOMPARE(info.license, "apache-2.0");
    QCOMPARE(info.tokenizer, "byte-level BPE");
    QVERIFY(info.chatTemplate && info.quantised && info.tiedEmbeddings && info.problem.empty());
    const ModelSource source = openModelSource("default");
    QCOMPARE(source.config.ropeTheta, 100000.0);
    QCOMPARE(source.config.normEpsilon, 1e-5);
    QCOMPARE(source.config.eosIds, std::vector<int64_t>{2});
    QCOMPARE(source.transforms.size(), size_t(60));
    QVERIFY(source.config.notes.empty());
}

namespace {

constexpr int kExperts = 3;

json mixtralConfig()
{
    json config = tinyConfig();
    config.update({{"architectures", {"MixtralForCausalLM"}}, {"model_type", "mixtral"}, {"num_local_experts", kExperts},
        {"num_experts_per_tok", 2}, {"sliding_window", nullptr}});
    return config;
}

// A Mixtral's tensors; the experts one by one, or in the stacks that transformers 5 computes with, or in GGUF's.
enum class Stored { single, stacked, gguf };
std::vector<TinyTensor> mixtralTensors(Stored how)
{
    std::vector<TinyTensor> list;
    for (const TinyTensor& tensor : tinyTensors()) {
        if (tensor.name.find(".mlp.") == std::string::npos)
            list.push_back(tensor);
    }
    const std::vector<uint64_t> inner{12, 8}, outer{8, 12};
    for (int layer = 0; layer < 2; ++layer) {
        const std::string hf = "model.layers." + std::to_string(layer) + ".", gguf = "blk." + std::to_string(layer) + ".";
        const std::string block = hf + (how == Stored::stacked ? "mlp." : "block_sparse_moe.");
        list.push_back({block + "gate.weight", gguf + "ffn_gate_inp.weight", {kExperts, 8}});
        for (int e = 0; e < kExperts && how == Stored::single; ++e) {
            const std::string expert = block + "experts." + std::to_string(e) + ".";
            list.push_back({expert + "w1.weight", "", inner});
            list.push_back({expert + "w2.weight", "", outer});
            list.push_back({expert + "w3.weight", "", inner});
        }
        if (how == Stored::stacked) {
            list.push_back({block + "experts.gate_up_proj", "", {kExperts, 24, 8}});
            list.push_back({block + "experts.down_proj", "", {kExperts, 8, 12}});
        }
        if (how == Stored::gguf) {
            list.push_back({"", gguf + "ffn_gate_exps.weight", {kExperts, 12, 8}});
            list.push_back({"", gguf + "ffn_up_exps.weight", {kExperts, 12, 8}});
            list.push_back({"", gguf + "ffn_down_exps.weight", {kExperts, 8, 12}});
        }
    }
    return list;
}

}  // namespace

// w1 is the upper half of an expert's rows in gate_up_proj, w3 the lower.
void TestModelSource::findsExpertsInStacks()
{
    writeModel(m_path / "single", mixtralConfig(), mixtralTensors(Stored::single));
    writeModel(m_path / "stacked", mixtralConfig(), mixtralTensors(Stored::stacked));
    const ModelSource single = openModelSource((m_path / "single").string());
    const ModelSource stacked = openModelSource((m_path / "stacked").string());
    QVERIFY2(stacked.config.notes == single.config.notes, stacked.config.notes.empty() ? "" : stacked.config.notes.front().c_str());
    QCOMPARE(stacked.tensors.size(), single.tensors.size());
    for (const auto& [name, entry] : single.tensors) {
        QVERIFY2(stacked.tensors.contains(name), name.c_str());
        QCOMPARE(stacked.tensors.at(name).shape, entry.shape);
        QCOMPARE(stacked.tensors.at(name).bytes, entry.bytes);
    }
    const auto offset = [&](const char* module, int expert) {
        const auto& entry = stacked.tensors.at(
            "model.layers.1.block_sparse_moe.experts." + std::to_string(expert) + "." + module + ".weight");
        return int64_t(entry.offset);
    };
    constexpr int64_t kMatrix = 12 * 8 * 4;
    for (int e = 0; e < kExperts; ++e) {
        QCOMPARE(offset("w1", e) - offset("w1", 0), 2 * kMatrix * e);
        QCOMPARE(offset("w3", e) - offset("w1", e), kMatrix);
        QCOMPARE(offset("w2", e) - offset("w2", 0), kMatrix * e);
    }
    QCOMPARE(inspectModel((m_path / "stacked").string()).modules.size(), size_t(2 * (4 + 3 * kExperts)));
}

void TestModelSource::findsExpertsInStacksOfGguf()
{
    GgufOptions options;
    options.numbers["expert_count"] = kExperts;
    options.numbers["expert_used_count"] = 2;
    options.tensors = mixtralTensors(Stored::gguf);
    writeGguf(m_path / "moe.gguf", options);
    const ModelSource source = openModelSource((m_path / "moe.gguf").string());
    QCOMPARE(source.config.family, "mixtral");
    QCOMPARE(source.tensors.size(), size_t(2 + 2 * (2 + 4 + 1 + 3 * kExperts)));
    const auto& first = source.tensors.at("model.layers.0.block_sparse_moe.experts.0.w3.weight");
    const auto& last = source.tensors.at("model.layers.0.block_sparse_moe.experts.2.w3.weight");
    QCOMPARE(first.name, "blk.0.ffn_up_exps.weight");
    QCOMPARE(last.offset - first.offset, uint64_t(2 * 12 * 8 * 4));
    QCOMPARE(last.shape, (std::vector<int64_t>{12, 8}));
}

void TestModelSource::refusesStacksThatDoNotFit()
{
    auto tensors = mixtralTensors(Stored::stacked);
    for (TinyTensor& tensor : tensors) {
        if (tensor.name == "model.layers.1.mlp.experts.gate_up_proj")
            tensor.shape = {kExperts, 12, 8};
    }
    writeModel(m_path, mixtralConfig(), tensors);
    requireRejection([this] { (void)openModelSource(m_path.string()); }, Code::mismatch,
        R"(layers.1.mlp.experts.gate_up_proj.*\[3, 12, 8\].*\[3, 24, 8\])");
}

// A bare body's names lack "model.".
void TestModelSource::takesOtherNames()
{
    std::vector<TinyTensor> tensors = tinyTensors();
    for (TinyTensor& tensor : tensors)
        tensor.name = tensor.name.substr(std::string("model.").size());
    json config = tinyConfig();
    config["architectures"] = {"LlamaModel"};
    writeModel(m_path, config, tensors);
    const ModelSource source = openModelSource(m_path.string());
    QCOMPARE(source.tensors.size(), size_t(20));
    QCOMPARE(source.tensors.at("model.layers.1.mlp.down_proj.weight").name, "layers.1.mlp.down_proj.weight");
}

void TestModelSource::normsOfGemmaHaveOneMore()
{
    GgufOptions options;
    options.architecture = "gemma";
    options.numbers["attention.key_length"] = options.numbers["attention.value_length"] = 4;
    writeGguf(m_path / "gemma.gguf", options);
    const ModelSource source = openModelSource((m_path / "gemma.gguf").string());
    size_t norms = 0;
    for (const auto& [name, transform] : source.transforms) {
        QVERIFY2(transform == RowTransform::plusOne && name.ends_with("norm.weight"), name.c_str());
        ++norms;
    }
    QCOMPARE(norms, size_t(5));
}

void TestModelSource::refusesWhatDoesNotFitIntoMemory()
{
    writeModel(m_path, tinyConfig());
    const ModelSource source = openModelSource(m_path.string());
    constexpr int64_t kWork = 256 << 20;
    const int64_t matrices = 2 * (64 + 32 + 32 + 64 + 96 * 3), others = 128 + 8 + 2 * 16;
    const int64_t needed = 4 * (matrices + others);
    QCOMPARE(loadedBytes(source, {}), needed);
    QCOMPARE(loadedBytes(source, {.matrices = 4, .others = 16}), matrices / 2 + 2 * others);
    requireMemory(source, {}, kWork + needed);
    requireMemory(source, {}, 0);   // not known
    const auto refused = [&](const WeightBits& bits, int64_t free, const char* pattern) {
        requireRejection([&] { requireMemory(source, bits, free); }, Code::memory, pattern);
    };
    refused({}, kWork + needed - 1, "memory: .* of weights.*bfloat16 .--dtype bfloat16.*four bits");
    refused({}, kWork + needed / 2 - 1, "Use a base in four bits");
    refused({}, kWork, "Choose a smaller model");
    refused({.matrices = 4, .others = 16}, kWork, "Choose a smaller model");
}

QTEST_GUILESS_MAIN(TestModelSource)
#include "tst_model_source.moc"
