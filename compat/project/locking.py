"""Writing the lock: models stay at the commits that it has, new ones are added, and upgraded ones are read anew."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..drift import differences, moved, name_of
from ..errors import CheckError, SeveralErrors
from ..facts import Fingerprint
from ..pipeline import Access, Compared, Model, Report
from ..ref import ModelRef
from ..store import Store
from ..verdict import Verdict
from ..visible import shortened
from .against import changes
from .asked import Asked
from .checking import Failed, Two, Watch, check_all, models_of
from .lock import Lock
from .locked import LockedModel
from .then import facts_then


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Which models are read as their references say now, although the lock has them.

    Attributes:
        name: of a model, a repository or a declared pair; None for none of them.
        everything: all of them.
    """

    name: str | None = None
    everything: bool = False

    def means(self, ref: ModelRef, pair: Asked) -> bool:
        """Whether a model of a pair is upgraded."""
        return self.everything or (self.name is not None and self.name in (ref.original, ref.name, pair.id))


@dataclass(frozen=True, slots=True)
class Relocked:
    """A new lock.

    Attributes:
        lock: the lock.
        reports: what it holds, by the pairs' ids.
        left_out: pairs that cannot be locked, since what they name cannot be read from the files.
        changes: what is other than in the lock before, as sentences.
    """

    lock: Lock
    reports: Mapping[str, Report]
    left_out: tuple[Asked, ...]
    changes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Of all that is locked, without any exceptions."""
        found = [report.decision.verdict for report in self.reports.values()]
        found += [Verdict.UNDECIDED for _ in self.left_out]
        return max(found, key=lambda one: one.exit_status, default=Verdict.CERTIFIED)


def relock(
    pairs: Sequence[Asked],
    before: Lock | None,
    upgrade: Upgrade,
    access: Access,
    store: Store,
    watch: Watch,
) -> Relocked:
    """Makes a project's lock.

    Args:
        pairs: all that is asked about.
        before: the lock so far; None where there is none.
        upgrade: which models are not to stay where it has them.
        access: how models are reached.
        store: keeps parsed tokenizers.
        watch: told how far the work is.

    Raises:
        CheckError: if a model cannot be read; there is no new lock then.
    """
    _demand_known(upgrade, pairs)
    wanted = {one.id: _wanted(one, two, before, upgrade) for one in pairs if (two := one.models)}
    tested = check_all(wanted.values(), access, store, watch)
    if failures := [found for found in tested.values() if isinstance(found, Failed)]:
        raise _unread(failures)
    compared = {id_: found for id_, two in wanted.items() if isinstance(found := tested[two], Compared)}
    reports = {one.id: compared[one.id].judged(one.policy) for one in pairs if one.id in compared}
    lock = Lock.of(reports.values())
    now = [model for found in compared.values() for model in models_of(found)]
    changes = _changes(before, lock, now, facts_then(before, now, access, store)) if before else ()
    return Relocked(lock, reports, tuple(one for one in pairs if one.models is None), tuple(changes))


def _wanted(one: Asked, two: Two, before: Lock | None, upgrade: Upgrade) -> Two:
    def kept(ref: ModelRef) -> ModelRef:
        locked = before.models.get(ref.original) if before else None
        return ref if locked is None or upgrade.means(ref, one) else locked.at(ref)

    return kept(two[0]), kept(two[1])


def _demand_known(upgrade: Upgrade, pairs: Iterable[Asked]) -> None:
    known = {name for one in pairs for ref in one.models or () for name in (ref.original, ref.name, one.id)}
    if upgrade.name is not None and upgrade.name not in known:
        near = difflib.get_close_matches(upgrade.name, known, n=1)
        hint = f"did you mean '{shortened(near[0])}'?" if near else "name a model or a pair of this project."
        raise CheckError(f"There is nothing named '{shortened(upgrade.name)}' to upgrade: {hint}")


def _unread(failures: Iterable[Failed]) -> CheckError:
    """One error for all models that failed, each once."""
    errors = {error.message: error for failed in failures for _, error in failed.why}
    found = tuple(errors.values())
    return found[0] if len(found) == 1 else SeveralErrors(found)


def _changes(before: Lock, after: Lock, now: Iterable[Model], then: Mapping[str, Fingerprint]) -> Iterator[str]:
    facts = {model.snapshot.ref.original: model.facts for model in now}
    for name in sorted({*before.models, *after.models}):
        old, new = before.models.get(name), after.models.get(name)
        if old is None or new is None:
            yield f"{name} is {'new' if old is None else 'no more'} in the lock."
        elif old != new:
            yield f"{name}: {_model(old, new, then.get(name), facts[name])}."
    for key in sorted({*before.pairs, *after.pairs}):
        was, is_ = before.pairs.get(key), after.pairs.get(key)
        if was and is_ and (what := changes(was, is_)):
            yield f"{is_.target} × {is_.drafter}: {what}."
        elif is_ and not was:
            yield f"{is_.target} × {is_.drafter}: {is_.verdict}, {is_.relation}, new in the lock."
        elif was and not is_:
            yield f"{was.target} × {was.drafter} is no more in the lock."


def _model(old: LockedModel, new: LockedModel, then: Fingerprint | None, now: Fingerprint) -> str:
    said = [f"moved from {old.commit} to {new.commit}"] if old.commit != new.commit else []
    if files := moved(old.files, new.files):
        facts = moved(old.facts, new.facts)
        told = differences(then, now) if then else [f"changed is the {name_of(fact)}" for fact in facts]
        said.append(f"{', '.join(files)} changed: {'; '.join(told) or 'no fact changed, only bytes'}")
    else:
        said.append("the files that decide are the same")
    return ", ".join(said)
