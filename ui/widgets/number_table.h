// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A table of results to read and copy: numbers right, words left, the first column takes what room is left; Ctrl+C copies the
// selection as tab-separated text.
#pragma once

#include <QTableWidget>

namespace rankwright {

class NumberTable : public QTableWidget
{
    Q_OBJECT
public:
    // `words`: how many columns from the left hold words.
    NumberTable(const QString& objectName, const QString& accessibleName, const QStringList& heads, int words, QWidget* parent = nullptr);
    void setRows(const QList<QStringList>& rows);           // keeps the scroll position
    void setLine(int row, const QString& text);             // one text over all columns
    [[nodiscard]] QString text(int row, int column) const;  // empty where there is none
    void fitHeight();                                       // from now on as high as its rows: no scroll bar within a page that scrolls

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    int m_words;
    bool m_fitted = false;
};

}  // namespace rankwright
