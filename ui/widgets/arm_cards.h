// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The methods to compare, a card each: colour, tick, one sentence, a learning rate of its own.
#pragma once

#include "ui/workbench.h"

#include <QWidget>

class QCheckBox;
class QLineEdit;

namespace rankwright {

class PlainLabel;

class ArmCards : public QWidget
{
    Q_OBJECT
public:
    explicit ArmCards(Workbench& workbench, QWidget* parent = nullptr);
    ~ArmCards() override;
    [[nodiscard]] bool hasProblems() const;

signals:
    void problemsChanged(bool any);

private:
    struct Card
    {
        std::string method;
        QCheckBox* tick = nullptr;    // "arm_lora"
        QLineEdit* rate = nullptr;    // "armRate_lora"
        PlainLabel* problem = nullptr;
    };
    QWidget* makeCard(const std::string& method);
    void choose();
    void commitRate(size_t card);
    void refresh();

    Workbench& m_workbench;
    std::vector<Card> m_cards;
};

}  // namespace rankwright
