// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Type a text and see the tokens that a model's tokenizer makes of it, a colour each in turn. The engine cuts it up as it would a row of
// a data file.
#pragma once

#include "ui/workbench.h"

#include <QPointer>
#include <QTemporaryDir>
#include <QTimer>
#include <QWidget>

class QPlainTextEdit;

namespace rankwright {

class PlainLabel;
class TokenView;

class TokenTry : public QWidget
{
    Q_OBJECT
public:
    explicit TokenTry(Workbench& workbench, QWidget* parent = nullptr);
    void setModel(const ModelInfo& model);

protected:
    void showEvent(QShowEvent* event) override;

private:
    void ask();
    void forget();                             // what was asked
    void showTokens(const DataPreview& preview);
    Workbench& m_workbench;
    QTimer m_delay;
    QPointer<JobCall> m_call;
    std::unique_ptr<QTemporaryDir> m_folder;   // made when first needed
    std::string m_model;
    int64_t m_context = 0;                     // tokens that the model takes; 0: not told
    bool m_generates = true, m_stale = true;
    QPlainTextEdit* m_text;                    // "tryText"
    TokenView* m_tokens;                       // "tryTokens"
    PlainLabel* m_figures;                     // "tryFigures"
};

}  // namespace rankwright
