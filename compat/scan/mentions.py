"""Whether a text may hold a pairing at all: most files do not, and are not parsed."""

from __future__ import annotations

import re

# Some word of every flag, setting, variable and program that names a drafter or a method without one, in any case and
# with any joint; tests hold it against the table of spellings.
_MENTIONS = re.compile(
    r"speculat|assistant[-_ ]?(?:model|early)|draft[-_ ]?model|model[-_ ]?draft|(?:^|[-_\W])spec[-_][a-z]"
    r"|\bspec(?:Type|Tokens|Model|Method|Draft|Default)|(?<![\w-])-(?:sc|md|hfd|hfrd)\b|hfr?d[-_]?repo|repo[-_]?draft"
    r"|prompt[-_]?lookup|(?:--|llama[-_]|\./|bin/)look(?:up|ahead)|decoding[-_]?(?:config|type)",
    re.IGNORECASE,
)


# What a word may be broken by and mean the same: quotes side by side, continued lines, joined texts, escapes.
_BREAKS = re.compile(r"[\"'\\\s+`]+")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_BROKEN = re.compile(r"speculat|assistant[-_]?model|draft[-_]?model|model[-_]?draft|--?spec(?:ul\w*)?\$", re.IGNORECASE)


def mentions(text: str) -> bool:
    """Whether a word stands in it without which there is no pairing, in one piece or broken up."""
    return bool(_MENTIONS.search(text) or _BROKEN.search(_BREAKS.sub("", _ESCAPE.sub(_char, text))))


def _char(escape: re.Match[str]) -> str:
    code = int(escape[1] or escape[2] or escape[3], 16)
    return chr(code) if code < 0x110000 else ""
