"""The light installation: everything but decoding works, and decoding says what it lacks."""

import subprocess
import sys

HIDE = "import sys; sys.modules.update(torch=None, transformers=None, numpy=None);"


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    start = f"{HIDE} from specdec_check.{program}.entry import main; main()"
    return subprocess.run([sys.executable, "-c", start, *words], capture_output=True, text=True, check=False)


def test_the_demo_pair_is_certified() -> None:
    done = run("compat", "demo:target", "demo:drafter")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("CERTIFIED for bundled: demo:target × demo:drafter: identical")


def test_the_stranger_is_refused_although_it_is_as_wide() -> None:
    done = run("compat", "demo:target", "demo:stranger")

    assert done.returncode == 1
    assert "SD102 equal-width-hides-other-tokens" in done.stdout


def test_decoding_says_what_it_lacks() -> None:
    done = run("decode", "demo:target", "demo:drafter", "--prompt", "x")

    assert done.returncode == 2
    assert done.stderr == (
        "error: Decoding needs torch and transformers, which the light installation leaves out: in a"
        ' checkout of specdec-check, run `python -m pip install ".[decode]"`.\n'
    )


def test_help_needs_neither() -> None:
    assert run("decode", "--help").returncode == 0
