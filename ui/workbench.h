// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the pages share: the chosen model, the configuration being edited (a copy: a running one is frozen), the rank plan, the
// arms, the engine and the run store. Pages talk to each other only through its signals.
#pragma once

#include "training/api/engine.h"
#include "training/api/rank_plan.h"
#include "ui/async/job_call.h"
#include "ui/async/run_session.h"
#include "ui/models/comparison_plan.h"
#include "ui/models/config_draft.h"
#include "ui/models/store_reader.h"

#include <QObject>
#include <QStringList>

#include <optional>

namespace rankwright {

class Workbench : public QObject
{
    Q_OBJECT
public:
    Workbench(std::filesystem::path dataDirectory, JobCall::LoadEngine engine, QObject* parent = nullptr);

    [[nodiscard]] const std::filesystem::path& dataDirectory() const { return m_dataDirectory; }
    [[nodiscard]] JobCall* ask(Job job, QObject* owner) const;   // runs on a thread; owner is its parent
    [[nodiscard]] RunSession& session() { return m_session; }
    [[nodiscard]] QUndoStack& undoStack() { return m_draft.undoStack(); }

    [[nodiscard]] ConfigDraft& draft() { return m_draft; }
    [[nodiscard]] const RunConfig& config() const { return m_draft.config(); }
    // An undoable edit; `what` is shown in the Edit menu ("Change rank"). Emits configChanged where something differs.
    void edit(const RunConfig& config, const QString& what) { m_draft.edit(config, what); }
    // Arms ticked on Configure, in order (ui/models/arms.h): {"lora", "pissa"} at first. What each changes, by arm and JSON key.
    [[nodiscard]] const QStringList& arms() const { return m_arms; }
    void setArms(const QStringList& arms);
    [[nodiscard]] const ArmOverrides& armOverrides() const { return m_armOverrides; }
    void setArmOverride(const std::string& arm, const std::string& key, const nlohmann::json& value);  // null removes
    // Seeds, learning rates, baseline and schedule of the next comparison; undoable too.
    [[nodiscard]] const ComparisonPlan& plan() const { return m_plan; }
    void setPlan(const ComparisonPlan& plan);

    [[nodiscard]] const std::optional<ModelInfo>& model() const { return m_model; }
    // Folders that a person has added to look for models in.
    [[nodiscard]] const QStringList& modelFolders() const { return m_modelFolders; }
    void setModelFolders(const QStringList& folders) { m_modelFolders = folders; }
    void selectModel(const ModelInfo& model);                    // config.model follows; the plan is cleared
    [[nodiscard]] const std::vector<ModuleSpectrum>& spectra() const { return m_spectra; }
    void setSpectra(std::vector<ModuleSpectrum> spectra);

    // The runs of all arms, rates and seeds: stored on a thread of the store's, then comparisonCreated or creationFailed. With
    // `train` they begin at once; without, they wait in the queue (and are trained in turn where it is going). Throws Error from
    // validation, before anything is written.
    void startComparison(bool train = true);
    [[nodiscard]] bool isCreating() const { return m_creating; }
    // Once, off this thread: opens the store for writing, which imports run folders that the index lacks and marks runs that
    // a crash left "running" as interrupted. Then runsChanged, or noticed with the problem.
    void tidyStore();
    void showPage(const QString& id) { emit pageWanted(id); }    // "models", "spectrum", ...
    // What these runs made of the model answers beside it, on the Chat page.
    void chatWith(const QStringList& runs) { emit chatWanted(runs); emit pageWanted(QStringLiteral("chat")); }
    void notify(const QString& text, bool problem = false) { emit noticed(text, problem); }
    void runsHaveChanged() { emit runsChanged(); }               // stored runs were created, renamed, deleted, ended

signals:
    void modelChanged();
    void configChanged();
    void armsChanged();
    void planChanged();
    void comparisonCreated(const QStringList& runs, bool trains);
    void creationFailed(const QString& message);
    void spectraChanged();
    void runsChanged();
    void pageWanted(const QString& id);
    void chatWanted(const QStringList& runs);
    void noticed(const QString& text, bool problem);

private:
    std::filesystem::path m_dataDirectory;
    JobCall::LoadEngine m_engine;
    RunSession m_session;
    ConfigDraft m_draft;
    StoreReader m_store;
    QStringList m_arms, m_modelFolders;
    ArmOverrides m_armOverrides;
    ComparisonPlan m_plan;
    std::optional<ModelInfo> m_model;
    std::vector<ModuleSpectrum> m_spectra;
    Mailbox<QString> m_tidied;
    std::jthread m_tidying;
    bool m_creating = false;
};

}  // namespace rankwright
