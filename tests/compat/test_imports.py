"""The check stays light: no torch, no transformers, no numpy, and the Hub's client only for a model on the Hub."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import make_model
from running import PROGRAM, CommandLine

import specdec_check.compat

HEAVY = {"torch", "transformers", "numpy", "safetensors", "pandas", "accelerate"}
# Whoever adds to these makes every start of the program slower, and should mean it.
LIGHT = {
    "specdec_check",
    "click",
    "rich",
    "markdown_it",
    "mdurl",
    "pygments",
    "attr",
    "attrs",
    "tokenizers",
    "typing_extensions",
}
LOADED = """
import atexit, sys
atexit.register(lambda: print("loaded:", *{name.split(".")[0] for name in sys.modules}, file=sys.stderr))
"""
SOURCES = Path(specdec_check.compat.__file__).parent


def loaded(specdec_check: CommandLine, program: str, *words: object) -> set[str]:
    """Top-level modules that a program has loaded when it ends, without the standard library's."""
    run = specdec_check.python(LOADED + program, *words)
    assert run.status == 0, run
    names = {name for line in run.stderr.splitlines() if line.startswith("loaded: ") for name in line.split()[1:]}
    return {name for name in names - sys.stdlib_module_names if not name.startswith(("_", "sitecustomize"))}


def test_the_package_alone(specdec_check):
    assert loaded(specdec_check, "import specdec_check.compat") == {"specdec_check"}


def test_its_names_are_there_when_they_are_used(specdec_check):
    program = "from specdec_check.compat import Access, CheckError, Policy, Report, Verdict, check"

    assert loaded(specdec_check, program) <= LIGHT


def test_help(specdec_check):
    assert loaded(specdec_check, PROGRAM, "--help") <= LIGHT


def test_a_whole_check_of_two_folders(specdec_check, tmp_path):
    folders = [make_model(tmp_path / name).folder for name in ("target", "drafter")]

    assert loaded(specdec_check, PROGRAM, *folders, "--certificate", tmp_path / "pair.json") <= LIGHT
    assert loaded(specdec_check, PROGRAM, "verify", tmp_path / "pair.json") <= LIGHT


def test_a_whole_check_of_two_models_on_the_hub(specdec_check, pair):
    found = loaded(specdec_check, PROGRAM, "org/target", "org/drafter")

    assert "huggingface_hub" in found
    assert not found & HEAVY


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("file", sorted(SOURCES.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCES)))
def test_arrows_point_one_way(file):
    found = {name.split(".")[0] if not name.startswith(".") else name for name in imports(file)}

    assert not found & HEAVY
    assert not any("decode" in name for name in found)
    if file.name not in ("hub.py", "hub_asking.py", "hub_errors.py"):
        assert "huggingface_hub" not in found
    if file.name not in ("cli.py", "command_group.py", "console.py", "exit.py"):
        assert not {"click", "rich"} & found or file.parent.name == "report"
