// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From the facts of a SentencePiece model to a tokenizer: which pieces merge, which are matched in the text, which
// stand for bytes.
#include "training/api/error.h"
#include "training/formats/sentencepiece_bpe.h"

#include <array>

namespace rankwright {
namespace {

[[noreturn]] void fail(
    const std::filesystem::path& file, size_t piece, std::string found, std::string allowed)
{
    throw Error(ErrorParts{.code = Code::format,
        .file = file,
        .place = "piece " + std::to_string(piece),
        .found = std::move(found),
        .allowed = std::move(allowed),
        .advice = "The tokenizer is damaged or badly converted: get the file again."});
}

void refuseUnsupported(const SentencePieceModel& model, const std::filesystem::path& file)
{
    constexpr std::array kKinds{"", "Unigram", "BPE", "word", "character"};
    std::string found;
    if (model.kind != SentencePieceModel::Kind::bpe)
        found = std::string("a SentencePiece model of type ") + kKinds[static_cast<size_t>(model.kind)];
    else if (model.characterMap)
        found = "the normaliser " + model.normalizer + " with a precompiled character map";
    else if (!model.escapeSpaces || model.spaceAsSuffix)
        found = "spaces that are not put before words as U+2581";
    if (!found.empty())
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = file,
            .place = "the model's settings",
            .found = found,
            .allowed = "SentencePiece BPE as in Llama 2 and Mistral",
            .advice = "Choose another model, or one whose tokenizer.json is of type BPE."});
}

std::string withMarks(std::string_view content)
{
    std::string text;
    for (const char c : content)
        text += c == ' ' ? std::string(kSpaceMark) : std::string(1, c);
    return text;
}

// Tokens that are matched in the text: control and unknown ones in the text as it is (where special text is to be
// recognised), those of users after the normaliser, like SentencePiece.
std::vector<AddedToken> matchedTokens(const SentencePieceModel& model)
{
    std::vector<AddedToken> tokens;
    for (size_t id = 0; id < model.pieces.size(); ++id) {
        const auto& piece = model.pieces[id];
        const auto index = static_cast<int32_t>(id);
        if (piece.type == PieceType::control || piece.type == PieceType::unknown)
            tokens.push_back({.id = index, .content = piece.text, .match = {}, .special = true});
        else if (piece.type == PieceType::userDefined) {
            const std::string match = withMarks(piece.text);
            tokens.push_back({.id = index, .content = piece.text, .match = match, .normalised = true});
        }
    }
    return tokens;
}

// Tokens of the files beside the model: new ids, or pieces that become special.
void addExtra(std::vector<AddedToken> extra, BpeParts& parts, std::vector<AddedToken>& tokens)
{
    auto& pieces = parts.vocabulary.pieces;
    for (AddedToken& token : extra) {
        const auto id = static_cast<size_t>(token.id);
        if (id >= pieces.size())
            pieces.resize(id + 1);
        if (!pieces[id].empty() && pieces[id] != token.content && pieces[id] != withMarks(token.content))
            fail(parts.file, id, "\"" + token.content.substr(0, 80) + "\" in the files beside it",
                "\"" + pieces[id].substr(0, 80) + "\", as in the model");
        pieces[id] = token.content;
        std::erase_if(tokens, [&token](const AddedToken& known) { return known.id == token.id; });
        token.match = token.normalised ? withMarks(token.content) : "";
        tokens.push_back(std::move(token));
    }
}

}  // namespace

std::unique_ptr<Tokenizer> sentencePieceTokenizer(
    const SentencePieceModel& model, BpeParts parts, std::vector<AddedToken> extra)
{
    refuseUnsupported(model, parts.file);
    SentencePieceParts all;
    std::vector<AddedToken> tokens = matchedTokens(model);
    auto& [pieces, ids] = parts.vocabulary;
    for (const auto& piece : model.pieces)
        pieces.push_back(piece.text);
    addExtra(std::move(extra), parts, tokens);
    all.scores.resize(pieces.size());
    all.unused.resize(pieces.size());
    for (size_t id = 0; id < model.pieces.size(); ++id) {
        const auto& piece = model.pieces[id];
        all.scores[id] = piece.score;
        all.unused[id] = piece.type == PieceType::unused;
        if (piece.type == PieceType::unknown && parts.unknown < 0)
            parts.unknown = static_cast<int32_t>(id);
        if (piece.type == PieceType::byte) {
            const int byte = byteOfPiece(piece.text);
            if (byte < 0)
                fail(parts.file, id, "\"" + piece.text.substr(0, 80) + "\" as a byte", "<0x00> to <0xFF>");
            all.byteIds[static_cast<size_t>(byte)] = static_cast<int32_t>(id);
        } else if (piece.type == PieceType::normal || piece.type == PieceType::userDefined || all.unused[id]) {
            ids.emplace(pieces[id], static_cast<int32_t>(id));
        }
    }
    parts.added = AddedTokens(std::move(tokens), parts.file);
    parts.fuseUnknown = true;
    parts.normalizer = sentencePieceNormalizer(model.removeExtraSpaces, model.addSpacePrefix);
    all.bpe = std::move(parts);
    all.stripFirstSpace = model.addSpacePrefix || model.removeExtraSpaces;
    all.stripAllFirstSpaces = model.removeExtraSpaces;
    all.unknownText = model.unknownText;
    return std::make_unique<SentencePieceBpe>(std::move(all));
}

}  // namespace rankwright
