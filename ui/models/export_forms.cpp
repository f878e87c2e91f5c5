// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "ui/models/export_forms.h"

#include "ui/format.h"

#include <QCoreApplication>

namespace rankwright {

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("ExportForms", text);
}

QString titleOf(const RunConfig& config)
{
    return format::text(methodCard(config.method).title);
}

bool isEdited(const RunConfig& config)
{
    return methodCard(config.method).plainExport == PlainExport::doubled;
}

QString explainPlain(const RunConfig& config)
{
    if (isEdited(config))
        return tr("An adapter for the original base model, which every program that loads LoRA adapters can use. %1 has edited "
                  "the base, so the adapter also has to take its start away again: the rank doubles from %2 to %3, and the "
                  "files with it. The model it gives is the same.")
            .arg(titleOf(config))
            .arg(config.rank)
            .arg(2 * config.rank);
    auto text = methodCard(config.method).plainExport == PlainExport::dora
        ? tr("An adapter of rank %1 with its magnitudes, in PEFT's DoRA form, for the original base model.")
        : tr("An adapter of rank %1 for the original base model, as it was trained.");
    text = text.arg(config.rank);
    if (isQuantised(config))
        text += ' ' + tr("It was trained on a base in few bits and belongs on one: load the base in %1.")
                          .arg(format::text(effectiveBase(config)));
    return text;
}

QString explainOwn(const RunConfig& config)
{
    if (isEdited(config) && isQuantised(config))
        return tr("The trained A and B as they are, rank %1, with the quantised base model that they belong to, its values "
                  "written out, in the folder base/ beside them. Needs the room of a whole model.")
            .arg(config.rank);
    if (isEdited(config))
        return tr("The trained A and B as they are, rank %1, with the edited base model in the folder base/ beside them. Needs "
                  "the room of a whole model; use it to go on training.")
            .arg(config.rank);
    return tr("The trained adapter, rank %1. %2 edits no base: the same as the adapter above.")
        .arg(config.rank)
        .arg(titleOf(config));
}

}  // namespace

QString exportRefusal(const QString& format, const RunConfig& config, const std::string& task)
{
    if (task != "lm" && format.startsWith(QLatin1String("gguf")))
        return tr("It was trained with a head for classes or numbers, which llama.cpp does not load: export the adapter or the merged model.");
    return format::text(exportRefusal(config, format::plain(format)));
}

QString exportExplanation(const QString& format, const RunConfig& config, const std::string& task)
{
    if (findMethodCard(config.method) == nullptr)
        return {};
    if (const auto refusal = exportRefusal(format, config, task); !refusal.isEmpty())
        return refusal;
    if (format == "lora")
        return explainPlain(config);
    if (format == "peft")
        return explainOwn(config);
    if (format == "gguf")
        return tr("A whole model in one .gguf file with its tokenizer and chat template, for llama.cpp and programs built on it. "
                  "F32 is exact; fewer bits round each weight, and the badge shows by how much the logits move.");
    if (format == "gguf-lora")
        return tr("The adapter in one .gguf file, in float32, for llama.cpp beside a GGUF file of the original base model.")
            + (isEdited(config) ? ' ' + tr("Its rank doubles to %1, as %2 has edited the base.").arg(2 * config.rank).arg(titleOf(config)) : QString());
    return methodCard(config.method).plainExport == PlainExport::none
        ? tr("A whole model with the trained weights: nothing else is needed to load it.")
        : tr("A whole model with the adapter added into its weights: nothing else is needed to load it.");
}

}  // namespace rankwright
