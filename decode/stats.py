"""What a run did, counted.

Words: a *round* drafts ids, verifies them in one forward of the target, and commits the accepted ones and one of the
target's own. The prefill commits the first id and is no round. A drafted id is *judged* when all before it in its round
were accepted; those behind a rejection are drafted for nothing. Ids that follow the end of the text in its last round
are neither accepted nor judged, since nobody sees them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain, zip_longest
from typing import Any


@dataclass(frozen=True, slots=True)
class Seconds:
    """Time by phase. `total` also holds the host's share between phases, and not the caller's between rounds."""

    prefill: float
    draft: float
    verify: float
    total: float

    @property
    def host(self) -> float:
        """What the host took between phases: turning ids into text, and deciding where it ends."""
        return self.total - self.prefill - self.draft - self.verify


@dataclass(frozen=True, slots=True)
class Statistics:
    """One run in numbers, or the `total` of several.

    Attributes:
        prompt_tokens: ids in the prompt.
        new_tokens: ids committed.
        prefills: 1, or 0 where the prompt fills the target's context; each commits one id.
        rounds: verifications after the prefill; `new_tokens` is `prefills` + `rounds` + `accepted`, or one less when
            the text ends on a drafted id.
        drafted: ids proposed.
        judged_by_position: how often the first, second … drafted id of a round was judged.
        accepted_by_position: how often it was accepted.
        target_forwards: how often the target ran: `prefills` + `rounds`.
        drafter_forwards: how often the drafter ran: one prefill, and one for every drafted id.
        seconds: time by phase.
        history: how many ids each round drafted and how many of them were accepted, in order; of several runs, one run
            after another.
    """

    prompt_tokens: int
    new_tokens: int
    prefills: int
    rounds: int
    drafted: int
    judged_by_position: tuple[int, ...]
    accepted_by_position: tuple[int, ...]
    target_forwards: int
    drafter_forwards: int
    seconds: Seconds
    history: tuple[tuple[int, int], ...] = ()

    @property
    def judged(self) -> int:
        """Drafted ids that the test was run on."""
        return sum(self.judged_by_position)

    @property
    def accepted(self) -> int:
        """Drafted ids that were committed."""
        return sum(self.accepted_by_position)

    @property
    def alpha(self) -> float | None:
        """Accepted per judged id: the alpha of Leviathan et al. (2023).

        By it a round of gamma drafts commits (1 - alpha^(gamma + 1)) / (1 - alpha) ids in the mean.
        """
        return _ratio(self.accepted, self.judged)

    @property
    def accepted_share(self) -> float | None:
        """Accepted per drafted id: what some call the acceptance rate; it falls as gamma grows."""
        return _ratio(self.accepted, self.drafted)

    @property
    def acceptance_by_position(self) -> tuple[float | None, ...]:
        """Accepted per judged id, for the first, second … id of a draft."""
        pairs = zip(self.accepted_by_position, self.judged_by_position, strict=True)
        return tuple(_ratio(accepted, judged) for accepted, judged in pairs)

    @property
    def tokens_per_round(self) -> float | None:
        """Ids committed per round, the prefill's left out on both sides."""
        return _ratio(self.new_tokens - self.prefills, self.rounds)

    @property
    def tokens_per_second(self) -> float | None:
        """Ids committed per second after the prefill."""
        return _ratio(self.new_tokens - self.prefills, self.seconds.total - self.seconds.prefill)

    @property
    def gammas(self) -> tuple[int, ...]:
        """How many ids each round drafted. As `Options.gamma` they repeat the run, round for round."""
        return tuple(drafted for drafted, _ in self.history)

    @property
    def running_alpha(self) -> tuple[float | None, ...]:
        """Alpha of the rounds up to each; None while nothing was drafted.

        A rejection is taken to end every draft that was not accepted whole: a draft that the end of the text cut short
        counts for one judged id more than in `alpha`.
        """
        accepted = accumulate(taken for _, taken in self.history)
        judged = accumulate(min(drafted, taken + 1) for drafted, taken in self.history)
        return tuple(_ratio(part, whole) for part, whole in zip(accepted, judged, strict=True))

    @property
    def draft_ms(self) -> float | None:
        """Milliseconds a round in the drafter."""
        return _ratio(1000 * self.seconds.draft, self.rounds)

    @property
    def verify_ms(self) -> float | None:
        """Milliseconds a round in the target; without drafts, a plain step of it."""
        return _ratio(1000 * self.seconds.verify, self.rounds)

    @property
    def host_ms(self) -> float | None:
        """Milliseconds a round on the host, between the two."""
        return _ratio(1000 * self.seconds.host, self.rounds)

    @property
    def c(self) -> float | None:
        """What drafting an id costs, in verifications: seconds of draft per id over seconds of verification per round.

        The c of Leviathan et al. (2023) has a plain step of the target below the line. A verification costs at least
        that, so this is at most theirs, and equal where the target's time goes into reading its weights once.
        """
        step, verification = _ratio(self.seconds.draft, self.drafted), _ratio(self.seconds.verify, self.rounds)
        return None if step is None or verification is None else _ratio(step, verification)

    def to_dict(self) -> dict[str, Any]:
        """Counts and ratios as plain values, for JSON."""
        return {
            **asdict(self),
            "seconds": asdict(self.seconds) | {"host": self.seconds.host},
            "judged": self.judged,
            "accepted": self.accepted,
            "alpha": self.alpha,
            "accepted_share": self.accepted_share,
            "acceptance_by_position": self.acceptance_by_position,
            "tokens_per_round": self.tokens_per_round,
            "tokens_per_second": self.tokens_per_second,
            "gammas": self.gammas,
            "running_alpha": self.running_alpha,
            "draft_ms": self.draft_ms,
            "verify_ms": self.verify_ms,
            "host_ms": self.host_ms,
            "c": self.c,
        }


