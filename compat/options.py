"""What a pair is run with: the options that people write beside it, and what is planned for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Options:
    """What the user allows, sets or plans. Each engine has some of these; what one lacks is said in its reason.

    Attributes:
        allow_specials: whether a pair may run whose control tokens differ, where verification is exact in id space.
        heterogeneous_vocab: vLLM's `use_heterogeneous_vocab`.
        context: the longest sequence planned, in tokens (`max_model_len`, `context_length`, `max_seq_len`, `-c`).
        draft_context: the same for the drafter alone, where it is set apart.
        batch: the most sequences decoded at once.
        tensor_parallel: devices that each layer of the target is split over.
        draft_tensor_parallel: the same of the drafter, where it is set apart.
    """

    allow_specials: bool = False
    heterogeneous_vocab: bool = False
    context: int | None = None
    draft_context: int | None = None
    batch: int | None = None
    tensor_parallel: int | None = None
    draft_tensor_parallel: int | None = None

    def __post_init__(self) -> None:
        """Refuses numbers that nothing can be planned with.

        Raises:
            ValueError: if one is no whole number from 1 to 2³¹ - 1.
        """
        for name in _NUMBERS:
            value: object = getattr(self, name)
            if value is not None and (type(value) is not int or not 0 < value <= _LARGEST):
                raise ValueError(f"{name} is {value!r}: it takes a whole number from 1 to {_LARGEST}")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Options:
        """The options among JSON values, as `to_dict` writes them.

        Raises:
            ValueError: if one has no such value.
        """
        if not all(isinstance(values.get(name, False), bool) for name in _SWITCHES):
            raise ValueError(f"{' and '.join(_SWITCHES)} are true or false")
        return cls(**{name: values[name] for name in (*_SWITCHES, *_NUMBERS) if name in values})

    def to_dict(self) -> dict[str, Any]:
        """What is set, as JSON values."""
        return {name: value for name in (*_SWITCHES, *_NUMBERS) if (value := getattr(self, name))}


_FIELDS = dataclasses.fields(Options)
_SWITCHES = tuple(field.name for field in _FIELDS if field.default is False)
_NUMBERS = tuple(field.name for field in _FIELDS if field.default is None)

NOTHING_SET = Options()
