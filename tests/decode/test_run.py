"""`specdec-run` as a user runs it, and that it loads what was certified and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from click.testing import CliRunner, Result
from hub.server import LoopbackHub
from making import respell_token
from transformers import AutoModelForCausalLM, AutoTokenizer

import specdec_check.decode
from specdec_check.compat import certificate as certificates
from specdec_check.compat.pipeline import check
from specdec_check.decode import demo
from specdec_check.decode.cli import cli

DEMO = Path(specdec_check.decode.__file__).parent / "demo"


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The demo pair as somebody's own folders, to be changed."""
    for side in ("target", "drafter"):
        shutil.copytree(DEMO / side, tmp_path / side)
    return tmp_path / "target", tmp_path / "drafter"


@pytest.fixture
def certificate(folders: tuple[Path, Path], tmp_path: Path) -> Path:
    file = tmp_path / "pair.json"
    file.write_bytes(certificates.dump(certificates.issue(check(*map(str, folders)))))
    return file


def test_the_demo_pair_decodes_as_its_target_alone_and_drafts_are_worth_it() -> None:
    """Greedy in float32, token for token what transformers' own `generate` gives, on every held-out prompt."""
    done = run("demo:target", "demo:drafter", "--json", "--max-new-tokens", 48)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)

    assert found["alpha"] >= 0.5
    assert found["dtype"] == "float32" or found["devices"]["target"] != "cpu"
    model = AutoModelForCausalLM.from_pretrained(DEMO / "target", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(DEMO / "target")
    assert [one["prompt"] for one in found["runs"]] == demo.prompts()
    for one in found["runs"]:
        ids = tokenizer(one["prompt"], return_tensors="pt")
        out = model.generate(**ids, do_sample=False, max_new_tokens=48, pad_token_id=0)
        assert one["ids"] == out[0, ids["input_ids"].shape[1] :].tolist()


def test_one_prompt_is_one_object() -> None:
    done = run("demo:target", "demo:drafter", "--prompt", "def parse(", "--json", "--temperature", 1, "--seed", 7)
    found = json.loads(done.stdout)

    assert {"text", "ids", "alpha", "tokens_per_round", "acceptance_by_position", "seconds", "versions", "devices"} <= (
        found.keys()
    )
    assert found["seed"] == 7
    again = run("demo:target", "demo:drafter", "--prompt", "def parse(", "--json", "--temperature", 1, "--seed", 7)
    assert json.loads(again.stdout)["ids"] == found["ids"]


def test_text_streams_after_the_prompt_and_numbers_go_to_standard_error() -> None:
    done = run("demo:target", "demo:drafter", "--prompt", "def parse(", "--max-new-tokens", 16)

    assert done.stdout.startswith("def parse(")
    assert "α" in done.stderr
    assert "α" not in done.stdout


def test_shown_drafts_spell_the_same_text() -> None:
    """Without the rejected drafts and the marks, what is shown is what is decoded."""
    import re

    plain = run("demo:target", "demo:drafter", "--prompt", "import", "--max-new-tokens", 32).stdout
    shown = run("demo:target", "demo:drafter", "--prompt", "import", "--max-new-tokens", 32, "--show-drafts").stdout

    assert "{+" in shown
    kept = re.sub(r"\[-.*?-\]", "", shown, flags=re.DOTALL)
    assert re.sub(r"\{\+(.*?)\+\}", r"\1", kept, flags=re.DOTALL) == plain


def test_a_stop_string_ends_the_text() -> None:
    whole = json.loads(run("demo:target", "demo:drafter", "--prompt", "import", "--json").stdout)["text"]
    stop = whole[5:8]
    found = json.loads(run("demo:target", "demo:drafter", "--prompt", "import", "--json", "--stop", stop).stdout)

    assert found["text"] == whole[: whole.index(stop)]
    assert found["finish"] == "stop"


def test_the_default_command_can_be_named() -> None:
    words = ("demo:target", "demo:drafter", "--prompt", "import", "--json", "--seed", 1)
    assert json.loads(run("decode", *words).stdout)["ids"] == json.loads(run(*words).stdout)["ids"]


def test_gammas_are_reported_and_repeat_the_rounds() -> None:
    found = json.loads(run("demo:target", "demo:drafter", "--prompt", "import", "--json", "--gamma", 3).stdout)

    assert found["gammas"] == [drafted for drafted, _ in found["history"]]
    assert max(found["gammas"]) == 3
    assert sum(accepted for _, accepted in found["history"]) == found["accepted"]
    assert sum(found["seconds"][phase] for phase in ("prefill", "draft", "verify", "host")) == pytest.approx(
        found["seconds"]["total"]
    )


def test_the_schedule_may_choose_and_changes_no_text() -> None:
    """`auto` is the default."""
    words = ("demo:target", "demo:drafter", "--prompt", "import", "--json")
    texts = [json.loads(run(*words, *gamma).stdout)["ids"] for gamma in ((), ("--gamma", "auto"), ("--gamma", 0))]
    assert texts[0] == texts[1] == texts[2]


def test_every_option_reaches_the_run() -> None:
    from specdec_check.decode.console import decoding_options
    from specdec_check.decode.options import Options, Sampling

    caught = []
    command = click.command()(decoding_options(most=9)(lambda options: caught.append(options)))
    words = (
        "--gamma 3 --temperature .7 --top-k 5 --top-p .9 --min-p .1 --repetition-penalty 1.2 --seed 4 --stop x --stop y"
    )
    CliRunner().invoke(command, [*words.split(), "--block", "--confidence", ".3"], catch_exceptions=False)
    CliRunner().invoke(command, [], catch_exceptions=False)

    sampling = Sampling(0.7, 5, 0.9, 0.1, 1.2)
    asked = Options(9, 3, sampling, seed=4, stop=("x", "y"), block=True, confidence=0.3)
    assert caught == [asked, Options(max_new_tokens=9)]


@pytest.mark.parametrize("pair", [("demo:target",), ("demo:target", "demo:drafter")])
def test_drafts_can_be_looked_up(pair: tuple[str, ...]) -> None:
    words = ("--prompt", "import os\nimport ", "--json", "--gamma", 4)
    found = json.loads(run(*pair, *words, "--drafts", "lookup").stdout)

    assert found["ids"] == json.loads(run("demo:target", "demo:drafter", *words).stdout)["ids"]
    assert (found["drafter"], found["drafter_forwards"]) == (None, 0)
    assert found["accepted"] > 0


def test_what_a_model_emits_cannot_reach_the_terminal() -> None:
    import io

    from rich.console import Console

    from specdec_check.decode.results import Round
    from specdec_check.decode.show import RoundPrinter

    out = io.StringIO()
    tokenizer = AutoTokenizer.from_pretrained(DEMO / "target")
    printer = RoundPrinter(Console(file=out, markup=False), tokenizer, show_drafts=True)
    printer.prompt("\x1b[2J")
    printer.show(Round(1, tuple(tokenizer("\x1b")["input_ids"]), 0, 5, ("\x1b]0;title\x07",), None))

    assert "\x1b" not in out.getvalue()
    assert "\x07" not in out.getvalue()


def test_standard_input_that_is_no_text_is_a_sentence() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from specdec_check.decode.entry import main; main()",
            "chat",
            "demo:target",
            "demo:drafter",
        ],
        input=b"\xff\xfe\n",
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 2
    assert b"not UTF-8 text" in done.stderr
    assert b"Traceback" not in done.stderr


