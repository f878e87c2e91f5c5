// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A method as a small picture: the weight as a square, B tall, A wide, what stands between them, the magnitude as a column.
// Trained parts have the method's colour, frozen ones are grey.
#pragma once

#include "training/api/catalog.h"

#include <QWidget>

class QPainter;

namespace rankwright {

inline constexpr QSize kPictureSize(120, 56);

// What the picture shows, for tool tips and screen readers: "Frozen: W (4.13 bits). Trained: A, B." Bits of the base's format, 0
// for full precision.
[[nodiscard]] QString pictureSentence(const MethodPicture& picture, double bits);
// Bits a parameter of a base format's id; 0 for "none" and for formats that this program does not have.
[[nodiscard]] double bitsOf(const std::string& base);

// In the upper left corner of a space of kPictureSize. A quantised weight has a grid.
void paintMethodPicture(QPainter& painter, const MethodPicture& picture, bool quantised, const QColor& trained,
    const QPalette& palette);

class MethodPictureView : public QWidget
{
    Q_OBJECT
public:
    explicit MethodPictureView(const MethodCard& card, QWidget* parent = nullptr);
    // As an arm's options make it; bits of its base, 0: full precision.
    void show(const MethodPicture& picture, double bits);
    using QWidget::show;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const QString m_method;
    MethodPicture m_picture;
    double m_bits = 0;
};

}  // namespace rankwright
