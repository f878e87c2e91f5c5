// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A form made from configFields(): label, editor by kind, unit, tool tip with help and range, a dot where the value
// differs from the default, a reset button. Every edit goes through ConfigDraft::edit, so undo works.
#pragma once

#include "ui/workbench.h"

#include <QWidget>

class QGridLayout;
class QToolButton;

namespace rankwright {

class PlainLabel;

class ConfigForm : public QWidget
{
    Q_OBJECT
public:
    // `keys` in the order to show; unknown ones are left out. A heading stands above each group where there are
    // several.
    ConfigForm(ConfigDraft& draft, const QStringList& keys, QWidget* parent = nullptr);
    ConfigForm(Workbench& workbench, const QStringList& keys, QWidget* parent = nullptr)
        : ConfigForm(workbench.draft(), keys, parent)
    {
    }
    ~ConfigForm() override;
    // All fields of these groups of the table but `without` and the options of single methods.
    [[nodiscard]] static QStringList keysOf(const QStringList& groups, const QStringList& without = {});

    void setAdvanced(bool on);            // also fields marked advanced; a changed one is always shown
    void keepForAdvanced(const QStringList& keys);   // also these, whatever the table says
    void setPointless(const QStringList& keys);      // hidden where they have their default: they say nothing about the chosen model
    [[nodiscard]] bool isAdvanced() const { return m_advanced; }
    [[nodiscard]] bool hasProblems() const;   // an editor holds something that was refused
    // The editor of a key (object name "field_KEY"), or null.
    [[nodiscard]] QWidget* editor(const QString& key) const;

signals:
    void problemsChanged(bool any);

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Row
    {
        const Field* field = nullptr;
        PlainLabel *dot = nullptr, *label = nullptr, *unit = nullptr, *problem = nullptr;
        QWidget* editor = nullptr;
        QToolButton* reset = nullptr;
        nlohmann::json shown;             // the value that the editor was last set to
    };
    void addRow(QGridLayout* grid, const Field& field);
    [[nodiscard]] QWidget* makeEditor(const Field& field, size_t row);
    void commitText(size_t row, const QString& text);
    void commit(size_t row, const nlohmann::json& value);
    void reset(size_t row);
    void say(Row& row, const QString& problem);
    void refresh();
    void showValue(Row& row, const nlohmann::json& value);
    void arrange();
    void tint();

    ConfigDraft& m_draft;
    std::vector<Row> m_rows;
    std::vector<std::pair<std::string, PlainLabel*>> m_headings;   // group -> its heading
    nlohmann::json m_defaults;
    QStringList m_forAdvanced, m_pointless;
    bool m_advanced = false;
};

// "Help. 1 to 4096 tokens. Option --rank." for a field's tool tip.
[[nodiscard]] QString fieldHelp(const Field& field);

}  // namespace rankwright
