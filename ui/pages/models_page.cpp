// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/models_page.h"

#include "training/api/error.h"
#include "training/api/paths.h"
#include "ui/format.h"
#include "ui/models/model_search.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"

#include <QFileDialog>
#include <QGridLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSortFilterProxyModel>
#include <QTableView>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kDetailsWidth = 288, kFactNameWidth = 132;

std::filesystem::path hubCache()
{
    try {
        return huggingFaceCache();
    } catch (const Error&) {
        return {};  // no HOME: nothing to look through
    }
}

}  // namespace

ModelsPage::ModelsPage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_table(new ModelTable(this)), m_shown(new QSortFilterProxyModel(this)),
      m_found(this, [this](std::vector<std::vector<std::string>> lists, size_t) {
          for (const auto& list : lists) {
              for (const std::string& spec : list)
                  want(spec);
          }
          inspectNext();
      })
{
    m_shown->setSourceModel(m_table);
    m_shown->setFilterKeyColumn(-1);
    m_shown->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_shown->setSortRole(ModelTable::kSortRole);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_messages = new MessageBar);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(24, 16, 24, 16);
    row->setSpacing(24);
    row->addWidget(buildList(), 1);
    row->addWidget(buildDetails());
    column->addLayout(row, 1);
    connect(&m_workbench, &Workbench::modelChanged, this, &ModelsPage::showCurrent);
    showCurrent();
}

ModelsPage::~ModelsPage()
{
    m_found.close();
}

QWidget* ModelsPage::buildList()
{
    auto* list = new QWidget;
    auto* column = new QVBoxLayout(list);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    auto* head = new QHBoxLayout;
    head->addWidget(makeTitle(tr("Models")));
    head->addStretch(1);
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Search"));
    m_search->setAccessibleName(tr("Search models"));
    m_search->setClearButtonEnabled(true);
    m_search->setFixedWidth(220);
    connect(m_search, &QLineEdit::textChanged, m_shown, &QSortFilterProxyModel::setFilterFixedString);
    head->addWidget(m_search);
    auto* add = new QPushButton(theme::icon(QStringLiteral("folder-add")), tr("Add folder…"));
    add->setAccessibleName(tr("Add a folder with models"));
    connect(add, &QPushButton::clicked, this, &ModelsPage::chooseFolder);
    head->addWidget(add);
    m_rescan = new QPushButton(theme::icon(QStringLiteral("refresh")), tr("Look again"));
    m_rescan->setAccessibleName(tr("Look for models again"));
    connect(m_rescan, &QPushButton::clicked, this, [this] {
        m_table->setModels({});
        scan();
    });
    head->addWidget(m_rescan);
    column->addLayout(head);

    m_view = new QTableView;
    m_view->setAccessibleName(tr("Models on this machine"));
    m_view->setModel(m_shown);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setSortingEnabled(true);
    m_view->sortByColumn(-1, Qt::AscendingOrder);
    m_view->setShowGrid(false);
    m_view->setTabKeyNavigation(false);
    m_view->setWordWrap(false);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(32);
    m_view->horizontalHeader()->setHighlightSections(false);
    // Widths that show the usual values at 1280 pixels without a scroll bar; the name takes what is left.
    constexpr std::pair<int, int> widths[] = {{ModelTable::architecture, 138}, {ModelTable::parameters, 92},
        {ModelTable::dtype, 78}, {ModelTable::size, 76}, {ModelTable::context, 68}, {ModelTable::license, 88},
        {ModelTable::source, 116}};
    for (const auto& [columnOf, width] : widths)
        m_view->setColumnWidth(columnOf, width);
    m_view->horizontalHeader()->setSectionResizeMode(ModelTable::name, QHeaderView::Stretch);
    m_view->horizontalHeader()->setMinimumSectionSize(56);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] {
        const ModelInfo* model = current();
        if (model && model->usable && (!m_workbench.model() || m_workbench.model()->spec != model->spec))
            m_workbench.selectModel(*model);
        showCurrent();
    });
    column->addWidget(m_view, 1);
    column->addWidget(m_progress = makeNote(QString()));
    return list;
}

