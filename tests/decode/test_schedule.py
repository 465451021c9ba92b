"""How many ids are drafted: never at a loss worth naming, whatever the drafter, and near the best where it helps."""

import itertools
import random

import pytest

from specdec_check.decode.costs import Costs, Seconds
from specdec_check.decode.options import Options
from specdec_check.decode.schedule import GAMMAS, Adaptive, Planned

RATIOS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.8, 1.1, 1.5)
ALPHAS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0)
WIDER = 0.02  # of the machine below


def decoded(c, alpha, *, tokens=512, believed=None, jump=0.0, seed=0, noise=lambda _: 1.0, price=0, read=None):
    """Forwards of the target that a text takes on a machine of these costs, and the gammas of its rounds.

    `alpha` is that of a token's number, `believed` c as the weights have it (the true one if not given), and `jump`
    what a forward over more than one id costs beyond that over one, `read` what it costs the drafter to read more than
    one id that was decoded without it (c if not given). The clock tells `noise` times as much, of a round's
    number; and the first round of each gamma takes `price` forwards more, which are not counted.
    """
    chance = random.Random(seed)
    schedule = Adaptive(Costs(c if believed is None else believed, measure=True))
    done, spent, behind, gammas = 0, 0.0, None, []
    while done < tokens:
        gamma = schedule.next(tokens - done - 1)
        accepted = 0
        while accepted < gamma and chance.random() < alpha(done):
            accepted += 1
        verify = 1 + (jump + WIDER * gamma if gamma else 0)
        steady, slow = not price or gamma in gammas, noise(len(gammas))
        late = (c if read is None else read) if gamma and behind is not None and behind > 1 else 0
        judging = verify + (0 if steady else price)
        schedule.record(gamma, accepted, Seconds(c * gamma * slow, judging * slow, steady, late * slow))
        spent += c * gamma + verify + late
        behind = 0 if gamma else None if behind is None else behind + 1
        done += accepted + 1
        gammas.append(gamma)
    return spent, gammas


