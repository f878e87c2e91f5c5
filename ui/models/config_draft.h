// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A configuration that is being edited, with its undo stack: the workbench's shared one, or that of a run that waits in the queue.
#pragma once

#include "training/api/config.h"

#include <QObject>
#include <QUndoCommand>
#include <QUndoStack>

#include <functional>

namespace rankwright {

// Sets a value to one of two states; what it was and what it becomes are kept whole, they are small.
template <class T>
class ValueChange : public QUndoCommand
{
public:
    ValueChange(const QString& what, T before, T after, std::function<void(const T&)> set)
        : QUndoCommand(what), m_before(std::move(before)), m_after(std::move(after)), m_set(std::move(set))
    {
    }
    void undo() override { m_set(m_before); }
    void redo() override { m_set(m_after); }

private:
    T m_before, m_after;
    std::function<void(const T&)> m_set;
};

class ConfigDraft : public QObject
{
    Q_OBJECT
public:
    explicit ConfigDraft(RunConfig config, QObject* parent = nullptr);
    [[nodiscard]] const RunConfig& config() const { return m_config; }
    [[nodiscard]] QUndoStack& undoStack() { return m_undo; }
    // An undoable edit; `what` is shown in the Edit menu ("Change rank"). Emits changed where something differs.
    void edit(const RunConfig& config, const QString& what);
    void set(const RunConfig& config);   // not undoable
    // What the chosen data turned out to be for, where the task is "auto"; empty: nobody has looked.
    [[nodiscard]] const std::string& foundTask() const { return m_foundTask; }
    void setFoundTask(const std::string& task);

signals:
    void changed();
    void taskFound();                    // another than before

private:
    RunConfig m_config;
    std::string m_foundTask;
    QUndoStack m_undo;
};

}  // namespace rankwright
