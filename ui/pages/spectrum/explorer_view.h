// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The spectrum explorer: a heat map of layers x kinds, the chosen matrix' curves beside those of the matrices that are held, the
// weights of other models and of runs laid over them, and the figures by kind and by layer.
#pragma once

#include "ui/models/spectrum_facts.h"
#include "ui/pages/spectrum/spectrum_desk.h"
#include "ui/plots/spectrum_line.h"
#include "ui/widgets/source_chooser.h"

#include <QWidget>

class QComboBox;
class QHBoxLayout;
class QPushButton;
class QTabBar;

namespace rankwright {

class EnergyPlot;
class FactView;
class HeatmapPlot;
class PlainLabel;
class SpectrumPlot;

class ExplorerView : public QWidget
{
    Q_OBJECT
public:
    static constexpr size_t kMostOverlays = 2, kMostHeld = 5;

    explicit ExplorerView(SpectrumDesk& desk, QWidget* parent = nullptr);
    ~ExplorerView() override;
    void addOverlay(const SpectrumSource& source);
    void removeOverlay(size_t index);
    void toggleHeld(const std::string& module);
    [[nodiscard]] const std::vector<std::string>& held() const { return m_held; }
    [[nodiscard]] const SpectrumStream* overlay(size_t index) const;
    [[nodiscard]] QString curvesCsv() const;

protected:
    void changeEvent(QEvent* event) override;   // the palette: curves take their colours again

private:
    struct Overlay
    {
        SpectrumSource source;
        SpectrumStream* stream = nullptr;       // our child
        QPushButton* chip = nullptr;            // its name; a click takes it away
    };
    // What the heat map shows: of the model (-1) or an overlay, less another of them where `minus` is not kNothing.
    struct Sight { int of = -1, minus = kNothing; };
    static constexpr int kNothing = -2;

    QWidget* buildBar();
    QWidget* buildCurves();
    QWidget* buildFigures();
    void connectParts();
    void followModel();
    void showAll();
    void showHeat();
    void showMarks();
    void showCurves();
    void showCut();
    void showProfile();
    void showChips();
    void listSights();
    [[nodiscard]] QString titleOf(int source) const;
    [[nodiscard]] const SpectrumStream& streamOf(int source) const;
    [[nodiscard]] QColor colorOf(const std::string& module) const;
    [[nodiscard]] double heatValue(const std::string& module) const;
    [[nodiscard]] Sight sight() const;
    [[nodiscard]] SpectrumMeasure measure() const;

    SpectrumDesk& m_desk;
    SourceChooser* m_chooser;
    std::vector<Overlay> m_overlays;
    std::vector<Sight> m_sights;
    std::vector<std::string> m_held;            // by place: the place gives the colour, an empty name is a free one
    QComboBox* m_measure = nullptr;
    QComboBox* m_sight = nullptr;
    PlainLabel* m_sightLabel = nullptr;
    QPushButton* m_compare = nullptr;
    QHBoxLayout* m_chips = nullptr;
    HeatmapPlot* m_heat = nullptr;
    PlainLabel* m_module = nullptr;
    QPushButton* m_hold = nullptr;
    QPushButton* m_release = nullptr;
    SpectrumPlot* m_sigma = nullptr;
    EnergyPlot* m_energy = nullptr;
    QTabBar* m_profileTabs = nullptr;
    FactView* m_profile = nullptr;
    FactView* m_beside = nullptr;
};

}  // namespace rankwright
