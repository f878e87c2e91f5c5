// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From what a person writes (a path, org/name, "default") to a model's configuration and checked table of tensors.
#include "training/models/model_source.h"

#include "training/api/error.h"
#include "training/api/paths.h"
#include "training/formats/file_reader.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/formats/safetensors.h"
#include "training/models/model_places.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace rankwright {

namespace fs = std::filesystem;

namespace {

std::string shapeText(const std::vector<int64_t>& shape)
{
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i)
        text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

[[noreturn]] void refuseMissing(const std::string& spec, std::string found, std::string allowed, std::string advice)
{
    throw Error{ErrorParts{.code = Code::missing, .file = spec, .place = "model", .found = std::move(found),
        .allowed = std::move(allowed), .advice = std::move(advice)}};
}

// A PEFT adapter is no model: it is opened with its base.
void refuseAdapter(const fs::path& folder)
{
    std::error_code ignored;
    const fs::path file = folder / "adapter_config.json";
    if (!fs::is_regular_file(file, ignored))
        return;
    std::string base;
    try {
        const auto document = readJsonFile(file, limits::kJsonConfig);
        const auto named = document.is_object() ? document.find("base_model_name_or_path") : document.end();
        if (named != document.end() && named->is_string())
            base = named->get<std::string>();
    } catch (const Error&) {
        // It is an adapter all the same.
    }
    refuseMissing(folder.string(), "a PEFT adapter" + (base.empty() ? "" : " for the model " + base) + ", and no model",
        "a folder with config.json and *.safetensors, or a .gguf file",
        "Name " + (base.empty() ? "its base model" : base) + " as the model, and this folder with --adapter.");
}

// A folder stands for itself where it has a config.json, for its only .gguf file where it has none.
fs::path modelInFolder(const fs::path& folder)
{
    std::error_code ignored;
    if (fs::exists(folder / "config.json", ignored))
        return folder;
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored)) {
        if (isFirstGgufPart(entry.path()))
            found.push_back(entry.path());
    }
    if (found.size() == 1)
        return found.front();
    const bool none = found.empty();
    if (none)
        refuseAdapter(folder);
    refuseMissing(folder.string(),
        none ? "a folder without config.json" : "a folder with " + std::to_string(found.size()) + " .gguf files",
        "a folder with config.json and *.safetensors, or a .gguf file",
        none ? "Choose the folder that holds config.json." : "Choose one of the .gguf files.");
}

fs::path resolveExisting(const fs::path& path)
{
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
        return modelInFolder(path);
    if (path.extension() == ".gguf")
        return path;
    const FileReader file(path);  // says so where this is not a regular file
    if (file.size() >= 4 && file.text(0, 4) == "GGUF")
        return path;
    refuseKnownWrongKinds(file);
    if (path.extension() == ".safetensors" || path.filename() == "config.json")
        return modelInFolder(path.has_parent_path() ? path.parent_path() : fs::path("."));
    throw Error{ErrorParts{.code = Code::unsupported, .file = path, .place = "model",
        .found = "a file of an unknown kind", .allowed = "a folder with config.json and *.safetensors, or a .gguf file",
        .advice = "Choose the model's folder."}};
}

std::vector<TensorEntry> readTable(const ModelSource& source)
{
    return source.gguf ? source.gguf->tensors : readSafetensorsFolder(source.path);
}

void checkShape(const TensorEntry& entry, const ExpectedTensor& expected, const ModelConfig& config)
{
    if (entry.shape == expected.shape)
        return;
    const bool isVocabulary = expected.shape.size() == 2 && entry.shape.size() == 2
        && expected.shape.front() == config.vocabSize && entry.shape.back() == expected.shape.back();
    const std::string found = isVocabulary
        ? std::to_string(entry.shape.front()) + " rows for a vocabulary of " + std::to_string(config.vocabSize)
        : "the shape " + shapeText(entry.shape);
    throw Error{ErrorParts{.code = Code::mismatch,
        .file = entry.file,
        .place = "tensor " + entry.name,
        .found = found,
        .allowed = isVocabulary ? std::to_string(config.vocabSize) + " rows, as the configuration says"
                                : shapeText(expected.shape) + ", as the configuration says",
        .advice = "The configuration and the weights are of different models; fetch both again."}};
}

