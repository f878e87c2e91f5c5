// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Cutting a text into the pieces that byte-pair merging never crosses: scanners by hand for the patterns in common use
// (linear time, whatever the text), PCRE2 with a deadline for others.
#pragma once

#include "training/formats/regex_splitter.h"
#include "training/formats/text_normalizer.h"

namespace rankwright {

// What becomes of the matches of a pattern and of the text between them (Hugging Face's names).
enum class SplitBehaviour { isolated, removed, mergedWithPrevious, mergedWithNext, contiguous };

struct SplitStep
{
    enum class Kind {
        gpt2,      // contractions, words, numbers, other characters, each with the space before them
        cl100k,    // as Llama 3 and Qwen 2: at most `digits` digits together, punctuation before words
        numbers,   // runs of numeric characters (digits = 0), or each alone (digits = 1)
        wordRuns,  // runs of word characters and of others; white space vanishes
        scripts,   // runs of one script
        length,    // `digits` characters each
        lineEnds,  // matches of \s+$: white space up to the end of a line or of the text
        characters,  // matches of each character that `has` says
        words,     // a run of `pattern` and what follows it up to the next one
        literal,   // matches of `pattern` as text
        regex,
    };
    Kind kind = Kind::gpt2;
    int digits = 0;
    std::string pattern = {};
    SplitBehaviour behaviour = SplitBehaviour::isolated;
    bool invert = false;                            // matches and the text between them change places
    std::shared_ptr<const RegexSplitter> regex = {};
    bool (*has)(char32_t) = nullptr;
};

// The step for a pattern in a tokenizer file: a scanner where we have one. Throws as RegexSplitter.
SplitStep splitStepFor(const std::string& pattern, SplitBehaviour behaviour, bool invert,
    const std::filesystem::path& file);

// One or more pre-tokenizers of which the first at most changes the text; a file may have several of these in a row.
struct PreTokenizer
{
    std::vector<NormalizerStep> rewrite;  // what the first changes in each piece before it is split
    std::vector<SplitStep> steps;         // each splits the pieces of the one before
    // Throws Error{data} where a pattern does not end in time.
    [[nodiscard]] std::vector<TextRange> split(std::string_view text) const;
};

}  // namespace rankwright
