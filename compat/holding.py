"""Whether a certificate still holds: the same facts, and everything else in it recomputes from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .certificate import (
    SIDES,
    Statement,
    describe,
    locked_facts,
    policy_of,
    seal,
    subject,
    tool_version,
)
from .drift import moved, name_of
from .errors import CheckError
from .evidence import Unknown
from .jsonfile import mapping
from .pipeline import Report, judge
from .rules.behaviour import ENCODES_DIFFERENTLY
from .snapshot import Snapshot
from .withheld import demand


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether a certificate holds for two snapshots.

    Attributes:
        drift: what no longer is as certified, as sentences; empty where the certificate holds.
        notes: what moved without changing a fact.
        report: the pair as it is now.
    """

    drift: tuple[str, ...]
    notes: tuple[str, ...]
    report: Report


def hold(statement: Statement, target: Snapshot, drafter: Snapshot) -> Holding:
    """Whether a certificate holds for two models: their facts are as certified, and all else recomputes from them.

    Raises:
        WithheldError: if a file is withheld that could be seen when the certificate was issued. That is no drift.
        CheckError: if the tokenizers could be tried out when it was issued, and now ran out of time or memory.
    """
    demand(target)
    demand(drafter)
    report = judge(target, drafter, policy_of(statement))
    now = describe(report)
    drift = [] if statement["predicate"].get("seal") == seal(statement) else [_EDITED]
    notes: list[str] = []
    for side in SIDES:
        before, after = locked_facts(statement, side), locked_facts(now, side)
        changed = moved(before, after)
        drift += [f"The {side}'s {name_of(fact)} is not what was certified." for fact in changed]
        if not changed:
            models = [whole["predicate"]["models"][side]["locked"] for whole in (statement, now)]
            notes += _moved_bytes(side, *models)
    if not drift:
        _demand_trial(statement, report)
        drift = _not_recomputed(statement, now)
    if statement["predicate"].get("verifier") != now["predicate"]["verifier"]:
        notes.append(f"Issued by another version of specdec-check than this one ({tool_version()}).")
    return Holding(tuple(drift), tuple(notes), report)


_EDITED = "The certificate was edited after it was issued: its seal does not match its content."


def _moved_bytes(side: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    notes = []
    if before["commit"] != after["commit"]:
        notes.append(f"The {side}'s commit moved from {before['commit']} to {after['commit']}; every fact is the same.")
    if changed := moved(before["files"], after["files"]):
        notes.append(f"The {side}'s {', '.join(changed)} has other bytes than certified; every fact is the same.")
    return notes


def _demand_trial(statement: Statement, report: Report) -> None:
    """Asks for the trial of the tokenizers, which a busy machine can cut short: that says nothing of the pair."""
    tried = report.pair.behaviour
    if isinstance(tried, Unknown) and not _was_untried(statement):
        raise CheckError(
            f"Every fact is as certified, and yet {tried.why}: run it again where the machine has more time and memory."
        )


def _was_untried(statement: Statement) -> bool:
    codes = mapping(statement["predicate"].get("rules")).get("open")
    return isinstance(codes, list) and ENCODES_DIFFERENTLY.code in codes


def _without_trial(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields less what the trial decides, whatever their shape: equal facts encode alike, tried or not."""
    code, findings = ENCODES_DIFFERENTLY.code, fields.get("findings")
    rules = {
        name: [one for one in codes if one != code] if isinstance(codes, list) else codes
        for name, codes in mapping(fields.get("rules")).items()
    }
    if isinstance(findings, list):
        findings = [found for found in findings if mapping(found).get("code") != code]
    return fields | {"rules": rules, "findings": findings}


def _not_recomputed(statement: Statement, now: Statement) -> list[str]:
    """Fields that facts alone determine, and that are not what the facts give."""

    def determined(whole: Statement) -> dict[str, Any]:
        fields = {key: value for key, value in whole["predicate"].items() if key not in ("seal", "verifier", "models")}
        fields["statement"] = {key: value for key, value in whole.items() if key not in ("predicate", "subject")}
        fields["models"] = sorted(whole["predicate"]["models"])
        for side in SIDES:
            model = whole["predicate"]["models"][side]
            fields |= {f"models.{side}.{key}": value for key, value in model.items() if key != "locked"}
        return fields

    certified, found = determined(statement), determined(now)
    if _was_untried(statement):
        certified, found = _without_trial(certified), _without_trial(found)
    wrong = [key for key in sorted({*certified, *found}) if certified.get(key) != found.get(key)]
    if statement["predicate"].get("verifier", {}).get("id") != now["predicate"]["verifier"]["id"]:
        wrong.append("verifier")
    models = statement["predicate"]["models"]
    if statement["subject"] != [subject(side, models[side]) for side in SIDES]:
        wrong.append("subject")
    return [f"The certificate's {key} does not recompute from the models' facts." for key in wrong]
