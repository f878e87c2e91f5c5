// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Lists of words in messages and in options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

inline std::string joined(const std::vector<std::string>& words, std::string_view between = ", ")
{
    std::string text;
    for (const std::string& word : words) {
        if (&word != &words.front())
            text += between;
        text += word;
    }
    return text;
}

// Letters A to Z made small; everything else as it is.
inline std::string lowered(std::string_view text)
{
    std::string small(text);
    for (char& letter : small)
        letter = letter >= 'A' && letter <= 'Z' ? char(letter - 'A' + 'a') : letter;
    return small;
}

// "a,,b" gives "a", "" and "b"; an empty text gives one empty word.
inline std::vector<std::string> split(std::string_view text, char at = ',')
{
    std::vector<std::string> words;
    for (;;) {
        const size_t end = text.find(at);
        words.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return words;
        text.remove_prefix(end + 1);
    }
}

// "a, b,,c" gives "a", "b" and "c": the words of a list without the blanks around them, empty ones left out.
inline std::vector<std::string> listed(std::string_view text)
{
    std::vector<std::string> words;
    for (const std::string& word : split(text)) {
        const size_t first = word.find_first_not_of(' ');
        if (first != std::string::npos)
            words.push_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
    }
    return words;
}

// The first word that is there twice, nullptr where none is.
inline const std::string* repeatedWord(const std::vector<std::string>& words)
{
    for (size_t i = 0; i < words.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            if (words[i] == words[j])
                return &words[i];
        }
    }
    return nullptr;
}

}  // namespace rankwright
