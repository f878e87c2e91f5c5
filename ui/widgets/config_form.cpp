// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The settings form. It knows no setting by name: what a field is follows from the table, what is allowed from
// configFromJson(), so that window, files and command line give the same verdict.
#include "ui/widgets/config_form.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/models/config_diff.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/metric_chooser.h"
#include "ui/widgets/wheel_guard.h"

#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QLineEdit>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>
#include <limits>

namespace rankwright {

namespace {

QString groupTitle(const std::string& group)
{
    if (group == "data")
        return ConfigForm::tr("Data");
    if (group == "method")
        return ConfigForm::tr("Adapter");
    if (group == "optimisation")
        return ConfigForm::tr("Optimisation");
    if (group == "run")
        return ConfigForm::tr("Run");
    return format::text(group);
}

QString numberText(double value)
{
    auto text = format::text(nlohmann::json(value).dump());   // the shortest that reads back as the same number
    return text.endsWith(".0") ? text.chopped(2) : text;
}

// Usual values of free texts, offered in a list; anything else may be typed.
const QStringList& usualValues(const std::string& key)
{
    static const std::map<std::string, QStringList> known = {{"chatTemplate", {"auto", "none"}},
        {"modules", {"*", "*self_attn*", "*mlp*", "q_proj,v_proj"}},
        {"evalData", {"default", ""}}, {"device", {"cpu", "cuda"}}};
    static const QStringList none;
    const auto found = known.find(key);
    return found == known.end() ? none : found->second;
}

// Numbers whose 0 has a name, as on the command line: "auto" for alpha.
QString wordForZero(const std::string& key)
{
    return key == "alpha" ? QStringLiteral("auto") : key == "clip" ? QStringLiteral("none") : QString();
}

bool fitsSpinBox(const Field& field)
{
    return field.least >= std::numeric_limits<int>::min() && field.most <= std::numeric_limits<int>::max()
        && field.most > field.least;
}

}  // namespace

QString fieldHelp(const Field& field)
{
    auto text = format::text(field.help);
    const bool ranged = (field.kind == Field::Kind::integer || field.kind == Field::Kind::number)
        && field.most > field.least;
    if (ranged) {
        const auto written = [&](double value) {
            return field.kind == Field::Kind::integer && std::abs(value) < 9e15
                ? format::text(std::to_string(int64_t(value)))
                : numberText(value);
        };
        const auto range = ConfigForm::tr("Range: %1 to %2").arg(written(field.least), written(field.most));
        text += '\n' + (field.unit.empty() ? range : range + ' ' + format::text(field.unit));
    }
    if (!field.option.empty())
        text += '\n' + ConfigForm::tr("Command line: %1").arg(format::text(field.option));
    return text;
}

QStringList ConfigForm::keysOf(const QStringList& groups, const QStringList& without)
{
    QStringList keys;
    for (const QString& group : groups)
        for (const Field& field : configFields())
            if (format::text(field.group) == group && field.methods.empty()   // a method's options are its arms'
                && !without.contains(format::text(field.key)))
                keys << format::text(field.key);
    return keys;
}

ConfigForm::ConfigForm(ConfigDraft& draft, const QStringList& keys, QWidget* parent)
    : QWidget(parent), m_draft(draft), m_defaults(toJson(RunConfig()))
{
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(4);
    grid->setColumnMinimumWidth(0, 10);
    grid->setColumnMinimumWidth(1, 120);   // forms below one another line up
    grid->setColumnMinimumWidth(3, 56);
    grid->setColumnMinimumWidth(4, 28);
    grid->setColumnStretch(2, 1);
    std::vector<const Field*> chosen;
    for (const QString& key : keys)
        for (const Field& field : configFields())
            if (format::text(field.key) == key)
                chosen.push_back(&field);
    const bool grouped = std::any_of(
        chosen.begin(), chosen.end(), [&](const Field* field) { return field->group != chosen.front()->group; });
    for (const Field* field : chosen) {
        if (grouped && (m_headings.empty() || m_headings.back().first != field->group)) {
            auto* heading = makeHeading(groupTitle(field->group), this);
            heading->setContentsMargins(0, m_headings.empty() ? 0 : 12, 0, 4);
            grid->addWidget(heading, grid->rowCount(), 0, 1, 5);
            m_headings.emplace_back(field->group, heading);
        }
        addRow(grid, *field);
    }
    grid->setRowStretch(grid->rowCount(), 1);
    for (const auto signal : {&ConfigDraft::changed, &ConfigDraft::taskFound})
        connect(&m_draft, signal, this, &ConfigForm::refresh);
    tint();
    refresh();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ConfigForm::~ConfigForm()
{
    hide();
}

void ConfigForm::addRow(QGridLayout* grid, const Field& field)
{
    Row row;
    row.field = &field;
    const auto label = format::text(field.label);
    const int line = grid->rowCount();
    row.dot = new PlainLabel(QStringLiteral("•"), this);
    row.dot->setAccessibleName(tr("%1 differs from the default").arg(label));
    setPlainToolTip(row.dot, tr("Differs from the default"));
    auto policy = row.dot->sizePolicy();
    policy.setRetainSizeWhenHidden(true);
    row.dot->setSizePolicy(policy);
    row.label = new PlainLabel(label, this);
    row.unit = makeNote(format::text(field.unit), this);
    row.unit->setWordWrap(false);
    row.editor = makeEditor(field, m_rows.size());
    row.editor->setObjectName("field_" + format::text(field.key));
    row.editor->setAccessibleName(field.unit.empty() ? label : tr("%1 in %2").arg(label, format::text(field.unit)));
    row.editor->setAccessibleDescription(format::text(field.help));
    row.label->setBuddy(row.editor);
    for (QWidget* part : {static_cast<QWidget*>(row.label), row.editor})
        setPlainToolTip(part, fieldHelp(field));
    row.reset = new QToolButton(this);
    row.reset->setIcon(theme::icon("reset"));
    row.reset->setAutoRaise(true);
    row.reset->setObjectName("reset_" + format::text(field.key));
    row.reset->setAccessibleName(tr("Reset %1").arg(label));
    setPlainToolTip(row.reset, tr("Back to the default: %1")
        .arg(m_defaults.value(field.key, nlohmann::json()) == 0 && !wordForZero(field.key).isEmpty()
                ? wordForZero(field.key)
                : configValueText(m_defaults.value(field.key, nlohmann::json()))));
    policy = row.reset->sizePolicy();
    policy.setRetainSizeWhenHidden(true);
    row.reset->setSizePolicy(policy);
    const size_t index = m_rows.size();
    connect(row.reset, &QToolButton::clicked, this, [this, index] { reset(index); });
    row.problem = makeNote({}, this);
    row.problem->setObjectName("problem_" + format::text(field.key));
    row.problem->hide();
    grid->addWidget(row.dot, line, 0);
    grid->addWidget(row.label, line, 1);
    grid->addWidget(row.editor, line, 2);
    grid->addWidget(row.unit, line, 3);
    grid->addWidget(row.reset, line, 4);
    grid->addWidget(row.problem, line + 1, 2, 1, 3);
    m_rows.push_back(std::move(row));
}

QWidget* ConfigForm::makeEditor(const Field& field, size_t row)
{
    if (field.kind == Field::Kind::map)
        return new PlainLabel({}, this);
    if (field.key == "metrics") {
        auto* chooser = new MetricChooser(this);
        connect(chooser, &MetricChooser::chosenChanged, this, [this, row](const std::string& list) { commit(row, list); });
        return chooser;
    }
    if (field.kind == Field::Kind::choice) {
        auto* box = new QComboBox(this);
        for (const auto& choice : field.choices)
            box->addItem(format::text(choice));
        box->setFocusPolicy(Qt::StrongFocus);
        new WheelGuard(box);
        connect(box, &QComboBox::activated, this, [this, box, row] { commit(row, format::plain(box->currentText())); });
        return box;
    }
    if (field.kind == Field::Kind::integer && fitsSpinBox(field)) {
        auto* box = new QSpinBox(this);
        box->setLocale(QLocale::c());
        box->setRange(int(field.least), int(field.most));
        box->setKeyboardTracking(false);   // one edit for "512", not three
        box->setAlignment(Qt::AlignRight);
        box->setFocusPolicy(Qt::StrongFocus);
        new WheelGuard(box);
        connect(box, &QSpinBox::valueChanged, this, [this, row](int value) { commit(row, value); });
        return box;
    }
    if (const auto& usual = usualValues(field.key); field.kind == Field::Kind::text && !usual.isEmpty()) {
        auto* box = new QComboBox(this);
        box->setEditable(true);
        box->setInsertPolicy(QComboBox::NoInsert);
        box->addItems(usual);
        box->setFocusPolicy(Qt::StrongFocus);
        new WheelGuard(box);
        box->lineEdit()->setAccessibleName(format::text(field.label));
        const auto take = [this, box, row] { commitText(row, box->currentText()); };
        connect(box, &QComboBox::activated, this, take);
        connect(box->lineEdit(), &QLineEdit::editingFinished, this, take);
        return box;
    }
    auto* line = new QLineEdit(this);
    if (field.kind != Field::Kind::text)
        line->setAlignment(Qt::AlignRight);
    connect(line, &QLineEdit::editingFinished, this, [this, line, row] { commitText(row, line->text()); });
    return line;
}

void ConfigForm::commitText(size_t index, const QString& text)
{
    Row& row = m_rows[index];
    try {
        const auto key = row.field->label;
        if (row.field->kind == Field::Kind::integer)
            commit(index, parseInteger(format::plain(text), key));
        else if (const auto word = wordForZero(row.field->key); !word.isEmpty() && text.trimmed() == word)
            commit(index, 0.0);
        else if (row.field->kind == Field::Kind::number)
            commit(index, parseNumber(format::plain(text), key));
        else
            commit(index, format::plain(text));
    } catch (const std::exception& error) {
        say(row, QString::fromUtf8(error.what()));
    }
}

void ConfigForm::commit(size_t index, const nlohmann::json& value)
{
    Row& row = m_rows[index];
    auto document = toJson(m_draft.config());
    try {
        document[row.field->key] = value;
        const RunConfig edited = configFromJson(document);
        say(row, {});
        row.shown = nullptr;
        m_draft.edit(edited, tr("Change %1").arg(format::text(row.field->label)));
        refresh();   // also where nothing changed: the text is written again in its usual form
    } catch (const std::exception& error) {
        say(row, QString::fromUtf8(error.what()));
    }
}

void ConfigForm::reset(size_t index)
{
    commit(index, m_defaults.value(m_rows[index].field->key, nlohmann::json()));
}

void ConfigForm::say(Row& row, const QString& problem)
{
    const bool before = hasProblems();
    row.problem->setText(problem);
    row.problem->setVisible(!problem.isEmpty());
    if (before != hasProblems())
        emit problemsChanged(!before);
}

bool ConfigForm::hasProblems() const
{
    return std::any_of(m_rows.begin(), m_rows.end(), [](const Row& row) { return !row.problem->text().isEmpty(); });
}

QWidget* ConfigForm::editor(const QString& key) const
{
    for (const Row& row : m_rows)
        if (format::text(row.field->key) == key)
            return row.editor;
    return nullptr;
}

void ConfigForm::refresh()
{
    const auto document = toJson(m_draft.config());
    for (Row& row : m_rows) {
        const auto value = document.value(row.field->key, nlohmann::json());
        // Something refused stays to be corrected until the value itself changes (undo, another page, a loaded file).
        if (value == row.shown && !row.problem->text().isEmpty())
            continue;
        say(row, {});
        showValue(row, value);
        row.shown = value;
    }
    arrange();
}

void ConfigForm::showValue(Row& row, const nlohmann::json& value)
{
    const QSignalBlocker quiet(row.editor);
    const bool isDefault = value == m_defaults.value(row.field->key, nlohmann::json());
    row.dot->setVisible(!isDefault);
    row.reset->setVisible(!isDefault);
    if (auto* chooser = qobject_cast<MetricChooser*>(row.editor)) {
        const auto& task = m_draft.config().task;
        chooser->setChosen(value.get<std::string>(), task == "auto" ? m_draft.foundTask() : task);
    } else if (auto* box = qobject_cast<QComboBox*>(row.editor)) {
        const auto text = format::text(value.get<std::string>());
        if (!box->isEditable() && box->findText(text) < 0)
            box->addItem(text);
        box->setCurrentText(text);
    } else if (auto* spin = qobject_cast<QSpinBox*>(row.editor)) {
        spin->setValue(int(value.get<int64_t>()));
    } else if (auto* line = qobject_cast<QLineEdit*>(row.editor)) {
        const auto text = value.is_string() ? format::text(value.get<std::string>())
            : value == 0 && !wordForZero(row.field->key).isEmpty() ? wordForZero(row.field->key)
            : value.is_number_float()       ? numberText(value.get<double>())
                                            : format::text(value.dump());
        if (line->text() != text)
            line->setText(text);
    } else if (auto* label = qobject_cast<QLabel*>(row.editor)) {
        label->setText(value.empty() ? tr("automatic") : tr("%n set", nullptr, int(value.size())));
    }
}

void ConfigForm::setAdvanced(bool on)
{
    m_advanced = on;
    arrange();
}

void ConfigForm::keepForAdvanced(const QStringList& keys)
{
    m_forAdvanced = keys;
    arrange();
}

void ConfigForm::setPointless(const QStringList& keys)
{
    m_pointless = keys;
    arrange();
}

void ConfigForm::arrange()
{
    const auto document = toJson(m_draft.config());
    std::map<std::string, bool> groupShown;
    for (Row& row : m_rows) {
        const auto& key = row.field->key;
        const bool changed = document.value(key, nlohmann::json()) != m_defaults.value(key, nlohmann::json());
        const bool problem = !row.problem->text().isEmpty();
        const bool advanced = row.field->advanced || m_forAdvanced.contains(format::text(key));
        const bool pointless = m_pointless.contains(format::text(key)) && !changed && !problem;
        const bool shown = !pointless && (m_advanced || !advanced || changed || problem);
        groupShown[row.field->group] |= shown;
        for (QWidget* part : {static_cast<QWidget*>(row.label), row.editor, static_cast<QWidget*>(row.unit)})
            part->setVisible(shown);
        row.dot->setVisible(shown && changed);
        row.reset->setVisible(shown && changed);
        // Hidden rows must not keep the dot's and the button's room.
        for (QWidget* part : {static_cast<QWidget*>(row.dot), static_cast<QWidget*>(row.reset)}) {
            auto policy = part->sizePolicy();
            policy.setRetainSizeWhenHidden(shown);
            part->setSizePolicy(policy);
        }
        row.problem->setVisible(problem);
    }
    for (auto& [group, heading] : m_headings)
        heading->setVisible(groupShown[group]);
}

void ConfigForm::tint()
{
    for (Row& row : m_rows) {
        auto colors = row.dot->palette();
        colors.setColor(QPalette::WindowText, theme::accent());
        row.dot->setPalette(colors);
        colors = row.problem->palette();
        colors.setColor(QPalette::PlaceholderText, theme::bad());
        row.problem->setPalette(colors);
    }
}

void ConfigForm::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        tint();
}

}  // namespace rankwright
