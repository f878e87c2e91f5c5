// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// "Paper recipe...": a list of published recipes, filtered while one types, with what each would change in the settings as they are. Nothing
// changes before a person takes one; it can be undone.
#pragma once

#include "training/api/presets.h"
#include "ui/widgets/search_popup.h"

class QPushButton;

namespace rankwright {

class NumberTable;
class PlainLabel;

class PresetChooser : public SearchPopup
{
    Q_OBJECT
public:
    explicit PresetChooser(QWidget* parent = nullptr);
    void open(QWidget& anchor, const RunConfig& config, bool encoder);   // those for encoders first, or last

signals:
    void chosen(const std::string& preset);   // id

private:
    QWidget* makeDetails();
    void fill() override;
    void showCurrent();
    void take() override;
    [[nodiscard]] const Preset* current() const;
    RunConfig m_config;
    bool m_encoder = false;
    PlainLabel *m_title, *m_what, *m_source;
    NumberTable* m_changes;       // "presetChanges"
    QPushButton* m_use;           // "usePresetButton"
};

}  // namespace rankwright
