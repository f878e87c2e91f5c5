// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Cards for the method choices of the configuration table; an empty rate means the shared one.
#include "ui/widgets/arm_cards.h"

#include "ui/format.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"

#include <QCheckBox>
#include <QFrame>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

QString sentence(const std::string& method)
{
    if (method == "lora")
        return ArmCards::tr(
            "Trains two small matrices beside every frozen weight. One of them starts at zero, so the first "
            "step leaves from the base model.");
    if (method == "pissa")
        return ArmCards::tr(
            "Starts the two small matrices from each weight's largest singular values and freezes the rest. "
            "The same model at step 0, but the strongest directions train first.");
    return ArmCards::tr("Fine-tunes with the method “%1”.").arg(methodTitle(method));
}

QString rateHelp(const std::string& method)
{
    const auto shared = ArmCards::tr("Learning rate of this arm only. Empty: the shared one.");
    return method == "pissa"
        ? shared + ' ' + ArmCards::tr("PiSSA's matrices start large, so it often wants a smaller rate than LoRA.")
        : shared;
}

// The arm's colour along the left edge, as on every chart.
class ColorStrip : public QWidget
{
public:
    ColorStrip(QString method, QWidget* parent) : QWidget(parent), m_method(std::move(method)) { setFixedWidth(4); }

protected:
    void paintEvent(QPaintEvent*) override { QPainter(this).fillRect(rect(), theme::methodColor(m_method)); }

private:
    QString m_method;
};

}  // namespace

ArmCards::ArmCards(Workbench& workbench, QWidget* parent) : QWidget(parent), m_workbench(workbench)
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(16);
    for (const Field& field : configFields())
        if (field.key == "method")
            for (const auto& method : field.choices)
                row->addWidget(makeCard(method), 1);
    connect(&m_workbench, &Workbench::armsChanged, this, &ArmCards::refresh);
    connect(&m_workbench, &Workbench::configChanged, this, &ArmCards::refresh);
    refresh();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ArmCards::~ArmCards()
{
    hide();
}

QWidget* ArmCards::makeCard(const std::string& method)
{
    const auto name = format::text(method);
    const auto title = methodTitle(method);
    auto* frame = new QFrame(this);
    frame->setFrameShape(QFrame::StyledPanel);
    frame->setBackgroundRole(QPalette::Base);
    frame->setAutoFillBackground(true);
    Card card;
    card.method = method;
    card.tick = new QCheckBox(title, frame);
    card.tick->setObjectName("arm_" + name);
    card.tick->setAccessibleName(tr("Train with %1").arg(title));
    card.tick->setFont(theme::headingFont());
    card.rate = new QLineEdit(frame);
    card.rate->setObjectName("armRate_" + name);
    card.rate->setAccessibleName(tr("Learning rate of %1").arg(title));
    card.rate->setAlignment(Qt::AlignRight);
    card.rate->setFixedWidth(136);
    setPlainToolTip(card.rate, rateHelp(method));
    card.problem = makeNote({}, frame);
    card.problem->hide();
    auto* rateLabel = new PlainLabel(tr("Learning rate"), frame);
    rateLabel->setBuddy(card.rate);
    auto* top = new QHBoxLayout;
    top->addWidget(card.tick, 1);
    top->addWidget(rateLabel);
    top->addWidget(card.rate);
    auto* text = new QVBoxLayout;
    text->setContentsMargins(12, 8, 12, 8);
    text->setSpacing(4);
    text->addLayout(top);
    text->addWidget(makeNote(sentence(method), frame));
    text->addWidget(card.problem);
    text->addStretch();
    auto* all = new QHBoxLayout(frame);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(new ColorStrip(name, frame));
    all->addLayout(text, 1);
    const size_t index = m_cards.size();
    connect(card.tick, &QCheckBox::clicked, this, &ArmCards::choose);
    connect(card.rate, &QLineEdit::editingFinished, this, [this, index] { commitRate(index); });
    m_cards.push_back(std::move(card));
    return frame;
}

void ArmCards::choose()
{
    QStringList arms;
    for (const Card& card : m_cards)
        if (card.tick->isChecked())
            arms << format::text(card.method);
    m_workbench.setArms(arms);
}

void ArmCards::commitRate(size_t index)
{
    Card& card = m_cards[index];
    const bool before = hasProblems();
    try {
        const auto text = format::plain(card.rate->text());
        nlohmann::json value;
        if (!text.empty()) {
            value = parseNumber(text, "learning rate");
            auto document = toJson(m_workbench.config());
            document["learningRate"] = value;
            configFromJson(document);   // the range
        }
        card.problem->setText({});
        if (!value.is_null() || m_workbench.armOverrides().contains(card.method))
            m_workbench.setArmOverride(card.method, "learningRate", value);
    } catch (const std::exception& error) {
        card.problem->setText(QString::fromUtf8(error.what()));
    }
    card.problem->setVisible(!card.problem->text().isEmpty());
    if (before != hasProblems())
        emit problemsChanged(!before);
}

bool ArmCards::hasProblems() const
{
    return std::any_of(
        m_cards.begin(), m_cards.end(), [](const Card& card) { return !card.problem->text().isEmpty(); });
}

void ArmCards::refresh()
{
    const auto shared = format::text(nlohmann::json(m_workbench.config().learningRate).dump());
    for (Card& card : m_cards) {
        const bool on = m_workbench.arms().contains(format::text(card.method));
        card.tick->setChecked(on);
        card.rate->setEnabled(on);
        card.rate->setPlaceholderText(tr("%1 (shared)").arg(shared));
        if (!card.problem->text().isEmpty())
            continue;   // what was refused stays to be corrected
        const auto own = m_workbench.armOverrides().find(card.method);
        const bool set = own != m_workbench.armOverrides().end() && own->second.contains("learningRate");
        const auto text = set ? format::text(own->second.at("learningRate").dump()) : QString();
        if (card.rate->text() != text)
            card.rate->setText(text);
    }
}

}  // namespace rankwright
