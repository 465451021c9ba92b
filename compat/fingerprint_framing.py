"""What encoding puts around a text where special tokens are asked for, such as begin-of-text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .evidence import Unknown
from .facts_tokens import Framing
from .jsonfile import integer, mapping, text
from .tokenizer import added
from .tokenizer.added import Files
from .tokenizer.tokenizer import Tokenizer
from .visible import shortened

_Ends = tuple[tuple[int, ...], tuple[int, ...]]
_LONGEST = 40


def framing(files: Files, tokenizer: Tokenizer | Unknown) -> Framing | Unknown:
    """The ids before and behind a text.

    The post-processor of tokenizer.json decides, also by being absent: transformers 5.23 leaves `add_bos_token` and
    `add_eos_token` of tokenizer_config.json unread beside that file (`PreTrainedTokenizerBase._from_pretrained`).
    In formats without such a step the two keys decide.
    """
    if isinstance(tokenizer, Unknown):
        return tokenizer
    add_bos, add_eos = (_truth(files.get(added.CONFIG, {}).get(f"add_{end}_token")) for end in ("bos", "eos"))
    if tokenizer.pipeline is not None:
        ends = _ends(json.loads(tokenizer.pipeline.post_processor or '{"type": "ByteLevel"}'))
        return ends if isinstance(ends, Unknown) else Framing(*ends, add_bos)
    if add_bos is None:
        return Unknown(
            f"publishes its tokenizer as {tokenizer.vocabulary.file}, which does not tell what encoding adds"
        )
    named = added.named_tokens(files)
    first, last = (
        (tokenizer.added[named[key][1]],) if wanted and key in named else ()
        for key, wanted in (("bos_token", add_bos), ("eos_token", add_eos))
    )
    return Framing(first, last, add_bos)


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _ends(post_processor: object) -> _Ends | Unknown:
    """The ids that a post-processor puts before and behind one text."""
    # ByteLevel moves offsets and adds nothing. What several others make of each other's ids, only the library knows.
    steps = [step for step in _steps(post_processor) if step.get("type") != "ByteLevel"]
    if not steps:
        return (), ()
    kind, ends = text(steps[0].get("type")), None
    if kind == "TemplateProcessing":
        ends = _of_template(steps[0])
    elif kind in ("BertProcessing", "RobertaProcessing"):
        ends = _of_pairs(steps[0])
    if ends is None or len(steps) > 1:
        named = shortened(str(kind), _LONGEST)
        return Unknown(f"frames texts by steps that this version does not know ({len(steps)}, the first {named})")
    return ends


def _steps(post_processor: object) -> Iterator[dict[str, Any]]:
    """The steps in order."""
    waiting = [post_processor]
    while waiting:
        step = mapping(waiting.pop())
        several = step.get("processors")
        if step.get("type") == "Sequence" and isinstance(several, list):
            waiting.extend(reversed(several))
        else:
            yield step


def _of_pairs(settings: dict[str, Any]) -> _Ends | None:
    """`cls` before and `sep` behind, each told as [text, id]."""
    ids = [_last_integer(settings.get(key)) for key in ("cls", "sep")]
    return None if ids[0] is None or ids[1] is None else ((ids[0],), (ids[1],))


def _last_integer(pair: object) -> int | None:
    return integer(pair[-1]) if isinstance(pair, list) and pair else None


def _of_template(settings: dict[str, Any]) -> _Ends | None:
    """`single` lists the text, as a sequence, among special tokens; `special_tokens` gives their ids."""
    pieces = settings.get("single")
    if not isinstance(pieces, list):
        return None
    places = [place for place, piece in enumerate(pieces) if "Sequence" in mapping(piece)]
    if len(places) != 1:
        return None
    ids = mapping(settings.get("special_tokens"))
    before, behind = (_ids_of(several, ids) for several in (pieces[: places[0]], pieces[places[0] + 1 :]))
    return None if before is None or behind is None else (before, behind)


def _ids_of(pieces: list[Any], ids: dict[str, Any]) -> tuple[int, ...] | None:
    """The ids of special tokens in a row; None where one of them has none."""
    found: list[int] = []
    for piece in pieces:
        name = text(mapping(mapping(piece).get("SpecialToken")).get("id"))
        told = mapping(ids.get(name or "")).get("ids")
        numbers = [number for number in told if integer(number) is not None] if isinstance(told, list) else []
        if not numbers or numbers != told:
            return None
        found += numbers
    return tuple(found)
