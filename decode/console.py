"""The options that commands share: which pair, and how to decode. For files named cli.py alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from specdec_check.compat.pipeline import DEFAULT_SECONDS, Access

from .admit import Admission, by_certificate, by_check, by_target
from .options import Options, Sampling

if TYPE_CHECKING:
    from .generation_config import Gamma
    from .options import Drafts
    from .quantise import Quantisation
    from .session import Session

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class AskedPair:
    """The pair of a command line, and how it is to be loaded."""

    target: str | None
    drafter: str | None
    certificate: Path | None
    device: str | None
    dtype: str | None
    access: Access
    allow_specials: bool
    drafts: Drafts
    quantised: Quantisation | None

    @property
    def of_the_demo(self) -> bool:
        """Whether all that is named ships inside."""
        named = [name for name in (self.target, self.drafter) if name is not None]
        return bool(named) and all(name.startswith("demo:") for name in named)

    def check(self) -> None:
        """Refuses words that name no pair, or two.

        Raises:
            UsageError: click's, saying what to give.
        """
        if self.certificate is not None and self.target is not None:
            raise click.UsageError("Give either --certificate or the two models: the certificate names its own.")
        enough = self.target is not None and (self.drafter is not None or self.drafts == "lookup")
        if self.certificate is None and not enough:
            raise click.UsageError(
                "Give two models, TARGET and DRAFTER, or --certificate; with --drafts lookup a TARGET is enough."
            )

    def admit(self) -> Admission:
        """The pair, if it may run.

        Raises:
            NotAdmittedError: if it may not.
            CheckError: if the certificate or a model cannot be read.
        """
        self.check()
        if self.certificate is not None:
            return by_certificate(self.certificate, self.access)
        target = str(self.target)
        if self.drafter is None:
            return by_target(target, self.access)
        return by_check(target, self.drafter, self.access, allow_specials=self.allow_specials)

    def load(self, admission: Admission) -> Session:
        """The pair, loaded.

        Raises:
            CheckError: as `Session.load` says.
        """
        # torch and transformers are imported only for a pair that may run: they cost seconds.
        from .session import Session

        return Session.load(admission, self.device, self.dtype, self.drafts, self.quantised)


def _gamma(_: click.Context, __: click.Parameter, value: str) -> Gamma:
    if value == "auto":
        return "auto"
    if not (value.isascii() and value.isdigit()):
        raise click.BadParameter(f"{value!r} is neither a number of drafts, 0 for none, nor auto.")
    return int(value)


_PAIR = (
    click.argument("target", required=False),
    click.argument("drafter", required=False),
    click.option(
        "--certificate", type=click.Path(path_type=Path), help="Run the pair of this certificate, at its commits."
    ),
    click.option("--device", help="cpu, cuda, cuda:1 …  [default: cuda if there is one]"),
    click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="[default: float32 on a CPU]"),
    click.option(
        "--drafts",
        type=click.Choice(["model", "lookup", "hybrid"]),
        default="model",
        show_default=True,
        help="Who drafts: DRAFTER, the text itself by looking up what followed before, or both.",
    ),
    click.option(
        "--quantise",
        type=click.Choice(["int8", "fp8"]),
        help="Keep DRAFTER's weights in 8 bits; the text stays the target's own.",
    ),
    click.option("--allow-specials", is_flag=True, help="Decode with a pair whose control tokens differ."),
    click.option("--offline", is_flag=True, help="Read models from the cache alone."),
    click.option(
        "--timeout", type=click.FloatRange(min=0.1), default=DEFAULT_SECONDS, show_default=True, metavar="SECONDS"
    ),
)
_OPTIONS = (
    click.option(
        "--gamma",
        callback=_gamma,
        default="auto",
        show_default=True,
        metavar="N|auto",
        help="Drafts a round; 0 for none.",
    ),
    click.option("--temperature", type=float, default=0.0, show_default=True, help="0 takes the most probable token."),
    click.option("--top-k", type=int, default=0, help="Sample among the K most probable tokens."),
    click.option("--top-p", type=float, default=1.0, help="Sample among the fewest tokens that hold this probability."),
    click.option("--min-p", type=float, default=0.0, help="Sample among tokens this probable, relative to the first."),
    click.option(
        "--repetition-penalty", type=float, default=1.0, help="Above 1, makes tokens of the text less likely."
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Repeats a run; drawn and printed if not given."),
    click.option("--stop", multiple=True, metavar="TEXT", help="End before this text. Repeatable."),
    click.option("--block", is_flag=True, help="Judge sampled drafts as a block, which accepts no fewer in the mean."),
    click.option("--confidence", type=float, default=0.0, help="End a draft after a token less probable than this."),
)


def pair_options(command: _F) -> Callable[..., Any]:
    """Gives a command the arguments and options of its `pair`."""

    @functools.wraps(command)
    def with_pair(
        *,
        target: str | None,
        drafter: str | None,
        certificate: Path | None,
        device: str | None,
        dtype: str | None,
        drafts: Drafts,
        quantise: Quantisation | None,
        allow_specials: bool,
        offline: bool,
        timeout: float,
        **others: object,
    ) -> object:
        access = Access(offline, timeout)
        pair = AskedPair(target, drafter, certificate, device, dtype, access, allow_specials, drafts, quantise)
        return command(pair=pair, **others)

    return _with(_PAIR, with_pair)


def decoding_options(most: int) -> Callable[[_F], Callable[..., Any]]:
    """Gives a command what makes its `options`, with a limit on the new tokens."""
    limit = click.option(
        "--max-new-tokens", type=click.IntRange(min=1), default=most, show_default=True, help="The most to decode."
    )

    def decorated(command: _F) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_options(
            *,
            max_new_tokens: int,
            gamma: Gamma,
            temperature: float,
            top_k: int,
            top_p: float,
            min_p: float,
            repetition_penalty: float,
            seed: int | None,
            stop: tuple[str, ...],
            block: bool,
            confidence: float,
            **others: object,
        ) -> object:
            sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
            options = Options(max_new_tokens, gamma, sampling, seed=seed, stop=stop, block=block, confidence=confidence)
            return command(options=options, **others)

        return _with((limit, *_OPTIONS), with_options)

    return decorated


def _with(parameters: tuple[Callable[[Any], Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    for parameter in reversed(parameters):
        command = parameter(command)
    return command
