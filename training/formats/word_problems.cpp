// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The rows of the default data set: which shape each has, and drawing again where a question came up before.
#include "training/formats/word_problems.h"

#include "training/formats/json.h"
#include "training/formats/word_problem_shapes.h"

#include <set>

namespace rankwright {

namespace {

constexpr uint64_t kSeed = 20260101;
constexpr int64_t kTrainRows = 2000, kTestRows = 200;
constexpr int64_t kHeldOutEvery = 4;  // one test row in four has a shape that training never shows

WordProblem problemFrom(const WordProblemShape& shape, int number, uint64_t key)
{
    Facts facts(key);
    shape.draw(facts);
    WordProblem problem {.question = facts.fill(shape.question), .answer = facts.fill(shape.answer), .shape = number};
    // The last number of the answer is its result: "... = $14." or "... = 3 boxes."
    const auto equals = problem.answer.rfind('=');
    const auto digits = problem.answer.find_first_of("0123456789", equals);
    const auto end = problem.answer.find_first_not_of("0123456789", digits);
    problem.answer += "\n#### " + problem.answer.substr(digits, end - digits);
    return problem;
}

void addRows(Split split, int64_t rows, std::set<std::string>& seen, std::vector<WordProblem>& out)
{
    std::vector<WordProblemShape> shapes(moneyShapes().begin(), moneyShapes().end());
    shapes.insert(shapes.end(), everydayShapes().begin(), everydayShapes().end());
    const auto shared = uint64_t(shapes.size());
    shapes.insert(shapes.end(), heldOutShapes().begin(), heldOutShapes().end());
    const auto heldOut = uint64_t(shapes.size()) - shared;
    for (int64_t row = 0; row < rows; ++row) {
        const auto rowKey = splitmix64(kSeed + splitmix64(uint64_t(split) * 0x100000000ull + uint64_t(row)));
        const bool unseen = split == Split::test && row % kHeldOutEvery == kHeldOutEvery - 1;
        const auto number = unseen ? shared + uint64_t(row / kHeldOutEvery) % heldOut : rowKey % shared;
        for (uint64_t attempt = 0;; ++attempt) {
            auto problem = problemFrom(shapes[number], int(number), splitmix64(rowKey + attempt));
            if (seen.insert(problem.question).second) {
                out.push_back(std::move(problem));
                break;
            }
        }
    }
}

}  // namespace

std::vector<WordProblem> wordProblems(Split split)
{
    std::set<std::string> seen;
    std::vector<WordProblem> train, test;
    addRows(Split::train, kTrainRows, seen, train);
    if (split == Split::train)
        return train;
    addRows(Split::test, kTestRows, seen, test);
    return test;
}

std::string wordProblemsJsonl(Split split)
{
    std::string out;
    for (const auto& problem : wordProblems(split)) {
        nlohmann::ordered_json row;
        row["question"] = problem.question;
        row["answer"] = problem.answer;
        out += row.dump() + "\n";
    }
    return out;
}

}  // namespace rankwright
