// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The settings being edited are a copy: a run that goes on keeps the ones it was started with.
#include "ui/pages/configure_page.h"

#include "ui/format.h"
#include "ui/models/config_file.h"
#include "ui/theme.h"
#include "ui/widgets/arm_cards.h"
#include "ui/widgets/comparison_section.h"
#include "ui/widgets/config_form.h"
#include "ui/widgets/device_choices.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/message_bar.h"
#include "ui/widgets/preset_chooser.h"
#include "ui/widgets/summary_panel.h"

#include <QButtonGroup>
#include <QClipboard>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScrollArea>

#include <algorithm>

namespace rankwright {

ConfigurePage::ConfigurePage(Workbench& workbench, QWidget* parent)
    : Page(parent), m_workbench(workbench), m_summary(new SummaryPanel(workbench, this)), m_messages(new MessageBar(this)),
      m_presets(new PresetChooser(this))
{
    m_messages->setObjectName("configureMessages");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 16, 24, 16);
    column->setSpacing(12);
    column->addWidget(makeHeader());
    column->addWidget(m_messages);
    m_modelNote = makeNote({}, this);
    m_modelNote->setObjectName("configureModelNote");
    column->addWidget(m_modelNote);
    auto* both = new QHBoxLayout;
    both->setSpacing(16);
    both->addWidget(makeSettings(), 1);
    both->addWidget(makeSide());
    column->addLayout(both, 1);
    auto& session = m_workbench.session();
    for (const auto signal : {&Workbench::configChanged, &Workbench::armsChanged, &Workbench::modelChanged})
        connect(&m_workbench, signal, this, &ConfigurePage::refreshButtons);
    connect(&session, &RunSession::runStarted, this, &ConfigurePage::refreshButtons);
    connect(&session, &RunSession::runEnded, this, &ConfigurePage::refreshButtons);
    connect(&session, &RunSession::idle, this, &ConfigurePage::refreshButtons);
    connect(m_arms, &ArmCards::problemsChanged, this, &ConfigurePage::refreshButtons);
    connect(m_comparison, &ComparisonSection::problemsChanged, this, &ConfigurePage::refreshButtons);
    connect(m_summary, &SummaryPanel::estimated, m_comparison, &ComparisonSection::setSeconds);
    connect(&m_workbench, &Workbench::comparisonCreated, this, &ConfigurePage::created);
    connect(&m_workbench, &Workbench::creationFailed, this, [this](const QString& message) {
        m_messages->say(message, true);
        refreshButtons();
    });
    connect(&m_workbench, &Workbench::modelChanged, this, &ConfigurePage::showModel);
    connect(m_presets, &PresetChooser::chosen, this, &ConfigurePage::usePreset);
    showModel();
    refreshButtons();
}

// What the chosen model has no use for is not offered.
void ConfigurePage::showModel()
{
    const auto& model = m_workbench.model();
    const bool encoder = model && !model->generates;
    QStringList pointless;
    if (!model || model->experts == 0)
        pointless << "routerLoss";
    if (encoder)
        pointless << "loss" << "answerTokens" << "packing";
    for (ConfigForm* form : m_forms)
        form->setPointless(pointless);
    m_modelNote->setVisible(encoder);
    if (encoder)
        m_modelNote->setText(tr("%1 is an encoder: it learns a class or a number for each row, so the data needs a label column. Metrics are "
                                "measured at the evaluations; perplexity and chat do not exist for it.")
                                 .arg(format::shown(model->name, 60)));
}

// Hiding takes the focus away, which ends an edit: now, while everything that the edit needs is still there.
ConfigurePage::~ConfigurePage()
{
    hide();
}

QWidget* ConfigurePage::makeHeader()
{
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(makeTitle(title(), box));
    row->addStretch();
    auto* views = new QButtonGroup(box);
    for (const bool advanced : {false, true}) {
        auto* button = new QPushButton(advanced ? tr("Advanced") : tr("Simple"), box);
        button->setObjectName(advanced ? "advancedButton" : "simpleButton");
        button->setCheckable(true);
        button->setChecked(!advanced);
        setPlainToolTip(button,
            advanced ? tr("Show every setting") : tr("Show the settings that matter most, and every changed one"));
        views->addButton(button);
        row->addWidget(button);
        connect(button, &QPushButton::clicked, this, [this, advanced] {
            for (ConfigForm* form : m_forms)
                form->setAdvanced(advanced);
        });
    }
    row->addSpacing(16);
    const auto add = [&](const QString& text, const QString& name, const QString& help) {
        auto* button = new QPushButton(text, box);
        button->setObjectName(name);
        setPlainToolTip(button, help);
        row->addWidget(button);
        return button;
    };
    m_recipe = add(tr("Paper recipe…"), "recipeButton", tr("Settings that others have published, with what they would change here"));
    auto* load = add(tr("Load…"), "loadConfigButton", tr("Read a configuration from a JSON file"));
    auto* save = add(tr("Save…"), "saveConfigButton", tr("Write this configuration as a JSON file"));
    m_copy
        = add(tr("Copy command"), "copyCommandButton", tr("Put the command line that does the same on the clipboard"));
    connect(m_recipe, &QPushButton::clicked, this, [this] {
        const auto& model = m_workbench.model();
        m_presets->open(*m_recipe, m_workbench.config(), model && !model->generates);
    });
    connect(load, &QPushButton::clicked, this, [this] { chooseFile(false); });
    connect(save, &QPushButton::clicked, this, [this] { chooseFile(true); });
    connect(m_copy, &QPushButton::clicked, this, &ConfigurePage::copyCommand);
    return box;
}

