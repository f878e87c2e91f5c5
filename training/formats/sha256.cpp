// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SHA-256 through OpenSSL's EVP interface.
#include "training/formats/sha256.h"

#include "training/api/error.h"
#include "training/formats/file_reader.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace rankwright {

namespace {

void require(int result)
{
    if (result != 1) {
        throw Error({.code = Code::internal, .place = "SHA-256", .found = "libcrypto refused the operation",
            .advice = "Check the installation of OpenSSL (libcrypto)"});
    }
}

}  // namespace

Sha256::Sha256()
    : m_context(EVP_MD_CTX_new())
{
    if (m_context == nullptr || EVP_DigestInit_ex(m_context, EVP_sha256(), nullptr) != 1) {
        EVP_MD_CTX_free(std::exchange(m_context, nullptr));
        require(0);
    }
}

Sha256::~Sha256()
{
    EVP_MD_CTX_free(m_context);
}

void Sha256::update(std::span<const std::byte> bytes)
{
    require(EVP_DigestUpdate(m_context, bytes.data(), bytes.size()));
}

void Sha256::update(std::string_view text)
{
    update(std::as_bytes(std::span(text)));
}

std::string Sha256::hex()
{
    std::array<unsigned char, 32> digest {};
    require(EVP_DigestFinal_ex(m_context, digest.data(), nullptr));
    std::string text;
    for (const unsigned char byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::string sha256(std::string_view text)
{
    Sha256 hash;
    hash.update(text);
    return hash.hex();
}

std::string sha256OfFile(const std::filesystem::path& path, const std::function<bool()>& cancelled)
{
    constexpr uint64_t kBlock = 1 << 20;
    const FileReader file(path);
    Sha256 hash;
    std::vector<std::byte> block(std::min(file.size(), kBlock));
    for (uint64_t at = 0; at < file.size(); at += block.size()) {
        if (cancelled && cancelled()) {
            throw Error({.code = Code::stopped, .file = path, .place = "byte offset " + std::to_string(at),
                .found = "the hash was not finished", .advice = "Start again when you want it"});
        }
        const auto part = std::span(block).first(std::min<uint64_t>(block.size(), file.size() - at));
        file.read(at, part);
        hash.update(part);
    }
    file.checkUnchanged();
    return hash.hex();
}

}  // namespace rankwright
