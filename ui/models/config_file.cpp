// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Files of configurations come from other people: their size and depth are bounded and a key may stand only once.
#include "ui/models/config_file.h"

#include "training/api/error.h"
#include "ui/format.h"

#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QSaveFile>

#include <set>

namespace rankwright {

namespace {

constexpr int kMostDepth = 64;
constexpr qint64 kMostBytes = 16 << 20;

[[noreturn]] void refuse(Code code, const QString& file, std::string place, std::string found, std::string advice)
{
    throw Error{ErrorParts{.code = code, .file = format::plain(file), .place = std::move(place),
        .found = std::move(found), .allowed = {}, .advice = std::move(advice)}};
}

nlohmann::json parse(const std::string& bytes, const QString& file)
{
    std::vector<std::set<std::string>> keys;   // of the objects that are open
    const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& part) {
        using Kind = nlohmann::json::parse_event_t;
        if (depth > kMostDepth)
            refuse(Code::limit, file, "nesting", "deeper than 64 levels", "Use a file that Rankwright saved.");
        if (event == Kind::object_start)
            keys.emplace_back();
        else if (event == Kind::object_end)
            keys.pop_back();
        else if (event == Kind::key && !keys.back().insert(part.get<std::string>()).second)
            refuse(Code::format, file, "key " + part.get<std::string>(), "the key stands twice", "Remove one of them.");
        return true;
    };
    try {
        return nlohmann::json::parse(bytes, watch);
    } catch (const nlohmann::json::exception& error) {
        refuse(Code::format, file, "JSON", error.what(), "Choose a configuration that Rankwright saved.");
    }
}

QString planOptions(const RateSweep& sweep, const std::vector<int64_t>& seeds, Schedule schedule, int64_t sharedSeed)
{
    const auto joined = [](const QString& list) { return QString(list).remove(' '); };
    auto text = sweep.rates.empty() ? QStringLiteral(" --sweep %1").arg(sweep.points) : " --rates " + joined(ratesText(sweep.rates));
    if (sweep.rates.empty() && sweep.factor != RateSweep().factor)
        text += " --sweep-factor " + valueText(nlohmann::json(sweep.factor));
    if (seeds != std::vector<int64_t>{sharedSeed})
        text += " --seeds " + joined(seedsText(seeds));
    if (schedule != Schedule::queued)
        text += " --runs " + QString::fromStdString(scheduleText(schedule));
    return text;
}

}  // namespace

RunConfig readConfigFile(const QString& name)
{
    const QFileInfo info(name);
    if (!info.exists() || !info.isFile())   // a pipe would keep the window waiting
        refuse(Code::missing, name, "file", "there is no such file", "Choose another file.");
    if (info.size() > kMostBytes)
        refuse(Code::limit, name, "size", format::plain(format::bytes(info.size())),
            "A configuration has at most 16 MiB.");
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly))
        refuse(Code::io, name, "reading", format::plain(file.errorString()), "Check the file's permissions.");
    return configFromJson(parse(file.read(kMostBytes).toStdString(), name), format::plain(name));
}

void writeConfigFile(const RunConfig& config, const QString& name)
{
    QSaveFile file(name);
    const auto bytes = QByteArray::fromStdString(toJson(config).dump(2) + "\n");
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        refuse(Code::io, name, "writing", format::plain(file.errorString()),
            "Choose a folder that you may write to and that has space left.");
}

QString comparisonCommand(
    const RunConfig& config, const QStringList& given, const ArmOverrides& overrides, const ComparisonPlan& plan)
{
    const auto sweep = sweepOf(plan, given);
    const auto seeds = seedsOf(plan, config);
    if (given.size() == 1 && seeds.size() == 1 && ratesPerArm(sweep) == 1) {
        RunConfig single = armConfig(config, given.front(), overrides);
        single.seed = seeds.front();
        if (!sweep.rates.empty())
            single.learningRate = sweep.rates.front();
        return format::text(commandLine(single));
    }
    QStringList arms = given;
    arms.move(arms.indexOf(baselineOf(plan, arms)), 0);   // the first arm is the baseline
    RunConfig shared = config;
    shared.method = RunConfig().method;   // the arms say the method and its options
    shared.options.clear();
    auto command = format::text(commandLine(shared));
    const auto train = QStringLiteral("rankwright-cli train");
    if (command.startsWith(train))
        command.replace(0, train.size(), QStringLiteral("rankwright-cli compare"));
    command += planOptions(sweep, seeds, scheduleOf(plan, arms), config.seed);
    for (const QString& arm : arms) {
        const auto method = format::text(armMethod(arm));
        auto text = method;
        for (const auto& [key, value] : changesOf(arm, overrides).items())
            text += (text == method ? ":" : ",") + format::text(armKey(key) + "=")
                + (key == "alpha" && value == 0 ? QStringLiteral("auto") : valueText(value));
        // A value with spaces or quotes (a list of layers, say) stays one word of the shell.
        static const QRegularExpression plainWord(QStringLiteral("^[A-Za-z0-9_.:=,+/-]*$"));
        if (!plainWord.match(text).hasMatch())
            text = '\'' + text.replace("'", "'\\''") + '\'';
        command += QStringLiteral(" --arm ") + text;
    }
    return command;
}

}  // namespace rankwright
