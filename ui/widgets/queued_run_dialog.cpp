// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/queued_run_dialog.h"

#include "ui/format.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"

#include <QDialogButtonBox>
#include <QPointer>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

// What may be changed: of a run in a comparison neither data nor seed, since they make it comparable.
std::pair<QStringList, QStringList> keysOf(const RunConfig& config, bool inComparison)
{
    QStringList first = ConfigForm::keysOf({"method"}, {"method"});
    for (const Field& field : configFields())
        if (std::ranges::find(field.methods, config.method) != field.methods.end())
            first << format::text(field.key);
    first += ConfigForm::keysOf({"run"}, inComparison ? QStringList{"seed"} : QStringList());
    QStringList second = ConfigForm::keysOf({"optimisation"}, inComparison ? QStringList{"seed"} : QStringList());
    if (!inComparison)
        second += ConfigForm::keysOf({"data"}, {"model", "columns"});
    return {first, second};
}

}  // namespace

QueuedRunDialog::QueuedRunDialog(QueueList& queue, const RunRow& row, const RunConfig& config, QWidget* parent)
    : QDialog(parent), m_queue(queue), m_run(format::text(row.id)), m_draft(config), m_messages(new MessageBar(this))
{
    setWindowTitle(tr("Edit %1").arg(format::shown(row.name.empty() ? row.id : row.name, 60)));
    setObjectName("queuedRunDialog");
    auto* inner = new QWidget(this);
    auto* both = new QHBoxLayout(inner);
    both->setContentsMargins(0, 0, 12, 0);
    both->setSpacing(32);
    const auto keys = keysOf(config, !row.comparison.empty());
    for (const QStringList& half : {keys.first, keys.second}) {
        auto* form = new ConfigForm(m_draft, half, inner);
        form->setAdvanced(true);
        both->addWidget(form, 1);
        m_forms.push_back(form);
        connect(form, &ConfigForm::problemsChanged, this, &QueuedRunDialog::refreshButtons);
    }
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setAccessibleName(tr("Settings of the run"));
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_save = buttons->addButton(tr("Save"), QDialogButtonBox::AcceptRole);
    m_save->setObjectName("saveQueuedRun");
    m_messages->setObjectName("queuedRunMessages");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    if (!row.comparison.empty())
        column->addWidget(makeNote(tr("A run of a comparison keeps its data and its seed. Copy it to change these."), this));
    column->addWidget(m_messages);
    column->addWidget(scroll, 1);
    column->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_save, &QPushButton::clicked, this, &QueuedRunDialog::save);
    connect(new QShortcut(QKeySequence::Undo, this), &QShortcut::activated, this, [this] { m_draft.undoStack().undo(); });
    connect(new QShortcut(QKeySequence::Redo, this), &QShortcut::activated, this, [this] { m_draft.undoStack().redo(); });
    connect(&m_draft, &ConfigDraft::changed, this, &QueuedRunDialog::refreshButtons);
    resize(860, 600);
    refreshButtons();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
QueuedRunDialog::~QueuedRunDialog()
{
    hide();
}

void QueuedRunDialog::refreshButtons()
{
    m_save->setEnabled(std::none_of(m_forms.begin(), m_forms.end(), [](const ConfigForm* form) { return form->hasProblems(); }));
}

void QueuedRunDialog::save()
{
    m_save->setEnabled(false);
    m_queue.edit(m_run, m_draft.config(), [self = QPointer(this)](const QString& problem) {
        if (!self)
            return;
        if (problem.isEmpty())
            return self->accept();
        self->m_messages->say(problem, true);
        self->refreshButtons();
    });
}

}  // namespace rankwright
