// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/quant/nfb.h"

#include "training/api/error.h"

#include <ATen/ATen.h>

#include <array>
#include <charconv>
#include <map>

namespace rankwright {

namespace {

constexpr double kOutermost = 0.9677083;   // the quantile of the book's 1 (Dettmers and others 2023)

const std::array<int, 4> kBits{2, 3, 4, 8};
const std::array<int, 3> kBlocks{16, 32, 64};
const std::array<int, 3> kScaleBlocks{16, 64, 256};
const std::array<std::pair<const char*, at::ScalarType>, 3> kTypes{
    {{"bf16", at::kBFloat16}, {"fp16", at::kHalf}, {"fp32", at::kFloat}}};

std::vector<float> makeBook(int bits)
{
    const int64_t half = int64_t(1) << (bits - 1);
    const auto below = at::linspace(1 - kOutermost, 0.5, half, at::kDouble).slice(0, 0, half - 1);
    const auto above = at::linspace(0.5, kOutermost, half + 1, at::kDouble);
    const auto quantiles = at::special_ndtri(at::cat({below, above}));
    auto book = (quantiles / quantiles[-1]).to(at::kFloat);
    book[half - 1] = 0;
    std::vector<float> values(book.const_data_ptr<float>(), book.const_data_ptr<float>() + book.numel());
    values.front() = -1.0f;
    return values;
}

std::vector<std::string> parts(const std::string& text)
{
    std::vector<std::string> found;
    for (size_t from = 0; from <= text.size();) {
        const size_t comma = std::min(text.find(',', from), text.size());
        found.push_back(text.substr(from, comma - from));
        from = comma + 1;
    }
    return found;
}

[[noreturn]] void refuse(const std::string& text)
{
    throw Error({.code = Code::config, .place = "base", .found = "format \"" + text + "\"",
        .allowed = "nfb:BITS,SCALEBITS,DTYPE,B0,B1 with BITS and SCALEBITS of 2, 3, 4, 8; DTYPE of bf16, fp16, fp32; B0 of 16, 32, "
                   "64; B1 of 16, 64, 256",
        .advice = "For example nfb:3,8,fp32,64,256."});
}

template <size_t Count>
int numberOf(const std::string& word, const std::array<int, Count>& allowed, const std::string& text)
{
    int value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || std::find(allowed.begin(), allowed.end(), value) == allowed.end())
        refuse(text);
    return value;
}

}  // namespace

std::string spelled(const NfbConfig& config)
{
    std::string type;
    for (const auto& [name, value] : kTypes) {
        if (value == config.scaleType)
            type = name;
    }
    return "nfb:" + std::to_string(config.bits) + "," + std::to_string(config.scaleBits) + "," + type + ","
        + std::to_string(config.block) + "," + std::to_string(config.scaleBlock);
}

NfbConfig parseNfb(const std::string& text)
{
    constexpr std::string_view start = "nfb:";
    const auto words = text.starts_with(start) ? parts(text.substr(start.size())) : std::vector<std::string>{};
    if (words.size() != 5)
        refuse(text);
    for (const auto& [name, type] : kTypes) {
        if (words[2] == name)
            return {.bits = numberOf(words[0], kBits, text), .scaleBits = numberOf(words[1], kBits, text), .scaleType = type,
                .block = numberOf(words[3], kBlocks, text), .scaleBlock = numberOf(words[4], kScaleBlocks, text)};
    }
    refuse(text);
}

const std::vector<NfbConfig>& nfbConfigs()
{
    static const auto configs = [] {
        std::vector<NfbConfig> all;
        for (const int bits : kBits)
            for (const int scaleBits : kBits)
                for (const auto& [name, type] : kTypes)
                    for (const int block : kBlocks)
                        for (const int scaleBlock : kScaleBlocks)
                            all.push_back({bits, scaleBits, type, block, scaleBlock});
        return all;
    }();
    return configs;
}

double storageBits(const NfbConfig& config, double parameters)
{
    const double outer = double(c10::elementSize(config.scaleType)) * 8;
    return parameters * (config.bits + double(config.scaleBits) / config.block + outer / (double(config.block) * config.scaleBlock));
}

const std::vector<float>& nfbBook(int bits)
{
    static const std::map<int, std::vector<float>> books = [] {
        std::map<int, std::vector<float>> made;
        for (const int b : kBits)
            made[b] = makeBook(b);
        return made;
    }();
    return books.at(bits);
}

}  // namespace rankwright
