// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Published recipes, GLUE's tasks, and the command for the evaluation harness.
#include "training/api/glue_tasks.h"
#include "training/api/harness_command.h"
#include "training/api/metrics.h"
#include "training/api/presets.h"

#include <QTest>

#include <fstream>
#include <set>

using namespace rankwright;

namespace {

// The fields of a line; nothing is quoted.
std::vector<std::string> fields(const std::string& line)
{
    std::vector<std::string> parts(1);
    for (const char c : line) {
        if (c == '\t')
            parts.emplace_back();
        else if (c != '\r')
            parts.back() += c;
    }
    return parts;
}

const std::string& fieldOf(const std::vector<std::string>& row, const GlueColumn& column)
{
    return row.at(column.number < 0 ? row.size() + size_t(column.number) : size_t(column.number));
}

}  // namespace

class TestPresets : public QObject
{
    Q_OBJECT
private slots:
    void everyPresetIsAValidRun()
    {
        std::set<std::string> ids;
        for (const Preset& preset : presets()) {
            QVERIFY2(ids.insert(preset.id).second, preset.id.c_str());
            QVERIFY2(!preset.title.empty() && !preset.what.empty() && !preset.source.empty(), preset.id.c_str());
            QCOMPARE(findPreset(preset.id), &preset);
            QCOMPARE(preset.kind == Preset::Kind::understanding, findGlueTask(preset.glueTask) != nullptr);
            RunConfig before;
            before.method = "sorsa";
            before.options["gamma"] = 1e-3;
            const RunConfig run = withPreset(before, preset);
            validate(run);
            const nlohmann::json json = toJson(run);
            for (const auto& [key, value] : preset.changes)
                QVERIFY2(json.contains(key) && json.at(key) == value, (preset.id + " " + key + " " + json.dump()).c_str());
        }
        QCOMPARE(findPreset("nosuch"), nullptr);
    }

    void numbersOfThePaper()
    {
        const RunConfig math = withPreset({}, *findPreset("pissa-math"));
        QCOMPARE(math.learningRate, 2e-5);
        QCOMPARE(math.rank, int64_t(128));
        QCOMPARE(math.effectiveAlpha(), 128.0);
        QCOMPARE(math.batch * math.accumulate, int64_t(128));
        QCOMPARE(math.schedule, "cosine");
        QCOMPARE(math.warmup, 0.03);
        QCOMPARE(std::get<std::string>(math.options.at("svd")), "16");
        QCOMPARE(std::get<double>(withPreset({}, *findPreset("qpissa-math")).options.at("rounds")), 5.0);
        const RunConfig qnli = withPreset({}, *findPreset("deberta-qnli-pissa"));
        QCOMPARE(qnli.rank, int64_t(8));
        QCOMPARE(qnli.alpha, 16.0);
        QCOMPARE(qnli.learningRate, 1e-4);
        QCOMPARE(qnli.epochs, 10.0);
        QCOMPARE(qnli.batch, int64_t(32));
        QCOMPARE(withPreset({}, *findPreset("deberta-stsb-dora")).task, "regress");
        QCOMPARE(withPreset({}, *findPreset("deberta-cola-lora")).metrics, "matthews,accuracy");
    }

    void tasksAreWhole()
    {
        QCOMPARE(glueTasks().size(), size_t(9));
        for (const GlueTask& task : glueTasks()) {
            QVERIFY(!task.metrics.empty());
            for (const std::string& id : task.metrics) {
                const MetricCard* card = findMetricCard(id);
                QVERIFY2(card != nullptr && card->numbers == task.regression(), (task.id + " " + id).c_str());
            }
            QCOMPARE(findGlueTask(task.title), &task);
            QCOMPARE(findGlueTask(task.folder), &task);
            QCOMPARE(glueTaskOfFile("/data/glue/" + task.folder + "/train.tsv"), &task);
            QCOMPARE(glueTaskOfFile("/data/glue/" + task.folder + "/notes.tsv"), nullptr);
        }
        QCOMPARE(findGlueTask("sst_2"), findGlueTask("SST-2"));
        QCOMPARE(findGlueTask("glue"), nullptr);
        QCOMPARE(glueTaskOfFile("/data/other/train.tsv"), nullptr);
    }

