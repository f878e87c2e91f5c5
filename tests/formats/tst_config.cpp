// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A run's configuration: its JSON form, its checks, numbers in options, row ranges, module patterns and the command
// line that repeats a run.
#include "training/api/catalog.h"
#include "training/api/config.h"
#include "training/api/error.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace rankwright;
using nlohmann::json;

namespace {

// The error that a call throws; fails the test where it throws none.
template <class F> ErrorParts errorOf(F call)
{
    try {
        call();
    } catch (const Error& error) {
        return error.parts();
    }
    QTest::qFail("no error was thrown", __FILE__, __LINE__);
    return {};
}

RunConfig filled()
{
    RunConfig config;
    config.name = "it's a <b>run</b>";
    config.model = "/models/my model";
    config.data = "-rows.jsonl";
    config.evalData = "default";
    config.columns = {{"prompt", "question"}, {"response", "an,swer"}};
    config.rows = "10:20";
    config.method = "pissa";
    config.modules = "q_proj,*.mlp.*";
    config.rank = 8;
    config.alpha = 12.5;
    config.plan = {{"model.layers.0.self_attn.q_proj", {4, 6}}, {"model.layers.0.mlp.up_proj", {0, 0}}};
    config.base = "nf4";
    config.options = {{"svd", "4"}, {"slice", "minor"}};
    config.optimizer = "rite";
    config.learningRate = 1e-5;
    config.clip = 0;
    config.steps = 100;
    config.seed = 9007199254740991;
    config.evalEvery = 5;
    return config;
}

}  // namespace

class TestConfig : public QObject
{
    Q_OBJECT
private slots:
    void defaultsAreValid();
    void jsonRoundTripKeepsEveryField();
    void everyFieldHasItsTextAndItsOption();
    void unknownKeyNamesTheNearest();
    void refusesFields_data();
    void refusesFields();
    void refusesCombinations();
    void numbersFollowTheRule_data();
    void numbersFollowTheRule();
    void integersFollowTheRule_data();
    void integersFollowTheRule();
    void rowRanges_data();
    void rowRanges();
    void globsMatchModules_data();
    void globsMatchModules();
    void commandLineHoldsOnlyDifferences();
    void commandLineRepeatsTheRun();
    void planTakesBothForms();
    void optionsAreOneRowEach();
    void optionsOfOtherMethodsAreRefused_data();
    void optionsOfOtherMethodsAreRefused();
    void defaultsOfOtherMethodsAreLetPass();
    void optionValuesAreChecked_data();
    void optionValuesAreChecked();
    void everyMethodGoesThroughJsonAndTheCommandLine_data();
    void everyMethodGoesThroughJsonAndTheCommandLine();
    void equalRunsHaveEqualConfigurations();
    void combinationsAreRefused_data();
    void combinationsAreRefused();
    void alphaZeroIsTheRank();
};

void TestConfig::defaultsAreValid()
{
    validate(RunConfig{});
    QCOMPARE(configFromJson(json::object()), RunConfig{});
}

void TestConfig::jsonRoundTripKeepsEveryField()
{
    const RunConfig config = filled();
    const json document = toJson(config);
    size_t own = 0;
    for (const Field& field : configFields())
        own += field.methods.empty() || std::ranges::count(field.methods, config.method) > 0 ? 1 : 0;
    QCOMPARE(document.size(), own);
    QVERIFY(document.at("slice") == "minor" && document.at("oversample") == 10 && !document.contains("gamma"));
    QVERIFY(configFromJson(json::parse(document.dump())) == config);
}

