"""What a certificate pins, and that nothing but the certified facts lets it hold."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from making import OTHER_CORPUS, edit_json, make_model, respell_token

import specdec_check.compat
from specdec_check.compat import certificate as certificates
from specdec_check.compat import pipeline, ref
from specdec_check.compat.certificate import CertificateError, Statement
from specdec_check.compat.errors import CheckError
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.holding import Holding, hold
from specdec_check.compat.options import Options
from specdec_check.compat.pipeline import Access, check, read
from specdec_check.compat.verdict import Policy

SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "certificate.schema.json").read_text())


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    target = make_model(tmp_path / "target", layers=2, rows=512, added=("<think>",))
    return target.folder, make_model(tmp_path / "drafter").folder


def issued(pair: tuple[Path, Path]) -> Statement:
    return certificates.issue(check(str(pair[0]), str(pair[1])))


def held(statement: Statement) -> Holding:
    refs = [ref.parse(certificates.original(statement, side)) for side in certificates.SIDES]
    return hold(statement, *read(refs[0], refs[1], Access()))


def test_it_is_an_in_toto_statement_as_the_schema_has_it(pair: tuple[Path, Path]) -> None:
    statement = issued(pair)

    jsonschema.validate(statement, SCHEMA)
    assert [subject["name"] for subject in statement["subject"]] == ["target", "drafter"]
    assert statement["predicate"]["verdict"] == "certified"
    assert statement["predicate"]["relation"] == "extends"
    assert statement["predicate"]["rules"]["warned"] == ["SD104", "SD306"]


def test_the_same_inputs_give_the_same_bytes(pair: tuple[Path, Path]) -> None:
    assert certificates.dump(issued(pair)) == certificates.dump(issued(pair))


def test_options_that_are_not_set_leave_no_trace(pair: tuple[Path, Path]) -> None:
    """Certificates from before there were options keep their bytes."""
    statement = issued(pair)

    assert statement["predicate"]["policy"] == {
        "engines": ["bundled"],
        "strict": False,
        "fail_on": "error",
        "allow_specials": False,
    }
    assert certificates.policy_of(statement) == Policy()


def test_options_are_pinned_and_judged_anew(pair: tuple[Path, Path]) -> None:
    options = Options(heterogeneous_vocab=True, context=256, batch=8, tensor_parallel=2)
    policy = Policy(("bundled", "vllm"), options=options)
    statement = certificates.issue(check(str(pair[0]), str(pair[1]), policy))

    jsonschema.validate(statement, SCHEMA)
    assert certificates.policy_of(statement) == policy
    assert held(statement).drift == ()
    longer = deepcopy(statement)
    longer["predicate"]["policy"]["context"] = 4096
    longer["predicate"]["seal"] = certificates.seal(longer)
    assert held(longer).drift
    for damage in (0, "256", True, None, 2**31):
        broken = deepcopy(statement)
        broken["predicate"]["policy"]["batch"] = damage
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)
        if damage is not None:
            with pytest.raises(CertificateError, match="out of shape"):
                certificates.load(certificates.dump(broken), "pair.json")


def test_the_subject_digest_is_that_of_the_files_as_sha256sum_lists_them(pair: tuple[Path, Path]) -> None:
    import hashlib

    statement = issued(pair)
    files = certificates.locked_files(statement, "drafter")
    listing = "".join(f"{files[path]}  {path}\n" for path in sorted(files))

    assert files["config.json"] == hashlib.sha256((pair[1] / "config.json").read_bytes()).hexdigest()
    assert "model.safetensors#header" in files
    assert statement["subject"][1]["digest"]["sha256"] == hashlib.sha256(listing.encode()).hexdigest()


def test_a_pair_that_is_not_certified_has_none(tmp_path: Path) -> None:
    report = check(
        str(make_model(tmp_path / "a", layers=2).folder), str(make_model(tmp_path / "b", corpus=OTHER_CORPUS).folder)
    )

    with pytest.raises(ValueError, match="only a certified pair"):
        certificates.issue(report)


def test_it_holds_while_nothing_changes(pair: tuple[Path, Path]) -> None:
    holding = held(certificates.load(certificates.dump(issued(pair)), "pair.json"))

    assert (holding.drift, holding.notes) == ((), ())


def test_other_whitespace_and_key_order_are_a_note(pair: tuple[Path, Path]) -> None:
    statement = issued(pair)
    for name in ("tokenizer.json", "config.json"):
        whole = json.loads((pair[1] / name).read_text())
        (pair[1] / name).write_text(json.dumps(dict(reversed(whole.items()))))

    holding = held(statement)

    assert holding.drift == ()
    assert holding.notes == (
        "The drafter's config.json, tokenizer.json has other bytes than certified; every fact is the same.",
    )


def test_one_token_respelled_is_drift_of_the_vocabulary(pair: tuple[Path, Path]) -> None:
    statement = issued(pair)
    respell_token(pair[1], 300, "zzz")

    assert "The drafter's vocabulary is not what was certified." in held(statement).drift


@pytest.mark.parametrize(
    ("fact", "edit"),
    [
        ("set of end-of-text ids", lambda config: config.update(eos_token_id=7)),
        ("context length", lambda config: config.update(max_position_embeddings=64)),
        ("architecture", lambda config: config.update(model_type="mistral")),
        ("tie of head and embedding", lambda config: config.update(tie_word_embeddings=True)),
    ],
)
def test_another_fact_is_drift_that_names_it(pair: tuple[Path, Path], fact: str, edit: Any) -> None:
    statement = issued(pair)
    edit_json(pair[0] / "config.json", edit)

    assert f"The target's {fact} is not what was certified." in held(statement).drift


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values that are no containers."""
    if isinstance(value, dict | list) and value:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))
    else:
        yield path