def started(*words: str, **given: Any) -> "subprocess.CompletedProcess[str]":
    """In a process of its own, which has a standard input."""
    code = "from specdec_check.decode.entry import main; main()"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, **given)


def test_the_demo_pair_reads_what_is_piped_and_waits_for_nothing() -> None:
    words = ("demo:target", "demo:drafter", "--max-new-tokens", "2", "--json")
    assert json.loads(started(*words, input="class Foo:").stdout)["prompt"] == "class Foo:"
    assert len(json.loads(started(*words, stdin=subprocess.DEVNULL).stdout)["runs"]) > 1
    silent, held = os.pipe()  # open, and nothing comes
    try:
        assert len(json.loads(started(*words, stdin=silent, timeout=120).stdout)["runs"]) > 1
    finally:
        os.close(silent)
        os.close(held)


def test_every_prompt_that_is_given_is_decoded() -> None:
    done = run("demo:target", "demo:drafter", "--prompt", "def f(", "--prompt", "class A:", "--max-new-tokens", 4)
    first, second = done.stdout.split("\n\n", 1)
    assert first.startswith("def f(")
    assert second.startswith("class A:")


def test_a_prompt_that_is_too_long_is_refused_before_anything_is_printed() -> None:
    done = started("demo:target", "demo:drafter", "--prompt", "import os\n" * 600)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: The prompt has ")
    assert done.stderr.count("\n") == 1


def test_a_context_that_is_full_is_said() -> None:
    words = ("demo:target", "demo:drafter", "--prompt", "def f(", "--gamma", 4)
    assert "context is full" in run(*words, "--max-new-tokens", 10_000).stderr
    assert "context is full" not in run(*words, "--max-new-tokens", 8).stderr


