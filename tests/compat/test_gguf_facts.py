"""What a GGUF file says of a model beside its tokens: kinds, state, rows, size, framing, template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from making_gguf import ARRAY, CONTROL, I32, NORMAL, Typed, tensors_of, write_gguf

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.evidence import Evidence, Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Architecture, Experts, Heads, Kind, Rope, Rows, Weights
from specdec_check.compat.facts_tokens import Control, Framing, GgufFacts, Special, Template
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access, check, read
from specdec_check.compat.ref import parse
from specdec_check.compat.verdict import Policy, Verdict

KEY = "tokenizer.ggml."
TOKENS = ["<s>", "</s>", *(chr(code) for code in range(0x21, 0x7F))]


def facts(folder: Path, tensors: dict[str, Any] | None = None, **keys: Any) -> Fingerprint:
    """The facts of a file; `keys` have `__` for a dot, and None leaves one out."""
    told: dict[str, Any] = {
        "general.architecture": "llama",
        "llama.context_length": 512,
        f"{KEY}model": "gpt2",
        f"{KEY}tokens": TOKENS,
        f"{KEY}token_type": Typed(ARRAY, [CONTROL] * 2 + [NORMAL] * (len(TOKENS) - 2), I32),
        f"{KEY}merges": ["a b"],
        f"{KEY}bos_token_id": 0,
        f"{KEY}eos_token_id": 1,
    } | {key.replace("__", "."): value for key, value in keys.items()}
    told = {key: value for key, value in told.items() if value is not None}
    file = write_gguf(folder / "model.gguf", told, tensors_of(len(TOKENS)) if tensors is None else tensors)
    reference = parse(str(file))
    return fingerprint(read(reference, reference, Access())[0])


def architecture(found: Fingerprint) -> Architecture:
    assert isinstance(found.architecture, Architecture)
    return found.architecture


def llama(found: Fingerprint) -> GgufFacts:
    assert found.gguf is not None
    return found.gguf


def ids(found: Special | Unknown) -> dict[str, tuple[int, ...]]:
    assert isinstance(found, Special)
    return {source.file: source.ids for source in found.sources}


@pytest.mark.parametrize(
    ("name", "kind", "stateful"),
    [
        ("llama", Kind.CAUSAL, False),
        ("qwen2moe", Kind.CAUSAL, False),
        ("bert", Kind.ENCODER, False),
        ("nomic-bert", Kind.ENCODER, False),
        ("t5", Kind.ENCODER_DECODER, False),
        ("mamba", Kind.CAUSAL, True),
        ("qwen35", Kind.CAUSAL, True),
        ("granitehybrid", Kind.CAUSAL, True),
        ("nemotron_h", Kind.CAUSAL, True),
        ("lfm2", Kind.CAUSAL, True),
    ],
)
def test_kind_and_state(name: str, kind: Kind, stateful: bool, tmp_path: Path) -> None:
    found = architecture(facts(tmp_path, general__architecture=name))

    assert (found.model_type, found.kind, found.stateful) == (name, kind, stateful)


def test_kinds_that_are_not_known(tmp_path: Path) -> None:
    new = architecture(facts(tmp_path, general__architecture="brand-new")).kind
    diffusion = architecture(facts(tmp_path, general__architecture="llada")).kind

    assert new == Unknown("is of the GGUF architecture 'brand-new', which this version does not know")
    assert isinstance(diffusion, Unknown)


def test_attention_that_is_not_causal_makes_an_encoder(tmp_path: Path) -> None:
    assert architecture(facts(tmp_path, llama__attention__causal=False)).kind is Kind.ENCODER


def test_heads_that_draft_for_one_target(tmp_path: Path) -> None:
    tensors = tensors_of(len(TOKENS)) | {"output.weight": (20, 32), "d2t": (27, (20,))}

    found = architecture(facts(tmp_path, tensors, general__architecture="eagle3"))

    assert (found.trained_head, found.draft_vocabulary) == ("eagle3", 20)


def test_rope_window_and_experts(tmp_path: Path) -> None:
    found = architecture(
        facts(
            tmp_path,
            llama__rope__freq_base=500000.0,
            llama__rope__scaling__type="yarn",
            llama__rope__scaling__factor=4.0,
            llama__rope__scaling__original_context_length=128,
            llama__attention__sliding_window=64,
            llama__expert_count=8,
            llama__expert_used_count=2,
        )
    )
    plain = architecture(facts(tmp_path, llama__rope__freq_base=10000.0, llama__rope__scaling__type="none"))
    factors = architecture(facts(tmp_path, tensors_of(len(TOKENS)) | {"rope_freqs.weight": (0, (16,))}))

    assert (found.rope, found.window, found.experts) == (Rope(500000.0, "yarn", 4.0, 128), 64, Experts(8, 2))
    assert (plain.rope, plain.window, plain.experts) == (Rope(10000.0), None, None)
    assert factors.rope == Rope(None, "llama3")


@pytest.mark.parametrize(
    ("queries", "keys", "heads"),
    [(14, 2, Heads(14, 2)), (14, None, Heads(14, 14)), (0, 2, None), (None, None, None), (14, 0, Heads(14))],
)
def test_heads(queries: int | None, keys: int | None, heads: Heads | None, tmp_path: Path) -> None:
    named = {"llama__attention__head_count": queries, "llama__attention__head_count_kv": keys}

    assert architecture(facts(tmp_path, **named)).heads == heads


@pytest.mark.parametrize(("number", "name"), [(0, None), (1, None), (32, None), (15, "Q4_K_M"), (7, "Q8_0")])
def test_quantisation_is_what_the_file_calls_itself(number: int, name: str | None, tmp_path: Path) -> None:
    assert architecture(facts(tmp_path, general__file_type=number)).quantization == name


def test_quantisation_by_the_tensors(tmp_path: Path) -> None:
    tensors = {"token_embd.weight": (12, (len(TOKENS), 256)), "output_norm.weight": (0, (256,))}

    assert architecture(facts(tmp_path, tensors)).quantization == "Q4_K"
    assert architecture(facts(tmp_path)).quantization is None


def test_rows_and_tie(tmp_path: Path) -> None:
    apart = facts(tmp_path, tensors_of(100) | {"output.weight": (104, 32)})
    tied = facts(tmp_path, tensors_of(100, tied=True))
    none = facts(tmp_path, {"output_norm.weight": (0, (32,))})
    flat = facts(tmp_path, {"token_embd.weight": (0, (32,))})

    assert (apart.rows, apart.tied) == (Rows(104, 100, Evidence.HEADER), False)
    assert (tied.rows, tied.tied) == (Rows(100, 100, Evidence.HEADER), True)
    assert none.rows == Unknown("has no token_embd.weight in its GGUF file")
    assert isinstance(flat.rows, Unknown)


def test_size_and_step(tmp_path: Path) -> None:
    rows, width = len(TOKENS), 256
    tensors: dict[str, Any] = {
        "token_embd.weight": (12, (rows, width)),
        "output.weight": (1, (rows, width)),
        "blk.0.ffn_up_exps.weight": (8, (8, 32, width)),
        "blk.0.attn_q.weight": (0, (width, width)),
    }
    embedding, output, experts, rest = rows * 144, rows * width * 2, 8 * 32 * width // 32 * 34, width * width * 4

    whole = facts(tmp_path, tensors, llama__expert_count=8, llama__expert_used_count=2).weights
    new = facts(tmp_path, tensors | {"x": (99, (4,))}).weights

    assert whole == Weights(
        embedding + output + experts + rest,
        2 * rows * width + 8 * 32 * width + width * width,
        estimated=False,
        pickled=False,
        step=output + rest + experts // 4,
        active=2 * rows * width + 2 * 32 * width + width * width,
        experts=experts,
        head=output,
    )
    assert new == Unknown("has tensors of type 99, whose size this version does not know")


def test_special_ids_by_key(tmp_path: Path) -> None:
    found = facts(tmp_path, **{f"{KEY}eot_token_id": 5, f"{KEY}padding_token_id": 2**32 - 1})

    assert ids(found.bos) == {f"{KEY}bos_token_id": (0,)}
    assert ids(found.eos) == {f"{KEY}eos_token_id": (1,), f"{KEY}eot_token_id": (5,)}
    assert (ids(found.pad), ids(found.unk)) == ({}, {})


def test_framing_as_the_file_says_or_as_llama_cpp_does_by_default(tmp_path: Path) -> None:
    told = facts(tmp_path, **{f"{KEY}add_bos_token": True, f"{KEY}add_eos_token": True})
    byte_level, llama3, tekken = (facts(tmp_path, **{f"{KEY}pre": pre}) for pre in ("qwen2", "llama-bpe", "tekken"))
    pieces = facts(tmp_path, **{f"{KEY}model": "llama", f"{KEY}bos_token_id": None, f"{KEY}eos_token_id": None})
    forced = facts(tmp_path, **{f"{KEY}model": "gemma4", f"{KEY}add_bos_token": False})
    without = facts(tmp_path, **{f"{KEY}model": "gemma4", f"{KEY}bos_token_id": None, f"{KEY}add_bos_token": True})

    assert told.framing == Framing((0,), (1,), True)
    assert byte_level.framing == Framing((), (), None)
    assert (llama3.framing, tekken.framing) == (Framing((0,), (), None),) * 2
    assert (pieces.framing, llama(pieces).bos, llama(pieces).eos, llama(pieces).kind) == (
        Framing((1,), ()),
        1,
        2,
        "SPM",
    )
    assert (forced.framing, llama(forced).pre) == (Framing((0,), (), False), "gemma4")
    assert (without.framing, llama(without).add_bos) == (Framing((), (), True), False)


def test_ids_past_the_tokens_are_none_to_llama_cpp(tmp_path: Path) -> None:
    found = llama(facts(tmp_path, **{f"{KEY}bos_token_id": 10**6, f"{KEY}add_bos_token": True}))

    assert (found.bos, found.eos, len(found.texts)) == (11, 1, len(TOKENS))


def test_texts_are_kept_as_they_are_spelled(tmp_path: Path) -> None:
    """Two spellings of one token are one token to every rule, and two to llama.cpp."""
    told = {f"{KEY}model": "llama", f"{KEY}token_type": Typed(ARRAY, [4] * 3, I32)}
    marked = facts(tmp_path, **told | {f"{KEY}tokens": ["<s>", "</s>", "▁▁"]})
    plain = facts(tmp_path, **told | {f"{KEY}tokens": ["<s>", "</s>", "  "]})

    assert marked.vocabulary == plain.vocabulary
    assert (llama(marked).texts[2], llama(plain).texts[2]) == ("▁▁".encode(), b"  ")
    assert marked.digests()["gguf"] != plain.digests()["gguf"]
    assert {name for name, digest in marked.digests().items() if plain.digests()[name] != digest} == {"gguf"}


def test_the_chat_template(tmp_path: Path) -> None:
    source = "{{ bos_token }}{% for m in messages %}{{ m.content }}</s>{% endfor %}"
    found = facts(tmp_path, tokenizer__chat_template=source, tokenizer__chat_template__tool="<s>")

    assert isinstance(found.template, Template)
    assert found.template.controls == (Control(0, "<s>"), Control(1, "</s>"))
    assert found.template_ids == {0, 1}
    assert (facts(tmp_path).template, facts(tmp_path).template_ids) == (None, frozenset())


def test_declared_and_context(tmp_path: Path) -> None:
    found = facts(tmp_path, llama__vocab_size=len(TOKENS))

    assert (found.declared, found.context, found.nested) == (len(TOKENS), 512, False)
    assert (facts(tmp_path).declared, facts(tmp_path, llama__context_length=0).context) == (None, None)


def test_no_vocabulary_is_unknown(tmp_path: Path) -> None:
    found = facts(tmp_path, **{f"{KEY}model": "no_vocab", f"{KEY}tokens": None})

    assert found.vocabulary == found.merges == found.framing == Unknown("holds no tokenizer in its GGUF file")
    assert isinstance(facts(tmp_path, **{f"{KEY}model": "hybriddna"}).vocabulary, Unknown)


@pytest.mark.parametrize("held", ["adapter", "mmproj", "imatrix"])
def test_files_that_hold_no_model(held: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match=f"holds no model \\(general.type is '{held}'\\)"):
        facts(tmp_path, general__type=held)
    with pytest.raises(MalformedError, match="names no general\\.architecture"):
        facts(tmp_path, general__architecture=None)


def test_a_gguf_fits_itself_in_llama_cpp_and_the_bundled_decoder_refuses_it(tmp_path: Path) -> None:
    facts(tmp_path)
    one = str(tmp_path / "model.gguf")

    assert check(one, one, Policy(engines=("llama.cpp",))).decision.verdict is Verdict.CERTIFIED
    refused = check(one, one).decision
    assert refused.verdict is Verdict.REFUSED
    assert "loads safetensors, and the target is a GGUF file" in refused.judgements["bundled"].reason
