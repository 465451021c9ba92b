"""Statistics: every ratio from counts, worked out by hand."""

import json
from dataclasses import replace

import pytest
from counted import booked

from specdec_check.decode.options import Options
from specdec_check.decode.stats import total


def test_history_is_kept_in_order_and_gammas_are_its_first_half():
    found = booked([(4, 2), (0, 0), (3, 3)])
    assert found.history == ((4, 2), (0, 0), (3, 3))
    assert found.gammas == (4, 0, 3)
    assert Options(gamma=found.gammas).planned == found.gammas


def test_running_alpha_is_alpha_of_the_rounds_so_far():
    rounds = [(0, 0), (4, 2), (2, 2), (3, 0), (1, 1)]
    found = booked(rounds)
    assert found.running_alpha == (None, 2 / 3, 4 / 5, 4 / 6, 5 / 7)
    assert found.running_alpha == tuple(booked(rounds[: count + 1]).alpha for count in range(len(rounds)))


def test_a_text_that_ends_inside_a_draft_is_told_from_a_rejection_by_alpha_alone():
    found = booked([(4, 4), (4, 1)], ends_inside=True)
    assert found.alpha == 1
    assert found.running_alpha == (1, 5 / 6)


def test_time_by_phase_adds_up():
    found = booked([(4, 2), (2, 2)])
    assert found.seconds.host == pytest.approx(0.4)
    assert (found.draft_ms, found.verify_ms, found.host_ms) == pytest.approx((300, 1000, 200))
    assert found.c == pytest.approx((0.6 / 6) / (2.0 / 2))


def test_nothing_done_has_no_ratios():
    nothing = replace(booked([]), new_tokens=1)
    assert (nothing.draft_ms, nothing.verify_ms, nothing.host_ms, nothing.c) == (None,) * 4
    assert nothing.running_alpha == ()
    assert booked([(0, 0)]).c is None


def test_several_runs_are_one_after_another():
    first, second = booked([(4, 2), (0, 0)]), booked([(3, 3)])
    both = total([first, second])
    assert both.history == first.history + second.history
    assert both.seconds.host == pytest.approx(first.seconds.host + second.seconds.host)
    assert both.running_alpha[-1] == both.alpha


def test_all_of_it_is_json():
    found = json.loads(json.dumps(booked([(4, 2), (2, 2)]).to_dict()))
    assert found["history"] == [[4, 2], [2, 2]]
    assert found["seconds"]["host"] == pytest.approx(0.4)
    assert found["gammas"] == [4, 2]
    assert {"running_alpha", "draft_ms", "verify_ms", "host_ms", "c", "alpha", "tokens_per_round"} <= found.keys()


def test_a_real_run_books_what_its_rounds_say(tiny):
    target = tiny.family("llama")
    decoder = tiny.decoder(target, tiny.noised(target, 0.3))
    rounds = []
    found = decoder.generate([1, 2, 3], Options(max_new_tokens=40, gamma=3), on_round=rounds.append).statistics
    assert found.history == tuple((len(one.drafted), one.accepted) for one in rounds[1:])
    assert len({taken for _, taken in found.history}) > 1, "a drafter that is neither perfect nor useless"
    assert sum(found.gammas) == found.drafted
