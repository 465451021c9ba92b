"""Distributions, draws, and the test that makes speculation lossless. Pure functions of tensors.

Drafted ids are judged by Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (2023): an id x
drawn from q is kept with probability min(1, p(x)/q(x)); the first that is not is replaced by a draw from
norm(max(0, p - q)); when all are kept, one more is drawn from p. The committed ids then follow p whatever q is,
provided that q is the very distribution x was drawn from.

Nothing here reads a value back to the host: lengths are known by shape, outcomes stay tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .options import Sampling


def scores(logits: Tensor, sampling: Sampling) -> Tensor:
    """Logits after temperature, top-k, top-p and min-p.

    The filters' thresholds and ties are those of transformers' `TopKLogitsWarper`, `TopPLogitsWarper` and
    `MinPLogitsWarper`, in that order; what they drop is -inf.

    Args:
        logits: (..., V), any floating dtype.
        sampling: not greedy.

    Returns:
        (..., V) float32.
    """
    kept = logits.float() / sampling.temperature
    if 0 < sampling.top_k < kept.shape[-1]:
        kept = kept.masked_fill(kept < kept.topk(sampling.top_k).values[..., -1:], -torch.inf)
    if sampling.top_p < 1:
        ascending, order = kept.sort(-1)
        dropped = ascending.softmax(-1).cumsum(-1) <= 1 - sampling.top_p
        dropped[..., -1] = False
        kept = kept.masked_fill(dropped.scatter(-1, order, dropped), -torch.inf)
    if sampling.min_p > 0:
        probabilities = kept.softmax(-1)
        floor = sampling.min_p * probabilities.amax(-1, keepdim=True)
        kept = kept.masked_fill(probabilities < floor, -torch.inf)
    return kept


def distribution(logits: Tensor, sampling: Sampling) -> Tensor:
    """The probabilities that ids are drawn with: (..., V) logits to (..., V) float32. Not for greedy sampling."""
    return scores(logits, sampling).softmax(-1)


def draw(weights: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """One id per row in proportion to weights that need not sum to one: (..., V) to (...) int64.

    By inversion in float64: an id of weight zero is never drawn, and the smallest weights keep their share. The usual
    argmax(p / Exp(1)) in float32 gives every one of a large vocabulary's improbable ids a chance of some 1e-8.
    """
    cumulative = weights.double().cumsum(-1)
    total = cumulative[..., -1:]
    uniform = torch.rand(total.shape, dtype=torch.float64, device=weights.device, generator=generator)
    point = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
    found = torch.searchsorted(cumulative, point, right=True)
    # Only NaN weights land past the end; the id must stay one that can be embedded until `sound` is read.
    return found.squeeze(-1).clamp_(max=weights.shape[-1] - 1)


def accept(p: Tensor, q: Tensor, drafted: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Which drafted ids pass min(1, p/q), each judged by itself.

    Args:
        p: (n, V) the target's probabilities at the drafted positions.
        q: (n, V) the probabilities that the ids were drawn with.
        drafted: (n,) int64.
        generator: source of the uniform draws.

    Returns:
        (n,) bool. An id of p = 0 never passes and one of p >= q always does.
    """
    chosen = drafted.unsqueeze(-1)
    p_x = p.gather(-1, chosen).squeeze(-1).double()
    q_x = q.gather(-1, chosen).squeeze(-1).double()
    uniform = torch.rand(drafted.shape, dtype=torch.float64, device=p.device, generator=generator)
    return uniform * q_x < p_x


def leading(passed: Tensor) -> Tensor:
    """How many of (n,) bool are true before the first false: (1,) int64."""
    return passed.long().cumprod(0).sum(0, keepdim=True)


def residual(p: Tensor, q: Tensor) -> Tensor:
    """max(0, p - q), the weights of the id that replaces a rejected one; p itself where nothing is left.

    Nothing is left only where p equals q, and an id drawn from q is then never rejected but for rounding.
    """
    left = (p - q).clamp_(min=0)
    return torch.where(left.sum(-1, keepdim=True) == 0, p, left)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one verification decided; each a (1,) int64 tensor, so that one read brings all to the host.

    Attributes:
        accepted: how many of the drafted ids are kept, counted from the first.
        own: the target's own id that follows them: the correction of a rejected one, or the bonus.
        sound: 0 where NaN or an infinity was met and `own` means nothing.
    """

    accepted: Tensor
    own: Tensor
    sound: Tensor


def verify_greedy(logits: Tensor, drafted: Tensor) -> Verdict:
    """Keeps drafted ids as long as they are the target's argmax.

    Args:
        logits: (n + 1, V) of the target, at the drafted positions and the one after.
        drafted: (n,) int64; n may be 0.
    """
    best = logits.argmax(-1)
    accepted = leading(drafted == best[:-1])
    # argmax takes a NaN for the largest value, so the chosen logits alone show one.
    sound = logits.gather(-1, best.unsqueeze(-1)).isnan().logical_not().all().long().view(1)
    return Verdict(accepted, best.gather(0, accepted), sound)


def verify_sampled(
    logits: Tensor, drafted: Tensor, q: Tensor | None, sampling: Sampling, generator: torch.Generator | None = None
) -> Verdict:
    """Keeps drafted ids by the rejection test, and draws the id that follows.

    Args:
        logits: (n + 1, V) of the target.
        drafted: (n,) int64; n may be 0.
        q: (n, V) float32, the rows that the ids were drawn from; None when n is 0.
        sampling: not greedy.
        generator: source of all randomness.
    """
    p = distribution(logits, sampling)
    # With a row of zeros below q, the bonus is the residual of a q that proposes nothing: no branch is needed.
    nothing = torch.zeros_like(p[-1:])
    q = nothing if q is None else torch.cat((q, nothing))
    accepted = leading(accept(p[:-1], q[:-1], drafted, generator))
    weights = residual(p.index_select(0, accepted), q.index_select(0, accepted))
    # NaN in p or q fails the test at its position, so the row that is drawn from shows it.
    sound = weights.sum(-1).isfinite().long()
    return Verdict(accepted, draw(weights, generator), sound)
