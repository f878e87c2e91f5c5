# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Sides that do the same work in turn (A B A B), and what one row of the table says about them."""

import dataclasses
import statistics

from processes import Failure


@dataclasses.dataclass
class Side:
    """`measure()` gives a dict with at least `value`; "cpu" (the value by processor time), "peak" and whatever else is kept as it is."""
    name: str
    measure: object
    most_turns: int = 99   # of what takes minutes to get ready


@dataclasses.dataclass
class Row:
    """One line of the table. The first side is ours; ratios above 1 mean that ours is ahead."""
    what: str
    unit: str
    bar: str = ""
    higher_is_better: bool = True
    note: str = ""
    sides: dict = dataclasses.field(default_factory=dict)      # name -> its turns, dicts
    failures: dict = dataclasses.field(default_factory=dict)   # name -> what it said

    @property
    def ours(self):
        return next(iter(self.sides), "")

    def peers(self):
        return [name for name in self.sides if name != self.ours]

    def median(self, name, key="value"):
        found = [turn[key] for turn in self.sides.get(name, []) if turn.get(key) is not None]
        return statistics.median(found) if found else None

    def ratio(self, peer, key="value"):
        """The median of the turns' ratios: the two sides of a turn ran one after the other, on the machine as it was then."""
        pairs = zip(self.sides[self.ours], self.sides[peer], strict=False)
        found = [(a[key] / b[key] if self.higher_is_better else b[key] / a[key]) for a, b in pairs if a.get(key) and b.get(key)]
        return statistics.median(found) if found else None

    def as_json(self):
        return {"what": self.what, "unit": self.unit, "bar": self.bar, "higherIsBetter": self.higher_is_better, "note": self.note,
                "sides": {name: {"median": self.median(name), "turns": turns} for name, turns in self.sides.items()},
                "ratios": {peer: self.ratio(peer) for peer in self.peers()},
                "cpuRatios": {peer: self.ratio(peer, "cpu") for peer in self.peers()}, "failures": self.failures}


def in_turn(row, sides, turns, say):
    """Fills the row. A side that fails is not asked again and does not stop the others."""
    row.sides = {side.name: [] for side in sides}
    for turn in range(turns):
        for side in sides:
            if side.name in row.failures or turn >= side.most_turns:
                continue
            try:
                found = side.measure()
            except Failure as failure:
                row.failures[side.name] = str(failure)
                say(f"    {side.name}: {failure}")
                continue
            row.sides[side.name].append(found)
            say(f"    turn {turn + 1}, {side.name}: {found['value']:.4g} {row.unit}")
    return row
