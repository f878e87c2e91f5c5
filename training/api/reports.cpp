// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The JSON forms of what jobs answer, as the commands' --json prints them. NaN and infinities become null.
#include "training/api/reports.h"

#include "training/api/json_text.h"
#include "training/api/spectrum_measures.h"

namespace rankwright {

using nlohmann::json;

json toJson(const ModelInfo& info)
{
    json modules = json::array();
    for (const ModuleInfo& module : info.modules) {
        modules.push_back({{"name", jsonText(module.name)}, {"layer", module.layer}, {"kind", jsonText(module.kind)},
            {"rows", module.rows}, {"cols", module.cols}, {"dtype", jsonText(module.dtype)}});
    }
    json dtypes = json::object();
    for (const auto& [dtype, count] : info.dtypes)
        dtypes[jsonText(dtype)] = count;
    json facts = json::array(), files = json::array(), labels = json::array(), notes = json::array();
    for (const auto& [name, text] : info.facts)
        facts.push_back({{"name", jsonText(name)}, {"text", jsonText(text)}});
    for (const auto& [name, bytes] : info.files)
        files.push_back({{"name", jsonText(name)}, {"bytes", bytes}});
    for (const std::string& label : info.labels)
        labels.push_back(jsonText(label));
    for (const std::string& note : info.notes)
        notes.push_back(jsonText(note));
    json specialTokens = json::object();
    for (const auto& [role, content] : info.specialTokens)
        specialTokens[jsonText(role)] = jsonText(content);
    return {{"facts", std::move(facts)}, {"files", std::move(files)}, {"labels", std::move(labels)},
        {"notes", std::move(notes)}, {"specialTokens", std::move(specialTokens)}, {"generates", info.generates},
        {"experts", info.experts}, {"expertsPerToken", info.expertsPerToken},
        {"templateSource", jsonText(info.templateSource)}, {"spec", jsonText(info.spec)}, {"name", jsonText(info.name)}, {"path", jsonText(info.path)},
        {"source", jsonText(info.source)}, {"format", jsonText(info.format)}, {"family", jsonText(info.family)},
        {"architecture", jsonText(info.architecture)}, {"tokenizer", jsonText(info.tokenizer)},
        {"license", jsonText(info.license)}, {"chatTemplate", info.chatTemplate}, {"dtypes", std::move(dtypes)},
        {"parameters", info.parameters}, {"bytes", info.bytes}, {"adaptable", info.adaptable},
        {"layers", info.layers}, {"hiddenSize", info.hiddenSize}, {"intermediateSize", info.intermediateSize},
        {"heads", info.heads}, {"kvHeads", info.kvHeads}, {"headDim", info.headDim}, {"vocabSize", info.vocabSize},
        {"contextLength", info.contextLength}, {"tiedEmbeddings", info.tiedEmbeddings},
        {"quantised", info.quantised}, {"modules", std::move(modules)}, {"usable", info.usable},
        {"problem", jsonText(info.problem)}};
}

namespace {

json toJson(const PreviewRow& row)
{
    json pieces = json::array();
    for (const PreviewPiece& piece : row.pieces) {
        pieces.push_back({{"text", jsonText(piece.text)}, {"id", piece.id}, {"trained", piece.trained}, {"special", piece.special},
            {"begin", piece.begin}, {"end", piece.end}});
    }
    return {{"row", row.row}, {"tokens", row.tokens}, {"truncated", row.truncated}, {"label", jsonText(row.label)},
        {"pieces", std::move(pieces)}};
}

}  // namespace

json toJson(const DataPreview& preview)
{
    json labels = json::object(), columns = json::object(), available = json::array(), head = json::array(), samples = json::array(),
         warnings = json::array();
    for (const auto& [label, rows] : preview.labels)
        labels[jsonText(label)] = rows;
    for (const auto& [role, column] : preview.columns)
        columns[jsonText(role)] = jsonText(column);
    for (const std::string& column : preview.available)
        available.push_back(jsonText(column));
    for (const auto& row : preview.head) {
        json cells = json::array();
        for (const std::string& cell : row)
            cells.push_back(jsonText(cell));
        head.push_back(std::move(cells));
    }
    for (const PreviewRow& row : preview.samples)
        samples.push_back(toJson(row));
    for (const std::string& warning : preview.warnings)
        warnings.push_back(jsonText(warning));
    return {{"format", jsonText(preview.format)}, {"columns", std::move(columns)}, {"available", std::move(available)},
        {"template", jsonText(preview.chatTemplate)}, {"task", preview.task}, {"labels", std::move(labels)}, {"rows", preview.rows},
        {"truncatedRows", preview.truncatedRows}, {"rowsWithoutTargets", preview.emptyTargetRows}, {"tokens", preview.tokens},
        {"targets", preview.targetTokens}, {"lengths", preview.lengths}, {"head", std::move(head)}, {"samples", std::move(samples)},
        {"warnings", std::move(warnings)}};
}

json toJson(const SpectrumReport& report)
{
    json modules = json::array();
    for (const ModuleSpectrum& module : report.modules) {
        json form = toJson(Event(module));
        form.erase("event");
        form["noiseEdge"] = jsonNumber(noiseEdge(module));
        form["valuesAboveEdge"] = valuesAboveEdge(module);
        modules.push_back(std::move(form));
    }
    return {{"modules", std::move(modules)}};
}

json toJson(const QuantError& error)
{
    const auto norms = [](const ErrorNorms& n) {
        json form{{"frobenius", jsonNumber(n.frobenius)}, {"nuclear", jsonNumber(n.nuclear)}, {"spectral", jsonNumber(n.spectral)}};
        if (n.output >= 0)
            form["output"] = jsonNumber(n.output);
        return form;
    };
    return {{"name", jsonText(error.name)}, {"kind", jsonText(error.kind)}, {"method", error.method}, {"rank", error.rank},
        {"rounds", error.rounds}, {"error", norms(error.error)}, {"plain", norms(error.plain)},
        {"reduction", jsonNumber(error.reduction())}};
}

json toJson(const QuantErrorReport& report)
{
    json modules = json::array();
    for (const auto& module : report.modules)
        modules.push_back(toJson(module));
    return {{"base", report.base}, {"dtype", report.dtype}, {"modules", std::move(modules)}};
}

json toJson(const RankPlan& plan)
{
    json modules = json::array();
    for (const PlannedModule& module : plan.modules) {
        modules.push_back({{"name", jsonText(module.name)}, {"rows", module.rows}, {"cols", module.cols},
            {"rank", module.rank}, {"alpha", jsonNumber(module.alpha)}, {"energy", jsonNumber(module.energy)},
            {"parameters", module.parameters}});
    }
    return {{"modules", std::move(modules)}, {"parameters", plan.parameters}, {"energy", jsonNumber(plan.energy)},
        {"adapterBytes", plan.adapterBytes}, {"fileBytes", plan.fileBytes}, {"gap", jsonNumber(plan.gap)}};
}

json toJson(const Estimate& estimate)
{
    json warnings = json::array(), parts = json::array(), suggestions = json::array();
    for (const std::string& warning : estimate.warnings)
        warnings.push_back(jsonText(warning));
    for (const MemoryPart& part : estimate.parts)
        parts.push_back({{"id", part.id}, {"title", part.title}, {"bytes", part.bytes}});
    for (const Suggestion& suggestion : estimate.suggestions)
        suggestions.push_back({{"text", jsonText(suggestion.text)}, {"changes", suggestion.changes}, {"saves", suggestion.saves}});
    return {{"trainable", estimate.trainable}, {"parameters", estimate.parameters}, {"steps", estimate.steps},
        {"rows", estimate.rows}, {"peakBytes", estimate.peakBytes}, {"parts", std::move(parts)},
        {"uncalibratedBytes", estimate.uncalibratedBytes}, {"memoryBytes", estimate.memoryBytes}, {"fits", estimate.fits},
        {"productsPerStep", jsonNumber(estimate.productsPerStep)}, {"pastRuns", estimate.pastRuns},
        {"suggestions", std::move(suggestions)},
        {"secondsPerStep", jsonNumber(estimate.secondsPerStep)}, {"seconds", jsonNumber(estimate.seconds)},
        {"leastSeconds", jsonNumber(estimate.leastSeconds)}, {"mostSeconds", jsonNumber(estimate.mostSeconds)},
        {"data", toJson(estimate.data)}, {"warnings", std::move(warnings)}};
}

json toJson(const DriftReport& report)
{
    json modules = toJson(Event(DriftEvent{.modules = report.modules})).at("modules");
    return {{"step", report.step}, {"intruderCosine", jsonNumber(report.intruderCosine)}, {"intruderTop", report.intruderTop},
        {"modules", std::move(modules)}};
}

json toJson(const ShrinkReport& report)
{
    json points = json::array(), modules = json::array();
    for (const ShrinkPoint& point : report.points) {
        points.push_back({{"rank", point.rank}, {"energyAsked", jsonNumber(point.energyAsked)}, {"energy", jsonNumber(point.energy)},
            {"parameters", point.parameters}, {"bytes", point.bytes}, {"loss", jsonNumber(point.loss)}});
    }
    for (const UpdateSpectrum& module : report.modules) {
        json values = json::array();
        for (const double value : module.values)
            values.push_back(jsonNumber(value));
        modules.push_back({{"name", jsonText(module.name)}, {"values", std::move(values)}});
    }
    return {{"step", report.step}, {"lossBase", jsonNumber(report.lossBase)}, {"lossFull", jsonNumber(report.lossFull)},
        {"points", std::move(points)}, {"modules", std::move(modules)}, {"adapter", jsonText(report.adapter)}};
}

json toJson(const EvalResult& result)
{
    json metrics = json::object();
    for (const auto& [id, value] : result.metrics)
        metrics[id] = jsonNumber(value);
    return {{"metric", jsonText(result.metric)}, {"value", jsonNumber(result.value)}, {"rows", result.rows},
        {"tokens", result.tokens}, {"metrics", std::move(metrics)}, {"answers", result.answers}, {"cutAnswers", result.cutAnswers}};
}

json toJson(const ExportResult& result)
{
    json files = json::array();
    for (const std::string& file : result.files)
        files.push_back(jsonText(file));
    return {{"folder", jsonText(result.folder)}, {"format", jsonText(result.format)},
        {"largestDifference", jsonNumber(result.largestDifference)},
        {"largestLogit", jsonNumber(result.largestLogit)}, {"bytes", result.bytes},
        {"files", std::move(files)}};
}

json toJson(const DeviceList& list)
{
    json devices = json::array();
    for (const DeviceInfo& device : list.devices) {
        devices.push_back(
            {{"id", device.id}, {"name", jsonText(device.name)}, {"bytes", device.bytes}, {"freeBytes", device.freeBytes}});
    }
    return {{"devices", std::move(devices)}, {"note", jsonText(list.note)}};
}

json toJson(const VerifyResult& result)
{
    json warnings = json::array();
    for (const std::string& warning : result.warnings)
        warnings.push_back(jsonText(warning));
    return {{"tensors", result.tensors}, {"bytes", result.bytes}, {"nonFinite", result.nonFinite},
        {"firstNonFinite", jsonText(result.firstNonFinite)}, {"warnings", std::move(warnings)}};
}

json toJson(const StepZero& stepZero)
{
    return {{"largest", jsonNumber(stepZero.largest)}, {"mean", jsonNumber(stepZero.mean)},
        {"moduleLargest", jsonNumber(stepZero.moduleLargest)}, {"moduleName", jsonText(stepZero.moduleName)},
        {"tokens", stepZero.tokens}, {"largestLogit", jsonNumber(stepZero.largestLogit)},
        {"logitLimit", jsonNumber(stepZero.logitLimit)}, {"moduleLimit", jsonNumber(stepZero.moduleLimit)}};
}

}  // namespace rankwright
