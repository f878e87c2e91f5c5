// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Opening data sets: which format a file has, what is refused before a row is read, and the default data set.
#include "training/formats/dataset.h"

#include "training/api/error.h"
#include "training/formats/dataset_columns.h"
#include "training/formats/dataset_rows.h"
#include "training/formats/sha256.h"
#include "training/formats/word_problems.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr std::string_view kSupported = ".jsonl, .ndjson, .json and .txt";
constexpr uint64_t kTextFile = 1ull << 30;  // bytes of a .txt file, which is one example and so in memory as a whole
constexpr size_t kHead = 4096;              // bytes that tell what a file is

std::string lowerExtension(const std::filesystem::path& file)
{
    auto extension = file.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return extension;
}

[[noreturn]] void failNoRows(const std::filesystem::path& file)
{
    throw Error(ErrorParts {.code = Code::data, .file = file, .place = "1:1", .found = "no rows",
        .allowed = "at least one row", .advice = "Check that this is the file you mean"});
}

// UTF-16 without a byte order mark: every other byte of the first characters is zero.
bool looksLikeUtf16(std::string_view head)
{
    if (head.size() < 4)
        return false;
    const auto zero = [&](size_t i) { return head[i] == '\0'; };
    return (zero(0) && !zero(1) && zero(2) && !zero(3)) || (!zero(0) && zero(1) && !zero(2) && zero(3));
}

void refuseOtherKinds(const FileReader& file, const std::string& extension)
{
    const auto head = file.text(0, std::min<uint64_t>(file.size(), kHead));
    auto kind = looksLikeUtf16(head) ? "UTF-16 text" : recognisedKind(head);
    if (kind == "an HTML page" && extension == ".txt")
        kind.clear();  // text like any other
    if (kind.empty())
        return;
    std::string advice = "Choose the data set itself";
    if (kind == "UTF-16 text")
        advice = "Convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8";
    else if (kind == "a Git LFS pointer")
        advice = "Fetch the real file with: git lfs pull";
    else if (kind.ends_with("data") || kind.ends_with("archive"))
        advice = "Unpack it and choose the file inside";
    throw Error(ErrorParts {.code = kind.starts_with("a pickle") ? Code::pickle : Code::format, .file = file.path(),
        .place = "byte offset 0", .found = kind + " under the name of a data set",
        .allowed = "text in UTF-8: " + std::string(kSupported), .advice = advice});
}

void refuseOtherExtensions(const std::filesystem::path& file, const std::string& extension)
{
    const bool table = extension == ".csv" || extension == ".tsv" || extension == ".parquet";
    throw Error(ErrorParts {.code = Code::unsupported, .file = file, .place = "file name",
        .found = extension.empty() ? "no extension that says what the file is" : extension + " is not supported",
        .allowed = std::string(kSupported),
        .advice = table ? "Convert it to .jsonl, an object a line" : "Rename the file to what it is, or convert it"});
}

Dataset openRows(const FileReader& file, RowReader::Layout layout, const DatasetOptions& options)
{
    Dataset dataset;
    RowReader rows(file, layout, options.cancelled);
    ColumnMap columns(options.columns, file.path());
    while (const auto raw = rows.next()) {
        const auto first = raw->text.find_first_not_of(" \t\r");
        if (layout == RowReader::Layout::lines && raw->place.line == 1 && raw->text[first] == '[') {
            throw Error(ErrorParts {.code = Code::data, .file = file.path(), .place = raw->place.text(),
                .found = "an array in a file of lines", .allowed = "an object a line",
                .advice = "If the file is one array of objects, name it .json"});
        }
        dataset.examples.push_back(columns.example(parseRow(*raw, file.path()), *raw));
    }
    if (dataset.examples.empty())
        failNoRows(file.path());
    columns.finish(dataset);
    dataset.hash = rows.hash();
    return dataset;
}

Dataset openText(const FileReader& file, const DatasetOptions& options)
{
    if (file.size() > kTextFile) {
        throw Error(ErrorParts {.code = Code::limit, .file = file.path(), .place = "size",
            .found = std::to_string(file.size()) + " bytes",
            .allowed = "at most " + std::to_string(kTextFile) + " bytes", .advice = "Split the file"});
    }
    Dataset dataset;
    auto text = file.text(0, file.size());
    file.checkUnchanged();
    dataset.hash = sha256(text);
    TextPlace start;
    if (text.starts_with("\xef\xbb\xbf")) {
        text.erase(0, 3);
        start.byte = 3;
    }
    checkText(text, start, file.path());
    if (text.find_first_not_of(" \t\r\n") == std::string::npos)
        failNoRows(file.path());
    if (!options.columns.empty())
        dataset.warnings.push_back("a .txt file has no columns: the chosen columns are not used");
    // Line ends as every tokenizer was trained on them: CR LF becomes LF, as Python's text mode reads it.
    size_t kept = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n')
            text[kept++] = text[i];
    }
    text.resize(kept);
    dataset.format = "text";
    dataset.examples.resize(1);
    dataset.examples[0].response = std::move(text);
    dataset.examples[0].line = 1;
    return dataset;
}

Dataset defaultDataset(Split split, const DatasetOptions& options)
{
    Dataset dataset;
    dataset.name = split == Split::train ? "default (train)" : "default (test)";
    dataset.format = "prompt/response";
    dataset.available = {"question", "answer"};
    dataset.columns = {{"prompt", "question"}, {"response", "answer"}};
    if (!options.columns.empty() && options.columns != dataset.columns)
        dataset.warnings.push_back("the default data set has its own columns: the chosen ones are not used");
    for (auto& problem : wordProblems(split)) {
        Example example;
        example.prompt = std::move(problem.question);
        example.response = std::move(problem.answer);
        dataset.examples.push_back(std::move(example));
    }
    dataset.hash = sha256(wordProblemsJsonl(split));
    return dataset;
}

}  // namespace

Dataset openDataset(const std::string& spec, Split split, const DatasetOptions& options)
{
    if (spec == "default")
        return defaultDataset(split, options);
    const FileReader file {std::filesystem::path(spec)};
    const auto extension = lowerExtension(file.path());
    const bool lines = extension == ".jsonl" || extension == ".ndjson";
    const bool table = extension == ".csv" || extension == ".tsv" || extension == ".parquet";
    if (!table)
        refuseOtherKinds(file, extension);
    if (table || (!lines && extension != ".json" && extension != ".txt"))
        refuseOtherExtensions(file.path(), extension);
    if (file.size() == 0)
        failNoRows(file.path());
    auto dataset = extension == ".txt"
        ? openText(file, options)
        : openRows(file, lines ? RowReader::Layout::lines : RowReader::Layout::array, options);
    dataset.name = file.path().filename().string();
    dataset.file = file.path();
    return dataset;
}

}  // namespace rankwright
