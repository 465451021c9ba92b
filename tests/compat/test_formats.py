"""Which of a repository's tokenizer files is read, and that all of them come to one vocabulary."""

from itertools import combinations
from typing import Any

import pytest
from making import SENTENCEPIECE, Recipe, tokenizer_json
from snapshots import snapshot
from tokenizer_files import BYTE, CONTROL, NORMAL, UNKNOWN, added_list, sentencepiece, tekken, tiktoken

from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts_tokens import Special
from specdec_check.compat.files import deciding
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.tokenizer.formats import FORMATS, choose
from specdec_check.compat.tokenizer.vocabulary import Vocabulary

CONFIG = "tokenizer_config.json"
# Each format's files, in the order of preference.
NAMES = (["tokenizer.json"], ["tokenizer.model"], ["vocab.json", "merges.txt"], ["tekken.json"], ["qwen.tiktoken"])
PIECES = ("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)


def vocabulary(files: Any) -> Vocabulary:
    found = fingerprint(snapshot(files)).vocabulary
    assert isinstance(found, Vocabulary)
    return found


@pytest.mark.parametrize("several", [several for count in (1, 2, 5) for several in combinations(range(5), count)])
def test_the_first_of_the_order_is_chosen(several: tuple[int, ...]) -> None:
    listed = [name for number in reversed(several) for name in NAMES[number]]

    chosen = choose(listed)

    assert chosen == (FORMATS[several[0]], tuple(NAMES[several[0]]))
    assert deciding(listed) == dict.fromkeys(NAMES[several[0]], FORMATS[several[0]].limit)


@pytest.mark.parametrize("listed", [[], ["config.json"], ["vocab.txt"], ["vocab.json"], ["original/tokenizer.model"]])
def test_nothing_to_choose_from(listed: list[str]) -> None:
    assert choose(listed) is None


def test_sentencepiece_and_tokenizer_json_are_one_vocabulary() -> None:
    made = tokenizer_json(SENTENCEPIECE)
    assert made is not None
    spellings = sorted(made["model"]["vocab"], key=made["model"]["vocab"].get)
    types = dict(PIECES) | {f"<0x{byte:02X}>": BYTE for byte in range(256)}
    model = sentencepiece((text, types.get(text, NORMAL)) for text in spellings)

    one, other = vocabulary({"tokenizer.json": made}), vocabulary({"tokenizer.model": model})

    assert (one.digest, one.added, one.special) == (other.digest, other.added, other.special)
    assert (one.file, other.file) == ("tokenizer.json", "tokenizer.model")


def test_tiktoken_under_any_name_and_tokenizer_json_are_one_vocabulary() -> None:
    made = tokenizer_json(Recipe(specials=("<|im_end|>",)))
    assert made is not None
    config = {CONFIG: added_list({token["id"]: token["content"] for token in made["added_tokens"]})}
    one = vocabulary({"tokenizer.json": made, **config})
    ranks = tiktoken(token for number, token in enumerate(one.tokens) if token and number not in one.added)

    for name in ("tiktoken.model", "some.tiktoken", "tokenizer.model"):
        other = vocabulary({name: ranks, **config})
        assert (one.digest, one.added, one.special) == (other.digest, other.added, other.special)
        assert other.file == name


def test_tekken_is_one_of_them() -> None:
    facts = fingerprint(snapshot({"tekken.json": tekken([b"a", b" b"], ["<unk>", "<s>", "</s>"])}))

    assert isinstance(facts.vocabulary, Vocabulary)
    assert facts.vocabulary.tokens == (b"<unk>", b"<s>", b"</s>", b"a", b" b")
    assert facts.merges is None
    assert isinstance(facts.pipeline, Unknown)


@pytest.mark.parametrize(
    "files",
    [
        {"tokenizer.model": sentencepiece([*PIECES, ("a", NORMAL)])},
        {"vocab.json": {"a": 0, "Ġ": 1}, "merges.txt": b""},
        {"tekken.json": tekken([b"a"], ["</s>"])},
        {"tiktoken.model": tiktoken([b"a", b"</s>"])},
    ],
    ids=lambda files: next(iter(files)),
)
def test_a_named_special_token_has_an_id_in_every_format(files: Any) -> None:
    facts = fingerprint(snapshot({**files, "config.json": {}, CONFIG: {"eos_token": "</s>"}}))

    assert isinstance(facts.eos, Special)
    assert isinstance(facts.vocabulary, Vocabulary)
    assert [facts.vocabulary.token(number) for number in facts.eos.ids] == [b"</s>"]


def test_what_only_a_repository_s_code_knows_is_unknown() -> None:
    facts = fingerprint(snapshot({"tiktoken.model": tiktoken([b"a"]), CONFIG: {"eos_token": "<|eot_id|>"}}))

    assert isinstance(facts.vocabulary, Unknown)
    assert isinstance(facts.eos, Unknown)
