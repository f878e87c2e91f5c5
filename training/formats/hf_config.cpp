// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// config.json by key: old dialect (rope_theta, rope_scaling, torch_dtype) and new (rope_parameters, dtype).
#include "training/formats/hf_config.h"

#include "training/api/error.h"

#include <charconv>
#include <cmath>

namespace rankwright {

namespace {

using nlohmann::json;

std::string shown(const json& value)
{
    const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 80 ? text.substr(0, 77) + "..." : text;
}

std::string numberText(double value)
{
    char buffer[64];
    return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

// Keys that say nothing about a decoder's numbers, so that nobody needs to hear of them.
const std::set<std::string> kKnownKeys{"architectures", "model_type", "torch_dtype", "dtype", "transformers_version",
    "use_cache", "initializer_range", "attention_dropout", "pad_token_id", "unk_token_id", "pretraining_tp",
    "residual_dropout", "_name_or_path", "auto_map", "is_llama_config", "return_dict", "output_attentions", "output_hidden_states",
    "id2label", "label2id", "problem_type", "_attn_implementation", "attn_implementation", "transformers.js_config",
    "chunk_size_feed_forward", "add_cross_attention", "cross_attention_hidden_size", "is_decoder",
    "is_encoder_decoder", "tie_encoder_decoder", "tokenizer_class", "finetuning_task", "prefix", "sep_token_id",
    "decoder_start_token_id", "task_specific_params", "return_dict_in_generate", "_commit_hash", "license"};

}  // namespace

HfConfig::HfConfig(const json& document, std::filesystem::path file)
    : m_document(document)
    , m_file(std::move(file))
{
    if (!document.is_object())
        refuse("/", shown(document), "an object");
}

void HfConfig::refuse(const std::string& pointer, std::string found, std::string allowed) const
{
    throw Error{ErrorParts{.code = Code::config,
        .file = m_file,
        .place = pointer,
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "Fetch the model's config.json again, or correct this value."}};
}

void HfConfig::refuseUnsupported(const std::string& pointer, std::string found, std::string allowed) const
{
    throw Error{ErrorParts{.code = Code::unsupported,
        .file = m_file,
        .place = pointer,
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "Choose a model without this feature."}};
}

const json* HfConfig::find(const std::string& key)
{
    m_used.insert(key);
    const auto item = m_document.find(key);
    return item == m_document.end() || item->is_null() ? nullptr : &*item;
}

bool HfConfig::has(const std::string& key) const
{
    const auto item = m_document.find(key);
    return item != m_document.end() && !item->is_null();
}

bool HfConfig::isNull(const std::string& key) const
{
    const auto item = m_document.find(key);
    return item != m_document.end() && item->is_null();
}

int64_t HfConfig::integer(const std::string& key, int64_t least, int64_t most, std::optional<int64_t> fallback)
{
    const std::string allowed = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    const json* value = find(key);
    if (value == nullptr) {
        if (!fallback)
            refuse("/" + key, "nothing", allowed);
        return *fallback;
    }
    const bool inRange = value->is_number_unsigned() ? value->get<uint64_t>() <= uint64_t(INT64_MAX)
                                                     : value->is_number_integer();
    if (!inRange || value->get<int64_t>() < least || value->get<int64_t>() > most)
        refuse("/" + key, shown(*value), allowed);
    return value->get<int64_t>();
}

double HfConfig::number(const std::string& key, double above, double most, std::optional<double> fallback)
{
    const std::string allowed = "a number above " + numberText(above) + ", at most " + numberText(most);
    const json* value = find(key);
    if (value == nullptr) {
        if (!fallback)
            refuse("/" + key, "nothing", allowed);
        return *fallback;
    }
    if (!value->is_number() || !(value->get<double>() > above && value->get<double>() <= most))
        refuse("/" + key, shown(*value), allowed);
    return value->get<double>();
}

double HfConfig::numberFrom(const std::string& key, double least, double most)
{
    const json* value = find(key);
    const bool fits = value != nullptr && value->is_number() && value->get<double>() >= least && value->get<double>() <= most;
    if (!fits)
        refuse("/" + key, value == nullptr ? "nothing" : shown(*value),
            "a number from " + numberText(least) + " to " + numberText(most));
    return value->get<double>();
}

bool HfConfig::flag(const std::string& key, bool fallback)
{
    const json* value = find(key);
    if (value == nullptr)
        return fallback;
    if (!value->is_boolean())
        refuse("/" + key, shown(*value), "true or false");
    return value->get<bool>();
}

std::string HfConfig::text(const std::string& key, const std::string& fallback)
{
    const json* value = find(key);
    if (value == nullptr)
        return fallback;
    if (!value->is_string())
        refuse("/" + key, shown(*value), "text");
    return value->get<std::string>();
}

std::vector<int64_t> HfConfig::ids(const std::string& key, int64_t vocabSize)
{
    const json* value = find(key);
    std::vector<int64_t> list;
    if (value == nullptr)
        return list;
    const json whole = value->is_array() ? *value : json::array({*value});
    for (const json& id : whole) {
        const bool fits = id.is_number_integer() && (!id.is_number_unsigned() || id.get<uint64_t>() <= INT64_MAX);
        if (!fits || id.get<int64_t>() < -1)
            refuse("/" + key, shown(id), "a token id from 0 to " + std::to_string(vocabSize - 1));
        if (id.get<int64_t>() == -1)  // some exporters write -1 for "none"
            continue;
        if (id.get<int64_t>() >= vocabSize)
            note(key + " " + shown(id) + " is not in the vocabulary and was left out");
        else
            list.push_back(id.get<int64_t>());
    }
    return list;
}

double HfConfig::numberAt(const json& object, const std::string& key, const std::string& pointer,
    std::optional<double> fallback) const
{
    const auto item = object.find(key);
    if (item == object.end() || item->is_null()) {
        if (!fallback)
            refuse(pointer + "/" + key, "nothing", "a number above 0");
        return *fallback;
    }
    if (!item->is_number() || !(item->get<double>() > 0 && item->get<double>() <= 1e12))
        refuse(pointer + "/" + key, shown(*item), "a number above 0, at most 1e+12");
    return item->get<double>();
}

void HfConfig::scaling(const json& object, const std::string& pointer, ModelConfig& config)
{
    if (!object.is_object())
        refuse(pointer, shown(object), "an object or null");
    const char* key = object.contains("rope_type") ? "rope_type" : "type";
    std::string type = "default";
    if (object.contains(key)) {
        if (!object.at(key).is_string())
            refuse(pointer + "/" + key, shown(object.at(key)), "default, linear or llama3");
        type = object.at(key).get<std::string>();
    }
    if (type == "default")
        return;
    if (type != "linear" && type != "llama3")
        refuseUnsupported(pointer + "/" + key, "the rotary scaling \"" + type + "\"", "default, linear or llama3");
    config.rope.type = type;
    config.rope.factor = numberAt(object, "factor", pointer, std::nullopt);
    if (type == "linear")
        return;
    config.rope.lowFrequencyFactor = numberAt(object, "low_freq_factor", pointer, 1.0);
    config.rope.highFrequencyFactor = numberAt(object, "high_freq_factor", pointer, 4.0);
    config.rope.originalContext = int64_t(numberAt(object, "original_max_position_embeddings", pointer, 8192.0));
    if (config.rope.highFrequencyFactor <= config.rope.lowFrequencyFactor) {
        refuse(pointer + "/high_freq_factor", numberText(config.rope.highFrequencyFactor),
            "a number above low_freq_factor, " + numberText(config.rope.lowFrequencyFactor));
    }
}

bool HfConfig::ropeObject(const json& object, const std::string& pointer, ModelConfig& config, double defaultTheta)
{
    scaling(object, pointer, config);
    if (object.contains("partial_rotary_factor")
        && numberAt(object, "partial_rotary_factor", pointer, 1.0) != 1)
        refuseUnsupported(pointer + "/partial_rotary_factor", shown(object.at("partial_rotary_factor")), "1");
    if (!object.contains("rope_theta"))
        return false;
    config.ropeTheta = numberAt(object, "rope_theta", pointer, defaultTheta);
    return true;
}

void HfConfig::rope(ModelConfig& config, double defaultTheta)
{
    const json* parameters = find("rope_parameters");
    const json* old = find("rope_scaling");
    bool stated = find("rope_theta") != nullptr;
    config.ropeTheta = number("rope_theta", 0, 1e12, defaultTheta);
    if (parameters != nullptr) {
        for (const char* nested : {"full_attention", "sliding_attention"}) {
            if (parameters->is_object() && parameters->contains(nested))
                refuseUnsupported(std::string("/rope_parameters/") + nested, "rotary settings for each kind of layer",
                    "one for all layers");
        }
        stated = ropeObject(*parameters, "/rope_parameters", config, defaultTheta) || stated;
    } else if (old != nullptr) {
        scaling(*old, "/rope_scaling", config);
    }
    if (!stated)
        note("rope_theta is missing; " + numberText(defaultTheta) + " was assumed");
}

void HfConfig::ropeByLayerType(ModelConfig& config, double globalTheta, double localTheta)
{
    const json* parameters = find("rope_parameters");
    const json* old = find("rope_scaling");
    config.ropeTheta = number("rope_theta", 0, 1e12, globalTheta);
    config.localRopeTheta = number("rope_local_base_freq", 0, 1e12, localTheta);
    if (parameters == nullptr) {
        if (old != nullptr)
            scaling(*old, "/rope_scaling", config);
        return;
    }
    if (!parameters->is_object() || (!parameters->contains("full_attention") && !parameters->contains("sliding_attention")))
        refuse("/rope_parameters", shown(*parameters), "an object each for full_attention and sliding_attention");
    if (const auto full = parameters->find("full_attention"); full != parameters->end() && !full->is_null())
        ropeObject(*full, "/rope_parameters/full_attention", config, globalTheta);
    const auto sliding = parameters->find("sliding_attention");
    if (sliding == parameters->end() || sliding->is_null())
        return;
    ModelConfig local;
    local.ropeTheta = config.localRopeTheta;
    ropeObject(*sliding, "/rope_parameters/sliding_attention", local, localTheta);
    if (local.rope.type != "default")
        refuseUnsupported("/rope_parameters/sliding_attention/rope_type", local.rope.type, "default");
    config.localRopeTheta = local.ropeTheta;
}

std::optional<std::vector<bool>> HfConfig::windowedLayers(int64_t layers)
{
    const json* types = find("layer_types");
    if (types == nullptr)
        return std::nullopt;
    if (!types->is_array() || int64_t(types->size()) != layers)
        refuse("/layer_types", types->is_array() ? std::to_string(types->size()) + " entries" : shown(*types),
            "one entry for each of the " + std::to_string(layers) + " layers");
    std::vector<bool> windowed;
    for (size_t i = 0; i < types->size(); ++i) {
        const json& type = (*types)[i];
        if (type != "full_attention" && type != "sliding_attention")
            refuseUnsupported("/layer_types/" + std::to_string(i), shown(type), "full_attention or sliding_attention");
        windowed.push_back(type == "sliding_attention");
    }
    return windowed;
}

std::string HfConfig::modelType(const json& document)
{
    const auto type = document.find("model_type");
    return type != document.end() && type->is_string() ? type->get<std::string>() : "";
}

std::string HfConfig::architecture(const json& document)
{
    const auto list = document.find("architectures");
    if (list == document.end() || !list->is_array() || list->empty() || !list->front().is_string())
        return "";
    return list->front().get<std::string>();
}

std::vector<std::string> HfConfig::labels()
{
    constexpr int64_t kMostLabels = 65536;
    const json* names = find("id2label");
    std::vector<std::string> labels;
    if (names == nullptr) {
        const int64_t count = integer("num_labels", 1, kMostLabels, 2);
        for (int64_t i = 0; i < count; ++i)
            labels.push_back("LABEL_" + std::to_string(i));
        return labels;
    }
    const std::string allowed = "the name of each class by its number, from \"0\"";
    if (!names->is_object() || names->empty() || names->size() > size_t(kMostLabels))
        refuse("/id2label", shown(*names), allowed);
    for (size_t i = 0; i < names->size(); ++i) {
        const auto name = names->find(std::to_string(i));
        if (name == names->end() || !name->is_string())
            refuse("/id2label/" + std::to_string(i), name == names->end() ? "nothing" : shown(*name), allowed);
        labels.push_back(name->get<std::string>());
    }
    return labels;
}

std::vector<std::string> HfConfig::notes() const
{
    std::vector<std::string> notes = m_notes;
    std::string unknown;
    size_t count = 0;
    for (const auto& [key, value] : m_document.items()) {
        if (m_used.contains(key) || kKnownKeys.contains(key) || value.is_null())   // null says nothing
            continue;
        if (++count <= 8)
            unknown += (unknown.empty() ? "" : ", ") + key;
    }
    if (count > 8)
        unknown += " and " + std::to_string(count - 8) + " more";
    if (count > 0)
        notes.push_back("keys of config.json that are not used: " + unknown);
    return notes;
}

}  // namespace rankwright
