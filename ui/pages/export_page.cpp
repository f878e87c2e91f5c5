// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Writing, reading back and comparing is one engine job; the badge shows what the comparison found.
#include "ui/pages/export_page.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/models/curve_store.h"
#include "ui/models/export_forms.h"
#include "ui/models/run_table.h"
#include "ui/theme.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"

#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QGuiApplication>
#include <QLineEdit>
#include <QListWidget>
#include <QProgressBar>
#include <QPushButton>
#include <QStandardItemModel>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

constexpr double kBar = 1e-3;   // of float32 logits read back
constexpr int64_t kMostRuns = 300;   // of a list to choose from

// "largest difference 2.1e-07 of logits up to 31.2"
QString differenceText(double difference, double largestLogit)
{
    const auto text = ExportPage::tr("largest difference %1").arg(format::scientific(difference));
    return largestLogit > 0 ? ExportPage::tr("%1 of logits up to %2").arg(text, format::number(largestLogit, 1)) : text;
}

}  // namespace

ExportPage::ExportPage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_reader(workbench.dataDirectory()), m_messages(new MessageBar(this))
{
    m_messages->setObjectName("exportMessages");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(16);
    column->addWidget(makeTitle(title(), this));
    column->addWidget(m_messages);
    column->addWidget(makeForm());
    m_result = makeResult();
    column->addWidget(m_result);
    column->addWidget(m_earlierBox = makeEarlier());
    column->addStretch();
    connect(&m_reader, &StoreReader::failed, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_workbench, &Workbench::runsChanged, this, [this] {
        if (isVisible())   // otherwise when it is looked at
            readRuns();
    });
    refresh();
}

QWidget* ExportPage::makeForm()
{
    auto* box = new QWidget(this);
    box->setMaximumWidth(760);
    auto* form = new QFormLayout(box);
    form->setContentsMargins(0, 0, 0, 0);
    form->setVerticalSpacing(8);
    form->setHorizontalSpacing(16);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    m_runBox = new QComboBox(box);
    m_runBox->setObjectName("exportRun");
    m_runBox->setIconSize({26, 16});
    m_runBox->setAccessibleName(tr("Run to export"));
    m_formatBox = new QComboBox(box);
    m_formatBox->setObjectName("formatBox");
    m_formatBox->setAccessibleName(tr("Format"));
    m_formatBox->addItem(tr("Adapter for the original base (lora)"), "lora");
    m_formatBox->addItem(tr("Trained A and B with the edited base (peft)"), "peft");
    m_formatBox->addItem(tr("Merged model (merged)"), "merged");
    m_formatBox->addItem(tr("Merged model as GGUF file, for llama.cpp (gguf)"), "gguf");
    m_formatBox->addItem(tr("Adapter as GGUF file, for llama.cpp (gguf-lora)"), "gguf-lora");
    m_explanation = makeNote({}, box);
    m_explanation->setObjectName("exportExplanation");
    m_dtypeBox = new QComboBox(box);
    m_dtypeBox->setObjectName("dtypeBox");
    m_dtypeBox->setAccessibleName(tr("Number format of the merged weights"));
    m_dtypeLabel = new PlainLabel(tr("Number format"), box);
    form->addRow(new PlainLabel(tr("Run"), box), m_runBox);
    form->addRow(new PlainLabel(tr("Format"), box), m_formatBox);
    form->addRow(nullptr, m_explanation);
    form->addRow(m_dtypeLabel, m_dtypeBox);
    form->addRow(new PlainLabel(tr("Folder"), box), makeFolderRow(box));
    m_export = new QPushButton(tr("Export"), box);
    m_export->setObjectName("exportButton");
    m_cancel = new QPushButton(tr("Cancel"), box);
    m_cancel->setObjectName("cancelExportButton");
    m_progress = new QProgressBar(box);
    m_progress->setObjectName("exportProgress");
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(8);
    m_progress->setAccessibleName(tr("Progress of the export"));
    m_step = makeNote({}, box);
    m_step->setObjectName("exportStep");
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_export);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_progress, 1);
    buttons->addStretch();
    form->addRow(nullptr, buttons);
    form->addRow(nullptr, m_step);
    connect(m_runBox, &QComboBox::activated, this, [this] {
        noteSeen();
        refresh();
    });
    connect(m_formatBox, &QComboBox::activated, this, &ExportPage::refresh);
    connect(m_export, &QPushButton::clicked, this, &ExportPage::start);
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        if (m_job)
            m_job->cancel();
        finish();
        m_step->setText(tr("Cancelled. Files written so far stay in the folder."));
    });
    return box;
}

