// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/widgets/preset_chooser.h"

#include "ui/format.h"
#include "ui/models/arms.h"
#include "ui/models/config_diff.h"
#include "ui/widgets/headings.h"
#include "ui/widgets/number_table.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>

#include <algorithm>

namespace rankwright {

namespace {

constexpr QSize kSize(820, 460);
constexpr int kListWidth = 300;
constexpr int kIdRole = Qt::UserRole;

// Keys of methods' options are not in the table of a configuration that has another method.
QString labelOf(const std::string& key)
{
    const Field* field = findConfigField(key);
    return field == nullptr ? format::text(key) : format::text(field->label);
}

nlohmann::json valueOf(const nlohmann::json& document, const std::string& key)
{
    if (document.contains(key))
        return document[key];
    const auto options = document.value("options", nlohmann::json::object());
    return options.value(key, nlohmann::json());
}

QString shownValue(const nlohmann::json& value)
{
    return value.is_null() ? QString(QChar(0x2014)) : value.is_number() ? valueText(value) : configValueText(value);
}

}  // namespace

PresetChooser::PresetChooser(QWidget* parent)
    : SearchPopup(parent), m_title(makeHeading({})), m_what(new PlainLabel), m_source(makeNote({}))
{
    setAccessibleName(tr("Published recipes"));
    m_field->setPlaceholderText(tr("Search by method, model or task"));
    m_field->setAccessibleName(tr("Search recipes"));
    m_list->setObjectName("presetList");
    m_list->setAccessibleName(tr("Recipes"));
    m_list->setTextElideMode(Qt::ElideRight);
    auto* left = new QVBoxLayout;
    left->setSpacing(8);
    left->addWidget(m_field);
    left->addWidget(m_list, 1);
    m_list->setFixedWidth(kListWidth);
    m_field->setFixedWidth(kListWidth);
    auto* both = new QHBoxLayout(this);
    both->setContentsMargins(12, 12, 12, 12);
    both->setSpacing(16);
    both->addLayout(left);
    both->addWidget(makeDetails(), 1);
    connect(m_list, &QListWidget::currentRowChanged, this, &PresetChooser::showCurrent);
}

QWidget* PresetChooser::makeDetails()
{
    auto* box = new QWidget(this);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    m_title->setWordWrap(true);
    m_what->setWordWrap(true);
    m_changes = new NumberTable("presetChanges", tr("What the recipe changes"), {tr("Setting"), tr("Now"), tr("Recipe")}, 1, box);
    m_use = new QPushButton(tr("Use this recipe"), box);
    m_use->setObjectName("usePresetButton");
    m_use->setDefault(true);
    setPlainToolTip(m_use, tr("Changes the settings; model and data stay as they are. It can be undone."));
    column->addWidget(m_title);
    column->addWidget(m_what);
    column->addWidget(m_source);
    column->addWidget(m_changes, 1);
    column->addWidget(m_use, 0, Qt::AlignRight);
    connect(m_use, &QPushButton::clicked, this, &PresetChooser::take);
    return box;
}

void PresetChooser::open(QWidget& anchor, const RunConfig& config, bool encoder)
{
    m_config = config;
    m_encoder = encoder;
    m_field->clear();
    fill();   // also where nothing was typed: the settings are others
    openAt(anchor, kSize);
}

void PresetChooser::fill()
{
    const auto words = m_field->text().split(' ', Qt::SkipEmptyParts);
    m_list->clear();
    for (const bool understanding : {m_encoder, !m_encoder}) {
        for (const Preset& preset : presets()) {
            if ((preset.kind == Preset::Kind::understanding) != understanding)
                continue;
            const auto text = format::text(preset.title + ' ' + preset.what + ' ' + preset.id);
            if (!std::all_of(words.begin(), words.end(), [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); }))
                continue;
            auto* item = new QListWidgetItem(format::text(preset.title), m_list);
            item->setData(kIdRole, format::text(preset.id));
            item->setToolTip(QStringLiteral("<qt>%1</qt>").arg(plainMessage(format::text(preset.title))));
        }
    }
    m_list->setCurrentRow(m_list->count() > 0 ? 0 : -1);
    showCurrent();
}

const Preset* PresetChooser::current() const
{
    const auto* item = m_list->currentItem();
    return item == nullptr ? nullptr : findPreset(format::plain(item->data(kIdRole).toString()));
}

// Only what is not so already.
void PresetChooser::showCurrent()
{
    const Preset* preset = current();
    m_use->setEnabled(preset != nullptr);
    QList<QStringList> rows;
    if (preset != nullptr) {
        const auto before = toJson(m_config), after = toJson(withPreset(m_config, *preset));
        for (const auto& [key, value] : preset->changes)
            if (valueOf(before, key) != valueOf(after, key))
                rows << QStringList{labelOf(key), shownValue(valueOf(before, key)), shownValue(valueOf(after, key))};
    }
    m_title->setText(preset == nullptr ? tr("No recipe fits") : format::text(preset->title));
    m_what->setText(preset == nullptr ? QString() : format::text(preset->what));
    m_source->setText(preset == nullptr ? QString() : tr("Source: %1").arg(format::text(preset->source)));
    m_changes->setRows(rows);
    if (preset != nullptr && rows.isEmpty()) {
        m_changes->setRowCount(1);
        m_changes->setLine(0, tr("The settings are so already."));
    }
}

void PresetChooser::take()
{
    const Preset* preset = current();
    if (preset == nullptr)
        return;
    hide();
    emit chosen(preset->id);
}

}  // namespace rankwright
