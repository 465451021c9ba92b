"""A pair on the Hub, from the command line to the exit status, and what crosses the wire for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from hub.server import LoopbackHub
from making import OTHER_CORPUS, SENTENCEPIECE, Made, edit_json, make_model
from running import TOKEN, CommandLine

import specdec_check.compat

SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "report.schema.json").read_text())
DEMO = Path(str(resources.files("specdec_check.decode") / "demo"))
Publish = Callable[..., Made]


def test_a_pair_that_fits(specdec_check: CommandLine, hub: LoopbackHub, pair: tuple[Made, Made]) -> None:
    run = specdec_check("org/target", "org/drafter")

    assert (run.status, run.stderr) == (0, "")
    assert run.stdout.startswith(
        "CERTIFIED for bundled: org/target × org/drafter: identical, all 384 tokens and the logits' width are equal"
    )
    assert hub.commit("org/target")[:12] in run.stdout
    hub.assert_only_headers_read()


def test_a_pair_that_does_not(specdec_check: CommandLine, hub: LoopbackHub, publish: Publish) -> None:
    publish("org/target")
    publish("org/stranger", corpus=OTHER_CORPUS)

    run = specdec_check("org/target", "org/stranger")

    assert (run.status, run.stderr) == (1, "")
    assert run.stdout.startswith("REFUSED for bundled: org/target × org/stranger: overlap")
    hub.assert_only_headers_read()


def test_a_model_without_a_tokenizer_leaves_it_open(specdec_check: CommandLine, publish: Publish) -> None:
    publish("org/target")
    publish("org/bare", tokenizer=None)

    run = specdec_check("org/target", "org/bare")

    assert (run.status, run.stderr) == (2, "")
    assert run.stdout.startswith("UNDECIDED for bundled: org/target × org/bare: org/bare publishes no tokenizer")


@pytest.mark.parametrize(("drafter", "status"), [({}, 0), ({"corpus": OTHER_CORPUS}, 1), ({"tokenizer": None}, 2)])
def test_json_is_one_object_whatever_the_answer(specdec_check, publish, drafter, status):
    publish("org/target")
    publish("org/drafter", **drafter)

    run = specdec_check("org/target", "org/drafter", "--format", "json")

    assert (run.status, run.stderr) == (status, "")
    jsonschema.validate(run.json, SCHEMA)
    assert run.json["verdict"] == ["certified", "refused", "undecided"][status]
    assert run.json["target"]["vocab"] | {"used": 384, "rows": 50_000} == run.json["target"]["vocab"]


def test_of_shards_only_those_of_head_and_embedding_are_opened(specdec_check, hub, publish):
    publish("org/target", weights="sharded-header", shards=6, layers=6)
    publish("org/tied", weights="sharded-header", shards=6, layers=6, tied=True)

    run = specdec_check("org/target", "org/tied", "--format", "json")
    assert run.status == 0
    opened = {request.path.rpartition("/")[2] for request in hub.requests("org/target/*safetensors")}
    assert opened == {"model-00001-of-00006.safetensors", "model-00006-of-00006.safetensors"}
    # The last one is opened before the index says whether it matters, and then decides nothing.
    assert [path for path in run.json["drafter"]["files"] if "#" in path] == ["model-00001-of-00006.safetensors#header"]
    hub.assert_only_headers_read()


@pytest.mark.parametrize("note", [102_400, 300_000])
def test_a_header_longer_than_the_first_read_is_read_to_its_end_and_no_further(specdec_check, hub, publish, note):
    target = publish("org/target", metadata={"note": "x" * note})
    publish("org/drafter")
    header = 8 + int.from_bytes((target / "model.safetensors").read_bytes()[:8], "little")

    run = specdec_check("org/target", "org/drafter", "--format", "json")

    assert (run.status, run.json["target"]["vocab"]["rows"]) == (0, 50_000)
    assert hub.bytes_sent("org/target/*safetensors") == max(header, 102_400)
    assert hub.count(match="org/target/*safetensors") == 2
    hub.assert_only_headers_read()


def test_a_weight_file_that_is_shorter_than_the_first_read(specdec_check, hub, publish):
    publish("org/target", weights="safetensors", rows=None, hidden=16)
    publish("org/drafter", weights="safetensors", rows=None, hidden=16)

    assert specdec_check("org/target", "org/drafter").status == 0
    hub.assert_only_headers_read()


def test_pickled_weights_are_not_read_and_the_rows_are_what_the_config_declares(specdec_check, hub, publish):
    publish("org/target")
    publish("org/drafter", weights="bin", rows=50_000, hidden=1)

    run = specdec_check("org/target", "org/drafter", "--format", "json")

    assert run.status == 0
    assert run.json["drafter"]["vocab"]["evidence"] == "declared"
    assert "warning" in {found["severity"] for found in run.json["findings"] if found["subject"] == "drafter"}
    assert not hub.requests("*.bin")


def test_a_sentencepiece_pair_of_large_files_that_lie_on_another_host(specdec_check, hub, publish):
    hub.cdn = True
    publish("org/target", **asdict(SENTENCEPIECE) | {"rows": 50_000, "weights": "header"})
    publish(
        "org/drafter", **asdict(SENTENCEPIECE) | {"rows": 50_000, "weights": "header", "metadata": {"x": "y" * 200_000}}
    )
    for name in ("org/target", "org/drafter"):
        hub.gate(name, TOKEN)

    run = specdec_check("org/target", "org/drafter", token=TOKEN)

    assert (run.status, run.stderr) == (0, "")
    assert len(hub.requests(host="cdn")) == 3
    assert not any(request.authorized for request in hub.requests(host="cdn"))
    assert all(request.authorized for request in hub.requests(host="hub"))
    hub.assert_only_headers_read()


def test_the_commit_is_resolved_once_and_files_are_fetched_by_it(specdec_check, hub, pair):
    commit, folder = hub.commit("org/target"), pair[0].folder

    def move(answer):
        edit_json(folder / "config.json", lambda config: config | {"model_type": "bert"})
        return answer

    hub.break_with(move, "/api/models/org/target", times=1)

    run = specdec_check("org/target", "org/drafter", "--format", "json")

    assert hub.commit("org/target") != commit
    assert (run.status, run.json["target"]["commit"]) == (0, commit)
    assert hub.count(match="/api/*") == 2
    resolved = [request.path.split("/")[4] for request in hub.requests("*/resolve/*")]
    assert set(resolved) == {commit, hub.commit("org/drafter")}


def test_a_revision_is_what_is_checked(specdec_check, hub, pair, publish):
    publish("org/target", "refs/pr/1", corpus=OTHER_CORPUS)
    commit = hub.commit("org/target", "refs/pr/1")

    for name in ("org/target@refs/pr/1", f"hf://org/target@{commit}"):
        run = specdec_check(name, "org/drafter", "--format", "json")
        assert (run.status, run.json["target"]["commit"]) == (1, commit)
    assert specdec_check("org/target@main", "org/drafter").status == 0


def test_a_former_name_leads_to_the_present_one(specdec_check, hub, pair):
    hub.alias("target", "org/target")

    run = specdec_check("target", "hf://org/drafter", "--format", "json")

    assert (run.status, run.json["target"]["id"], run.json["target"]["original"]) == (0, "org/target", "target")


def test_an_existing_folder_wins_over_the_hub(specdec_check, hub, pair):
    make_model(specdec_check.folder / "org" / "target", corpus=OTHER_CORPUS)

    assert specdec_check("org/target", "org/drafter").status == 1
    assert specdec_check("hf://org/target", "org/drafter").status == 0
    assert not hub.requests("/api/models/org/target")[1:]


def test_folders_need_no_hub(specdec_check, hub, tmp_path):
    hub.stop()
    target, drafter = make_model(tmp_path / "target", layers=2), make_model(tmp_path / "drafter", rows=512)

    run = specdec_check(target.folder, drafter.folder)

    assert (run.status, run.stderr) == (0, "")
    assert "padded" in run.stdout.splitlines()[0]
    assert not (specdec_check.home / "hub").exists()


@pytest.mark.skipif(not (DEMO / "target").is_dir(), reason="the demo models are not trained yet")
@pytest.mark.parametrize(("drafter", "status"), [("drafter", 0), ("stranger", 1)])
def test_the_demo_models_need_no_hub(specdec_check, hub, drafter, status):
    hub.stop()

    run = specdec_check("demo:target", f"demo:{drafter}")

    assert (run.status, run.stderr) == (status, "")
    assert not (specdec_check.home / "hub").exists()


def test_a_model_beside_itself_is_listed_twice_and_fits(specdec_check, hub, publish):
    publish("org/target")

    assert specdec_check("org/target", "org/target").stdout.startswith("CERTIFIED")
    hub.assert_only_headers_read(times=2)


def test_a_certificate_is_written_for_a_certified_pair_alone(specdec_check, pair, publish, tmp_path):
    publish("org/stranger", corpus=OTHER_CORPUS)
    yes, no = tmp_path / "yes.json", tmp_path / "no.json"

    assert specdec_check("org/target", "org/drafter", "--certificate", yes).status == 0
    assert specdec_check("org/target", "org/stranger", "--certificate", no).status == 1
    assert json.loads(yes.read_text())["predicate"]["verdict"] == "certified"
    assert not no.exists()


def test_a_certificate_that_cannot_be_written_is_an_error_and_no_verdict(specdec_check, pair, tmp_path):
    run = specdec_check("org/target", "org/drafter", "--certificate", tmp_path / "missing" / "pair.json")

    assert "pair.json cannot be written" in run.error


def test_on_a_pipe_each_finding_is_one_line_without_colour(specdec_check, publish):
    publish("org/target")
    publish("org/stranger", corpus=OTHER_CORPUS, context=64, eos="<|stop|>")

    run = specdec_check("org/target", "org/stranger", COLUMNS="40")

    assert "\x1b" not in run.stdout
    assert {line[:8].strip() for line in run.stdout.splitlines()[1:]} <= {
        *("engines", "error", "warning", "note", "unknown", "do", "engine", "target", "drafter", "source")
    }
