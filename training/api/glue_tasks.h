// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The nine tasks of GLUE (Wang and others 2019, arXiv 1804.07461): where their own files keep what, the classes, and the metric that the
// benchmark ranks by. The files are tab-separated without quoting: a quote is a letter.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rankwright {

struct GlueColumn
{
    std::string name;   // in the header; empty: the task has no such column
    int number = -1;    // from 0 in train and dev files; negative: counted from the row's end (-1: the last)
};

struct GlueClass
{
    std::string written;   // as the files have it: "1", "entailment"
    std::string name;      // for people: "acceptable"
};

struct GlueTask
{
    std::string id;                      // "sst2"
    std::string title;                   // "SST-2"
    std::string what;                    // one sentence for people
    std::string folder;                  // the benchmark's own: "SST-2"
    std::vector<std::string> evalFiles;  // dev.tsv; MNLI: matched first, then mismatched
    bool header = true;                  // of train and dev files (test files always have one, and no labels)
    GlueColumn text, second, label;
    std::vector<GlueClass> classes;      // in the order of their numbers; empty: a regression
    std::vector<std::string> metrics;    // ids of metricCards(), the one that papers report first
    [[nodiscard]] bool regression() const { return classes.empty(); }
};

// In display order.
const std::vector<GlueTask>& glueTasks();
const GlueTask* findGlueTask(std::string_view id);  // "sst2", "SST-2" and "sst_2" are the same; nullptr where there is none
// The task a file belongs to by its folder and name ("glue/SST-2/train.tsv"), nullptr where it is none of GLUE's.
const GlueTask* glueTaskOfFile(const std::filesystem::path& file);

}  // namespace rankwright
