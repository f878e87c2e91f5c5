// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Spectra for the commands that show them and those that plan with them: the options they share, and the cache.
#pragma once

#include "app/commands.h"
#include "training/api/jobs.h"

#include <string>
#include <vector>

namespace rankwright {

class SpectrumOptions
{
public:
    // --modules, --weighted and --rows.
    void addTo(CLI::App& app);
    // A job for a model, or for a run's trained weights where `run` is given. Throws Error{usage, missing}.
    [[nodiscard]] SpectrumJob job(const std::string& model, const std::string& run = {}) const;
    [[nodiscard]] bool weighted() const { return !m_data.empty(); }

private:
    std::string m_modules = "*", m_data, m_rows;
};

// Spectra of all matching modules, from the cache of the run store where they are known; new ones are stored there.
std::vector<ModuleSpectrum> spectraOf(Context& context, SpectrumJob job);

}  // namespace rankwright
