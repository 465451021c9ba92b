"""Every engine's spellings in trees of settings."""

from __future__ import annotations

import pytest
from scan_saying import said

from specdec_check.compat.scan.found import Key, Pairing
from specdec_check.compat.scan.inline import settings_in
from specdec_check.compat.scan.reading import Branch, Scope, Settings
from specdec_check.compat.scan.settings import from_settings
from specdec_check.compat.scan.traced import Traced
from specdec_check.compat.scan.yaml_tree import documents


def found_in(text: str, image: str = "", scope: Scope | None = None):
    (tree,) = documents(Traced.whole(text))
    assert isinstance(tree, Branch)
    return from_settings(Settings(tree, image), scope or Scope())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model: org/t\nspeculative_config:\n  model: org/d\n  num_speculative_tokens: 4\n", "vllm: org/t <- org/d"),
        ("model: org/t\nspeculative-config:\n  model: org/d\n", "vllm: org/t <- org/d"),
        ("model: org/t\nspeculativeConfig:\n  model: org/d\n", "vllm: org/t <- org/d"),
        ('model: org/t\nspeculative-config: \'{"model": "org/d"}\'\n', "vllm: org/t <- org/d"),
        ("model: org/t\nspeculative_config: ${SPEC}\n", "vllm: org/t <- ?${SPEC}"),
        ("model: org/t\nspeculative_model: org/d\nnum_speculative_tokens: 5\n", "vllm: org/t <- org/d"),
        ("model: org/t\nspeculative_model: '[ngram]'\n", "vllm: ngram"),
        ("model: org/t\nspeculative_config: {method: ngram, prompt_lookup_max: 4}\n", "vllm: ngram"),
        ("model: org/t\nspeculative_config: {method: eagle3, model: org/d}\n", "vllm: org/t <- org/d (eagle3)"),
        ("engine:\n  model: org/t\n  extra:\n    speculative_config: {model: org/d}\n", "vllm: org/t <- org/d"),
        (
            "apps:\n- model_loading_config: {model_id: x, model_source: org/t}\n  engine_kwargs:\n"
            "    speculative_config: {model: org/d}\n",
            "vllm: org/t <- org/d",
        ),
        ("{method: draft_model, model: org/d, num_speculative_tokens: 3}", "vllm: none <- org/d"),
        ("model: org/t\nspeculative: {model: org/d, num_speculative_tokens: 3}", "vllm: org/t <- org/d"),
        (
            "model_path: org/t\nspeculative_config: {decoding_type: DraftTarget, speculative_model_dir: org/d}\n",
            "tensorrt-llm: org/t <- org/d",
        ),
        (
            "speculative_config: {decoding_type: Draft_Target, speculative_model: org/d}\n",
            "tensorrt-llm: none <- org/d",
        ),
        (
            "model: org/t\nspeculative_config: {decoding_type: Eagle3, speculative_model: org/d}\n",
            "tensorrt-llm: org/t <- org/d (Eagle3)",
        ),
        ("speculative_config: {decoding_type: NGram, max_draft_len: 4}\n", "tensorrt-llm: NGram"),
        ("speculative_config: {decoding_type: MTP, num_nextn_predict_layers: 1}\n", "tensorrt-llm: MTP"),
        (
            "model-path: org/t\nspeculative-algorithm: STANDALONE\nspeculative-draft-model-path: org/d\n",
            "sglang: org/t <- org/d",
        ),
        (
            "model_path: org/t\nspeculative_algorithm: EAGLE3\nspeculative_draft_model_path: org/d\n",
            "sglang: org/t <- org/d (EAGLE3)",
        ),
        ("model_path: org/t\nspeculative_algorithm: NGRAM\n", "sglang: NGRAM"),
        ("'--model-path': org/t\n'--speculative-draft-model-path': org/d\n", "sglang: org/t <- org/d"),
        ("model: t.gguf\nmodel-draft: d.gguf\n", "llama.cpp: t.gguf <- d.gguf"),
        ("hf-repo: org/t\nhf-repo-draft: org/d\n", "llama.cpp: org/t <- org/d"),
        ("model: org/t\nassistant_model: org/d\n", "transformers: org/t <- org/d"),
    ],
)
def test_each_spelling_gives_its_pairing_at_its_place(text, expected):
    assert said(found_in(text), text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "model: org/t\nspeculative_config:\n",
        "model: org/t\nspeculative_config: {}\n",
        "model: org/t\nspeculative_config: null\n",
        "model: org/t\nspeculative_model: ''\n",
        "model: org/t\nspeculative_config: {model: '', num_speculative_tokens: 4}\n",
        "model: org/t\ndraft_model: org/d\n",
        "model: org/t\ndraft: true\n",
        "model: org/t\nnum_speculative_tokens: 4\n",
        "speculative: execution\n",
    ],
)
def test_what_sets_up_no_speculation_is_nothing(text):
    assert found_in(text) == []


def test_several_engines_stand_in_one_tree():
    text = "a:\n- {model: org/t, speculative_model: org/d}\n- {model_path: u/t, speculative_draft_model_path: u/d}\n"
    assert said(found_in(text), text) == ["vllm: org/t <- org/d", "sglang: u/t <- u/d"]


def test_options_and_variables():
    text = "model: ${T}\nmax-model-len: 4096\nspeculative_config: {model: org/d, revision: v2}\n"
    (found,) = found_in(text, scope=Scope(given={"T": "org/t"}))
    assert isinstance(found, Pairing)
    assert found.target
    assert (found.target.value, text[found.target.offset :][:4]) == ("org/t", "${T}")
    assert found.options == {Key.CONTEXT: "4096", Key.DRAFTER_REVISION: "v2"}


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ('{"model": "org/d"}', True),
        ("{'model': 'org/d', 'x': True, }", True),
        ('{\n\t"model":\t"org/d"\n}', True),
        ('{"model": {{ .Values.draft | quote }}, "n": 1}', True),
        ("{model:org/d}", True),
        ("model: org/d", True),
        ("org/d", False),
        ('{"model": ', False),
        ("[1, 2]", False),
        ("[" * 5_000 + ":", False),
        ("{a: " * 5_000, False),
    ],
)
def test_settings_in_a_value_are_read_or_are_none(text, there):
    found = settings_in(Traced.whole(text))
    assert (found is not None) == there
    if found:
        _, value = found.entries["model"]
        assert isinstance(value, Traced)
        assert [text[at] for at in value.at] == list(value.text)
