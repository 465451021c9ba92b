"""`tokenizer.ggml.*` → tokens, in every kind; and a model's GGUF against its tokenizer.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from making import SENTENCEPIECE, make_model
from making_gguf import (
    ARRAY,
    BYTE,
    CONTROL,
    I32,
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    Typed,
    gguf,
    metadata_of,
    tensors_of,
    write_gguf,
)

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.gguf import read_gguf
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.tokenizer import ggml
from specdec_check.compat.tokenizer.tokenizer import Tokenizer
from specdec_check.compat.tokenizer.vocabulary import Vocabulary

KEY = "tokenizer.ggml."


def tokenizer(kind: str, tokens: list[Any], types: list[int] | None = None, **keys: Any) -> Tokenizer:
    """The tokenizer of a file with these tokens."""
    told = {f"{KEY}model": kind, f"{KEY}tokens": tokens} | {f"{KEY}{key}": value for key, value in keys.items()}
    if types is not None:
        told[f"{KEY}token_type"] = Typed(ARRAY, types, I32)
    data = gguf(told)
    found = ggml.read(read_gguf(lambda start, end: data[start:end], len(data), "x.gguf"), "x.gguf")
    assert found is not None
    return found


def refusal(kind: str, tokens: list[Any], types: list[int] | None = None, **keys: Any) -> str:
    with pytest.raises(MalformedError) as caught:
        tokenizer(kind, tokens, types, **keys)
    return caught.value.message


def test_byte_level_tokens_are_bytes_and_added_ones_are_text() -> None:
    found = tokenizer(
        "gpt2",
        ["Ġthe", "ÃŃ", "Ġ", "<|end|>", "Ġraw", "[PAD5]", "漢", "  "],
        [NORMAL, NORMAL, NORMAL, CONTROL, USER_DEFINED, UNUSED, NORMAL, USER_DEFINED],
    )

    assert found.vocabulary.tokens == (
        b" the",
        "í".encode(),
        b" ",
        b"<|end|>",
        "Ġraw".encode(),
        None,
        "漢".encode(),
        b"  ",
    )
    assert found.added == {"<|end|>": 3, "Ġraw": 4, "  ": 7}
    assert (found.vocabulary.added, found.vocabulary.special) == ({3, 4, 7}, {3})
    assert (found.vocabulary.file, found.odd, found.pipeline) == ("x.gguf", None, None)


@pytest.mark.parametrize(("kind", "keys"), [("llama", {}), ("t5", {}), ("gemma4", {}), ("gpt2", {"pre": "gemma4"})])
def test_pieces_mark_spaces_and_spell_single_bytes(kind: str, keys: dict[str, str]) -> None:
    """A placeholder has no token whatever it is called; converters write spaces of user-defined tokens either way."""
    found = tokenizer(
        kind,
        ["<unk>", "<s>", "<0x0A>", "▁the", "é", "▁▁", "  ", "<unused>", "\n\n"],
        [UNKNOWN, CONTROL, BYTE, NORMAL, NORMAL, USER_DEFINED, USER_DEFINED, UNUSED, USER_DEFINED],
        **keys,
    )

    assert found.vocabulary.tokens == (b"<unk>", b"<s>", b"\n", b" the", "é".encode(), b"  ", b"  ", None, b"\n\n")
    assert (found.vocabulary.special, found.vocabulary.added) == ({0, 1}, {0, 1, 5, 6, 8})


def test_word_pieces_are_marked_as_in_vocab_txt() -> None:
    found = tokenizer("bert", ["[PAD]", "[unused1]", "▁the", "ing", "▁[", "]"], [CONTROL] + [NORMAL] * 5)

    assert found.vocabulary.tokens == (b"[PAD]", b"[unused1]", b"the", b"##ing", b"[", b"##]")


def test_rwkv_escapes_bytes() -> None:
    found = tokenizer("rwkv", ["<s>", "a\\nb", "\\xe4\\xb8", "\\\\x41", "\\'", "\\t\\r"], [CONTROL] + [NORMAL] * 5)

    assert found.vocabulary.tokens == (b"<s>", b"a\nb", b"\xe4\xb8", b"\\x41", b"'", b"\t\r")


def test_plamo2_marks_nothing() -> None:
    found = tokenizer("plamo2", ["<|bos|>", "<0xE6>", "▁ a"], [CONTROL, BYTE, NORMAL])

    assert found.vocabulary.tokens == (b"<|bos|>", b"\xe6", "▁ a".encode())


def test_without_types_every_token_is_a_trained_one() -> None:
    assert tokenizer("gpt2", ["a", "Ġb"]).vocabulary.tokens == (b"a", b" b")
    assert tokenizer("gpt2", ["a", "Ġb"], [NORMAL] * 9).vocabulary.tokens == (b"a", b" b")


def test_kinds_that_are_not_known_are_odd() -> None:
    assert tokenizer("hybriddna", ["a"]).odd == "the kind 'hybriddna'"
    assert tokenizer("gpt2", ["a"]).odd is None


@pytest.mark.parametrize("told", [{}, {f"{KEY}model": "none"}, {f"{KEY}model": "no_vocab", f"{KEY}tokens": ["a"]}])
def test_no_vocabulary(told: dict[str, Any]) -> None:
    data = gguf(told)

    assert ggml.read(read_gguf(lambda start, end: data[start:end], len(data), "x.gguf"), "x.gguf") is None


def test_what_is_no_tokenizer() -> None:
    assert "has no list of tokens" in refusal("gpt2", [1, 2])
    assert "does not give a type to each of its 2 tokens" in refusal("gpt2", ["a", "b"], [NORMAL])
    assert "does not give a type to each" in refusal("gpt2", ["a"], token_type=["x"])
    assert "a token that is not UTF-8" in refusal("llama", [b"\xff"])
    assert "a merge that is not UTF-8" in refusal("gpt2", ["a"], merges=[b"\xff"])
    assert "names no tokens" in refusal("gpt2", ["[PAD0]"])
    assert "names no tokens" in refusal("gpt2", ["a"], [UNUSED])


# The same model in both formats


def facts_of(path: Path) -> Fingerprint:
    reference = parse(str(path))
    return fingerprint(read(reference, reference, Access())[0])


@pytest.mark.parametrize("kind", ["byte-level", "sentencepiece"])
@pytest.mark.parametrize("tied", [False, True])
def test_a_model_s_gguf_has_the_tokens_of_its_tokenizer_json(kind: str, tied: bool, tmp_path: Path) -> None:
    recipe = SENTENCEPIECE if kind == "sentencepiece" else None
    made = make_model(
        tmp_path / "model",
        recipe,
        added=("<tool>", " \t ", "größer"),
        specials=("<|user|>",),
        hidden=32,
        rows=540,
        tied=tied,
        config={"tie_word_embeddings": tied},
    )
    file = write_gguf(tmp_path / "x" / "model.gguf", metadata_of(made), tensors_of(made.rows, tied=tied))

    whole, one = facts_of(made.folder), facts_of(file)

    assert isinstance(one.vocabulary, Vocabulary)
    assert isinstance(whole.vocabulary, Vocabulary)
    assert one.vocabulary.tokens == whole.vocabulary.tokens
    assert (one.vocabulary.added, one.vocabulary.special) == (whole.vocabulary.added, whole.vocabulary.special)
    assert one.merges == (whole.merges if kind == "byte-level" else None)
    assert (one.declared, one.rows, one.tied, one.context) == (whole.declared, whole.rows, tied, whole.context)
    assert isinstance(one.pipeline, Unknown)
    for role in ("bos", "eos", "pad", "unk"):
        assert getattr(one, role).ids == getattr(whole, role).ids
