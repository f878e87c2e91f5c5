// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// `rankwright --render DIR [--runs A,B]`: every page as a picture, light and dark, without a display; and the loss
// curves of the runs named. For looking at all pages after a change, and for the documentation.
#pragma once

#include "ui/main_window.h"

#include <QElapsedTimer>
#include <QStringList>
#include <QTimer>

#include <filesystem>

namespace rankwright {

struct RenderRequest
{
    std::filesystem::path folder;   // created
    QStringList runs;               // ids, prefixes or names
};

// Waits at each page until its jobs are done (at most three minutes), then takes the picture: models-light.png, ...
class Renderer : public QObject
{
    Q_OBJECT
public:
    Renderer(MainWindow& window, Workbench& workbench, RenderRequest request);
    void start();

signals:
    void finished(const QString& problem);   // empty: all pictures are written

private:
    void look();
    void next();
    [[nodiscard]] bool isQuiet() const;

    MainWindow& m_window;
    Workbench& m_workbench;
    RenderRequest m_request;
    QTimer m_timer;
    QElapsedTimer m_since;
    size_t m_page = 0;
    bool m_dark = false;
};

// Puts the sample comparison that comes with the program (resources/sample: a LoRA and a PiSSA run of the default model) into an
// empty data directory, and returns its runs' ids: what --render draws where no run is named.
QStringList unpackSampleRuns(const std::filesystem::path& dataDirectory);

// loss.png of stored runs: raw values faint, a moving average over them, evaluations as dots. Throws Error.
void renderLoss(const std::filesystem::path& dataDirectory, const RenderRequest& request);

}  // namespace rankwright
