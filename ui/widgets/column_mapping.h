// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which column of a data file has which role: a box for each role that such rows have, all of them on request.
#pragma once

#include "training/api/reports.h"

#include <QWidget>

class QCheckBox;
class QComboBox;

namespace rankwright {

class ColumnMapping : public QWidget
{
    Q_OBJECT
public:
    explicit ColumnMapping(QWidget* parent = nullptr);
    // `set`: as a person has set them; what is not set is shown as it was found.
    void setColumns(const DataPreview& preview, const std::map<std::string, std::string>& set);
    [[nodiscard]] std::vector<std::string> shownRoles() const;

signals:
    void columnChosen(const std::string& role, const QString& column);   // empty: find it by its name again

private:
    struct Row { QWidget* label = nullptr; QComboBox* box = nullptr; };
    void addRole(const std::string& role);
    void arrange();
    std::map<std::string, Row> m_rows;             // boxes "column_ROLE"
    std::vector<std::string> m_usual;              // roles of such rows
    std::map<std::string, std::string> m_chosen;
    QCheckBox* m_all;                              // "allRoles"
};

// "Prompt", "Second text": how a role is written for people.
[[nodiscard]] QString roleTitle(const std::string& role);

}  // namespace rankwright
