// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/chat_voices.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/models/curve_store.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"

#include <QCoreApplication>

#include <algorithm>
#include <charconv>

namespace rankwright {

namespace {

constexpr size_t kMostRuns = 200;     // listed; a search field is no place for thousands
constexpr int64_t kMostSeen = 1000;   // the newest, of which some have no checkpoint

QString tr(const char* text)
{
    return QCoreApplication::translate("ChatVoices", text);
}

QString nameOf(const RunRow& row)
{
    return format::shown(row.name.empty() ? row.id : row.name, 60);
}

}  // namespace

QString ChatChoice::key() const
{
    return QString::number(int(kind)) + ':' + (kind == Kind::base ? QString() : format::text(folder));
}

ChatChoice baseChoice(const std::string& model, const std::string& name)
{
    return {.kind = ChatChoice::Kind::base, .title = tr("Base model"), .detail = format::shown(name, 60), .run = {}, .comparison = {}, .arm = {}, .made = {}, .model = model,
        .folder = {}, .color = {}, .refusal = {}};
}

ChatChoice adapterChoice(const std::filesystem::path& folder, const std::string& model)
{
    for (const char* file : {"adapter_config.json", "adapter_model.safetensors"}) {
        std::error_code error;
        if (!std::filesystem::is_regular_file(folder / file, error))
            throw Error(ErrorParts{.code = Code::missing, .file = folder, .place = file, .found = "not there",
                .allowed = "a folder in PEFT layout", .advice = "Choose the folder that holds this file."});
    }
    return {.kind = ChatChoice::Kind::adapter, .title = format::shown(folder.filename().string(), 60), .detail = tr("adapter on the chosen model"),
        .run = {}, .comparison = {}, .arm = {}, .made = {}, .model = model, .folder = folder.string(), .color = {}, .refusal = {}};
}

int64_t newestCheckpointStep(const std::filesystem::path& runFolder)
{
    constexpr std::string_view kName = "step-";
    int64_t newest = -1;
    std::error_code error;
    for (std::filesystem::directory_iterator at(runFolder / "checkpoints", error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().string();
        int64_t step = 0;
        if (name.starts_with(kName)
            && std::from_chars(name.data() + kName.size(), name.data() + name.size(), step).ptr == name.data() + name.size())
            newest = std::max(newest, step);
    }
    return newest;
}

std::vector<ChatChoice> runChoices(RunStore& store, const std::vector<std::string>& going, const std::vector<std::string>& wanted)
{
    const auto among = [](const std::vector<std::string>& ids, const RunRow& row) { return std::ranges::find(ids, row.id) != ids.end(); };
    std::vector<ChatChoice> found;
    auto rows = store.runs(kMostSeen);
    for (RunRow& row : store.runsWith(wanted))
        if (std::ranges::find(rows, row.id, &RunRow::id) == rows.end())
            rows.push_back(std::move(row));
    for (const RunRow& row : rows) {
        if (found.size() >= kMostRuns && !among(wanted, row))
            continue;
        const std::filesystem::path folder = row.folder.empty() ? store.folderOf(row.id) : std::filesystem::path(row.folder);
        const int64_t step = newestCheckpointStep(folder);
        const bool goes = among(going, row);
        if (row.filesMissing || (step < 0 && !goes))
            continue;
        ChatChoice choice{.kind = ChatChoice::Kind::run, .title = nameOf(row), .detail = {}, .run = row.id,
            .comparison = row.comparison, .arm = row.arm, .made = {}, .model = row.model,
            .folder = folder.string(), .color = theme::methodColor(format::text(row.method)), .refusal = {}};
        choice.detail = tr("%1, %2").arg(methodTitle(row.method), goes ? tr("in training") : tr("step %1").arg(step));
        choice.made = tr("%1, %2").arg(format::when(row.created), format::shown(row.id));
        if (const auto started = startedOf(folder); started && started->task != "lm")
            choice.refusal = started->task == "classify" ? tr("It was trained to name a class: it has no next token to say.")
                                                         : tr("It was trained to give a number: it has no next token to say.");
        found.push_back(std::move(choice));
    }
    return found;
}

}  // namespace rankwright
