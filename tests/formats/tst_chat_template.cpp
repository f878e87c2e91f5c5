// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Chat templates against jinja2 3.1.6, set up as transformers sets it up (immutable sandbox, trim_blocks,
// lstrip_blocks): the expected texts were made with it. And the catalogue of hostile templates (CT01-CT11).
#include "tests/formats/rejection.h"
#include "tests/support/test_data.h"
#include "training/formats/chat_template.h"
#include "training/formats/limits.h"

#include <QTemporaryDir>

using namespace rankwright;

namespace {

std::vector<ChatMessage> conversation(const std::string& name)
{
    if (name == "one")
        return {{"user", "Why?"}};
    if (name == "none")
        return {};
    return {{"system", "Be brief."}, {"user", "  Hi <b>there</b>\nsecond line  "},
        {"assistant", "<think>short</think>\nHello 'you' \"x\""}, {"user", "Ünïcode ß 日本 😀?"}};
}

std::string rendered(const std::string& source, const std::string& name = "four", bool prompt = false)
{
    return ChatTemplate(source, "<s>", "</s>").render(conversation(name), prompt);
}

std::string repeated(const std::string& text, int times)
{
    std::string result;
    for (int i = 0; i < times; ++i)
        result += text;
    return result;
}

}  // namespace

class TestChatTemplate : public QObject
{
    Q_OBJECT
private slots:
    void rendersAsJinjaDoes_data();
    void rendersAsJinjaDoes();
    void rendersTheDefaultModelsTemplate();
    void refusesTemplates_data();
    void refusesTemplates();
    void limitsAreExact();
    void manyBranchesAndLongChainsAreNoNesting();
    void unknownFilterWhereItIsNeverReached();
    void templateSources();
};

