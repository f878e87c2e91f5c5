// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// SHA-256, streaming (OpenSSL's libcrypto).
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace rankwright {

class Sha256
{
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void update(std::span<const std::byte> bytes);
    void update(std::string_view text);
    [[nodiscard]] std::string hex();  // ends the computation

private:
    evp_md_ctx_st* m_context;
};

std::string sha256(std::string_view text);
// Reads the file through FileReader in blocks of 1 MiB; `cancelled` is asked between blocks (Error{stopped}).
std::string sha256OfFile(const std::filesystem::path& path, const std::function<bool()>& cancelled = {});

}  // namespace rankwright
