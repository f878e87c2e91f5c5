// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The preview is one engine job that reads the file, maps the columns, tokenises and renders; it is asked again 300 ms
// after the last edit and a newer question cancels an older one. Eight samples come at a time.
#include "ui/pages/data_page.h"

#include "ui/format.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/length_histogram.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/token_view.h"

#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSpinBox>

namespace rankwright {

namespace {

constexpr int kDelay = 300;          // ms
constexpr int64_t kSamples = 8;      // rows rendered at a time

const std::vector<std::string>& roles()
{
    static const std::vector<std::string> all = {"prompt", "input", "response", "system", "messages", "text"};
    return all;
}

QString roleTitle(const std::string& role)
{
    static const std::map<std::string, const char*> titles = {{"prompt", QT_TRANSLATE_NOOP("DataPage", "Prompt")},
        {"input", QT_TRANSLATE_NOOP("DataPage", "Input")}, {"response", QT_TRANSLATE_NOOP("DataPage", "Response")},
        {"system", QT_TRANSLATE_NOOP("DataPage", "System")}, {"messages", QT_TRANSLATE_NOOP("DataPage", "Messages")},
        {"text", QT_TRANSLATE_NOOP("DataPage", "Text")}};
    return DataPage::tr(titles.at(role));
}

// The parts of a configuration that a preview depends on.
bool sameData(const RunConfig& a, const RunConfig& b)
{
    return a.model == b.model && a.data == b.data && a.columns == b.columns && a.chatTemplate == b.chatTemplate
        && a.loss == b.loss && a.rows == b.rows && a.maxLength == b.maxLength;
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

QWidget* DataPage::makeSettings()
{
    auto* inner = new QWidget(this);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(0, 0, 12, 0);
    column->setSpacing(8);
    column->addWidget(makeHeading(tr("File"), inner));
    column->addWidget(makeFileRow());
    m_format = makeNote(tr("JSONL, JSON or text; drop a file here, or take the built-in word problems."), inner);
    m_format->setObjectName("dataFormat");
    column->addWidget(m_format);
    column->addSpacing(8);
    m_columnBox = makeColumns();
    column->addWidget(m_columnBox);
    column->addWidget(makeHeading(tr("How rows become tokens"), inner));
    auto* form = new ConfigForm(m_workbench, {"chatTemplate", "loss", "maxLength", "rows", "order"}, inner);
    form->setAdvanced(true);
    column->addWidget(form);
    column->addSpacing(8);
    column->addWidget(makeHeading(tr("Evaluation"), inner));
    auto* evaluation = new ConfigForm(m_workbench, {"evalData", "evalRows"}, inner);
    evaluation->setAdvanced(true);
    column->addWidget(evaluation);
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
    setPlainToolTip(m_file, tr("Path of a .jsonl, .json or .txt file; empty: the built-in word problems"));
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

QWidget* DataPage::makeColumns()
{
    auto* box = new QWidget(this);
    auto* grid = new QGridLayout(box);
    grid->setContentsMargins(0, 0, 0, 8);
    grid->setVerticalSpacing(4);
    grid->setColumnStretch(1, 1);
    grid->addWidget(makeHeading(tr("Columns"), box), 0, 0, 1, 2);
    for (const std::string& role : roles()) {
        auto* label = new PlainLabel(roleTitle(role), box);
        auto* choice = new QComboBox(box);
        choice->setObjectName("column_" + format::text(role));
        choice->setAccessibleName(tr("Column of the %1").arg(roleTitle(role)));
        choice->setEditable(true);   // a file whose columns nothing was found in can still be told them
        choice->setInsertPolicy(QComboBox::NoInsert);
        choice->lineEdit()->setPlaceholderText(tr("none"));
        choice->lineEdit()->setAccessibleName(choice->accessibleName());
        label->setBuddy(choice);
        setPlainToolTip(choice,
            tr("The column that holds the %1. Found by its name; choose another to change it, or clear "
               "it to find it by its name again.")
                .arg(roleTitle(role).toLower()));
        connect(choice, &QComboBox::activated, this, [this, role, choice] { setColumn(role, choice->currentText()); });
        connect(choice->lineEdit(), &QLineEdit::editingFinished, this,
            [this, role, choice] { setColumn(role, choice->currentText()); });
        const int line = grid->rowCount();
        grid->addWidget(label, line, 0);
        grid->addWidget(choice, line, 1);
        m_columns[role] = choice;
    }
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
    column->addWidget(makeHeading(tr("Row lengths"), box));
    column->addWidget(m_figures);
    column->addWidget(m_progress);
    column->addWidget(m_histogram);
    column->addSpacing(8);
    column->addWidget(makeSampleRow());
    column->addWidget(m_tokens, 1);
    column->addWidget(m_legend);
    m_legend->setText(tr("Tinted: trained, counts for the loss. Grey: masked, read only. Every second token is a shade "
                         "darker; hover for its number. ↵ is a line break."));
    return box;
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
    row->addStretch();
    row->addWidget(m_previous);
    row->addWidget(m_next);
    connect(m_previous, &QPushButton::clicked, this, [this] { m_rowBox->stepDown(); });
    connect(m_next, &QPushButton::clicked, this, [this] { m_rowBox->stepUp(); });
    connect(m_rowBox, &QSpinBox::valueChanged, this, [this](int number) { showRow(number - 1); });
    return box;
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
    dialog->setNameFilters({tr("Data (*.jsonl *.ndjson *.json *.txt)"), tr("All files (*)")});
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
    config.columns.clear();   // they belong to the other file
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
    refreshFields();
}

void DataPage::configChanged()
{
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
    m_columnBox->setVisible(!builtIn);   // there is nothing to choose in the built-in rows
    for (auto& [role, choice] : m_columns) {
        const QSignalBlocker quiet(choice);
        choice->clear();
        choice->addItem(QString());
        for (const auto& name : m_preview.available)
            choice->addItem(format::text(name));
        const auto set = config.columns.find(role);
        const auto found = m_preview.columns.find(role);
        choice->setCurrentText(set != config.columns.end() ? format::text(set->second)
                : found != m_preview.columns.end()         ? format::text(found->second)
                                                           : QString());
    }
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
        m_preview.samples.clear();
        m_preview.rows = 0;
        m_histogram->setLengths({}, 0);
        m_tokens->clearRow();
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
        m_tokens->setRow(m_preview.samples[size_t(place)]);
        return;
    }
    m_tokens->clearRow();
    if (row < m_preview.rows && (place < 0 || place >= kSamples))
        ask();
}

}  // namespace rankwright
