// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/engine/eval_job.h"

#include "training/api/error.h"
#include "training/api/json_text.h"
#include "training/api/metrics.h"
#include "training/device/device.h"
#include "training/formats/atomic_file.h"
#include "training/generate/answers.h"
#include "training/train/adapted_model.h"
#include "training/train/evaluate.h"
#include "training/train/trained_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace rankwright {

namespace {

[[noreturn]] void refuseMetric(Code code, const std::string& found, const std::string& allowed, const std::string& advice)
{
    throw Error({.code = code, .place = "--metric", .found = found, .allowed = allowed, .advice = advice});
}

bool isLoss(const std::string& id) { return id == "loss" || id == "perplexity"; }

std::vector<std::string> metricsOf(const EvalJob& job)
{
    auto ids = metricIds(job.metric);
    for (const auto& id : ids) {
        if (!isLoss(id) && findMetricCard(id) == nullptr)
            refuseMetric(Code::unsupported, "\"" + escaped(id) + "\"", "loss, perplexity, " + allowedMetrics(), "Choose of these.");
    }
    if (ids.empty())
        refuseMetric(Code::usage, "none", "loss, perplexity, " + allowedMetrics(), "Choose at least one.");
    return ids;
}

// What is judged: one of the two models.
struct Judged
{
    std::unique_ptr<TrainedModel> run;
    std::unique_ptr<AdaptedModel> adapted;
    RunConfig config;
    [[nodiscard]] Model& model() const { return run ? run->model : adapted->model; }
    [[nodiscard]] const Weights& weights() const { return run ? *run->weights : *adapted->weights; }
    [[nodiscard]] const std::vector<std::string>& labels() const { return run ? run->labels : adapted->labels; }
};

// The run's way of reading rows, with what the job says otherwise.
RunConfig overRun(const RunConfig& run, const RunConfig& asked)
{
    const RunConfig defaults;
    auto config = run;
    config.data = asked.data;
    config.rows = asked.rows;
    const auto take = [&](auto RunConfig::* member) {
        if (asked.*member != defaults.*member)
            config.*member = asked.*member;
    };
    take(&RunConfig::columns);
    take(&RunConfig::chatTemplate);
    take(&RunConfig::loss);
    take(&RunConfig::maxLength);
    take(&RunConfig::answerTokens);
    return config;
}

Judged open(const EvalJob& job, JobContext& context)
{
    Judged judged;
    if (job.folder.empty()) {
        judged.adapted = openAdapted(job.model, job.adapter, job.data, context);
        judged.config = job.data;
    } else {
        judged.run = openTrained(job.folder, context, deviceOf(job.data.device));
        judged.config = overRun(judged.run->config, job.data);
    }
    judged.config.maxLength = std::min(judged.config.maxLength, judged.model().config().contextLength);
    return judged;
}

// transformers' names for classes that nobody named.
bool areNamed(const std::vector<std::string>& labels)
{
    return !labels.empty() && !std::ranges::all_of(labels, [](const std::string& label) { return label.starts_with("LABEL_"); });
}

PreparedData rowsOf(const Judged& judged, const ModelText& text, JobContext& context)
{
    if (judged.run && judged.config.data.empty()) {
        auto data = evaluationData(*judged.run, context);
        if (data.samples.empty()) {
            throw Error({.code = Code::usage, .place = "DATASET", .found = "not given, and the run has no evaluation rows",
                .allowed = "a data set", .advice = "Name one."});
        }
        return data;
    }
    const auto& model = judged.model();
    const auto& config = judged.config;
    // Text is judged as text, and classes have the model's names; where those are only numbers, the data's order is taken.
    const bool known = model.task() != Task::classify || areNamed(judged.labels());
    const PreparedData asTrained{.task = model.task(), .labels = judged.labels()};
    auto data = text.prepare(config.data, Split::test, config, config.rows, context, known ? &asTrained : nullptr);
    if (const auto head = model.task() == Task::classify ? data.outputs() : 0; !known && head > 0) {
        const auto outputs = model.scores(at::zeros({1, model.config().hiddenSize}, at::TensorOptions(model.device()))).size(1);
        if (data.task != model.task() || head != outputs) {
            throw Error({.code = Code::mismatch, .file = data.dataset.file, .place = "labels",
                .found = std::to_string(head) + " classes", .allowed = std::to_string(outputs) + ", as the model's head",
                .advice = "Name the classes in their order (--labels A,B), or choose other data."});
        }
    }
    return data;
}

// One JSON object a line, written as a whole at the end: an answer costs more than a line.
class SampleLines
{
public:
    explicit SampleLines(const PreparedData& data) : m_data(data) {}
    // Also the whole prompt, template and special tokens included: what a grader elsewhere needs to ask the same question.
    void add(const JudgedAnswer& answer, const Tokenizer& tokenizer)
    {
        nlohmann::json right = nlohmann::json::object();
        for (const auto& [id, yes] : answer.right)
            right[id] = yes;
        add({{"row", answer.question.row}, {"prompt", answer.question.prompt}, {"response", answer.question.reference},
            {"generated", answer.generated}, {"right", right}, {"tokens", answer.tokens}, {"stop", answer.cut ? "length" : "end"},
            {"input", tokenizer.decode(answer.question.ids, false)}});
    }
    void addLabels(const Evaluation& found)
    {
        size_t next = 0;
        for (const auto& sample : m_data.samples) {
            if (!sample.label || next == found.predicted.size())
                continue;
            const auto& example = m_data.dataset.examples.at(size_t(sample.row));
            const double predicted = found.predicted[next], truth = found.truth[next];
            ++next;
            const bool classes = m_data.task == Task::classify;
            nlohmann::json line{{"row", sample.row}, {"prompt", example.prompt}, {"response", example.label.value_or("")},
                {"generated", classes ? m_data.labels.at(size_t(predicted)) : nlohmann::json(jsonNumber(predicted)).dump()},
                {"right", classes ? nlohmann::json{{"accuracy", predicted == truth}} : nlohmann::json::object()}};
            if (!example.response.empty())
                line["second"] = example.response;
            add(line);
        }
    }
    void write(const std::filesystem::path& file) const { writeFileAtomically(file, m_text); }

private:
    void add(const nlohmann::json& line)
    {
        m_text += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    const PreparedData& m_data;
    std::string m_text;
};

void refuseSamples(const EvalJob& job)
{
    if (!job.samples.empty() && std::filesystem::exists(job.samples)) {
        throw Error({.code = Code::exists, .file = job.samples, .place = "--samples", .found = "a file or folder of this name",
            .allowed = "a new file", .advice = "Choose another name, or delete it."});
    }
}

}  // namespace

EvalResult evaluateModel(const EvalJob& job, JobContext& context)
{
    const auto metrics = metricsOf(job);
    refuseSamples(job);
    const auto judged = open(job, context);
    const auto& model = judged.model();
    if (!model.generates() && model.task() == Task::lm) {
        throw Error({.code = Code::mismatch, .file = judged.weights().source().path, .place = "model",
            .found = "an encoder without a head for labels", .allowed = "a trained one (--run, --adapter)",
            .advice = "Train it on data with labels first."});
    }
    refuseMetricsThatDoNotFit(metrics, taskText(model.task()), model.generates(), "--metric", "loss, perplexity");
    const ModelText text(judged.weights().source().path, model.config().vocabSize);
    const auto data = rowsOf(judged, text, context);
    const at::NoGradGuard guard;
    const auto found = evaluate(model, data.samples,
        [&](int64_t done, int64_t total) {
            context.progress("Evaluating", done, total);
            return true;
        },
        metrics);
    EvalResult result{.metric = metrics.front(), .value = 0, .rows = found.rows, .tokens = found.tokens, .metrics = found.metrics};
    SampleLines lines(data);
    const auto cards = answerCards(metrics);
    const bool writes = model.task() == Task::lm;
    if (!cards.empty() || (writes && !job.samples.empty())) {
        const auto questions = questionsOf(data, text, judged.config);
        auto scores = judgeAnswers(model, text, questions, cards, judged.config.answerTokens, context,
            [&](const JudgedAnswer& answer) { lines.add(answer, text.tokenizer()); });
        result.metrics.merge(scores.shares);
        result.answers = scores.answers;
        result.cutAnswers = scores.cut;
    }
    if (!writes)
        lines.addLabels(found);
    for (const auto& id : metrics) {
        if (isLoss(id))
            result.metrics[id] = id == "loss" ? found.rowMean : std::exp(found.tokenMean);
    }
    result.value = result.metrics.at(result.metric);
    if (!job.samples.empty())
        lines.write(job.samples);
    return result;
}

}  // namespace rankwright
