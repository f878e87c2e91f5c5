// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/analysis/calibration.h"

#include "training/api/error.h"
#include "training/ops/observe.h"

#include <ATen/ATen.h>

namespace rankwright {

namespace {

constexpr int64_t kTokensAtOnce = 1024;

// What the modules that share an input share.
struct Input
{
    at::Tensor squares;   // (in) float64: sums over the tokens so far
    at::Tensor kept;      // (tokens to keep, in) float32
};

// Collects from one batch after the other.
class Collector
{
public:
    Collector(int64_t tokens, int64_t keep, std::string modules)
        : m_tokens(tokens), m_keep(std::min(tokens, keep)), m_modules(std::move(modules))
    {
    }

    // Evenly spaced tokens are kept: those where the share of tokens seen passes the next whole number of kept ones.
    void begin(int64_t batchTokens)
    {
        m_firstKept = m_seen * m_keep / m_tokens;
        std::vector<int64_t> rows;
        for (int64_t i = 0; i < batchTokens; ++i) {
            if ((m_seen + i + 1) * m_keep / m_tokens > (m_seen + i) * m_keep / m_tokens)
                rows.push_back(i);
        }
        m_rows = at::tensor(rows, at::kLong);
        m_seen += batchTokens;
    }

    void take(const at::Tensor& x, std::span<const LinearSlot* const> slots)
    {
        std::shared_ptr<Input> input;
        for (const auto* slot : slots) {
            if (!matchesModules(m_modules, slot->name))
                continue;
            auto& own = m_inputs[slot->name];
            if (!own)
                own = input ? input : std::make_shared<Input>();
            if (!input)
                add(*(input = own), x);
        }
    }

    [[nodiscard]] Calibration result() const
    {
        Calibration found{.rms = {}, .inputs = {}, .tokens = m_tokens};
        std::map<const Input*, at::Tensor> made;
        for (const auto& [name, input] : m_inputs) {
            auto& rms = made[input.get()];
            if (!rms.defined())
                rms = (input->squares / double(m_tokens)).sqrt().to(at::kFloat);
            if (!at::isfinite(rms).all().item<bool>())
                refuseInfinite(name);
            found.rms[name] = rms;
            if (m_keep > 0)
                found.inputs[name] = input->kept;
        }
        return found;
    }

private:
    void add(Input& input, const at::Tensor& x) const
    {
        const auto squares = x.to(at::kFloat).square().sum(0, false, at::kDouble);
        input.squares = input.squares.defined() ? input.squares.add_(squares) : squares;
        if (m_keep == 0)
            return;
        if (!input.kept.defined())
            input.kept = at::empty({m_keep, x.size(1)}, at::kFloat);
        input.kept.narrow(0, m_firstKept, m_rows.size(0)).copy_(x.index_select(0, m_rows));
    }

    [[noreturn]] static void refuseInfinite(const std::string& module)
    {
        throw Error({.code = Code::data,
            .place = "inputs of " + module + " on the calibration rows",
            .found = "values that are not finite",
            .allowed = "finite activations",
            .advice = "Run `rankwright-cli verify MODEL`, or calibrate on other rows."});
    }

    int64_t m_tokens, m_keep;
    std::string m_modules;
    int64_t m_seen = 0, m_firstKept = 0;
    at::Tensor m_rows;   // of the batch: those that are kept
    std::map<std::string, std::shared_ptr<Input>> m_inputs;
};

}  // namespace

Calibration calibrate(const Model& model, const ModelText& text, const RunConfig& data, JobContext& context, int64_t keepTokens,
    const std::string& modules)
{
    const at::NoGradGuard guard;
    auto config = data;
    config.maxLength = std::min(config.maxLength, model.config().contextLength);
    const auto rows = config.rows.empty() ? std::string(kCalibrationRows) : config.rows;
    const auto prepared = text.prepare(config.data, Split::train, config, rows, context, nullptr, Reading::beginning);
    int64_t tokens = 0;
    for (const auto& sample : prepared.samples)
        tokens += int64_t(sample.ids.size());
    if (tokens == 0) {
        throw Error({.code = Code::data, .file = prepared.dataset.file, .place = "calibration rows " + rows, .found = "no token",
            .allowed = "at least one row with text", .advice = "Choose other rows (--rows), or check the columns."});
    }
    Collector collector(tokens, keepTokens, modules);
    const ops::Observing observing([&](const at::Tensor& x, auto slots) { collector.take(x, slots); });
    for (size_t next = 0; next < prepared.samples.size();) {
        context.progress("Calibrating", int64_t(next), int64_t(prepared.samples.size()));
        std::vector<const Sample*> batch;
        int64_t together = 0;
        while (next < prepared.samples.size()
            && (batch.empty() || together + int64_t(prepared.samples[next].ids.size()) <= kTokensAtOnce)) {
            together += int64_t(prepared.samples[next].ids.size());
            batch.push_back(&prepared.samples[next++]);
        }
        collector.begin(together);
        if (together > 0)
            (void)model.forward(makeBatch(batch));
    }
    context.progress("Calibrating", int64_t(prepared.samples.size()), int64_t(prepared.samples.size()));
    return collector.result();
}

}  // namespace rankwright
