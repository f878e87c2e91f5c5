// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Makes safetensors files for tests, right ones and wrong ones.
#pragma once

#include "tests/formats/rejection.h"

namespace rankwright {

// A whole file: length, header, data.
inline std::string fileOf(const std::string& header, const std::string& data = {})
{
    return bytesOf<uint64_t>(header.size()) + header + data;
}

inline std::string entry(
    const std::string& name, const std::string& type, const std::string& shape, uint64_t begin, uint64_t end)
{
    return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":[)"
        + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace rankwright
