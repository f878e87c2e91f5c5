// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/comparison_view.h"

#include "ui/format.h"
#include "ui/report_export.h"
#include "ui/widgets/compare_cells.h"
#include "ui/widgets/compare_curves.h"
#include "ui/widgets/compare_rates.h"
#include "ui/widgets/compare_verdict.h"
#include "ui/widgets/config_table.h"
#include "ui/widgets/headings.h"

#include <QDesktopServices>
#include <QEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QPushButton>
#include <QTabBar>
#include <QTabWidget>
#include <QUrl>

namespace rankwright {

ComparisonView::ComparisonView(std::filesystem::path dataDirectory, QWidget* parent)
    : QWidget(parent), m_reader(dataDirectory), m_exporter(dataDirectory), m_tabs(new QTabWidget(this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(makeHeader());
    makeTabs();
    column->addWidget(m_tabs, 1);
    connect(&m_reader, &ReportReader::loaded, this, &ComparisonView::receive);
    connect(&m_reader, &ReportReader::problem, this, &ComparisonView::problem);
    connect(&m_exporter, &StoreReader::failed, this, [this](const QString& text) {
        exported({});
        emit problem(text);
    });
    receive();
}

QWidget* ComparisonView::makeHeader()
{
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    m_name = makeHeading({}, box);
    m_name->setObjectName("comparisonName");
    m_progress = makeNote({}, box);
    m_progress->setObjectName("comparisonProgress");
    m_progress->setWordWrap(false);
    m_export = new QPushButton(tr("Export report…"), box);
    m_export->setObjectName("exportReportButton");
    setPlainToolTip(m_export, tr("Writes the report as HTML and PDF with its data as JSON and CSV into a folder"));
    m_open = new QPushButton(tr("Open report"), box);
    m_open->setObjectName("openReportButton");
    setPlainToolTip(m_open, tr("Shows the folder with the report that was exported last"));
    m_open->setEnabled(false);
    connect(m_export, &QPushButton::clicked, this, &ComparisonView::chooseFolder);
    connect(m_open, &QPushButton::clicked, this, [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(m_folder)); });
    row->addWidget(m_name);
    row->addWidget(m_progress);
    row->addStretch();
    row->addWidget(m_export);
    row->addWidget(m_open);
    return box;
}

void ComparisonView::makeTabs()
{
    m_tabs->setObjectName("comparisonTabs");
    m_tabs->setDocumentMode(true);
    m_tabs->setAccessibleName(tr("Views of the comparison"));
    m_tabs->tabBar()->setAccessibleName(m_tabs->accessibleName());
    m_curves = new CompareCurves(CompareCurves::Kind::levels, this);
    m_difference = new CompareCurves(CompareCurves::Kind::differences, this);
    m_rates = new CompareRates(this);
    m_verdict = new CompareVerdict(this);
    m_configurations = new ConfigTable(tr("Configurations of the arms"), this);
    m_cells = new CompareCells(this);
    m_tabs->addTab(m_curves, tr("Curves"));
    m_tabs->addTab(m_difference, tr("Difference"));
    m_tabs->addTab(m_rates, tr("Rates"));
    m_tabs->addTab(m_verdict, tr("Verdict"));
    m_tabs->addTab(m_configurations, tr("Configuration"));
    m_tabs->addTab(m_cells, tr("Runs"));
}

void ComparisonView::setComparison(const QString& comparison)
{
    if (comparison != m_reader.comparison()) {
        m_folder.clear();
        m_open->setEnabled(false);
    }
    m_reader.show(comparison);
}

void ComparisonView::receive()
{
    const ComparisonData* shown = m_reader.data();
    m_curves->setData(shown);
    m_difference->setData(shown);
    m_rates->setData(shown);
    m_verdict->setData(shown);
    m_cells->setData(shown);
    m_export->setEnabled(shown != nullptr && !m_exporter.isBusy());
    std::vector<ConfigDiff::Column> columns;
    if (shown == nullptr) {
        m_name->setText({});
        m_progress->setText(m_reader.comparison().isEmpty() ? tr("Choose a comparison on the left.") : tr("Reading…"));
        m_configurations->setColumns(columns);
        return;
    }
    const Comparison& comparison = shown->report.comparison;
    const auto over = std::count_if(shown->report.cells.begin(), shown->report.cells.end(),
        [](const ReportCell& cell) { return cell.state == RunState::finished || cell.diverged(); });
    const auto name = format::shown(titleOf(comparison), 400);
    m_name->setText(m_name->fontMetrics().elidedText(name, Qt::ElideMiddle, 260));
    setPlainToolTip(m_name, tr("%1\nComparison %2, created %3").arg(name, format::shown(comparison.id), format::when(comparison.created)));
    m_progress->setText(tr("%1 of %2 runs have ended").arg(over).arg(shown->report.cells.size()));
    for (const Arm& arm : comparison.arms)
        columns.push_back({format::shown(arm.label, 60), arm.config});
    m_configurations->setColumns(columns);
}

void ComparisonView::chooseFolder()
{
    auto* dialog = new QFileDialog(this, tr("Folder for the report"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &ComparisonView::exportTo);
    dialog->open();
}

void ComparisonView::exportTo(const QString& folder)
{
    if (m_reader.comparison().isEmpty())
        return;
    m_export->setEnabled(false);
    m_export->setText(tr("Exporting…"));
    m_exporter.read<std::vector<std::string>>(
        [id = format::plain(m_reader.comparison()), to = format::plain(folder)](
            RunStore& store) { return exportReport(reportOf(store, id), to); },
        [this, folder](std::vector<std::string>&) {
            exported(folder);
            emit saved(folder);
        });
}

void ComparisonView::exported(const QString& folder)
{
    m_export->setText(tr("Export report…"));
    m_export->setEnabled(m_reader.data() != nullptr);
    if (folder.isEmpty())
        return;
    m_folder = folder;
    m_open->setEnabled(true);
}

void ComparisonView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_cells != nullptr)
        receive();
}

}  // namespace rankwright
