// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The default data set: grade-school word problems with worked solutions that end in "#### N", made from a fixed seed.
// 2,000 rows to train and 200 to test; at least 30 problem shapes, six of them only in the test rows. A test pins the
// SHA-256 of both splits' JSONL.
#pragma once

#include "training/formats/dataset.h"

namespace rankwright {

struct WordProblem { std::string question, answer; int shape = 0; };
std::vector<WordProblem> wordProblems(Split split);
// {"question": ..., "answer": ...} a line.
std::string wordProblemsJsonl(Split split);

}  // namespace rankwright