void TestChatTemplate::rendersAsJinjaDoes_data()
{
    QTest::addColumn<QString>("conversation");
    QTest::addColumn<bool>("prompt");
    QTest::addColumn<QString>("source");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char* messages, bool prompt, const char* source, const char* expected) {
        QTest::newRow(name) << messages << prompt << source << expected;
    };
    row("bars", "four", true,
        "{%- for turn in messages %}\n"
        "    {{- '<|' ~ turn.role ~ '|>' ~ turn['content'] | trim ~ eos_token }}\n"
        "    {{- \"\\n\" }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}\n",
        "<|system|>Be brief.</s>\n"
        "<|user|>Hi <b>there</b>\n"
        "second line</s>\n"
        "<|assistant|><think>short</think>\n"
        "Hello 'you' \"x\"</s>\n"
        "<|user|>Ünïcode ß 日本 😀?</s>\n"
        "<|assistant|>");
    row("bars without a prompt", "one", false,
        "{%- for turn in messages %}\n"
        "    {{- '<|' ~ turn.role ~ '|>' ~ turn['content'] | trim ~ eos_token }}\n"
        "    {{- \"\\n\" }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}\n",
        "<|user|>Why?</s>\n");
    row("bars, nothing", "none", true,
        "{%- for turn in messages %}\n"
        "    {{- '<|' ~ turn.role ~ '|>' ~ turn['content'] | trim ~ eos_token }}\n"
        "    {{- \"\\n\" }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}\n",
        "<|assistant|>");
    row("slots in the first user turn", "four", false,
        "{% set rest = messages %}{% set lead = '' %}\n"
        "{% if messages and messages[0].role == 'system' %}\n"
        "    {% set lead = '[' ~ messages[0].content ~ ']\\n' %}\n"
        "    {% set rest = messages[1:] %}\n"
        "{% endif %}\n"
        "{{ bos_token }}{% for m in rest %}\n"
        "{% if (m.role == 'user') != (loop.index0 is even) %}{{ raise_exception('turns must alternate') }}{%"
        " endif %}\n"
        "{% if m.role == 'user' %}\n"
        "Q: {{ lead if loop.first else '' }}{{ m.content.strip() }}\n"
        "{% else %}\n"
        "A: {{ m.content.split('</think>')[-1].lstrip('\\n') }}{{ eos_token }}\n"
        "{% endif %}\n"
        "{% endfor %}",
        "<s>Q: [Be brief.]\n"
        "Hi <b>there</b>\n"
        "second line\n"
        "A: Hello 'you' \"x\"</s>\n"
        "Q: Ünïcode ß 日本 😀?\n");
    row("namespace, search from the end", "four", true,
        "{%- set found = namespace(last=-1, roles=[]) %}\n"
        "{%- for m in messages[::-1] %}\n"
        "    {%- set place = messages|length - 1 - loop.index0 %}\n"
        "    {%- set found.roles = found.roles + [m.role|upper] %}\n"
        "    {%- if found.last < 0 and m.role == 'user' and not m.content.startswith('<tool>') %}\n"
        "        {%- set found.last = place %}\n"
        "    {%- endif %}\n"
        "{%- endfor %}\n"
        "last={{ found.last }} roles={{ found.roles|join('>') }} {{ found.roles }}",
        "last=3 roles=USER>ASSISTANT>USER>SYSTEM ['USER', 'ASSISTANT', 'USER', 'SYSTEM']");
    row("macro", "four", false,
        "{%- macro block(m, mark='#', times=2) %}\n"
        "{{ mark * times }} {{ m.role|title }}: {{ m.content|replace('\\n', ' / ')|trim }}\n"
        "{%- if caller is defined %} never{% endif %}\n"
        "{%- endmacro -%}\n"
        "{% for m in messages %}{{ block(m, times=loop.index) }}{% endfor %}\n"
        "{{ block(messages[-1], '=') }}",
        "# System: Be brief.## User: Hi <b>there</b> / second line### Assistant: <think>short</think> /"
        " Hello 'you' \"x\"#### User: Ünïcode ß 日本 😀?== User: Ünïcode ß 日本 😀?");
    row("loop variables and filters in loops", "four", false,
        "{% for m in messages if m.role != 'system' %}\n"
        "{{ loop.index }}.{{ loop.index0 }}/{{ loop.length }} {{ loop.first }} {{ loop.last }} {{"
        " loop.revindex }}\n"
        "{{- ' after ' ~ loop.previtem.role if loop.previtem is defined }}\n"
        "{{- ' before ' ~ loop.nextitem.role if not loop.last }} {{ loop.cycle('even', 'odd') }}\n"
        "{% else %}\n"
        "nobody\n"
        "{% endfor %}\n"
        "{% for m in messages if m.role == 'tool' %}x{% else %}no tools{% endfor %}",
        "1.0/3 True False 3 before assistant even\n"
        "2.1/3 False False 2 after user before user odd\n"
        "3.2/3 False True 1 after assistant even\n"
        "no tools");
    row("white space", "four", true,
        "  {% if messages %}\n"
        "  indented text\n"
        "    {{ messages|length }}   \n"
        "  {% endif %}  \n"
        "  {#- a comment -#}\n"
        "  joined {%- if true +%}\n"
        " kept line end\n"
        " {%+ endif %} tail {{- ' glued' -}}\n"
        " \n"
        " end {# plain #}\n"
        "   {% raw %}{{ left }} {% alone %}{% endraw %}\n"
        "\n",
        "  indented text\n"
        "    4   \n"
        "joined\n"
        " kept line end\n"
        "  tail gluedend {{ left }} {% alone %}");
    row("JSON and mappings", "four", false,
        "{%- set tool = {'name': 'add', 'args': {'a': 1, 'b': [true, none, 2.5]}, 'note': \"it's"
        " \\\"so\\\"\\né\"} -%}\n"
        "{{ tool|tojson }}\n"
        "{{ tool|tojson(indent=2) }}\n"
        "{% for key, value in tool.items() %}{{ key }}={{ value }};{% endfor %}\n"
        "{% for key, value in tool|dictsort %}{{ loop.index }}{{ key }}{% endfor %}\n"
        "{{ tool.get('none', 'fallback') }} {{ tool.args.b[-1] }} {{ 'args' in tool }} {{ tool.missing is"
        " defined }}\n"
        "{{ messages[0]|tojson }} {{ messages|map(attribute='role')|unique|list }}",
        "{\"name\": \"add\", \"args\": {\"a\": 1, \"b\": [true, null, 2.5]}, \"note\": \"it's"
        " \\\"so\\\"\\né\"}\n"
        "{\n"
        "  \"name\": \"add\",\n"
        "  \"args\": {\n"
        "    \"a\": 1,\n"
        "    \"b\": [\n"
        "      true,\n"
        "      null,\n"
        "      2.5\n"
        "    ]\n"
        "  },\n"
        "  \"note\": \"it's \\\"so\\\"\\né\"\n"
        "}\n"
        "name=add;args={'a': 1, 'b': [True, None, 2.5]};note=it's \"so\"\n"
        "é;1args2name3notefallback 2.5 True False\n"
        "{\"role\": \"system\", \"content\": \"Be brief.\"} ['system', 'user', 'assistant']");
    row("arithmetic and text", "one", false,
        "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ (1 + 2) * 3 ~ 4 }} {{ 1 + 2 * 3 }} {{ 10 / 5"
        " }} {{ 1e16 }} {{ 100000.0 }}\n"
        "{{ 'abcdef'[1:4] }} {{ 'abcdef'[::-2] }} {{ '日本語'[1] }} {{ '日本語'|length }} {{ 'straße'|upper }}\n"
        "{{ ' a b  c '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'x-y-z'.rsplit('-', 1) }} {{"
        " \"they're\"|title }} {{ \"they're\".title() }}\n"
        "{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ not 1 == 2 }} {{ 'a' in 'abc' and 'z' not in 'abc' }} {{ '' or"
        " 'other' }} {{ none }}\n"
        "{{ range(1, 10, 4)|list }} {{ [3, 1, 2]|sort }} {{ (1, 'two') }} {{ [[1, 2],"
        " [3]]|map('length')|list }} {{ 'a' 'b' }}\n"
        "{{ '12'|int + 1 }} {{ 'x'|int(5) }} {{ undefined_name|default('given') }} {{ ''|default('empty',"
        " true) }}",
        "3 -4 -2 3.5 94 7 2.0 1e+16 100000.0\n"
        "bcd fdb 本 3 STRASSE\n"
        "['a', 'b', 'c'] ['a', 'b,c'] ['x-y', 'z'] They're They'Re\n"
        "True False True True other None\n"
        "[1, 5, 9] [1, 2, 3] (1, 'two') [2, 1] ab\n"
        "13 5 given empty");
    row("set blocks, scopes, break and continue", "one", true,
        "{% set x = 'outer' %}\n"
        "{% for i in range(6) %}\n"
        "{% if i == 1 %}{% continue %}{% endif %}\n"
        "{% if i == 4 %}{% break %}{% endif %}\n"
        "{{ x }}{% set x = i %}{{ x }}\n"
        "{% endfor %}\n"
        "{{ x }}\n"
        "{% set text %}\n"
        "  [{{ messages[0].content }}]\n"
        "{% endset %}\n"
        "{{ text|trim|indent(2, true) }}\n"
        "{% generation %}kept{% endgeneration %}",
        "outer0\n"
        "outer2\n"
        "outer3\n"
        "outer\n"
        "  [Why?]\n"
        "kept");
    row("which special tokens", "one", true,
        "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }} {% else %}undated{% endif %}\n"
        "{% if tools is none and not documents %}{{ bos_token }}|{{ eos_token }}|{{ pad_token is defined"
        " }}{% endif %}\n"
        "{% if add_generation_prompt is true %}{% if thinking is defined and thinking is false %}off{% elif"
        " false %}never{% else %}on{% endif %}{% endif %}",
        "26 Jul 2024 <s>|</s>|Falseon");
    row("filter and set blocks", "four", true,
        "{% filter upper|trim %}\n  {{ messages[0].content }}\n{% endfilter %}|{% set t | trim | replace('.', '!') %}  {{"
        " messages[0].content }}  {% endset %}{{ t }}|",
        "BE BRIEF.|Be brief!|");
    row("with", "four", true,
        "{% with a = 1, b = messages|length %}{{ a + b }}{% set a = 7 %}{{ a }}{% endwith %}{{ a is defined }}", "57False");
    row("call blocks", "four", true,
        "{% macro box(title, n=1) %}<{{ title }}>{{ caller('in', n) }}</{{ title }}>{% endmacro %}\n"
        "{% set word = 'out' %}\n"
        "{% call(x, y) box('t', n=3) %}\n"
        "{{ word }}{{ x }}{{ y }}{{ title is defined }}\n"
        "{% endcall %}\n"
        "{% for m in messages %}{% call(x, y) box(m.role) %}{{ loop.index }}{{ m.role|length }}{% endcall %}{% endfor %}",
        "<t>outin3False\n"
        "</t><system>16</system><user>24</user><assistant>39</assistant><user>44</user>");
}

