// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Recipes that others have published, as changes of a run's configuration. They set how to train; model and data stay as they are.
#pragma once

#include "training/api/config.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct Preset
{
    enum class Kind { general, generation, understanding };
    std::string id;        // "pissa-math"
    std::string title;     // "PiSSA on mathematics"
    std::string what;      // for people: model and data that it was made for, and what is ours in it
    std::string source;    // section or table of a paper, or file of a repository
    Kind kind = Kind::general;
    std::string glueTask;  // of understanding: an id of glueTasks()
    std::map<std::string, nlohmann::json> changes;  // JSON key of RunConfig -> value
};

// In display order.
const std::vector<Preset>& presets();
const Preset* findPreset(std::string_view id);  // nullptr where there is none
// Options of another method are dropped where the preset names a method. Throws Error{config} as setField does.
RunConfig withPreset(RunConfig config, const Preset& preset);

}  // namespace rankwright
