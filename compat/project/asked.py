"""The pairings that a gate is asked about: those that the project declares, and those found in its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..engines import ENGINES
from ..errors import CheckError
from ..options import Options
from ..ref import Kind, ModelRef
from ..scan.found import Key, Name, Pairing
from ..scan.scan import Located, Scanned
from ..verdict import Policy
from . import rules
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
        items: what speaks against it before anything is read; such a pair is not checked.
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

    @property
    def models(self) -> tuple[ModelRef, ModelRef] | None:
        """Both models, where they are to be read."""
        if self.items or self.target is None or self.drafter is None:
            return None
        return self.target, self.drafter


def asked(project: Project, scanned: Scanned) -> list[Asked]:
    """All that the gate is asked about, the declared pairs first."""
    found = [_declared(project, pair) for pair in project.pairs]
    found += [_scanned(project, located, pairing) for located, pairing in scanned.pairings()]
    return list(_unique(found))


def _unique(found: list[Asked]) -> Iterator[Asked]:
    """The second of a name, such as the same pair twice in one file, gets a number."""
    met: Counter[str] = Counter()
    for one in found:
        met[one.id] += 1
        yield one if met[one.id] == 1 else replace(one, id=f"{one.id} #{met[one.id]}")


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
    target, drafter = pairing.target, pairing.drafter
    place = Place(located.file, located.line, located.column)
    written = (target.written if target else None, drafter.written)
    items: list[Item] = []
    refs: dict[str, ModelRef | None] = {}
    for side, name, revision in (
        ("target", target, pairing.options.get(Key.TARGET_REVISION)),
        ("drafter", drafter, pairing.options.get(Key.DRAFTER_REVISION)),
    ):
        refs[side] = _model(project, side, name, revision, items)
    if pairing.head is not None:
        items = [item(rules.TRAINED_HEAD, {"method": pairing.head}, "drafter")]
    if not items and pairing.engine not in ENGINES:
        items = [
            item(rules.ENGINE_UNKNOWN, {"engine": pairing.engine, "reason": "is not among the engines judged here"})
        ]
    options = _options(project.policy.allow_specials, pairing.options)
    policy = replace(project.policy, engines=(pairing.engine,), options=options)
    shown = f"{written[0] or '?'} × {written[1]}"
    id_ = f"{located.file}: {shown} ({pairing.engine})"
    return Asked(id_, False, place, refs["target"], refs["drafter"], written, policy, pairing.head, tuple(items))


def _model(project: Project, side: str, name: Name | None, revision: str | None, items: list[Item]) -> ModelRef | None:
    """The model that a name in a file stands for; what keeps it from being one goes to `items`."""
    if name is None or name.value is None:
        written = "not named" if name is None else f"'{name.written}'"
        items.append(item(rules.NOT_RESOLVED, {"side": side, "written": written}, side))
        return None
    try:
        text = name.value
        if project.is_alias(text):
            return project.model(text)
        if name.path and not text.startswith((".", "/", "~")):
            text = f"./{text}"
        ref = project.model(text)
    except CheckError as error:
        items.append(item(rules.NOT_READ, {"why": error.message}, side))
        return None
    if revision and ref.kind is Kind.HUB and ref.revision is None:
        name, colon, file = ref.original.partition(":")
        return project.model(f"{name}@{revision}{colon}{file}")
    return ref


def _options(allow_specials: bool, options: Mapping[Key, str]) -> Options:
    """What stands beside a scanned pair and decides how its engine takes it; what is no number is not known."""

    def number(key: Key) -> int | None:
        text = options.get(key, "").strip()
        return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:12]) <= _LARGEST else None

    return Options(
        allow_specials=allow_specials,
        heterogeneous_vocab=options.get(Key.HETEROGENEOUS, "").strip().lower() in ("true", "1", "yes"),
        context=number(Key.CONTEXT),
        draft_context=number(Key.DRAFT_CONTEXT),
        batch=number(Key.BATCH),
        tensor_parallel=number(Key.TENSOR_PARALLEL),
        draft_tensor_parallel=number(Key.DRAFT_TENSOR_PARALLEL),
    )


_LARGEST = 1_000_000_000