void TestChatTemplate::rendersAsJinjaDoes()
{
    QFETCH(QString, conversation);
    QFETCH(bool, prompt);
    QFETCH(QString, source);
    QFETCH(QString, expected);
    const std::string text = rendered(source.toStdString(), conversation.toStdString(), prompt);
    QCOMPARE(QString::fromStdString(text), expected);
    // Line ends of Windows are one line end.
    source.replace("\n", "\r\n");
    QCOMPARE(QString::fromStdString(rendered(source.toStdString(), conversation.toStdString(), prompt)), expected);
}

void TestChatTemplate::rendersTheDefaultModelsTemplate()
{
    if (defaultModel().empty())
        QSKIP("the default model was not fetched");
    const std::string source = chatTemplateSource(defaultModel());
    QCOMPARE(rendered(source, "four", true),
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n  Hi <b>there</b>\nsecond line  <|im_end|>\n"
        "<|im_start|>assistant\n<think>short</think>\nHello 'you' \"x\"<|im_end|>\n"
        "<|im_start|>user\nÜnïcode ß 日本 😀?<|im_end|>\n<|im_start|>assistant\n");
    QCOMPARE(rendered(source, "one"),
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nWhy?<|im_end|>\n");
}

void TestChatTemplate::refusesTemplates_data()
{
    QTest::addColumn<QByteArray>("source");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("pattern");
    const auto row = [](const char* name, const std::string& source, Code code, const char* pattern) {
        QTest::newRow(name) << QByteArray::fromStdString(source) << int(code) << pattern;
    };
    row("CT01 a long range", "a\n {{ range(1000000000) }}", Code::limit, "line 2:10: a range of more than 100000");
    row("CT01 64 bits", "{{ range(-9223372036854775807, 9223372036854775807) }}", Code::limit, "range");
    row("CT02 nested ranges",
        repeated("{% for a in range(999) %}", 3) + repeated("{% endfor %}", 3),
        Code::limit, "does too much");
    row("CT03 a macro calling itself", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", Code::limit,
        "f called inside");
    row("CT04 brackets", "{{ " + repeated("(", 10'000) + "1" + repeated(")", 10'000) + " }}", Code::limit,
        "deeper than 64");
    row("CT04 lists", "{{ " + repeated("[", 10'000) + repeated("]", 10'000) + " }}", Code::limit, "deeper than 64");
    row("CT04 nested if", repeated("{% if true %}", 10'000) + repeated("{% endif %}", 10'000), Code::limit,
        "deeper than 64");
    row("CT04 not", "{{ " + repeated("not ", 10'000) + "1 }}", Code::limit, "deeper than 64");
    row("CT04 minus", "{{ " + repeated("- ", 10'000) + "1 }}", Code::limit, "deeper than 64");
    row("CT04 inline if", "{{ 1" + repeated(" if 1 else 1", 10'000) + " }}", Code::limit, "deeper than 64|inline ifs");
    row("CT04 values", "{% set n = namespace(x=[]) %}{% for i in range(1000) %}{% set n.x = [n.x] %}{% endfor %}",
        Code::limit, "too deep");
    row("doubling lists",
        "{% set n = namespace(x=['a']) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}",
        Code::limit, "too deep or too large");
    row("doubling texts", "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        Code::limit, "does too much|16777216");
    row("a costly search", "{% set a = 'a' * 8000000 %}{{ ('a' * 4000000 ~ 'b') in a }}", Code::limit, "does too much");
    row("stripping many characters", "{{ ('a' * 4000000).strip('b' * 4000000 ~ 'a') }}", Code::limit, "does too much");
    row("trimming many characters", "{{ ('a' * 4000000)|trim('b' * 4000000 ~ 'a') }}", Code::limit, "does too much");
    row("comparing long texts", "{% set a = 'a' * 8000000 %}{% for i in range(1000) %}{{ a < a }}{% endfor %}", Code::limit,
        "does too much");
    row("beginnings of long texts", "{% set a = 'a' * 8000000 %}{% for i in range(1000) %}{{ a.startswith(a) }}{% endfor %}",
        Code::limit, "does too much");
    row("a long separator of JSON", "{{ range(1000)|list|tojson(separators=('x' * 100000, ':')) }}", Code::limit,
        "does too much|16777216 bytes");
    row("a long separator of short JSON", "{{ range(300)|list|tojson(separators=('x' * 100000, ':')) }}", Code::limit,
        "too long.*16777216 bytes");
    row("CT05 include", "a\nb {% include '/etc/passwd' %}", Code::unsupported, "line 2:6: the tag \"include\"");
    row("CT05 import", "{% import '/etc/passwd' as x %}", Code::unsupported, "\"import\"");
    row("CT05 from", "{% from 'x' import y %}", Code::unsupported, "\"from\"");
    row("CT05 extends", "{% extends 'x' %}", Code::unsupported, "\"extends\"");
    row("CT06 class", "{{ ''.__class__.__mro__ }}", Code::format, "no attribute '__class__'");
    row("CT06 call", "{{ ''.__class__() }}", Code::unsupported, "the method __class__");
    row("CT06 attr", "{{ messages|attr('__globals__') }}", Code::unsupported, "line 1:13: the filter \"attr\"");
    row("CT07 raise", "{{ raise_exception('<b>x</b>\\x1b[2J') }}", Code::data, R"(<b>x</b>\\x1b\[2J)");
    row("CT08 filter", "{{ 1|nosuch }}", Code::unsupported, "line 1:6: the filter \"nosuch\"");
    row("CT08 test", "\n\n{{ 1 is nosuch }}", Code::unsupported, "line 3:9: the test \"nosuch\"");
    row("CT09 output", "{% set t = 'a' * 1000000 %}{% for i in range(20) %}{{ t }}{% endfor %}", Code::limit,
        "output above 16777216");
    row("CT11 a date in an unknown form", "{{ strftime_now('%Q') }}", Code::unsupported, "line 1:16: the date format \"%Q\"");
    row("CT11 a date without an end", "{{ strftime_now('%') }}", Code::unsupported, "the date format");
    row("an iterator used twice", "{% set a = messages|map(attribute='role') %}{{ a|join }}{{ a|join }}", Code::unsupported,
        "used twice");
    row("an iterator as text", "{{ messages|map(attribute='role') }}", Code::unsupported, "an iterator as text");
    row("an iterator as JSON", "{{ messages|map(attribute='role')|tojson }}", Code::format, "an iterator");
    row("a macro in a loop", "{% for m in messages %}{% macro f() %}{{ m }}{% endmacro %}{% endfor %}", Code::unsupported,
        "a macro inside a loop");
    row("a call block without a macro", "{% call nobody() %}{% endcall %}", Code::unsupported, "a call block of an undefined");
    row("a call block without a call", "{% call 1 %}{% endcall %}", Code::format, "a call block without a call");
    row("a call block calling itself", "{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}{{ caller() }}{% endcall %}",
        Code::format, "'caller' is undefined");
    row("nested call blocks", repeated("{% call f() %}", 10'000) + repeated("{% endcall %}", 10'000), Code::limit,
        "deeper than 64");
    row("a format that reaches in", "{{ '{0.__class__}'.format('a') }}", Code::unsupported, "line 1:19: the format");
    row("a format without an argument", "{{ '{} {}'.format('a') }}", Code::format, "no argument");
    row("a long format", "{{ ('{0}' * 100000).format('a' * 1000) }}", Code::limit, "bytes|does too much");
    row("an attribute of a filter", "{{ messages|first.role }}", Code::format, "line 1:18: ");
    row("an item of a filter", "{{ messages|list[0] }}", Code::format, "line 1:17: ");
    row("indent of a number", "{{ 1|indent }}", Code::format, "indent of an integer");
    row("a method without a call", "{{ {'items': 1}.items is defined }}", Code::unsupported, "line 1:16: the method items .*\\[\"items\"\\]");
    row("a text's method without a call", "{{ messages[0].content.strip is defined }}", Code::unsupported, "the method strip");
    row("a macro's attribute", "{% macro f() %}{% endmacro %}{{ f.name }}", Code::unsupported, "the method name of a macro");
    row("a namespace as text", "{% set n = namespace(a=1) %}{{ n }}", Code::unsupported, "a namespace as text");
    row("an unknown filter in a loop in an if", "{% if tools %}{% for m in messages %}{{ m|strange }}{% endfor %}{% endif %}",
        Code::unsupported, "strange");
    row("a test before if", "{{ 1 if 2 is odd if 3 }}", Code::format, "line 1:18: ");
    row("a range as JSON", "{{ range(3)|tojson }}", Code::format, "no JSON form");
    row("a value for none", "{% set none = 1 %}", Code::format, "line 1:8: a value for none");
    row("dictsort of nothing", "{{ nobody|dictsort }}", Code::format, "'nobody' is undefined");
    row("a name that Jinja knows", "{{ lipsum is defined }}", Code::unsupported, "the name lipsum");
    row("changing a list", "{{ messages.append(1) }}", Code::unsupported, "changing a list with append");
    row("a namespace inside itself", "{% set n = namespace() %}{% set n.x = n %}", Code::unsupported,
        "namespace inside");
    row("undefined attribute", "{{ nobody.name }}", Code::format, "line 1:10: 'nobody' is undefined");
    row("no comment end", "a {# b", Code::format, "line 1:3: a comment without an end");
    row("no tag end", "a\n{{ b", Code::format, "line 2:4: a tag without an end");
    row("no string end", "{{ 'b }}", Code::format, "a string without an end");
    row("no endfor", "{% for m in messages %}", Code::format, "a block without an end .*endfor");
    row("stray endif", "{% endif %}", Code::format, "\"endif\"");
    row("brackets that do not match", "{{ (1] }}", Code::format, "line 1:6");
    row("no operand", "{{ 1 + }}", Code::format, "the end of the tag .*a value");
    row("break outside", "{% break %}", Code::format, "outside a loop");
    row("division by zero", "{{ 1 // 0 }}", Code::format, "division by zero");
    row("overflow", "{{ 9223372036854775807 + 1 }}", Code::limit, "64 bits");
    row("text and number", "{{ 'a' + 1 }}", Code::format, "a string \\+ an integer");
    row("unknown argument", "{{ 'a'|trim(side=1) }}", Code::format, "the argument side of trim");
    row("a control byte", std::string("{{ \x01 }}"), Code::format, R"(\\x01)");
    row("too long", std::string(limits::kTemplateSource + 1, 'a'), Code::limit, "1048577 bytes");
}

void TestChatTemplate::refusesTemplates()
{
    QFETCH(QByteArray, source);
    QFETCH(int, code);
    QFETCH(QString, pattern);
    requireRejection([&] { (void)rendered(source.toStdString()); }, Code(code), pattern);
}

void TestChatTemplate::limitsAreExact()
{
    QCOMPARE(rendered(std::string(limits::kTemplateSource, 'a')).size(), size_t(limits::kTemplateSource));
    QCOMPARE(rendered("{{ range(100000)|length }}"), "100000");
    requireRejection([] { (void)rendered("{{ range(100001)|length }}"); }, Code::limit, "range");
    // The block of the template and the expression are two levels.
    const int free = limits::kTemplateDepth - 2;
    QCOMPARE(rendered("{{ " + repeated("(", free) + "1" + repeated(")", free) + " }}"), "1");
    const std::string deeper = "{{ " + repeated("(", free + 1) + "1" + repeated(")", free + 1) + " }}";
    requireRejection([&] { (void)rendered(deeper); }, Code::limit, "deeper");
    const std::string countDown = "{% macro f(n) %}{% if n > 1 %}{{ f(n - 1) }}{% else %}end{% endif %}{% endmacro %}";
    QCOMPARE(rendered(countDown + "{{ f(64) }}"), "end");
    requireRejection([&] { (void)rendered(countDown + "{{ f(65) }}"); }, Code::limit, "called inside");
    QCOMPARE(rendered("{{ 'a' * 16777216 }}").size(), size_t(limits::kTemplateOutput));
    requireRejection([] { (void)rendered("{{ 'a' * 16777217 }}"); }, Code::limit, "16777216 bytes");
    QCOMPARE(rendered("{{ ('a' * 16777214)|tojson }}").size(), size_t(limits::kTemplateOutput));
    requireRejection([] { (void)rendered("{{ ('a' * 16777215)|tojson }}"); }, Code::limit, "too long.*16777216 bytes");
}

// A thousand elifs, additions, attributes and filters are no deeper than one.
void TestChatTemplate::manyBranchesAndLongChainsAreNoNesting()
{
    QCOMPARE(rendered("{% if false %}" + repeated("{% elif false %}", 1000) + "{% else %}x{% endif %}"), "x");
    QCOMPARE(rendered("{{ 'a'" + repeated(" + 'b'", 1000) + " }}").size(), size_t(1001));
    QCOMPARE(rendered("{{ 0" + repeated(" + 1", 1000) + " }}"), "1000");
    QCOMPARE(rendered("{{ 'a'" + repeated("|trim", 1000) + " }}"), "a");
    QCOMPARE(rendered("{{ true" + repeated(" and true", 1000) + " }}"), "True");
    QCOMPARE(rendered("{{ messages" + repeated("[:]", 1000) + "|length }}"), "4");
}

void TestChatTemplate::unknownFilterWhereItIsNeverReached()
{
    QCOMPARE(rendered("{% if tools %}{{ tools|strange }}{% endif %}ok"), "ok");
    const auto reach = [] { (void)rendered("{% if messages %}{{ 1|strange }}{% endif %}"); };
    requireRejection(reach, Code::unsupported, "strange");
}

void TestChatTemplate::templateSources()
{
    const QTemporaryDir directory;
    const std::filesystem::path folder = directory.path().toStdString();
    QCOMPARE(chatTemplateSource(folder), "");
    writeBytes(folder / "tokenizer_config.json", R"({"bos_token": "<s>"})");
    QCOMPARE(chatTemplateSource(folder), "");
    writeBytes(folder / "tokenizer_config.json", R"({"chat_template": "plain"})");
    QCOMPARE(chatTemplateSource(folder), "plain");
    writeBytes(folder / "tokenizer_config.json",
        R"({"chat_template": [{"name": "rag", "template": "r"}, {"name": "default", "template": "d"}, 3]})");
    QCOMPARE(chatTemplateSource(folder), "d");
    writeBytes(folder / "chat_template.jinja", "own file");
    QCOMPARE(chatTemplateSource(folder), "own file");
    writeBytes(folder / "chat_template.jinja", std::string(limits::kTemplateSource + 1, 'a'));
    requireRejection([&] { (void)chatTemplateSource(folder); }, Code::limit, "chat_template.jinja");
}

QTEST_GUILESS_MAIN(TestChatTemplate)
#include "tst_chat_template.moc"
