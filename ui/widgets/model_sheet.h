// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// All that is known of a model: a picture with its numbers, its matrices, its tokenizer with a box to try it in, its chat template, its
// files, and what was assumed. Of a model that cannot be used: why, and what to do.
#pragma once

#include "training/api/reports.h"

#include <QWidget>

class QCheckBox;
class QGridLayout;
class QPlainTextEdit;
class QPushButton;
class QScrollArea;
class QTableView;
class QTabWidget;

namespace rankwright {

class ModelPicture;
class ModuleList;
class NumberTable;
class PlainLabel;
class TokenTry;
class Workbench;

class ModelSheet : public QWidget
{
    Q_OBJECT
public:
    explicit ModelSheet(Workbench& workbench, QWidget* parent = nullptr);
    void setModel(const ModelInfo* model);        // null: none is chosen
    enum Tab { overview, modules, tokenizer, chatTemplate, files };
    void showTab(Tab tab);

private:
    QWidget* makeHead();
    QWidget* makeOverview();
    QWidget* makeModules();
    QWidget* makeTokenizer();
    QWidget* makeTemplate();
    QWidget* makeFiles();
    void showFacts();
    void showModules();
    void showText();
    void showFiles();

    Workbench& m_workbench;
    ModelInfo m_model;
    PlainLabel *m_name, *m_state, *m_templateNote, *m_notes;
    QPushButton* m_next;
    QTabWidget* m_tabs;                           // "modelTabs"
    QScrollArea* m_facts;
    ModelPicture* m_picture;                      // "modelPicture"
    QTableView* m_moduleView;                     // "moduleTable"
    QCheckBox* m_each;                            // "eachModule"
    ModuleList* m_modules;
    NumberTable *m_special, *m_files;             // "specialTokens", "modelFiles"
    PlainLabel* m_tokenizer;
    TokenTry* m_try;
    QPlainTextEdit* m_template;                   // "templateView"
};

}  // namespace rankwright