QWidget* ModelsPage::buildDetails()
{
    auto* details = new QWidget;
    details->setFixedWidth(kDetailsWidth);
    m_detailColumn = new QVBoxLayout(details);
    m_detailColumn->setContentsMargins(0, 4, 0, 0);
    m_detailColumn->setSpacing(8);
    m_detailColumn->addWidget(m_name = makeHeading(QString()));
    m_name->setWordWrap(true);
    m_name->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_detailColumn->addWidget(m_state = new PlainLabel);
    m_state->setWordWrap(true);
    m_state->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(m_facts = new QWidget);
    scroll->viewport()->setAutoFillBackground(false);
    m_facts->setAutoFillBackground(false);
    m_detailColumn->addWidget(scroll, 1);
    m_next = new QPushButton(tr("See its spectrum"));
    m_next->setAccessibleName(tr("Go to the spectrum of this model"));
    m_next->setDefault(true);
    m_next->setMinimumHeight(32);
    connect(m_next, &QPushButton::clicked, this, [this] { m_workbench.showPage(QStringLiteral("spectrum")); });
    m_detailColumn->addWidget(m_next);
    return details;
}

void ModelsPage::activated()
{
    if (!m_scanned)
        scan();
}

void ModelsPage::setFolders(const QStringList& folders)
{
    m_folders = folders;
    m_folders.removeDuplicates();
    m_workbench.setModelFolders(m_folders);
    if (m_scanned)
        scan();
}

void ModelsPage::addFolder(const QString& folder)
{
    if (folder.isEmpty() || m_folders.contains(folder))
        return;
    setFolders(m_folders + QStringList{folder});
    emit foldersChanged(m_folders);
}

