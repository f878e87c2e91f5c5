# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""The results as Markdown: the machine, its limits, the table of ratios, what each side computed meanwhile."""

PRODUCTS_A_TOKEN = 0.54e9   # operations of SmolLM2-135M's training step a token: 4 x its 134.5 million weights in products


def turns_of(count):
    return "1 turn" if count == 1 else f"{count} turns"


def number(value, digits=3):
    if value is None:
        return "-"
    if value != value or abs(value) in (0, float("inf")):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def gigabytes(value):
    return "-" if not value else f"{value / 1e9:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(cells) + " |" for cells in rows]


def limit_lines(limits):
    names = {"matrix bfloat16": ("matrix products, bfloat16", 1e12, "TFLOP/s"), "matrix float32": ("matrix products, float32", 1e12, "TFLOP/s"),
             "copy": ("copy, read and written", 1e9, "GB/s"), "read": ("read", 1e9, "GB/s")}
    rows = [[title, *(f"{limits[key][which] / scale:.3g} {unit}" for which in ("median", "least", "most"))]
            for key, (title, scale, unit) in names.items() if key in limits]
    return table(["limit of the machine, in the same run", "median", "least", "most"], rows)


def with_share(row, limits):
    """The row, and what part of the products that the machine can do our training did; nothing for other rows."""
    kind = next((kind for kind in ("bfloat16", "float32") if row["what"].startswith(f"training, {kind}")), None)
    ours = next(iter(row["sides"].values()), {}).get("median")
    rate = limits.get(f"matrix {kind}", {}).get("median") if kind else None
    return row | ({"shareOfLimit": ours * PRODUCTS_A_TOKEN / rate} if ours and rate else {})


def turns_with(row, name):
    return sum(1 for turn in row["sides"].get(name, {}).get("turns", []) if turn.get("value"))


def ratio_text(row, name):
    """The median of the turns' ratios with the least and the most of them, where there were several."""
    ratio = row["ratios"].get(name)
    if not ratio:
        return "-"
    ours = next(iter(row["sides"].values()))["turns"]
    pairs = [(a["value"], b["value"]) for a, b in zip(ours, row["sides"][name]["turns"]) if a.get("value") and b.get("value")]
    found = [a / b if row["higherIsBetter"] else b / a for a, b in pairs]
    return f"**{ratio:.2f}**" + (f" ({min(found):.2f} to {max(found):.2f})" if len(found) > 1 else "")


def title_of(row, turns):
    """With its own number of turns, where that is another than the page's."""
    taken = turns_with(row, next(iter(row["sides"]), ""))
    return f"{row['what']}, {row['unit']}" + (f"; {turns_of(taken)}" if taken and taken != turns else "")


def bars_text(row):
    marks = {True: "✓ ", False: "✗ ", None: ""}
    return "; ".join(marks[bar["met"]] + bar["text"] for bar in row["bars"])


def ratio_rows(rows, turns):
    for row in rows:
        measured = {name: side["median"] for name, side in row["sides"].items() if side["median"] is not None}
        if not measured:
            continue
        share = row.get("shareOfLimit") or 0
        first = next(iter(row["sides"]))
        # Above it the rate was taken of slower products than ours, as the row's note says then.
        ours = number(measured.get(first)) + (f" ({share:.0%} of the limit)" if 0 < share <= 1 else "")
        title = title_of(row, turns)
        peers = [name for name in measured if name != first]
        if not peers:
            yield [title, ours, "", "", "", "", bars_text(row)]
        for at, name in enumerate(peers):
            cpu = row["cpuRatios"].get(name)
            taken = turns_with(row, name)
            shown = name + (f"; {turns_of(taken)}" if taken not in (turns, turns_with(row, first)) else "")
            yield [title if at == 0 else "", ours if at == 0 else "", shown, number(measured[name]), ratio_text(row, name),
                   f"{cpu:.2f}" if cpu else "-", bars_text(row) if at == 0 else ""]


def peak_of(side):
    peaks = [turn["peak"] for turn in side["turns"] if turn.get("peak")]
    return max(peaks) if peaks else None


def memory_rows(rows):
    for row in rows:
        peaks = {name: peak_of(side) for name, side in row["sides"].items()}
        if any(peaks.values()):
            yield [row["what"], "; ".join(f"{name} {gigabytes(peak)}" for name, peak in peaks.items() if peak)]


