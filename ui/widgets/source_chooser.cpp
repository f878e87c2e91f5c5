// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/source_chooser.h"

#include "training/api/error.h"
#include "training/api/paths.h"
#include "ui/format.h"
#include "ui/models/model_search.h"
#include "ui/widgets/labels.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QScreen>
#include <QVBoxLayout>

#include <algorithm>

namespace rankwright {

namespace {

constexpr QSize kSize(440, 320);

bool hasCheckpoint(const std::filesystem::path& folder)
{
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder / "checkpoints", error), end; !error && at != end; at.increment(error)) {
        if (at->path().filename().string().starts_with("step-"))
            return true;
    }
    return false;
}

constexpr int64_t kMostRuns = 1000;   // the newest; older ones are opened as folders

std::vector<SpectrumSource> runsWithCheckpoint(RunStore& store)
{
    std::vector<SpectrumSource> found;
    for (const RunRow& row : store.runs(kMostRuns)) {
        const std::filesystem::path folder = row.folder.empty() ? store.folderOf(row.id) : std::filesystem::path(row.folder);
        if (!hasCheckpoint(folder))
            continue;
        found.push_back({.title = SourceChooser::tr("Run %1, step %2").arg(format::shown(row.name.empty() ? row.id : row.name, 60)).arg(row.step),
            .model = row.model, .folder = folder.string()});
    }
    return found;
}

std::filesystem::path hubCache()
{
    try {
        return huggingFaceCache();
    } catch (const Error&) {
        return {};   // no HOME
    }
}

QString modelTitle(const std::string& spec)
{
    if (spec == "default")
        return SourceChooser::tr("Default model");
    const std::filesystem::path path(spec);
    return format::shown(path.is_absolute() ? path.filename().string() : spec, 80);
}

}  // namespace

SourceChooser::SourceChooser(const std::filesystem::path& dataDirectory, QWidget* parent)
    : QFrame(parent, Qt::Popup), m_field(new QLineEdit), m_list(new QListWidget), m_store(dataDirectory),
      m_found(this, [this](std::vector<std::vector<std::string>> lists, size_t) {
          for (const std::string& spec : lists.back())
              m_models.push_back({.title = modelTitle(spec), .model = spec, .folder = {}});
          fill(m_field->text());
      })
{
    setFrameShape(QFrame::StyledPanel);
    setAccessibleName(tr("Compare with"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(8, 8, 8, 8);
    column->setSpacing(8);
    m_field->setPlaceholderText(tr("Search, or a folder or .gguf file"));
    m_field->setAccessibleName(tr("Search models and runs"));
    m_field->installEventFilter(this);
    m_list->setAccessibleName(tr("Models and runs"));
    m_list->setTextElideMode(Qt::ElideMiddle);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    column->addWidget(m_field);
    column->addWidget(m_list, 1);
    setTabOrder(m_field, m_list);
    connect(m_field, &QLineEdit::textChanged, this, &SourceChooser::fill);
    connect(m_field, &QLineEdit::returnPressed, this, &SourceChooser::take);
    connect(m_list, &QListWidget::itemActivated, this, &SourceChooser::take);
    connect(m_list, &QListWidget::itemClicked, this, &SourceChooser::take);
}

SourceChooser::~SourceChooser()
{
    m_found.close();
}

void SourceChooser::open(QWidget& anchor, const std::string& without)
{
    m_without = without;
    m_field->clear();
    search();
    resize(kSize);
    QPoint at = anchor.mapToGlobal(QPoint(0, anchor.height() + 4));
    if (const QScreen* screen = anchor.screen()) {
        const QRect room = screen->availableGeometry();
        at.setX(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - kSize.width())));
        at.setY(std::clamp(at.y(), room.top(), std::max(room.top(), room.bottom() - kSize.height())));
    }
    move(at);
    show();
    m_field->setFocus();
}

void SourceChooser::search()
{
    m_models.clear();
    m_runs.clear();
    fill({});
    std::vector<std::filesystem::path> folders;
    for (const QString& folder : m_folders)
        folders.emplace_back(format::plain(folder));
    m_walk = std::jthread([found = m_found, folders, cache = hubCache()](const std::stop_token& stop) {
        found.post(findModelCandidates(folders, cache, stop));
    });
    m_store.read<std::vector<SpectrumSource>>(runsWithCheckpoint, [this](std::vector<SpectrumSource>& runs) {
        m_runs = std::move(runs);
        fill(m_field->text());
    });
}

void SourceChooser::fill(const QString& filter)
{
    m_list->clear();
    m_listed.clear();
    const auto add = [&](const SpectrumSource& source, const QString& tip) {
        m_listed.push_back(source);
        auto* item = new QListWidgetItem(source.title, m_list);
        item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(tip)));
    };
    const auto fits = [&filter](const SpectrumSource& source) {
        return source.title.contains(filter, Qt::CaseInsensitive)
            || format::text(source.model).contains(filter, Qt::CaseInsensitive);
    };
    for (const SpectrumSource& run : m_runs) {
        if (fits(run))
            add(run, tr("The weights as the run's newest checkpoint left them"));
    }
    for (const SpectrumSource& model : m_models) {
        if (model.model != m_without && fits(model))
            add(model, format::shown(model.model));
    }
    const QString typed = filter.trimmed();
    if (typed.contains('/') && std::none_of(m_listed.begin(), m_listed.end(), [&typed](const SpectrumSource& source) {
            return format::text(source.model) == typed;
        }))
        add({.title = tr("Open %1").arg(format::shown(format::plain(typed), 60)), .model = format::plain(typed), .folder = {}},
            format::shown(format::plain(typed)));
    if (!m_listed.empty())
        m_list->setCurrentRow(0);
}

void SourceChooser::take()
{
    const int row = m_list->currentRow();
    if (row < 0 || size_t(row) >= m_listed.size())
        return;
    SpectrumSource source = m_listed[size_t(row)];
    if (source.folder.empty())
        source.title = modelTitle(source.model);
    hide();
    emit chosen(source);
}

QStringList SourceChooser::titles() const
{
    QStringList found;
    for (const SpectrumSource& source : m_listed)
        found.append(source.title);
    return found;
}

bool SourceChooser::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Down || key == Qt::Key_Up) {
            const int step = key == Qt::Key_Down ? 1 : -1;
            m_list->setCurrentRow(std::clamp(m_list->currentRow() + step, 0, std::max(0, m_list->count() - 1)));
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

}  // namespace rankwright
