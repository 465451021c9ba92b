"""How two tokenizers encode the same texts: what counts, what is proved, and what a hostile file cannot do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshots import BYTE_LEVEL, added_token, snapshot, tokenizer
from tokenizers import Tokenizer

from specdec_check.compat.behaviour import Behaviour, Example
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.finding import Finding, OpenQuestion, Severity
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.probes import PROBES
from specdec_check.compat.probing import probe
from specdec_check.compat.relation import Pair
from specdec_check.compat.report.message import message
from specdec_check.compat.rules.behaviour import ENCODES_DIFFERENTLY
from specdec_check.compat.tokenizer import encoding
from specdec_check.compat.tokenizer.encoding import Encoded, Runnable, encode

WORDS = ["a", "b", "ab", "abab", "c", "Ġ", "Ġa"]
MERGES = [["a", "b"], ["ab", "ab"], ["Ġ", "a"]]
OTHER_MERGES = [["ab", "ab"], ["a", "b"], ["Ġ", "a"]]
CONFIG = {"model_type": "llama"}


def file(*added: Any, merges: Any = MERGES, words: Any = WORDS, **parts: Any) -> dict[str, Any]:
    """A byte-level tokenizer.json that splits nothing before it merges."""
    parts = {"decoder": BYTE_LEVEL, "pre_tokenizer": BYTE_LEVEL | {"use_regex": False}} | parts
    parts["model"] = {"merges": merges} | parts.get("model", {})
    return tokenizer({word: number for number, word in enumerate(words)}, added, **parts)


def both(target: Any, drafter: Any, **beside: Any) -> Behaviour | Unknown | None:
    """What comes of two tokenizer.json, the drafter's with files beside it."""
    ours = snapshot({"tokenizer.json": target, "config.json": CONFIG})
    theirs = snapshot({"tokenizer.json": drafter, "config.json": CONFIG} | beside)
    return probe(ours, theirs, Pair.of(fingerprint(ours), fingerprint(theirs)))


def found(target: Any, drafter: Any, **beside: Any) -> Behaviour:
    """The same, where the probes ran."""
    behaviour = both(target, drafter, **beside)
    assert isinstance(behaviour, Behaviour)
    return behaviour


def test_the_probes_are_a_fixed_set() -> None:
    names = [name for name, _ in PROBES]

    assert len(set(names)) == len(names)
    assert len({text for _, text in PROBES}) == len(PROBES)
    assert len([name for name in names if name.startswith("prose, ")]) >= 12
    assert all(len(text) <= 1000 and text.encode().decode() == text for _, text in PROBES)


def test_equal_steps_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_PROGRAM", "there is no such program")
    spelled_out = file(pre_tokenizer=BYTE_LEVEL | {"use_regex": False})
    around = file(post_processor={"type": "ByteLevel"}, decoder=None)

    assert both(file(), spelled_out) is None
    assert both(file(), around) is None
    assert both(file(), file(words=[*WORDS[1:], *WORDS[:1]])) is None, "a pair that is refused anyway"


def test_ignored_merges_are_found_by_the_tokens_own_texts() -> None:
    without = file(merges=MERGES[:1])
    behaviour = found(without, file(merges=MERGES[:1], model={"ignore_merges": True, "merges": MERGES[:1]}))

    assert (behaviour.tokens, behaviour.tokens_differ) == (7, 2)
    assert behaviour.examples[-1] == Example("token 6", " a", (5, 0), (6,))


def test_other_merges_are_found_by_probes_and_tokens() -> None:
    behaviour = found(file(), file(merges=MERGES[:2]))

    assert (behaviour.tokens, behaviour.tokens_differ, behaviour.explained) == (7, 1, 0)
    assert behaviour.probes_differ[0] == "prose, English"
    assert "space and letter" in behaviour.probes_differ
    assert [example.name for example in behaviour.examples] == list(behaviour.probes_differ[:3])


@pytest.mark.parametrize("flag", ["lstrip", "rstrip", "single_word", "normalized"])
def test_a_flag_of_an_added_token_is_a_fact(flag: str) -> None:
    plain = snapshot({"tokenizer.json": file("<x>")})
    changed = snapshot({"tokenizer.json": file(added_token("<x>", 7) | {flag: True})})

    digests = [fingerprint(one).digests() for one in (plain, changed)]

    assert [name for name in digests[0] if digests[0][name] != digests[1][name]] == ["pipeline"]


