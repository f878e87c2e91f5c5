// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/column_mapping.h"

#include "ui/format.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/wheel_guard.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QLineEdit>

#include <algorithm>

namespace rankwright {

namespace {

const std::vector<std::string>& roles()
{
    static const std::vector<std::string> all = {"prompt", "input", "response", "system", "messages", "text", "second", "label"};
    return all;
}

// Rows for a class or a number, conversations, running text, questions with answers.
std::vector<std::string> rolesOf(const DataPreview& preview)
{
    if (preview.available.empty())
        return roles();
    if (preview.task != "lm")
        return {"text", "second", "label"};
    if (preview.columns.contains("messages"))
        return {"messages", "system"};
    if (preview.columns.contains("text"))
        return {"text"};
    return {"prompt", "input", "response", "system"};
}

}  // namespace

QString roleTitle(const std::string& role)
{
    static const std::map<std::string, const char*> titles = {{"prompt", QT_TRANSLATE_NOOP("ColumnMapping", "Prompt")},
        {"input", QT_TRANSLATE_NOOP("ColumnMapping", "Input")}, {"response", QT_TRANSLATE_NOOP("ColumnMapping", "Response")},
        {"system", QT_TRANSLATE_NOOP("ColumnMapping", "System")}, {"messages", QT_TRANSLATE_NOOP("ColumnMapping", "Messages")},
        {"text", QT_TRANSLATE_NOOP("ColumnMapping", "Text")}, {"second", QT_TRANSLATE_NOOP("ColumnMapping", "Second text")},
        {"label", QT_TRANSLATE_NOOP("ColumnMapping", "Label")}};
    const auto found = titles.find(role);
    return found == titles.end() ? format::shown(role, 40) : ColumnMapping::tr(found->second);
}

ColumnMapping::ColumnMapping(QWidget* parent) : QWidget(parent), m_usual(roles()), m_all(new QCheckBox(tr("All roles"), this))
{
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 8);
    grid->setVerticalSpacing(4);
    grid->setColumnStretch(1, 1);
    grid->addWidget(makeHeading(tr("Columns"), this), 0, 0);
    m_all->setObjectName("allRoles");
    setPlainToolTip(m_all, tr("Also roles that rows of this kind usually do not have"));
    grid->addWidget(m_all, 0, 1, Qt::AlignRight);
    for (const std::string& role : roles())
        addRole(role);
    connect(m_all, &QCheckBox::toggled, this, &ColumnMapping::arrange);
}

void ColumnMapping::addRole(const std::string& role)
{
    auto* label = new PlainLabel(roleTitle(role), this);
    auto* box = new QComboBox(this);
    box->setObjectName("column_" + format::text(role));
    box->setAccessibleName(tr("Column of the %1").arg(roleTitle(role)));
    box->setEditable(true);   // a file whose columns nothing was found in can still be told them
    box->setInsertPolicy(QComboBox::NoInsert);
    box->setFocusPolicy(Qt::StrongFocus);
    new WheelGuard(box);
    box->lineEdit()->setPlaceholderText(tr("none"));
    box->lineEdit()->setAccessibleName(box->accessibleName());
    label->setBuddy(box);
    setPlainToolTip(box,
        tr("The column that holds the %1. Found by its name; choose another to change it, or clear "
           "it to find it by its name again.")
            .arg(roleTitle(role).toLower()));
    connect(box, &QComboBox::activated, this, [this, role, box] { emit columnChosen(role, box->currentText()); });
    connect(box->lineEdit(), &QLineEdit::editingFinished, this, [this, role, box] { emit columnChosen(role, box->currentText()); });
    auto* grid = static_cast<QGridLayout*>(layout());
    const int line = grid->rowCount();
    grid->addWidget(label, line, 0);
    grid->addWidget(box, line, 1);
    m_rows[role] = {label, box};
}

void ColumnMapping::setColumns(const DataPreview& preview, const std::map<std::string, std::string>& set)
{
    m_usual = rolesOf(preview);
    m_chosen = set;
    for (auto& [role, row] : m_rows) {
        const QSignalBlocker quiet(row.box);
        row.box->clear();
        row.box->addItem(QString());
        for (const auto& name : preview.available)
            row.box->addItem(format::text(name));
        const auto wanted = set.find(role);
        const auto found = preview.columns.find(role);
        row.box->setCurrentText(wanted != set.end()      ? format::text(wanted->second)
                : found != preview.columns.end() ? format::text(found->second)
                                                 : QString());
    }
    arrange();
}

void ColumnMapping::arrange()
{
    const auto shown = shownRoles();
    for (auto& [role, row] : m_rows) {
        const bool visible = std::find(shown.begin(), shown.end(), role) != shown.end();
        row.label->setVisible(visible);
        row.box->setVisible(visible);
    }
}

std::vector<std::string> ColumnMapping::shownRoles() const
{
    std::vector<std::string> shown;
    for (const std::string& role : roles())
        if (m_all->isChecked() || m_chosen.contains(role) || std::find(m_usual.begin(), m_usual.end(), role) != m_usual.end())
            shown.push_back(role);
    return shown;
}

}  // namespace rankwright