void TestConfig::everyFieldHasItsTextAndItsOption()
{
    std::set<std::string> keys, options;
    for (const Field& field : configFields()) {
        QVERIFY2(keys.insert(field.key).second, field.key.c_str());
        QVERIFY2(!field.label.empty() && field.help.ends_with('.'), field.key.c_str());
        if (field.key != "model" && field.key != "data") {
            QVERIFY2(field.option.starts_with("--"), field.key.c_str());
            QVERIFY2(options.insert(field.option).second, field.option.c_str());
            QCOMPARE(findConfigField(field.option), &field);
            QCOMPARE(findConfigField(field.option.substr(2)), &field);
        }
        QCOMPARE(findConfigField(field.key), &field);
    }
    for (const char* option : {"--method", "--rank", "--alpha", "--lr", "--steps", "--epochs", "--batch",
             "--accumulate", "--max-length", "--dtype", "--order", "--seed", "--init-adapter", "--modules",
             "--svd", "--oversample", "--base", "--optimizer", "--init", "--slice", "--rounds", "--gamma", "--lr-ratio",
             "--direction", "--ga-scale", "--ga-gamma", "--gradient-batches", "--gradient-rows", "--xs-init", "--sigma",
             "--lambda", "--start-step", "--variant", "--weighted", "--bits",
             "--schedule", "--warmup", "--weight-decay", "--clip", "--dropout", "--loss", "--template", "--columns",
             "--rows", "--eval-data", "--eval-rows", "--eval-every", "--save-every", "--device", "--threads", "--name"})
        QVERIFY2(options.contains(option), option);
}

void TestConfig::unknownKeyNamesTheNearest()
{
    const ErrorParts typo = errorOf([] { configFromJson({{"learningrate", 1e-4}}, "run.json"); });
    QCOMPARE(typo.code, Code::config);
    QCOMPARE(typo.file.string(), "run.json");
    QCOMPARE(typo.place, "/learningrate");
    QVERIFY(typo.allowed.find("learningRate") != std::string::npos);
    QVERIFY(errorOf([] { configFromJson({{"lr", 1e-4}}); }).allowed.find("learningRate") != std::string::npos);
    QVERIFY(errorOf([] { configFromJson({{"a/b~", 1}}); }).place == "/a~1b~0");
}

void TestConfig::refusesFields_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("place");
    const auto row = [](const char* text, const char* place) { QTest::newRow(text) << text << place; };
    row(R"({"batch": 0})", "/batch");
    row(R"({"batch": -1})", "/batch");
    row(R"({"batch": 2.5})", "/batch");
    row(R"({"batch": "4"})", "/batch");
    row(R"({"batch": 1e300})", "/batch");
    row(R"({"batch": 18446744073709551615})", "/batch");
    row(R"({"learningRate": -1})", "/learningRate");
    row(R"({"learningRate": 0})", "/learningRate");
    row(R"({"learningRate": 1e9})", "/learningRate");
    row(R"({"learningRate": null})", "/learningRate");
    row(R"({"learningRate": "1e-4"})", "/learningRate");
    row(R"({"epochs": 0})", "/epochs");
    row(R"({"epochs": -1})", "/epochs");
    row(R"({"rank": 0})", "/rank");
    row(R"({"dropout": 1})", "/dropout");
    row(R"({"warmup": 1.5})", "/warmup");
    row(R"({"clip": -1})", "/clip");
    row(R"({"maxLength": 1})", "/maxLength");
    row(R"({"seed": -1})", "/seed");
    row(R"({"method": "Pissa"})", "/method");
    row(R"({"dtype": "float16"})", "/dtype");
    row(R"({"order": ""})", "/order");
    row(R"({"model": ""})", "/model");
    row(R"({"modules": ""})", "/modules");
    row(R"({"model": "a\u0000b"})", "/model");
    row(R"({"rows": "5:5"})", "/rows");
    row(R"({"evalRows": "5"})", "/evalRows");
    row(R"({"base": "nf5"})", "/base");
    row(R"({"optimizer": "adam"})", "/optimizer");
    row(R"({"alpha": -1})", "/alpha");
    row(R"({"rank": 65537})", "/rank");
    row(R"({"device": "gpu"})", "/device");
    row(R"({"device": "cuda:x"})", "/device");
    row(R"({"columns": []})", "/columns");
    row(R"({"columns": {"question": "q"}})", "/columns/question");
    row(R"({"columns": {"prompt": 1}})", "/columns/prompt");
    row(R"({"plan": {"a": 3}})", "/plan/a");
    row(R"({"plan": {"a": {"rank": 1, "aplha": 2}}})", "/plan/a");
    row(R"({"plan": {"a": {"rank": -1}}})", "/plan/a/rank");
    row(R"({"plan": {"a": {"rank": 1, "alpha": 0}}})", "/plan/a/alpha");
    row(R"({"plan": {"a": {"rank": 0}}})", "/plan");
    row(R"([])", "/");
}

