"""llama.cpp: `--spec-type draft-simple`. It compares the texts of the tokens, the strictest test of all.

Read from `common_speculative_are_compatible` and `common_speculative_impl_draft_simple` of `common/speculative.cpp` at
001d906a. Models published as safetensors are judged as its converter writes them: as many tokens as `vocab_size`, those
without a text named `[PAD<id>]`. Which model types llama.cpp implements is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Fingerprint, Framing, Rows, Special, Unknown
from ..relation import Comparison, Pair
from . import shared
from .outcome import Engine, Judgement, Options, Outcome

_LARGEST_DIFFERENCE = 128  # SPEC_VOCAB_MAX_SIZE_DIFFERENCE
_FIRST_COMPARED = 5  # SPEC_VOCAB_CHECK_START_TOKEN_ID
# What it throws whichever test failed; the test's own message is logged at debug level alone.
_MESSAGE = "draft model vocab type must match target model to use speculation"


def judge(pair: Pair, options: Options) -> Judgement:  # noqa: ARG001 - the same shape for every engine
    """What llama.cpp does: begin, end, sizes and texts of both vocabularies must agree."""
    return shared.decide(
        pair,
        shared.not_causal,
        shared.head_not_judged,
        shared.not_loadable,
        _tokens_and_rows,
        _kinds,
        _sizes,
        _texts,
        _framing,
        shared.open_facts,
        _open_framing,
        shared.past_the_table,
        shared.open_context,
        _state,
        _outside,
        shared.past_the_training,
        lambda _: Judgement(Outcome.RUNS, _as_converted(pair, "finds begin, end and texts of all tokens equal")),
    )


def _as_converted(pair: Pair, reason: str) -> str:
    return (
        reason if all(shared.is_gguf(facts) for _, facts in shared.sides(pair)) else f"{reason}, as converted to GGUF"
    )


def _refused(pair: Pair, reason: str, fix: str = shared.OWN_TOKENS) -> Judgement:
    return Judgement(Outcome.REFUSES, _as_converted(pair, reason), fix, _MESSAGE)


def _tokens_and_rows(pair: Pair) -> Judgement | None:
    """It makes the matrices as tall as the list of tokens is long, whatever `vocab_size` says (`load_tensors`)."""
    for side, facts in shared.sides(pair):
        if facts.gguf is None or not isinstance(facts.rows, Rows) or not facts.gguf.texts:
            continue
        named, rows = len(facts.gguf.texts), facts.rows.embedding
        if named != rows or facts.rows.head != rows:
            reason = f"cannot load the {side}: its file has {named} tokens and {rows} rows"
            message = "check_tensor_dims: tensor 'token_embd.weight' has wrong shape"
            return Judgement(Outcome.REFUSES, reason, "convert the model anew", message)
    return None


def _kinds(pair: Pair) -> Judgement | None:
    """The types of tokenizer; where one is told by no GGUF file, the texts tell the two apart as well."""
    ours, theirs = pair.target.gguf, pair.drafter.gguf
    if ours is None or theirs is None or ours.kind == theirs.kind:
        return None
    return _refused(pair, f"compares the types of tokenizer, and {ours.kind} is not {theirs.kind}")


def _size(facts: Fingerprint) -> int | Unknown:
    """How many tokens the file has."""
    return shared.width(facts) if facts.gguf is None else len(facts.gguf.texts)


def _sizes(pair: Pair) -> Judgement | None:
    ours, theirs = _size(pair.target), _size(pair.drafter)
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown):
        return None
    if (difference := abs(ours - theirs)) <= _LARGEST_DIFFERENCE:
        return None
    reason = f"allows {_LARGEST_DIFFERENCE} tokens of difference, and {ours} and {theirs} differ by {difference}"
    return _refused(pair, reason, shared.widened(pair, (ours, theirs)))


def _texts(pair: Pair) -> Judgement | None:
    found = pair.comparison
    if isinstance(found, Unknown):
        return None
    unlike = sorted(_unlike(pair, found))
    if not unlike:
        return None
    first = unlike[0]
    reason = f"compares the text of every token from id {_FIRST_COMPARED}, and {len(unlike)} differ, first id {first}"
    fix = shared.OWN_TOKENS
    if first not in found.differ:
        fix = "convert both with the tokenizer that names more tokens, if the narrower model has rows for them"
    return _refused(pair, reason, fix)


def _at_least(facts: Fingerprint) -> int:
    """How many tokens the file has for certain: those that the tokenizer names, where the size is not known."""
    size = _size(facts)
    if not isinstance(size, Unknown):
        return size
    return 0 if isinstance(facts.vocabulary, Unknown) else facts.vocabulary.used


def _unlike(pair: Pair, found: Comparison) -> Iterator[int]:
    """Ids whose texts are compared and differ; an id that one side does not name is `[PAD<id>]` there."""
    limit = min(_at_least(pair.target), _at_least(pair.drafter))
    ours, theirs = pair.target.gguf, pair.drafter.gguf
    if ours is not None and theirs is not None:
        yield from (number for number in range(_FIRST_COMPARED, limit) if ours.texts[number] != theirs.texts[number])
        return
    for numbers in (found.differ, found.target_only, found.drafter_only):
        yield from (number for number in numbers if _FIRST_COMPARED <= number < limit)


def _framing(pair: Pair) -> Judgement | None:
    ours, theirs = pair.target, pair.drafter
    for end, role in (("begin", "bos"), ("end", "eos")):
        adds = _adds(ours, role), _adds(theirs, role)
        if None in adds:
            continue
        if adds[0] != adds[1]:
            who = "target" if adds[0] else "drafter"
            fix = f"set tokenizer.ggml.add_{role}_token alike in both GGUF files (gguf_set_metadata.py)"
            return _refused(pair, f"compares what encoding adds, and the {who} alone adds its {end} of text", fix)
        if adds[0] and _ids(ours, role).isdisjoint(_ids(theirs, role)):
            return _refused(pair, f"compares what encoding adds, and the two {end} texts with different ids")
    return None


def _adds(facts: Fingerprint, role: str) -> bool | None:
    """Whether encoding adds the token, as the converter writes it: the config's word first, then the post-processor."""
    if facts.gguf is not None:
        return facts.gguf.add_bos if role == "bos" else facts.gguf.add_eos
    if not isinstance(facts.framing, Framing):
        return None
    if role == "eos":
        return bool(facts.framing.suffix)
    return bool(facts.framing.prefix) if facts.framing.add_bos is None else facts.framing.add_bos


