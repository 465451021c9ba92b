"""What the Hub lists and does not give: settled where an equal file can be read, else open, with the access named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hub import faults
from hub.answers import Query
from hub.answers import error as refusal
from hub.server import LoopbackHub
from making import OTHER_CORPUS, Made, make_model
from running import TOKEN, CommandLine

import specdec_check.compat
from specdec_check.compat.errors import AccessError
from specdec_check.compat.evidence import Evidence, Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.finding import Severity
from specdec_check.compat.pipeline import Access, Report, check
from specdec_check.compat.relation import Relation
from specdec_check.compat.tokenizer.vocabulary import Vocabulary
from specdec_check.compat.verdict import Policy, Verdict
from specdec_check.compat.verify import verify

ELSEWHERE = "hf_aTokenOfSomebodyElse"
SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "report.schema.json").read_text())
INDEX = "model.safetensors.index.json"
Publish = Callable[..., Made]
Pair = tuple[Made, Made]


@pytest.fixture
def stranger(tmp_path: Path) -> str:
    """A model in a folder that shares no file with any other."""
    made = make_model(tmp_path / "stranger", corpus=OTHER_CORPUS, rows=60_000, context=64, hidden=32, weights="header")
    (made / "generation_config.json").write_text('{"top_k": 3}')
    return str(made.folder)


def unknown(facts: Fingerprint) -> dict[str, str]:
    """Fact → why it is not known."""
    return {name: fact.why for name in facts.__slots__ if isinstance(fact := getattr(facts, name), Unknown)}


def by_digest(report: Report) -> dict[str, list[str]]:
    """Whose files SD601 names."""
    found = [found for found in report.decision.findings if found.code == "SD601"]
    assert all(one.evidence is Evidence.DIGEST for one in found)
    return {one.subject.value: one.args["files"] for one in found}


# From the command line


def test_a_gated_target_is_settled_by_digest_as_far_as_that_goes(
    specdec_check: CommandLine, hub: LoopbackHub, pair: Pair
) -> None:
    hub.gate("org/target", TOKEN)

    run = specdec_check("org/target", "org/drafter")
    found = specdec_check("org/target", "org/drafter", "--format", "json").json
    offline = specdec_check("org/target", "org/drafter", "--format", "json", "--offline").json
    allowed = specdec_check("org/target", "org/drafter", token=TOKEN)

    lines = run.stdout.splitlines()
    assert run.status == 2
    assert lines[0] == (
        "UNDECIDED for bundled: org/target × org/drafter: org/target withholds config.json and model.safetensors, as it"
        " is gated and no token was given (the tokens: identical, all 384 tokens are equal, proved by digest)"
    )
    assert (
        "note    SD601 proved-by-digest: The Hub withholds generation_config.json, tokenizer.json,"
        " tokenizer_config.json of the target; its listed digests prove equality with files that were read."
    ) in lines
    remedy = f"Accept its terms at {hub.endpoint}/org/target and set HF_TOKEN to a token of that account."
    assert f"do      org/target: {remedy}" in lines
    assert "publishes no" not in run.stdout
    jsonschema.validate(found, SCHEMA)
    assert (found["verdict"], found["relation"], found["comparison"]["same"]) == ("undecided", "identical", 384)
    assert found["target"]["withheld"].keys() == {"config.json", "model.safetensors"}
    assert found["target"]["withheld"]["config.json"]["why"] == "it is gated and no token was given"
    assert found["target"]["twins"] == dict.fromkeys(
        ["generation_config.json", "tokenizer.json", "tokenizer_config.json"], "org/drafter"
    )
    assert (found["drafter"]["withheld"], found["drafter"]["twins"]) == ({}, {})
    assert {**offline["target"], "notes": []} == found["target"]
    assert allowed.status == 0
    assert "SD601" not in allowed.stdout


def test_a_token_that_opens_nothing_is_told_so(specdec_check, hub, pair):
    hub.gate("org/target", TOKEN)

    run = specdec_check("org/target", "org/drafter", token=ELSEWHERE)

    assert run.status == 2
    assert "as it is gated and the token in use does not open it (the tokens: identical" in run.stdout
    assert f"Ask for access at {hub.endpoint}/org/target and set HF_TOKEN to a token of that account" in run.stdout


def test_two_gated_models_are_told_which_of_their_files_are_equal(specdec_check, hub, pair):
    for name in ("org/target", "org/drafter"):
        hub.gate(name, TOKEN)

    run = specdec_check("org/target", "org/drafter", "--format", "json")

    assert run.status == 2
    assert run.json["relation"] is None
    assert [found["args"] for found in run.json["findings"]] == [
        {
            "files": ["generation_config.json", "tokenizer.json", "tokenizer_config.json"],
            "equal": "of the other model, withheld as well",
        }
    ] * 2
    assert len(run.json["advice"]) == 2
    assert specdec_check("org/target", "org/drafter", token=TOKEN).status == 0


def test_tokens_that_differ_are_refused_whatever_is_withheld(hub, client, pair, stranger):
    hub.break_with(lambda _: refusal(403, "no", "GatedRepo"), "org/target/*/*config.json")

    report = check("org/target", stranger)

    assert report.decision.verdict is Verdict.REFUSED
    assert report.target.snapshot.withheld.keys() == {"config.json", "generation_config.json", "tokenizer_config.json"}


def test_a_folder_proves_as_well_as_a_repository(hub, client, pair, tmp_path):
    hub.gate("org/target", TOKEN)
    drafter = make_model(tmp_path / "same", rows=50_000, hidden=64, weights="header").folder

    report = check("org/target", str(drafter))

    assert report.target.snapshot.twins["tokenizer.json"] == str(drafter)
    assert by_digest(report)["target"] == ["generation_config.json", "tokenizer.json", "tokenizer_config.json"]


def test_a_gguf_file(hub, client, pair, stranger, tmp_path):
    (tmp_path / "gguf").mkdir()
    (tmp_path / "gguf" / "model.gguf").write_bytes(b"GGUF" + bytes(100))
    hub.add("org/gguf", tmp_path / "gguf")
    hub.gate("org/gguf", TOKEN)

    report = check("org/gguf:model.gguf", stranger)

    assert report.decision.verdict is Verdict.UNDECIDED
    assert set(unknown(report.target.facts).values()) == {"withholds model.gguf, as it is gated and no token was given"}


# Which facts


@pytest.mark.parametrize(
    ("file", "lost", "kept"),
    [
        ("config.json", {"declared", "context", "architecture", "tied", "rows", "bos"}, {"vocabulary", "merges"}),
        ("generation_config.json", {"eos", "bos", "pad", "unk"}, {"vocabulary", "declared", "rows", "architecture"}),
        ("tokenizer_config.json", {"eos", "template", "template_ids", "framing", "pipeline"}, {"vocabulary", "rows"}),
        ("tokenizer.json", {"vocabulary", "merges", "pipeline", "eos"}, {"declared", "rows", "architecture"}),
        ("special_tokens_map.json", {"eos", "unk"}, {"vocabulary", "rows"}),
        ("added_tokens.json", {"eos", "template_ids"}, {"vocabulary", "rows"}),
        ("chat_template.jinja", {"template", "template_ids"}, {"vocabulary", "rows"}),
        ("model.safetensors", {"rows", "weights"}, {"vocabulary", "eos", "declared", "architecture"}),
    ],
)
def test_a_withheld_file_is_never_taken_for_an_absent_one(hub, client, publish, stranger, file, lost, kept):
    texts = {"special_tokens_map.json": "{}", "added_tokens.json": "{ }", "chat_template.jinja": "{{ messages }}"}
    publish("org/target", files=texts)
    hub.break_with(lambda _: refusal(403, "no", "GatedRepo"), f"org/target/*/{file}")

    report = check("org/target", stranger)

    found = unknown(report.target.facts)
    assert lost <= found.keys()
    assert not kept & found.keys()
    assert set(found.values()) == {f"withholds {file}, as it is gated and no token was given"}
    assert report.target.facts.reading.withheld == (file,)
    assert report.decision.verdict is not Verdict.CERTIFIED


@pytest.mark.parametrize("withheld", [INDEX, "*.safetensors", "model-00003-of-00003.safetensors"])
def test_shards(hub, client, publish, stranger, withheld):
    publish("org/target", weights="sharded-header", shards=3, layers=3)
    hub.break_with(lambda _: refusal(403, "no", "GatedRepo"), f"org/target/*/{withheld}")

    facts = check("org/target", stranger).target.facts

    assert unknown(facts).keys() == {"rows", "weights"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refusal(401, "restricted", "GatedRepo"), "it is gated and no token was given"),
        (refusal(403, "Forbidden"), "its files are not given without a token"),
        (refusal(401, "no idea"), "its files are not given without a token"),
    ],
    ids=["gated", "bare 403", "bare 401"],
)
@pytest.mark.parametrize("place", ["org/target/*/tokenizer.json", "org/target/*/model.safetensors"])
def test_every_way_of_withholding(hub, client, pair, stranger, place, answer, why):
    hub.break_with(lambda _: answer, place)

    report = check("org/target", stranger)

    assert [denial.why for denial in report.target.snapshot.withheld.values()] == [why]


@pytest.mark.parametrize("policy", [Policy(strict=True), Policy(fail_on=Severity.WARNING)], ids=["strict", "warning"])
def test_a_token_that_a_withheld_file_may_add_is_no_difference(hub, client, publish, policy):
    """The config adds a token to both; only the drafter's can be read."""
    named = {"added_tokens_decoder": {"384": {"content": "<extra>", "special": True}}}
    publish("org/target", tokenizer_config=named, layers=2)
    publish("org/drafter", tokenizer_config=named | {"padding_side": "left"})
    hub.break_with(lambda _: refusal(403, "no", "GatedRepo"), "org/target/*/tokenizer_config.json")

    report = check("org/target", "org/drafter", policy)

    assert report.decision.relation is Relation.EXTENDS
    assert report.decision.verdict is Verdict.UNDECIDED
    hub.mend()
    assert check("org/target", "org/drafter").decision.relation is Relation.IDENTICAL