def total(runs: Iterable[Statistics]) -> Statistics:
    """All runs as one: counts and times added up, so that the ratios weigh every round alike."""
    runs = tuple(runs)
    return Statistics(
        prompt_tokens=sum(run.prompt_tokens for run in runs),
        new_tokens=sum(run.new_tokens for run in runs),
        prefills=sum(run.prefills for run in runs),
        rounds=sum(run.rounds for run in runs),
        drafted=sum(run.drafted for run in runs),
        judged_by_position=_columns([run.judged_by_position for run in runs]),
        accepted_by_position=_columns([run.accepted_by_position for run in runs]),
        target_forwards=sum(run.target_forwards for run in runs),
        drafter_forwards=sum(run.drafter_forwards for run in runs),
        seconds=Seconds(
            prefill=sum(run.seconds.prefill for run in runs),
            draft=sum(run.seconds.draft for run in runs),
            verify=sum(run.seconds.verify for run in runs),
            total=sum(run.seconds.total for run in runs),
        ),
        history=tuple(chain.from_iterable(run.history for run in runs)),
    )


def _columns(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip_longest(*rows, fillvalue=0))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


class Tally:
    """Counts while a run goes on."""

    def __init__(self) -> None:
        self.rounds = 0
        self.drafted = 0
        self.judged: list[int] = []
        self.accepted: list[int] = []
        self.history: list[tuple[int, int]] = []

    def add(self, drafted: int, accepted: int, *, rejected: bool) -> None:
        """Books a round.

        Args:
            drafted: ids proposed.
            accepted: ids of them that were committed.
            rejected: whether the one after them was rejected and its correction committed.
        """
        self.rounds += 1
        self.drafted += drafted
        self.history.append((drafted, accepted))
        for position in range(accepted + rejected):
            if position == len(self.judged):
                self.judged.append(0)
                self.accepted.append(0)
            self.judged[position] += 1
            self.accepted[position] += position < accepted
