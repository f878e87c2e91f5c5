// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/pages/chat_page.h"

#include "ui/format.h"
#include "ui/theme.h"
#include "ui/widgets/chat_column.h"
#include "ui/widgets/chat_settings_panel.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/voice_chooser.h"

#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPlainTextEdit>
#include <QPushButton>

#include <algorithm>

namespace rankwright {

namespace {

constexpr int kRedraw = 33;                  // ms
constexpr int kSettingsWidth = 264, kPromptHeight = 98;

// Of the newest run that can speak, or of its comparison a run of each arm, in the order in which they were created.
std::vector<ChatChoice> newestArms(const std::vector<ChatChoice>& runs)
{
    std::vector<ChatChoice> arms;
    const auto found = std::ranges::find_if(runs, [](const ChatChoice& run) { return run.refusal.isEmpty(); });
    if (found == runs.end())
        return arms;
    const ChatChoice& newest = *found;
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
        const bool together = run->run == newest.run || (!newest.comparison.empty() && run->comparison == newest.comparison);
        const bool known = std::any_of(arms.begin(), arms.end(), [&](const ChatChoice& arm) { return arm.arm == run->arm; });
        if (together && !known && run->refusal.isEmpty())
            arms.push_back(*run);
    }
    return arms;
}

}  // namespace

ChatPage::ChatPage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_chat(workbench), m_reader(workbench.dataDirectory()), m_adapters(workbench.dataDirectory()), m_messages(new MessageBar(this)),
      m_chooser(new VoiceChooser(this))
{
    m_messages->setObjectName("chatMessages");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(8);
    column->addWidget(makeHeader());
    column->addWidget(m_messages);
    auto* both = new QHBoxLayout;
    both->setSpacing(24);
    auto* left = new QVBoxLayout;
    left->setSpacing(8);
    left->addWidget(makeVoices(), 1);
    left->addWidget(makePrompt());
    both->addLayout(left, 1);
    m_settings = new ChatSettingsPanel(m_chat, this);
    m_settings->setFixedWidth(kSettingsWidth);
    both->addWidget(m_settings);
    column->addLayout(both, 1);
    m_redraw.setSingleShot(true);
    m_redraw.setInterval(kRedraw);
    connect(&m_redraw, &QTimer::timeout, this, &ChatPage::showVoices);
    connect(&m_chat, &Chat::voicesChanged, this, &ChatPage::makeColumns);
    connect(&m_chat, &Chat::said, this, [this] {
        if (!m_redraw.isActive())
            m_redraw.start();
    });
    connect(&m_chat, &Chat::busyChanged, this, &ChatPage::showState);
    connect(&m_chat, &Chat::settingsChanged, this, &ChatPage::showState);
    connect(&m_chat, &Chat::progressed, m_progress, &PlainLabel::setText);
    connect(&m_chat, &Chat::failed, this, [this](const QString& message) { m_messages->say(message, true); });
    connect(m_chooser, &VoiceChooser::chosen, this, [this](const ChatChoice& choice) { m_begun = m_chat.add(choice) || m_begun; });
    connect(m_chooser, &VoiceChooser::folderAsked, this, &ChatPage::chooseAdapter);
    for (const StoreReader* reader : {&m_reader, &m_adapters})
        connect(reader, &StoreReader::failed, this, [this](const QString& text) { m_messages->say(text, true); });
    connect(&m_workbench, &Workbench::modelChanged, this, &ChatPage::modelChanged);
    connect(&m_workbench, &Workbench::runsChanged, this, &ChatPage::readRuns);
    connect(&m_workbench, &Workbench::chatWanted, this, [this](const QStringList& runs) {
        m_wanted = runs;
        readRuns();
    });
    auto& session = m_workbench.session();
    for (const auto signal : {&RunSession::runStarted, &RunSession::checkpointTaken})
        connect(&session, signal, this, &ChatPage::readRuns);
    connect(&session, &RunSession::pausedChanged, this, &ChatPage::showState);
    connect(&session, &RunSession::idle, this, &ChatPage::showState);
    makeColumns();
}

// What is typed or streamed in must not reach a page that is half gone.
ChatPage::~ChatPage()
{
    hide();
    m_chat.disconnect(this);
    m_chat.stop();
}

