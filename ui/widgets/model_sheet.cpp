// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/model_sheet.h"

#include "ui/format.h"
#include "ui/models/model_facts.h"
#include "ui/models/module_list.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/model_picture.h"
#include "ui/widgets/number_table.h"
#include "ui/widgets/token_try.h"
#include "ui/workbench.h"

#include <QCheckBox>
#include <QFontDatabase>
#include <QGridLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QTabBar>
#include <QTabWidget>
#include <QTableView>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kNameWidth = 116;     // of a fact's name
constexpr int kTabMargin = 12;
constexpr qsizetype kLongestWord = 24;   // of a fact that wraps

// A text too long for its place: cut in the middle, and whole to select and copy once it is clicked.
class LongField : public QLineEdit
{
public:
    explicit LongField(const QString& text) : m_text(text)
    {
        setReadOnly(true);
        setFrame(false);
        setFixedHeight(fontMetrics().height() + 2);
        setTextMargins(-2, 0, 0, 0);
        setFocusPolicy(Qt::ClickFocus);   // two dozen stops for Tab would help nobody
        setAccessibleDescription(text);
        setPlainToolTip(this, text);
        QPalette colours = palette();
        colours.setColor(QPalette::Base, Qt::transparent);
        setPalette(colours);
        cut();
    }

protected:
    void resizeEvent(QResizeEvent* event) override
    {
        QLineEdit::resizeEvent(event);
        if (!hasFocus())
            cut();
    }
    void focusInEvent(QFocusEvent* event) override
    {
        setText(m_text);
        QLineEdit::focusInEvent(event);
        selectAll();
    }
    void focusOutEvent(QFocusEvent* event) override
    {
        QLineEdit::focusOutEvent(event);
        cut();
    }

private:
    void cut()
    {
        constexpr int kMargin = 6;   // of a line edit around its text
        setText(fontMetrics().elidedText(m_text, Qt::ElideMiddle, std::max(40, width() - kMargin)));
        setCursorPosition(0);
    }
    QString m_text;
};

// Sentences wrap; what has no place to break (paths) is a field of its own.
QWidget* valueWidget(const QString& what, const QString& value)
{
    const auto words = value.split(' ');
    if (std::all_of(words.begin(), words.end(), [](const QString& word) { return word.size() <= kLongestWord; })) {
        auto* text = new PlainLabel(value);
        text->setWordWrap(true);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse);
        text->setAccessibleName(what);
        return text;
    }
    auto* field = new LongField(value);
    field->setAccessibleName(what);
    return field;
}

QWidget* makeTab(QLayout*& layout, Qt::Orientation orientation)
{
    auto* tab = new QWidget;
    auto* box = new QBoxLayout(orientation == Qt::Horizontal ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom, tab);
    box->setContentsMargins(0, kTabMargin, 0, 0);
    box->setSpacing(orientation == Qt::Horizontal ? 24 : 8);
    layout = box;
    return tab;
}

}  // namespace

ModelSheet::ModelSheet(Workbench& workbench, QWidget* parent) : QWidget(parent), m_workbench(workbench)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeHead());
    column->addWidget(m_state = new PlainLabel);
    m_state->setObjectName("modelProblem");
    m_state->setWordWrap(true);
    m_state->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_tabs = new QTabWidget(this);
    m_tabs->setObjectName("modelTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->setAccessibleName(tr("The model's sheet"));
    m_tabs->tabBar()->setAccessibleName(tr("Parts of the model's sheet"));
    m_tabs->addTab(makeOverview(), tr("Overview"));
    m_tabs->addTab(makeModules(), tr("Matrices"));
    m_tabs->addTab(makeTokenizer(), tr("Tokenizer"));
    m_tabs->addTab(makeTemplate(), tr("Chat template"));
    m_tabs->addTab(makeFiles(), tr("Files and notes"));
    column->addWidget(m_tabs, 1);
    setModel(nullptr);
}

QWidget* ModelSheet::makeHead()
{
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    m_name = makeHeading(QString(), box);
    m_name->setObjectName("modelName");
    m_name->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_next = new QPushButton(tr("See its spectrum"), box);
    m_next->setAccessibleName(tr("Go to the spectrum of this model"));
    m_next->setDefault(true);
    row->addWidget(m_name, 1);
    row->addWidget(m_next);
    connect(m_next, &QPushButton::clicked, this, [this] { m_workbench.showPage(QStringLiteral("spectrum")); });
    return box;
}