void checkType(const TensorEntry& entry)
{
    if (canDequantise(entry.type))
        return;
    std::string supported;
    for (const StoredType type : {StoredType::F32, StoredType::F16, StoredType::BF16, StoredType::F64,
             StoredType::Q4_0, StoredType::Q4_1, StoredType::Q5_0, StoredType::Q5_1, StoredType::Q8_0,
             StoredType::Q4_K, StoredType::Q5_K, StoredType::Q6_K}) {
        if (canDequantise(type))
            supported += (supported.empty() ? "" : ", ") + std::string(typeName(type));
    }
    throw Error{ErrorParts{.code = Code::unsupported, .file = entry.file, .place = "tensor " + entry.name,
        .found = "the type " + std::string(typeName(entry.type)), .allowed = supported,
        .advice = "Choose the model in another precision."}};
}

using Table = std::map<std::string, TensorEntry>;

// Buffers that some writers store and no family reads: they follow from the configuration.
bool isBuffer(const std::string& name)
{
    return name.ends_with("rotary_emb.inv_freq") || name.ends_with("position_ids") || name == "rope_freqs.weight";
}

// The names under which a file may hold `name`, in the order in which they are tried.
std::vector<std::string> namesInFile(const FamilySpec& family, const std::string& name)
{
    std::vector<std::string> names{name};
    if (family.aliases != nullptr)
        std::ranges::move(family.aliases(name), std::back_inserter(names));
    return names;
}

const TensorEntry* firstOf(const Table& table, const std::vector<std::string>& names)
{
    for (const std::string& name : names) {
        if (const auto found = table.find(name); found != table.end())
            return &found->second;
    }
    return nullptr;
}

// One expert's rows of a stack (experts, parts * rows, columns): an entry whose bytes lie inside the stack's.
TensorEntry sliceOf(const TensorEntry& stack, const ExpectedTensor& expected, const ModelConfig& config)
{
    std::vector<int64_t> whole{config.experts.count};
    whole.insert(whole.end(), expected.shape.begin(), expected.shape.end());
    whole.at(1) *= expected.stackParts;
    if (stack.shape != whole || expected.shape.back() % blockValues(stack.type) != 0) {
        throw Error{ErrorParts{.code = Code::mismatch, .file = stack.file, .place = "tensor " + stack.name,
            .found = "the shape " + shapeText(stack.shape), .allowed = shapeText(whole) + ", as the configuration says",
            .advice = "The configuration and the weights are of different models; fetch both again."}};
    }
    TensorEntry slice = stack;
    slice.shape = expected.shape;
    slice.bytes = stack.bytes / uint64_t(config.experts.count * expected.stackParts);
    slice.offset = stack.offset + slice.bytes * uint64_t(expected.expert * expected.stackParts + expected.stackPart);
    return slice;
}

