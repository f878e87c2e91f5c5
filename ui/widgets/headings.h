// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The three kinds of text a page has beside its fields: page title (20 px), section heading, secondary note (11 px).
#pragma once

#include "ui/theme.h"
#include "ui/widgets/labels.h"

namespace rankwright {

[[nodiscard]] inline PlainLabel* makeTitle(const QString& text, QWidget* parent = nullptr)
{
    auto* label = new PlainLabel(text, parent);
    label->setFont(theme::titleFont());
    return label;
}

[[nodiscard]] inline PlainLabel* makeHeading(const QString& text, QWidget* parent = nullptr)
{
    auto* label = new PlainLabel(text, parent);
    label->setFont(theme::headingFont());
    return label;
}

// Wraps, and follows the palette's quiet text colour by itself.
[[nodiscard]] inline PlainLabel* makeNote(const QString& text, QWidget* parent = nullptr)
{
    auto* label = new PlainLabel(text, parent);
    label->setFont(theme::smallFont());
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setWordWrap(true);
    return label;
}

}  // namespace rankwright
