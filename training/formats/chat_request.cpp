// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Conversations from files.
#include "training/formats/chat_request.h"

#include "training/api/error.h"
#include "training/formats/json.h"

namespace rankwright {

nlohmann::ordered_json orderedJson(std::string_view json, const std::filesystem::path& file)
{
    static_cast<void>(parseUntrusted(json, file));  // depth, keys, UTF-8: refused with a place
    return nlohmann::ordered_json::parse(json);
}

nlohmann::ordered_json conversationOf(std::string_view json, const std::filesystem::path& file)
{
    nlohmann::ordered_json all = orderedJson(json, file);
    const auto refuse = [&](std::string place, const std::string& found) {
        throw Error({.code = Code::data, .file = file, .place = std::move(place), .found = found,
            .allowed = "an array of {\"role\": ..., \"content\": ...}, or an object with it as its messages",
            .advice = "Write the conversation in that form."});
    };
    if (all.is_object() && all.contains("messages"))
        all = nlohmann::ordered_json(all.at("messages"));
    if (!all.is_array())
        refuse("conversation", std::string("a JSON ") + all.type_name());
    for (size_t i = 0; i < all.size(); ++i) {
        const std::string place = "message " + std::to_string(i + 1);
        if (!all[i].is_object())
            refuse(place, std::string("a JSON ") + all[i].type_name());
        if (!all[i].contains("role") || !all[i]["role"].is_string())
            refuse(place, "no role that is a string");
    }
    return all;
}

}  // namespace rankwright