QWidget* ModelSheet::makeOverview()
{
    QLayout* row = nullptr;
    auto* tab = makeTab(row, Qt::Horizontal);
    m_facts = new QScrollArea;
    m_facts->setFrameShape(QFrame::NoFrame);
    m_facts->setWidgetResizable(true);
    m_facts->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_facts->setFocusPolicy(Qt::TabFocus);
    m_facts->setAccessibleName(tr("Facts of the model"));
    m_facts->viewport()->setAutoFillBackground(false);
    m_picture = new ModelPicture(tab);
    m_picture->setObjectName("modelPicture");
    auto* across = static_cast<QBoxLayout*>(row);
    across->addWidget(m_facts, 3);
    across->addWidget(m_picture, 2, Qt::AlignTop);
    return tab;
}

QWidget* ModelSheet::makeModules()
{
    QLayout* column = nullptr;
    auto* tab = makeTab(column, Qt::Vertical);
    m_each = new QCheckBox(tr("A row for each layer's matrix"), tab);
    m_each->setObjectName("eachModule");
    setPlainToolTip(m_each, tr("Off: one row for all matrices of a kind, shape and stored type"));
    m_moduleView = new QTableView(tab);
    m_moduleView->setObjectName("moduleTable");
    m_moduleView->setAccessibleName(tr("Matrices that can carry an adapter"));
    m_moduleView->setModel(m_modules = new ModuleList(this));
    m_moduleView->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_moduleView->setShowGrid(false);
    m_moduleView->setTabKeyNavigation(false);
    m_moduleView->setWordWrap(false);
    m_moduleView->verticalHeader()->hide();
    m_moduleView->verticalHeader()->setDefaultSectionSize(24);
    m_moduleView->horizontalHeader()->setHighlightSections(false);
    m_moduleView->horizontalHeader()->setSectionResizeMode(ModuleList::name, QHeaderView::Stretch);
    for (int section = ModuleList::count; section < ModuleList::columns; ++section)
        m_moduleView->setColumnWidth(section, 112);
    column->addWidget(m_moduleView);
    column->addWidget(m_each);
    connect(m_each, &QCheckBox::toggled, this, &ModelSheet::showModules);
    return tab;
}

QWidget* ModelSheet::makeTokenizer()
{
    QLayout* row = nullptr;
    auto* tab = makeTab(row, Qt::Horizontal);
    auto* left = new QWidget(tab);
    auto* column = new QVBoxLayout(left);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_tokenizer = new PlainLabel({}, left);
    m_tokenizer->setObjectName("tokenizerText");
    m_tokenizer->setWordWrap(true);
    m_special = new NumberTable("specialTokens", tr("Special tokens"), {tr("Role"), tr("Special token")}, 2, left);
    column->addWidget(m_tokenizer);
    column->addWidget(m_special, 1);
    m_try = new TokenTry(m_workbench, tab);
    auto* across = static_cast<QBoxLayout*>(row);
    across->addWidget(left, 2);
    across->addWidget(m_try, 3);
    return tab;
}

QWidget* ModelSheet::makeTemplate()
{
    QLayout* column = nullptr;
    auto* tab = makeTab(column, Qt::Vertical);
    m_templateNote = new PlainLabel({}, tab);
    m_templateNote->setObjectName("templateNote");
    m_templateNote->setWordWrap(true);
    m_template = new QPlainTextEdit(tab);
    m_template->setObjectName("templateView");
    m_template->setReadOnly(true);
    m_template->setTabChangesFocus(true);
    m_template->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_template->setAccessibleName(tr("Chat template as it is in the model's files"));
    column->addWidget(m_templateNote);
    column->addWidget(m_template);
    return tab;
}

QWidget* ModelSheet::makeFiles()
{
    QLayout* row = nullptr;
    auto* tab = makeTab(row, Qt::Horizontal);
    m_files = new NumberTable("modelFiles", tr("Files of the model"), {tr("File"), tr("Size")}, 1, tab);
    auto* right = new QWidget(tab);
    auto* column = new QVBoxLayout(right);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_notes = new PlainLabel({}, right);
    m_notes->setObjectName("modelNotes");
    m_notes->setWordWrap(true);
    m_notes->setAlignment(Qt::AlignTop);
    m_notes->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(makeHeading(tr("Notes"), right));
    column->addWidget(m_notes);
    column->addStretch();
    auto* across = static_cast<QBoxLayout*>(row);
    across->addWidget(m_files, 1);
    across->addWidget(right, 1);
    return tab;
}

