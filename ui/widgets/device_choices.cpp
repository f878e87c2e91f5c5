// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/device_choices.h"

#include "ui/format.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/labels.h"
#include "ui/workbench.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QEvent>
#include <QSignalBlocker>
#include <QStyledItemDelegate>

namespace rankwright {

namespace {

constexpr int kDetail = Qt::UserRole;

// "cuda:0   NVIDIA H100, 78.0 GiB free": the field itself takes the first word only.
class DeviceRow : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::initStyleOption(option, index);
        if (const auto detail = index.data(kDetail).toString(); !detail.isEmpty())
            option->text += QStringLiteral("   ") + detail;
    }
};

QString detailOf(const DeviceInfo& device)
{
    return device.freeBytes > 0
        ? DeviceChoices::tr("%1, %2 of %3 free")
              .arg(format::text(device.name), format::bytes(device.freeBytes), format::bytes(device.bytes))
        : format::text(device.name);
}

}  // namespace

DeviceChoices::DeviceChoices(ConfigForm& form, Workbench& workbench)
    : QObject(&form), m_workbench(workbench), m_box(qobject_cast<QComboBox*>(form.editor(QStringLiteral("device"))))
{
    if (m_box)
        m_box->installEventFilter(this);
}

bool DeviceChoices::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_box && event->type() == QEvent::Show && !m_asked) {
        m_asked = true;
        auto* call = m_workbench.ask(DevicesJob{}, this);
        connect(call, &JobCall::finished, this, [this](const Result& result) { fill(std::get<DeviceList>(result)); });
    }
    return QObject::eventFilter(watched, event);
}

void DeviceChoices::fill(const DeviceList& list)
{
    const QSignalBlocker blocker(m_box);
    const auto typed = m_box->currentText();
    m_box->clear();
    for (const DeviceInfo& device : list.devices) {
        m_box->addItem(format::text(device.id));
        const int row = m_box->count() - 1;
        m_box->setItemData(row, detailOf(device), kDetail);
        m_box->setItemData(row, format::text(device.id) + ", " + detailOf(device), Qt::AccessibleTextRole);
    }
    m_box->setCurrentText(typed);
    if (!dynamic_cast<DeviceRow*>(m_box->view()->itemDelegate()))
        m_box->view()->setItemDelegate(new DeviceRow(m_box));
    m_box->view()->setMinimumWidth(m_box->view()->sizeHintForColumn(0) + 24);
    for (const Field& field : configFields()) {
        if (field.key == "device" && !list.note.empty())
            setPlainToolTip(m_box, fieldHelp(field) + '\n' + tr("No accelerator: %1").arg(format::text(list.note)));
    }
}

}  // namespace rankwright
