// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The families of families.inc, in its order, and what all of them share: choosing one and expanding its names.
#include "training/api/error.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/models/family.h"

#include <algorithm>

namespace rankwright {

#define FAMILY(name) FamilySpec name##Family();
#include "training/models/families.inc"
#undef FAMILY

namespace {

// Sizes of a decoder's tensors follow from the last part of the name.
std::vector<int64_t> shapeOf(std::string_view name, const ModelConfig& config)
{
    const int64_t hidden = config.hiddenSize, inner = config.intermediateSize;
    const int64_t queries = config.heads * config.headDim, keys = config.kvHeads * config.headDim;
    const bool isBias = name.ends_with(".bias");
    const size_t end = name.rfind('.');
    const size_t begin = name.rfind('.', end - 1);
    const std::string_view part = name.substr(begin == std::string_view::npos ? 0 : begin + 1,
        end - (begin == std::string_view::npos ? 0 : begin + 1));
    const auto linear = [&](int64_t rows, int64_t cols) {
        return isBias ? std::vector<int64_t>{rows} : std::vector<int64_t>{rows, cols};
    };
    if (part == "embed_tokens" || part == "lm_head")
        return linear(config.vocabSize, hidden);
    if (part == "q_proj")
        return linear(queries, hidden);
    if (part == "k_proj" || part == "v_proj")
        return linear(keys, hidden);
    if (part == "o_proj")
        return linear(hidden, queries);
    if (part == "gate_proj" || part == "up_proj")
        return linear(inner, hidden);
    if (part == "down_proj")
        return linear(hidden, inner);
    if (part == "gate")                 // the router
        return linear(config.experts.count, hidden);
    if (part == "q_norm" || part == "k_norm")
        return {config.headDim};
    return {hidden};  // the norms of the residual stream
}

std::string filled(std::string_view pattern, std::string_view mark, int64_t number)
{
    const size_t at = pattern.find(mark);
    if (at == std::string_view::npos)
        return std::string(pattern);
    return std::string(pattern.substr(0, at)) + std::to_string(number) + std::string(pattern.substr(at + mark.size()));
}

bool isIn(const NameRow& row, int64_t layer, const ModelConfig& config)
{
    return row.layers == NameRow::Layers::all || (row.layers == NameRow::Layers::experts) == config.experts.in(layer);
}

// Architectures that people have, and what of them is not built. Config's names and GGUF's.
struct OtherArchitecture { std::string_view name, feature; };
constexpr OtherArchitecture kOthers[]{
    {"gemma2", "soft caps on the scores of attention"},
    {"gemma3n", "embeddings by layer"},
    {"deepseek_v2", "multi-head latent attention"},
    {"deepseek_v3", "multi-head latent attention"},
    {"deepseek2", "multi-head latent attention"},
    {"llama4", "layers without positions beside chunked attention"},
    {"llama4_text", "layers without positions beside chunked attention"},
    {"mllama", "pictures"},
    {"mistral3", "pictures"},
    {"qwen", "the first Qwen's own code"},
    {"qwen2_vl", "pictures"},
    {"qwen2_moe", "experts beside a gated shared one"},
    {"qwen2moe", "experts beside a gated shared one"},
    {"qwen3_moe", "experts beside normalised heads"},
    {"qwen3moe", "experts beside normalised heads"},
    {"phi3", "projections of queries, keys and values in one matrix"},
    {"mamba", "state spaces in place of attention"},
};

// `the architecture "gemma2" (soft caps ...)`.
std::string foundArchitecture(const std::string& name)
{
    const auto other = std::ranges::find(kOthers, name, &OtherArchitecture::name);
    return "the architecture \"" + name + "\"" + (other == std::end(kOthers) ? "" : " (" + std::string(other->feature) + ")");
}

std::string supportedTitles()
{
    std::string titles;
    for (const FamilySpec& family : families())
        titles += (titles.empty() ? "" : "; ") + std::string(family.title);
    return titles;
}

ExpectedTensor expected(const NameRow& row, int64_t layer, int64_t expert, const ModelConfig& config)
{
    ExpectedTensor tensor;
    tensor.name = filled(filled(row.name, "{}", layer), "{e}", expert);
    tensor.gguf = filled(row.gguf, "{}", layer);
    tensor.expert = expert;
    tensor.transform = row.transform;
    tensor.required = row.required;
    tensor.kind = row.kind;
    tensor.layer = layer;
    tensor.shape = row.shape.empty() ? shapeOf(row.name, config) : row.shape;
    tensor.stackPart = row.stackPart;
    tensor.stackParts = row.stackParts;
    tensor.stack = filled(row.stack, "{}", layer);
    return tensor;
}

}  // namespace

const std::vector<FamilySpec>& families()
{
    static const std::vector<FamilySpec> table{
#define FAMILY(name) name##Family(),
#include "training/models/families.inc"
#undef FAMILY
    };
    return table;
}

const FamilySpec& familyById(std::string_view id)
{
    for (const FamilySpec& family : families()) {
        if (family.id == id)
            return family;
    }
    throw Error{ErrorParts{.code = Code::unsupported, .place = "model family", .found = std::string(id),
        .allowed = supportedTitles(), .advice = "Choose a model of one of these families."}};
}

ModelConfig readHfConfig(const std::filesystem::path& folder)
{
    const std::filesystem::path file = folder / "config.json";
    const nlohmann::json document = readJsonFile(file, limits::kJsonConfig);
    if (!document.is_object())
        throw Error{ErrorParts{.code = Code::config, .file = file, .place = "/", .found = "not an object",
            .allowed = "an object of keys and values", .advice = "Fetch the model's config.json again."}};
    for (const FamilySpec& family : families()) {
        if (family.matchesHf(document))
            return family.readHf(document, file);
    }
    const auto type = document.find("model_type");
    const std::string found = type != document.end() && type->is_string()
        ? foundArchitecture(type->get<std::string>())
        : "no model_type";
    const std::string code = document.contains("auto_map") ? " with its own Python code (auto_map)" : "";
    throw Error{ErrorParts{.code = Code::unsupported,
        .file = file,
        .place = "/model_type",
        .found = found + code,
        .allowed = supportedTitles(),
        .advice = "Choose a model of one of these families; remote code is never run."}};
}

ModelConfig readGgufConfig(const GgufFile& file)
{
    for (const FamilySpec& family : families()) {
        if (family.matchesGguf(file))
            return family.readGguf(file);
    }
    throw Error{ErrorParts{.code = Code::unsupported,
        .file = file.path,
        .place = "key general.architecture",
        .found = foundArchitecture(file.text("general.architecture", "")),
        .allowed = supportedTitles(),
        .advice = "Choose a model of one of these families; remote code is never run."}};
}

std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config)
{
    std::vector<ExpectedTensor> tensors;
    const std::vector<NameRow> rows = familyById(config.family).names(config);
    const auto isLayered = [](const NameRow& row) { return row.name.find("{}") != std::string_view::npos; };
    for (const NameRow& row : rows) {
        if (!isLayered(row))
            tensors.push_back(expected(row, -1, -1, config));
    }
    for (int64_t layer = 0; layer < config.layers; ++layer) {
        for (const NameRow& row : rows) {
            if (!isLayered(row) || !isIn(row, layer, config))
                continue;
            const bool perExpert = row.name.find("{e}") != std::string_view::npos;
            for (int64_t expert = perExpert ? 0 : -1; expert < (perExpert ? config.experts.count : 0); ++expert)
                tensors.push_back(expected(row, layer, expert, config));
        }
    }
    return tensors;
}

}  // namespace rankwright