void TestConfig::refusesFields()
{
    QFETCH(QString, text);
    QFETCH(QString, place);
    const ErrorParts parts = errorOf([&] { configFromJson(json::parse(text.toStdString()), "run.json"); });
    QCOMPARE(parts.code, Code::config);
    QCOMPARE(QString::fromStdString(parts.place), place);
    QVERIFY(!parts.found.empty() && !parts.allowed.empty() && !parts.advice.empty());
}

void TestConfig::refusesCombinations()
{
    RunConfig config;
    config.learningRate = std::numeric_limits<double>::quiet_NaN();
    QCOMPARE(errorOf([&] { validate(config); }).place, "/learningRate");
    config = {};
    config.name = std::string(255, 'n');
    validate(config);
    config.name += 'n';
    QCOMPARE(errorOf([&] { validate(config); }).place, "/name");
    config = {};
    config.epochs = 0;
    QCOMPARE(errorOf([&] { validate(config); }).place, "/epochs");
    config.steps = 1;
    validate(config);
    config.batch = 65536;
    config.accumulate = 65536;
    QCOMPARE(errorOf([&] { validate(config); }).place, "/accumulate");
    config = {};
    config.evalEvery = 10;
    QCOMPARE(errorOf([&] { validate(config); }).place, "/evalEvery");
    config.evalData = "default";
    validate(config);
}

void TestConfig::numbersFollowTheRule_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<double>("value");
    const double refused = std::numeric_limits<double>::quiet_NaN();
    QTest::newRow("plain") << QByteArray("0.0002") << 0.0002;
    QTest::newRow("exponent") << QByteArray("2e-5") << 2e-5;
    QTest::newRow("negative") << QByteArray("-1.5") << -1.5;
    QTest::newRow("whole") << QByteArray("3") << 3.0;
    for (const char* text : {"1e400", "1e-400", "nan", "inf", "-inf", "0x10", "1,5", "1_000", "  1 ", "1 ", "", "+1",
             "1e", "abc", "1.2.3", "١"})
        QTest::newRow(*text == 0 ? "empty" : text) << QByteArray(text) << refused;
}

void TestConfig::numbersFollowTheRule()
{
    QFETCH(QByteArray, text);
    QFETCH(double, value);
    if (!std::isnan(value)) {
        QCOMPARE(parseNumber(text.toStdString(), "--lr"), value);
        return;
    }
    const ErrorParts parts = errorOf([&] { (void)parseNumber(text.toStdString(), "--lr"); });
    QCOMPARE(parts.code, Code::usage);
    QCOMPARE(parts.place, "--lr");
    QVERIFY(parts.allowed.find("decimal number") != std::string::npos);
}

void TestConfig::integersFollowTheRule_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("good");
    QTest::newRow("plain") << QByteArray("1000") << true;
    QTest::newRow("negative") << QByteArray("-3") << true;
    QTest::newRow("largest") << QByteArray("9223372036854775807") << true;
    for (const char* text : {"9223372036854775808", "1.0", "1e3", "0x10", "1,000", "1_000", " 1", "", "+1"})
        QTest::newRow(*text == 0 ? "empty" : text) << QByteArray(text) << false;
}

void TestConfig::integersFollowTheRule()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, good);
    if (good)
        QCOMPARE(QByteArray::number(qlonglong(parseInteger(text.toStdString(), "--rank"))), text);
    else
        QCOMPARE(errorOf([&] { (void)parseInteger(text.toStdString(), "--rank"); }).code, Code::usage);
}

