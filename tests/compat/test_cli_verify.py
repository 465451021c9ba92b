"""A certificate holds for as long as the facts do, and `verify` says which of them drifted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hub.server import LoopbackHub
from making import Made, edit_json, make_model, respell_token
from running import CommandLine

Pair = tuple[Made, Made]


@pytest.fixture
def certificate(specdec_check: CommandLine, pair: Pair, tmp_path: Path) -> Path:
    """Of `org/target` and `org/drafter`."""
    file = tmp_path / "pair.json"
    assert specdec_check("org/target", "org/drafter", "--certificate", file).status == 0
    return file


def test_it_holds(specdec_check: CommandLine, hub: LoopbackHub, certificate: Path) -> None:
    hub.forget()

    run = specdec_check("verify", certificate)

    assert (run.status, run.stderr) == (0, "")
    assert run.stdout == f"HOLDS: {certificate} for org/target × org/drafter\n"
    assert hub.count(match="/api/*") == 2
    hub.assert_only_headers_read()


def test_other_bytes_with_the_same_facts(specdec_check, hub, pair, certificate):
    before = hub.commit("org/target")
    text = (pair[0] / "tokenizer.json").read_text()
    (pair[0] / "tokenizer.json").write_text(json.dumps(json.loads(text), indent=1))
    (pair[1] / "README.md").write_text("a commit that changes no file that decides")

    run = specdec_check("verify", certificate)

    assert run.status == 0
    assert run.stdout.splitlines()[0].startswith("HOLDS")
    assert f"note    The target's commit moved from {before} to {hub.commit('org/target')}" in run.stdout
    assert "note    The target's tokenizer.json has other bytes than certified; every fact is the same." in run.stdout
    assert "note    The drafter's commit moved from" in run.stdout


def test_one_token_with_another_text(specdec_check, pair, certificate):
    respell_token(pair[1].folder, 300, "zebra")

    run = specdec_check("verify", certificate)
    as_json = specdec_check("verify", certificate, "--format", "json")

    assert (run.status, run.stderr) == (1, "")
    assert run.stdout.startswith("DRIFTED: ")
    assert "drift   The drafter's vocabulary is not what was certified." in run.stdout
    assert "change  Of the drafter, 1 of 384 ids carry another token: id 300 was " in run.stdout
    assert "is 'zebra'." in run.stdout
    assert "target" not in " ".join(line for line in run.stdout.splitlines() if line.startswith("drift"))
    assert as_json.status == 1
    assert as_json.json["holds"] is False
    assert any("drafter's vocabulary" in sentence for sentence in as_json.json["drift"])


def test_each_fact_is_named(specdec_check, pair, certificate):
    changes = {"max_position_embeddings": 64, "eos_token_id": 7, "vocab_size": 49_999, "model_type": "bert"}
    edit_json(pair[0] / "config.json", lambda config: config | changes)

    run = specdec_check("verify", certificate)

    assert run.status == 1
    drift = [line.removeprefix("drift   ") for line in run.stdout.splitlines() if line.startswith("drift")]
    assert set(drift) == {
        f"The target's {fact} is not what was certified."
        for fact in ("architecture", "context length", "declared vocabulary size", "set of end-of-text ids")
    }


def test_an_edited_certificate_never_holds(specdec_check, certificate):
    edit_json(certificate, lambda statement: statement["predicate"].update(relation="padded"))

    run = specdec_check("verify", certificate)

    assert run.status == 1
    assert "was edited" in run.stdout


def rewritten(hub: LoopbackHub, name: str, folder: Path, copy: Path) -> str:
    """Moves `main` to a commit of its own and forgets the former one, as a push by force does."""
    before = hub.commit(name)
    shutil.copytree(folder, copy)
    (copy / "README.md").write_text("another history")
    repository = hub.library[name]
    repository.folders, repository.history = {"main": copy}, {}
    assert hub.commit(name) != before
    return before


@pytest.mark.parametrize("cached", [False, True])
def test_a_certified_commit_that_is_gone(specdec_check, hub, pair, certificate, tmp_path, cached):
    commit = rewritten(hub, "org/drafter", pair[1].folder, tmp_path / "copy")

    run = specdec_check("verify", certificate, home=None if cached else tmp_path / "another machine")

    assert run.status == 1
    assert "drift   The drafter's certified commit cannot be read any more: " in run.stdout
    assert commit in run.stdout


def test_a_certified_commit_that_moved_and_is_still_there(specdec_check, pair, certificate, tmp_path):
    (pair[1] / "README.md").write_text("one more commit")

    assert specdec_check("verify", certificate, home=tmp_path / "another machine").status == 0


def test_a_hub_that_is_down_settles_nothing(specdec_check, hub, certificate):
    hub.stop()

    run = specdec_check("verify", certificate, "--timeout", 1, "--format", "json")

    assert (run.status, len(run.errors)) == (2, 2)
    assert run.json["error"]["kind"] == "unreachable"


def test_a_repository_that_is_gone_settles_nothing(specdec_check, hub, certificate):
    del hub.library._repositories["org/drafter"]

    assert specdec_check("verify", certificate).error.startswith("org/drafter is not on the Hub")


def test_offline_after_an_online_check(specdec_check, hub, certificate, tmp_path):
    hub.stop()

    assert specdec_check("verify", certificate, "--offline").status == 0
    run = specdec_check("verify", certificate, "--offline", home=tmp_path / "another machine")
    assert (run.status, len(run.errors)) == (2, 2)


def test_offline_a_commit_that_is_not_cached_is_not_said_to_be_gone(specdec_check, pair, certificate, tmp_path):
    machine = tmp_path / "another machine"
    (pair[1] / "README.md").write_text("one more commit")
    assert specdec_check("org/target", "org/drafter", home=machine).status == 0

    run = specdec_check("verify", certificate, "--offline", home=machine)

    assert run.status == 2
    assert "org/drafter" in run.error


def test_a_pinned_pair(specdec_check, hub, pair, tmp_path):
    names = [f"{name}@{hub.commit(name)}" for name in ("org/target", "org/drafter")]
    assert specdec_check(*names, "--certificate", tmp_path / "pinned.json").status == 0
    edit_json(pair[0] / "config.json", lambda config: config | {"model_type": "bert"})

    run = specdec_check("verify", tmp_path / "pinned.json")

    assert (run.status, run.stdout.count("\n")) == (0, 1)


def test_a_folder(specdec_check, hub, tmp_path):
    target, drafter = make_model(tmp_path / "target", layers=2), make_model(tmp_path / "drafter")
    file = tmp_path / "pair.json"
    assert specdec_check(target.folder, drafter.folder, "--certificate", file).status == 0
    assert specdec_check("verify", file).status == 0

    respell_token(drafter.folder, 300, "zebra")
    assert specdec_check("verify", file).status == 1

    shutil.rmtree(drafter.folder)
    assert "is not a folder" in specdec_check("verify", file).error
    assert not hub.log


STATEMENT = {"_type": "https://in-toto.io/Statement/v1"}
CERTIFICATE = STATEMENT | {"predicateType": "urn:specdec-check:pairing:v1"}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000),
        *(json.dumps(STATEMENT), json.dumps(STATEMENT | {"predicateType": "https://slsa.dev/provenance/v1"})),
        *(json.dumps(CERTIFICATE), json.dumps(CERTIFICATE | {"predicate": []})),
    ],
)
def test_what_is_no_certificate(specdec_check, tmp_path, content):
    file = tmp_path / "file.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    run = specdec_check("verify", file, "--format", "json")

    assert run.error.startswith(str(file))
    assert run.json["error"]["kind"] == "certificate"


EDITS = (
    lambda models: models["drafter"].update(original="\x1b[31m\0"),
    lambda models: models["drafter"].update(original=["org/drafter"]),
    lambda models: models["drafter"].update(kind="moon"),
    lambda models: models["drafter"].update(name="../../x"),
    lambda models: models["drafter"]["locked"].update(commit="x" * 40),
    lambda models: models["drafter"]["locked"].update(files=[]),
    lambda models: models["drafter"].pop("fingerprint"),
    lambda models: models.pop("drafter"),
)


def test_a_certificate_that_somebody_made_up_never_holds(specdec_check, certificate):
    issued = certificate.read_text()
    for edit in EDITS:
        certificate.write_text(issued)
        edit_json(certificate, lambda statement, edit=edit: edit(statement["predicate"]["models"]) and None)

        run = specdec_check("verify", certificate)

        assert run.status in (1, 2)
        assert "met an error of its own" not in run.stderr
        assert "\x1b" not in run.stdout + run.stderr


@pytest.mark.parametrize("name", ["", "missing.json", "nul"])
def test_what_is_no_file(specdec_check, tmp_path, name):
    (tmp_path / "nul").symlink_to("/dev/zero")

    run = specdec_check("verify", tmp_path / name, within=10)

    assert run.status == 2
    assert len(run.errors) == 1