def test_options_that_change_nothing_are_said_and_a_seed_only_where_something_is_drawn() -> None:
    words = ("demo:target", "demo:drafter", "--prompt", "def f(", "--max-new-tokens", 8, "--gamma", 2)
    greedy = run(*words, "--top-p", 0.5, "--seed", 3, "--block").stderr
    assert "greedy without --temperature, so this changes nothing: --top-p, --seed, --block." in greedy
    assert "(seed" not in greedy
    drawn = run(*words, "--top-p", 0.5, "--seed", 3, "--temperature", 1).stderr
    assert "changes nothing" not in drawn
    assert "(seed 3)" in drawn


def test_help_lists_the_commands_without_importing_torch() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom specdec_check.decode.cli import cli\n"
        "done = CliRunner().invoke(cli, ['--help'])\nprint(done.output)\n"
        "assert not {'torch', 'transformers', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert all(f"\n  {name} " in done.stdout for name in ("bench", "chat", "decode"))


def test_a_stranger_is_refused_without_being_loaded() -> None:
    done = run("demo:target", "demo:stranger", "--prompt", "x")

    assert done.exit_code == 1
    assert "REFUSED for bundled: demo:target × demo:stranger" in done.stderr


def test_a_certificate_runs_while_it_holds(certificate: Path, folders: tuple[Path, Path]) -> None:
    assert run("--certificate", certificate, "--prompt", "x", "--max-new-tokens", 2).exit_code == 0

    respell_token(folders[1], 1000, "zzz")
    done = run("--certificate", certificate, "--prompt", "x", "--max-new-tokens", 2)

    assert done.exit_code == 1
    assert "The drafter's vocabulary is not what was certified." in done.stderr


def test_weights_of_another_width_do_not_decode(certificate: Path, folders: tuple[Path, Path]) -> None:
    """The header is certified, so widths that do not fit it are drift, before anything is loaded."""
    model = AutoModelForCausalLM.from_pretrained(folders[1])
    model.resize_token_embeddings(2112)
    model.save_pretrained(folders[1])

    done = run("--certificate", certificate, "--prompt", "x")

    assert done.exit_code == 1
    assert "The drafter's declared vocabulary size is not what was certified." in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Give two models"),
        (("demo:target",), "Give two models"),
        (("demo:target", "demo:drafter", "--certificate", "x.json", "--prompt", "x"), "either --certificate or"),
        (("demo:target", "demo:drafter", "--prompt", "x", "--temperature", "-1"), "temperature"),
        (("demo:target", "demo:drafter", "--prompt", "x", "--device", "abacus"), "abacus"),
        (("demo:target", "demo:drafter", "--prompt", "x", "--gamma", "-1"), "neither a number of drafts"),
        (("demo:target", "demo:drafter", "--prompt", "x", "--confidence", "2"), "confidence"),
        (("chat", "demo:target"), "Give two models"),
        (("chat", "demo:target", "demo:drafter", "--json"), "--json"),
        (("demo:target", "demo:nobody", "--prompt", "x"), "none of the models that ship inside"),
        (("--certificate", "nowhere.json", "--prompt", "x"), "nowhere.json cannot be read"),
    ],
)
def test_bad_input_is_a_sentence_and_status_2(words: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from specdec_check.decode.entry import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_pair_runs_at_its_certified_commit_also_when_main_moved_and_the_hub_is_gone(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    def process(program: str, *words: object) -> subprocess.CompletedProcess[str]:
        start = f"from specdec_check.{program}.entry import main; main()"
        return subprocess.run(
            [sys.executable, "-c", start, *map(str, words)],
            env=hub.environment(tmp_path / "home"),
            capture_output=True,
            text=True,
            check=False,
        )

    file, decode = tmp_path / "hub.json", ("--prompt", "def f(", "--max-new-tokens", 4, "--json")
    with LoopbackHub() as hub:
        certified = hub.add("org/target", folders[0])
        hub.add("org/drafter", folders[1])
        assert process("compat", "org/target", "org/drafter", "--certificate", file).returncode == 0
        first = process("decode", "--certificate", file, *decode)
        assert first.returncode == 0, first.stderr

        respell_token(folders[1], 1000, "zzz")
        hub.add("org/drafter", folders[1])
        moved = process("decode", "--certificate", file, *decode)
        drifted = process("compat", "verify", file)
        hub.stop()
        gone = process("decode", "--certificate", file, *decode)

    assert json.loads(first.stdout)["ids"] == json.loads(moved.stdout)["ids"] == json.loads(gone.stdout)["ids"]
    assert certified in file.read_text()
    assert drifted.returncode == 1, "while `verify` looks at what `main` has become"
