"""What encoding puts around a text, and the chat templates, of real models: as the models' own loaders have them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from shared.models import FOLDER, distinct_tokenizers, models_with, read

from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_tokens import Framing, Template
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access
from specdec_check.compat.pipeline import read as read_models
from specdec_check.compat.ref import parse
from specdec_check.compat.template_text import take_apart

pytestmark = pytest.mark.shared

_LINE = re.compile(r"- \*\*(\S+?)\*? × (\S+?)\*\*.*auto-added prefix of encode\('x'\): (\[.*?\]) / (\[.*?\])")


def facts(folder: Path) -> Fingerprint:
    reference = parse(str(folder))
    return fingerprint(read_models(reference, reference, Access())[0])


def framing(folder: Path) -> Framing:
    found = facts(folder).framing
    assert isinstance(found, Framing)
    return found


@pytest.mark.parametrize("model", distinct_tokenizers())
def test_framing_is_the_loader_s(model: str, models: Path) -> None:
    transformers = pytest.importorskip("transformers")
    transformers.logging.set_verbosity_error()
    loaded = transformers.AutoTokenizer.from_pretrained(models / model, local_files_only=True)
    whole, bare = loaded("x").input_ids, loaded("x", add_special_tokens=False).input_ids

    found = framing(models / model)

    assert [*found.prefix, *bare, *found.suffix] == whole


def prefixes() -> dict[str, Any]:
    """Model → the ids that another script saw before a text; of pairs in which they differ alone."""
    lines = (FOLDER / "PAIRS.md").read_text(encoding="utf-8").splitlines() if FOLDER else []
    told: dict[str, Any] = {}
    for target, drafter, ours, theirs in filter(None, (_told(line) for line in lines)):
        told |= {target: json.loads(ours), drafter: json.loads(theirs)}
    # Such as T5's, which puts a space before a text that no encoding leaves out: that is no framing.
    return {model: ids for model, ids in told.items() if model in models_with("tokenizer.json") and len(ids) < 2}


def _told(line: str) -> tuple[str | Any, ...] | None:
    found = _LINE.match(line)
    return found.groups() if found else None


@pytest.mark.parametrize("model", sorted(prefixes()))
def test_framing_is_that_of_the_table(model: str, models: Path) -> None:
    assert list(framing(models / model).prefix) == prefixes()[model]


def test_the_table_is_read() -> None:
    assert len(prefixes()) >= 8


def with_template() -> list[str]:
    """The models that have a chat template."""
    return [model for model in models_with("tokenizer_config.json") if b'"chat_template"' in _config(model)]


def _config(model: str) -> bytes:
    return read(model, "tokenizer_config.json")


@pytest.mark.parametrize("model", with_template())
def test_a_template_is_taken_apart_as_jinja_does(model: str) -> None:
    """What lies between the tags, less the whitespace that does not count."""
    jinja = pytest.importorskip("jinja2")
    source = json.loads(_config(model))["chat_template"]
    environment = jinja.Environment(trim_blocks=True, lstrip_blocks=True)
    theirs = [value for _, kind, value in environment.lexer.tokeniter(source, model) if kind == "data" and value]

    assert [text for kind, text in json.loads(take_apart(source).normal) if not kind] == theirs
    assert take_apart(re.sub(r"(\{%-?)", r"\1\n ", source)).normal == take_apart(source).normal


CONTROLS = {
    "meta-llama/Llama-3.1-8B-Instruct": (128000, 128006, 128007, 128009),
    "Qwen/Qwen2.5-0.5B-Instruct": (151644, 151645, 151657, 151658),
    "Qwen/Qwen3-32B": (151644, 151645, 151657, 151658, 151665, 151666, 151667, 151668),
    "microsoft/Phi-3-mini-4k-instruct": (32000, 32001, 32006, 32007, 32010),
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": (2,),  # <|user|> is plain text to it
    "google/gemma-3-1b-it": (2, 105, 106, 255999),
    "ibm-granite/granite-3b-code-instruct-128k": (),
}


@pytest.mark.parametrize("model", CONTROLS)
def test_control_tokens_of_real_templates(model: str, models: Path) -> None:
    found = facts(models / model).template

    assert isinstance(found, Template)
    assert tuple(control.id for control in found.controls) == CONTROLS[model]


def test_thinking_of_real_templates(models: Path) -> None:
    found = {
        name: facts(models / name).template
        for name in ("Qwen/Qwen3-32B", "Qwen/Qwen2.5-0.5B-Instruct", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")
    }

    assert [template.thinking for template in found.values() if isinstance(template, Template)] == [
        ("enable_thinking (on by default)", "<think>", "</think>"),
        (),
        ("</think>",),
    ]


def test_a_base_model_has_no_template(models: Path) -> None:
    assert facts(models / "HuggingFaceTB" / "SmolLM2-135M").template is None
