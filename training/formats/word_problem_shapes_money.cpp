// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Word problems about shops, money and work.
#include "training/formats/word_problem_shapes.h"

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

constexpr std::array kStationery {Noun {"notebook", "notebooks"}, Noun {"ruler", "rulers"}, Noun {"marker", "markers"},
    Noun {"glue stick", "glue sticks"}, Noun {"folder", "folders"}, Noun {"brush", "brushes"}, Noun {"pen", "pens"}};
constexpr std::array kWishes {Noun {"bicycle", "bicycles"}, Noun {"guitar", "guitars"}, Noun {"camera", "cameras"},
    Noun {"tent", "tents"}, Noun {"skateboard", "skateboards"}, Noun {"telescope", "telescopes"},
    Noun {"keyboard", "keyboards"}, Noun {"drone", "drones"}};
constexpr std::array kPastries {Noun {"roll", "rolls"}, Noun {"muffin", "muffins"}, Noun {"croissant", "croissants"},
    Noun {"bagel", "bagels"}, Noun {"pretzel", "pretzels"}, Noun {"scone", "scones"}};
constexpr std::array kShops {Noun {"bakery", "bakeries"}, Noun {"bookshop", "bookshops"},
    Noun {"garden center", "garden centers"}, Noun {"pet shop", "pet shops"}, Noun {"flower shop", "flower shops"},
    Noun {"toy shop", "toy shops"}};
constexpr std::array kClothes {Noun {"jacket", "jackets"}, Noun {"coat", "coats"}, Noun {"sweater", "sweaters"},
    Noun {"backpack", "backpacks"}, Noun {"dress", "dresses"}, Noun {"raincoat", "raincoats"},
    Noun {"suitcase", "suitcases"}};
constexpr std::array kPlants {Noun {"rose", "roses"}, Noun {"tulip", "tulips"}, Noun {"sunflower", "sunflowers"},
    Noun {"lily", "lilies"}, Noun {"daisy", "daisies"}};
constexpr std::array kCrafts {Noun {"bracelet", "bracelets"}, Noun {"candle", "candles"}, Noun {"scarf", "scarves"},
    Noun {"birdhouse", "birdhouses"}, Noun {"necklace", "necklaces"}, Noun {"mug", "mugs"}};
constexpr std::array<int64_t, 6> kPercents {10, 20, 25, 30, 40, 50};
constexpr std::array<int64_t, 4> kBoxSizes {4, 6, 8, 12};

