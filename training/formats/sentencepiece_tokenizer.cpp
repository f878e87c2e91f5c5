// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// From the facts of a SentencePiece model to a tokenizer: which pieces merge, which are matched in the text, which
// stand for bytes.
#include "training/formats/sentencepiece_tokenizer.h"

#include "training/api/error.h"
#include "training/formats/character_bpe.h"
#include "training/formats/character_map.h"
#include "training/formats/piece_trie.h"
#include "training/formats/unigram.h"

#include <algorithm>
#include <array>
#include <unordered_map>

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
    using Kind = SentencePieceModel::Kind;
    std::string found;
    if (model.kind != Kind::bpe && model.kind != Kind::unigram)
        found = std::string("a SentencePiece model of type ") + kKinds[static_cast<size_t>(model.kind)];
    else if (!model.escapeSpaces || model.spaceAsSuffix)
        found = "spaces that are not put before words as U+2581";
    if (!found.empty())
        throw Error(ErrorParts{.code = Code::unsupported,
            .file = file,
            .place = "the model's settings",
            .found = found,
            .allowed = "SentencePiece BPE and Unigram with spaces before words",
            .advice = "Choose another model, or one that has a tokenizer.json."});
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
        else if (piece.type == PieceType::userDefined && model.kind == SentencePieceModel::Kind::bpe) {
            // Unigram weighs them against other pieces.
            const std::string match = withMarks(piece.text);
            tokens.push_back({.id = index, .content = piece.text, .match = match, .normalised = true});
        }
    }
    return tokens;
}

// Tokens of the files beside the model: new ids, or pieces that become special.
void addExtra(std::vector<AddedToken> extra, const std::filesystem::path& file, std::vector<std::string>& pieces,
    std::vector<AddedToken>& tokens)
{
    std::unordered_map<int32_t, size_t> last;  // of equal ids the last counts
    for (size_t i = 0; i < extra.size(); ++i)
        last[extra[i].id] = i;
    std::erase_if(tokens, [&last](const AddedToken& known) { return last.contains(known.id); });
    for (size_t i = 0; i < extra.size(); ++i) {
        AddedToken& token = extra[i];
        const auto id = static_cast<size_t>(token.id);
        if (id >= pieces.size())
            pieces.resize(id + 1);
        if (!pieces[id].empty() && pieces[id] != token.content && pieces[id] != withMarks(token.content))
            fail(file, id, "\"" + token.content.substr(0, 80) + "\" in the files beside it",
                "\"" + pieces[id].substr(0, 80) + "\", as in the model");
        pieces[id] = token.content;
        if (last.at(token.id) != i)
            continue;
        token.match = token.normalised ? withMarks(token.content) : "";
        tokens.push_back(std::move(token));
    }
}

// What SentencePiece does to a text: its character map, spaces as U+2581, extra ones removed and one put before the text
// where asked.
NormalizerStep normalizerOf(const SentencePieceModel& model, const std::filesystem::path& file)
{
    NormalizerStep step{.kind = NormalizerStep::Kind::sentencePiece};
    if (!model.characterMap.empty())
        step.map = std::make_shared<CharacterMap>(model.characterMap, "the character map", file);
    std::vector<std::pair<std::string_view, int32_t>> kept;
    for (size_t id = 0; id < model.pieces.size(); ++id)
        if (model.pieces[id].type == PieceType::userDefined)
            kept.emplace_back(model.pieces[id].text, static_cast<int32_t>(id));
    if (!kept.empty())
        step.kept = std::make_shared<PieceTrie>(std::move(kept));
    step.removeExtraSpaces = model.removeExtraSpaces;
    step.addPrefix = model.addSpacePrefix;
    return step;
}

ByteTokens byteTokensOf(const SentencePieceModel& model, const std::filesystem::path& file)
{
    ByteTokens bytes;
    for (size_t id = 0; id < model.pieces.size(); ++id) {
        const auto& piece = model.pieces[id];
        if (piece.type != PieceType::byte)
            continue;
        const int byte = byteOfPiece(piece.text);
        if (byte < 0)
            fail(file, id, "\"" + piece.text.substr(0, 80) + "\" as a byte", "<0x00> to <0xFF>");
        bytes.ids[static_cast<size_t>(byte)] = static_cast<int32_t>(id);
    }
    return bytes;
}

