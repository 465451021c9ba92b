"""Statistics as a run would have booked them, from its rounds alone."""

from specdec_check.decode.stats import Seconds, Statistics, Tally


def booked(rounds, *, ends_inside=False, seconds=None):
    """Statistics of (drafted, accepted) rounds; the last may end the text on a drafted id."""
    tally = Tally()
    for number, (drafted, accepted) in enumerate(rounds, 1):
        over = ends_inside and number == len(rounds)
        tally.add(drafted, accepted, rejected=accepted < drafted and not over)
    taken = sum(accepted for _, accepted in rounds)
    return Statistics(
        prompt_tokens=5,
        new_tokens=1 + len(rounds) + taken - ends_inside,
        prefills=1,
        rounds=tally.rounds,
        drafted=tally.drafted,
        judged_by_position=tuple(tally.judged),
        accepted_by_position=tuple(tally.accepted),
        target_forwards=1 + tally.rounds,
        drafter_forwards=1 + tally.drafted,
        seconds=seconds or Seconds(prefill=1.0, draft=0.6, verify=2.0, total=4.0),
        history=tuple(tally.history),
    )