void ModelSheet::showTab(Tab tab)
{
    m_tabs->setCurrentIndex(int(tab));
}

void ModelSheet::setModel(const ModelInfo* model)
{
    m_next->setEnabled(model != nullptr && model->usable);
    m_tabs->setVisible(model != nullptr);
    QPalette colours = palette();
    if (model != nullptr && !model->usable)
        colours.setColor(QPalette::WindowText, theme::bad());
    m_state->setPalette(colours);
    if (model == nullptr) {
        m_model = {};
        m_name->setText(tr("No model chosen"));
        m_state->setText(tr("Choose a model in the list to see its facts and to enable the other pages."));
        m_state->show();
        return;
    }
    m_model = *model;
    m_name->setText(format::shown(model->name.empty() ? model->spec : model->name));
    const bool speechless = model->usable && model->tokenizer.empty();
    m_state->setText(!model->usable ? tr("Cannot be used: %1").arg(format::shown(model->problem, 800))
            : speechless ? tr("It has no tokenizer: its matrices can be looked at, but it cannot be trained. %1").arg(format::shown(model->problem, 800))
                                    : QString());
    m_state->setVisible(!model->usable || speechless);
    m_picture->setVisible(model->layers > 0);
    m_picture->setModel(*model);
    m_tabs->setTabEnabled(modules, !model->modules.empty());
    m_tabs->setTabEnabled(tokenizer, !model->tokenizer.empty());
    m_tabs->setTabEnabled(chatTemplate, model->usable && model->generates);
    showFacts();
    showModules();
    showText();
    showFiles();
}

// Two facts a line; what was there before is thrown away with its widget.
void ModelSheet::showFacts()
{
    auto* inner = new QWidget;
    inner->setAutoFillBackground(false);
    auto* grid = new QGridLayout(inner);
    grid->setContentsMargins(0, 0, 12, 0);
    grid->setHorizontalSpacing(12);
    grid->setVerticalSpacing(5);
    for (const int column : {0, 2})
        grid->setColumnMinimumWidth(column, kNameWidth);
    for (const int column : {1, 3})
        grid->setColumnStretch(column, 1);
    const auto facts = modelFacts(m_model);
    const int lines = int(facts.size() + 1) / 2;
    for (int i = 0; i < int(facts.size()); ++i) {
        const auto& [what, value] = facts[size_t(i)];
        auto* label = new PlainLabel(what);
        label->setForegroundRole(QPalette::PlaceholderText);
        grid->addWidget(label, i % lines, i < lines ? 0 : 2, Qt::AlignTop);
        grid->addWidget(valueWidget(what, value), i % lines, i < lines ? 1 : 3, Qt::AlignTop);
    }
    grid->setRowStretch(lines, 1);
    m_facts->setWidget(inner);   // deletes the one before
}

void ModelSheet::showModules()
{
    m_modules->setModules(m_model.modules, m_each->isChecked());
}

void ModelSheet::showText()
{
    m_tokenizer->setText(tr("%1, %2 tokens").arg(format::shown(m_model.tokenizer, 60), format::count(m_model.vocabSize)));
    QList<QStringList> rows;
    for (const auto& [role, content] : m_model.specialTokens)
        rows << QStringList{format::shown(role, 40), format::shown(content, 80)};
    m_special->setRows(rows);
    m_try->setModel(m_model);
    m_template->setPlainText(format::lines(m_model.templateSource));
    m_template->setVisible(!m_model.templateSource.empty());
    m_templateNote->setText(!m_model.templateSource.empty()
            ? tr("Renders messages for this model; the Data page shows the result on your rows.")
            : m_model.chatTemplate ? tr("The model brings a chat template.")
                                   : tr("The model brings no chat template: in chat, turns reach it as plain text."));
}

void ModelSheet::showFiles()
{
    QList<QStringList> rows;
    for (const auto& [name, bytes] : m_model.files)
        rows << QStringList{format::shown(name, 200), format::bytes(bytes)};
    m_files->setRows(rows);
    QStringList notes;
    for (const auto& note : m_model.notes)
        notes << format::shown(note, 400);
    m_notes->setText(notes.isEmpty() ? tr("Nothing was assumed and nothing ignored.") : notes.join('\n'));
}

}  // namespace rankwright
