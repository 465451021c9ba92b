"""A model and a pair as a lock has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..facts_model import Rows
from ..finding import Severity
from ..pipeline import Model, Report
from ..ref import Kind, ModelRef
from ..rules.provenance import OF_READING
from ..tokenizer.vocabulary import Vocabulary
from ..verdict import Policy, decide


@dataclass(frozen=True, slots=True)
class LockedModel:
    """A model as it was.

    Attributes:
        original: what was written for it.
        repository: on the Hub; None elsewhere.
        commit: 40 hexadecimal digits; None elsewhere.
        files: path → sha256 of the files that decided.
        facts: fact → digest.
        vocab: declared, rows and used, for a person to read.
    """

    original: str
    repository: str | None
    commit: str | None
    files: Mapping[str, str]
    facts: Mapping[str, str]
    vocab: Mapping[str, int | None]

    @classmethod
    def of(cls, model: Model) -> LockedModel:
        """The model as it is now."""
        snapshot, facts = model.snapshot, model.facts
        vocab = {
            "declared": facts.declared if isinstance(facts.declared, int) else None,
            "rows": facts.rows.head if isinstance(facts.rows, Rows) else None,
            "used": facts.vocabulary.used if isinstance(facts.vocabulary, Vocabulary) else None,
        }
        repository = snapshot.repository if snapshot.ref.kind is Kind.HUB else None
        digests = facts.digests()
        return cls(snapshot.ref.original, repository, snapshot.commit, snapshot.digests(), digests, vocab)

    def at(self, ref: ModelRef) -> ModelRef:
        """The reference to the model as it was; where it has no commit, as it is."""
        return ref if self.commit is None else ref.at(self.commit)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        locked = {"repository": self.repository, "commit": self.commit, "files": dict(self.files)}
        return {
            "original": self.original,
            "locked": {key: value for key, value in locked.items() if value is not None},
            "facts": dict(self.facts),
            "vocab": dict(self.vocab),
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> LockedModel:
        """From JSON values.

        Raises:
            KeyError, TypeError, ValueError: if they are none that `to_dict` gives.
        """
        locked = value["locked"]
        commit, repository = locked.get("commit"), locked.get("repository")
        found = cls(
            _text(value["original"]),
            None if repository is None else _text(repository),
            None if commit is None else _text(commit),
            _texts(locked["files"]),
            _texts(value["facts"]),
            {name: None if count is None else _count(count) for name, count in value["vocab"].items()},
        )
        # A branch in this place could move under the lock.
        if commit is not None and not ModelRef("", Kind.HUB, "", commit).pinned:
            raise ValueError(f"{commit!r} is no commit")
        return found


@dataclass(frozen=True, slots=True)
class LockedPair:
    """A pair as it was judged.

    Attributes:
        target: what was written for it.
        drafter: what was written for it.
        policy: what was asked, as JSON values.
        verdict: the answer, where errors alone refuse.
        relation: of the vocabularies; None where it was not known.
        findings: "code subject" → severity.
    """

    target: str
    drafter: str
    policy: Mapping[str, Any]
    verdict: str
    relation: str | None
    findings: Mapping[str, str]

    @classmethod
    def of(cls, report: Report) -> LockedPair:
        """The pair as it is judged now."""
        # How grave a finding must be to refuse a pair is the project's policy of the day, and no fact to be locked.
        policy = replace(report.policy, strict=False, fail_on=Severity.ERROR)
        decision = report.decision if policy == report.policy else decide(report.pair, policy)
        said = {f"{f.code} {f.subject}": f.severity.value for f in reversed(decision.findings) if _is_fact(f.code)}
        asked = {f"{q.code} {q.subject}": "open" for q in decision.questions if f"{q.code} {q.subject}" not in said}
        return cls(
            report.target.snapshot.ref.original,
            report.drafter.snapshot.ref.original,
            asked_of(report.policy),
            decision.verdict.value,
            decision.relation and decision.relation.value,
            said | asked,
        )

    @property
    def key(self) -> str:
        """What tells pairs apart: the two models and what is asked of them."""
        return key(self.target, self.drafter, self.policy)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "target": self.target,
            "drafter": self.drafter,
            "policy": dict(self.policy),
            "verdict": self.verdict,
            "relation": self.relation,
            "findings": dict(self.findings),
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> LockedPair:
        """From JSON values.

        Raises:
            KeyError, TypeError, ValueError: if they are none that `to_dict` gives.
        """
        relation = value["relation"]
        return cls(
            _text(value["target"]),
            _text(value["drafter"]),
            dict(value["policy"]),
            _text(value["verdict"]),
            None if relation is None else _text(relation),
            _texts(value["findings"]),
        )


def key(target: str, drafter: str, policy: Mapping[str, Any]) -> str:
    """What tells pairs apart: the two models and what is asked of them."""
    return json.dumps([target, drafter, policy], sort_keys=True)


def policy_key(target: ModelRef, drafter: ModelRef, policy: Policy) -> str:
    """The key of a pair that is asked about."""
    return key(target.original, drafter.original, asked_of(policy))


def asked_of(policy: Policy) -> dict[str, Any]:
    """What is asked of a pair, without how grave a finding must be to refuse it."""
    return {name: value for name, value in policy.to_dict().items() if name not in ("strict", "fail_on")}


def _is_fact(code: str) -> bool:
    return code not in OF_READING


def _count(value: object) -> int:
    if type(value) is not int:  # what JSON has as 1e999 is infinite
        raise TypeError(f"{value!r} is no count")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: Mapping[object, object]) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in value.items()}
