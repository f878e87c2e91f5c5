// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/postmortem_view.h"

#include "training/api/update_sentence.h"
#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/plots/curve_plot.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"

#include <QComboBox>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace rankwright {

PostmortemView::PostmortemView(Workbench& workbench, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_runBox(new QComboBox(this)), m_start(new QPushButton(tr("Rank post-mortem"), this)),
      m_export(new QPushButton(tr("Export"), this)), m_sentence(makeHeading({}, this)), m_note(makeNote({}, this)),
      m_rank(new QSpinBox(this)), m_loss(new CurvePlot(this)), m_energy(new CurvePlot(this))
{
    m_sentence->setObjectName("postmortemSentence");
    m_sentence->setWordWrap(true);
    m_note->setObjectName("postmortemNote");
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_loss->setObjectName("postmortemLoss");
    m_loss->setAccessibleName(tr("Evaluation loss against rank"));
    m_loss->setTitles(tr("What a smaller rank loses"), tr("Rank"), tr("Evaluation loss"));
    m_loss->setLegendVisible(true);
    m_energy->setObjectName("postmortemEnergy");
    m_energy->setAccessibleName(tr("Share of the update against rank"));
    m_energy->setTitles(tr("Where the update lives"), tr("Rank"), tr("Share of the update's energy (%)"));
    m_energy->setLegendVisible(false);
    for (CurvePlot* plot : {m_loss, m_energy})
        plot->setWholeX(true);
    auto* both = new QHBoxLayout;
    both->setSpacing(16);
    both->addWidget(m_loss, 1);
    both->addWidget(m_energy, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 8, 0, 0);
    column->setSpacing(8);
    column->addLayout(makeControls());
    column->addWidget(m_sentence);
    column->addWidget(m_note);
    column->addLayout(both, 1);
    column->addLayout(makeExport());
    present();
}

QLayout* PostmortemView::makeControls()
{
    m_runBox->setObjectName("postmortemRun");
    m_runBox->setAccessibleName(tr("Run to look at"));
    m_runBox->setIconSize({26, 16});
    m_runBox->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_start->setObjectName("postmortemButton");
    setPlainToolTip(m_start, tr("Cuts the run's update to smaller ranks and measures the evaluation loss of each"));
    connect(m_runBox, &QComboBox::activated, this, &PostmortemView::present);
    connect(m_start, &QPushButton::clicked, this, [this] { ask(ShrinkJob{}); });
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_runBox);
    row->addWidget(m_start);
    row->addStretch();
    return row;
}

QLayout* PostmortemView::makeExport()
{
    m_rank->setObjectName("postmortemRank");
    m_rank->setAccessibleName(tr("Rank to export"));
    m_rank->setRange(1, 65536);
    m_export->setObjectName("postmortemExport");
    m_export->setIcon(theme::icon("export"));
    setPlainToolTip(m_export, tr("Writes the update cut to this rank as a PEFT adapter for the original base model"));
    connect(m_export, &QPushButton::clicked, this, &PostmortemView::exportAt);
    auto* label = new PlainLabel(tr("Adapter at rank"), this);
    label->setBuddy(m_rank);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(label);
    row->addWidget(m_rank);
    row->addWidget(m_export);
    row->addStretch();
    return row;
}

const RunChoice* PostmortemView::chosen() const
{
    const auto found = std::ranges::find(m_runs, m_runBox->currentData().toString(), &RunChoice::id);
    return found == m_runs.end() ? nullptr : &*found;
}

void PostmortemView::setRuns(const std::vector<RunChoice>& runs)
{
    const auto before = m_runBox->currentData().toString();
    m_runs = runs;
    m_runBox->clear();
    for (const RunChoice& run : runs)
        m_runBox->addItem(curveSwatch(run.color, run.style), run.name, run.id);
    m_runBox->setCurrentIndex(std::max(0, m_runBox->findData(before)));
    present();
}

