// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The cards of methods, base formats and optimisers: nothing is missing, nothing is out of its own range.
#include "training/api/catalog.h"
#include "training/api/error.h"

#include <QTest>

#include <algorithm>
#include <set>

using namespace rankwright;

class TestCatalog : public QObject
{
    Q_OBJECT

    static bool hasBase(const std::string& id)
    {
        return std::ranges::any_of(baseFormats(), [&](const BaseFormat& format) { return format.id == id; });
    }
    static bool hasOptimiser(const std::string& id)
    {
        return std::ranges::any_of(optimiserCards(), [&](const OptimiserCard& card) { return card.id == id; });
    }

private slots:
    void everyMethodIsThere()
    {
        std::vector<std::string> ids;
        for (const MethodCard* card : methodCards()) {
            ids.push_back(card->id);
            QCOMPARE(findMethodCard(card->id), card);
            QCOMPARE(&methodCard(card->id), card);
        }
        const std::vector<std::string> expected{"lora", "rslora", "lora-plus", "dora", "pissa", "olora", "sorsa", "lora-ga",
            "lora-xs", "delta-lora", "cora", "qlora", "qpissa", "loftq", "lq-lora", "lora-rite", "full"};
        QCOMPARE(ids, expected);
        QVERIFY(findMethodCard("pisa") == nullptr);
        try {
            methodCard("pisa");
            QFAIL("accepted");
        } catch (const Error& error) {
            QCOMPARE(error.code(), Code::config);
            QCOMPARE(error.parts().place, std::string("/method"));
            QVERIFY(error.parts().advice.find("pissa") != std::string::npos);
        }
    }

    void everyCardIsComplete_data()
    {
        QTest::addColumn<QString>("id");
        for (const MethodCard* card : methodCards())
            QTest::newRow(card->id.c_str()) << QString::fromStdString(card->id);
    }
    void everyCardIsComplete()
    {
        QFETCH(QString, id);
        const MethodCard& card = methodCard(id.toStdString());
        for (const std::string& text : {card.title, card.explanation, card.formula, card.paper, card.stepZero, card.learningRateSource})
            QVERIFY(!text.empty());
        // One sentence for people.
        QVERIFY2(card.explanation.ends_with('.') && std::ranges::count(card.explanation, '.') == 1, card.explanation.c_str());
        QVERIFY(card.stepZero.ends_with('.') && (card.note.empty() || card.note.ends_with('.')));
        QVERIFY(hasBase(card.base) && hasOptimiser(card.optimiser));
        QVERIFY(card.learningRate > 0 && card.learningRate <= 1e-2);
        QCOMPARE(card.base == "none", !card.needsQuantisedBase);
        QVERIFY(!(card.needsQuantisedBase && !card.allowsQuantisedBase));
        // Something is trained, and a base that gave a part of itself to the adapter is frozen.
        const MethodPicture& picture = card.picture;
        const auto parts = {picture.A, picture.B, picture.core, picture.magnitude, picture.weight};
        QVERIFY(std::ranges::count(parts, Part::trained) > 0);
        QVERIFY(!picture.residual || picture.weight == Part::frozen);
        RunConfig config;
        config.method = card.id;
        validate(config);
        QCOMPARE(effectiveBase(config), card.base);
        QCOMPARE(effectiveOptimiser(config), card.optimiser);
        QCOMPARE(isQuantised(config), card.needsQuantisedBase);
    }

    void everyOptionIsComplete()
    {
        for (const MethodCard* card : methodCards()) {
            for (const MethodOption& option : card->options) {
                QVERIFY2(option.option.starts_with("--") && !option.key.empty() && !option.label.empty(), option.key.c_str());
                QVERIFY2(option.help.ends_with('.') && option.help.size() > 20, option.key.c_str());
                RunConfig config;
                config.method = card->id;
                config.options = {{option.key, option.otherwise}};
                validate(config);   // the default is in its own range
                if (const double* number = std::get_if<double>(&option.otherwise)) {
                    QVERIFY(option.least < option.most && option.choices.empty());
                    QCOMPARE(optionNumber(config, option.key), *number);
                    for (const double beyond : {option.least - 1, option.most + 1}) {
                        config.options[option.key] = beyond;
                        QVERIFY_EXCEPTION_THROWN(checkMethod(config), Error);
                    }
                } else {
                    QVERIFY(!option.choices.empty());
                    QCOMPARE(optionText(config, option.key), std::get<std::string>(option.otherwise));
                    config.options[option.key] = "no such word";
                    QVERIFY_EXCEPTION_THROWN(checkMethod(config), Error);
                }
                config.options.clear();
                QCOMPARE(optionText(config, option.key), optionValueText(option.otherwise));
            }
        }
    }

