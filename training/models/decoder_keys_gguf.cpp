// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Keys of GGUF metadata that decoders share, under the prefix of their architecture.
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/models/decoder_keys.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace rankwright {

namespace {

constexpr double kDefaultTheta = 10000;

// Converters write Llama 3's rotary scaling as one divisor a frequency; the keys of the metadata do not say it.
void readRopeDivisors(const GgufKeys& keys, ModelConfig& config)
{
    const TensorEntry* entry = keys.tensor("rope_freqs.weight");
    if (entry == nullptr)
        return;
    const auto count = size_t(config.headDim / 2);
    if (entry->type != StoredType::F32 || entry->count() != int64_t(count) || entry->bytes != count * sizeof(float))
        throw Error{ErrorParts{.code = Code::mismatch, .file = keys.file().path, .place = "tensor rope_freqs.weight",
            .found = std::to_string(entry->count()) + " values of type " + std::string(typeName(entry->type)),
            .allowed = std::to_string(count) + " values of type F32", .advice = "Convert the model again."}};
    std::vector<float> values(count);
    FileReader(entry->file).read(entry->offset, std::as_writable_bytes(std::span(values)));
    bool changes = false;
    for (const float value : values) {
        if (!(value > 0 && value < 1e6F))
            throw Error{ErrorParts{.code = Code::config, .file = keys.file().path, .place = "tensor rope_freqs.weight",
                .found = std::to_string(value), .allowed = "numbers above 0", .advice = "Convert the model again."}};
        changes = changes || value != 1.0F;
    }
    if (!changes)
        return;
    if (config.rope.type != "default")
        keys.refuse(Code::unsupported, "rope.scaling.type", config.rope.type + " together with rope_freqs.weight",
            "one of the two");
    config.rope.divisors.assign(values.begin(), values.end());
    config.rope.type = "divisors";
}

void readRope(const GgufKeys& keys, ModelConfig& config)
{
    if (!keys.has("rope.freq_base"))
        config.notes.push_back(keys.full("rope.freq_base") + " is missing; 10000 was assumed");
    config.ropeTheta = keys.number("rope.freq_base", 1e12, kDefaultTheta);
    const int64_t turned = keys.integer("rope.dimension_count", kLargestWidth, config.headDim);
    if (turned != config.headDim)
        keys.refuse(Code::unsupported, "rope.dimension_count", std::to_string(turned),
            std::to_string(config.headDim) + ", the width of a head");
    const std::string type = keys.file().text(keys.full("rope.scaling.type"), "none");
    if (type == "linear") {
        config.rope.factor = keys.number("rope.scaling.factor", 1e6);
        config.rope.type = config.rope.factor == 1 ? "default" : "linear";
    } else if (type != "none" && !type.empty()) {
        keys.refuse(Code::unsupported, "rope.scaling.type", type, "none or linear");
    }
    readRopeDivisors(keys, config);
}

void readTokens(const GgufKeys& keys, ModelConfig& config)
{
    const GgufFile& file = keys.file();
    const auto read = [&](const std::string& key, std::vector<int64_t>& ids) {
        if (!file.has(key))
            return;
        const int64_t id = file.integer(key);
        if (id < 0 || id >= config.vocabSize)
            throw Error{ErrorParts{.code = Code::config, .file = file.path, .place = "key " + key,
                .found = std::to_string(id),
                .allowed = "a token id from 0 to " + std::to_string(config.vocabSize - 1),
                .advice = "Fetch the file again, or convert the model again."}};
        ids.push_back(id);
    };
    read("tokenizer.ggml.bos_token_id", config.bosIds);
    read("tokenizer.ggml.eos_token_id", config.eosIds);
}

void refuseFeatures(const GgufKeys& keys)
{
    const std::string type = keys.file().text("general.type", "model");
    if (type != "model")
        throw Error{ErrorParts{.code = Code::unsupported, .file = keys.file().path, .place = "key general.type",
            .found = type, .allowed = "model", .advice = "Choose the file of the model that it belongs to."}};
    if (!keys.file().flag(keys.full("attention.causal"), true))
        keys.refuse(Code::unsupported, "attention.causal", "false", "true");
}

void checkHeads(const GgufKeys& keys, const ModelConfig& config)
{
    if (config.kvHeads > config.heads || config.heads % config.kvHeads != 0)
        keys.refuse(Code::config, "attention.head_count_kv", std::to_string(config.kvHeads),
            "a number that divides the " + std::to_string(config.heads) + " query heads");
    if (!keys.has("attention.key_length") && config.hiddenSize % config.heads != 0)
        keys.refuse(Code::config, "attention.head_count",
            std::to_string(config.heads) + " heads for a width of " + std::to_string(config.hiddenSize),
            "a number of heads that divides the width");
    if (config.headDim % 2 != 0)
        keys.refuse(Code::config, "attention.head_count", "heads of width " + std::to_string(config.headDim),
            "an even width: rotary positions turn pairs");
}

void readHeads(const GgufKeys& keys, ModelConfig& config)
{
    config.heads = keys.integer("attention.head_count", kLargestWidth);
    config.kvHeads = keys.integer("attention.head_count_kv", kLargestWidth, config.heads);
    const int64_t share = std::max<int64_t>(1, config.hiddenSize / config.heads);
    config.headDim = keys.integer("attention.key_length", 65536, share);
    const int64_t valueDim = keys.integer("attention.value_length", 65536, config.headDim);
    if (valueDim != config.headDim)
        keys.refuse(Code::unsupported, "attention.value_length", std::to_string(valueDim),
            std::to_string(config.headDim) + ", the width of keys");
    checkHeads(keys, config);
}

}  // namespace

GgufKeys::GgufKeys(const GgufFile& file, std::string architecture)
    : m_file(file)
    , m_prefix(std::move(architecture) + ".")
{
}

int64_t GgufKeys::integer(const std::string& key, int64_t most, std::optional<int64_t> fallback) const
{
    const int64_t value = m_file.integer(full(key), fallback);
    if (value < 1 || value > most)
        refuse(Code::config, key, std::to_string(value), "a whole number from 1 to " + std::to_string(most));
    return value;
}

double GgufKeys::number(const std::string& key, double most, std::optional<double> fallback) const
{
    const double value = m_file.number(full(key), fallback);
    if (!(value > 0 && value <= most))
        refuse(Code::config, key, std::to_string(value), "a number above 0");
    return value;
}

double GgufKeys::decimal(const std::string& key, double most, std::optional<double> fallback) const
{
    const auto narrow = float(number(key, most, fallback));
    char digits[32];
    double value = 0;
    std::from_chars(digits, std::to_chars(digits, digits + sizeof digits, narrow).ptr, value);
    return value;
}

const TensorEntry* GgufKeys::tensor(std::string_view name) const
{
    const auto entry = std::ranges::find_if(m_file.tensors, [&](const TensorEntry& t) { return t.name == name; });
    return entry == m_file.tensors.end() ? nullptr : &*entry;
}

void GgufKeys::refuse(Code code, const std::string& key, std::string found, std::string allowed) const
{
    throw Error{ErrorParts{.code = code,
        .file = m_file.path,
        .place = "key " + full(key),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = code == Code::unsupported ? "Choose a model without this feature."
                                            : "Fetch the file again, or convert the model again."}};
}

bool isGgufArchitecture(const GgufFile& file, std::string_view architecture)
{
    return file.text("general.architecture", "") == architecture;
}

ModelConfig readGgufDecoder(const GgufKeys& keys, std::string_view family)
{
    refuseFeatures(keys);
    ModelConfig config;
    config.family = family;
    config.architecture = keys.file().text("general.architecture");
    config.hiddenSize = keys.integer("embedding_length", kLargestWidth);
    config.intermediateSize = keys.integer("feed_forward_length", kLargestWidth);
    config.layers = keys.integer("block_count", kLargestCount);
    readHeads(keys, config);
    const TensorEntry* embedding = keys.tensor("token_embd.weight");
    const bool rowsAreKnown = embedding != nullptr && embedding->shape.size() == 2;
    config.vocabSize = keys.integer("vocab_size", limits::kVocabulary,
        rowsAreKnown ? embedding->shape.front() : std::optional<int64_t>());
    config.contextLength = keys.integer("context_length", kLargestCount, 2048);
    const std::string epsilon = "attention.layer_norm_rms_epsilon";
    if (!keys.has(epsilon))
        config.notes.push_back(keys.full(epsilon) + " is missing; 1e-05 was assumed");
    config.normEpsilon = keys.decimal(epsilon, 1, 1e-5);
    if (keys.has("attention.sliding_window"))
        config.slidingWindow = std::max<int64_t>(0, keys.file().integer(keys.full("attention.sliding_window")));
    config.tiedEmbeddings = keys.tensor("output.weight") == nullptr;
    config.attentionBias = keys.tensor("blk.0.attn_q.bias") != nullptr;
    config.mlpBias = keys.tensor("blk.0.ffn_up.bias") != nullptr;
    config.labelHead = {.out = "score", .outBias = false, .atEnd = true};
    checkModelSize(config, keys.file().path, "key " + keys.full("block_count"));
    readRope(keys, config);
    readTokens(keys, config);
    return config;
}

void finishGguf(const GgufKeys& keys, const ModelConfig& config)
{
    checkModelSize(config, keys.file().path, "key " + keys.full("block_count"));
}

}  // namespace rankwright
