"""The tokens that a repository's other files name, and add on top of its tokenizer's own file.

As transformers loads them (5.23.0, `PreTrainedTokenizerBase._from_pretrained` and `TokenizersBackend.__init__`): where
tokenizer_config.json lists added tokens, the older special_tokens_map.json and added_tokens.json are not looked at;
else the map overrules the config. Defaults of tokenizer classes are left out: repositories of those classes have them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..jsonfile import integer, mapping, text

CONFIG = "tokenizer_config.json"
MAP = "special_tokens_map.json"
ADDED = "added_tokens.json"
FILES = frozenset({CONFIG, MAP, ADDED})
_LIST = "added_tokens_decoder"
# In the order in which missing ones are added; further keys of this ending name a model's own, such as image_token.
_ENDING = "_token"
_ROLES = tuple(f"{role}{_ENDING}" for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))
# No vocabulary has ids of more digits, and Python refuses to read numbers of thousands.
_ID_DIGITS = 10
Files = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Matching:
    """How an added token is found in a text.

    Attributes:
        lstrip: with the whitespace before it.
        rstrip: with the whitespace behind it.
        single_word: only where no letter or digit touches it.
        normalized: in the text as the normalizer leaves it, not in the raw one.
    """

    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    normalized: bool = False

    @classmethod
    def of(cls, entry: object, *, special: bool) -> Matching:
        """Those of a token that a file describes. What is left out is false, but plain tokens are normalized."""
        told = mapping(entry)
        normalized = bool(told.get("normalized", not special))
        return cls(bool(told.get("lstrip")), bool(told.get("rstrip")), bool(told.get("single_word")), normalized)


@dataclass(frozen=True, slots=True)
class Added:
    """A token added beside the trained vocabulary.

    Attributes:
        content: its text.
        special: whether it is left out of decoded text.
        declared: the id that its file gives, where that matters.
        if_new: whether it is passed over where tokenizer.json has it already.
        matching: how it is found in a text; None where it is merely named, and stays as it is if it is known.
    """

    content: str
    special: bool
    declared: int | None = None
    if_new: bool = False
    matching: Matching | None = None


def named_tokens(files: Files) -> dict[str, tuple[str, str]]:
    """Key, such as `eos_token` → the file that decides it, and the token's text."""
    found: dict[str, tuple[str, str]] = {}
    for path in _deciding(files):
        settings = files.get(path, {})
        entries = settings | mapping(settings.get("extra_special_tokens"))
        for key in (*_ROLES, *entries):
            if key.endswith(_ENDING) and (content := _content(entries.get(key))):
                found[key] = (path, content)
    return {key: found[key] for key in (*_ROLES, *found) if key in found}


def extra_tokens(files: Files, *, ids_hold: bool = False) -> tuple[Added, ...]:
    """The tokens that are added after those of the tokenizer's own file, in order. Many of them are there as well.

    Args:
        files: the repository's other JSON files.
        ids_hold: whether the ids of the config's list are believed. The loader of tokenizer.json does not.
    """
    named = dict.fromkeys(content for _, content in named_tokens(files).values())
    before = tuple(_list_of_config(files, named, ids_hold) if _has_list(files) else _added_file(files, named))
    # Without a list in the config, the loader adds the tokens of tokenizer.json anew, with the flags that names give.
    told = [Added(content, special=True, if_new=_has_list(files)) for content in named]
    known = {*named, *(token.content for token in before)}
    return (*before, *told, *(Added(content, True, if_new=True) for content in _listed(files) if content not in known))


def _has_list(files: Files) -> bool:
    return _LIST in files.get(CONFIG, {})


def _deciding(files: Files) -> tuple[str, ...]:
    return (CONFIG,) if _has_list(files) else (CONFIG, MAP)


def _list_of_config(files: Files, named: Container[str], ids_hold: bool) -> Iterator[Added]:
    """The config's `added_tokens_decoder`, by id."""
    listed: dict[int, Added] = {}
    for key, entry in mapping(files[CONFIG][_LIST]).items():
        content = text(mapping(entry).get("content"))
        if content and key.isdecimal() and len(key) <= _ID_DIGITS:
            special = bool(entry.get("special")) or content in named
            matching = Matching.of(entry, special=bool(entry.get("special")))
            listed[int(key)] = Added(content, special, int(key) if ids_hold else None, matching=matching)
    yield from (listed[number] for number in sorted(listed))


def _added_file(files: Files, named: Container[str]) -> Iterator[Added]:
    """added_tokens.json, by id. A token of tokenizer.json with the same id overrules it, so the id is kept."""
    ids = {content: number for content, found in files.get(ADDED, {}).items() if (number := integer(found)) is not None}
    for content in sorted(filter(None, ids), key=ids.__getitem__):
        yield Added(content, content in named, ids[content], matching=Matching(normalized=content not in named))


def _listed(files: Files) -> list[str]:
    """Further special tokens, which have no key of their own."""
    found: list[str] = []
    for path in _deciding(files):
        settings = files.get(path, {})
        several = settings.get("extra_special_tokens")
        if not (several and isinstance(several, list)) and not found:  # as an object it names tokens by key instead
            several = settings.get("additional_special_tokens")
        if isinstance(several, list):
            found += [content for entry in several if (content := _content(entry))]
    return found


def _content(entry: object) -> str | None:
    """A token's text: itself, or that of an object that describes it."""
    return text(entry) or text(mapping(entry).get("content"))
