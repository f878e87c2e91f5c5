// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/comparison_plan.h"

#include "training/api/error.h"
#include "ui/format.h"

#include <QRegularExpression>

#include <algorithm>

namespace rankwright {

namespace {

constexpr size_t kMostSeeds = 100, kMostRates = 25;

[[noreturn]] void refuse(const QString& place, const QString& found, const QString& allowed)
{
    throw Error(ErrorParts{.code = Code::config, .place = format::plain(place), .found = format::plain(found),
        .allowed = format::plain(allowed), .advice = "Correct the list."});
}

QStringList wordsOf(const QString& text)
{
    static const QRegularExpression between(QStringLiteral("[,;\\s]+"));
    return text.split(between, Qt::SkipEmptyParts);
}

}  // namespace

std::vector<int64_t> seedsOf(const ComparisonPlan& plan, const RunConfig& shared)
{
    return plan.seeds.empty() ? std::vector<int64_t>{shared.seed} : plan.seeds;
}

RateSweep sweepOf(const ComparisonPlan& plan, const QStringList& arms)
{
    if (plan.sweep)
        return *plan.sweep;
    RateSweep sweep;   // five rates, a factor 2 apart
    if (arms.size() < 2)
        sweep.points = 1;
    return sweep;
}

QString baselineOf(const ComparisonPlan& plan, const QStringList& arms)
{
    return arms.contains(plan.baseline) ? plan.baseline : arms.value(0);
}

Schedule scheduleOf(const ComparisonPlan& plan, const QStringList& arms)
{
    return arms.size() < 2 && plan.schedule == Schedule::interleaved ? Schedule::queued : plan.schedule;
}

int64_t ratesPerArm(const RateSweep& sweep)
{
    return sweep.rates.empty() ? sweep.points : int64_t(sweep.rates.size());
}

Comparison comparisonOf(
    const ComparisonPlan& plan, const RunConfig& shared, const QStringList& arms, const ArmOverrides& overrides)
{
    if (arms.isEmpty())
        throw Error(ErrorParts{.code = Code::usage, .file = {}, .place = "methods", .found = "none is ticked",
            .allowed = "one or more", .advice = "tick a method on the Configure page"});
    Comparison comparison;
    const QStringList labels = armLabels(arms, overrides);
    const auto baseline = baselineOf(plan, arms);
    for (qsizetype i = 0; i < arms.size(); ++i) {
        Arm arm{.label = format::plain(labels[i]), .config = armConfig(shared, arms[i], overrides)};
        const auto place = arms[i] == baseline ? comparison.arms.begin() : comparison.arms.end();
        comparison.arms.insert(place, std::move(arm));
    }
    comparison.name = shared.name;
    comparison.seeds = seedsOf(plan, shared);
    comparison.sweep = sweepOf(plan, arms);
    comparison.schedule = scheduleOf(plan, arms);
    for (const Arm& arm : comparison.arms)
        static_cast<void>(ratesOf(comparison.sweep, arm.config.learningRate));   // refuses what cannot be
    return comparison;
}

std::vector<int64_t> seedsFromText(const QString& text)
{
    const auto place = QObject::tr("Seeds"), allowed = QObject::tr("whole numbers from 0, each once, as 0, 1, 2");
    std::vector<int64_t> seeds;
    for (const QString& word : wordsOf(text)) {
        bool whole = false;
        const qlonglong seed = word.toLongLong(&whole);
        if (!whole || seed < 0 || std::find(seeds.begin(), seeds.end(), seed) != seeds.end())
            refuse(place, word, allowed);
        seeds.push_back(seed);
    }
    if (seeds.empty() || seeds.size() > kMostSeeds)
        refuse(place, QObject::tr("%1 seeds").arg(seeds.size()), QObject::tr("1 to %1").arg(kMostSeeds));
    return seeds;
}

QString seedsText(const std::vector<int64_t>& seeds)
{
    QStringList words;
    for (const int64_t seed : seeds)
        words << QString::number(seed);
    return words.join(QStringLiteral(", "));
}

std::vector<double> ratesFromText(const QString& text)
{
    const auto place = QObject::tr("Learning rates"),
               allowed = QObject::tr("numbers above 0 and at most 10, each once, as 1e-4, 2e-4");
    std::vector<double> rates;
    for (const QString& word : wordsOf(text)) {
        bool number = false;
        const double rate = word.toDouble(&number);
        if (!number || !(rate > 0 && rate <= 10) || std::find(rates.begin(), rates.end(), rate) != rates.end())
            refuse(place, word, allowed);
        rates.push_back(rate);
    }
    if (rates.empty() || rates.size() > kMostRates)
        refuse(place, QObject::tr("%1 rates").arg(rates.size()), QObject::tr("1 to %1").arg(kMostRates));
    std::sort(rates.begin(), rates.end());
    return rates;
}

QString ratesText(const std::vector<double>& rates)
{
    QStringList words;
    for (const double rate : rates)
        words << valueText(nlohmann::json(rate));
    return words.join(QStringLiteral(", "));
}

}  // namespace rankwright
