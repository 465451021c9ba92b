"""What the values that stand together come to: a pairing, or speculation that needs none."""

from __future__ import annotations

from dataclasses import replace

from .found import Found, Key, Name, Pairing, Unpaired, Value, Values
from .reading import Scope
from .spellings import SPELLINGS, Spelling
from .variables import expand, is_open

_NOWHERE = Scope()
# How files say that a value is none; an empty one is none too.
_NOTHING = frozenset({"", "~", "null", "none", "false"})
_NO_NAME = frozenset(" \t\n{}\"'")
# The two models and the method are the pairing itself; all else is an option.
_PARTS = frozenset({Key.TARGET, Key.DRAFTER, Key.METHOD})


def assemble(engine: str, values: Values, scope: Scope = _NOWHERE) -> Found | None:
    """The pairing or the unpaired speculation of one engine's values; None where they set up neither.

    Variables that are still in the values are looked up in `scope`. Of the options, one that cannot be told stands as
    it is written.
    """
    spelling = SPELLINGS[engine]
    known = {key: made for key, value in values.items() if (made := _said(value, scope))}
    drafter, method = known.get(Key.DRAFTER), known.get(Key.METHOD)
    if drafter is None:
        return _without_drafter(spelling, known)
    for said in (drafter, method):
        if said and _is_unpaired(spelling, _plain_method(said)):
            return _unpaired(spelling, said)
    target = known.get(Key.TARGET)
    head = _head(spelling, method, drafter)
    if head and target and target.text.text == drafter.text.text and not is_open(drafter.text.text):
        return _unpaired(spelling, method or drafter)  # the heads lie in the target itself
    options = {key: value.text.text for key, value in known.items() if key not in _PARTS}
    return Pairing(engine, _name(target) if target else None, _name(drafter), head, options)


def _said(value: Value, scope: Scope) -> Value | None:
    text = expand(value.text, scope).stripped()
    return None if text.text.lower() in _NOTHING else replace(value, text=text)


def _name(value: Value) -> Name:
    text = value.text.text
    offset = value.text.at[0] if value.text.at else value.text.origin
    # What holds blanks or braces is no name but an expression, such as JSON that cannot be read.
    unknown = is_open(text) or (not value.path and bool(_NO_NAME & set(text)))
    return Name(text, None if unknown else text, offset, value.path)


def _plain_method(value: Value) -> str:
    """A method in small letters: `[ngram]`, `Draft_Target` and `NEXTN` are spelled in many ways."""
    return value.text.text.strip("[] ").lower()


def _is_unpaired(spelling: Spelling, method: str) -> bool:
    return method in spelling.unpaired or ("ngram" in spelling.unpaired and _is_ngram(method))


def _is_ngram(method: str) -> bool:
    """Whether all of the methods (llama.cpp takes several, with commas between) look n-grams up."""
    return all(part.strip().startswith(("ngram", "[ngram")) for part in method.split(","))


def _head(spelling: Spelling, method: Value | None, drafter: Value) -> str | None:
    """The method, as it is written, where it needs a drafter that is trained for the target."""
    if method:
        for part in method.text.text.split(","):
            if _is_head(spelling, part.strip("[] ").lower()):
                return part.strip()
    name = drafter.text.text.lower()
    return next((head for part, head in spelling.head_names if part in name), None)


def _is_head(spelling: Spelling, method: str) -> bool:
    return method in spelling.heads or method.replace("_", "") in spelling.heads or _is_mtp(spelling, method)


def _is_mtp(spelling: Spelling, method: str) -> bool:
    """Whether it is multi-token prediction under a model's name, such as `deepseek_mtp`."""
    return "mtp" in spelling.heads and ("mtp" in method.split("_") or method.startswith("mtp"))


def _without_drafter(spelling: Spelling, known: Values) -> Unpaired | None:
    """Speculation for which no second model is named: its method says so, or the engine drafts by itself."""
    method, count = known.get(Key.METHOD), known.get(Key.COUNT)
    if method:
        name = _plain_method(method)
        parts = [part.strip() for part in name.split(",")]
        alone = any(_is_unpaired(spelling, part) or part in spelling.own_heads for part in parts)
        if alone or _is_mtp(spelling, name) or is_open(name):
            return _unpaired(spelling, method)
    elif spelling.count_alone and count and count.text.text != "0":
        offset = count.text.origin if count.flag is None else count.flag
        return Unpaired(spelling.engine, spelling.count_alone, offset)
    return None


def _unpaired(spelling: Spelling, method: Value) -> Unpaired:
    return Unpaired(spelling.engine, method.text.text.strip("[] "), method.text.origin)
