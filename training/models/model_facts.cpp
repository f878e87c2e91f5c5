// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/models/model_facts.h"

#include "training/api/error.h"
#include "training/api/number_text.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"
#include "training/models/gguf_keys.h"

#include <algorithm>
#include <set>

namespace rankwright {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostFiles = 200;

std::string count(int64_t number, const char* one, const char* many)
{
    return std::to_string(number) + " " + (number == 1 ? one : many);
}

// The shortest decimal, as config.json has it: 1e-05, 500000.
std::string plain(double value)
{
    const auto whole = int64_t(value);
    return value == double(whole) ? std::to_string(whole) : nlohmann::json(value).dump();
}

class Facts
{
public:
    Facts(ModelInfo& info, const ModelConfig& config) : m_info(info), m_config(config) {}
    void describe()
    {
        attention();
        positions();
        windows();
        norms();
        feedForward();
        experts();
        embeddings();
        labels();
    }

private:
    void add(const char* name, std::string text) { m_info.facts.emplace_back(name, std::move(text)); }
    void attention()
    {
        const bool shared = m_config.kvHeads > 0 && m_config.kvHeads != m_config.heads;
        std::string text = count(m_config.heads, "head", "heads") + " of width " + std::to_string(m_config.headDim);
        if (shared)
            text += ", which share " + count(m_config.kvHeads, "head of keys and values", "heads of keys and values");
        if (m_config.attentionBias || m_config.form != "decoder")
            text += ", with biases";
        if (m_config.queryKeyNorm)
            text += ", queries and keys normalised";
        if (m_config.attentionSoftcap > 0)
            text += ", scores capped at " + plain(m_config.attentionSoftcap);
        add("Attention", text);
    }
    void positions()
    {
        if (m_config.positionBuckets > 0) {
            add("Positions", "relative, " + std::to_string(m_config.positionBuckets) + " buckets to each side");
            return;
        }
        if (m_config.form != "decoder") {
            add("Positions", "learned, " + std::to_string(m_config.contextLength)
                    + (m_config.firstPosition > 0 ? ", the first is number " + std::to_string(m_config.firstPosition) : ""));
            return;
        }
        add("Positions", "rotary, base " + plain(m_config.ropeTheta)
                + (m_config.localRopeTheta > 0 ? ", " + plain(m_config.localRopeTheta) + " in layers with a window" : ""));
        const auto& rope = m_config.rope;
        if (rope.type == "linear")
            add("Rotary scaling", "linear, factor " + plain(rope.factor));
        if (rope.type == "llama3")
            add("Rotary scaling", "llama3, factor " + plain(rope.factor) + " from " + std::to_string(rope.originalContext) + " tokens");
        if (rope.type == "divisors")
            add("Rotary scaling", "a divisor for each frequency, from the file");
    }
    void windows()
    {
        if (m_config.slidingWindow <= 0)
            return;
        const auto layers = m_config.windowed.empty() ? m_config.layers
                                                      : std::count(m_config.windowed.begin(), m_config.windowed.end(), true);
        if (layers > 0) {
            add("Sliding window", count(m_config.slidingWindow, "token", "tokens") + " in "
                    + (layers == m_config.layers ? "every layer" : std::to_string(layers) + " of " + std::to_string(m_config.layers) + " layers"));
        }
        if (layers > 0 && layers < m_config.layers) {
            std::string pattern;   // by layer: local (the window) or global; the window's sheet draws it
            for (const bool windowed : m_config.windowed)
                pattern += windowed ? 'L' : 'G';
            add("Layer pattern", pattern);
        }
    }
    void norms()
    {
        std::string text = m_config.form == "decoder" ? "root mean square" : "mean and variance";
        if (m_config.normAddsOne)
            text += ", weights plus one";
        if (m_config.sandwichNorms)
            text += ", before and after attention and feed-forward";
        add("Norms", text + ", epsilon " + plain(m_config.normEpsilon));
    }
    void feedForward()
    {
        static const std::map<std::string, std::string> names{{"silu", "SiLU"}, {"gelu", "GELU"}, {"gelu_tanh", "GELU (tanh)"}};
        const auto found = names.find(m_config.activation);
        const std::string activation = found != names.end() ? found->second : m_config.activation;
        add("Feed-forward", (m_config.form == "decoder" ? "gated, " : "") + activation + ", width " + std::to_string(m_config.intermediateSize)
                + (m_config.mlpBias ? ", with biases" : ""));
    }
    void experts()
    {
        const auto& experts = m_config.experts;
        if (experts.count == 0)
            return;
        int64_t layers = 0;
        for (int64_t layer = 0; layer < m_config.layers; ++layer)
            layers += experts.in(layer);
        std::string text = std::to_string(experts.count) + " of width " + std::to_string(experts.intermediateSize) + ", "
            + std::to_string(experts.perToken) + " for each token";
        if (experts.shared > 0)
            text += ", " + std::to_string(experts.shared) + " more that every token goes through";
        add("Experts", text + ", in " + (layers == m_config.layers ? "every layer" : std::to_string(layers) + " of "
                    + std::to_string(m_config.layers) + " layers"));
    }
    void embeddings()
    {
        if (m_config.form == "decoder")
            add("Head", m_config.tiedEmbeddings ? "the embeddings (tied)" : "its own matrix");
        if (m_config.embeddingScale != 1)
            add("Embeddings", "times " + significantText(m_config.embeddingScale, 6));
        if (m_config.logitSoftcap > 0)
            add("Logits", "capped at " + plain(m_config.logitSoftcap));
    }
    void labels()
    {
        if (m_config.labels.empty())
            return;
        std::string names;
        for (size_t i = 0; i < m_config.labels.size() && i < 8; ++i)
            names += (i > 0 ? ", " : "") + m_config.labels[i];
        add("Head for labels", count(int64_t(m_config.labels.size()), "output: ", "outputs: ") + names
                + (m_config.labels.size() > 8 ? ", ..." : ""));
    }
    ModelInfo& m_info;
    const ModelConfig& m_config;
};

// "210 Q4_1, 61 F32, 1 Q8_0": the most frequent first.
std::string storedTypes(const std::map<std::string, int64_t>& dtypes)
{
    std::vector<std::pair<std::string, int64_t>> sorted(dtypes.begin(), dtypes.end());
    std::ranges::stable_sort(sorted, std::greater{}, &std::pair<std::string, int64_t>::second);
    std::string text;
    for (const auto& [type, number] : sorted)
        text += (text.empty() ? "" : ", ") + count(number, "tensor ", "tensors ") + type;
    return text;
}

std::vector<std::pair<std::string, std::string>> specialsOfGguf(const GgufFile& file)
{
    std::vector<std::pair<std::string, std::string>> found;
    if (!file.has("tokenizer.ggml.tokens"))
        return found;
    const auto& tokens = file.texts("tokenizer.ggml.tokens");
    for (const auto& [role, key] : {std::pair("bos", "bos"), {"eos", "eos"}, {"unk", "unknown"}, {"pad", "padding"}, {"sep", "seperator"},
             {"cls", "cls"}, {"mask", "mask"}}) {
        const std::string name = std::string("tokenizer.ggml.") + key + "_token_id";
        const int64_t id = file.integer(name, -1);
        if (id >= 0 && id < int64_t(tokens.size()))
            found.emplace_back(role, tokens[size_t(id)]);
    }
    return found;
}

std::vector<std::pair<std::string, std::string>> specialsOfFolder(const fs::path& folder)
{
    std::vector<std::pair<std::string, std::string>> found;
    std::map<std::string, nlohmann::json> documents;
    for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
        if (fs::exists(folder / name))
            documents.emplace(name, readJsonFile(folder / name, limits::kJsonConfig));
    }
    for (const char* role : {"bos", "eos", "unk", "pad", "sep", "cls", "mask"}) {
        const std::string key = std::string(role) + "_token";
        for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
            const auto document = documents.find(name);
            if (document == documents.end() || !document->second.is_object() || !document->second.contains(key))
                continue;
            const auto& value = document->second[key];
            const auto& text = value.is_object() && value.contains("content") ? value["content"] : value;
            if (text.is_string()) {
                found.emplace_back(role, text.get<std::string>());
                break;
            }
        }
    }
    return found;
}

