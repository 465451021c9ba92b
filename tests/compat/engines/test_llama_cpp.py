"""llama.cpp compares begin and end of text, sizes within 128, and the text of every token from id 5."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from making import CORPUS, OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.evidence import Evidence
from specdec_check.compat.facts_model import Rows
from specdec_check.compat.facts_tokens import Framing, GgufFacts
from specdec_check.compat.relation import Pair


def llama(pair: Pair) -> Judgement:
    return engines.judge("llama.cpp", pair, Options())


@pytest.mark.parametrize(("rows", "outcome"), [(640, Outcome.RUNS), (641, Outcome.REFUSES)])
def test_sizes_may_differ_by_128(rows: int, outcome: Outcome, pair_of: Callable[..., Pair]) -> None:
    assert llama(pair_of({"rows": rows}, {"rows": 512})).outcome is outcome
    assert llama(pair_of({"rows": 512}, {"rows": rows})).outcome is outcome


def test_other_texts_are_refused_with_the_message_that_names_another_cause(pair_of: Callable[..., Pair]) -> None:
    judged = llama(pair_of({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS}))

    assert judged.outcome is Outcome.REFUSES
    assert judged.message == "draft model vocab type must match target model to use speculation"


def test_a_token_of_one_side_faces_a_placeholder(pair_of: Callable[..., Pair]) -> None:
    judged = llama(pair_of({"added": ("<tool>",), "rows": 512}, {"rows": 512}))

    assert judged.outcome is Outcome.REFUSES
    assert "first id 384" in judged.reason


def test_tokens_past_the_drafter_cost_drafts_only(pair_of: Callable[..., Pair]) -> None:
    judged = llama(pair_of({"added": ("<tool>",)}, {}))

    assert judged.outcome is Outcome.DEGRADES
    assert "the draft cannot take token 384 (outside the draft vocab)" in (judged.message or "")


def test_a_token_that_stands_for_an_image_is_in_no_sequence(pair_of: Callable[..., Pair]) -> None:
    """Gemma 3's, past the rows of the text models, whichever of the two formats these are published in."""
    pair = pair_of({"added": ("<image_soft_token>",)}, {"added": ("<image_soft_token>",), "rows": 384})
    vocabulary = pair.drafter.vocabulary
    cut = replace(vocabulary, tokens=vocabulary.tokens[:-1], digest="cut", added=vocabulary.added - {384})

    assert llama(pair).outcome is Outcome.RUNS
    assert llama(Pair.of(pair.target, replace(pair.drafter, vocabulary=cut))).outcome is Outcome.RUNS


def test_the_first_five_ids_are_not_compared(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    vocabulary = pair.drafter.vocabulary
    tokens = list(vocabulary.tokens)
    for number, outcome in ((4, Outcome.RUNS), (5, Outcome.REFUSES)):
        tokens[number] = b"another"
        changed = replace(vocabulary, tokens=tuple(tokens), digest=str(number))
        assert llama(Pair.of(pair.target, replace(pair.drafter, vocabulary=changed))).outcome is outcome


def test_what_encoding_adds_must_agree(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of({"specials": ("<s>", "<b>")}, {"specials": ("<s>", "<b>")})
    adds_none, adds_one, adds_other = Framing((), ()), Framing((1,), ()), Framing((2,), ())

    def judged(target: Framing, drafter: Framing, ids: tuple[int, int]) -> Outcome:
        one, other = (
            replace(
                facts, framing=framing, bos=replace(facts.bos, sources=(replace(facts.eos.sources[0], ids=(id_,)),))
            )
            for facts, framing, id_ in ((pair.target, target, ids[0]), (pair.drafter, drafter, ids[1]))
        )
        return llama(Pair.of(one, other)).outcome

    assert judged(adds_one, adds_none, (1, 1)) is Outcome.REFUSES
    assert judged(adds_one, adds_one, (1, 1)) is Outcome.RUNS
    assert judged(adds_one, adds_other, (1, 2)) is Outcome.REFUSES
    assert judged(adds_none, adds_none, (1, 2)) is Outcome.RUNS, "the ids count only where they are added"
    assert judged(Framing((), (5,)), adds_none, (1, 1)) is Outcome.REFUSES


def test_an_end_of_text_that_one_side_lacks_is_mended_by_another_drafter(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of({}, {"eos": None, "specials": ("<|end|>",)})
    ends = replace(pair.target, framing=Framing((), (5,)))

    assert llama(Pair.of(ends, pair.drafter)).fix == "take a drafter with the target's own tokens"


def test_gguf_files_are_compared_by_letter(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    file = GgufFacts("gpt2", "BPE", "qwen2", tuple(f"t{number}".encode() for number in range(384)), 1, 2, False, False)

    def outcome(drafter: GgufFacts) -> Outcome:
        count = len(drafter.texts)
        facts = replace(pair.drafter, gguf=drafter, declared=count, rows=Rows(count, count, Evidence.HEADER))
        return llama(Pair.of(replace(pair.target, gguf=file), facts)).outcome

    assert outcome(file) is Outcome.RUNS
    assert outcome(replace(file, kind="SPM")) is Outcome.REFUSES
    assert outcome(replace(file, add_bos=True)) is Outcome.REFUSES
    assert outcome(replace(file, bos=7)) is Outcome.RUNS
    assert outcome(replace(file, texts=(*file.texts[:-1], b"[PAD383]"))) is Outcome.REFUSES
    assert outcome(replace(file, texts=file.texts[:256])) is Outcome.RUNS
    assert outcome(replace(file, texts=file.texts[:255])) is Outcome.REFUSES


def test_a_table_of_positions_ends(pair_of: Callable[..., Pair]) -> None:
    short = {"context": 64, "corpus": CORPUS}

    assert llama(pair_of({}, short | {"style": "gpt2"})).outcome is Outcome.CRASHES
    assert llama(pair_of({}, short)).outcome is Outcome.DEGRADES