void ModelsPage::chooseFolder()
{
    auto* dialog = new QFileDialog(this, tr("Add a folder with models"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &ModelsPage::addFolder);
    dialog->open();
}

void ModelsPage::scan()
{
    m_scanned = true;
    std::vector<std::filesystem::path> folders;
    for (const QString& folder : m_folders)
        folders.emplace_back(folder.toStdString());
    // The default needs no walk over the disk: it is asked for at once.
    want("default");
    // An older walk may hang on a slow file system: it is told to stop, not waited for.
    for (std::jthread& walk : m_walks)
        walk.request_stop();
    m_walks.emplace_back([found = m_found, folders, cache = hubCache()](const std::stop_token& stop) {
        found.post(findModelCandidates(folders, cache, stop));
    });
    inspectNext();
}

void ModelsPage::want(const std::string& spec)
{
    const bool waits = std::find(m_waiting.begin(), m_waiting.end(), spec) != m_waiting.end();
    if (m_table->rowOf(spec) < 0 && !waits && spec != m_inspecting)
        m_waiting.push_back(spec);
}

void ModelsPage::inspectNext()
{
    m_rescan->setEnabled(!m_call && m_waiting.empty());
    if (m_call)
        return;
    if (m_waiting.empty()) {
        const int count = m_table->rowCount();
        m_progress->setText(count > 1     ? tr("%1 models").arg(count)
                : count == 1 ? tr("1 model")
                             : tr("No models were found. Add a folder that holds one."));
        return;
    }
    const std::string spec = m_waiting.front();
    m_waiting.pop_front();
    m_inspecting = spec;
    m_progress->setText(tr("Looking at %1").arg(format::shown(spec, 80)));
    m_call = m_workbench.ask(InspectJob{.model = spec}, this);
    connect(m_call, &JobCall::finished, this, [this, spec](const Result& result) {
        ModelInfo model = std::get<ModelInfo>(result);
        model.spec = spec;
        inspected(model);
    });
    connect(m_call, &JobCall::failed, this, [this, spec](const QString& message) {
        ModelInfo model;
        model.spec = spec;
        model.name = spec == "default" ? tr("Default model").toStdString()
                                       : std::filesystem::path(spec).filename().string();
        model.path = spec;
        model.usable = false;
        model.problem = message.toStdString();
        inspected(model);
    });
}

void ModelsPage::inspected(const ModelInfo& model)
{
    m_call.clear();
    m_inspecting.clear();
    m_table->add(model);
    if (model.spec == "default" && !model.usable)
        m_messages->say(format::text(model.problem), true);
    if (model.usable && !m_workbench.model())
        m_workbench.selectModel(model);
    showCurrent();
    inspectNext();
}

const ModelInfo* ModelsPage::current() const
{
    const QModelIndex index = m_view->selectionModel()->currentIndex();
    return index.isValid() ? m_table->model(m_shown->mapToSource(index).row()) : nullptr;
}

void ModelsPage::showCurrent()
{
    // The model that was chosen elsewhere (at start, from a run) is the current row here.
    if (!current() && m_workbench.model()) {
        const int row = m_table->rowOf(m_workbench.model()->spec);
        const QModelIndex shown = m_shown->mapFromSource(m_table->index(std::max(row, 0), 0));
        if (row >= 0 && shown.isValid()) {
            m_view->selectRow(shown.row());
            return;  // comes back here through currentRowChanged
        }
    }
    const ModelInfo* model = current();
    if (!model && m_workbench.model())
        model = &*m_workbench.model();
    m_next->setEnabled(model && model->usable);
    if (!model) {
        m_name->setText(tr("No model chosen"));
        m_state->setText(tr("Choose a model in the list to see its facts and to enable the other pages."));
        m_facts->hide();
        return;
    }
    m_name->setText(format::shown(model->name.empty() ? model->spec : model->name));
    m_state->setText(model->usable ? QString() : tr("Cannot be used: %1").arg(format::shown(model->problem, 800)));
    m_state->setVisible(!model->usable);
    QPalette colours = palette();
    colours.setColor(QPalette::WindowText, theme::bad());
    m_state->setPalette(model->usable ? palette() : colours);
    showFacts(*model);
}

namespace {

QString yesNo(bool yes)
{
    return yes ? ModelsPage::tr("yes") : ModelsPage::tr("no");
}

std::vector<std::pair<QString, QString>> factsOf(const ModelInfo& model)
{
    const auto count = [](int64_t value) { return value > 0 ? format::count(value) : QString(); };
    QStringList dtypes;
    for (const auto& [dtype, tensors] : model.dtypes)
        dtypes.append(ModelsPage::tr("%1 × %2").arg(format::shown(dtype, 24)).arg(tensors));
    const bool known = model.layers > 0;
    const QString heads = model.kvHeads > 0 && model.kvHeads != model.heads
        ? ModelsPage::tr("%1, %2 for keys and values").arg(model.heads).arg(model.kvHeads)
        : count(model.heads);
    std::vector<std::pair<QString, QString>> facts{
        {ModelsPage::tr("Architecture"), format::shown(model.architecture, 60)},
        {ModelsPage::tr("Parameters"), count(model.parameters)},
        {ModelsPage::tr("Adaptable"), count(model.adaptable)},
        {ModelsPage::tr("Layers"), count(model.layers)},
        {ModelsPage::tr("Width"), count(model.hiddenSize)},
        {ModelsPage::tr("Inner width"), count(model.intermediateSize)},
        {ModelsPage::tr("Heads"), heads},
        {ModelsPage::tr("Head width"), count(model.headDim)},
        {ModelsPage::tr("Vocabulary"), count(model.vocabSize)},
        {ModelsPage::tr("Context, tokens"), count(model.contextLength)},
        {ModelsPage::tr("Tied embeddings"), known ? yesNo(model.tiedEmbeddings) : QString()},
        {ModelsPage::tr("Tokenizer"), format::shown(model.tokenizer, 60)},
        {ModelsPage::tr("Chat template"), known ? yesNo(model.chatTemplate) : QString()},
        {ModelsPage::tr("Stored tensors"), dtypes.join(QLatin1Char('\n'))},
        {ModelsPage::tr("Format"), format::shown(model.format, 24)},
        {ModelsPage::tr("Size"), model.bytes > 0 ? format::bytes(model.bytes) : QString()},
        {ModelsPage::tr("Licence"), format::shown(model.license, 80)},
        {ModelsPage::tr("Found in"), format::shown(model.source, 60)},
        {ModelsPage::tr("Path"), format::shown(model.path, 400)},
    };
    std::erase_if(facts, [](const auto& fact) { return fact.second.isEmpty(); });
    return facts;
}

// Long values (paths) scroll in a field of their own; the full text is in its tool tip.
QWidget* valueWidget(const QString& what, const QString& value)
{
    auto* text = new PlainLabel(value);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    text->setAccessibleName(what);
    if (text->sizeHint().width() <= kDetailsWidth - kFactNameWidth)
        return text;
    delete text;
    auto* field = new QLineEdit(value);
    field->setReadOnly(true);
    field->setFrame(false);
    field->setFixedHeight(field->fontMetrics().height() + 2);
    field->setTextMargins(-2, 0, 0, 0);
    field->setCursorPosition(0);
    field->setAccessibleName(what);
    setPlainToolTip(field, value);
    QPalette colours = field->palette();
    colours.setColor(QPalette::Base, Qt::transparent);
    field->setPalette(colours);
    return field;
}

}  // namespace

void ModelsPage::showFacts(const ModelInfo& model)
{
    delete m_facts->layout();
    qDeleteAll(m_facts->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly));
    auto* grid = new QGridLayout(m_facts);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(16);
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(1, 1);
    int row = 0;
    for (const auto& [what, value] : factsOf(model)) {
        auto* label = new PlainLabel(what);
        label->setForegroundRole(QPalette::PlaceholderText);
        grid->addWidget(label, row, 0, Qt::AlignTop);
        grid->addWidget(valueWidget(what, value), row++, 1);
    }
    grid->setRowStretch(row, 1);
    m_facts->show();
}

}  // namespace rankwright
