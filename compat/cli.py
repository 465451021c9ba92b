"""`specdec-check`: the command line. The only module of this package that prints and exits."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from . import certificate as certificates
from .command_group import DefaultGroup
from .console import counted, offline_option, say, show, timeout_option
from .engines import ENGINES
from .errors import CheckError
from .exit import UNDECIDED
from .finding import Severity
from .options import Options
from .pipeline import Access, Report, check
from .report import machine
from .report import text as text_report
from .report.pages import pages
from .store import of_this_machine
from .verdict import Policy, Verdict
from .verify import verify

_F = TypeVar("_F", bound=Callable[..., Any])
_READING = "reading the models: {count} files"
_EXAMPLES = """\b
Examples:
  specdec-check Qwen/Qwen2.5-7B-Instruct Qwen/Qwen2.5-0.5B-Instruct
  specdec-check meta-llama/Llama-3.1-8B-Instruct@main ./my-drafter --certificate pair.json
  specdec-check meta-llama/Llama-3.1-70B meta-llama/Llama-3.2-1B --engine vllm --engine sglang
  specdec-check demo:target demo:stranger --format json
  specdec-check verify pair.json
  specdec-check gate --locked
  specdec-check rule SD101

\b
A model is org/name, org/name@revision, org/name:file.gguf, a folder (./folder), a GGUF file (./model.gguf), or
demo:target. A first word that is a command is the command; write ./verify or hf://verify for a model of that name.

\b
Tokenizers that were parsed are kept in HF_HOME/specdec-check; SPECDEC_CHECK_NO_CACHE=1 keeps and reads none.

\b
Exit status: 0 certified, 1 refused, 2 undecided or an error, 130 interrupted."""


_ELSEWHERE = {
    "gate": ("specdec_check.compat.project.cli", "gate_command", "Check every pairing of a project."),
    "lock": ("specdec_check.compat.project.cli", "lock_command", "Write specdec.lock."),
    "report": (
        "specdec_check.compat.report.cli",
        "report_command",
        "Show a saved result of the gate in another format.",
    ),
    "scan": ("specdec_check.compat.scan.cli", "scan_command", "Find the pairings in a project's files."),
}


class _Group(DefaultGroup):
    """A group that is careful about what is no command: its exit status is an answer."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            # Not 0: a script whose two variables are empty must not read it as "certified".
            click.echo(ctx.get_help(), err=True)
            ctx.exit(UNDECIDED)
        if self.names_none(ctx, args):
            self._not_meant(ctx, args[0])
        return super().parse_args(ctx, args)

    def _not_meant(self, ctx: click.Context, word: str) -> None:
        """Refuses a word that is nearly a command: no model of the Hub is named so, and a Hub error would mislead."""
        if word == "help":
            ctx.fail("Help is an option: `specdec-check --help`, `specdec-check gate --help`.")
        near = difflib.get_close_matches(word, self.list_commands(ctx), n=1, cutoff=0.75)
        if near and not Path(word).exists():
            ctx.fail(f"There is no command {word!r}. Did you mean {near[0]!r}? A model of that name is hf://{word}.")


@click.group(
    cls=_Group,
    default="check",
    elsewhere=_ELSEWHERE,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=_EXAMPLES,
)
@click.version_option(package_name="specdec-check", prog_name="specdec-check")
def cli() -> None:
    """Settle whether DRAFTER fits TARGET for speculative decoding, without downloading weights."""


_format = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="What to print.", show_default=True
)


def _known_engines(_: click.Context, __: click.Parameter, asked: tuple[str, ...]) -> tuple[str, ...]:
    for name in asked:
        if name.endswith("@") or not name.isprintable():
            raise click.BadParameter(f"{name!r} names no version after '@'.")
        if name.partition("@")[0] not in ENGINES:
            raise click.BadParameter(f"there is no engine {name!r}: choose from {', '.join(ENGINES)}.")
    return tuple(dict.fromkeys(asked))


def _number(name: str, told: str) -> Callable[[_F], _F]:
    return click.option(name, type=click.IntRange(1, 2**31 - 1), metavar="N", help=told)


