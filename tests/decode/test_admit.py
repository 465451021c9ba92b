"""Who may decode: a pair that is certified and still is what was certified."""

import json
from pathlib import Path

import pytest
from making import OTHER_CORPUS, SENTENCEPIECE, edit_json, make_model, respell_token

from specdec_check.compat import certificate as certificates
from specdec_check.compat.engines import ENGINES
from specdec_check.compat.pipeline import Access, check
from specdec_check.compat.verdict import Policy
from specdec_check.decode.admit import NotAdmittedError, by_certificate, by_check


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    target = make_model(tmp_path / "target", layers=2, rows=512, added=("<think>",), context=1024)
    return target.folder, make_model(tmp_path / "drafter").folder


@pytest.fixture
def certificate(pair: tuple[Path, Path], tmp_path: Path) -> Path:
    file = tmp_path / "pair.json"
    file.write_bytes(certificates.dump(certificates.issue(check(str(pair[0]), str(pair[1])))))
    return file


def test_the_engine_learns_what_was_certified(certificate: Path, pair: tuple[Path, Path]) -> None:
    admission = by_certificate(certificate, Access())

    facts = admission.pairing
    assert (facts.target_rows, facts.drafter_rows) == (512, 384)
    assert facts.proposable == ((0, 384),)
    assert (facts.target_context, facts.drafter_context) == (1024, 512)
    assert facts.eos == frozenset({383})
    assert facts.stand_in == 383, "the drafter has neither unk nor pad, so its end of text stands in"
    assert [side.folder() for side in (admission.target, admission.drafter)] == list(pair)


def test_the_stand_in_is_the_drafters_unknown_token(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", SENTENCEPIECE, layers=2, added=("<think>",))
    drafter = make_model(tmp_path / "drafter", SENTENCEPIECE)

    assert by_check(str(target.folder), str(drafter.folder), Access()).pairing.stand_in == drafter.ids["<unk>"]


def test_ids_named_on_one_side_or_past_the_rows_are_not_proposed(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", layers=2, added=("<a>", "<b>"))
    drafter = make_model(tmp_path / "drafter", added=("<a>",), rows=512)

    assert by_check(str(target.folder), str(drafter.folder), Access()).pairing.proposable == ((0, 385),)


def test_a_pair_that_is_not_certified_is_refused(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", layers=2)
    drafter = make_model(tmp_path / "drafter", corpus=OTHER_CORPUS)

    with pytest.raises(NotAdmittedError, match=r"^REFUSED for bundled") as refusal:
        by_check(str(target.folder), str(drafter.folder), Access())

    assert refusal.value.refused


def test_an_undecided_pair_is_no_refusal_and_no_pass(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", layers=2)
    drafter = make_model(tmp_path / "drafter", tokenizer=None, rows=384)

    with pytest.raises(NotAdmittedError, match=r"^UNDECIDED for bundled") as refusal:
        by_check(str(target.folder), str(drafter.folder), Access())

    assert not refusal.value.refused


def test_a_respelled_token_is_drift(certificate: Path, pair: tuple[Path, Path]) -> None:
    respell_token(pair[1], 300, "zzz")

    with pytest.raises(NotAdmittedError, match="The drafter's vocabulary is not what was certified") as refusal:
        by_certificate(certificate, Access())

    assert refusal.value.refused


def test_other_whitespace_is_a_note(certificate: Path, pair: tuple[Path, Path]) -> None:
    whole = json.loads((pair[1] / "tokenizer.json").read_text())
    (pair[1] / "tokenizer.json").write_text(json.dumps(whole))

    assert by_certificate(certificate, Access()).notes == (
        "The drafter's tokenizer.json has other bytes than certified; every fact is the same.",
    )


def test_a_certificate_for_this_very_version_admits(pair: tuple[Path, Path], tmp_path: Path) -> None:
    report = check(str(pair[0]), str(pair[1]), Policy((f"bundled@{ENGINES['bundled'].version}",)))
    file = tmp_path / "versioned.json"
    file.write_bytes(certificates.dump(certificates.issue(report)))

    assert by_certificate(file, Access()).pairing.target_rows == 512


def test_an_edited_certificate_admits_nothing(certificate: Path) -> None:
    edit_json(certificate, lambda statement: statement["predicate"]["models"]["drafter"].update(name="elsewhere"))

    with pytest.raises(Exception, match=r"is not a folder|was edited"):
        by_certificate(certificate, Access())


def test_other_weights_of_the_same_shape_are_the_same_pair(certificate: Path, pair: tuple[Path, Path]) -> None:
    """A certificate is of tokenizers and shapes: a fine-tuned drafter is another drafter, and as certified."""
    file = pair[1] / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)

    assert by_certificate(certificate, Access()).notes == ()


def test_a_longrope_target_ends_where_its_factors_switch(tmp_path: Path) -> None:
    """One drafted token past the switch would turn every token before it, so none is drafted and none committed."""
    rope = {"rope_scaling": {"rope_type": "longrope", "original_max_position_embeddings": 64}}
    target = make_model(tmp_path / "target", layers=2, config=rope)
    drafter = make_model(tmp_path / "drafter")

    assert by_check(str(target.folder), str(drafter.folder), Access()).pairing.target_context == 64
