# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Makes tests/golden/metrics: run by hand when it has to change, never by a test. Needs numpy and scipy.

    python tests/golden/make_metrics_golden.py

labels.json   predictions, truths, and what scipy (pearson, spearman) and confusion matrices (accuracy, f1, matthews) say of them
answers.json  generated texts, references, and whether each metric of answers counts them as right: gsm8k-strict and gsm8k-flexible by
              Python's regular expressions as lm-evaluation-harness' task gsm8k (version 3) has them, math-string by MATH's rules
"""

import json
import pathlib
import re
import warnings

import numpy as np
from scipy import stats

HERE = pathlib.Path(__file__).parent / "metrics"


def confusion(predicted, truth):
    labels = sorted(set(predicted) | set(truth))
    table = np.zeros((len(labels), len(labels)))
    for p, t in zip(predicted, truth):
        table[labels.index(t), labels.index(p)] += 1
    return labels, table


def of_classes(predicted, truth):
    labels, table = confusion(predicted, truth)
    hits, rows, columns, n = np.diag(table), table.sum(1), table.sum(0), table.sum()
    each = np.divide(2 * hits, rows + columns, out=np.zeros_like(hits), where=rows + columns > 0)
    if max(labels) <= 1:
        f1 = float(each[labels.index(1)]) if 1 in labels else 0.0
    else:
        f1 = float(each.mean())
    spread = np.sqrt((n * n - (rows ** 2).sum()) * (n * n - (columns ** 2).sum()))
    matthews = 0.0 if spread == 0 else float((hits.sum() * n - (rows * columns).sum()) / spread)
    return {"accuracy": float(hits.sum() / n), "f1": f1, "matthews": matthews}


def of_numbers(predicted, truth):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = {"pearson": stats.pearsonr(predicted, truth)[0], "spearman": stats.spearmanr(predicted, truth)[0]}
    return {name: None if np.isnan(value) else float(value) for name, value in values.items()}


def label_cases():
    random = np.random.default_rng(6)
    cases = []
    for size, classes, right in ((2, 2, .5), (50, 2, .9), (200, 2, .6), (200, 2, 0.), (150, 3, .7), (150, 5, .2), (40, 2, 1.)):
        truth = random.integers(0, classes, size)
        predicted = np.where(random.random(size) < right, truth, random.integers(0, classes, size))
        cases.append((predicted.tolist(), truth.tolist(), of_classes))
    for predicted, truth in (([0, 0, 0], [0, 0, 0]), ([1, 1], [1, 1]), ([0, 1, 1, 0], [1, 0, 0, 1]), ([0, 0, 0, 0], [1, 0, 1, 1]),
                             ([1, 1, 1, 1], [1, 0, 1, 1]), ([2, 0], [0, 2]), ([1], [1]), ([0], [1])):
        cases.append((predicted, truth, of_classes))
    for size, noise in ((2, .1), (3, 1.), (100, .5), (150, 5.)):
        truth = np.round(random.random(size) * 5 * 4) / 4  # ties, as in STS-B
        predicted = np.round(truth + noise * random.standard_normal(size), 3)
        cases.append((predicted.tolist(), truth.tolist(), of_numbers))
        cases.append((np.round(predicted).tolist(), truth.tolist(), of_numbers))
    for predicted, truth in (([1., 1., 1.], [1., 2., 3.]), ([1., 2., 3.], [5., 5., 5.]), ([3., 2., 1.], [1., 2., 3.]),
                             ([1e9 + 1, 1e9 + 2, 1e9 + 4], [1., 2., 3.]), ([1., 2., 2., 3.], [4., 4., 5., 5.])):
        cases.append((predicted, truth, of_numbers))
    return [{"predicted": p, "truth": t, "values": f(p, t)} for p, t, f in cases]


def gsm8k(generated, reference, pattern, which):
    for stop in ("Question:", "</s>", "<|im_end|>"):
        generated = generated.split(stop)[0]
    found = re.findall(pattern, generated)
    answer = "[invalid]"
    if found:
        groups = found[which]
        if isinstance(groups, tuple):
            groups = next((group for group in groups if group), answer)
        answer = groups.strip()
    for ignored in (",", r"\$", "(?s).*#### ", r"\.$"):
        answer, reference = re.sub(ignored, "", answer), re.sub(ignored, "", reference)
    return answer.lower() == reference.lower()


def boxed(text):
    """The content of the last box; None without one."""
    if "\\boxed " in text:
        return text.rsplit("\\boxed ", 1)[1].split("$", 1)[0]
    start = max(text.rfind("\\boxed"), -1)
    start = text.rfind("\\fbox") if start < 0 else start
    if start < 0:
        return None
    depth, body = 0, text[start:].split("{", 1)
    if len(body) < 2 or body[0] not in ("\\boxed", "\\fbox"):
        return None
    for i, c in enumerate(body[1]):
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return body[1][:i]
    return None


def answer_of(text):
    found = boxed(text)
    if found is not None or "The answer is: " not in text:
        return found
    last = text.rsplit("The answer is: ", 1)[1].split(".\n")[0].strip(" \t\r\n\f\v")
    return re.sub(r"\.\Z", "", last).strip(" \t\r\n\f\v")


class BreaksOff(Exception):
    pass


def normal(text):
    """MATH's normal form, step by step with regular expressions."""
    for gone in ("\n", "\\!"):
        text = text.replace(gone, "")
    text = re.sub(r"[td]frac", "frac", text.replace("\\\\", "\\"))
    text = re.sub(r"\\left", "", text)
    text = re.sub(r"\\right", "", text)
    text = re.sub(r"\^\{\\circ\}", "", text)
    text = re.sub(r"\^\\circ", "", text)
    text = re.sub(r"\\\$", "", text)
    if text.count("\\text{ ") > 1:
        raise BreaksOff
    text = text.partition("\\text{ ")[0]
    text = text.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    text = "0" + text if text[0] == "." else text
    if text.count("=") == 1 and text.index("=") <= 2:
        text = text.split("=")[1]
    if re.search(r"\\sqrt(\\sqrt|\Z)", text):
        raise BreaksOff
    text = re.sub(r"\\sqrt([^{])", r"\\sqrt{\1}", text, flags=re.S).replace(" ", "")
    whole, text, first = text, "", True
    for part in whole.split("\\frac"):
        if first:
            text, first = part, False
            continue
        if not part:
            raise BreaksOff
        if part[0] != "{":
            if len(part) == 1:
                text = whole
                break
            part = "{" + part[0] + "}" + (part[1:] if part[1] == "{" else "{" + part[1] + "}" + part[2:])
        text += "\\frac" + part
    if text == "0.5":
        return "\\frac{1}{2}"
    return re.sub(r"\A(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)\Z", r"\\frac{\1}{\2}", text)