QWidget* ExportPage::makeFolderRow(QWidget* parent)
{
    auto* box = new QWidget(parent);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    m_folder = new QLineEdit(box);
    m_folder->setObjectName("exportFolder");
    m_folder->setAccessibleName(tr("Folder to write to"));
    setPlainToolTip(m_folder, tr("A new or empty folder"));
    auto* browse = new QPushButton(tr("Choose…"), box);
    browse->setObjectName("chooseExportFolder");
    browse->setAccessibleName(tr("Choose the folder to write to"));
    row->addWidget(m_folder, 1);
    row->addWidget(browse);
    connect(browse, &QPushButton::clicked, this, &ExportPage::chooseFolder);
    connect(m_folder, &QLineEdit::textChanged, this, [this] {
        m_export->setEnabled(chosen() != nullptr && !m_job && !m_folder->text().trimmed().isEmpty());
    });
    return box;
}

QWidget* ExportPage::makeResult()
{
    auto* box = new QWidget(this);
    box->setMaximumWidth(760);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_badge = makeHeading({}, box);
    m_badge->setObjectName("exportBadge");
    m_badge->setWordWrap(true);
    m_summary = new PlainLabel({}, box);
    m_summary->setObjectName("exportSummary");
    m_summary->setWordWrap(true);
    m_summary->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_copyPath = new QPushButton(tr("Copy path"), box);
    m_copyPath->setObjectName("copyPathButton");
    m_files = new QListWidget(box);
    m_files->setObjectName("exportFiles");
    m_files->setMaximumHeight(240);
    m_files->setAccessibleName(tr("Files written"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_summary, 1);
    row->addWidget(m_copyPath, 0, Qt::AlignTop);
    column->addWidget(m_badge);
    column->addLayout(row);
    column->addWidget(m_files, 1);
    box->hide();
    return box;
}

QWidget* ExportPage::makeEarlier()
{
    auto* box = new QWidget(this);
    box->setMaximumWidth(760);
    m_earlier = new QListWidget(box);
    m_earlier->setObjectName("earlierExports");
    m_earlier->setAccessibleName(tr("Earlier exports of this run and how near they are to the trained model"));
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(makeHeading(tr("Exports of this run"), box));
    column->addWidget(m_earlier);
    box->hide();
    return box;
}

// The newest first.
void ExportPage::showEarlier()
{
    const Choice* choice = chosen();
    m_earlier->clear();
    m_earlierBox->setVisible(choice != nullptr && !choice->exports.empty());
    if (choice == nullptr)
        return;
    for (auto proof = choice->exports.rbegin(); proof != choice->exports.rend(); ++proof) {
        const bool good = proof->largestDifference <= kBar;   // NaN is not
        const auto folder = format::shown(proof->folder, 1000);
        // A merged model may have been rounded to fewer bits: then a difference is expected.
        const bool mayRound = proof->format == "merged" || proof->format == "gguf";
        const auto mark = good ? QStringLiteral("✓") : mayRound ? QStringLiteral("≈") : QStringLiteral("✗");
        auto* item = new QListWidgetItem(tr("%1 %2 · %3 · %4").arg(mark,
            format::shown(proof->format, 20), differenceText(proof->largestDifference, proof->largestLogit), folder), m_earlier);
        item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(tr("%1\n%2").arg(folder, format::when(proof->time)))));
    }
    if (m_earlier->count() > 0)
        m_earlier->setFixedHeight(std::min(132, m_earlier->sizeHintForRow(0) * m_earlier->count() + 8));
}

void ExportPage::activated()
{
    m_opened = true;
    readRuns();
}

void ExportPage::readRuns()
{
    m_reader.read<Choices>(
        [](RunStore& store) {
            const auto rows = store.runsIn({RunState::finished, RunState::stopped}, kMostRuns);
            Choices read{.older = rows.size() >= size_t(kMostRuns)};
            for (const RunRow& row : rows)
                if (!row.filesMissing)
                    try {
                        const auto started = startedOf(store.folderOf(row.id));
                        read.runs.push_back({row, store.config(row.id), store.exports(row.id), started ? started->task : "lm"});
                    } catch (const Error& error) {
                        if (error.code() == Code::locked)
                            throw;
                        // What it was made with cannot be read: it cannot be exported, but the others can.
                    }
            return read;
        },
        [this](Choices& read) { showRuns(read); });
}

