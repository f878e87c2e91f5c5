// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/method_line.h"

#include "training/api/catalog.h"
#include "training/api/words.h"

#include <array>
#include <map>

namespace rankwright {

namespace {

// The hues below are at least 0.045 apart in OKLab (the closest are LoftQ's green and the grey of full fine-tuning) as they are
// and as deuteranopes and protanopes see them (Machado and others 2009), and 3:1 or better against both grounds but for the
// orange and the sky blue of Okabe and Ito, 2.2:1 on white. tst_method_pictures measures it.
constexpr uint32_t kOrange = 0xffe69f00, kBlue = 0xff0072b2, kVermillion = 0xffd55e00, kSky = 0xff56b4e9, kGreen = 0xff009e73,
                   kGrey = 0xff8a8f96, kPurple = 0xff8d5cd6, kTeal = 0xff1f7a71, kCrimson = 0xffc43131, kMagenta = 0xffd105a8;

const std::map<std::string, MethodLine, std::less<>>& methodLines()
{
    static const auto lines = [] {
        std::map<std::string, MethodLine, std::less<>> known{{"lora", {kOrange, 0}}, {"pissa", {kBlue, 0}},
            {"qlora", {kVermillion, 0}}, {"qpissa", {kSky, 0}}, {"loftq", {kGreen, 0}}, {"full", {kGrey, 0}}};
        // LoRA's and PiSSA's hues are nobody else's.
        static constexpr std::array<MethodLine, 12> free{{{kPurple, 0}, {kTeal, 0}, {kCrimson, 0}, {kMagenta, 0},
            {kGreen, 2}, {kPurple, 2}, {kTeal, 2}, {kCrimson, 2}, {kMagenta, 2}, {kVermillion, 2}, {kSky, 2}, {kGrey, 2}}};
        size_t next = 0;
        for (const MethodCard* card : methodCards()) {
            const auto& [hue, dash] = free[next % free.size()];
            if (known.emplace(card->id, MethodLine{hue, dash + int(next / free.size())}).second)
                ++next;
        }
        return known;
    }();
    return lines;
}

}  // namespace

MethodLine methodLine(std::string_view method)
{
    if (const auto found = methodLines().find(lowered(method)); found != methodLines().end())
        return found->second;
    uint32_t hash = 0;
    for (const unsigned char letter : method)
        hash = hash * 31 + letter;
    static constexpr std::array<uint32_t, 4> others{kPurple, kTeal, kCrimson, kMagenta};
    return {others[hash % others.size()], 1};
}

}  // namespace rankwright
