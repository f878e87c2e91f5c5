// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/workbench.h"

#include "training/api/error.h"

#include <QSignalBlocker>

namespace rankwright {

namespace {

constexpr const char* kLabelMetric = "accuracy";

// What the window opens with: long enough for a curve, short enough to wait for, with a held-out curve beside it.
RunConfig firstConfig()
{
    RunConfig config;
    config.steps = 100;
    config.evalData = "default";
    config.evalRows = ":32";
    config.evalEvery = 10;
    return config;
}

}  // namespace

Workbench::Workbench(std::filesystem::path dataDirectory, JobCall::LoadEngine engine, QObject* parent)
    : QObject(parent), m_dataDirectory(std::move(dataDirectory)), m_engine(std::move(engine)),
      m_session(m_dataDirectory, m_engine), m_draft(firstConfig()), m_store(m_dataDirectory),
      m_arms({QStringLiteral("lora"), QStringLiteral("pissa")}),
      m_tidied(this, [this](std::vector<QString> problems, size_t) {
          if (!problems.back().isEmpty())
              emit noticed(problems.back(), true);
          emit runsChanged();
      })
{
    connect(&m_draft, &ConfigDraft::changed, this, &Workbench::configChanged);
    connect(&m_session, &RunSession::runEnded, this, &Workbench::runsChanged);
}

JobCall* Workbench::ask(Job job, QObject* owner) const
{
    return new JobCall(m_engine, std::move(job), owner);
}

void Workbench::setArms(const QStringList& arms)
{
    if (arms == m_arms)
        return;
    undoStack().push(new ValueChange<QStringList>(tr("Change methods"), m_arms, arms, [this](const QStringList& state) {
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
    undoStack().push(new ValueChange<ArmOverrides>(tr("Change an arm"), m_armOverrides, after, [this](const ArmOverrides& state) {
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
        undoStack().clear();
        m_spectra.clear();
        RunConfig config = m_draft.config();
        config.model = model.spec;
        config.plan.clear();
        // What an encoder is trained for is seen in its accuracy; a decoder's rows may have no classes.
        if (!model.generates && config.metrics.empty())
            config.metrics = kLabelMetric;
        else if (model.generates && config.metrics == kLabelMetric)
            config.metrics.clear();
        const QSignalBlocker quiet(m_draft);   // told below, after the model
        m_draft.set(config);
    }
    emit modelChanged();
    if (other) {
        emit spectraChanged();
        emit m_draft.changed();
    }
}

void Workbench::setSpectra(std::vector<ModuleSpectrum> spectra)
{
    m_spectra = std::move(spectra);
    emit spectraChanged();
}

void Workbench::setPlan(const ComparisonPlan& plan)
{
    if (plan == m_plan)
        return;
    undoStack().push(new ValueChange<ComparisonPlan>(tr("Change the comparison"), m_plan, plan, [this](const ComparisonPlan& state) {
        m_plan = state;
        emit planChanged();
    }));
}

void Workbench::startComparison(bool train)
{
    if (m_creating)
        return;
    const auto made = std::make_shared<QStringList>();
    Comparison comparison = comparisonOf(m_plan, config(), m_arms, m_armOverrides);
    m_creating = true;
    m_store.change(
        [comparison = std::move(comparison), made](RunStore& store) {
            const Comparison stored = createComparison(store, comparison);
            for (const std::string& id : comparisonRuns(store, stored.id))
                made->append(QString::fromStdString(id));
        },
        [this, made, train](const QString& problem) {
            m_creating = false;
            if (!problem.isEmpty()) {
                emit creationFailed(problem);
                return;
            }
            const bool trains = train || m_session.isBusy();
            if (trains)
                m_session.start(*made);
            emit comparisonCreated(*made, trains);
            emit runsChanged();
        });
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
