"""Every way out has the exit status that it means; 1 means refused and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hub import faults
from hub.server import LoopbackHub
from making import OTHER_CORPUS, Made, make_model
from running import PROGRAM, CommandLine, wait_until

Pair = tuple[Path, Path]


@pytest.fixture
def folders(tmp_path: Path) -> Pair:
    """A pair in folders that is refused, so that a verdict would exit with 1."""
    stranger = make_model(tmp_path / "stranger", corpus=OTHER_CORPUS)
    return make_model(tmp_path / "target").folder, stranger.folder


@pytest.mark.parametrize("words", [("--help",), ("check", "--help"), ("verify", "-h"), ("--version",)])
def test_help_is_no_error(specdec_check: CommandLine, words: tuple[str, ...]) -> None:
    run = specdec_check(*words)

    assert (run.status, run.stderr) == (0, "")
    if words in ((), ("--help",)):
        assert "Examples:\n    specdec-check Qwen/Qwen2.5-7B-Instruct Qwen/Qwen2.5-0.5B-Instruct" in run.stdout
        assert "Exit status: 0 certified, 1 refused, 2 undecided or an error, 130 interrupted." in run.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("org/target",), "Missing argument 'DRAFTER'. See `specdec-check check --help`."),
        (("a", "b", "c"), "unexpected extra argument (c)"),
        (("a", "b", "--nonsense"), "No such option '--nonsense'"),
        (("a", "b", "--timeout", "0"), "'--timeout'"),
        (("a", "b", "--format", "xml"), "'--format'"),
        (("verify",), "Missing argument 'FILE'"),
        (("verify", "missing.json"), "missing.json"),
        (("rule", "SD999"), "there is no rule 'SD999'"),
        (("--strict", "a"), "Missing argument 'DRAFTER'"),
        (("", "b"), "'' does not name a model"),
        (("a\nb", "b/c/d"), "'a b' does not name a model"),
        (("a\nb", "b/c/d"), "'b/c/d' does not name a model"),
    ],
)
def test_a_command_line_that_cannot_be_understood(specdec_check, words, said):
    run = specdec_check(*words)

    assert (run.status, run.stdout) == (2, "")
    assert any(said in error for error in run.errors)


def test_a_usage_error_is_an_object_where_one_was_asked_for(specdec_check):
    run = specdec_check("a", "--format", "json")

    assert run.json["error"]["kind"] == "usage"
    assert run.json["verdict"] == "undecided"
    assert run.error.startswith("Missing argument 'DRAFTER'.")


def test_a_first_word_that_is_a_command_is_the_command(specdec_check, tmp_path):
    make_model(specdec_check.folder / "verify")

    assert "Missing argument 'FILE'" in specdec_check("verify").error
    assert specdec_check("./verify", "./verify").status == 0


@pytest.mark.parametrize("module", ["click", "rich", "specdec_check.compat.cli", "concurrent.futures"])
def test_a_broken_installation(specdec_check, folders, module):
    broken = f"import sys; sys.modules[{module!r}] = None; "

    run = specdec_check(*folders, program=broken + PROGRAM)

    assert "specdec-check is not installed as it should be" in run.error
    assert module in run.error


def test_a_broken_client_matters_for_the_hub_alone(specdec_check, folders):
    broken = "import sys; sys.modules['huggingface_hub'] = None; " + PROGRAM

    assert specdec_check(*folders, program=broken).status == 1
    assert "huggingface_hub" in specdec_check("org/target", folders[0], program=broken).error


@pytest.mark.parametrize(
    "error", ["ValueError('odd \\x1b[31m')", "MemoryError()", "SystemError('x')", "RecursionError"]
)
def test_an_error_that_nobody_thought_of(specdec_check, folders, error):
    faulty = f"""
