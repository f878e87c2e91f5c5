// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The JSON form of events: what --events prints and metrics.jsonl keeps, and back.
#include "training/api/events.h"

#include "training/api/error.h"
#include "training/api/json_text.h"
#include "training/api/reports.h"

#include <array>
#include <cmath>

namespace rankwright {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 8> kStates{
    "queued", "running", "paused", "stopped", "finished", "diverged", "failed", "interrupted"};

json textList(const std::vector<std::string>& texts)
{
    json list = json::array();
    for (const std::string& text : texts)
        list.push_back(jsonText(text));
    return list;
}

json numberMap(const std::map<std::string, double>& numbers)
{
    json object = json::object();
    for (const auto& [name, value] : numbers)
        object[name] = jsonNumber(value);
    return object;
}

json form(const RunStarted& e)
{
    return {{"event", "start"}, {"run", jsonText(e.run)}, {"method", jsonText(e.method)}, {"steps", e.steps},
        {"firstStep", e.firstStep}, {"trainable", e.trainable}, {"parameters", e.parameters}, {"rows", e.rows},
        {"truncatedRows", e.truncatedRows}, {"evalRows", e.evalRows}, {"prepareSeconds", jsonNumber(e.prepareSeconds)},
        {"initHash", jsonText(e.initHash)}, {"orderHash", jsonText(e.orderHash)},
        {"modelHash", jsonText(e.modelHash)}, {"dataHash", jsonText(e.dataHash)}, {"evalHash", jsonText(e.evalHash)},
        {"stepZero", toJson(e.stepZero)},
        {"estimatedBytes", e.estimatedBytes}, {"productsPerStep", jsonNumber(e.productsPerStep)},
        {"task", jsonText(e.task)}, {"labels", textList(e.labels)}, {"data", toJson(e.data)}};
}

json form(const StepEvent& e)
{
    return {{"event", "step"}, {"run", jsonText(e.run)}, {"step", e.step}, {"steps", e.steps},
        {"loss", jsonNumber(e.loss)}, {"lr", jsonNumber(e.lr)}, {"gradNorm", jsonNumber(e.gradNorm)},
        {"tokens", e.tokens}, {"targets", e.targets}, {"seconds", jsonNumber(e.seconds)}, {"skipped", e.skipped}};
}

json form(const EvalEvent& e)
{
    json document{{"event", "eval"}, {"run", jsonText(e.run)}, {"step", e.step}, {"loss", jsonNumber(e.loss)},
        {"rows", e.rows}, {"tokens", e.tokens}, {"seconds", jsonNumber(e.seconds)}, {"best", e.best}};
    if (!e.metrics.empty())
        document["metrics"] = numberMap(e.metrics);
    if (e.answers > 0) {
        document["answers"] = e.answers;
        document["cutAnswers"] = e.cutAnswers;
    }
    return document;
}

json form(const CheckpointEvent& e)
{
    return {{"event", "checkpoint"}, {"run", jsonText(e.run)}, {"step", e.step}, {"folder", jsonText(e.folder)}};
}

json form(const NoteEvent& e)
{
    return {{"event", "note"}, {"run", jsonText(e.run)}, {"level", jsonText(e.level)}, {"text", jsonText(e.text)}};
}

json form(const RunEnded& e)
{
    return {{"event", "end"}, {"run", jsonText(e.run)}, {"outcome", stateText(e.outcome)}, {"step", e.step},
        {"finalLoss", jsonNumber(e.finalLoss)}, {"adapter", jsonText(e.adapter)}, {"error", jsonText(e.error)},
        {"reason", jsonText(e.reason)}, {"bestStep", e.bestStep}, {"keptBest", e.keptBest}, {"peakBytes", e.peakBytes},
        {"peakDeviceBytes", e.peakDeviceBytes}};
}

json form(const ModuleDrift& m)
{
    return {{"name", jsonText(m.name)}, {"rank", m.rank}, {"update", jsonNumber(m.update)}, {"inside", jsonNumber(m.inside)},
        {"angleMean", jsonNumber(m.angleMean)}, {"angleLargest", jsonNumber(m.angleLargest)},
        {"effectiveRank", jsonNumber(m.effectiveRank)}, {"intruders", m.intruders}};
}

json form(const DriftEvent& e)
{
    json modules = json::array();
    for (const ModuleDrift& module : e.modules)
        modules.push_back(form(module));
    return {{"event", "drift"}, {"run", jsonText(e.run)}, {"step", e.step}, {"seconds", jsonNumber(e.seconds)},
        {"modules", std::move(modules)}};
}

json form(const QuantError& e)
{
    json document = toJson(e);
    document["event"] = "quantError";
    return document;
}

json form(const ProgressEvent& e)
{
    return {{"event", "progress"}, {"what", jsonText(e.what)}, {"done", e.done}, {"total", e.total}};
}

json form(const ModuleSpectrum& e)
{
    json values = json::array();
    for (const float value : e.values)
        values.push_back(jsonFloat(value));
    return {{"event", "spectrum"}, {"name", jsonText(e.name)}, {"rows", e.rows}, {"cols", e.cols},
        {"hash", jsonText(e.hash)}, {"values", std::move(values)}, {"energy", jsonNumber(e.energy)},
        {"stableRank", jsonNumber(e.stableRank)}, {"effectiveRank", jsonNumber(e.effectiveRank)}};
}

json form(const TextEvent& e) { return {{"event", "text"}, {"text", jsonText(e.text)}, {"voice", e.voice}}; }

[[noreturn]] void refuse(std::string place, std::string found, std::string allowed)
{
    throw Error{ErrorParts{.code = Code::format,
        .place = std::move(place),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "The line was not written by this program, or by a newer one."}};
}

// Reads one event's fields. Keys that are missing keep their defaults, so that lines of older versions stay readable;
// keys of another type are refused.
class Fields
{
public:
    explicit Fields(const json& object)
        : m_object(object)
    {
    }
    void read(const char* key, std::string& to) const
    {
        if (const json* value = find(key, &json::is_string, "text"))
            to = value->get<std::string>();
    }
    void read(const char* key, bool& to) const
    {
        if (const json* value = find(key, &json::is_boolean, "true or false"))
            to = value->get<bool>();
    }
    void read(const char* key, int64_t& to) const
    {
        if (const json* value = find(key, &json::is_number_integer, "a whole number"))
            to = value->get<int64_t>();
    }
    void read(const char* key, double& to) const
    {
        const auto item = m_object.find(key);
        if (item != m_object.end() && item->is_null())
            to = numberFromJson(*item);
        else if (const json* value = find(key, &json::is_number, "a number or null"))
            to = value->get<double>();
    }
    void read(const char* key, RunState& to) const
    {
        if (const json* value = find(key, &json::is_string, "a state"))
            to = stateFromText(value->get<std::string>());
    }
    void read(const char* key, std::vector<std::string>& to) const
    {
        const json* list = find(key, &json::is_array, "a list of texts");
        if (list == nullptr)
            return;
        for (const json& item : *list) {
            if (!item.is_string())
                refuse("/" + std::string(key), "something else than a text", "a list of texts");
            to.push_back(item.get<std::string>());
        }
    }
    void read(const char* key, std::map<std::string, double>& to) const
    {
        const json* object = find(key, &json::is_object, "an object of numbers");
        if (object == nullptr)
            return;
        for (const auto& [name, value] : object->items()) {
            if (!value.is_number() && !value.is_null())
                refuse("/" + std::string(key) + "/" + name, "something else than a number", "a number or null");
            to[name] = value.is_null() ? numberFromJson(value) : value.get<double>();
        }
    }
    void read(const char* key, DataReading& to) const
    {
        if (const json* value = find(key, &json::is_object, "an object"))
            to = readingFromJson(*value);
    }
    void read(const char* key, StepZero& to) const
    {
        if (const json* value = find(key, &json::is_object, "an object")) {
            const Fields part(*value);
            part.read("largest", to.largest);
            part.read("mean", to.mean);
            part.read("moduleLargest", to.moduleLargest);
            part.read("moduleName", to.moduleName);
            part.read("tokens", to.tokens);
            part.read("largestLogit", to.largestLogit);
            part.read("logitLimit", to.logitLimit);
            part.read("moduleLimit", to.moduleLimit);
        }
    }

