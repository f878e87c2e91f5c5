// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The base model and what runs and adapters made of it answer the same prompt side by side; also while a run is paused or going on.
#pragma once

#include "ui/models/chat.h"
#include "ui/pages/page.h"

#include <QTimer>

#include <set>

class QHBoxLayout;
class QPlainTextEdit;
class QPushButton;

namespace rankwright {

class ChatColumn;
class ChatSettingsPanel;
class MessageBar;
class PlainLabel;
class VoiceChooser;

class ChatPage : public Page
{
    Q_OBJECT
public:
    explicit ChatPage(Workbench& workbench, QWidget* parent = nullptr);
    ~ChatPage() override;
    [[nodiscard]] QString id() const override { return QStringLiteral("chat"); }
    [[nodiscard]] QString title() const override { return tr("Chat"); }
    [[nodiscard]] QString iconName() const override { return QStringLiteral("chat"); }
    void activated() override;
    [[nodiscard]] Chat& chat() { return m_chat; }
    void addAdapter(const QString& folder);          // as if it had been chosen

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;   // Ctrl+Return in the prompt

private:
    QWidget* makeHeader();
    QWidget* makeVoices();
    QWidget* makePrompt();
    QWidget* makePromptButtons(QWidget* parent);
    void readRuns();
    void showChoices(std::vector<ChatChoice>& runs);
    void showWanted(const std::vector<ChatChoice>& runs);
    void showNewest(const std::vector<ChatChoice>& runs);
    [[nodiscard]] QStringList talkWith(const std::vector<ChatChoice>& runs);   // what there is to say of it
    void modelChanged();
    void makeColumns();
    void showVoices();
    void showState();
    void send();
    void chooseAdapter();
    [[nodiscard]] ChatChoice base() const;
    [[nodiscard]] QString note() const;

    Workbench& m_workbench;
    Chat m_chat;
    StoreReader m_reader, m_adapters;                // two, as of several reads only the newest is delivered
    QTimer m_redraw;                                 // answers are drawn at most 30 times a second
    std::vector<ChatColumn*> m_columns;
    QStringList m_wanted;                            // runs that another page has sent here
    bool m_begun = false;                            // by a person or another page: the voices are no longer ours to choose
    std::set<QString> m_known;                       // keys of the runs that there were when we chose them
    QHBoxLayout* m_row;
    PlainLabel *m_empty, *m_note, *m_progress;
    QWidget* m_settings;
    QPlainTextEdit* m_prompt;                        // "chatPrompt"
    QPushButton *m_add, *m_send, *m_stop, *m_again, *m_clear, *m_copy;
    MessageBar* m_messages;
    VoiceChooser* m_chooser;
};

}  // namespace rankwright