QWidget* ChatPage::makeHeader()
{
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(makeTitle(title(), box));
    row->addStretch();
    m_add = new QPushButton(theme::icon("add"), tr("Add a voice…"), box);
    m_add->setObjectName("addVoiceButton");
    setPlainToolTip(m_add, tr("The base model, a stored run or a folder with an adapter; up to four answer side by side"));
    m_copy = new QPushButton(theme::icon("copy"), tr("Copy all"), box);
    m_copy->setObjectName("copyChatButton");
    setPlainToolTip(m_copy, tr("Everything that was said, of all voices, as text"));
    m_clear = new QPushButton(theme::icon("delete"), tr("Clear"), box);
    m_clear->setObjectName("clearChatButton");
    setPlainToolTip(m_clear, tr("Begin anew: the voices stay, what was said is forgotten"));
    auto* settings = new QPushButton(theme::icon("configure"), tr("Settings"), box);
    settings->setObjectName("chatSettingsButton");
    settings->setCheckable(true);
    settings->setChecked(true);
    setPlainToolTip(settings, tr("System prompt, temperature and the like, on the right"));
    for (QPushButton* button : {m_add, m_copy, m_clear, settings})
        row->addWidget(button);
    connect(m_add, &QPushButton::clicked, this, [this] {
        readRuns();
        m_chooser->open(*m_add);
    });
    connect(m_copy, &QPushButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_chat.transcript());
        m_workbench.notify(tr("Chat copied"));
    });
    connect(m_clear, &QPushButton::clicked, this, [this] {
        m_chat.clear();
        m_known.clear();
        readRuns();
    });
    connect(settings, &QPushButton::toggled, this, [this](bool on) { m_settings->setVisible(on); });
    return box;
}

QWidget* ChatPage::makeVoices()
{
    auto* box = new QWidget(this);
    m_row = new QHBoxLayout(box);
    m_row->setContentsMargins(0, 0, 0, 0);
    m_row->setSpacing(12);
    m_empty = new PlainLabel({}, box);
    m_empty->setObjectName("chatEmpty");
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignCenter);
    m_row->addWidget(m_empty, 1);
    return box;
}

QWidget* ChatPage::makePrompt()
{
    auto* box = new QWidget(this);
    m_prompt = new QPlainTextEdit(box);
    m_prompt->setObjectName("chatPrompt");
    m_prompt->setAccessibleName(tr("Your prompt, sent to every voice"));
    m_prompt->setPlaceholderText(tr("Ask something. Ctrl+Return sends it to every voice."));
    m_prompt->setTabChangesFocus(true);
    m_prompt->setFixedHeight(kPromptHeight);
    m_prompt->installEventFilter(this);
    m_note = makeNote({}, box);
    m_note->setObjectName("chatNote");
    m_progress = makeNote({}, box);
    m_progress->setObjectName("chatProgress");
    m_progress->setWordWrap(false);
    m_progress->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_prompt, 1);
    row->addWidget(makePromptButtons(box));
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(m_note);
    column->addLayout(row);
    column->addWidget(m_progress);
    connect(m_prompt, &QPlainTextEdit::textChanged, this, &ChatPage::showState);
    return box;
}

QWidget* ChatPage::makePromptButtons(QWidget* parent)
{
    auto* box = new QWidget(parent);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    m_send = new QPushButton(theme::icon("play"), tr("Send"), box);
    m_send->setObjectName("sendButton");
    setPlainToolTip(m_send, tr("Every voice answers the prompt (Ctrl+Return)"));
    m_stop = new QPushButton(theme::icon("stop"), tr("Stop"), box);
    m_stop->setObjectName("stopChatButton");
    setPlainToolTip(m_stop, tr("Ends all answers here; what was said stays (Escape)"));
    m_again = new QPushButton(theme::icon("refresh"), tr("Answer again"), box);
    m_again->setObjectName("regenerateButton");
    setPlainToolTip(m_again, tr("Takes the last answers back and asks once more; at a temperature above 0 with the next seed"));
    column->addWidget(m_send);
    column->addWidget(m_stop);
    column->addWidget(m_again);
    column->addStretch();
    connect(m_send, &QPushButton::clicked, this, &ChatPage::send);
    connect(m_stop, &QPushButton::clicked, &m_chat, &Chat::stop);
    connect(m_again, &QPushButton::clicked, this, [this] {
        m_messages->clear();
        m_chat.regenerate();
    });
    return box;
}

