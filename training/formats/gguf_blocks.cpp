// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Block formats to float32. Scales are half floats; the nibbles of a block of 32 hold its first half (low) and its
// second half (high). All products fit float32 (11 bits of a half, 6 of a scale, 8 of a value at most), so results
// agree with ggml bit for bit, whether the compiler fuses products and sums or not.
#include "training/formats/gguf_blocks.h"

#include "training/api/error.h"
#include "training/formats/half_float.h"
#include "training/formats/vector_clones.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace rankwright {

namespace {

RANKWRIGHT_IN_LOOPS float widenedBfloat16(uint16_t bits)
{
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

template<typename T>
RANKWRIGHT_IN_LOOPS T load(const std::byte* from)
{
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

RANKWRIGHT_IN_LOOPS float loadHalf(const std::byte* from)
{
    return widenedHalf(load<uint16_t>(from));
}

constexpr int kSmall = 32;    // values in a block of the simple formats
constexpr int kSuper = 256;   // values in a block of the K formats

// d, 16 bytes of nibbles; value = d * (nibble - 8).
RANKWRIGHT_IN_LOOPS void blockQ4_0(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const auto* q = reinterpret_cast<const uint8_t*>(block + 2);
    for (int j = 0; j < kSmall / 2; ++j) {
        y[j] = d * static_cast<float>((q[j] & 15) - 8);
        y[j + 16] = d * static_cast<float>((q[j] >> 4) - 8);
    }
}

// d, m, 16 bytes of nibbles; value = d * nibble + m.
RANKWRIGHT_IN_LOOPS void blockQ4_1(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const float m = loadHalf(block + 2);
    const auto* q = reinterpret_cast<const uint8_t*>(block + 4);
    for (int j = 0; j < kSmall / 2; ++j) {
        y[j] = d * static_cast<float>(q[j] & 15) + m;
        y[j + 16] = d * static_cast<float>(q[j] >> 4) + m;
    }
}

// d, 32 fifth bits, nibbles; value = d * (q - 16).
RANKWRIGHT_IN_LOOPS void blockQ5_0(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const auto high = load<uint32_t>(block + 2);
    const auto* q = reinterpret_cast<const uint8_t*>(block + 6);
    for (uint32_t j = 0; j < kSmall / 2; ++j) {
        const uint32_t low = (q[j] & 15u) | (((high >> j) & 1u) << 4);
        const uint32_t upper = (q[j] >> 4) | (((high >> (j + 16)) & 1u) << 4);
        y[j] = d * static_cast<float>(static_cast<int32_t>(low) - 16);
        y[j + 16] = d * static_cast<float>(static_cast<int32_t>(upper) - 16);
    }
}

// d, m, 32 fifth bits, nibbles; value = d * q + m.
RANKWRIGHT_IN_LOOPS void blockQ5_1(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const float m = loadHalf(block + 2);
    const auto high = load<uint32_t>(block + 4);
    const auto* q = reinterpret_cast<const uint8_t*>(block + 8);
    for (uint32_t j = 0; j < kSmall / 2; ++j) {
        const uint32_t low = (q[j] & 15u) | (((high >> j) & 1u) << 4);
        const uint32_t upper = (q[j] >> 4) | (((high >> (j + 16)) & 1u) << 4);
        y[j] = d * static_cast<float>(static_cast<int32_t>(low)) + m;
        y[j + 16] = d * static_cast<float>(static_cast<int32_t>(upper)) + m;
    }
}

// d, 32 signed bytes.
RANKWRIGHT_IN_LOOPS void blockQ8_0(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const auto* q = reinterpret_cast<const int8_t*>(block + 2);
    for (int j = 0; j < kSmall; ++j)
        y[j] = d * static_cast<float>(q[j]);
}

struct SixBitPair
{
    float scale, minimum;
};

// Scale and minimum of sub-block j of 8: six bits each, packed in 12 bytes.
RANKWRIGHT_IN_LOOPS SixBitPair scaleAndMinimum(const uint8_t* s, int j)
{
    if (j < 4)
        return {static_cast<float>(s[j] & 63), static_cast<float>(s[j + 4] & 63)};
    const int scale = (s[j + 4] & 15) | ((s[j - 4] >> 6) << 4);
    const int minimum = (s[j + 4] >> 4) | ((s[j] >> 6) << 4);
    return {static_cast<float>(scale), static_cast<float>(minimum)};
}

// d, dmin, scales[12], nibbles[128]; value = d * scale * q - dmin * minimum, for sub-blocks of 32.
RANKWRIGHT_IN_LOOPS void blockQ4_K(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const float dmin = loadHalf(block + 2);
    const auto* scales = reinterpret_cast<const uint8_t*>(block + 4);
    const auto* q = reinterpret_cast<const uint8_t*>(block + 16);
    for (int g = 0; g < 4; ++g, q += 32, y += 64) {
        const SixBitPair first = scaleAndMinimum(scales, 2 * g);
        const SixBitPair second = scaleAndMinimum(scales, 2 * g + 1);
        const float d1 = d * first.scale, m1 = dmin * first.minimum;
        const float d2 = d * second.scale, m2 = dmin * second.minimum;
        for (int l = 0; l < 32; ++l) {
            y[l] = d1 * static_cast<float>(q[l] & 15) - m1;
            y[l + 32] = d2 * static_cast<float>(q[l] >> 4) - m2;
        }
    }
}

// As Q4_K with fifth bits: d, dmin, scales[12], qh[32], nibbles[128]; group g takes bits 2g and 2g + 1 of qh.
RANKWRIGHT_IN_LOOPS void blockQ5_K(const std::byte* block, float* y)
{
    const float d = loadHalf(block);
    const float dmin = loadHalf(block + 2);
    const auto* scales = reinterpret_cast<const uint8_t*>(block + 4);
    const auto* high = reinterpret_cast<const uint8_t*>(block + 16);
    const auto* q = reinterpret_cast<const uint8_t*>(block + 48);
    for (int g = 0; g < 4; ++g, q += 32, y += 64) {
        const SixBitPair first = scaleAndMinimum(scales, 2 * g);
        const SixBitPair second = scaleAndMinimum(scales, 2 * g + 1);
        const float d1 = d * first.scale, m1 = dmin * first.minimum;
        const float d2 = d * second.scale, m2 = dmin * second.minimum;
        for (int l = 0; l < 32; ++l) {
            y[l] = d1 * static_cast<float>((q[l] & 15) | (((high[l] >> (2 * g)) & 1) << 4)) - m1;
            y[l + 32] = d2 * static_cast<float>((q[l] >> 4) | (((high[l] >> (2 * g + 1)) & 1) << 4)) - m2;
        }
    }
}

// ql[128], qh[64], signed scales[16], d; value = d * scale * (q - 32), scales for 16 values each.
RANKWRIGHT_IN_LOOPS void blockQ6_K(const std::byte* block, float* y)
{
    const auto* low = reinterpret_cast<const uint8_t*>(block);
    const auto* high = reinterpret_cast<const uint8_t*>(block + 128);
    const auto* scales = reinterpret_cast<const int8_t*>(block + 192);
    const float d = loadHalf(block + 208);
    for (int h = 0; h < 2; ++h, low += 64, high += 32, scales += 8, y += 128) {
        for (int i = 0; i < 2; ++i) {
            const float d0 = d * static_cast<float>(scales[i]), d1 = d * static_cast<float>(scales[i + 2]);
            const float d2 = d * static_cast<float>(scales[i + 4]), d3 = d * static_cast<float>(scales[i + 6]);
            for (int l = 16 * i; l < 16 * i + 16; ++l) {
                y[l] = d0 * static_cast<float>(((low[l] & 15) | ((high[l] & 3) << 4)) - 32);
                y[l + 32] = d1 * static_cast<float>(((low[l + 32] & 15) | (((high[l] >> 2) & 3) << 4)) - 32);
                y[l + 64] = d2 * static_cast<float>(((low[l] >> 4) | (((high[l] >> 4) & 3) << 4)) - 32);
                y[l + 96] = d3 * static_cast<float>(((low[l + 32] >> 4) | ((high[l] >> 6) << 4)) - 32);
            }
        }
    }
}

using BlockFunction = void (*)(const std::byte* block, float* y);

template<BlockFunction function, int64_t blockSize, int64_t inBlock>
RANKWRIGHT_VECTOR_CLONES void eachBlock(const std::byte* from, float* to, int64_t values)
{
    for (int64_t done = 0; done < values; done += inBlock, from += blockSize)
        function(from, to + done);
}

// Plain types, one value after the other.
template<typename T, typename Convert>
void eachValue(const std::byte* from, float* to, int64_t values, Convert convert)
{
    for (int64_t i = 0; i < values; ++i)
        to[i] = convert(load<T>(from + i * static_cast<int64_t>(sizeof(T))));
}

// E4M3 without infinities (the "fn" form that safetensors means): bias 7, all ones is NaN.
constexpr float eightBitE4M3(unsigned bits)
{
    const unsigned exponent = (bits >> 3) & 15u, mantissa = bits & 7u;
    if (exponent == 15 && mantissa == 7)
        return std::numeric_limits<float>::quiet_NaN();
    float value = exponent == 0 ? static_cast<float>(mantissa) : static_cast<float>(8 + mantissa);
    value *= 1.0F / 512;  // 2^-9: a mantissa step at exponents 0 and 1
    for (unsigned e = 1; e < exponent; ++e)
        value *= 2;
    return (bits & 0x80u) != 0 ? -value : value;
}

constexpr std::array<float, 256> tableE4M3()
{
    std::array<float, 256> table {};
    for (unsigned i = 0; i < table.size(); ++i)
        table[i] = eightBitE4M3(i);
    return table;
}
constexpr auto kE4M3 = tableE4M3();

struct BlockRow
{
    StoredType type;
    int64_t values, bytes;
    void (*convert)(const std::byte* from, float* to, int64_t values);  // null: sizes are known, values are not read
};

constexpr std::array kBlocks {
    BlockRow {StoredType::F32, 1, 4, [](const std::byte* from, float* to, int64_t values) {
        std::memcpy(to, from, static_cast<size_t>(values) * sizeof(float));
    }},
    BlockRow {StoredType::F64, 1, 8, [](const std::byte* from, float* to, int64_t values) {
        eachValue<double>(from, to, values, [](double v) { return static_cast<float>(v); });
    }},
    BlockRow {StoredType::F16, 1, 2, [](const std::byte* from, float* to, int64_t values) {
        eachValue<uint16_t>(from, to, values, [](uint16_t v) { return widenedHalf(v); });
    }},
    BlockRow {StoredType::BF16, 1, 2, [](const std::byte* from, float* to, int64_t values) {
        eachValue<uint16_t>(from, to, values, [](uint16_t v) { return widenedBfloat16(v); });
    }},
    BlockRow {StoredType::F8_E4M3, 1, 1, [](const std::byte* from, float* to, int64_t values) {
        eachValue<uint8_t>(from, to, values, [](uint8_t v) { return kE4M3[v]; });
    }},
    // E5M2 is the upper byte of a half float.
    BlockRow {StoredType::F8_E5M2, 1, 1, [](const std::byte* from, float* to, int64_t values) {
        eachValue<uint8_t>(from, to, values, [](uint8_t v) { return widenedHalf(static_cast<uint16_t>(v << 8)); });
    }},
    BlockRow {StoredType::F4, 2, 1, nullptr},
    BlockRow {StoredType::F6_E2M3, 4, 3, nullptr},
    BlockRow {StoredType::F6_E3M2, 4, 3, nullptr},
    BlockRow {StoredType::Q4_0, kSmall, 18, eachBlock<blockQ4_0, 18, kSmall>},
    BlockRow {StoredType::Q4_1, kSmall, 20, eachBlock<blockQ4_1, 20, kSmall>},
    BlockRow {StoredType::Q5_0, kSmall, 22, eachBlock<blockQ5_0, 22, kSmall>},
    BlockRow {StoredType::Q5_1, kSmall, 24, eachBlock<blockQ5_1, 24, kSmall>},
    BlockRow {StoredType::Q8_0, kSmall, 34, eachBlock<blockQ8_0, 34, kSmall>},
    BlockRow {StoredType::Q2_K, kSuper, 84, nullptr},
    BlockRow {StoredType::Q3_K, kSuper, 110, nullptr},
    BlockRow {StoredType::Q4_K, kSuper, 144, eachBlock<blockQ4_K, 144, kSuper>},
    BlockRow {StoredType::Q5_K, kSuper, 176, eachBlock<blockQ5_K, 176, kSuper>},
    BlockRow {StoredType::Q6_K, kSuper, 210, eachBlock<blockQ6_K, 210, kSuper>},
};

const BlockRow* rowOf(StoredType type)
{
    for (const BlockRow& row : kBlocks) {
        if (row.type == type)
            return &row;
    }
    return nullptr;
}

std::string readableTypes()
{
    std::string list;
    for (const BlockRow& row : kBlocks) {
        if (row.convert != nullptr)
            list += (list.empty() ? "" : ", ") + std::string(typeName(row.type));
    }
    return list;
}

}  // namespace

int64_t blockValues(StoredType type)
{
    const BlockRow* row = rowOf(type);
    return row != nullptr ? row->values : 1;
}

int64_t blockBytes(StoredType type)
{
    const BlockRow* row = rowOf(type);
    return row != nullptr ? row->bytes : typeBits(type) / 8;
}

bool staysInBlocks(StoredType type, int64_t in)
{
    return blockValues(type) > 1 && canDequantise(type) && in % blockValues(type) == 0;
}

bool canDequantise(StoredType type)
{
    const BlockRow* row = rowOf(type);
    return row != nullptr && row->convert != nullptr;
}

void dequantise(StoredType type, const std::byte* from, float* to, int64_t values)
{
    if (!canDequantise(type)) {
        throw Error({.code = Code::unsupported, .place = "tensor type", .found = std::string(typeName(type)),
            .allowed = readableTypes(), .advice = "Convert the model to one of these types"});
    }
    if (values % blockValues(type) != 0) {
        throw Error({.code = Code::internal, .place = "dequantise",
            .found = std::to_string(values) + " values of " + std::string(typeName(type)),
            .allowed = "a multiple of " + std::to_string(blockValues(type)), .advice = "Report this as a defect"});
    }
    if (values > 0)  // the pointers of empty tensors may be null
        rowOf(type)->convert(from, to, values);
}

float halfToFloat(uint16_t bits)
{
    return widenedHalf(bits);
}

uint16_t floatToHalf(float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)  // NaN: quiet, with the upper bits of its payload
        return static_cast<uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    if (magnitude >= 0x477ff000u)  // from 65520 on rounds to infinity
        return static_cast<uint16_t>(sign | 0x7c00u);
    if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 leaves the steps of 2^-24 in the lowest bits, rounded
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
    }
    const uint32_t rounded = magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<uint16_t>(sign | (rounded >> 13));
}

float bfloat16ToFloat(uint16_t bits)
{
    return widenedBfloat16(bits);
}

uint16_t floatToBfloat16(float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return static_cast<uint16_t>((bits >> 16) | 0x40u);
    return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace rankwright
