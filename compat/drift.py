"""What changed of a model between two readings, as sentences with the old value and the new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from .facts import Fingerprint
from .tokenizer.vocabulary import Vocabulary
from .visible import shortened, visible

# Facts by the words of a sentence, where their own names are not.
FACTS = {
    "bos": "begin-of-text id",
    "context": "context length",
    "declared": "declared vocabulary size",
    "eos": "set of end-of-text ids",
    "framing": "framing of encoded texts",
    "merges": "list of merges",
    "nested": "place of the text config",
    "pad": "padding id",
    "pipeline": "tokenizer pipeline",
    "rows": "number of rows",
    "template": "chat template",
    "template_ids": "use of control tokens in the chat template",
    "tied": "tie of head and embedding",
    "unk": "unknown-token id",
    "weights": "size of the weights",
}
_EXAMPLES = 3
_LONGEST = 60
_DIGEST = 64  # hexadecimal digits, which tell a reader nothing


def name_of(fact: str) -> str:
    """A fact in the words of a sentence."""
    return FACTS.get(fact, fact)


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Names whose digests differ, or that one side alone has."""
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def differences(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Every fact that changed, as a clause with both values."""
    facts = sorted(moved(before.digests(), after.digests()), key=lambda fact: fact != "vocabulary")
    ours, theirs = before.to_dict(), after.to_dict()
    said = []
    for fact in facts:
        old, new = getattr(before, fact), getattr(after, fact)
        if isinstance(old, Vocabulary) and isinstance(new, Vocabulary):
            said.append(_tokens(old, new))
        else:
            leaves = [_leaf(*leaf) for leaf in _leaves(ours[fact], theirs[fact], "")]
            said.append(f"the {name_of(fact)} changed{_listed(leaves)}")
    return said


def _tokens(before: Vocabulary, after: Vocabulary) -> str:
    pairs = enumerate(zip_longest(before.tokens, after.tokens))
    changed = [(number, old, new) for number, (old, new) in pairs if old != new]
    if not changed:
        return "the vocabulary's flags changed (which tokens are added or special)"
    shown = ", ".join(f"id {n} was {_token(old)}, is {_token(new)}" for n, old, new in changed[:_EXAMPLES])
    more = f", … {len(changed)} in all" if len(changed) > _EXAMPLES else ""
    return f"{len(changed)} of {len(before.tokens)} ids carry another token: {shown}{more}"


def _token(token: bytes | None) -> str:
    return "nothing" if token is None else _value(token.decode("utf-8", "backslashreplace"))


def _leaves(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON values
    """The places where two JSON values differ."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _leaves(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
    else:
        yield path, before, after


def _leaf(path: str, before: object, after: object) -> str:
    where = f"{visible(path)} " if path else ""
    if any(isinstance(one, str) and len(one) == _DIGEST for one in (before, after)):
        return f"{where}has another content" if where else ""
    return f"{where}was {_value(before)}, is {_value(after)}"


def _listed(leaves: list[str]) -> str:
    leaves = list(filter(None, leaves))
    if not leaves:
        return ""
    more = f", … {len(leaves)} in all" if len(leaves) > _EXAMPLES else ""
    return f": {', '.join(leaves[:_EXAMPLES])}{more}"


def _value(value: object) -> str:
    if value is None:
        return "absent"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return shortened(visible(text), _LONGEST)
