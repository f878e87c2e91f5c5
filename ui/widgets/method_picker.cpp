// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The cards are items of one list, painted by a delegate: the list brings arrow keys, typing, and its reading to screen readers.
#include "ui/widgets/method_picker.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/method_picture.h"

#include <QDialogButtonBox>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

namespace rankwright {

namespace {

enum Role { methodRole = Qt::UserRole, searchRole, nameRole, takenRole };

constexpr int kMargin = 12, kGap = 4, kStrip = 4;

const MethodCard& cardOf(const QModelIndex& index)
{
    return methodCard(format::plain(index.data(methodRole).toString()));
}

// The lines beside a card's picture, top to bottom.
struct Line { QString text; QFont font; bool quiet; };

std::vector<Line> linesOf(const MethodCard& card)
{
    std::vector<Line> lines{{format::text(card.explanation), qApp->font(), false}};
    if (!card.note.empty())
        lines.push_back({format::text(card.note), theme::smallFont(), false});
    if (!card.stepZero.empty())
        lines.push_back({MethodPicker::tr("Before the first step: %1").arg(format::text(card.stepZero)),
            theme::smallFont(), true});
    lines.push_back({format::text(card.paper), theme::smallFont(), true});
    return lines;
}

class CardDelegate : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
        const int width = view == nullptr ? 600 : view->viewport()->width();
        int height = QFontMetrics(theme::headingFont()).height();
        for (const Line& line : linesOf(cardOf(index)))
            height += kGap + heightOf(line, textWidth(width));
        return {width, std::max(height, kPictureSize.height()) + 2 * kMargin};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const MethodCard& card = cardOf(index);
        const QPalette& colors = option.palette;
        const QColor method = theme::methodColor(format::text(card.id));
        const bool selected = option.state & QStyle::State_Selected;
        painter->save();
        painter->fillRect(option.rect, selected ? theme::messageGround(false) : colors.color(QPalette::Base));
        painter->fillRect(QRect(option.rect.topLeft(), QSize(kStrip, option.rect.height() - 1)), method);
        painter->setPen(theme::grid());
        painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
        if (selected) {
            painter->setPen(QPen(theme::accent(), 1));
            painter->drawRect(option.rect.adjusted(0, 0, -1, -2));
        }
        painter->translate(option.rect.topLeft());
        painter->save();
        painter->translate(kStrip + kMargin, kMargin);
        paintMethodPicture(*painter, card.picture, bitsOf(card.base) > 0, method, colors);
        painter->restore();
        paintText(*painter, card, index.data(takenRole).toInt(), option.rect.width(), colors);
        painter->restore();
    }

private:
    static int left() { return kStrip + 2 * kMargin + kPictureSize.width(); }
    static int textWidth(int width) { return std::max(120, width - left() - kMargin); }
    static int heightOf(const Line& line, int width)
    {
        return QFontMetrics(line.font).boundingRect(0, 0, width, 10'000, Qt::TextWordWrap, line.text).height();
    }

    static void paintText(QPainter& painter, const MethodCard& card, int taken, int width, const QPalette& colors)
    {
        const int room = textWidth(width);
        int y = kMargin;
        painter.setFont(theme::headingFont());
        painter.setPen(colors.color(QPalette::Text));
        const int title = QFontMetrics(painter.font()).height();
        painter.drawText(QRect(left(), y, room, title), Qt::AlignLeft, format::text(card.title));
        if (taken > 0) {
            painter.setFont(theme::smallFont());
            painter.setPen(theme::secondary());
            painter.drawText(QRect(left(), y, room, title), Qt::AlignRight | Qt::AlignVCenter,
                taken == 1 ? MethodPicker::tr("one arm already") : MethodPicker::tr("%n arms already", nullptr, taken));
        }
        y += title;
        for (const Line& line : linesOf(card)) {
            const int height = heightOf(line, room);
            painter.setFont(line.font);
            painter.setPen(line.quiet ? theme::secondary() : colors.color(QPalette::Text));
            painter.drawText(QRect(left(), y + kGap, room, height), Qt::TextWordWrap, line.text);
            y += kGap + height;
        }
    }
};

QString spokenText(const MethodCard& card)
{
    QStringList parts{format::text(card.title), pictureSentence(card.picture, bitsOf(card.base))};
    for (const Line& line : linesOf(card))
        parts << line.text;
    return parts.join(QStringLiteral(". "));
}

}  // namespace

