// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// What chat templates are given beside plain messages: conversations from files, tools, the day; and the built-in templates.
#include "tests/formats/rejection.h"
#include "training/formats/builtin_templates.h"
#include "training/formats/dataset_columns.h"
#include "training/formats/chat_request.h"
#include "training/formats/rendered_chat.h"

using namespace rankwright;

class TestChatRequest : public QObject
{
    Q_OBJECT
private slots:
    void datesAreAsSet();
    void conversationsOfAnyShape();
    void builtinTemplatesRender();
    void refusesConversations_data();
    void refusesConversations();
};

// The same day in every run unless another is set.
void TestChatRequest::datesAreAsSet()
{
    ChatTemplate chat("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}", "", "");
    QCOMPARE(chat.render({{.role = "user", .content = "Why?"}}, false), "2024-07-26 00:00:00");
    const auto date = parseTemplateDate("2028-02-29T23:05:09");
    QVERIFY(date.has_value());
    chat.setDate(*date);
    QCOMPARE(chat.render({{.role = "user", .content = "Why?"}}, false), "2028-02-29 23:05:09");
    QVERIFY(parseTemplateDate("2024-12-31").has_value());
    for (const char* wrong : {"", "2024", "2024-7-26", "2023-02-29", "2024-13-01", "2024-07-26T", "2024-07-26T24:00:00",
             "2024-07-26T10:60:00", "2024-07-26 ", "-024-07-26", "2024-07-26T10:00:00Z"})
        QVERIFY2(!parseTemplateDate(wrong), wrong);
}

// Members keep their order, as templates print them.
void TestChatRequest::conversationsOfAnyShape()
{
    ChatRequest request;
    request.messages = conversationOf(
        R"({"id": 7, "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}], "z": 1, "b": 2.50, "big": 9223372036854775807}]})",
        "chat.json");
    request.tools = orderedJson(R"([{"name": "t", "args": {"y": null, "x": true}}])", "tools.json");
    request.variables = orderedJson(R"({"enable_thinking": false})", "");
    request.addGenerationPrompt = false;
    const ChatTemplate chat("{{ messages|tojson }}{{ tools|tojson }}{{ enable_thinking }}{{ add_generation_prompt }}", "", "");
    QCOMPARE(chat.render(request),
        R"([{"role": "user", "content": [{"type": "text", "text": "a"}], "z": 1, "b": 2.5, "big": 9223372036854775807}])"
        R"([{"name": "t", "args": {"y": null, "x": true}}]FalseFalse)");
    request.tools = orderedJson("[9223372036854775808]", "tools.json");
    requireRejection([&] { (void)chat.render(request); }, Code::limit, "9223372036854775808");
}

// What is made of a conversation, and that the contents can be found in it again, as training needs it.
void TestChatRequest::builtinTemplatesRender()
{
    const std::map<std::string, std::string> expected{
        {"chatml", "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n U <|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
                   "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
        {"llama2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\n U  [/INST] A </s><s>[INST] V [/INST]"},
        {"llama3", "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
                   "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|>"
                   "<|start_header_id|>assistant<|end_header_id|>\n\n"},
        {"alpaca", "S\n\n### Instruction:\n U \n\n### Response:A</s>\n\n### Instruction:\nV\n\n### Response:"},
    };
    const std::vector<ChatMessage> messages{{"system", "S"}, {"user", " U "}, {"assistant", "A"}, {"user", "V"}};
    QCOMPARE(builtinTemplateNames(), "chatml, llama2, llama3, alpaca");
    QCOMPARE(builtinTemplates().size(), expected.size());
    for (const BuiltinTemplate& entry : builtinTemplates()) {
        const ChatTemplate chat(entry.source, "<s>", "</s>");
        QCOMPARE(chat.render(messages, true), expected.at(entry.id));
        const RenderedChat parts = renderChat(chat, messages);
        QCOMPARE(parts.contents.size(), size_t(4));
        const auto& answer = parts.contents[2];
        QVERIFY(answer.assistant);
        QCOMPARE(parts.text.substr(answer.begin, answer.end - answer.begin), "A");
        QCOMPARE(findBuiltinTemplate(entry.id), &entry);
    }
    // Without a system message a prompt is what training on instructions makes of it.
    const ChatTemplate alpaca(findBuiltinTemplate("alpaca")->source, "<s>", "</s>");
    QCOMPARE(alpaca.render({{"user", "Add 2 and 2."}}, true), alpacaPrompt("Add 2 and 2.", ""));
    QCOMPARE(findBuiltinTemplate("nosuch"), nullptr);
}

void TestChatRequest::refusesConversations_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("pattern");
    QTest::newRow("no JSON") << QByteArray("[{]") << int(Code::format) << "line 1:3";
    QTest::newRow("a number") << QByteArray("3") << int(Code::data) << "a JSON number";
    QTest::newRow("an object without messages") << QByteArray("{\"role\": \"user\"}") << int(Code::data) << "a JSON object";
    QTest::newRow("a text") << QByteArray("[\"hi\"]") << int(Code::data) << "message 1: a JSON string";
    QTest::newRow("no role") << QByteArray("[{\"role\": \"user\"}, {\"content\": \"x\"}]") << int(Code::data) << "message 2: no role";
    QTest::newRow("too deep") << QByteArray(100, '[') + QByteArray(100, ']') << int(Code::limit) << "deeper than 64";
}

void TestChatRequest::refusesConversations()
{
    QFETCH(QByteArray, json);
    QFETCH(int, code);
    QFETCH(QString, pattern);
    requireRejection([&] { (void)conversationOf(json.toStdString(), "chat.json"); }, Code(code), pattern);
}

QTEST_GUILESS_MAIN(TestChatRequest)
#include "tst_chat_request.moc"
