// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/formats/sentencepiece_model.h"

#include "training/api/error.h"
#include "training/formats/limits.h"
#include "training/formats/unicode.h"

#include <bit>
#include <cmath>

namespace rankwright {
namespace {

// Walks over the fields of one protobuf message.
class Message
{
public:
    Message(std::string_view bytes, size_t origin, const std::filesystem::path& file)
        : m_bytes(bytes), m_origin(origin), m_file(&file)
    {
    }
    // Goes to the next field; false at the end.
    bool next()
    {
        if (m_at == m_bytes.size())
            return false;
        const uint64_t key = varint();
        m_field = key >> 3;
        const auto wire = key & 7;
        m_isBytes = wire == 2;
        m_value = 0;
        m_contents = {};
        if (m_field == 0 || m_field > 0x1FFFFFFF)
            fail("field number " + std::to_string(m_field), "a field number of protobuf");
        if (wire == 0)
            m_value = varint();
        else if (wire == 1)
            m_value = fixed(8);
        else if (wire == 5)
            m_value = fixed(4);
        else if (wire == 2)
            takeContents();
        else
            fail("wire type " + std::to_string(wire), "0, 1, 2 or 5");
        return true;
    }
    [[nodiscard]] uint64_t field() const { return m_field; }
    [[nodiscard]] int64_t number() const
    {
        needBytes(false);
        return static_cast<int64_t>(m_value);
    }
    [[nodiscard]] bool flag() const { return number() != 0; }
    [[nodiscard]] float real() const
    {
        needBytes(false);
        return std::bit_cast<float>(static_cast<uint32_t>(m_value));
    }
    [[nodiscard]] std::string_view contents() const
    {
        needBytes(true);
        return m_contents;
    }
    [[nodiscard]] Message inner() const { return {contents(), m_origin + m_at - m_contents.size(), *m_file}; }
    [[noreturn]] void fail(const std::string& found, const std::string& allowed) const
    {
        throw Error(ErrorParts{.code = Code::format,
            .file = *m_file,
            .place = "byte " + std::to_string(m_origin + m_at),
            .found = found,
            .allowed = allowed,
            .advice = "This is not a whole SentencePiece model: get tokenizer.model again."});
    }

private:
    void needBytes(bool bytes) const
    {
        if (m_isBytes != bytes)
            fail("field " + std::to_string(m_field) + " of another type", bytes ? "a string" : "a number");
    }
    uint64_t varint()
    {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (m_at >= m_bytes.size())
                fail("the end of the data", "a number");
            const auto byte = static_cast<unsigned char>(m_bytes[m_at++]);
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80)
                return value;
        }
        fail("a number of more than ten bytes", "at most 64 bits");
    }
    uint64_t fixed(size_t size)
    {
        if (m_bytes.size() - m_at < size)
            fail("the end of the data", std::to_string(size) + " more bytes");
        uint64_t value = 0;
        for (size_t i = 0; i < size; ++i)
            value |= static_cast<uint64_t>(static_cast<unsigned char>(m_bytes[m_at + i])) << (8 * i);
        m_at += size;
        return value;
    }
    void takeContents()
    {
        const uint64_t length = varint();
        if (length > m_bytes.size() - m_at)
            fail("a length of " + std::to_string(length) + " bytes",
                "at most the " + std::to_string(m_bytes.size() - m_at) + " that remain");
        m_contents = m_bytes.substr(m_at, static_cast<size_t>(length));
        m_at += static_cast<size_t>(length);
    }

    std::string_view m_bytes;
    size_t m_origin;
    const std::filesystem::path* m_file;
    size_t m_at = 0;
    uint64_t m_field = 0, m_value = 0;
    bool m_isBytes = false;
    std::string_view m_contents;
};

SentencePieceModel::Piece readPiece(Message message)
{
    SentencePieceModel::Piece piece;
    while (message.next()) {
        if (message.field() == 1)
            piece.text = message.contents();
        else if (message.field() == 2)
            piece.score = message.real();
        else if (message.field() == 3) {
            if (message.number() < 1 || message.number() > 6)
                message.fail("piece type " + std::to_string(message.number()), "1 to 6");
            piece.type = static_cast<PieceType>(message.number());
        }
    }
    if (piece.text.empty() || firstIllFormedUtf8(piece.text) != std::string_view::npos)
        message.fail(piece.text.empty() ? "an empty piece" : "a piece that is not UTF-8", "pieces of UTF-8 text");
    if (piece.text.size() > limits::kPiece)
        message.fail("a piece of " + std::to_string(piece.text.size()) + " bytes",
            "at most " + std::to_string(limits::kPiece) + " bytes");
    if (!std::isfinite(piece.score))
        message.fail("a score that is not finite", "finite scores");
    return piece;
}

void readTrainer(Message message, SentencePieceModel& model)
{
    const auto id = [&message]() -> int32_t {
        const int64_t value = message.number();
        return value < 0 || value >= limits::kVocabulary ? -1 : static_cast<int32_t>(value);
    };
    while (message.next()) {
        switch (message.field()) {
        case 3:
            if (message.number() < 1 || message.number() > 4)
                message.fail("model type " + std::to_string(message.number()), "1 to 4");
            model.kind = static_cast<SentencePieceModel::Kind>(message.number());
            break;
        case 24:
            model.spaceAsSuffix = message.flag();
            break;
        case 35:
            model.byteFallback = message.flag();
            break;
        case 41:
            model.bosId = id();
            break;
        case 42:
            model.eosId = id();
            break;
        case 44:
            model.unknownText = message.contents();
            break;
        default:
            break;
        }
    }
}

void readNormalizer(Message message, SentencePieceModel& model)
{
    while (message.next()) {
        if (message.field() == 1)
            model.normalizer = message.contents();
        else if (message.field() == 2)
            model.characterMap = message.contents();
        else if (message.field() == 3)
            model.addSpacePrefix = message.flag();
        else if (message.field() == 4)
            model.removeExtraSpaces = message.flag();
        else if (message.field() == 5)
            model.escapeSpaces = message.flag();
    }
}

}  // namespace

SentencePieceModel parseSentencePieceModel(std::string_view bytes, const std::filesystem::path& file)
{
    SentencePieceModel model;
    Message message(bytes, 0, file);
    while (message.next()) {
        if (message.field() == 1) {
            if (model.pieces.size() >= static_cast<size_t>(limits::kVocabulary))
                message.fail("more pieces", "at most " + std::to_string(limits::kVocabulary));
            model.pieces.push_back(readPiece(message.inner()));
        } else if (message.field() == 2) {
            readTrainer(message.inner(), model);
        } else if (message.field() == 3) {
            readNormalizer(message.inner(), model);
        }
    }
    if (model.pieces.empty())
        message.fail("no pieces", "a vocabulary");
    return model;
}

}  // namespace rankwright
