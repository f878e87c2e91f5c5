// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// GGUF out: a model of each family that llama.cpp knows, and adapters of runs, written and read back. tests/peer/check_llama_cpp.py loads
// such files in llama.cpp itself.
#include "training/api/error.h"
#include "training/export/gguf_lora.h"
#include "training/export/gguf_model.h"
#include "training/formats/gguf_blocks.h"

#include "tests/support/engine_fixture.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <QTemporaryDir>
#include <QTest>

using namespace rankwright;
namespace fs = std::filesystem;

class TestGgufExport : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    fs::path at(const QString& name) const { return m_folder.filePath(name).toStdString(); }

    struct Opened
    {
        explicit Opened(const fs::path& path) : weights(openModelSource(path.string())), model(weights, at::kFloat) {}
        Weights weights;
        Model model;
        [[nodiscard]] at::Tensor logits() const
        {
            const at::NoGradGuard guard;
            const int64_t most = model.config().vocabSize;
            std::vector<int32_t> ids;
            for (const int32_t id : {5, 80, 101, 7, 33, 250, 9, 1, 2, 3, 60, 61, 62, 4, 4, 9})
                ids.push_back(int32_t(id % most));
            return model.logits(model.forward(makeBatch(ids)));
        }
    };

    static std::vector<std::string> write(const fs::path& file, Opened& base, StoredType type)
    {
        return writeGgufModel(file, base.weights, base.model, {.name = "test", .type = type, .weightOf = effectiveWeight});
    }

    // A run of a few steps, once a method.
    fs::path trained(const QString& method)
    {
        const auto folder = at("run-" + method);
        if (!fs::exists(folder / "adapter")) {
            auto c = goldenConfig(golden("tiny"));
            c.method = method.toStdString();
            c.steps = 4;
            if (method != "full")
                c.plan = {{"model.layers.1.mlp.down_proj", {7, 7}}};
            Listener listener;
            run(*makeTorchEngine(), runIn(folder, c), listener, {});
        }
        return folder;
    }

    ExportResult exported(const QString& method, const char* format, const fs::path& out, const char* dtype = "")
    {
        Listener listener;
        return run(*makeTorchEngine(), ExportJob{trained(method).string(), format, out.string(), dtype}, listener, {});
    }

    // Of this test's row; in the folder that is named, where one is: for check_llama_cpp.py --files.
    fs::path keptAt(const char* ending) const
    {
        const auto kept = qEnvironmentVariable("RANKWRIGHT_KEEP_GGUF");
        const auto name = QString(QTest::currentDataTag()) + ending;
        return kept.isEmpty() ? at(name) : fs::path(kept.toStdString()) / name.toStdString();
    }

    static double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

