// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Makes tiny models for tests: folders in Hugging Face layout and GGUF files, right ones and wrong ones.
#pragma once

#include "tests/formats/gguf_bytes.h"
#include "tests/formats/safetensors_bytes.h"

#include <nlohmann/json.hpp>

#include <map>

namespace rankwright {

struct TinyTensor
{
    std::string name, gguf;
    std::vector<uint64_t> shape;
};

// Width 8, two layers, two query heads of 4, one key head, 12 inside the MLP, 16 tokens; tied unless said otherwise.
inline std::vector<TinyTensor> tinyTensors(int layers = 2)
{
    std::vector<TinyTensor> list{{"model.embed_tokens.weight", "token_embd.weight", {16, 8}},
        {"model.norm.weight", "output_norm.weight", {8}}};
    for (int i = 0; i < layers; ++i) {
        const std::string hf = "model.layers." + std::to_string(i) + ".", gguf = "blk." + std::to_string(i) + ".";
        list.push_back({hf + "input_layernorm.weight", gguf + "attn_norm.weight", {8}});
        list.push_back({hf + "post_attention_layernorm.weight", gguf + "ffn_norm.weight", {8}});
        list.push_back({hf + "self_attn.q_proj.weight", gguf + "attn_q.weight", {8, 8}});
        list.push_back({hf + "self_attn.k_proj.weight", gguf + "attn_k.weight", {4, 8}});
        list.push_back({hf + "self_attn.v_proj.weight", gguf + "attn_v.weight", {4, 8}});
        list.push_back({hf + "self_attn.o_proj.weight", gguf + "attn_output.weight", {8, 8}});
        list.push_back({hf + "mlp.gate_proj.weight", gguf + "ffn_gate.weight", {12, 8}});
        list.push_back({hf + "mlp.up_proj.weight", gguf + "ffn_up.weight", {12, 8}});
        list.push_back({hf + "mlp.down_proj.weight", gguf + "ffn_down.weight", {8, 12}});
    }
    return list;
}

inline nlohmann::json tinyConfig()
{
    return {{"architectures", {"LlamaForCausalLM"}}, {"model_type", "llama"}, {"hidden_size", 8},
        {"intermediate_size", 12}, {"num_hidden_layers", 2}, {"num_attention_heads", 2}, {"num_key_value_heads", 1},
        {"vocab_size", 16}, {"max_position_embeddings", 64}, {"rms_norm_eps", 1e-5}, {"rope_theta", 10000.0},
        {"hidden_act", "silu"}, {"tie_word_embeddings", true}, {"bos_token_id", 1}, {"eos_token_id", {2, 3}}};
}

inline void writeTensors(
    const std::filesystem::path& file, const std::vector<TinyTensor>& tensors, const std::string& type = "F32")
{
    std::string header = "{";
    uint64_t at = 0;
    for (const TinyTensor& tensor : tensors) {
        uint64_t bytes = type == "F32" ? 4 : 8;
        std::string shape;
        for (const uint64_t size : tensor.shape) {
            bytes *= size;
            shape += (shape.empty() ? "[" : ",") + std::to_string(size);
        }
        header += (header.size() > 1 ? "," : "") + entry(tensor.name, type, shape + "]", at, at + bytes);
        at += bytes;
    }
    writeBytes(file, fileOf(header + "}", std::string(at, '\0')));
}

inline void writeModel(const std::filesystem::path& folder, const nlohmann::json& config,
    const std::vector<TinyTensor>& tensors = tinyTensors())
{
    std::filesystem::create_directories(folder);
    writeBytes(folder / "config.json", config.dump());
    writeTensors(folder / "model.safetensors", tensors);
}

struct GgufOptions
{
    std::map<std::string, uint32_t> numbers{{"embedding_length", 8}, {"feed_forward_length", 12}, {"block_count", 2},
        {"attention.head_count", 2}, {"attention.head_count_kv", 1}, {"context_length", 64}, {"vocab_size", 16}};
    std::map<std::string, float> floats{{"rope.freq_base", 10000}, {"attention.layer_norm_rms_epsilon", 1e-5F}};
    std::map<std::string, std::string> texts;  // whole keys
    std::string architecture = "llama";
    std::vector<TinyTensor> tensors = tinyTensors(), more;
    std::vector<float> divisors;  // of rope_freqs.weight, which comes last
    uint32_t type = kTypeF32;
};

inline void writeGguf(const std::filesystem::path& file, const GgufOptions& options)
{
    GgufBytes gguf;
    gguf.key("general.architecture", kString, GgufBytes::text(options.architecture));
    for (const auto& [key, value] : options.numbers)
        gguf.key(options.architecture + "." + key, kU32, bytesOf(value));
    for (const auto& [key, value] : options.floats)
        gguf.key(options.architecture + "." + key, kF32, bytesOf(value));
    for (const auto& [key, value] : options.texts)
        gguf.key(key, kString, GgufBytes::text(value));
    std::vector<TinyTensor> tensors = options.tensors;
    tensors.insert(tensors.end(), options.more.begin(), options.more.end());
    uint64_t at = 0;
    for (const TinyTensor& tensor : tensors) {
        uint64_t bytes = 4;
        for (const uint64_t size : tensor.shape)
            bytes *= size;
        gguf.tensor(tensor.gguf, {tensor.shape.rbegin(), tensor.shape.rend()}, kTypeF32, at);
        at += (bytes + 31) / 32 * 32;
    }
    gguf.withData(at);
    if (!options.divisors.empty()) {
        gguf.tensor("rope_freqs.weight", {options.divisors.size()}, kTypeF32, at);
        for (const float value : options.divisors)
            gguf.data += bytesOf(value);
        gguf.data.resize((gguf.data.size() + 31) / 32 * 32, '\0');
    }
    writeBytes(file, gguf.bytes());
}

// Sets a variable for one test.
class Variable
{
public:
    Variable(const char* name, const std::filesystem::path& value)
        : m_name(name)
        , m_was(qgetenv(name))
        , m_had(qEnvironmentVariableIsSet(name))
    {
        qputenv(name, QByteArray::fromStdString(value.string()));
    }
    ~Variable()
    {
        if (m_had)
            qputenv(m_name, m_was);
        else
            qunsetenv(m_name);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    const char* m_name;
    QByteArray m_was;
    bool m_had;
};

}  // namespace rankwright
