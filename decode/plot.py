"""A picture of what speculation did: acceptance by position, gamma and alpha over the rounds, and the speed-up.

Numbers first (`panels`), then ink (`draw`). The colours are Okabe and Ito's, which stay apart for every kind of sight.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from specdec_check.compat.speedup import speed_up

from .errors import DecodeError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .stats import Statistics

_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#D55E00", "#009E73", "#767676"
_FARTHEST = 8  # gamma up to which the model's curve is drawn at least
_ABREAST = 8  # bars up to which each is wide enough for its number
_LEGIBLE = 0.1  # share from which on a bar is high enough to be written on


@dataclass(frozen=True, slots=True)
class Panels:
    """What the picture shows.

    Attributes:
        acceptance: accepted per judged id, for the first, second … id of a draft; None where none was judged.
        gammas: how many ids each round drafted.
        running_alpha: alpha of the rounds up to each; None while nothing was drafted.
        alpha: of all rounds.
        c: a drafted id's seconds over those of a plain step of the target.
        curve: (gamma, speed-up) by the model E / (1 + gamma c) of Leviathan et al. (2023); empty without drafts.
        measured: the mean gamma of the rounds, and ids per second over those of plain decoding; None where either
            committed nothing after its prefill.
    """

    acceptance: tuple[float | None, ...]
    gammas: tuple[int, ...]
    running_alpha: tuple[float | None, ...]
    alpha: float | None
    c: float | None
    curve: tuple[tuple[int, float], ...]
    measured: tuple[float, float] | None


def panels(run: Statistics, plain: Statistics) -> Panels:
    """The picture's numbers.

    Args:
        run: decoding with drafts.
        plain: decoding of the same prompts without.
    """
    alpha, c = run.alpha, None
    if run.drafted and plain.rounds and plain.seconds.verify > 0:
        c = (run.seconds.draft / run.drafted) / (plain.seconds.verify / plain.rounds)
    curve: tuple[tuple[int, float], ...] = ()
    if alpha is not None and c is not None:
        reach = max(_FARTHEST, *run.gammas)
        curve = tuple((gamma, speed_up(alpha, gamma, c)) for gamma in range(reach + 1))
    measured = None
    if run.tokens_per_second and plain.tokens_per_second:
        measured = run.drafted / run.rounds, run.tokens_per_second / plain.tokens_per_second
    return Panels(run.acceptance_by_position, run.gammas, run.running_alpha, alpha, c, curve, measured)


def need_matplotlib() -> None:
    """Says so before anything is decoded, where the picture could not be drawn.

    Raises:
        DecodeError: naming the extra that brings matplotlib.
    """
    if find_spec("matplotlib") is None:
        raise DecodeError(
            "Plotting needs matplotlib, which the extra `plot` brings: in a checkout of specdec-check, run"
            ' `python -m pip install ".[plot]"`.'
        )


def draw(found: Panels, title: str) -> Figure:
    """The figure, three panels side by side."""
    with warnings.catch_warnings():  # of fonts that lack a character, and of what matplotlib's own imports do
        warnings.simplefilter("ignore")
        from matplotlib.figure import Figure

        figure = Figure(figsize=(13.5, 4.2), layout="constrained")
        left, middle, right = figure.subplots(1, 3)
        figure.suptitle(title, parse_math=False)  # a model's name may hold what mathematics is marked by
        _acceptance(left, found)
        _rounds(middle, found)
        _speed(right, found)
    return figure


def write(figure: Figure, file: Path) -> None:
    """Writes the figure as PNG.

    Raises:
        DecodeError: if the file cannot be written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        try:
            FigureCanvasAgg(figure).print_figure(file, format="png", dpi=150)
        except OSError as error:
            raise DecodeError(f"{file} cannot be written ({error.strerror}): give another place.") from error


def _acceptance(axes: Axes, found: Panels) -> None:
    judged = [(position, share) for position, share in enumerate(found.acceptance, 1) if share is not None]
    turned = 90 if len(judged) > _ABREAST else 0
    for position, share in judged:
        axes.bar(position, share, color=_BLUE)
        high = share > _LEGIBLE
        at, side, colour = (share / 2, "center", "white") if high else (share, "bottom", "black")
        axes.text(position, at, f"{share:.2f}", ha="center", va=side, color=colour, rotation=turned)
    if found.alpha is not None:
        axes.axhline(found.alpha, color=_ORANGE, linestyle="--", label=f"α = {found.alpha:.2f}, all positions")
        axes.legend(loc="upper right")
    axes.set(title="Acceptance by position", xlabel="position in the draft", ylabel="accepted per judged token")
    axes.set(ylim=(0, 1.2), xticks=[position for position, _ in judged])


def _rounds(axes: Axes, found: Panels) -> None:
    numbers = range(1, len(found.gammas) + 1)
    axes.step(numbers, found.gammas, where="mid", color=_BLUE, label="γ, drafts a round")
    axes.set(
        title="γ and α over the rounds", xlabel="round", ylabel="γ", ylim=(0, max(found.gammas, default=0) * 1.3 + 1)
    )
    share = axes.twinx()
    known = [(number, alpha) for number, alpha in zip(numbers, found.running_alpha, strict=True) if alpha is not None]
    share.plot(*zip(*known, strict=True) if known else ((), ()), color=_ORANGE, linestyle="--", label="α so far")
    share.set(ylabel="α of the rounds so far", ylim=(0, 1.3), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    lines = [*axes.get_lines(), *share.get_lines()]
    axes.legend(lines, [str(line.get_label()) for line in lines], loc="upper right")


def _speed(axes: Axes, found: Panels) -> None:
    axes.axhline(1, color=_GREY, linestyle=":", label="plain decoding")
    if found.curve:
        told = f"model E/(1+γc): α = {found.alpha:.2f}, c = {found.c:.2f}"
        axes.plot(*zip(*found.curve, strict=True), color=_GREEN, marker=".", label=told)
    if found.measured is not None:
        gamma, speed = found.measured
        told = f"measured: {speed:.2f}× at a mean γ of {gamma:.1f}"
        axes.plot(gamma, speed, color=_ORANGE, marker="D", linestyle="none", markersize=9, label=told)
    axes.set(title="Speed-up over plain decoding", xlabel="γ", ylabel="times as fast", ylim=(0, None))
    axes.legend(loc="lower right")
