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
class Bar:
    """What a row is to reach: a ratio to a side, a value or a peak of ours, or a peak against a side's."""
    text: str
    ratio: float = None   # at least, to `side`
    value: float = None   # at most
    peak: float = None    # bytes at most; with `side` that many times its peak
    side: str = ""

    def met(self, row):
        """None where it was not measured."""
        if self.ratio is not None:
            found = row.ratio(self.side) if self.side in row.sides else None
            return None if found is None else found >= self.ratio
        if self.value is not None:
            found = row.median(row.ours)
            return None if found is None else found <= self.value
        ours, most = row.peak(row.ours), self.peak * (row.peak(self.side) if self.side else 1)
        return ours <= most if ours and most else None


@dataclasses.dataclass
class Row:
    """One line of the table. The first side is ours; ratios above 1 mean that ours is ahead."""
    what: str
    unit: str
    bars: tuple = ()
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

    def peak(self, name):
        return max((turn.get("peak") or 0 for turn in self.sides.get(name, [])), default=0)

    def ratio(self, peer, key="value"):
        """The median of the turns' ratios: the two sides of a turn ran one after the other, on the machine as it was then."""
        pairs = zip(self.sides[self.ours], self.sides[peer], strict=False)
        found = [(a[key] / b[key] if self.higher_is_better else b[key] / a[key]) for a, b in pairs if a.get(key) and b.get(key)]
        return statistics.median(found) if found else None

    def as_json(self):
        return {"what": self.what, "unit": self.unit, "bars": [{"text": bar.text, "met": bar.met(self)} for bar in self.bars],
                "higherIsBetter": self.higher_is_better, "note": self.note,
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
