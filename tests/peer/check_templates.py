# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The Rankwright authors
"""Renders real chat templates with `rankwright-cli template` and with jinja2 as transformers sets it up, and compares the texts.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install jinja2==3.1.6 transformers==5.23
    pip download --no-deps --no-binary :all: llama-cpp-python==0.3.36 && tar xzf llama_cpp_python-0.3.36.tar.gz
    /tmp/oracle/bin/python tests/peer/check_templates.py CLI llama_cpp_python-0.3.36/vendor/llama.cpp/models/templates [--only NAME]

CLI is build/release/bin/rankwright-cli. Without transformers the same environment is built here. For each template and conversation the
outcome is `equal`, `refused` (by both), `ours refuses` (with line and column, jinja2 renders) or `DIFFERENT`; jinja2 refusing what we
render is a difference too. Ends with status 1 where anything differs, a refusal names no line and column, or fewer than 60 templates are
equal on all conversations.
"""

import argparse
import concurrent.futures
import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

DATE = datetime.datetime(2025, 3, 9, 7, 5, 2)
BOS, EOS = "<s>", "</s>"

TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "The weather in a city, in \"plain\" words",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Its name <b>"},
                                                    "days": {"type": "integer", "enum": [1, 3, 7]}},
                   "required": ["city"]}}}]

CONVERSATIONS = {
    "user": dict(messages=[{"role": "user", "content": "Why is the sky blue?"}]),
    "system and user": dict(messages=[{"role": "system", "content": "Be brief.\n"}, {"role": "user", "content": "  What is 2+2? "}]),
    "turns without a prompt": dict(prompt=False, messages=[
        {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello! What can I do?"},
        {"role": "user", "content": "Count to 3."}, {"role": "assistant", "content": "1, 2, 3."}]),
    "letters, code and markup": dict(messages=[
        {"role": "user", "content": "Ünïcode ß 日本語 😀 \u202eabc\u00a0 'single' \"double\" {{ braces }} {% tag %} <|im_end|> </s>"},
        {"role": "assistant", "content": "<think>\nlet me see\n</think>\n\n```cpp\nint main() {\n    return 0;\t// tab\n}\n```\n"},
        {"role": "user", "content": "\\frac{1}{2} & <b>bold</b> \r\n two lines\n\n\nthree\u2028four "}]),
    "long, with a system text": dict(messages=[{"role": "system", "content": "You are Ada. Answer in JSON: {\"a\": [1, 2.5, null]}"}] + [
        turn for i in range(6) for turn in (
            {"role": "user", "content": f"Question {i}: " + "word " * i},
            {"role": "assistant", "content": f"<think>step {i}</think>Answer {i}."})] + [{"role": "user", "content": "Done?"}]),
}
# Beyond the five: what chats of this program do not have, but templates know.
MORE = {
    "tools": dict(tools=TOOLS, messages=[{"role": "user", "content": "Weather in Oslo?"}]),
    "a tool called": dict(tools=TOOLS, messages=[
        {"role": "user", "content": "Weather in Oslo?"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {
            "name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}}]},
        {"role": "tool", "tool_call_id": "abcdefghi", "name": "get_weather", "content": "{\"sky\": \"grau\", \"c\": -1.5}"}]),
    "parts": dict(messages=[{"role": "user", "content": [{"type": "text", "text": "One. "}, {"type": "text", "text": "Two."}]}]),
    "no thinking": dict(variables={"enable_thinking": False}, messages=[{"role": "user", "content": "Quick!"}]),
}


class Generation(Extension):
    """{% generation %} marks the assistant's part for trainers; it prints what is in it."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    @jinja2.pass_eval_context
    def _inside(self, context, caller):
        return caller()


def environment():
    def refuse(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    return env


def compiler():
    try:
        from transformers.utils.chat_template_utils import _compile_jinja_template
        print("jinja2", jinja2.__version__, "through transformers")
        return _compile_jinja_template
    except ImportError:
        print("jinja2", jinja2.__version__)
        return environment().from_string


def theirs(template, case):
    return template.render(messages=case["messages"], tools=case.get("tools"), documents=None, bos_token=BOS, eos_token=EOS,
                           add_generation_prompt=case.get("prompt", True), strftime_now=DATE.strftime, **case.get("variables", {}))


def ours(cli, path, case, folder, name):
    def write(suffix, value):
        file = folder / (re.sub(r"\W", "_", path.stem + name) + suffix)
        file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        return str(file)

    command = [cli, "template", str(path), write(".json", case["messages"]), "--bos", BOS, "--eos", EOS, "--json", "--date",
               DATE.strftime("%Y-%m-%dT%H:%M:%S")]
    if not case.get("prompt", True):
        command.append("--no-generation-prompt")
    if "tools" in case:
        command += ["--tools", write(".tools.json", case["tools"])]
    if "variables" in case:
        command += ["--variables", json.dumps(case["variables"])]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode == 0:
        return json.loads(answer.stdout)["text"], None
    return None, answer.stderr.strip()


def judge(cli, compiled, path, name, case, folder):
    try:
        expected, reason = theirs(compiled, case), None
    except Exception as error:
        expected, reason = None, f"{type(error).__name__}: {error}"
    text, refusal = ours(cli, path, case, folder, name)
    if text is not None and text == expected:
        return "equal", ""
    if text is None and not re.search(r"line \d+:\d+", refusal):
        return "DIFFERENT", "a refusal without line and column: " + refusal
    if text is None:
        return ("refused" if expected is None else "ours refuses"), refusal + f"\n      jinja2: {reason}"
    if expected is None:
        return "DIFFERENT", f"jinja2 refuses ({reason}), we render {text[:200]!r}"
    at = next((i for i, (a, b) in enumerate(zip(text, expected)) if a != b), min(len(text), len(expected)))
    return "DIFFERENT", f"at {at}: ours {text[max(0, at - 40):at + 60]!r}\n      jinja2 {expected[max(0, at - 40):at + 60]!r}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cli")
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--only", default="")
    asked = arguments.parse_args()
    compile_template = compiler()
    paths = sorted(path for path in asked.folder.glob("*.jinja") if asked.only in path.name)
    totals, more, whole, bad = {}, {}, 0, 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path in paths:
            compiled = compile_template(path.read_text(encoding="utf-8"))
            cases = {**CONVERSATIONS, **MORE}
            found = dict(zip(cases, pool.map(
                lambda name: judge(asked.cli, compiled, path, name, cases[name], pathlib.Path(scratch)), cases)))
            for name, (outcome, detail) in found.items():
                count = totals if name in CONVERSATIONS else more
                count[outcome] = count.get(outcome, 0) + 1
                bad += outcome == "DIFFERENT"
                if outcome != "equal" or asked.only:
                    print(f"{path.name}, {name}: {outcome}\n      {detail}")
            fine = all(found[name][0] in ("equal", "refused") for name in CONVERSATIONS)
            whole += fine and any(found[name][0] == "equal" for name in CONVERSATIONS)
    print(f"{len(paths)} templates; the five conversations: {totals}; further ones: {more}")
    print(f"{whole} templates equal on all five (a conversation that both refuse counts as equal)")
    return 1 if bad or (whole < 60 and not asked.only) else 0


if __name__ == "__main__":
    sys.exit(main())
