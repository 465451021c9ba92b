"""Many pairs at once: each model is read and fingerprinted once, and each two are compared once."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..deadline import until_done
from ..errors import CheckError
from ..fingerprint import fingerprint
from ..pipeline import Access, Compared, Model, Taken, compare, read_all
from ..ref import ModelRef
from ..snapshot import Snapshot
from ..store import Store
from ..taking import Advance
from ..twins import settle

_SIDE_BY_SIDE = 2  # comparisons: most of one is Python's own work, the rest waits for tokenizers that are tried out
Two = tuple[ModelRef, ModelRef]


@dataclass(frozen=True, slots=True)
class Failed:
    """Two models that could not be compared.

    Attributes:
        why: the side that failed, `target`, `drafter` or `pair`, and how.
    """

    why: tuple[tuple[str, CheckError], ...]


Tested = Compared | Failed


def _nothing(_: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how far the work is.

    Attributes:
        models: of each model that was read, or failed.
        pairs: of each two models that were compared.
    """

    models: Advance = _nothing
    pairs: Advance = _nothing


def check_all(twos: Iterable[Two], access: Access, store: Store, watch: Watch) -> dict[Two, Tested]:
    """Reads and compares models.

    Args:
        twos: target and drafter of each pair.
        access: how models are reached.
        store: keeps parsed tokenizers.
        watch: told how far the work is.
    """
    wanted = list(dict.fromkeys(twos))
    taken = read_all([ref for two in wanted for ref in two], access, watch.models)
    models = Models(store)
    pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
    try:
        jobs = {two: pool.submit(_compared, taken[two[0]], taken[two[1]], models) for two in wanted}
        for job in jobs.values():
            job.add_done_callback(lambda _: watch.pairs(1))
        until_done(jobs.values())
        return {two: job.result() for two, job in jobs.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def models_of(tested: Tested) -> tuple[Model, ...]:
    """The models that were compared; none where they could not be."""
    return () if isinstance(tested, Failed) else (tested.target, tested.drafter)


@dataclass
class Models:
    """Fingerprints that were made, each once.

    Attributes:
        store: keeps parsed tokenizers.
    """

    store: Store
    _made: dict[tuple[object, ...], Model] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def of(self, snapshot: Snapshot) -> Model:
        """The model of a snapshot. What was proved of it with the help of the other model of a pair is its own.

        Raises:
            CheckError: if a file of it is damaged.
        """
        proved = (tuple(snapshot.withheld), tuple(sorted(snapshot.twins.items())), snapshot.alike)
        key = (snapshot.ref, snapshot.commit, *proved)
        with self._turn:  # the store gives its last tokenizer to whoever asks next
            if key not in self._made:
                self._made[key] = Model(snapshot, fingerprint(snapshot, self.store))
            return self._made[key]


def _compared(target: Taken, drafter: Taken, models: Models) -> Tested:
    if isinstance(target, CheckError) or isinstance(drafter, CheckError):
        sides = (("target", target), ("drafter", drafter))
        return Failed(tuple((side, taken) for side, taken in sides if isinstance(taken, CheckError)))
    try:
        ours, theirs = settle(target, drafter)
        return compare(models.of(ours), models.of(theirs))
    except CheckError as error:
        sides_of = {target.ref.original: "target", drafter.ref.original: "drafter"}
        return Failed(((sides_of.get(error.model or "", "pair"), error),))
