"""The demo models' shapes, and how one becomes a folder as the Hub has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from .bpe import CONTEXT, VOCABULARY, save_tokenizer


@dataclass(frozen=True)
class Shape:
    """The sizes in which the demo models differ."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    intermediate: int


# At this size a step costs what its layers' calls cost, not what they compute: so the target is deep and narrow, and
# the drafter has as few layers as it can agree with the target on.
TARGET: Final = Shape(layers=12, hidden=128, heads=4, kv_heads=2, intermediate=256)
DRAFTER: Final = Shape(layers=1, hidden=128, heads=4, kv_heads=1, intermediate=96)
STRANGER: Final = Shape(layers=1, hidden=64, heads=2, kv_heads=2, intermediate=128)


def build(shape: Shape, seed: int) -> LlamaForCausalLM:
    """Return a fresh model in float32, its weights drawn from the seed."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=shape.hidden,
            intermediate_size=shape.intermediate,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
        )
    )


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> LlamaForCausalLM:
    """Write a whole checkpoint in bfloat16; return what a reader of it gets, in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    model.bfloat16().save_pretrained(folder)
    save_tokenizer(tokenizer, folder)
    reread: LlamaForCausalLM = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    reread.train(False)
    return reread
