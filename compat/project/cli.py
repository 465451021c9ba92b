"""`specdec-check gate` and `lock`: the command lines that speak of a project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from .. import certificate as certificates
from ..console import bars, offline_option, say, show, timeout_option
from ..errors import CheckError
from ..finding import Severity
from ..pipeline import Access
from ..report import lock_text
from ..report.cli import format_option, output_option, put, verbose_option, write
from ..report.media import RENDERERS
from ..scan.cli import look_through, project_of, scan_options
from ..scan.scan import Scanned
from ..store import of_this_machine
from ..verdict import Verdict
from . import lock as locks
from . import locking
from .against import Mode
from .asked import Asked, asked
from .checking import Watch
from .declared import Project
from .gate import Gated, gate
from .result import result

_GATE_EXAMPLES = """\b
Examples:
  specdec-check gate
  specdec-check gate deploy/ --locked
  specdec-check gate --format github --output sarif=specdec.sarif --output markdown=summary.md
  specdec-check gate --frozen --set DRAFT=Qwen/Qwen2.5-0.5B-Instruct

\b
Exit status: 0 all pass, 1 one is refused, 2 one could not be settled (2 wins over 1), 130 interrupted."""
_LOCK_EXAMPLES = """\b
Examples:
  specdec-check lock
  specdec-check lock --upgrade
  specdec-check lock --upgrade meta-llama/Llama-3.2-1B-Instruct

\b
Exit status: that of the pairs that were locked, as everywhere; a refused pair is locked as refused."""


@click.command("gate", short_help="Check every pairing of a project.", epilog=_GATE_EXAMPLES)
@scan_options
@click.option("--locked", is_flag=True, help="Fail unless specdec.lock says what holds now.")
@click.option("--frozen", is_flag=True, help="Check what specdec.lock has, without asking what branches mean now.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default=None,
    help="The least severe finding that fails.  [default: the configuration's, or error]",
)
@format_option
@output_option
@click.option(
    "--certificates",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a certificate for every pair that is certified into this folder.",
)
@click.option("--allow-empty", is_flag=True, help="Let a project without any pairing pass.")
@verbose_option
@offline_option
@timeout_option
@click.pass_context
def gate_command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    folder_of_project: Path | None,
    given: dict[str, str],
    env: bool,
    markdown: bool,
    exclude: tuple[str, ...],
    locked: bool,
    frozen: bool,
    fail_on: str | None,
    form: str,
    outputs: dict[str, Path],
    folder: Path | None,
    allow_empty: bool,
    verbose: bool,
    offline: bool,
    timeout: float,
) -> None:
    """Check every pairing of a project: those that its configuration declares, and those found in PATHS.

    The configuration is [tool.specdec-check] in pyproject.toml, or specdec.toml. Each model is read once. What is
    found stands at the line that names the drafter.
    """
    project = project_of(folder_of_project)
    if fail_on is not None:
        project = replace(project, policy=replace(project.policy, fail_on=Severity(fail_on)))
    scanned = look_through(project, paths, given, env, markdown, exclude)
    pairs = asked(project, scanned)
    if not allow_empty:
        _demand_some(pairs, scanned, project, paths)
    lock = locks.load(project.root / locks.NAME)
    with _watched(pairs) as watch:
        access, mode, store = Access(offline, timeout), Mode(locked, frozen), of_this_machine()
        gated = gate(project, pairs, scanned, mode, access, store, date.today(), watch, lock, whole=not paths)
    if not allow_empty and not pairs and gated.verdict is Verdict.CERTIFIED:  # all that was met is ignored
        _demand_some(pairs, replace(scanned, unread={}), project, paths)
    written = _write_certificates(gated, folder) if folder else {}
    rendered = result(gated, written, offline=offline)
    for name, file in outputs.items():
        write(file, RENDERERS[name](rendered).encode())
    put(rendered, form, verbose=verbose)
    ctx.exit(gated.verdict.exit_status)


@click.command("lock", short_help="Write specdec.lock.", epilog=_LOCK_EXAMPLES)
@scan_options
@click.option(
    "--upgrade",
    is_flag=False,
    flag_value="*",
    default=None,
    metavar="[NAME]",
    help="Read models as their references say now: all of them, or that of one model or pair.",
)
@offline_option
@timeout_option
@click.pass_context
def lock_command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    folder_of_project: Path | None,
    given: dict[str, str],
    env: bool,
    markdown: bool,
    exclude: tuple[str, ...],
    upgrade: str | None,
    offline: bool,
    timeout: float,
) -> None:
    """Write specdec.lock: what every model of the project is now, and what comes of every pair.

    Models that the lock has stay at its commits, unless they are upgraded. It prints what changed.
    """
    project = project_of(folder_of_project)
    scanned = look_through(project, paths, given, env, markdown, exclude)
    pairs = asked(project, scanned)
    _demand_some(pairs, scanned, project, paths)
    file = project.root / locks.NAME
    before = _lock_so_far(file)
    wanted = locking.Upgrade(upgrade if upgrade != "*" else None, upgrade == "*")
    with _watched(pairs) as watch:
        access, store, today = Access(offline, timeout), of_this_machine(), date.today()
        made = locking.relock(project, pairs, before, wanted, access, store, today, watch, whole=not paths)
    data = made.lock.dump()
    unchanged = before is not None and before.dump() == data
    if not unchanged:
        write(file, data)
    show(lock_text.render(made, file.name, unchanged=unchanged, new=before is None))
    ctx.exit(made.verdict.exit_status)


def _demand_some(pairs: Sequence[Asked], scanned: Scanned, project: Project, paths: tuple[Path, ...]) -> None:
    """Asks for a pairing.

    Raises:
        CheckError: if there is none: whoever asks expects one, and looked in the wrong place.
    """
    if not pairs and not scanned.unread:
        where = ", ".join(map(str, paths)) or project.root
        raise CheckError(
            f"There is no pairing to check: none is declared, and none was found in {scanned.files} files under"
            f" {where}. Name the right paths, declare pairs in specdec.toml, or pass --allow-empty to `gate`."
        )


def _lock_so_far(file: Path) -> locks.Lock | None:
    """The lock that a new one starts from; a damaged one is none."""
    try:
        return locks.load(file)
    except locks.LockError as error:
        say(f"{error.message} It is written anew, and every model is read as its reference says now.")
        return None


@contextmanager
def _watched(pairs: Sequence[Asked]) -> Iterator[Watch]:
    twos = {two for one in pairs if (two := one.models)}
    totals = {"models": len({ref for two in twos for ref in two}), "pairs": len(twos)}
    with bars(totals) as advances:
        yield Watch(advances["models"], advances["pairs"])


def _write_certificates(gated: Gated, folder: Path) -> dict[str, str]:
    """Writes a certificate for each pair that is certified by itself; an exception is no certificate."""
    written: dict[str, str] = {}
    taken: set[str] = set()
    for one in gated.judged:
        if one.report is None or one.report.decision.verdict is not Verdict.CERTIFIED:
            continue
        if one.verdict is not Verdict.CERTIFIED:
            continue
        file = folder / _file_name(one.asked.id, taken)
        taken.add(file.name.lower())
        write(file, certificates.dump(certificates.issue(one.report)))
        written[one.asked.id] = str(file)
    return written


def _file_name(id_: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", id_).strip("-.")[:100] or "pair"
    names = (f"{plain}{number or ''}.json" for number in range(len(taken) + 1))
    return next(name for name in names if name.lower() not in taken)