void PostmortemView::ask(ShrinkJob job)
{
    const RunChoice* run = chosen();
    if (run == nullptr || m_job)
        return;
    job.folder = run->folder;
    m_job = m_workbench.ask(job, this);
    m_note->setText(tr("Loading …"));
    m_start->setEnabled(false);
    m_export->setEnabled(false);
    connect(m_job, &JobCall::advanced, this, [this](const std::vector<Event>& batch) {
        for (const Event& event : batch)
            if (const auto* progress = std::get_if<ProgressEvent>(&event))
                m_note->setText(progress->total > 0 ? tr("%1 (%2 of %3)").arg(format::shown(progress->what, 100),
                                                          format::count(progress->done), format::count(progress->total))
                                                    : format::shown(progress->what, 100));
    });
    connect(m_job, &JobCall::finished, this,
        [this, id = run->id](const Result& result) { answer(id, std::get<ShrinkReport>(result)); });
    connect(m_job, &JobCall::failed, this, [this](const QString& message) {
        m_job = nullptr;
        present();
        m_note->setText(message);
    });
}

void PostmortemView::answer(const QString& run, const ShrinkReport& report)
{
    m_job = nullptr;
    if (report.adapter.empty()) {
        m_reports[run] = report;
        const auto energies = energyByRank(report.modules);
        m_rank->setMaximum(std::max(1, int(energies.size())));
        m_rank->setValue(std::max(1, int(rankOfMost(energies))));
        present();
        return;
    }
    present();
    auto text = tr("Written to %1").arg(format::shown(report.adapter, 1000));
    if (!report.points.empty() && std::isfinite(report.points.front().loss))
        text += tr(". Its evaluation loss is %1, of the whole update %2")
                    .arg(format::number(report.points.front().loss), format::number(report.lossFull));
    m_note->setText(text);
    m_workbench.notify(text);
}

// exports/NAME-ID-rank-R in the data directory.
void PostmortemView::exportAt()
{
    const RunChoice* run = chosen();
    if (run == nullptr)
        return;
    QString name;
    for (const QChar letter : run->name.left(60))
        name += letter.isLetterOrNumber() || letter == '-' || letter == '_' ? letter : QChar('-');
    const auto folder = m_workbench.dataDirectory() / "exports"
        / format::plain(QStringLiteral("%1-%2-rank-%3").arg(name, run->id).arg(m_rank->value()));
    ask(ShrinkJob{.ranks = {m_rank->value()}, .out = folder.string()});
}

void PostmortemView::present()
{
    const RunChoice* run = chosen();
    const auto found = run == nullptr ? m_reports.end() : m_reports.find(run->id);
    const bool known = found != m_reports.end();
    m_start->setEnabled(run != nullptr && run->hasEnded && !m_job);
    m_export->setEnabled(known && !m_job);
    m_rank->setEnabled(known);
    m_loss->setVisible(known);
    m_energy->setVisible(known);
    m_sentence->setVisible(known);
    if (!known) {
        m_note->setText(run != nullptr && run->hasEnded
                ? tr("How many directions does the update really use? The post-mortem cuts it to smaller ranks and measures the loss again.")
                : tr("The run has to end first."));
        return;
    }
    const ShrinkReport& report = found->second;
    const auto energies = energyByRank(report.modules);
    m_sentence->setText(format::text(updateSentence(energies)));
    m_note->setText(tr("At step %1. Evaluation loss without the update %2, with all of it %3.")
                        .arg(format::count(report.step), format::number(report.lossBase), format::number(report.lossFull)));
    Curve energy{.id = "energy", .label = run->name, .color = run->color, .style = run->style, .markers = false, .x = {}, .y = {}};
    for (size_t i = 0; i < energies.size(); ++i) {
        energy.x.push_back(double(i + 1));
        energy.y.push_back(100 * energies[i]);
    }
    m_energy->setCurves({energy});
    Curve loss{.id = "loss", .label = tr("cut to this rank"), .color = run->color, .style = Qt::SolidLine, .markers = true, .x = {}, .y = {}};
    for (const ShrinkPoint& point : report.points) {
        if (point.rank <= 0 || !std::isfinite(point.loss))
            continue;
        loss.x.push_back(double(point.rank));
        loss.y.push_back(point.loss);
    }
    Curve whole{.id = "whole", .label = tr("whole update"), .color = theme::secondary(), .style = Qt::DashLine, .markers = false, .x = {}, .y = {}};
    if (!loss.x.empty() && std::isfinite(report.lossFull)) {
        whole.x = {loss.x.front(), loss.x.back()};
        whole.y = {report.lossFull, report.lossFull};
    }
    m_loss->setCurves({loss, whole});
}

}  // namespace rankwright
