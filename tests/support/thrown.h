// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a piece of work throws, and what a file holds, as values to compare.
#pragma once

#include "training/api/error.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

namespace rankwright {

// The error that `work` throws; empty where it throws none.
inline std::optional<ErrorParts> errorOf(const std::function<void()>& work)
{
    try {
        work();
    } catch (const Error& error) {
        return error.parts();
    }
    return std::nullopt;
}

// Its code as a number, which Qt Test can print; -1 where nothing is thrown.
inline int codeOf(const std::function<void()>& work)
{
    const auto error = errorOf(work);
    return error ? int(error->code) : -1;
}

inline std::string bytesOf(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace rankwright
