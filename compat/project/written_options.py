"""What a file says beside a pairing, as the options that engines are judged with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from ..options import Options
from ..scan.found import Key
from . import rules
from .items import Item, item

_LARGEST = 2**31 - 1
_NUMBERS = {
    Key.CONTEXT: "context",
    Key.DRAFT_CONTEXT: "draft_context",
    Key.BATCH: "batch",
    Key.TENSOR_PARALLEL: "tensor_parallel",
    Key.DRAFT_TENSOR_PARALLEL: "draft_tensor_parallel",
}
# As vLLM reads its lengths: 1k is 1000, 1K is 1024 (`human_readable_int` of its arguments).
_NUMBER = re.compile(r"(\d{1,10}(?:\.\d{1,6})?)([kmgKMG]?)", re.ASCII)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}
_OF_THE_MODEL = ("", "0", "-1", "auto", "none", "null")
_YES = ("true", "1", "yes", "on")
_NO = ("", "false", "0", "no", "off", "none", "null")


def read(options: Mapping[Key, str], *, allow_specials: bool) -> tuple[Options, list[Item]]:
    """The options, and what is to say of those whose value cannot be told.

    Args:
        options: as they are written.
        allow_specials: whether the project lets control tokens differ.
    """
    found: dict[str, int] = {}
    unread = []
    for key, name in _NUMBERS.items():
        text = options.get(key, "").strip()
        number = _number(text)
        if number is not None:
            found[name] = number
        elif text.lower() not in _OF_THE_MODEL:
            unread.append(item(rules.OPTION_NOT_RESOLVED, {"option": key.value, "written": text}))
    translated = options.get(Key.HETEROGENEOUS, "").strip().lower()
    if translated not in (*_YES, *_NO):
        told = {"option": Key.HETEROGENEOUS.value, "written": translated}
        unread.append(item(rules.OPTION_NOT_RESOLVED, told))
    return Options(allow_specials=allow_specials, heterogeneous_vocab=translated in _YES, **found), unread


def _number(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number = int(Decimal(match[1]) * _UNITS[match[2]])
    return number if 0 < number <= _LARGEST else None
