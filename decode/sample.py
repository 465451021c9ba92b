"""Draws, and the tests that make speculation lossless: the committed ids follow p whatever q the drafts came from.

Pure functions of tensors that a CUDA graph can capture: lengths are known by shape, outcomes stay tensors, and all
randomness comes in as float64 uniforms in [0, 1). They hold provided that q is the very distribution that the drafted
ids were drawn from. Leading dimensions, written (...), are so many independent rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from .sizes import size


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one verification decided; each a (..., 1) int64 tensor, so that one read brings all to the host.

    Attributes:
        accepted: how many of the drafted ids are kept, counted from the first.
        own: the target's own id that follows them: the correction of a rejected one, or the bonus.
        sound: 0 where NaN or an infinity was met and `own` means nothing.
    """

    accepted: Tensor
    own: Tensor
    sound: Tensor


def verify_greedy(scores: Tensor, drafted: Tensor) -> Verdict:
    """Keeps drafted ids as long as they are the target's argmax.

    Args:
        scores: (..., n + 1, V) of the target, at the drafted positions and the one after.
        drafted: (..., n) int64; n may be 0.
    """
    best = scores.argmax(-1)
    accepted = leading(drafted == best[..., :-1])
    # argmax takes a NaN for the largest value, so the chosen scores alone show one.
    unsound = scores.gather(-1, best.unsqueeze(-1)).isnan().squeeze(-1).any(-1, keepdim=True)
    return Verdict(accepted, best.gather(-1, accepted), unsound.logical_not().long())


def verify_sampled(p: Tensor, drafted: Tensor, q: Tensor | None, uniforms: Tensor) -> Verdict:
    """Judges drafted ids one by one, and draws the id that follows.

    Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (2023): an id x is kept with
    probability min(1, p(x)/q(x)); the first that is not is replaced by a draw from norm(max(0, p - q)); when all are
    kept, one more is drawn from p.

    Args:
        p: (..., n + 1, V) float32, the target's probabilities at the drafted positions and the one after.
        drafted: (..., n) int64; n may be 0.
        q: (..., n, V) float32, the rows that the ids were drawn from, one-hot where they were looked up; None when n
            is 0.
        uniforms: (..., n + 1) float64, independent.
    """
    q = p[..., :0, :] if q is None else q
    accepted = leading(accept(p[..., :-1, :], q, drafted, uniforms[..., :-1]))
    weights = residual(_row(p, accepted), _row_or_nothing(q, accepted))
    # NaN in p or q fails the test at its position, so the row that is drawn from shows it.
    sound = weights.sum(-1).isfinite().long()
    return Verdict(accepted, draw(weights, uniforms[..., -1:]), sound)


def verify_block(p: Tensor, drafted: Tensor, q: Tensor | None, uniforms: Tensor) -> Verdict:
    """Judges drafted ids together, which keeps no fewer of them in the mean than one by one, and often more.

    Sun et al., "Block Verification Accelerates Speculative Decoding" (2024, arXiv 2403.10444), algorithm 2. Each prefix
    has a test of its own, and the longest that passes is kept. With M for p and m for q, let w_0 = 1 and
    w_i = min(1, w_{i-1} M(x_i) / m(x_i)), which shall be the chance that i or more ids are kept, given the first i. Of
    it, sum_x min(w_i M(x), m(x)) goes on to i + 1, so S_i = sum_x max(0, w_i M(x) - m(x)) has to end at i, with a next
    id drawn from these very weights: the two make w_i M(x) of every x. A test that passes with probability
    h_i = S_i / (S_i + 1 - w_i) does so, for 1 - (1 - h_i) (1 - (w_i - S_i)) = w_i. After the last drafted id h_n = w_n,
    and the draw is from M.

    Arguments and shapes are those of `verify_sampled`.
    """
    q = p[..., :0, :] if q is None else q
    kept = _kept(p, q, drafted)
    share = kept.float().unsqueeze(-1)
    surplus = (share[..., :-1, :] * p[..., :-1, :]).sub_(q).clamp_(min=0).sum(-1).double()
    shortfall = 1 - kept[..., :-1]
    # 0 / 0 is a prefix always kept before p = q, where the next id is always kept as well: any chance is right, and 1
    # is what the neighbouring cases tend to.
    chance = torch.where(shortfall == 0, torch.ones_like(surplus), surplus / (surplus + shortfall))
    passed = uniforms[..., :-1] < torch.cat((chance, kept[..., -1:]), dim=-1)[..., 1:]
    lengths = torch.arange(size(p, -2), device=p.device)
    accepted = (pad(passed.long(), (1, 0)) * lengths).amax(-1, keepdim=True)
    weights = residual(_row(p, accepted), _row_or_nothing(q, accepted), _row(share, accepted))
    # Every drafted position has a say in where to stop, so NaN in any shows.
    sound = (weights.sum(-1).isfinite() & surplus.isfinite().all(-1, keepdim=True)).long()
    return Verdict(accepted, draw(weights, uniforms[..., -1:]), sound)


