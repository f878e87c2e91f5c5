// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What `--out` names. A folder is held while a run that will write there is on its way: two runs never share one.
#pragma once

#include <filesystem>
#include <string>

namespace rankwright {

// Throws Error{exists} where there is something of that name, a dangling link included: asked before anything is
// computed, since writing the file replaces what is there.
void refuseExisting(const std::string& file);
// A folder as the shell completes it ("out/") without its last slashes; "/" stays.
std::string withoutLastSlashes(std::string folder);

class OutputClaim
{
public:
    // Creates the folder and locks it (flock on the folder itself, so nothing has to be left inside). Throws
    // Error{locked} naming the process that holds it, Error{exists} where there is something in it.
    explicit OutputClaim(std::filesystem::path folder);
    // Unlocks; removes the folder where it is still empty and was created here.
    ~OutputClaim();
    OutputClaim(const OutputClaim&) = delete;
    OutputClaim& operator=(const OutputClaim&) = delete;

private:
    std::filesystem::path m_folder;
    int m_fd = -1;
    bool m_created = false;
};

}  // namespace rankwright
