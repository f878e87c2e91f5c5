// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/api/metrics.h"

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

std::vector<std::string> metricIds(std::string_view list)
{
    std::vector<std::string> ids;
    for (std::string& word : split(list)) {
        const size_t first = word.find_first_not_of(' ');
        if (first != std::string::npos)
            ids.push_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
    }
    return ids;
}

}  // namespace rankwright
