// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What a file really is, told from its first bytes: people rename pickles, and downloads end as HTML pages.
#include "training/api/error.h"
#include "training/api/words.h"
#include "training/formats/file_reader.h"
#include "training/formats/limits.h"

#include <algorithm>
#include <array>
#include <string>

namespace rankwright {

namespace {

constexpr uint64_t kHead = 4096;       // bytes that tell what a file is
constexpr uint64_t kZipTail = 65'536;  // where a zip archive's directory ends

using namespace std::string_view_literals;

struct Signature
{
    std::string_view bytes;
    std::string_view kind;
};

constexpr std::array kSignatures {
    Signature {"version https://git-lfs.github.com/spec"sv, "a Git LFS pointer"},
    Signature {"\x1f\x8b"sv, "gzip data"},
    Signature {"\xfd"
               "7zXZ\0"sv,
        "xz data"},
    Signature {"\x28\xb5\x2f\xfd"sv, "Zstandard data"},
    Signature {"BZh"sv, "bzip2 data"},
    Signature {"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive"},
    Signature {"Rar!\x1a\x07"sv, "a RAR archive"},
    Signature {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file (Keras)"},
    Signature {"\x93NUMPY"sv, "a NumPy array"},
    Signature {"PAR1"sv, "a Parquet file"},
    Signature {"SQLite format 3\0"sv, "an SQLite database"},
    Signature {"\x7f"
               "ELF"sv,
        "a program"},
    Signature {"%PDF-"sv, "a PDF document"},
    Signature {"\x89PNG\r\n"sv, "a PNG image"},
    Signature {"\xff\xd8\xff"sv, "a JPEG image"},
    Signature {"tjgg"sv, "a GGJT file (before GGUF)"},
    Signature {"lmgg"sv, "a GGML file (before GGUF)"},
    Signature {"fmgg"sv, "a GGMF file (before GGUF)"},
    Signature {"\xff\xfe"sv, "UTF-16 text"},
    Signature {"\xfe\xff"sv, "UTF-16 text"},
};

// A safetensors file may begin with any bytes: its first eight are a number. With a sensible number and a brace after
// it, no other format is meant.
bool looksLikeSafetensors(std::string_view bytes)
{
    if (bytes.size() < 9 || (bytes[8] != '{' && bytes[8] != ' '))
        return false;
    uint64_t length = 0;
    for (size_t i = 8; i-- > 0;)
        length = (length << 8) | static_cast<unsigned char>(bytes[i]);
    return length >= 2 && length <= limits::kSafetensorsHeader;
}

// A pickle of protocol 2 to 5: PROTO, the version, and then an instruction that such pickles begin with: a frame, an
// empty container, a mark, a long number (torch's old magic), a global or a string.
bool looksLikePickle(std::string_view bytes)
{
    return bytes.size() >= 3 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5
        && "\x95}](\x8a\x8b" "cX\x8c)KGN.\x8f"sv.find(bytes[2]) != std::string_view::npos;
}

bool looksLikeHtml(std::string_view bytes)
{
    const auto isSpace = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    bytes.remove_prefix(bytes.starts_with("\xef\xbb\xbf") ? 3 : 0);
    while (!bytes.empty() && isSpace(bytes.front()))
        bytes.remove_prefix(1);
    const std::string start = lowered(bytes.substr(0, 14));
    return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head");
}

constexpr std::string_view kPickle = "a pickle (PyTorch checkpoint)";
constexpr std::string_view kPickleInZip = "a pickle in a zip archive (PyTorch checkpoint)";
constexpr std::string_view kZip = "a zip archive";

}  // namespace

std::string recognisedKind(std::string_view firstBytes)
{
    if (looksLikeSafetensors(firstBytes))
        return {};
    if (looksLikePickle(firstBytes))
        return std::string(kPickle);
    if (firstBytes.starts_with("PK\x03\x04") || firstBytes.starts_with("PK\x05\x06"))
        return std::string(firstBytes.find("data.pkl") != std::string_view::npos ? kPickleInZip : kZip);
    if (looksLikeHtml(firstBytes))
        return "an HTML page";
    constexpr size_t kTarMagic = 257;
    if (firstBytes.size() > kTarMagic && firstBytes.substr(kTarMagic).starts_with("ustar"))
        return "a tar archive";
    for (const Signature& signature : kSignatures) {
        if (firstBytes.starts_with(signature.bytes))
            return std::string(signature.kind);
    }
    return {};
}

std::string lowerExtension(const std::filesystem::path& file)
{
    return lowered(file.extension().string());
}

void refuseKnownWrongKinds(const FileReader& file)
{
    std::string kind = recognisedKind(file.text(0, std::min(file.size(), kHead)));
    if (kind.empty())
        return;
    if (kind == kZip) {
        const uint64_t tail = std::min(file.size(), kZipTail);
        if (file.text(file.size() - tail, tail).find(".pkl") != std::string::npos)
            kind = kPickleInZip;
    }
    if (kind == kPickle || kind == kPickleInZip) {
        throw Error({.code = Code::pickle, .file = file.path(), .place = "byte offset 0",
            .found = kind + ", which can run code", .allowed = "safetensors or GGUF",
            .advice = "A pickle is never loaded here; convert it with Hugging Face's safetensors "
                      "(safetensors.torch.save_file) on a machine you can spare, or fetch the .safetensors version"});
    }
    std::string advice = "Choose the model file itself";
    if (kind == "a Git LFS pointer")
        advice = "Fetch the real file with: git lfs pull";
    else if (kind == "an HTML page")
        advice = "The download saved a web page, often an error or a login; download the file again";
    else if (kind.ends_with("data") || kind.ends_with("archive"))
        advice = "Unpack it and choose the file inside";
    throw Error({.code = Code::format, .file = file.path(), .place = "byte offset 0", .found = kind,
        .allowed = "safetensors or GGUF", .advice = advice});
}

}  // namespace rankwright
