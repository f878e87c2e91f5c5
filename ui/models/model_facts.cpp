// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/model_facts.h"

#include "ui/format.h"

#include <QCoreApplication>

#include <algorithm>

namespace rankwright {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("ModelFacts", text);
}

QString yesNo(bool yes)
{
    return yes ? tr("yes") : tr("no");
}

QString joined(const std::vector<std::string>& names, int most)
{
    QStringList shown;
    for (size_t i = 0; i < names.size() && int(i) < most; ++i)
        shown << format::shown(names[i], 40);
    if (int(names.size()) > most)
        shown << QString(QChar(0x2026));
    return shown.join(QStringLiteral(", "));
}

}  // namespace

std::vector<std::pair<QString, QString>> modelFacts(const ModelInfo& model)
{
    const auto count = [](int64_t value) { return value > 0 ? format::count(value) : QString(); };
    QStringList dtypes;
    for (const auto& [dtype, tensors] : model.dtypes)
        dtypes.append(tr("%1 × %2").arg(format::shown(dtype, 24)).arg(tensors));
    const bool known = model.layers > 0;
    const QString heads = model.kvHeads > 0 && model.kvHeads != model.heads
        ? tr("%1, %2 for keys and values").arg(model.heads).arg(model.kvHeads)
        : count(model.heads);
    // What the engine says in its own words is not said twice.
    const auto told = [&model](const char* name) {
        return std::any_of(model.facts.begin(), model.facts.end(), [name](const auto& fact) { return fact.first == name; });
    };
    const auto unless = [&told](const char* name, const QString& value) { return told(name) ? QString() : value; };
    std::vector<std::pair<QString, QString>> facts{
        {tr("Architecture"), format::shown(model.architecture, 60)},
        {tr("Parameters"), count(model.parameters)},
        {tr("Adaptable"), count(model.adaptable)},
        {tr("Layers"), count(model.layers)},
        {tr("Width"), count(model.hiddenSize)},
        {tr("Inner width"), unless("Feed-forward", count(model.intermediateSize))},
        {tr("Heads"), unless("Attention", heads)},
        {tr("Head width"), unless("Attention", count(model.headDim))},
        {tr("Experts"), unless("Experts", model.experts > 0 ? tr("%1, %2 for a token").arg(model.experts).arg(model.expertsPerToken) : QString())},
        {tr("Vocabulary"), count(model.vocabSize)},
        {tr("Context, tokens"), count(model.contextLength)},
        {tr("Tied embeddings"), unless("Head", known && model.generates ? yesNo(model.tiedEmbeddings) : QString())},
        {tr("Classes"), unless("Head for labels", joined(model.labels, 12))},
    };
    for (const auto& [name, text] : model.facts)
        if (name != "Layer pattern")   // drawn
            facts.emplace_back(format::shown(name, 40), format::shown(text, 200));
    facts.insert(facts.end(), {
        {tr("Tokenizer"), format::shown(model.tokenizer, 60)},
        {tr("Chat template"), known && model.generates ? yesNo(model.chatTemplate) : QString()},
        {tr("Stored tensors"), unless("Stored as", dtypes.join(QStringLiteral(", ")))},
        {tr("Format"), format::shown(model.format, 24)},
        {tr("Size"), model.bytes > 0 ? format::bytes(model.bytes) : QString()},
        {tr("Licence"), format::shown(model.license, 80)},
        {tr("Found in"), format::shown(model.source, 60)},
        {tr("Path"), format::shown(model.path, 400)},
    });
    std::erase_if(facts, [](const auto& fact) { return fact.second.isEmpty(); });
    return facts;
}

}  // namespace rankwright
