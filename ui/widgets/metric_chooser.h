// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which metrics an evaluation measures beside the loss: ticked in a list, each with what it means; those that do not fit the task are grey.
#pragma once

#include "training/api/metrics.h"

#include <QToolButton>

class QCheckBox;

namespace rankwright {

class MetricChooser : public QToolButton
{
    Q_OBJECT
public:
    explicit MetricChooser(QWidget* parent = nullptr);
    void setChosen(const std::string& list, const std::string& task);   // RunConfig::metrics and ::task
    [[nodiscard]] std::string chosen() const;
    [[nodiscard]] QCheckBox* box(const std::string& id) const;          // "metric_ID"
    [[nodiscard]] QSize sizeHint() const override;

signals:
    void chosenChanged(const std::string& list);

protected:
    void paintEvent(QPaintEvent* event) override;   // as a box to choose from, which it is

private:
    void say();
    std::vector<std::pair<const MetricCard*, QCheckBox*>> m_boxes;
    std::vector<std::string> m_unknown;   // of a file from elsewhere: kept as they are
};

// Whether a metric can be measured where rows are for this: lm | classify | regress; auto: not known yet.
[[nodiscard]] bool suits(const MetricCard& card, const std::string& task);

}  // namespace rankwright
