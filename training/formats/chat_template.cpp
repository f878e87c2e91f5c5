// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// A conversation through a chat template, with the variables that Hugging Face gives to templates; and where models
// keep theirs.
#include "training/formats/chat_template.h"

#include "training/api/error.h"
#include "training/formats/chat_request.h"
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
    TemplateDate date;
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

namespace {

using jinja::Value;

// JSON's depth and size are limited where it is read.
Value valueOf(const nlohmann::ordered_json& json)
{
    if (json.is_object()) {
        std::vector<std::pair<Value, Value>> entries;
        for (const auto& [key, value] : json.items())
            entries.emplace_back(Value(key), valueOf(value));
        return jinja::makeDict(std::move(entries));
    }
    if (json.is_array()) {
        std::vector<Value> items;
        for (const auto& item : json)
            items.push_back(valueOf(item));
        return jinja::makeList(std::move(items));
    }
    if (json.is_string())
        return json.get<std::string>();
    if (json.is_boolean())
        return json.get<bool>();
    if (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t(INT64_MAX))
        throw Error{ErrorParts{.code = Code::limit,
            .file = {},
            .place = "chat template",
            .found = "the number " + std::to_string(json.get<uint64_t>()) + " in a conversation",
            .allowed = "numbers up to " + std::to_string(INT64_MAX),
            .advice = "Write it as a text."}};
    if (json.is_number_integer())
        return json.get<int64_t>();
    if (json.is_number())
        return json.get<double>();
    return {};
}

// What Hugging Face's environment and apply_chat_template put into every template's reach.
jinja::Scope commonScope(const std::string& bosToken, const std::string& eosToken, bool addGenerationPrompt)
{
    jinja::Scope root;
    root.values["add_generation_prompt"] = addGenerationPrompt;
    root.values["bos_token"] = bosToken;
    root.values["eos_token"] = eosToken;
    root.values["tools"] = Value();
    root.values["documents"] = Value();
    root.values["range"] = jinja::Function::range;
    root.values["namespace"] = jinja::Function::namespaceOf;
    root.values["dict"] = jinja::Function::dict;
    root.values["raise_exception"] = jinja::Function::raiseException;
    root.values["strftime_now"] = jinja::Function::strftimeNow;
    return root;
}

}  // namespace

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool addGenerationPrompt) const
{
    std::vector<Value> list;
    for (const ChatMessage& message : messages)
        list.push_back(jinja::makeDict({{"role", message.role}, {"content", message.content}}));
    jinja::Scope root = commonScope(m_program->bosToken, m_program->eosToken, addGenerationPrompt);
    root.values["messages"] = jinja::makeList(std::move(list));
    return jinja::Machine(m_program->file, m_program->date).run(m_program->statements, root);
}

std::string ChatTemplate::render(const ChatRequest& request) const
{
    jinja::Scope root = commonScope(m_program->bosToken, m_program->eosToken, request.addGenerationPrompt);
    root.values["messages"] = valueOf(request.messages);
    root.values["tools"] = valueOf(request.tools);
    if (request.variables.is_object()) {
        for (const auto& [name, value] : request.variables.items())
            root.values[name] = valueOf(value);
    }
    return jinja::Machine(m_program->file, m_program->date).run(m_program->statements, root);
}

void ChatTemplate::setDate(const TemplateDate& date) { m_program->date = date; }

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