bool ChatPage::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_prompt && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
        if (enter && key->modifiers().testFlag(Qt::ControlModifier)) {
            send();
            return true;
        }
        if (key->key() == Qt::Key_Escape && m_chat.isBusy()) {
            m_chat.stop();
            return true;
        }
    }
    return Page::eventFilter(watched, event);
}

void ChatPage::activated()
{
    readRuns();
    m_prompt->setFocus();
}

ChatChoice ChatPage::base() const
{
    const auto& model = m_workbench.model();
    ChatChoice choice = baseChoice(m_workbench.config().model, model ? model->name : m_workbench.config().model);
    if (model && !model->generates)
        choice.refusal = tr("%1 is an encoder: it reads a text for a class or a number and has no next token to say.")
                             .arg(format::shown(model->name, 60));
    return choice;
}

void ChatPage::readRuns()
{
    if (!isVisible() && m_wanted.isEmpty())
        return showState();
    std::vector<std::string> going;
    for (const QString& run : m_workbench.session().running())
        going.push_back(format::plain(run));
    std::vector<std::string> wanted;
    for (const QString& run : m_wanted)
        wanted.push_back(format::plain(run));
    m_reader.read<std::vector<ChatChoice>>([going, wanted](RunStore& store) { return runChoices(store, going, wanted); },
        [this](std::vector<ChatChoice>& runs) { showChoices(runs); });
}

void ChatPage::showChoices(std::vector<ChatChoice>& runs)
{
    const bool wanted = !m_wanted.isEmpty();
    if (wanted)
        showWanted(runs);
    if (!m_begun && m_workbench.model() && (!wanted || m_chat.voices().empty()))
        showNewest(runs);
    runs.insert(runs.begin(), base());
    m_chooser->setChoices(std::move(runs));
    showState();
}

// Until a person, or another page, chooses voices they are the base and the newest comparison's arms; a conversation that has begun is
// not changed, but told of.
void ChatPage::showNewest(const std::vector<ChatChoice>& runs)
{
    const auto newest = std::ranges::find_if(runs, [](const ChatChoice& run) { return run.refusal.isEmpty(); });
    const bool newer = newest != runs.end() && !m_known.contains(newest->key());
    if (!m_chat.voices().empty() && !newer)
        return;
    for (const ChatChoice& run : runs)
        m_known.insert(run.key());
    QStringList notes;
    if (m_chat.isBusy() || m_chat.canRegenerate())
        notes << tr("There is a newer run than the ones that answer here: add it as a voice, or clear this conversation to talk with it.");
    else
        notes = talkWith(newestArms(runs));
    if (!notes.isEmpty())
        m_messages->say(notes.join('\n'), false);
}

// Where none of the runs can speak, the conversation as it is goes on.
void ChatPage::showWanted(const std::vector<ChatChoice>& runs)
{
    std::vector<ChatChoice> wanted;
    QStringList notes;
    for (const QString& id : m_wanted) {
        const auto run = std::find_if(runs.begin(), runs.end(), [&](const ChatChoice& choice) { return format::text(choice.run) == id; });
        if (run == runs.end())
            notes << tr("Run %1 has no checkpoint to speak from.").arg(format::shown(format::plain(id), 60));
        else if (!run->refusal.isEmpty())
            notes << tr("%1: %2").arg(run->title, run->refusal);
        else
            wanted.push_back(*run);
    }
    m_wanted.clear();
    if (!wanted.empty()) {
        notes << talkWith(wanted);
        m_begun = true;
    }
    if (!notes.isEmpty())
        m_messages->say(notes.join('\n'), false);
}

