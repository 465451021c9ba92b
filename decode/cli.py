"""`specdec-run`: decodes with an admitted pair. Beside `bench/cli.py` the only module here that prints and exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from rich.console import Console

from specdec_check.compat.certificate import tool_version
from specdec_check.compat.command_group import DefaultGroup
from specdec_check.compat.visible import visible

from . import demo, standard_input
from .admit import NotAdmittedError
from .api import need_libraries
from .console import AskedPair, decoding_options, pair_options
from .errors import DecodeError
from .options import Options
from .show import RoundPrinter, summary

if TYPE_CHECKING:
    from .results import Result
    from .session import Session

_EXAMPLES = """\b
Examples:
  specdec-run demo:target demo:drafter
  specdec-run demo:target demo:drafter --prompt 'def parse(' --show-drafts
  specdec-run --certificate pair.json --prompt "Once upon a time" --temperature 0.8 --seed 7 --json
  echo "A prompt" | specdec-run --certificate pair.json
  specdec-run chat --certificate pair.json --show-drafts

\b
Exit status: 0 decoded, 1 the pair is refused or drifted, 2 undecided or an error, 130 interrupted."""

_SAMPLING = ("top_k", "top_p", "min_p", "seed", "block")  # parameters that matter only where something is drawn


def _plot_file(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Refused before the decoding that it would draw."""
    if value is not None and value.suffix != ".png":
        raise click.BadParameter(f"{visible(str(value))} does not end in .png, which is what is drawn.")
    if value is not None and not value.parent.is_dir():
        raise click.BadParameter(f"{visible(str(value.parent))} is no folder: give another place.")
    return value


_show_drafts = click.option(
    "--show-drafts", is_flag=True, help="Colour accepted, rejected and corrected tokens as they come."
)


@click.group(
    cls=DefaultGroup,
    default="decode",
    elsewhere={"bench": ("specdec_check.decode.bench.cli", "bench_command", "Measure a pair beside other engines.")},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=_EXAMPLES,
)
@click.version_option(tool_version(), prog_name="specdec-run")
def cli() -> None:
    """Decode with TARGET and DRAFTER, if they fit: the output is the target's own, sooner.

    With --certificate, decodes what was certified, and refuses if either model is no longer that. Otherwise checks
    the pair first and runs only what it certifies.
    """


@cli.command("decode", short_help="Go on from a prompt (the default).")
@pair_options
@click.option(
    "--prompt",
    "asked",
    multiple=True,
    help="The text to go on from. Repeatable. Without it: standard input, or the demo pair's own prompts.",
)
@decoding_options(most=96)
@_show_drafts
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png",
    callback=_plot_file,
    help="Draw acceptance and speed-up; decodes the prompts without drafts too.",
)
@click.pass_context
def decode_command(
    ctx: click.Context,
    pair: AskedPair,
    asked: tuple[str, ...],
    options: Options,
    *,
    show_drafts: bool,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Decode with TARGET and DRAFTER, if they fit: the output is the target's own, sooner."""
    need_libraries()
    if plot is not None:
        from .plot import need_matplotlib

        need_matplotlib()
    pair.check()
    prompts = list(asked) or _prompts(pair)
    session = _session(ctx, pair, as_json=as_json)
    _note_idle(ctx, options)
    if plot is not None:
        _note("every prompt is decoded without drafts too, for the measured speed-up")
    results, plain = [], []
    for number, one in enumerate(prompts):
        if number and not as_json:
            click.echo()
        results.append(_decoded(session, one, options, show_drafts=show_drafts, silent=as_json))
        if plot is not None:  # by turns, so that whatever else the machine does is the same for both
            plain.append(session.alone(one, options))
    if plot is not None:
        _plot(session.title, results, plain, plot)
    if as_json:
        click.echo(json.dumps(session.to_dict(results, prompts), indent=2))
        return
    if any(result.finish == "context" for result in results):
        _note("a text ended before --max-new-tokens, because the target's context is full.")
    click.echo(summary(session, results, sampled=options.sampling.temperature > 0), err=True)


@cli.command("chat", short_help="Converse with the target.")
@pair_options
@click.option("--system", metavar="TEXT", help="What the target is told before the conversation.")
@decoding_options(most=512)
@_show_drafts
@click.pass_context
def chat_command(
    ctx: click.Context, pair: AskedPair, system: str | None, options: Options, *, show_drafts: bool
) -> None:
    """Converse with the target, line by line: /reset begins anew, /exit or ctrl-d ends.

    The target's chat template gives the conversation its form. Lines come from standard input also where that is no
    terminal.
    """
    need_libraries()
    session = _session(ctx, pair)
    _note_idle(ctx, options)
    from .chat import Conversation

    conversation = Conversation(session, options, system)
    if not conversation.templated:
        _note(f"{session.admission.target.name} has no chat template: it goes on from the lines as plain text.")
    printer = RoundPrinter(_console(), session.tokenizer, show_drafts=show_drafts)
    results = []
    for line in standard_input.lines():
        if line == "/exit":
            break
        if line == "/reset":
            conversation.reset()
        elif line:
            try:
                results.append(conversation.answer(line, printer.show))
                printer.end()
            except DecodeError as error:
                if not standard_input.watched():
                    raise
                _note(f"{error.message} /reset begins anew.")
    if results:
        click.echo(summary(session, results, sampled=options.sampling.temperature > 0), err=True)


def _session(ctx: click.Context, pair: AskedPair, *, as_json: bool = False) -> Session:
    """The pair loaded; ends the program where it is refused."""
    try:
        admission = pair.admit()
    except NotAdmittedError as error:
        if not error.refused:
            raise
        if as_json:
            click.echo(json.dumps({"error": {"kind": "refused", "message": error.message, "model": None}}, indent=2))
        click.echo(f"error: {error.message}", err=True)
        ctx.exit(1)
    session = pair.load(admission)
    for note in (*admission.notes, *session.decoder.notes):
        _note(note)
    return session


def _decoded(session: Session, prompt: str, options: Options, *, show_drafts: bool, silent: bool) -> Result:
    if silent:
        return session.generate(prompt, options)
    printer = RoundPrinter(_console(), session.tokenizer, show_drafts=show_drafts)
    printer.prompt(prompt)
    result = session.generate(prompt, options, on_round=printer.show)
    printer.end()
    return result


def _plot(title: str, results: list[Result], plain: list[Result], file: Path) -> None:
    from .plot import draw, panels, write
    from .stats import total

    found = panels(*(total(one.statistics for one in runs) for runs in (results, plain)))
    write(draw(found, title), file)


def _note_idle(ctx: click.Context, options: Options) -> None:
    """Says which of the given options change nothing in greedy decoding."""
    given = [name for name in _SAMPLING if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given and not options.sampling.temperature:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        _note(f"decoding is greedy without --temperature, so this changes nothing: {names}.")


def _prompts(pair: AskedPair) -> list[str]:
    if pair.of_the_demo:
        text = standard_input.piped()
        return [text] if text else demo.prompts()
    if not standard_input.there():
        raise click.UsageError("Give --prompt, or the prompt on standard input.")
    return [standard_input.whole()]


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def _note(sentence: str) -> None:
    click.echo(f"note: {visible(sentence)}", err=True)
