// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Makes GGUF files for tests, right ones and wrong ones.
#pragma once

#include "tests/formats/rejection.h"

#include <optional>
#include <vector>

namespace rankwright {

// GGUF's numbers of value types, and of the tensor types that the tests use.
inline constexpr uint32_t kU8 = 0, kI8 = 1, kU16 = 2, kI16 = 3, kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8,
                          kArray = 9, kU64 = 10, kI64 = 11, kF64 = 12;
inline constexpr uint32_t kTypeF32 = 0, kTypeQ4_0 = 2, kTypeI8 = 24;

struct GgufBytes
{
    std::string magic = "GGUF";
    uint32_t version = 3;
    std::optional<uint64_t> tensorCount, keyCount;  // other than the real ones
    std::vector<std::string> keys, tensors;
    std::string data;
    uint64_t alignment = 32;

    static std::string text(const std::string& text) { return bytesOf<uint64_t>(text.size()) + text; }
    // A key with a value given as bytes.
    GgufBytes& key(const std::string& name, uint32_t type, const std::string& value)
    {
        keys.push_back(text(name) + bytesOf(type) + value);
        return *this;
    }
    GgufBytes& array(const std::string& name, uint32_t type, uint64_t count, const std::string& values)
    {
        return key(name, 9, bytesOf(type) + bytesOf(count) + values);
    }
    GgufBytes& tensor(const std::string& name, const std::vector<uint64_t>& dimensions, uint32_t type, uint64_t offset)
    {
        std::string entry = text(name) + bytesOf<uint32_t>(static_cast<uint32_t>(dimensions.size()));
        for (const uint64_t size : dimensions)
            entry += bytesOf(size);
        tensors.push_back(entry + bytesOf(type) + bytesOf(offset));
        return *this;
    }
    GgufBytes& withData(uint64_t bytes)
    {
        data.assign(bytes, 'd');
        return *this;
    }
    [[nodiscard]] std::string bytes() const
    {
        std::string file = magic + bytesOf(version) + bytesOf<uint64_t>(tensorCount.value_or(tensors.size()))
            + bytesOf<uint64_t>(keyCount.value_or(keys.size()));
        for (const std::string& entry : keys)
            file += entry;
        for (const std::string& entry : tensors)
            file += entry;
        if (!tensors.empty())
            file.resize((file.size() + alignment - 1) / alignment * alignment, '\0');
        return file + data;
    }
};

// One tensor of four floats.
inline GgufBytes fourFloats()
{
    return GgufBytes().tensor("t", {4}, kTypeF32, 0).withData(16);
}

}  // namespace rankwright
