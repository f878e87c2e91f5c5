// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/pre_tokenizer.h"

#include "training/formats/unicode.h"

#include <algorithm>
#include <limits>
#include <span>

namespace rankwright {
namespace {

// Where the run of characters with property `has` that begins at `at` ends, after at most `most` of them.
template<class Has>
size_t runEnd(std::string_view text, size_t at, const Has& has, size_t most = std::numeric_limits<size_t>::max())
{
    for (; at < text.size() && most > 0; --most) {
        const auto character = utf8At(text, at);
        if (!has(character.code))
            break;
        at += character.length;
    }
    return at;
}

bool isOther(char32_t code) { return !isWhitespace(code) && !isLetter(code) && !isNumber(code); }
bool isNewline(char32_t code) { return code == '\r' || code == '\n'; }

// 's 't 're 've 'm 'll 'd at `at`: their length, or 0. Without case also U+017F, which folds to s.
size_t contractionLength(std::string_view text, size_t at, bool anyCase)
{
    if (text[at] != '\'' || at + 1 >= text.size())
        return 0;
    const auto lower = [&](size_t index) {
        const char c = index < text.size() ? text[index] : '\0';
        return anyCase && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    const char first = lower(at + 1), second = lower(at + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 2;
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
        return 3;
    return anyCase && text.substr(at + 1, 2) == "\xC5\xBF" ? 3 : 0;
}

// \s+(?!\S)|\s+ : a run of white space without its last character where something follows, unless it is the only one.
size_t whitespacePieceEnd(std::string_view text, size_t at)
{
    size_t end = at, last = at;
    while (end < text.size()) {
        const auto character = utf8At(text, end);
        if (!isWhitespace(character.code))
            break;
        last = end;
        end += character.length;
    }
    return end == text.size() || last == at ? end : last;
}

// The GPT-2 pattern: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
size_t gpt2PieceEnd(std::string_view text, size_t at)
{
    if (const size_t length = contractionLength(text, at, false))
        return at + length;
    const size_t start = text[at] == ' ' && at + 1 < text.size() ? at + 1 : at;
    const char32_t code = utf8At(text, start).code;
    if (isLetter(code))
        return runEnd(text, start, isLetter);
    if (isNumber(code))
        return runEnd(text, start, isNumber);
    if (isOther(code))
        return runEnd(text, start, isOther);
    return whitespacePieceEnd(text, at);
}

// The pattern of cl100k, Llama 3 (3 digits) and Qwen 2 (1 digit):
// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
size_t cl100kPieceEnd(std::string_view text, size_t at, int digits)
{
    if (const size_t length = contractionLength(text, at, true))
        return at + length;
    const auto first = utf8At(text, at);
    if (isLetter(first.code))
        return runEnd(text, at, isLetter);
    if (isNumber(first.code))
        return runEnd(text, at, isNumber, static_cast<size_t>(digits));
    const size_t second = at + first.length;
    if (!isNewline(first.code) && second < text.size() && isLetter(utf8At(text, second).code))
        return runEnd(text, second, isLetter);
    const size_t start = text[at] == ' ' && second < text.size() ? second : at;
    if (isOther(utf8At(text, start).code))
        return runEnd(text, runEnd(text, start, isOther), isNewline);
    // White space: up to its last line break, where it has one.
    const size_t end = runEnd(text, at, isWhitespace);
    const size_t lineBreak = text.substr(at, end - at).find_last_of("\r\n");
    return lineBreak != std::string_view::npos ? at + lineBreak + 1 : whitespacePieceEnd(text, at);
}

// A run of marks with the text after it, up to the next mark.
size_t wordEnd(std::string_view text, size_t at, std::string_view mark)
{
    while (text.substr(at).starts_with(mark))
        at += mark.size();
    return std::min(text.find(mark, at), text.size());
}

bool isSign(char32_t code) { return !isWordCharacter(code) && !isWhitespace(code); }

// Runs of one script; spaces and characters without one go with what is before them, and vanish at the start.
void scanScripts(std::string_view text, size_t origin, std::vector<TextRange>& pieces)
{
    int script = -1;
    bool begun = false;
    for (size_t at = 0; at < text.size();) {
        const auto character = utf8At(text, at);
        const int here = scriptOf(character.code);
        const size_t end = at + character.length;
        if (here >= 0 && (!begun || here != script)) {
            pieces.push_back({origin + at, origin + end});
            script = here;
            begun = true;
        } else if (begun) {
            pieces.back().end = origin + end;
        }
        at = end;
    }
}

void scanWords(std::string_view text, size_t origin, std::vector<TextRange>& pieces)
{
    for (size_t at = 0; at < text.size();) {
        const size_t word = runEnd(text, at, isWordCharacter);
        const size_t end = word > at ? word : runEnd(text, at, isSign);
        if (end > at)
            pieces.push_back({origin + at, origin + end});
        at = end > at ? end : runEnd(text, at, isWhitespace);
    }
}

void scan(const SplitStep& step, std::string_view text, size_t origin, std::vector<TextRange>& pieces)
{
    if (step.kind == SplitStep::Kind::scripts)
        return scanScripts(text, origin, pieces);
    if (step.kind == SplitStep::Kind::wordRuns)
        return scanWords(text, origin, pieces);
    for (size_t at = 0; at < text.size();) {
        size_t end = at;
        if (step.kind == SplitStep::Kind::length)
            end = runEnd(text, at, [](char32_t) { return true; }, static_cast<size_t>(step.digits));
        else if (step.kind == SplitStep::Kind::gpt2)
            end = gpt2PieceEnd(text, at);
        else if (step.kind == SplitStep::Kind::cl100k)
            end = cl100kPieceEnd(text, at, step.digits);
        else if (step.kind == SplitStep::Kind::words)
            end = wordEnd(text, at, step.pattern);
        else if (isNumber(utf8At(text, at).code))
            end = runEnd(text, at, isNumber, step.digits == 0 ? text.size() : static_cast<size_t>(step.digits));
        else
            end = runEnd(text, at, [](char32_t code) { return !isNumber(code); });
        pieces.push_back({origin + at, origin + end});
        at = end;
    }
}

// \s+$ in one piece, as the search from left to right finds it: each run of white space up to its last line break or,
// at the end of the piece, whole. A regular expression would begin anew at each space of a long run.
void findLineEnds(std::string_view text, TextRange piece, std::vector<TextRange>& found)
{
    const std::string_view part = text.substr(0, piece.end);
    for (size_t at = piece.begin; at < piece.end;) {
        const size_t end = runEnd(part, at, isWhitespace);
        if (end == at) {
            at += utf8At(part, at).length;
            continue;
        }
        size_t stop = end;
        while (stop < piece.end && stop > at && part[stop] != '\n')
            --stop;
        if (stop > at)
            found.push_back({at, stop});
        at = end;
    }
}

void findCharacters(
    bool (*has)(char32_t), std::string_view text, TextRange piece, std::vector<TextRange>& found)
{
    for (size_t at = piece.begin; at < piece.end;) {
        const auto character = utf8At(text.substr(0, piece.end), at);
        if (has(character.code))
            found.push_back({at, at + character.length});
        at += character.length;
    }
}

// All matches in the pieces, in order, as positions in the text.
std::vector<TextRange> matchesOf(const SplitStep& step, std::string_view text, const std::vector<TextRange>& pieces)
{
    if (step.kind == SplitStep::Kind::regex)
        return step.regex->matches(text, pieces);
    std::vector<TextRange> found;
    if (step.kind != SplitStep::Kind::literal) {
        for (const TextRange piece : pieces)
            step.kind == SplitStep::Kind::lineEnds ? findLineEnds(text, piece, found)
                                                   : findCharacters(step.has, text, piece, found);
        return found;
    }
    for (const TextRange piece : pieces) {
        const std::string_view part = text.substr(0, piece.end);
        for (size_t hit = part.find(step.pattern, piece.begin); hit != std::string_view::npos;
             hit = part.find(step.pattern, hit + step.pattern.size()))
            found.push_back({hit, hit + step.pattern.size()});
    }
    return found;
}

struct MarkedRange
{
    size_t begin = 0, end = 0;
    bool match = false;
};

// What the behaviour makes of one piece, given as its matches and the text between them in order.
void applyBehaviour(SplitBehaviour behaviour, const std::vector<MarkedRange>& ranges, std::vector<TextRange>& pieces)
{
    for (size_t i = 0; i < ranges.size(); ++i) {
        const MarkedRange& range = ranges[i];
        if (range.match && behaviour == SplitBehaviour::removed)
            continue;
        bool joins = false;  // the piece before
        if (i > 0 && behaviour == SplitBehaviour::mergedWithPrevious)
            joins = range.match && !ranges[i - 1].match;
        else if (i > 0 && behaviour == SplitBehaviour::mergedWithNext)
            joins = !range.match && ranges[i - 1].match;
        else if (i > 0 && behaviour == SplitBehaviour::contiguous)
            joins = range.match == ranges[i - 1].match;
        if (joins)
            pieces.back().end = range.end;
        else
            pieces.push_back({range.begin, range.end});
    }
}

void splitByMatches(const SplitStep& step, std::string_view text, const std::vector<TextRange>& pieces,
    std::vector<TextRange>& next)
{
    const std::vector<TextRange> matches = matchesOf(step, text, pieces);
    std::vector<MarkedRange> ranges;
    auto match = matches.begin();
    for (const TextRange piece : pieces) {
        ranges.clear();
        size_t done = piece.begin;
        for (; match != matches.end() && match->end <= piece.end; ++match) {
            if (match->begin > done)
                ranges.push_back({done, match->begin, step.invert});
            ranges.push_back({match->begin, match->end, !step.invert});
            done = match->end;
        }
        if (done < piece.end)
            ranges.push_back({done, piece.end, step.invert});
        applyBehaviour(step.behaviour, ranges, next);
    }
}

constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kContractionSpellings[] = {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|)",
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|)", R"('(?i:[sdmt]|ll|ve|re)|)"};
constexpr std::string_view kWordSpellings[] = {R"([^\r\n\p{L}\p{N}]?\p{L}+|)", R"([^\r\n\p{L}\p{N}]?+\p{L}+|)"};
constexpr std::string_view kOtherSpellings[] = {R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|)", R"(| ?[^\s\p{L}\p{N}]++[\r\n]*|)"};
constexpr std::string_view kSpaceSpellings[] = {R"(\s*[\r\n]+|\s+(?!\S)|\s+)", R"(\s*[\r\n]|\s+(?!\S)|\s+)"};

// Takes one of the spellings off the front of `pattern`.
bool takeOne(std::string_view& pattern, std::span<const std::string_view> spellings)
{
    for (const std::string_view spelling : spellings)
        if (pattern.starts_with(spelling)) {
            pattern.remove_prefix(spelling.size());
            return true;
        }
    return false;
}

// The number of digits together of a spelling of the cl100k pattern; 0 where `pattern` is another.
int cl100kDigits(std::string_view pattern)
{
    if (!takeOne(pattern, kContractionSpellings) || !takeOne(pattern, kWordSpellings))
        return 0;
    const std::string_view numbers = pattern.substr(0, pattern.find('|'));
    pattern.remove_prefix(numbers.size());
    if (!takeOne(pattern, kOtherSpellings) || !takeOne(pattern, kSpaceSpellings) || !pattern.empty())
        return 0;
    return numbers == R"(\p{N}{1,3})" ? 3 : numbers == R"(\p{N})" ? 1 : 0;
}

bool findsMatches(SplitStep::Kind kind)
{
    using Kind = SplitStep::Kind;
    return kind == Kind::regex || kind == Kind::literal || kind == Kind::characters || kind == Kind::lineEnds;
}

}  // namespace

SplitStep splitStepFor(
    const std::string& pattern, SplitBehaviour behaviour, bool invert, const std::filesystem::path& file)
{
    // The scanners' patterns match every character, so that isolating the matches and removing the text between them
    // come to the same.
    const bool all = behaviour == (invert ? SplitBehaviour::removed : SplitBehaviour::isolated);
    if (all && pattern == kGpt2)
        return {.kind = SplitStep::Kind::gpt2};
    if (const int digits = cl100kDigits(pattern); all && digits > 0)
        return {.kind = SplitStep::Kind::cl100k, .digits = digits};
    if (all && !invert && (pattern == R"(\p{N})" || pattern == R"(\p{N}+)"))
        return {.kind = SplitStep::Kind::numbers, .digits = pattern.ends_with('+') ? 0 : 1};
    if (pattern == R"(\s+$)")
        return {.kind = SplitStep::Kind::lineEnds, .behaviour = behaviour, .invert = invert};
    return {.kind = SplitStep::Kind::regex,
        .behaviour = behaviour,
        .invert = invert,
        .regex = std::make_shared<RegexSplitter>(pattern, file)};
}

std::vector<TextRange> PreTokenizer::split(std::string_view text) const
{
    if (text.empty())
        return {};
    std::vector<TextRange> pieces{{0, text.size()}};
    for (const SplitStep& step : steps) {
        std::vector<TextRange> next;
        next.reserve(pieces.size());
        if (findsMatches(step.kind))
            splitByMatches(step, text, pieces, next);
        else
            for (const TextRange piece : pieces)
                scan(step, text.substr(piece.begin, piece.end - piece.begin), piece.begin, next);
        pieces = std::move(next);
    }
    return pieces;
}

}  // namespace rankwright