def test_a_flag_of_an_added_token_is_found() -> None:
    behaviour = found(file("a<"), file(added_token("a<", 7) | {"single_word": True}))

    assert behaviour.probes_differ == ("special-token text, code",)
    assert behaviour.tokens_differ == 0


def test_the_flags_that_other_files_give_count() -> None:
    end = "<|endoftext|>"
    entry = {"content": end, "lstrip": True, "special": True}
    beside = {"tokenizer_config.json": {"added_tokens_decoder": {"7": entry}}}

    assert found(file(end), file(end), **beside).probes_differ == ("special-token text, GPT-2",)


def test_a_token_that_one_side_lacks_explains() -> None:
    behaviour = found(file("ab"), file("ab", " a", "<|endoftext|>"))

    assert (behaviour.probes_differ, behaviour.tokens_differ, behaviour.examples) == ((), 0, ())
    assert behaviour.explained > 2


def test_tokens_added_by_other_files_are_there() -> None:
    beside = {"tokenizer_config.json": {"eos_token": "<|endoftext|>"}}

    behaviour = found(file(), file(), **beside)

    assert (behaviour.probes_differ, behaviour.explained) == ((), 1)


def test_scores_and_spelling_are_facts_that_bytes_do_not_tell() -> None:
    unigram = {"type": "Unigram", "unk_id": 0, "merges": None}
    pieces = [["<unk>", 0.0], ["a", -1.0], ["b", -1.0], ["ab", -3.0]]
    better = [*pieces[:3], ["ab", -1.5]]
    assert found(one_unigram(pieces, unigram), one_unigram(better, unigram)).tokens_differ == 1
    assert both(one_unigram(pieces, unigram), one_unigram(pieces, unigram)) is None

    marked = {"decoder": {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, "pre_tokenizer": None}
    hidden = file(words=["<0x61>", "b"], merges=[], **marked)
    plain = file(words=["a", "b"], merges=[], **marked)
    assert found(plain, hidden).tokens_differ == 1


def one_unigram(pieces: list[Any], model: dict[str, Any]) -> dict[str, Any]:
    return tokenizer(pieces, model=model)


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.sampled_from(["ab", "a", " a", "<s>", "b<", "c"]), unique=True, max_size=3),
    st.lists(st.sampled_from(["ab", "a", " a", "<s>", "b<", "c"]), unique=True, max_size=3),
    st.booleans(),
)
def test_what_is_proved_is_what_encoding_gives(ours: list[str], theirs: list[str], normalized: bool) -> None:
    """The shortcut for tokenizers that differ in added tokens alone, held to the library."""
    files = [
        file(*(added_token(text, 7 + place) | {"normalized": normalized} for place, text in enumerate(added)))
        for added in (ours, theirs)
    ]
    pair = Pair.of(*(fingerprint(snapshot({"tokenizer.json": one})) for one in files))
    behaviour = both(*files)
    if behaviour is None:
        return
    assert isinstance(behaviour, Behaviour)
    assert not isinstance(pair.target.vocabulary, Unknown)
    assert not isinstance(pair.comparison, Unknown)

    libraries = [Tokenizer.from_buffer(snapshot({"x": one}).contents["x"]) for one in files]
    apart = pair.target.vocabulary.added
    tokens = [token or b"" for token in pair.target.vocabulary.tokens]
    plain = [token.decode() for number, token in enumerate(tokens) if number not in apart]
    foreign = {*pair.comparison.differ, *pair.comparison.target_only, *pair.comparison.drafter_only}
    differing = []
    for text in [*(text for _, text in PROBES), *plain]:
        ids = [library.encode(text, add_special_tokens=False).ids for library in libraries]
        if ids[0] != ids[1]:
            differing.append(not foreign.isdisjoint(ids[0] + ids[1]))

    assert behaviour.tokens == len(plain)
    assert behaviour.explained == sum(differing)
    assert len(behaviour.probes_differ) + behaviour.tokens_differ == len(differing) - sum(differing)


