// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Reports over made-up stored runs whose figures can be derived by hand.
#include "storage/curves.h"
#include "storage/report/comparison_report.h"
#include "storage/runs/run_folder.h"
#include "tests/support/thrown.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <limits>

using namespace rankwright;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool near(double ours, double theirs) { return std::abs(ours - theirs) < 1e-12; }

// A run as trained: `steps` losses start, start - fall, ... and evaluations at 0 and the end.
struct Trained
{
    double start = 3, fall = 0.1;
    std::optional<double> evaluation = 2;
    RunState state = RunState::finished;
    int64_t steps = 10;
    std::string order = "order", data = "data", model = "model", rows = {};
    std::map<int64_t, double> evaluations = {};      // by step, instead of those two
    std::function<double(int64_t)> loss = {};        // of a step, instead of the line
    int64_t planned = 0;                             // 0: as many as taken
};

void train(RunStore& store, const std::string& id, const Trained& trained)
{
    RunFolder(store.folderOf(id)).update([&](nlohmann::json& document) {
        document["provenance"] = {{"orderHash", trained.order}, {"dataHash", trained.data}, {"modelHash", trained.model},
            {"initHash", "init-" + id}, {"engine", "engine 1"}};
        if (!trained.rows.empty())
            document["provenance"]["evalHash"] = trained.rows;
    });
    const int64_t planned = trained.planned > 0 ? trained.planned : trained.steps;
    std::map<int64_t, double> evaluations = trained.evaluations;
    if (evaluations.empty() && trained.evaluation)
        evaluations = {{0, 5}, {trained.steps, *trained.evaluation}};
    std::vector<Event> events{RunStarted{.run = id, .steps = planned, .trainable = 7}};
    for (int64_t step = 0; step <= trained.steps; ++step) {
        if (step > 0)
            events.push_back(StepEvent{.run = id, .step = step, .steps = planned,
                .loss = trained.loss ? trained.loss(step) : trained.start - trained.fall * double(step - 1),
                .lr = 1e-4, .gradNorm = 1, .tokens = 100 * step, .targets = 50 * step, .seconds = 2.0 * double(step)});
        if (evaluations.contains(step))
            events.push_back(EvalEvent{.run = id, .step = step, .loss = evaluations.at(step)});
    }
    events.push_back(RunEnded{.run = id, .outcome = trained.state, .step = trained.steps, .finalLoss = 1, .peakBytes = 4096});
    QVERIFY(store.append(id, events));
    store.setState(id, trained.state);
}

}  // namespace

class TestComparisonReport : public QObject
{
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<RunStore> m_store;

