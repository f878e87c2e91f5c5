// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Which tokenizer a folder or file holds.
#include "training/formats/tokenizer.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"
#include "training/formats/sentencepiece_bpe.h"
#include "training/formats/tokenizer_json.h"

#include <algorithm>

namespace rankwright {
namespace {

namespace fs = std::filesystem;

// Llama 3's own tokenizer.model is a text file of base64 lines under the name that SentencePiece uses.
bool looksLikeTiktoken(std::string_view text)
{
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
    const size_t space = line.find(' ');
    return space != std::string_view::npos && space > 0 && space + 1 < line.size()
        && line.find_first_not_of("0123456789\r", space + 1) == std::string_view::npos
        && line.substr(0, space).find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
            == std::string_view::npos;
}

int32_t idOfPiece(const SentencePieceModel& model, const std::string& content, int32_t id)
{
    for (size_t i = 0; i < model.pieces.size() && !content.empty(); ++i)
        if (model.pieces[i].text == content)
            return static_cast<int32_t>(i);
    return id < static_cast<int32_t>(model.pieces.size()) ? id : -1;
}

std::unique_ptr<Tokenizer> openSentencePiece(const fs::path& file, const TokenizerConfig& config)
{
    refuseKnownWrongKinds(FileReader(file));
    const std::string bytes = readWholeFile(file, limits::kTokenizerJson);
    if (looksLikeTiktoken(bytes))
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = file,
            .place = "byte 0",
            .found = "a tiktoken vocabulary",
            .allowed = "a SentencePiece model",
            .advice = "Put the model's tokenizer.json into the folder."});
    const SentencePieceModel model = parseSentencePieceModel(bytes, file);
    BpeParts parts;
    parts.file = file;
    const auto extraId = [&config](const std::string& content) {
        const auto found = std::ranges::find(config.added, content, &AddedToken::content);
        return found == config.added.end() || content.empty() ? -1 : found->id;
    };
    const int32_t bos = extraId(config.bosToken), eos = extraId(config.eosToken);
    parts.bos = bos >= 0 ? bos : idOfPiece(model, config.bosToken, model.bosId);
    parts.eos = eos >= 0 ? eos : idOfPiece(model, config.eosToken, model.eosId);
    // Models with a tokenizer.model alone are of Llama's kind, which begins each text with BOS.
    if (config.addBos.value_or(true) && parts.bos >= 0)
        parts.before = {parts.bos};
    if (config.addEos.value_or(false) && parts.eos >= 0)
        parts.after = {parts.eos};
    return sentencePieceTokenizer(model, std::move(parts), config.added);
}

bool isJson(const fs::path& file) { return file.extension() == ".json"; }

bool isGguf(const fs::path& file)
{
    const FileReader reader(file);
    return reader.size() >= 4 && reader.text(0, 4) == "GGUF";
}

}  // namespace

std::unique_ptr<Tokenizer> openTokenizer(const fs::path& folderOrFile)
{
    fs::path file = folderOrFile;
    if (fs::is_directory(folderOrFile)) {
        const auto there = [&folderOrFile](const char* name) { return fs::exists(folderOrFile / name); };
        const char* name = there("tokenizer.json") ? "tokenizer.json" : "tokenizer.model";
        if (!there(name))
            throw Error(ErrorParts{.code = Code::missing,
                .file = folderOrFile,
                .place = "tokenizer.json or tokenizer.model",
                .found = "neither file",
                .allowed = "one of them",
                .advice = "Copy the tokenizer's files from the model's page into this folder."});
        file = folderOrFile / name;
    }
    const TokenizerConfig config = readTokenizerConfig(file.parent_path());
    return isJson(file) ? tokenizerFromJson(file, config) : openSentencePiece(file, config);
}

std::unique_ptr<Tokenizer> openModelTokenizer(const fs::path& path)
{
    if (!fs::is_directory(path) && isGguf(path))
        return tokenizerFromGguf(readGguf(path));
    return openTokenizer(path);
}

}  // namespace rankwright