void TestConfig::rowRanges_data()
{
    QTest::addColumn<QString>("rows");
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("last");
    const auto row = [](const char* name, const char* rows, int first, int last) {
        QTest::newRow(name) << rows << first << last;
    };
    row("all", "", 0, 100);
    row("both ends", "10:20", 10, 20);
    row("no start", ":64", 0, 64);
    row("no end", "90:", 90, 100);
    row("cut", "90:1000", 90, 100);
    row("neither", ":", 0, 100);
    for (const char* bad : {"5", "a:b", "-1:5", "5:5", "6:5", "1:2:3", "100:", "0x1:2", " 1:2"})
        row(bad, bad, -1, -1);
}

void TestConfig::rowRanges()
{
    QFETCH(QString, rows);
    QFETCH(int, first);
    QFETCH(int, last);
    if (first < 0) {
        QCOMPARE(errorOf([&] { (void)parseRows(rows.toStdString(), 100, "--rows"); }).code, Code::usage);
        return;
    }
    const auto range = parseRows(rows.toStdString(), 100, "--rows");
    QCOMPARE(range.first, int64_t(first));
    QCOMPARE(range.second, int64_t(last));
}

void TestConfig::globsMatchModules_data()
{
    QTest::addColumn<QString>("globs");
    QTest::addColumn<bool>("matches");
    const auto row = [](const char* globs, bool matches) { QTest::newRow(globs) << globs << matches; };
    row("*", true);
    row("q_proj", true);
    row("k_proj, q_proj", true);
    row("q_*", true);
    row("?_proj", true);
    row("*.layers.1?.*", true);
    row("*.self_attn.*", true);
    row("model.layers.12.self_attn.q_proj", true);
    row("proj", false);
    row("k_proj", false);
    row("*.layers.1.*", false);
    row("self_attn.q_proj", false);
    row("", false);
    row("a*b*c*d*e*f*g*h*i*j*k", false);
}

void TestConfig::globsMatchModules()
{
    QFETCH(QString, globs);
    QFETCH(bool, matches);
    QCOMPARE(matchesModules(globs.toStdString(), "model.layers.12.self_attn.q_proj"), matches);
}

void TestConfig::commandLineHoldsOnlyDifferences()
{
    QCOMPARE(commandLine(RunConfig{}), "rankwright-cli train default default");
    RunConfig config;
    config.rank = 32;
    config.learningRate = 2e-5;
    config.clip = 0;
    config.evalRows = "";
    config.name = "it's";
    QCOMPARE(commandLine(config),
        "rankwright-cli train default default --eval-rows= --rank 32 --lr 2e-05 --clip none --name 'it'\\''s'");
}

namespace {

// Splits as a shell does.
std::vector<std::string> wordsOf(const std::string& line)
{
    std::vector<std::string> words(1);
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\'')
            quoted = !quoted;
        else if (line[i] == '\\' && !quoted)
            words.back() += line[++i];
        else if (line[i] == ' ' && !quoted)
            words.emplace_back();
        else
            words.back() += line[i];
    }
    return words;
}

// What `line` sets; an unknown option throws.
RunConfig fromCommandLine(const std::string& line)
{
    const std::vector<std::string> words = wordsOf(line);
    RunConfig again;
    again.model = words.at(2);
    again.data = words.at(3);
    for (size_t i = 4; i < words.size(); ++i) {
        const size_t equals = words[i].find('=');
        const bool joined = words[i].starts_with("--") && equals != std::string::npos;
        const Field* field = findConfigField(joined ? words[i].substr(0, equals) : words[i]);
        if (field == nullptr)
            throw std::runtime_error(words[i]);
        if (joined)
            setFieldText(again, *field, words[i].substr(equals + 1));
        else
            setFieldText(again, *field, words.at(++i));
    }
    return again;
}

}  // namespace

void TestConfig::commandLineRepeatsTheRun()
{
    const RunConfig config = filled();
    const std::string line = commandLine(config);
    RunConfig again = fromCommandLine(line);
    QCOMPARE(again.data, "./-rows.jsonl");
    again.data = config.data;
    QVERIFY2(again == config, line.c_str());
}

