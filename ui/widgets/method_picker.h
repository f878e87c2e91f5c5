// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Every method as a card to choose from, with a search. By keyboard: type, arrow down, Enter.
#pragma once

#include <QDialog>

class QLineEdit;
class QListWidget;
class QPushButton;

namespace rankwright {

class PlainLabel;

class MethodPicker : public QDialog
{
    Q_OBJECT
public:
    // `chosen` are the methods that have an arm already: shown, and open to another one.
    explicit MethodPicker(const QStringList& chosen, QWidget* parent = nullptr);

signals:
    void picked(const QString& method);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void search(const QString& text);
    void pick();

    QLineEdit* m_search;      // "methodSearch"
    QListWidget* m_list;      // "methodList"
    PlainLabel* m_nothing;
    QPushButton* m_add;       // "methodAdd"
};

}  // namespace rankwright
