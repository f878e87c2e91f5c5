// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/arm_cards.h"

#include "ui/theme.h"
#include "ui/widgets/arm_card.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/method_picker.h"

#include <QGridLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kLeastCard = 400, kMostColumns = 3;   // pixels; a card is readable from 320 on

}  // namespace

ArmCards::ArmCards(Workbench& workbench, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_grid(new QGridLayout),
      m_add(new QPushButton(theme::icon("add"), tr("Add a method…"), this))
{
    m_add->setObjectName("addMethodButton");
    setPlainToolTip(m_add, tr("Choose another method to compare, or the same one with other options"));
    connect(m_add, &QPushButton::clicked, this, &ArmCards::openPicker);
    auto* top = new QHBoxLayout;
    top->addWidget(makeHeading(tr("Methods"), this));
    top->addStretch();
    top->addWidget(m_add);
    m_grid->setSpacing(12);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addLayout(top);
    column->addLayout(m_grid);
    connect(&m_workbench, &Workbench::armsChanged, this, &ArmCards::refresh);
    connect(&m_workbench, &Workbench::configChanged, this, &ArmCards::refresh);
    refresh();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ArmCards::~ArmCards()
{
    hide();
}

void ArmCards::openPicker()
{
    QStringList chosen;
    for (const ArmCard* card : m_cards)
        chosen << QString::fromStdString(armMethod(card->arm()));
    auto* picker = new MethodPicker(chosen, this);
    picker->setAttribute(Qt::WA_DeleteOnClose);
    connect(picker, &MethodPicker::picked, this, &ArmCards::add);
    picker->open();
}

// An unticked card of the method is ticked again before a second one is made.
void ArmCards::add(const QString& method)
{
    QStringList taken;
    for (const ArmCard* card : m_cards) {
        if (!card->isTicked() && card->arm() == method) {
            auto arms = m_workbench.arms();
            arms.insert(std::count_if(m_cards.begin(), std::find(m_cards.begin(), m_cards.end(), card),
                            [](const ArmCard* before) { return before->isTicked(); }),
                method);
            m_workbench.setArms(arms);
            return;
        }
        taken << card->arm();
    }
    m_workbench.setArms(m_workbench.arms() + QStringList(newArm(method.toStdString(), taken)));
}

void ArmCards::choose()
{
    QStringList arms;
    for (const ArmCard* card : m_cards)
        if (card->isTicked())
            arms << card->arm();
    m_workbench.setArms(arms);
}

// One step to undo: the arm comes back with what it had changed.
void ArmCards::remove(const QString& arm)
{
    const auto found = std::find_if(m_cards.begin(), m_cards.end(), [&](const ArmCard* card) { return card->arm() == arm; });
    if (found == m_cards.end())
        return;
    ArmCard* card = *found;
    m_cards.erase(found);
    card->hide();
    card->disconnect(this);
    card->deleteLater();   // its own button is what was pressed
    auto arms = m_workbench.arms();
    const nlohmann::json changes = changesOf(arm, m_workbench.armOverrides());   // a copy: they go away below
    if (arms.contains(arm) || !changes.empty()) {
        m_workbench.undoStack().beginMacro(tr("Remove %1").arg(armTitle(arm)));
        arms.removeAll(arm);
        m_workbench.setArms(arms);
        for (const auto& [key, value] : changes.items())
            m_workbench.setArmOverride(arm.toStdString(), key, nullptr);
        m_workbench.undoStack().endMacro();
    }
    layOut();
    emit problemsChanged(hasProblems());
    m_add->setFocus();
}

QString ArmCards::reason() const
{
    for (const ArmCard* card : m_cards)
        if (card->isTicked() && !card->reason().isEmpty())
            return tr("%1: %2").arg(armTitle(card->arm()), card->reason());
    return {};
}

// Arms come and go by other ways too: undo, a test, another page.
void ArmCards::refresh()
{
    const auto& arms = m_workbench.arms();
    const auto before = m_cards.size();
    size_t at = 0;   // behind the card of the arm before
    for (const QString& arm : arms) {
        const auto found
            = std::find_if(m_cards.begin(), m_cards.end(), [&](const ArmCard* card) { return card->arm() == arm; });
        if (found == m_cards.end())
            insert(arm, at++);
        else
            at = size_t(found - m_cards.begin()) + 1;
    }
    for (ArmCard* card : m_cards)
        card->refresh();
    if (before != m_cards.size())
        layOut();
}

void ArmCards::insert(const QString& arm, size_t at)
{
    auto* card = new ArmCard(m_workbench, arm, this);
    connect(card, &ArmCard::ticked, this, &ArmCards::choose);
    connect(card, &ArmCard::removed, this, [this, arm] { remove(arm); });
    connect(card, &ArmCard::unfolded, this, &ArmCards::layOut);
    connect(card, &ArmCard::reasonChanged, this, [this] { emit problemsChanged(hasProblems()); });
    m_cards.insert(m_cards.begin() + std::ptrdiff_t(at), card);
}

void ArmCards::layOut()
{
    m_columns = std::clamp(width() / kLeastCard, 2, kMostColumns);
    for (ArmCard* card : m_cards)
        m_grid->removeWidget(card);
    QWidget* last = m_add;
    for (size_t i = 0; i < m_cards.size(); ++i) {
        // Cards of a row are equally high, but an open one does not blow up its neighbours.
        const size_t row = i / size_t(m_columns), first = row * size_t(m_columns);
        const bool open = std::any_of(m_cards.begin() + std::ptrdiff_t(first),
            m_cards.begin() + std::ptrdiff_t(std::min(first + size_t(m_columns), m_cards.size())),
            [](const ArmCard* card) { return card->isUnfolded(); });
        m_grid->addWidget(m_cards[i], int(row), int(i) % m_columns, open ? Qt::AlignTop : Qt::Alignment());
        m_cards[i]->show();
        // The Tab key goes through the cards as they stand, whichever was made first.
        for (QWidget* part : m_cards[i]->findChildren<QWidget*>())
            if ((part->focusPolicy() & Qt::TabFocus) != 0 && part->focusProxy() == nullptr && part->window() == window()) {
                setTabOrder(last, part);
                last = part;
            }
    }
    for (int column = 0; column < kMostColumns; ++column)
        m_grid->setColumnStretch(column, column < m_columns ? 1 : 0);
}

void ArmCards::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    if (std::clamp(width() / kLeastCard, 2, kMostColumns) != m_columns)
        layOut();
}

}  // namespace rankwright
