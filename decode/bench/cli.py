"""`specdec-run bench`: the bundled decoder beside its peers, on one pair and one machine."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.console import Console

from specdec_check.compat.visible import visible

from ..admit import NotAdmittedError
from ..api import need_libraries
from ..console import AskedPair, pair_options
from . import facts
from .plan import PEERS, TRANSFORMERS, Case, Conditions
from .render import FORMAT, markdown, read
from .show import show
from .summary import summarise

if TYPE_CHECKING:
    from .turns import Tell

_EXAMPLES = """\b
Examples:
  specdec-run bench demo:target demo:drafter
  specdec-run bench --synthetic 8b+1b --alpha 0.6 --alpha 0.8 --json result.json
  specdec-run bench --render result.json --markdown BENCHMARKS.md"""


_FILE = click.Path(dir_okay=False, path_type=Path)


class _Peers(click.ParamType):  # type: ignore[type-arg] # generic from click 8.4 on, and not before
    """Names of peers, with commas between."""

    name = "peers"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = [name.strip() for name in value.split(",") if name.strip()]
        if strange := [name for name in names if name not in PEERS]:
            self.fail(f"'{strange[0]}' is no peer that the bench knows: choose among {', '.join(PEERS)}.", param, ctx)
        return tuple(name for name in PEERS if name in names)


@click.command(name="bench", epilog=_EXAMPLES)
@pair_options
@click.option("--synthetic", metavar="SHAPE", help="Measure a pair of this shape, made on the spot; needs --alpha.")
@click.option("--alpha", "alphas", type=click.FloatRange(0, 1), multiple=True, help="Its acceptance. Repeatable.")
@click.option(
    "--peers", type=_Peers(), metavar="NAME,NAME", help="Beside ours.  [default: transformers, and flashspec if there]"
)
@click.option(
    "--gamma",
    "gammas",
    type=click.IntRange(min=1),
    multiple=True,
    default=(4,),
    show_default=True,
    help="Drafts a round at which every engine is measured, beside its own best. Repeatable.",
)
@click.option("--runs", type=click.IntRange(min=1), default=9, show_default=True, help="Repetitions that count.")
@click.option("--new-tokens", type=click.IntRange(min=2), default=128, show_default=True, help="Decoded per prompt.")
@click.option("--prompts", type=click.IntRange(min=1), help="Prompts in a run.  [default: 4; 2 on a GPU]")
@click.option(
    "--prompt-tokens", type=click.IntRange(min=1), help="Of synthetic prompts.  [default: 128; 1024 on a GPU]"
)
@click.option("--temperature", type=click.FloatRange(min=0), default=0.0, show_default=True, help="0 decodes greedily.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and sampling.")
@click.option("--threads", type=click.IntRange(min=1), help="Of every engine.  [default: 1 for a small target]")
@click.option("--compile", "compile_on_cpu", is_flag=True, help="Also measure compiled transformers on a CPU.")
@click.option("--minutes", type=click.FloatRange(min=0), default=8.0, show_default=True, help="Begin no run after.")
@click.option("--json", "json_file", type=_FILE, metavar="FILE", help="Save all samples.")
@click.option("--markdown", "markdown_file", type=_FILE, metavar="FILE", help="Write the tables as Markdown.")
@click.option("--render", "saved", type=_FILE, multiple=True, metavar="FILE", help="Show a saved result. Repeatable.")
@click.pass_context
def bench_command(
    ctx: click.Context,
    /,
    pair: AskedPair,
    synthetic: str | None,
    alphas: tuple[float, ...],
    json_file: Path | None,
    markdown_file: Path | None,
    saved: tuple[Path, ...],
    peers: tuple[str, ...] | None,
    **asked: Any,  # noqa: ANN401 - the options that are `Conditions` by name
) -> None:
    """Measure TARGET and DRAFTER in this decoder and in its peers, on the same prompts and for as many tokens.

    Every engine decodes in a process of its own, at the same gamma and at its own best, and they take turns. Greedy
    outputs are compared, so that nobody is timed on other work. The last table says how many times as fast as each
    peer the bundled decoder is.
    """
    if saved:
        if pair.target or pair.certificate or synthetic or json_file:
            raise click.UsageError("--render shows what was saved and measures nothing: give it --markdown at most.")
        documents = [read(file) for file in saved]
    else:
        _check(pair, synthetic, alphas)
        need_libraries()
        chosen = _installed() if peers is None else peers
        conditions = Conditions(peers=chosen, device=pair.device, dtype=pair.dtype, **asked)
        cases = [_real(ctx, pair)] if synthetic is None else _synthetic(synthetic, alphas, conditions)
        documents = [_measure(cases, conditions, _command(ctx))]
    if json_file is not None:
        json_file.write_text(json.dumps(documents[0], indent=1) + "\n", encoding="utf-8")
    if markdown_file is not None:
        markdown_file.write_text(markdown(documents), encoding="utf-8")
    console = Console(highlight=False, markup=False, emoji=False)
    show([one for document in documents for one in document["results"]], console)


def _installed() -> tuple[str, ...]:
    return tuple(name for name in PEERS if name == TRANSFORMERS or find_spec(name) is not None)


def _check(pair: AskedPair, synthetic: str | None, alphas: tuple[float, ...]) -> None:
    """Refuses words that name no pair to measure, or two, and those that change what every engine is given."""
    if pair.drafts != "model" or pair.quantised is not None:
        raise click.UsageError("The bench measures both models as they are: leave out --drafts and --quantise.")
    if synthetic is None:
        pair.check()
        if alphas:
            raise click.UsageError("--alpha is for --synthetic: a real pair has the acceptance that it has.")
    elif pair.target is not None or pair.certificate is not None:
        raise click.UsageError("Give either --synthetic or a pair: a synthetic one is made on the spot.")
    elif not alphas:
        raise click.UsageError("A synthetic pair has the acceptance that it is made for: give --alpha.")


def _real(ctx: click.Context, pair: AskedPair) -> Case:
    """A pair that is admitted; ends the program where it is refused."""
    try:
        admission = pair.admit()
    except NotAdmittedError as error:
        if not error.refused:
            raise
        click.echo(f"error: {error.message}", err=True)
        ctx.exit(1)
    for note in admission.notes:
        click.echo(f"note: {visible(note)}", err=True)
    # Not at the top: it imports torch, which costs seconds, and only an admitted pair gets here.
    from .pairs import folders

    names = [facts.shown(one.name) for one in (admission.target, admission.drafter)]
    return Case(" × ".join(names) + _in(pair.dtype), folders(admission))


def _synthetic(shape: str, alphas: tuple[float, ...], conditions: Conditions) -> list[Case]:
    from .pairs import synthetic

    cases = []
    for alpha in alphas:
        pair = synthetic(shape, alpha, seed=conditions.seed, temperature=conditions.temperature)
        cases.append(Case(f"synthetic {shape}, α {alpha:g}{_in(conditions.dtype)}", pair, alpha))
    return cases


def _in(dtype: str | None) -> str:
    """What a title adds where a dtype was asked for."""
    return "" if dtype is None else f", {dtype}"


def _measure(cases: list[Case], conditions: Conditions, command: str) -> dict[str, Any]:
    """Measures one pair after another, each in its share of the time that is left."""
    from .measure import measure

    end = monotonic() + 60 * conditions.minutes
    results = []
    with _watched() as tell:
        for number, case in enumerate(cases):
            seen = measure(case, conditions, (end - monotonic()) / (len(cases) - number), tell)
            results.append(seen | {"summary": summarise(seen)})
    return {
        "bench": FORMAT,
        "command": command,
        "date": facts.today(),
        "versions": facts.versions(),
        "machine": facts.machine(),
        "conditions": asdict(conditions),
        "results": results,
    }


@contextmanager
def _watched() -> Iterator[Tell]:
    """A line that says what is going on: on a terminal, on standard error, gone when done."""
    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield status.update


def _command(ctx: click.Context) -> str:
    """What was asked, without paths and without where results were written."""
    words = ["specdec-run", "bench"]
    for parameter in ctx.command.params:
        name, value = parameter.name or "", ctx.params.get(parameter.name or "")
        given = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not given or value is None or name in ("json_file", "markdown_file"):
            continue
        for one in value if isinstance(value, tuple) and name != "peers" else (value,):
            said = ",".join(one) if name == "peers" else facts.shown(str(one))
            flag = [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
            words += flag if one is True else [*flag, said]
    return shlex.join(words)
