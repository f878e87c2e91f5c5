// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Names and transforms come from the families' rows, applied forward: rotary rows interleaved, norms plus one, experts stacked.
#include "training/export/gguf_model.h"

#include "training/api/error.h"
#include "training/formats/gguf_blocks.h"
#include "training/formats/gguf_tokenizer.h"
#include "training/formats/sha256.h"
#include "training/models/gguf_keys.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace rankwright {

namespace {

// A tensor of the file and those of ours that it consists of: one, or an expert's each.
struct FileTensor
{
    std::string name;
    std::vector<ExpectedTensor> parts;
    StoredType type = StoredType::F32;
};

[[noreturn]] void refuse(const std::string& place, const std::string& found, const std::string& allowed)
{
    throw Error({.code = Code::unsupported, .place = place, .found = found, .allowed = allowed,
        .advice = "Export as a folder instead: --format merged"});
}

// Where the model's own tensors are found: trained ones in the model, others in its files.
class Values
{
public:
    Values(Weights& weights, const Model& model, const GgufModelExport& what) : m_weights(weights), m_model(model), m_what(what)
    {
        for (const auto& slot : model.slots())
            m_slots.emplace(slot.name + ".weight", &slot);
        for (const auto& [name, tensor] : model.otherTensors())
            m_others.emplace(name, &tensor);
        for (const auto& slot : model.slots()) {
            if (slot.bias.defined())
                m_others.emplace(slot.name + ".bias", &slot.bias);
        }
    }
    [[nodiscard]] bool has(const std::string& name) const
    {
        return m_slots.contains(name) || m_others.contains(name) || m_weights.has(name);
    }
    // Float32, Hugging Face's layout: rows from the first to the last, in pieces where they are read from a file, or `whole`.
    void visit(const std::string& name, bool whole, const std::function<void(const at::Tensor& rows)>& take) const
    {
        const auto slot = m_slots.find(name);
        const auto other = m_others.find(name);
        if (slot != m_slots.end())
            take(m_what.weightOf(*slot->second).to(at::kFloat).contiguous());
        // What was trained, or a head that is no longer tied, is in the model alone.
        else if (other != m_others.end() && (other->second->requires_grad() || !m_weights.has(name)))
            take(other->second->detach().to(at::kFloat).contiguous());
        else if (whole)
            take(m_weights.read(name));
        else
            m_weights.stream(name, take);
    }

private:
    Weights& m_weights;
    const Model& m_model;
    const GgufModelExport& m_what;
    std::map<std::string, const LinearSlot*> m_slots;
    std::map<std::string, const at::Tensor*> m_others;
};

bool isTurned(RowTransform transform) { return transform == RowTransform::ropeQuery || transform == RowTransform::ropeKey; }

at::Tensor toFile(const at::Tensor& w, RowTransform transform, const ModelConfig& config)
{
    if (isTurned(transform))
        return applyRopeRows(w, w.size(0) / config.headDim);
    return transform == RowTransform::plusOne ? w + 1 : w;
}

at::Tensor fromFile(const at::Tensor& w, RowTransform transform, const ModelConfig& config)
{
    if (isTurned(transform))
        return undoRopeRows(w, w.size(0) / config.headDim);
    return transform == RowTransform::plusOne ? w - 1 : w;
}

void addTo(Sha256& sum, const at::Tensor& values)
{
    const auto whole = values.contiguous();
    sum.update(std::span(static_cast<const std::byte*>(whole.const_data_ptr()), size_t(whole.nbytes())));
}

// As llama.cpp's own tools choose: what is small or steers the rest stays exact, and the head is kept finer than 4 bits.
StoredType typeOf(const FileTensor& tensor, StoredType asked, bool tied)
{
    const auto& shape = tensor.parts.front().shape;
    if (shape.size() < 2 || tensor.name.find("ffn_gate_inp.") != std::string::npos || asked == StoredType::F32)
        return StoredType::F32;
    const bool head = tensor.name == "output.weight" || (tied && tensor.name == "token_embd.weight");
    const bool fourBits = asked == StoredType::Q4_0 || asked == StoredType::Q4_1;
    const StoredType type = head && fourBits ? StoredType::Q8_0 : asked;
    return shape.back() % blockValues(type) == 0 ? type : StoredType::F16;
}

// The file's tensors in the order of the model's.
std::vector<FileTensor> fileTensors(const ModelConfig& config, const Values& values, StoredType type)
{
    std::vector<FileTensor> list;
    std::map<std::string, size_t> byName;
    for (auto& expected : expectedTensors(config)) {
        if (!values.has(expected.name))
            continue;   // what is not required: refused at loading otherwise
        if (expected.gguf.empty())
            refuse("tensor " + expected.name, "no name in GGUF", "tensors that llama.cpp has");
        const auto [found, isNew] = byName.emplace(expected.gguf, list.size());
        if (isNew)
            list.push_back({expected.gguf, {}});
        list[found->second].parts.push_back(std::move(expected));
    }
    for (auto& tensor : list)
        tensor.type = typeOf(tensor, type, config.tiedEmbeddings);
    return list;
}

// Quantises rows in pieces and hands them over; returns what a reader will make of them.
at::Tensor writeValues(const at::Tensor& values, StoredType type, const std::string& name,
    const std::function<void(std::span<const std::byte>)>& sink)
{
    constexpr int64_t kPiece = 1 << 22;   // values; a multiple of every block
    const auto whole = values.contiguous();
    auto read = at::empty_like(whole);
    std::vector<std::byte> bytes;
    for (int64_t done = 0; done < whole.numel(); done += kPiece) {
        const auto count = std::min(kPiece, whole.numel() - done);
        bytes.resize(size_t(count / blockValues(type) * blockBytes(type)));
        try {
            quantise(type, whole.const_data_ptr<float>() + done, bytes.data(), count);
        } catch (const Error& error) {
            auto parts = error.parts();
            parts.place = "tensor " + name + ", " + parts.place;
            throw Error(parts);
        }
        dequantise(type, bytes.data(), read.data_ptr<float>() + done, count);
        sink(bytes);
    }
    return read;
}

// Every tensor of the file through the door that any model comes in by.
void compare(const std::filesystem::path& file, const std::map<std::string, std::string>& hashes)
{
    Weights again(openModelSource(file.string()));
    for (const auto& [name, hash] : hashes) {
        Sha256 sum;
        if (again.has(name))
            again.stream(name, [&](const at::Tensor& rows) { addTo(sum, rows); });
        if (again.has(name) && sum.hex() == hash)
            continue;
        throw Error({.code = Code::mismatch, .file = file, .place = "tensor " + name,
            .found = again.has(name) ? "other values than were written" : "it is not there", .allowed = "what was written",
            .advice = "Nothing was kept. Export in another format, and please report this."});
    }
}

void addTokenizer(GgufMetadata& metadata, const ModelSource& source, std::vector<std::string>& notes)
{
    std::string note;
    const auto keys = source.gguf ? tokenizerKeysOf(*source.gguf) : tokenizerKeysOf(source.path, source.config.vocabSize, note);
    if (!note.empty())
        notes.push_back(note);
    metadata.insert(metadata.end(), keys.begin(), keys.end());
}

// llama.cpp computes the windows of Gemma 3 alone.
void noteWindow(const ModelConfig& config, std::vector<std::string>& notes)
{
    const bool some = config.windowed.empty() || std::find(config.windowed.begin(), config.windowed.end(), true) != config.windowed.end();
    if (config.slidingWindow > 0 && some && familyById(config.family).ggufArchitecture != "gemma3") {
        notes.push_back("llama.cpp gives this architecture no sliding window: texts longer than " + std::to_string(config.slidingWindow)
            + " tokens are continued otherwise than by the model that was trained.");
    }
}

void addRopeDivisors(const ModelConfig& config, std::vector<TensorToWrite>& tensors)
{
    const auto divisors = ggufRopeDivisors(config);
    if (divisors.empty())
        return;
    tensors.push_back({.name = "rope_freqs.weight", .type = StoredType::F32, .shape = {int64_t(divisors.size())},
        .produce = [divisors](const auto& sink) { sink(std::as_bytes(std::span(divisors))); }});
}

}  // namespace

