// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The models that the fake engine knows, by words in their spec: a small decoder ("default"), one with experts ("experts"), one with
// sliding windows ("windows"), an encoder ("encoder"), one without a chat template ("plain"), one that cannot be used ("unusable").
#pragma once

#include "training/api/reports.h"

#include <algorithm>

namespace rankwright::fake {

constexpr int64_t kLayers = 4, kHidden = 64, kIntermediate = 192, kKeyValue = 32, kVocab = 1000;

inline std::vector<ModuleInfo> modulesOf(const std::vector<std::pair<std::string, std::pair<int64_t, int64_t>>>& kinds, const std::string& prefix)
{
    std::vector<ModuleInfo> all;
    for (int64_t layer = 0; layer < kLayers; ++layer) {
        for (const auto& [name, shape] : kinds) {
            ModuleInfo module;
            module.name = prefix + std::to_string(layer) + "." + name;
            module.layer = layer;
            module.kind = name.substr(name.rfind('.') + 1);
            module.rows = shape.first;
            module.cols = shape.second;
            module.dtype = layer % 2 == 0 ? "F32" : "BF16";
            all.push_back(std::move(module));
        }
    }
    return all;
}

inline std::vector<ModuleInfo> decoderModules()
{
    return modulesOf({{"self_attn.q_proj", {kHidden, kHidden}}, {"self_attn.k_proj", {kKeyValue, kHidden}},
                         {"self_attn.v_proj", {kKeyValue, kHidden}}, {"self_attn.o_proj", {kHidden, kHidden}},
                         {"mlp.gate_proj", {kIntermediate, kHidden}}, {"mlp.up_proj", {kIntermediate, kHidden}},
                         {"mlp.down_proj", {kHidden, kIntermediate}}}, "model.layers.");
}

inline bool says(const std::string& spec, const char* word) { return spec.find(word) != std::string::npos; }

inline void makeEncoder(ModelInfo& info)
{
    info.family = "bert";
    info.architecture = "BertForSequenceClassification";
    info.tokenizer = "WordPiece";
    info.chatTemplate = false;
    info.generates = false;
    info.contextLength = 512;
    info.kvHeads = info.heads;
    info.labels = {"negative", "positive"};
    info.templateSource.clear();
    info.specialTokens = {{"cls", "[CLS]"}, {"sep", "[SEP]"}, {"pad", "[PAD]"}, {"unk", "[UNK]"}, {"mask", "[MASK]"}};
    info.facts = {{"Attention", "4 heads of width 16, with biases"}, {"Positions", "learned, 512"},
        {"Norms", "mean and variance, epsilon 1e-12"}, {"Feed-forward", "GELU, width 192, with biases"},
        {"Head for labels", "2 outputs: negative, positive"}, {"Stored as", "42 tensors F32"}, {"For llama.cpp", "no: family: bert"}};
    info.modules = modulesOf({{"attention.self.query", {kHidden, kHidden}}, {"attention.self.key", {kHidden, kHidden}},
        {"attention.self.value", {kHidden, kHidden}}, {"attention.output.dense", {kHidden, kHidden}},
        {"intermediate.dense", {kIntermediate, kHidden}}, {"output.dense", {kHidden, kIntermediate}}}, "bert.encoder.layer.");
}

inline void makeExperts(ModelInfo& info)
{
    info.family = "mixtral";
    info.architecture = "MixtralForCausalLM";
    info.experts = 4;
    info.expertsPerToken = 2;
    std::vector<std::pair<std::string, std::pair<int64_t, int64_t>>> kinds = {{"self_attn.q_proj", {kHidden, kHidden}},
        {"self_attn.k_proj", {kKeyValue, kHidden}}, {"self_attn.v_proj", {kKeyValue, kHidden}}, {"self_attn.o_proj", {kHidden, kHidden}}};
    for (const char* expert : {"0", "1", "2", "3"}) {
        const std::string block = std::string("block_sparse_moe.experts.") + expert;
        kinds.push_back({block + ".w1", {kIntermediate, kHidden}});
        kinds.push_back({block + ".w3", {kIntermediate, kHidden}});
        kinds.push_back({block + ".w2", {kHidden, kIntermediate}});
    }
    info.modules = modulesOf(kinds, "model.layers.");
}

inline ModelInfo infoOf(const std::string& spec)
{
    ModelInfo info;
    info.spec = spec;
    info.name = spec == "default" ? "Fake-1M" : spec;
    info.path = "/models/" + info.name;
    info.source = spec == "default" ? "bundled default" : "folder";
    info.format = "safetensors";
    info.family = "llama";
    info.architecture = "LlamaForCausalLM";
    info.tokenizer = "byte-level BPE";
    info.license = "apache-2.0";
    info.chatTemplate = !says(spec, "plain");
    info.layers = kLayers;
    info.hiddenSize = kHidden;
    info.intermediateSize = kIntermediate;
    info.heads = 4;
    info.kvHeads = 2;
    info.headDim = kHidden / 4;
    info.vocabSize = kVocab;
    info.contextLength = 2048;
    info.tiedEmbeddings = true;
    info.modules = decoderModules();
    info.facts = {{"Attention", "4 heads of width 16, which share 2 heads of keys and values"}, {"Positions", "rotary, base 100000"},
        {"Norms", "root mean square, epsilon 1e-05"}, {"Feed-forward", "gated, SiLU, width 192"}, {"Head", "the embeddings (tied)"},
        {"Stored as", "24 tensors F32, 14 tensors BF16"}, {"For llama.cpp", "can be exported as GGUF"}};
    info.files = {{"config.json", 704}, {"model.safetensors", 3'482'112}, {"tokenizer.json", 2'104'556}, {"tokenizer_config.json", 3'658}};
    info.specialTokens = {{"bos", "<|im_start|>"}, {"eos", "<|im_end|>"}, {"pad", "<|im_end|>"}, {"unk", "<|endoftext|>"}};
    if (info.chatTemplate)
        info.templateSource = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}\n"
                              "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\n";
    if (says(spec, "experts"))
        makeExperts(info);
    if (says(spec, "windows")) {
        info.family = "gemma3";
        info.architecture = "Gemma3ForCausalLM";
        info.facts.emplace_back("Sliding window", "512 tokens in 3 of 4 layers");
        info.facts.emplace_back("Layer pattern", "LLGL");
    }
    if (says(spec, "encoder"))
        makeEncoder(info);
    for (const ModuleInfo& module : info.modules) {
        info.adaptable += module.rows * module.cols;
        ++info.dtypes[module.dtype];
        info.bytes += module.rows * module.cols * (module.dtype == "F32" ? 4 : 2);
    }
    info.dtypes["F32"] += 2 + 2 * kLayers;
    info.parameters = info.adaptable + kVocab * kHidden + kHidden * (2 * kLayers + 1);
    info.bytes += (info.parameters - info.adaptable) * 4;
    if (says(spec, "unusable")) {
        info.usable = false;
        info.problem = "config.json: architectures: MambaForCausalLM (allowed: LlamaForCausalLM, MistralForCausalLM). Choose a model of one of these families.";
        info.notes = {"quantization_config is not used."};
    }
    return info;
}

}  // namespace rankwright::fake
