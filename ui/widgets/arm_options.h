// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What an arm may change of its own: its method's options, made from the card's table, the format of its base and its optimiser.
// What is set back to its default is no longer kept as a change.
#pragma once

#include "ui/workbench.h"

#include <QWidget>

class QComboBox;
class QGridLayout;

namespace rankwright {

class PlainLabel;

class ArmOptions : public QWidget
{
    Q_OBJECT
public:
    ArmOptions(Workbench& workbench, const QString& arm, QWidget* parent = nullptr);
    ~ArmOptions() override;
    void refresh();
    [[nodiscard]] QString problem() const;   // of the first editor that holds something refused; empty: none
    [[nodiscard]] bool isEmpty() const { return m_rows.empty(); }

signals:
    void problemsChanged();

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Row
    {
        std::string key;
        const MethodOption* option = nullptr;   // null: base or optimiser
        QWidget* editor = nullptr;              // "armOption_ARM_KEY"
        PlainLabel* problem = nullptr;
        nlohmann::json shown;
    };
    void addOption(QGridLayout* grid, const MethodOption& option);
    void addChoice(QGridLayout* grid, const std::string& key, const QString& label, const QString& help);
    void place(QGridLayout* grid, Row row, const QString& label, const QString& help, const QString& unit);
    [[nodiscard]] QComboBox* makeBox();
    void commitText(size_t row, const QString& text);
    void commit(size_t row, const nlohmann::json& value);
    void say(Row& row, const QString& problem);
    void fillChoices(Row& row);
    void tint();

    Workbench& m_workbench;
    const QString m_arm;
    const MethodCard& m_card;
    std::vector<Row> m_rows;
};

}  // namespace rankwright
