// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Random numbers as pure functions of (seed, purpose, name, counters): no generator state exists, so nothing has to be saved for
// a resume, and two runs with one seed share data order and dropout whatever else differs. splitmix64's mixing function applied
// to a key and a counter (Steele, Lea and Flood 2014).
#pragma once

#include "training/formats/vector_clones.h"

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <vector>

namespace rankwright {

RANKWRIGHT_IN_LOOPS constexpr uint64_t mix64(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

__extension__ using Wide = unsigned __int128;

class Random
{
public:
    // `purpose` ("order", "lora_A", "dropout") and `name` (a module) separate streams.
    constexpr Random(int64_t seed, std::string_view purpose, std::string_view name = {})
        : m_key(mix64(mix64(uint64_t(seed) + kStep) ^ textKey(purpose)) ^ mix64(textKey(name) + kStep))
    {
    }
    // The stream of one counter value: an epoch, a step, a sample.
    [[nodiscard]] constexpr Random at(uint64_t counter) const { return Random(mix64(m_key ^ mix64(counter + kStep))); }
    [[nodiscard]] constexpr uint64_t bits(uint64_t element) const { return bitsOf(m_key, element); }
    // The same for loops over a stream's elements, with its key().
    [[nodiscard]] constexpr uint64_t key() const { return m_key; }
    RANKWRIGHT_IN_LOOPS static constexpr uint64_t bitsOf(uint64_t key, uint64_t element) { return mix64(key + (element + 1) * kStep); }
    // [0, 1), 53 bits
    [[nodiscard]] constexpr double uniform(uint64_t element) const { return double(bits(element) >> 11) * 0x1.0p-53; }
    // Standard normal (Box and Muller 1958), two draws a value.
    [[nodiscard]] double normal(uint64_t element) const
    {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(2 * element)));
        return radius * std::cos(2 * std::numbers::pi * uniform(2 * element + 1));
    }
    // 0 .. count-1 in random order (Fisher and Yates; Lemire's range reduction).
    [[nodiscard]] std::vector<int64_t> permutation(int64_t count) const
    {
        std::vector<int64_t> order;
        permute(order, count);
        return order;
    }
    // The same into `order`, whose numbers may be smaller ones.
    template <class Number> void permute(std::vector<Number>& order, int64_t count) const
    {
        order.resize(static_cast<size_t>(count));
        for (int64_t i = 0; i < count; ++i)
            order[size_t(i)] = Number(i);
        for (int64_t i = count - 1; i > 0; --i) {
            const auto wide = static_cast<Wide>(bits(uint64_t(i))) * static_cast<Wide>(i + 1);
            std::swap(order[size_t(i)], order[size_t(wide >> 64)]);
        }
    }

private:
    static constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;
    explicit constexpr Random(uint64_t key) : m_key(key) {}
    static constexpr uint64_t textKey(std::string_view text)
    {
        uint64_t key = 0xcbf29ce484222325ull;  // FNV-1a
        for (const char c : text)
            key = (key ^ uint8_t(c)) * 0x100000001b3ull;
        return mix64(key);
    }
    uint64_t m_key;
};

}  // namespace rankwright