    // The objects of an array; none where the key is missing.
    [[nodiscard]] std::vector<json> objects(const char* key) const
    {
        const json* list = find(key, &json::is_array, "a list");
        if (list == nullptr)
            return {};
        for (const json& item : *list) {
            if (!item.is_object())
                refuse("/" + std::string(key), "something else than an object", "a list of objects");
        }
        return list->get<std::vector<json>>();
    }

private:
    const json* find(const char* key, bool (json::*isRight)() const noexcept, const char* allowed) const
    {
        const auto item = m_object.find(key);
        if (item == m_object.end())
            return nullptr;
        if (!((*item).*isRight)())
            refuse("/" + std::string(key), item->dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 80),
                allowed);
        return &*item;
    }
    const json& m_object;
};

RunStarted startFrom(const Fields& fields)
{
    RunStarted e;
    fields.read("run", e.run);
    fields.read("method", e.method);
    fields.read("steps", e.steps);
    fields.read("firstStep", e.firstStep);
    fields.read("trainable", e.trainable);
    fields.read("parameters", e.parameters);
    fields.read("rows", e.rows);
    fields.read("truncatedRows", e.truncatedRows);
    fields.read("evalRows", e.evalRows);
    fields.read("prepareSeconds", e.prepareSeconds);
    fields.read("initHash", e.initHash);
    fields.read("orderHash", e.orderHash);
    fields.read("modelHash", e.modelHash);
    fields.read("dataHash", e.dataHash);
    fields.read("evalHash", e.evalHash);
    fields.read("stepZero", e.stepZero);
    fields.read("estimatedBytes", e.estimatedBytes);
    fields.read("productsPerStep", e.productsPerStep);
    fields.read("task", e.task);
    fields.read("labels", e.labels);
    fields.read("data", e.data);
    return e;
}

