"""llama.cpp: `--spec-type draft-simple`. It compares the texts of the tokens, the strictest test of all.

Read from `common_speculative_are_compatible` and `common_speculative_impl_draft_simple` of `common/speculative.cpp` at
001d906a. Models published as safetensors are judged as its converter writes them: as many tokens as `vocab_size`, those
without a text named `[PAD<id>]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_model import Rows
from ..relation import Comparison, Pair
from . import architectures, change, lengths, llama_framing, shared
from .change import Change
from .decide import OWN_TOKENS, Mendable, decide
from .outcome import Engine, Judgement, Outcome
from .tokens import counted, differ

_LARGEST_DIFFERENCE = 128  # SPEC_VOCAB_MAX_SIZE_DIFFERENCE
_FIRST_COMPARED = 5  # SPEC_VOCAB_CHECK_START_TOKEN_ID
# Arranged for one processor ahead of time; since 2024-12 it arranges Q4_0 as it loads (types 31 to 33 of `ggml.c`).
_REMOVED = frozenset({"Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8"})
# Stand-ins for images and sounds, whose embeddings are fed in their place: they are in no sequence.
_OF_OTHER_MEDIA = re.compile(rb"<\|?\w*(?:image|audio|video)\w*\|?>")
# What it throws whichever test failed; the test's own message is logged at debug level alone.
_MESSAGE = "draft model vocab type must match target model to use speculation"


def judge(pair: Pair) -> Judgement:
    """What llama.cpp does: begin, end, sizes and texts of both vocabularies must agree."""
    return decide(
        pair,
        shared.not_causal,
        shared.head_not_judged,
        shared.not_loadable,
        _removed_types,
        _tokens_and_rows,
        _merges,
        _kinds,
        _sizes,
        _texts,
        _framing,
        shared.open_facts,
        _classes,
        llama_framing.unknown,
        lengths.past_the_table,
        lengths.open_context,
        _draft_length,
        _state,
        _outside,
        _planned_length,
        lengths.past_the_training,
        lambda _: Judgement(
            Outcome.RUNS, f"finds begin, end and texts of all tokens equal{_converted(pair, ' in', ' with')}"
        ),
    )


def _converted(pair: Pair, both: str, one: str) -> str:
    """What is judged as it will be, after the words that lead there; nothing where both are GGUF files."""
    sides = [side for side, facts in shared.sides(pair) if not shared.is_gguf(facts)]
    if not sides:
        return ""
    return f"{both} the two as converted to GGUF" if len(sides) == 2 else f"{one} the {sides[0]} as converted to GGUF"


def _refused(pair: Pair, compared: str, found: str, fix: str | None = None) -> Judgement:
    where = _converted(pair, "of", "with")
    reason = f"{compared}; {where}, {found}" if where else f"{compared}, and {found}"
    return Judgement(Outcome.REFUSES, reason, fix, _MESSAGE)


def _classes(pair: Pair) -> Judgement | None:
    return shared.not_implemented(
        pair, architectures.LLAMA_CPP, "whether another version or another converter takes it is not judged here"
    )


def _removed_types(pair: Pair) -> Judgement | None:
    for side, facts in shared.sides(pair):
        found = facts.architecture
        if facts.gguf is not None and not isinstance(found, Unknown) and found.quantization in _REMOVED:
            reason = f"cannot load the {side}: it is quantised to {found.quantization}, a type that was removed"
            return Judgement(Outcome.REFUSES, reason, f"take a Q4_0 file of the {side}")
    return None


def _tokens_and_rows(pair: Pair) -> Judgement | None:
    """It makes the matrices as tall as the list of tokens is long, whatever `vocab_size` says (`load_tensors`)."""
    for side, facts in shared.sides(pair):
        if facts.gguf is None or not isinstance(facts.rows, Rows) or not facts.gguf.texts:
            continue
        named, rows = len(facts.gguf.texts), facts.rows.embedding
        if named != rows or facts.rows.head != rows:
            reason = f"cannot load the {side}: its file has {named} tokens and {rows} rows"
            message = "check_tensor_dims: tensor 'token_embd.weight' has wrong shape"
            return Judgement(Outcome.REFUSES, reason, "convert the model anew and check the new file", message)
    return None


def _merges(pair: Pair) -> Judgement | None:
    """A byte-level tokenizer without merges could encode nothing, and is not loaded."""
    for side, facts in shared.sides(pair):
        if facts.gguf is not None and facts.gguf.model == "gpt2" and facts.merges is None:
            message = "cannot find tokenizer merges in model file"
            fix = "convert the model anew and check the new file"
            return Judgement(Outcome.REFUSES, f"cannot load the {side}: its tokenizer has no merges", fix, message)
    return None


def _kinds(pair: Pair) -> Judgement | None:
    """The types of tokenizer; where one is told by no GGUF file, the texts tell the two apart as well."""
    ours, theirs = pair.target.gguf, pair.drafter.gguf
    if ours is None or theirs is None or ours.kind == theirs.kind:
        return None
    return _refused(pair, "compares the types of tokenizer", f"{ours.kind} is not {theirs.kind}", OWN_TOKENS)


def _size(facts: Fingerprint) -> int | Unknown:
    """How many tokens the file has."""
    return shared.width(facts) if facts.gguf is None else len(facts.gguf.texts)


def _sizes(pair: Pair) -> Mendable | None:
    ours, theirs = _size(pair.target), _size(pair.drafter)
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown):
        return None
    if (difference := abs(ours - theirs)) <= _LARGEST_DIFFERENCE:
        return None
    compared = f"allows {_LARGEST_DIFFERENCE} tokens of difference"
    judged = _refused(pair, compared, f"the sizes {ours} and {theirs} differ by {difference}")
    return Mendable(judged, shared.widened((ours, theirs)))


def _texts(pair: Pair) -> Judgement | Mendable | None:
    found = pair.comparison
    if isinstance(found, Unknown):
        return None
    unlike = sorted(_unlike(pair, found))
    if not unlike:
        return None
    told = f"{len(unlike)} {differ(len(unlike))}, first id {unlike[0]}"
    judged = _refused(pair, f"compares the text of every token from id {_FIRST_COMPARED}", told, OWN_TOKENS)
    mended = _one_tokenizer(pair, found)
    return judged if mended is None else Mendable(judged, mended)


def _one_tokenizer(pair: Pair, found: Comparison) -> Change | None:
    """Where one side names more tokens and none differs, its tokenizer does for both, as far as there are rows."""
    if found.differ or bool(found.target_only) == bool(found.drafter_only):
        return None
    if any(shared.is_gguf(facts) for _, facts in shared.sides(pair)):
        return None
    taker, giver = ("drafter", "target") if found.target_only else ("target", "drafter")
    names = change.of(pair, giver).vocabulary
    rows, least = shared.width(change.of(pair, taker)), shared.width(change.of(pair, giver))
    if isinstance(names, Unknown) or isinstance(rows, Unknown) or isinstance(least, Unknown):
        return None
    copied = change.same_tokenizer(taker, f"convert the {taker} with the {giver}'s tokenizer files")
    return copied if names.used <= rows else change.more_rows(taker, max(names.used, least)).then(copied)


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


def _framing(pair: Pair) -> Judgement | Mendable | None:
    compared = "compares what encoding adds"
    for end, role in (("begin", "bos"), ("end", "eos")):
        adds = llama_framing.adds(pair.target, role), llama_framing.adds(pair.drafter, role)
        if None in adds:
            continue
        if adds[0] != adds[1]:
            who = "target" if adds[0] else "drafter"
            return Mendable(
                _refused(pair, compared, f"the {who} alone adds its {end} of text"), llama_framing.as_target(role)
            )
        ours, theirs = llama_framing.ids(pair.target, role), llama_framing.ids(pair.drafter, role)
        if adds[0] and ours.isdisjoint(theirs):
            return _refused(pair, compared, f"the two {end} texts with different ids", OWN_TOKENS)
    return None


def _state(pair: Pair) -> Judgement | None:
    if (found := shared.stateful_side(pair)) is None:
        return None
    side, model_type = found
    reason = f"takes a checkpoint of the {side}'s state ({model_type}) before every draft, as it cannot be rolled back"
    return Judgement(Outcome.DEGRADES, reason, "use --spec-type draft-mtp if the model has such a head")


def _draft_length(pair: Pair) -> Mendable | None:
    """`-cd`, which some versions have."""
    asked, longest = pair.options.draft_context, pair.longest
    if asked is None or (isinstance(longest, int) and asked >= longest):
        return None
    reason = f"was not seen past a drafter's context of its own, here {asked} tokens"
    left_out = change.other_options(
        "leave out -cd (--ctx-size-draft)", lambda options: replace(options, draft_context=None)
    )
    return Mendable(Judgement(Outcome.UNKNOWN, reason), left_out)


def _planned_length(pair: Pair) -> Judgement | None:
    """The server caps each slot (`server-context.cpp`)."""
    if (both := lengths.past_the_target(pair)) is None:
        return None
    planned, own = both
    message = f"the slot context ({planned}) exceeds the training context of the model ({own}) - capping"
    reason = f"serves no sequence longer than the target's own {own} tokens, whatever was planned"
    return Judgement(Outcome.DEGRADES, reason, f"pass -c {own}", message)


def _outside(pair: Pair) -> Judgement | None:
    """Tokens of the target past the drafter's: handled one sequence at a time."""
    theirs = _size(pair.drafter)
    if isinstance(theirs, Unknown) or isinstance(pair.comparison, Unknown):
        return None
    past = [
        number
        for number in pair.comparison.target_only
        if number >= theirs and not _OF_OTHER_MEDIA.fullmatch(_text(pair.target, number))
    ]
    if not past:
        return None
    message = (
        f"the draft cannot take token {past[0]} (outside the draft vocab), the sequence is not mirrored while its draft"
        " memory lags the target"
    )
    held = "the token" if len(past) == 1 else f"one of the {counted(len(past), 'token')}"
    reason = f"stops drafting a sequence that holds {held} past the drafter's {theirs}"
    return Judgement(Outcome.DEGRADES, reason, message=message)


def _text(facts: Fingerprint, number: int) -> bytes:
    return b"" if isinstance(facts.vocabulary, Unknown) else facts.vocabulary.token(number) or b""


ENGINE = Engine("llama.cpp", "001d906a", judge, frozenset({"draft_context", "batch"}))