def shared_machine(seed, swing=1.7, phase=120):
    """Everything takes now as long as it does, now longer, for some hundred rounds; and any round may be held up."""
    chance = random.Random(seed)
    levels, delays = {}, {}

    def noise(number):
        level = levels.setdefault(number // phase, chance.choice((1.0, 1.0, swing)))
        return level * delays.setdefault(number, chance.choice((1.0, 1.02, 1.05, 1.1, 1.4)))

    return noise


def best(c, alpha):
    """The pace of the best fixed gamma: Leviathan et al., theorem 3.8."""
    return max(sum(alpha**k for k in range(gamma + 1)) / (1 + (c + WIDER) * gamma) for gamma in GAMMAS)


@pytest.mark.parametrize("jump", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("c", RATIOS)
def test_speculation_never_costs_more_than_three_in_a_hundred(c, jump):
    for alpha, seed in itertools.product(ALPHAS, range(3)):
        spent, _ = decoded(c, lambda _, a=alpha: a, jump=jump, seed=seed)
        assert spent <= 1.03 * 512, (alpha, seed)


@pytest.mark.parametrize("read", [2.0, 8.0])
def test_reading_what_was_decoded_without_the_drafter_counts(read):
    for c, alpha, seed in itertools.product(RATIOS, ALPHAS, range(3)):
        spent, _ = decoded(c, lambda _, a=alpha: a, read=read, seed=seed)
        assert spent <= 1.03 * 512, (c, alpha)


@pytest.mark.parametrize("believed", [0.02, 0.3, 2.0])
def test_a_wrong_belief_in_the_costs_is_soon_corrected(believed):
    for c, alpha in itertools.product(RATIOS, ALPHAS):
        spent, _ = decoded(c, lambda _, a=alpha: a, believed=believed)
        assert spent <= 1.03 * 512, (c, alpha)


def test_a_shared_machine_does_not_fool_it():
    """Times by the clock differ by more than what is to be found out, and yet little is lost."""
    for c, alpha in itertools.product(RATIOS, ALPHAS):
        paces = [decoded(c, lambda _, a=alpha: a, noise=shared_machine(seed), seed=seed)[0] / 512 for seed in range(6)]
        assert sum(paces) / 6 <= 1.03, (c, alpha)


@pytest.mark.parametrize(("c", "alpha"), [(0.1, 0.8), (0.2, 0.9), (0.15, 0.6)])
def test_a_shared_machine_does_not_scare_it(c, alpha):
    texts = [decoded(c, lambda _: alpha, noise=shared_machine(seed), seed=seed, tokens=2048) for seed in range(8)]
    assert sum(2048 / spent for spent, _ in texts) / 8 >= 0.85 * best(c, alpha)


def test_all_recordings_but_the_first_have_to_be_earned():
    """Where each takes as long as 60 forwards, another gamma is tried when it would have saved as much."""
    _, gammas = decoded(0.1, lambda _: 0.8, price=60, tokens=1024)
    first = {gamma: gammas.index(gamma) for gamma in set(gammas) - {0}}
    begun = sorted(first.values())
    assert begun[0] < 10
    assert len(begun) > 1
    assert begun[1] > begun[0] + 60
    _, useless = decoded(0.1, lambda _: 0.0, price=60, tokens=1024)
    assert len(set(useless)) <= 2


def test_one_bad_draft_is_not_the_last():
    """A run whose drafts all fail leaves the next one free to try."""
    costs = Costs(0.1, measure=True)
    gammas = []
    for run in range(4):
        schedule = Adaptive(costs)
        for _ in range(200):
            gamma = schedule.next(100)
            schedule.record(gamma, gamma if run else 0, Seconds(0.1 * gamma, 1.0))
            gammas.append(gamma)
    assert 0 < sum(gammas[:200]) * 0.1 <= 6
    assert sum(gamma > 4 for gamma in gammas[600:]) > 150


def test_a_drafter_that_turns_useless_is_dropped():
    for c in RATIOS:
        spent, gammas = decoded(c, lambda at: 0.9 if at < 256 else 0.0)
        assert spent <= 1.03 * 512
        assert sum(gammas[-50:]) <= 25


def test_a_drafter_that_turns_useful_is_found():
    _, gammas = decoded(0.1, lambda at: 0.0 if at < 256 else 0.95, tokens=2048)
    assert max(gammas[-50:]) >= 4


@pytest.mark.parametrize(("c", "alpha"), [(0.05, 0.6), (0.1, 0.8), (0.2, 0.9), (0.3, 0.7), (0.15, 1.0), (0.05, 0.95)])
def test_a_good_drafter_is_used_nearly_as_well_as_it_can_be(c, alpha):
    """From a cold start: nothing is known, and every gamma has to earn that another is recorded."""
    paces = [2048 / decoded(c, lambda _: alpha, tokens=2048, seed=seed)[0] for seed in range(8)]
    assert sum(paces) / 8 >= 0.8 * best(c, alpha)


def test_a_useless_drafter_is_not_used():
    assert set(decoded(1.2, lambda _: 0.9)[1]) == {0}


def test_times_do_not_count_where_runs_must_repeat():
    def gammas(noise):
        chance, schedule, found = random.Random(3), Adaptive(Costs(0.2, measure=False)), []
        for _ in range(200):
            gamma = schedule.next(100)
            accepted = 0
            while accepted < gamma and chance.random() < 0.7:
                accepted += 1
            schedule.record(gamma, accepted, Seconds(gamma * noise, 2 * noise))
            found.append(gamma)
        return found

    assert gammas(1.0) == gammas(40.0)
    assert max(gammas(1.0)) > 0


def test_a_plan_is_followed_within_what_is_left():
    plan = Planned((3, 0, 5))
    assert [plan.next(most) for most in (8, 8, 8, 8, 2)] == [3, 0, 5, 5, 2]


def test_no_more_is_drafted_than_may_be():
    schedule = Adaptive(Costs(0.05, measure=False))
    for most in (0, 1, 2, 5, 7, 100):
        for _ in range(20):
            gamma = schedule.next(most)
            assert gamma <= most
            schedule.record(gamma, gamma, Seconds(0.0, 0.0))


def test_only_what_was_decoded_without_the_drafter_is_read_apart(tiny, monkeypatch):
    """Not the prompt, which any decoding reads, and not what a draft feeds by itself."""
    heard = []
    monkeypatch.setattr(Planned, "record", lambda _, drafted, __, seconds: heard.append((drafted, seconds.read)))
    llama = tiny.family("llama")
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    pair.generate([1, 2, 3, 4], Options(40, (0, 0, 2, 2, 0, 0, 2, 2, 0)))
    assert [drafted for drafted, _ in heard[:9]] == [0, 0, 2, 2, 0, 0, 2, 2, 0]
    assert [read > 0 for _, read in heard[:9]] == [False] * 6 + [True] + [False] * 2
