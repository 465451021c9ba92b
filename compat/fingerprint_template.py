"""The chat template as text: which control tokens it spells out, and what it says of thinking. It is never run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from .evidence import Unknown
from .facts_tokens import Control, Template
from .jsonfile import mapping, parse_object, text
from .snapshot import Snapshot
from .template_text import TemplateText, take_apart
from .tokenizer import added
from .tokenizer.added import Files
from .tokenizer.tokenizer import Tokenizer

_TEMPLATE = "chat_template.jinja"
# Written for a model that reads images beside text, by versions that keep it apart from the tokenizer's.
_PROCESSOR = "chat_template.json"
_KEY = "chat_template"
# Characters of the template times added tokens: Gemma 3's come to 10 million. It bounds the time.
_SEARCH_LIMIT = 1_000_000_000
# What templates compute with, and what they print, where a model can think before it answers.
_SWITCHES = ("enable_thinking", "thinking", "thinking_budget", "reasoning_effort")
_MARKS = ("<think>", "</think>", "[THINK]", "/no_think", "/nothink")


def template(snapshot: Snapshot, files: Files, tokenizer: Tokenizer | Unknown) -> Template | Unknown | None:
    """The chat template that a loader takes where none is asked for by name; None where there is none."""
    sources = _sources(snapshot, files)
    if not sources:
        return None
    if isinstance(tokenizer, Unknown):
        return tokenizer
    return of_source(sources[0], {key: content for key, (_, content) in added.named_tokens(files).items()}, tokenizer)


def of_source(source: str, named: Mapping[str, str], tokenizer: Tokenizer) -> Template | Unknown:
    """What a template's text says.

    Args:
        source: the text.
        named: the variables by which a template can name a token, such as `eos_token` → the token's text.
        tokenizer: knows the added tokens.
    """
    if too_long := _too_long(source, tokenizer):
        return too_long
    parts = take_apart(source)
    ids = _spelled(parts, tokenizer) | _named(parts, named, tokenizer)
    controls = sorted((number, content) for content, number in ids.items())
    return Template(
        digest=hashlib.sha256(parts.normal.encode()).hexdigest(),
        controls=tuple(Control(number, content) for number, content in controls),
        thinking=tuple(_thinking(parts)),
    )


def template_ids(snapshot: Snapshot, files: Files, tokenizer: Tokenizer | Unknown) -> frozenset[int] | Unknown:
    """Ids of the added tokens that any of the chat templates spells out. They are searched, never run."""
    if isinstance(tokenizer, Unknown):
        return tokenizer
    return ids_in(_sources(snapshot, files), tokenizer)


def ids_in(sources: list[str], tokenizer: Tokenizer) -> frozenset[int] | Unknown:
    """Ids of the added tokens that any of these templates spells out."""
    if too_long := _too_long("\n".join(sources), tokenizer):
        return too_long
    return frozenset(number for source in sources for number in _spelled(take_apart(source), tokenizer).values())


def _sources(snapshot: Snapshot, files: Files) -> list[str]:
    """Every chat template, in the order in which a loader takes them."""
    inline = files.get(added.CONFIG, {}).get(_KEY)
    several = [mapping(one) for one in inline] if isinstance(inline, list) else [{"template": inline}]
    several.sort(key=lambda one: one.get("name") != "default")
    if _PROCESSOR in snapshot.contents:
        several.append({"template": parse_object(snapshot.contents[_PROCESSOR], _PROCESSOR).get(_KEY)})
    file = snapshot.contents.get(_TEMPLATE, b"").decode("utf-8", "replace")
    return list(filter(None, [file, *(text(one.get("template")) for one in several)]))


def _too_long(source: str, tokenizer: Tokenizer) -> Unknown | None:
    if len(source) * len(tokenizer.added) <= _SEARCH_LIMIT:
        return None
    return Unknown(f"has a chat template of {len(source)} characters, too many to be searched for its tokens")


def _spelled(parts: TemplateText, tokenizer: Tokenizer) -> dict[str, int]:
    """Text → id of the added tokens in what a template prints; a token inside another's text is not one of them."""
    # One-character tokens such as a newline would be found in any template, and say nothing.
    inside = [content for content in tokenizer.added if content in parts.spoken and len(content.strip()) > 1]
    found, rest = {}, parts.spoken
    for content in sorted(inside, key=lambda content: (-len(content), content)):
        if content in rest:
            found[content] = tokenizer.added[content]
            rest = rest.replace(content, "\0")
    return found


def _named(parts: TemplateText, named: Mapping[str, str], tokenizer: Tokenizer) -> dict[str, int]:
    """Text → id of the tokens that a template names by a variable, such as `eos_token`."""
    words = set(parts.code.split())
    return {content: tokenizer.added[content] for key, content in named.items() if key in words}


def _thinking(parts: TemplateText) -> Iterator[str]:
    words = set(parts.code.split())
    for name in _SWITCHES:
        if name in words:
            default = _default(name, parts.code)
            yield name if default is None else f"{name} ({default} by default)"
    yield from (mark for mark in _MARKS if mark in parts.spoken)


def _default(name: str, code: str) -> str | None:
    """What a switch is where nobody sets it: set so, or else the opposite of what the template asks about."""
    for default, pattern in (
        ("on", rf"\bset {name} = true\b"),
        ("off", rf"\bset {name} = false\b"),
        ("on", rf"\b{name} (?:is|= =) false\b|\bnot {name}\b(?! is\b)"),
        ("off", rf"\b{name} (?:is|= =) true\b|\bif {name}\b(?! is\b)"),
    ):
        if re.search(pattern, code, re.IGNORECASE):
            return default
    return None