def edited(statement: Statement, path: tuple[Any, ...], *, sealed: bool) -> Statement:
    """The statement with one value changed; sealed anew, as a forger would."""
    copy: Any = deepcopy(statement)
    place = copy
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}0"
    if sealed:
        copy["predicate"]["seal"] = certificates.seal(copy)
    return dict(copy)


def test_an_edited_certificate_never_verifies(pair: tuple[Path, Path]) -> None:
    """Every single value, edited by hand: it is refused as no certificate, cannot be read, or has drifted."""
    statement = issued(pair)
    for path in leaves(statement):
        assert not _verifies(edited(statement, path, sealed=False)), path


def test_a_forged_seal_does_not_help(pair: tuple[Path, Path]) -> None:
    """All that the facts determine is recomputed; what is left to a forger is the version of the tool.

    And a permission that this pair does not need, since its control tokens are equal.
    """
    statement = issued(pair)
    accepted = {path for path in leaves(statement) if _verifies(edited(statement, path, sealed=True))}

    unneeded = ("predicate", "policy", "allow_specials")
    assert accepted == {("predicate", "seal"), ("predicate", "verifier", "version"), unneeded}


def _verifies(statement: Statement) -> bool:
    try:
        loaded = certificates.load(json.dumps(statement).encode(), "pair.json")
        return not held(loaded).drift
    except specdec_check.compat.CheckError:
        return False


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"null", b"\xff\xfe", b'{"_type": "https://in-toto.io/Statement/v1"}', b"[" * 100_000],
)
def test_what_is_no_certificate_is_a_sentence(data: bytes) -> None:
    with pytest.raises(CertificateError, match=r"^pair\.json is"):
        certificates.load(data, "pair.json")


def test_a_certificate_with_parts_missing_is_a_sentence(pair: tuple[Path, Path]) -> None:
    statement = issued(pair)
    for key in ("policy", "models"):
        broken = deepcopy(statement)
        del broken["predicate"][key]
        with pytest.raises(CertificateError, match="parts missing"):
            certificates.load(json.dumps(broken).encode(), "pair.json")


def test_a_branch_in_place_of_a_commit_is_refused(pair: tuple[Path, Path]) -> None:
    statement = issued(pair)
    statement["predicate"]["models"]["drafter"] |= {"kind": "hub", "name": "org/drafter"}
    statement["predicate"]["models"]["drafter"]["locked"]["commit"] = "main"

    with pytest.raises(CertificateError, match="out of shape"):
        certificates.load(json.dumps(statement).encode(), "pair.json")


def test_a_key_that_stands_twice_is_refused(pair: tuple[Path, Path]) -> None:
    """Readers would disagree on which of the two counts."""
    text = certificates.dump(issued(pair)).decode()
    doubled = text.replace('"verdict": "certified"', '"verdict": "refused", "verdict": "certified"')

    with pytest.raises(CertificateError, match="not readable JSON"):
        certificates.load(doubled.encode(), "pair.json")


@pytest.mark.parametrize(
    "edit",
    [
        lambda whole: whole.update(extra=1),
        lambda whole: whole["predicate"]["models"].update(third={}),
        lambda whole: whole["predicate"]["policy"].update(engines=["bundled", "bundled"]),
        lambda whole: whole["predicate"]["policy"].update(fail_on="note"),
        lambda whole: whole["predicate"].update(verifier=[]),
    ],
)
def test_what_is_added_to_it_is_found_even_if_it_is_sealed_anew(pair: tuple[Path, Path], edit: Any) -> None:
    statement = issued(pair)
    edit(statement)
    statement["predicate"]["seal"] = certificates.seal(statement)

    assert not _verifies(statement)


# The trial of the tokenizers


@pytest.fixture
def tried(tmp_path: Path) -> tuple[Path, Path]:
    """A pair whose tokenizers differ in their merges, so that only a trial tells how they encode."""
    made = [make_model(tmp_path / side, layers=layers) for side, layers in (("target", 2), ("drafter", 1))]
    edit_json(made[1].folder / "tokenizer.json", lambda whole: whole["model"]["merges"].reverse())
    return made[0].folder, made[1].folder


def cut_short(*_: object) -> Unknown:
    return Unknown("the target's tokenizer ran out of time")


def test_a_trial_that_is_cut_short_is_no_drift(tried, monkeypatch):
    statement = issued(tried)
    assert "SD107" in statement["predicate"]["rules"]["warned"]
    monkeypatch.setattr(pipeline, "probe", cut_short)

    with pytest.raises(CheckError, match="Every fact is as certified"):
        held(statement)


def test_a_trial_that_was_cut_short_when_it_was_issued_may_be_made_up_for(tried, monkeypatch):
    with monkeypatch.context() as busy:
        busy.setattr(pipeline, "probe", cut_short)
        statement = issued(tried)
    assert "SD107" in statement["predicate"]["rules"]["open"]

    assert not held(statement).drift
