// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Names of kinds, and the experts of a layer in one cell.
#include "ui/models/module_grid.h"

#include <QTest>

#include <cmath>

using namespace rankwright;

class ModuleGridTest : public QObject
{
    Q_OBJECT
    static ModuleInfo module(const std::string& name, int64_t layer)
    {
        return {.name = name, .layer = layer, .kind = name.substr(name.rfind('.') + 1), .rows = 8, .cols = 4};
    }
private slots:
    void kindsOfADecoderAreTheLastPart()
    {
        const auto grid = moduleGrid({module("model.layers.0.self_attn.q_proj", 0), module("model.layers.0.mlp.up_proj", 0),
            module("model.layers.1.self_attn.q_proj", 1), module("model.layers.1.mlp.up_proj", 1)});
        QCOMPARE(grid.kinds, (QStringList{"q_proj", "up_proj"}));
        QCOMPARE(grid.at(1, 1)->name, std::string("model.layers.1.mlp.up_proj"));
    }
    void matricesOfOneNameKeepColumnsOfTheirOwn()
    {
        const std::string prefix = "bert.encoder.layer.3.";
        const auto grid = moduleGrid({module(prefix + "attention.self.query", 3), module(prefix + "attention.output.dense", 3),
            module(prefix + "intermediate.dense", 3), module(prefix + "output.dense", 3)});
        QCOMPARE(grid.kinds, (QStringList{"query", "attention.output.dense", "intermediate.dense", "output.dense"}));
        for (int kind = 0; kind < 4; ++kind)
            QCOMPARE(grid.all(0, kind).size(), size_t(1));
    }
    void expertsShareACell()
    {
        std::vector<ModuleInfo> modules{module("model.layers.0.self_attn.q_proj", 0)};
        for (int expert = 0; expert < 4; ++expert)
            modules.push_back(module("model.layers.0.block_sparse_moe.experts." + std::to_string(expert) + ".w1", 0));
        const auto grid = moduleGrid(modules);
        QCOMPARE(grid.kinds, (QStringList{"q_proj", "w1"}));
        QCOMPARE(grid.all(0, 1).size(), size_t(4));
        QCOMPARE(grid.cells.at("model.layers.0.block_sparse_moe.experts.3.w1").kind, 1);
        const auto means = grid.means([](const std::string& name) {
            return name.ends_with("q_proj") ? std::nan("") : double(name[name.size() - 4] - '0');
        });
        QVERIFY(std::isnan(means[0]));
        QCOMPARE(means[1], 1.5);   // of 0, 1, 2, 3
    }
    void denseAndSharedMlpsStayApart()
    {
        const auto grid = moduleGrid({module("model.layers.0.mlp.up_proj", 0), module("model.layers.1.mlp.experts.0.up_proj", 1),
            module("model.layers.1.mlp.experts.1.up_proj", 1), module("model.layers.1.mlp.shared_experts.up_proj", 1)});
        QCOMPARE(grid.kinds, (QStringList{"mlp.up_proj", "experts.up_proj", "shared_experts.up_proj"}));
        QVERIFY(grid.at(0, 1) == nullptr);
    }
};

QTEST_GUILESS_MAIN(ModuleGridTest)
#include "tst_module_grid.moc"
