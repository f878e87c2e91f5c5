// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What choosers have in common: a list under a button, filtered while one types in the field above it; closes with Escape.
#pragma once

#include <QFrame>

class QLineEdit;
class QListWidget;

namespace rankwright {

class SearchPopup : public QFrame
{
    Q_OBJECT
public:
    explicit SearchPopup(QWidget* parent);
    [[nodiscard]] QStringList titles() const;   // of what is listed now

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;   // arrows in the field move in the list
    void openAt(QWidget& anchor, const QSize& size);              // below it, within the screen
    virtual void fill() = 0;                                      // the list, as the field filters it
    virtual void take() = 0;                                      // the current line, if it can be taken
    QLineEdit* m_field;
    QListWidget* m_list;
};

}  // namespace rankwright