const std::array kShapes {
    WordProblemShape {"change",
        "{p} buys {n:item} at ${x} each and {m:other} at ${y} each. {p.He} pays with a ${bill} bill. How much "
        "change does {p.he} get back, in dollars?",
        "The {item} cost {n} * ${x} = ${nx}.\nThe {other} cost {m} * ${y} = ${my}.\nTogether they cost ${nx} + "
        "${my} = ${sum}.\n{p} gets back ${bill} - ${sum} = ${left}.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("item", kStationery);
            f.noun("other", kStationery);
            const auto nx = f.set("nx", f.draw("n", 2, 6) * f.draw("x", 2, 7));
            const auto my = f.set("my", f.draw("m", 2, 6) * f.draw("y", 2, 7));
            const auto sum = f.set("sum", nx + my);
            f.set("left", f.set("bill", sum < 20 ? 20 : sum < 50 ? 50 : 100) - sum);
        }},
    WordProblemShape {"saving",
        "{p} wants to buy {wish.a} that costs ${cost}. {p.He} already has ${have} and saves ${week} every week. "
        "After how many weeks can {p.he} buy the {wish.one}?",
        "{p} still needs ${cost} - ${have} = ${need}.\nAt ${week} a week, this takes {need} / {week} = "
        "{k|week|weeks}.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("wish", kWishes);
            const auto need = f.set("need", f.draw("k", 3, 16) * f.draw("week", 5, 18));
            f.set("cost", need + f.draw("have", 12, 90));
        }},
    WordProblemShape {"baker's boxes",
        "A baker bakes {t} trays of {item} with {k:item} on each tray. In the morning, {s:item} are sold. The rest "
        "are packed into boxes of {b}. How many boxes does the baker fill?",
        "The baker bakes {t} * {k} = {all:item}.\nAfter the morning, {all} - {s} = {rest:item} are left.\nThey fill "
        "{rest} / {b} = {n|box|boxes}.",
        [](Facts& f) {
            f.noun("item", kPastries);
            const auto all = f.set("all", f.draw("t", 5, 12) * f.draw("k", 9, 16));
            const auto b = f.pick("b", std::span(kBoxSizes).first(3));
            const auto rest = f.set("rest", b * f.set("n", f.hidden("n", 2, std::min<int64_t>(15, (all - 3) / b))));
            f.set("s", all - rest);
        }},
    WordProblemShape {"Sunday pay",
        "{p} earns ${w} an hour in {shop.a}. Last week {p.he} worked {h} hours. On Sunday, when {p.he} worked {o} "
        "of these hours, the pay was ${e} an hour higher. How many dollars did {p.he} earn last week?",
        "At the normal rate, {h} hours bring {h} * ${w} = ${base}.\nThe extra pay for Sunday is {o} * ${e} = "
        "${extra}.\n{p} earned ${base} + ${extra} = ${sum}.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("shop", kShops);
            const auto base = f.set("base", f.draw("h", 18, 38) * f.draw("w", 11, 19));
            f.set("sum", base + f.set("extra", f.draw("o", 3, 8) * f.draw("e", 2, 6)));
        }},
    WordProblemShape {"sale and voucher",
        "{item.A} costs ${c}. In a sale, its price is cut by {d}%. {p} also has a voucher for ${v}. How many "
        "dollars does {p} pay for the {item.one}?",
        "The price is cut by ${c} * {d} / 100 = ${cut}.\nThe sale price is ${c} - ${cut} = ${sale}.\nWith the "
        "voucher, {p} pays ${sale} - ${v} = ${pay}.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("item", kClothes);
            const auto c = f.set("c", 20 * f.hidden("c", 2, 8));
            const auto sale = f.set("sale", c - f.set("cut", c * f.pick("d", kPercents) / 100));
            f.set("pay", sale - f.draw("v", 3, 15));
        }},
    WordProblemShape {"eggs for sale",
        "{p} keeps {n} hens, and each hen lays {e} eggs a week. {p.His} family eats {f} of the eggs. {p.He} sells "
        "the rest in boxes of {b} for ${c} a box. How many dollars does {p.he} make in a week?",
        "The hens lay {n} * {e} = {all} eggs a week.\nFor sale, {all} - {f} = {rest} eggs are left.\nThat makes "
        "{rest} / {b} = {k|box|boxes}.\n{p} makes {k} * ${c} = ${sum}.",
        [](Facts& f) {
            f.people({"p"});
            const auto all = f.set("all", f.draw("n", 8, 20) * f.draw("e", 4, 6));
            const auto b = f.pick("b", std::span(kBoxSizes).subspan(1, 2));
            const auto k = f.set("k", (all - f.hidden("k", 4, 12)) / b);
            f.set("f", all - f.set("rest", b * k));
            f.set("sum", k * f.draw("c", 2, 6));
        }},
    WordProblemShape {"school play",
        "For a school play, {a} adult tickets are sold at ${x} each and {c} child tickets at ${y} each. The "
        "costumes cost ${k}. How many dollars are left after the costumes are paid for?",
        "The adult tickets bring in {a} * ${x} = ${ax}.\nThe child tickets bring in {c} * ${y} = ${cy}.\nTogether "
        "that is ${ax} + ${cy} = ${sum}.\nAfter paying for the costumes, ${sum} - ${k} = ${left} are left.",
        [](Facts& f) {
            const auto ax = f.set("ax", f.draw("a", 20, 60) * f.draw("x", 6, 12));
            const auto cy = f.set("cy", f.draw("c", 20, 70) * f.draw("y", 2, 5));
            f.set("left", f.set("sum", ax + cy) - f.draw("k", 40, 150));
        }},
    WordProblemShape {"data plan",
        "{p}'s phone plan costs ${b} a month and includes {g} gigabytes of data. Every further gigabyte costs ${c}. "
        "This month {p.he} used {u} gigabytes. How many dollars is {p.his} bill?",
        "{p} used {u} - {g} = {o|gigabyte|gigabytes} more than the plan includes.\nThis costs {o} * ${c} = ${extra} "
        "extra.\nThe bill is ${b} + ${extra} = ${sum}.",
        [](Facts& f) {
            f.people({"p"});
            const auto o = f.draw("o", 2, 9);
            f.set("u", f.draw("g", 4, 20) + o);
            f.set("sum", f.draw("b", 15, 45) + f.set("extra", o * f.draw("c", 2, 6)));
        }},
    WordProblemShape {"fuel",
        "A car uses {l} liters of fuel per 100 kilometers. {p} drives it {a} kilometers to the coast and the same "
        "way back. A liter of fuel costs ${c}. How many dollars does {p} spend on fuel?",
        "The whole trip is {a} * 2 = {d} kilometers long.\nThe car uses {d} / 100 * {l} = {v} liters.\nThe fuel "
        "costs {v} * ${c} = ${sum}.",
        [](Facts& f) {
            f.people({"p"});
            const auto d = f.set("d", 2 * f.set("a", 50 * f.hidden("a", 2, 9)));
            f.set("sum", f.set("v", d / 100 * f.draw("l", 4, 9)) * f.draw("c", 2, 3));
        }},
    WordProblemShape {"craft fair",
        "{p} makes {n:item} for a fair. The material for each one costs ${m}, and the table at the fair costs ${t}. "
        "{p.He} sells all of them for ${x} each. How many dollars of profit does {p.he} make?",
        "The material costs {n} * ${m} = ${mat}.\nWith the table, {p} spends ${mat} + ${t} = ${cost}.\nThe sales "
        "bring in {n} * ${x} = ${sales}.\nThe profit is ${sales} - ${cost} = ${win}.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("item", kCrafts);
            const auto n = f.draw("n", 12, 30);
            const auto m = f.draw("m", 2, 5);
            const auto cost = f.set("cost", f.set("mat", n * m) + f.draw("t", 8, 25));
            f.set("win", f.set("sales", n * f.set("x", m + f.hidden("x", 4, 9))) - cost);
        }},
    WordProblemShape {"fence",
        "A rectangular garden is {l} meters long and {w} meters wide. {p} builds a fence around it but leaves an "
        "opening of {g} meters for a gate. One meter of fence costs ${c}. How many dollars does the fence cost?",
        "The garden is 2 * {l} + 2 * {w} = {per} meters around.\nThe fence is {per} - {g} = {len} meters long.\nIt "
        "costs {len} * ${c} = ${sum}.",
        [](Facts& f) {
            f.people({"p"});
            const auto w = f.draw("w", 6, 20);
            const auto per = f.set("per", 2 * f.set("l", w + f.hidden("l", 2, 15)) + 2 * w);
            f.set("sum", f.set("len", per - f.draw("g", 2, 4)) * f.draw("c", 4, 12));
        }},
    WordProblemShape {"bouquets",
        "A florist makes {n} bouquets. Each bouquet has {a:item} and {b:other}. One {item.one} costs ${x}, and one "
        "{other.one} costs ${y}. How many dollars do the flowers for all the bouquets cost?",
        "The {item} in one bouquet cost {a} * ${x} = ${ax}.\nThe {other} in one bouquet cost {b} * ${y} = "
        "${by}.\nOne bouquet costs ${ax} + ${by} = ${one}.\nAll the bouquets cost {n} * ${one} = ${sum}.",
        [](Facts& f) {
            f.noun("item", kPlants);
            f.noun("other", kPlants);
            const auto ax = f.set("ax", f.draw("a", 2, 7) * f.draw("x", 2, 4));
            const auto by = f.set("by", f.draw("b", 2, 7) * f.draw("y", 2, 4));
            f.set("sum", f.set("one", ax + by) * f.draw("n", 4, 15));
        }},
    WordProblemShape {"shared rent",
        "A group of {n} friends rents a cabin for {d} nights at ${x} a night. They also spend ${f} on food. They "
        "share all costs equally. How many dollars does each of them pay?",
        "The cabin costs {d} * ${x} = ${rent}.\nWith the food, they spend ${rent} + ${f} = ${all}.\nEach of them "
        "pays ${all} / {n} = ${each}.",
        [](Facts& f) {
            const auto n = f.draw("n", 3, 8);
            const auto rent = f.set("rent", f.draw("d", 2, 6) * f.draw("x", 60, 120));
            const auto food = f.set("f", n * f.hidden("f", 10, 20) - rent % n);
            f.set("each", f.set("all", rent + food) / n);
        }},
    WordProblemShape {"charity run",
        "In a charity run, {n} children run {l} laps each. A sponsor gives ${s} for every lap, and the school adds "
        "${b}. How many dollars are raised in total?",
        "The children run {n} * {l} = {laps} laps.\nThe sponsor gives {laps} * ${s} = ${gift}.\nIn total, ${gift} + "
        "${b} = ${sum} are raised.",
        [](Facts& f) {
            const auto laps = f.set("laps", f.draw("n", 12, 32) * f.draw("l", 4, 12));
            f.set("sum", f.set("gift", laps * f.draw("s", 2, 5)) + f.draw("b", 50, 250));
        }},
    WordProblemShape {"two wages",
        "{p} earns ${x} an hour, and {q} earns ${more} an hour more than {p}. {p} works {h} hours a week, and {q} "
        "works {g} hours a week. How many dollars do they earn together in one week?",
        "{q} earns ${x} + ${more} = ${y} an hour.\n{p} earns {h} * ${x} = ${a} a week.\n{q} earns {g} * ${y} = ${b} "
        "a week.\nTogether they earn ${a} + ${b} = ${sum}.",
        [](Facts& f) {
            f.people({"p", "q"});
            const auto x = f.draw("x", 10, 20);
            const auto y = f.set("y", x + f.draw("more", 2, 6));
            f.set("sum", f.set("a", f.draw("h", 10, 38) * x) + f.set("b", f.draw("g", 10, 38) * y));
        }},
};

}  // namespace

std::span<const WordProblemShape> moneyShapes() { return kShapes; }

}  // namespace rankwright
