// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Values on their way into JSON: numbers that JSON cannot say become null, bytes that are not UTF-8 become U+FFFD
// (nlohmann's writer throws on both or writes what strict parsers refuse).
#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace rankwright {

std::string jsonText(std::string_view text);
// A float as the shortest decimal that reads back as the same float (0.1, not 0.10000000149011612).
nlohmann::json jsonFloat(float value);

inline nlohmann::json jsonNumber(double value)
{
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}
inline nlohmann::json jsonNumber(int64_t value) { return value; }

// The reverse: null is NaN.
inline double numberFromJson(const nlohmann::json& value)
{
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

}  // namespace rankwright
