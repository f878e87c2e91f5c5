// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What to train and how: method arms, shared settings, the summary beside them, Start.
#pragma once

#include "ui/pages/page.h"
#include "ui/workbench.h"

class QPushButton;

namespace rankwright {

class ArmCards;
class ComparisonSection;
class ConfigForm;
class MessageBar;
class PlainLabel;
class PresetChooser;
class SummaryPanel;

class ConfigurePage : public Page
{
    Q_OBJECT
public:
    explicit ConfigurePage(Workbench& workbench, QWidget* parent = nullptr);
    ~ConfigurePage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("configure"); }
    [[nodiscard]] QString title() const override { return tr("Configure"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("configure"); }
    void activated() override;
    void loadFrom(const QString& file);      // problems are shown beside, nothing changes then
    void saveTo(const QString& file);

protected:
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeSettings();
    QWidget* makeSide();
    void chooseFile(bool save);
    void take(const RunConfig& config);
    void usePreset(const std::string& id);
    void copyCommand();
    void start(bool train);
    void created(const QStringList& runs, bool trains);
    void refreshButtons();
    void showModel();

    Workbench& m_workbench;
    ArmCards* m_arms = nullptr;
    ComparisonSection* m_comparison = nullptr;
    std::vector<ConfigForm*> m_forms;
    SummaryPanel* m_summary;
    MessageBar* m_messages;
    PresetChooser* m_presets;
    QPushButton *m_start, *m_queue, *m_copy, *m_recipe;
    PlainLabel *m_startNote, *m_modelNote;
};

}  // namespace rankwright
