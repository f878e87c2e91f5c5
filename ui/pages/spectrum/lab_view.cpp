// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/spectrum/lab_view.h"

#include "training/api/catalog.h"
#include "training/api/error.h"
#include "training/api/words.h"
#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/models/spectrum_facts.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/theme.h"
#include "ui/widgets/fact_view.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QRegularExpression>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

// "4, 8, 16" as rising numbers, each once.
std::vector<int64_t> counts(const QString& text, const QString& field)
{
    std::vector<int64_t> found;
    for (const QString& word : text.split(QRegularExpression(QStringLiteral("[,;\\s]+")), Qt::SkipEmptyParts)) {
        bool whole = false;
        const qlonglong count = word.toLongLong(&whole);
        if (!whole || count < 1 || count > 65'536)
            throw Error(ErrorParts{.code = Code::usage, .file = {}, .place = format::plain(field), .found = format::plain(word),
                .allowed = "whole numbers from 1, separated by commas", .advice = "Correct the field, for example to 4, 16."});
        if (std::find(found.begin(), found.end(), count) == found.end())
            found.push_back(count);
    }
    if (found.empty())
        throw Error(ErrorParts{.code = Code::usage, .file = {}, .place = format::plain(field), .found = "nothing",
            .allowed = "whole numbers from 1, separated by commas", .advice = "Fill in the field, for example 4, 16."});
    std::sort(found.begin(), found.end());
    return found;
}

QString keyOf(const QuantSetting& setting)
{
    return QStringLiteral("%1/%2/%3").arg(format::text(setting.method)).arg(setting.rank).arg(setting.rounds);
}

Fact figure(double value)
{
    const bool known = std::isfinite(value);
    return {.text = known ? format::number(value, value >= 1000 ? 0 : value >= 100 ? 1 : 2) : QStringLiteral("–"), .value = value};
}

// With its sign, so that a loss is read as one even without the colour.
Fact change(double percent)
{
    if (!std::isfinite(percent))
        return {.text = QStringLiteral("–")};
    return {.text = (percent > 0 ? QStringLiteral("+") : QString()) + format::number(percent, 1), .value = percent, .bad = percent <= 0};
}

// "-3.2 %", or by what else the setting does not help where the norm shown is better.
QString worseText(const QuantResults::Module& module)
{
    if (!(module.reduction > 0))
        return LabView::tr("%1 %").arg(format::number(module.reduction, 1));
    return module.verdict == QuantVerdict::worseOutput ? LabView::tr("by the output error") : LabView::tr("by the nuclear norm");
}

}  // namespace

LabView::LabView(SpectrumDesk& desk, QWidget* parent) : QWidget(parent), m_desk(desk)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(buildForm());
    column->addWidget(buildResults(), 1);
    connectParts();
    followModel();
}

LabView::~LabView()
{
    for (QObject* part : std::initializer_list<QObject*>{m_heat, m_totals, m_ranks, m_rounds, m_modules})
        disconnect(part, nullptr, this, nullptr);
}

void LabView::followModel()
{
    if (m_call)
        m_call->cancel();
    m_call.clear();
    m_heat->setGrid(m_desk.grid().kinds, m_desk.grid().layerNames(), tr("Layer"));
    showState();
    showAll();
}

ErrorNorm LabView::norm() const
{
    return ErrorNorm(m_norm->currentIndex());
}

QuantErrorJob LabView::job() const
{
    QuantErrorJob job{.model = m_desk.model(), .modules = format::plain(m_modules->text().trimmed())};
    job.methods.clear();
    if (m_loftq->isChecked())
        job.methods.emplace_back("loftq");
    if (m_qpissa->isChecked())
        job.methods.emplace_back("qpissa");
    if (job.methods.empty())
        throw Error(ErrorParts{.code = Code::usage, .file = {}, .place = "methods", .found = "none is ticked",
            .allowed = "LoftQ, QPiSSA", .advice = "Tick one: plain quantisation is measured beside them."});
    if (job.modules.empty())
        job.modules = "*";
    job.ranks = counts(m_ranks->text(), tr("ranks"));
    job.rounds = counts(m_rounds->text(), tr("rounds"));
    job.base = format::plain(m_format->currentData().toString());
    job.calibrate = m_calibrate->isChecked();
    job.calibration = m_desk.workbench().config();
    return job;
}

