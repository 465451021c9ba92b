"""The sizes of pairs for benchmarks, and models of those sizes with nothing written in them yet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, Qwen2Config, Qwen2ForCausalLM


@dataclass(frozen=True, slots=True)
class Sizes:
    """A decoder-only transformer's sizes, under the names of a transformers configuration."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int

    @property
    def head_size(self) -> int:
        """Entries of one head; the hidden size is shared out among the heads in all shapes here."""
        return self.hidden_size // self.num_attention_heads

    @property
    def group(self) -> int:
        """Query heads that share a key and value head."""
        return self.num_attention_heads // self.num_key_value_heads


@dataclass(frozen=True, slots=True)
class Shape:
    """Two models' sizes, and what they have in common: the family (Llama, or Qwen2) and the context in tokens."""

    target: Sizes
    drafter: Sizes
    qwen: bool = False
    context: int = 131072

    @property
    def shared_rows(self) -> int:
        """Ids that both models have rows for."""
        return min(self.target.vocab_size, self.drafter.vocab_size)


_LLAMA_1B = Sizes(2048, 8192, 16, 32, 8, 128256)
# Hidden size, feed-forward size, layers, heads, key and value heads, rows. Heads are untied everywhere: a tied one
# tends to repeat the id that it was fed, and a step reads the same bytes either way.
SHAPES = {
    "8b+1b": Shape(Sizes(4096, 14336, 32, 32, 8, 128256), _LLAMA_1B),  # Llama-3.1-8B, Llama-3.2-1B
    "3b+1b": Shape(Sizes(3072, 8192, 28, 24, 8, 128256), _LLAMA_1B),  # Llama-3.2-3B, Llama-3.2-1B
    "32b+0.5b": Shape(  # Qwen2.5-32B, Qwen2.5-0.5B
        Sizes(5120, 27648, 64, 40, 8, 152064), Sizes(896, 4864, 24, 14, 2, 151936), qwen=True, context=32768
    ),
    "70m+11m": Shape(Sizes(512, 1408, 18, 8, 4, 16384), Sizes(256, 640, 4, 4, 2, 16384)),  # for a CPU
    "toy": Shape(Sizes(96, 192, 5, 6, 2, 512), Sizes(64, 128, 3, 8, 2, 512), context=4096),  # for tests
}


def _config(shape: Shape, sizes: Sizes) -> LlamaConfig | Qwen2Config:
    """A configuration of the published sizes. The scaling of rotary angles is left out: it changes no size."""
    make = Qwen2Config if shape.qwen else LlamaConfig
    return make(
        **asdict(sizes),
        max_position_embeddings=shape.context,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6 if shape.qwen else 5e5},
        rms_norm_eps=1e-6 if shape.qwen else 1e-5,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )


def unwritten(shape: Shape, sizes: Sizes, device: torch.device, dtype: torch.dtype) -> PreTrainedModel:
    """An unmodified transformers model on the device, its weights not yet written.

    It is made on the meta device, so that transformers' own initialisation takes neither time nor memory nor random
    numbers.
    """
    config = _config(shape, sizes)
    config.dtype = dtype
    with torch.device("meta"):
        model: Any = Qwen2ForCausalLM(config) if isinstance(config, Qwen2Config) else LlamaForCausalLM(config)
    model.to(dtype)
    if device.type != "meta":
        model.to_empty(device=device)
        with device:  # the rotary angles are no weights: nothing else would bring them back
            model.model.rotary_emb = type(model.model.rotary_emb)(config)
    made: PreTrainedModel = model.eval().requires_grad_(False)
    return made
