// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A pattern from a tokenizer file that has no scanner of ours, run by PCRE2 with a deadline. Match limits do not bound
// the time of a pattern (each start position counts anew), so a callout at every item looks at the clock.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct TextRange
{
    size_t begin = 0, end = 0;
};

class RegexSplitter
{
public:
    // Compiles. Throws Error{format} with the position in the pattern, Error{unsupported} where the pattern means
    // something else to PCRE2 than to Oniguruma, for which these files are written, Error{limit} above 16 KiB.
    RegexSplitter(std::string pattern, std::filesystem::path file);
    // The matches inside each of the pieces (in order, apart), as positions in `text`; empty ones are left out. Throws
    // Error{data} with the pattern where it takes more processor time than limits::kPieceMilliseconds and half a second
    // for each MiB of the text.
    [[nodiscard]] std::vector<TextRange> matches(std::string_view text, std::span<const TextRange> pieces) const;
    [[nodiscard]] const std::string& pattern() const { return m_pattern; }

private:
    [[noreturn]] void throwNotSplit(int result, size_t at) const;
    std::string m_pattern;
    std::filesystem::path m_file;
    std::shared_ptr<void> m_code;  // pcre2_code
};

}  // namespace rankwright
