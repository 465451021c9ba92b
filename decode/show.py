"""Decoding for a person: text as it streams, drafts in colour, and a summary of what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from specdec_check.compat.visible import counted

from .stats import total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from transformers import PreTrainedTokenizerFast

    from .results import Result, Round
    from .session import Session

_ACCEPTED, _REJECTED, _OWN = "green", "red strike", "bold yellow"


class RoundPrinter:
    """Prints a text round by round.

    With drafts shown, an accepted draft is green, a rejected one red and struck through, and the target's own token
    after it yellow; where there is no colour, a rejected draft stands as [-text-] and an own token as {+text+}.

    Args:
        console: where to.
        tokenizer: the target's.
        show_drafts: whether drafts are told apart.
    """

    def __init__(self, console: Console, tokenizer: PreTrainedTokenizerFast, *, show_drafts: bool) -> None:
        self._console, self._tokenizer = console, tokenizer
        self._show_drafts = show_drafts
        self._prompt = ""

    def prompt(self, text: str) -> None:
        """Has what is gone on from printed, dim, once there is a first round: it may be refused before."""
        self._prompt = text

    def show(self, done: Round) -> None:
        """Prints what a round committed."""
        self._print(self._prompt, "dim")
        self._prompt = ""
        if not self._show_drafts:
            self._print("".join(done.pieces), "")
            return
        pieces = list(done.pieces)
        for piece in pieces[: done.accepted]:
            self._print(piece, _ACCEPTED)
        for token in done.drafted[done.accepted :]:
            rejected = str(self._tokenizer.decode([token]))
            self._print(rejected if self._coloured else f"[-{rejected}-]", _REJECTED)
        for piece in pieces[done.accepted :]:
            self._print(piece if self._coloured or not piece else f"{{+{piece}+}}", _OWN)

    def end(self) -> None:
        """Ends the text."""
        self._console.print()

    @property
    def _coloured(self) -> bool:
        return self._console.color_system is not None

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(_harmless(text), style=style), end="")


def _harmless(text: str) -> str:
    """A model can emit escape sequences; only characters that print, tabs and line ends reach the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def summary(session: Session, results: Sequence[Result], *, sampled: bool) -> str:
    """What it took, in a few lines; and the seed, where something was drawn."""
    numbers = total([result.statistics for result in results])
    end = f"{numbers.seconds.total:.2f} s on {session.device}" + (f" (seed {results[0].seed})" if sampled else "")
    if numbers.alpha is None:
        return f"{counted(numbers.new_tokens, 'token')}, no drafts, {_ms(numbers.verify_ms)} a step; {end}"
    positions = " ".join(map(_number, numbers.acceptance_by_position))
    return (
        f"{counted(numbers.new_tokens, 'token')} in {counted(numbers.rounds, 'round')}: α {numbers.alpha:.2f},"
        f" {numbers.tokens_per_round:.2f} tokens a round, acceptance by position {positions};"
        f" c {_number(numbers.c)}, a round {_ms(numbers.draft_ms)} to draft, {_ms(numbers.verify_ms)} to verify,"
        f" {_ms(numbers.host_ms)} on the host; {end}"
    )


def _ms(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds:.1f} ms"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
