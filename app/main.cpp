// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// rankwright: opens the window; the engine is loaded by the first job, on that job's thread, after the first paint.
#include "app/signals.h"
#include "training/api/engine.h"
#include "training/api/error.h"
#include "training/api/paths.h"
#include "ui/main_window.h"
#include "ui/render.h"
#include "ui/report_export.h"
#include "ui/single_window.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QFile>
#include <QTemporaryDir>

#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>

namespace rankwright {

namespace {

#ifdef RANKWRIGHT_VERSION
constexpr const char* kVersion = RANKWRIGHT_VERSION;
#else
constexpr const char* kVersion = "0.1.0";
#endif

struct Options
{
    bool help = false, version = false;
    QString helpText;
    QString dataDirectory;
    RenderRequest render;
    QString report, out;
    [[nodiscard]] bool renders() const { return !render.folder.empty(); }
    [[nodiscard]] bool reports() const { return !report.isEmpty(); }
};

// Read before QApplication: --help and --version need no display, and --render and --report need the offscreen one.
Options readOptions(int argc, char** argv)
{
    QStringList arguments;
    for (int i = 0; i < argc; ++i)
        arguments.append(QString::fromLocal8Bit(argv[i]));
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Fine-tuning workbench for PiSSA and LoRA. Opens the window."));
    const QCommandLineOption help({QStringLiteral("h"), QStringLiteral("help")}, QStringLiteral("Shows this text."));
    const QCommandLineOption version(QStringLiteral("version"), QStringLiteral("Shows the version."));
    const QCommandLineOption data(
        QStringLiteral("data-dir"), QStringLiteral("Where runs are kept."), QStringLiteral("DIR"));
    const QCommandLineOption render(QStringLiteral("render"),
        QStringLiteral("Writes pictures of every page to DIR and ends."), QStringLiteral("DIR"));
    const QCommandLineOption runs(
        QStringLiteral("runs"),
        QStringLiteral("With --render: the stored runs to draw; without it a sample that comes with the program."),
        QStringLiteral("A,B"));
    const QCommandLineOption report(QStringLiteral("report"),
        QStringLiteral("Writes the report of a stored comparison (HTML, PDF, JSON and CSV) and ends; ID is its id, the start of it or its name."),
        QStringLiteral("ID"));
    const QCommandLineOption out(
        QStringLiteral("out"), QStringLiteral("With --report: the folder to write into, created where it is missing."), QStringLiteral("DIR"));
    parser.addOptions({help, version, data, render, runs, report, out});
    const bool parsed = parser.parse(arguments);
    if (!parsed || !parser.positionalArguments().isEmpty()) {
        const QString word = parser.unknownOptionNames().value(0, parser.positionalArguments().value(0));
        const std::string near = nearestName(word.toStdString(), {"help", "version", "data-dir", "render", "runs", "report", "out"});
        throw Error(ErrorParts{.code = Code::usage,
            .file = {},
            .place = "command line",
            .found = parsed ? "one argument too many: " + word.toStdString() : parser.errorText().toStdString(),
            .allowed = {},
            .advice = (near.empty() ? std::string() : "Did you mean --" + near + "? ") + "See rankwright --help."});
    }
    if (parser.isSet(report) != parser.isSet(out) || (parser.isSet(report) && parser.isSet(render)))
        throw Error(ErrorParts{.code = Code::usage, .file = {}, .place = "command line", .found = "--report or --out without the other, or with --render",
            .allowed = "--report ID --out DIR", .advice = "See rankwright --help."});
    return {.help = parser.isSet(help), .version = parser.isSet(version),
        .helpText = parser.helpText().replace(QLatin1String("<executable_name>"), QLatin1String("rankwright")),
        .dataDirectory = parser.value(data),
        .render = {.folder = parser.value(render).toStdString(),
            .runs = parser.value(runs).split(QLatin1Char(','), Qt::SkipEmptyParts)},
        .report = parser.value(report), .out = parser.value(out)};
}

// One engine for all jobs, opened by the first that needs it.
JobCall::LoadEngine sharedEngine()
{
    struct Slot
    {
        std::mutex mutex;
        std::shared_ptr<Engine> engine;
    };
    return [slot = std::make_shared<Slot>()] {
        const std::lock_guard lock(slot->mutex);
        if (!slot->engine)
            slot->engine = loadEngine();
        return slot->engine;
    };
}

int renderAll(QApplication& application, RenderRequest request)
{
    const QTemporaryDir folder;  // pictures neither read nor change a person's settings
    Settings settings((folder.path() + QStringLiteral("/window.ini")).toStdString());
    const bool sample = request.runs.isEmpty();
    const auto data = sample ? std::filesystem::path((folder.path() + QStringLiteral("/data")).toStdString()) : dataDirectory();
    if (sample)
        request.runs = unpackSampleRuns(data);
    Workbench workbench(data, sharedEngine());
    MainWindow window(workbench, settings);
    Renderer renderer(window, workbench, request);
    QString problem;
    QObject::connect(&renderer, &Renderer::finished, &application, [&](const QString& text) {
        problem = text;
        QCoreApplication::exit(text.isEmpty() ? 0 : 74);
    });
    QTimer::singleShot(0, &renderer, &Renderer::start);
    const int status = application.exec();
    if (!problem.isEmpty())
        std::fprintf(stderr, "rankwright: %s\n", qPrintable(problem));
    return status;
}

int writeReportOf(const Options& options)
{
    RunStore store = RunStore::openForReading(dataDirectory());
    for (const std::string& file : exportReport(reportOf(store, options.report.toStdString()), options.out.toStdString()))
        std::printf("%s\n", file.c_str());
    return 0;
}

// Since the kernel made this process, before it loaded any library: field 22 of /proc/self/stat against /proc/uptime, in steps of 10 ms.
int64_t millisecondsSinceStart()
{
    QFile stat(QStringLiteral("/proc/self/stat")), uptime(QStringLiteral("/proc/uptime"));
    if (!stat.open(QIODevice::ReadOnly) || !uptime.open(QIODevice::ReadOnly))
        return -1;
    const QByteArray line = stat.readAll();
    const auto fields = line.mid(line.lastIndexOf(')') + 2).split(' ');   // the name may hold spaces
    const double now = uptime.readAll().split(' ').value(0).toDouble();
    return int64_t(1000 * (now - fields.value(19).toDouble() / double(::sysconf(_SC_CLK_TCK))));
}

int showWindow(QApplication& application)
{
    SingleWindow single(dataDirectory());
    if (single.raisedOther())
        return 0;
    single.listen();
    const Signals signalsAsStop(true);
    QApplication::setQuitOnLastWindowClosed(false);
    Settings settings(settingsFile());
    theme::apply(application, settings.themeMode());
    Workbench workbench(dataDirectory(), sharedEngine());
    MainWindow window(workbench, settings);
    QObject::connect(&single, &SingleWindow::wanted, &window, &MainWindow::comeForward);
    QObject::connect(&window, &MainWindow::wantsToQuit, &application, &QCoreApplication::quit, Qt::QueuedConnection);
    QObject::connect(&window, &MainWindow::firstPainted, &workbench, &Workbench::tidyStore);
    if (qEnvironmentVariableIsSet("RANKWRIGHT_STARTUP"))
        QObject::connect(&window, &MainWindow::firstPainted, [] {
            std::fprintf(stderr, "rankwright: first paint %lld ms after the start\n", static_cast<long long>(millisecondsSinceStart()));
        });
    const std::stop_callback stopped(signalsAsStop.token(),
        [&window] { QMetaObject::invokeMethod(&window, &MainWindow::stopAndQuit, Qt::QueuedConnection); });
    window.show();
    const int status = application.exec();
    window.hide();  // what still ends in the background ends unseen
    return signalsAsStop.arrived() ? 130 : status;
}

int start(int argc, char** argv)
{
    const Options options = readOptions(argc, argv);
    if (options.help || options.version) {
        std::fputs(qPrintable(options.help ? options.helpText
                                           : QStringLiteral("rankwright %1\n").arg(QLatin1String(kVersion))),
            stdout);
        return 0;
    }
    if (!options.dataDirectory.isEmpty())
        setDataDirectory(options.dataDirectory.toStdString());
    ignoreBrokenPipes();
    if ((options.renders() || options.reports()) && qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    // QApplication takes the decimal point from the environment; everything we read and write has '.'.
    std::setlocale(LC_NUMERIC, "C");
    QLocale::setDefault(QLocale::c());
    QApplication::setApplicationName(QStringLiteral("rankwright"));
    QApplication::setApplicationDisplayName(QStringLiteral("Rankwright"));
    QApplication::setApplicationVersion(QLatin1String(kVersion));
    QApplication::setDesktopFileName(QStringLiteral("rankwright"));
    if (options.renders()) {
        theme::apply(application, theme::Mode::light);
        return renderAll(application, options.render);
    }
    if (options.reports())
        return writeReportOf(options);
    return showWindow(application);
}

}  // namespace

// Debian's Qt brings libgomp into the process, which reads its settings before main() runs: the program starts itself once more.
void startWithThreadsThatSleep(char** argv)
{
    if (chooseHowThreadsWait())
        ::execv("/proc/self/exe", argv);   // where that fails, the program goes on as it is
}

}  // namespace rankwright

int main(int argc, char** argv)
{
    rankwright::startWithThreadsThatSleep(argv);
    try {
        return rankwright::start(argc, argv);
    } catch (const rankwright::Error& error) {
        std::fprintf(stderr, "rankwright: %s\n", error.what());
        return rankwright::exitStatus(error.code());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "rankwright: %s\n", error.what());
        return rankwright::exitStatus(rankwright::Code::internal);
    }
}
