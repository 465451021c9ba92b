"""Corpora of labelled snippets: what people write to deploy speculative decoding, and what a scan finds in it.

A corpus is a folder with one snippet in each of its folders, `labels.json`, and `known.json` with the reason for each
snippet in which something else than its label is found, if there are any. A label says where the drafter's name stands
(line and column from 1), the names that the engine gets, and whether both are known (`pair`), one is not
(`unresolved`) or the drafter is a head that was trained for the target (`trained-head`); for speculation without a
second model (`no_pair`) the line of the word that names the method.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from specdec_check.compat.scan.found import Pairing
from specdec_check.compat.scan.scan import Wanted, scan

CORPORA = Path(__file__).parent / "compat" / "scan" / "corpus"
FIRST_CONTACT = CORPORA / "first-contact.json"
NAMES = sorted(folder.parent.name for folder in CORPORA.glob("*/labels.json"))
# One pairing as a label has it: line, column, engine, target, drafter, status.
Labelled = tuple[int, int, str, str | None, str | None, str]
# Speculation without a second model: line and engine.
Alone = tuple[int, str]
_KINDS = {
    **dict.fromkeys((".yml", ".yaml", ".tpl"), "YAML"),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".slurm", ".sbatch", ""), "shell"),
    **dict.fromkeys((".service", ".container"), "systemd"),
    **dict.fromkeys((".json", ".jsonc"), "JSON"),
    ".py": "Python",
    ".toml": "TOML",
    ".md": "Markdown",
}


@dataclass(frozen=True)
class Snippet:
    """A labelled file.

    Attributes:
        corpus: the name of its folder.
        file: within the corpus.
        pairings: as labelled.
        alone: speculation without a second model, as labelled.
        given: the variables that are set on the command line.
        known: why something else is found, if that is accepted.
    """

    corpus: str
    file: str
    pairings: Counter[Labelled]
    alone: frozenset[Alone]
    given: dict[str, str] = field(default_factory=dict)
    known: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        return CORPORA / self.corpus / self.file

    @property
    def kind(self) -> str:
        """The kind of file, for a table."""
        name = self.path.name
        if name.startswith(("Dockerfile", "Containerfile")) or name.endswith(".dockerfile"):
            return "Dockerfile"
        if name == "Makefile":
            return "Makefile"
        return ".env" if name.endswith(".env") or name.startswith(".env") else _KINDS[self.path.suffix]


@dataclass(frozen=True)
class Outcome:
    """What a scan found in a snippet."""

    snippet: Snippet
    pairings: Counter[Labelled]
    alone: frozenset[Alone]
    unread: str

    @property
    def missed(self) -> Counter[Labelled]:
        """Labelled and not found so."""
        return self.snippet.pairings - self.pairings

    @property
    def invented(self) -> Counter[Labelled]:
        """Found and not labelled so."""
        return self.pairings - self.snippet.pairings

    def differences(self) -> list[str]:
        """Each difference from the label, as a line."""
        return [
            *([f"unread: {self.unread}"] if self.unread else []),
            *(f"missed: {one}" for one in self.missed.elements()),
            *(f"found, not labelled: {one}" for one in self.invented.elements()),
            *(f"missed without a pair: {one}" for one in sorted(self.snippet.alone - self.alone)),
            *(f"found without a pair, not labelled: {one}" for one in sorted(self.alone - self.snippet.alone)),
        ]


@dataclass
class Counts:
    """How many pairings were found rightly, wrongly, or not, in how many snippets."""

    snippets: int = 0
    right: int = 0
    invented: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The part of what was found that is right."""
        found = self.right + self.invented
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        """The part of what is labelled that was found."""
        labelled = self.right + self.missed
        return self.right / labelled if labelled else 1.0

    def add(self, right: int, invented: int, missed: int) -> None:
        """Counts one more snippet."""
        self.snippets += 1
        self.right += right
        self.invented += invented
        self.missed += missed


def load(corpus: str) -> list[Snippet]:
    """The snippets of a corpus."""
    folder = CORPORA / corpus
    file = folder / "known.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    return [
        Snippet(
            corpus,
            label["file"],
            Counter(_labelled(one) for one in label["pairings"]),
            frozenset((one["line"], one["engine"]) for one in label["no_pair"]),
            label.get("set") or {},
            known.get(label["file"], ""),
        )
        for label in json.loads((folder / "labels.json").read_text())
    ]


def _labelled(one: dict) -> Labelled:
    return one["line"], one["column"], one["engine"], one["target"], one["drafter"], one["status"]


def outcome(snippet: Snippet) -> Outcome:
    """What a scan of the one file finds."""
    scanned = scan(snippet.path.parent, [snippet.path], Wanted(snippet.given))
    found = Counter(
        (at.line, at.column, one.engine, one.target and one.target.value, one.drafter.value, _status(one))
        for at, one in scanned.pairings()
    )
    alone = frozenset((at.line, one.engine) for at, one in scanned.unpaired())
    return Outcome(snippet, found, alone, "; ".join(scanned.unread.values()))


def _status(one: Pairing) -> str:
    return "trained-head" if one.head else "pair" if one.settled else "unresolved"


def counted(outcomes: list[Outcome]) -> dict[tuple[str, str], Counts]:
    """Counts by ("corpus" | "engine" | "kind", its name), and of all under ("all", ""); decoys belong to no engine."""
    counts: dict[tuple[str, str], Counts] = {}
    for one in outcomes:
        for group, pick in _groups(one):
            sums = [sum(n for label, n in part.items() if pick in ("", label[2])) for part in _parts(one)]
            counts.setdefault(group, Counts()).add(*sums)
    return counts


def _parts(one: Outcome) -> tuple[Counter[Labelled], Counter[Labelled], Counter[Labelled]]:
    return one.pairings & one.snippet.pairings, one.invented, one.missed


def _groups(one: Outcome) -> Iterator[tuple[tuple[str, str], str]]:
    """The groups that a snippet counts in, each with the engine whose pairings count; "" for all."""
    yield ("all", ""), ""
    yield ("corpus", one.snippet.corpus), ""
    yield ("kind", one.snippet.kind), ""
    for engine in {label[2] for label in (*one.pairings, *one.snippet.pairings)}:
        yield ("engine", engine), engine