@cli.command("check", short_help="Check a pair (the default).")
@click.argument("target")
@click.argument("drafter")
@click.option(
    "--certificate",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a certificate here if the pair is certified.",
)
@_format
@click.option(
    "--engine",
    "engines",
    multiple=True,
    default=("bundled",),
    metavar="NAME[@VERSION]",
    callback=_known_engines,
    help=f"An engine that the verdict speaks for; repeatable. One of {', '.join(ENGINES)}.  [default: bundled]",
)
@click.option(
    "--allow-specials",
    is_flag=True,
    help="Certify pairs whose control tokens differ, with a warning for each that is in use.",
)
@click.option("--strict", is_flag=True, help="Certify identical vocabularies of equal width alone.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="The least severe finding that refuses the pair.",
)
@_number("--context", "The longest sequence that is planned, in tokens.")
@_number("--batch", "Sequences that are planned at once.")
@_number("--tensor-parallel", "GPUs that the target is split over.")
@_number("--draft-tensor-parallel", "GPUs that the drafter is split over.")
@click.option("--heterogeneous-vocab", is_flag=True, help="vLLM runs with use_heterogeneous_vocab.")
@offline_option
@timeout_option
@click.pass_context
def check_command(
    ctx: click.Context,
    target: str,
    drafter: str,
    file: Path | None,
    form: str,
    engines: tuple[str, ...],
    allow_specials: bool,
    strict: bool,
    fail_on: str,
    context: int | None,
    batch: int | None,
    tensor_parallel: int | None,
    draft_tensor_parallel: int | None,
    heterogeneous_vocab: bool,
    offline: bool,
    timeout: float,
) -> None:
    """Check whether DRAFTER fits TARGET.

    Reads configs, tokenizers and the headers of the weights; compares the vocabularies by bytes; exits 0 if the pair
    is certified, 1 if it is refused, 2 if it cannot be settled.
    """
    options = Options(
        heterogeneous_vocab=heterogeneous_vocab,
        context=context,
        batch=batch,
        tensor_parallel=tensor_parallel,
        draft_tensor_parallel=draft_tensor_parallel,
    )
    policy = Policy(engines, strict, Severity(fail_on), allow_specials, options)
    with counted(_READING) as advance:
        report = check(target, drafter, policy, Access(offline, timeout, advance), of_this_machine())
    written = _write_certificate(report, file) if file else None
    if form == "json":
        click.echo(machine.dump(machine.render(report, written)))
    else:
        show(text_report.render(report))
        if file:
            say(f"certificate written to {file}" if written else f"no certificate: {file} was not written")
    ctx.exit(report.decision.verdict.exit_status)


@cli.command("verify", short_help="Test whether a certificate still holds.")
@click.argument("file", type=click.Path(path_type=Path))
@_format
@offline_option
@timeout_option
@click.pass_context
def verify_command(ctx: click.Context, file: Path, form: str, offline: bool, timeout: float) -> None:
    """Test whether the certificate FILE still holds.

    Reads both models again as they were written, and runs the rules again. Exits 0 if every fact is as certified, 1
    if something drifted or the certificate does not recompute, 2 if that cannot be settled.
    """
    with counted(_READING) as advance:
        found = verify(file, Access(offline, timeout, advance))
    if form == "json":
        click.echo(machine.dump(machine.render_verification(found)))
    else:
        show(text_report.render_verification(found))
    ctx.exit(1 if found.drift else 0)


@cli.command("rule", short_help="Explain a rule, or list them all.")
@click.argument("code", required=False)
def rule_command(code: str | None) -> None:
    """Print the page of the rule CODE, such as SD101 or its name; without one, list every rule."""
    if code is None:
        for one in pages():
            click.echo(f"{one.code} {one.name} ({one.worst})")
        return
    found = next((one for one in pages() if code.lower() in (one.code.lower(), one.name)), None)
    if found is None:
        raise click.BadParameter(f"there is no rule {code!r}; `specdec-check rule` lists them.", param_hint="CODE")
    click.echo(found.text, nl=False)


def _write_certificate(report: Report, file: Path) -> str | None:
    if report.decision.verdict is not Verdict.CERTIFIED:
        return None
    try:
        file.write_bytes(certificates.dump(certificates.issue(report)))
    except OSError as error:
        raise CheckError(f"The pair is certified, but {file} cannot be written ({error.strerror}).") from error
    return str(file)


def error_as_json(error: CheckError) -> str:
    """The object that `--format json` prints where there is no report."""
    return machine.dump(machine.render_error(error))
