// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Expressions, filters, tests and methods of chat templates; what each gives was asked of jinja2 3.1.6.
#include "training/formats/chat_template.h"

#include <QtTest/QtTest>

using namespace rankwright;

class TestChatExpressions : public QObject
{
    Q_OBJECT
private slots:
    void areWhatJinjaGives_data();
    void areWhatJinjaGives();
};

void TestChatExpressions::areWhatJinjaGives_data()
{
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* expression, const char* expected) { QTest::newRow(expression) << expected; };
    row("1 + 2 * 3 - 4 / 2", "5.0");
    row("7 // 2 ~ ' ' ~ -7 // 2 ~ ' ' ~ 7 % -3 ~ ' ' ~ -7 % 3", "3 -4 -2 2");
    row("7.5 // 2", "3.0");
    row("1e16", "1e+16");
    row("100000.0", "100000.0");
    row("0.0001", "0.0001");
    row("0.00001", "1e-05");
    row("1/3", "0.3333333333333333");
    row("2.5 * 4", "10.0");
    row("'a' * 3", "aaa");
    row("-3|abs", "3");
    row("not 1 == 2", "True");
    row("1 < 2 < 3", "True");
    row("3 > 2 > 2", "False");
    row("1 == 1.0 == true", "True");
    row("'x' in 'xyz' and 'q' not in 'xyz'", "True");
    row("messages|length", "4");
    row("messages[0].role", "system");
    row("messages[-1]['content']", "Ünïcode ß 日本 😀?");
    row("messages[0].missing is defined", "False");
    row("messages[99] is defined", "False");
    row("missing is defined", "False");
    row("missing", "");
    row("missing|default('d')", "d");
    row("''|default('d')", "");
    row("''|default('d', true)", "d");
    row("messages|map(attribute='role')|join(', ')", "system, user, assistant, user");
    row("[1,2,3]", "[1, 2, 3]");
    row("(1,)", "(1,)");
    row("(1,2)", "(1, 2)");
    row("{'a': 1, 'b': [true, none, 1.5]}", "{'a': 1, 'b': [True, None, 1.5]}");
    row("{'a': 1, 'b': [true, none, 1.5, \"x\\\"y\\n\\u00e9\"]}|tojson",
        "{\"a\": 1, \"b\": [true, null, 1.5, \"x\\\"y\\né\"]}");
    row("{'a': {'b': [1,2]}, 'c': []}|tojson(indent=2)",
        "{\n  \"a\": {\n    \"b\": [\n      1,\n      2\n    ]\n  },\n  \"c\": []\n}");
    row("messages[::-1]|map(attribute='role')|list", "['user', 'assistant', 'user', 'system']");
    row("'abcdef'[1:4]", "bcd");
    row("'abcdef'[::-1]", "fedcba");
    row("'abcdef'[-2:]", "ef");
    row("'日本語'[1]", "本");
    row("'日本語'|length", "3");
    row("'hello world foo'|title", "Hello World Foo");
    row("'hello wORLD-foo (bar'.title()", "Hello World-Foo (Bar");
    row("'hello wORLD-foo (bar'|title", "Hello World-Foo (Bar");
    row("\"they're bill's\"|title", "They're Bill's");
    row("\"they're bill's\".title()", "They'Re Bill'S");
    row("'ß ünï'.upper()", "SS ÜNÏ");
    row("'ǆabc'.capitalize()", "ǅabc");
    row("'ÀÉ'|lower", "àé");
    row("'  x y '.strip() ~ '|'", "x y|");
    row("'xxabxx'.strip('x')", "ab");
    row("'  x '|trim ~ '|'", "x|");
    row("'a,b,,c'.split(',')", "['a', 'b', '', 'c']");
    row("'a,b,,c'.split(',', 1)", "['a', 'b,,c']");
    row("'a,b,,c'.rsplit(',', 1)", "['a,b,', 'c']");
    row("' a  b c '.split()", "['a', 'b', 'c']");
    row("' a  b c '.split(none, 1)", "['a', 'b c ']");
    row("' a  b c '.rsplit(none, 1)", "[' a  b', 'c']");
    row("'a\\nb\\r\\nc\\n'.splitlines()", "['a', 'b', 'c']");
    row("'abcabc'.replace('b', 'X')", "aXcaXc");
    row("'abcabc'|replace('b', 'X', 1)", "aXcabc");
    row("'abc'.replace('', '-')", "-a-b-c-");
    row("'abc'.startswith('ab') and 'abc'.endswith(('x','c'))", "True");
    row("'abc'.find('c') ~ 'abc'.find('z')", "2-1");
    row("'日本語'.find('語')", "2");
    row("','.join(['a','b'])", "a,b");
    row("['a', 1, none]|join('-')", "a-1-None");
    row("'a-b'.split('-')[1]", "b");
    row("{'a':1,'b':2}.items()|list", "[('a', 1), ('b', 2)]");
    row("{'b':1,'a':2}|dictsort", "[('a', 2), ('b', 1)]");
    row("{'b':1,'a':2}|items|list", "[('b', 1), ('a', 2)]");
    row("{'a':1}.get('a')", "1");
    row("{'a':1}.get('z')", "None");
    row("{'a':1}.get('z', 5)", "5");
    row("{'a':1}.keys()|list", "['a']");
    row("{'a':1}.values()|list", "[1]");
    row("{'items':3}['items']", "3");
    row("[3,1,2]|sort", "[1, 2, 3]");
    row("['b','A','c']|sort", "['A', 'b', 'c']");
    row("['b','A','c']|sort(reverse=true)", "['c', 'b', 'A']");
    row("[1,1,2]|unique|list", "[1, 2]");
    row("[1,2,3]|reverse|list", "[3, 2, 1]");
    row("'abc'|reverse", "cba");
    row("[1,2,3]|first ~ [1,2,3]|last", "13");
    row("[]|first", "");
    row("'a\\nb\\n\\nc'|indent", "a\n    b\n\n    c");
    row("'a\\nb\\n\\nc\\n'|indent(2, true)", "  a\n  b\n\n  c\n");
    row("'a\\nb\\n\\nc'|indent(2, blank=true)", "a\n  b\n  \n  c");
    row("'12'|int + 1", "13");
    row("'x'|int", "0");
    row("'1.5'|float", "1.5");
    row("3.7|int", "3");
    row("range(5)|list", "[0, 1, 2, 3, 4]");
    row("range(1,10,3)|list", "[1, 4, 7]");
    row("range(5,0,-2)|list", "[5, 3, 1]");
    row("'yes' if messages else 'no'", "yes");
    row("'yes' if false", "");
    row("('yes' if false) is defined", "False");
    row("'a' if 1 else 'b' if 2 else 'c'", "a");
    row("1 is odd and 2 is even", "True");
    row("4 is divisibleby 2", "True");
    row("4 is divisibleby(3)", "False");
    row("none is none", "True");
    row("'x' is string", "True");
    row("{} is mapping", "True");
    row("[] is sequence", "True");
    row("[] is iterable", "True");
    row("'x' is iterable", "True");
    row("1 is number", "True");
    row("true is boolean", "True");
    row("1.0 is float", "True");
    row("1 is integer", "True");
    row("true is integer", "False");
    row("true is number", "True");
    row("1 is true", "False");
    row("true is true", "True");
    row("x is not defined", "True");
    row("1 in [1,2]", "True");
    row("'role' in messages[0]", "True");
    row("'a' is in ['a']", "True");
    row("3 is eq 3", "True");
    row("3 is gt 2", "True");
    row("true and 'x'", "x");
    row("'' or 'y'", "y");
    row("none or 0", "0");
    row("not ''", "True");
    row("true ~ none ~ 1.0", "TrueNone1.0");
    row("\"it's\"|string", "it's");
    row("[\"it's\", 'q\"', 'b\\\\n']", "[\"it's\", 'q\"', 'b\\\\n']");
    row("'\\u00e9\\x41\\n\\t|'", "éA\n\t|");
    row("'a' 'b'", "ab");
    row("{'a':1}.a", "1");
    row("{'a':1}['b'] is defined", "False");
    row("none.foo is defined", "False");
    row("'x'.foo is defined", "False");
    row("''.__class__", "");
    row("namespace(a=1).a", "1");
    row("dict(a=1, b=2)", "{'a': 1, 'b': 2}");
    row("dict({'x':1}, a=2)", "{'x': 1, 'a': 2}");
    row("bos_token ~ eos_token", "<s></s>");
    row("tools is none", "True");
    row("tools", "None");
    row("add_generation_prompt", "False");
    row("loop is defined", "False");
    row("(1, 2) + (3,)", "(1, 2, 3)");
    row("[1] + [2]", "[1, 2]");
    row("[1] == [1]", "True");
    row("{'a':1,'b':2} == {'b':2,'a':1}", "True");
    row("(1,2) == [1,2]", "False");
    row("[1,2,3][5] is defined", "False");
    row("[1,2,3][-1]", "3");
    row("[[1,2],[3,4]]|map('first')|list", "[1, 3]");
    row("['a','b']|map('upper')|list", "['A', 'B']");
    row("[1,2,3,4]|select('even')|list", "[2, 4]");
    row("[1,2,3,4]|reject('odd')|list", "[2, 4]");
    row("[0,1,2]|select|list", "[1, 2]");
    row("'abc'|list", "['a', 'b', 'c']");
    row("'a.b'.split('.').0", "a");
    row("messages.0.role", "system");
    row("1_000", "1000");
    row("0.1 + 0.2", "0.30000000000000004");
    row("5 % 3.5", "1.5");
    row("-5 % 3.5", "2.0");
    row("[1,2]|max ~ [1,2]|min", "21");
    row("'x'|upper|lower", "x");
    row("\"a\" ~ \"b\"|upper", "aB");
    row("-2|abs", "2");
    row("- 2 + 3", "1");
    row("+3", "3");
    row("(1 + 2) * 3", "9");
    row("[1,2,3]|length > 2", "True");
    row("messages|length % 2 == 0", "True");
    row("messages is iterable and messages is not mapping", "True");
    row("'abc'|capitalize", "Abc");
    row("'ABC def'|capitalize", "Abc def");
    row("'x'|safe", "x");
    row("'a b'.isdigit() ~ '12'.isdigit()", "FalseTrue");
    row("'aXbX'.count('X')", "2");
    row("'prefix-x'.removeprefix('prefix-')", "x");
    row("'<think>a</think>b'.split('</think>')[-1].lstrip('\\n')", "b");
    row("'\\u3000 x \\x1c'.strip() ~ '|'", "x|");
    row("\"caf\\u00e9\"|tojson", "\"café\"");
    row("\"caf\\u00e9\\u2028\\x7f\\U0001F600\"|tojson(ensure_ascii=true)",
        "\"caf\\u00e9\\u2028\\u007f\\ud83d\\ude00\"");
    row("{'b':1,'a':2}|tojson(sort_keys=true)", "{\"a\": 2, \"b\": 1}");
    row("[1,[2,[]],{}]|tojson(indent=1)", "[\n 1,\n [\n  2,\n  []\n ],\n {}\n]");
    row("[1,2]|tojson(separators=(',',':'))", "[1,2]");
    row("none|tojson", "null");
    row("[1,2]|join(', ', attribute='x')", ", ");
    row("messages|join(', ', attribute='role')", "system, user, assistant, user");
    row("'x' * -1", "");
    row("[] or {} or 'z'", "z");
    row("{1: 'a', true: 'b'}", "{1: 'b'}");
    row("{'a':1,'a':2}", "{'a': 2}");
    row("'%}' ~ '}}'", "%}}}");
    row("\"\\\\n\" ~ '\\''", "\\n'");
    row("{'a': {'b': 1}}.a.b", "1");
    row("{'a': [1,{'c':2}]}['a'][1].c", "2");
    row("['a\\u202e\\u00a0\\U000e0001\\u00e9\\u00ad\\x7f']", "['a\\u202e\\xa0\\U000e0001é\\xad\\x7f']");
    row("{'items': [1]}['items']", "[1]");
    row("{'items': 1}|tojson", "{\"items\": 1}");
    row("[{'get': 'a'}]|map(attribute='get')|list", "['a']");
    row("range(3)", "range(0, 3)");
    row("[range(5, 1, -2)] ~ range(9)[2] ~ range(4)|list", "[range(5, 1, -2)]2[0, 1, 2, 3]");
    row("range(2) is sequence", "True");
    // Iterators are true even when empty, views of mappings are no lists, marked texts escape what is added to them.
    row("none|selectattr('type')|list", "[]");
    row("'yes' if messages|selectattr('role', 'equalto', 'tool') else 'no'", "yes");
    row("(messages|map(attribute='role')) is sequence", "False");
    row("(messages|map(attribute='role')) is iterable", "True");
    row("'tool' in messages|map(attribute='role')", "False");
    row("'a<b>'|e", "a&lt;b&gt;");
    row("'<i>'|safe + '<b>' + \"it's\"", "<i>&lt;b&gt;it&#39;s");
    row("'<i>'|safe ~ '<b>'", "<i><b>");
    row("'<b>' + '<i>'|safe + '&'", "&lt;b&gt;<i>&amp;");
    row("('<i>'|safe)|upper + '<b>'", "<I>&lt;b&gt;");
    row("'<b>'|e|e", "&lt;b&gt;");
    row("'{0} and {1} and {x} {{}}'.format('a', 'b', x=3)", "a and b and 3 {}");
    row("'{}-{}'.format(none, 1.0)", "None-1.0");
    row("[1, 2.5]|sum", "3.5");
    row("messages|map('length')|sum", "8");
    row("{'a': 1, 'b': 2}.items()", "dict_items([('a', 1), ('b', 2)])");
    row("{'a': 1}.keys()", "dict_keys(['a'])");
    row("{'a': 1}.values()|list", "[1]");
    row("{'a': 1}.items() is sequence", "False");
    row("{'a': 1}.keys()|length", "1");
    row("{}.items() or 'empty'", "empty");
    row("strftime_now('%d %b %Y')", "26 Jul 2024");
    row("strftime_now('%A %B %-d %e %j %H:%M:%S %I %p %y %F %T %x %X %% %c')",
        "Friday July 26 26 208 00:00:00 12 AM 24 2024-07-26 00:00:00 07/26/24 00:00:00 % Fri Jul 26 00:00:00 2024");
    row("strftime_now is defined", "True");
}

void TestChatExpressions::areWhatJinjaGives()
{
    QFETCH(QString, expected);
    const std::string source = std::string("{{ ") + QTest::currentDataTag() + " }}";
    const std::vector<ChatMessage> messages{{"system", "Be brief."}, {"user", "  Hi <b>there</b>\nsecond line  "},
        {"assistant", "<think>short</think>\nHello 'you' \"x\""}, {"user", "Ünïcode ß 日本 😀?"}};
    QCOMPARE(QString::fromStdString(ChatTemplate(source, "<s>", "</s>").render(messages, false)), expected);
}

QTEST_GUILESS_MAIN(TestChatExpressions)
#include "tst_chat_expressions.moc"