// Why llama.cpp cannot have it; empty where it can.
std::string whyNoGguf(const ModelConfig& config)
{
    try {
        requireGguf(config);
        return {};
    } catch (const Error& error) {
        return error.parts().place + ": " + error.parts().found;
    }
}

}  // namespace

std::vector<std::pair<std::string, int64_t>> filesOf(const fs::path& model)
{
    std::vector<std::pair<std::string, int64_t>> files;
    std::error_code ignored;
    const auto add = [&](const fs::path& path) {
        if (fs::is_regular_file(path, ignored) && files.size() < kMostFiles)
            files.emplace_back(path.filename().string(), int64_t(fs::file_size(path, ignored)));
    };
    if (!fs::is_directory(model, ignored)) {
        add(model);
        return files;
    }
    std::vector<fs::path> entries;
    for (fs::directory_iterator at(model, fs::directory_options::skip_permission_denied, ignored), end; at != end && !ignored; at.increment(ignored))
        entries.push_back(at->path());
    std::ranges::sort(entries);
    std::ranges::for_each(entries, add);
    return files;
}

void describeFacts(ModelInfo& info, const ModelSource& source)
{
    const ModelConfig& config = source.config;
    info.generates = config.form == "decoder";
    info.experts = config.experts.count;
    info.expertsPerToken = config.experts.perToken;
    info.labels = config.labels;
    info.notes = config.notes;
    Facts(info, config).describe();
    info.facts.emplace_back("Stored as", storedTypes(info.dtypes));
    const std::string reason = whyNoGguf(config);
    info.facts.emplace_back("For llama.cpp", reason.empty() ? "can be exported as GGUF" : "no: " + reason);
    std::set<fs::path> parts;
    for (const auto& [name, entry] : source.tensors)
        parts.insert(entry.file);
    if (source.gguf && parts.size() > 1) {
        for (const auto& part : parts) {
            const auto one = filesOf(part);
            info.files.insert(info.files.end(), one.begin(), one.end());
        }
    } else {
        info.files = filesOf(source.path);
    }
    try {
        info.specialTokens = source.gguf ? specialsOfGguf(*source.gguf) : specialsOfFolder(source.path);
    } catch (const Error&) {
        // Said by the tokenizer, which reads the same files.
    }
}

}  // namespace rankwright
