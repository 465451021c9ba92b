"""Admission: only a pair that is certified, and still is what was certified, gets to decode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specdec_check.compat import certificate as certificates
from specdec_check.compat import ref as refs
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Rows
from specdec_check.compat.files import loader_files
from specdec_check.compat.holding import hold
from specdec_check.compat.local import locate
from specdec_check.compat.pipeline import Access, Report, judge, read
from specdec_check.compat.ref import Kind
from specdec_check.compat.relation import Pair, proposable
from specdec_check.compat.report.answer import answer
from specdec_check.compat.snapshot import Snapshot
from specdec_check.compat.verdict import Policy, Verdict

from .errors import DecodeError
from .pairing import Pairing, ranges

_ENGINE = "bundled"


class NotAdmittedError(DecodeError):
    """The pair may not run.

    Attributes:
        refused: True where the answer is no, False where there is none.
    """

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Admitted:
    """One model of an admitted pair.

    Attributes:
        snapshot: its files as they were read and hashed.
        rows: the certified rows of its head and embedding.
    """

    snapshot: Snapshot
    rows: int

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.snapshot.ref.original

    def folder(self) -> Path:
        """The folder to load from; of a model on the Hub the one commit, its weights fetched if they are not cached.

        Raises:
            CheckError: if the weights cannot be had.
        """
        if self.snapshot.commit is None:
            return locate(self.snapshot.ref)
        from specdec_check.compat import hub

        return hub.materialise(self.snapshot.repository, self.snapshot.commit, loader_files(self.snapshot))


@dataclass(frozen=True, slots=True)
class Admission:
    """A pair that may run.

    Attributes:
        target: the big model.
        drafter: the small one.
        pairing: what the engine must know of the two.
        notes: what moved since the certificate without changing a fact.
    """

    target: Admitted
    drafter: Admitted
    pairing: Pairing
    notes: tuple[str, ...] = ()


def by_certificate(file: Path, access: Access) -> Admission:
    """Admits the pair of a certificate: at its locked commits, if every fact is as certified.

    Raises:
        NotAdmittedError: if something drifted, or the certificate speaks for other engines alone.
        CheckError: if the certificate or a model cannot be read.
    """
    statement = certificates.read_file(file)
    if _ENGINE not in {name.partition("@")[0] for name in certificates.policy_of(statement).engines}:
        raise NotAdmittedError(
            f"{file} speaks for other engines than the bundled decoder: check the pair with `--engine {_ENGINE}`.",
            refused=True,
        )
    target, drafter = (certificates.locked(statement, side) for side in certificates.SIDES)
    snapshots = read(target, drafter, access)
    holding = hold(statement, *snapshots)
    drift = [*holding.drift, *_moved_commits(statement, snapshots)]
    if drift:
        raise NotAdmittedError(
            f"{file} does not admit {target.original} × {drafter.original}: {' '.join(drift)} Check the pair again and"
            " issue a new certificate if it fits.",
            refused=True,
        )
    return _admission(holding.report, holding.notes)


def by_check(target: str, drafter: str, access: Access, *, allow_specials: bool = False) -> Admission:
    """Admits a pair by checking it here and now.

    Args:
        target: the big model, as `specdec-check` takes it.
        drafter: the small one.
        access: how the Hub is reached.
        allow_specials: admit a pair whose control tokens differ.

    Raises:
        NotAdmittedError: if the pair is not certified.
        CheckError: if a model cannot be read.
    """
    policy = Policy((_ENGINE,), allow_specials=allow_specials)
    report = judge(*read(refs.parse(target), refs.parse(drafter), access), policy)
    verdict = report.decision.verdict
    if verdict is not Verdict.CERTIFIED:
        raise NotAdmittedError(
            f"{answer(report)}. Run `specdec-check {target} {drafter}` for all of it.",
            refused=verdict is Verdict.REFUSED,
        )
    return _admission(report, ())


def by_target(target: str, access: Access) -> Admission:
    """Admits a target whose drafts are looked up in its own text: what a pair of it with itself must pass.

    Raises:
        NotAdmittedError: if decoding could not take its drafts back.
        CheckError: if the model cannot be read.
    """
    return by_check(target, target, access)


def _moved_commits(statement: certificates.Statement, snapshots: tuple[Snapshot, Snapshot]) -> list[str]:
    """A commit cannot change, so other bytes under it mean that the certificate or the cache was tampered with."""
    moved = []
    for side, snapshot in zip(certificates.SIDES, snapshots, strict=True):
        if snapshot.ref.kind is Kind.HUB and snapshot.digests() != certificates.locked_files(statement, side):
            moved.append(f"The {side}'s files are not the ones that the certificate names at that commit.")
    return moved


def _admission(report: Report, notes: tuple[str, ...]) -> Admission:
    pair = report.pair
    pairing = Pairing(
        target_rows=_rows(pair.target),
        drafter_rows=_rows(pair.drafter),
        proposable=ranges(number for number, allowed in enumerate(proposable(pair)) if allowed),
        stand_in=_stand_in(pair),
        eos=frozenset() if isinstance(pair.target.eos, Unknown) else pair.target.eos.ids,
        target_context=_lossless_context(pair.target),
        drafter_context=_context(pair.drafter),
    )
    target, drafter = report.target.snapshot, report.drafter.snapshot
    return Admission(Admitted(target, pairing.target_rows), Admitted(drafter, pairing.drafter_rows), pairing, notes)


def _rows(facts: Fingerprint) -> int:
    if not isinstance(facts.rows, Rows):
        raise TypeError("a certified pair has known rows")
    return facts.rows.head


def _context(facts: Fingerprint) -> int | None:
    return facts.reach if isinstance(facts.reach, int) else None


def _lossless_context(facts: Fingerprint) -> int | None:
    """The longest text that drafts cannot change: LongRoPE turns all of it anew once one token lies past the switch."""
    switch = None if isinstance(facts.architecture, Unknown) else facts.architecture.rope_switch
    limits = [limit for limit in (switch, _context(facts)) if limit is not None]
    return min(limits, default=None)


def _stand_in(pair: Pair) -> int:
    """The id fed in place of one that the drafter cannot embed: the most meaningless that it knows."""
    rows = _rows(pair.drafter)
    for special in (pair.drafter.unk, pair.drafter.pad, pair.drafter.eos, pair.drafter.bos):
        if not isinstance(special, Unknown) and (inside := [number for number in special.ids if number < rows]):
            return min(inside)
    return 0
