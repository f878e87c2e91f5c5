// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rank table as it is edited: a value typed while several cells (or whole rows and columns, by their headers) are
// selected goes into all of them; Delete freezes the selected matrices.
#pragma once

#include "ui/models/rank_table.h"

#include <QTableView>

namespace rankwright {

class RankView : public QTableView
{
    Q_OBJECT
public:
    explicit RankView(RankTable* table, QWidget* parent = nullptr);

protected:
    void commitData(QWidget* editor) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    RankTable* m_table;
};

}  // namespace rankwright
