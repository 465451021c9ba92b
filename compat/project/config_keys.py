"""The keys of a configuration: what each may hold, and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..finding import Severity
from ..rules import BY_CODE
from ..verdict import Policy
from . import config_pairs
from . import rules as project_rules
from .config_table import Table, nearest, quoted
from .declared import WORST, Ignore, Project, ScanSettings, can_fail, family

TOP = (
    *("fail-on", "strict", "allow-specials", "engines", "select", "ignore"),
    *("pairs", "ignores", "models", "scan"),
)
IGNORE = ("rule", "pair", "reason", "until")
SCAN = ("paths", "exclude", "env", "markdown", "set")

_FAMILIES = tuple(sorted({family(code) for code in WORST}))
_CODES = {
    **{rule.name: rule.code for rule in BY_CODE.values()},
    **{rule.name: rule.code for rule in project_rules.RULES},
    **{code: code for code in WORST},
}


_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"  # fillers of Hangul, which show as blanks


def read(table: Table, root: Path, file: Path) -> Project:
    """The project that a configuration declares; what is wrong is noted in the table's document."""
    fail_on = table.choice("fail-on", (Severity.ERROR.value, Severity.WARNING.value), Severity.ERROR.value)
    policy = Policy(
        engines=config_pairs.engines(table) or Policy().engines,
        strict=table.flag("strict", False),
        fail_on=Severity(fail_on),
        allow_specials=table.flag("allow-specials", False),
    )
    select = tuple(_rules(table, "select"))
    project = Project(
        root,
        file,
        policy,
        select if "select" in table else None,
        _ignored(table),
        models=config_pairs.models(table, root),
        scan=_scan(table),
    )
    pairs = config_pairs.pairs(table, project)
    ignores = [found for one in table.tables("ignores", IGNORE) if (found := _ignore(one))]
    return replace(project, pairs=pairs, ignores=tuple(ignores))


def _rules(table: Table, key: str) -> dict[str, int]:
    """Codes and families under `select` or `ignore`, each with its index."""
    found = {}
    for index, word in table.texts(key) or ():
        code = word.upper() if word.upper() in _FAMILIES else _code(word)
        if code is None:
            table.wrong(f"holds {quoted(word)}, which is no rule or family{_nearest_rule(word)}", key, index)
        else:
            found[code] = index
    return found


def _ignored(table: Table) -> tuple[str, ...]:
    """What may be left out without a reason: never what can refuse a pair or leave it undecided."""
    found = _rules(table, "ignore")
    for code, index in found.items():
        grave = [one for one in WORST if code in (one, family(one)) and can_fail(one)]
        if grave:
            table.wrong(
                f"holds {code}, and {', '.join(grave)} can refuse a pair or leave it undecided: set such a rule aside"
                " under [[ignores]], with a reason.",
                "ignore",
                index,
            )
    return tuple(found)


def _code(word: str) -> str | None:
    """The code of a rule that is named by it or by its name, in any case."""
    return _CODES.get(word.upper()) or _CODES.get(word.lower())


def _nearest_rule(word: str) -> str:
    close = nearest(word, _CODES)
    return close if "did you mean" in close else ". `specdec-check rule` lists them."


def _ignore(table: Table) -> Ignore | None:
    """One of [[ignores]]; None where something that it needs is wrong."""
    word = table.needed("rule", "SD405")
    code = _code(word) if word else None
    if word and code is None:
        table.wrong(f"is {quoted(word)}, which is no rule{_nearest_rule(word)}", "rule")
    reason = table.folded("reason")
    if "reason" not in table:
        table.wrong('lacks a reason: add reason = "…", which is shown wherever the finding would be.')
    pair, until = table.text("pair"), table.date("until")
    if reason is not None and not any(char.isalnum() and char not in _BLANK_LETTERS for char in reason):
        table.wrong("says nothing: write why this may be left out.", "reason")
    if code is None or reason is None:
        return None
    return Ignore(code, pair, reason, until, table.place("rule"))


def _scan(table: Table) -> ScanSettings:
    """[scan]."""
    scan = table.table("scan", SCAN)
    if scan is None:
        return ScanSettings()
    paths = scan.texts("paths")
    return ScanSettings(
        ScanSettings().paths if paths is None else tuple(path for _, path in paths),
        tuple(glob for _, glob in scan.texts("exclude") or ()),
        scan.flag("env", False),
        scan.flag("markdown", False),
        _variables(scan),
    )


def _variables(scan: Table) -> dict[str, str]:
    """[scan.set]."""
    found: dict[str, str] = {}
    given = scan.table("set", None)
    if given is None:
        return found
    for name in given:
        value = given.text(name, blank=True)
        if not name.strip() or "=" in name or not name.isprintable():
            given.wrong("is no name of a variable: write it without '=' and control characters.", name)
        elif value is not None:
            found[name] = value
    return found
