// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A FactTable as it is read: rows chosen with mouse or arrows, Ctrl+C or the right button copies it all as CSV.
#pragma once

#include "ui/models/fact_table.h"

#include <QTableView>

namespace rankwright {

class FactView : public QTableView
{
    Q_OBJECT
public:
    explicit FactView(const QString& accessibleName, QWidget* parent = nullptr);
    [[nodiscard]] FactTable& table() { return *m_table; }
    void showRow(const QString& key);            // makes it the current one, silently where it is not there
    [[nodiscard]] QString currentKey() const;

signals:
    void rowChosen(const QString& key);          // by a person, or by showRow
    void removeAsked(const QString& key);        // Delete

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void copy() const;
    void layOut();
    FactTable* m_table;
};

}  // namespace rankwright
