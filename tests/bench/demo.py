"""Made models whose tokenizers are as large as real ones, for a machine that has no real ones."""

from __future__ import annotations

import random
from pathlib import Path

from making import make_model
from tokenizers import pre_tokenizers

_LONGEST = 16
SIZES = {"made/wide": 128_000, "made/narrow": 50_000, "made/large": 256_000}


def make_demo(folder: Path) -> None:
    """Lays out the models of SIZES, as <org>/<name>/<file>."""
    for name, size in SIZES.items():
        make_model(folder / name, tokenizer=tokenizer(size), weights="header")


def tokenizer(size: int) -> dict[str, object]:
    """A byte-level BPE of made-up tokens, each merged from two before it, as trainers leave it."""
    pick = random.Random(size).choice
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    known, merges = set(tokens), []
    while len(tokens) < size:
        left, right = pick(tokens), pick(tokens)
        if left + right not in known and len(left + right) <= _LONGEST:
            known.add(left + right)
            tokens.append(left + right)
            merges.append([left, right])
    end = {"id": size, "content": "<|end|>", "single_word": False, "lstrip": False, "rstrip": False}
    step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [end | {"normalized": False, "special": True}],
        "normalizer": None,
        "pre_tokenizer": step,
        "post_processor": None,
        "decoder": step,
        "model": {"type": "BPE", "vocab": {token: number for number, token in enumerate(tokens)}, "merges": merges},
    }
