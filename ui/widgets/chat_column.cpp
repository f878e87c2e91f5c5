// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/chat_column.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/chat_transcript.h"
#include "ui/widgets/headings.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

namespace rankwright {

namespace {

constexpr int kSwatch = 10;
constexpr double kLeastSeconds = 0.2;   // over less a pace says nothing

// A square in the colour that the run has on every page; the base's is grey.
class Swatch : public QWidget
{
public:
    Swatch(const QColor& color, QWidget* parent) : QWidget(parent), m_color(color) { setFixedSize(kSwatch, kSwatch); }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), m_color.isValid() ? m_color : theme::secondary());
    }

private:
    QColor m_color;
};

QToolButton* makeTool(const QString& icon, const QString& name, const QString& help, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setIcon(theme::icon(icon));
    button->setAutoRaise(true);
    button->setAccessibleName(name);
    setPlainToolTip(button, help);
    return button;
}

// "38 tokens · 12.4 a second · cut off at the limit"
QString figuresText(const ChatVoiceState& voice, bool busy)
{
    if (voice.tokens == 0)
        return voice.stop == "failed" ? ChatColumn::tr("no answer") : busy && !voice.turns.empty() ? ChatColumn::tr("…") : QString();
    auto text = ChatColumn::tr("%1 tokens").arg(format::count(voice.tokens));
    if (voice.seconds >= kLeastSeconds && voice.tokens > 1)
        text += ChatColumn::tr(" · %1 a second").arg(format::number(double(voice.tokens - 1) / voice.seconds, 1));
    if (voice.stop == "length")
        text += ChatColumn::tr(" · cut off at the limit");
    else if (voice.stop == "cancelled")
        text += ChatColumn::tr(" · stopped");
    return text;
}

}  // namespace

ChatColumn::ChatColumn(const ChatChoice& who, QWidget* parent)
    : QFrame(parent), m_title(who.title), m_detail(who.detail), m_name(makeHeading(who.title, this)), m_who(makeNote(who.detail, this)),
      m_figures(makeNote({}, this))
{
    setObjectName("chatColumn");
    m_name->setObjectName("chatVoiceName");
    m_figures->setObjectName("chatFigures");
    m_figures->setWordWrap(false);
    m_figures->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    m_who->setWordWrap(false);
    for (PlainLabel* label : {m_name, m_who})
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    m_copy = makeTool("copy", tr("Copy the last answer of %1").arg(m_title), tr("Copy the last answer"), this);
    m_copy->setObjectName("copyAnswerButton");
    m_remove = makeTool("close", tr("Remove %1 from the chat").arg(m_title), tr("Remove this voice"), this);
    m_remove->setObjectName("removeVoiceButton");
    m_text = new ChatTranscript(tr("What %1 answers").arg(m_title), this);
    m_text->setObjectName("chatTranscript");
    auto* head = new QHBoxLayout;
    head->setSpacing(8);
    head->addWidget(new Swatch(who.color, this));
    head->addWidget(m_name, 1);
    head->addWidget(m_copy);
    head->addWidget(m_remove);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addLayout(head);
    column->addWidget(m_who);
    column->addWidget(m_text, 1);
    column->addWidget(m_figures);
    setMinimumWidth(160);
    connect(m_copy, &QToolButton::clicked, this, &ChatColumn::copyAnswer);
    connect(m_remove, &QToolButton::clicked, this, &ChatColumn::removeAsked);
    m_copy->setEnabled(false);
}

void ChatColumn::setVoice(const ChatVoiceState& voice, bool busy)
{
    m_text->setTurns(voice.turns);
    m_answer.clear();
    if (!voice.turns.empty() && voice.turns.back().role == "assistant")
        m_answer = voice.turns.back().content;
    m_copy->setEnabled(!m_answer.empty());
    m_remove->setEnabled(!busy);
    m_figures->setText(figuresText(voice, busy));
    m_detail = voice.step >= 0 ? tr("%1, answered from step %2").arg(voice.who.detail.section(QStringLiteral(", "), 0, 0)).arg(voice.step) : voice.who.detail;
    elide();
}

// Long names of runs end in an ellipsis; the whole is in the tool tip.
void ChatColumn::elide()
{
    m_name->setText(m_name->fontMetrics().elidedText(m_title, Qt::ElideRight, std::max(40, m_name->width())));
    m_who->setText(m_who->fontMetrics().elidedText(m_detail, Qt::ElideRight, std::max(40, m_who->width())));
    setPlainToolTip(m_name, m_title + '\n' + m_detail);
}

void ChatColumn::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    elide();
}

void ChatColumn::copyAnswer()
{
    QGuiApplication::clipboard()->setText(format::text(m_answer));
}

QString ChatColumn::transcriptText() const
{
    return m_text->toPlainText();
}

}  // namespace rankwright