def test_what_a_withheld_config_may_add_is_said(specdec_check, hub, publish):
    publish("org/target", layers=2)
    publish("org/drafter", tokenizer_config={"padding_side": "left"})
    hub.gate("org/target", TOKEN)

    answer = specdec_check("org/target", "org/drafter").stdout.splitlines()[0]

    assert answer.endswith("are equal, proved by digest, but for what tokenizer_config.json may add)")


# Proofs


def test_a_whole_mirror_proves_everything(specdec_check, hub, publish, tmp_path):
    for name in ("org/target", "org/mirror"):
        publish(name, weights="sharded-header", shards=3, layers=3)
    hub.gate("org/target", TOKEN)
    certificate = tmp_path / "pair.json"

    run = specdec_check("org/target", "org/mirror", "--format", "json", "--certificate", certificate)

    assert run.status == 0, run.stdout
    assert run.json["target"]["withheld"] == {}
    assert {"model-00001-of-00003.safetensors", INDEX, "config.json"} <= run.json["target"]["twins"].keys()
    # Whoever may read the files finds nothing else in them, in another run on another machine.
    with_access = specdec_check("verify", certificate, token=TOKEN, home=tmp_path / "another")
    assert (with_access.status, with_access.stderr) == (0, ""), with_access.stdout


