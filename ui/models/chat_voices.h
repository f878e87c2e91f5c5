// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Who can answer in a chat: the base model, what a stored run made of it, a folder with an adapter.
#pragma once

#include "storage/run_store.h"

#include <QColor>
#include <QString>

#include <vector>

namespace rankwright {

struct ChatChoice
{
    enum class Kind { base, run, adapter };
    Kind kind = Kind::base;
    QString title, detail;           // "PiSSA", "run a1b2, step 100"; plain text from outside, made harmless
    std::string run;                 // id
    std::string comparison, arm;     // of a run
    QString made;                    // of a run: "2026-11-23 09:15, a1b2c3d4", which tells runs of one name apart
    std::string model;               // spec; of a run the one it was trained on
    std::string folder;              // of a run or of an adapter; empty: the base
    QColor color;                    // invalid: the base's grey
    QString refusal;                 // why it cannot talk; empty: it can
    [[nodiscard]] QString key() const;   // stable: kind and place
};

[[nodiscard]] ChatChoice baseChoice(const std::string& model, const std::string& name);
// Throws Error where the folder has no adapter_config.json or adapter_model.safetensors.
[[nodiscard]] ChatChoice adapterChoice(const std::filesystem::path& folder, const std::string& model);
// Stored runs with a checkpoint, and those in `going`, newest first; of very many the newest and those in `wanted`. Off the
// window's thread, as the two around it: they look at files.
[[nodiscard]] std::vector<ChatChoice> runChoices(RunStore& store, const std::vector<std::string>& going, const std::vector<std::string>& wanted = {});
// The newest checkpoint's step; -1: there is none.
[[nodiscard]] int64_t newestCheckpointStep(const std::filesystem::path& runFolder);

}  // namespace rankwright