    void basesAndOptimisersAreComplete()
    {
        std::set<std::string> ids;
        for (const BaseFormat& format : baseFormats()) {
            QVERIFY(ids.insert(format.id).second && !format.title.empty() && format.explanation.ends_with('.'));
            QVERIFY(format.bits > 1 && format.bits <= 32);
        }
        QVERIFY(ids.contains("none") && ids.contains("nf4-dq"));
        for (const OptimiserCard& card : optimiserCards())
            QVERIFY(ids.insert(card.id).second && !card.title.empty() && card.explanation.ends_with('.') && !card.paper.empty());
    }

    void exportsThatSayNothingAreRefused_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("base");
        QTest::addColumn<bool>("lora");
        QTest::addColumn<bool>("peft");
        QTest::newRow("lora") << "lora" << "auto" << true << true;
        QTest::newRow("lora on few bits") << "lora" << "nf4" << true << true;
        QTest::newRow("pissa") << "pissa" << "auto" << true << true;
        QTest::newRow("pissa on few bits") << "pissa" << "int8" << false << true;
        QTest::newRow("qlora") << "qlora" << "auto" << true << true;
        QTest::newRow("qpissa") << "qpissa" << "auto" << false << true;
        QTest::newRow("loftq") << "loftq" << "auto" << false << true;
        QTest::newRow("lq-lora") << "lq-lora" << "auto" << false << true;
        QTest::newRow("full") << "full" << "auto" << false << false;
    }
    void exportsThatSayNothingAreRefused()
    {
        QFETCH(QString, method);
        QFETCH(QString, base);
        QFETCH(bool, lora);
        QFETCH(bool, peft);
        RunConfig config;
        config.method = method.toStdString();
        config.base = base.toStdString();
        QCOMPARE(exportRefusal(config, "lora").empty(), lora);
        QCOMPARE(exportRefusal(config, "peft").empty(), peft);
        QCOMPARE(exportRefusal(config, "merged"), std::string());
        for (const char* format : {"lora", "peft"}) {
            const std::string why = exportRefusal(config, format);
            QVERIFY2(why.empty() || (why.starts_with(methodCard(config.method).title) && why.ends_with("merged weights.")), why.c_str());
        }
    }

    void startAdaptersSayTheirRanks()
    {
        RunConfig config;
        config.rank = 8;
        checkStartAdapter(config);   // no start adapter
        config.rank = RunConfig().rank;
        config.initAdapter = "folder";
        checkStartAdapter(config);
        validate(config);
        const auto placeOf = [&](auto change) {
            RunConfig changed = config;
            change(changed);
            validate(changed);   // what an earlier version stored can still be read
            try {
                checkStartAdapter(changed, "run.json");
            } catch (const Error& error) {
                return QString::fromStdString(error.code() == Code::config ? error.parts().place : "");
            }
            return QString();
        };
        QCOMPARE(placeOf([](RunConfig& c) { c.rank = 8; }), "/rank");
        QCOMPARE(placeOf([](RunConfig& c) { c.alpha = 16; }), "/alpha");
        QCOMPARE(placeOf([](RunConfig& c) { c.plan["a.q_proj"] = {.rank = 4, .alpha = 4}; }), "/plan");
        QCOMPARE(placeOf([](RunConfig& c) { c.modules = "q_proj"; }), "/modules");
        QCOMPARE(placeOf([](RunConfig& c) { c.learningRate = 1e-3; }), "");
    }

    void optionsCanChangeThePicture()
    {
        RunConfig config;
        config.method = "cora";
        QCOMPARE(effectivePicture(config).B, Part::frozen);
        config.options["variant"] = "train";
        QCOMPARE(effectivePicture(config).B, Part::trained);
        config = {};
        QCOMPARE(effectivePicture(config).B, Part::trained);
    }
};

QTEST_GUILESS_MAIN(TestCatalog)
#include "tst_catalog.moc"