def test_a_file_in_lfs_is_known_by_the_content_of_a_plain_one(hub, client, pair):
    answer = hub._hub.answer(Query("GET", "/api/models/org/target?blobs=True"))
    whole: dict[str, Any] = json.loads(answer.content.read(0, answer.content.size))
    sha256 = {path: file.sha256 for path, file in hub.library.snapshot(hub.library["org/target"], "main").files.items()}
    for sibling in whole["siblings"]:
        sibling |= {"blobId": "0" * 40, "lfs": {"sha256": sha256[sibling["rfilename"]], "size": 1, "pointerSize": 1}}
    hub.break_with(faults.replaced(json.dumps(whole).encode()), "/api/models/org/target*")
    hub.gate("org/target", TOKEN)

    report = check("org/target", "org/drafter")

    assert report.decision.relation is Relation.IDENTICAL
    assert "tokenizer.json" in report.target.snapshot.twins


def test_other_digests_prove_nothing(hub, client, publish, stranger):
    publish("org/target")
    hub.gate("org/target", TOKEN)

    report = check("org/target", stranger)

    assert by_digest(report) == {}
    assert report.decision.relation is None
    assert isinstance(report.pair.comparison, Unknown)
    assert len(report.target.snapshot.withheld) == 5


def test_what_this_machine_has_of_it_is_used(hub, client, pair, stranger):
    """The files were fetched when there was a token; the header is asked for each time."""
    assert check("org/target", "org/drafter").decision.verdict is Verdict.CERTIFIED
    hub.gate("org/target", TOKEN)

    report = check("org/target", stranger)

    assert report.target.snapshot.withheld.keys() == {"model.safetensors"}
    assert isinstance(report.target.facts.vocabulary, Vocabulary)