StoredType ggufTypeFromText(const std::string& text)
{
    static const std::map<std::string, StoredType> types{{"", StoredType::F32}, {"float32", StoredType::F32}, {"f32", StoredType::F32},
        {"float16", StoredType::F16}, {"f16", StoredType::F16}, {"bfloat16", StoredType::BF16}, {"bf16", StoredType::BF16},
        {"q8_0", StoredType::Q8_0}, {"q4_0", StoredType::Q4_0}, {"q4_1", StoredType::Q4_1}};
    if (const auto found = types.find(text); found != types.end())
        return found->second;
    throw Error({.code = Code::unsupported, .place = "--dtype", .found = "\"" + text + "\"",
        .allowed = "float32, bfloat16, float16, q8_0, q4_0, q4_1", .advice = "Choose one of these."});
}

std::vector<std::string> writeGgufModel(const std::filesystem::path& file, Weights& weights, const Model& model, const GgufModelExport& what)
{
    const at::NoGradGuard guard;
    auto config = model.config();
    config.tiedEmbeddings = model.tied();
    requireGguf(config);
    if (model.task() != Task::lm)
        refuse(config.labelHead.out, "a head for labels", "a model for text; export a head for labels with --format merged");
    const Values values(weights, model, what);
    const auto list = fileTensors(config, values, what.type);
    const bool hasHead = std::any_of(list.begin(), list.end(), [](const auto& tensor) { return tensor.name == "output.weight"; });
    if (!config.tiedEmbeddings && !hasHead)
        refuse("lm_head.weight", "a head that was trained apart from the embeddings", "a tied head, as llama.cpp has it for this family");
    std::vector<std::string> notes;
    GgufMetadata metadata = ggufModelKeys(config);
    metadata.insert(metadata.begin() + 2, {{"general.name", ggufText(what.name)}, {"general.file_type", ggufInteger(ggufFileType(what.type))},
                                              {"general.quantization_version", ggufInteger(2)}});
    addTokenizer(metadata, weights.source(), notes);
    noteWindow(config, notes);
    std::vector<TensorToWrite> tensors;
    addRopeDivisors(config, tensors);
    std::map<std::string, std::string> hashes;   // by our name: of the values that a reader gets
    for (const auto& tensor : list) {
        auto shape = tensor.parts.front().shape;
        if (tensor.parts.front().expert >= 0)
            shape.insert(shape.begin(), int64_t(tensor.parts.size()));
        tensors.push_back({.name = tensor.name, .type = tensor.type, .shape = shape, .produce = [&](const auto& sink) {
            for (const auto& part : tensor.parts) {
                Sha256 sum;
                values.visit(part.name, isTurned(part.transform), [&](const at::Tensor& rows) {
                    const auto read = writeValues(toFile(rows, part.transform, config), tensor.type, part.name, sink);
                    addTo(sum, fromFile(read, part.transform, config));
                });
                hashes[part.name] = sum.hex();
            }
        }});
    }
    writeGguf(file, metadata, tensors);
    compare(file, hashes);
    return notes;
}

}  // namespace rankwright