    static Arm arm(const std::string& method, double rate)
    {
        Arm arm{.label = method, .config = {}};
        arm.config.method = method;
        arm.config.learningRate = rate;
        arm.config.evalData = "default";
        return arm;
    }
    // Created, and trained as `how` says of each run; `change` edits PiSSA's configuration.
    std::string compare(const std::vector<int64_t>& seeds, const RateSweep& sweep,
        const std::function<std::optional<Trained>(const RunConfig&)>& how, const std::function<void(RunConfig&)>& change = {})
    {
        std::vector<Arm> arms{arm("lora", 2e-4), arm("pissa", 2e-4)};
        if (change)
            change(arms[1].config);
        const Comparison made = createComparison(*m_store, {.name = "made up", .arms = arms, .seeds = seeds, .sweep = sweep});
        for (const std::string& id : comparisonRuns(*m_store, made.id)) {
            if (const auto trained = how(m_store->config(id)))
                train(*m_store, id, *trained);
        }
        return made.id;
    }
    static bool warns(const ComparisonReport& report, const std::string& text)
    {
        return std::ranges::any_of(report.warnings, [&](const std::string& warning) { return warning.find(text) != std::string::npos; });
    }
    static const BandPoint* pointAt(const std::vector<BandPoint>& points, int64_t step)
    {
        const auto found = std::ranges::find(points, step, &BandPoint::step);
        return found == points.end() ? nullptr : &*found;
    }

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<RunStore>(std::filesystem::path(m_folder->path().toStdString()));
    }
    void cleanup() { m_store.reset(); }

    void threeSeedsAtOneRate()
    {
        // Evaluations: lora 2, 2.1, 2.2; pissa 0.1, 0.2, 0.3 less.
        const auto id = compare({0, 1, 2}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            const auto seed = double(config.seed);
            const bool pissa = config.method == "pissa";
            return Trained{.start = 3 + seed, .fall = pissa ? 0.2 : 0.1, .evaluation = 2 + 0.1 * seed - (pissa ? 0.1 * (seed + 1) : 0)};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.judge == Judge::evalLoss && report.cells.size() == 6 && report.versions == "engine 1");
        const ReportCell& cell = report.cells[1];   // pissa, seed 0
        QVERIFY(cell.arm == "pissa" && cell.seed == 0 && cell.rate == 2e-4 && cell.state == RunState::finished && cell.step == 10);
        QVERIFY(near(cell.value, 1.9) && cell.evalBefore == 5 && cell.seconds == 20 && cell.tokens == 1000 && cell.peakBytes == 4096);
        QVERIFY(cell.orderHash == "order" && cell.initHash == "init-" + cell.run);
        QCOMPARE(report.results.size(), size_t(1));   // best and same rate are one question here
        const PairedResult& result = report.results[0];
        QVERIFY(result.question == PairedResult::Question::bestRate && result.arm == "pissa" && result.baseline == "lora");
        QVERIFY(result.seeds == (std::vector<int64_t>{0, 1, 2}));
        QVERIFY(near(result.differences[0], -0.1) && near(result.differences[1], -0.2) && near(result.differences[2], -0.3));
        QVERIFY(near(result.mean, -0.2) && near(result.deviation, 0.1));
        // 27 resampled means in thirds of 0.1: once -0.3, three times -0.2667; place 0.65 of them.
        QVERIFY(near(result.interval.low, -0.3 + 0.65 * 0.1 / 3) && near(result.interval.high, -0.1 - 0.65 * 0.1 / 3));
        QVERIFY(result.p == 0.25 && result.leastP == 0.25 && !result.decides);
        QCOMPARE(QString::fromStdString(result.verdict),
            QString("3 seeds cannot decide: even if all agree, the sign-flip test gives p = 0.25; 6 seeds are the fewest that can reach 0.05."
                    " pissa is so far better than lora by 0.2 (95 % interval 0.122 to 0.278). The interval leaves out 0, but with so few"
                    " seeds it is too narrow."));
        QVERIFY(warns(report, "Intervals over so few seeds are too narrow"));
        QVERIFY(warns(report, "With 3 seeds no test can reach p = 0.05"));
        QVERIFY(!warns(report, "not finished") && !warns(report, "Broken") && !warns(report, "best rate"));
        QVERIFY(report.rates.size() == 2 && near(report.rates[1].points[0].value, 1.9) && report.rates[1].best == size_t(0));
        QVERIFY(!report.rates[1].bestAtEdge);
    }

    void bandsAndDifferences()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.start = 3 + double(config.seed), .fall = config.method == "pissa" ? 0.2 + 0.02 * double(config.seed) : 0.1};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        const auto curve = std::ranges::find_if(
            report.curves, [](const BandCurve& one) { return one.arm == "lora" && one.series == "loss"; });
        QVERIFY(curve != report.curves.end() && curve->points.size() == 10 && curve->rate == 2e-4);
        // Ten steps: smoothed over one. Seeds 3 and 4 at step 1; of the four resampled means the ends are at 0.075 of half a unit.
        const BandPoint& first = curve->points[0];
        QVERIFY(first.step == 1 && near(first.middle, 3.5) && near(first.low, 3.0375) && near(first.high, 3.9625) && first.runs == 2);
        QVERIFY(first.tokens == 100 && first.seconds == 2);
        QCOMPARE(report.differences.size(), size_t(2));
        const auto difference = std::ranges::find(report.differences, std::string("loss"), &DifferenceCurve::series);
        QVERIFY(difference->arm == "pissa" && difference->baseline == "lora" && difference->points.size() == 10);
        QVERIFY(near(difference->points[0].middle, 0));
        // At step 6, five falls later: -0.5 and -0.6.
        const BandPoint* sixth = pointAt(difference->points, 6);
        QVERIFY(sixth && near(sixth->middle, -0.55) && near(sixth->low, -0.59625) && near(sixth->high, -0.50375));
        const auto evaluated = std::ranges::find(report.differences, std::string("evalLoss"), &DifferenceCurve::series);
        QVERIFY(evaluated->points.size() == 2 && pointAt(evaluated->points, 0) && pointAt(evaluated->points, 10));
    }

    void whatItTakesToReachTheBaseline()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.start = 3, .fall = config.method == "pissa" ? 0.2 : 0.1};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QCOMPARE(report.reach.size(), size_t(2));
        // The baseline ends at 3 - 0.9 = 2.1; the arm has 3 - 0.2 (step - 1) <= 2.1 at step 6.
        QVERIFY(report.reach[0].arm == "lora" && report.reach[0].steps == 10 && report.reach[0].reached == 2 && report.reach[0].series == "loss");
        QVERIFY(near(report.reach[1].target, 2.1) && report.reach[1].steps == 6 && report.reach[1].tokens == 600 && report.reach[1].seconds == 12);
        const auto worse = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.start = 3, .fall = config.method == "pissa" ? 0.05 : 0.1};
        });
        const ReachRow never = reportOf(*m_store, worse).reach[1];
        QVERIFY(never.reached == 0 && never.runs == 1 && std::isnan(never.steps) && near(never.target, 2.1));
        // One of two gets there: a mean over it alone would say that the arm is fast.
        const auto some = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.start = 3, .fall = config.method == "pissa" ? (config.seed == 0 ? 0.2 : 0.05) : 0.1};
        });
        const ReachRow half = reportOf(*m_store, some).reach[1];
        QVERIFY(half.reached == 1 && half.runs == 2 && std::isnan(half.steps) && std::isnan(half.tokens) && std::isnan(half.seconds));
    }

    void aRunThatKeepsItsBestIsJudgedByThat()
    {
        const auto how = [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.steps = config.method == "pissa" ? 8 : 10, .evaluations = config.method == "pissa"
                    ? std::map<int64_t, double>{{0, 5}, {2, 1.5}, {4, kNaN}, {8, 2.5}} : std::map<int64_t, double>{{0, 5}, {2, 1.2}, {10, 2}},
                .planned = 10};
        };
        const auto id = compare({0}, {.rates = {}, .points = 1}, how, [](RunConfig& config) {
            config.keep = "best";
            config.patience = 3;
            config.evalEvery = 2;
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.cells[1].keepsBest && !report.cells[0].keepsBest);
        QVERIFY(near(report.cells[1].value, 1.5) && near(report.cells[0].value, 2) && near(report.results[0].mean, -0.5));
        QCOMPARE(QString::fromStdString(judgeText(report)), QString("evaluation loss of the kept parameters"));
        QVERIFY(warns(report, "The arms differ in keep, patience, evalEvery: they are not stopped and judged alike"));
        QVERIFY(warns(report, "ended at different steps (8 to 10)"));
        const auto last = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig&) { return Trained{}; });
        QCOMPARE(QString::fromStdString(judgeText(reportOf(*m_store, last))), QString("last evaluation loss"));
        QVERIFY(!warns(reportOf(*m_store, last), "different steps") && !warns(reportOf(*m_store, last), "differ in"));
    }

    void anEvaluationBeforeTheLastStepIsNone()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            if (config.method == "pissa" && config.seed == 1)
                return Trained{.evaluations = {{0, 5}, {4, 1}}};
            return Trained{};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.judge == Judge::evalLoss && std::isnan(report.cells[3].value) && !report.cells[3].diverged());
        QVERIFY(report.results[0].seeds == std::vector<int64_t>{0});
        QVERIFY(warns(report, "Run " + report.cells[3].run + " (pissa, 0.0002, seed 1) has no evaluation of its last step"));
    }

    void theJudgeDoesNotDependOnHowRunsCameOut()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.evaluation = config.method == "pissa" && config.seed == 1 ? kNaN : 2};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.judge == Judge::evalLoss && report.cells[3].diverged() && std::isnan(report.cells[3].value));
        QVERIFY(report.rates[1].points[0].diverged == 1 && !report.rates[1].best);
        QVERIFY(warns(report, "Run " + report.cells[3].run + " (pissa, 0.0002, seed 1) finished, but the loss it is judged by is not finite"));
        const auto without = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.evaluation = config.evalData.empty() ? std::nullopt : std::optional(2.0)};
        }, [](RunConfig& config) { config.evalData.clear(); });
        QVERIFY(reportOf(*m_store, without).judge == Judge::trainingLoss);
    }

    void differencesAreSmoothedAfterTheSubtraction()
    {
        // Batches of very different difficulty, 0.5 between the arms at each. PiSSA was stopped early, and skipped a step.
        const auto wave = [](int64_t step) { return 3 + std::sin(double(step) * double(step)); };
        const auto id = compare({0}, {.rates = {}, .points = 1}, [&](const RunConfig& config) -> std::optional<Trained> {
            const bool pissa = config.method == "pissa";
            return Trained{.steps = pissa ? 30 : 100, .loss = [=](int64_t step) { return pissa && step == 7 ? kNaN : wave(step) - (pissa ? 0.5 : 0); },
                .planned = 100};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        const auto difference = std::ranges::find(report.differences, std::string("loss"), &DifferenceCurve::series);
        QVERIFY(difference->points.size() == 30 && difference->window == 10);
        for (const BandPoint& point : difference->points)
            QVERIFY2(near(point.middle, -0.5), qPrintable(QString("%1: %2").arg(point.step).arg(point.middle)));
        // Both bands are means over a tenth of the planned steps.
        for (const BandCurve& curve : report.curves) {
            if (curve.series != "loss")
                continue;
            double sum = 0;
            for (int64_t step = 21; step <= 30; ++step)
                sum += wave(step) / 10;
            QVERIFY(curve.window == 10 && near(pointAt(curve.points, 30)->middle, sum - (curve.arm == "pissa" ? 0.5 : 0)));
        }
    }

    void seedsThatDivergedAreCountedAndKeepFromDeciding()
    {
        const auto id = compare({0, 1, 2, 3, 4, 5, 6, 7}, {.rates = {1e-4, 2e-4}}, [](const RunConfig& config) -> std::optional<Trained> {
            const bool high = config.learningRate == 2e-4, pissa = config.method == "pissa";
            if (high && pissa && config.seed < 2)
                return Trained{.evaluation = std::nullopt, .state = RunState::diverged, .steps = 3};
            return Trained{.evaluation = 2 - (high && pissa ? 0.5 : 0)};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        const auto at = std::ranges::find_if(report.results,
            [](const PairedResult& one) { return one.question == PairedResult::Question::sameRate && one.rate == 2e-4; });
        QVERIFY(at != report.results.end() && at->divergedArm == 2 && at->divergedBaseline == 0 && at->seeds.size() == 6);
        QVERIFY(at->p == 0.03125 && !at->decides);
        QCOMPARE(QString::fromStdString(at->verdict), QString("Not decided: 2 seeds of pissa diverged and are not counted. Of the other 6 seeds: At"
            " 0.0002 pissa is on average better than lora by 0.5 (95 % interval 0.5 to 0.5), p = 0.031."));
        QVERIFY(report.results[0].divergedArm == 0 && report.results[0].rate == 1e-4);   // a rate that loses seeds is not best
    }

    void anIntervalWithoutZeroDoesNotContradictTheTest()
    {
        const auto id = compare({0, 1, 2, 3, 4, 5}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.evaluation = config.method == "pissa" ? (config.seed == 5 ? 2.02 : 1.9) : 2};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        // All five large ones of one sign, the small one of either: 4 of 64.
        QVERIFY(report.results[0].p == 4.0 / 64 && report.results[0].interval.high < 0 && !report.results[0].decides);
        QVERIFY(QString::fromStdString(report.results[0].verdict).endsWith(" The interval leaves out 0, but with so few seeds it is too narrow."));
        QVERIFY(warns(report, "Intervals over so few seeds are too narrow") && !warns(report, "no test can"));
    }

    void ratesThatWereNotSweptAreTheArmsOwn()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.evaluation = config.method == "pissa" ? 1.5 : 2};
        }, [](RunConfig& config) { config.learningRate = 1e-4; });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(!isSwept(report) && report.results.size() == 1 && !warns(report, "The rate is chosen"));
        QVERIFY(report.results[0].verdict.find(" At their own rates (0.0001, 0.0002) pissa is so far better") != std::string::npos);
    }

    void ratesAreRankedOverTheSeedsThatTheyShare()
    {
        // Seed 1 is easy and only the middle rate has come to it yet.
        const auto id = compare({0, 1}, {.rates = {1e-4, 2e-4, 4e-4}}, [](const RunConfig& config) -> std::optional<Trained> {
            if (config.seed == 1)
                return config.learningRate == 2e-4 ? std::optional(Trained{.evaluation = 1}) : std::nullopt;
            return Trained{.evaluation = config.learningRate == 4e-4 ? 1.9 : 2};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(near(report.rates[0].points[1].value, 1.5) && report.rates[0].points[1].seeds == (std::vector<int64_t>{0, 1}));
        QCOMPARE(*report.rates[0].best, size_t(2));
        // Nothing in common: none is better than the other.
        const auto apart = compare({0, 1}, {.rates = {1e-4, 2e-4}}, [](const RunConfig& config) -> std::optional<Trained> {
            return (config.seed == 0) == (config.learningRate == 1e-4) ? std::optional(Trained{}) : std::nullopt;
        });
        QVERIFY(!reportOf(*m_store, apart).rates[0].best);
    }

    void onlyPairsThatWouldBeComparedAreBroken()
    {
        // LoRA's run at 1e-4 is of other data; PiSSA has one at 2e-4 alone, and LoRA is best there.
        const auto id = compare({0}, {.rates = {1e-4, 2e-4}}, [](const RunConfig& config) -> std::optional<Trained> {
            const bool low = config.learningRate == 1e-4;
            if (low && config.method == "pissa")
                return std::nullopt;
            return Trained{.evaluation = low ? 3 : 2, .data = low ? "other" : "data"};
        });
        QVERIFY(!warns(reportOf(*m_store, id), "Broken pair"));
    }

    void otherEvaluationRowsBreakAPair()
    {
        const auto with = [this](const std::string& lora, const std::string& pissa) {
            return reportOf(*m_store, compare({0}, {.rates = {}, .points = 1},
                [&](const RunConfig& config) { return Trained{.rows = config.method == "pissa" ? pissa : lora}; }));
        };
        QVERIFY(with("a", "b").results.empty() && warns(with("a", "b"), "differ in the evaluation rows: not compared"));
        QCOMPARE(with("a", "a").results.size(), size_t(1));
        QCOMPARE(with("a", "").results.size(), size_t(1));   // of an earlier version
    }

    void oneSeedHasNoInterval()
    {
        const auto id = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig&) { return Trained{}; });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(std::isnan(report.results[0].interval.low) && std::isnan(report.rates[0].points[0].high));
        QVERIFY(std::isnan(report.curves[0].points[0].low) && std::isnan(report.differences[0].points[0].high));
        QVERIFY(!warns(report, "Intervals over"));
    }

    void armsThatDifferInDropoutAreNamed()
    {
        const auto id = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig&) { return Trained{}; },
            [](RunConfig& config) { config.method = "lora", config.dropout = 0.1; });
        QVERIFY(warns(reportOf(*m_store, id), "The arms differ in dropout"));
    }

    void sixSeedsDecideAndBestIsComparedWithBest()
    {
        // lora is best at 1e-4 (in the middle), pissa at 2e-4, the largest rate.
        const auto id = compare({0, 1, 2, 3, 4, 5}, {.rates = {5e-5, 1e-4, 2e-4}}, [](const RunConfig& config) -> std::optional<Trained> {
            const bool pissa = config.method == "pissa";
            const double best = pissa ? 2e-4 : 1e-4;
            return Trained{.evaluation = 2 + std::abs(std::log2(config.learningRate / best)) + 0.01 * double(config.seed) - (pissa ? 0.05 : 0)};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.rates[0].best == size_t(1) && !report.rates[0].bestAtEdge);
        QVERIFY(report.rates[1].best == size_t(2) && report.rates[1].bestAtEdge);
        QVERIFY(near(report.rates[0].points[0].value, 3.025) && report.rates[0].points[0].values.size() == 6);
        QCOMPARE(report.results.size(), size_t(4));
        const PairedResult& best = report.results[0];
        QVERIFY(best.rate == 2e-4 && best.baselineRate == 1e-4 && near(best.mean, -0.05) && best.p == 0.03125 && best.decides);
        QCOMPARE(QString::fromStdString(best.verdict),
            QString("At their best rates (0.0002, 0.0001) pissa is better than lora by 0.05 (95 % interval 0.05 to 0.05), p = 0.031 with 6 seeds."));
        const PairedResult& same = report.results[1];
        QVERIFY(same.question == PairedResult::Question::sameRate && same.rate == 5e-5 && same.baselineRate == 5e-5 && near(same.mean, 0.95));
        QVERIFY(QString::fromStdString(same.verdict).startsWith("At 5e-05 pissa is worse than lora by 0.95"));
        QVERIFY(warns(report, "The best rate of pissa, 0.0002, is the largest tried"));
        QVERIFY(!warns(report, "The best rate of lora,"));
        QVERIFY(warns(report, "The rate is chosen on the rows and seeds that it is then judged by") && warns(report, "(all tried 3)") && warns(report, "4 tests are shown") && !warns(report, "6 seeds no test"));
        QCOMPARE(report.differences[0].rate, 2e-4);
        QCOMPARE(report.differences[0].baselineRate, 1e-4);
        QCOMPARE(report.curves.size(), size_t(2 * 3 * 2));
    }

    void noDifferenceIsSaidSo()
    {
        const auto id = compare({0, 1, 2, 3, 4, 5}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.evaluation = config.method == "pissa" && config.seed % 2 == 0 ? 2.1 : config.method == "pissa" ? 1.8 : 2.0};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        const PairedResult& result = report.results[0];   // three times 0.1, three times -0.2
        QVERIFY(near(result.mean, -0.05) && !result.decides);
        // |a + 2 b| >= 3 with a and b sums of three signs (3, 1, -1, -3 of weights 1, 3, 3, 1): all 16 with b = 3 or -3, 24 of the
        // 48 others.
        QVERIFY2(result.p == 40.0 / 64, qPrintable(QString::number(result.p * 64)));
        QVERIFY(!result.verdict.ends_with("too narrow."));   // the interval has 0 inside
        QVERIFY(result.verdict.starts_with("No difference shown with 6 seeds: p = 0.62. pissa is on average better than lora by 0.05"));
        QVERIFY(!warns(report, "tests are shown"));
    }

    void brokenPairsAreNamedAndNotCompared()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.evaluation = 2 - (config.method == "pissa" ? 0.5 : 0), .order = config.seed == 1 && config.method == "pissa" ? "other" : "order"};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.results.size() == 1 && report.results[0].seeds == std::vector<int64_t>{0});
        QVERIFY(QString::fromStdString(report.results[0].verdict).startsWith("One seed cannot decide: the sign-flip test gives p = 1; 6 seeds"));
        QVERIFY(warns(report, "Broken pair: run " + report.cells[3].run) && warns(report, "differ in the order of rows: not compared"));
        const auto difference = std::ranges::find(report.differences, std::string("loss"), &DifferenceCurve::series);
        QCOMPARE(difference->points[0].runs, int64_t(1));
        const auto all = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.data = config.method, .model = config.method};
        });
        const ComparisonReport none = reportOf(*m_store, all);
        QVERIFY(none.results.empty() && none.differences.empty() && warns(none, "differ in the data and the model"));
    }

    void unfinishedRunsDoNotCount()
    {
        const auto id = compare({0, 1, 2}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            if (config.seed == 2)
                return std::nullopt;
            if (config.seed == 1 && config.method == "pissa")
                return Trained{.evaluation = -50, .state = RunState::stopped, .steps = 4};
            return Trained{.evaluation = config.method == "pissa" ? 1.5 : 2};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.results.size() == 1 && report.results[0].differences == std::vector<double>{-0.5});
        QVERIFY(warns(report, "3 of 6 runs have not finished (2 queued, 1 stopped)"));
        const auto curve = std::ranges::find_if(
            report.curves, [](const BandCurve& one) { return one.arm == "pissa" && one.series == "loss"; });
        QVERIFY(curve->points.size() == 10 && curve->points[0].runs == 1);   // the finished seed alone
        QVERIFY(std::isnan(report.cells[4].value) && report.cells[4].state == RunState::queued);
        m_store->remove(report.cells[5].run);
        QVERIFY(warns(reportOf(*m_store, id), "1 of 6 planned runs are not there"));
    }

    void aRateThatDivergesIsNotBest()
    {
        // 4e-4 is better with the seed that survives.
        const auto id = compare({0, 1}, {.rates = {1e-4, 2e-4, 4e-4}}, [](const RunConfig& config) -> std::optional<Trained> {
            if (config.method == "pissa" && config.learningRate == 4e-4 && config.seed == 1)
                return Trained{.evaluation = std::nullopt, .state = RunState::diverged, .steps = 3};
            return Trained{.evaluation = 2 - 100 * config.learningRate};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        const RateCurve& pissa = report.rates[1];
        QVERIFY(pissa.points[2].diverged == 1 && pissa.points[2].values.size() == 1 && pissa.best == size_t(1) && !pissa.bestAtEdge);
        QVERIFY(report.rates[0].best == size_t(2) && report.rates[0].bestAtEdge);
        QVERIFY(warns(report, "pissa at 0.0004: 1 run diverged"));
        QVERIFY(report.judge == Judge::evalLoss);
    }

    void withoutEvaluationsTheTrainingLossJudges()
    {
        const auto id = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return Trained{.start = 4, .fall = config.method == "pissa" ? 0.1 : 0.05, .evaluation = std::nullopt, .steps = 20};
        });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.judge == Judge::trainingLoss && warns(report, "judged by the training loss"));
        QVERIFY(near(report.cells[1].value, 4 - 0.1 * 18.5));   // mean of the last two of twenty
        QVERIFY(std::isnan(report.cells[1].evalBefore));
        // The band is of the trailing mean over two steps, the first of which has only itself.
        QVERIFY(near(report.curves[0].points[0].middle, 4) && near(report.curves[0].points[1].middle, 4 - 0.025));
    }

    void beforeAnyRunHasBegun()
    {
        const auto id = compare({0, 1}, {}, [](const RunConfig&) { return std::nullopt; });
        const ComparisonReport report = reportOf(*m_store, id);
        QVERIFY(report.cells.size() == 20 && report.results.empty() && report.curves.empty() && report.reach.empty());
        QVERIFY(!report.rates[0].best && report.rates[0].points.size() == 5 && std::isnan(report.rates[0].points[0].value));
        QVERIFY(warns(report, "20 of 20 runs have not finished (20 queued)"));
        QVERIFY(!cellsCsv(report).empty() && toJson(report).at("results").empty());
    }

    void aComparisonOfAnEarlierVersion()
    {
        for (const char* method : {"lora", "pissa"}) {
            RunConfig config = arm(method, 2e-4).config;
            config.name = std::string("old ") + method + " seed 4";
            config.seed = 4;
            const auto id = m_store->createRun(config, {.comparison = "old12345", .arm = {}});
            train(*m_store, id, {.evaluation = config.method == "pissa" ? 1.5 : 2.0});
        }
        const ComparisonReport report = reportOf(*m_store, "old1");
        QVERIFY(report.comparison.id == "old12345" && report.comparison.arms.size() == 2 && report.comparison.arms[1].label == "old pissa");
        QVERIFY(report.results.size() == 1 && report.results[0].mean == -0.5);
        QCOMPARE(codeOf([&] { reportOf(*m_store, "nothing"); }), int(Code::missing));
    }

    void jsonAndCsv()
    {
        const auto id = compare({0, 1}, {.rates = {}, .points = 1}, [](const RunConfig& config) -> std::optional<Trained> {
            return config.seed == 1 && config.method == "pissa" ? std::nullopt : std::optional(Trained{});
        });
        const ComparisonReport report = reportOf(*m_store, id);
        const auto json = toJson(report);
        QVERIFY(json.at("comparison").at("id") == id && json.at("judge") == "evalLoss" && json.at("cells").size() == 4);
        QVERIFY(json.at("cells")[3].at("value").is_null() && json.at("cells")[3].at("state") == "queued");
        QVERIFY(json.at("curves")[0].at("points").size() == 2 && json.at("results")[0].at("seeds") == std::vector<int64_t>{0});
        QVERIFY(json.at("rates")[0].at("best") == 2e-4 && json.at("warnings").size() == report.warnings.size());
        const QStringList lines = QString::fromStdString(cellsCsv(report)).split("\r\n");
        QCOMPARE(lines.size(), 6);
        QCOMPARE(lines[0], QString("run,arm,method,rate,seed,state,evalLoss,evalBefore,steps,tokens,seconds,peakBytes,initHash,orderHash,dataHash,modelHash,evalHash"));
        QCOMPARE(lines[1], QString::fromStdString(report.cells[0].run + ",lora,lora,2e-04,0,finished,2,5,10,1000,20,4096,init-"
                     + report.cells[0].run + ",order,data,model,"));
        QVERIFY(lines[4].contains(",queued,NaN,NaN,0,0,NaN,0,"));
        auto measured = report;
        measured.cells[0].metrics = {{"accuracy", 0.75}};
        const QStringList more = QString::fromStdString(cellsCsv(measured)).split("\r\n");
        QVERIFY(more[0].endsWith(",evalHash,metric/accuracy") && more[1].endsWith(",0.75") && more[2].endsWith(","));
        QVERIFY(toJson(measured).at("cells")[0].at("metrics").at("accuracy") == 0.75);
    }

    void longCurvesAreThinned()
    {
        const auto id = compare({0}, {.rates = {}, .points = 1}, [](const RunConfig&) { return Trained{.start = 3, .fall = 1e-5, .steps = 5000}; });
        const ComparisonReport report = reportOf(*m_store, id);
        const auto curve = std::ranges::find(report.curves, std::string("loss"), &BandCurve::series);
        QVERIFY(curve->points.size() == 2000 && curve->points.front().step == 1 && curve->points.back().step == 5000);
        const auto seven = compare({0, 1, 2, 3, 4, 5, 6}, {.rates = {}, .points = 1},
            [](const RunConfig&) { return Trained{.start = 3, .fall = 1e-3, .steps = 600}; });
        const ComparisonReport drawn = reportOf(*m_store, seven);
        QCOMPARE(std::ranges::find(drawn.curves, std::string("loss"), &BandCurve::series)->points.size(), size_t(500));
    }

    void curvesPassOverSkippedSteps()
    {
        std::vector<CurvePoint> curve;
        for (int64_t step = 1; step <= 20; ++step)
            curve.push_back({.step = step, .value = step == 20 ? kNaN : double(step)});
        QCOMPARE(finalLoss(curve), 19.0);
        const auto smooth = smoothed(curve, 2);
        QVERIFY(smooth[0].value == 1 && smooth[1].value == 1.5 && smooth[19].value == 19 && smooth[19].step == 20);
        QVERIFY(std::isnan(finalLoss({})) && smoothed({}, 3).empty());
        curve.back().value = std::numeric_limits<double>::infinity();
        QCOMPARE(finalLoss(curve), 19.0);
    }

    void recordedCurvesAreSmoothedAsNumpyDoes()
    {
        const auto read = [](const char* name) {
            QFile file(QString(RANKWRIGHT_SOURCE_DIR "/tests/golden/statistics/") + name);
            return file.open(QIODevice::ReadOnly) ? nlohmann::json::parse(file.readAll().toStdString()) : nlohmann::json();
        };
        const auto curves = read("curves.json"), scipy = read("scipy.json");
        int checked = 0;
        for (const auto& [name, losses] : curves.at("losses").items()) {
            for (size_t run = 0; run < losses.size(); ++run) {
                std::vector<CurvePoint> curve;
                for (const auto& loss : losses[run])
                    curve.push_back({.step = int64_t(curve.size() + 1), .value = loss.get<double>()});
                const auto smooth = smoothed(curve, lossWindow(curve));
                for (size_t i = 0; i < smooth.size(); ++i, ++checked)
                    QVERIFY(std::abs(smooth[i].value - scipy.at("smoothed").at(name)[run][i].get<double>()) < 1e-9);
                QVERIFY(near(finalLoss(curve), smooth.back().value));
            }
        }
        QVERIFY(checked > 400);
    }
};

QTEST_GUILESS_MAIN(TestComparisonReport)
#include "tst_comparison_report.moc"