void TestConfig::planTakesBothForms()
{
    const auto plain = planFromJson({{"a.b", {{"rank", 4}}}, {"c", {{"rank", 2}, {"alpha", 8}}}});
    QCOMPARE(plain.at("a.b"), (ModuleRank{4, 4}));
    QCOMPARE(plain.at("c"), (ModuleRank{2, 8}));
    const json written = {{"modules", {{{"name", "a.b"}, {"rank", 4}, {"alpha", 4.0}, {"energy", 0.5}, {"rows", 9}}}},
        {"parameters", 10}};
    QCOMPARE(planFromJson(written).at("a.b"), (ModuleRank{4, 4}));
    const ErrorParts parts = errorOf([] { (void)planFromJson({{"modules", {{{"name", "a"}}}}}, "plan.json"); });
    QCOMPARE(parts.file.string(), "plan.json");
    QCOMPARE(parts.place, "/plan/modules/0");
}

// Methods that share a key mean the same by it, but for the default.
void TestConfig::optionsAreOneRowEach()
{
    size_t rows = 0;
    std::set<std::string> all;
    for (const MethodCard* card : methodCards()) {
        std::set<std::string> keys;
        for (const MethodOption& option : card->options) {
            QVERIFY2(keys.insert(option.key).second, option.key.c_str());
            all.insert(option.key);
            const Field* field = findConfigField(option.key);
            QVERIFY2(field != nullptr && field->key == option.key, option.key.c_str());
            QVERIFY2(std::ranges::count(field->methods, card->id) == 1, option.key.c_str());
            QCOMPARE(field->option, option.option);
            QCOMPARE(field->kind, option.kind);
            QCOMPARE(field->least, option.least);
            QCOMPARE(field->most, option.most);
            QCOMPARE(field->choices, option.choices);
            QCOMPARE(field->help, option.help);
        }
    }
    for (const Field& field : configFields())
        rows += field.methods.empty() ? 0 : 1;
    QVERIFY(rows == all.size() && rows > 10);
}

void TestConfig::optionsOfOtherMethodsAreRefused_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("place");
    QTest::addColumn<QString>("named");
    const auto row = [](const char* text, const char* place, const char* named) {
        QTest::newRow(text) << text << place << named;
    };
    row(R"({"slice": "minor"})", "/slice", "pissa, qpissa");
    row(R"({"method": "pissa", "gamma": 1e-3})", "/gamma", "sorsa");
    row(R"({"method": "pissa", "init": "gaussian"})", "/init", "lora, rslora, lora-plus, dora");
    row(R"({"method": "full", "svd": "4"})", "/svd", "pissa");
    row(R"({"method": "lora", "rounds": 7})", "/rounds", "qpissa, loftq, lq-lora");
    row(R"({"method": "lora", "lrRatio": 8})", "/lrRatio", "lora-plus");
}

void TestConfig::optionsOfOtherMethodsAreRefused()
{
    QFETCH(QString, text);
    QFETCH(QString, place);
    QFETCH(QString, named);
    const ErrorParts parts = errorOf([&] { configFromJson(json::parse(text.toStdString()), "run.json"); });
    QCOMPARE(parts.code, Code::config);
    QCOMPARE(parts.file.string(), "run.json");
    QCOMPARE(QString::fromStdString(parts.place), place);
    QVERIFY2(QString::fromStdString(parts.allowed).contains(named), parts.allowed.c_str());
    QVERIFY(!parts.found.empty() && !parts.advice.empty());
}

// Files of version 0.1 hold svd and oversample whatever the method.
void TestConfig::defaultsOfOtherMethodsAreLetPass()
{
    const RunConfig old = configFromJson({{"method", "lora"}, {"svd", "exact"}, {"oversample", 10}, {"rounds", 5}});
    QVERIFY(old == RunConfig{});
    RunConfig unknown;
    unknown.options["slices"] = "minor";
    const ErrorParts parts = errorOf([&] { validate(unknown); });
    QVERIFY(parts.place == "/slices" && parts.advice.find("slice") != std::string::npos);
}