    // The published files where they are there: columns, header and classes.
    void tasksFitTheirFiles()
    {
        const std::filesystem::path folder = std::filesystem::path(RANKWRIGHT_SOURCE_DIR) / "../shared/data/glue";
        int seen = 0;
        for (const GlueTask& task : glueTasks()) {
            for (std::string name : {std::string("train.tsv"), task.evalFiles.front()}) {
                std::ifstream file(folder / task.folder / name);
                std::string line;
                if (!std::getline(file, line))
                    continue;
                ++seen;
                if (line.starts_with("\xef\xbb\xbf"))
                    line.erase(0, 3);
                if (task.header) {
                    for (const GlueColumn* column : {&task.text, &task.second, &task.label})
                        QCOMPARE(column->name.empty() ? "" : fieldOf(fields(line), *column), column->name);
                    std::getline(file, line);
                }
                const auto row = fields(line);
                const std::string label = fieldOf(row, task.label);
                QVERIFY(fieldOf(row, task.text).size() > 5);
                const bool known = task.regression() ? std::stod(label) >= 0
                                                     : std::ranges::any_of(task.classes, [&](const GlueClass& c) { return c.written == label; });
                QVERIFY2(known, (task.id + " " + label).c_str());
            }
        }
        if (seen == 0)
            QSKIP("shared/data/glue is not here");
    }

    void commands()
    {
        using Tasks = std::vector<std::string>;
        QCOMPARE(commandForHarness({.base = "org/model", .adapter = "runs/a/adapter"}, {"gsm8k", "arc_easy"}),
            "lm_eval --model hf --model_args pretrained=org/model,peft=runs/a/adapter --tasks gsm8k,arc_easy");
        QCOMPARE(commandForHarness({.base = "merged", .chat = true}, {"gsm8k"}),
            "lm_eval --model hf --model_args pretrained=merged --tasks gsm8k --apply_chat_template");
        QCOMPARE(commandForHarness({.base = "/m/x.gguf", .adapter = "a"}, {"gsm8k"}),
            "lm_eval --model hf --model_args pretrained=/m,gguf_file=x.gguf,tokenizer=FOLDER_OF_ITS_TOKENIZER,peft=a --tasks gsm8k");
        QCOMPARE(commandForHarness({.base = "/my model", .adapter = "it's"}, {"gsm8k"}),
            "lm_eval --model hf --model_args 'pretrained=/my model,peft=it'\\''s' --tasks gsm8k");
        QCOMPARE(commandForHarness({.base = "a,b", .adapter = "c=d"}, {"gsm8k"}),
            R"(lm_eval --model hf --model_args '{"peft":"c=d","pretrained":"a,b"}' --tasks gsm8k)");
        QVERIFY(commandForHarness({.base = "$(rm x)", .adapter = "`y`"}, {"g;h"}).find("'pretrained=$(rm x),peft=`y`' --tasks 'g;h'")
            != std::string::npos);
        // What no adapter says is merged first, and never the base in its place.
        QCOMPARE(commandForHarness({.base = "org/model", .adapter = "a", .mergedRun = "r1"}, Tasks{"gsm8k"}),
            "rankwright-cli export r1 --format merged --out merged-r1 && lm_eval --model hf --model_args pretrained=merged-r1 --tasks gsm8k");
        QVERIFY(commandForHarness({.base = "/m/x.gguf", .mergedRun = "r1"}, Tasks{"gsm8k"}).find("pretrained=merged-r1,tokenizer=FOLDER")
            != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestPresets)
#include "tst_presets.moc"