void ExportPage::showRuns(Choices& read)
{
    // What a person has chosen stays, until they come to the page when a newer run has ended since.
    auto wanted = m_runBox->currentData().toString();
    m_choices = std::move(read.runs);
    if (m_opened && !m_job && !m_choices.empty() && !m_seen.contains(m_choices.front().row.id)) {
        wanted = format::text(m_choices.front().row.id);
        noteSeen();
    }
    m_opened = false;
    m_runBox->clear();
    for (const Choice& choice : m_choices) {
        const RunRow& row = choice.row;
        auto text = tr("%1 · %2 · %3 at step %4")
                        .arg(format::shown(row.name.empty() ? row.id : row.name, 60), methodTitle(row.method),
                            stateTitle(row.state).toLower(), format::count(row.step));
        if (!std::isnan(row.bestEval))
            text += tr(" · eval %1").arg(format::number(row.bestEval));
        text += tr(" · %1 · %2").arg(format::when(row.created), format::shown(row.id));
        m_runBox->addItem(
            curveSwatch(theme::methodColor(format::text(row.method)), Qt::SolidLine), text, format::text(row.id));
    }
    if (read.older) {
        m_runBox->addItem(tr("Older runs: rankwright-cli export"));
        qobject_cast<QStandardItemModel*>(m_runBox->model())->item(m_runBox->count() - 1)->setEnabled(false);
    }
    if (const int index = m_runBox->findData(wanted); index >= 0)
        m_runBox->setCurrentIndex(index);
    refresh();
}

void ExportPage::noteSeen()
{
    m_seen.clear();
    for (const Choice& choice : m_choices)
        m_seen.insert(choice.row.id);
}

const ExportPage::Choice* ExportPage::chosen() const
{
    const auto id = format::plain(m_runBox->currentData().toString());
    const auto found
        = std::find_if(m_choices.begin(), m_choices.end(), [&](const Choice& choice) { return choice.row.id == id; });
    return found == m_choices.end() ? nullptr : &*found;
}

// Formats that cannot say what the run has trained are greyed, with the reason; the first that can takes their place.
void ExportPage::offerFormats()
{
    const Choice* choice = chosen();
    auto* items = qobject_cast<QStandardItemModel*>(m_formatBox->model());
    for (int i = 0; i < m_formatBox->count(); ++i) {
        const auto refusal
            = choice == nullptr ? QString() : exportRefusal(m_formatBox->itemData(i).toString(), choice->config, choice->task);
        items->item(i)->setEnabled(refusal.isEmpty());
        items->item(i)->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(refusal)));
    }
    for (int i = 0; i < m_formatBox->count() && !items->item(m_formatBox->currentIndex())->isEnabled(); ++i)
        m_formatBox->setCurrentIndex(i);
}

// Of whole models; the choice stays where the next format has it too.
void ExportPage::offerDtypes(const QString& format)
{
    struct Dtype { const char* id; const char* title; };
    static constexpr Dtype kMerged[] = {{"float32", QT_TR_NOOP("float32")}, {"bfloat16", QT_TR_NOOP("bfloat16")}, {"float16", QT_TR_NOOP("float16")}};
    static constexpr Dtype kGguf[] = {{"float32", QT_TR_NOOP("F32: exact")}, {"float16", QT_TR_NOOP("F16: half the size")},
        {"bfloat16", QT_TR_NOOP("BF16: half the size")}, {"q8_0", QT_TR_NOOP("Q8_0: 8.5 bits a weight")},
        {"q4_0", QT_TR_NOOP("Q4_0: 4.5 bits a weight")}, {"q4_1", QT_TR_NOOP("Q4_1: 5 bits a weight")}};
    const bool merged = format == "merged", gguf = format == "gguf";
    m_dtypeBox->setVisible(merged || gguf);
    m_dtypeLabel->setVisible(merged || gguf);
    if ((!merged && !gguf) || m_dtypesOf == format)
        return;
    m_dtypesOf = format;
    const auto before = m_dtypeBox->currentData();
    m_dtypeBox->clear();
    const auto offer = [this](const auto& choices) {
        for (const Dtype& choice : choices)
            m_dtypeBox->addItem(tr(choice.title), QString::fromLatin1(choice.id));
    };
    merged ? offer(kMerged) : offer(kGguf);
    m_dtypeBox->setCurrentIndex(std::max(0, m_dtypeBox->findData(before)));
}

// What will be written, and why what is greyed is not offered.
QString ExportPage::explanation(const Choice& choice) const
{
    auto text = exportExplanation(m_formatBox->currentData().toString(), choice.config, choice.task);
    for (int i = 0; i < m_formatBox->count(); ++i) {
        const auto refusal = exportRefusal(m_formatBox->itemData(i).toString(), choice.config, choice.task);
        if (!refusal.isEmpty() && !text.contains(refusal))
            text += '\n' + refusal;
    }
    return text;
}

