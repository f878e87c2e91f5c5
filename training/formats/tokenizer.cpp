// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which tokenizer a folder or file holds.
#include "training/formats/tokenizer.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/tokenizer_files.h"
#include "training/formats/tokenizer_json.h"

#include <array>

namespace rankwright {
namespace {

namespace fs = std::filesystem;

constexpr std::array kSentencePieceNames{"tokenizer.model", "spm.model", "spiece.model", "sentencepiece.bpe.model"};

// The file of a folder that says most; an empty path where there is none.
fs::path tokenizerFileOf(const fs::path& folder)
{
    const auto there = [&folder](const char* name) { return fs::exists(folder / name); };
    if (there("tokenizer.json"))
        return folder / "tokenizer.json";
    for (const char* name : kSentencePieceNames)
        if (there(name))
            return folder / name;
    if (there("vocab.json") && there("merges.txt"))
        return folder / "vocab.json";
    return there("vocab.txt") ? folder / "vocab.txt" : fs::path();
}

bool isGguf(const fs::path& file)
{
    const FileReader reader(file);
    return reader.size() >= 4 && reader.text(0, 4) == "GGUF";
}

}  // namespace

bool hasTokenizerFiles(const fs::path& folder)
{
    return fs::is_directory(folder) && !tokenizerFileOf(folder).empty();
}

std::unique_ptr<Tokenizer> openTokenizer(const fs::path& folderOrFile)
{
    fs::path file = folderOrFile;
    if (fs::is_directory(folderOrFile)) {
        file = tokenizerFileOf(folderOrFile);
        if (file.empty())
            throw Error(ErrorParts{.code = Code::missing,
                .file = folderOrFile,
                .place = "tokenizer.json or tokenizer.model",
                .found = "neither file, nor spm.model, spiece.model, vocab.txt, vocab.json with merges.txt",
                .allowed = "one of them",
                .advice = "Copy the tokenizer's files from the model's page into this folder."});
    }
    const TokenizerConfig config = readTokenizerConfig(file.parent_path());
    if (file.filename() == "vocab.json")
        return tokenizerFromMerges(file, config);
    if (file.extension() == ".json")
        return tokenizerFromJson(file, config);
    if (file.extension() == ".txt")
        return tokenizerFromVocabularyText(file, config);
    return tokenizerFromSentencePieceFile(file, config);
}

std::unique_ptr<Tokenizer> openModelTokenizer(const fs::path& path)
{
    if (!fs::is_directory(path) && isGguf(path))
        return tokenizerFromGguf(readGguf(path));
    return openTokenizer(path);
}

}  // namespace rankwright
