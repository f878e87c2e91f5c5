// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/metrics.h"

#include "training/api/error.h"
#include "training/api/words.h"

namespace rankwright {

#define METRIC(name) MetricCard name##Metric();
#include "training/metrics/metrics.inc"
#undef METRIC

const std::vector<MetricCard>& metricCards()
{
    static const std::vector<MetricCard> cards{
#define METRIC(name) name##Metric(),
#include "training/metrics/metrics.inc"
#undef METRIC
    };
    return cards;
}

const MetricCard* findMetricCard(std::string_view id)
{
    for (const MetricCard& card : metricCards()) {
        if (card.id == id)
            return &card;
    }
    return nullptr;
}

std::string allowedMetrics()
{
    std::vector<std::string> ids;
    for (const MetricCard& card : metricCards())
        ids.push_back(card.id);
    return "one of " + joined(ids);
}

bool metricFits(const MetricCard& card, std::string_view task, bool generates)
{
    if (card.kind == MetricCard::Kind::answers)
        return task == "lm" && generates;
    return task != "lm" && card.numbers == (task == "regress");
}

void refuseMetricsThatDoNotFit(const std::vector<std::string>& ids, std::string_view task, bool generates, const std::string& place,
    const std::string& besides)
{
    std::vector<std::string> fitting;
    if (!besides.empty())
        fitting.push_back(besides);
    for (const MetricCard& card : metricCards()) {
        if (metricFits(card, task, generates))
            fitting.push_back(card.id);
    }
    for (const std::string& id : ids) {
        const MetricCard* card = findMetricCard(id);
        if (card == nullptr || metricFits(*card, task, generates))
            continue;
        throw Error({.code = Code::usage,
            .place = place,
            .found = id + " for a model " + (task == "classify" ? "of classes" : task == "regress" ? "of numbers" : "of text"),
            .allowed = fitting.empty() ? "none" : joined(fitting),
            .advice = card->kind == MetricCard::Kind::answers ? "It judges generated answers: choose another metric, or a model of text."
                : task == "lm" ? "It judges predicted labels: choose another metric, or data with labels (--columns text=NAME,label=NAME)."
                               : "Choose another metric."});
    }
}

std::vector<std::string> metricIds(std::string_view list)
{
    return listed(list);
}

}  // namespace rankwright
