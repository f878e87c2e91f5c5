// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/workbench.h"

#include "storage/runs/run_training.h"
#include "training/api/error.h"

#include <QUndoCommand>

namespace rankwright {

namespace {

// Sets a value of the workbench to one of two states; what it was and what it becomes are kept whole, they are small.
template <class T>
class Change : public QUndoCommand
{
public:
    Change(const QString& what, T before, T after, std::function<void(const T&)> set)
        : QUndoCommand(what), m_before(std::move(before)), m_after(std::move(after)), m_set(std::move(set))
    {
    }
    void undo() override { m_set(m_before); }
    void redo() override { m_set(m_after); }

private:
    T m_before, m_after;
    std::function<void(const T&)> m_set;
};

}  // namespace

Workbench::Workbench(std::filesystem::path dataDirectory, JobCall::LoadEngine engine, QObject* parent)
    : QObject(parent), m_dataDirectory(std::move(dataDirectory)), m_engine(std::move(engine)),
      m_session(m_dataDirectory, m_engine), m_arms({QStringLiteral("lora"), QStringLiteral("pissa")}),
      m_tidied(this, [this](std::vector<QString> problems, size_t) {
          if (!problems.back().isEmpty())
              emit noticed(problems.back(), true);
          emit runsChanged();
      })
{
    // What the window opens with: long enough for a curve, short enough to wait for, with a held-out curve beside it.
    m_config.steps = 100;
    m_config.evalData = "default";
    m_config.evalRows = ":32";
    m_config.evalEvery = 10;
    connect(&m_session, &RunSession::runEnded, this, &Workbench::runsChanged);
}

JobCall* Workbench::ask(Job job, QObject* owner) const
{
    return new JobCall(m_engine, std::move(job), owner);
}

void Workbench::edit(const RunConfig& config, const QString& what)
{
    if (config == m_config)
        return;
    m_undo.push(new Change<RunConfig>(what, m_config, config, [this](const RunConfig& state) {
        m_config = state;
        emit configChanged();
    }));
}

void Workbench::setArms(const QStringList& arms)
{
    if (arms == m_arms)
        return;
    m_undo.push(new Change<QStringList>(tr("Change methods"), m_arms, arms, [this](const QStringList& state) {
        m_arms = state;
        emit armsChanged();
    }));
}

void Workbench::setArmOverride(const std::string& arm, const std::string& key, const nlohmann::json& value)
{
    auto after = m_armOverrides;
    auto& ofArm = after[arm];
    if (value.is_null() && ofArm.is_object())
        ofArm.erase(key);
    else if (value.is_null())
        ofArm = nlohmann::json::object();
    else
        ofArm[key] = value;
    if (ofArm.empty())
        after.erase(arm);
    if (after == m_armOverrides)
        return;
    m_undo.push(new Change<ArmOverrides>(tr("Change an arm"), m_armOverrides, after, [this](const ArmOverrides& state) {
        m_armOverrides = state;
        emit armsChanged();
    }));
}

void Workbench::selectModel(const ModelInfo& model)
{
    const bool other = !m_model || m_model->spec != model.spec;
    m_model = model;
    if (other) {
        // Undoing across models would bring back ranks of modules that are not there.
        m_undo.clear();
        m_config.model = model.spec;
        m_config.plan.clear();
        m_spectra.clear();
    }
    emit modelChanged();
    if (other) {
        emit spectraChanged();
        emit configChanged();
    }
}

void Workbench::setSpectra(std::vector<ModuleSpectrum> spectra)
{
    m_spectra = std::move(spectra);
    emit spectraChanged();
}

QStringList Workbench::startComparison()
{
    std::vector<Arm> arms;
    const QStringList labels = armLabels(m_arms, m_armOverrides);
    for (qsizetype i = 0; i < m_arms.size(); ++i)
        arms.push_back({.label = labels[i].toStdString(), .config = armConfig(m_config, m_arms[i], m_armOverrides)});
    if (arms.empty())
        throw Error(ErrorParts{.code = Code::usage, .file = {}, .place = "methods", .found = "none is ticked",
            .allowed = "one or more", .advice = "tick a method on the Configure page"});
    RunStore store(m_dataDirectory);
    QStringList ids;
    for (const std::string& id : createComparison(store, comparisonConfigs(arms, {m_config.seed})))
        ids.append(QString::fromStdString(id));
    emit runsChanged();
    m_session.start(ids);
    return ids;
}

void Workbench::tidyStore()
{
    if (m_tidying.joinable())
        return;
    m_tidying = std::jthread([mailbox = m_tidied, folder = m_dataDirectory] {
        QString problem;
        try {
            const RunStore store(folder);
        } catch (const Error& error) {
            problem = QString::fromUtf8(error.what());
        }
        mailbox.post(problem);
    });
}

}  // namespace rankwright
