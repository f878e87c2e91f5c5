// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// GGUF version 3 (ggml-org/ggml docs/gguf.md): metadata and tensor table.
#pragma once

#include "training/formats/tensor_entry.h"

#include <map>
#include <optional>
#include <variant>

namespace rankwright {

// Numbers are widened: unsigned and signed integers and booleans to int64_t or uint64_t, floats to double.
struct GgufValue
{
    uint32_t type = 0;   // GGUF's number of the value type, of the elements for an array
    bool isArray = false;
    std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<uint64_t>, std::vector<int64_t>,
        std::vector<double>, std::vector<bool>, std::vector<std::string>>
        value;
};

struct GgufFile
{
    std::filesystem::path path;
    uint32_t version = 3;
    std::map<std::string, GgufValue> metadata;
    std::vector<TensorEntry> tensors;     // shapes in torch's order (reversed from the file)

    [[nodiscard]] bool has(const std::string& key) const { return metadata.contains(key); }
    // Each throws Error{config} naming the key where it is missing (and no fallback is given) or of another type.
    [[nodiscard]] int64_t integer(const std::string& key, std::optional<int64_t> fallback = {}) const;
    [[nodiscard]] double number(const std::string& key, std::optional<double> fallback = {}) const;
    [[nodiscard]] bool flag(const std::string& key, std::optional<bool> fallback = {}) const;
    [[nodiscard]] std::string text(const std::string& key, std::optional<std::string> fallback = {}) const;
    [[nodiscard]] const std::vector<std::string>& texts(const std::string& key) const;
    [[nodiscard]] std::vector<double> numbers(const std::string& key) const;
    [[nodiscard]] std::vector<int64_t> integers(const std::string& key) const;
};

// Reads a single file or, given the first part of a split model, all its parts. Every count is checked against the
// bytes that remain before anything is allocated. Throws Error with a byte offset, key or tensor name.
GgufFile readGguf(const std::filesystem::path& file);

}  // namespace rankwright