// Voices that are here and wanted keep their history.
QStringList ChatPage::talkWith(const std::vector<ChatChoice>& runs)
{
    m_chat.stop();
    for (size_t i = m_chat.voices().size(); i-- > 0;) {
        const auto key = m_chat.voices()[i].who.key();
        const bool stays = key == base().key()
            || std::any_of(runs.begin(), runs.end(), [&](const ChatChoice& run) { return run.key() == key; });
        if (!stays)
            m_chat.remove(i);
    }
    m_chat.add(base());
    int left = 0;
    for (const ChatChoice& run : runs)
        if (!m_chat.add(run) && !m_chat.has(run))
            ++left;
    return left > 0 ? QStringList{tr("Four voices fit; %n more can take the place of one that is removed.", nullptr, left)} : QStringList();
}

void ChatPage::modelChanged()
{
    m_chat.setBase(base());
    if ((m_begun || isVisible()) && m_chat.voices().empty())
        m_chat.add(base());
    if (isVisible() && !m_begun)
        readRuns();
    showState();
}

void ChatPage::makeColumns()
{
    for (ChatColumn* column : m_columns) {
        m_row->removeWidget(column);
        column->hide();
        column->deleteLater();   // its own button may be what was pressed
    }
    m_columns.clear();
    for (size_t i = 0; i < m_chat.voices().size(); ++i) {
        auto* column = new ChatColumn(m_chat.voices()[i].who, this);
        m_row->addWidget(column, 1);
        m_columns.push_back(column);
        connect(column, &ChatColumn::removeAsked, this, [this, i] {
            m_begun = m_begun || !m_chat.isBusy();
            m_chat.remove(i);
        });
    }
    m_empty->setVisible(m_columns.empty());
    showVoices();
    showState();
}

void ChatPage::showVoices()
{
    for (size_t i = 0; i < m_columns.size() && i < m_chat.voices().size(); ++i)
        m_columns[i]->setVoice(m_chat.voices()[i], m_chat.isBusy());
}

// What a person should know before asking, the most important first.
QString ChatPage::note() const
{
    const auto& model = m_workbench.model();
    const auto& session = m_workbench.session();
    QStringList notes;
    const bool ofModel = std::any_of(m_chat.voices().begin(), m_chat.voices().end(),
        [](const ChatVoiceState& voice) { return voice.who.kind != ChatChoice::Kind::run; });
    if (model && ofModel && model->generates && !model->chatTemplate && m_chat.settings().chatTemplate == "auto")
        notes << tr("%1 brings no chat template: the turns reach it as plain text.").arg(format::shown(model->name, 60));
    if (!session.running().isEmpty())
        notes << (session.isPaused() ? tr("The run is paused; its voice speaks from the newest checkpoint, which is written when you ask.")
                                     : tr("A run is training: it and the answers are slower while both work."));
    return notes.join(' ');
}

void ChatPage::showState()
{
    const bool busy = m_chat.isBusy(), any = !m_chat.voices().empty(), said = m_chat.canRegenerate();
    const auto refusal = base().refusal;
    m_empty->setText(!m_workbench.model() ? tr("Choose a model first; it and what was trained from it answer here side by side.")
            : !refusal.isEmpty()          ? tr("%1\nChoose a decoder on the Models page, or add a run of one.").arg(refusal)
                                          : tr("Add a voice: the base model, a run, or an adapter."));
    m_note->setText(note());
    m_note->setVisible(!m_note->text().isEmpty());
    m_send->setEnabled(!busy && any && !m_prompt->toPlainText().trimmed().isEmpty());
    m_stop->setEnabled(busy);
    m_again->setEnabled(said);
    m_clear->setEnabled(busy || said);
    m_copy->setEnabled(said);
    m_add->setEnabled(!busy && m_chat.voices().size() < Chat::kMostVoices);
    showVoices();
}

void ChatPage::send()
{
    if (!m_send->isEnabled())
        return;
    const auto prompt = m_prompt->toPlainText();
    m_messages->clear();
    m_prompt->clear();
    m_chat.send(prompt);
}

void ChatPage::chooseAdapter()
{
    auto* dialog = new QFileDialog(this, tr("Choose a folder with an adapter"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &ChatPage::addAdapter);
    dialog->open();
}

void ChatPage::addAdapter(const QString& folder)
{
    m_adapters.read<ChatChoice>([path = format::plain(folder), model = m_workbench.config().model](RunStore&) { return adapterChoice(path, model); },
        [this](ChatChoice& choice) { m_begun = m_chat.add(choice) || m_begun; });
}

}  // namespace rankwright
