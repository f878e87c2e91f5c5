// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// JSON from outside: depth at most limits::kJsonDepth, duplicate keys refused, valid UTF-8 only, errors with file and
// byte offset (and line:column). nlohmann's plain parser keeps the last of two equal keys and recurses without limit.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace rankwright {

// `origin` is added to byte offsets in messages (the JSON's own position in the file). Throws Error{format}.
nlohmann::json parseUntrusted(std::string_view text, const std::filesystem::path& file, uint64_t origin = 0);
// Reads (at most `limit` bytes) and parses.
nlohmann::json readJsonFile(const std::filesystem::path& file, uint64_t limit);

}  // namespace rankwright
