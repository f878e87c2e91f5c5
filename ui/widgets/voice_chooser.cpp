// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/voice_chooser.h"

#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr QSize kSize(400, 320);
constexpr int kPlace = Qt::UserRole;   // in the list of choices

}  // namespace

VoiceChooser::VoiceChooser(QWidget* parent) : SearchPopup(parent)
{
    setAccessibleName(tr("Add a voice"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(8, 8, 8, 8);
    column->setSpacing(8);
    m_field->setPlaceholderText(tr("Search"));
    m_field->setAccessibleName(tr("Search voices"));
    m_list->setObjectName("voiceList");
    m_list->setAccessibleName(tr("Who can answer"));
    m_list->setTextElideMode(Qt::ElideMiddle);
    auto* folder = new QPushButton(theme::icon("folder"), tr("Adapter folder…"));
    folder->setObjectName("adapterFolderButton");
    setPlainToolTip(folder, tr("A folder in PEFT layout (adapter_config.json, adapter_model.safetensors), on the chosen model"));
    column->addWidget(m_field);
    column->addWidget(m_list, 1);
    column->addWidget(folder);
    connect(m_list, &QListWidget::itemClicked, this, &VoiceChooser::take);
    connect(folder, &QPushButton::clicked, this, [this] {
        hide();
        emit folderAsked();
    });
}

void VoiceChooser::setChoices(std::vector<ChatChoice> choices)
{
    m_choices = std::move(choices);
    fill();
}

void VoiceChooser::open(QWidget& anchor)
{
    m_field->clear();
    openAt(anchor, kSize);
}

void VoiceChooser::fill()
{
    const auto filter = m_field->text().trimmed();
    m_list->clear();
    for (size_t i = 0; i < m_choices.size(); ++i) {
        const ChatChoice& choice = m_choices[i];
        auto line = tr("%1 · %2").arg(choice.title, choice.detail);
        if (!choice.made.isEmpty())
            line += tr(" · %1").arg(choice.made);
        if (!line.contains(filter, Qt::CaseInsensitive))
            continue;
        auto* item = new QListWidgetItem(line, m_list);
        item->setData(kPlace, int(i));
        const auto tip = choice.refusal.isEmpty() ? line : line + '\n' + choice.refusal;
        item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(tip)));
        if (!choice.refusal.isEmpty())
            item->setFlags(item->flags() & ~Qt::ItemIsEnabled);
    }
    if (m_list->count() > 0)
        m_list->setCurrentRow(0);
}

void VoiceChooser::take()
{
    const auto* item = m_list->currentItem();
    if (item == nullptr || !(item->flags() & Qt::ItemIsEnabled))
        return;
    const ChatChoice choice = m_choices[size_t(item->data(kPlace).toInt())];
    hide();
    emit chosen(choice);
}

}  // namespace rankwright
