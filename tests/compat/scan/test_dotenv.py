"""Files of environment variables."""

from __future__ import annotations

import pytest
from scan_saying import found_in_units, said

from specdec_check.compat.scan.kinds.dotenv import units
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.traced import Traced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LLAMA_ARG_HF_REPO=org/t\nLLAMA_ARG_HFD_REPO=org/d\n", ["llama.cpp: org/t <- org/d"]),
        ("export LLAMA_ARG_MODEL='t.gguf' # big\nLLAMA_ARG_MODEL_DRAFT=\"d.gguf\"\n", ["llama.cpp: t.gguf <- d.gguf"]),
        ("D=d.gguf\nLLAMA_ARG_MODEL=t.gguf\nLLAMA_ARG_SPEC_DRAFT_MODEL=/m/$D\n", ["llama.cpp: t.gguf <- /m/d.gguf"]),
        ("LLAMA_ARG_MODEL=t.gguf\nLLAMA_ARG_SPEC_TYPE=ngram-mod\n", ["llama.cpp: ngram-mod"]),
        ("MODEL_ID=org/t\nSPECULATE=2\n", ["tgi: speculate"]),
        ("ARGS=--model org/t --speculative-model org/d\n", ["vllm: org/t <- org/d"]),
        ('CMD="vllm serve org/t --speculative-model org/d"\n', ["vllm: org/t <- org/d"]),
        ('D=org/d\nARGS="--model org/t --speculative-model $D"\n', ["vllm: org/t <- org/d"]),
        ('MODEL=org/t\nSPECULATIVE_CONFIG={"model": "org/d", "num_speculative_tokens": 3}\n', ["vllm: org/t <- org/d"]),
        ("MODEL=org/t\nDRAFT_MODEL=org/d\n", []),
        ("# LLAMA_ARG_MODEL_DRAFT=d.gguf\nLLAMA_ARG_MODEL=t.gguf\n", []),
        ("LLAMA_ARG_MODEL=t.gguf\nLLAMA_ARG_MODEL_DRAFT=\n", []),
        ("LLAMA_ARG_MODEL=t.gguf\nLLAMA_ARG_MODEL_DRAFT= # none\n", []),
    ],
)
def test_pairings_in_files_of_variables(text, expected):
    assert said(found_in_units(units(Traced.whole(text), Scope())), text) == expected