StepEvent stepFrom(const Fields& fields)
{
    StepEvent e;
    fields.read("run", e.run);
    fields.read("step", e.step);
    fields.read("steps", e.steps);
    fields.read("loss", e.loss);
    fields.read("lr", e.lr);
    fields.read("gradNorm", e.gradNorm);
    fields.read("tokens", e.tokens);
    fields.read("targets", e.targets);
    fields.read("seconds", e.seconds);
    fields.read("skipped", e.skipped);
    return e;
}

EvalEvent evalFrom(const Fields& fields)
{
    EvalEvent e;
    fields.read("run", e.run);
    fields.read("step", e.step);
    fields.read("loss", e.loss);
    fields.read("rows", e.rows);
    fields.read("tokens", e.tokens);
    fields.read("seconds", e.seconds);
    fields.read("best", e.best);
    fields.read("metrics", e.metrics);
    fields.read("answers", e.answers);
    fields.read("cutAnswers", e.cutAnswers);
    return e;
}

ModuleDrift driftFrom(const Fields& fields)
{
    ModuleDrift m;
    fields.read("name", m.name);
    fields.read("rank", m.rank);
    fields.read("update", m.update);
    fields.read("inside", m.inside);
    fields.read("angleMean", m.angleMean);
    fields.read("angleLargest", m.angleLargest);
    fields.read("effectiveRank", m.effectiveRank);
    fields.read("intruders", m.intruders);
    return m;
}

DriftEvent driftEventFrom(const Fields& fields)
{
    DriftEvent e;
    fields.read("run", e.run);
    fields.read("step", e.step);
    fields.read("seconds", e.seconds);
    for (const json& module : fields.objects("modules"))
        e.modules.push_back(driftFrom(Fields(module)));
    return e;
}

RunEnded endFrom(const Fields& fields)
{
    RunEnded e;
    fields.read("run", e.run);
    fields.read("outcome", e.outcome);
    fields.read("step", e.step);
    fields.read("finalLoss", e.finalLoss);
    fields.read("adapter", e.adapter);
    fields.read("error", e.error);
    fields.read("reason", e.reason);
    fields.read("bestStep", e.bestStep);
    fields.read("keptBest", e.keptBest);
    fields.read("peakBytes", e.peakBytes);
    fields.read("peakDeviceBytes", e.peakDeviceBytes);
    return e;
}

}  // namespace

std::string stateText(RunState state)
{
    const auto index = size_t(state);
    return index < kStates.size() ? kStates[index] : "unknown";
}

StartVerdict verdictOn(const StepZero& found)
{
    if (!std::isfinite(found.largest) || !std::isfinite(found.moduleLargest))
        return StartVerdict::other;
    if (found.logitLimit < 0)
        return StartVerdict::unjudged;
    return found.largest <= found.logitLimit && found.moduleLargest <= found.moduleLimit ? StartVerdict::same : StartVerdict::other;
}

RunState stateFromText(const std::string& text)
{
    for (size_t i = 0; i < kStates.size(); ++i) {
        if (text == kStates[i])
            return RunState(i);
    }
    std::string words;
    for (const char* word : kStates)
        words += (words.empty() ? "" : ", ") + std::string(word);
    refuse("state", "\"" + text.substr(0, 80) + "\"", "one of " + words);
}

json toJson(const Event& event)
{
    return std::visit([](const auto& e) { return form(e); }, event);
}

Event eventFromJson(const json& document)
{
    if (!document.is_object() || !document.contains("event") || !document.at("event").is_string())
        refuse("/event", "no event", "an object with the key event");
    const std::string kind = document.at("event").get<std::string>();
    const Fields fields(document);
    if (kind == "start")
        return startFrom(fields);
    if (kind == "step")
        return stepFrom(fields);
    if (kind == "eval")
        return evalFrom(fields);
    if (kind == "end")
        return endFrom(fields);
    if (kind == "drift")
        return driftEventFrom(fields);
    if (kind == "checkpoint") {
        CheckpointEvent e;
        fields.read("run", e.run);
        fields.read("step", e.step);
        fields.read("folder", e.folder);
        return e;
    }
    if (kind == "note") {
        NoteEvent e;
        fields.read("run", e.run);
        fields.read("level", e.level);
        fields.read("text", e.text);
        return e;
    }
    refuse("/event", "\"" + kind.substr(0, 80) + "\"", "start, step, eval, checkpoint, note, drift or end");
}

}  // namespace rankwright
