// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/models/loading_limit.h"

#include "training/api/error.h"
#include "training/api/number_text.h"
#include "training/formats/gguf_blocks.h"

#include <set>

namespace rankwright {

namespace {

constexpr int64_t kWorkingMemory = 256 << 20;      // while reading: pieces of tensors, tables, the tokenizer
constexpr double kBfloat16 = 16, kNf4 = 4.127;     // bits a value; NF4 with its statistics in 8 bits

struct Counts { double matrices = 0, others = 0; };

std::set<std::string> matricesOf(const ModelSource& source)
{
    std::set<std::string> adaptable;
    for (const ExpectedTensor& expected : expectedTensors(source.config)) {
        if (!expected.kind.empty())
            adaptable.insert(expected.name);
    }
    return adaptable;
}

Counts countsOf(const ModelSource& source)
{
    const auto adaptable = matricesOf(source);
    Counts counts;
    for (const auto& [name, entry] : source.tensors)
        (adaptable.contains(name) ? counts.matrices : counts.others) += double(entry.count());
    return counts;
}

int64_t bytesOf(const Counts& counts, const WeightBits& bits)
{
    return int64_t((counts.matrices * bits.matrices + counts.others * bits.others) / 8 + bits.beside);
}

}  // namespace

int64_t loadedBytes(const ModelSource& source, const WeightBits& bits)
{
    return bytesOf(countsOf(source), bits);
}

WeightBits asStoredBits(const ModelSource& source, double dense)
{
    const auto adaptable = matricesOf(source);
    WeightBits all{.matrices = dense, .others = dense};
    double bits = 0, count = 0;
    for (const auto& [name, entry] : source.tensors) {
        const bool inBlocks = !entry.shape.empty() && staysInBlocks(entry.type, entry.shape.back());
        const auto values = double(entry.count());
        if (adaptable.contains(name)) {
            bits += inBlocks ? 8 * double(entry.bytes) : dense * values;
            count += values;
        } else if (inBlocks) {
            all.beside += double(entry.bytes);
        }
    }
    if (count > 0)
        all.matrices = bits / count;
    return all;
}

void requireMemory(const ModelSource& source, const WeightBits& bits, int64_t free)
{
    const Counts counts = countsOf(source);
    const int64_t bytes = bytesOf(counts, bits);
    if (free <= 0 || bytes <= free - kWorkingMemory)
        return;
    std::string advice;
    const auto offer = [&](const std::string& how, const WeightBits& smaller) {
        const int64_t needed = bytesOf(counts, smaller);
        if (needed < bytes && needed <= free - kWorkingMemory)
            advice += (advice.empty() ? "" : ", or ") + how + " (" + bytesText(needed) + ")";
    };
    offer("bfloat16 (--dtype bfloat16)", {bits.matrices < kBfloat16 ? bits.matrices : kBfloat16, kBfloat16});
    offer("a base in four bits (--base nf4-dq --dtype bfloat16)", {kNf4, kBfloat16});
    throw Error({.code = Code::memory, .file = source.path, .place = "memory",
        .found = bytesText(bytes) + " of weights and " + bytesText(kWorkingMemory) + " to work in",
        .allowed = bytesText(free) + ", which is what this machine has free",
        .advice = advice.empty() ? "Choose a smaller model, or a machine with more memory." : "Use " + advice + "."});
}

}  // namespace rankwright
