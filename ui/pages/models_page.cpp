// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/models_page.h"

#include "training/api/error.h"
#include "training/api/paths.h"
#include "ui/format.h"
#include "ui/models/model_search.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/model_sheet.h"

#include <QFileDialog>
#include <QHeaderView>
#include <QLineEdit>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kListHeight = 240, kSheetHeight = 400;   // at first; what a window has more is shared in the same way

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
    auto* both = new QSplitter(Qt::Vertical);
    both->setChildrenCollapsible(false);
    both->setHandleWidth(16);
    both->addWidget(buildList());
    both->addWidget(m_sheet = new ModelSheet(m_workbench));
    both->setStretchFactor(0, 2);
    both->setStretchFactor(1, 3);
    both->setSizes({kListHeight, kSheetHeight});
    auto* inner = new QVBoxLayout;
    inner->setContentsMargins(24, 16, 24, 16);
    inner->addWidget(both);
    column->addLayout(inner, 1);
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
    m_search->setObjectName("modelSearch");
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
    m_view->setObjectName("modelTable");
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
    m_sheet->setModel(model);
}

}  // namespace rankwright
