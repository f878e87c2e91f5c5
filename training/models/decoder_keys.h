// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the files of decoders have in common: keys of config.json, keys of GGUF metadata, names of tensors (methods.md 4.3 and 5.1).
// A family's file starts from these and says what it does otherwise.
#pragma once

#include "training/api/error.h"
#include "training/formats/hf_config.h"
#include "training/models/family.h"

namespace rankwright {

inline constexpr int64_t kLargestWidth = 1 << 20;      // of a key that counts columns or heads
inline constexpr int64_t kLargestCount = INT32_MAX;    // of any other
inline constexpr int64_t kMostExperts = 4096;          // of a layer

// A family's names and what it assumes where config.json says nothing, as transformers does.
struct DecoderKind
{
    std::string_view family;         // id of its FamilySpec
    std::string_view modelType;      // "llama"
    std::string_view classes;        // "Llama": LlamaForCausalLM, LlamaForSequenceClassification, LlamaModel
    int64_t kvHeads = 0;             // 0: as many as query heads
    int64_t headDim = 0;             // 0: the width divided by the heads
    int64_t contextLength = 2048;
    double normEpsilon = 1e-6, ropeTheta = 10000;
    bool tied = false;
};

// By model_type, or by the first of architectures where that is missing.
bool isHfKind(const nlohmann::json& document, const DecoderKind& kind);
// The keys that all have but the rotary ones. Throws Error for what does not fit and for what is not built: other kinds of heads,
// weights quantised by another program, rotations of a part of the head.
ModelConfig readHfDecoder(HfConfig& reader, const nlohmann::json& document, const DecoderKind& kind);
// hidden_act, or another key: one of `supported`, pairs of the files' name and ours.
std::string readHfActivation(HfConfig& reader, const std::string& key, const std::string& fallback,
    const std::vector<std::pair<std::string, std::string>>& supported = {{"silu", "silu"}, {"swish", "silu"}});
// Qwen's keys: layer_types where it is there, else use_sliding_window, sliding_window and max_window_layers.
void readHfWindowAbove(HfConfig& reader, ModelConfig& config);
// The last thing: whether a model of this size can exist, and the notes.
void finishHf(HfConfig& reader, ModelConfig& config, const std::filesystem::path& file);

// GGUF metadata under the prefix of an architecture.
class GgufKeys
{
public:
    GgufKeys(const GgufFile& file, std::string architecture);
    [[nodiscard]] const GgufFile& file() const { return m_file; }
    [[nodiscard]] std::string full(const std::string& key) const { return m_prefix + key; }
    [[nodiscard]] bool has(const std::string& key) const { return m_file.has(full(key)); }
    // From 1 to `most`; above 0 to `most`.
    [[nodiscard]] int64_t integer(const std::string& key, int64_t most, std::optional<int64_t> fallback = {}) const;
    [[nodiscard]] double number(const std::string& key, double most, std::optional<double> fallback = {}) const;
    // A float32 as the decimal that its makers wrote: 1e-05, not 9.99999975e-06.
    [[nodiscard]] double decimal(const std::string& key, double most, std::optional<double> fallback = {}) const;
    [[nodiscard]] const TensorEntry* tensor(std::string_view name) const;
    // `key` without the prefix.
    [[noreturn]] void refuse(Code code, const std::string& key, std::string found, std::string allowed) const;

private:
    const GgufFile& m_file;
    std::string m_prefix;
};

bool isGgufArchitecture(const GgufFile& file, std::string_view architecture);
// Everything but experts and windows by layer; biases and a tied head follow from the tensors that are there.
ModelConfig readGgufDecoder(const GgufKeys& keys, std::string_view family);
// Whether a model of this size can exist.
void finishGguf(const GgufKeys& keys, const ModelConfig& config);

// Rows of embeddings, head, norms, attention and the MLP of layers without experts, as the config asks for them. `ropePairs`: GGUF
// stores the rows of q and k interleaved (architectures llama and deepseek).
std::vector<NameRow> decoderNames(const ModelConfig& config, bool ropePairs);
// Names of a bare body (LlamaModel), which lack "model.".
std::vector<std::string> decoderAliases(const std::string& name);

}  // namespace rankwright
