"""A conversation with the target, turn by turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .options import Options
    from .prompt import Prompt
    from .results import Result, Round
    from .session import Session


class Conversation:
    """What was said so far, in the form that the target's chat template gives it.

    Where the tokenizer has no template, the turns are lines of plain text that the target goes on from.

    Attributes:
        templated: whether there is a template.
    """

    def __init__(self, session: Session, options: Options, system: str | None = None) -> None:
        """Begins with nothing said, or with a system message."""
        self._session, self._options = session, options
        self._opening = [] if system is None else [{"role": "system", "content": system}]
        self._said = list(self._opening)
        self.templated = bool(session.tokenizer.chat_template)

    def answer(self, line: str, on_round: Callable[[Round], object] | None = None) -> Result:
        """The target's answer, which then belongs to what was said; a turn that fails does not.

        Raises:
            DecodeError: as `Session.generate` says; a conversation that no longer fits into the context is one reason.
        """
        asked = [*self._said, {"role": "user", "content": line}]
        result = self._session.generate(self._prompt(asked), self._options, on_round=on_round, reuse=True)
        self._said = [*asked, {"role": "assistant", "content": result.text or ""}]
        return result

    def reset(self) -> None:
        """Begins anew."""
        self._said = list(self._opening)

    def _prompt(self, messages: list[dict[str, str]]) -> Prompt:
        return messages if self.templated else "".join(f"{one['content']}\n" for one in messages)
