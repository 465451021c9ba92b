"""The arithmetic of speculative decoding: known values, a simulation, and what must hold for all of them."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from specdec_check.compat.speedup import (
    MOST_DRAFTED,
    best_drafted,
    break_even,
    experts_touched,
    speed_up,
    tokens_per_round,
)

RATES = st.floats(0, 1)
COSTS = st.floats(0.001, 3)
DRAFTED = st.integers(1, MOST_DRAFTED)


@pytest.mark.parametrize(
    ("acceptance", "drafted", "cost", "gain"),
    [(0.8, 4, 0.05, 2.80), (0.8, 4, 0.25, 1.68), (0.8, 4, 0.5, 1.12), (0.3, 4, 0.05, 1.19), (0.3, 4, 0.25, 0.71)],
)
def test_worked_examples_of_theorem_3_8(acceptance: float, drafted: int, cost: float, gain: float) -> None:
    assert speed_up(acceptance, drafted, cost) == pytest.approx(gain, abs=0.005)


def test_tokens_per_round_at_the_ends() -> None:
    assert tokens_per_round(0, 5) == 1
    assert tokens_per_round(1, 5) == 6
    assert tokens_per_round(0.999999999, 5) == pytest.approx(6)
    assert tokens_per_round(0.5, 0) == 1


def test_tokens_per_round_are_what_rounds_commit() -> None:
    dice = random.Random(3)
    rounds = 40_000
    committed = sum(1 + next((n for n in range(4) if dice.random() >= 0.7), 4) for _ in range(rounds))

    assert committed / rounds == pytest.approx(tokens_per_round(0.7, 4), rel=0.01)


@given(RATES, DRAFTED, COSTS)
def test_a_gain_needs_an_acceptance_above_the_cost(acceptance: float, drafted: int, cost: float) -> None:
    """Corollary 3.9, and its bound for one drafted token."""
    if acceptance <= cost:
        assert speed_up(acceptance, drafted, cost) <= 1 + 1e-9
    else:
        best = best_drafted(acceptance, cost)
        assert speed_up(acceptance, best, cost) >= (1 + acceptance) / (1 + cost) - 1e-9


@given(RATES, COSTS)
def test_the_best_is_the_best(acceptance: float, cost: float) -> None:
    best = best_drafted(acceptance, cost)

    assert all(
        speed_up(acceptance, best, cost) >= speed_up(acceptance, other, cost) for other in range(1, MOST_DRAFTED + 1)
    )


@given(st.floats(0.01, 0.99))
def test_of_a_dense_target_the_cost_is_the_break_even(cost: float) -> None:
    found = break_even(cost)

    assert found is not None
    assert found == pytest.approx(cost, abs=2e-4)


def test_a_drafter_as_slow_as_its_target_never_pays() -> None:
    assert break_even(1.0) is None
    assert break_even(1.5) is None


@given(st.floats(0.05, 0.9), st.floats(0.01, 0.99))
def test_a_verification_that_costs_more_needs_more_acceptance(share: float, cost: float) -> None:
    def verify(drafted: int) -> float:
        return experts_touched(share, drafted + 1) / share

    dense, mixture = break_even(cost), break_even(cost, verify)

    assert dense is not None
    assert mixture is None or mixture >= dense - 2e-4


@given(st.floats(0.001, 1), st.integers(1, 64))
def test_experts_touched(share: float, tokens: int) -> None:
    found = experts_touched(share, tokens)

    assert experts_touched(share, 1) == pytest.approx(share)
    assert share - 1e-9 <= found <= min(1, share * tokens) + 1e-9


def test_experts_touched_by_tokens_that_choose_at_random() -> None:
    dice = random.Random(5)
    trials = 4000
    touched = sum(len({n for _ in range(5) for n in dice.sample(range(32), 4)}) for _ in range(trials))

    assert touched / trials / 32 == pytest.approx(experts_touched(4 / 32, 5), rel=0.01)


@given(RATES, RATES, DRAFTED)
def test_more_acceptance_never_commits_less(some: float, more: float, drafted: int) -> None:
    assume(some <= more)

    assert tokens_per_round(some, drafted) <= tokens_per_round(more, drafted) + 1e-9
