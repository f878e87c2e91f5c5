// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a model is, for people (inspect), and which models there are on this machine.
#include "training/api/error.h"
#include "training/api/paths.h"
#include "training/formats/chat_template.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/formats/tokenizer.h"
#include "training/models/model_facts.h"
#include "training/models/model_places.h"
#include "training/models/model_source.h"

#include <algorithm>
#include <set>

namespace rankwright {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostScanned = 20'000;      // directory entries looked at in one search
constexpr uint64_t kReadmeBytes = 64 << 10;  // a model card's front matter lies at its start
constexpr uint64_t kLicenseBytes = 8 << 10;
constexpr size_t kLicenseLine = 80;

std::string trimmed(std::string text)
{
    const char* blanks = " \t\r\"'";
    text.erase(0, std::min(text.find_first_not_of(blanks), text.size()));
    const size_t last = text.find_last_not_of(blanks);
    text.erase(last == std::string::npos ? 0 : last + 1);
    return text;
}

// `license: apache-2.0` in the YAML between the first two lines of ---; license_name where that says "other".
std::string licenseOfReadme(const fs::path& folder)
{
    std::string text;
    try {
        const FileReader file(folder / "README.md");
        text = file.text(0, std::min<uint64_t>(file.size(), kReadmeBytes));
    } catch (const Error&) {
        return {};
    }
    std::map<std::string, std::string> found;
    size_t lines = 0;
    for (size_t at = 0; at < text.size(); ++lines) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        const bool isRule = trimmed(line) == "---";
        if (lines == 0 && !isRule)
            return {};
        if (lines > 0 && isRule)
            break;
        const size_t colon = line.find(':');
        if (colon != std::string::npos && colon > 0 && line.front() != ' ')
            found.emplace(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
    const std::string name = found["license_name"];
    return found["license"] == "other" && !name.empty() ? name : found["license"];
}

// The licence that a file with its text begins with, by the names that such files have; its first line where it is another one.
std::string licenseOfFile(const fs::path& folder)
{
    std::string text, name;
    for (const char* candidate : {"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING"}) {
        try {
            const FileReader file(folder / candidate);
            text = file.text(0, std::min<uint64_t>(file.size(), kLicenseBytes));
            name = candidate;
            break;
        } catch (const Error&) {
            continue;
        }
    }
    // Words that stand at the head of the text, in the order in which one text could be taken for another.
    static const std::vector<std::pair<std::vector<std::string>, std::string>> kKnown{
        {{"Apache License", "Version 2.0"}, "apache-2.0"},
        {{"GNU AFFERO GENERAL PUBLIC LICENSE", "Version 3"}, "agpl-3.0"},
        {{"GNU LESSER GENERAL PUBLIC LICENSE", "Version 3"}, "lgpl-3.0"},
        {{"GNU GENERAL PUBLIC LICENSE", "Version 3"}, "gpl-3.0"},
        {{"GNU GENERAL PUBLIC LICENSE", "Version 2"}, "gpl-2.0"},
        {{"Permission is hereby granted, free of charge", "THE SOFTWARE IS PROVIDED \"AS IS\""}, "mit"},
        {{"Redistribution and use in source and binary forms", "Neither the name"}, "bsd-3-clause"},
        {{"Redistribution and use in source and binary forms"}, "bsd-2-clause"}};
    for (const auto& [words, id] : kKnown) {
        if (std::ranges::all_of(words, [&](const std::string& word) { return text.find(word) != std::string::npos; }))
            return id + " (its file " + name + ")";
    }
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = trimmed(text.substr(at, std::min(end - at, kLicenseLine)));
        if (!line.empty())
            return line + " (its file " + name + ")";
        at = end + 1;
    }
    return {};
}

// The cache's name of a snapshot's folder: .../models--org--name/snapshots/HASH[/file.gguf].
std::string cacheNameOf(const fs::path& path)
{
    for (fs::path part = path; part.has_relative_path(); part = part.parent_path()) {
        if (part.parent_path().filename() == "snapshots")
            return cachedModelName(part.parent_path().parent_path().filename().string());
        if (part == part.parent_path())
            break;
    }
    return {};
}

void describePlace(ModelInfo& info, const fs::path& path)
{
    std::error_code ignored;
    info.path = path.string();
    const bool isFolder = fs::is_directory(path, ignored);
    info.format = isFolder ? "safetensors" : "gguf";
    const std::string cached = cacheNameOf(path);
    if (info.spec == "default")
        info.source = "bundled default";
    else if (!cached.empty())
        info.source = "Hugging Face cache";
    else
        info.source = isFolder ? "folder" : "GGUF file";
    const fs::path folder = path.has_filename() ? path : path.parent_path();
    info.name = !cached.empty() ? cached : isFolder ? folder.filename().string() : path.stem().string();
}

void describeNumbers(ModelInfo& info, const ModelConfig& config)
{
    info.family = config.family;
    info.architecture = config.architecture;
    info.layers = config.layers;
    info.hiddenSize = config.hiddenSize;
    info.intermediateSize = config.intermediateSize;
    info.heads = config.heads;
    info.kvHeads = config.kvHeads;
    info.headDim = config.headDim;
    info.vocabSize = config.vocabSize;
    info.contextLength = config.contextLength;
    info.tiedEmbeddings = config.tiedEmbeddings;
}

void describeTensors(ModelInfo& info, const ModelSource& source)
{
    for (const auto& [name, entry] : source.tensors) {
        info.parameters += entry.count();
        info.bytes += int64_t(entry.bytes);
        info.dtypes[std::string(typeName(entry.type))] += 1;
        info.quantised = info.quantised || typeBits(entry.type) == 0;
    }
    constexpr std::string_view suffix = ".weight";
    for (const ExpectedTensor& tensor : expectedTensors(source.config)) {
        const auto entry = source.tensors.find(tensor.name);
        if (tensor.kind.empty() || entry == source.tensors.end())
            continue;
        ModuleInfo module;
        module.name = tensor.name.substr(0, tensor.name.size() - suffix.size());
        module.layer = tensor.layer;
        module.kind = tensor.kind;
        module.rows = tensor.shape.front();
        module.cols = tensor.shape.back();
        module.dtype = std::string(typeName(entry->second.type));
        info.adaptable += module.rows * module.cols;
        info.modules.push_back(std::move(module));
    }
}

// Text needs a tokenizer; weights can be looked at without one, so that its absence is said and nothing more.
void describeText(ModelInfo& info, const ModelSource& source)
{
    try {
        if (source.gguf) {
            info.templateSource = source.gguf->text("tokenizer.chat_template", "");
            info.tokenizer = std::string(tokenizerFromGguf(*source.gguf)->kind());
        } else {
            info.templateSource = chatTemplateSource(source.path);
            info.tokenizer = std::string(openTokenizer(source.path)->kind());
        }
    } catch (const Error& error) {
        info.problem = error.what();
    }
    info.chatTemplate = !info.templateSource.empty();
    if (source.gguf) {
        // The bundled model's own name in its metadata is a training recipe's; its file name says what it is.
        const std::string name = source.gguf->text("general.name", "");
        if (!name.empty() && info.source != "Hugging Face cache" && info.source != "bundled default")
            info.name = name;
        info.license = source.gguf->text("general.license", "");
    }
    if (info.license.empty()) {
        const fs::path folder = source.gguf ? source.path.parent_path() : source.path;
        info.license = licenseOfReadme(folder);
        if (info.license.empty() && !source.gguf)   // beside a single file anything may lie
            info.license = licenseOfFile(folder);
    }
}

// A model for the list: never throws for a bad one.
ModelInfo listed(const std::string& spec, const std::string& name)
{
    ModelInfo info;
    try {
        info = inspectModel(spec);
    } catch (const std::exception& error) {
        info.usable = false;
        info.problem = error.what();
        info.spec = spec;
        info.name = name;
        info.path = spec;
        try {
            const fs::path path = resolveModel(spec);
            describePlace(info, path);
            info.files = filesOf(path);
        } catch (const std::exception&) {
            info.source = spec == "default" ? "bundled default" : "folder";
        }
    }
    return info;
}

class Search
{
public:
    void add(const std::string& spec, const std::string& name)
    {
        ModelInfo info = listed(spec, name);
        std::error_code ignored;
        const fs::path real = fs::weakly_canonical(info.path, ignored);
        if (!info.path.empty() && !m_seen.insert(ignored ? fs::path(info.path) : real).second)
            return;
        m_models.push_back(std::move(info));
    }
    // Model folders and .gguf files in `folder` and at most `depth` levels below it.
    void scan(const fs::path& folder, int depth)
    {
        std::error_code ignored;
        if (fs::exists(folder / "config.json", ignored)) {
            add(folder.string(), folder.filename().string());
            return;
        }
        std::vector<fs::path> entries;
        const auto options = fs::directory_options::skip_permission_denied;
        for (fs::directory_iterator at(folder, options, ignored), end; at != end && !ignored; at.increment(ignored)) {
            if (++m_scanned > kMostScanned)
                break;
            entries.push_back(at->path());
        }
        std::ranges::sort(entries);  // a folder's own order changes from machine to machine
        for (const fs::path& entry : entries) {
            const bool isFolder = fs::is_directory(entry, ignored) && !fs::is_symlink(entry, ignored);
            if (!isFolder && isFirstGgufPart(entry) && fs::is_regular_file(entry, ignored))
                add(entry.string(), entry.stem().string());
            else if (isFolder && depth > 0 && !entry.filename().string().starts_with('.'))
                scan(entry, depth - 1);
        }
    }
    void scanCache(const fs::path& cache)
    {
        std::error_code ignored;
        std::vector<std::string> names;
        for (fs::directory_iterator at(cache, ignored), end; at != end && !ignored; at.increment(ignored)) {
            const std::string name = cachedModelName(at->path().filename().string());
            if (!name.empty() && ++m_scanned <= kMostScanned)
                names.push_back(name);
        }
        std::ranges::sort(names);
        for (const std::string& name : names)
            add(name, name);
    }
    [[nodiscard]] std::vector<ModelInfo> take() { return std::move(m_models); }

private:
    std::vector<ModelInfo> m_models;
    std::set<fs::path> m_seen;
    size_t m_scanned = 0;
};

}  // namespace

ModelInfo inspectModel(const std::string& spec)
{
    const ModelSource source = openModelSource(spec);
    ModelInfo info;
    info.spec = spec;
    describePlace(info, source.path);
    describeNumbers(info, source.config);
    describeTensors(info, source);
    describeText(info, source);
    describeFacts(info, source);
    return info;
}

std::vector<ModelInfo> findModels(const std::vector<fs::path>& folders)
{
    Search search;
    search.add("default", "default model");
    try {
        search.scanCache(huggingFaceCache());
    } catch (const Error&) {
        // No home directory: there is no cache to list.
    }
    for (const fs::path& folder : folders)
        search.scan(folder, 2);
    return search.take();
}

}  // namespace rankwright
