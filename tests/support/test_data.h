// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Where tests find real data that is not part of the project.
#pragma once

#include "training/api/paths.h"

#include <cstdlib>
#include <filesystem>

namespace rankwright {

// $RANKWRIGHT_TEST_DATA, or shared/data beside the checkout; empty where neither is there.
inline std::filesystem::path testData()
{
    if (const char* set = std::getenv("RANKWRIGHT_TEST_DATA"))
        return set;
    const auto beside = std::filesystem::path(RANKWRIGHT_SOURCE_DIR).parent_path() / "shared" / "data";
    return std::filesystem::is_directory(beside) ? beside : std::filesystem::path();
}

// The default model's file, or empty where it was not fetched.
inline std::filesystem::path defaultModel()
{
    const auto file = defaultModelFile();
    return std::filesystem::exists(file) ? file : std::filesystem::path();
}

}  // namespace rankwright
