// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Metrics against scipy, confusion matrices and Python's regular expressions (tests/golden/make_metrics_golden.py).
#include "training/api/error.h"
#include "training/api/metrics.h"

#include <QFile>
#include <QTest>

#include <algorithm>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace rankwright;

namespace {

nlohmann::json golden(const QString& name)
{
    QFile file(QString(RANKWRIGHT_SOURCE_DIR "/tests/golden/metrics/") + name);
    return file.open(QIODevice::ReadOnly) ? nlohmann::json::parse(file.readAll().toStdString()) : nlohmann::json();
}

}  // namespace

class TestMetrics : public QObject
{
    Q_OBJECT
private slots:
    void cardsAreWhole()
    {
        for (const MetricCard& card : metricCards()) {
            QVERIFY2(!card.id.empty() && !card.title.empty() && !card.explanation.empty() && !card.source.empty(), card.id.c_str());
            QCOMPARE(card.ofLabels != nullptr, card.kind == MetricCard::Kind::labels);
            QCOMPARE(card.isRight != nullptr, card.kind == MetricCard::Kind::answers);
            QCOMPARE(findMetricCard(card.id), &card);
            QVERIFY(allowedMetrics().find(card.id) != std::string::npos);
        }
        QCOMPARE(findMetricCard("loss"), nullptr);
        QCOMPARE(metricIds(" accuracy , f1"), (std::vector<std::string>{"accuracy", "f1"}));
        QVERIFY(metricIds("").empty());
    }

    void labelsAsScipySays()
    {
        const nlohmann::json cases = golden("labels.json");
        QVERIFY(cases.size() > 20);
        for (size_t i = 0; i < cases.size(); ++i) {
            const auto predicted = cases[i].at("predicted").get<std::vector<double>>();
            const auto truth = cases[i].at("truth").get<std::vector<double>>();
            for (const auto& [id, expected] : cases[i].at("values").items()) {
                const auto classes = int64_t(std::max(std::ranges::max(predicted), std::ranges::max(truth))) + 1;
                const double value = findMetricCard(id)->ofLabels(predicted, truth, classes);
                const QString where = QString("case %1, %2: %3").arg(i).arg(id.c_str()).arg(value, 0, 'g', 17);
                const bool same = expected.is_null() ? std::isnan(value) : std::abs(value - expected.get<double>()) < 1e-9;
                QVERIFY2(same, qPrintable(where));
            }
        }
    }

    void aClassThatDoesNotOccurChangesNoRule()
    {
        const std::vector<double> predicted{0, 1, 1, 0}, truth{0, 1, 0, 0};
        const auto* f1 = findMetricCard("f1");
        QCOMPARE(f1->ofLabels(predicted, truth, 2), 2.0 / 3);               // of class 1
        QCOMPARE(f1->ofLabels(predicted, truth, 3), (0.8 + 2.0 / 3) / 2);   // the mean of those that occur
    }

    void saysWhichFit()
    {
        const auto refused = [](const std::vector<std::string>& ids, const char* task, bool generates = true) -> std::string {
            try {
                refuseMetricsThatDoNotFit(ids, task, generates, "--metrics", "loss");
            } catch (const Error& error) {
                return error.what();
            }
            return {};
        };
        QCOMPARE(refused({"accuracy", "f1", "matthews", "loss"}, "classify"), "");
        QCOMPARE(refused({"pearson", "spearman"}, "regress"), "");
        QCOMPARE(refused({"gsm8k-strict", "gsm8k-flexible", "math-string"}, "lm"), "");
        const auto text = refused({"gsm8k-strict", "accuracy"}, "lm");
        QVERIFY2(text.find("--metrics: accuracy for a model of text (allowed: loss, gsm8k-strict") != std::string::npos, text.c_str());
        const auto classes = refused({"pearson"}, "classify");
        QVERIFY2(classes.find("pearson for a model of classes (allowed: loss, accuracy, f1, matthews)") != std::string::npos, classes.c_str());
        QVERIFY(!refused({"accuracy"}, "regress").empty());
        QVERIFY(!refused({"math-string"}, "classify").empty());
        QVERIFY(!refused({"math-string"}, "lm", false).empty());   // an encoder
    }

    void nothingIsNoNumber()
    {
        for (const MetricCard& card : metricCards()) {
            if (card.kind == MetricCard::Kind::labels)
                QVERIFY2(std::isnan(card.ofLabels({}, {}, 2)), card.id.c_str());
        }
    }

    void answersAsTheHarnessSays()
    {
        const nlohmann::json rows = golden("answers.json");
        QVERIFY(rows.size() > 100);
        for (const auto& row : rows) {
            const auto generated = row.at("generated").get<std::string>(), reference = row.at("reference").get<std::string>();
            for (const char* id : {"gsm8k-strict", "gsm8k-flexible", "math-string"}) {
                const QString where = QString("%1: %2 | %3").arg(id, generated.c_str(), reference.c_str());
                QVERIFY2(findMetricCard(id)->isRight(generated, reference) == row.at(id).get<bool>(), qPrintable(where));
            }
        }
    }

    // Megabytes of one character take no longer than a blink: models repeat themselves.
    void longAnswers()
    {
        for (const char* piece : {"7", "-", "$", "#### ", "####", "\\boxed{", "\\frac", "\\sqrt", "{", "The answer is: ", "1/"}) {
            std::string text;
            while (text.size() < 200'000)
                text += piece;
            for (const MetricCard& card : metricCards()) {
                if (card.kind == MetricCard::Kind::answers)
                    QVERIFY(card.isRight(text, "#### no") == false);
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestMetrics)
#include "tst_metrics.moc"
