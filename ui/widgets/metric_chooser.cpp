// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/metric_chooser.h"

#include "ui/format.h"
#include "ui/widgets/headings.h"

#include <QCheckBox>
#include <QMenu>
#include <QStyleOptionComboBox>
#include <QStylePainter>
#include <QVBoxLayout>
#include <QWidgetAction>

#include <algorithm>

namespace rankwright {

namespace {

QString groupTitle(const MetricCard& card)
{
    return card.kind == MetricCard::Kind::answers ? MetricChooser::tr("Answers that are written out")
        : card.numbers                            ? MetricChooser::tr("A number for each row")
                                                  : MetricChooser::tr("A class for each row");
}

}  // namespace

bool suits(const MetricCard& card, const std::string& task)
{
    if (task == "lm")
        return card.kind == MetricCard::Kind::answers;
    if (task == "classify" || task == "regress")
        return card.kind == MetricCard::Kind::labels && card.numbers == (task == "regress");
    return true;
}

MetricChooser::MetricChooser(QWidget* parent) : QToolButton(parent)
{
    auto* menu = new QMenu(this);
    auto* list = new QWidget;
    auto* column = new QVBoxLayout(list);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(4);
    QString group;
    for (const MetricCard& card : metricCards()) {
        if (groupTitle(card) != group) {
            group = groupTitle(card);
            column->addWidget(makeHeading(group, list));
        }
        auto* box = new QCheckBox(format::text(card.title), list);
        box->setObjectName("metric_" + format::text(card.id));
        box->setAccessibleDescription(format::text(card.explanation));
        setPlainToolTip(box, format::text(card.explanation) + '\n' + format::text(card.source));
        column->addWidget(box);
        m_boxes.emplace_back(&card, box);
        connect(box, &QCheckBox::clicked, this, [this] {
            say();
            emit chosenChanged(chosen());
        });
    }
    // A widget keeps the menu open while several are ticked.
    auto* action = new QWidgetAction(menu);
    action->setDefaultWidget(list);
    menu->addAction(action);
    setMenu(menu);
    setPopupMode(QToolButton::InstantPopup);
    setToolButtonStyle(Qt::ToolButtonTextOnly);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setFocusPolicy(Qt::StrongFocus);
    say();
}

void MetricChooser::setChosen(const std::string& list, const std::string& task)
{
    const auto ids = metricIds(list);
    m_unknown = ids;
    for (const auto& [card, box] : m_boxes) {
        box->setChecked(std::erase(m_unknown, card->id) > 0);
        box->setEnabled(suits(*card, task) || box->isChecked());
    }
    say();
}

std::string MetricChooser::chosen() const
{
    std::string list;
    const auto add = [&list](const std::string& id) { list += (list.empty() ? "" : ",") + id; };
    for (const auto& [card, box] : m_boxes)
        if (box->isChecked())
            add(card->id);
    for (const std::string& id : m_unknown)
        add(id);
    return list;
}

QCheckBox* MetricChooser::box(const std::string& id) const
{
    for (const auto& [card, box] : m_boxes)
        if (card->id == id)
            return box;
    return nullptr;
}

void MetricChooser::say()
{
    QStringList titles;
    for (const auto& [card, box] : m_boxes)
        if (box->isChecked())
            titles << format::text(card->title);
    for (const std::string& id : m_unknown)
        titles << format::shown(id, 40);
    setText(titles.isEmpty() ? tr("loss only") : titles.size() <= 2 ? titles.join(QStringLiteral(", ")) : tr("%n metrics", nullptr, int(titles.size())));
}

QSize MetricChooser::sizeHint() const
{
    QStyleOptionComboBox option;
    option.initFrom(this);
    const QSize text(80, fontMetrics().height());   // a long title must not widen the form
    return style()->sizeFromContents(QStyle::CT_ComboBox, &option, text, this);
}

void MetricChooser::paintEvent(QPaintEvent*)
{
    QStylePainter painter(this);
    QStyleOptionComboBox option;
    option.initFrom(this);
    const QRect room = style()->subControlRect(QStyle::CC_ComboBox, &option, QStyle::SC_ComboBoxEditField, this);
    option.currentText = fontMetrics().elidedText(text(), Qt::ElideRight, room.width() - 4);
    painter.drawComplexControl(QStyle::CC_ComboBox, option);
    painter.drawControl(QStyle::CE_ComboBoxLabel, option);
}

}  // namespace rankwright
