// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Chat templates for models that bring none: `--template chatml`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct BuiltinTemplate
{
    std::string id;
    std::string title;   // for people
    std::string source;  // Jinja
};

// In display order. None of them changes a message's text other than by trimming it.
const std::vector<BuiltinTemplate>& builtinTemplates();
const BuiltinTemplate* findBuiltinTemplate(std::string_view id);  // nullptr where there is none
std::string builtinTemplateNames();                               // "chatml, llama2, ..."

}  // namespace rankwright
