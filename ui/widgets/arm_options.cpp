// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/arm_options.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/wheel_guard.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QLineEdit>

#include <cmath>

namespace rankwright {

namespace {

nlohmann::json toJson(const OptionValue& value)
{
    const double* number = std::get_if<double>(&value);
    return number != nullptr ? nlohmann::json(*number) : nlohmann::json(std::get<std::string>(value));
}

QString titleOfBase(const std::string& id)
{
    for (const BaseFormat& format : baseFormats())
        if (format.id == id)
            return format::text(format.title);
    return format::text(id);
}

QString titleOfOptimiser(const std::string& id)
{
    for (const OptimiserCard& card : optimiserCards())
        if (card.id == id)
            return format::text(card.title);
    return format::text(id);
}

// Only where A and B are both trained, or can be, is there a choice.
bool hasOptimisers(const MethodCard& card)
{
    return card.pictureOf != nullptr || (card.picture.A == Part::trained && card.picture.B == Part::trained);
}

// The number in a text, checked against the option's range. Throws Error.
nlohmann::json numberOf(const MethodOption& option, const QString& text)
{
    const double value = option.kind == Field::Kind::integer ? double(parseInteger(format::plain(text), option.label))
                                                             : parseNumber(format::plain(text), option.label);
    if (!(value >= option.least && value <= option.most))
        throw Error(ErrorParts{.code = Code::config, .place = option.label, .found = format::plain(text),
            .allowed = allowedValues(option), .advice = "Change it."});
    return option.kind == Field::Kind::integer ? nlohmann::json(int64_t(value)) : nlohmann::json(value);
}

}  // namespace

ArmOptions::ArmOptions(Workbench& workbench, const QString& arm, QWidget* parent)
    : QWidget(parent), m_workbench(workbench), m_arm(arm), m_card(methodCard(armMethod(arm)))
{
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 4, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(4);
    grid->setColumnMinimumWidth(0, 104);
    grid->setColumnStretch(1, 1);
    for (const MethodOption& option : m_card.options)
        addOption(grid, option);
    if (m_card.allowsQuantisedBase)
        addChoice(grid, "base", tr("Base weights"), tr("How this arm's frozen weights are stored."));
    if (hasOptimisers(m_card))
        addChoice(grid, "optimizer", tr("Optimiser"), tr("What turns this arm's gradients into steps."));
    tint();
    refresh();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ArmOptions::~ArmOptions()
{
    hide();
}

void ArmOptions::addOption(QGridLayout* grid, const MethodOption& option)
{
    Row row{.key = option.key, .option = &option};
    const size_t index = m_rows.size();
    if (option.kind == Field::Kind::choice || (option.kind == Field::Kind::text && !option.choices.empty())) {
        auto* box = makeBox();
        for (const auto& choice : option.choices)
            box->addItem(format::text(choice));
        const auto take = [this, box, index] { commitText(index, box->currentText()); };
        connect(box, &QComboBox::activated, this, take);
        if (option.kind == Field::Kind::text) {
            box->setEditable(true);
            box->setInsertPolicy(QComboBox::NoInsert);
            box->lineEdit()->setAccessibleName(format::text(option.label));
            connect(box->lineEdit(), &QLineEdit::editingFinished, this, take);
        }
        row.editor = box;
    } else {
        auto* line = new QLineEdit(this);
        if (option.kind != Field::Kind::text)
            line->setAlignment(Qt::AlignRight);
        connect(line, &QLineEdit::editingFinished, this, [this, line, index] { commitText(index, line->text()); });
        row.editor = line;
    }
    auto help = format::text(option.help) + '\n' + tr("Default: %1").arg(valueText(toJson(option.otherwise)));
    if (option.kind == Field::Kind::number || option.kind == Field::Kind::integer)
        help += '\n' + tr("Allowed: %1").arg(format::text(allowedValues(option)));
    if (!option.option.empty())
        help += '\n' + tr("Command line: %1").arg(format::text(option.option));
    place(grid, std::move(row), format::text(option.label), help, format::text(option.unit));
}

void ArmOptions::addChoice(QGridLayout* grid, const std::string& key, const QString& label, const QString& help)
{
    auto* box = makeBox();
    const size_t index = m_rows.size();
    connect(box, &QComboBox::activated, this, [this, box, index] {
        const auto chosen = box->currentData().toString();
        commit(index, chosen.isEmpty() ? nlohmann::json() : nlohmann::json(format::plain(chosen)));
    });
    place(grid, {.key = key, .editor = box}, label, help, {});
}

void ArmOptions::place(QGridLayout* grid, Row row, const QString& label, const QString& help, const QString& unit)
{
    const auto key = format::text(row.key);
    auto* title = new PlainLabel(label, this);
    title->setBuddy(row.editor);
    row.editor->setObjectName("armOption_" + m_arm + '_' + key);
    row.editor->setAccessibleName(tr("%1 of %2").arg(label, armTitle(m_arm)));
    row.editor->setAccessibleDescription(help);
    setPlainToolTip(row.editor, help);
    setPlainToolTip(title, help);
    row.problem = makeNote({}, this);
    row.problem->setObjectName("armOptionProblem_" + m_arm + '_' + key);
    row.problem->hide();
    const int line = grid->rowCount();
    grid->addWidget(title, line, 0);
    grid->addWidget(row.editor, line, 1, 1, unit.isEmpty() ? 2 : 1);
    if (!unit.isEmpty()) {
        auto* note = makeNote(unit, this);
        note->setWordWrap(false);
        grid->addWidget(note, line, 2);
    }
    grid->addWidget(row.problem, line + 1, 1, 1, 2);
    m_rows.push_back(std::move(row));
}

QComboBox* ArmOptions::makeBox()
{
    auto* box = new QComboBox(this);
    box->setFocusPolicy(Qt::StrongFocus);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    new WheelGuard(box);
    return box;
}

void ArmOptions::commitText(size_t index, const QString& text)
{
    Row& row = m_rows[index];
    try {
        const bool number = row.option->kind == Field::Kind::number || row.option->kind == Field::Kind::integer;
        commit(index, number ? numberOf(*row.option, text) : nlohmann::json(format::plain(text.trimmed())));
    } catch (const std::exception& error) {
        say(row, QString::fromUtf8(error.what()));
    }
}

// What is the default already is no change of the arm.
void ArmOptions::commit(size_t index, const nlohmann::json& value)
{
    Row& row = m_rows[index];
    say(row, {});
    row.shown = nullptr;
    const bool isDefault = row.option != nullptr && value == toJson(row.option->otherwise);
    const auto& changes = changesOf(m_arm, m_workbench.armOverrides());
    if (changes.contains(row.key) || !(isDefault || value.is_null()))
        m_workbench.setArmOverride(format::plain(m_arm), row.key, isDefault ? nlohmann::json() : value);
    refresh();   // also where nothing changed: the text is written again in its usual form
}

void ArmOptions::say(Row& row, const QString& problem)
{
    const bool differs = row.problem->text() != problem;
    row.problem->setText(problem);
    row.problem->setVisible(!problem.isEmpty());
    if (differs)
        emit problemsChanged();
}

QString ArmOptions::problem() const
{
    for (const Row& row : m_rows)
        if (!row.problem->text().isEmpty())
            return row.problem->text();
    return {};
}

void ArmOptions::refresh()
{
    const auto& changes = changesOf(m_arm, m_workbench.armOverrides());
    for (Row& row : m_rows) {
        const QSignalBlocker quiet(row.editor);
        if (row.option == nullptr) {
            fillChoices(row);
            continue;
        }
        const auto value = changes.value(row.key, toJson(row.option->otherwise));
        // Something refused stays to be corrected until the value itself changes.
        if (value == row.shown && !row.problem->text().isEmpty())
            continue;
        say(row, {});
        row.shown = value;
        const auto text = valueText(value);
        if (auto* box = qobject_cast<QComboBox*>(row.editor))
            box->setCurrentText(text);
        else if (auto* line = qobject_cast<QLineEdit*>(row.editor); line != nullptr && line->text() != text)
            line->setText(text);
    }
}

// The first entry is what holds for all arms, named as what it comes to for this one.
void ArmOptions::fillChoices(Row& row)
{
    auto* box = qobject_cast<QComboBox*>(row.editor);
    const bool isBase = row.key == "base";
    RunConfig plain = m_workbench.config();
    plain.method = m_card.id;
    const std::string& shared = isBase ? plain.base : plain.optimizer;
    const auto common = isBase ? titleOfBase(effectiveBase(plain)) : titleOfOptimiser(effectiveOptimiser(plain));
    const auto own = changesOf(m_arm, m_workbench.armOverrides()).value(row.key, std::string());
    box->clear();
    box->addItem(shared == "auto" ? tr("Automatic: %1").arg(common) : tr("As shared: %1").arg(common), QString());
    if (shared != "auto")
        box->addItem(tr("Automatic"), QStringLiteral("auto"));
    if (isBase) {
        for (const BaseFormat& format : baseFormats())
            if (format.id != "none" || !m_card.needsQuantisedBase)
                box->addItem(format::text(format.title), format::text(format.id));
    } else {
        for (const OptimiserCard& card : optimiserCards())
            box->addItem(format::text(card.title), format::text(card.id));
    }
    for (int i = 0; isBase && i < box->count(); ++i)
        for (const BaseFormat& format : baseFormats())
            if (format::text(format.id) == box->itemData(i).toString())
                box->setItemData(i, plainMessage(format::text(format.explanation)), Qt::ToolTipRole);
    box->setCurrentIndex(std::max(0, box->findData(format::text(own))));
}

void ArmOptions::tint()
{
    for (Row& row : m_rows) {
        auto colors = row.problem->palette();
        colors.setColor(QPalette::PlaceholderText, theme::bad());
        row.problem->setPalette(colors);
    }
}

void ArmOptions::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        tint();
}

}  // namespace rankwright
