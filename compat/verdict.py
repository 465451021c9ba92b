"""Findings and engines' outcomes → the verdict, under a policy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .engines import ENGINES
from .engines.outcome import Judgement, Outcome
from .facts import Unknown
from .finding import Finding, OpenQuestion, Severity
from .relation import Pair, Relation
from .rules import RULES

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
        engines: the runtimes that the verdict speaks for.
        strict: whether `identical` alone will do.
        fail_on: findings at or above this refuse the pair: `error` or `warning`.
    """

    engines: tuple[str, ...] = ("bundled",)
    strict: bool = False
    fail_on: Severity = Severity.ERROR

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
        judgements: every known engine's outcome, by its name.
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
    """Runs every rule and every engine on a pair, and weighs them."""
    said = [item for rule in RULES for item in rule.run(pair)]
    findings = sorted(
        (item for item in said if isinstance(item, Finding)), key=lambda found: (-_WEIGHT[found.severity], found.code)
    )
    questions = tuple(item for item in said if isinstance(item, OpenQuestion))
    judgements = {name: engine.judge(pair) for name, engine in ENGINES.items()}
    relation = None if isinstance(pair.comparison, Unknown) else pair.comparison.relation
    verdict = _weigh(policy, relation, findings, questions, [judgements[name] for name in policy.engines])
    return Decision(verdict, relation, tuple(findings), questions, judgements)


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
    if relation is None or any(policy.refuses(question.worst) for question in questions):
        return Verdict.UNDECIDED
    if any(judged.outcome is Outcome.UNKNOWN for judged in gated):
        return Verdict.UNDECIDED
    return Verdict.CERTIFIED