void TestConfig::optionValuesAreChecked_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("place");
    const auto row = [](const char* text, const char* place) { QTest::newRow(text) << text << place; };
    for (const char* svd : {"\"65\"", "\"fast\"", "\"-1\"", "\"4.0\"", "\"\"", "65", "true", "1.5", "null"})
        row(("{\"method\": \"pissa\", \"svd\": " + std::string(svd) + "}").c_str(), "/svd");
    row(R"({"method": "pissa", "slice": "mnor"})", "/slice");
    row(R"({"method": "pissa", "slice": 1})", "/slice");
    row(R"({"method": "pissa", "oversample": 4097})", "/oversample");
    row(R"({"method": "pissa", "oversample": 2.5})", "/oversample");
    row(R"({"method": "qpissa", "rounds": 0})", "/rounds");
    row(R"({"method": "qpissa", "rounds": "5"})", "/rounds");
    row(R"({"method": "sorsa", "gamma": -1e-9})", "/gamma");
    row(R"({"method": "sorsa", "gamma": "4e-4"})", "/gamma");
    row(R"({"method": "lora-plus", "lrRatio": 0.5})", "/lrRatio");
    row(R"({"method": "delta-lora", "lambda": 101})", "/lambda");
    row(R"({"method": "lq-lora", "bits": 9})", "/bits");
    row(R"({"method": "lq-lora", "bits": 1.5})", "/bits");
    row(R"({"method": "lq-lora", "weighted": true})", "/weighted");
}

void TestConfig::optionValuesAreChecked()
{
    QFETCH(QString, text);
    QFETCH(QString, place);
    const ErrorParts parts = errorOf([&] { configFromJson(json::parse(text.toStdString()), "run.json"); });
    QCOMPARE(parts.code, Code::config);
    QCOMPARE(parts.file.string(), "run.json");
    QCOMPARE(QString::fromStdString(parts.place), place);
    QVERIFY(!parts.found.empty() && !parts.allowed.empty() && !parts.advice.empty());
}

namespace {

// A value of the option other than its default.
OptionValue another(const MethodOption& option)
{
    if (option.kind == Field::Kind::text)
        return "4";
    if (option.kind == Field::Kind::choice)
        return option.choices.back() == std::get<std::string>(option.otherwise) ? option.choices.front() : option.choices.back();
    const double value = std::get<double>(option.otherwise);
    if (option.kind == Field::Kind::integer)
        return value + 1;
    return value + (option.most - value) / 3;
}

}  // namespace

void TestConfig::everyMethodGoesThroughJsonAndTheCommandLine_data()
{
    QTest::addColumn<QString>("id");
    for (const MethodCard* card : methodCards())
        QTest::newRow(card->id.c_str()) << QString::fromStdString(card->id);
}

void TestConfig::everyMethodGoesThroughJsonAndTheCommandLine()
{
    QFETCH(QString, id);
    RunConfig config;
    config.method = id.toStdString();
    const MethodCard& card = methodCard(config.method);
    validate(config);
    QCOMPARE(commandLine(config), "rankwright-cli train default default" + (config.method == "lora" ? "" : " --method " + config.method));
    const json plain = toJson(config);
    for (const MethodOption& option : card.options) {
        QVERIFY2(plain.contains(option.key), option.key.c_str());
        config.options[option.key] = another(option);
    }
    QVERIFY(configFromJson(plain) == fromCommandLine("rankwright-cli train default default --method " + config.method));
    const json document = toJson(config);
    QVERIFY(configFromJson(json::parse(document.dump())) == config);
    const std::string line = commandLine(config);
    for (const MethodOption& option : card.options) {
        QVERIFY2(line.find(" " + option.option + " ") != std::string::npos, line.c_str());
        QVERIFY(document.at(option.key) != plain.at(option.key));
    }
    QVERIFY2(fromCommandLine(line) == config, line.c_str());
}

void TestConfig::equalRunsHaveEqualConfigurations()
{
    RunConfig plain;
    plain.method = "qpissa";
    QVERIFY(configFromJson({{"method", "qpissa"}, {"rounds", 5}, {"slice", "principal"}, {"svd", "exact"}}) == plain);
    QVERIFY(!(configFromJson({{"method", "qpissa"}, {"rounds", 1}}) == plain));
    QCOMPARE(optionNumber(plain, "rounds"), 5.0);
    QCOMPARE(optionText(configFromJson({{"method", "pissa"}, {"svd", 4}}), "svd"), std::string("4"));
    // Another method takes along what it has, with its value.
    RunConfig changed = plain;
    changed.options = {{"rounds", 7.0}, {"slice", "minor"}};
    setField(changed, *findConfigField("method"), "loftq");
    QVERIFY(changed.options == (std::map<std::string, OptionValue>{{"rounds", 7.0}}));
    QCOMPARE(errorOf([&] { (void)optionNumber(changed, "slice"); }).code, Code::internal);
}

