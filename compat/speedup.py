"""What speculative decoding gains, by the model of Leviathan, Kalman and Matias (ICML 2023, arXiv 2211.17192).

α is the probability that a drafted token is accepted, taken to be the same and independent for every token; γ the
number of tokens drafted in a round; c the time of a drafter's step over that of a target's step.

Beside the paper, `verify` is what verifying a round costs in target steps. It is 1 where a step's time goes into
reading the weights once, however many tokens they are applied to: batch 1, a dense model, few tokens.
"""

from __future__ import annotations

from collections.abc import Callable

MOST_DRAFTED = 16  # beyond, rounds grow longer than drafters stay right, and a verification is no longer free


def tokens_per_round(acceptance: float, drafted: int) -> float:
    """E: the expected number of tokens that a round commits, the target's own included (equation 1).

    Args:
        acceptance: α, 0 to 1.
        drafted: γ, 0 or more.
    """
    return drafted + 1 if acceptance == 1 else (1 - acceptance ** (drafted + 1)) / (1 - acceptance)


def speed_up(acceptance: float, drafted: int, cost: float, verify: float = 1.0) -> float:
    """S: the target's plain time over the time with drafts (theorem 3.8, which has `verify` 1).

    Args:
        acceptance: α, 0 to 1.
        drafted: γ, 0 or more.
        cost: c, 0 or more.
        verify: steps of the target that verifying the round costs, above 0.
    """
    return tokens_per_round(acceptance, drafted) / (drafted * cost + verify)


def best_drafted(acceptance: float, cost: float, verify: Callable[[int], float] = lambda _: 1.0) -> int:
    """The γ of 1 to `MOST_DRAFTED` with the largest S; the smallest of several.

    Args:
        acceptance: α, 0 to 1.
        cost: c, 0 or more.
        verify: γ → steps of the target that verifying so many drafts costs.
    """
    return max(range(1, MOST_DRAFTED + 1), key=lambda drafted: speed_up(acceptance, drafted, cost, verify(drafted)))


def break_even(cost: float, verify: Callable[[int], float] = lambda _: 1.0) -> float | None:
    """The α above which some γ gains; None where even certain acceptance does not.

    With `verify` 1 this is c (corollary 3.9): if any γ gains, γ = 1 does, whose S is (1 + α) / (1 + c).
    """
    low, high = 0.0, 1.0
    if _best(high, cost, verify) <= 1:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if _best(middle, cost, verify) > 1 else (middle, high)
    return high


def _best(acceptance: float, cost: float, verify: Callable[[int], float]) -> float:
    drafted = best_drafted(acceptance, cost, verify)
    return speed_up(acceptance, drafted, cost, verify(drafted))


def experts_touched(share: float, tokens: int) -> float:
    """The part of a mixture's experts that a batch of tokens reads at least once.

    Each token is taken to choose independently of the others, which is an upper bound: neighbours choose alike.

    Args:
        share: of a layer's experts, those that one token goes through, 0 to 1.
        tokens: how many there are.
    """
    return 1 - (1 - share) ** tokens
