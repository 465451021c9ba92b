"""Findings and engines' outcomes → the verdict, under a policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from . import engines
from .engines.outcome import Judgement, Outcome
from .evidence import Unknown
from .finding import Finding, OpenQuestion, Severity
from .options import NOTHING_SET, Options
from .relation import Pair, Relation
from .rules import RULES
from .rules.controls import SPECIALS_DIFFER

_WEIGHT = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class Verdict(StrEnum):
    """The answer."""

    CERTIFIED = "certified"
    REFUSED = "refused"
    UNDECIDED = "undecided"

    @property
    def exit_status(self) -> int:
        """0, 1 or 2."""
        return {Verdict.CERTIFIED: 0, Verdict.REFUSED: 1, Verdict.UNDECIDED: 2}[self]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is asked of a pair.

    Attributes:
        engines: the runtimes that the verdict speaks for, as `name` or `name@version`.
        strict: whether `identical` alone will do.
        fail_on: findings at or above this refuse the pair: `error` or `warning`.
        allow_specials: whether control tokens may differ, which costs acceptance around them.
        options: what the pair is run with. Control tokens are allowed if that is said here or in `allow_specials`.
    """

    engines: tuple[str, ...] = ("bundled",)
    strict: bool = False
    fail_on: Severity = Severity.ERROR
    allow_specials: bool = False
    options: Options = NOTHING_SET

    def __post_init__(self) -> None:
        """Takes what is said in either of two places for said in both."""
        allowed = self.allow_specials or self.options.allow_specials
        object.__setattr__(self, "allow_specials", allowed)
        object.__setattr__(self, "options", replace(self.options, allow_specials=allowed))

    def to_dict(self) -> dict[str, Any]:
        """The policy as JSON values; of the options, those that are set."""
        return self.options.to_dict() | {
            "engines": list(self.engines),
            "strict": self.strict,
            "fail_on": self.fail_on.value,
            "allow_specials": self.allow_specials,
        }

    def refuses(self, severity: Severity) -> bool:
        """Whether a finding of this severity refuses the pair."""
        return _WEIGHT[severity] >= _WEIGHT[self.fail_on]


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and all that it rests on.

    Attributes:
        verdict: the answer.
        relation: of the vocabularies; None where one is not known.
        findings: gravest first.
        questions: facts that could not be had, by the rule that needs them.
        judgements: the outcome in every engine that is asked for, as it was asked for, and then in every other one.
    """

    verdict: Verdict
    relation: Relation | None
    findings: tuple[Finding, ...]
    questions: tuple[OpenQuestion, ...]
    judgements: dict[str, Judgement]

    @property
    def passed(self) -> tuple[str, ...]:
        """Codes of the rules that had their facts and nothing to say."""
        spoken = {found.code for found in self.findings} | {question.code for question in self.questions}
        return tuple(rule.code for rule in RULES if rule.code not in spoken)


def decide(pair: Pair, policy: Policy) -> Decision:
    """Runs every rule and every engine on a pair as it is planned, and weighs them."""
    pair = pair.planned(policy.options)
    said = [item for rule in RULES for item in rule.run(pair)]
    findings = sorted(
        (_allowed(item, policy) for item in said if isinstance(item, Finding)),
        key=lambda found: (-_WEIGHT[found.severity], found.code),
    )
    questions = tuple(item for item in said if isinstance(item, OpenQuestion))
    names = [*policy.engines, *(name for name in engines.ENGINES if name not in _plain(policy.engines))]
    judgements = {name: engines.judge(name, pair, policy.options) for name in names}
    relation = None if isinstance(pair.comparison, Unknown) else pair.comparison.relation
    verdict = _weigh(policy, relation, findings, questions, [judgements[name] for name in policy.engines])
    if (pair.target.reading.withheld or pair.drafter.reading.withheld) and not any(
        found.severity is Severity.ERROR for found in findings
    ):
        verdict = Verdict.UNDECIDED  # a withheld file may add tokens: of less than an error nothing is sure
    return Decision(verdict, relation, tuple(findings), questions, judgements)


def _plain(asked: tuple[str, ...]) -> set[str]:
    """The engines' names without versions."""
    return {name.partition("@")[0] for name in asked}


def _allowed(found: Finding, policy: Policy) -> Finding:
    """A finding as the policy has it: what the user allows is a warning, and still said."""
    if policy.allow_specials and found.code == SPECIALS_DIFFER.code:
        return replace(found, severity=Severity.WARNING)
    return found


def _weigh(
    policy: Policy,
    relation: Relation | None,
    findings: list[Finding],
    questions: tuple[OpenQuestion, ...],
    gated: list[Judgement],
) -> Verdict:
    """Refused by anything known; else undecided by anything unknown that could have refused; else certified."""
    if any(policy.refuses(found.severity) for found in findings):
        return Verdict.REFUSED
    if any(not judged.outcome.usable and judged.outcome is not Outcome.UNKNOWN for judged in gated):
        return Verdict.REFUSED
    if policy.strict and relation not in (Relation.IDENTICAL, None):
        return Verdict.REFUSED
    if policy.fail_on is Severity.WARNING and any(judged.outcome is Outcome.DEGRADES for judged in gated):
        return Verdict.REFUSED
    if relation is None or any(policy.refuses(question.worst) for question in questions):
        return Verdict.UNDECIDED
    if any(judged.outcome is Outcome.UNKNOWN for judged in gated):
        return Verdict.UNDECIDED
    return Verdict.CERTIFIED