// Arms and shared settings scroll as one: with many arms the settings are still a turn of the wheel away.
QWidget* ConfigurePage::makeSettings()
{
    auto* inner = new QWidget(this);
    m_arms = new ArmCards(m_workbench, inner);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(0, 0, 12, 0);
    column->setSpacing(16);
    column->addWidget(m_arms);
    column->addWidget(m_comparison = new ComparisonSection(m_workbench, inner));
    auto* row = new QHBoxLayout;
    row->setSpacing(16);
    column->addLayout(row);
    column->addStretch();
    auto* first = new ConfigForm(m_workbench, ConfigForm::keysOf({"method", "run"}, {"method", "seed"}), inner);
    auto* second = new ConfigForm(
        m_workbench, ConfigForm::keysOf({"optimisation"}, {"seed"}) + ConfigForm::keysOf({"data"}, {"model", "data", "columns",
            "chatTemplate", "rows", "order"}), inner);
    for (ConfigForm* form : {first, second}) {
        row->addWidget(form, 1);
        form->keepForAdvanced({"base", "optimizer"});   // each arm has its own; here is what they begin with
        m_forms.push_back(form);
        connect(form, &ConfigForm::problemsChanged, this, &ConfigurePage::refreshButtons);
        new DeviceChoices(*form, m_workbench);
    }
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setAccessibleName(tr("Methods and shared settings"));
    return scroll;
}

// The summary scrolls where it is long; the buttons below it stay in reach.
QWidget* ConfigurePage::makeSide()
{
    auto* box = new QWidget(this);
    box->setFixedWidth(336);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* scroll = new QScrollArea(box);
    scroll->setWidget(m_summary);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setAccessibleName(tr("Summary"));
    m_start = new QPushButton(tr("Start"), box);
    m_start->setObjectName("startButton");
    m_start->setIcon(theme::icon("play"));
    m_start->setDefault(true);
    auto font = m_start->font();
    font.setWeight(QFont::DemiBold);
    m_start->setFont(font);
    m_queue = new QPushButton(tr("Add to queue"), box);
    m_queue->setObjectName("addToQueueButton");
    m_queue->setIcon(theme::icon("queue"));
    setPlainToolTip(m_queue, tr("Store the runs to be trained later, in the order of the Queue page; what trains now goes on with them"));
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    for (QPushButton* button : {m_start, m_queue}) {
        button->setMinimumHeight(40);
        buttons->addWidget(button, button == m_start ? 3 : 2);
    }
    m_startNote = makeNote({}, box);
    m_startNote->setObjectName("startNote");
    column->addWidget(scroll, 1);
    column->addLayout(buttons);
    column->addWidget(m_startNote);
    connect(m_start, &QPushButton::clicked, this, [this] { start(true); });
    connect(m_queue, &QPushButton::clicked, this, [this] { start(false); });
    return box;
}

void ConfigurePage::activated()
{
    m_summary->setActive(true);
    refreshButtons();
}

void ConfigurePage::hideEvent(QHideEvent* event)
{
    m_summary->setActive(false);
    Page::hideEvent(event);
}

void ConfigurePage::refreshButtons()
{
    const auto& arms = m_workbench.arms();
    auto reason = m_arms->reason();
    if (reason.isEmpty())
        reason = m_comparison->reason();
    if (std::any_of(m_forms.begin(), m_forms.end(), [](const ConfigForm* form) { return form->hasProblems(); }))
        reason = tr("Correct the marked settings first.");
    else if (arms.isEmpty())
        reason = tr("Tick at least one method.");
    const bool busy = m_workbench.session().isBusy(), creating = m_workbench.isCreating();
    if (creating && (m_start->hasFocus() || m_queue->hasFocus()))   // a greyed button hands its focus on, here to the rail
        setFocus(Qt::OtherFocusReason);
    m_start->setEnabled(!busy && !creating && reason.isEmpty());
    m_queue->setEnabled(!creating && reason.isEmpty());
    m_copy->setEnabled(reason.isEmpty());
    m_start->setText(arms.size() > 1 ? tr("Start comparison") : tr("Start"));
    if (!reason.isEmpty())
        m_startNote->setText(reason);
    else if (creating)
        m_startNote->setText(tr("Storing the runs …"));
    else if (busy)
        m_startNote->setText(tr("A run is going on. What you add to the queue is trained after it."));
    else if (arms.size() > 1)
        m_startNote->setText(tr("All arms see the same rows in the same order."));
    else
        m_startNote->setText({});
}

