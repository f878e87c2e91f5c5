// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/arms.h"

#include "training/api/error.h"
#include "ui/format.h"
#include "ui/models/run_table.h"

namespace rankwright {

std::string armMethod(const QString& arm)
{
    return format::plain(arm.section(' ', 0, 0));
}

QString armTitle(const QString& arm)
{
    const auto copy = arm.section(' ', 1);
    const auto title = methodTitle(armMethod(arm));
    return copy.isEmpty() ? title : title + ' ' + copy;
}

QString newArm(const std::string& method, const QStringList& taken)
{
    const auto first = format::text(method);
    auto name = first;
    for (int copy = 2; taken.contains(name); ++copy)
        name = QStringLiteral("%1 %2").arg(first).arg(copy);
    return name;
}

const nlohmann::json& changesOf(const QString& arm, const ArmOverrides& overrides)
{
    static const nlohmann::json none = nlohmann::json::object();
    const auto found = overrides.find(format::plain(arm));
    return found == overrides.end() || !found->second.is_object() ? none : found->second;
}

RunConfig armDraft(const RunConfig& shared, const QString& arm, const ArmOverrides& overrides)
{
    RunConfig config = shared;
    config.method = armMethod(arm);
    if (config.method != shared.method)
        config.options.clear();   // they were another method's
    for (const auto& [key, value] : changesOf(arm, overrides).items()) {
        const Field* field = findConfigField(key);
        if (field == nullptr)
            throw Error(ErrorParts{.code = Code::config, .place = key, .found = "no such setting", .allowed = {},
                .advice = "Remove the arm and add it again."});
        setField(config, *field, value);
    }
    return config;
}

RunConfig armConfig(const RunConfig& shared, const QString& arm, const ArmOverrides& overrides)
{
    RunConfig config = armDraft(shared, arm, overrides);
    validate(config);
    checkStartAdapter(config);
    return config;
}

QString valueText(const nlohmann::json& value)
{
    if (value.is_string())
        return format::text(value.get<std::string>());
    const auto text = format::text(value.dump());   // the shortest that reads back as the same number
    return text.endsWith(".0") ? text.chopped(2) : text;
}

std::string armKey(const std::string& key)
{
    const Field* field = findConfigField(key);
    return field != nullptr && field->option.starts_with("--") ? field->option.substr(2) : key;
}

QStringList armLabels(const QStringList& arms, const ArmOverrides& overrides)
{
    std::map<std::string, int> ofMethod;
    for (const QString& arm : arms)
        ++ofMethod[armMethod(arm)];
    QStringList labels;
    for (const QString& arm : arms) {
        auto label = format::text(armMethod(arm));
        if (ofMethod[armMethod(arm)] > 1)
            for (const auto& [key, value] : changesOf(arm, overrides).items())
                label += QStringLiteral(" %1=%2").arg(format::text(armKey(key)), valueText(value));
        auto unique = label;
        for (int copy = 2; labels.contains(unique); ++copy)
            unique = QStringLiteral("%1 (%2)").arg(label).arg(copy);
        labels << unique;
    }
    return labels;
}

}  // namespace rankwright
