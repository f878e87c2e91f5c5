// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A model at a glance: its layers in a strip (those with a sliding window lighter), one layer with its attention heads and its MLP or
// experts, and how the parameters divide. Everything drawn is said in words for a screen reader.
#pragma once

#include "training/api/reports.h"

#include <QColor>
#include <QWidget>

namespace rankwright {

// How many parameters belong to what; the sum is ModelInfo::parameters.
struct ModelPart
{
    enum class Kind { embeddings, attention, mlp, experts, head, rest };
    Kind kind = Kind::rest;
    int64_t parameters = 0;
};
[[nodiscard]] std::vector<ModelPart> modelParts(const ModelInfo& model);
[[nodiscard]] QString partTitle(ModelPart::Kind kind);
// Which layers see a sliding window alone, of the fact "Layer pattern" ("LLGL": local, global); empty: not told.
[[nodiscard]] std::vector<bool> localLayers(const ModelInfo& model);

class ModelPicture : public QWidget
{
    Q_OBJECT
public:
    explicit ModelPicture(QWidget* parent = nullptr);
    void setModel(const ModelInfo& model);
    [[nodiscard]] QSize sizeHint() const override { return {440, 252}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {320, 252}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;          // tool tips of the parts

private:
    void paintStrip(QPainter& painter, const QRect& area) const;
    void paintHeads(QPainter& painter, const QRect& area) const;
    void paintMlp(QPainter& painter, const QRect& area) const;
    void paintExperts(QPainter& painter, const QRect& area) const;
    void paintParts(QPainter& painter, const QRect& area) const;
    [[nodiscard]] QColor colorOf(ModelPart::Kind kind) const;
    [[nodiscard]] QRect partsBar() const;
    ModelInfo m_model;
    std::vector<ModelPart> m_parts;
    std::vector<bool> m_local;
};

}  // namespace rankwright
