"""The lock: unchanged it is byte for byte the same, and what changes is named with its file and its values."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hub import faults
from making import edit_json, respell_token
from running import CommandLine, interrupt

DECLARED = """
[[pairs]]
name = "chat"
target = "org/target"
drafter = "org/drafter"
"""


@pytest.fixture
def project(specdec_check: CommandLine, pair: object) -> Path:
    """The folder that the command runs in, with one declared pair and its lock."""
    specdec_check.folder.mkdir()
    (specdec_check.folder / "specdec.toml").write_text(DECLARED)
    run = specdec_check("lock")
    assert (run.status, run.stderr) == (0, "")
    return specdec_check.folder


def findings(run):
    return [found for pair in run.json["pairs"] for found in pair["findings"]] + run.json["findings"]


def test_it_says_what_was_written_and_what_that_was(project, hub):
    lock = json.loads((project / "specdec.lock").read_text())

    assert [model["original"] for model in lock["models"]] == ["org/drafter", "org/target"]
    drafter = lock["models"][0]
    assert drafter["locked"]["commit"] == hub.commit("org/drafter")
    assert "tokenizer.json" in drafter["locked"]["files"]
    assert [(pair["verdict"], pair["relation"]) for pair in lock["pairs"]] == [("certified", "identical")]


def test_unchanged_it_stays_to_the_byte(specdec_check, project):
    before = (project / "specdec.lock").read_bytes()

    again, upgraded = specdec_check("lock"), specdec_check("lock", "--upgrade")

    assert (again.status, upgraded.status) == (0, 0)
    assert (project / "specdec.lock").read_bytes() == before
    assert "specdec.lock is as it was" in again.stdout
    assert specdec_check("gate", "--locked").status == 0


def test_another_token_upstream_fails_and_is_named(specdec_check, project, pair, hub):
    before = hub.commit("org/drafter")
    respell_token(pair[1].folder, 300, "zebra")

    locked = specdec_check("gate", "--locked", "--format", "json")
    frozen = specdec_check("gate", "--frozen", "--format", "json")

    assert locked.status == 1
    drift = next(found for found in findings(locked) if found["code"] == "SD710")
    assert (drift["subject"], drift["severity"], drift["decides"]) == ("drafter", "error", True)
    assert "tokenizer.json" in drift["message"]
    assert "id 300 was" in drift["message"]
    assert "is 'zebra'" in drift["message"]
    assert (frozen.status, [found["code"] for found in findings(frozen) if found["decides"]]) == (0, [])
    assert any(before in note for note in frozen.json["pairs"][0]["notes"])


def test_without_a_binding_lock_a_change_is_a_warning(specdec_check, project, pair):
    edit_json(pair[1] / "config.json", lambda config: config | {"max_position_embeddings": 100_000})

    run = specdec_check("gate", "--format", "json")

    drift = next(found for found in findings(run) if found["code"] == "SD710")
    assert (run.status, drift["severity"]) == (0, "warning")
    assert "context length" in drift["message"]
    assert "is 100000" in drift["message"]


def test_a_commit_that_changes_no_file_that_decides_is_said_and_is_no_failure(specdec_check, project, pair, hub):
    before = hub.commit("org/target")
    (pair[0] / "README.md").write_text("other words")

    run = specdec_check("gate", "--locked", "--format", "json")

    assert run.status == 0
    notes = run.json["pairs"][0]["notes"]
    assert (
        f"org/target moved from {before} to {hub.commit('org/target')}, and the files that decide did not change."
        in notes
    )


def test_a_missing_or_stale_lock_fails_when_it_is_asked_for(specdec_check, project, publish):
    publish("org/other")
    (project / "specdec.toml").write_text(DECLARED.replace("org/drafter", "org/other"))
    stale = specdec_check("gate", "--locked", "--format", "json")
    (project / "specdec.lock").unlink()
    missing = specdec_check("gate", "--locked", "--format", "json")
    frozen = specdec_check("gate", "--frozen", "--format", "json")

    assert (stale.status, missing.status, frozen.status) == (1, 1, 1)
    assert {found["code"] for found in findings(stale) if found["decides"]} == {"SD709", "SD711"}
    assert {found["code"] for found in findings(missing) if found["decides"]} == {"SD712"}
    assert frozen.json["pairs"][0]["verdict"] is None


def test_a_scanned_pair_that_the_lock_lacks_fails(specdec_check, project):
    (project / "serve.sh").write_text("vllm serve org/target --speculative-model org/drafter\n")

    without, locked = specdec_check("gate"), specdec_check("gate", "--locked", "--format", "json")

    assert (without.status, locked.status) == (0, 1)
    assert "SD709" in [found["code"] for found in findings(locked) if found["decides"]]
    assert specdec_check("lock").status == 0
    assert specdec_check("gate", "--locked").status == 0


def test_frozen_with_a_warm_cache_needs_no_hub(specdec_check, project, hub):
    hub.break_with(faults.status(503))
    hub.forget()

    frozen = specdec_check("gate", "--frozen", "--format", "json")
    asked = specdec_check("gate", "--locked", "--timeout", "2", "--format", "json")

    assert frozen.status == 0
    assert any("taken at the locked commit" in note for note in frozen.json["pairs"][0]["notes"])
    assert asked.status == 2
    assert hub.requests() != []


def test_frozen_reads_the_locked_commit_where_the_cache_is_cold(specdec_check, project, pair, hub, tmp_path):
    respell_token(pair[1].folder, 300, "zebra")
    hub.break_with(faults.status(503), match="/api/models/*/revision/main*")

    run = specdec_check("gate", "--frozen", "--format", "json", home=tmp_path / "cold")

    assert run.status in (0, 2)
    if run.status == 2:
        assert {found["code"] for found in findings(run) if found["decides"]} == {"SD703"}


def test_upgrade_moves_revisions_and_shows_what_changed(specdec_check, project, pair, hub):
    before = (project / "specdec.lock").read_bytes()
    respell_token(pair[1].folder, 300, "zebra")
    stays = specdec_check("lock")
    assert (stays.status, (project / "specdec.lock").read_bytes()) == (0, before)

    run = specdec_check("lock", "--upgrade", "org/drafter")

    assert run.status == 1
    assert "tokenizer.json changed: 1 of" in run.stdout, run.stdout
    assert "is 'zebra'" in run.stdout
    assert "the verdict was certified, is refused" in run.stdout
    lock = json.loads((project / "specdec.lock").read_text())
    assert lock["models"][0]["locked"]["commit"] == hub.commit("org/drafter")
    assert "did you mean 'org/drafter'" in specdec_check("lock", "--upgrade", "org/drafte").error


def test_a_model_that_cannot_be_read_leaves_the_lock_as_it_is(specdec_check, project, hub):
    before = (project / "specdec.lock").read_bytes()
    hub.break_with(faults.status(404), match="*org/target*")

    run = specdec_check("lock", "--upgrade", "--timeout", "5")

    assert run.status == 2
    assert (project / "specdec.lock").read_bytes() == before


def test_a_head_that_somebody_answers_for_keeps_no_lock_from_holding(specdec_check, project):
    (project / "serve.sh").write_text("""vllm serve org/target -sc '{"method": "eagle3", "model": "org/head"}'\n""")
    open_ = specdec_check("lock")
    (project / "specdec.toml").write_text(DECLARED + '[[ignores]]\nrule = "SD702"\nreason = "its card names it"\n')

    answered = specdec_check("lock")

    assert (open_.status, answered.status) == (2, 0)
    assert "not locked serve.sh: org/target × org/head (vllm): NOT CHECKED for vllm" in answered.stdout
    assert "passes by exception from SD702" in answered.stdout
    assert specdec_check("gate", "--locked").status == 0
    assert specdec_check("gate", "--frozen").status == 0


def test_other_options_beside_a_pair_are_told_with_both_values(specdec_check, project):
    script = "vllm serve org/target --speculative-model org/drafter --max-model-len {}\n"
    (project / "serve.sh").write_text(script.format(512))
    assert specdec_check("lock").status == 0
    (project / "serve.sh").write_text(script.format(256))

    run = specdec_check("gate", "--locked", "--format", "json")

    told = [found for found in findings(run) if found["decides"]]
    assert (run.status, [found["code"] for found in told]) == (1, ["SD710", "SD711"])
    assert "context was 512, is 256" in told[0]["message"]


def test_a_part_of_the_project_is_held_against_its_part_of_the_lock(specdec_check, project):
    for name in ("a", "b"):
        (project / name).mkdir()
        (project / name / "serve.sh").write_text("vllm serve org/target --speculative-model org/drafter -tp 2\n")
    (project / "b" / "serve.sh").write_text("vllm serve org/target --speculative-model org/drafter -tp 1\n")
    assert specdec_check("lock").status == 0
    before = (project / "specdec.lock").read_bytes()

    assert specdec_check("gate", "a", "--locked").status == 0
    assert specdec_check("lock", "a").status == 0
    assert (project / "specdec.lock").read_bytes() == before
    (project / "b" / "serve.sh").unlink()
    assert specdec_check("gate", "--locked").status == 1


def test_a_damaged_lock_is_written_anew_and_that_is_said(specdec_check, project):
    before = (project / "specdec.lock").read_bytes()
    (project / "specdec.lock").write_bytes(b"<<<<<<< HEAD\n" + before)

    run = specdec_check("lock")

    assert run.status == 0
    assert "It is written anew" in run.stderr
    assert (project / "specdec.lock").read_bytes() == before


def test_no_lock_is_written_of_nothing(specdec_check):
    specdec_check.folder.mkdir()

    assert "no pairing to check" in specdec_check("lock").error
    assert list(specdec_check.folder.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"<<<<<<< HEAD\n", b'{"version": 1}', b'{"version": 2}', b"[]", b"\xff"])
def test_a_damaged_lock_is_no_verdict(specdec_check, project, damage):
    (project / "specdec.lock").write_bytes(damage)

    assert "specdec.lock" in specdec_check("gate", "--locked").error


def test_an_edited_lock_is_seen_when_frozen(specdec_check, project):
    lock = json.loads((project / "specdec.lock").read_text())
    lock["models"][0]["locked"]["files"]["tokenizer.json"] = "0" * 64
    (project / "specdec.lock").write_text(json.dumps(lock))

    run = specdec_check("gate", "--frozen", "--format", "json")

    assert run.status == 1
    assert "tokenizer.json is not what the lock has" in findings(run)[0]["message"]


@pytest.mark.parametrize("after", [0.1, 0.3, 0.5, 0.7, 0.9, 1.1])
def test_interrupted_at_any_moment_the_lock_is_whole_or_as_it_was(specdec_check, project, pair, after):
    before = (project / "specdec.lock").read_bytes()
    respell_token(pair[1].folder, 300, "zebra")
    process = specdec_check.start("lock", "--upgrade")
    time.sleep(after)

    interrupt(process)
    _, stderr = process.communicate(timeout=20)

    now = (project / "specdec.lock").read_bytes()
    assert process.returncode in (130, 1, -2), stderr  # -2: before Python could listen
    assert now == before or json.loads(now)["models"] != json.loads(before)["models"]
    assert sorted(path.name for path in project.iterdir()) == ["specdec.lock", "specdec.toml"]


def edited(project: Path, edit) -> None:
    lock = json.loads((project / "specdec.lock").read_text())
    edit(lock)
    (project / "specdec.lock").write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n")


@pytest.mark.parametrize(
    "edit",
    [
        lambda lock: lock["models"].append(lock["models"][0] | {"original": "org/unused"}),
        lambda lock: lock["models"][0]["vocab"].update(used=1),
        lambda lock: lock["models"][0]["facts"].clear(),
        lambda lock: lock["models"][0]["locked"].update(repository="org/other"),
        lambda lock: lock["models"].insert(0, lock["models"][0]),
        lambda lock: lock["pairs"].insert(0, lock["pairs"][0] | {"verdict": "refused"}),
        lambda lock: lock.update(note="approved"),
        lambda lock: lock["pairs"][0].update(verdict="refused"),
    ],
)
def test_a_lock_that_would_be_written_otherwise_fails(specdec_check, project, edit):
    edited(project, edit)

    assert specdec_check("gate", "--locked").status == 1


def test_frozen_without_the_models_in_the_lock_is_no_pass(specdec_check, project):
    edited(project, lambda lock: lock["models"].clear())
    (project / "specdec.toml").write_text(DECLARED + '[[ignores]]\nrule = "SD716"\nreason = "set by the operator"\n')

    run = specdec_check("gate", "--frozen", "--format", "json")

    assert run.status == 1
    assert "SD709" in [found["code"] for found in findings(run) if found["decides"]]
