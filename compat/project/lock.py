"""`specdec.lock`: what every model of a project was when its pairs were looked at, and what came of them.

JSON with sorted keys and lists, one fact a line, so that a change of it reads as what changed. There is no time, no
machine and no version of this tool in it: the same models and pairs give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import CheckError
from ..pipeline import Report
from .locked import LockedModel, LockedPair

NAME = "specdec.lock"
_VERSION = 1
_LIMIT = 16 * 1024 * 1024
_NO_LOCK = "run `specdec-check lock` to write it anew"


class LockError(CheckError):
    """The lock cannot be read."""

    kind = "lock"


@dataclass(frozen=True, slots=True)
class Lock:
    """A project's models and pairs.

    Attributes:
        models: by what was written for them.
        pairs: by `key`.
        canonical: whether it was read from the very bytes that `dump` gives.
    """

    models: Mapping[str, LockedModel]
    pairs: Mapping[str, LockedPair]
    canonical: bool = True

    @classmethod
    def of(cls, reports: Iterable[Report]) -> Lock:
        """The lock of these pairs."""
        reports = list(reports)
        sides = [side for report in reports for side in (report.target, report.drafter)]
        pairs = [LockedPair.of(report) for report in reports]
        return cls({m.original: m for m in map(LockedModel.of, sides)}, {pair.key: pair for pair in pairs})

    def dump(self) -> bytes:
        """Canonical bytes."""
        value = {
            "version": _VERSION,
            "models": [self.models[name].to_dict() for name in sorted(self.models)],
            "pairs": [self.pairs[name].to_dict() for name in sorted(self.pairs)],
        }
        return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode("ascii")


def load(file: Path) -> Lock | None:
    """The lock in a file; None where there is none.

    Raises:
        LockError: if the file is no lock of this version, or cannot be read.
    """
    try:
        if file.exists() and not file.is_file():
            raise LockError(f"{file} is no regular file: remove it.")
        with file.open("rb") as stream:
            data = stream.read(_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockError(f"{file} cannot be read ({error.strerror}): check its permissions.") from error
    try:
        value = json.loads(data)
        if not isinstance(value, dict) or len(data) > _LIMIT:
            raise ValueError("no lock")
        if value.get("version") != _VERSION or isinstance(value["version"], bool):
            raise LockError(f"{file} is of another version than this one reads ({_VERSION}): {_NO_LOCK}.")
        models = [LockedModel.from_dict(model) for model in value["models"]]
        pairs = [LockedPair.from_dict(pair) for pair in value["pairs"]]
        lock = Lock({model.original: model for model in models}, {pair.key: pair for pair in pairs})
        return replace(lock, canonical=lock.dump() == data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LockError(f"{file} is damaged, perhaps by a merge: {_NO_LOCK}.") from error
