"""Text while it is decoded: whole characters only, and nothing that may turn out to belong to a stop string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    AnyTokenizer: TypeAlias = Tokenizer | PreTrainedTokenizerFast

_REPLACEMENT = "\ufffd"
# Enough for a decoder that looks at what stands before a token, such as one that strips the text's first space.
_CONTEXT = 8


def as_tokenizer(tokenizer: AnyTokenizer) -> Tokenizer:
    """The `tokenizers.Tokenizer` itself, or the one inside a transformers fast tokenizer."""
    return cast("Tokenizer", getattr(tokenizer, "backend_tokenizer", tokenizer))


class Detokenizer:
    """Turns ids into text one at a time, as the tokenizer would decode them all at once.

    A window of the last ids is decoded before and after each push, and the difference is the new text. What ends in a
    character whose bytes are not all there waits. The pieces add up to the whole decoding wherever the bytes of that
    are valid UTF-8; special tokens have no text.

    Args:
        tokenizer: a `tokenizers.Tokenizer` or a transformers fast tokenizer.
        prompt: the ids before the first pushed one, so that a leading space survives.
    """

    def __init__(self, tokenizer: AnyTokenizer, prompt: Sequence[int] = ()) -> None:
        self._tokenizer = as_tokenizer(tokenizer)
        self._window = list(prompt[-_CONTEXT:])
        self._fresh = len(self._window)
        self._shown = self._decode(self._window).rstrip(_REPLACEMENT)

    def push(self, token: int) -> str:
        """The text that this id completes; often its own, sometimes none or that of ids before it too."""
        self._window.append(token)
        text = self._decode(self._window)
        whole = text.rstrip(_REPLACEMENT)
        piece = whole[len(self._shown) :]
        if piece:
            self._shown = whole
        # The new ids alone become the window once they show some text: what follows is then not taken for the first.
        fresh = self._decode(self._window[self._fresh :]) if whole == text else ""
        if fresh:
            self._window = self._window[self._fresh :]
            self._fresh = len(self._window)
            self._shown = fresh
        return piece

    def flush(self) -> str:
        """What waited for bytes that never came, as replacement characters."""
        text = self._decode(self._window)
        piece = text[len(self._shown) :]
        self._shown = text
        return piece

    def _decode(self, ids: list[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text


class StopStrings:
    """Passes text on until a stop string appears, holding back whatever may be the beginning of one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """The text that is safe to show; when a stop string is complete, what stands before the first one."""
        if self.stopped:
            return ""
        self._held += text
        found = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            shown, self._held = self._held[: min(found)], ""
            return shown
        cut = len(self._held) - self._overlap()
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def flush(self) -> str:
        """What was held back for a stop string that did not come."""
        shown, self._held = self._held, ""
        return shown

    def _overlap(self) -> int:
        """Length of the longest end of the held text that begins a stop string."""
        longest = min(len(self._held), max(map(len, self._stops), default=1) - 1)
        for length in range(longest, 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0


class TextStream:
    """Ids in, text out, ended by stop strings.

    Attributes:
        text: everything passed on so far.
    """

    def __init__(self, tokenizer: AnyTokenizer, prompt: Sequence[int] = (), stops: Sequence[str] = ()) -> None:
        self._words = Detokenizer(tokenizer, prompt)
        self._stops = StopStrings(stops)
        self.text = ""

    @property
    def stopped(self) -> bool:
        """Whether a stop string appeared."""
        return self._stops.stopped

    def push(self, token: int) -> str:
        """The text that may be shown once this id is committed."""
        return self._pass(self._stops.push(self._words.push(token)))

    def finish(self) -> str:
        """What is still held back when no id follows."""
        if self.stopped:
            return ""
        return self._pass(self._stops.push(self._words.flush()) + self._stops.flush())

    def _pass(self, piece: str) -> str:
        self.text += piece
        return piece
