"""Prompt lookup: what is proposed is what followed the latest place of the same last ids, and nothing is invented."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from specdec_check.decode.decoder import Decoder
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.lookup import HybridDrafter, LookupDrafter
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.pairing import Pairing
from specdec_check.decode.state import State

CPU = torch.device("cpu")


def told(ids):
    """Where the continuation begins, by plain search: three ids first, then two; 0 where there is none."""
    for size in (3, 2):
        for start in range(len(ids) - size - 1, -1, -1):
            if len(ids) >= size and ids[start : start + size] == ids[-size:]:
                return start + size
    return 0


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ids=st.lists(st.integers(0, 3), min_size=1, max_size=30), garbage=st.lists(st.integers(0, 3), max_size=10))
@torch.inference_mode()
def test_the_latest_place_of_the_longest_end(ids, garbage):
    state = State(rows=4, capacity=48, most=4, device=CPU)
    state.begin([*ids, *garbage])
    state.length.fill_(len(ids))  # what lies behind the text is not the text
    assert LookupDrafter(CPU).matched(state).tolist() == [told(ids)]


@pytest.mark.parametrize(
    ("ids", "count", "expected"),
    [
        ([5, 6, 7, 8, 9, 5, 6, 7], 2, [8, 9]),
        ([5, 6, 7, 8, 9, 5, 6, 7], 6, [8, 9, 5, 6, 7, 8]),  # past its end it goes on from its beginning
        ([1, 2, 1, 2], 4, [1, 2, 1, 2]),
        ([3, 3, 3, 3], 3, [3, 3, 3]),
    ],
)
@torch.inference_mode()
def test_what_followed_is_proposed(ids, count, expected):
    state = State(rows=10, capacity=32, most=8, device=CPU)
    state.begin(ids)
    drafter = LookupDrafter(CPU)
    work = drafter.ready(state, len(ids), count, int(drafter.matched(state)), blind=False)
    drafter.propose(state, count, Sampling(1.0), work, start=True, sure=True)
    assert state.drafted[:count].tolist() == expected
    assert torch.equal(state.q[:count], torch.nn.functional.one_hot(torch.tensor(expected), 10).float())
    assert state.sure[:count].tolist() == [1] * count


def test_without_a_match_nothing_is_drafted(tiny):
    target = tiny.reciting(30, list(range(30)))
    result = Decoder(target, Pairing.alone(30), LookupDrafter(CPU)).generate([0], Options(25, 4))
    assert result.statistics.drafted == 0
    assert list(result.ids) == list(range(1, 26))


def test_a_text_that_repeats_itself_is_looked_up(tiny):
    target = tiny.reciting(10, [1, 2, 3, 4, 5])
    counts = Decoder(target, Pairing.alone(10), LookupDrafter(CPU)).generate([1], Options(46, 4)).statistics
    assert counts.alpha == 1
    assert counts.rounds < 16  # some to see a repetition, then five ids each
    assert counts.drafter_forwards == 0


def test_a_model_drafts_where_nothing_is_found(tiny):
    """And reads, when its turn comes, what was decoded without it."""
    ids = [*[1, 2, 3, 4, 5] * 4, *range(6, 20)]
    target, drafter = tiny.reciting(20, ids), tiny.reciting(20, ids)
    facts = tiny.pairing(target, drafter)
    model = ModelDrafter(drafter, facts)
    pair = Decoder(target, facts, HybridDrafter(LookupDrafter(CPU), model))
    result = pair.generate([1, 2], Options(32, 2))
    assert list(result.ids) == ids[2:]
    assert 0 < result.statistics.drafter_forwards < result.statistics.drafted
