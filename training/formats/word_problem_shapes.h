// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The shapes of the default data set's word problems: for each a question, a worked answer and a draw of the numbers,
// people and things that go into both. Whole numbers only; every draw makes the answer come out even.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct Noun { std::string_view one, many; };

// What one row is about. Every draw is splitmix64 of (seed, split, row, attempt, its name), so a row depends on no
// other row, and a number neither on the order of the draws nor on the compiler that orders them.
class Facts
{
public:
    explicit Facts(uint64_t key) : m_key(key) {}
    // A number in [least, most], named `name`.
    int64_t draw(const std::string& name, int64_t least, int64_t most);
    int64_t pick(const std::string& name, std::span<const int64_t> values);
    int64_t set(const std::string& name, int64_t value);
    // A number that the texts cannot name, used to make others fit.
    [[nodiscard]] int64_t hidden(std::string_view name, int64_t least, int64_t most) const;
    // {key} is the plural, {key.one} the singular, {key.a} and {key.A} the singular with its article. Two nouns of
    // one list differ.
    void noun(const std::string& key, std::span<const Noun> list);
    // Different people: {key} is the name; {key.he}, {key.his} and {key.He}, {key.His} the pronouns.
    void people(const std::vector<std::string>& keys);
    // Fills in {name}, {number|one|many} ("1 box", "3 boxes"), {number:noun} (the same with a drawn noun)
    // and {number.times} ("twice", "3 times").
    [[nodiscard]] std::string fill(std::string_view text) const;

private:
    [[nodiscard]] std::string value(std::string_view expression) const;

    uint64_t m_key;
    std::map<std::string, int64_t, std::less<>> m_numbers;
    std::map<std::string, std::string, std::less<>> m_words;
};

struct WordProblemShape
{
    std::string_view name, question, answer;
    void (*draw)(Facts& facts);
};
// Used by both splits: shops, money and work; then people, places and things.
std::span<const WordProblemShape> moneyShapes();
std::span<const WordProblemShape> everydayShapes();
// Used by the test rows only.
std::span<const WordProblemShape> heldOutShapes();

// The output of splitmix64 for a counter (Steele, Lea and Flood 2014): mixes all bits of `value`.
uint64_t splitmix64(uint64_t value);

}  // namespace rankwright
