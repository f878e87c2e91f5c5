// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Six word problems of kinds that no training row has: they tell learning to calculate from learning the shapes.
#include "training/formats/word_problem_shapes.h"

#include <array>

namespace rankwright {

namespace {

constexpr std::array kSeedlings {Noun {"bamboo shoot", "bamboo shoots"}, Noun {"bean plant", "bean plants"},
    Noun {"fern", "ferns"}, Noun {"ivy", "ivies"}, Noun {"willow cutting", "willow cuttings"}};
constexpr std::array kAnimals {Noun {"goat", "goats"}, Noun {"cow", "cows"}, Noun {"sheep", "sheep"},
    Noun {"pig", "pigs"}, Noun {"horse", "horses"}, Noun {"donkey", "donkeys"}};
constexpr std::array kGames {Noun {"chess", ""}, Noun {"table tennis", ""}, Noun {"badminton", ""},
    Noun {"checkers", ""}};
constexpr std::array<int64_t, 6> kTileBoxes {20, 16, 12, 10, 8, 6};

const std::array kShapes {
    WordProblemShape {"meeting trains",
        "Two trains start at the same time from two cities that are {d} kilometers apart and travel toward each "
        "other. One travels at {a} kilometers an hour, the other at {b} kilometers an hour. After how many hours do "
        "they meet?",
        "Each hour, the distance shrinks by {a} + {b} = {v} kilometers.\nThe trains meet after {d} / {v} = "
        "{t|hour|hours}.",
        [](Facts& f) {
            const auto v = f.set("v", f.set("a", 5 * f.hidden("a", 10, 22)) + f.set("b", 5 * f.hidden("b", 10, 22)));
            f.set("d", v * f.draw("t", 2, 7));
        }},
    WordProblemShape {"banknotes",
        "{p} has {n} five-dollar bills and {m} twenty-dollar bills. {p.He} buys {k} concert tickets for ${x} each. "
        "How many dollars does {p.he} have left?",
        "The five-dollar bills are worth {n} * $5 = ${a}.\nThe twenty-dollar bills are worth {m} * $20 = ${b}.\n{p} "
        "has ${a} + ${b} = ${all}.\nThe tickets cost {k} * ${x} = ${cost}.\n{p} has ${all} - ${cost} = ${left} left.",
        [](Facts& f) {
            f.people({"p"});
            const auto all = f.set("all", f.set("a", 5 * f.draw("n", 4, 18)) + f.set("b", 20 * f.draw("m", 5, 12)));
            f.set("left", all - f.set("cost", f.draw("k", 2, 4) * f.draw("x", 15, 28)));
        }},
    WordProblemShape {"legs",
        "On a farm there are chickens and {animal}. Together they have {legs} legs. There are {c} chickens. How "
        "many {animal} are there?",
        "The chickens have {c} * 2 = {x} legs.\nThe {animal} have {legs} - {x} = {y} legs.\nEach of them has 4 "
        "legs, so their number is {y} / 4 = {n}.",
        [](Facts& f) {
            f.noun("animal", kAnimals);
            f.set("legs", f.set("x", 2 * f.draw("c", 6, 40)) + f.set("y", 4 * f.draw("n", 4, 25)));
        }},
    WordProblemShape {"growing and pruning",
        "{plant.A} is {a} centimeters tall and grows {b} centimeters a week. After {w} weeks, {p} cuts it back to "
        "half of its height. How many centimeters tall is it after that?",
        "In {w} weeks, it grows {w} * {b} = {g} centimeters.\nIt is then {a} + {g} = {h} centimeters tall.\nCut "
        "back to half, it is {h} / 2 = {half} centimeters tall.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("plant", kSeedlings);
            const auto grown = f.set("g", f.draw("b", 2, 8) * f.draw("w", 3, 12));
            f.set("half", f.set("h", grown + f.set("a", 2 * f.hidden("a", 4, 20) + grown % 2)) / 2);
        }},
    WordProblemShape {"tournament",
        "In a {game.one} club with {n} members, every member plays against every other member exactly once. So far, "
        "{k} games have been played. How many games are still to come?",
        "Each of the {n} members plays against {n} - 1 = {m} others.\nCounting from each member's side gives {n} * "
        "{m} = {twice}.\nThis counts every game twice, so there are {twice} / 2 = {all} games.\nStill to come are "
        "{all} - {k} = {left|game|games}.",
        [](Facts& f) {
            f.noun("game", kGames);
            const auto n = f.draw("n", 6, 16);
            const auto all = f.set("all", f.set("twice", n * f.set("m", n - 1)) / 2);
            f.set("left", all - f.draw("k", 4, all - 2));
        }},
    WordProblemShape {"tiles",
        "The floor of a room is {l} meters long and {w} meters wide. Four tiles cover one square meter. The tiles "
        "come in boxes of {b}. How many boxes are needed for the whole floor?",
        "The floor measures {l} * {w} = {area} square meters.\nIt takes {area} * 4 = {tiles} tiles.\nThat is "
        "{tiles} / {b} = {n|box|boxes}.",
        [](Facts& f) {
            const auto w = f.draw("w", 3, 7);
            const auto tiles = f.set("tiles", 4 * f.set("area", w * f.set("l", w + f.hidden("l", 1, 5))));
            auto b = f.set("b", 4);
            for (const auto size : kTileBoxes) {
                if (tiles % size == 0 && b == 4)
                    b = f.set("b", size);
            }
            f.set("n", tiles / b);
        }},
};

}  // namespace

std::span<const WordProblemShape> heldOutShapes() { return kShapes; }

}  // namespace rankwright
