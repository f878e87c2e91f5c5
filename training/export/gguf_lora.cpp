// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// W + (alpha / r) B A with A (r, in) as PEFT has it and the rows of B in the order of the base's rows. Experts are stacked as their
// weights are: A (experts, r, in), B (experts, out, r), with zeros for experts without an adapter and for ranks below the largest.
#include "training/export/gguf_lora.h"

#include "training/api/error.h"
#include "training/formats/gguf_writer.h"
#include "training/models/gguf_keys.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

[[noreturn]] void refuse(Code code, const std::filesystem::path& file, const std::string& place, const std::string& found,
    const std::string& allowed)
{
    throw Error({.code = code, .file = file, .place = place, .found = found, .allowed = allowed,
        .advice = code == Code::unsupported ? "Export the whole model (--format gguf), or the adapter for PEFT (--format lora)"
                                            : "Nothing was kept. Export in another format, and please report this."});
}

// The modules of one tensor of the base: one, or all experts of a stack.
struct Group
{
    std::string gguf;
    std::vector<ExpectedTensor> parts;
};

std::vector<Group> groupsOf(const ModelConfig& config)
{
    std::vector<Group> groups;
    std::map<std::string, size_t> byName;
    for (auto& expected : expectedTensors(config)) {
        if (expected.kind.empty() || !expected.name.ends_with(".weight"))
            continue;
        const auto key = expected.gguf.empty() ? expected.name : expected.gguf;
        const auto [found, isNew] = byName.emplace(key, groups.size());
        if (isNew)
            groups.push_back({expected.gguf, {}});
        groups[found->second].parts.push_back(std::move(expected));
    }
    return groups;
}

std::string moduleOf(const ExpectedTensor& tensor) { return tensor.name.substr(0, tensor.name.size() - std::string_view(".weight").size()); }

bool isTurned(const ExpectedTensor& tensor)
{
    return tensor.transform == RowTransform::ropeQuery || tensor.transform == RowTransform::ropeKey;
}

void requirePlain(const PlacedStart& placed)
{
    if (placed.start.trainsWeight)
        refuse(Code::unsupported, {}, placed.name, "a weight that was trained whole", "A and B of a LoRA adapter");
    if (placed.start.magnitude.defined())
        refuse(Code::unsupported, {}, placed.name, "DoRA's magnitudes", "plain LoRA: llama.cpp has no norms of rows");
    if (placed.start.core.defined() || placed.start.edit)
        refuse(Code::unsupported, {}, placed.name, "an adapter for an edited base", "one for the original base");
}

TensorToWrite tensorOf(const std::string& name, const at::Tensor& values)
{
    const auto whole = values.to(at::kFloat).contiguous();
    return {.name = name, .type = StoredType::F32, .shape = whole.sizes().vec(), .produce = [whole](const auto& sink) {
        sink(std::span(static_cast<const std::byte*>(whole.const_data_ptr()), size_t(whole.nbytes())));
    }};
}

// A and B of one group with `alpha` for all: B takes what alpha / rank does not say.
void addGroup(const Group& group, const std::map<std::string, const Start*>& starts, double alpha, const ModelConfig& config,
    std::vector<TensorToWrite>& tensors)
{
    int64_t rank = 0;
    for (const auto& part : group.parts) {
        if (const auto found = starts.find(moduleOf(part)); found != starts.end())
            rank = std::max(rank, found->second->A.size(0));
    }
    if (rank == 0)
        return;
    if (group.gguf.empty())
        refuse(Code::unsupported, {}, moduleOf(group.parts.front()), "no name in GGUF", "modules that llama.cpp has");
    std::vector<at::Tensor> A, B;
    for (const auto& part : group.parts) {
        const auto out = part.shape.front(), in = part.shape.back();
        A.push_back(at::zeros({rank, in}));
        B.push_back(at::zeros({out, rank}));
        const auto found = starts.find(moduleOf(part));
        if (found == starts.end())
            continue;
        const Start& start = *found->second;
        const auto own = start.A.size(0);
        const double rest = start.scaling * double(rank) / alpha;
        A.back().narrow(0, 0, own).copy_(start.A);
        B.back().narrow(1, 0, own).copy_(rest == 1 ? start.B : start.B * rest);
        if (isTurned(part))
            B.back() = applyRopeRows(B.back(), out / config.headDim);
    }
    const bool stacked = group.parts.front().expert >= 0;
    tensors.push_back(tensorOf(group.gguf + std::string(kA), stacked ? at::stack(A) : A.front()));
    tensors.push_back(tensorOf(group.gguf + std::string(kB), stacked ? at::stack(B) : B.front()));
}