def _ids(facts: Fingerprint, role: str) -> frozenset[int]:
    if facts.gguf is not None:
        number = facts.gguf.bos if role == "bos" else facts.gguf.eos
        return frozenset() if number is None else frozenset({number})
    found = facts.bos if role == "bos" else facts.eos
    return found.ids if isinstance(found, Special) else frozenset()


def _open_framing(pair: Pair) -> Judgement | None:
    for side, facts in shared.sides(pair):
        for fact in (facts.framing, facts.bos, facts.eos):
            if facts.gguf is None and isinstance(fact, Unknown):
                return Judgement(Outcome.UNKNOWN, f"compares what encoding adds: the {side} {fact.why}")
    return None


def _state(pair: Pair) -> Judgement | None:
    if (found := shared.stateful_side(pair)) is None:
        return None
    side, model_type = found
    reason = f"takes a checkpoint of the {side}'s state ({model_type}) before every draft, as it cannot be rolled back"
    return Judgement(Outcome.DEGRADES, reason, "use --spec-type draft-mtp if the model has such a head")


def _outside(pair: Pair) -> Judgement | None:
    """Tokens of the target past the drafter's: handled one sequence at a time."""
    theirs = _size(pair.drafter)
    if isinstance(theirs, Unknown) or isinstance(pair.comparison, Unknown):
        return None
    past = [number for number in pair.comparison.target_only if number >= theirs]
    if not past:
        return None
    message = (
        f"the draft cannot take token {past[0]} (outside the draft vocab), the sequence is not mirrored while its draft"
        " memory lags the target"
    )
    reason = f"stops drafting a sequence that holds one of the {len(past)} tokens past the drafter's {theirs}"
    return Judgement(Outcome.DEGRADES, reason, message=message)


ENGINE = Engine("llama.cpp", "001d906a", judge)
