// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Llama 1-3 and what is built like it (SmolLM2, Yi, Mistral): keys of config.json, GGUF metadata, tensor names.
#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/hf_config.h"
#include "training/formats/limits.h"
#include "training/models/family.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace rankwright {

namespace {

using nlohmann::json;

constexpr int64_t kLargestWidth = 1 << 20;
constexpr int64_t kLargestCount = INT32_MAX;
constexpr double kDefaultTheta = 10000;
constexpr int64_t kMistralWindow = 4096;  // MistralConfig's default; null in the file means none

std::string modelType(const json& config)
{
    const auto type = config.find("model_type");
    return type != config.end() && type->is_string() ? type->get<std::string>() : "";
}

std::string architectureOf(const json& config)
{
    const auto list = config.find("architectures");
    if (list == config.end() || !list->is_array() || list->empty() || !list->front().is_string())
        return "";
    return list->front().get<std::string>();
}

bool matchesHf(const json& config)
{
    const std::string type = modelType(config);
    if (!type.empty())
        return type == "llama" || type == "mistral";
    const std::string architecture = architectureOf(config);
    return architecture == "LlamaForCausalLM" || architecture == "MistralForCausalLM";
}

void checkHeads(const ModelConfig& config, const std::filesystem::path& file, const std::string& headsPlace,
    const std::string& kvPlace, bool headDimIsGiven)
{
    const auto refuse = [&](const std::string& place, std::string found, std::string allowed) {
        throw Error{ErrorParts{.code = Code::config, .file = file, .place = place, .found = std::move(found),
            .allowed = std::move(allowed), .advice = "Fetch the model again, or correct this value."}};
    };
    if (config.kvHeads > config.heads || config.heads % config.kvHeads != 0)
        refuse(kvPlace, std::to_string(config.kvHeads),
            "a number that divides the " + std::to_string(config.heads) + " query heads");
    if (!headDimIsGiven && config.hiddenSize % config.heads != 0)
        refuse(headsPlace, std::to_string(config.heads) + " heads for a width of " + std::to_string(config.hiddenSize),
            "a number of heads that divides the width");
    if (config.headDim % 2 != 0)
        refuse(headsPlace, "heads of width " + std::to_string(config.headDim),
            "an even width: rotary positions turn pairs");
}

// Features of config.json that change the numbers and are not built.
void refuseHfFeatures(const json& document, HfConfig& reader)
{
    const std::string architecture = architectureOf(document);
    if (!architecture.empty() && !architecture.ends_with("ForCausalLM"))
        reader.refuseUnsupported("/architectures", architecture, "LlamaForCausalLM or MistralForCausalLM");
    if (reader.has("quantization_config")) {
        const json& settings = document.at("quantization_config");
        const bool named = settings.is_object() && settings.contains("quant_method")
            && settings.at("quant_method").is_string();
        reader.refuseUnsupported("/quantization_config",
            "weights quantised with " + (named ? settings.at("quant_method").get<std::string>() : "another program"),
            "plain float weights, or a GGUF file");
    }
    if (reader.has("auto_map"))
        reader.note("auto_map was ignored: remote code is never run");
    const std::string activation = reader.text("hidden_act", "silu");
    if (activation != "silu" && activation != "swish")
        reader.refuseUnsupported("/hidden_act", activation, "silu");
    if (reader.flag("rope_interleaved", false))
        reader.refuseUnsupported("/rope_interleaved", "true", "false");
    if (reader.number("partial_rotary_factor", 0, 1, 1.0) != 1)
        reader.refuseUnsupported("/partial_rotary_factor", document.at("partial_rotary_factor").dump(), "1");
}

ModelConfig readHf(const json& document, const std::filesystem::path& file)
{
    HfConfig reader(document, file);
    refuseHfFeatures(document, reader);
    ModelConfig config;
    config.family = "llama";
    const bool mistral = modelType(document) == "mistral" || architectureOf(document) == "MistralForCausalLM";
    config.architecture = architectureOf(document);
    if (config.architecture.empty())
        config.architecture = mistral ? "MistralForCausalLM" : "LlamaForCausalLM";
    config.hiddenSize = reader.integer("hidden_size", 1, kLargestWidth);
    config.intermediateSize = reader.integer("intermediate_size", 1, kLargestWidth);
    config.layers = reader.integer("num_hidden_layers", 1, kLargestCount);
    config.heads = reader.integer("num_attention_heads", 1, kLargestWidth);
    config.kvHeads = reader.integer("num_key_value_heads", 1, kLargestWidth, mistral ? 8 : config.heads);
    const bool headDimIsGiven = reader.has("head_dim");
    config.headDim = reader.integer("head_dim", 1, 65536, config.hiddenSize / config.heads);
    config.vocabSize = reader.integer("vocab_size", 1, limits::kVocabulary);
    config.contextLength = reader.integer("max_position_embeddings", 1, kLargestCount, mistral ? 131072 : 2048);
    if (!reader.has("rms_norm_eps"))
        reader.note("rms_norm_eps is missing; 1e-06 was assumed");
    config.normEpsilon = reader.number("rms_norm_eps", 0, 1, 1e-6);
    reader.rope(config, kDefaultTheta);
    config.attentionBias = reader.flag("attention_bias", false);
    config.mlpBias = reader.flag("mlp_bias", false);
    config.tiedEmbeddings = reader.flag("tie_word_embeddings", false);
    reader.ignore("sliding_window");
    if (mistral) {
        const bool isNull = document.contains("sliding_window") && document.at("sliding_window").is_null();
        config.slidingWindow = isNull ? 0 : reader.integer("sliding_window", 1, kLargestCount, kMistralWindow);
    }
    config.bosIds = reader.ids("bos_token_id", config.vocabSize);
    config.eosIds = reader.ids("eos_token_id", config.vocabSize);
    checkHeads(config, file, "/num_attention_heads", "/num_key_value_heads", headDimIsGiven);
    checkModelSize(config, file, "/num_hidden_layers");
    config.notes = reader.notes();
    return config;
}

bool matchesGguf(const GgufFile& file) { return file.text("general.architecture", "") == "llama"; }

[[noreturn]] void refuseKey(const GgufFile& file, Code code, const std::string& key, std::string found,
    std::string allowed)
{
    throw Error{ErrorParts{.code = code,
        .file = file.path,
        .place = "key " + key,
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = code == Code::unsupported ? "Choose a model without this feature."
                                            : "Fetch the file again, or convert the model again."}};
}

int64_t ggufInteger(const GgufFile& file, const std::string& key, int64_t most, std::optional<int64_t> fallback = {})
{
    const int64_t value = file.integer(key, fallback);
    if (value < 1 || value > most)
        refuseKey(file, Code::config, key, std::to_string(value), "a whole number from 1 to " + std::to_string(most));
    return value;
}

double ggufNumber(const GgufFile& file, const std::string& key, double most, std::optional<double> fallback = {})
{
    const double value = file.number(key, fallback);
    if (!(value > 0 && value <= most))
        refuseKey(file, Code::config, key, std::to_string(value), "a number above 0");
    return value;
}

const TensorEntry* findTensor(const GgufFile& file, std::string_view name)
{
    const auto entry = std::ranges::find_if(file.tensors, [&](const TensorEntry& t) { return t.name == name; });
    return entry == file.tensors.end() ? nullptr : &*entry;
}

// Converters write Llama 3's rotary scaling as one divisor a frequency; the keys of the metadata do not say it.
void readRopeDivisors(const GgufFile& file, ModelConfig& config)
{
    const TensorEntry* entry = findTensor(file, "rope_freqs.weight");
    if (entry == nullptr)
        return;
    const auto count = size_t(config.headDim / 2);
    if (entry->type != StoredType::F32 || entry->count() != int64_t(count) || entry->bytes != count * sizeof(float))
        throw Error{ErrorParts{.code = Code::mismatch, .file = file.path, .place = "tensor rope_freqs.weight",
            .found = std::to_string(entry->count()) + " values of type " + std::string(typeName(entry->type)),
            .allowed = std::to_string(count) + " values of type F32", .advice = "Convert the model again."}};
    std::vector<float> values(count);
    FileReader(entry->file).read(entry->offset, std::as_writable_bytes(std::span(values)));
    bool changes = false;
    for (const float value : values) {
        if (!(value > 0 && value < 1e6F))
            throw Error{ErrorParts{.code = Code::config, .file = file.path, .place = "tensor rope_freqs.weight",
                .found = std::to_string(value), .allowed = "numbers above 0", .advice = "Convert the model again."}};
        changes = changes || value != 1.0F;
        config.rope.divisors.push_back(double(value));
    }
    if (!changes) {
        config.rope.divisors.clear();
        return;
    }
    if (config.rope.type != "default")
        refuseKey(file, Code::unsupported, "llama.rope.scaling.type",
            config.rope.type + " together with rope_freqs.weight", "one of the two");
    config.rope.type = "divisors";
}

void readGgufRope(const GgufFile& file, ModelConfig& config)
{
    if (!file.has("llama.rope.freq_base"))
        config.notes.push_back("llama.rope.freq_base is missing; 10000 was assumed");
    config.ropeTheta = ggufNumber(file, "llama.rope.freq_base", 1e12, kDefaultTheta);
    const int64_t turned = ggufInteger(file, "llama.rope.dimension_count", kLargestWidth, config.headDim);
    if (turned != config.headDim)
        refuseKey(file, Code::unsupported, "llama.rope.dimension_count", std::to_string(turned),
            std::to_string(config.headDim) + ", the width of a head");
    const std::string type = file.text("llama.rope.scaling.type", "none");
    if (type == "linear") {
        config.rope.factor = ggufNumber(file, "llama.rope.scaling.factor", 1e6);
        config.rope.type = config.rope.factor == 1 ? "default" : "linear";
    } else if (type != "none" && !type.empty()) {
        refuseKey(file, Code::unsupported, "llama.rope.scaling.type", type, "none or linear");
    }
    readRopeDivisors(file, config);
}

void readGgufTokens(const GgufFile& file, ModelConfig& config)
{
    const auto read = [&](const std::string& key, std::vector<int64_t>& ids) {
        if (!file.has(key))
            return;
        const int64_t id = file.integer(key);
        if (id < 0 || id >= config.vocabSize)
            refuseKey(file, Code::config, key, std::to_string(id),
                "a token id from 0 to " + std::to_string(config.vocabSize - 1));
        ids.push_back(id);
    };
    read("tokenizer.ggml.bos_token_id", config.bosIds);
    read("tokenizer.ggml.eos_token_id", config.eosIds);
}

void refuseGgufFeatures(const GgufFile& file)
{
    const std::string type = file.text("general.type", "model");
    if (type != "model")
        refuseKey(file, Code::unsupported, "general.type", type, "model");
    if (const int64_t experts = file.integer("llama.expert_count", 0); experts != 0)
        refuseKey(file, Code::unsupported, "llama.expert_count", std::to_string(experts) + " experts",
            "0: models with experts are not supported");
    const std::string pooling = "llama.attention.causal";
    if (!file.flag(pooling, true))
        refuseKey(file, Code::unsupported, pooling, "false", "true");
}

ModelConfig readGguf(const GgufFile& file)
{
    refuseGgufFeatures(file);
    ModelConfig config;
    config.family = "llama";
    config.architecture = file.text("general.architecture");
    const std::string headsKey = "llama.attention.head_count", kvKey = "llama.attention.head_count_kv";
    config.hiddenSize = ggufInteger(file, "llama.embedding_length", kLargestWidth);
    config.intermediateSize = ggufInteger(file, "llama.feed_forward_length", kLargestWidth);
    config.layers = ggufInteger(file, "llama.block_count", kLargestCount);
    config.heads = ggufInteger(file, headsKey, kLargestWidth);
    config.kvHeads = ggufInteger(file, kvKey, kLargestWidth, config.heads);
    const bool headDimIsGiven = file.has("llama.attention.key_length");
    const int64_t share = std::max<int64_t>(1, config.hiddenSize / config.heads);
    config.headDim = ggufInteger(file, "llama.attention.key_length", 65536, share);
    const int64_t valueDim = ggufInteger(file, "llama.attention.value_length", 65536, config.headDim);
    if (valueDim != config.headDim)
        refuseKey(file, Code::unsupported, "llama.attention.value_length", std::to_string(valueDim),
            std::to_string(config.headDim) + ", the width of keys");
    checkHeads(config, file.path, "key " + headsKey, "key " + kvKey, headDimIsGiven);
    const TensorEntry* embedding = findTensor(file, "token_embd.weight");
    const bool rowsAreKnown = embedding != nullptr && embedding->shape.size() == 2;
    config.vocabSize = ggufInteger(file, "llama.vocab_size", limits::kVocabulary,
        rowsAreKnown ? embedding->shape.front() : std::optional<int64_t>());
    config.contextLength = ggufInteger(file, "llama.context_length", kLargestCount, 2048);
    if (!file.has("llama.attention.layer_norm_rms_epsilon"))
        config.notes.push_back("llama.attention.layer_norm_rms_epsilon is missing; 1e-05 was assumed");
    // Stored as float32: the shortest decimal is what the model's makers wrote (1e-05, not 9.99999975e-06).
    const auto epsilon = float(ggufNumber(file, "llama.attention.layer_norm_rms_epsilon", 1, 1e-5));
    char digits[32];
    std::from_chars(digits, std::to_chars(digits, digits + sizeof digits, epsilon).ptr, config.normEpsilon);
    config.slidingWindow = file.has("llama.attention.sliding_window")
        ? std::max<int64_t>(0, file.integer("llama.attention.sliding_window"))
        : 0;
    config.tiedEmbeddings = findTensor(file, "output.weight") == nullptr;
    config.attentionBias = findTensor(file, "blk.0.attn_q.bias") != nullptr;
    config.mlpBias = findTensor(file, "blk.0.ffn_up.bias") != nullptr;
    checkModelSize(config, file.path, "key llama.block_count");
    readGgufRope(file, config);
    readGgufTokens(file, config);
    return config;
}

std::vector<NameRow> names(const ModelConfig& config)
{
    std::vector<NameRow> rows{
        {"model.embed_tokens.weight", "token_embd.weight"},
        {"model.norm.weight", "output_norm.weight"},
        {"model.layers.{}.input_layernorm.weight", "blk.{}.attn_norm.weight"},
        {"model.layers.{}.post_attention_layernorm.weight", "blk.{}.ffn_norm.weight"},
        {"model.layers.{}.self_attn.q_proj.weight", "blk.{}.attn_q.weight", RowTransform::ropeQuery, true, "q_proj"},
        {"model.layers.{}.self_attn.k_proj.weight", "blk.{}.attn_k.weight", RowTransform::ropeKey, true, "k_proj"},
        {"model.layers.{}.self_attn.v_proj.weight", "blk.{}.attn_v.weight", RowTransform::none, true, "v_proj"},
        {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", RowTransform::none, true, "o_proj"},
        {"model.layers.{}.mlp.gate_proj.weight", "blk.{}.ffn_gate.weight", RowTransform::none, true, "gate_proj"},
        {"model.layers.{}.mlp.up_proj.weight", "blk.{}.ffn_up.weight", RowTransform::none, true, "up_proj"},
        {"model.layers.{}.mlp.down_proj.weight", "blk.{}.ffn_down.weight", RowTransform::none, true, "down_proj"},
    };
    if (!config.tiedEmbeddings)
        rows.push_back({"lm_head.weight", "output.weight"});
    if (config.attentionBias) {
        rows.push_back({"model.layers.{}.self_attn.q_proj.bias", "blk.{}.attn_q.bias", RowTransform::ropeQuery});
        rows.push_back({"model.layers.{}.self_attn.k_proj.bias", "blk.{}.attn_k.bias", RowTransform::ropeKey});
        rows.push_back({"model.layers.{}.self_attn.v_proj.bias", "blk.{}.attn_v.bias"});
        // Some files bias q, k and v only.
        rows.push_back({"model.layers.{}.self_attn.o_proj.bias", "blk.{}.attn_output.bias", RowTransform::none, false});
    }
    if (config.mlpBias) {
        rows.push_back({"model.layers.{}.mlp.gate_proj.bias", "blk.{}.ffn_gate.bias"});
        rows.push_back({"model.layers.{}.mlp.up_proj.bias", "blk.{}.ffn_up.bias"});
        rows.push_back({"model.layers.{}.mlp.down_proj.bias", "blk.{}.ffn_down.bias"});
    }
    return rows;
}

}  // namespace

// The row of families.inc finds the family by this name.
FamilySpec llamaFamily()
{
    return {.id = "llama",
        .title = "Llama 1-3, SmolLM2, Mistral, Yi",
        .matchesHf = matchesHf,
        .readHf = readHf,
        .matchesGguf = matchesGguf,
        .readGguf = readGguf,
        .names = names};
}

}  // namespace rankwright
