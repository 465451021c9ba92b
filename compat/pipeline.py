"""The pipeline: what the user wrote → snapshots → fingerprints → decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from . import ref as refs
from .deadline import until_done
from .errors import CheckError, SeveralErrors, UnreachableError
from .facts import Fingerprint
from .fingerprint import fingerprint
from .local import FolderRepository
from .probing import probe
from .ref import Kind, ModelRef
from .relation import Pair
from .snapshot import Snapshot
from .store import Store
from .taking import Advance, take
from .twins import Reads, settle
from .verdict import Decision, Policy, decide

DEFAULT_SECONDS = 120.0
# Files fetched side by side: all that a model's first round can ask for, twice, so that neither waits for the other's.
_READERS = 24
_MODELS = 8  # read side by side
_T = TypeVar("_T")
Taken = Snapshot | CheckError  # what was read of a model, or why it could not be


@dataclass(frozen=True, slots=True)
class Model:
    """One side of a pair: what was read of it, and the facts that this gave."""

    snapshot: Snapshot
    facts: Fingerprint


@dataclass(frozen=True, slots=True)
class Report:
    """A pair that was checked: both models, the policy, and the decision."""

    target: Model
    drafter: Model
    pair: Pair
    policy: Policy
    decision: Decision


@dataclass(frozen=True, slots=True)
class Access:
    """How models on the Hub are reached.

    Attributes:
        offline: use the cache alone, on purpose.
        seconds: the longest that the Hub may keep us, per model.
        advance: told the number of files settled, as they are.
        recheck: ask the Hub even for a commit that the cache holds, since whether it still exists is the question.
    """

    offline: bool = False
    seconds: float = DEFAULT_SECONDS
    advance: Advance = lambda _: None
    recheck: bool = False

    def __post_init__(self) -> None:
        """Refuses a time that is none.

        Raises:
            CheckError: if the seconds are not above zero.
        """
        if not self.seconds > 0:
            raise CheckError(f"A timeout of {self.seconds} seconds is none: give a number above zero.")


def check(
    target: str,
    drafter: str,
    policy: Policy | None = None,
    access: Access | None = None,
    store: Store | None = None,
) -> Report:
    """Checks whether a drafter fits a target.

    Args:
        target: the big model: `org/name[@revision]`, a folder, or `demo:name`.
        drafter: the small one.
        policy: what is asked of the pair.
        access: how the Hub is reached.
        store: keeps parsed tokenizers for later runs; the answer is the same without.

    Raises:
        CheckError: if a model could not be read. That is no verdict.
    """
    parsed = _both(partial(refs.parse, text) for text in (target, drafter))
    return judge(*read(*parsed, access or Access()), policy or Policy(), store)


def judge(target: Snapshot, drafter: Snapshot, policy: Policy, store: Store | None = None) -> Report:
    """Facts, rules and verdict of two snapshots, without any further reading of the models."""
    store = store or Store()  # in memory: two models of a family often share a tokenizer, which is then parsed once
    ours, theirs = Model(target, fingerprint(target, store)), Model(drafter, fingerprint(drafter, store))
    return compare(ours, theirs).judged(policy)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two models side by side, before anything is asked of them: one comparison serves every policy."""

    target: Model
    drafter: Model
    pair: Pair

    def judged(self, policy: Policy) -> Report:
        """Rules, engines and verdict under a policy."""
        return Report(self.target, self.drafter, self.pair, policy, decide(self.pair, policy))


def compare(target: Model, drafter: Model) -> Compared:
    """Compares the facts of two models, and tries their tokenizers out where that can decide."""
    pair = Pair.of(target.facts, drafter.facts)
    return Compared(target, drafter, replace(pair, behaviour=probe(target.snapshot, drafter.snapshot, pair)))


def read(target: ModelRef, drafter: ModelRef, access: Access) -> tuple[Snapshot, Snapshot]:
    """Reads both models at once, and equal files of the two once.

    Raises:
        CheckError: of the model that failed, or `SeveralErrors` when both did.
    """
    found = read_all((target, drafter), access)
    return settle(*_both(partial(_or_raise, found[ref]) for ref in (target, drafter)))


def read_all(refs: Iterable[ModelRef], access: Access, done: Advance = lambda _: None) -> dict[ModelRef, Taken]:
    """Reads models side by side: each once, and equal files of any of them once.

    Args:
        refs: the models; what only was written differently is read once.
        access: how the Hub is reached.
        done: told of each model that was read, or failed.

    Returns:
        What was read of each, or why it could not be.
    """
    refs = list(dict.fromkeys(refs))
    first = {_same(ref): ref for ref in reversed(refs)}
    files, models = ThreadPoolExecutor(_READERS), ThreadPoolExecutor(_MODELS)
    try:
        reads = Reads()
        jobs = {same: models.submit(_taken, ref, access, files, reads) for same, ref in first.items()}
        for job in jobs.values():
            job.add_done_callback(lambda _: done(1))
        until_done(jobs.values())
        taken = {ref: jobs[_same(ref)].result() for ref in refs}
    finally:
        # Without waiting: an interrupt must not sit out a slow server.
        models.shutdown(wait=False, cancel_futures=True)
        files.shutdown(wait=False, cancel_futures=True)
    return {ref: one if isinstance(one, CheckError) else replace(one, ref=ref) for ref, one in taken.items()}


def _same(ref: ModelRef) -> ModelRef:
    """The reference without the way in which it was written."""
    return replace(ref, original="")


def _or_raise(taken: Taken) -> Snapshot:
    if isinstance(taken, CheckError):
        raise taken
    return taken


def _both(calls: Iterable[Callable[[], _T]]) -> tuple[_T, _T]:
    """The results of two calls, or what went wrong with each of them."""
    results, errors = [], {}
    for call in calls:
        try:
            results.append(call())
        except CheckError as error:
            errors[error.message] = error
    if len(errors) > 1:
        raise SeveralErrors(tuple(errors.values()))
    for failure in errors.values():
        raise failure
    return results[0], results[1]


def _taken(ref: ModelRef, access: Access, pool: ThreadPoolExecutor, reads: Reads) -> Taken:
    try:
        return _snapshot(ref, access, pool, reads)
    except CheckError as error:
        return error


def _snapshot(ref: ModelRef, access: Access, pool: ThreadPoolExecutor, reads: Reads) -> Snapshot:
    if ref.kind is not Kind.HUB:
        return take(FolderRepository(ref), pool, access.advance)
    try:
        # The client is imported only when a model is on the Hub: it costs a quarter of a second.
        from . import hub
    except ValueError as error:  # it reads its environment when it is imported
        raise UnreachableError(
            f"{ref.original}: the Hub's client cannot start ({error}): check HF_ENDPOINT and the other HF_ variables.",
            model=ref.original,
        ) from error
    if access.offline or hub.offline_by_environment():
        return take(hub.cached(ref, on_purpose=True), pool, access.advance)
    if ref.pinned and not access.recheck:
        with suppress(CheckError):  # not all of it is cached, or not sound: the Hub has it
            return take(hub.cached(ref, on_purpose=False), pool, access.advance)
    snapshot = take(hub.HubRepository(ref, access.seconds, reads), pool, access.advance)
    hub.remember(snapshot)
    return snapshot
