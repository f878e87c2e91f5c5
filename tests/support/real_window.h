// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The main window on the real engine and the default model, in folders of its own.
#pragma once

#include "tests/support/test_data.h"
#include "training/api/engine.h"
#include "ui/main_window.h"
#include "ui/pages/page.h"
#include "ui/settings.h"
#include "ui/theme.h"
#include "ui/workbench.h"

#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <functional>
#include <mutex>

namespace rankwright {

struct RealWindow
{
    using Prepare = std::function<void(const std::filesystem::path& data)>;
    QTemporaryDir folder;
    std::filesystem::path data;
    Settings settings{folder.filePath("window.ini").toStdString()};
    Workbench bench{data, engine()};
    MainWindow window{bench, settings};

    // `prepare` fills the data folder before anything looks at it.
    explicit RealWindow(const Prepare& prepare = {}) : data(prepared(folder, prepare))
    {
        theme::apply(*qApp, theme::Mode::light);
        window.resize(1280, 800);
        window.show();
        QApplication::setActiveWindow(&window);   // a virtual display has no window manager that would
    }

    static std::filesystem::path prepared(const QTemporaryDir& folder, const Prepare& prepare)
    {
        const std::filesystem::path data = folder.filePath("data").toStdString();
        if (prepare)
            prepare(data);
        return data;
    }

    static JobCall::LoadEngine engine()
    {
        return [mutex = std::make_shared<std::mutex>(), loaded = std::make_shared<std::shared_ptr<Engine>>()] {
            const std::lock_guard lock(*mutex);
            if (!*loaded)
                *loaded = loadEngine();
            return *loaded;
        };
    }

    // A visible part of the current page by its object name or accessible name.
    template <class W>
    W* part(const char* name)
    {
        const auto wanted = QString::fromLatin1(name);
        for (auto* widget : window.currentPage()->findChildren<W*>()) {
            if (widget->objectName() == wanted || widget->accessibleName() == wanted)
                return widget;
        }
        qFatal("no part named %s", name);
    }

    void click(const char* name)
    {
        auto* button = part<QWidget>(name);
        if (!QTest::qWaitFor([&] { return button->isEnabled() && button->isVisible(); }, 60'000))
            qFatal("%s cannot be clicked", name);
        QTest::mouseClick(button, Qt::LeftButton);
    }

    // Ctrl+1 ... as a person would.
    void goTo(int number, const char* page)
    {
        QTest::keyClick(&window, Qt::Key(Qt::Key_0 + number), Qt::ControlModifier);
        if (!QTest::qWaitFor([&] { return window.currentPage()->id() == QLatin1String(page); }, 5'000))
            qFatal("page %s did not open", page);
    }

    void picture(const char* name)
    {
        const auto folderName = qEnvironmentVariable("RANKWRIGHT_PICTURES");
        if (folderName.isEmpty())
            return;
        QTest::qWait(300);
        window.grab().save(folderName + "/" + name + ".png");
    }
};

}  // namespace rankwright
