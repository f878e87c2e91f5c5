// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// The forms are those of the models' makers (OpenAI's ChatML, Llama 2's and 3's model cards, Stanford Alpaca's README); the templates
// are ours.
#include "training/formats/builtin_templates.h"

#include "training/formats/dataset_columns.h"

#include <algorithm>

namespace rankwright {

namespace {

constexpr const char* kChatml = R"({%- for m in messages %}
{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";

constexpr const char* kLlama2 = R"({%- set first = namespace(system='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}
{%- set first.system = '<<SYS>>\n' + m.content + '\n<</SYS>>\n\n' %}
{%- elif m.role == 'user' %}
{{- bos_token + '[INST] ' + first.system + m.content + ' [/INST]' }}
{%- set first.system = '' %}
{%- else %}
{{- ' ' + m.content + ' ' + eos_token }}
{%- endif %}
{%- endfor %})";

constexpr const char* kLlama3 = R"({{- bos_token }}
{%- for m in messages %}
{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})";

// A system message takes the place of the header; the rest is what training on prompts and responses has.
constexpr const char* kAlpaca = R"({%- for m in messages %}
{%- if m.role == 'system' %}
{%- set start.text = m.content + '\n\n### Instruction:\n' %}
{%- elif m.role == 'user' %}
{{- start.text + m.content + '\n\n### Response:' }}
{%- set start.text = '### Instruction:\n' %}
{%- else %}
{{- m.content + eos_token + ('\n\n' if not loop.last else '') }}
{%- endif %}
{%- endfor %})";

std::string alpacaTemplate()
{
    // What a prompt without an instruction and an input has before them.
    const std::string prompt = alpacaPrompt("", ""), end = "\n\n### Response:";
    std::string header;
    for (const char c : prompt.substr(0, prompt.size() - end.size()))
        header += c == '\n' ? "\\n" : std::string(1, c);
    return "{%- set start = namespace(text='" + header + "') %}\n" + kAlpaca;
}

}  // namespace

const std::vector<BuiltinTemplate>& builtinTemplates()
{
    static const std::vector<BuiltinTemplate> table{
        {"chatml", "ChatML: <|im_start|>role ... <|im_end|>", kChatml},
        {"llama2", "Llama 2: [INST] ... [/INST]", kLlama2},
        {"llama3", "Llama 3: <|start_header_id|>role<|end_header_id|> ... <|eot_id|>", kLlama3},
        {"alpaca", "Alpaca: ### Instruction: ... ### Response:", alpacaTemplate()},
    };
    return table;
}

const BuiltinTemplate* findBuiltinTemplate(std::string_view id)
{
    const auto found = std::ranges::find(builtinTemplates(), id, &BuiltinTemplate::id);
    return found == builtinTemplates().end() ? nullptr : &*found;
}

std::string builtinTemplateNames()
{
    std::string names;
    for (const BuiltinTemplate& entry : builtinTemplates())
        names += (names.empty() ? "" : ", ") + entry.id;
    return names;
}

}  // namespace rankwright