// A tensor of the file as it is stored.
at::Tensor read(const TensorEntry& entry)
{
    auto values = at::empty(entry.shape, at::kFloat);
    FileReader(entry.file).read(entry.offset, {static_cast<std::byte*>(values.data_ptr()), size_t(values.nbytes())});
    return values;
}

}  // namespace

void writeGgufLora(const std::filesystem::path& file, const std::vector<PlacedStart>& starts, const Model& model, const std::string& name)
{
    const at::NoGradGuard guard;
    auto config = model.config();
    requireGguf(config);
    std::map<std::string, const Start*> byModule;
    for (const auto& placed : starts) {
        requirePlain(placed);
        byModule.emplace(placed.name, &placed.start);
    }
    if (starts.empty())
        refuse(Code::unsupported, {}, "adapter", "no modules", "A and B of a LoRA adapter");
    // As the file holds it, so that what B takes over is exact.
    const auto alpha = double(float(starts.front().start.scaling * double(starts.front().start.A.size(0))));
    std::vector<TensorToWrite> tensors;
    for (const auto& group : groupsOf(config))
        addGroup(group, byModule, alpha, config, tensors);
    const GgufMetadata metadata{{"general.architecture", ggufText(std::string(familyById(config.family).ggufArchitecture))},
        {"general.type", ggufText("adapter")}, {"general.name", ggufText(name)}, {"general.file_type", ggufInteger(0)},
        {"general.quantization_version", ggufInteger(2)}, {"adapter.type", ggufText("lora")}, {"adapter.lora.alpha", ggufNumber(alpha)}};
    writeGguf(file, metadata, tensors);
}

std::vector<PlacedStart> readGgufLora(const std::filesystem::path& file, const Model& model)
{
    const auto table = readGguf(file);
    const double alpha = table.number("adapter.lora.alpha");
    std::map<std::string, const TensorEntry*> entries;
    for (const auto& entry : table.tensors)
        entries.emplace(entry.name, &entry);
    std::vector<PlacedStart> starts;
    for (const auto& group : groupsOf(model.config())) {
        const auto a = entries.find(group.gguf + std::string(kA)), b = entries.find(group.gguf + std::string(kB));
        if (a == entries.end() || b == entries.end())
            continue;
        auto A = read(*a->second), B = read(*b->second);
        const auto& part = group.parts.front();
        const int64_t rank = A.size(-2);
        if (A.size(-1) != part.shape.back() || B.size(-2) != part.shape.front() || B.size(-1) != rank
            || A.numel() != int64_t(group.parts.size()) * rank * part.shape.back())
            refuse(Code::mismatch, file, "tensor " + a->first, "a shape that does not fit the model", "(rank, in)");
        A = A.view({-1, rank, part.shape.back()});
        B = B.view({-1, part.shape.front(), rank});
        for (size_t i = 0; i < group.parts.size(); ++i) {
            auto rows = B[int64_t(i)].clone();
            if (isTurned(group.parts[i]))
                rows = undoRopeRows(rows, rows.size(0) / model.config().headDim);
            starts.push_back({moduleOf(group.parts[i]), {.A = A[int64_t(i)].clone(), .B = rows, .scaling = alpha / double(rank)}});
        }
    }
    if (starts.empty())
        refuse(Code::mismatch, file, "tensors", "none of this model's modules", "lora_a and lora_b of its modules");
    return starts;
}

}  // namespace rankwright