// Finds the expected tensors in the file's table under each of their names, and remembers which of the file's were used.
class TensorSearch
{
public:
    TensorSearch(ModelSource& source, Table table)
        : m_source(source), m_table(std::move(table)), m_family(familyById(source.config.family))
    {
    }
    void take(const ExpectedTensor& expected)
    {
        m_required += expected.required;
        const bool gguf = m_source.gguf.has_value();
        const bool inStack = gguf && expected.expert >= 0;
        const TensorEntry* entry = gguf ? (expected.gguf.empty() ? nullptr : firstOf(m_table, {expected.gguf}))
                                        : firstOf(m_table, namesInFile(m_family, expected.name));
        const TensorEntry* stack = inStack ? entry : nullptr;
        if (entry == nullptr && !gguf && !expected.stack.empty())
            entry = stack = firstOf(m_table, namesInFile(m_family, expected.stack));
        if (entry == nullptr) {
            if (expected.required && m_missing++ == 0)
                m_firstMissing = gguf ? expected.gguf : expected.name;
            return;
        }
        m_used.insert(entry->name);
        checkType(*entry);
        if (stack == nullptr)
            checkShape(*entry, expected, m_source.config);
        // GGUF's stacks hold one part each; where files are stacked otherwise, the row says so.
        ExpectedTensor part = expected;
        if (inStack) {
            part.stackPart = 0;
            part.stackParts = 1;
        }
        TensorEntry taken = stack != nullptr ? sliceOf(*stack, part, m_source.config) : *entry;
        if (gguf && expected.transform != RowTransform::none)
            m_source.transforms[expected.name] = expected.transform;
        m_source.tensors.emplace(expected.name, std::move(taken));
    }
    void refuseMissing() const
    {
        if (m_missing == 0)
            return;
        throw Error{ErrorParts{.code = Code::mismatch,
            .file = m_source.path,
            .place = "tensor " + m_firstMissing,
            .found = "missing, with " + std::to_string(m_missing - 1) + " more of the "
                + std::to_string(m_required) + " tensors that the configuration asks for",
            .allowed = "every tensor of " + std::to_string(m_source.config.layers) + " layers",
            .advice = "The configuration and the weights are of different models, or a part is missing."}};
    }
    void noteUnused() const
    {
        size_t unused = 0;
        std::string first;
        for (const auto& [name, entry] : m_table) {
            // A tied model's lm_head is the embedding; a copy in the file is not read.
            const bool copy = m_source.config.tiedEmbeddings && name == "lm_head.weight";
            if (m_used.contains(name) || isBuffer(name) || copy)
                continue;
            if (unused++ == 0)
                first = name;
        }
        if (unused > 0)
            m_source.config.notes.push_back(
                "tensors of the file that are not used: " + std::to_string(unused) + ", the first is " + first);
    }

private:
    ModelSource& m_source;
    Table m_table;
    const FamilySpec& m_family;
    std::set<std::string> m_used;
    std::string m_firstMissing;
    size_t m_missing = 0, m_required = 0;
};

void takeTensors(ModelSource& source)
{
    Table table;
    for (TensorEntry& entry : readTable(source)) {
        std::string name = entry.name;
        table.emplace(std::move(name), std::move(entry));
    }
    TensorSearch search(source, std::move(table));
    for (const ExpectedTensor& expected : expectedTensors(source.config))
        search.take(expected);
    search.refuseMissing();
    search.noteUnused();
}

}  // namespace

fs::path resolveModel(const std::string& spec)
{
    std::error_code ignored;
    if (spec == "default") {
        const fs::path file = defaultModelFile();
        if (!fs::exists(file, ignored))
            refuseMissing(file.string(), "no default model", "the file that ./run fetches",
                "Start ./run once, or set RANKWRIGHT_DEFAULT_MODEL to a model.");
        return resolveExisting(file);
    }
    if (spec.empty())
        refuseMissing(spec, "an empty name", "a folder, a .gguf file, org/name of the local cache, or default",
            "Name a model.");
    if (fs::exists(fs::path(spec), ignored))
        return resolveExisting(spec);
    const std::string cached = cacheFolderName(spec);
    const fs::path cache = cached.empty() ? fs::path() : huggingFaceCache();
    if (!cached.empty() && fs::is_directory(cache / cached, ignored)) {
        const fs::path snapshot = cachedSnapshot(cache / cached);
        if (snapshot.empty())
            refuseMissing((cache / cached).string(), "no finished download", "a folder in snapshots/",
                "Fetch the model again with the tool that fills the cache.");
        return modelInFolder(snapshot);
    }
    const std::string looked = cached.empty() ? "" : ", and no " + (cache / cached).string();
    const bool meant = !nearestName(spec, {"default"}).empty();
    refuseMissing(spec, "no such file or folder" + looked,
        "a folder, a .gguf file, org/name of the local cache, or default",
        meant ? "Did you mean default?" : "Check the spelling. Nothing is downloaded: fetch the model first.");
}

ModelSource openModelSource(const std::string& spec)
{
    ModelSource source;
    source.spec = spec;
    source.path = resolveModel(spec);
    std::error_code ignored;
    if (fs::is_directory(source.path, ignored)) {
        source.config = readHfConfig(source.path);
    } else {
        source.gguf = readGguf(source.path);
        source.config = readGgufConfig(*source.gguf);
    }
    takeTensors(source);
    return source;
}

}  // namespace rankwright
