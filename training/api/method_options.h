// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Options that several methods share: one key has one kind and one range, whoever has it; only defaults differ.
#pragma once

#include "training/api/catalog.h"

namespace rankwright::options {

inline MethodOption init()
{
    return {.key = "init", .option = "--init", .label = "Start of A", .kind = Field::Kind::choice,
        .otherwise = "kaiming", .choices = {"kaiming", "gaussian"},
        .help = "A starts from U(-1/sqrt(n), 1/sqrt(n)) (kaiming) or from N(0, 1/r^2) (gaussian); B starts at zero."};
}

inline MethodOption svd(const std::string& otherwise = "exact")
{
    return {.key = "svd", .option = "--svd", .label = "Decomposition", .kind = Field::Kind::text,
        .otherwise = otherwise, .least = 0, .most = 64, .choices = {"exact"},
        .help = "exact: the leading triplets within 1e-5 of an exact decomposition; a number: a randomised one, as good as that many power iterations."};
}

inline MethodOption oversample(double otherwise = 10)
{
    return {.key = "oversample", .option = "--oversample", .label = "Oversampling", .kind = Field::Kind::integer,
        .otherwise = otherwise, .least = 0, .most = 4096,
        .help = "Columns that the randomised decomposition draws beyond the rank; 0 is what PEFT does.",
        .unit = "columns"};
}

inline MethodOption slice()
{
    return {.key = "slice", .option = "--slice", .label = "Slice", .kind = Field::Kind::choice,
        .otherwise = "principal", .choices = {"principal", "middle", "minor"},
        .help = "Which singular triplets are trained: the largest, those in the middle, or the smallest."};
}

inline MethodOption rounds(double otherwise)
{
    return {.key = "rounds", .option = "--rounds", .label = "Rounds", .kind = Field::Kind::integer,
        .otherwise = otherwise, .least = 1, .most = 1000,
        .help = "How often quantising and decomposing take turns; a method that stops by itself does at most so many.",
        .unit = "rounds"};
}

inline MethodOption gradientBatches()
{
    return {.key = "gradientBatches", .option = "--gradient-batches", .label = "Gradient batches",
        .kind = Field::Kind::integer, .otherwise = 8.0, .least = 1, .most = 4096,
        .help = "Batches of training rows whose gradients are looked at before the first step.", .unit = "batches"};
}

inline MethodOption gradientRows()
{
    return {.key = "gradientRows", .option = "--gradient-rows", .label = "Rows a gradient batch",
        .kind = Field::Kind::integer, .otherwise = 2.0, .least = 1, .most = 64,
        .help = "Rows in each of these batches.", .unit = "rows"};
}

}  // namespace rankwright::options
