"""The gate's result as a list of what is to be shown, gravest first: what every medium but JSON starts from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

Result = dict[str, Any]  # as `gate.schema.json` in this package has it
Pair = dict[str, Any]
Found = dict[str, Any]

NOT_PASSED = "not-passed"  # stands for a code where a pair did not pass and no finding of it says why
_LEVELS = {"error": "error", "warning": "warning", "open": "warning", "note": "note"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding and the pair that it is about; no pair where it is about the project."""

    pair: Pair | None
    finding: Found

    @property
    def place(self) -> dict[str, Any]:
        """File, line and column: the finding's own, or else those of the pair."""
        place: dict[str, Any] | None = self.finding["place"]
        return place or (self.pair or _NOWHERE)["place"]

    @property
    def ignored(self) -> str | None:
        """Why it is ignored and until when; None where it is not."""
        ignored = self.finding["ignored"]
        if ignored is None:
            return None
        return f"{ignored['reason']}, until {ignored['until']}" if ignored["until"] else str(ignored["reason"])

    @property
    def decides(self) -> bool:
        """Whether it keeps the pair from passing."""
        return bool(self.finding["decides"]) and self.finding["ignored"] is None

    @property
    def level(self) -> str:
        """How grave it is to show: `error` for all that decides, else `error`, `warning` or `note`."""
        return "error" if self.decides else _LEVELS[self.finding["severity"]]

    @property
    def weight(self) -> tuple[bool, bool, int, bool]:
        """For sorting: what decides first, what is ignored last."""
        severity = self.finding["severity"]
        return (
            self.ignored is not None,
            not self.decides,
            list(_LEVELS.values()).index(self.level),
            severity == "open",
        )


_NOWHERE = {"place": {"file": "pyproject.toml", "line": 1, "column": 1}}


def entries(result: Result) -> list[Entry]:
    """All that calls for attention, gravest first. A pair that did not pass is always among them, notes are not."""
    found = [entry for pair in result["pairs"] for entry in of_pair(pair)]
    told = [entry for entry in (*found, *of_project(result)) if entry.finding["severity"] != "note" or entry.decides]
    return sorted(told, key=lambda entry: entry.weight)


def of_pair(pair: Pair) -> list[Entry]:
    """A pair's findings. Where it did not pass and none of them says why, its answer stands in for one."""
    found = [Entry(pair, finding) for finding in pair["findings"]]
    if pair["result"] != "passed" and not any(entry.decides for entry in found):
        found.insert(0, Entry(pair, _not_passed(pair)))
    return found


def of_project(result: Result) -> list[Entry]:
    """What was found of the project itself, such as a file that could not be read."""
    return [Entry(None, finding) for finding in result["findings"]]


def located(place: dict[str, Any]) -> str:
    """A place as editors and terminals link it."""
    return f"{place['file']}:{place['line']}:{place['column']}"


def models(pair: Pair) -> str:
    """The two models of a pair, as they were asked for; as they are written where that cannot be told."""
    names = (pair[side] or pair["written"][side] or "not named" for side in ("target", "drafter"))
    return " × ".join(names)


def by_fingerprint(found: list[Entry]) -> list[tuple[str, Entry]]:
    """Each entry with a fingerprint that no other has: of equal ones the second gets `:2`, and so on."""
    seen: dict[str, int] = {}
    named = []
    for entry in found:
        fingerprint = str(entry.finding["fingerprint"])
        seen[fingerprint] = count = seen.get(fingerprint, 0) + 1
        named.append((fingerprint if count == 1 else f"{fingerprint}:{count}", entry))
    return named


def _not_passed(pair: Pair) -> Found:
    told = f"{pair['id']}\0{NOT_PASSED}".encode("utf-8", "surrogatepass")
    return {
        "code": NOT_PASSED,
        "name": f"pair-{pair['result']}",
        "severity": "open" if pair["result"] == "undecided" else "error",
        "subject": "pair",
        "message": pair["answer"],
        "fix": " ".join(pair["advice"]) or "Run specdec-check on this pair alone; it tells more.",
        "place": None,
        "ignored": None,
        "decides": True,
        "fingerprint": hashlib.sha256(told).hexdigest()[:32],
    }