void LabView::start()
{
    if (m_call || m_desk.model().empty())
        return;
    try {
        QuantErrorJob asked = job();
        m_base = asked.base;
        m_desk.lab().clear();
        // The heat map begins with the last method at the largest rank and most rounds.
        const bool hasRounds = findMethodOption(methodCard(asked.methods.back()), "rounds") != nullptr;
        m_desk.setLabSetting(QuantSetting{.method = asked.methods.back(), .rank = asked.ranks.back(),
            .rounds = hasRounds ? asked.rounds.back() : 0});
        m_done = m_total = 0;
        m_since.start();
        m_call = m_desk.workbench().ask(std::move(asked), this);
    } catch (const Error& error) {
        emit m_desk.said(QString::fromUtf8(error.what()), true);
        return;
    }
    emit m_desk.said({}, false);
    connect(m_call, &JobCall::advanced, this, &LabView::take);
    connect(m_call, &JobCall::finished, this, [this](const Result& result) { finish(std::get<QuantErrorReport>(result)); });
    connect(m_call, &JobCall::failed, this, [this](const QString& message) {
        if (sender() != m_call)
            return;
        m_call.clear();
        emit m_desk.said(message, true);
        showState();
    });
    showState();
    m_desk.labHasChanged();
}

void LabView::stop()
{
    if (!m_call)
        return;
    m_call->cancel();
    m_call.clear();
    showState();
}

void LabView::take(const std::vector<Event>& batch)
{
    if (sender() != m_call)
        return;
    bool arrived = false;
    for (const Event& event : batch) {
        if (const auto* error = std::get_if<QuantError>(&event)) {
            m_desk.lab().add(*error);
            arrived = true;
        } else if (const auto* progress = std::get_if<ProgressEvent>(&event); progress && progress->total > 0) {
            m_done = progress->done;
            m_total = progress->total;
        }
    }
    showState();
    if (!arrived)
        return;
    m_desk.labHasChanged();
}

void LabView::finish(const QuantErrorReport& report)
{
    if (sender() != m_call)
        return;
    m_call.clear();
    for (const QuantError& error : report.modules)
        m_desk.lab().add(error);
    showState();
    m_desk.labHasChanged();
}

void LabView::showState()
{
    const bool busy = !m_call.isNull();
    m_run->setText(busy ? tr("Stop") : tr("Measure"));
    m_run->setEnabled(!m_desk.model().empty());
    m_progress->setVisible(busy);
    m_pace->setVisible(busy);
    m_progress->setRange(0, int(m_total));
    m_progress->setValue(int(m_done));
    m_pace->setText(paceText(m_done, m_total, 0, double(m_since.elapsed()) / 1000));
    for (QWidget* field : std::initializer_list<QWidget*>{m_format, m_loftq, m_qpissa, m_ranks, m_rounds, m_modules, m_calibrate})
        field->setEnabled(!busy);
}

void LabView::showAll()
{
    showHeat();
    showTotals();
    showVerdict();
    showCurves();
}

QString LabView::settingText(const QuantSetting& setting) const
{
    const QString text = tr("%1, rank %2").arg(methodTitle(setting.method)).arg(setting.rank);
    if (setting.rounds <= 0)
        return text;
    return setting.rounds == 1 ? tr("%1, 1 round").arg(text) : tr("%1, %2 rounds").arg(text).arg(setting.rounds);
}

QString LabView::formatTitle() const
{
    for (const BaseFormat& one : baseFormats()) {
        if (one.id == m_base)
            return format::text(one.title);
    }
    return format::text(m_base);
}

void LabView::showHeat()
{
    const ModuleGrid& grid = m_desk.grid();
    const auto& setting = m_desk.labSetting();
    auto values = grid.means([&](const std::string& name) {
        return setting ? m_desk.lab().reduction(*setting, name, norm()) : std::numeric_limits<double>::quiet_NaN();
    });
    const HeatScale scale = heatScale(values, true, 100);
    m_heat->setDiverging(true);
    m_heat->setValues(std::move(values), scale.least, scale.most,
        setting ? tr("Error won back by %1; warm with a corner: worse than %2 alone").arg(settingText(*setting), formatTitle())
                : tr("Choose what to measure, then Measure"),
        1, tr(" %"));
}

