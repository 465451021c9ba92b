"""From logits to the distribution that ids are drawn from: the same transforms for target and drafter.

Pure functions of tensors that a CUDA graph can capture: nothing is read back to the host, and every shape and branch
follows from the shapes that come in and from the options.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .options import Sampling
from .sizes import size

TIES = 64  # ids looked at past twice the top k, for those that tie with the last of it


def scores(logits: Tensor, sampling: Sampling, seen: Tensor | None = None) -> Tensor:
    """Logits after repetition penalty, temperature, top-k, top-p and min-p.

    Order, thresholds and ties are those of transformers' `RepetitionPenaltyLogitsProcessor`,
    `TemperatureLogitsWarper`, `TopKLogitsWarper`, `TopPLogitsWarper` and `MinPLogitsWarper`; what they drop is -inf.
    Greedy sampling knows the penalty alone. Which of several equal logits top-p drops is arbitrary, as it is there.
    One difference: under top-k and top-p together no more than twice top-k and `TIES` ids are kept, where transformers
    keeps any number that tie with the k-th.

    Args:
        logits: (..., V), any floating dtype.
        sampling: the transforms.
        seen: bool, broadcastable to the logits: the ids that the text holds. None leaves the penalty out.

    Returns:
        (..., V) float32.
    """
    kept = logits.float()
    if sampling.repetition_penalty != 1 and seen is not None:
        kept = torch.where(seen, _penalised(kept, sampling.repetition_penalty), kept)
    if sampling.greedy:
        return kept
    kept = kept / sampling.temperature
    top_k = sampling.top_k if sampling.top_k < size(kept, -1) else 0
    if sampling.top_p < 1:
        kept = _nucleus(kept, top_k, sampling.top_p)
    elif top_k > 0:
        kept = kept.masked_fill(kept < kept.topk(top_k).values[..., -1:], -torch.inf)
    if sampling.min_p > 0:
        probabilities = kept.softmax(-1)
        floor = sampling.min_p * probabilities.amax(-1, keepdim=True)
        kept = kept.masked_fill(probabilities < floor, -torch.inf)
    return kept


def distribution(logits: Tensor, sampling: Sampling, seen: Tensor | None = None) -> Tensor:
    """The probabilities that ids are drawn with, (..., V) float32: the softmax of `scores`. Not for greedy sampling."""
    return scores(logits, sampling, seen).softmax(-1)


def seen_rows(seen: Tensor, drafted: Tensor) -> Tensor:
    """What each row of a verification has seen: the text, and the drafted ids before the row's own position.

    Args:
        seen: (V,) bool, the ids that the text holds.
        drafted: (n,) int64, repeats allowed; n may be 0.

    Returns:
        (n + 1, V) bool.
    """
    count = size(drafted, 0)
    rows = seen.expand(count + 1, -1).clone()
    # Row i marks ids 0 .. i - 1, the last of them over again to fill the row: what is written is true either way.
    place = torch.arange(count, device=drafted.device)
    rows[1:].scatter_(-1, drafted[torch.minimum(place, place.unsqueeze(-1))], 1)
    return rows


def _penalised(logits: Tensor, penalty: float) -> Tensor:
    """Every logit made smaller, whatever its sign, by a penalty above one."""
    return torch.where(logits < 0, logits * penalty, logits / penalty)


def _nucleus(logits: Tensor, top_k: int, top_p: float) -> Tensor:
    """Top-k, then top-p: (..., V) to (..., V). The whole vocabulary is sorted only where top-k is 0 or near V."""
    reach = 2 * top_k + TIES
    if top_k > 0 and reach < size(logits, -1):
        best = logits.topk(reach)
        ascending, ids = best.values.flip(-1), best.indices.flip(-1)
    else:
        ascending, ids = logits.sort(-1)
    if top_k > 0:
        ascending = ascending.masked_fill(ascending < ascending[..., -top_k].unsqueeze(-1), -torch.inf)
    dropped = ascending.softmax(-1).cumsum(-1) <= 1 - top_p
    dropped[..., -1] = False
    return torch.full_like(logits, -torch.inf).scatter(-1, ids, ascending.masked_fill(dropped, -torch.inf))
