// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/export/model_folder.h"

#include "training/api/error.h"
#include "training/formats/atomic_file.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/io/tensor_writer.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

nlohmann::json oneOrMany(const std::vector<int64_t>& ids)
{
    if (ids.empty())
        return nullptr;
    return ids.size() == 1 ? nlohmann::json(ids.front()) : nlohmann::json(ids);
}

nlohmann::json hfConfig(const ModelConfig& c, bool tied, const std::string& dtype)
{
    if (c.rope.type != "default" && c.rope.type != "linear" && c.rope.type != "llama3") {
        throw Error({.code = Code::unsupported,
            .place = "rope scaling",
            .found = "frequencies that the GGUF file lists one by one",
            .allowed = "none, linear or llama3",
            .advice = "A config.json cannot say that: export the adapter with --format lora instead."});
    }
    nlohmann::json json{{"architectures", {c.slidingWindow > 0 ? "MistralForCausalLM" : "LlamaForCausalLM"}},
        {"model_type", c.slidingWindow > 0 ? "mistral" : "llama"}, {"hidden_size", c.hiddenSize},
        {"intermediate_size", c.intermediateSize}, {"num_hidden_layers", c.layers}, {"num_attention_heads", c.heads},
        {"num_key_value_heads", c.kvHeads}, {"head_dim", c.headDim}, {"vocab_size", c.vocabSize},
        {"max_position_embeddings", c.contextLength}, {"rms_norm_eps", c.normEpsilon}, {"rope_theta", c.ropeTheta},
        {"hidden_act", c.activation}, {"attention_bias", c.attentionBias}, {"mlp_bias", c.mlpBias},
        {"tie_word_embeddings", tied}, {"bos_token_id", oneOrMany(c.bosIds)},
        {"eos_token_id", oneOrMany(c.eosIds)}, {"torch_dtype", dtype}};
    if (c.slidingWindow > 0)
        json["sliding_window"] = c.slidingWindow;
    if (c.rope.type == "linear")
        json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", c.rope.factor}};
    if (c.rope.type == "llama3") {
        json["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", c.rope.factor},
            {"low_freq_factor", c.rope.lowFrequencyFactor}, {"high_freq_factor", c.rope.highFrequencyFactor},
            {"original_max_position_embeddings", c.rope.originalContext}};
    }
    return json;
}

}  // namespace

std::vector<std::string> writeModelFolder(const std::filesystem::path& folder, Weights& weights, const Decoder& model,
    const std::function<at::Tensor(const LinearSlot&)>& weightOf, at::ScalarType type)
{
    const at::NoGradGuard guard;
    NamedTensors tensors;
    for (const auto& [name, tensor] : model.otherTensors()) {
        // What was trained, or a head that is no longer tied, is in the model alone.
        const bool stored = !tensor.requires_grad() && weights.has(name);
        tensors.emplace_back(name, (stored ? weights.read(name) : tensor.detach().clone()).to(type));
    }
    for (const auto& slot : model.slots()) {
        tensors.emplace_back(slot.name + ".weight", weightOf(slot).to(type));
        if (slot.bias.defined())
            tensors.emplace_back(slot.name + ".bias", weights.read(slot.name + ".bias").to(type));
    }
    std::vector<std::string> files{"config.json", "model.safetensors"};
    writeTensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
    const std::string dtype = type == at::kFloat ? "float32" : type == at::kBFloat16 ? "bfloat16" : "float16";
    writeFileAtomically(folder / "config.json", hfConfig(model.config(), model.tied(), dtype).dump(2) + "\n");
    const auto& source = weights.source().path;
    if (!std::filesystem::is_directory(source))
        return files;
    for (const char* name : {"tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
             "generation_config.json", "chat_template.jinja", "vocab.json", "merges.txt"}) {
        if (!std::filesystem::exists(source / name))
            continue;
        writeFileAtomically(folder / name, readWholeFile(source / name, limits::kTokenizerJson));
        files.emplace_back(name);
    }
    return files;
}

}  // namespace rankwright