bool isText(PieceType type)
{
    return type == PieceType::normal || type == PieceType::userDefined || type == PieceType::unused;
}

int32_t unknownOf(const SentencePieceModel& model)
{
    const auto found = std::ranges::find(model.pieces, PieceType::unknown, &SentencePieceModel::Piece::type);
    return found == model.pieces.end() ? -1 : static_cast<int32_t>(found - model.pieces.begin());
}

std::unique_ptr<TokenModel> unigramOf(const SentencePieceModel& model, ByteTokens bytes)
{
    UnigramParts parts;
    parts.unknown = unknownOf(model);
    parts.singlePrecision = true;
    parts.bytes = bytes;
    parts.byteFallback = model.byteFallback;
    bool first = true;
    for (const auto& piece : model.pieces) {
        parts.pieces.push_back(piece.text);
        parts.scores.push_back(piece.score);
        parts.takesPart.push_back(piece.type == PieceType::normal || piece.type == PieceType::userDefined);
        parts.userDefined.push_back(piece.type == PieceType::userDefined);
        if (piece.type != PieceType::normal)
            continue;
        parts.lowest = first ? piece.score : std::min<double>(parts.lowest, piece.score);
        parts.highest = first ? piece.score : std::max<double>(parts.highest, piece.score);
        first = false;
    }
    return std::make_unique<Unigram>(std::move(parts));
}

std::unique_ptr<TokenModel> bpeOf(const SentencePieceModel& model, ByteTokens bytes, TokenizerParts& parts)
{
    CharacterBpeParts all;
    for (const auto& piece : model.pieces) {
        all.vocabulary.pieces.push_back(piece.text);
        all.scores.push_back(piece.score);
        all.unused.push_back(piece.type == PieceType::unused);
    }
    for (size_t id = 0; id < model.pieces.size(); ++id)
        if (isText(model.pieces[id].type))
            all.vocabulary.ids.add(all.vocabulary.pieces[id], static_cast<int32_t>(id));
    all.settings = {.unknown = unknownOf(model), .fuseUnknown = true};
    all.bytes = bytes;
    if (piecesStayInWords(all.vocabulary))
        parts.preTokenizers.push_back({.rewrite = {},
            .steps = {{.kind = SplitStep::Kind::words, .pattern = std::string(kSpaceMark)}}});
    return std::make_unique<CharacterBpe>(std::move(all));
}

}  // namespace

std::unique_ptr<Tokenizer> sentencePieceTokenizer(
    const SentencePieceModel& model, TokenizerParts parts, std::vector<AddedToken> extra)
{
    refuseUnsupported(model, parts.file);
    std::vector<AddedToken> tokens = matchedTokens(model);
    std::vector<std::string> pieces;
    for (const auto& piece : model.pieces)
        pieces.push_back(piece.text);
    addExtra(std::move(extra), parts.file, pieces, tokens);
    const ByteTokens bytes = byteTokensOf(model, parts.file);
    parts.model = model.kind == SentencePieceModel::Kind::bpe ? bpeOf(model, bytes, parts) : unigramOf(model, bytes);
    parts.decoder = sentencePieceDecoder({.bytes = bytes,
        .stripFirstSpace = model.addSpacePrefix || model.removeExtraSpaces,
        .stripAllFirstSpaces = model.removeExtraSpaces,
        .unknown = unknownOf(model),
        .unknownText = model.unknownText});
    parts.normalizer = {{.kind = NormalizerStep::Kind::wellFormed}, normalizerOf(model, parts.file)};
    parts.added = AddedTokens(std::move(tokens), parts.file);
    parts.names = namesOf(std::move(pieces));
    return std::make_unique<TextTokenizer>(std::move(parts));
}

}  // namespace rankwright