// A second click finds the button disabled: the workbench is creating from here on, and the session is busy after that.
void ConfigurePage::start(bool train)
{
    if (m_workbench.isCreating() || (train && m_workbench.session().isBusy()))
        return;
    try {
        m_messages->clear();
        m_workbench.startComparison(train);
    } catch (const std::exception& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
    refreshButtons();
}

void ConfigurePage::created(const QStringList& runs, bool trains)
{
    refreshButtons();
    if (isVisible() && trains && m_workbench.session().running().isEmpty())
        m_workbench.showPage(QStringLiteral("run"));
    else
        m_workbench.notify(runs.size() == 1 ? tr("1 run added to the queue") : tr("%n runs added to the queue", nullptr, int(runs.size())));
}

void ConfigurePage::chooseFile(bool save)
{
    auto* dialog = new QFileDialog(this, save ? tr("Save the configuration") : tr("Load a configuration"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(save ? QFileDialog::AcceptSave : QFileDialog::AcceptOpen);
    dialog->setFileMode(save ? QFileDialog::AnyFile : QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Configurations (*.json)"), tr("All files (*)")});
    dialog->setDefaultSuffix("json");
    connect(dialog, &QFileDialog::fileSelected, this, [this, save](const QString& file) {
        if (save)
            saveTo(file);
        else
            loadFrom(file);
    });
    dialog->open();
}

void ConfigurePage::saveTo(const QString& file)
{
    try {
        writeConfigFile(m_workbench.config(), file);
        m_messages->say(tr("Saved as %1").arg(file), false);
    } catch (const std::exception& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
}

void ConfigurePage::loadFrom(const QString& file)
{
    try {
        const RunConfig config = readConfigFile(file);
        const auto model = m_workbench.config().model;
        take(config);
        m_messages->say(config.model == model ? tr("Loaded %1").arg(file)
                                              : tr("Loaded %1. It is for the model %2: choose it on the Models page.")
                                                    .arg(file, format::shown(config.model)),
            false);
    } catch (const std::exception& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
}

// The method of a file becomes an arm, with its options; the shared settings know no method.
void ConfigurePage::take(const RunConfig& config)
{
    RunConfig shared = config;
    shared.method = RunConfig().method;
    shared.options.clear();
    const auto arm = format::text(config.method);
    m_workbench.undoStack().beginMacro(tr("Load a configuration"));
    m_workbench.edit(shared, tr("Load a configuration"));
    for (const auto& [key, value] : config.options)
        m_workbench.setArmOverride(config.method, key,
            std::visit([](const auto& either) { return nlohmann::json(either); }, value));
    if ((config.method != shared.method || !config.options.empty()) && !m_workbench.arms().contains(arm))
        m_workbench.setArms(m_workbench.arms() + QStringList(arm));
    m_workbench.undoStack().endMacro();
}

// The recipe's method becomes an arm beside the others, which then follow the same recipe.
void ConfigurePage::usePreset(const std::string& id)
{
    const Preset* preset = findPreset(id);
    if (preset == nullptr)
        return;
    try {
        const RunConfig config = withPreset(m_workbench.config(), *preset);
        const auto arm = format::text(config.method);
        m_workbench.undoStack().beginMacro(tr("Use a recipe"));
        take(config);
        if (preset->changes.contains("method") && !m_workbench.arms().contains(arm))
            m_workbench.setArms(m_workbench.arms() + QStringList(arm));
        m_workbench.undoStack().endMacro();
        m_messages->say(tr("%1: the settings are changed; Undo takes it back. %2").arg(format::text(preset->title), format::text(preset->what)), false);
    } catch (const std::exception& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
}

void ConfigurePage::copyCommand()
{
    try {
        QGuiApplication::clipboard()->setText(
            comparisonCommand(
            m_workbench.config(), m_workbench.arms(), m_workbench.armOverrides(), m_workbench.plan()));
        m_workbench.notify(tr("Command copied"));
    } catch (const std::exception& error) {
        m_messages->say(QString::fromUtf8(error.what()), true);
    }
}

}  // namespace rankwright
