"""Whether all engines decoded the same ids, so that nobody is timed on other work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .plan import Setting

Ids = list[list[int]]


class Agreement:
    """Greedy outputs of all settings, beside those of a reference.

    The first setting that is booked is the reference until `refer` names another.
    """

    def __init__(self) -> None:
        self._outputs: dict[Setting, Ids] = {}
        self._changed: set[Setting] = set()
        self._margins: dict[tuple[Setting, int], float] = {}
        self._reference: Setting | None = None

    def book(self, setting: Setting, outputs: Ids) -> None:
        """Takes the ids of one run, one list for every prompt; runs of one setting must be equal among themselves."""
        if self._reference is None:
            self._reference = setting
        if self._outputs.setdefault(setting, outputs) != outputs:
            self._changed.add(setting)

    def refer(self, setting: Setting, prompts: Ids, margin: Callable[[list[int]], float]) -> None:
        """Compares all with this setting, and asks how sure the target was where they part.

        Args:
            setting: the reference.
            prompts: what was decoded from.
            margin: of the target's two best logits after some ids.
        """
        self._reference = setting
        for other in self._outputs:
            for number, at in self._partings(other).items():
                self._margins[other, number] = margin(prompts[number] + self._outputs[setting][number][:at])

    def to_dict(self) -> dict[str, Any]:
        """The reference, and for every setting the share of equal prompts and where others part.

        `as_plain` counts the prompts that an engine decoded as it does without a drafter; None if it never did so.
        """
        if self._reference is None:
            return {"reference": None, "settings": []}
        total = len(self._outputs[self._reference])
        return {
            "reference": self._reference.to_dict(),
            "settings": [
                {
                    **setting.to_dict(),
                    "prompts": total,
                    "equal": total - len(partings := self._partings(setting)),
                    "as_plain": self._as_plain(setting),
                    "repeatable": setting not in self._changed,
                    "partings": [
                        {"prompt": number, "position": at, "margin": self._margins.get((setting, number))}
                        for number, at in partings.items()
                    ],
                }
                for setting in self._outputs
            ],
        }

    def _as_plain(self, setting: Setting) -> int | None:
        """For how many prompts its ids are those of its engine's own plain decoding."""
        plain = self._outputs.get(Setting(setting.engine, "plain"))
        if plain is None:
            return None
        return sum(one == other for one, other in zip(plain, self._outputs[setting], strict=True))

    def _partings(self, setting: Setting) -> dict[int, int]:
        """Prompt → the first position where its ids are not the reference's."""
        if self._reference is None:
            return {}
        pairs = zip(self._outputs[self._reference], self._outputs[setting], strict=True)
        return {
            number: next(at for at, (left, right) in enumerate(zip(one, other, strict=True)) if left != right)
            for number, (one, other) in enumerate(pairs)
            if one != other
        }
