"""A conversation: what was said stands in the next prompt, in the form that the template gives it."""

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from specdec_check.decode import Options, load
from specdec_check.decode.chat import Conversation
from specdec_check.decode.cli import cli
from specdec_check.decode.errors import DecodeError

TEMPLATE = (
    "{% for one in messages %}<{{ one.role }}>{{ one.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(scope="module")
def decoder():
    return load(("demo:target", "demo:drafter"), device="cpu")


class Scripted:
    """Stands in for a session: remembers prompts and answers with what it was given."""

    def __init__(self, answers, template=TEMPLATE):
        self.tokenizer = SimpleNamespace(chat_template=template)
        self.prompts, self._answers = [], list(answers)

    def generate(self, prompt, _options, *, reuse, **_):
        """The next answer."""
        assert reuse, "the next turn begins with the text of this one"
        self.prompts.append(prompt)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(text=answer)


def said(*turns):
    return [{"role": role, "content": content} for role, content in turns]


def test_every_turn_holds_the_ones_before_it():
    session = Scripted(["A", "B"])
    conversation = Conversation(session, Options(), system="S")
    conversation.answer("a")
    conversation.answer("b")
    assert session.prompts == [
        said(("system", "S"), ("user", "a")),
        said(("system", "S"), ("user", "a"), ("assistant", "A"), ("user", "b")),
    ]


def test_a_reset_keeps_the_system_message_alone():
    session = Scripted(["A", "B"])
    conversation = Conversation(session, Options(), system="S")
    conversation.answer("a")
    conversation.reset()
    conversation.answer("b")
    assert session.prompts[1] == said(("system", "S"), ("user", "b"))


def test_a_turn_that_failed_was_not_said():
    session = Scripted([DecodeError("Too long."), "B"])
    conversation = Conversation(session, Options())
    with pytest.raises(DecodeError):
        conversation.answer("a")
    conversation.answer("b")
    assert session.prompts[1] == said(("user", "b"))


def test_without_a_template_turns_are_lines_of_text():
    session = Scripted(["A", "B"], template=None)
    conversation = Conversation(session, Options(), system="S")
    assert not conversation.templated
    conversation.answer("a")
    conversation.answer("b")
    assert session.prompts == ["S\na\n", "S\na\nA\nb\n"]


@pytest.mark.parametrize("template", [TEMPLATE, None])
def test_kept_caches_change_no_answer(decoder, monkeypatch, template):
    """Each answer is that to the whole prompt, read anew."""
    monkeypatch.setattr(decoder.tokenizer, "chat_template", template)
    options = Options(max_new_tokens=12, gamma=3)
    conversation = Conversation(decoder, options)
    found = [conversation.answer(line).ids for line in ("def f(", "x = 1", "class")]

    messages, fresh = [], []
    for line in ("def f(", "x = 1", "class"):
        messages += said(("user", line))
        prompt = messages if template else "".join(f"{one['content']}\n" for one in messages)
        answer = decoder.generate(prompt, options)
        fresh.append(answer.ids)
        messages += said(("assistant", answer.text))
    assert found == fresh


def chat(lines, *words):
    words = ["chat", "demo:target", "demo:drafter", "--max-new-tokens", "8", *words]
    return CliRunner().invoke(cli, words, input=lines)


def test_lines_come_through_a_pipe_and_answers_go_to_standard_output(decoder):
    done = chat("def f(\n\nx = 1\n")
    first = decoder.generate("def f(\n", Options(max_new_tokens=8)).text
    second = decoder.generate(f"def f(\n{first}\nx = 1\n", Options(max_new_tokens=8)).text
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{first}\n{second}\n"
    assert done.stderr.count("has no chat template") == 1
    assert "16 tokens" in done.stderr


def test_reset_begins_anew_and_exit_ends(decoder):
    done = chat("def f(\n/reset\ndef f(\n/exit\nx = 1\n")
    answer = decoder.generate("def f(\n", Options(max_new_tokens=8)).text
    assert done.stdout == f"{answer}\n{answer}\n"


def test_options_that_change_nothing_are_said():
    done = CliRunner().invoke(cli, ["chat", "demo:target", "demo:drafter", "--top-k", "5"], input="/exit\n")
    assert done.exit_code == 0
    assert "so this changes nothing: --top-k." in done.stderr


def test_drafts_can_be_shown():
    assert "{+" in chat("def f(\n", "--show-drafts").stdout


def test_nothing_said_is_nothing_done():
    done = chat("")
    assert (done.exit_code, done.stdout) == (0, "")


def test_a_turn_that_cannot_be_answered_ends_a_pipe_with_a_sentence():
    done = chat("def f(\n" * 3 + "x " * 4000 + "\n")
    assert isinstance(done.exception, DecodeError)
    assert "shorten it" in done.exception.message


def test_a_person_is_told_of_it_and_goes_on(monkeypatch):
    from specdec_check.decode import standard_input

    lines = iter(["x " * 4000, "def f("])
    monkeypatch.setattr(standard_input, "lines", lambda: lines)
    monkeypatch.setattr(standard_input, "watched", lambda: True)
    done = chat("")
    assert done.exit_code == 0, done.output
    assert "/reset begins anew" in done.stderr
    assert "8 tokens" in done.stderr


def test_a_stranger_does_not_get_to_speak():
    done = CliRunner().invoke(cli, ["chat", "demo:target", "demo:stranger"], input="x\n")
    assert done.exit_code == 1
    assert "REFUSED" in done.stderr
