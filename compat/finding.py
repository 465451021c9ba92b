"""What a rule finds, and what a rule is: data. How a finding reads is in the text beside its rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from .evidence import Evidence, Unknown
from .facts import Fingerprint
from .relation import Pair

_T = TypeVar("_T")


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"  # the pair is refused
    WARNING = "warning"  # the pair runs, slower or on a claim that was not proved
    NOTE = "note"  # worth knowing, changes nothing


class Subject(StrEnum):
    """Whom a finding is about."""

    PAIR = "pair"
    TARGET = "target"
    DRAFTER = "drafter"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule has to say of a pair.

    Attributes:
        code: the rule's, as in SD102.
        name: the rule's, which states the fault.
        severity: error, warning or note.
        subject: the pair, the target or the drafter.
        args: the values in the sentence, as JSON values; texts of tokens are a repository's own, not yet escaped.
        evidence: where the facts came from.
    """

    code: str
    name: str
    severity: Severity
    subject: Subject
    args: dict[str, Any] = field(default_factory=dict)
    evidence: Evidence = Evidence.CONTENT


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A fact that a rule needs and that could not be had.

    Attributes:
        code: the rule that stays open.
        worst: the gravest finding that the answer could have been.
        subject: whose fact it is.
        fact: its name.
        why: why it could not be had, as a clause.
    """

    code: str
    worst: Severity
    subject: Subject
    fact: str
    why: str


@dataclass(frozen=True, slots=True)
class Rule(ABC):
    """A rule of the catalogue.

    Attributes:
        code: family and number, as in SD102. Stable.
        name: states the fault.
        worst: the gravest finding it can make; where that would refuse the pair, a missing fact leaves it undecided.
        needs: names of the facts it looks at, dotted where a fact has parts.
        message: the finding as a sentence, with `{args}`.
        why: why it matters.
        fix: what to do.
    """

    code: str
    name: str
    worst: Severity
    needs: tuple[str, ...]
    message: str
    why: str
    fix: str

    @abstractmethod
    def run(self, pair: Pair) -> Iterator[Finding | OpenQuestion]:
        """What the rule has to say of a pair."""

    def finds(
        self,
        severity: Severity,
        subject: Subject,
        evidence: Evidence = Evidence.CONTENT,
        **args: Any,  # noqa: ANN401 - JSON values
    ) -> Finding:
        """A finding of this rule."""
        return Finding(self.code, self.name, severity, subject, args, evidence)

    def lacks(self, facts: Fingerprint, subject: Subject) -> list[OpenQuestion]:
        """The needed facts that a model does not give."""
        missing = []
        for need in self.needs:
            fact: object = facts
            for part in need.split("."):
                fact = fact if isinstance(fact, Unknown) else getattr(fact, part)
            if isinstance(fact, Unknown):
                missing.append(OpenQuestion(self.code, self.worst, subject, need, fact.why))
        return missing


@dataclass(frozen=True, slots=True)
class PairRule(Rule):
    """A rule on the two models together.

    Attributes:
        check: the function.
        behaviour: whether it also looks at how the two tokenizers encode.
    """

    check: Callable[[PairRule, Pair], Iterator[Finding]]
    behaviour: bool = False

    def run(self, pair: Pair) -> Iterator[Finding | OpenQuestion]:
        """Checks the pair, if both models give the facts."""
        missing = self.lacks(pair.target, Subject.TARGET) + self.lacks(pair.drafter, Subject.DRAFTER)
        if self.behaviour and isinstance(pair.behaviour, Unknown):
            missing.append(OpenQuestion(self.code, self.worst, Subject.PAIR, "behaviour", pair.behaviour.why))
        yield from missing or self.check(self, pair)


@dataclass(frozen=True, slots=True)
class ModelRule(Rule):
    """A rule on one model by itself, asked of each of the two."""

    check: Callable[[ModelRule, Fingerprint, Subject], Iterator[Finding]]

    def run(self, pair: Pair) -> Iterator[Finding | OpenQuestion]:
        """Checks each model that gives the facts, whatever the other lacks."""
        for facts, subject in ((pair.target, Subject.TARGET), (pair.drafter, Subject.DRAFTER)):
            yield from self.lacks(facts, subject) or self.check(self, facts, subject)


def known(fact: _T | Unknown) -> _T:
    """A fact that the rule declared in `needs`, and that is therefore there."""
    if isinstance(fact, Unknown):
        raise TypeError(f"a rule looked at a fact that it does not declare: {fact.why}")
    return fact
