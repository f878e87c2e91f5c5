// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A conversation through a chat template, with the variables that Hugging Face gives to templates; and where models
// keep theirs.
#include "training/formats/chat_template.h"

#include "training/api/error.h"
#include "training/formats/chat_template_machine.h"
#include "training/formats/file_reader.h"
#include "training/formats/gguf.h"
#include "training/formats/json.h"
#include "training/formats/limits.h"

namespace rankwright {

struct ChatTemplate::Program
{
    std::filesystem::path file;
    std::string bosToken, eosToken;
    std::vector<jinja::Statement> statements;
};

ChatTemplate::ChatTemplate(std::string source, std::string bosToken, std::string eosToken, std::filesystem::path file)
    : m_program(std::make_unique<Program>())
{
    m_program->file = std::move(file);
    m_program->bosToken = std::move(bosToken);
    m_program->eosToken = std::move(eosToken);
    m_program->statements = jinja::parse(source, m_program->file);
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool addGenerationPrompt) const
{
    using jinja::Value;
    std::vector<Value> list;
    for (const ChatMessage& message : messages)
        list.push_back(jinja::makeDict({{"role", message.role}, {"content", message.content}}));
    jinja::Scope root;
    root.values["messages"] = jinja::makeList(std::move(list));
    root.values["add_generation_prompt"] = addGenerationPrompt;
    root.values["bos_token"] = m_program->bosToken;
    root.values["eos_token"] = m_program->eosToken;
    root.values["tools"] = Value();
    root.values["documents"] = Value();
    root.values["range"] = jinja::Function::range;
    root.values["namespace"] = jinja::Function::namespaceOf;
    root.values["dict"] = jinja::Function::dict;
    root.values["raise_exception"] = jinja::Function::raiseException;
    // A date would make the same row another text tomorrow. Templates that ask whether strftime_now is defined have a
    // fixed date for that case.
    root.values["strftime_now"] = Value::undefined("strftime_now, which would make rows change from day to day");
    return jinja::Machine(m_program->file).run(m_program->statements, root);
}

namespace {

// chat_template is a text, or a list of named ones of which "default" is meant.
std::string templateOfConfig(const nlohmann::json& config)
{
    if (!config.is_object() || !config.contains("chat_template"))
        return {};
    const nlohmann::json& entry = config.at("chat_template");
    if (entry.is_string())
        return entry.get<std::string>();
    if (!entry.is_array())
        return {};
    for (const nlohmann::json& named : entry) {
        if (named.is_object() && named.value("name", nlohmann::json()) == "default" && named.contains("template")
            && named.at("template").is_string())
            return named.at("template").get<std::string>();
    }
    return {};
}

}  // namespace

std::string chatTemplateSource(const std::filesystem::path& model)
{
    std::error_code ignored;
    if (!std::filesystem::is_directory(model, ignored))
        return readGguf(model).text("tokenizer.chat_template", "");
    if (std::filesystem::exists(model / "chat_template.jinja", ignored))
        return readWholeFile(model / "chat_template.jinja", limits::kTemplateSource);
    if (std::filesystem::exists(model / "tokenizer_config.json", ignored))
        return templateOfConfig(readJsonFile(model / "tokenizer_config.json", limits::kJsonConfig));
    return {};
}

}  // namespace rankwright
