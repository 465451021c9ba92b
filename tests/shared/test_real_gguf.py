"""Real GGUF files against the same models' tokenizer.json, in folders and from a Hub."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub.server import LoopbackHub
from running import CommandLine

from specdec_check.compat.evidence import Evidence, Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Kind, Rows, Weights
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.tokenizer.vocabulary import Vocabulary

pytestmark = pytest.mark.shared

SMOL = ("gguf/SmolLM2-135M-Instruct-GGUF", "HuggingFaceTB/SmolLM2-135M-Instruct")
R1 = ("gguf/DeepSeek-R1-Distill-Qwen-7B-GGUF", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")
GEMMA = ("gguf/gemma-3-270m-GGUF", "google/gemma-3-270m-it")


def facts(models: Path, name: str) -> Fingerprint:
    """A model's facts."""
    reference = parse(str(models / name))
    return fingerprint(read(reference, reference, Access())[0])


@pytest.mark.parametrize(
    ("pair", "merges", "rows"),
    [(SMOL, True, 49152), (R1, True, 152064), (GEMMA, False, 262144)],
    ids=lambda one: str(one),
)
def test_the_same_tokens_on_reachable_ids(pair: tuple[str, str], merges: bool, rows: int, models: Path) -> None:
    one, whole = (facts(models, name) for name in pair)

    assert isinstance(one.vocabulary, Vocabulary)
    assert isinstance(whole.vocabulary, Vocabulary)
    assert one.rows == whole.rows == Rows(rows, rows, Evidence.HEADER)
    assert one.vocabulary.tokens == whole.vocabulary.tokens[:rows]
    assert one.vocabulary.added == {number for number in whole.vocabulary.added if number < rows}
    assert one.merges == (whole.merges if merges else None)
    assert (one.template, one.template_ids) == (whole.template, whole.template_ids)
    assert one.context == whole.context


def test_what_the_files_say_beside_their_tokens(models: Path) -> None:
    smol, r1, gemma = (facts(models, name) for name, _ in (SMOL, R1, GEMMA))

    for found, name, quantization in ((smol, "llama", "Q4_1"), (r1, "qwen2", "Q4_K_M"), (gemma, "gemma3", "Q4_K_M")):
        assert not isinstance(found.architecture, Unknown)
        told = found.architecture
        assert (told.model_type, told.kind, told.stateful, told.quantization) == (
            name,
            Kind.CAUSAL,
            False,
            quantization,
        )
    assert (smol.declared, r1.declared, gemma.declared) == (49152, None, None)
    assert (smol.tied, r1.tied, gemma.tied) == (True, False, True)
    assert isinstance(smol.weights, Weights)
    # The whole file has as many bytes as its head and its tensors come to.
    assert smol.weights.size == 98_362_432 - 1_785_664
    assert smol.weights.parameters == 134_515_008


def test_from_a_hub_in_few_reads(hub: LoopbackHub, specdec_check: CommandLine) -> None:
    run = specdec_check(R1[0], GEMMA[0], "--engine", "llama.cpp", "--format", "json")

    assert (run.status, run.stderr, run.json["relation"]) == (1, "", "overlap")
    assert all(0 < len(hub.requests(f"{name}/*.gguf")) <= 4 for name, _ in (R1, GEMMA))
    hub.assert_only_headers_read()


def test_two_formats_of_one_model_are_one_in_llama_cpp(specdec_check: CommandLine) -> None:
    run = specdec_check(SMOL[0], SMOL[1], "--engine", "llama.cpp", "--format", "json")

    assert (run.status, run.json["relation"], run.json["comparison"]["same"]) == (0, "identical", 49152)
