// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/model_search.h"

#include <algorithm>

namespace rankwright {

namespace {

namespace fs = std::filesystem;
constexpr size_t kMostCandidates = 400, kMostEntries = 20'000;
constexpr int kMostDepth = 3;

class Search
{
public:
    explicit Search(const std::stop_token& stop) : m_stop(stop) {}
    std::vector<std::string> found{"default"};

    void folder(const fs::path& path, int depth)
    {
        std::error_code error;
        if (fs::is_regular_file(path / "config.json", error)) {
            add(path.string());
            return;
        }
        for (const fs::path& entry : entries(path)) {
            if (entry.extension() == ".gguf" && fs::is_regular_file(entry, error))
                add(entry.string());
            else if (depth < kMostDepth && fs::is_directory(entry, error) && !fs::is_symlink(entry, error))
                folder(entry, depth + 1);
        }
    }

    // hub/models--org--name/snapshots/REVISION/config.json
    void cache(const fs::path& hub)
    {
        constexpr std::string_view prefix = "models--";
        for (const fs::path& entry : entries(hub)) {
            std::string name = entry.filename().string();
            if (!name.starts_with(prefix))
                continue;
            name.erase(0, prefix.size());
            if (const auto dashes = name.find("--"); dashes != std::string::npos)
                name.replace(dashes, 2, "/");
            const auto snapshots = entries(entry / "snapshots");
            const bool whole = std::any_of(snapshots.begin(), snapshots.end(), [](const fs::path& snapshot) {
                std::error_code error;
                return fs::exists(snapshot / "config.json", error);
            });
            if (whole)
                add(name);
        }
    }

private:
    void add(std::string spec)
    {
        if (found.size() < kMostCandidates && std::find(found.begin(), found.end(), spec) == found.end())
            found.push_back(std::move(spec));
    }

    // Sorted, so that the table's order does not depend on the file system.
    std::vector<fs::path> entries(const fs::path& path)
    {
        std::vector<fs::path> list;
        std::error_code error;
        for (fs::directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end;
             !error && at != end && ++m_seen <= kMostEntries && !m_stop.stop_requested(); at.increment(error))
            list.push_back(at->path());
        std::sort(list.begin(), list.end());
        return list;
    }

    std::stop_token m_stop;
    size_t m_seen = 0;
};

}  // namespace

std::vector<std::string> findModelCandidates(
    const std::vector<fs::path>& folders, const fs::path& huggingFaceCache, const std::stop_token& stop)
{
    Search search(stop);
    for (const fs::path& folder : folders)
        search.folder(folder, 1);
    search.cache(huggingFaceCache);
    return search.found;
}

}  // namespace rankwright
