// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which filters and tests templates may name.
#pragma once

#include <string_view>

namespace rankwright::jinja {

bool isFilter(std::string_view name);
bool isTest(std::string_view name);

}  // namespace rankwright::jinja
