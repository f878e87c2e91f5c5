// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Delta-LoRA (Zi and others 2023, arXiv 2309.02411): after each step W moves by lambda s (B' A' - B A). The moves telescope, so W is
// W_0 + lambda s (B A - B_K A_K) at any time and never has to be written.
#include "training/api/catalog.h"

#ifndef RANKWRIGHT_TORCH

namespace rankwright {

extern const MethodCard deltaLoraCard{
    .id = "delta-lora",
    .title = "Delta-LoRA",
    .explanation = "LoRA whose frozen weight moves along with the adapter, from a chosen step on.",
    .formula = "y = W_t x + s B A x, W_t+1 = W_t + lambda s (B_t+1 A_t+1 - B_t A_t) for t > K, s = alpha / r, start as LoRA",
    .paper = "Zi and others 2023, arXiv 2309.02411",
    .stepZero = "Bit for bit the base model, since B is zero.",
    .note = "The algorithm and its constants were seen in a re-implementation, not in the authors' code.",
    .picture = {.drifts = true},
    .options = {{.key = "lambda", .option = "--lambda", .label = "Share of W", .kind = Field::Kind::number,
                    .otherwise = 2.0, .least = 0, .most = 100,
                    .help = "W moves by this many times what the adapter moves; 0 is LoRA."},
        {.key = "startStep", .option = "--start-step", .label = "W moves after step", .kind = Field::Kind::integer,
            .otherwise = 500.0, .least = 0, .most = 1e9,
            .help = "W stays where it is until this step (K in the paper).", .unit = "steps"}},
    .allowsQuantisedBase = false,
    .learningRateSource = "LoRA's runs in PiSSA's paper, section 5; the paper's own rate was not at hand",
    .allowsDropout = false,
    .plainExport = PlainExport::doubled,
};

}  // namespace rankwright

#else
#include "training/adapters/adapter_set.h"
#include "training/adapters/factors.h"

#include <algorithm>

namespace rankwright {

namespace {

Start start(const at::Tensor& weight, const SlotStart& slot)
{
    auto result = loraStart(weight, slot);
    result.driftGain = optionNumber(slot.config, "lambda");
    return result;
}

bool drifts(const AdapterSet& adapters)
{
    return std::any_of(adapters.entries().begin(), adapters.entries().end(),
        [](const AdapterSet::Entry& entry) { return entry.slot && entry.slot->delta->driftA.defined(); });
}

// The weight moves in steps t > K, t from 0: the snapshot is the
// state after K + 1 updates. The weight's steps lambda s (B' A' - B A) telescope: from the snapshot on, the base is W + lambda s (B A - snapshot). A step that was
// skipped for a gradient that is not finite has no afterStep: the next one takes the snapshot.
void afterStep(AdapterSet& adapters, const RunConfig& config, int64_t step)
{
    if (double(step) > optionNumber(config, "startStep") && !drifts(adapters))
        adapters.snapshotDrift();
}

}  // namespace

extern const MethodSpec deltaLora{.id = "delta-lora", .start = start, .afterStep = afterStep};

}  // namespace rankwright
#endif