void LabView::showTotals()
{
    const QuantResults& lab = m_desk.lab();
    std::vector<FactRow> rows;
    for (const QuantSetting& setting : lab.settings()) {
        const QuantErrorSum total = lab.total(setting);
        if (rows.empty()) {
            rows.push_back({.key = QStringLiteral("plain"), .title = methodTitle("qlora"), .tip = tr("%1 alone, which QLoRA starts from").arg(formatTitle()),
                .facts = {{.text = QStringLiteral("–")}, {.text = QStringLiteral("–")}, figure(total.plain.frobenius), figure(total.plain.nuclear), figure(total.plain.spectral),
                    figure(normOf(total.plain, ErrorNorm::output)), {.text = QStringLiteral("0")}, {.text = QStringLiteral("–")}},
                .color = theme::methodColor(QStringLiteral("qlora"))});
        }
        const auto worse = int64_t(lab.notHelped(setting, norm()).size());
        rows.push_back({.key = keyOf(setting), .title = methodTitle(setting.method), .tip = settingText(setting),
            .facts = {{.text = QString::number(setting.rank), .value = double(setting.rank)},
                {.text = setting.rounds > 0 ? QString::number(setting.rounds) : QStringLiteral("–"), .value = double(setting.rounds)}, figure(total.error.frobenius), figure(total.error.nuclear), figure(total.error.spectral),
                figure(normOf(total.error, ErrorNorm::output)), change(reductionOf(total.error, total.plain, norm())),
                {.text = tr("%1 of %2").arg(total.modules - worse).arg(total.modules), .value = double(total.modules - worse),
                    .bad = worse > 0}},
            .color = theme::methodColor(format::text(setting.method))});
    }
    m_totals->table().setFacts({tr("Whole model"), tr("Rank"), tr("Rounds"), tr("Frobenius"), tr("Nuclear"), tr("Spectral"), tr("Output"), tr("Won, %"), tr("Helps in")},
        std::move(rows));
    if (m_desk.labSetting())
        m_totals->showRow(keyOf(*m_desk.labSetting()));
}

// One sentence that names the matrices where the setting is no better than plain quantisation.
void LabView::showVerdict()
{
    const auto& setting = m_desk.labSetting();
    m_verdict->setForegroundRole(QPalette::PlaceholderText);
    if (!setting || (!m_call && m_desk.lab().empty())) {
        m_verdict->setText(tr("Errors of the base before any training: of the format alone, which QLoRA starts from, and of the "
                              "starts that LoftQ and QPiSSA make of it."));
        return;
    }
    constexpr size_t kMostNamed = 6;
    const auto worse = m_desk.lab().notHelped(*setting, norm());
    const auto known = m_desk.lab().total(*setting).modules;
    if (worse.empty()) {
        m_verdict->setText(known == 0 ? tr("Measuring…") : tr("%1 has less error than %2 alone in all of the matrices measured so far (%3).")
            .arg(settingText(*setting), formatTitle()).arg(known));
        return;
    }
    QStringList names;
    for (size_t i = 0; i < std::min(worse.size(), kMostNamed); ++i)
        names.append(tr("%1 (%2)").arg(shortName(m_desk.grid(), worse[i].name), worseText(worse[i])));
    QString list = names.join(QStringLiteral(", "));
    if (worse.size() > kMostNamed)
        list = tr("%1 and %2 more").arg(list).arg(worse.size() - kMostNamed);
    m_verdict->setForegroundRole(QPalette::WindowText);
    m_verdict->setText(tr("%1 does not help in %2 of %3 matrices, by layer: %4.").arg(settingText(*setting)).arg(worse.size()).arg(known).arg(list));
}

void LabView::showCurves()
{
    fillCurves(*m_overRank, true);
    fillCurves(*m_overRounds, false);
}

// The selected matrix solid, the whole model dashed; a method with several rounds (ranks) is shown at its most.
void LabView::fillCurves(CurvePlot& plot, bool overRank)
{
    const QuantResults& lab = m_desk.lab();
    std::vector<Curve> curves;
    std::map<std::string, int64_t> most;
    for (const QuantSetting& setting : lab.settings())
        most[setting.method] = std::max(most[setting.method], overRank ? setting.rounds : setting.rank);
    for (const auto& [method, fixed] : most) {
        Curve one{.id = format::text(method), .label = {}, .color = theme::methodColor(format::text(method)), .x = {}, .y = {}};
        Curve all = one;
        all.id += QStringLiteral("/all");
        all.style = Qt::DashLine;
        const QString title = methodTitle(method);
        one.label = tr("%1, %2").arg(title, shortName(m_desk.grid(), m_desk.chosen()));
        all.label = tr("%1, whole model").arg(title);
        for (const QuantSetting& setting : lab.settings()) {
            if (setting.method != method || (overRank ? setting.rounds : setting.rank) != fixed)
                continue;
            const auto at = double(overRank ? setting.rank : setting.rounds);
            if (const double value = lab.reduction(setting, m_desk.chosen(), norm()); std::isfinite(value)) {
                one.x.push_back(at);
                one.y.push_back(value);
            }
            const QuantErrorSum total = lab.total(setting);
            if (const double value = reductionOf(total.error, total.plain, norm()); std::isfinite(value)) {
                all.x.push_back(at);
                all.y.push_back(value);
            }
        }
        for (Curve* curve : {&one, &all}) {
            curve->markers = curve->x.size() == 1;   // a line needs two
            if (!curve->x.empty())
                curves.push_back(std::move(*curve));
        }
    }
    plot.setCurves(std::move(curves));
    plot.fit();
}

void LabView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_overRounds != nullptr) {
        showTotals();
        showCurves();
    }
}

}  // namespace rankwright