private Q_SLOTS:
    void eachFamilyComesBack_data()
    {
        QTest::addColumn<QString>("folder");
        for (const auto& entry : fs::directory_iterator(golden("families"))) {
            std::error_code ignored;
            const auto name = entry.path().filename().string();
            if (fs::exists(entry.path() / "model.gguf", ignored) && !name.starts_with("bert") && !name.starts_with("roberta"))
                QTest::newRow(entry.path().filename().c_str()) << QString::fromStdString(entry.path().string());
        }
        QTest::newRow("tiny") << QString::fromStdString(golden("tiny").string());
    }
    // Every value is compared by writeGgufModel() itself; the numbers of the model and its logits here.
    void eachFamilyComesBack()
    {
        QFETCH(QString, folder);
        Opened base(folder.toStdString());
        const auto file = keptAt(".gguf");
        write(file, base, StoredType::F32);
        const Opened again(file);
        const auto &was = base.model.config(), &is = again.model.config();
        QCOMPARE(is.family, was.family);
        QCOMPARE(is.heads, was.heads);
        QCOMPARE(is.kvHeads, was.kvHeads);
        QCOMPARE(is.headDim, was.headDim);
        QCOMPARE(is.intermediateSize, was.intermediateSize);
        QCOMPARE(is.contextLength, was.contextLength);
        QCOMPARE(is.normEpsilon, was.normEpsilon);
        QCOMPARE(is.tiedEmbeddings, was.tiedEmbeddings);
        QCOMPARE(is.experts.count, was.experts.count);
        QCOMPARE(is.experts.perToken, was.experts.perToken);
        QCOMPARE(is.experts.firstLayer, was.experts.firstLayer);
        for (int64_t layer = 0; layer < was.layers && was.slidingWindow > 0 && !was.windowed.empty(); ++layer)
            QCOMPARE(is.windowed[size_t(layer)], was.windowed[size_t(layer)]);
        const auto a = base.logits(), b = again.logits();
        QVERIFY2(largest(a - b) <= 1e-5 * largest(a), qPrintable(QString::number(largest(a - b))));
    }

    void adaptersOfEachFamilyComeBack_data() { eachFamilyComesBack_data(); }
    // Ranks and scales that differ from module to module. Beside the adapter the model with it added in, which llama.cpp compares.
    void adaptersOfEachFamilyComeBack()
    {
        QFETCH(QString, folder);
        const at::NoGradGuard guard;
        at::manual_seed(3);
        Opened base(folder.toStdString());
        std::vector<PlacedStart> starts;
        std::map<std::string, at::Tensor> deltas;
        for (const auto& slot : base.model.slots()) {
            const auto rank = 1 + int64_t(starts.size() % 3);
            const double scaling = 0.5 + double(starts.size() % 4);
            starts.push_back({slot.name, {.A = at::randn({rank, slot.in()}) * 0.1, .B = at::randn({slot.out(), rank}) * 0.1, .scaling = scaling}});
            deltas[slot.name] = at::matmul(starts.back().start.B, starts.back().start.A) * scaling;
        }
        writeGgufLora(keptAt("-lora.gguf"), starts, base.model, "test");
        const auto back = readGgufLora(keptAt("-lora.gguf"), base.model);
        QCOMPARE(back.size(), starts.size());
        for (const auto& [name, start] : back)
            QVERIFY2(at::allclose(at::matmul(start.B, start.A) * start.scaling, deltas.at(name), 1e-5, 1e-6), name.c_str());
        writeGgufModel(keptAt("-merged.gguf"), base.weights, base.model, {.name = "test", .type = StoredType::F32,
            .weightOf = [&](const LinearSlot& slot) { return effectiveWeight(slot) + deltas.at(slot.name); }});
        QVERIFY(largest(Opened(keptAt("-merged.gguf")).logits() - base.logits()) > 1e-2);
    }

    void writesEveryType_data()
    {
        QTest::addColumn<QString>("dtype");
        QTest::addColumn<double>("most");
        QTest::newRow("float16") << "float16" << 0.01;
        QTest::newRow("bfloat16") << "bfloat16" << 0.05;
        QTest::newRow("q8_0") << "q8_0" << 0.05;
        QTest::newRow("q4_1") << "q4_1" << 1.0;
        QTest::newRow("q4_0") << "q4_0" << 1.0;
    }
    // Matrices in the type, vectors in float32, the head of 4-bit models in 8 bits; close to the model.
    void writesEveryType()
    {
        QFETCH(QString, dtype);
        QFETCH(double, most);
        Opened base(golden("tiny"));
        const auto type = ggufTypeFromText(dtype.toStdString());
        const auto file = at("typed-" + dtype + ".gguf");
        write(file, base, type);
        const Opened again(file);
        const auto a = base.logits(), b = again.logits();
        QVERIFY2(largest(a - b) > 0 && largest(a - b) < most * largest(a), qPrintable(QString::number(largest(a - b) / largest(a))));
        bool some = false;
        for (const auto& entry : readGguf(file).tensors) {
            const bool head = entry.name == "output.weight" || (base.model.tied() && entry.name == "token_embd.weight");
            const bool fits = entry.shape.back() % blockValues(type) == 0;
            const auto expected = entry.shape.size() < 2                                       ? StoredType::F32
                : head && (type == StoredType::Q4_0 || type == StoredType::Q4_1) && fits ? StoredType::Q8_0
                : fits                                                                   ? type
                                                                                         : StoredType::F16;
            QVERIFY2(entry.type == expected, entry.name.c_str());
            some = some || entry.type == type;
        }
        QVERIFY(some);
        QCOMPARE(readGguf(file).integer("general.quantization_version"), int64_t(2));
    }

    void writesTheTokenizer()
    {
        Opened base(golden("tiny"));
        const auto notes = write(at("text.gguf"), base, StoredType::F32);
        QVERIFY(notes.empty());
        const auto was = openModelTokenizer(golden("tiny")), is = openModelTokenizer(at("text.gguf"));
        for (const char* text : {"Janet has 3 apples, and 12 pears.", "x  y\n\nz\t1234567 'tis I'M", "caf\xC3\xA9 \xE4\xB8\xAD"})
            QCOMPARE(is->encode(text, true).ids, was->encode(text, true).ids);
        // A second time from GGUF: the keys are copied as they are.
        Opened again(at("text.gguf"));
        write(at("text2.gguf"), again, StoredType::F32);
        const auto first = readGguf(at("text.gguf")), second = readGguf(at("text2.gguf"));
        for (const auto& [key, value] : first.metadata) {
            if (key.starts_with("tokenizer."))
                QVERIFY2(second.metadata.at(key).value == value.value, key.c_str());
        }
        // Without a tokenizer the file says that it has none.
        const auto bare = at("bare");
        fs::create_directories(bare);
        for (const char* name : {"config.json", "model.safetensors"})
            fs::copy_file(golden("tiny") / name, bare / name);
        Opened without(bare);
        QCOMPARE(write(at("bare.gguf"), without, StoredType::F32).size(), size_t(1));
        QCOMPARE(readGguf(at("bare.gguf")).text("tokenizer.ggml.model"), std::string("none"));
    }

    void runsAreExported_data()
    {
        QTest::addColumn<QString>("method");
        QTest::addColumn<QString>("format");
        for (const char* method : {"lora", "pissa", "rslora"}) {
            for (const char* format : {"gguf", "gguf-lora"})
                QTest::addRow("%s as %s", method, format) << method << format;
        }
        QTest::newRow("full as gguf") << "full" << "gguf";
        QTest::newRow("dora as gguf") << "dora" << "gguf";
    }
    void runsAreExported()
    {
        QFETCH(QString, method);
        QFETCH(QString, format);
        const auto out = at(method + "-" + format);
        const auto result = exported(method, format.toLatin1().constData(), out);
        QVERIFY2(result.largestDifference < 1e-4, qPrintable(QString::number(result.largestDifference)));
        for (const auto& file : result.files)
            QVERIFY(fs::exists(out / file));
        QVERIFY(fs::exists(out / (format == "gguf" ? "model.gguf" : "adapter.gguf")));
        for (const auto& entry : fs::directory_iterator(m_folder.path().toStdString()))
            QVERIFY(entry.path().string().find(".tmp-") == std::string::npos);
        if (format == "gguf") {
            const double moved = largest(Opened(out / "model.gguf").logits() - Opened(golden("tiny")).logits());
            QVERIFY(moved > 1e-3);   // what was trained is in it
        }
    }

    // One alpha for all; a module of another rank; rows of q and k as the base's rows; PiSSA with both halves.
    void adaptersAreAsLlamaCppReadsThem()
    {
        exported("pissa", "gguf-lora", at("adapter"));
        exported("pissa", "lora", at("peft"));
        const auto gguf = readGguf(at("adapter") / "adapter.gguf");
        QCOMPARE(gguf.text("general.type"), std::string("adapter"));
        QCOMPARE(gguf.text("general.architecture"), std::string("llama"));
        QCOMPARE(gguf.text("adapter.type"), std::string("lora"));
        const double alpha = gguf.number("adapter.lora.alpha");
        QVERIFY(alpha > 0);
        const auto peft = readTensors(at("peft") / "adapter_model.safetensors");
        const auto config = readJsonFile(at("peft") / "adapter_config.json", 1 << 20);
        std::map<std::string, TensorEntry> entries;
        for (const auto& entry : gguf.tensors)
            entries.emplace(entry.name, entry);
        QCOMPARE(entries.size(), peft.size());
        const auto values = [&](const std::string& name) {
            auto tensor = at::empty(entries.at(name).shape, at::kFloat);
            FileReader(entries.at(name).file).read(entries.at(name).offset, {static_cast<std::byte*>(tensor.data_ptr()), size_t(tensor.nbytes())});
            return tensor;
        };
        const Opened base(golden("tiny"));
        const auto check = [&](const std::string& name, const std::string& module, int64_t rank, double scale, int64_t heads) {
            const auto A = values(name + ".lora_a"), B = values(name + ".lora_b");
            QCOMPARE(A.size(0), rank);
            QCOMPARE(B.size(1), rank);
            const auto key = "base_model.model." + module;
            auto delta = at::matmul(peft.at(key + ".lora_B.weight"), peft.at(key + ".lora_A.weight")) * scale;
            if (heads > 0)
                delta = applyRopeRows(delta, heads);
            QVERIFY(largest(at::matmul(B, A) * (alpha / double(rank)) - delta) <= 1e-6 * (1 + largest(delta)));
        };
        const double scale = config["lora_alpha"].get<double>() / config["r"].get<double>();
        const auto& c = base.model.config();
        check("blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj", 8, scale, c.heads);
        check("blk.1.attn_k.weight", "model.layers.1.self_attn.k_proj", 8, scale, c.kvHeads);
        check("blk.0.attn_v.weight", "model.layers.0.self_attn.v_proj", 8, scale, 0);
        check("blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj", 14, 1.0, 0);
    }

    // Experts are one tensor: those without an adapter have zeros, those of a smaller rank are filled up.
    void expertsAreStacked()
    {
        const at::NoGradGuard guard;
        if (!fs::exists(golden("families") / "mixtral"))
            QSKIP("no Mixtral among the golden models");
        Opened base(golden("families") / "mixtral");
        const auto slot = [&](const std::string& name) { return base.model.slot(name); };
        std::vector<PlacedStart> starts;
        int64_t rank = 2;
        for (const char* name : {"model.layers.0.block_sparse_moe.experts.0.w1", "model.layers.0.block_sparse_moe.experts.1.w1"}) {
            QVERIFY(slot(name) != nullptr);
            starts.push_back({name, {.A = at::randn({rank, slot(name)->in()}), .B = at::randn({slot(name)->out(), rank}), .scaling = 0.25 * double(rank)}});
            rank += 1;
        }
        writeGgufLora(at("experts.gguf"), starts, base.model, "experts");
        const auto table = readGguf(at("experts.gguf"));
        QCOMPARE(table.tensors.size(), size_t(2));
        QCOMPARE(table.tensors[0].name, std::string("blk.0.ffn_gate_exps.weight.lora_a"));
        QCOMPARE(table.tensors[0].shape.size(), size_t(3));
        const auto back = readGgufLora(at("experts.gguf"), base.model);
        QCOMPARE(int64_t(back.size()), base.model.config().experts.count);
        const auto delta = [](const Start& start) { return at::matmul(start.B, start.A) * start.scaling; };
        for (size_t i = 0; i < back.size(); ++i) {
            const auto expected = i < 2 ? delta(starts[i].start) : at::zeros_like(delta(back[i].start));
            QVERIFY(largest(delta(back[i].start) - expected) < 1e-5);
        }
    }

    void refusesWhatItCannotSay()
    {
        const auto refused = [&](const QString& method, const char* format, const char* dtype, Code code, const char* named) {
            try {
                exported(method, format, at("refused"), dtype);
                return false;
            } catch (const Error& error) {
                return error.code() == code && QString(error.what()).contains(named) && !fs::exists(at("refused"));
            }
        };
        QVERIFY(refused("dora", "gguf-lora", "", Code::unsupported, "DoRA"));
        QVERIFY(refused("full", "gguf-lora", "", Code::unsupported, "gguf"));
        QVERIFY(refused("lora", "gguf", "q5_k", Code::unsupported, "q4_1"));
        QVERIFY(refused("lora", "ggml", "", Code::unsupported, "gguf-lora"));
        if (!fs::exists(golden("families") / "bert"))
            return;
        Opened encoder(golden("families") / "bert");
        try {
            write(at("bert.gguf"), encoder, StoredType::F32);
            QFAIL("an encoder was written");
        } catch (const Error& error) {
            QVERIFY(error.code() == Code::unsupported && QString(error.what()).contains("decoder"));
        }
    }

    void refusesWeightsThatAreNotFinite()
    {
        Opened base(golden("tiny"));
        auto& slot = base.model.slots().front();
        auto broken = slot.base.dense().clone();
        broken[1][2] = std::numeric_limits<float>::quiet_NaN();
        slot.base = BaseWeight(broken);
        try {
            write(at("nan.gguf"), base, StoredType::Q8_0);
            QFAIL("a NaN was written");
        } catch (const Error& error) {
            QVERIFY2(error.code() == Code::data && QString(error.what()).contains(QString::fromStdString(slot.name)), error.what());
            QVERIFY(!fs::exists(at("nan.gguf")));
        }
    }
};

QTEST_GUILESS_MAIN(TestGgufExport)
#include "tst_gguf_export.moc"
