"""The gate: every pairing of a project is checked, each model read once, and held against the lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ..finding import Severity
from ..pipeline import Access, Report
from ..scan.scan import Scanned
from ..store import Store
from ..verdict import Verdict
from ..visible import visible
from . import rules
from .against import Against, Mode
from .asked import Asked
from .checking import Failed, Tested, Two, Watch, check_all, models_of
from .declared import Place, Project
from .ignores import Ignores
from .items import Item, Weight, gravest_first, item, of_report
from .lock import NAME, Lock
from .locked import policy_key
from .then import facts_then


@dataclass(frozen=True, slots=True)
class Judged:
    """A pairing, and what the gate says of it.

    Attributes:
        asked: the pairing.
        report: what came of the check; None where it could not be made.
        items: all that was found, gravest first, those that are ignored among it.
        notes: what moved without changing anything.
    """

    asked: Asked
    report: Report | None
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The gate's answer for this pairing: what speaks against it, less what the project makes an exception for."""
        checked = self.report.decision.verdict if self.report else None
        if found := _verdict(self.items):
            open_ = any(one.counts and one.weight is Weight.OPEN for one in self.items)
            # Where too little is known for a refusal of the two models, what is known of them does not refuse them.
            return Verdict.UNDECIDED if open_ and checked is Verdict.UNDECIDED else found
        passing = checked is Verdict.CERTIFIED or any(one.decides and one.ignored for one in self.items)
        return Verdict.CERTIFIED if passing else Verdict.UNDECIDED


@dataclass(frozen=True, slots=True)
class Gated:
    """What a gate came to.

    Attributes:
        project: the project.
        scanned: what was found in its files.
        mode: how much the lock counted.
        judged: every pairing.
        items: what is to say of the project itself.
    """

    project: Project
    scanned: Scanned
    mode: Mode
    judged: tuple[Judged, ...]
    items: tuple[Item, ...]

    @property
    def verdict(self) -> Verdict:
        """Of all together: the gravest, where not knowing is graver than a refusal."""
        found = [one.verdict for one in self.judged]
        if own := _verdict(self.items):
            found.append(own)
        return max(found, key=lambda one: one.exit_status, default=Verdict.CERTIFIED)


def _verdict(items: Iterable[Item]) -> Verdict | None:
    """Refused by anything known, else undecided by anything that could not be settled; None where nothing counts."""
    weights = {one.weight for one in items if one.counts}
    if weights - {Weight.OPEN}:
        return Verdict.REFUSED
    return Verdict.UNDECIDED if weights else None


def gate(
    project: Project,
    pairs: Sequence[Asked],
    scanned: Scanned,
    mode: Mode,
    access: Access,
    store: Store,
    today: date,
    watch: Watch,
    lock: Lock | None,
    *,
    whole: bool = True,
) -> Gated:
    """Checks every pairing of a project.

    Args:
        project: its configuration.
        pairs: all that is asked about.
        scanned: what was found in the project's files.
        mode: how much the lock counts.
        access: how models are reached.
        store: keeps parsed tokenizers.
        today: for exceptions that end on a day.
        watch: told how far the work is.
        lock: of the project; None where there is none.
        whole: whether all of the project was looked through; if not, nothing is said of what was not met.
    """
    there = frozenset(policy_key(*one.models, one.policy) for one in pairs if one.models)
    against = Against(lock, mode, there)
    wanted = [_wanted(one, against) for one in pairs]
    tested = check_all(filter(None, wanted), access, store, watch)
    if lock and not mode.frozen:
        now = [model for found in tested.values() for model in models_of(found)]
        against = replace(against, before=facts_then(lock, now, access, store))
    ignores = Ignores(project.ignores, today)
    judged = tuple(
        judge(project, one, tested[two] if two else None, against, ignores)
        for one, two in zip(pairs, wanted, strict=True)
    )
    own = ignores.applied([*_unread(scanned), *_of_lock(against, whole=whole)], None)
    own += _of_ignores(ignores, project, unused=whole and tested.keys() >= {one.models for one in pairs if one.models})
    return Gated(project, scanned, mode, judged, tuple(gravest_first(own)))


def _wanted(one: Asked, against: Against) -> Two | None:
    """The models of a pairing as they are to be read; None where they are not."""
    if one.models is None or not against.mode.frozen:
        return one.models
    target, drafter = (against.frozen(ref) for ref in one.models)
    return (target, drafter) if target and drafter and against.pair(one) else None


def judge(project: Project, one: Asked, tested: Tested | None, against: Against, ignores: Ignores) -> Judged:
    """What is to say of one pairing, with the exceptions that the project makes."""
    items, notes = [*one.items, *one.beside], []
    report = None if tested is None or isinstance(tested, Failed) else tested.judged(one.policy)
    if isinstance(tested, Failed):
        items += [item(rules.NOT_READ, {"why": error.message}, side) for side, error in tested.why]
    if report is not None:
        found = (_as_written(one, report, told) for told in of_report(report))
        items += [told for told in found if told.decides or project.counts(told.code)]
        notes = against.notes(report)
    items += against.items(one, report)
    return Judged(one, report, tuple(gravest_first(ignores.applied(items, one.id))), tuple(notes))


def _as_written(one: Asked, report: Report, found: Item) -> Item:
    """A finding whose advice names the models as the file does, where an alias stands for them."""
    fix = found.fix
    for model, written in zip((report.target, report.drafter), one.written, strict=True):
        if written is not None:
            fix = fix.replace(model.snapshot.ref.original, visible(written))
    return replace(found, fix=fix)


def _unread(scanned: Scanned) -> list[Item]:
    return [
        item(rules.UNREAD, {"why": why}, "project", place=Place(file, 1, 1))
        for file, why in sorted(scanned.unread.items())
    ]


def _of_lock(against: Against, *, whole: bool) -> list[Item]:
    """A lock that is missing, or that holds what the project does not: these fail where the lock is binding."""
    place, binding = Place(NAME, 1, 1), against.mode.binding
    if against.lock is None:
        return [item(rules.NO_LOCK, {"lock": NAME}, "project", place=place)] if binding else []
    weight = Weight.ERROR if binding else Weight.NOTE
    told = [
        {"lock": NAME, "what": f"{pair.target} × {pair.drafter} for {', '.join(pair.policy.get('engines', ()))}"}
        for pair in (against.stale() if whole else ())
    ]
    told += [{"lock": NAME, "what": f"{name}, which no pair of it has"} for name in against.unused()]
    found = [item(rules.STALE, args, "project", weight=weight, decides=binding, place=place) for args in told]
    if not against.lock.canonical:
        found.append(item(rules.EDITED, {"lock": NAME}, "project", weight=weight, decides=binding, place=place))
    return found


def _of_ignores(ignores: Ignores, project: Project, *, unused: bool) -> list[Item]:
    decides = project.policy.refuses(Severity.WARNING)
    found = (one for one in ignores.told() if unused or one.code != rules.UNUSED.code)
    return [replace(one, decides=decides and one.weight is Weight.WARNING) for one in found]
