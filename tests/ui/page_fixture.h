// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A workbench over a temporary data directory and the fake engine, for tests of pages.
#pragma once

#include "storage/run_store.h"
#include "tests/support/fake_engine.h"
#include "ui/format.h"
#include "ui/workbench.h"

#include <QAccessible>
#include <QTemporaryDir>
#include <QTest>

namespace rankwright {

// The fake engine, but every job of one kind fails, or is counted.
template <class J>
class WatchedEngine : public FakeEngine
{
public:
    std::atomic<int> asked{0};
    std::atomic<bool> fails{false};
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        if (std::holds_alternative<J>(job)) {
            ++asked;
            if (fails)
                throw Error(ErrorParts{.code = Code::data, .file = "rows.jsonl", .place = "line 3",
                    .found = "no column fits", .allowed = "prompt and response", .advice = "Choose the columns."});
        }
        return FakeEngine::run(job, events, stop);
    }
};

template <class E = FakeEngine>
struct PageFixture
{
    // Two arms with a rate each, so that a comparison is two runs.
    PageFixture()
    {
        bench.setArms({"lora", "pissa"});
        ComparisonPlan plan;
        plan.sweep = RateSweep{.points = 1};
        bench.setPlan(plan);
        bench.undoStack().clear();
    }
    QTemporaryDir folder;
    std::shared_ptr<E> engine = std::make_shared<E>();
    Workbench bench{folder.path().toStdString(), [this]() -> std::shared_ptr<Engine> { return engine; }};

    template <class W>
    static W* part(QWidget& page, const char* name)
    {
        auto* found = page.findChild<W*>(QString::fromLatin1(name));
        if (found == nullptr)
            qFatal("no part named %s", name);
        return found;
    }
    // Class and object names of visible widgets that can be reached with the keyboard but say nothing to a screen reader.
    static QStringList unnamed(QWidget& page)
    {
        QStringList found;
        for (QWidget* widget : page.findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible() || widget->focusProxy() != nullptr)
                continue;
            auto* said = QAccessible::queryAccessibleInterface(widget);
            if (said == nullptr || said->text(QAccessible::Name).isEmpty())
                found << QString("%1 %2").arg(QString::fromLatin1(widget->metaObject()->className()), widget->objectName());
        }
        return found;
    }
    // The comparison as it stands is stored, and trained unless it is to wait in the queue.
    QStringList create(bool train = true)
    {
        QStringList runs;
        const auto told = QObject::connect(&bench, &Workbench::comparisonCreated, &bench, [&](const QStringList& made) { runs = made; });
        bench.startComparison(train);
        if (!QTest::qWaitFor([&] { return !runs.isEmpty(); }, 20'000))
            qFatal("the comparison was not created");
        QObject::disconnect(told);
        return runs;
    }
    // A finished comparison of both arms in the store.
    QStringList trainBoth(int64_t steps = 20)
    {
        RunConfig config = bench.config();
        config.steps = steps;
        bench.edit(config, "steps");
        const QStringList runs = create();
        if (!QTest::qWaitFor([this] { return !bench.session().isBusy(); }, 20'000))
            qFatal("the fake training did not end");
        return runs;
    }
    RunStore store() { return RunStore::openForReading(bench.dataDirectory()); }
};

}  // namespace rankwright
