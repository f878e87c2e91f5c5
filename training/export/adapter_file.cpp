// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/export/adapter_file.h"

#include "training/api/error.h"
#include "training/formats/atomic_file.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"
#include "training/io/tensor_writer.h"

#include <ATen/ATen.h>

#include <set>

namespace rankwright {

namespace {

constexpr std::string_view kPrefix = "base_model.model.";

nlohmann::json adapterConfig(const std::vector<PlacedStart>& starts, const std::string& baseModel)
{
    const auto rankOf = [](const PlacedStart& placed) { return placed.start.A.size(0); };
    const auto alphaOf = [&](const PlacedStart& placed) { return placed.start.scaling * double(rankOf(placed)); };
    const auto rank = rankOf(starts.front());
    const auto alpha = alphaOf(starts.front());
    std::set<std::string> targets;
    auto rankPattern = nlohmann::json::object(), alphaPattern = nlohmann::json::object();
    for (const auto& placed : starts) {
        targets.insert(placed.name);
        if (rankOf(placed) != rank)
            rankPattern[placed.name] = rankOf(placed);
        if (alphaOf(placed) != alpha)
            alphaPattern[placed.name] = alphaOf(placed);
    }
    return {{"alpha_pattern", alphaPattern}, {"auto_mapping", nullptr}, {"base_model_name_or_path", baseModel},
        {"bias", "none"}, {"fan_in_fan_out", false}, {"inference_mode", true}, {"init_lora_weights", true},
        {"layers_pattern", nullptr}, {"layers_to_transform", nullptr}, {"loftq_config", nlohmann::json::object()},
        {"lora_alpha", alpha}, {"lora_dropout", 0.0}, {"megatron_config", nullptr}, {"megatron_core", "megatron.core"},
        {"modules_to_save", nullptr}, {"peft_type", "LORA"}, {"r", rank}, {"rank_pattern", rankPattern},
        {"revision", nullptr}, {"target_modules", targets}, {"task_type", "CAUSAL_LM"}, {"use_dora", false},
        {"use_rslora", false}};
}

[[noreturn]] void refuse(const std::filesystem::path& file, Code code, const std::string& place, const std::string& found,
    const std::string& allowed, const std::string& advice)
{
    throw Error({.code = code, .file = file, .place = place, .found = found, .allowed = allowed, .advice = advice});
}

double positiveNumber(const nlohmann::json& value, const std::filesystem::path& file, const std::string& place)
{
    const double number = value.is_number() ? value.get<double>() : 0;
    if (!(number > 0) || number > 1e9)
        refuse(file, Code::config, place, value.dump(), "a number above 0", "Fetch or export the adapter again.");
    return number;
}

// PEFT's rule: the first key whose ^(.*\.)?(KEY)$ matches the module path. Keys with regex characters other than '.' are refused.
double patterned(const nlohmann::json& config, const char* pattern, const std::string& module, double otherwise,
    const std::filesystem::path& file)
{
    const auto found = config.find(pattern);
    if (found == config.end() || !found->is_object())
        return otherwise;
    for (const auto& [key, value] : found->items()) {
        const bool literal = key.find_first_not_of(
                                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
            == std::string::npos;
        if (!literal) {
            refuse(file, Code::unsupported, std::string("/") + pattern + "/" + key, "a regular expression",
                "module names or their endings", "Write the module names out.");
        }
        if (module == key || module.ends_with("." + key))
            return positiveNumber(value, file, std::string("/") + pattern + "/" + key);
    }
    return otherwise;
}

nlohmann::json readAdapterConfig(const std::filesystem::path& folder)
{
    const auto file = folder / "adapter_config.json";
    if (!std::filesystem::exists(file)) {
        refuse(folder, Code::missing, "adapter_config.json", "it is not there",
            "a PEFT adapter folder with adapter_config.json and adapter_model.safetensors", "Choose the adapter's folder.");
    }
    auto config = readJsonFile(file, limits::kJsonConfig);
    if (!config.is_object() || config.value("peft_type", "LORA") != "LORA") {
        refuse(file, Code::unsupported, "/peft_type", config.is_object() ? config["peft_type"].dump() : "no object",
            "LORA", "Only LoRA adapters can be read.");
    }
    if (config.contains("use_dora") && config["use_dora"] == true)
        refuse(file, Code::unsupported, "/use_dora", "true", "false", "DoRA adapters cannot be read yet.");
    if (const auto init = config.find("init_lora_weights"); init != config.end() && init->is_string()
        && *init != "gaussian") {
        refuse(file, Code::mismatch, "/init_lora_weights", init->dump(), "true, false or \"gaussian\"",
            "This adapter belongs to an edited base: convert it to plain LoRA first (export --format lora).");
    }
    return config;
}

// An adapter trained on an edited base is nonsense on any other.
void checkBase(const std::filesystem::path& file, const std::filesystem::path& modelPath)
{
    const auto metadata = readSafetensors(file).metadata;
    const auto wanted = metadata.find("rankwright.base");
    if (wanted == metadata.end())
        return;
    const auto weights = modelPath / "model.safetensors";
    if (std::filesystem::exists(weights) && sha256OfFile(weights) == wanted->second)
        return;
    refuse(file, Code::mismatch, "base model", modelPath.string(), "the edited base that was exported with this adapter (base/)",
        "Use the folder base/ beside the adapter, or export again with --format lora for the original model.");
}

}  // namespace

void writeAdapter(const std::filesystem::path& folder, const std::vector<PlacedStart>& starts, const std::string& baseModel,
    const std::string& editedBase)
{
    NamedTensors tensors;
    for (const auto& [name, start] : starts) {
        const auto key = std::string(kPrefix) + name;
        tensors.emplace_back(key + ".lora_A.weight", start.A);
        tensors.emplace_back(key + ".lora_B.weight", start.B);
    }
    std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<std::string, std::string> metadata{{"format", "pt"}};
    if (!editedBase.empty())
        metadata["rankwright.base"] = editedBase;
    writeTensors(folder / "adapter_model.safetensors", tensors, metadata);
    writeFileAtomically(folder / "adapter_config.json", adapterConfig(starts, baseModel).dump(2) + "\n");
}

std::vector<PlacedStart> readAdapter(const std::filesystem::path& folder, Decoder& model, const std::filesystem::path& modelPath)
{
    const auto config = readAdapterConfig(folder);
    const auto configFile = folder / "adapter_config.json", file = folder / "adapter_model.safetensors";
    if (!std::filesystem::exists(file)) {
        const bool pickle = std::filesystem::exists(folder / "adapter_model.bin");
        refuse(pickle ? folder / "adapter_model.bin" : folder, pickle ? Code::pickle : Code::missing,
            "adapter_model.safetensors", pickle ? "only a pickle is there" : "it is not there", "adapter_model.safetensors",
            pickle ? "A pickle is never loaded: save the adapter again with safe_serialization=True."
                   : "Choose the adapter's folder.");
    }
    checkBase(file, modelPath);
    const double rank = positiveNumber(config.value("r", nlohmann::json()), configFile, "/r");
    const double alpha = positiveNumber(config.value("lora_alpha", nlohmann::json()), configFile, "/lora_alpha");
    const bool rankStabilised = config.contains("use_rslora") && config["use_rslora"] == true;
    auto tensors = readTensors(file);
    std::vector<PlacedStart> starts;
    for (auto& slot : model.slots()) {
        const auto key = std::string(kPrefix) + slot.name;
        auto A = tensors.extract(key + ".lora_A.weight"), B = tensors.extract(key + ".lora_B.weight");
        if (A.empty() && B.empty())
            continue;
        if (A.empty() || B.empty() || A.mapped().dim() != 2 || B.mapped().dim() != 2) {
            refuse(file, Code::mismatch, "tensors of " + slot.name, "lora_A or lora_B is missing or not a matrix",
                "both, (r, in) and (out, r)", "Fetch or export the adapter again.");
        }
        const double r = patterned(config, "rank_pattern", slot.name, rank, configFile);
        const double a = patterned(config, "alpha_pattern", slot.name, alpha, configFile);
        if (double(A.mapped().size(0)) != r || double(B.mapped().size(1)) != r || A.mapped().size(1) != slot.in()
            || B.mapped().size(0) != slot.out()) {
            const auto shape = [](const at::Tensor& t) {
                return "(" + std::to_string(t.size(0)) + ", " + std::to_string(t.size(1)) + ")";
            };
            refuse(file, Code::mismatch, "tensors of " + slot.name, "A " + shape(A.mapped()) + ", B " + shape(B.mapped()),
                "A (" + std::to_string(int64_t(r)) + ", " + std::to_string(slot.in()) + "), B ("
                    + std::to_string(slot.out()) + ", " + std::to_string(int64_t(r)) + ")",
                "The adapter was made for another model or its config was changed.");
        }
        starts.push_back({slot.name, {A.mapped(), B.mapped(), rankStabilised ? a / std::sqrt(r) : a / r, {}}});
    }
    if (!tensors.empty() || starts.empty()) {
        refuse(file, Code::mismatch, tensors.empty() ? "" : "tensor " + tensors.begin()->first,
            starts.empty() ? "no tensor fits this model" : "it belongs to no module of this model",
            "base_model.model.MODULE.lora_A.weight and .lora_B.weight of the modules that `inspect` lists",
            "Use the adapter with the model it was made for.");
    }
    return starts;
}

std::vector<PlacedStart> adapterAsTrained(const AdapterSet& adapters)
{
    std::vector<PlacedStart> starts;
    for (const auto& entry : adapters.entries()) {
        const auto& delta = *entry.slot->delta;
        starts.push_back({entry.name, {delta.A.detach().clone(), delta.B.detach().clone(), delta.scaling, {}}});
    }
    return starts;
}

std::vector<PlacedStart> adapterForOriginalBase(const AdapterSet& adapters)
{
    auto starts = adapterAsTrained(adapters);
    for (size_t i = 0; i < starts.size(); ++i) {
        const auto& edit = adapters.entries()[i].edit;
        if (!edit)
            continue;
        starts[i].start.A = at::cat({starts[i].start.A, edit->A0}, 0);
        starts[i].start.B = at::cat({starts[i].start.B, -edit->B0}, 1);
    }
    return starts;
}

}  // namespace rankwright
