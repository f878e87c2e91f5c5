// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/export/model_folder.h"

#include "training/formats/atomic_file.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/io/tensor_writer.h"
#include "training/models/hf_writer.h"

#include <ATen/ATen.h>

#include <array>

namespace rankwright {

namespace {

// What tokenizers and chat need, where the base has it.
constexpr std::array kTextFiles{"tokenizer.json", "tokenizer.model", "spm.model", "vocab.txt", "vocab.json", "merges.txt",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json", "chat_template.jinja"};
constexpr const char* kTokenHead = "lm_head.weight";

std::string dtypeName(at::ScalarType type)
{
    return type == at::kFloat ? "float32" : type == at::kBFloat16 ? "bfloat16" : "float16";
}

// Each tensor is made when its turn comes and gone before the next one.
std::vector<TensorSource> tensorsOf(Weights& weights, const Model& model,
    const std::function<at::Tensor(const LinearSlot&)>& weightOf, at::ScalarType type)
{
    std::vector<TensorSource> tensors;
    const bool hasLabels = model.task() != Task::lm;
    for (const auto& [name, tensor] : model.otherTensors()) {
        if (hasLabels && name == kTokenHead)
            continue;   // transformers' models for labels have none
        // What was trained, a head that is no longer tied, and one for labels are in the model alone.
        const bool stored = !tensor.requires_grad() && weights.has(name) && weights.shape(name) == tensor.sizes().vec();
        tensors.push_back({name, tensor.sizes().vec(), type, [&weights, type, stored, name = name, tensor = tensor] {
                               return stored ? weights.read(name, type) : tensor.detach().to(type);
                           }});
    }
    for (const auto& slot : model.slots()) {
        tensors.push_back({slot.name + ".weight", {slot.out(), slot.in()}, type,
            [&slot, &weightOf, type] { return weightOf(slot).to(type); }});
        if (slot.bias.defined())
            tensors.push_back({slot.name + ".bias", {slot.out()}, type,
                [&weights, &slot, type] {
                    return slot.bias.requires_grad() ? slot.bias.detach().to(type) : weights.read(slot.name + ".bias", type);
                }});
    }
    return tensors;
}

}  // namespace

std::vector<std::string> writeModelFolder(const std::filesystem::path& folder, Weights& weights, const Model& model,
    const std::function<at::Tensor(const LinearSlot&)>& weightOf, at::ScalarType type, const std::vector<std::string>& labels)
{
    const at::NoGradGuard guard;
    const auto task = model.task();
    const WrittenModel written{.dtype = dtypeName(type),
        .tied = model.tied(),
        .task = taskText(task),
        .labels = labels};
    const auto config = writtenConfig(weights.source(), written);   // refuses before anything is written
    writeTensors(folder / "model.safetensors", tensorsOf(weights, model, weightOf, type), {{"format", "pt"}});
    writeFileAtomically(folder / "config.json", config.dump(2) + "\n");
    std::vector<std::string> files{"config.json", "model.safetensors"};
    const auto& source = weights.source().path;
    if (!std::filesystem::is_directory(source))
        return files;
    for (const char* name : kTextFiles) {
        if (!std::filesystem::exists(source / name))
            continue;
        writeFileAtomically(folder / name, readWholeFile(source / name, limits::kTokenizerJson));
        files.emplace_back(name);
    }
    return files;
}

}  // namespace rankwright
