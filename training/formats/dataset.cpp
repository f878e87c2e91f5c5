// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Opening data sets: which format a file has, what is refused before a row is read, and the default data set.
#include "training/formats/dataset.h"

#include "training/api/error.h"
#include "training/formats/dataset_columns.h"
#include "training/formats/dataset_parquet.h"
#include "training/formats/dataset_table.h"
#include "training/formats/file_reader.h"
#include "training/formats/sha256.h"
#include "training/formats/word_problems.h"

#include <algorithm>
#include <array>

namespace rankwright {

namespace {

constexpr std::string_view kSupported = ".jsonl, .ndjson, .json, .csv, .tsv, .parquet and .txt";
constexpr uint64_t kTextFile = 1ull << 30;  // bytes of a .txt file, which is one example and so in memory as a whole
constexpr size_t kHead = 4096;              // bytes that tell what a file is

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
    else if (kind == "a Parquet file")
        advice = "Name it .parquet";
    throw Error(ErrorParts {.code = kind.starts_with("a pickle") ? Code::pickle : Code::format, .file = file.path(),
        .place = "byte offset 0", .found = kind + " under the name of a data set",
        .allowed = "text in UTF-8: " + std::string(kSupported), .advice = advice});
}

[[noreturn]] void refuseExtension(const std::filesystem::path& file, const std::string& extension)
{
    throw Error(ErrorParts {.code = Code::unsupported, .file = file, .place = "file name",
        .found = extension.empty() ? "no extension that says what the file is" : extension + " is not supported",
        .allowed = std::string(kSupported), .advice = "Rename the file to what it is, or convert it"});
}

void refuseNoParquet(const FileReader& file)
{
    constexpr uint64_t kLeast = 12;   // magic, footer length, magic
    const auto head = file.text(0, std::min<uint64_t>(file.size(), 4));
    const auto tail = file.size() < kLeast ? std::string() : file.text(file.size() - 4, 4);
    if (head == "PAR1" && tail == "PAR1")
        return;
    const bool encrypted = tail == "PARE" || head == "PARE";
    throw Error(ErrorParts {.code = encrypted ? Code::unsupported : Code::format, .file = file.path(),
        .place = head == "PAR1" ? "the last 4 bytes of " + std::to_string(file.size()) : "byte offset 0",
        .found = encrypted        ? "an encrypted Parquet file"
            : file.size() < kLeast ? "a file of " + std::to_string(file.size()) + " bytes"
            : head == "PAR1"      ? "no end of a Parquet file"
                                  : "no Parquet file",
        .allowed = "PAR1 at both ends",
        .advice = encrypted     ? "Write it without encryption"
            : head == "PAR1" ? "The file seems cut off; fetch it again"
                             : "Check what the file is, and name it so"});
}

TableOptions tableOptions(const std::string& extension, const GlueFile& glue, const DatasetOptions& options)
{
    TableOptions table {.separator = extension == ".tsv" ? '\t' : '\0', .quoting = !glue.literalQuotes, .names = usualColumnNames(options.columns)};
    if (glue.literalQuotes)
        table.header = glue.header;
    return table;
}

// The reader of a file by its name's extension, after what the file really is was looked at.
std::unique_ptr<RowSource> rowsOf(const FileReader& file, const GlueFile& glue, const DatasetOptions& options)
{
    const auto extension = lowerExtension(file.path());
    const ReadingWatch watch = [cancelled = options.cancelled](uint64_t) { return !cancelled || !cancelled(); };
    const auto block = TextStream::kWholeFile;
    if (extension == ".parquet")
        return std::make_unique<ParquetRows>(file, ParquetLimits {.rows = options.mostRows, .bytes = options.mostBytes}, watch);
    if (extension == ".csv" || extension == ".tsv")
        return std::make_unique<TableReader>(file, tableOptions(extension, glue, options), block, watch);
    const auto layout = extension == ".json" ? RowReader::Layout::array : RowReader::Layout::lines;
    return std::make_unique<RowReader>(file, layout, block, watch);
}

// Refuses what cannot be a data set before a row is read.
void checkKind(const FileReader& file)
{
    const auto extension = lowerExtension(file.path());
    constexpr std::array<std::string_view, 7> kKnown {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt"};
    if (extension != ".parquet")
        refuseOtherKinds(file, extension);
    if (std::find(kKnown.begin(), kKnown.end(), extension) == kKnown.end())
        refuseExtension(file.path(), extension);
    if (file.size() == 0)
        failNoRows(file.path());
    if (extension == ".parquet")
        refuseNoParquet(file);
}

GlueFile glueOf(const FileReader& file)
{
    if (lowerExtension(file.path()) != ".tsv")
        return {};
    auto head = file.text(0, std::min<uint64_t>(file.size(), kHead));
    if (head.starts_with("\xef\xbb\xbf"))
        head.erase(0, 3);
    return recogniseGlue(file.path(), head.substr(0, head.find('\n')));
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

struct DatasetRows::Source
{
    Source(const std::filesystem::path& path, DatasetOptions chosen)
        : options(std::move(chosen))
        , file(path)
        , columns(options.columns, path)
    {
        checkKind(file);
        const auto glue = glueOf(file);
        rows = rowsOf(file, glue, options);
        columns.setTable(rows->header(), glue);
    }
    [[nodiscard]] bool enough() const
    {
        return (options.mostRows > 0 && count >= options.mostRows) || (options.mostBytes > 0 && rows->position() >= options.mostBytes);
    }

    DatasetOptions options;
    FileReader file;
    ColumnMap columns;
    std::unique_ptr<RowSource> rows;
    int64_t count = 0;          // rows given by next() from the beginning
    uint64_t position = 0;
    bool sought = false;        // lines are not known any more
    bool part = false;
};

DatasetRows::DatasetRows(const std::filesystem::path& file, DatasetOptions options)
    : m_source(std::make_unique<Source>(file, std::move(options)))
{
}

DatasetRows::~DatasetRows() = default;

std::optional<Example> DatasetRows::next()
{
    auto& source = *m_source;
    if (!source.sought && source.enough()) {
        source.part = source.part || source.rows->position() < source.rows->bytes();
        return {};
    }
    const auto row = source.rows->next();
    if (!row)
        return {};
    source.position = row->raw.place.byte;
    ++source.count;
    auto example = source.columns.example(row->value, row->raw);
    if (source.sought)
        example.line = 0;
    return example;
}

uint64_t DatasetRows::position() const { return m_source->position; }

Example DatasetRows::at(uint64_t position)
{
    auto& source = *m_source;
    source.sought = true;
    source.file.checkUnchanged();
    const auto row = source.rows->at(position);
    source.position = position;
    auto example = source.columns.example(row.value, row.raw);
    example.line = 0;
    return example;
}

Dataset DatasetRows::description()
{
    auto& source = *m_source;
    if (source.count == 0)
        failNoRows(source.file.path());
    Dataset dataset;
    dataset.name = source.file.path().filename().string();
    dataset.file = source.file.path();
    dataset.part = source.part;
    dataset.share = source.part ? double(source.rows->position()) / double(std::max<uint64_t>(1, source.rows->bytes())) : 1;
    // Of a Parquet file no more was unpacked than was asked for.
    const bool full = source.options.mostBytes > 0 && source.rows->bytes() >= source.options.mostBytes;
    if (lowerExtension(dataset.file) == ".parquet" && (full || (source.options.mostRows > 0 && source.count >= source.options.mostRows)))
        dataset.part = true;
    source.columns.finish(dataset, dataset.part);
    if (!dataset.part)
        dataset.hash = source.rows->hash();
    return dataset;
}

Dataset openDataset(const std::string& spec, Split split, const DatasetOptions& options)
{
    if (spec == "default")
        return defaultDataset(split, options);
    const std::filesystem::path path(spec);
    if (lowerExtension(path) == ".txt") {
        const FileReader file {path};
        checkKind(file);
        auto dataset = openText(file, options);
        dataset.name = path.filename().string();
        dataset.file = path;
        return dataset;
    }
    DatasetRows rows(path, options);
    std::vector<Example> examples;
    while (auto example = rows.next())
        examples.push_back(std::move(*example));
    auto dataset = rows.description();
    dataset.examples = std::move(examples);
    return dataset;
}

}  // namespace rankwright
