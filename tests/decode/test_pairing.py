"""The facts that decoding stands on index no matrix past its end."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specdec_check.decode.errors import DecodeError
from specdec_check.decode.pairing import Pairing, ranges


@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_the_ids_and_no_others(ids):
    found = ranges(ids)
    assert {token for start, end in found for token in range(start, end)} == ids
    gaps = [start - end for (_, end), (start, _) in itertools.pairwise(found)]
    assert all(gap > 0 for gap in gaps)


@pytest.mark.parametrize(
    ("target_rows", "drafter_rows", "proposable", "stand_in"),
    [
        (0, 8, (), 0),
        (8, 10, ((0, 9),), 0),
        (10, 8, ((0, 9),), 0),
        (8, 8, ((4, 6), (0, 2)), 0),
        (8, 8, ((0, 4), (3, 6)), 0),
        (8, 8, ((2, 2),), 0),
        (8, 8, ((-1, 2),), 0),
        (8, 8, ((0, 8),), 8),
        (8, 8, ((0, 8),), -1),
    ],
)
def test_numbers_that_would_index_past_a_matrix_are_refused(target_rows, drafter_rows, proposable, stand_in):
    with pytest.raises(DecodeError):
        Pairing(target_rows, drafter_rows, proposable, stand_in, frozenset())


def test_a_target_alone():
    facts = Pairing.alone(10, [3], 64)
    assert (facts.target_rows, facts.drafter_rows, facts.eos, facts.target_context) == (10, 0, {3}, 64)
