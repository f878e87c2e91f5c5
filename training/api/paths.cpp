// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// XDG base directories. The chosen data directory is kept in the environment, not in a variable: the program and the
// engine's module each carry a copy of this file and must agree.
#include "training/api/paths.h"

#include "training/api/error.h"

#include <cstdlib>
#include <string>
#include <string_view>

namespace rankwright {

namespace {

constexpr const char* kDataVariable = "RANKWRIGHT_DATA_DIR";

// A variable's value; empty where it is not set or set to nothing.
std::filesystem::path variable(const char* name)
{
    const char* value = std::getenv(name);
    return value != nullptr ? std::filesystem::path(value) : std::filesystem::path();
}

// $NAME where it is an absolute path (the XDG specification ignores others), else HOME/fallback.
std::filesystem::path baseDirectory(const char* name, std::string_view fallback)
{
    if (const auto set = variable(name); set.is_absolute())
        return set;
    const auto home = variable("HOME");
    if (home.empty()) {
        throw Error({.code = Code::missing, .place = "HOME", .found = "the variable HOME is not set",
            .allowed = "the path of your home folder",
            .advice = "Set HOME, or " + std::string(name) + " or --data-dir"});
    }
    return home / fallback;
}

}  // namespace

std::filesystem::path dataDirectory()
{
    if (const auto set = variable(kDataVariable); !set.empty())
        return std::filesystem::absolute(set);
    return baseDirectory("XDG_DATA_HOME", ".local/share") / "rankwright";
}

void setDataDirectory(const std::filesystem::path& path)
{
    if (path.empty()) {
        throw Error({.code = Code::usage, .place = "--data-dir", .found = "an empty path",
            .allowed = "the path of a folder", .advice = "Name a folder, or leave the option out"});
    }
    // Absolute, so that a later change of the working directory does not move the store.
    ::setenv(kDataVariable, std::filesystem::absolute(path).c_str(), 1);
}

std::filesystem::path cacheDirectory()
{
    return baseDirectory("XDG_CACHE_HOME", ".cache") / "rankwright";
}

std::filesystem::path settingsFile()
{
    return baseDirectory("XDG_CONFIG_HOME", ".config") / "rankwright" / "window.ini";
}

std::filesystem::path stateDirectory()
{
    return baseDirectory("XDG_STATE_HOME", ".local/state") / "rankwright";
}

std::filesystem::path defaultModelFile()
{
    if (const auto set = variable("RANKWRIGHT_DEFAULT_MODEL"); !set.empty())
        return set;
    return cacheDirectory() / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf";
}

std::filesystem::path huggingFaceCache()
{
    if (const auto hub = variable("HF_HUB_CACHE"); !hub.empty())
        return hub;
    if (const auto home = variable("HF_HOME"); !home.empty())
        return home / "hub";
    return baseDirectory("XDG_CACHE_HOME", ".cache") / "huggingface" / "hub";
}

}  // namespace rankwright
