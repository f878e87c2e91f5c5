// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Values of Arrow's arrays as JSON.
#pragma once

#include <arrow/record_batch.h>

#include <string>

namespace rankwright {

struct UnknownType { std::string column, name; };

// One row as an object of its columns: lists and structures as they are nested, dates and decimals as text, bytes that are no text and
// numbers that JSON lacks as null. Throws UnknownType.
void appendRow(std::string& json, const arrow::RecordBatch& batch, int64_t row);

}  // namespace rankwright
