"""The pairings that a gate is asked about: those that the project declares, and those found in its files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count

from .. import ref as refs
from ..engines import ENGINES
from ..errors import CheckError
from ..options import Options
from ..ref import Kind, ModelRef
from ..scan.found import Key, Name, Pairing
from ..scan.scan import Located, Scanned
from ..scan.variables import is_open
from ..verdict import Policy
from ..visible import shortened
from . import rules, written_options
from .declared import DeclaredPair, Place, Project
from .items import Item, item


@dataclass(frozen=True, slots=True)
class Asked:
    """A pairing, as it is asked about.

    Attributes:
        id: unique and stable: the declared name, or file, models and engine of a scanned one.
        declared: whether the configuration has it.
        place: where the drafter's name is written.
        target: None where it cannot be told, or is no model's name.
        drafter: the same.
        written: target and drafter as they stand in the file; None where the file names no target.
        policy: what is asked of it.
        head: the method, where the drafter is a trained head.
        items: what keeps it from being checked at all.
        beside: what is to say of the options beside it; it is checked without them.
    """

    id: str
    declared: bool
    place: Place
    target: ModelRef | None
    drafter: ModelRef | None
    written: tuple[str | None, str]
    policy: Policy
    head: str | None = None
    items: tuple[Item, ...] = ()
    beside: tuple[Item, ...] = ()

    @property
    def models(self) -> tuple[ModelRef, ModelRef] | None:
        """Both models, where they are to be read."""
        if self.target is None or self.drafter is None or self.items:
            return None
        return self.target, self.drafter


def asked(project: Project, scanned: Scanned) -> list[Asked]:
    """All that the gate is asked about, the declared pairs first."""
    found = [_declared(project, pair) for pair in project.pairs]
    found += [_scanned(project, located, pairing) for located, pairing in scanned.pairings()]
    return list(_unique(found))


def _unique(found: list[Asked]) -> Iterator[Asked]:
    """The second of a name, such as the same pair twice in one file, gets a number."""
    taken: set[str] = set()
    for one in found:
        names = chain([one.id], (f"{one.id} #{number}" for number in count(2)))
        named = replace(one, id=next(name for name in names if name not in taken))
        taken.add(named.id)
        yield named


def _declared(project: Project, pair: DeclaredPair) -> Asked:
    options = Options(
        allow_specials=pair.allow_specials,
        heterogeneous_vocab=pair.heterogeneous_vocab,
        context=pair.context,
        batch=pair.batch,
        tensor_parallel=pair.tensor_parallel,
        draft_tensor_parallel=pair.draft_tensor_parallel,
    )
    policy = replace(project.policy, engines=pair.engines, allow_specials=pair.allow_specials, options=options)
    written = (pair.target_written, pair.drafter_written)
    return Asked(pair.name, True, pair.place, pair.target, pair.drafter, written, policy)


def _scanned(project: Project, located: Located, pairing: Pairing) -> Asked:
    target, drafter, beside = pairing.target, pairing.drafter, pairing.options
    items: list[Item] = []
    models = (
        _model(project, "target", target, beside.get(Key.TARGET_REVISION), items),
        _model(project, "drafter", drafter, beside.get(Key.DRAFTER_REVISION), items),
    )
    if pairing.head is not None:
        items = [item(rules.TRAINED_HEAD, {"method": pairing.head}, "drafter")]
    if not items and pairing.engine not in ENGINES:
        told = {"engine": pairing.engine, "reason": "is not among the engines that are judged here"}
        items = [item(rules.ENGINE_UNKNOWN, told)]
    options, unread = written_options.read(beside, allow_specials=project.policy.allow_specials)
    written = (target.written if target else None, drafter.written)
    return Asked(
        id=f"{located.file}: {shortened(written[0] or '?')} × {shortened(written[1])} ({pairing.engine})",
        declared=False,
        place=Place(located.file, located.line, located.column),
        target=models[0],
        drafter=models[1],
        written=written,
        policy=replace(project.policy, engines=(pairing.engine,), options=options),
        head=pairing.head,
        items=tuple(items),
        beside=tuple(unread),
    )


def _model(project: Project, side: str, name: Name | None, revision: str | None, items: list[Item]) -> ModelRef | None:
    """The model that a name in a file stands for; what keeps it from being one goes to `items`."""
    if name is None or name.value is None:
        written = "not named" if name is None else f"'{name.written}'"
        items.append(item(rules.NOT_RESOLVED, {"side": side, "written": written}, side))
        return None
    if revision and is_open(revision):
        items.append(item(rules.NOT_RESOLVED, {"side": f"{side}'s revision", "written": f"'{revision}'"}, side))
        return None
    text = name.value
    is_path = text.startswith((".", "/", "~")) or text.endswith("/")
    try:
        if project.is_alias(text) or is_path:
            ref = project.model(text)
        elif name.path:
            ref = project.model(f"./{text}")
        else:  # a folder of that name in the project is not what a container finds under it
            ref = refs.parse_elsewhere(text)
        if revision and ref.kind is Kind.HUB and ref.revision is None:
            repository, colon, file = ref.original.partition(":")
            ref = project.model(f"{repository}@{revision}{colon}{file}")
    except CheckError as error:
        items.append(item(rules.NOT_READ, {"why": error.message}, side))
        return None
    return ref
