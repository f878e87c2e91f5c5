// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Examples to token rows with the tokens that count for the loss marked: the only place that decides on masking,
// templates, special tokens and cutting.
#pragma once

#include "training/formats/dataset.h"
#include "training/formats/tokenizer.h"

#include <optional>

namespace rankwright {

struct Sample
{
    std::vector<int32_t> ids;
    std::vector<bool> trained;    // trained[i]: the prediction OF token i counts (never for i = 0)
    std::vector<int32_t> types;   // token types of an encoder's two texts; empty: all 0
    std::vector<std::pair<size_t, size_t>> offsets;   // byte range in the row's text of each id, where SampleOptions asks for it
    std::optional<double> label;  // class index or value: the row's only target, read at one of its tokens
    int64_t fullLength = 0;       // tokens before cutting at maxLength
    int64_t row = 0;              // index in the data set
    [[nodiscard]] int64_t targets() const;
};

struct SampleOptions
{
    std::string task = "lm";              // lm | classify | regress
    std::vector<std::string> labels;      // classify: names by class; a row with another label is refused
    std::string loss = "answer";          // answer | all
    std::string chatTemplate = "auto";    // auto | none | a template's source is given in `templateSource`
    std::string templateSource;           // the model's template, empty where it has none
    int64_t maxLength = 512;
    bool offsets = false;                 // keep Sample::offsets, for showing
    int64_t threads = 1;                  // that samples() may use at most; what comes out does not depend on it
};

// Prompt/response without a template: the ids of prompt + "\n" + response, tokenised as ONE text without special
//   tokens.
//   loss "answer": trained are the tokens that begin at or after the end of prompt + "\n", and an end-of-text token is
//   added (and trained), so that the model learns to stop. loss "all": every token counts, nothing is added.
//   Alpaca rows are the same with the Alpaca header as the prompt.
// Messages (or any rows where a template is chosen): the rendered template with its special tokens recognised, the
//   contents encoded as plain text; trained are the assistants' contents and the token that ends each of them (loss
//   "all": all).
// Rows with labels where the task is lm: the text, and a line break and the second text where there is one, as plain text.
// Plain text rows: all tokens count. A .txt file is one text, cut into consecutive windows of maxLength tokens: its
//   rows.
// Rows with labels (task classify or regress): the model's special tokens around one text or two, types as its post-processor says;
//   cut at maxLength the longer text first, token by token, as transformers' longest_first does; no token has a loss of its own.
class Sampler
{
public:
    Sampler(const Tokenizer& tokenizer, SampleOptions options);
    ~Sampler();
    // One example; for a .txt file row 0 is the whole text, not cut.
    [[nodiscard]] Sample sample(const Dataset& dataset, int64_t row) const;
    // The same for an example that is not kept in dataset.examples; of `dataset` the name, file and format are used.
    [[nodiscard]] Sample sample(const Dataset& dataset, const Example& example, int64_t row) const;
    // All rows of `rows` ("A:B", empty: all), cut at maxLength. `progress(done, total)` returns false to cancel
    // (Error{stopped}); it is called in this thread. Of several rows that cannot be read the first is told of.
    [[nodiscard]] std::vector<Sample> samples(const Dataset& dataset, const std::string& rows,
        const std::function<bool(int64_t, int64_t)>& progress = {}) const;

private:
    [[nodiscard]] const ChatTemplate& templateInUse() const;
    [[nodiscard]] Sample tokens(const Dataset& dataset, const Example& example) const;
    [[nodiscard]] std::vector<Sample> inThreads(const Dataset& dataset, int64_t first, int64_t last,
        const std::function<bool(int64_t, int64_t)>& progress) const;
    [[nodiscard]] Sample labelled(const Example& example) const;
    [[nodiscard]] double labelOf(const Example& example) const;

    const Tokenizer& m_tokenizer;
    SampleOptions m_options;
    std::unique_ptr<ChatTemplate> m_template;
};

// Throws Error{data} where no row of `samples` has anything to train on, and says why.
void refuseNoTargets(const Dataset& dataset, int64_t rows, bool cutOff);

}  // namespace rankwright
