// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/nn/model.h"

#include "training/api/error.h"
#include "training/device/device.h"
#include "training/models/loading_limit.h"
#include "training/nn/experts.h"
#include "training/ops/product.h"
#include "training/ops/row_product.h"
#include "training/train/peak_memory.h"
#include "training/train/random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

namespace rankwright {

namespace {

constexpr double kHeadDeviation = 0.02;   // initializer_range of transformers' configurations
constexpr size_t kHeadTensors = 8;        // at most so many are added after loading: others point to those before

std::unique_ptr<Body> makeBody(ParameterReader& reader)
{
    static const std::map<std::string, std::unique_ptr<Body> (*)(ParameterReader&)> makers{
        {"decoder", makeDecoder}, {"encoder", makeEncoder}, {"deberta", makeDeberta}};
    const auto& form = reader.config().form;
    const auto maker = makers.find(form);
    if (maker == makers.end())
        throw Error({.code = Code::internal, .place = "form of the family " + reader.config().family, .found = form});
    return maker->second(reader);
}

}  // namespace

Task taskFromText(const std::string& text)
{
    for (const auto task : {Task::lm, Task::classify, Task::regress}) {
        if (taskText(task) == text)
            return task;
    }
    throw Error({.code = Code::config, .place = "/task", .found = "\"" + text + "\"", .allowed = "lm, classify or regress",
        .advice = "Choose one of these."});
}

std::string taskText(Task task)
{
    return task == Task::lm ? "lm" : task == Task::classify ? "classify" : "regress";
}

Model::Model(Weights& weights, at::ScalarType type, const Progress& progress, Bases bases, at::Device device)
{
    if (!device.is_cpu() && bases == Bases::asStored)   // no kernel reads a file's blocks there
        bases = Bases::dense;
    const double bits = 8 * double(c10::elementSize(type));
    const auto held = bases == Bases::asStored ? asStoredBits(weights.source(), bits)
        // At least: the plan of a run says more.
        : WeightBits{.matrices = bases == Bases::later ? 4 : bits, .others = bits};
    requireMemory(weights.source(), held, device.is_cpu() ? freeMemory() : freeDeviceMemory(device));
    ParameterReader reader(weights, type, progress, bases, device);
    m_body = makeBody(reader);
    const auto& config = weights.config();
    m_tied = config.form == "decoder" && config.tiedEmbeddings;
    // A bare body's files, and a classifier's, have no head for tokens.
    if (config.form == "decoder" && !m_tied && reader.has("lm_head.weight"))
        m_head = reader.tensor("lm_head.weight");
    m_parameters = reader.take();
    m_parameters.tensors.reserve(m_parameters.tensors.size() + kHeadTensors);
    if (bases == Bases::asStored && generates())
        m_storedHead = weights.blocks(m_parameters.tensors[headIndex()].first);
}

Model::Model(Model&&) noexcept = default;
Model::Model(const Model& other) = default;
Model::~Model() = default;

Model Model::sharing() const
{
    Model other(*this);
    other.m_parameters.tensors.reserve(other.m_parameters.tensors.size() + kHeadTensors);
    for (auto& slot : other.m_parameters.slots) {
        slot.delta.reset();
        slot.arms.clear();
    }
    return other;
}

const at::Tensor& Model::head() const
{
    if (!generates()) {
        const bool decoder = config().form == "decoder";
        throw Error({.code = Code::unsupported, .place = "model",
            .found = decoder ? "a decoder without lm_head: it has no next token" : "an encoder: it has no next token",
            .allowed = "a decoder with its head", .advice = "Choose another model, or a task with labels."});
    }
    return m_parameters.tensor(headIndex());
}

size_t Model::headIndex() const { return m_head ? *m_head : m_body->embeddings(); }

at::Tensor Model::forward(const Batch& batch, const ops::DropoutSource& dropout, KeyValueCache* cache,
    std::vector<at::Tensor>* allLayers) const
{
    const auto caches = cache != nullptr ? std::span<KeyValueCache* const>(&cache, 1) : std::span<KeyValueCache* const>();
    return m_body->forward(m_parameters, onDevice(batch, device()), {.dropout = dropout, .caches = caches, .allLayers = allLayers});
}

at::Tensor Model::continued(const Batch& batch, std::span<KeyValueCache* const> caches) const
{
    const at::NoGradGuard guard;
    return m_body->forward(m_parameters, onDevice(batch, device()), {.caches = caches});
}

at::Tensor Model::logits(const at::Tensor& hidden) const
{
    const bool few = hidden.size(0) <= ops::kFewRows && ops::fastOn(hidden) && !at::GradMode::is_enabled()
        && (m_storedHead || ops::isRowWeight(head()));
    auto logits = few ? ops::timesFewRows(hidden, m_storedHead ? ops::rowWeight(*m_storedHead) : ops::rowWeight(head()))
                      : ops::timesTransposed(hidden, head().to(type())).to(at::kFloat);
    const double cap = config().logitSoftcap;
    return cap > 0 ? logits.div(cap).tanh().mul(cap) : logits;
}

at::Tensor Model::scores(const at::Tensor& hidden) const
{
    // In float32: a few rows, and what is trained is float32.
    auto x = hidden.to(at::kFloat);
    const auto& spec = config().labelHead;
    if (!spec.dense.empty()) {
        x = at::linear(x, named(spec.dense + ".weight").to(at::kFloat), named(spec.dense + ".bias").to(at::kFloat));
        x = spec.activation == "gelu" ? at::gelu(x) : at::tanh(x);
    }
    return at::linear(x, named(spec.out + ".weight").to(at::kFloat),
        spec.outBias ? std::optional(named(spec.out + ".bias").to(at::kFloat)) : std::nullopt);
}

at::Tensor Model::labelLosses(const at::Tensor& scores, const Batch& batch) const
{
    return m_task == Task::regress ? (scores.squeeze(1) - batch.values.to(scores.device())).square()
                                   : at::cross_entropy_loss(scores, batch.targets.to(scores.device()), {}, at::Reduction::None);
}

at::Tensor Model::outputs(const Batch& batch) const
{
    const auto hidden = forward(batch);
    if (m_task != Task::lm && batch.targetCount() > 0)
        return scores(hidden.index_select(0, batch.targetIndex.to(hidden.device())));
    return generates() ? logits(hidden) : hidden.to(at::kFloat);
}

at::Tensor Model::losses(const Batch& batch, const ops::DropoutSource& dropout, at::Tensor* balance) const
{
    auto source = dropout;
    source.bounds = &batch.bounds;
    source.sampleIndex = &batch.sampleIndex;
    std::vector<Routing> routing;
    Pass pass{.dropout = source};
    if (balance != nullptr && config().experts.count > 0)
        pass.routing = &routing;
    const auto here = onDevice(batch, device());
    const auto hidden = m_body->forward(m_parameters, here, pass);
    if (!routing.empty())
        *balance = balancingLoss(config().experts, routing, batch.bounds);
    return lossesOf(hidden, here);
}

at::Tensor Model::lossesOf(const at::Tensor& hidden, const Batch& batch) const
{
    const auto predicting = hidden.index_select(0, batch.targetIndex.to(hidden.device()));
    if (m_task != Task::lm)
        return labelLosses(scores(predicting), batch);
    return ops::lmLoss(predicting, head(), batch.targets.to(hidden.device()), config().logitSoftcap);
}

LinearSlot* Model::slot(const std::string& name)
{
    const auto found = std::ranges::find(m_parameters.slots, name, &LinearSlot::name);
    return found == m_parameters.slots.end() ? nullptr : &*found;
}

int64_t Model::bytes() const
{
    int64_t bytes = m_storedHead ? m_storedHead->bytes() : 0;
    for (const auto& [name, tensor] : m_parameters.tensors)
        bytes += int64_t(tensor.nbytes());
    for (const auto& slot : m_parameters.slots)
        bytes += slot.base.bytes() + (slot.bias.defined() ? int64_t(slot.bias.nbytes()) : 0);
    return bytes;
}

void Model::add(const std::string& name, at::Tensor tensor)
{
    if (m_parameters.tensors.size() == m_parameters.tensors.capacity())
        throw Error({.code = Code::internal, .place = "tensor " + name, .found = "more tensors after loading than room was made for"});
    m_parameters.tensors.emplace_back(name, std::move(tensor));
}

at::Tensor* Model::parameter(const std::string& name)
{
    m_storedHead.reset();   // it may be what is replaced
    if (name == "lm_head.weight" && m_tied) {
        add(name, m_parameters.tensor(m_body->embeddings()).detach().clone());
        m_head = m_parameters.tensors.size() - 1;
        m_tied = false;
    }
    for (auto& [known, tensor] : m_parameters.tensors) {
        if (known == name)
            return &tensor;
    }
    constexpr std::string_view kBias = ".bias";
    auto* slot = name.ends_with(kBias) ? this->slot(name.substr(0, name.size() - kBias.size())) : nullptr;
    return slot != nullptr && slot->bias.defined() ? &slot->bias : nullptr;
}

const at::Tensor& Model::named(const std::string& name) const
{
    for (const auto& [known, tensor] : m_parameters.tensors) {
        if (known == name)
            return tensor;
    }
    throw Error({.code = Code::internal, .place = "tensor " + name, .found = "asked for before addLabelHead()"});
}

namespace {

// Which rows of a stored head these labels want, in their order; empty: as stored. Nothing where it is a head for other classes.
// Files that were never told names have LABEL_0, LABEL_1, ...
std::optional<std::vector<int64_t>> rowsOfHead(const std::vector<std::string>& stored, const std::vector<std::string>& labels)
{
    const bool named = std::ranges::any_of(stored, [](const std::string& name) { return !name.starts_with("LABEL_"); });
    if (labels.empty() || !named || stored == labels)
        return std::vector<int64_t>();
    std::vector<int64_t> rows;
    for (const auto& label : labels) {
        const auto found = std::ranges::find(stored, label);
        if (found == stored.end())
            return std::nullopt;
        rows.push_back(found - stored.begin());
    }
    return rows;
}

}  // namespace

void Model::addLabelHead(Task task, int64_t outputs, int64_t seed, Weights& weights, const std::vector<std::string>& labels)
{
    const auto& spec = config().labelHead;
    if (spec.out.empty()) {
        throw Error({.code = Code::unsupported, .place = "/task", .found = "labels for the family " + config().family,
            .allowed = "lm", .advice = "Choose another model for a task with labels."});
    }
    const auto rows = rowsOfHead(config().labels, labels);
    const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
        auto tensor = at::zeros(shape, at::kFloat);
        const bool isOut = name.starts_with(spec.out + ".");
        if (weights.has(name) && weights.shape(name) == shape && (!isOut || rows)) {
            tensor = weights.read(name);
            if (isOut && !rows->empty())
                tensor = tensor.index_select(0, at::tensor(*rows, at::kLong));
        } else if (shape.size() == 2) {
            const Random random(seed, "head", name);
            auto* values = tensor.data_ptr<float>();
            for (int64_t i = 0; i < tensor.numel(); ++i)
                values[i] = float(kHeadDeviation * random.normal(uint64_t(i)));
        }
        m_parameters.count += tensor.numel();
        Model::add(name, tensor.to(device()));
        m_labelHeadTensors.push_back(name);
    };
    const auto hidden = config().hiddenSize;
    if (!spec.dense.empty()) {
        add(spec.dense + ".weight", {hidden, hidden});
        add(spec.dense + ".bias", {hidden});
    }
    add(spec.out + ".weight", {outputs, hidden});
    if (spec.outBias)
        add(spec.out + ".bias", {outputs});
    m_task = task;
}

}  // namespace rankwright
