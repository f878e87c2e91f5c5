// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The table of GLUE's tasks: columns from the heads of the published files, the order of classes as the datasets library numbers
// them, metrics from table 1 of the paper.
#include "training/api/glue_tasks.h"

#include "training/api/words.h"

#include <algorithm>

namespace rankwright {

namespace {

std::string plainName(std::string_view name)
{
    std::string plain = lowered(name);
    std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
    return plain;
}

const std::vector<GlueClass>& entailments()
{
    static const std::vector<GlueClass> classes{{"entailment", "entailment"}, {"not_entailment", "not entailment"}};
    return classes;
}

std::vector<GlueTask> singleSentences()
{
    return {
        {.id = "sst2", .title = "SST-2", .what = "Is a sentence of a film review positive?", .folder = "SST-2", .evalFiles = {"dev.tsv"},
            .text = {"sentence", 0}, .second = {}, .label = {"label", 1}, .classes = {{"0", "negative"}, {"1", "positive"}},
            .metrics = {"accuracy"}},
        {.id = "cola", .title = "CoLA", .what = "Is a sentence acceptable English?", .folder = "CoLA", .evalFiles = {"dev.tsv"},
            .header = false, .text = {"sentence", 3}, .second = {}, .label = {"label", 1},
            .classes = {{"0", "unacceptable"}, {"1", "acceptable"}}, .metrics = {"matthews", "accuracy"}},
    };
}

std::vector<GlueTask> similarities()
{
    return {
        {.id = "mrpc", .title = "MRPC", .what = "Do two sentences of the news say the same?", .folder = "MRPC", .evalFiles = {"dev.tsv"},
            .text = {"#1 String", 3}, .second = {"#2 String", 4}, .label = {"Quality", 0},
            .classes = {{"0", "different"}, {"1", "equivalent"}}, .metrics = {"accuracy", "f1"}},
        {.id = "stsb", .title = "STS-B", .what = "How alike are two sentences, from 0 to 5?", .folder = "STS-B", .evalFiles = {"dev.tsv"},
            .text = {"sentence1", 7}, .second = {"sentence2", 8}, .label = {"score", 9}, .classes = {},
            .metrics = {"pearson", "spearman"}},
        {.id = "qqp", .title = "QQP", .what = "Do two questions ask the same?", .folder = "QQP", .evalFiles = {"dev.tsv"},
            .text = {"question1", 3}, .second = {"question2", 4}, .label = {"is_duplicate", 5},
            .classes = {{"0", "different"}, {"1", "duplicate"}}, .metrics = {"accuracy", "f1"}},
    };
}

std::vector<GlueTask> inferences()
{
    return {
        {.id = "rte", .title = "RTE", .what = "Does the second sentence follow from the first?", .folder = "RTE", .evalFiles = {"dev.tsv"},
            .text = {"sentence1", 1}, .second = {"sentence2", 2}, .label = {"label", 3}, .classes = entailments(),
            .metrics = {"accuracy"}},
        {.id = "qnli", .title = "QNLI", .what = "Does the sentence answer the question?", .folder = "QNLI", .evalFiles = {"dev.tsv"},
            .text = {"question", 1}, .second = {"sentence", 2}, .label = {"label", 3}, .classes = entailments(),
            .metrics = {"accuracy"}},
        // train.tsv has one annotator's label before gold_label, the dev files five: the number is from the row's end.
        {.id = "mnli", .title = "MNLI", .what = "Does the second sentence follow from the first, contradict it, or neither?",
            .folder = "MNLI", .evalFiles = {"dev_matched.tsv", "dev_mismatched.tsv"}, .text = {"sentence1", 8},
            .second = {"sentence2", 9}, .label = {"gold_label", -1},
            .classes = {{"entailment", "entailment"}, {"neutral", "neutral"}, {"contradiction", "contradiction"}},
            .metrics = {"accuracy"}},
        {.id = "wnli", .title = "WNLI", .what = "Does the second sentence follow, with its pronoun resolved?", .folder = "WNLI",
            .evalFiles = {"dev.tsv"}, .text = {"sentence1", 1}, .second = {"sentence2", 2}, .label = {"label", 3},
            .classes = {{"0", "not entailment"}, {"1", "entailment"}}, .metrics = {"accuracy"}},
    };
}

}  // namespace

const std::vector<GlueTask>& glueTasks()
{
    static const std::vector<GlueTask> tasks = [] {
        std::vector<GlueTask> all = singleSentences();
        for (const auto& more : {similarities(), inferences()})
            all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return tasks;
}

const GlueTask* findGlueTask(std::string_view id)
{
    const auto found = std::ranges::find(glueTasks(), plainName(id), &GlueTask::id);
    return found == glueTasks().end() ? nullptr : &*found;
}

const GlueTask* glueTaskOfFile(const std::filesystem::path& file)
{
    const GlueTask* task = findGlueTask(std::filesystem::absolute(file).parent_path().filename().string());
    if (task == nullptr)
        return nullptr;
    const std::string name = file.filename().string();
    const bool known = name == "train.tsv" || name == "test.tsv" || name == "test_matched.tsv" || name == "test_mismatched.tsv"
        || std::ranges::find(task->evalFiles, name) != task->evalFiles.end();
    return known ? task : nullptr;
}

}  // namespace rankwright