def math(generated, reference):
    answer, truth = answer_of(generated), answer_of(reference)
    truth = reference if truth is None else truth
    if answer is None:
        return False
    try:
        return normal(answer) == normal(truth)
    except BreaksOff:
        return answer == truth


GSM8K = [
    ("She has 3 + 4 = 7 apples.\n#### 7", "3 + 4 = <<3+4=7>>7\n#### 7"),
    ("#### 7.", "#### 7"), ("#### 7", "#### 7.0"), ("#### 1,000.", "so\n#### 1,000"), ("#### 1000", "#### 1,000"),
    ("#### $1,000", "#### 1000"), ("#### $1,000.00", "#### 1000"), ("The answer is $1,000.", "#### 1000"),
    ("#### -5", "#### -5"), ("#### - 5", "#### -5"), ("#### --5", "#### -5"), ("It is -5 degrees", "#### -5"), ("5-3", "#### -3"),
    ("no number at all", "#### 1"), ("", "#### 1"), ("####7", "#### 7"), ("#### 7\n#### 8", "#### 7"), ("#### 7\n#### 8", "#### 8"),
    ("##### 7", "#### 7"), ("#### seven 7", "#### 7"), ("#### 7 apples", "#### 7"), ("#### 7%", "#### 7"), ("#### 12.50", "#### 12.5"),
    ("#### .5", "#### .5"), ("#### 0.5", "#### .5"), ("#### ...", "#### 1"), ("#### 5..", "#### 5"), ("#### ,", "#### "),
    ("the result is 42", "42"), ("the result is 42.", "42"), ("42, of course...", "42"), ("42\n\nQuestion: what is 43?", "#### 42"),
    ("42</s>99", "#### 42"), ("42<|im_end|>\n99", "#### 42"), ("#### 42Question: 7", "#### 42"), ("Question: 5", "#### 5"),
    ("#### 1/2", "#### 1/2"), ("1/2", "#### 2"), ("#### 10 000", "#### 10000"), ("#### 1e3", "#### 1"), ("$5", "#### 5"), ("$", "#### "),
    ("$$", "#### "), ("the cost is 5 $ .", "#### 5"), ("a - b = -", "#### -"), ("#### ٣", "#### 3"), ("３", "#### 3"), ("#### 7\r\n", "#### 7"),
    ("#### 7 ", "#### 7 "), ("####  7", "#### 7"), ("#### 3", "two\n#### lines #### 3"), ("18", "Janet sells 16 - 3 - 4 = 9.\n18."),
    ("#### 5", "#### 5.\n"), ("#### 2,5", "#### 25"), ("the answer is 7, no: 8", "#### 8"), ("-", "#### 0"), ("-.5", "#### -.5"),
    ("1.2.3", "#### 1.2.3"), ("7-", "#### 7"), ("$-5", "#### -5"), ("-$5", "#### -5"),
]