def proof_rows(rows):
    """Loss, gradient norm and change of the parameters: a side whose gradients are zero is fast."""
    for row in rows:
        for name, side in row["sides"].items():
            turn = side["turns"][-1] if side["turns"] else {}
            if "losses" not in turn or "norms" not in turn:
                continue
            padding = turn.get("padding", 0.0)
            yield [row["what"], name, f"{turn['losses'][0]:.4f} .. {turn['losses'][-1]:.4f}", f"{turn['norms'][0]:.3f} .. {turn['norms'][-1]:.3f}",
                   number(turn.get("change")), number(turn["tokensPerStep"], 4), number(turn["targetsPerStep"], 4), f"{padding:.0%}"]


def failure_lines(rows):
    return [f"- {row['what']}, {name}: {why}" for row in rows for name, why in row["failures"].items()]


def note_lines(rows):
    return [f"- {row['what']}: {row['note']}." for row in rows if row["note"]]


def machine_lines(document):
    facts, limits = document["machine"], document["limits"]
    loads = limits.get("loads", [])
    lines = [f"- **Date:** {facts['date']}. **Commit:** {facts['commit']}. **Command:** `{document['command']}`",
             f"- **Processor:** {facts['processor']}; {facts['cores']} cores for this run; {facts['memoryBytes'] / 2**30:.0f} GiB of memory; "
             f"{facts['system']}.",
             f"- **Ours:** {facts['rankwright']}. **Peers:** " + ", ".join(f"{name} {version}" for name, version in facts["peers"].items()) + "."]
    for name, about in document["sections"].items():
        if about["date"] != facts["date"]:
            lines.append(f"- Measured before, {about['date']} at {about['commit']}, {turns_of(about['turns'])}: {name}.")
    if loads:
        lines.append(f"- **Load** (processes that wanted to work, as the sections began): {min(loads):.1f} to {max(loads):.1f}"
                     + (": others were at work on this machine; the ratios, above all those by processor time, say more than the times."
                        if max(loads) > 1.5 * facts["cores"] else "."))
    return lines


def markdown(document, beside=()):
    """`beside`: names of the files in the page's folder, of which the page links those that it speaks of."""
    rows, limits = document["rows"], document["limits"]
    about = {"profile.md": "profiles of a step in [profile.md](profile.md)",
             "limits.md": "why some bars are missed in [limits.md](limits.md)"}
    links = ["the raw turns are in [benchmarks.json](benchmarks.json)", *(text for name, text in about.items() if name in beside)]
    lines = ["# Benchmarks", "", f"Written by `./benchmark`; {', '.join(links)}.", ""]
    lines += machine_lines(document) + [""] + limit_lines(limits)
    turns = turns_of(document["turns"])
    lines += ["", f"**How to read it.** A side is a process of its own; the sides work in turn (A B A B), {turns} each where a row names no other",
              "number. A number is the median of its turns, a ratio the median of the turns' ratios, with the least and the most of them in",
              "brackets; above 1 ours is ahead, in times and in rates. \"By processor time\" is the",
              "same ratio of the processor time that the two used, which guests on the machine disturb less. Of training the first",
              f"{document['firstSteps']} steps of each process are dropped on both sides and a step's time is the median of the rest (of 6 steps in the",
              "rows called training, of 4 in the others). Adapters are",
              "float32 on both sides; the peer is used as its documentation says. \"Of the limit\": tokens a second times 0.54 GFLOP, the",
              "model's own products, over the matrix rate above, which is the fastest of the model's wide products in torch's and in oneDNN's",
              "way; it moves from minute to minute. The bars are what was set out to be reached, ✓ met and ✗ missed. Those of bfloat16 training",
              "were set on a processor with matrix tiles (AMX), where the eager peer did 240 tokens a second and the limit was near 2,800.",
              "A memory of the peer below is that of its whole process, Python and transformers included.", ""]
    lines += table(["what", "ours", "peer", "peer's", "ratio", "by processor time", "bar"], list(ratio_rows(rows, document["turns"])))
    lines += ["", "Peak memory of each process (VmHWM), GB, the highest of the turns:", ""]
    lines += table(["what", "GB"], list(memory_rows(rows)))
    lines += ["", "What was computed: loss and gradient norm of the first and the last step, how far the trained parameters went (norm of their",
              "change), real tokens and targets a step, and how much of what the side computed was padding:", ""]
    lines += table(["what", "side", "loss", "gradient norm", "change", "tokens", "targets", "padding"], list(proof_rows(rows)))
    if notes := note_lines(rows):
        lines += ["", "Notes:", "", *notes]
    if failures := failure_lines(rows):
        lines += ["", "Not measured:", "", *failures]
    return "\n".join(lines) + "\n"
