// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Word problems about people, places and things.
#include "training/formats/word_problem_shapes.h"

#include <array>

namespace rankwright {

namespace {

constexpr std::array kFruits {Noun {"apple", "apples"}, Noun {"pear", "pears"}, Noun {"plum", "plums"},
    Noun {"peach", "peaches"}, Noun {"orange", "oranges"}, Noun {"lemon", "lemons"}, Noun {"apricot", "apricots"},
    Noun {"mango", "mangoes"}};
constexpr std::array kVegetables {Noun {"tomato", "tomatoes"}, Noun {"pepper", "peppers"},
    Noun {"cucumber", "cucumbers"}, Noun {"pumpkin", "pumpkins"}, Noun {"zucchini", "zucchini"}};
constexpr std::array kToys {Noun {"marble", "marbles"}, Noun {"sticker", "stickers"},
    Noun {"trading card", "trading cards"}, Noun {"shell", "shells"}, Noun {"bead", "beads"},
    Noun {"postcard", "postcards"}, Noun {"stamp", "stamps"}};
constexpr std::array kInstruments {Noun {"piano", "pianos"}, Noun {"violin", "violins"}, Noun {"cello", "cellos"},
    Noun {"flute", "flutes"}, Noun {"trumpet", "trumpets"}, Noun {"harp", "harps"}};
constexpr std::array kBuildings {Noun {"office building", "office buildings"}, Noun {"school", "schools"},
    Noun {"hotel", "hotels"}, Noun {"museum", "museums"}, Noun {"hospital", "hospitals"}};
constexpr std::array kProjects {Noun {"bridge", "bridges"}, Noun {"castle", "castles"}, Noun {"tower", "towers"},
    Noun {"windmill", "windmills"}, Noun {"lighthouse", "lighthouses"}};

const std::array kShapes {
    WordProblemShape {"book",
        "{p} is reading a book that has {pages} pages. For the first {d} days {p.he} reads {a} pages a day. After "
        "that {p.he} reads {b} pages a day until the book is finished. How many days does {p.he} need for the whole "
        "book?",
        "In the first {d} days, {p} reads {d} * {a} = {ad} pages.\nThat leaves {pages} - {ad} = {rest} "
        "pages.\nReading them takes {rest} / {b} = {e|day|days}.\nThe whole book takes {d} + {e} = {sum} days.",
        [](Facts& f) {
            f.people({"p"});
            const auto d = f.draw("d", 3, 7);
            const auto ad = f.set("ad", d * f.draw("a", 8, 20));
            const auto e = f.draw("e", 3, 9);
            f.set("pages", ad + f.set("rest", f.draw("b", 12, 30) * e));
            f.set("sum", d + e);
        }},
    WordProblemShape {"ages",
        "{p} is {k.times} as old as {q}. In {y} years, {q} will be {x} years old. How old is {p} now?",
        "{q} is now {x} - {y} = {young} years old.\n{p} is {k} * {young} = {old} years old.",
        [](Facts& f) {
            f.people({"p", "q"});
            const auto young = f.draw("young", 4, 16);
            f.set("x", young + f.draw("y", 2, 12));
            f.set("old", young * f.draw("k", 2, 5));
        }},
    WordProblemShape {"bus",
        "A bus leaves the station with {a} passengers. At the first stop, {b} people get off and {c} get on. At the "
        "second stop, {d} people get off and {e} get on. How many passengers are on the bus then?",
        "After the first stop, {a} - {b} + {c} = {x} passengers are on the bus.\nAfter the second stop, {x} - {d} + "
        "{e} = {y} passengers are on the bus.",
        [](Facts& f) {
            const auto x = f.set("x", f.draw("a", 24, 50) - f.draw("b", 3, 11) + f.draw("c", 2, 12));
            f.set("y", x - f.draw("d", 3, 11) + f.draw("e", 2, 12));
        }},
    WordProblemShape {"hail",
        "A farmer plants {r} rows of {veg.one} plants with {k} plants in each row. Hail destroys {l} of the plants. "
        "Each of the other plants bears {y:veg}. How many {veg} does the farmer harvest?",
        "The farmer plants {r} * {k} = {all} plants.\nAfter the hail, {all} - {l} = {left} plants are left.\nThey "
        "bear {left} * {y} = {sum:veg}.",
        [](Facts& f) {
            f.noun("veg", kVegetables);
            const auto all = f.set("all", f.draw("r", 4, 12) * f.draw("k", 6, 15));
            f.set("sum", f.set("left", all - f.draw("l", 3, 18)) * f.draw("y", 3, 9));
        }},
    WordProblemShape {"bike tour",
        "On a tour, {p} cycles for {h} hours at {a} kilometers an hour in the morning and for {g} hours at {b} "
        "kilometers an hour in the afternoon. The whole tour is {d} kilometers long. How many kilometers are still "
        "ahead of {p}?",
        "In the morning, {p} covers {h} * {a} = {x} kilometers.\nIn the afternoon, {p.he} covers {g} * {b} = {y} "
        "kilometers.\nThat is {x} + {y} = {z} kilometers in all.\nStill ahead are {d} - {z} = "
        "{left|kilometer|kilometers}.",
        [](Facts& f) {
            f.people({"p"});
            const auto z = f.set("x", f.draw("h", 2, 4) * f.draw("a", 14, 24))
                + f.set("y", f.draw("g", 2, 4) * f.draw("b", 12, 20));
            f.set("d", f.set("z", z) + f.draw("left", 8, 70));
        }},
    WordProblemShape {"shared equally",
        "{p} has {a:toy}, and {q} has {b:toy}. They put them together and share them equally with "
        "{k|friend|friends}. How many {toy} does each of the children get?",
        "Together they have {a} + {b} = {all:toy}.\nThe number of children is 2 + {k} = {n}.\nEach of them gets "
        "{all} / {n} = {each:toy}.",
        [](Facts& f) {
            f.people({"p", "q"});
            f.noun("toy", kToys);
            const auto n = f.set("n", 2 + f.draw("k", 1, 6));
            const auto all = f.set("all", n * f.draw("each", 6, 25));
            f.set("b", all - f.draw("a", 5, all - 5));
        }},
    WordProblemShape {"fruit picking",
        "{p} picks {a:fruit}. {q} picks {k.times} as many as {p}, and {r} picks {d} fewer than {q}. How many "
        "{fruit} do the three of them pick altogether?",
        "{q} picks {k} * {a} = {b:fruit}.\n{r} picks {b} - {d} = {c:fruit}.\nAltogether they pick {a} + {b} + {c} = "
        "{sum:fruit}.",
        [](Facts& f) {
            f.people({"p", "q", "r"});
            f.noun("fruit", kFruits);
            const auto a = f.draw("a", 9, 40);
            const auto b = f.set("b", a * f.draw("k", 2, 5));
            f.set("sum", a + b + f.set("c", b - f.draw("d", 3, 14)));
        }},
    WordProblemShape {"paper for groups",
        "There are {b} boys and {g} girls in a class. To build a model of {thing.a}, they form groups of {k}. Every "
        "group gets {s} sheets of cardboard. How many sheets are handed out?",
        "There are {b} + {g} = {all} children in the class.\nThey form {all} / {k} = {m} groups.\nThe groups get "
        "{m} * {s} = {sum} sheets.",
        [](Facts& f) {
            f.noun("thing", kProjects);
            const auto k = f.draw("k", 3, 5);
            const auto m = f.draw("m", 4, 30 / k);
            const auto all = f.set("all", k * m);
            f.set("g", all - f.draw("b", all / 2 - 3, all / 2 + 3));
            f.set("sum", m * f.draw("s", 3, 12));
        }},
    WordProblemShape {"leaking tank",
        "A tank can hold {c} liters and already contains {h} liters of water. A pump adds {in} liters a minute, but "
        "{out} liters a minute leak out. After how many minutes is the tank full?",
        "The tank has room for {c} - {h} = {room} liters more.\nEach minute, the tank gains {in} - {out} = {net} "
        "liters.\nThe tank is full after {room} / {net} = {t|minute|minutes}.",
        [](Facts& f) {
            const auto net = f.draw("net", 5, 20);
            f.set("in", net + f.draw("out", 2, 6));
            f.set("c", f.draw("h", 20, 150) + f.set("room", net * f.draw("t", 8, 40)));
        }},
    WordProblemShape {"gifts and packs",
        "{p} has {a:toy}. {p.He} gives {b} of them to each of {p.his} {c} cousins. Then {p.he} buys {d} packs of "
        "{e:toy} each. How many {toy} does {p.he} have now?",
        "{p} gives away {c} * {b} = {x:toy}.\n{p.He} keeps {a} - {x} = {left:toy}.\n{p.He} buys {d} * {e} = "
        "{new:toy}.\nNow {p.he} has {left} + {new} = {sum:toy}.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("toy", kToys);
            const auto x = f.set("x", f.draw("b", 3, 12) * f.draw("c", 2, 5));
            const auto left = f.draw("left", 5, 60);
            f.set("a", x + left);
            f.set("sum", left + f.set("new", f.draw("d", 2, 6) * f.draw("e", 5, 12)));
        }},
    WordProblemShape {"practice",
        "{p} practices the {thing.one} for {a} minutes on every weekday and for {b} minutes on each of the two days "
        "of the weekend. How many minutes does {p.he} practice in {w} weeks?",
        "On weekdays, {p} practices 5 * {a} = {x} minutes a week.\nOn the weekend, {p.he} practices 2 * {b} = {y} "
        "minutes.\nThat is {x} + {y} = {z} minutes a week.\nIn {w} weeks, this comes to {w} * {z} = {sum} minutes.",
        [](Facts& f) {
            f.people({"p"});
            f.noun("thing", kInstruments);
            const auto x = f.set("x", 5 * f.set("a", 5 * f.hidden("a", 3, 9)));
            const auto y = f.set("y", 2 * f.set("b", 5 * f.hidden("b", 4, 18)));
            f.set("sum", f.set("z", x + y) * f.draw("w", 2, 8));
        }},
    WordProblemShape {"half as many",
        "{p} has {a:toy}. {q} has half as many {toy} as {p}. {r} has {d} more than {q}. How many {toy} do the three "
        "of them have in total?",
        "{q} has {a} / 2 = {b:toy}.\n{r} has {b} + {d} = {c:toy}.\nIn total they have {a} + {b} + {c} = {sum:toy}.",
        [](Facts& f) {
            f.people({"p", "q", "r"});
            f.noun("toy", kToys);
            const auto b = f.draw("b", 8, 45);
            f.set("sum", f.set("a", 2 * b) + b + f.set("c", b + f.draw("d", 3, 25)));
        }},
    WordProblemShape {"crates",
        "A trader receives {c} crates with {k:fruit} in each. Of all the {fruit}, {r} are spoiled and thrown away. "
        "The rest are divided equally among {m} shops. How many {fruit} does each shop get?",
        "The trader receives {c} * {k} = {all:fruit}.\nOf these, {all} - {r} = {good} are good.\nEach shop gets "
        "{good} / {m} = {each:fruit}.",
        [](Facts& f) {
            f.noun("fruit", kFruits);
            const auto all = f.set("all", f.draw("c", 6, 18) * f.draw("k", 15, 40));
            const auto m = f.draw("m", 3, 8);
            f.set("each", f.set("good", all - f.set("r", all % m + m * f.hidden("r", 1, 3))) / m);
        }},
    WordProblemShape {"desks",
        "{place.A} has {n} floors with {o} rooms on each floor. There are {d} desks in every room. If {e} of all "
        "the desks are not in use, how many desks are in use?",
        "There are {n} * {o} = {rooms} rooms.\nThe rooms have {rooms} * {d} = {all} desks.\nIn use are {all} - {e} "
        "= {used} desks.",
        [](Facts& f) {
            f.noun("place", kBuildings);
            const auto all = f.set("all", f.set("rooms", f.draw("n", 3, 9) * f.draw("o", 6, 15)) * f.draw("d", 2, 6));
            f.set("used", all - f.draw("e", 4, 30));
        }},
    WordProblemShape {"recipe",
        "A recipe for {s} people needs {g} grams of flour. {p} cooks for {n} people and has {h} grams of flour at "
        "home. How many grams of flour does {p.he} still have to buy?",
        "{p} needs {n} / {s} = {k} times the recipe.\nThat takes {k} * {g} = {need} grams of flour.\n{p} has to buy "
        "{need} - {h} = {buy} grams.",
        [](Facts& f) {
            f.people({"p"});
            const auto k = f.draw("k", 2, 6);
            f.set("n", k * f.draw("s", 2, 6));
            const auto need = f.set("need", k * f.set("g", 25 * f.hidden("g", 6, 16)));
            f.set("buy", need - f.set("h", 25 * f.hidden("h", 2, 10)));
        }},
    WordProblemShape {"library",
        "The shelves of a small library hold {b} books each, and all {a} shelves are full. On Monday, {c} books are "
        "borrowed and none come back. On Tuesday, {d} books are returned and {e} are borrowed. How many books are "
        "in the library then?",
        "The full shelves hold {a} * {b} = {all} books.\nOn Monday, the number falls to {all} - {c} = {x}.\nOn "
        "Tuesday, it becomes {x} + {d} - {e} = {y}.",
        [](Facts& f) {
            const auto x = f.set("x", f.set("all", f.draw("a", 8, 24) * f.draw("b", 20, 45)) - f.draw("c", 30, 70));
            f.set("y", x + f.draw("d", 5, 28) - f.draw("e", 5, 40));
        }},
    WordProblemShape {"painting together",
        "{p} paints {a} fence boards an hour, and {q} paints {b} boards an hour. They have {n} boards to paint and "
        "work together for {h} hours. How many boards are left to paint?",
        "Together they paint {a} + {b} = {v} boards an hour.\nIn {h} hours, they paint {h} * {v} = {done} "
        "boards.\nThat leaves {n} - {done} = {left|board|boards}.",
        [](Facts& f) {
            f.people({"p", "q"});
            const auto done = f.set("done", f.set("v", f.draw("a", 5, 16) + f.draw("b", 5, 16)) * f.draw("h", 2, 6));
            f.set("n", done + f.draw("left", 4, 40));
        }},
};

}  // namespace

std::span<const WordProblemShape> everydayShapes() { return kShapes; }

}  // namespace rankwright
