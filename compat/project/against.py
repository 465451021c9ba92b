"""A project as it is, held against its lock: what is new, what changed and how, and what merely moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..drift import differences, moved, name_of
from ..evidence import Unknown
from ..facts import Fingerprint
from ..finding import Severity
from ..pipeline import Model, Report
from ..ref import ModelRef
from ..rules.behaviour import ENCODES_DIFFERENTLY
from . import rules
from .asked import Asked
from .items import Item, Weight, item
from .lock import NAME, Lock
from .locked import LockedModel, LockedPair, asked_of, policy_key

_MOST = 6  # differences that are told of a model


@dataclass(frozen=True, slots=True)
class Mode:
    """How much the lock counts.

    Attributes:
        locked: whether the lock must be there and say what holds now.
        frozen: whether, besides, models are read as the lock has them, and nobody asks what a branch means now.
    """

    locked: bool = False
    frozen: bool = False

    @property
    def binding(self) -> bool:
        """Whether what differs from the lock fails."""
        return self.locked or self.frozen


@dataclass(frozen=True, slots=True)
class Against:
    """The lock, and how to hold pairs against it.

    Attributes:
        lock: the lock; None where there is none.
        mode: how much it counts.
        there: keys of the pairs that the project has now.
        before: what was written for a model that changed → its facts at the locked commit, where they could be read.
    """

    lock: Lock | None
    mode: Mode = Mode()
    there: frozenset[str] = frozenset()
    before: Mapping[str, Fingerprint] = field(default_factory=dict)

    def pair(self, one: Asked) -> LockedPair | None:
        """A pair as the lock has it; None where it has none."""
        if self.lock is None or one.target is None or one.drafter is None:
            return None
        return self.lock.pairs.get(policy_key(one.target, one.drafter, one.policy))

    def frozen(self, ref: ModelRef) -> ModelRef | None:
        """A model as the lock has it; None where it has none."""
        locked = self.lock.models.get(ref.original) if self.lock else None
        return locked.at(ref) if locked else None

    def stale(self) -> list[LockedPair]:
        """The pairs of the lock that the project has no more."""
        pairs = self.lock.pairs if self.lock else {}
        return [pair for name, pair in sorted(pairs.items()) if name not in self.there]

    def unused(self) -> list[str]:
        """The models of the lock that no pair in it has."""
        if self.lock is None:
            return []
        used = {name for pair in self.lock.pairs.values() for name in (pair.target, pair.drafter)}
        return sorted(self.lock.models.keys() - used)

    def items(self, one: Asked, report: Report | None) -> list[Item]:
        """What differs from the lock; nothing of a pair that cannot be read, and so not be locked."""
        if one.models is None or (self.lock is None and not self.mode.frozen):
            return []
        then = self.pair(one)
        if then is None:
            return [self._new(one)]
        if report is None:  # frozen, and the lock has the pair and not its models
            lacking = self.mode.frozen and not all(self.frozen(ref) for ref in one.models)
            return [self._item(one, rules.NOT_LOCKED, {"lock": NAME})] if lacking else []
        found = [*self._model(one, "target", report.target), *self._model(one, "drafter", report.drafter)]
        if not found and (what := changes(then, LockedPair.of(report), tried=_was_tried(report))):
            found.append(self._item(one, rules.DRIFTED, {"what": f"the files are as locked, and {what}."}))
        return found

    def _new(self, one: Asked) -> Item:
        """A pair that the lock lacks; where it has the two models with other options, what these were."""
        if one.target is not None and one.drafter is not None:
            names, asked = (one.target.original, one.drafter.original), asked_of(one.policy)
            for was in self.stale():
                if (was.target, was.drafter) == names and was.policy.get("engines") == asked["engines"]:
                    told = ", ".join(
                        f"{name} was {was.policy.get(name, 'not set')}, is {asked.get(name, 'not set')}"
                        for name in sorted({*was.policy, *asked})
                        if was.policy.get(name) != asked.get(name)
                    )
                    return self._item(one, rules.DRIFTED, {"what": f"{told}."})
        return self._item(one, rules.NOT_LOCKED, {"lock": NAME})

    def notes(self, report: Report) -> list[str]:
        """What moved and changes nothing, and what was decided from the lock alone."""
        said = []
        for model in (report.target, report.drafter):
            snapshot = model.snapshot
            locked = self.lock.models.get(snapshot.ref.original) if self.lock else None
            if locked is None or locked.commit is None or snapshot.commit is None:
                continue
            if self.mode.frozen:
                asked = snapshot.ref.original
                said.append(f"{asked} was taken at the locked commit {locked.commit}; what it is now was not asked.")
            elif locked.commit != snapshot.commit and locked.files == snapshot.digests():
                moves = f"{snapshot.ref.original} moved from {locked.commit} to {snapshot.commit}"
                said.append(f"{moves}, and the files that decide did not change.")
        return list(dict.fromkeys(said))

    def _model(self, one: Asked, side: str, model: Model) -> list[Item]:
        original = model.snapshot.ref.original
        locked = self.lock.models.get(original) if self.lock else None
        if locked is None:
            return [self._item(one, rules.NOT_LOCKED, {"lock": NAME}, side)]
        now = LockedModel.of(model)
        files = moved(locked.files, now.files)
        if not files:
            edited = replace(locked, commit=now.commit) != now
            what = f"{original} is not what the lock says of its files: the lock was edited."
            return [self._item(one, rules.DRIFTED, {"what": what}, side)] if edited else []
        told = self._told(locked, now, model)
        if self.mode.frozen:
            what = f"{original}'s {_listed(files)} is not what the lock has for its commit: {told}"
        else:
            commits = f" (commit {locked.commit[:12]}, now {now.commit[:12]})" if locked.commit and now.commit else ""
            what = f"{original} changed since it was locked{commits}: {_listed(files)}: {told}"
        return [self._item(one, rules.DRIFTED, {"what": f"{what}."}, side)]

    def _told(self, locked: LockedModel, now: LockedModel, model: Model) -> str:
        """The facts that changed, with their values where the model can still be read as it was."""
        facts = moved(locked.facts, now.facts)
        if not facts:
            return "no fact changed, only bytes"
        before = self.before.get(locked.original)
        told = differences(before, model.facts) if before is not None else []
        if not told:
            sizes = [
                f"{name} was {locked.vocab.get(name)}, is {now.vocab.get(name)}"
                for name in sorted(now.vocab)
                if locked.vocab.get(name) != now.vocab.get(name)
            ]
            return f"the {_listed([name_of(fact) for fact in facts])} changed" + (
                f" ({'; '.join(sizes)})" if sizes else ""
            )
        more = f"; … {len(told)} facts in all" if len(told) > _MOST else ""
        return "; ".join(told[:_MOST]) + more

    def _item(self, one: Asked, rule: rules.ProjectRule, args: Mapping[str, str], subject: str = "pair") -> Item:
        if self.mode.binding:
            return item(rule, args, subject)
        return item(rule, args, subject, weight=Weight.WARNING, decides=one.policy.refuses(Severity.WARNING))


def changes(then: LockedPair, now: LockedPair, *, tried: bool = True) -> str:
    """What came out otherwise than it is locked, as a clause; empty where nothing did.

    Args:
        then: the pair as it is locked.
        now: as it is judged now.
        tried: whether the tokenizers could be tried out now; a trial that a busy machine cut short tells no change.
    """
    said = []
    if then.verdict != now.verdict:
        said.append(f"the verdict was {then.verdict}, is {now.verdict}")
    if then.relation != now.relation:
        said.append(f"the relation was {then.relation}, is {now.relation}")
    before, after = dict(then.findings), dict(now.findings)
    if not tried:
        for findings in (before, after):
            findings.pop(f"{ENCODES_DIFFERENTLY.code} pair", None)
    names = moved(before, after)
    new = [f"{name} ({after[name]})" for name in names if name not in before]
    gone = [name for name in names if name not in after]
    other = [f"{name} was {before[name]}, is {after[name]}" for name in names if name in before and name in after]
    said += [f"new: {', '.join(new)}"] if new else []
    said += [f"gone: {', '.join(gone)}"] if gone else []
    return "; ".join([*said, *other])


def _was_tried(report: Report) -> bool:
    return not isinstance(report.pair.behaviour, Unknown)


def _listed(files: list[str]) -> str:
    return files[0] if len(files) == 1 else f"{', '.join(files[:-1])} and {files[-1]}"
