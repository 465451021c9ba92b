"""`specdec-run` as a user runs it, and that it loads what was certified and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

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
