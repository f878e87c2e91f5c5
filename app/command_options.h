// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A run's configuration from the command line. The options follow from configFields(); what they say goes through the
// same JSON check as a config file.
#pragma once

#include "training/api/config.h"

#include <deque>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}

namespace rankwright {

class ConfigOptions
{
public:
    // Adds an option for each field of `keys`; all fields where that is empty. The object must outlive the parsing.
    void addTo(CLI::App& command, const std::vector<std::string>& keys = {});
    // --pack and --no-pack, short for --packing on and off; --preset, under whatever else is given.
    void addShortcuts(CLI::App& command);
    // The preset's changes, then the given options on top of a configuration in JSON. Throws Error{usage} naming the option.
    [[nodiscard]] nlohmann::json over(nlohmann::json base) const;
    [[nodiscard]] bool isGiven(const std::string& key) const;

private:
    struct Given
    {
        const Field* field = nullptr;
        CLI::Option* option = nullptr;
        std::string text;
    };
    std::deque<Given> m_given;  // a deque: CLI11 keeps the addresses of the texts
    bool m_pack = false, m_noPack = false;
    std::string m_preset;
};

// Files that a configuration names, as seen from anywhere.
RunConfig withAbsolutePaths(RunConfig config);
// CONFIG.json (as `model`, with `data` empty), or MODEL and DATASET, with the options on top; checked by
// configFromJson() and validate(). `command` is named in messages. A CONFIG.json may also be what `show RUN --json`
// printed.
RunConfig runConfig(
    const std::string& model, const std::string& data, const ConfigOptions& options, const std::string& command);
// The same for a comparison. Options of any methods, base, optimiser, dropout and start adapter are not yet checked against a
// method: parseArms() does that arm by arm.
RunConfig comparisonBase(const std::string& model, const std::string& data, const ConfigOptions& options);

}  // namespace rankwright
