// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Marks are an index between two private-use characters of plane 16, which no template of a model has.
#include "training/formats/rendered_chat.h"

#include "training/api/error.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace rankwright {

namespace {

constexpr std::string_view kOpen = "\xf4\x8f\xbf\xb0", kClose = "\xf4\x8f\xbf\xb1";  // U+10FFF0, U+10FFF1

[[noreturn]] void failChanged()
{
    throw Error(ErrorParts {.code = Code::data, .file = {}, .place = "chat template",
        .found = "the template changes the text of a message", .allowed = "a template that at most trims it",
        .advice = "Choose another template, or none, or correct the message"});
}

bool isAnswer(const ChatMessage& message) { return message.role == "assistant" && message.learned; }

struct Skeleton
{
    std::vector<std::string> literals;  // one more than there are messages in it
    std::vector<size_t> messages;       // which message follows each literal but the last
};

Skeleton skeletonOf(std::string_view marked, size_t count)
{
    Skeleton out;
    for (;;) {
        const auto open = marked.find(kOpen);
        out.literals.emplace_back(marked.substr(0, open));
        if (open == std::string_view::npos)
            return out;
        const auto close = marked.find(kClose, open);
        if (close == std::string_view::npos)
            failChanged();
        const auto digits = marked.substr(open + kOpen.size(), close - open - kOpen.size());
        size_t index = count;
        std::from_chars(digits.data(), digits.data() + digits.size(), index);
        if (index >= count)
            failChanged();
        out.messages.push_back(index);
        marked.remove_prefix(close + kClose.size());
    }
}

std::string_view trimmedFront(std::string_view text, std::string_view spaces)
{
    const auto first = text.find_first_not_of(spaces);
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view trimmedBack(std::string_view text, std::string_view spaces)
{
    return text.substr(0, text.find_last_not_of(spaces) + 1);
}

// What templates make of a content: nothing, trim, lstrip, rstrip, and the last two for line breaks only.
std::array<std::string_view, 7> variantsOf(std::string_view content)
{
    constexpr std::string_view kSpaces = " \t\r\n\f\v", kBreaks = "\n";
    const auto front = trimmedFront(content, kSpaces), breaks = trimmedFront(content, kBreaks);
    return {content, trimmedBack(front, kSpaces), front, trimmedBack(content, kSpaces), trimmedBack(breaks, kBreaks),
        breaks, trimmedBack(content, kBreaks)};
}

}  // namespace

void checkTemplateSource(const std::string& source)
{
    if (source.find(kOpen) == std::string::npos && source.find(kClose) == std::string::npos)
        return;
    throw Error(ErrorParts {.code = Code::unsupported, .file = {}, .place = "chat template",
        .found = "the private-use character U+10FFF0 or U+10FFF1", .allowed = "templates without them",
        .advice = "Choose another template, or none"});
}

RenderedChat renderChat(const ChatTemplate& chatTemplate, const std::vector<ChatMessage>& messages, bool addGenerationPrompt)
{
    auto marked = messages;
    for (size_t i = 0; i < marked.size(); ++i) {
        if (!marked[i].content.empty())
            marked[i].content = std::string(kOpen) + std::to_string(i) + std::string(kClose);
    }
    const auto skeleton = skeletonOf(chatTemplate.render(marked, addGenerationPrompt), messages.size());
    RenderedChat out;
    out.text = chatTemplate.render(messages, addGenerationPrompt);
    const std::string_view text = out.text;
    if (!text.starts_with(skeleton.literals[0]))
        failChanged();
    size_t at = skeleton.literals[0].size();
    for (size_t i = 0; i < skeleton.messages.size(); ++i) {
        const auto& message = messages[skeleton.messages[i]];
        const auto& literal = skeleton.literals[i + 1];
        const bool last = i + 1 == skeleton.messages.size();
        const auto fits = [&](std::string_view content) {
            const auto rest = text.substr(at);
            return rest.starts_with(content) && rest.substr(content.size()).starts_with(literal)
                && (!last || rest.size() == content.size() + literal.size());
        };
        const auto variants = variantsOf(message.content);
        const auto* variant = std::find_if(variants.begin(), variants.end(), fits);
        if (variant == variants.end())
            failChanged();
        if (!variant->empty())
            out.contents.push_back({at, at + variant->size(), isAnswer(message)});
        at += variant->size() + literal.size();
    }
    if (at != text.size())
        failChanged();
    return out;
}

RenderedChat joinChat(const std::vector<ChatMessage>& messages)
{
    RenderedChat out;
    for (size_t i = 0; i < messages.size(); ++i) {
        out.text += i > 0 ? "\n" : "";
        const size_t begin = out.text.size();
        out.text += messages[i].content;
        if (!messages[i].content.empty())
            out.contents.push_back({begin, out.text.size(), isAnswer(messages[i])});
    }
    return out;
}

Encoding encodeChat(const Tokenizer& tokenizer, const RenderedChat& chat)
{
    const std::string_view text = chat.text;
    int64_t own = 0;
    size_t at = 0;
    for (const auto& content : chat.contents) {
        own += tokenizer.specialOccurrences(text.substr(at, content.begin - at));
        at = content.end;
    }
    own += tokenizer.specialOccurrences(text.substr(at));
    if (tokenizer.specialOccurrences(text) == own)
        return tokenizer.encode(text, false, SpecialText::recognise);
    Encoding out;
    const auto append = [&](size_t begin, size_t end, SpecialText special) {
        const auto part = tokenizer.encode(text.substr(begin, end - begin), false, special);
        out.ids.insert(out.ids.end(), part.ids.begin(), part.ids.end());
        for (const auto& [from, to] : part.offsets)
            out.offsets.emplace_back(begin + from, begin + to);
    };
    at = 0;
    for (const auto& content : chat.contents) {
        append(at, content.begin, SpecialText::recognise);
        append(content.begin, content.end, SpecialText::encodeAsText);
        at = content.end;
    }
    append(at, text.size(), SpecialText::recognise);
    return out;
}

}  // namespace rankwright
