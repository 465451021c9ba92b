"""`specdec-run`: decodes with an admitted pair. The only module of this package that prints and exits."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import click
from rich.console import Console

from specdec_check.compat.certificate import tool_version
from specdec_check.compat.pipeline import DEFAULT_SECONDS, Access
from specdec_check.compat.visible import visible

from . import demo
from .admit import Admission, NotAdmittedError, by_certificate, by_check
from .errors import DecodeError
from .options import Options, Sampling
from .show import RoundPrinter, summary

_EXAMPLES = """\b
Examples:
  specdec-run demo:target demo:drafter
  specdec-run demo:target demo:drafter --prompt 'def parse(' --show-drafts
  specdec-run --certificate pair.json --prompt "Once upon a time" --temperature 0.8 --seed 7 --json
  echo "A prompt" | specdec-run --certificate pair.json

\b
Exit status: 0 decoded, 1 the pair is refused or drifted, 2 undecided or an error, 130 interrupted."""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}, epilog=_EXAMPLES)
@click.argument("target", required=False)
@click.argument("drafter", required=False)
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="Run the pair of this certificate, at its commits."
)
@click.option("--prompt", help="The text to go on from. Without it: standard input, or the demo pair's own prompts.")
@click.option("--max-new-tokens", type=click.IntRange(min=1), default=96, show_default=True, help="The most to decode.")
@click.option("--gamma", type=click.IntRange(min=0), default=4, show_default=True, help="Drafts a round; 0 for none.")
@click.option("--temperature", type=float, default=0.0, show_default=True, help="0 takes the most probable token.")
@click.option("--top-k", type=int, default=0, help="Sample among the K most probable tokens.")
@click.option("--top-p", type=float, default=1.0, help="Sample among the fewest tokens that hold this probability.")
@click.option("--min-p", type=float, default=0.0, help="Sample among tokens this probable, relative to the first.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats a run; drawn and printed if not given.")
@click.option("--stop", multiple=True, metavar="TEXT", help="End before this text. Repeatable.")
@click.option("--device", help="cpu, cuda, cuda:1 …  [default: cuda if there is one]")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="[default: float32 on a CPU]")
@click.option("--show-drafts", is_flag=True, help="Colour accepted, rejected and corrected tokens as they come.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--allow-specials", is_flag=True, help="Decode with a pair whose control tokens differ.")
@click.option("--offline", is_flag=True, help="Read models from the cache alone.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=DEFAULT_SECONDS, show_default=True, metavar="SECONDS"
)
@click.version_option(tool_version(), prog_name="specdec-run")
@click.pass_context
def cli(
    ctx: click.Context,
    target: str | None,
    drafter: str | None,
    certificate: Path | None,
    prompt: str | None,
    max_new_tokens: int,
    gamma: int,
    temperature: float,
    top_k: int,
    top_p: float,
    min_p: float,
    seed: int | None,
    stop: tuple[str, ...],
    device: str | None,
    dtype: str | None,
    show_drafts: bool,
    as_json: bool,
    allow_specials: bool,
    offline: bool,
    timeout: float,
) -> None:
    """Decode with TARGET and DRAFTER, if they fit: the output is the target's own, sooner.

    With --certificate, decodes what was certified, and refuses if either model is no longer that. Otherwise checks
    the pair first and runs only what it certifies.
    """
    _need_libraries()
    options = Options(max_new_tokens, gamma, Sampling(temperature, top_k, top_p, min_p), seed, stop)
    prompts = _prompts(prompt, target, drafter)
    try:
        admission = _admit(target, drafter, certificate, Access(offline, timeout), allow_specials=allow_specials)
    except NotAdmittedError as error:
        if not error.refused:
            raise
        if as_json:
            click.echo(json.dumps({"error": {"kind": "refused", "message": error.message, "model": None}}, indent=2))
        click.echo(f"error: {error.message}", err=True)
        ctx.exit(1)
    for note in admission.notes:
        click.echo(f"note: {visible(note)}", err=True)
    _decode(admission, prompts, options, device, dtype, show_drafts=show_drafts, as_json=as_json)


def _need_libraries() -> None:
    """Says so before anything is fetched, where the light installation lacks what decoding needs."""
    if missing := [name for name in ("torch", "transformers") if find_spec(name) is None]:
        raise DecodeError(
            f"Decoding needs {' and '.join(missing)}, which the light installation leaves out: in a"
            ' checkout of specdec-check, run `python -m pip install ".[decode]"`.'
        )


def _admit(
    target: str | None, drafter: str | None, certificate: Path | None, access: Access, *, allow_specials: bool
) -> Admission:
    if certificate is not None:
        if target is not None:
            raise click.UsageError("Give either --certificate or the two models: the certificate names its own.")
        return by_certificate(certificate, access)
    if target is None or drafter is None:
        raise click.UsageError("Give two models, TARGET and DRAFTER, or --certificate.")
    return by_check(target, drafter, access, allow_specials=allow_specials)


def _prompts(prompt: str | None, target: str | None, drafter: str | None) -> list[str]:
    if prompt is not None:
        return [prompt]
    if target is not None and drafter is not None and target.startswith("demo:") and drafter.startswith("demo:"):
        return demo.prompts()
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("Give --prompt, or the prompt on standard input.")
    return [sys.stdin.read()]


def _decode(
    admission: Admission,
    prompts: list[str],
    options: Options,
    device: str | None,
    dtype: str | None,
    *,
    show_drafts: bool,
    as_json: bool,
) -> None:
    # torch and transformers are imported only for a pair that may run: they cost seconds.
    from .session import Session

    session = Session.load(admission, device, dtype)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    results = []
    for prompt in prompts:
        printer = None if as_json else RoundPrinter(console, prompt, show_drafts=show_drafts)
        results.append(session.generate(prompt, options, printer))
        if printer is not None:
            printer.end()
    if as_json:
        click.echo(json.dumps(session.to_dict(results, prompts), indent=2))
    else:
        click.echo(summary(session, results), err=True)
