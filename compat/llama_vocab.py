"""What llama.cpp makes of the tokenizer in a GGUF file: its own defaults where the file is silent.

Source: `llama_vocab::impl::load` in `src/llama-vocab.cpp` of 2026-08.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .facts_tokens import GgufFacts
from .gguf import Gguf

_KEY = "tokenizer.ggml."


@dataclass(frozen=True, slots=True)
class _Default:
    """Of one kind of tokenizer: the name of its type, two ids, and whether text is framed by them."""

    kind: str
    bos: int | None = None
    eos: int | None = None
    add_bos: bool = False
    add_eos: bool = False


_DEFAULTS: Mapping[str, _Default] = MappingProxyType(
    {
        "llama": _Default("SPM", 1, 2, add_bos=True),
        "gpt2": _Default("BPE", 11, 11),
        "gemma4": _Default("BPE"),
        "bert": _Default("WPM", 101, add_bos=True),
        "t5": _Default("UGM", None, 1, add_eos=True),
        "rwkv": _Default("RWKV"),
        "plamo2": _Default("PLaMo2", 1, 2),
        "hybriddna": _Default("BPE", 11, 11),
        "whitespace": _Default("BPE", 11, 11),
    }
)
_NONE = _Default("no vocab")
# Pre-tokenizers of byte-level BPE that put begin-of-text before a text unless the file forbids it, or even then.
_ADD_BOS = frozenset(
    """
    llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano tekken chameleon
    """.split()
)
_ALWAYS_ADD_BOS = frozenset({"gemma4", "granite-embed-multi-311m"})
_NO_BOS = frozenset({"glm4", "chatglm-bpe"})


def settings(head: Gguf) -> GgufFacts:
    """The tokenizer as llama.cpp loads it. An id past the tokens, or none where one is needed, switches its use off."""
    model = head.text(f"{_KEY}model")
    default = _DEFAULTS.get(model or "", _NONE)
    pre = "gemma4" if model == "gemma4" else head.text(f"{_KEY}pre")
    texts = head.strings(f"{_KEY}tokens") or ()
    bpe = default.kind == "BPE"
    bos = _id(head, "bos", None if bpe and pre in _NO_BOS else default.bos, len(texts))
    eos = _id(head, "eos", default.eos, len(texts))
    add_bos, add_eos = head.flag(f"{_KEY}add_bos_token"), head.flag(f"{_KEY}add_eos_token")
    if add_bos is None:
        add_bos = default.add_bos or (bpe and pre in _ADD_BOS)
    if bpe and pre in _ALWAYS_ADD_BOS:
        add_bos = True
    return GgufFacts(
        model=model,
        kind=default.kind,
        pre=pre,
        texts=texts,
        bos=bos,
        eos=eos,
        add_bos=add_bos and bos is not None,
        add_eos=(default.add_eos if add_eos is None else add_eos) and eos is not None,
    )


def _id(head: Gguf, role: str, default: int | None, count: int) -> int | None:
    found = head.integer(f"{_KEY}{role}_token_id")
    if found is not None and 0 <= found < count:
        return found
    return default if default is not None and default < count else None