# What cannot be run


def unknown(drafter: Any) -> str:
    """Why the probes told nothing of a drafter."""
    behaviour = both(file(), drafter)
    assert isinstance(behaviour, Unknown)
    return behaviour.why


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"normalizer": {"type": "No such step"}}, "the drafter's tokenizer cannot be built ("),
        ({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}}}, "the drafter's tokenizer cannot be built ("),
        ({"model": {"dropout": 0.5, "merges": MERGES}}, "the drafter has a tokenizer that leaves out merges at random"),
    ],
)
def test_what_the_library_refuses_is_said(parts: dict[str, Any], why: str) -> None:
    assert unknown(file(**parts)).startswith(why)


def test_a_text_that_grows_without_end_ends_its_own_process_alone() -> None:
    grow = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}

    why = unknown(file(normalizer={"type": "Sequence", "normalizers": [grow] * 20}))

    assert why == "the drafter's tokenizer ends the process that encodes the probes"


def test_a_tokenizer_that_takes_too_long_is_left() -> None:
    backtracking = {
        "type": "Split",
        "pattern": {"Regex": "(?:a*)*(?:a*)*(?:a*)*$x"},
        "behavior": "Isolated",
        "invert": False,
    }
    data = snapshot({"x": file(pre_tokenizer=backtracking)}).contents["x"]

    (said,) = encode([Runnable(data, [])], ["a" * 4000] * 50_000, seconds=0.5)

    assert said == "takes more than 0.5 seconds to encode the probes"


def test_no_process_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding.sys, "executable", "/no/such/python")

    assert "cannot be run in a process of its own" in unknown(file(merges=MERGES[:2]))


def test_nothing_in_the_working_directory_is_imported(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokenizers.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    data = snapshot({"x": file()}).contents["x"]

    (ids,) = encode([Runnable(data, [])], ["ab", "", " a"])

    assert isinstance(ids, Encoded)
    assert [list(one) for one in ids] == [[2], [], [6]]


def test_truncation_padding_and_frames_have_no_part() -> None:
    limits = {
        "truncation": {"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "a",
        },
    }
    data = snapshot({"x": file(**limits)}).contents["x"]

    (ids,) = encode([Runnable(data, [])], ["abc"])

    assert isinstance(ids, Encoded)
    assert [list(one) for one in ids] == [[2, 4]]


# The rule


def findings(behaviour: Behaviour | Unknown | None) -> list[Finding | OpenQuestion]:
    facts = fingerprint(snapshot({"tokenizer.json": file(), "config.json": CONFIG}))
    base = Pair.of(facts, facts)
    return list(ENCODES_DIFFERENTLY.run(Pair(facts, facts, base.comparison, behaviour)))


def test_the_finding_names_the_first_text_and_where_it_parts() -> None:
    example = Example("space and letter", " a", (1, 2, 3, 4), (1, 2, 5))

    (finding,) = findings(Behaviour(99, ("space and letter",), 7, 2, 1, (example,)))

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.WARNING
    assert message(finding) == (
        "Equal texts become different ids: 1 of 99 probes and 2 of 7 plain tokens' own texts, such as"
        " space and letter ' a' (3 4 / 5 from place 2 on)."
    )


def test_a_hostile_token_s_text_is_escaped_and_short() -> None:
    example = Example("token 3", "\x1b[31m\u202e" + "x" * 4000, (), (5,))

    (finding,) = findings(Behaviour(99, (), 7, 1, 0, (example,)))

    assert isinstance(finding, Finding)
    said = message(finding)
    assert said.isprintable()
    assert len(said) < 250
    assert "(no id / 5 from place 0 on)" in said


def test_explained_texts_are_no_finding_and_an_unknown_is_a_question() -> None:
    assert findings(None) == []
    assert findings(Behaviour(99, (), 7, 0, 12, ())) == []
    (question,) = findings(Unknown("the drafter publishes its tokenizer as tokenizer.model, which is not run here"))
    assert isinstance(question, OpenQuestion)
    assert (question.fact, question.worst) == ("behaviour", Severity.WARNING)
