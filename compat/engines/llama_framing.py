"""What encoding adds in llama.cpp, begin and end of text: by the GGUF file, or as its converter would write it."""

from __future__ import annotations

from dataclasses import replace

from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_tokens import Framing, Special
from ..relation import Pair
from . import change, shared
from .change import Change
from .outcome import Judgement, Outcome


def adds(facts: Fingerprint, role: str) -> bool | None:
    """Whether encoding adds the token, as the converter writes it: the config's word first, then the post-processor."""
    if facts.gguf is not None:
        return facts.gguf.add_bos if role == "bos" else facts.gguf.add_eos
    if not isinstance(facts.framing, Framing):
        return None
    if role == "eos":
        return bool(facts.framing.suffix)
    return bool(facts.framing.prefix) if facts.framing.add_bos is None else facts.framing.add_bos


def ids(facts: Fingerprint, role: str) -> frozenset[int]:
    """The token's id; the files beside a safetensors model may give several."""
    if facts.gguf is not None:
        number = facts.gguf.bos if role == "bos" else facts.gguf.eos
        return frozenset() if number is None else frozenset({number})
    found = facts.bos if role == "bos" else facts.eos
    return found.ids if isinstance(found, Special) else frozenset()


def unknown(pair: Pair) -> Judgement | None:
    """A fact that is not known of what encoding adds."""
    for side, facts in shared.sides(pair):
        for fact in (facts.framing, facts.bos, facts.eos):
            if facts.gguf is None and isinstance(fact, Unknown):
                return Judgement(Outcome.UNKNOWN, f"compares what encoding adds: the {side} {fact.why}")
    return None


def as_target(role: str) -> Change:
    """The drafter's file is told to add what the target's does."""

    def made(pair: Pair) -> Pair:
        facts, added = pair.drafter, bool(adds(pair.target, role))
        if facts.gguf is not None:
            file = replace(facts.gguf, add_bos=added) if role == "bos" else replace(facts.gguf, add_eos=added)
            return change.changed(pair, "drafter", replace(facts, gguf=file))
        if not isinstance(facts.framing, Framing):
            return pair
        # A model without an end of text adds none that is known; the ids, compared next, tell.
        behind = (min(ids(facts, "eos"), default=0),) if added else ()
        framing = replace(facts.framing, add_bos=added) if role == "bos" else replace(facts.framing, suffix=behind)
        return change.changed(pair, "drafter", replace(facts, framing=framing))

    told = f"set tokenizer.ggml.add_{role}_token in the drafter's GGUF file as in the target's (gguf_set_metadata.py)"
    return Change(told, made)
