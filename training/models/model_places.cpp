// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The Hugging Face cache on disk. Names read from files there are used only where they are plain names.
#include "training/models/model_places.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"

#include <algorithm>

namespace rankwright {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "models--";
constexpr uint64_t kLongestRef = 4096;  // bytes; a commit hash and a newline

bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
        || c == '.';
}

bool isPlainName(std::string_view name)
{
    return !name.empty() && name.front() != '.' && std::ranges::all_of(name, isNameCharacter);
}

}  // namespace

std::string cacheFolderName(const std::string& spec)
{
    const size_t slash = spec.find('/');
    if (slash == std::string::npos)  // a few old models have no organisation
        return isPlainName(spec) ? std::string(kPrefix) + spec : std::string();
    if (spec.find('/', slash + 1) != std::string::npos)
        return {};
    const std::string organisation = spec.substr(0, slash), name = spec.substr(slash + 1);
    if (!isPlainName(organisation) || !isPlainName(name))
        return {};
    return std::string(kPrefix) + organisation + "--" + name;
}

std::string cachedModelName(const std::string& folder)
{
    if (!folder.starts_with(kPrefix))
        return {};
    std::string name = folder.substr(kPrefix.size());
    const size_t dashes = name.find("--");
    if (dashes != std::string::npos)
        name.replace(dashes, 2, "/");
    return name;
}

fs::path cachedSnapshot(const fs::path& modelFolder)
{
    std::error_code ignored;
    try {
        std::string commit = readWholeFile(modelFolder / "refs" / "main", kLongestRef);
        while (!commit.empty() && (commit.back() == '\n' || commit.back() == '\r' || commit.back() == ' '))
            commit.pop_back();
        if (isPlainName(commit) && fs::is_directory(modelFolder / "snapshots" / commit, ignored))
            return modelFolder / "snapshots" / commit;
    } catch (const Error&) {
        // No usable refs/main: fetched by hash, or an interrupted download. The newest snapshot is the next best.
    }
    fs::path newest;
    fs::file_time_type newestTime;
    for (const auto& entry : fs::directory_iterator(modelFolder / "snapshots", ignored)) {
        if (!entry.is_directory(ignored))
            continue;
        const auto time = entry.last_write_time(ignored);
        if (newest.empty() || time > newestTime || (time == newestTime && entry.path() > newest)) {
            newest = entry.path();
            newestTime = time;
        }
    }
    return newest;
}

bool isFirstGgufPart(const fs::path& path)
{
    if (path.extension() != ".gguf")
        return false;
    // NAME-00002-of-00003
    const std::string stem = path.stem().string();
    constexpr size_t kTail = 15;
    if (stem.size() <= kTail)
        return true;
    const std::string tail = stem.substr(stem.size() - kTail);
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    const bool isPart = tail[0] == '-' && std::all_of(tail.begin() + 1, tail.begin() + 6, isDigit)
        && tail.substr(6, 4) == "-of-" && std::all_of(tail.begin() + 10, tail.end(), isDigit);
    return !isPart || tail.substr(1, 5) == "00001";
}

}  // namespace rankwright
