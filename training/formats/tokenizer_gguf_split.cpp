// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The patterns are those of the models' own tokenizer.json files; where llama.cpp adapts one to its engine, the
// original stands here.
#include "training/formats/tokenizer_gguf_split.h"

#include "training/formats/unicode.h"

#include <algorithm>
#include <set>

namespace rankwright {
namespace {

using Kind = SplitStep::Kind;

// Cased letters, as DeepSeek's pattern lists them.
constexpr std::string_view kCasedLetters =
    R"(\x{41}-\x{5a}\x{61}-\x{7a}\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf})"
    R"(\x{1c4}-\x{293}\x{295}-\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386})"
    R"(\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556})"
    R"(\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf})"
    R"(\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d})"
    R"(\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d})"
    R"(\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3})"
    R"(\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113})"
    R"(\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139})"
    R"(\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4})"
    R"(\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f})"
    R"(\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17})"
    R"(\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb})"
    R"(\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943})";
constexpr std::string_view kHanKanaHangul = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";
// Mistral's Tekken and GPT-4o: words that begin with capitals and go on with small letters.
constexpr std::string_view kCapitals = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])", kSmall = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";

SplitStep isolated(const std::string& pattern, const std::filesystem::path& file)
{
    return splitStepFor(pattern, SplitBehaviour::isolated, false, file);
}

std::vector<SplitStep> deepSeekSteps(const std::filesystem::path& file)
{
    return {isolated(R"([\r\n])", file), isolated(R"(\s?[)" + std::string(kCasedLetters) + "]+", file),
        isolated(R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)", file),
        isolated(R"(\s+$)", file), isolated(std::string(kHanKanaHangul), file), isolated(R"(\p{N}+)", file)};
}

std::vector<SplitStep> deepSeekCoderSteps(const std::filesystem::path& file)
{
    return {isolated(R"([\r\n])", file), isolated(R"(\s?\p{L}+)", file), isolated(R"(\s?\p{P}+)", file),
        isolated(std::string(kHanKanaHangul), file), {.kind = Kind::numbers, .digits = 1}};
}

std::vector<SplitStep> deepSeek3Steps(const std::filesystem::path& file)
{
    return {isolated(R"(\p{N}{1,3})", file),
        isolated(R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)", file),
        isolated(R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
                 R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)", file)};
}

std::vector<SplitStep> capitalSteps(
    const std::string& suffix, const std::string& numbers, const std::filesystem::path& file)
{
    const std::string first = R"([^\r\n\p{L}\p{N}]?)", capitals(kCapitals), small(kSmall);
    return {isolated(first + capitals + "*" + small + "+" + suffix + "|" + first + capitals + "+" + small + "*" + suffix
            + "|" + numbers + R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)", file)};
}

// llama.cpp's way where a file does not say more than "default".
std::vector<SplitStep> defaultSteps(const std::filesystem::path& file)
{
    return {isolated(R"([\p{P}\$\+<=>\^~\|]+)", file), {.kind = Kind::gpt2}, {.kind = Kind::numbers},
        isolated("[0-9][0-9][0-9]", file)};
}

std::vector<SplitStep> falconSteps(const std::filesystem::path& file)
{
    return {isolated(R"([\p{P}\$\+<=>\^~\|`]+)", file), {.kind = Kind::gpt2}, isolated("[0-9][0-9][0-9]", file)};
}

const std::set<std::string> kGpt2{"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "trillion", "granite-docling",
    "exaone4", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de"};
const std::set<std::string> kLlama3{"llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
    "lfm2"};
const std::set<std::string> kThreeDigits{"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"};
const std::set<std::string> kOneDigit{"qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez"};
const std::set<std::string> kSingleNumbers{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone",
    "minerva-7b"};

std::vector<SplitStep> stepsOf(const std::string& name, const std::filesystem::path& file)
{
    if (kGpt2.contains(name))
        return {{.kind = Kind::gpt2}};
    if (kLlama3.contains(name) || kThreeDigits.contains(name))
        return {{.kind = Kind::cl100k, .digits = 3}};
    if (kOneDigit.contains(name))
        return {{.kind = Kind::cl100k, .digits = 1}};
    if (kSingleNumbers.contains(name))
        return {{.kind = Kind::numbers, .digits = 1}, {.kind = Kind::gpt2}};
    if (name == "default")
        return defaultSteps(file);
    if (name == "falcon")
        return falconSteps(file);
    if (name == "deepseek-llm")
        return deepSeekSteps(file);
    if (name == "deepseek-coder")
        return deepSeekCoderSteps(file);
    if (name == "deepseek-v3")
        return deepSeek3Steps(file);
    if (name == "tekken")
        return capitalSteps("", R"(\p{N})", file);
    if (name == "gpt-4o" || name == "llama4")
        return capitalSteps("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", R"(\p{N}{1,3})", file);
    return {};
}

}  // namespace

std::optional<GgufSplit> ggufSplit(const std::string& name, const std::filesystem::path& file)
{
    GgufSplit split;
    split.preTokenizer.steps = stepsOf(name, file);
    if (split.preTokenizer.steps.empty())
        return {};
    // The original tokenizer composes characters first; llama.cpp leaves that to its callers.
    if (name == "qwen2")
        split.normalizer.push_back({.kind = NormalizerStep::Kind::nfc});
    split.addsBos = kLlama3.contains(name) || name == "tekken";
    split.ignoresMerges = kLlama3.contains(name) || name == "tekken" || name == "llama4";
    split.roberta = name == "roberta-bpe";
    return split;
}

std::string ggufSplitNames()
{
    return "gpt-2, llama-bpe, qwen2, smollm, tekken, deepseek-llm, deepseek-coder, deepseek-v3, starcoder, command-r, "
           "olmo, falcon, falcon3, stablelm2, dbrx, gpt-4o, roberta-bpe, default";
}

}  // namespace rankwright
