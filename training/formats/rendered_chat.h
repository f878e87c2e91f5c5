// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A conversation as text that remembers which parts of it are messages and which are the template's own: the former may
// hold anything, only the latter may hold special tokens.
#pragma once

#include "training/formats/chat_template.h"
#include "training/formats/tokenizer.h"

namespace rankwright {

struct ContentRange
{
    size_t begin = 0, end = 0;  // bytes of RenderedChat::text
    bool assistant = false;     // an answer to train on
};
struct RenderedChat
{
    std::string text;
    std::vector<ContentRange> contents;  // those that are not empty, in the order of the text
};

// Throws Error{unsupported} where `source` itself has the characters that mark contents while rendering.
void checkTemplateSource(const std::string& source);
// Renders twice, once with marks in place of the contents, and finds the contents by comparing. A template may trim a
// content; one that changes it otherwise, or leaves out text around it, gets Error{data}. With a generation prompt at the end where
// the next answer is to be written.
RenderedChat renderChat(const ChatTemplate& chatTemplate, const std::vector<ChatMessage>& messages, bool addGenerationPrompt = false);
// The contents one after the other, a line break between them: conversations without a template.
RenderedChat joinChat(const std::vector<ChatMessage>& messages);
// Ids with byte ranges in `chat.text`. The text is encoded as one piece with special tokens recognised, as it is for
// generating, unless that would find a special token that is not the template's: then piece by piece, contents as text.
Encoding encodeChat(const Tokenizer& tokenizer, const RenderedChat& chat);

}  // namespace rankwright
