// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The arms of the comparison, a card each, in as many columns as there is room for; "Add a method…" opens the picker. An arm
// that is not ticked keeps its card until it is removed.
#pragma once

#include "ui/workbench.h"

#include <QWidget>

class QGridLayout;
class QPushButton;

namespace rankwright {

class ArmCard;

class ArmCards : public QWidget
{
    Q_OBJECT
public:
    explicit ArmCards(Workbench& workbench, QWidget* parent = nullptr);
    ~ArmCards() override;
    [[nodiscard]] bool hasProblems() const { return !reason().isEmpty(); }
    // Why the ticked arms cannot start, the first one's: "PiSSA: …". Empty: they can.
    [[nodiscard]] QString reason() const;
    void add(const QString& method);   // another arm, ticked

signals:
    void problemsChanged(bool any);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void openPicker();
    void choose();
    void remove(const QString& arm);
    void refresh();
    void insert(const QString& arm, size_t at);
    void layOut();

    Workbench& m_workbench;
    QGridLayout* m_grid;
    QPushButton* m_add;              // "addMethodButton"
    std::vector<ArmCard*> m_cards;   // in the order of the arms
    int m_columns = 0;
};

}  // namespace rankwright
