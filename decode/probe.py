"""Whether a model's state can be rolled back, found out by trying.

A state-space or recurrent layer folds every token into its state, and a model that ignores the cache it is given sees
no past at all: either would go on decoding, wrongly. Three short runs show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .errors import DecodeError
from .runner import ReferenceRunner, embedding_rows
from .tolerance import distance, tolerance

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PAST, _GARBAGE, _NEXT = 5, 3, 3


def probe(model: PreTrainedModel, name: str) -> None:
    """Returns when the model decodes with rollback as it does afresh; costs six forwards of at most 8 tokens.

    Args:
        model: loaded, in evaluation mode.
        name: what to call it in an error.

    Raises:
        DecodeError: if its state cannot be rolled back, it ignores the cache, or it fails on it.
    """
    if getattr(model.config, "is_encoder_decoder", False):
        raise DecodeError(f"{name} is an encoder-decoder model: take a decoder-only one.", model=name)
    if getattr(model, "_is_stateful", False):  # transformers' own mark; without it the runs below decide
        raise _refusal(name, f"{type(model).__name__} keeps a recurrent state")
    try:
        _compare(model, name)
    except DecodeError:
        raise
    except Exception as error:  # a model that cannot take the cache may fail in any way
        raise _refusal(name, f"it fails with a position-indexed cache ({type(error).__name__})") from error


@torch.inference_mode()
def _compare(model: PreTrainedModel, name: str) -> None:
    rows = embedding_rows(model)
    # Ids spread over the table, so that past, garbage and next differ wherever there are rows enough.
    spread = torch.arange(1, _PAST + _GARBAGE + _NEXT + 1, device=model.device) * 7919 % rows
    past, garbage, following = spread[:_PAST], spread[_PAST:-_NEXT], spread[-_NEXT:]
    stepped = _last_logits(model, [past, following])
    rolled = _rolled_back(model, past, garbage, following, name)
    at_once = _last_logits(model, [torch.cat((past, following))])
    allowed = tolerance(model.dtype)
    if not at_once.isfinite().any():
        raise DecodeError(f"{name}'s logits are NaN or infinite: load it in bfloat16 or float32.", model=name)
    # The same shapes, so the same kernels: what a rollback restores, it restores to the bit or nearly.
    if distance(rolled, stepped) > allowed / 10:
        raise _refusal(name, "what it read cannot be taken back")
    if distance(stepped, at_once) > allowed:
        raise _refusal(name, "reading in two steps differs from reading at once")


def _last_logits(model: PreTrainedModel, chunks: list[Tensor]) -> Tensor:
    """(_NEXT, V) float32 logits of the last ids, fed chunk by chunk to an empty cache."""
    runner = ReferenceRunner(model, capacity=16)
    logits = torch.cat([runner.feed(chunk, chunk, keep=min(_NEXT, chunk.shape[0])) for chunk in chunks])
    return logits[-_NEXT:].float()


def _rolled_back(model: PreTrainedModel, past: Tensor, garbage: Tensor, following: Tensor, name: str) -> Tensor:
    runner = ReferenceRunner(model, capacity=16)
    runner.feed(past, past, keep=1)
    if not runner.writes_cache:
        raise _refusal(name, "it does not use the cache that it is given")
    runner.feed(garbage, garbage, keep=1)
    runner.rollback(_PAST)
    return runner.feed(following, following, keep=_NEXT).float()


def _refusal(name: str, because: str) -> DecodeError:
    return DecodeError(
        f"{name} cannot be decoded with rollback: {because}; take a model with plain attention layers.", model=name
    )