def test_a_run_that_is_given_less_forgets_nothing(hub, client, pair):
    assert check("org/target", "org/drafter").decision.verdict is Verdict.CERTIFIED
    hub.gate("org/target", TOKEN)
    assert check("org/target", "org/drafter").decision.verdict is Verdict.UNDECIDED

    assert check("org/target", "org/drafter", access=Access(offline=True)).decision.verdict is Verdict.CERTIFIED


def test_a_pinned_commit_that_was_withheld_is_asked_for_again(hub, client, pair, monkeypatch):
    hub.gate("org/target", TOKEN)
    name = f"org/target@{hub.commit('org/target')}"
    assert check(name, "org/drafter").decision.verdict is Verdict.UNDECIDED

    monkeypatch.setenv("HF_TOKEN", TOKEN)

    assert check(name, "org/drafter").decision.verdict is Verdict.CERTIFIED


# Certificates


@pytest.mark.parametrize("moved", [False, True])
def test_access_that_was_lost_is_no_drift(specdec_check, hub, pair, publish, tmp_path, moved):
    certificate = tmp_path / "pair.json"
    hub.gate("org/target", TOKEN)
    assert specdec_check("org/target", "org/drafter", "--certificate", certificate, token=TOKEN).status == 0
    if moved:
        publish("org/target", layers=2, context=64)

    run = specdec_check("verify", certificate, home=tmp_path / "another")

    assert run.error.startswith("org/target withholds config.json")
    assert "as it is gated and no token was given: accept its terms at " in run.error
    assert (
        specdec_check("verify", certificate, "--format=json", home=tmp_path / "other").json["error"]["kind"]
        == "no-access"
    )


def test_the_locked_commit_alone_may_be_withheld(hub, client, pair, publish, tmp_path):
    from specdec_check.compat import certificate as certificates

    file = tmp_path / "pair.json"
    file.write_bytes(certificates.dump(certificates.issue(check("org/target", "org/drafter"))))
    commit = hub.commit("org/target")
    publish("org/target", layers=2, metadata={"format": "pt", "note": "moved"})
    hub.break_with(lambda _: refusal(403, "no", "GatedRepo"), f"*/{commit}/*.safetensors")

    with pytest.raises(AccessError, match=r"withholds model\.safetensors"):
        verify(file, Access())