def draw(weights: Tensor, uniform: Tensor) -> Tensor:
    """One id per row in proportion to weights that need not sum to one: (..., V) and (...) float64 to (...) int64.

    By inversion in float64: an id of weight zero is never drawn, and the smallest weights keep their share. The usual
    argmax(p / Exp(1)) in float32 gives every one of a large vocabulary's improbable ids a chance of some 1e-8.
    """
    cumulative = weights.double().cumsum(-1)
    total = cumulative[..., -1:]
    point = torch.minimum(uniform.unsqueeze(-1) * total, torch.nextafter(total, torch.zeros_like(total)))
    found = torch.searchsorted(cumulative, point, right=True)
    # Only NaN weights land past the end; the id must stay one that can be embedded until `sound` is read.
    return found.squeeze(-1).clamp_(max=size(weights, -1) - 1)


def accept(p: Tensor, q: Tensor, drafted: Tensor, uniform: Tensor) -> Tensor:
    """Which drafted ids pass min(1, p/q), each judged by itself.

    Args:
        p: (..., n, V) the target's probabilities at the drafted positions.
        q: (..., n, V) the probabilities that the ids were drawn with.
        drafted: (..., n) int64.
        uniform: (..., n) float64.

    Returns:
        (..., n) bool. An id of p = 0 never passes and one of p >= q always does.
    """
    return uniform * _of(q, drafted) < _of(p, drafted)


def leading(passed: Tensor) -> Tensor:
    """How many of (..., n) bool are true before the first false: (..., 1) int64."""
    return passed.long().cumprod(-1).sum(-1, keepdim=True)


def residual(p: Tensor, q: Tensor, share: Tensor | float = 1.0) -> Tensor:
    """max(0, share * p - q), the weights of the id that replaces a rejected one; p itself where nothing is left.

    Nothing is left only where p equals q, and an id drawn from q is then never rejected but for rounding.

    Args:
        p: (..., V) the target's probabilities.
        q: (..., V) the drafter's.
        share: (..., 1), the chance that the ids before are kept, where they are judged as a block.
    """
    left = (share * p - q).clamp_(min=0)
    return torch.where(left.sum(-1, keepdim=True) == 0, p, left)


def _kept(p: Tensor, q: Tensor, drafted: Tensor) -> Tensor:
    """The chance w_i that the first i drafted ids are kept, for i = 0 .. n: (..., n + 1) float64."""
    drafted_with = _of(q, drafted).clamp(min=torch.finfo(torch.float64).tiny)
    ratios = _of(p[..., :-1, :], drafted) / drafted_with
    # A product held at 1 or below is, in logarithms, a walk reflected at 0: the walk less its highest point so far.
    walk = pad(ratios.log(), (1, 0)).cumsum(-1)
    return (walk - walk.cummax(-1).values).exp()


def _of(rows: Tensor, ids: Tensor) -> Tensor:
    """Each row's value at its own id, float64: (..., n, V) and (..., n) to (..., n)."""
    return rows.gather(-1, ids.unsqueeze(-1)).squeeze(-1).double()


def _row(rows: Tensor, index: Tensor) -> Tensor:
    """One row of each round: (..., n, V) and (..., 1) to (..., 1, V)."""
    # Copies whole rows, where a gather would look up every element: several times slower on the CPU.
    first = torch.arange(0, rows.shape[:-1].numel(), rows.shape[-2], device=rows.device).view(*rows.shape[:-2], 1)
    return rows.reshape(-1, rows.shape[-1]).index_select(0, (first + index).flatten()).view(*index.shape, -1)


def _row_or_nothing(rows: Tensor, index: Tensor) -> Tensor:
    """As `_row` of (..., n, V), with zeros for row n: the bonus is the residual of a q that proposes nothing."""
    count = size(rows, -2)
    if count == 0:
        return rows.new_zeros(*rows.shape[:-2], 1, rows.shape[-1])
    return _row(rows, index.clamp(max=count - 1)).masked_fill(index.unsqueeze(-1) == count, 0)
