"""What a project says about its pairings, in `[tool.specdec-check]` of pyproject.toml or in specdec.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..finding import Severity
from ..ref import ModelRef, parse
from ..rules import BY_CODE
from ..verdict import Policy
from . import rules as project_rules

WORST: Mapping[str, str] = {
    **{rule.code: rule.worst.value for rule in BY_CODE.values()},
    **{rule.code: rule.worst for rule in project_rules.RULES},
}
"""Every rule's code, with the gravest that it can say; `open` where it leaves a pair undecided."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written.

    Attributes:
        file: its path from the project's root, with `/`.
        line: from 1.
        column: from 1, in characters; of a quoted value the first character behind the quote.
    """

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class DeclaredPair:
    """A pair of the configuration; what it leaves out has the project's value.

    Attributes:
        name: unique in the project.
        target: the model with its revision, wherever that is written; a folder as an absolute path.
        drafter: the same.
        target_written: as it is written under `target`.
        drafter_written: as it is written under `drafter`.
        engines: the runtimes that its verdict speaks for.
        context: the longest sequence that is planned, in tokens; None where nothing is said.
        batch: sequences at once.
        tensor_parallel: GPUs that a layer of the target is split over.
        draft_tensor_parallel: the same of the drafter.
        heterogeneous_vocab: vLLM's `use_heterogeneous_vocab`.
        allow_specials: whether control tokens may differ.
        place: of the drafter's value.
    """

    name: str
    target: ModelRef
    drafter: ModelRef
    target_written: str
    drafter_written: str
    engines: tuple[str, ...]
    context: int | None
    batch: int | None
    tensor_parallel: int | None
    draft_tensor_parallel: int | None
    heterogeneous_vocab: bool
    allow_specials: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Ignore:
    """Findings that are set aside, with the reason that is shown in their place.

    Attributes:
        rule: a code.
        pair: the name of a declared pair, or a glob over the ids of scanned ones; None means every pair.
        reason: never blank.
        until: the last day on which it counts; None means always.
        place: of the rule's code.
    """

    rule: str
    pair: str | None
    reason: str
    until: date | None
    place: Place

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and today > self.until


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Where pairings are looked for in files.

    Attributes:
        paths: files and folders, from the root.
        exclude: globs over paths from the root that are left out.
        env: whether to look into .env files.
        markdown: whether to look into the code blocks of Markdown.
        variables: values of variables that the files leave open.
    """

    paths: tuple[str, ...] = (".",)
    exclude: tuple[str, ...] = ()
    env: bool = False
    markdown: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """A configuration, or what holds where there is none.

    Attributes:
        root: the folder that all paths start from: the configuration's; without one the repository's.
        file: the configuration; None where there is none.
        policy: what is asked of pairs; its engines are those of declared pairs that name none.
        select: codes and families (`SD1`) that count beside the errors; None means all.
        ignore: codes and families that do not.
        pairs: in the file's order.
        ignores: in the file's order.
        models: a local path or an alias, without a slash at its end → the model that it is.
        scan: where pairings are looked for.
    """

    root: Path
    file: Path | None = None
    policy: Policy = field(default_factory=Policy)
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    pairs: tuple[DeclaredPair, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    scan: ScanSettings = field(default_factory=ScanSettings)

    def counts(self, code: str) -> bool:
        """Whether findings of a rule are looked at: those that can refuse a pair or leave it undecided always are.

        A rule by itself goes before its family, and what is ignored before what is selected.
        """
        if can_fail(code):
            return True
        selected = True if self.select is None else code in self.select or family(code) in self.select
        if code in self.ignore:
            return False
        return selected and (family(code) not in self.ignore or code in (self.select or ()))

    def is_alias(self, written: str) -> bool:
        """Whether `models` says what a name stands for."""
        return bare(written) in self.models

    def model(self, written: str) -> ModelRef:
        """The model that a name stands for: through `models` where it is there, and from the root where it is a path.

        Raises:
            BadReferenceError: if the text names nothing.
        """
        return parse(self.models.get(bare(written), written), self.root)


def bare(path: str) -> str:
    """A path or alias without slashes at its end."""
    return path.rstrip("/") or path


def family(code: str) -> str:
    """The family of a rule: SD1 of SD101."""
    return code[:3]


def can_fail(code: str) -> bool:
    """Whether a rule can refuse a pair or leave it undecided, whatever the policy is."""
    return WORST[code] not in (Severity.WARNING, Severity.NOTE)
