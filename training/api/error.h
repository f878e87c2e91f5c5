// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The one exception of the product. Every message names the file, the place in it, what was found, what is
// allowed and what to do; the code fixes the E-text and the exit status (one table in error.cpp).
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

enum class Code {
    usage,        // E-USAGE 2: the command line or a job was asked wrongly
    format,       // E-FORMAT 65: a file's bytes break its format
    config,       // E-CONFIG 65: a configuration value is missing, unknown or out of range
    data,         // E-DATA 65: a data set row cannot be used
    unsupported,  // E-UNSUPPORTED 65: well-formed, but not something this program handles
    pickle,       // E-PICKLE 65: a pickle, which is never loaded
    mismatch,     // E-MISMATCH 65: two things that must fit do not (adapter and base, config and weights)
    limit,        // E-LIMIT 65: larger than limits.h allows
    changed,      // E-CHANGED 65: a file changed while it was read, or since the run started
    diverged,     // E-DIVERGED 65: the loss or the gradients stayed non-finite
    missing,      // E-MISSING 66: an input is not there
    exists,       // E-EXISTS 73: the output cannot be created (it exists, or the folder is not writable)
    io,           // E-IO 74: reading or writing failed
    memory,       // E-MEMORY 74: not enough memory
    locked,       // E-LOCKED 75: another process holds it; try later
    stopped,      // E-STOPPED 130: stopped by the user or a signal
    internal,     // E-INTERNAL 70: a defect of ours
};

// The stable text of a code, for example "E-FORMAT".
std::string_view codeText(Code code);
// The exit status that a program ends with for this code.
int exitStatus(Code code);

// The parts of an error, in the order of the message:
//   file: place: found (allowed: allowed). advice [E-TEXT]
// Empty parts are left out. Text from outside is escaped (see escaped()).
struct ErrorParts {
    Code code = Code::internal;
    std::filesystem::path file {};  // the file or folder at fault, if any
    std::string place {};           // field, line or byte offset
    std::string found {};           // what was found
    std::string allowed {};         // what would have been right
    std::string advice {};          // what the person can do
};

class __attribute__((visibility("default"))) Error : public std::runtime_error
{
public:
    explicit Error(ErrorParts parts);
    ~Error() override;
    [[nodiscard]] const ErrorParts& parts() const { return m_parts; }
    [[nodiscard]] Code code() const { return m_parts.code; }

private:
    ErrorParts m_parts;
};

// Builds the message of decisions.md 18 from its parts; the only place that does.
std::string errorMessage(const ErrorParts& parts);

// Makes text from outside safe for a terminal, a log or a label: C0 and C1 controls, DEL, U+2028/9, zero-width
// and bidirectional controls and invalid UTF-8 become visible escapes (\x1b, \u202e); the rest stays.
std::string escaped(std::string_view text);

// The candidate nearest to `word` by edit distance (at most 1 + length / 3), else the first that `word` abbreviates ("bf16"), or empty.
std::string nearestName(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace rankwright
