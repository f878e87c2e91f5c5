// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A language model built from a ModelConfig: a body and a head. Frozen: only the adapters on its slots are trained, and single
// tensors that are asked for by parameter().
#pragma once

#include "training/nn/body.h"

#include <functional>
#include <memory>
#include <vector>

namespace rankwright {

// What a row is trained for (RunConfig::task, resolved).
enum class Task { lm, classify, regress };
Task taskFromText(const std::string& text);   // throws Error{config}
std::string taskText(Task task);

class Model
{
public:
    using Progress = ParameterReader::Progress;
    // Reads every tensor; frozen weights and activations are `type` (float32 or bfloat16), on `device`. Batches that lie elsewhere are
    // copied to the device by what takes one.
    Model(Weights& weights, at::ScalarType type, const Progress& progress = {}, Bases bases = Bases::dense, at::Device device = at::kCPU);
    Model(Model&&) noexcept;
    ~Model();
    // Another model on the same weights, which are held once. Its slots, without adapters, and the tensors that parameter() lets
    // one replace are its own; bases that are still in the model's file are read from the same Weights.
    [[nodiscard]] Model sharing() const;

    // (tokens, hidden size) after the final norm. `allLayers`, where given, receives layers + 1 states: the embeddings and each
    // layer's output, the last one after the final norm (as transformers' hidden_states).
    at::Tensor forward(const Batch& batch, const ops::DropoutSource& dropout = {}, KeyValueCache* cache = nullptr,
        std::vector<at::Tensor>* allLayers = nullptr) const;
    // The same for rows that go on, each behind what its cache holds. Without a gradient.
    [[nodiscard]] at::Tensor continued(const Batch& batch, std::span<KeyValueCache* const> caches) const;
    // (tokens, hidden size) -> (tokens, vocabulary) float32, without a gradient. Throws Error{unsupported} for a model without a
    // head for tokens (encoders).
    [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;
    // (rows, hidden size), the hidden states at Batch::targetIndex of rows with labels -> (rows, classes), or (rows, 1) for
    // regression, float32. After addLabelHead().
    [[nodiscard]] at::Tensor scores(const at::Tensor& hidden) const;
    // Losses of these scores against the batch's labels: cross entropy, or the squared error, float32 (rows).
    [[nodiscard]] at::Tensor labelLosses(const at::Tensor& scores, const Batch& batch) const;
    // What a step-0 check compares: logits of all tokens, scores of the rows, or hidden states where there is neither head.
    [[nodiscard]] at::Tensor outputs(const Batch& batch) const;
    // Loss of every target of the batch, float32 (targets): cross entropy of tokens or classes, squared error of values. Where the
    // model has experts and `balance` is given, it receives the routers' balancing loss, a scalar (methods.md 5.1).
    [[nodiscard]] at::Tensor losses(const Batch& batch, const ops::DropoutSource& dropout = {}, at::Tensor* balance = nullptr) const;

    // The second half of losses(): hidden (tokens, hidden size) of the batch's tokens -> loss of every target.
    [[nodiscard]] at::Tensor lossesOf(const at::Tensor& hidden, const Batch& batch) const;

    [[nodiscard]] const ModelConfig& config() const { return m_parameters.config; }
    [[nodiscard]] at::ScalarType type() const { return m_parameters.type; }
    [[nodiscard]] at::Device device() const { return m_parameters.device; }
    [[nodiscard]] std::vector<LinearSlot>& slots() { return m_parameters.slots; }
    [[nodiscard]] const std::vector<LinearSlot>& slots() const { return m_parameters.slots; }
    [[nodiscard]] LinearSlot* slot(const std::string& name);
    [[nodiscard]] int64_t parameters() const { return m_parameters.count; }
    [[nodiscard]] int64_t bytes() const;           // of all weights as they are held now
    [[nodiscard]] bool tied() const { return m_tied; }
    // Whether it has a next token: a decoder with a head, its own or its embeddings.
    [[nodiscard]] bool generates() const { return m_parameters.config.form == "decoder" && (m_tied || m_head); }
    // The embedding, a norm, a slot's bias or the head by its tensor name, to be replaced by one that is trained; nullptr where there is none. A
    // head that is tied gets a tensor of its own when it is asked for under its own name.
    [[nodiscard]] at::Tensor* parameter(const std::string& name);
    // Frozen tensors that no adapter sits on: embeddings, norms, heads, by name.
    [[nodiscard]] const std::vector<std::pair<std::string, at::Tensor>>& otherTensors() const { return m_parameters.tensors; }

    // Puts the family's head for labels on the last hidden state: `outputs` classes, or 1 for regression. Tensors that the files have
    // in the right shape are taken, others start as transformers starts them (normal with deviation 0.02, biases 0), from the seed.
    // `labels`, where given, are the classes by name: rows of a head in the files that has the same ones are put into their order, a
    // head for others is not taken. Throws Error{unsupported} where the family has none.
    void addLabelHead(Task task, int64_t outputs, int64_t seed, Weights& weights, const std::vector<std::string>& labels = {});
    [[nodiscard]] Task task() const { return m_task; }
    [[nodiscard]] const std::vector<std::string>& labelHeadTensors() const { return m_labelHeadTensors; }

private:
    Model(const Model& other);
    [[nodiscard]] const at::Tensor& head() const;
    [[nodiscard]] size_t headIndex() const;
    void add(const std::string& name, at::Tensor tensor);   // after loading; pointers to the others stay good
    [[nodiscard]] const at::Tensor& named(const std::string& name) const;

    Parameters m_parameters;
    std::shared_ptr<const Body> m_body;    // holds no weights: models that share weights share it
    std::shared_ptr<const Quantised> m_storedHead;   // head() in the file's blocks, for a few rows; nullptr: read head()
    std::optional<size_t> m_head;          // nothing: the embeddings serve as head, or there is none
    bool m_tied = false;
    Task m_task = Task::lm;
    std::vector<std::string> m_labelHeadTensors;
};

}  // namespace rankwright
