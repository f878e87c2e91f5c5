// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/machine_meters.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace rankwright {

namespace {

constexpr size_t kSeconds = 60;
constexpr int kLineWidth = 44, kLineHeight = 18, kGap = 6;   // px

QString percent(double share)
{
    return MachineMeters::tr("%1 %").arg(qRound(100 * share));
}

}  // namespace

Meter::Meter(const QString& title, QWidget* parent) : QWidget(parent), m_title(title)
{
    setFont(theme::smallFont());
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(title);
}

QSize Meter::sizeHint() const
{
    const QFontMetrics metrics(theme::smallFont());
    return {metrics.horizontalAdvance(m_title + QStringLiteral(" 100.0 GiB")) + kGap + kLineWidth, std::max(kLineHeight, metrics.height())};
}

void Meter::take(double share, const QString& figure, const QString& tip)
{
    m_figure = figure;
    m_shares.push_back(std::clamp(share, 0.0, 1.0));
    if (m_shares.size() > kSeconds)
        m_shares.pop_front();
    setAccessibleDescription(tip);
    setPlainToolTip(this, tip);
    update();
}

void Meter::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const QRect line(width() - kLineWidth, (height() - kLineHeight) / 2, kLineWidth, kLineHeight);
    const QRect words(0, 0, width() - kLineWidth - kGap, height());
    painter.setFont(theme::smallFont());
    painter.setPen(theme::secondary());
    painter.drawText(words, Qt::AlignRight | Qt::AlignVCenter, m_title + QLatin1Char(' ') + m_figure);
    painter.setPen(QPen(theme::grid(), 1));
    painter.drawLine(line.bottomLeft(), line.bottomRight());
    if (m_shares.size() < 2)
        return;
    painter.setRenderHint(QPainter::Antialiasing);
    const auto place = [&](size_t i) {   // the youngest at the right edge
        const double back = double(m_shares.size() - 1 - i) / double(kSeconds - 1);
        return QPointF(line.right() - back * (kLineWidth - 1), line.bottom() - m_shares[i] * (kLineHeight - 2));
    };
    QPainterPath path(place(0));
    for (size_t i = 1; i < m_shares.size(); ++i)
        path.lineTo(place(i));
    QPainterPath area = path;
    area.lineTo(line.right(), line.bottom());
    area.lineTo(place(0).x(), line.bottom());
    QColor tint = theme::accent();
    tint.setAlpha(40);
    painter.fillPath(area, tint);
    painter.setPen(QPen(theme::accent(), 1.2));
    painter.drawPath(path);
}

MachineMeters::MachineMeters(QWidget* parent)
    : QWidget(parent), m_processor(new Meter(tr("CPU"), this)), m_memory(new Meter(tr("RAM"), this)), m_gpu(new Meter(tr("GPU"), this)),
      m_samples(this, [this](const std::vector<MachineSample>& samples, size_t) { take(samples.back()); })
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    m_processor->setObjectName("processorMeter");
    m_memory->setObjectName("memoryMeter");
    m_gpu->setObjectName("gpuMeter");
    for (Meter* meter : {m_processor, m_memory, m_gpu})
        row->addWidget(meter);
    m_gpu->hide();   // until there is one
}

MachineMeters::~MachineMeters()
{
    m_samples.close();
    m_thread.request_stop();   // the thread waits for a second at most on a condition that the stop wakes
}

void MachineMeters::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_thread.joinable())
        return;
    m_thread = std::jthread([mailbox = m_samples](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        constexpr auto kBetween = std::chrono::seconds(1);
        wake.wait_for(lock, stop, kBetween, [] { return false; });   // the start-up is busy enough
        if (stop.stop_requested())
            return;
        MachineSampler sampler;
        sampler.sample();   // shares are of the time since the last sample
        while (wake.wait_for(lock, stop, kBetween, [] { return false; }), !stop.stop_requested())
            mailbox.post(sampler.sample());
    });
}

void MachineMeters::take(const MachineSample& sample)
{
    if (sample.cores > 0)
        m_processor->take(sample.machineUse, percent(sample.machineUse),
            tr("Processor: %1 of %2 cores in use, %3 cores by this program")
                .arg(percent(sample.machineUse)).arg(sample.cores).arg(format::number(sample.ownUse, 1)));
    if (sample.bytes > 0)
        m_memory->take(1 - double(sample.freeBytes) / double(sample.bytes), format::bytes(sample.ownBytes),
            tr("Memory: this program %1, at most %2 so far; the machine has %3 of %4 free (the line is what is in use)")
                .arg(format::bytes(sample.ownBytes), format::bytes(sample.ownPeakBytes), format::bytes(sample.freeBytes), format::bytes(sample.bytes)));
    m_gpu->setVisible(!sample.gpus.empty());
    if (sample.gpus.empty())
        return;
    QStringList each;
    for (const GpuSample& gpu : sample.gpus)
        each << tr("%1: %2 in use, %3 of %4 of its memory")
                    .arg(format::shown(gpu.name, 60), percent(gpu.use), format::bytes(gpu.usedBytes), format::bytes(gpu.bytes));
    const auto busiest = std::max_element(sample.gpus.begin(), sample.gpus.end(), [](const GpuSample& a, const GpuSample& b) { return a.use < b.use; });
    m_gpu->take(busiest->use, percent(busiest->use), each.join('\n'));
}

}  // namespace rankwright
