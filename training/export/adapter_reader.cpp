// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reading PEFT adapter folders, ours and those that PEFT wrote, and matching them to a model's modules.
#include "training/export/adapter_file.h"

#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"
#include "training/formats/sha256.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

namespace rankwright {

namespace {

constexpr std::string_view kPrefix = "base_model.model.";
constexpr const char *kEmbeddings = "model.embed_tokens.weight", *kHead = "lm_head.weight";

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

// The path that a key means, and whether it means nothing that ends with it: "^model\.norm". Empty for other regular expressions.
struct PatternKey { std::string path; bool anchored = false; };
PatternKey patternKey(std::string_view key)
{
    PatternKey found{.path = {}, .anchored = key.starts_with('^')};
    if (found.anchored)
        key.remove_prefix(1);
    for (size_t i = 0; i < key.size(); ++i) {
        if (key[i] == '\\' && i + 1 < key.size() && key[i + 1] == '.')
            ++i;
        const bool plain = std::isalnum(static_cast<unsigned char>(key[i])) || key[i] == '_' || key[i] == '.' || key[i] == '-';
        if (!plain)
            return {};
        found.path += key[i];
    }
    return found;
}

// PEFT's rule: the first key whose ^(.*\.)?(KEY)$ matches the module path. Keys with regex characters other than '.', "\." and a
// leading '^' are refused.
double patterned(const nlohmann::json& config, const char* pattern, const std::string& module, double otherwise,
    const std::filesystem::path& file)
{
    const auto found = config.find(pattern);
    if (found == config.end() || !found->is_object())
        return otherwise;
    std::optional<double> matched;
    for (const auto& [key, value] : found->items()) {
        const auto [path, anchored] = patternKey(key);
        if (path.empty()) {
            refuse(file, Code::unsupported, std::string("/") + pattern + "/" + key, "a regular expression",
                "module names or their endings", "Write the module names out.");
        }
        if (module != path && (anchored || !module.ends_with("." + path)))
            continue;
        // PEFT takes the first in the order of the file, which a parsed object does not have.
        const double number = positiveNumber(value, file, std::string("/") + pattern + "/" + key);
        if (matched.value_or(number) != number) {
            refuse(file, Code::unsupported, std::string("/") + pattern + "/" + key,
                "a second value for " + module, "one value for each module", "Write the modules' whole names.");
        }
        matched = number;
    }
    return matched.value_or(otherwise);
}

nlohmann::json readAdapterConfig(const std::filesystem::path& folder)
{
    const auto file = folder / "adapter_config.json";
    if (!std::filesystem::exists(file)) {
        refuse(folder, Code::missing, "adapter_config.json", "it is not there",
            "a PEFT adapter folder with adapter_config.json and adapter_model.safetensors", "Choose the adapter's folder.");
    }
    auto config = readJsonFile(file, limits::kJsonConfig);
    if (!config.is_object() || config.value("peft_type", nlohmann::json("LORA")) != "LORA") {
        refuse(file, Code::unsupported, "/peft_type", config.is_object() ? config["peft_type"].dump() : "no object",
            "LORA", "Only LoRA adapters can be read.");
    }
    if (const auto init = config.find("init_lora_weights"); init != config.end() && init->is_string()
        && *init != "gaussian") {
        refuse(file, Code::mismatch, "/init_lora_weights", init->dump(), "true, false or \"gaussian\"",
            "This adapter belongs to an edited base: convert it to plain LoRA first (export --format lora).");
    }
    for (const char* key : {"use_qalora", "use_bdlora", "alora_invocation_tokens", "layer_replication", "kasa_config", "velora_config",
             "arrow_config", "fan_in_fan_out"}) {
        const auto found = config.find(key);
        if (found != config.end() && !found->is_null() && *found != false)
            refuse(file, Code::unsupported, std::string("/") + key, found->dump(), "null or false", "Only plain LoRA, rsLoRA and DoRA can be read.");
    }
    return config;
}

// An adapter trained on an edited base is nonsense on any other.
void checkBase(const std::filesystem::path& file, const std::filesystem::path& modelPath)
{
    const auto metadata = readSafetensors(file).metadata;
    const auto wanted = metadata.find(kBaseKey);
    if (wanted == metadata.end())
        return;
    const auto weights = modelPath / "model.safetensors";
    if (std::filesystem::exists(weights) && sha256OfFile(weights) == wanted->second)
        return;
    refuse(file, Code::mismatch, "base model", modelPath.string(), "the edited base that was exported with this adapter (base/)",
        "Use the folder base/ beside the adapter, or export again with --format lora for the original model.");
}

std::string shapeText(const at::Tensor& t)
{
    std::string text = "(";
    for (int64_t i = 0; i < t.dim(); ++i)
        text += (i ? ", " : "") + std::to_string(t.size(i));
    return text + ")";
}

// The tensors of a file, taken out one by one; what is left at the end belongs to nothing.
class AdapterTensors
{
public:
    explicit AdapterTensors(std::filesystem::path file) : m_file(std::move(file)), m_tensors(readTensors(m_file)) {}
    at::Tensor take(const std::string& name)
    {
        auto found = m_tensors.extract(std::string(kPrefix) + name);
        if (found.empty())
            return {};
        if (const auto bad = found.mapped().numel() - at::isfinite(found.mapped()).sum().item<int64_t>(); bad > 0) {
            refuse(m_file, Code::data, "tensor " + found.key(), std::to_string(bad) + " values that are not finite",
                "finite values", "The adapter's training diverged or the file is damaged: take another one.");
        }
        return found.mapped();
    }
    [[nodiscard]] const std::filesystem::path& file() const { return m_file; }
    [[nodiscard]] const std::map<std::string, at::Tensor>& left() const { return m_tensors; }

private:
    std::filesystem::path m_file;
    std::map<std::string, at::Tensor> m_tensors;
};

// What adapter_config.json says about the scale of its modules.
struct AdapterScales
{
    const nlohmann::json& config;
    const std::filesystem::path& file;
    [[nodiscard]] double rank(const std::string& module) const
    {
        return patterned(config, "rank_pattern", module, positiveNumber(config.value("r", nlohmann::json()), file, "/r"), file);
    }
    [[nodiscard]] double alpha(const std::string& module) const
    {
        const double shared = positiveNumber(config.value("lora_alpha", nlohmann::json()), file, "/lora_alpha");
        return patterned(config, "alpha_pattern", module, shared, file);
    }
    [[nodiscard]] bool is(const char* key) const { return config.contains(key) && config[key] == true; }
};

// The start of one module, or nothing where the adapter has no tensors of it.
std::optional<Start> readModule(AdapterTensors& tensors, const LinearSlot& slot, const AdapterScales& scales)
{
    const auto A = tensors.take(slot.name + ".lora_A.weight"), B = tensors.take(slot.name + ".lora_B.weight");
    const auto magnitude = tensors.take(slot.name + ".lora_magnitude_vector");
    if (!A.defined() && !B.defined() && !magnitude.defined())
        return std::nullopt;
    const auto place = "tensors of " + slot.name;
    if (!A.defined() || !B.defined() || A.dim() != 2 || B.dim() != 2) {
        refuse(tensors.file(), Code::mismatch, place, "lora_A or lora_B is missing or not a matrix",
            "both, (r, in) and (out, r)", "Fetch or export the adapter again.");
    }
    const double rank = scales.rank(slot.name), alpha = scales.alpha(slot.name);
    if (double(A.size(0)) != rank || double(B.size(1)) != rank || A.size(1) != slot.in() || B.size(0) != slot.out()) {
        const auto r = std::to_string(int64_t(rank));
        refuse(tensors.file(), Code::mismatch, place, "A " + shapeText(A) + ", B " + shapeText(B),
            "A (" + r + ", " + std::to_string(slot.in()) + "), B (" + std::to_string(slot.out()) + ", " + r + ")",
            "The adapter was made for another model or its config was changed.");
    }
    if (magnitude.defined() != scales.is("use_dora") || (magnitude.defined() && magnitude.numel() != slot.out())) {
        refuse(tensors.file(), Code::mismatch, place,
            magnitude.defined() ? "lora_magnitude_vector " + shapeText(magnitude) : "no lora_magnitude_vector",
            scales.is("use_dora") ? "(" + std::to_string(slot.out()) + "), as use_dora says" : "none, as use_dora says",
            "The adapter's config and tensors do not belong together: export it again.");
    }
    Start start{.A = A, .B = B, .scaling = scales.is("use_rslora") ? alpha / std::sqrt(rank) : alpha / rank};
    if (magnitude.defined())
        start.magnitude = magnitude.reshape({slot.out()});
    return start;
}

// PEFT's rule: "norm" is every module whose path ends so, with all that is inside it ("pooler" has bert.pooler.dense).
bool isSaved(const nlohmann::json& listed, const std::string& module)
{
    for (size_t end = module.find('.'); ; end = module.find('.', end + 1)) {
        const auto path = std::string_view(module).substr(0, end);
        const bool named = std::any_of(listed.begin(), listed.end(),
            [&](const nlohmann::json& entry) { return entry.is_string() && path.ends_with(entry.get<std::string>()); });
        if (named)
            return true;
        if (end == std::string::npos)
            return false;
    }
}

// modules_to_save: whole weights that were trained beside the adapters.
void readSavedModules(AdapterTensors& tensors, Model& model, const nlohmann::json& config, std::vector<PlacedStart>& starts)
{
    const auto listed = config.find("modules_to_save");
    if (listed == config.end() || !listed->is_array())
        return;
    const auto left = tensors.left();
    for (const auto& [key, unused] : left) {
        const auto name = key.starts_with(kPrefix) ? key.substr(kPrefix.size()) : key;
        const bool weight = name.ends_with(".weight");
        if (!weight && !name.ends_with(".bias"))
            continue;
        const auto module = name.substr(0, name.rfind('.'));
        const bool slot = weight && model.slot(module) != nullptr;
        const bool head = name == kHead && model.tied();   // asking for it would untie it
        if (!isSaved(*listed, module) || (!slot && !head && !model.parameter(name)))
            continue;
        starts.push_back({slot ? module : name, {.trainsWeight = true, .weight = tensors.take(name)}});
    }
    // PEFT saves a copy of the embeddings: a head that was tied to them stays as it was.
    const auto named = [&](const char* name) {
        return std::find_if(starts.begin(), starts.end(), [&](const PlacedStart& placed) { return placed.name == name; });
    };
    if (const auto embeddings = named(kEmbeddings); embeddings != starts.end())
        embeddings->start.untiesHead = model.tied() && named(kHead) == starts.end();
}

// Every module that target_modules names has its tensors, and every name is a module's: half an adapter is not used in silence.
void checkTargets(const nlohmann::json& config, const std::filesystem::path& file, const Model& model,
    const std::vector<PlacedStart>& starts)
{
    const auto targets = config.find("target_modules");
    for (const char* key : {"layers_to_transform", "exclude_modules"}) {
        if (config.contains(key) && !config[key].is_null())
            return;   // a selection that we do not repeat; what is there has been matched by name
    }
    if (targets == config.end() || !targets->is_array())
        return;
    for (const auto& entry : *targets) {
        const auto target = entry.is_string() ? entry.get<std::string>() : entry.dump();
        bool any = false;
        for (const auto& slot : model.slots()) {
            if (slot.name != target && !slot.name.ends_with("." + target))
                continue;
            any = true;
            const bool there = std::any_of(
                starts.begin(), starts.end(), [&](const PlacedStart& placed) { return placed.name == slot.name; });
            if (!there) {
                refuse(file, Code::mismatch, "/target_modules", target + ", but no tensors of " + slot.name,
                    "tensors of every module that it names", "The file is incomplete: fetch or export the adapter again.");
            }
        }
        if (!any) {
            refuse(file, Code::mismatch, "/target_modules", escaped(target) + ", which is no module of this model",
                "modules that `inspect` lists", "Use the adapter with the model it was made for.");
        }
    }
}

// A head for labels needs its place in the model.
void checkHead(const nlohmann::json& config, const std::filesystem::path& file, const Model& model)
{
    if (config.value("task_type", nlohmann::json()) != "SEQ_CLS" || model.task() != Task::lm)
        return;
    refuse(file, Code::mismatch, "/task_type", "SEQ_CLS, an adapter with a head for labels", "CAUSAL_LM, or none",
        "Use it for a task with labels (eval, or train --task classify), or choose an adapter for text.");
}

std::optional<std::vector<std::string>> labelsFromText(const std::string& text)
{
    const auto list = nlohmann::json::parse(text, nullptr, false);
    if (!list.is_array() || !std::ranges::all_of(list, [](const auto& entry) { return entry.is_string(); }))
        return std::nullopt;
    return list.get<std::vector<std::string>>();
}

}  // namespace

AdapterHead headOfAdapter(const std::filesystem::path& folder, const ModelConfig& config)
{
    AdapterHead head;
    const auto file = folder / "adapter_model.safetensors";
    if (config.labelHead.out.empty() || !std::filesystem::exists(file))
        return head;   // readAdapter() says what is missing
    const auto table = readSafetensors(file);
    const auto wanted = std::string(kPrefix) + config.labelHead.out + ".weight";
    const auto found = std::ranges::find(table.tensors, wanted, &TensorEntry::name);
    if (found == table.tensors.end() || found->shape.size() != 2)
        return head;
    head.outputs = found->shape.front();
    if (head.outputs < 1)
        return {};
    head.task = head.outputs == 1 ? Task::regress : Task::classify;
    if (const auto labels = table.metadata.find(kLabelsKey); labels != table.metadata.end())
        head.labels = labelsFromText(labels->second).value_or(std::vector<std::string>());
    if (int64_t(head.labels.size()) != head.outputs)
        head.labels.clear();
    return head;
}

std::vector<PlacedStart> readAdapter(const std::filesystem::path& folder, Model& model, const std::filesystem::path& modelPath)
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
    checkHead(config, configFile, model);
    const AdapterScales scales{config, configFile};
    (void)scales.rank("");    // a bad rank or alpha is said first, by its key
    (void)scales.alpha("");
    AdapterTensors tensors(file);
    std::vector<PlacedStart> starts;
    for (const auto& slot : model.slots()) {
        if (auto start = readModule(tensors, slot, scales))
            starts.push_back({slot.name, std::move(*start)});
    }
    const bool adapted = !starts.empty();
    if (adapted)
        checkTargets(config, configFile, model, starts);
    readSavedModules(tensors, model, config, starts);
    if (!tensors.left().empty() || !adapted) {
        refuse(file, Code::mismatch, tensors.left().empty() ? "" : "tensor " + tensors.left().begin()->first,
            adapted ? "it belongs to no module of this model" : "no tensor fits this model",
            "base_model.model.MODULE.lora_A.weight and .lora_B.weight of the modules that `inspect` lists, and modules_to_save",
            "Use the adapter with the model it was made for.");
    }
    return starts;
}

}  // namespace rankwright
