// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Float32 to GGUF's block formats, byte for byte what ggml's reference quantisers and PyPI's gguf give (methods.md 4.3). Each product
// is rounded to float32 before a sum uses it: a fused multiply-add would move values that lie halfway between two steps.
#include "training/formats/gguf_blocks.h"

#include "training/api/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

namespace rankwright {

namespace {

constexpr int kBlock = 32;

[[noreturn]] void refuse(StoredType type, int64_t index, const std::string& found)
{
    throw Error({.code = Code::data, .place = "value " + std::to_string(index), .found = found,
        .allowed = "finite values that the type " + std::string(typeName(type)) + " can hold",
        .advice = "Export in float32, or look at the run: its weights have grown out of range"});
}

void storeHalf(float value, std::byte* to)
{
    const uint16_t bits = floatToHalf(value);
    std::memcpy(to, &bits, sizeof bits);
}

// a * b as a float32, whatever the compiler contracts: a product of two floats is exact in double.
float product(float a, float b)
{
    return static_cast<float>(static_cast<double>(a) * static_cast<double>(b));
}

// 1 / d, and 0 for a block of zeros. Where it overflows (d below 2^-128) the half that is stored is 0 whatever the steps are.
float inverse(float d)
{
    return d == 0 ? 0.0F : 1.0F / d;
}

// A step from 0 to 15. What is not finite comes from an overflow of inverse(); numpy makes 0 of it.
uint8_t nibble(float step)
{
    return std::isfinite(step) ? static_cast<uint8_t>(std::clamp(static_cast<int>(step), 0, 15)) : uint8_t{0};
}

void packNibbles(const std::array<uint8_t, kBlock>& q, std::byte* to)
{
    for (size_t j = 0; j < kBlock / 2; ++j)
        to[j] = static_cast<std::byte>(q[j] | (q[j + kBlock / 2] << 4));
}

// Largest scale whose half float is finite: halves from 65520 on are infinite.
constexpr float kHalfOverflow = 65520.0F;

// d = largest by size, with its sign, over -8; q = trunc(x / d + 8.5).
bool toQ4_0(const float* x, std::byte* to)
{
    const float largest = *std::max_element(x, x + kBlock, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    const float d = largest / -8.0F, id = inverse(d);
    std::array<uint8_t, kBlock> q{};
    for (size_t j = 0; j < kBlock; ++j)
        q[j] = nibble(product(x[j], id) + 8.5F);
    storeHalf(d, to);
    packNibbles(q, to + 2);
    return std::fabs(d) < kHalfOverflow;
}

// d = (largest - smallest) / 15, m = smallest; q = trunc((x - m) / d + 0.5).
bool toQ4_1(const float* x, std::byte* to)
{
    const auto [smallest, largest] = std::minmax_element(x, x + kBlock);
    const float m = *smallest, d = (*largest - m) / 15.0F, id = inverse(d);
    std::array<uint8_t, kBlock> q{};
    for (size_t j = 0; j < kBlock; ++j)
        q[j] = nibble(product(x[j] - m, id) + 0.5F);
    storeHalf(d, to);
    storeHalf(m, to + 2);
    packNibbles(q, to + 4);
    return std::fabs(d) < kHalfOverflow && std::fabs(m) < kHalfOverflow;
}

// d = largest size over 127; q = x / d, halves away from zero.
bool toQ8_0(const float* x, std::byte* to)
{
    float largest = 0;
    for (int j = 0; j < kBlock; ++j)
        largest = std::max(largest, std::fabs(x[j]));
    const float d = largest / 127.0F, id = inverse(d);
    storeHalf(d, to);
    for (int j = 0; j < kBlock; ++j) {
        const float step = std::round(product(x[j], id));
        to[2 + j] = static_cast<std::byte>(std::isfinite(step) ? static_cast<int8_t>(step) : int8_t{0});
    }
    return d < kHalfOverflow;
}

using BlockFunction = bool (*)(const float* x, std::byte* to);

void eachBlock(StoredType type, BlockFunction function, const float* from, std::byte* to, int64_t values)
{
    for (int64_t done = 0; done < values; done += kBlock, to += blockBytes(type)) {
        if (!function(from + done, to))
            refuse(type, done, "a block whose scale is above a half float's largest");
    }
}

template <class Bits> void eachValue(StoredType type, Bits (*convert)(float), float (*back)(Bits), const float* from, std::byte* to,
    int64_t values)
{
    for (int64_t i = 0; i < values; ++i) {
        const Bits bits = convert(from[i]);
        if (!std::isfinite(back(bits)))
            refuse(type, i, std::to_string(from[i]));
        std::memcpy(to + i * int64_t(sizeof bits), &bits, sizeof bits);
    }
}

}  // namespace

bool canQuantise(StoredType type)
{
    return type == StoredType::F32 || type == StoredType::F16 || type == StoredType::BF16 || type == StoredType::Q8_0
        || type == StoredType::Q4_0 || type == StoredType::Q4_1;
}

void quantise(StoredType type, const float* from, std::byte* to, int64_t values)
{
    if (!canQuantise(type) || values % blockValues(type) != 0) {
        throw Error({.code = Code::internal, .place = "quantise",
            .found = std::to_string(values) + " values to " + std::string(typeName(type)),
            .allowed = "whole blocks of F32, F16, BF16, Q8_0, Q4_0 or Q4_1", .advice = "Report this as a defect"});
    }
    for (int64_t i = 0; i < values; ++i) {
        if (!std::isfinite(from[i]))
            refuse(type, i, std::to_string(from[i]));
    }
    if (type == StoredType::F32 && values > 0)
        std::memcpy(to, from, static_cast<size_t>(values) * sizeof(float));
    else if (type == StoredType::F16)
        eachValue<uint16_t>(type, floatToHalf, halfToFloat, from, to, values);
    else if (type == StoredType::BF16)
        eachValue<uint16_t>(type, floatToBfloat16, bfloat16ToFloat, from, to, values);
    else if (type != StoredType::F32)
        eachBlock(type, type == StoredType::Q8_0 ? toQ8_0 : type == StoredType::Q4_0 ? toQ4_0 : toQ4_1, from, to, values);
}

}  // namespace rankwright
