// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// INT8 by rows, as LLM.int8() stores weights (Dettmers and others 2022, arXiv 2208.07339) without its outlier columns: codes and
// scales equal bitsandbytes 0.50.2's int8_vectorwise_quant bit for bit. code = round(x * (1 / absmax * 127)), ties to
// even; x ~ code * absmax * (1 / 127). A row of zeros has scale 0 and codes 0.
#pragma once

#include "training/quant/format.h"

namespace rankwright {

// Tensors: "codes" int8 (out, in), "absmax" float32 (out). 8 + 32 / in bits a value.
std::unique_ptr<Quantiser> int8Quantiser(int64_t out, int64_t in);

}  // namespace rankwright
