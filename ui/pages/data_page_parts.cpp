// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What the Data page is made of: the settings on the left, the rows on the right.
#include "ui/pages/data_page.h"

#include "ui/widgets/column_mapping.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/label_bars.h"
#include "ui/widgets/length_histogram.h"
#include "ui/widgets/token_view.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>
#include <QTabBar>
#include <QTabWidget>
#include <QTableWidget>

namespace rankwright {

QWidget* DataPage::makeSettings()
{
    auto* inner = new QWidget(this);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(0, 0, 12, 0);
    column->setSpacing(8);
    column->addWidget(makeHeading(tr("File"), inner));
    column->addWidget(makeFileRow());
    m_format = makeNote(tr("JSONL, JSON, CSV, TSV, Parquet or text; drop a file here, or take the built-in word problems."), inner);
    m_format->setObjectName("dataFormat");
    column->addWidget(m_format);
    column->addSpacing(8);
    m_columns = new ColumnMapping(inner);
    connect(m_columns, &ColumnMapping::columnChosen, this, &DataPage::setColumn);
    column->addWidget(m_columns);
    column->addWidget(makeHeading(tr("What rows are for"), inner));
    m_task = makeNote({}, inner);
    m_task->setObjectName("dataTask");
    column->addWidget(m_task);
    auto* task = new ConfigForm(m_workbench, {"task", "labels"}, inner);
    task->setAdvanced(true);
    task->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    column->addWidget(task);
    column->addSpacing(8);
    column->addWidget(makeHeading(tr("How rows become tokens"), inner));
    auto* form = new ConfigForm(m_workbench, {"chatTemplate", "loss", "maxLength", "packing", "rows", "order"}, inner);
    form->setAdvanced(true);
    form->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    column->addWidget(form);
    column->addSpacing(8);
    column->addWidget(makeHeading(tr("Evaluation"), inner));
    auto* evaluation = new ConfigForm(m_workbench, {"evalData", "evalRows", "validation"}, inner);
    evaluation->setAdvanced(true);
    evaluation->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    column->addWidget(evaluation);
    m_split = makeNote({}, inner);
    m_split->setObjectName("dataSplit");
    column->addWidget(m_split);
    column->addStretch();
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFixedWidth(376);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setAccessibleName(tr("Data settings"));
    return scroll;
}

QWidget* DataPage::makeFileRow()
{
    auto* box = new QWidget(this);
    auto* rows = new QVBoxLayout(box);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(4);
    m_file = new QLineEdit(box);
    m_file->setObjectName("dataFile");
    m_file->setAccessibleName(tr("Data file"));
    m_file->setPlaceholderText(tr("Built-in word problems"));
    setPlainToolTip(m_file, tr("Path of a .jsonl, .json, .csv, .tsv, .parquet or .txt file; empty: the built-in word problems"));
    auto* browse = new QPushButton(tr("Choose file…"), box);
    browse->setObjectName("chooseDataButton");
    m_builtIn = new QPushButton(tr("Use built-in"), box);
    m_builtIn->setObjectName("builtInDataButton");
    setPlainToolTip(m_builtIn, tr("Word problems that the program makes itself: arithmetic with a short solution"));
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(browse);
    buttons->addWidget(m_builtIn);
    buttons->addStretch();
    rows->addWidget(m_file);
    rows->addLayout(buttons);
    connect(browse, &QPushButton::clicked, this, &DataPage::chooseFile);
    connect(m_builtIn, &QPushButton::clicked, this, [this] { openFile(QStringLiteral("default")); });
    connect(m_file, &QLineEdit::editingFinished, this, [this] { openFile(m_file->text()); });
    return box;
}

QWidget* DataPage::makeResults()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_figures = new PlainLabel(tr("Choose a model first; the preview needs its tokenizer."), box);
    m_figures->setObjectName("dataFigures");
    m_figures->setWordWrap(true);
    m_progress = new QProgressBar(box);
    m_progress->setObjectName("dataProgress");
    m_progress->setAccessibleName(tr("Reading the data"));
    m_progress->hide();
    m_histogram = new LengthHistogram(box);
    m_histogram->setObjectName("lengthHistogram");
    m_histogram->setFixedHeight(140);
    m_tokens = new TokenView(box);
    m_tokens->setObjectName("tokenView");
    m_legend = makeNote({}, box);
    m_labels = new LabelBars(box);
    m_labels->setObjectName("labelBars");
    m_labels->hide();
    column->addWidget(makeHeading(tr("Row lengths"), box));
    column->addWidget(m_figures);
    column->addWidget(m_progress);
    column->addWidget(m_labels);
    column->addWidget(m_histogram);
    m_tabs = new QTabWidget(box);
    m_tabs->setObjectName("dataTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->setAccessibleName(tr("The rows"));
    m_tabs->tabBar()->setAccessibleName(tr("Rows as tokens, or as they are in the file"));
    auto* tokens = new QWidget(box);
    auto* sample = new QVBoxLayout(tokens);
    sample->setContentsMargins(0, 8, 0, 0);
    sample->setSpacing(8);
    sample->addWidget(makeSampleRow());
    sample->addWidget(m_tokens, 1);
    sample->addWidget(m_legend);
    m_tabs->addTab(tokens, tr("Rows as tokens"));
    m_tabs->addTab(m_head = makeHeadTable(), tr("First rows of the file"));
    column->addWidget(m_tabs, 1);
    m_legend->setText(tr("Tinted: trained, counts for the loss. Grey: masked, read only. Bold with dots below: added by the "
                         "template or the tokenizer. Every second token is a shade darker; hover for its number and bytes. ↵ is a line break."));
    return box;
}

// The cells as they are in the file, in its columns.
QTableWidget* DataPage::makeHeadTable()
{
    auto* table = new QTableWidget(this);
    table->setObjectName("headTable");
    table->setAccessibleName(tr("First rows of the file"));
    table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table->setTabKeyNavigation(false);
    table->setWordWrap(false);
    table->setShowGrid(false);
    table->verticalHeader()->hide();
    table->horizontalHeader()->setHighlightSections(false);
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    return table;
}

QWidget* DataPage::makeSampleRow()
{
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    m_previous = new QPushButton(tr("Previous"), box);
    m_previous->setObjectName("previousSample");
    m_next = new QPushButton(tr("Next"), box);
    m_next->setObjectName("nextSample");
    m_rowBox = new QSpinBox(box);
    m_rowBox->setObjectName("sampleRow");
    m_rowBox->setLocale(QLocale::c());
    m_rowBox->setAccessibleName(tr("Sample row"));
    m_rowBox->setRange(1, 1);
    m_rowBox->setKeyboardTracking(false);
    m_rowBox->setMinimumWidth(96);
    row->addWidget(makeHeading(tr("Sample row"), box));
    row->addWidget(m_rowBox);
    m_label = new PlainLabel({}, box);
    m_label->setObjectName("sampleLabel");
    row->addSpacing(8);
    row->addWidget(m_label);
    row->addStretch();
    row->addWidget(m_previous);
    row->addWidget(m_next);
    connect(m_previous, &QPushButton::clicked, this, [this] { m_rowBox->stepDown(); });
    connect(m_next, &QPushButton::clicked, this, [this] { m_rowBox->stepUp(); });
    connect(m_rowBox, &QSpinBox::valueChanged, this, [this](int number) { showRow(number - 1); });
    return box;
}

}  // namespace rankwright
