// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// One arm of a comparison: tick, picture, one sentence, a learning rate of its own, its options, and what is wrong with it.
#pragma once

#include "ui/workbench.h"

#include <QFrame>

class QCheckBox;
class QLineEdit;
class QToolButton;

namespace rankwright {

class ArmOptions;
class MethodPictureView;
class PlainLabel;

class ArmCard : public QFrame
{
    Q_OBJECT
public:
    ArmCard(Workbench& workbench, const QString& arm, QWidget* parent = nullptr);
    ~ArmCard() override;
    [[nodiscard]] const QString& arm() const { return m_arm; }
    [[nodiscard]] bool isTicked() const;
    [[nodiscard]] bool isUnfolded() const;   // its options are shown
    // Why the arm cannot be trained: a refused text in an editor, or settings that make no sense together. Empty: it can.
    [[nodiscard]] QString reason() const;
    void refresh();

signals:
    void ticked();
    void removed();
    void reasonChanged();
    void unfolded();

protected:
    void changeEvent(QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    QLayout* makeTop();
    QLayout* makeMiddle();
    QLayout* makeRate();
    QWidget* makeDetails();
    void commitRate();
    void takePaperRate();
    void showRate(const RunConfig& shared);
    void showChanges();
    void judge();
    void sayReason(const QString& reason);
    void tint();

    Workbench& m_workbench;
    const QString m_arm;
    const MethodCard& m_card;
    QCheckBox* m_tick = nullptr;                // "arm_lora"
    QLineEdit* m_rate = nullptr;                // "armRate_lora"
    QToolButton *m_paperRate = nullptr;         // "armPaperRate_lora"
    QToolButton *m_more = nullptr;              // "armMore_lora"
    MethodPictureView* m_picture = nullptr;
    PlainLabel *m_changes = nullptr, *m_problem = nullptr;   // "armProblem_lora"
    ArmOptions* m_options = nullptr;
    QWidget* m_details = nullptr;
    QString m_rateProblem, m_combination, m_saidReason;
};

// An error for people beside what it is about, without its file and code: "Dropout: 0.1 with PiSSA. Allowed: 0. Set it to 0."
[[nodiscard]] QString shortMessage(const std::exception& error);

}  // namespace rankwright
