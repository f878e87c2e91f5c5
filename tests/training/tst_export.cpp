// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Exports: what is written is what a user's loader reads, and it computes what the live model computes.
#include "training/api/error.h"
#include "training/io/weights.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;

class TestExport : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const QString& name) const { return m_folder.filePath(name).toStdString(); }

    // A run of a few steps, once a method.
    std::filesystem::path trained(const QString& method)
    {
        const auto folder = at("run-" + method);
        if (!std::filesystem::exists(folder / "adapter")) {
            auto c = goldenConfig(golden("tiny"));
            c.method = method.toStdString();
            c.steps = 6;
            c.plan = {{"model.layers.1.mlp.down_proj", {7, 7}}};
            Listener listener;
            run(*makeTorchEngine(), runIn(folder, c), listener, {});
        }
        return folder;
    }

    ExportResult exported(const QString& method, const char* format, const std::filesystem::path& out)
    {
        Listener listener;
        return run(*makeTorchEngine(), ExportJob{trained(method).string(), format, out.string(), ""}, listener, {});
    }

    at::Tensor logits(const std::filesystem::path& model, const std::filesystem::path& adapter)
    {
        Listener listener;
        const auto out = at("logits.safetensors");
        run(*makeTorchEngine(),
            LogitsJob{.model = model.string(), .adapter = adapter.string(), .out = out.string(), .ids = {5, 80, 101, 7, 33, 250, 9}},
            listener, {});
        return readTensors(out).at("logits");
    }

private Q_SLOTS:
    void readBackEqualsTheLiveModel_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("format");
        for (const char* method : {"lora", "pissa"}) {
            for (const char* format : {"lora", "peft", "merged"})
                QTest::addRow("%s as %s", method, format) << method << format;
        }
    }
    void readBackEqualsTheLiveModel()
    {
        QFETCH(QString, method);
        QFETCH(QString, format);
        const auto out = at(method + "-" + format);
        const auto result = exported(method, format.toLatin1().constData(), out);
        QVERIFY2(result.largestDifference < 1e-4, qPrintable(QString::number(result.largestDifference)));
        QVERIFY(result.bytes > 0);
        for (const auto& file : result.files)
            QVERIFY(std::filesystem::exists(out / file));
        for (const auto& entry : std::filesystem::directory_iterator(m_folder.path().toStdString()))
            QVERIFY(entry.path().string().find(".tmp-") == std::string::npos);
    }

    void everyFormatComputesTheSame()
    {
        for (const char* method : {"lora", "pissa"}) {
            for (const char* format : {"lora", "peft", "merged"}) {
                if (!std::filesystem::exists(at(QString("%1-%2").arg(method, format))))
                    exported(method, format, at(QString("%1-%2").arg(method, format)));
            }
            const auto folder = [&](const char* format) { return at(QString("%1-%2").arg(method, format)); };
            const auto merged = logits(folder("merged"), {});
            const auto lora = logits(golden("tiny"), folder("lora"));
            const bool edited = std::string(method) == "pissa";
            const auto peft = logits(edited ? folder("peft") / "base" : golden("tiny"), folder("peft"));
            QVERIFY((merged - lora).abs().max().item<double>() < 1e-4);
            QVERIFY((merged - peft).abs().max().item<double>() < 1e-4);
            QVERIFY((merged - logits(golden("tiny"), {})).abs().max().item<double>() > 1e-2);
        }
    }

    void pissaAsLoraHasTwiceTheRank()
    {
        exported("pissa", "lora", at("twice"));
        const auto config = readJsonFile(at("twice") / "adapter_config.json", 1 << 20);
        QCOMPARE(config["r"].get<int>(), 8);
        QCOMPARE(config["lora_alpha"].get<double>(), 16.0);
        QCOMPARE(config["rank_pattern"]["^model\\.layers\\.1\\.mlp\\.down_proj"].get<int>(), 14);
        QVERIFY(config["init_lora_weights"] == true);
    }

    void refusesAFolderThatIsNotEmpty()
    {
        const auto out = at("full");
        std::filesystem::create_directories(out);
        std::ofstream(out / "mine.txt") << "keep";
        QVERIFY_EXCEPTION_THROWN(exported("lora", "lora", out), Error);
        QVERIFY(std::filesystem::exists(out / "mine.txt"));
    }

    void refusesAnAdapterOfAnotherModel()
    {
        exported("lora", "lora", at("other"));
        auto config = readJsonFile(at("other") / "adapter_config.json", 1 << 20);
        const auto refused = [&](const nlohmann::json& changed, const char* named) {
            std::ofstream(at("other") / "adapter_config.json") << changed.dump();
            try {
                logits(golden("tiny"), at("other"));
                return false;
            } catch (const Error& error) {
                return QString(error.what()).contains(named);
            }
        };
        auto changed = config;
        changed["r"] = 0;
        QVERIFY(refused(changed, "/r"));
        changed = config;
        changed["lora_alpha"] = "x";
        QVERIFY(refused(changed, "/lora_alpha"));
        changed = config;
        changed["r"] = 3;
        QVERIFY(refused(changed, "q_proj") || refused(changed, "tensors of"));
        changed = config;
        changed["init_lora_weights"] = "pissa";
        QVERIFY(refused(changed, "/init_lora_weights"));
        changed = config;
        changed["use_dora"] = true;
        QVERIFY(refused(changed, "lora_magnitude_vector"));
    }

    void refusesAPickle()
    {
        const auto folder = at("pickle");
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "adapter_config.json") << R"({"peft_type":"LORA","r":4,"lora_alpha":4})";
        std::ofstream(folder / "adapter_model.bin") << "\x80\x02.";
        try {
            logits(golden("tiny"), folder);
            QFAIL("accepted");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::pickle);
        }
    }
};

QTEST_GUILESS_MAIN(TestExport)
#include "tst_export.moc"
