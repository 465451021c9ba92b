"""Writing the lock: models stay at the commits that it has, new ones are added, and upgraded ones are read anew."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ..drift import differences, moved, name_of
from ..errors import CheckError, SeveralErrors
from ..facts import Fingerprint
from ..pipeline import Access, Model
from ..ref import ModelRef
from ..store import Store
from ..verdict import Verdict
from ..visible import shortened
from .against import Against, changes
from .asked import Asked
from .checking import Failed, Two, Watch, check_all, models_of
from .declared import Project
from .gate import Judged, judge
from .ignores import Ignores
from .lock import Lock
from .locked import LockedModel, LockedPair
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
        judged: every pairing, with the exceptions that the project makes; without a report where it cannot be locked.
        changes: added, removed or changed, and what, as a sentence.
    """

    lock: Lock
    judged: tuple[Judged, ...]
    changes: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> Verdict:
        """Of all together."""
        return max((one.verdict for one in self.judged), key=lambda one: one.exit_status, default=Verdict.CERTIFIED)


def relock(
    project: Project,
    pairs: Sequence[Asked],
    before: Lock | None,
    upgrade: Upgrade,
    access: Access,
    store: Store,
    today: date,
    watch: Watch,
    *,
    whole: bool,
) -> Relocked:
    """Makes a project's lock.

    Args:
        project: its configuration.
        pairs: all that is asked about.
        before: the lock so far; None where there is none.
        upgrade: which models are not to stay where it has them.
        access: how models are reached.
        store: keeps parsed tokenizers.
        today: for exceptions that end on a day.
        watch: told how far the work is.
        whole: whether all of the project was looked through; if not, the lock keeps what was not met.

    Raises:
        CheckError: if a model cannot be read; there is no new lock then.
    """
    _demand_known(upgrade, pairs)
    wanted = [_wanted(one, one.models, before, upgrade) if one.models else None for one in pairs]
    tested = check_all(filter(None, wanted), access, store, watch)
    if failures := [found for found in tested.values() if isinstance(found, Failed)]:
        raise _unread(failures)
    ignores = Ignores(project.ignores, today)
    judged = tuple(
        judge(project, one, tested[two] if two else None, Against(None), ignores)
        for one, two in zip(pairs, wanted, strict=True)
    )
    lock = Lock.of(one.report for one in judged if one.report)
    if before and not whole:
        lock = Lock({**before.models, **lock.models}, {**before.pairs, **lock.pairs})
    now = [model for found in tested.values() for model in models_of(found)]
    changes = _changes(before, lock, now, facts_then(before, now, access, store)) if before else ()
    return Relocked(lock, judged, tuple(changes))


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


def _changes(
    before: Lock, after: Lock, now: Iterable[Model], then: Mapping[str, Fingerprint]
) -> Iterator[tuple[str, str]]:
    facts = {model.snapshot.ref.original: model.facts for model in now}
    for name in sorted({*before.models, *after.models}):
        old, new = before.models.get(name), after.models.get(name)
        if old is None or new is None:
            yield ("added" if old is None else "removed"), f"{name}."
        elif old != new:
            yield "changed", f"{name}: {_model(old, new, then.get(name), facts[name])}."
    for key in sorted({*before.pairs, *after.pairs}):
        was, is_ = before.pairs.get(key), after.pairs.get(key)
        if was and is_ and (what := changes(was, is_)):
            yield "changed", f"{_pair(is_)}: {what}."
        elif is_ and not was:
            yield "added", f"{_pair(is_)}: {is_.verdict}, {is_.relation}."
        elif was and not is_:
            yield "removed", f"{_pair(was)}."


def _pair(pair: LockedPair) -> str:
    options = [f"{name} {value}" for name, value in sorted(pair.policy.items()) if name != "engines" and value]
    return f"{pair.target} × {pair.drafter} for {', '.join([*pair.policy.get('engines', ()), *options])}"


def _model(old: LockedModel, new: LockedModel, then: Fingerprint | None, now: Fingerprint) -> str:
    said = [f"moved from {old.commit} to {new.commit}"] if old.commit != new.commit else []
    if files := moved(old.files, new.files):
        facts = moved(old.facts, new.facts)
        told = differences(then, now) if then else [f"the {name_of(fact)}" for fact in facts]
        said.append(f"{', '.join(files)} changed: {'; '.join(told) or 'no fact changed, only bytes'}")
    else:
        said.append("the files that decide are the same")
    return ", ".join(said)
