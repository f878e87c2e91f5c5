// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The preview is one engine job that reads the file, maps the columns, tokenises and renders; it is asked again 300 ms
// after the last edit and a newer question cancels an older one. Eight samples come at a time.
#include "ui/pages/data_page.h"

#include "ui/format.h"
#include "ui/settings.h"
#include "ui/widgets/column_mapping.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/label_bars.h"
#include "ui/widgets/length_histogram.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/token_view.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QTableWidget>

namespace rankwright {

namespace {

constexpr int kDelay = 300;          // ms
constexpr int64_t kSamples = 8;      // rows rendered at a time

// The parts of a configuration that a preview depends on.
bool sameData(const RunConfig& a, const RunConfig& b)
{
    return a.model == b.model && a.data == b.data && a.columns == b.columns && a.chatTemplate == b.chatTemplate
        && a.loss == b.loss && a.rows == b.rows && a.maxLength == b.maxLength && a.task == b.task && a.labels == b.labels;
}

QString droppedFile(const QMimeData* data)
{
    const auto urls = data->urls();
    return urls.size() == 1 && urls.front().isLocalFile() ? urls.front().toLocalFile() : QString();
}

}  // namespace

DataPage::DataPage(Workbench& workbench, QWidget* parent) : Page(parent), m_workbench(workbench)
{
    setAcceptDrops(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(12);
    column->addWidget(makeTitle(title(), this));
    m_messages = new MessageBar(this);
    m_messages->setObjectName("dataMessages");
    column->addWidget(m_messages);
    auto* both = new QHBoxLayout;
    both->setSpacing(24);
    both->addWidget(makeSettings());
    both->addWidget(makeResults(), 1);
    column->addLayout(both, 1);
    m_delay.setSingleShot(true);
    m_delay.setInterval(kDelay);
    connect(&m_delay, &QTimer::timeout, this, &DataPage::ask);
    connect(&m_workbench, &Workbench::configChanged, this, &DataPage::configChanged);
    connect(&m_workbench, &Workbench::modelChanged, this, &DataPage::configChanged);
    refreshFields();
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
DataPage::~DataPage()
{
    hide();
}

void DataPage::showHead()
{
    constexpr int kMostColumns = 8;   // more would be too narrow to read; the boxes list them all
    const int columns = std::min(int(m_preview.available.size()), kMostColumns);
    m_head->clear();
    m_head->setColumnCount(columns);
    m_head->setRowCount(int(m_preview.head.size()));
    for (int column = 0; column < columns; ++column) {
        auto text = format::shown(m_preview.available[size_t(column)], 60);
        for (const auto& [role, name] : m_preview.columns)
            if (name == m_preview.available[size_t(column)])
                text += tr(" (%1)").arg(roleTitle(role).toLower());
        m_head->setHorizontalHeaderItem(column, new QTableWidgetItem(text));
        m_head->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        for (int row = 0; row < int(m_preview.head.size()); ++row) {
            const auto& cells = m_preview.head[size_t(row)];
            const auto cell = size_t(column) < cells.size() ? format::shown(cells[size_t(column)], 200) : QString();
            auto* item = new QTableWidgetItem(cell);
            item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(cell)));
            m_head->setItem(row, column, item);
        }
    }
}

void DataPage::activated()
{
    m_visible = true;
    if (m_stale)
        m_delay.start(0);
}

void DataPage::hideEvent(QHideEvent* event)
{
    m_visible = false;
    Page::hideEvent(event);
}

void DataPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (!droppedFile(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void DataPage::dropEvent(QDropEvent* event)
{
    const auto file = droppedFile(event->mimeData());
    if (file.isEmpty())
        return;
    event->acceptProposedAction();
    openFile(file);
}

void DataPage::chooseFile()
{
    auto* dialog = new QFileDialog(this, tr("Choose a data file"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Data (*.jsonl *.ndjson *.json *.csv *.tsv *.parquet *.txt)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::fileSelected, this, &DataPage::openFile);
    dialog->open();
}

void DataPage::openFile(const QString& file)
{
    const auto spec = file.trimmed().isEmpty() ? std::string("default") : format::plain(file.trimmed());
    RunConfig config = m_workbench.config();
    if (config.data == spec) {
        refreshFields();
        return;
    }
    config.data = spec;
    config.columns = m_settings != nullptr ? m_settings->columnsOf(spec) : RunConfig().columns;   // the others belong to the other file
    config.rows.clear();
    m_row = 0;
    m_workbench.edit(config, tr("Change the data file"));
}

void DataPage::setColumn(const std::string& role, const QString& column)
{
    RunConfig config = m_workbench.config();
    const auto automatic = m_preview.columns.find(role);
    const auto wanted = format::plain(column);
    const auto set = config.columns.find(role);
    const bool same = set != config.columns.end()
        ? set->second == wanted
        : wanted == (automatic == m_preview.columns.end() ? "" : automatic->second);
    if (same)
        return;
    if (wanted.empty())
        config.columns.erase(role);
    else
        config.columns[role] = wanted;
    m_workbench.edit(config, tr("Change a column"));
    if (m_settings != nullptr)
        m_settings->setColumnsOf(config.data, config.columns);
    refreshFields();
}

void DataPage::configChanged()
{
    if (m_asked.data != m_workbench.config().data)
        forget();   // it is of another file
    refreshFields();
    if (sameData(m_asked, m_workbench.config()) && !m_stale)
        return;
    m_stale = true;
    if (m_visible)
        m_delay.start();
}

void DataPage::refreshFields()
{
    const RunConfig& config = m_workbench.config();
    const bool builtIn = config.data == "default";
    const auto text = builtIn ? QString() : format::text(config.data);
    if (m_file->text() != text)
        m_file->setText(text);
    m_builtIn->setEnabled(!builtIn);
    m_columns->setVisible(!builtIn);   // there is nothing to choose in the built-in rows
    m_columns->setColumns(m_preview, config.columns);
    showSplit();
}

// What packing and setting aside come to; both are exact only once the rows are read for training.
void DataPage::showSplit()
{
    const RunConfig& config = m_workbench.config();
    QStringList lines;
    if (m_preview.rows > 0 && config.evalData.empty())
        lines << (config.validation > 0 ? tr("About %1 of %2 rows are set aside for evaluation.")
                                              .arg(format::count(int64_t(double(m_preview.rows) * config.validation)), format::count(m_preview.rows))
                                        : tr("No evaluation: name a file, or set a share of the rows aside."));
    if (config.packing == "on" && m_preview.tokens > 0 && config.maxLength > 0)
        lines << tr("Packed: %1 rows fill at least %2 of %3 tokens.")
                     .arg(format::count(m_preview.rows), format::count((m_preview.tokens + config.maxLength - 1) / config.maxLength),
                         format::count(config.maxLength));
    m_split->setText(lines.join('\n'));
    m_split->setVisible(!lines.isEmpty());
}

void DataPage::showTask()
{
    m_workbench.draft().setFoundTask(m_preview.task);
    const auto classes = int(m_preview.labels.size());
    m_task->setText(m_preview.task == "classify" ? tr("Found: a class for each row, %n classes", nullptr, classes)
            : m_preview.task == "regress"        ? tr("Found: a number for each row")
                                                 : tr("Found: text, for the next token"));
    m_labels->setLabels(m_preview.labels);
    const auto& model = m_workbench.model();
    if (model && !model->generates && m_preview.task == "lm")
        m_task->setText(m_task->text() + '\n' + tr("%1 is an encoder and needs rows with a label: choose its column.").arg(format::shown(model->name, 60)));
}

void DataPage::forget()
{
    if (m_job) {
        m_job->disconnect(this);
        m_job->cancel();
        m_job.clear();
    }
    m_progress->hide();
    m_preview = {};
    clearPreview();
    m_figures->setText(m_workbench.model() ? QString() : tr("Choose a model first; the preview needs its tokenizer."));
}

// All but the cells and columns of the file, which a person may want to choose others of.
void DataPage::clearPreview()
{
    DataPreview kept;
    kept.format = m_preview.format;
    kept.task = m_preview.task;
    kept.available = m_preview.available;
    kept.head = m_preview.head;
    kept.columns = m_preview.columns;
    m_preview = std::move(kept);
    showHead();
    m_format->clear();
    m_task->clear();
    m_label->clear();
    m_labels->setLabels({});
    m_histogram->setLengths({}, 0);
    m_tokens->clearRow();
    {
        const QSignalBlocker quiet(m_rowBox);
        m_rowBox->setRange(0, 0);
        m_rowBox->setSuffix({});
    }
    m_previous->setEnabled(false);
    m_next->setEnabled(false);
    refreshFields();
}

void DataPage::ask()
{
    if (m_job)
        m_job->cancel();
    m_stale = false;
    m_asked = m_workbench.config();
    // The row in the middle of the batch, so that both neighbours are there already.
    m_first = std::max<int64_t>(0, m_row - kSamples / 2);
    m_job = m_workbench.ask(PreviewJob{.config = m_asked, .samples = kSamples, .first = m_first}, this);
    m_progress->setRange(0, 0);
    m_progress->show();
    connect(m_job, &JobCall::advanced, this, [this](const std::vector<Event>& batch) {
        for (const Event& event : batch)
            if (const auto* progress = std::get_if<ProgressEvent>(&event); progress != nullptr && progress->total > 0) {
                m_progress->setRange(0, 1000);
                m_progress->setValue(int(progress->done * 1000 / progress->total));
            }
    });
    connect(
        m_job, &JobCall::finished, this, [this](const Result& result) { showPreview(std::get<DataPreview>(result)); });
    connect(m_job, &JobCall::failed, this, [this](const QString& message) {
        m_progress->hide();
        m_stale = true;   // asked again when the page is next opened: the file may have been mended
        m_messages->say(message, true);
        clearPreview();
        m_figures->setText(tr("No preview: see the message above."));
    });
}

void DataPage::showPreview(const DataPreview& preview)
{
    m_progress->hide();
    m_preview = preview;
    refreshFields();
    m_format->setText(m_asked.data == "default" ? tr("Built-in word problems, %1").arg(format::shown(preview.format))
                                                : tr("Read as %1").arg(format::shown(preview.format)));
    const double share = preview.rows > 0 ? 100.0 * double(preview.truncatedRows) / double(preview.rows) : 0;
    auto figures = tr("%1 rows · %2 tokens, %3 of them trained · %4 rows cut off at %5 tokens (%6 %)")
                       .arg(format::count(preview.rows), format::shortCount(preview.tokens),
                           format::shortCount(preview.targetTokens), format::count(preview.truncatedRows),
                           format::count(m_asked.maxLength), format::number(share, 1));
    if (preview.emptyTargetRows > 0)
        figures += tr(" · %1 rows have nothing to train on").arg(format::count(preview.emptyTargetRows));
    m_figures->setText(figures);
    m_histogram->setLengths(preview.lengths, m_asked.maxLength);
    showTask();
    showHead();
    QStringList warnings;
    for (const auto& warning : preview.warnings)
        warnings << format::shown(warning, 400);
    if (warnings.isEmpty())
        m_messages->clear();
    else
        m_messages->say(warnings.join('\n'), false);
    m_row = std::clamp<int64_t>(m_row, 0, std::max<int64_t>(0, preview.rows - 1));
    {
        const QSignalBlocker quiet(m_rowBox);
        m_rowBox->setRange(preview.rows > 0 ? 1 : 0, int(std::min<int64_t>(preview.rows, 1'000'000'000)));
        m_rowBox->setSuffix(tr(" of %1").arg(preview.rows));
        m_rowBox->setValue(int(m_row + 1));
    }
    showRow(m_row);
}

void DataPage::showRow(int64_t row)
{
    m_row = row;
    m_previous->setEnabled(row > 0);
    m_next->setEnabled(row + 1 < m_preview.rows);
    // Samples come in order from the row asked for. (A row's own number is its place in the file: `rows` may begin
    // later.)
    const int64_t place = row - m_first;
    if (place >= 0 && place < int64_t(m_preview.samples.size())) {
        const PreviewRow& sample = m_preview.samples[size_t(place)];
        m_tokens->setRow(sample);
        m_label->setText(sample.label.empty() ? QString() : tr("Label: %1").arg(format::shown(sample.label, 40)));
        return;
    }
    m_tokens->clearRow();
    if (row < m_preview.rows && (place < 0 || place >= kSamples))
        ask();
}

}  // namespace rankwright