MATH = [
    (r"so \boxed{7}", r"\boxed{7}"), (r"\boxed{\frac{1}{2}}", r"\boxed{\dfrac{1}{2}}"), (r"\boxed{\frac12}", r"\boxed{1/2}"),
    (r"\boxed{\tfrac1{72}}", r"\boxed{\frac{1}{72}}"), (r"\boxed{0.5}", r"\boxed{\frac{1}{2}}"), (r"\boxed{.5}", r"\boxed{1/2}"),
    (r"\boxed{-1/2}", r"\boxed{\frac{-1}{2}}"), (r"\boxed{-\frac{1}{2}}", r"\boxed{-1/2}"), (r"\boxed{x=5}", r"\boxed{5}"),
    (r"\boxed{abc=5}", r"\boxed{5}"), (r"\boxed{\sqrt3}", r"\boxed{\sqrt{3}}"), (r"\boxed{2\sqrt 3}", r"\boxed{2\sqrt{3}}"),
    (r"\boxed{10\text{ cm}}", r"\boxed{10}"), (r"\boxed{10 \text{ cm}^2}", r"\boxed{10}"), (r"\boxed{10\text{cm}}", r"\boxed{10}"),
    (r"\boxed{\text{ a }\text{ b }}", r"\boxed{\text{ a }\text{ b }}"), (r"\boxed{\text{ a }\text{ b }}", r"\boxed{}"),
    (r"\boxed{90^\circ}", r"\boxed{90}"), (r"\boxed{90^{\circ}}", r"\boxed{90}"), (r"\boxed{\$5}", r"\boxed{5}"), (r"\boxed{5\%}", r"\boxed{5}"),
    (r"\boxed{5%}", r"\boxed{5}"), (r"\boxed{1,000}", r"\boxed{1000}"), (r"\boxed{1,\!000}", r"\boxed{1,000}"),
    (r"\boxed{\left(1, 2\right)}", r"\boxed{(1,2)}"), (r"\boxed{\{1,2\}}", r"\boxed{\{1,2\}}"), (r"\boxed{a{b}c", r"\boxed{abc}"),
    (r"\boxed 7$ and more", r"\boxed{7}"), (r"\boxed 7", r"\boxed{7}"), (r"first \boxed{1}, then \boxed{2}", r"\boxed{2}"),
    (r"\fbox{3}", r"\boxed{3}"), ("The answer is: 7", "The answer is: 7."), ("The answer is: 7.\nMore.", "7"), ("The answer is: 7. \n", "\\boxed{7}"),
    ("The answer is: 1. The answer is: 2", "2"), ("the answer is 7", "7"), ("7", "7"), ("", ""), (r"\boxed{}", r"\boxed{}"),
    (r"\boxed{\frac{a}{b}}", r"\boxed{a/b}"), (r"\boxed{3/04}", r"\boxed{\frac{3}{4}}"), (r"\boxed{1/2/3}", r"\boxed{1/2/3}"),
    (r"\boxed{\frac}", r"\boxed{\frac}"), (r"\boxed{\frac}", r"\boxed{\frac }"), (r"\boxed{\frac 1}", r"\boxed{\frac1}"),
    (r"\boxed{\sqrt}", r"\boxed{\sqrt}"), (r"\boxed{\sqrt}", r"\boxed{ \sqrt}"), ("\\boxed{1\\\\2}", r"\boxed{1\2}"),
    ("\\boxed{1\n2}", r"\boxed{12}"), (r"\boxed{x = \frac12}", r"\boxed{\frac{1}{2}}"), (r"\boxed{k = .25}", r"\boxed{0.25}"),
    (r"\boxed{\frac{.5}{2}}", r"\boxed{\frac{0.5}{2}}"), (r"\boxed{-3}", r"\boxed{-3}"), (r"\boxed{- 3}", r"\boxed{-3}"), (r"\boxed{3.0}", r"\boxed{3}"),
    (r"\boxed{\pi}", r"\boxed{π}"), (r"\boxed{\frac√3}", r"\boxed{\frac{√}{3}}"), (r"\boxed{\sqrt√}", r"\boxed{\sqrt{√}}"),
    (r"\boxed{-0/5}", r"\boxed{\frac{-0}{5}}"), (r"\boxed{0/5}", r"\boxed{\frac{0}{5}}"), (r"\boxedx{5}", r"\boxed{5}"), (r"\boxed", r"\boxed{5}"),
    ("\\boxed{5}\nThe answer is: 6", "5"), ("So $x=5$. The answer is: $5$", "$5$"), (r"\boxed{\frac{1}{2}", r"1/2"),
]


def main():
    HERE.mkdir(exist_ok=True)
    (HERE / "labels.json").write_text(json.dumps(label_cases()) + "\n", encoding="utf-8")
    rows = [{"generated": g, "reference": r, "gsm8k-strict": gsm8k(g, r, r"#### (\-?[0-9\.\,]+)", 0),
             "gsm8k-flexible": gsm8k(g, r, r"(-?[$0-9.,]{2,})|(-?[0-9]+)", -1), "math-string": math(g, r)} for g, r in GSM8K + MATH]
    (HERE / "answers.json").write_text(json.dumps(rows, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(len(rows), "pairs, right:", {key: sum(row[key] for row in rows) for key in rows[0] if "-" in key})


if __name__ == "__main__":
    main()