void ExportPage::refresh()
{
    offerFormats();
    const Choice* choice = chosen();
    const auto format = m_formatBox->currentData().toString();
    const bool busy = !m_job.isNull();
    m_explanation->setText(choice == nullptr
            ? tr("No run has finished yet. Train one on the Run page; it can be exported here.")
            : explanation(*choice));
    offerDtypes(format);
    suggestFolder();
    showEarlier();
    for (QWidget* part : {static_cast<QWidget*>(m_runBox), static_cast<QWidget*>(m_formatBox),
             static_cast<QWidget*>(m_dtypeBox), static_cast<QWidget*>(m_folder)})
        part->setEnabled(choice != nullptr && !busy);
    m_export->setEnabled(choice != nullptr && !busy && !m_folder->text().trimmed().isEmpty());
    m_cancel->setVisible(busy);
    m_progress->setVisible(busy);
}

// exports/NAME-FORMAT below the data directory, until a person types another.
void ExportPage::suggestFolder()
{
    const Choice* choice = chosen();
    if (choice == nullptr || (m_folder->text() != m_suggested && !m_folder->text().isEmpty()))
        return;
    QString name;
    for (const QChar letter : format::text(choice->row.name.empty() ? choice->row.id : choice->row.name))
        name += letter.isLetterOrNumber() || letter == '-' || letter == '_' ? letter : QChar('-');
    const auto folder = m_workbench.dataDirectory() / "exports";
    m_suggested = QString::fromStdString(folder.string()) + '/' + name.left(80) + '-' + format::text(choice->row.id)
        + '-' + m_formatBox->currentData().toString();
    m_folder->setText(m_suggested);
}

void ExportPage::chooseFolder()
{
    auto* dialog = new QFileDialog(this, tr("Choose a folder to write to"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, m_folder, &QLineEdit::setText);
    dialog->open();
}

void ExportPage::start()
{
    const Choice* choice = chosen();
    if (choice == nullptr || m_job)
        return;
    const auto format = m_formatBox->currentData().toString();
    m_exported = format::text(choice->row.id);
    m_result->hide();
    m_messages->clear();
    m_step->setText(tr("Loading …"));
    m_progress->setRange(0, 0);
    m_job = m_workbench.ask(ExportJob{.folder = choice->row.folder, .format = format::plain(format),
                                .out = format::plain(m_folder->text().trimmed()),
                                .dtype = m_dtypeBox->isHidden() ? std::string() : format::plain(m_dtypeBox->currentData().toString())},
        this);
    connect(m_job, &JobCall::advanced, this, [this](const std::vector<Event>& batch) {
        for (const Event& event : batch)
            if (const auto* progress = std::get_if<ProgressEvent>(&event)) {
                m_step->setText(format::shown(progress->what, 120));
                m_progress->setRange(0, progress->total > 0 ? 1000 : 0);
                if (progress->total > 0)
                    m_progress->setValue(int(progress->done * 1000 / progress->total));
            }
    });
    connect(
        m_job, &JobCall::finished, this, [this](const Result& result) { showResult(std::get<ExportResult>(result)); });
    connect(m_job, &JobCall::failed, this, [this](const QString& message) {
        finish();
        m_step->setText({});
        m_messages->say(message, true);
    });
    refresh();
}

void ExportPage::finish()
{
    m_job = nullptr;
    refresh();
}

void ExportPage::showResult(const ExportResult& result)
{
    finish();
    m_step->setText({});
    const bool rounded = !m_dtypeBox->isHidden() && m_dtypeBox->currentIndex() > 0;
    const bool good = result.largestDifference <= kBar;   // NaN is not
    const auto figure = differenceText(result.largestDifference, result.largestLogit);
    if (rounded)
        m_badge->setText(tr("Read back: %1, from rounding to %2")
                             .arg(figure, m_dtypeBox->currentData().toString()));
    else
        m_badge->setText(good
                ? tr("✓ Read back: gives the trained model's logits, %1").arg(figure)
                : tr("✗ Read back: the logits differ, %1 (bar %2)").arg(figure, format::scientific(kBar)));
    auto colors = palette();
    if (!rounded && !good)
        colors.setColor(QPalette::WindowText, theme::bad());
    m_badge->setPalette(colors);
    m_summary->setText(tr("%1 in %2").arg(format::bytes(result.bytes), format::shown(result.folder, 1000)));
    m_copyPath->disconnect(this);
    connect(m_copyPath, &QPushButton::clicked, this,
        [folder = format::text(result.folder)] { QGuiApplication::clipboard()->setText(folder); });
    m_files->clear();
    for (const auto& file : result.files)
        m_files->addItem(format::shown(file));
    m_result->show();
    m_reader.change([id = format::plain(m_exported), result](RunStore& store) { store.addExport(id, result); },
        [this](const QString& problem) {
            if (!problem.isEmpty())
                m_messages->say(problem, true);
            else
                readRuns();
        });
    m_workbench.notify(tr("Exported to %1").arg(format::shown(result.folder)));
}

}  // namespace rankwright
