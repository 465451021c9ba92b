"""Verification: both models are read again as they were written, and held against their certificate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from . import certificate as certificates
from . import ref as refs
from .certificate import SIDES, Statement
from .drift import differences
from .errors import NotFoundError
from .fingerprint import fingerprint
from .holding import hold
from .pipeline import Access, Report, read
from .ref import Kind
from .withheld import demand


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it.

    Attributes:
        file: the certificate.
        names: target and drafter, as they were written.
        drift: what no longer is as certified, as sentences; empty where the certificate holds.
        changes: what is other than it was, with both values, as far as the models can be read as they were.
        notes: what moved without changing a fact.
        report: the pair as it is now.
    """

    file: Path
    names: tuple[str, str]
    drift: tuple[str, ...]
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    report: Report


def verify(file: Path, access: Access) -> Verification:
    """Whether a certificate holds for what its models are now.

    Raises:
        CheckError: if the certificate or a model cannot be read. That is neither yes nor no.
    """
    statement = certificates.read_file(file)
    names = (certificates.original(statement, "target"), certificates.original(statement, "drafter"))
    holding = hold(statement, *read(refs.parse(names[0]), refs.parse(names[1]), access))
    lost, changes = _since(statement, holding.report, access)
    return Verification(file, names, (*holding.drift, *lost), tuple(changes), holding.notes, holding.report)


def _since(statement: Statement, report: Report, access: Access) -> tuple[list[str], list[str]]:
    """What came of the certified commits that the models moved away from.

    Returns:
        Those that can no longer be read as certified, since nothing pinned to them would load; and, where they can,
        what is other than it was.
    """
    lost, changes = [], []
    for side, now in zip(SIDES, (report.target, report.drafter), strict=True):
        pinned = certificates.locked(statement, side)
        if pinned.kind is not Kind.HUB or pinned.revision == now.snapshot.commit:
            continue
        try:
            then, _ = read(pinned, pinned, replace(access, recheck=True))
        except NotFoundError as error:
            lost.append(f"The {side}'s certified commit cannot be read any more: {error.message}")
            continue
        demand(then)
        if then.digests() != certificates.locked_files(statement, side):
            lost.append(f"The {side}'s files at the certified commit are not those in the certificate: it was edited.")
            continue
        changes += [f"Of the {side}, {change}." for change in differences(fingerprint(then), now.facts)]
    return lost, changes
