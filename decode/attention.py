"""Attention over keys and values that lie at their positions: what transformers' models call in the fast path.

The cache hands out the first `span` slots of its buffers, of which some are garbage; the mask, made once a forward and
shared by all layers, says which of them a query sees. Query heads that share a key head are folded into the rows of one
product, so keys and values are read where they lie and never copied per head.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from .errors import DecodeError
from .sizes import size

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_NAME = "specdec_positions"
# What models hand to an attention function beyond keys and values, and this one cannot do.
_FOREIGN = ("sliding_window", "softcap", "s_aux", "position_bias", "cache_params")


def attend(
    module: torch.nn.Module,  # noqa: ARG001 - transformers' signature
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,  # noqa: ARG001 - models are in evaluation mode
    **further: object,
) -> tuple[Tensor, None]:
    """One layer's attention.

    Args:
        module: the layer.
        query: (1, heads, q, head size).
        key: (1, key heads, span, head size); key heads divide heads.
        value: (1, key heads, span, value size).
        attention_mask: (1, 1, heads / key heads * q, span): 0 where a query sees a slot and -inf where not, for one
            query head of each key head after another.
        scaling: of the products.
        dropout: without effect.
        further: what else a model passes.

    Returns:
        (1, q, heads, value size), and None in place of weights.

    Raises:
        DecodeError: if the model asks for what changes the result and is not done here.
    """
    if asked := [name for name in _FOREIGN if further.get(name) is not None]:
        raise DecodeError(f"the fast path does not do {asked[0]}")
    if attention_mask is None:
        raise DecodeError("the model drops the mask")
    heads, width, groups = size(query, 1), size(query, 2), size(key, 1)
    packed = query.reshape(1, groups, heads // groups * width, size(query, 3))
    mixed = scaled_dot_product_attention(packed, key, value, attn_mask=attention_mask, scale=scaling)
    return mixed.reshape(1, heads, width, size(value, 3)).transpose(1, 2), None


AttentionInterface.register(_NAME, attend)


@contextmanager
def attending(model: PreTrainedModel) -> Iterator[None]:
    """The model attends by `attend` inside, and as it did before afterwards. It builds no mask of its own then."""
    before = model.config._attn_implementation
    model.config._attn_implementation = _NAME
    try:
        yield
    finally:
        model.config._attn_implementation = before