import specdec_check.compat.cli as cli
def check(*_): raise {error}
cli.check = check
"""
    run = specdec_check(*folders, "--format", "json", program=faulty + PROGRAM)

    assert run.error.startswith("specdec-check met an error of its own (")
    assert "SPECDEC_DEBUG=1" in run.error
    assert run.json["error"]["kind"] == "internal"
    assert "\x1b" not in run.stderr


def test_its_traceback_can_be_had(specdec_check, folders):
    faulty = "import specdec_check.compat.cli as cli; cli.check = None; "
    process = specdec_check.start(*folders, program=faulty + PROGRAM, SPECDEC_DEBUG="1")

    assert "Traceback (most recent call last)" in process.communicate()[1]
    assert process.returncode == 2


def _closed_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("words", [(), ("--help",)])
def test_a_pipe_that_nobody_reads(specdec_check, folders, form, words):
    pipe = _closed_pipe()

    run = specdec_check(*folders, "--format", form, *words, stdout=pipe)
    os.close(pipe)

    assert (run.status, run.stderr) == (2, "")


def test_an_error_into_a_pipe_that_nobody_reads(specdec_check, tmp_path):
    pipe = _closed_pipe()

    run = specdec_check("a b", "c", "--format", "json", stdout=pipe)
    os.close(pipe)

    assert "does not name a model" in run.errors[0]
    assert run.status == 2


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_output_that_is_full(specdec_check, folders, form):
    with Path("/dev/full").open("w") as full:
        run = specdec_check(*folders, "--format", form, stdout=full)

    assert "No space left on device" in run.error


def test_what_is_printed_and_not_yet_written_counts(specdec_check):
    program = (
        "import click; from specdec_check.compat.exit import run;"
        "run(lambda: (click.Command('x', callback=lambda: print('certified')), str), 'x')"
    )
    pipe = _closed_pipe()

    assert specdec_check.python(program).stdout == "certified\n"
    assert specdec_check.python(program, stdout=pipe).status == 2
    with Path("/dev/full").open("w") as full:
        assert specdec_check.python(program, stdout=full).status == 2
    os.close(pipe)


def test_an_output_that_is_closed(specdec_check, folders):
    assert specdec_check(*folders, script='exec "$@" >&-').status == 1
    assert specdec_check("a b", "c", script='exec "$@" >&- 2>&-').status == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_knows_few_letters(specdec_check, folders, encoding):
    run = specdec_check(*folders, PYTHONIOENCODING=encoding)

    assert (run.status, run.stderr) == (1, "")
    assert run.stdout.startswith("REFUSED")


def test_words_that_are_no_text(specdec_check):
    run = specdec_check(os.fsdecode(b"\xff/model"), "\u202egpt2")

    assert run.status == 2
    assert run.errors == [
        "'\\udcff/model' does not name a model: write org/name, org/name@revision, the path of a folder (./folder), or"
        " demo:target.",
        "'\\u202egpt2' does not name a model: write org/name, org/name@revision, the path of a folder (./folder), or"
        " demo:target.",
    ]


@pytest.mark.parametrize("place", ["/api/*", "*/resolve/*"])
def test_an_interrupt_ends_it_at_once(
    specdec_check: CommandLine, hub: LoopbackHub, pair: tuple[Made, Made], place: str
) -> None:
    hub.break_with(faults.slow(60), place)
    process = specdec_check.start("org/target", "org/drafter")
    wait_until(lambda: bool(hub.requests(place)))

    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=3) == ("", "\nInterrupted.\n")
    assert process.returncode == 130


def test_a_program_that_has_ended_leaves_nothing_waiting(
    specdec_check: CommandLine, hub: LoopbackHub, pair: tuple[Made, Made], publish: Callable[..., Made]
) -> None:
    publish("org/other", files={"added_tokens.json": "["})
    hub.break_with(faults.slow(60), "org/other/*/model.safetensors")

    run = specdec_check("org/target", "org/other", "--timeout", 2, within=30)

    assert run.status == 2
    assert run.seconds < 10


@pytest.mark.parametrize("shell", ["specdec_check {} {} | head -c 1 >/dev/null", "specdec_check {} {} 2>&1 | true"])
def test_in_a_shell(specdec_check, folders, shell):
    script = f'set -o pipefail; specdec_check() {{ {os.sys.executable} -c "{PROGRAM}" "$@"; }}; '
    command = script + shell.format(*folders) + "; echo ${PIPESTATUS[0]}"
    environment = specdec_check.hub.environment(specdec_check.home) | {"PYTHONUNBUFFERED": ""}

    ended = subprocess.run(["/bin/bash", "-c", command], env=environment, capture_output=True, text=True, check=False)

    # Either the answer went into the pipe before its reader left, or it did not arrive.
    assert ended.stdout.strip() in ("1", "2")
    assert ended.stderr == ""