void TestConfig::combinationsAreRefused_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("place");   // empty: allowed
    const auto row = [](const char* text, const char* place) { QTest::newRow(text) << text << place; };
    for (const char* id : {"qlora", "qpissa", "loftq", "lq-lora"})
        row((R"({"base": "none", "method": ")" + std::string(id) + "\"}").c_str(), "/base");
    for (const char* id : {"lora-ga", "delta-lora", "full"})
        row((R"({"base": "nf4", "method": ")" + std::string(id) + "\"}").c_str(), "/base");
    row(R"({"base": "int8", "method": "pissa"})", "");
    row(R"({"base": "nf4", "method": "dora"})", "");
    row(R"({"base": "nf3", "method": "qpissa"})", "");
    row(R"({"dropout": 0.1, "method": "pissa"})", "/dropout");
    row(R"({"dropout": 0.1, "method": "delta-lora"})", "/dropout");
    row(R"({"dropout": 0.1, "method": "rslora"})", "");
    row(R"({"initAdapter": "folder", "method": "olora"})", "/initAdapter");
    row(R"({"initAdapter": "folder", "method": "dora"})", "");
    row(R"({"optimizer": "rite", "method": "full"})", "/optimizer");
    row(R"({"optimizer": "rite", "method": "lora-xs"})", "/optimizer");
    row(R"({"optimizer": "rite", "method": "cora"})", "/optimizer");
    row(R"({"optimizer": "rite", "method": "cora", "variant": "train"})", "");
    row(R"({"optimizer": "rite", "method": "pissa"})", "");
    row(R"({"optimizer": "adamw", "method": "lora-rite"})", "");
    row(R"({"method": "lq-lora", "bits": 2.5})", "");
}

void TestConfig::combinationsAreRefused()
{
    QFETCH(QString, text);
    QFETCH(QString, place);
    const json document = json::parse(text.toStdString());
    if (place.isEmpty()) {
        configFromJson(document);
        return;
    }
    const ErrorParts parts = errorOf([&] { configFromJson(document, "run.json"); });
    QCOMPARE(QString::fromStdString(parts.place), place);
    QCOMPARE(parts.file.string(), "run.json");
    QVERIFY(!parts.found.empty() && !parts.allowed.empty() && !parts.advice.empty());
}

void TestConfig::alphaZeroIsTheRank()
{
    const RunConfig config = configFromJson({{"rank", 8}, {"alpha", 0}});
    QCOMPARE(config.effectiveAlpha(), 8.0);
    RunConfig broken;
    broken.alpha = std::numeric_limits<double>::quiet_NaN();
    QCOMPARE(errorOf([&] { validate(broken); }).place, "/alpha");
    // People write auto for it, in options and arms.
    const Field& field = *findConfigField("alpha");
    RunConfig written;
    written.alpha = 4;
    for (const char* text : {"0", "-1", "0.0", "none", "Auto", ""}) {
        const ErrorParts parts = errorOf([&] { setFieldText(written, field, text); });
        QCOMPARE(parts.place, "--alpha");
        QVERIFY2(!parts.allowed.empty(), text);
        QCOMPARE(written.alpha, 4.0);
    }
    QVERIFY(errorOf([&] { setFieldText(written, field, "0"); }).allowed.ends_with("or auto"));
    setFieldText(written, field, "auto");
    QVERIFY(written == RunConfig());
    QCOMPARE(commandLine(written), "rankwright-cli train default default");
    setFieldText(written, field, "0.5");
    QCOMPARE(commandLine(written), "rankwright-cli train default default --alpha 0.5");
}

QTEST_GUILESS_MAIN(TestConfig)
#include "tst_config.moc"
