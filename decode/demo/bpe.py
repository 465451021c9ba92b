"""The demo models' tokenizers: byte-level BPE, trained on the corpus."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, PreTokenizer, Sequence, Split
from tokenizers.trainers import BpeTrainer

VOCABULARY: Final = 2048  # tokens, and rows of every demo model's embedding
CONTEXT: Final = 512  # positions
END: Final = "<|endoftext|>"  # begins and ends a text, and pads; its id is 0

_WORD_BY_WORD: Final = Regex(r"\s+|[A-Za-z]+|\d|[^\sA-Za-z\d]")


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Train the byte-level BPE that target and drafter share, with GPT-2's splitting of the text."""
    return _train(texts, ByteLevel(add_prefix_space=False))


def train_strange_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """Train the stranger's: as large, but it splits words from the blank before them, and digits from each other."""
    split = Split(_WORD_BY_WORD, behavior="isolated")
    return _train(texts, Sequence([split, ByteLevel(add_prefix_space=False, use_regex=False)]))


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json into an existing folder."""
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(compact + "\n", encoding="utf-8")
    settings = {
        "bos_token": END,
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "model_max_length": CONTEXT,
        "pad_token": END,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _train(texts: Iterable[str], pre_tokenizer: PreTokenizer) -> Tokenizer:
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=sorted(ByteLevel.alphabet()),  # the alphabet comes as a set: its order changes by run
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() != VOCABULARY:
        raise ValueError(f"the text gave {tokenizer.get_vocab_size()} tokens instead of {VOCABULARY}")
    return tokenizer