MethodPicker::MethodPicker(const QStringList& chosen, QWidget* parent)
    : QDialog(parent), m_search(new QLineEdit(this)), m_list(new QListWidget(this)),
      m_nothing(makeNote(tr("No method has these words. Clear the search to see all of them."), this)),
      m_add(new QPushButton(tr("Add this method"), this))
{
    setWindowTitle(tr("Add a method"));
    setObjectName("methodPicker");
    m_search->setObjectName("methodSearch");
    m_search->setPlaceholderText(tr("Search by name, paper or words: “quantised”, “DoRA”, “2024”"));
    m_search->setAccessibleName(tr("Search methods"));
    m_search->setClearButtonEnabled(true);
    m_search->installEventFilter(this);
    m_list->setObjectName("methodList");
    m_list->setAccessibleName(tr("Methods"));
    m_list->setItemDelegate(new CardDelegate(m_list));
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setResizeMode(QListView::Adjust);
    m_list->installEventFilter(this);
    for (const MethodCard* card : methodCards()) {
        auto* item = new QListWidgetItem(m_list);
        item->setData(methodRole, format::text(card->id));
        item->setData(Qt::AccessibleTextRole, spokenText(*card));
        item->setData(searchRole, format::text(card->id) + ' ' + spokenText(*card));
        item->setData(nameRole, format::text(card->title + ' ' + card->id));
        item->setData(takenRole, int(chosen.count(format::text(card->id))));
    }
    m_nothing->setObjectName("methodNothing");
    m_add->setObjectName("methodAdd");
    m_add->setDefault(true);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    buttons->addButton(m_add, QDialogButtonBox::AcceptRole);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    column->addWidget(m_search);
    column->addWidget(m_nothing);
    column->addWidget(m_list, 1);
    column->addWidget(buttons);
    resize(720, 620);
    connect(m_search, &QLineEdit::textChanged, this, &MethodPicker::search);
    connect(m_list, &QListWidget::itemDoubleClicked, this, &MethodPicker::pick);
    connect(m_list, &QListWidget::currentItemChanged, this,
        [this](const QListWidgetItem* item) { m_add->setEnabled(item != nullptr && !item->isHidden()); });
    connect(m_add, &QPushButton::clicked, this, &MethodPicker::pick);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    search({});
    m_search->setFocus();
}

// Every word must be somewhere in the card; a card whose name has them comes into view before one that only mentions them.
void MethodPicker::search(const QString& text)
{
    const auto words = text.split(' ', Qt::SkipEmptyParts);
    const auto hasAll = [&words](const QString& searched) {
        return std::all_of(words.begin(), words.end(),
            [&](const QString& word) { return searched.contains(word, Qt::CaseInsensitive); });
    };
    QListWidgetItem *first = nullptr, *named = nullptr, *begun = nullptr;
    for (int i = 0; i < m_list->count(); ++i) {
        auto* item = m_list->item(i);
        const bool found = hasAll(item->data(searchRole).toString());
        item->setHidden(!found);
        if (!found)
            continue;
        const auto name = item->data(nameRole).toString();
        first = first == nullptr ? item : first;
        if (named == nullptr && hasAll(name))
            named = item;
        if (begun == nullptr && !words.isEmpty() && name.startsWith(words.front(), Qt::CaseInsensitive) && hasAll(name))
            begun = item;
    }
    if (begun != nullptr || named != nullptr)
        first = begun != nullptr ? begun : named;
    m_nothing->setVisible(first == nullptr);
    m_list->setVisible(first != nullptr);
    if (m_list->currentItem() == nullptr || m_list->currentItem()->isHidden() || !words.isEmpty())
        m_list->setCurrentItem(first);
    m_add->setEnabled(m_list->currentItem() != nullptr && !m_list->currentItem()->isHidden());
}

void MethodPicker::pick()
{
    const auto* item = m_list->currentItem();
    if (item == nullptr || item->isHidden())
        return;
    emit picked(item->data(methodRole).toString());
    accept();
}

// The search keeps the focus while the arrows move through the list.
bool MethodPicker::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Resize && watched == m_list) {
        m_list->doItemsLayout();   // the cards' heights follow the width
    } else if (event->type() == QEvent::KeyPress) {
        auto* key = static_cast<QKeyEvent*>(event);
        const bool moves = key->key() == Qt::Key_Down || key->key() == Qt::Key_Up || key->key() == Qt::Key_PageDown
            || key->key() == Qt::Key_PageUp;
        if (watched == m_search && moves) {
            QCoreApplication::sendEvent(m_list, event);
            return true;
        }
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            pick();
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

}  // namespace rankwright
