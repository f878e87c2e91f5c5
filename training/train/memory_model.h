// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// How many bytes a run will hold at its peak, from the shapes of the model, the configuration and the lengths of its rows: what is
// stored, what the operations of training/ops keep for their backward passes, and what is there for a moment only.
#pragma once

#include "training/adapters/adapter_set.h"
#include "training/api/jobs.h"
#include "training/formats/samples.h"
#include "training/models/model_source.h"

#include <map>

namespace rankwright {

// Tokens and targets of a row, cut at `maxLength` tokens.
struct RowSize { int64_t tokens = 0, targets = 0; };
std::vector<RowSize> rowSizes(const std::vector<Sample>& samples, int64_t maxLength);
// The rows of a batch: the same, or where the run packs them, packs of consecutive ones.
std::vector<RowSize> batchRows(const std::vector<Sample>& samples, const RunConfig& config);

// The shapes of a run: the model's tensors, and the modules that the configuration adapts.
struct RunShape
{
    struct Module { ModuleShape shape; std::string kind; bool bias = false; int64_t rank = 0; };   // rank 0: not adapted
    ModelConfig model;
    std::vector<std::vector<Module>> layers;
    int64_t all = 0, adaptable = 0;   // values: of every tensor, of the matrices in layers
    int64_t trainable = 0;            // values that are trained
    int64_t replaced = 0;             // values of matrices that are trained themselves
    int64_t threads = 1;              // that the run works with here
    bool everything = false;          // embeddings, norms and head are trained as well
    bool fromAdapter = false;         // --init-adapter says what is adapted
};
// `outputs`: of a head for labels, which is trained whole beside the adapters (PreparedData::outputs()); 0: the run has none.
RunShape runShape(const RunConfig& config, const ModelSource& source, int64_t outputs = 0);

// The parts in the order of Estimate::parts. Their sum is the peak of the whole process.
std::vector<MemoryPart> memoryParts(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& rows,
    const std::vector<RowSize>& evalRows);
// What the part "program" is in every run, before rows: calibration leaves it out.
int64_t programBytes();
// What the operations keep between forward and backward of one micro-batch, on the element exactly (tests hold it against the
// allocations of a real one).
double savedBytes(const RunConfig& config, const RunShape& shape, const std::vector<RowSize>& batch);

}  // namespace rankwright
