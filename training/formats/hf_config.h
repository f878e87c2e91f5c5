// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading config.json by key with types and ranges checked: every refusal names the file and the JSON pointer. Keys
// that nothing asked for end up in a note.
#pragma once

#include "training/formats/model_config.h"

#include <optional>
#include <set>

namespace rankwright {

class HfConfig
{
public:
    HfConfig(const nlohmann::json& document, std::filesystem::path file);
    [[nodiscard]] bool has(const std::string& key) const;  // there and not null
    [[nodiscard]] bool isNull(const std::string& key) const;  // there and null
    // Each throws Error{config} where the key is missing without a fallback, of another type or out of range.
    int64_t integer(const std::string& key, int64_t least, int64_t most, std::optional<int64_t> fallback = {});
    double number(const std::string& key, double above, double most, std::optional<double> fallback = {});
    double numberFrom(const std::string& key, double least, double most);   // `least` itself is allowed; the key must be there
    bool flag(const std::string& key, bool fallback);
    std::string text(const std::string& key, const std::string& fallback);
    std::vector<int64_t> ids(const std::string& key, int64_t vocabSize);  // null, a number or a list
    // model_type, empty where it is missing, and the first of architectures.
    [[nodiscard]] static std::string modelType(const nlohmann::json& document);
    [[nodiscard]] static std::string architecture(const nlohmann::json& document);
    [[nodiscard]] std::string architecture() const { return architecture(m_document); }
    // Names of the classes in the order of their numbers: id2label, or LABEL_0 ... for num_labels (2 where that is missing too).
    std::vector<std::string> labels();
    // rope_theta with rope_scaling, or rope_parameters; either may be missing. Unknown kinds: Error{unsupported}.
    void rope(ModelConfig& config, double defaultTheta);
    // The same where windowed layers turn by a theta of their own: rope_theta, rope_local_base_freq and rope_scaling (of the other
    // layers alone), or rope_parameters with one object for full_attention and one for sliding_attention.
    void ropeByLayerType(ModelConfig& config, double globalTheta, double localTheta);
    // layer_types: true for sliding_attention. Nothing where the key is missing; another kind or number of entries is refused.
    std::optional<std::vector<bool>> windowedLayers(int64_t layers);
    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }
    // A key that is of no use here, so that it is not reported as unknown.
    void ignore(const std::string& key) { m_used.insert(key); }
    void note(std::string text) { m_notes.push_back(std::move(text)); }
    // The notes so far, and one about the keys that nothing has asked for.
    [[nodiscard]] std::vector<std::string> notes() const;
    [[noreturn]] void refuse(const std::string& pointer, std::string found, std::string allowed) const;
    [[noreturn]] void refuseUnsupported(const std::string& pointer, std::string found, std::string allowed) const;

private:
    const nlohmann::json* find(const std::string& key);
    // Takes rope_type and theta of one object of rope_parameters; whether it had a theta.
    bool ropeObject(const nlohmann::json& object, const std::string& pointer, ModelConfig& config, double defaultTheta);
    void scaling(const nlohmann::json& object, const std::string& pointer, ModelConfig& config);
    double numberAt(const nlohmann::json& object, const std::string& key, const std::string& pointer,
        std::optional<double> fallback) const;

    const nlohmann::json& m_document;
    std::filesystem::path m_file;
    std::set<std::string> m_used;
    std::vector<std::string> m_notes;
};

// Refuses configurations whose weights could not exist: more than limits of layers or parameters, with the memory that
// they would need. `place` is the key named. Called before anything is allocated from the numbers.
void checkModelSize(const ModelConfig& config, const std::filesystem::path& file, const std::string& place);

}  // namespace rankwright
