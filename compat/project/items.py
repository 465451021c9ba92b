"""Findings as a gate has them: those of the rules, of the engines, and of the project itself, in one form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..engines.outcome import Judgement, Outcome
from ..finding import OpenQuestion, Severity, Subject
from ..pipeline import Report
from ..relation import Relation
from ..report.advice import fix_of
from ..report.message import message
from ..rules import BY_CODE
from ..visible import shortened, visible
from . import rules
from .declared import Ignore, Place
from .rules import ProjectRule

_LONGEST = 500


class Weight(StrEnum):
    """How much a finding weighs; `open` where a fact is missing, so that a rule could not be answered."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OPEN = "open"


_GRAVEST_FIRST = (Weight.ERROR, Weight.OPEN, Weight.WARNING, Weight.NOTE)


@dataclass(frozen=True, slots=True)
class Item:
    """One finding.

    Attributes:
        code: of its rule.
        name: of its rule.
        weight: error, warning, note or open.
        subject: pair, target, drafter or project.
        message: one sentence in one line.
        fix: what to do.
        decides: whether it keeps what it is about from passing, unless it is ignored.
        place: where it stands, if not where the pair does.
        ignored: the exception that the project makes for it.
    """

    code: str
    name: str
    weight: Weight
    subject: str
    message: str
    fix: str
    decides: bool
    place: Place | None = None
    ignored: Ignore | None = None

    @property
    def counts(self) -> bool:
        """Whether it keeps what it is about from passing."""
        return self.decides and self.ignored is None

    def fingerprint(self, about: str) -> str:
        """A name for this finding that stays the same while its pair, rule and subject do."""
        return hashlib.sha256(f"{about}\0{self.code}\0{self.subject}".encode("utf-8", "backslashreplace")).hexdigest()[
            :32
        ]


def item(
    rule: ProjectRule,
    args: Mapping[str, str],
    subject: str = "pair",
    *,
    weight: Weight | None = None,
    decides: bool = True,
    fix: str | None = None,
    place: Place | None = None,
) -> Item:
    """A finding of the project's own rules.

    Args:
        rule: the rule.
        args: the values in the rule's sentence.
        subject: pair, target, drafter or project.
        weight: where it is not the rule's worst.
        decides: whether it keeps the pair from passing.
        fix: what to do, where it is more than the rule says.
        place: where it stands, if not where the pair does.
    """
    shown = {name: shortened(visible(" ".join(value.split())), _LONGEST) for name, value in args.items()}
    said = rule.message.format(**shown)
    return Item(
        rule.code, rule.name, weight or Weight(rule.worst), subject, said, visible(fix or rule.fix), decides, place
    )


def gravest_first(items: list[Item]) -> list[Item]:
    """The items in the order in which they are told."""
    return sorted(items, key=lambda one: (not one.counts, _GRAVEST_FIRST.index(one.weight), one.code))


def of_report(report: Report) -> list[Item]:
    """All that a checked pair has against it."""
    return [*_findings(report), *_questions(report), *_engines(report), *_policy(report), *_withheld(report)]


def _findings(report: Report) -> Iterator[Item]:
    for found in report.decision.findings:
        yield Item(
            found.code,
            found.name,
            Weight(found.severity.value),
            found.subject.value,
            message(found),
            BY_CODE[found.code].fix,
            report.policy.refuses(found.severity),
        )


def _questions(report: Report) -> Iterator[Item]:
    relation_open = report.decision.relation is None
    for asked in report.decision.questions:
        said = f"Cannot be answered: {_whose(asked)} {asked.why}."
        yield Item(
            asked.code,
            BY_CODE[asked.code].name,
            Weight.OPEN,
            asked.subject.value,
            shortened(visible(said), _LONGEST),
            "Make the missing fact available, or try a newer version of specdec-check.",
            relation_open or report.policy.refuses(asked.worst),
        )


def _whose(asked: OpenQuestion) -> str:
    return "of the pair," if asked.subject is Subject.PAIR else f"the {asked.subject}"


def _engines(report: Report) -> Iterator[Item]:
    for name in report.policy.engines:
        judged = report.decision.judgements[name]
        fix = fix_of(judged, report)
        match judged.outcome:
            case Outcome.RUNS:
                continue
            case Outcome.DEGRADES:
                decides = report.policy.refuses(Severity.WARNING)
                yield item(rules.ENGINE_DEGRADES, _told(name, judged), decides=decides, fix=fix)
            case Outcome.UNKNOWN:
                yield item(rules.ENGINE_UNKNOWN, _told(name, judged), fix=fix)
            case _:
                yield item(rules.ENGINE_FAILS, _told(name, judged), fix=fix)


def _told(name: str, judged: Judgement) -> dict[str, str]:
    said = f'{judged.reason} (it says: "{judged.message}")' if judged.message else judged.reason
    return {"engine": name, "outcome": judged.outcome.value.replace("-", " "), "reason": said}


def _policy(report: Report) -> Iterator[Item]:
    relation = report.decision.relation
    if report.policy.strict and relation not in (Relation.IDENTICAL, None):
        yield item(rules.NOT_IDENTICAL, {"relation": relation.value})


def _withheld(report: Report) -> Iterator[Item]:
    for side, model in (("target", report.target), ("drafter", report.drafter)):
        if withheld := model.snapshot.withheld:
            why = next(iter(withheld.values()))
            args = {"side": side, "files": ", ".join(sorted(withheld)), "why": why.why}
            yield item(rules.WITHHELD, args, side, fix=why.fix)
