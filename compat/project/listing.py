"""What a scan found, as one JSON value: `scan.schema.json` in the package above."""

from __future__ import annotations

from typing import Any

from ..certificate import tool_version
from ..project.asked import Asked, asked
from ..project.declared import Project
from ..project.result import Places
from ..scan.scan import Scanned
from ..visible import visible

SCHEMA = 1


def listing(project: Project, scanned: Scanned) -> dict[str, Any]:
    """The value: pairings in the order of files and lines, then what needs no pair, then what could not be read."""
    places = Places(project.root)
    plain = Project(project.root, models=project.models)
    return {
        "schema": SCHEMA,
        "kind": "scan",
        "tool": {"name": "specdec-check", "version": tool_version()},
        "files": scanned.files,
        "pairings": [_pairing(one, places) for one in asked(plain, scanned)],
        "no_pair": [
            {**places.of(one), "engine": found.engine, "method": visible(found.method)}
            for one, found in scanned.unpaired()
        ],
        "unread": [{"file": places.file(file), "why": visible(why)} for file, why in sorted(scanned.unread.items())],
    }


def _pairing(one: Asked, places: Places) -> dict[str, Any]:
    target, drafter = one.written
    return {
        **places.place(one.place),
        "engine": one.policy.engines[0],
        "target": one.target and visible(one.target.original),
        "drafter": one.drafter and visible(one.drafter.original),
        "written": {"target": None if target is None else visible(target), "drafter": visible(drafter)},
        "head": one.head and visible(one.head),
        "options": one.policy.options.to_dict(),
        "status": "undecided" if one.items or one.beside else "ready",
        "why": next((found.message for found in (*one.items, *one.beside)), None),
    }
