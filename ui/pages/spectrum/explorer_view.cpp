// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/spectrum/explorer_view.h"

#include "ui/format.h"
#include "ui/plots/energy_plot.h"
#include "ui/plots/heatmap_plot.h"
#include "ui/plots/spectrum_plot.h"
#include "ui/theme.h"
#include "ui/widgets/fact_view.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QEvent>
#include <QPushButton>
#include <QSignalBlocker>
#include <QHBoxLayout>
#include <QTabBar>

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwright {

ExplorerView::ExplorerView(SpectrumDesk& desk, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_chooser(new SourceChooser(desk.workbench().dataDirectory(), this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(buildBar());
    auto* across = new QHBoxLayout;
    across->setSpacing(16);
    across->addWidget(buildCurves(), 1);
    across->addWidget(buildFigures());
    column->addLayout(across, 1);
    connectParts();
    followModel();
}

// Plots give their values when they lose the focus, which they do while QWidget's destructor hides them: too late for us.
ExplorerView::~ExplorerView()
{
    for (QObject* part : std::initializer_list<QObject*>{m_heat, m_energy, m_profile, m_beside})
        disconnect(part, nullptr, this, nullptr);
}

void ExplorerView::followModel()
{
    while (!m_overlays.empty())
        removeOverlay(m_overlays.size() - 1);
    m_held.clear();
    m_heat->setGrid(m_desk.grid().kinds, m_desk.grid().layerNames(), tr("Layer"));
    showAll();
}

void ExplorerView::showAll()
{
    listSights();
    showHeat();
    showMarks();
    showCurves();
    showProfile();
}

void ExplorerView::addOverlay(const SpectrumSource& source)
{
    const bool there = std::any_of(
        m_overlays.begin(), m_overlays.end(), [&source](const Overlay& overlay) { return overlay.source == source; });
    if (there || m_overlays.size() >= kMostOverlays)
        return;
    auto* stream = new SpectrumStream(m_desk.workbench(), this);
    auto* chip = new QPushButton(theme::icon(QStringLiteral("close")), QString());
    chip->setLayoutDirection(Qt::RightToLeft);   // the cross stands behind the name
    m_chips->addWidget(chip);
    m_overlays.push_back({.source = source, .stream = stream, .chip = chip});
    connect(chip, &QPushButton::clicked, this, [this, stream] {
        const auto found = std::find_if(
            m_overlays.begin(), m_overlays.end(), [stream](const Overlay& overlay) { return overlay.stream == stream; });
        if (found != m_overlays.end())
            removeOverlay(size_t(found - m_overlays.begin()));
    });
    connect(stream, &SpectrumStream::arrived, this, [this](const std::set<std::string>& modules) {
        showHeat();
        if (modules.contains(m_desk.chosen())
            || std::any_of(m_held.begin(), m_held.end(), [&](const std::string& one) { return modules.contains(one); }))
            showCurves();
    });
    connect(stream, &SpectrumStream::stateChanged, this, &ExplorerView::showChips);
    connect(stream, &SpectrumStream::failed, this, [this, stream](const QString& message) {
        emit m_desk.said(message, true);
        for (size_t i = 0; i < m_overlays.size(); ++i) {
            if (m_overlays[i].stream == stream)
                return removeOverlay(i);
        }
    });
    stream->setQuestion({.model = source.model, .folder = source.folder});
    stream->start();
    listSights();
    showChips();
    showCurves();
}

void ExplorerView::removeOverlay(size_t index)
{
    const Overlay gone = m_overlays[index];
    m_overlays.erase(m_overlays.begin() + std::ptrdiff_t(index));
    disconnect(gone.stream, nullptr, this, nullptr);
    gone.stream->cancel();
    gone.stream->deleteLater();
    gone.chip->hide();
    gone.chip->deleteLater();
    listSights();
    showChips();
    showHeat();
    showCurves();
}

const SpectrumStream* ExplorerView::overlay(size_t index) const
{
    return index < m_overlays.size() ? m_overlays[index].stream : nullptr;
}

QString ExplorerView::titleOf(int source) const
{
    return source < 0 ? tr("this model") : m_overlays[size_t(source)].source.title;
}

const SpectrumStream& ExplorerView::streamOf(int source) const
{
    return source < 0 ? m_desk.own() : *m_overlays[size_t(source)].stream;
}

// Names of overlays with how far they have come; the dash before the name is that of their curves.
void ExplorerView::showChips()
{
    static const QString dashes[] = {QStringLiteral("╌╌"), QStringLiteral("┈┈")};
    for (size_t i = 0; i < m_overlays.size(); ++i) {
        const Overlay& overlay = m_overlays[i];
        const auto& stream = *overlay.stream;
        const bool counts = stream.isBusy() && stream.total() > 0;
        QString text = QStringLiteral("%1 %2").arg(dashes[i], fontMetrics().elidedText(overlay.source.title, Qt::ElideMiddle, counts ? 80 : 120));
        if (counts)
            text += tr(" %1 %").arg(100 * stream.done() / stream.total());
        overlay.chip->setText(text);
        overlay.chip->setAccessibleName(tr("Take %1 away").arg(overlay.source.title));
        setPlainToolTip(overlay.chip, tr("%1\n%4\n%2 of %3 matrices have the same names. A click takes it away.")
            .arg(overlay.source.title)
            .arg(std::count_if(stream.spectra().begin(), stream.spectra().end(),
                [this](const auto& entry) { return m_desk.grid().cells.contains(entry.first); }))
            .arg(m_desk.grid().cells.size())
            .arg(stream.isBusy() ? stream.progressText() : tr("All singular values are there.")));
    }
    m_compare->setEnabled(!m_desk.model().empty() && m_overlays.size() < kMostOverlays);
}

void ExplorerView::listSights()
{
    const QString before = m_sight->currentText();
    const QSignalBlocker quiet(m_sight);
    m_sight->clear();
    m_sights.clear();
    const auto add = [this](const QString& text, Sight sight) {
        m_sight->addItem(text);
        m_sights.push_back(sight);
    };
    const int count = int(m_overlays.size());
    for (int i = -1; i < count; ++i)
        add(titleOf(i), {.of = i});
    for (int i = 0; i < count; ++i)
        add(tr("%1 − this model").arg(titleOf(i)), {.of = i, .minus = -1});
    if (count == 2)
        add(tr("%1 − %2").arg(titleOf(1), titleOf(0)), {.of = 1, .minus = 0});
    const int index = m_sight->findText(before);
    m_sight->setCurrentIndex(std::max(index, 0));
    m_sight->setVisible(count > 0);
    m_sightLabel->setVisible(count > 0);
}

ExplorerView::Sight ExplorerView::sight() const
{
    const int index = m_sight->currentIndex();
    return index < 0 || size_t(index) >= m_sights.size() ? Sight() : m_sights[size_t(index)];
}

SpectrumMeasure ExplorerView::measure() const
{
    return SpectrumMeasure(m_measure->currentIndex());
}

double ExplorerView::heatValue(const std::string& module) const
{
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    if (measure() == SpectrumMeasure::reduction)
        return m_desk.labSetting() ? m_desk.lab().reduction(*m_desk.labSetting(), module, ErrorNorm::nuclear) : unknown;
    const auto valueIn = [&](int source) {
        const ModuleSpectrum* spectrum = streamOf(source).find(module);
        return spectrum ? measureOf(measure(), *spectrum, m_desk.rankOf(module)) : unknown;
    };
    const Sight now = sight();
    return now.minus == kNothing ? valueIn(now.of) : valueIn(now.of) - valueIn(now.minus);
}

void ExplorerView::showHeat()
{
    const ModuleGrid& grid = m_desk.grid();
    auto values = grid.means([this](const std::string& name) { return heatValue(name); });
    const bool reduction = measure() == SpectrumMeasure::reduction;
    const bool diverging = reduction || sight().minus != kNothing;
    const HeatScale scale = heatScale(values, diverging,
        measure() == SpectrumMeasure::energy || reduction ? 100 : std::numeric_limits<double>::infinity());
    QString meaning = m_measure->currentText();
    if (m_sights.size() > 1 && !reduction)
        meaning = tr("%1, %2").arg(meaning, m_sight->currentText());
    else if (reduction && m_desk.labSetting())
        meaning = tr("%1: %2, rank %3").arg(meaning, format::shown(m_desk.labSetting()->method, 20)).arg(m_desk.labSetting()->rank);
    m_heat->setDiverging(diverging);
    m_heat->setValues(std::move(values), scale.least, scale.most, meaning, measureDigits(measure()), measureUnit(measure()));
    m_sight->setEnabled(!reduction);
}

QColor ExplorerView::colorOf(const std::string& module) const
{
    static constexpr int places[kMostHeld] = {0, 2, 3, 5, 6};   // blue is the chosen one's
    const auto found = std::find(m_held.begin(), m_held.end(), module);
    return theme::seriesColor(found == m_held.end() ? 1 : places[size_t(found - m_held.begin()) % kMostHeld]);
}

void ExplorerView::toggleHeld(const std::string& module)
{
    if (!m_desk.grid().cells.contains(module))
        return;
    const auto found = std::find(m_held.begin(), m_held.end(), module);
    const auto free = std::find(m_held.begin(), m_held.end(), std::string());
    if (found != m_held.end())
        found->clear();
    else if (free != m_held.end())
        *free = module;
    else if (m_held.size() < kMostHeld)
        m_held.push_back(module);
    else
        emit m_desk.said(tr("%1 matrices are held already: release one first.").arg(kMostHeld), false);
    showMarks();
    showCurves();
}

void ExplorerView::showMarks()
{
    std::vector<HeatmapPlot::Mark> marks;
    for (const std::string& name : m_held) {
        if (const auto cell = m_desk.grid().cells.find(name); cell != m_desk.grid().cells.end())
            marks.push_back({.row = cell->second.kind, .column = cell->second.layer, .color = colorOf(name)});
    }
    m_release->setEnabled(!marks.empty());
    m_heat->setMarks(std::move(marks));
}

void ExplorerView::showCurves()
{
    std::vector<std::string> names{m_desk.chosen()};
    for (const std::string& name : m_held) {
        if (!name.empty() && name != m_desk.chosen())
            names.push_back(name);
    }
    std::vector<SpectrumLine> lines;
    std::vector<FactRow> rows;
    for (const std::string& name : names) {
        for (int source = -1; source < int(m_overlays.size()); ++source) {
            const ModuleSpectrum* found = streamOf(source).find(name);
            if (!found && (source >= 0 || name != m_desk.chosen()))
                continue;
            const QString label = shortName(m_desk.grid(), name) + (source < 0 ? QString() : QStringLiteral(" · ") + titleOf(source));
            lines.push_back({.label = label, .spectrum = found ? *found : ModuleSpectrum(), .color = colorOf(name),
                .style = theme::dashStyle(source + 1)});
            if (found)
                rows.push_back({.key = format::text(name) + QStringLiteral("/%1").arg(source), .title = label,
                    .tip = format::shown(name), .facts = matrixFacts(*found, m_desk.rankOf(name)), .color = colorOf(name)});
        }
    }
    m_sigma->setLines(lines);
    m_energy->setLines(lines);
    m_beside->table().setFacts(matrixColumns(), std::move(rows));
    const auto* found = m_desk.own().find(m_desk.chosen());
    m_module->setText(found == nullptr ? format::shown(m_desk.chosen())
                                       : tr("%1 · %2 × %3").arg(format::shown(m_desk.chosen())).arg(found->rows).arg(found->cols));
    const bool isHeld = std::find(m_held.begin(), m_held.end(), m_desk.chosen()) != m_held.end() && !m_desk.chosen().empty();
    m_hold->setText(isHeld ? tr("Release") : tr("Hold beside others"));
    m_hold->setEnabled(!m_desk.chosen().empty());
    showCut();
}

void ExplorerView::showCut()
{
    const int64_t cut = m_desk.rankOf(m_desk.chosen());
    m_sigma->setCut(m_desk.own().find(m_desk.chosen()) ? cut : 0);
    m_energy->setCut(cut);
}

void ExplorerView::showProfile()
{
    const bool byLayer = m_profileTabs->currentIndex() == 1;
    m_profile->table().setFacts(profileColumns(byLayer),
        profileRows(m_desk.grid(), m_desk.own().spectra(), m_desk.draft().ranks, byLayer));
}

QString ExplorerView::curvesCsv() const
{
    return m_sigma->csv();
}

void ExplorerView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_beside != nullptr) {
        showMarks();
        showCurves();
    }
}

}  // namespace rankwright
