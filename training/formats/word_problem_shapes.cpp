// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Drawing numbers, people and things for a word problem and filling them into its text.
#include "training/formats/word_problem_shapes.h"

#include "training/api/error.h"

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

constexpr std::string_view kTimes = ".times";

struct Person { std::string_view name; bool she; };
constexpr std::array kPeople {
    Person {"Amara", true}, Person {"Anton", false}, Person {"Beatriz", true}, Person {"Bruno", false},
    Person {"Carmen", true}, Person {"Chidi", false}, Person {"Clara", true}, Person {"Daniel", false},
    Person {"Elif", true}, Person {"Emil", false}, Person {"Fatima", true}, Person {"Felix", false},
    Person {"Grace", true}, Person {"Hugo", false}, Person {"Ines", true}, Person {"Ivan", false},
    Person {"Jana", true}, Person {"Jonas", false}, Person {"Kavya", true}, Person {"Kenji", false},
    Person {"Leila", true}, Person {"Liam", false}, Person {"Mei", true}, Person {"Marco", false},
    Person {"Nadia", true}, Person {"Noah", false}, Person {"Olivia", true}, Person {"Omar", false},
    Person {"Priya", true}, Person {"Pavel", false}, Person {"Rosa", true}, Person {"Rafael", false},
    Person {"Sofia", true}, Person {"Samuel", false}, Person {"Tamara", true}, Person {"Tomas", false},
    Person {"Yara", true}, Person {"Viktor", false}, Person {"Zoe", true}, Person {"Yusuf", false},
};

[[noreturn]] void failShape(std::string_view expression)
{
    throw Error(ErrorParts {.code = Code::internal, .file = {}, .place = "word problem",
        .found = "{" + std::string(expression) + "} is not drawn", .allowed = {}, .advice = "please report this"});
}

bool startsWithVowel(std::string_view word)
{
    return std::string_view("aeiou").find(word.front()) != std::string_view::npos;
}

}  // namespace

uint64_t splitmix64(uint64_t value)
{
    value += 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
}

int64_t Facts::hidden(std::string_view name, int64_t least, int64_t most) const
{
    uint64_t hash = 0xCBF29CE484222325ull;  // FNV-1a
    for (const char c : name)
        hash = (hash ^ uint64_t(uint8_t(c))) * 0x100000001B3ull;
    // The remainder's bias is below 2^-50 for the ranges used here.
    const auto width = uint64_t(most - least) + 1;
    return least + int64_t(splitmix64(m_key + splitmix64(hash)) % width);
}

int64_t Facts::set(const std::string& name, int64_t value)
{
    m_numbers[name] = value;
    return value;
}

int64_t Facts::draw(const std::string& name, int64_t least, int64_t most)
{
    return set(name, hidden(name, least, most));
}

int64_t Facts::pick(const std::string& name, std::span<const int64_t> values)
{
    return set(name, values[size_t(hidden(name, 0, int64_t(values.size()) - 1))]);
}

void Facts::noun(const std::string& key, std::span<const Noun> list)
{
    auto index = size_t(hidden(key, 0, int64_t(list.size()) - 1));
    const auto taken = [&] {
        const auto same = [&](const auto& word) { return word.second == list[index].many; };
        return std::any_of(m_words.begin(), m_words.end(), same);
    };
    while (taken())
        index = (index + 1) % list.size();
    m_words[key] = list[index].many;
    m_words[key + ".one"] = list[index].one;
    const bool vowel = startsWithVowel(list[index].one);
    m_words[key + ".a"] = (vowel ? "an " : "a ") + std::string(list[index].one);
    m_words[key + ".A"] = (vowel ? "An " : "A ") + std::string(list[index].one);
}

void Facts::people(const std::vector<std::string>& keys)
{
    std::vector<Person> left(kPeople.begin(), kPeople.end());
    for (const auto& key : keys) {
        const auto chosen = left.begin() + hidden(key, 0, int64_t(left.size()) - 1);
        m_words[key] = chosen->name;
        m_words[key + ".he"] = chosen->she ? "she" : "he";
        m_words[key + ".He"] = chosen->she ? "She" : "He";
        m_words[key + ".his"] = chosen->she ? "her" : "his";
        m_words[key + ".His"] = chosen->she ? "Her" : "His";
        left.erase(chosen);
    }
}

std::string Facts::value(std::string_view expression) const
{
    const auto end = expression.find_first_of("|:");
    if (const auto word = m_words.find(expression); word != m_words.end())
        return word->second;
    if (expression.ends_with(kTimes)) {
        const auto factor = value(expression.substr(0, expression.size() - kTimes.size()));
        return factor == "2" ? "twice" : factor + " times";
    }
    const auto number = m_numbers.find(expression.substr(0, end));
    if (number == m_numbers.end())
        failShape(expression);
    auto text = std::to_string(number->second);
    if (end == std::string_view::npos)
        return text;
    const bool single = number->second == 1;
    const auto forms = expression.substr(end + 1);
    if (expression[end] == '|') {
        const auto bar = forms.find('|');
        return text + " " + std::string(single ? forms.substr(0, bar) : forms.substr(bar + 1));
    }
    return text + " " + value(std::string(forms) + (single ? ".one" : ""));
}

std::string Facts::fill(std::string_view text) const
{
    std::string out;
    while (!text.empty()) {
        const auto open = text.find('{');
        out += text.substr(0, open);
        if (open == std::string_view::npos)
            break;
        const auto close = text.find('}', open);
        out += value(text.substr(open + 1, close - open - 1));
        text.remove_prefix(close + 1);
    }
    return out;
}

}  // namespace rankwright
