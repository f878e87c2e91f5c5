// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/render.h"

#include "storage/run_store.h"
#include "training/api/error.h"
#include "ui/format.h"
#include "ui/models/store_reader.h"
#include "ui/pages/page.h"
#include "ui/plots/curve_plot.h"

#include <QFile>
#include <QPixmap>

#include <algorithm>
#include <map>

namespace rankwright {

namespace {

constexpr QSize kPageSize(1280, 800), kLossSize(1200, 720);
constexpr int kPollMilliseconds = 50, kSettleMilliseconds = 500, kMostMilliseconds = 180'000;
constexpr double kSmoothing = 0.6;

void makeFolder(const std::filesystem::path& folder)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error(ErrorParts{.code = Code::exists, .file = folder, .place = "--render", .found = error.message(),
            .allowed = "a folder that can be written", .advice = "Name another folder."});
}

Curve curveOf(RunStore& store, const RunRow& row, const std::string& series, int sameMethod)
{
    const QString method = format::text(row.method);
    Curve curve{.id = format::text(row.id + "/" + series),
        .label = format::shown(row.name.empty() ? row.id : row.name, 60),
        .color = theme::methodColor(method),
        .style = theme::methodStyle(method, sameMethod),
        .markers = series != "loss",
        .x = {},
        .y = {}};
    if (curve.markers)
        curve.label = QObject::tr("%1, held out").arg(curve.label);
    for (const CurvePoint& point : store.curve(row.id, series)) {
        curve.x.push_back(double(point.step));
        curve.y.push_back(point.value);
    }
    return curve;
}

}  // namespace

QStringList unpackSampleRuns(const std::filesystem::path& dataDirectory)
{
    QStringList ids;
    for (const QString& id : {QStringLiteral("samplelora"), QStringLiteral("samplepissa")}) {
        const auto folder = dataDirectory / "runs" / id.toStdString();
        makeFolder(folder);
        for (const char* name : {"run.json", "metrics.jsonl"}) {
            const QString from = QStringLiteral(":/sample/%1/%2").arg(id, QString::fromLatin1(name));
            const auto to = QString::fromStdString((folder / name).string());
            if (!QFile::copy(from, to))
                throw Error(ErrorParts{.code = Code::io, .file = folder / name, .place = "sample run",
                    .found = "could not be written", .allowed = {}, .advice = "Is the disk full?"});
            QFile::setPermissions(to, QFile::ReadOwner | QFile::WriteOwner);
        }
        ids.append(id);
    }
    const RunStore index(dataDirectory);   // imports the folders
    return ids;
}

void renderLoss(const std::filesystem::path& dataDirectory, const RenderRequest& request)
{
    makeFolder(request.folder);
    RunStore store = RunStore::openForReading(dataDirectory);
    std::vector<Curve> curves;
    std::map<std::string, int> seen;
    for (const QString& wanted : request.runs) {
        const RunRow row = store.run(format::plain(wanted));
        const int same = seen[row.method]++;
        for (const char* series : {"loss", "evalLoss"}) {
            Curve curve = curveOf(store, row, series, same);
            if (!curve.x.empty())
                curves.push_back(std::move(curve));
        }
    }
    CurvePlot plot;
    plot.resize(kLossSize);
    plot.setTitles(QObject::tr("Training loss"), QObject::tr("Step"), QObject::tr("Loss"));
    plot.setSmoothing(kSmoothing);
    plot.setCurves(std::move(curves));
    const auto file = request.folder / "loss.png";
    if (!plot.savePng(QString::fromStdString(file.string()), kLossSize.width(), kLossSize.height()))
        throw Error(ErrorParts{.code = Code::io, .file = file, .place = "picture", .found = "could not be written",
            .allowed = {}, .advice = "Is the disk full, or the folder read-only?"});
}

Renderer::Renderer(MainWindow& window, Workbench& workbench, RenderRequest request)
    : m_window(window), m_workbench(workbench), m_request(std::move(request))
{
    m_timer.setInterval(kPollMilliseconds);
    connect(&m_timer, &QTimer::timeout, this, &Renderer::look);
}

void Renderer::start()
{
    try {
        makeFolder(m_request.folder);
        if (!m_request.runs.isEmpty())
            renderLoss(m_workbench.dataDirectory(), m_request);
    } catch (const Error& error) {
        emit finished(QString::fromUtf8(error.what()));
        return;
    }
    theme::apply(*qApp, theme::Mode::light);
    m_window.resize(kPageSize);
    m_window.show();
    m_window.showPage(m_window.pages().front()->id());
    m_since.start();
    m_timer.start();
}

bool Renderer::isQuiet() const
{
    if (!m_window.findChildren<JobCall*>().isEmpty())
        return false;
    const auto readers = m_window.findChildren<StoreReader*>();
    return std::none_of(readers.begin(), readers.end(), [](const StoreReader* reader) { return reader->isBusy(); });
}

void Renderer::look()
{
    if (m_since.elapsed() < kSettleMilliseconds || (!isQuiet() && m_since.elapsed() < kMostMilliseconds))
        return;
    const Page* page = m_window.pages()[m_page];
    const std::string name = format::plain(page->id()) + (m_dark ? "-dark.png" : "-light.png");
    const auto file = m_request.folder / name;
    if (!m_window.grab().save(QString::fromStdString(file.string()))) {
        m_timer.stop();
        emit finished(tr("%1 could not be written").arg(QString::fromStdString(file.string())));
        return;
    }
    next();
}

void Renderer::next()
{
    if (++m_page == m_window.pages().size()) {
        if (std::exchange(m_dark, true)) {
            m_timer.stop();
            emit finished({});
            return;
        }
        m_page = 0;
        theme::apply(*qApp, theme::Mode::dark);
    }
    m_window.showPage(m_window.pages()[m_page]->id());
    m_since.start();
}

}  // namespace rankwright
