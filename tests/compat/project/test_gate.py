"""The gate over a project: declared and scanned pairs alike, and nothing passes because it was not looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hub import faults
from making import OTHER_CORPUS, Made, make_model
from running import PROGRAM, CommandLine, Run, interrupt, wait_until

import specdec_check.compat

SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "gate.schema.json").read_text())
DECLARED = """
[[pairs]]
name = "chat"
target = "org/target"
drafter = "org/drafter"
"""
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: engine
          image: vllm/vllm-openai:v0.33.0
          args:
            - --model
            - org/target
            - --speculative-config
            - '{"method": "draft_model", "model": "org/stranger", "num_speculative_tokens": 4}'
"""


@pytest.fixture
def project(specdec_check: CommandLine) -> Path:
    """The folder that the command runs in, with one declared pair."""
    specdec_check.folder.mkdir()
    (specdec_check.folder / "specdec.toml").write_text(DECLARED)
    return specdec_check.folder


@pytest.fixture
def stranger(publish: Callable[..., Made]) -> Made:
    """`org/stranger`, with another tokenizer of the same size."""
    return publish("org/stranger", corpus=OTHER_CORPUS)


def pairs_of(run: Run) -> dict[str, dict[str, Any]]:
    return {pair["id"]: pair for pair in run.json["pairs"]}


def codes(pair: dict[str, Any], *severities: str) -> list[str]:
    return [found["code"] for found in pair["findings"] if found["severity"] in severities]


def test_a_declared_pair_passes(specdec_check, project, pair):
    run = specdec_check("gate")

    assert (run.status, run.stderr) == (0, "")
    assert run.stdout.splitlines()[0].startswith("PASSED: the one pairing passes")
    assert "passed    chat specdec.toml:5:12: CERTIFIED for bundled: org/target × org/drafter: identical" in run.stdout


def test_a_broken_scanned_pair_fails_at_its_line(specdec_check, project, pair, stranger):
    (project / "deploy").mkdir()
    (project / "deploy" / "vllm.yaml").write_text(MANIFEST)

    run = specdec_check("gate", "--format", "json")

    assert run.status == 1
    found = pairs_of(run)
    assert found["chat"]["result"] == "passed"
    broken = next(pair for pair in found.values() if pair["source"] == "scanned")
    line = MANIFEST.splitlines().index(next(line for line in MANIFEST.splitlines() if "stranger" in line))
    column = MANIFEST.splitlines()[line].index("org/stranger")
    assert broken["place"] == {"file": "deploy/vllm.yaml", "line": line + 1, "column": column + 1}
    assert (broken["asked"], broken["result"], broken["verdict"]) == (["vllm"], "failed", "refused")
    assert "SD101" in codes(broken, "error")


def test_what_cannot_be_settled_is_told_and_beats_what_passes(specdec_check, project, pair):
    (project / "serve.sh").write_text('vllm serve org/target --speculative-config "{\\"model\\": \\"$DRAFT\\"}"\n')

    run = specdec_check("gate", "--format", "json")
    settled = specdec_check("gate", "--format", "json", "--set", "DRAFT=org/drafter")

    assert run.status == 2
    open_ = next(pair for pair in run.json["pairs"] if pair["source"] == "scanned")
    assert (open_["result"], open_["verdict"], open_["drafter"]) == ("undecided", None, None)
    assert codes(open_, "open") == ["SD701"]
    assert settled.status == 0


def test_not_knowing_beats_a_refusal(specdec_check, project, pair, stranger):
    (project / "serve.sh").write_text(
        "vllm serve org/target --speculative-model org/stranger\nvllm serve org/target --speculative-model $X\n"
    )

    run = specdec_check("gate", "--format", "json")

    assert run.status == 2
    assert sorted(pair["result"] for pair in run.json["pairs"]) == ["failed", "passed", "undecided"]


def test_an_unreachable_model_leaves_its_pairs_undecided_and_the_others_as_they_are(
    specdec_check, project, pair, publish, hub
):
    publish("org/away")
    hub.break_with(faults.status(404), match="*org/away*")
    (project / "specdec.toml").write_text(
        DECLARED + '[[pairs]]\nname = "other"\ntarget = "org/target"\ndrafter = "org/away"\n'
    )

    run = specdec_check("gate", "--format", "json")

    assert run.status == 2
    found = pairs_of(run)
    assert found["chat"]["result"] == "passed"
    assert found["other"]["result"] == "undecided"
    assert codes(found["other"], "open") == ["SD703"]
    assert "org/away" in found["other"]["findings"][0]["message"]


def test_a_project_without_pairings_does_not_pass_by_itself(specdec_check, tmp_path):
    specdec_check.folder.mkdir()
    (specdec_check.folder / "notes.txt").write_text("nothing here")

    assert "no pairing to check" in specdec_check("gate").error
    assert specdec_check("gate", "--allow-empty").status == 0
    assert "neither a file nor a folder" in specdec_check("gate", "missing/").error


def test_a_file_that_cannot_be_looked_through_is_told(specdec_check, project, pair):
    (project / "broken.yaml").write_text('args: ["--speculative-model", "org/drafter"\n - x: [\n')

    run = specdec_check("gate", "--format", "json")

    assert run.status == 2
    assert [(found["code"], found["place"]["file"]) for found in run.json["findings"]] == [("SD715", "broken.yaml")]
    (project / "specdec.toml").write_text(DECLARED + '[scan]\nexclude = ["broken.yaml"]\n')
    assert specdec_check("gate").status == 0


def test_an_ignore_lets_a_finding_through_with_its_reason(specdec_check, project, pair, stranger):
    (project / "serve.sh").write_text("vllm serve org/target --speculative-model org/stranger\n")
    reason = "measured: 2% accepted, and we want the numbers of it"
    ignores = "".join(
        f'[[ignores]]\nrule = "{rule}"\npair = "serve.sh*"\nreason = "{reason}"\nuntil = 2999-01-01\n'
        for rule in ("SD101", "SD102", "SD104", "SD105")
    )
    (project / "specdec.toml").write_text(DECLARED + ignores)

    run = specdec_check("gate", "--format", "json")

    found = next(pair for pair in run.json["pairs"] if pair["source"] == "scanned")
    assert (run.status, found["result"], found["verdict"]) == (0, "passed", "refused")
    ignored = [one for one in found["findings"] if one["ignored"]]
    assert {"SD101"} <= {one["code"] for one in ignored}
    assert all(one["ignored"] == {"reason": reason, "until": "2999-01-01"} for one in ignored)
    assert not any(one["decides"] for one in found["findings"])
    text = specdec_check("gate").stdout
    assert reason in text
    folder = project / "certificates"
    assert specdec_check("gate", "--certificates", folder).status == 0
    assert [file.name for file in folder.iterdir()] == ["chat.json"]  # an exception is no certificate


def test_an_expired_ignore_no_longer_counts_and_says_so(specdec_check, project, pair):
    (project / "serve.sh").write_text("vllm serve org/target --speculative-model $X\n")
    (project / "specdec.toml").write_text(
        DECLARED + '[[ignores]]\nrule = "SD701"\nreason = "set by the operator"\nuntil = 2001-01-01\n'
    )

    run = specdec_check("gate", "--format", "json")

    assert run.status == 2
    assert [found["code"] for found in run.json["findings"]] == ["SD713"]
    assert run.json["findings"][0]["place"]["file"] == "specdec.toml"


def test_a_trained_head_is_undecided_until_somebody_answers_for_it(specdec_check, project, pair):
    (project / "serve.sh").write_text("""vllm serve org/target -sc '{"method": "eagle3", "model": "org/head"}'\n""")

    run = specdec_check("gate", "--format", "json")
    (project / "specdec.toml").write_text(
        DECLARED + '[[ignores]]\nrule = "SD702"\nreason = "trained for it, says its card"\nuntil = "2999-01-01"\n'
    )
    answered = specdec_check("gate", "--format", "json")

    assert run.status == 2
    head = next(pair for pair in run.json["pairs"] if pair["source"] == "scanned")
    assert codes(head, "open") == ["SD702"]
    assert answered.status == 0


def test_an_alias_stands_for_a_model_of_the_hub(specdec_check, project, pair):
    (project / "serve.sh").write_text("vllm serve /models/big/ --speculative-model /models/small\n")
    aliases = '[models]\n"/models/big" = "org/target"\n"/models/small" = "org/drafter"\n'
    (project / "specdec.toml").write_text(DECLARED + aliases)

    run = specdec_check("gate", "--format", "json")

    found = next(pair for pair in run.json["pairs"] if pair["source"] == "scanned")
    assert (found["target"], found["drafter"], found["result"]) == ("org/target", "org/drafter", "passed")
    assert found["written"] == {"target": "/models/big/", "drafter": "/models/small"}


def test_outputs_in_every_format_and_a_saved_result_shown_again(specdec_check, project, pair, stranger):
    (project / "serve.sh").write_text("vllm serve org/target --speculative-model org/stranger\n")
    forms = ("text", "json", "sarif", "github", "markdown", "junit", "gitlab")
    words = [word for form in forms for word in ("--output", f"{form}=out/result.{form}")]

    run = specdec_check("gate", "--exclude", "out/**", *words)

    assert run.status == 1
    saved = project / "out" / "result.json"
    result = json.loads(saved.read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["verdict"] == "refused"
    for form in forms:
        shown = specdec_check("report", saved, "--format", form)
        assert (shown.status, shown.stdout) == (0, (project / "out" / f"result.{form}").read_text())
    assert "note SD504" in specdec_check("report", saved, "--verbose").stdout
    assert "note SD504" not in specdec_check("report", saved).stdout
    assert "is no JSON" in specdec_check("report", project / "serve.sh").error


def test_fifty_pairs_over_twenty_models_read_each_model_once(specdec_check, hub, publish):
    names = [f"org/m{number:02}" for number in range(20)]
    for number, name in enumerate(names):
        publish(name, layers=1 + number % 3)
    twos = [(target, names[(i + step) % 20]) for i, target in enumerate(names) for step in (1, 7, 11)][:50]
    specdec_check.folder.mkdir()
    (specdec_check.folder / "specdec.toml").write_text(
        "".join(f'[[pairs]]\ntarget = "{target}"\ndrafter = "{drafter}"\n' for target, drafter in twos)
    )
    hub.forget()

    run = specdec_check("gate", "--format", "json")

    assert len(run.json["pairs"]) == len(twos) == 50
    assert {pair["result"] for pair in run.json["pairs"]} == {"passed"}
    for name in names:
        assert hub.count(match=f"/api/models/{name}*") == 1, name
        paths = [request.path for request in hub.requests(match=f"*{name}/resolve/*", method="GET", host="hub")]
        assert len(paths) == len(set(paths)), paths
    hub.assert_only_headers_read()


@pytest.mark.parametrize("moment", ["*/api/models/org/target*", "*tokenizer.json"])
def test_an_interrupt_leaves_nothing_half_written(specdec_check, project, pair, hub, moment):
    hub.break_with(faults.slow(30), match=moment)
    process = specdec_check.start("gate", "--output", "json=out.json", "--certificates", "certificates")
    wait_until(lambda: hub.count(match=moment) > 0)

    interrupt(process)
    stdout, stderr = process.communicate(timeout=20)

    assert process.returncode == 130
    assert (stdout, stderr.strip()) == ("", "Interrupted.")
    assert sorted(path.name for path in project.iterdir()) == ["specdec.toml"]


def test_a_terminal_sees_how_far_it_is_and_a_pipe_does_not(specdec_check, project, pair, hub):
    hub.break_with(faults.slow(0.5), match="*tokenizer.json")
    master, slave = os.openpty()
    environment = {**hub.environment(specdec_check.home, None), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "gate"], env=environment, cwd=project, stdout=subprocess.PIPE, stderr=slave
    )
    os.close(slave)
    seen = b""
    with suppress(OSError):  # so Linux says that nobody writes any more
        while chunk := os.read(master, 4096):
            seen += chunk
    os.close(master)
    stdout, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert stdout.startswith(b"PASSED")
    assert b"\x1b" not in stdout
    assert b"models" in seen
    assert b"2/2" in seen
    assert b"pairs" in seen


def test_a_name_that_another_pair_has_cannot_take_its_place(specdec_check, project, pair, stranger):
    (project / "serve.sh").write_text("vllm serve org/target --speculative-model org/drafter\n" * 2)
    scanned = "serve.sh: org/target × org/drafter (vllm)"
    (project / "specdec.toml").write_text(
        f'[[pairs]]\nname = "{scanned} #2"\ntarget = "org/target"\ndrafter = "org/stranger"\nengines = ["vllm"]\n'
    )

    run = specdec_check("gate", "--format", "json")

    found = pairs_of(run)
    assert run.status == 1
    assert {name: one["result"] for name, one in found.items()} == {
        f"{scanned} #2": "failed",
        scanned: "passed",
        f"{scanned} #3": "passed",
    }


def test_a_configuration_beside_a_file_has_no_say(specdec_check, project, pair, stranger):
    (project / "deploy").mkdir()
    (project / "deploy" / "serve.sh").write_text("vllm serve org/target --speculative-model org/stranger\n")
    (project / "deploy" / "specdec.toml").write_text('[scan]\nexclude = ["serve.sh"]\n')

    assert specdec_check("gate", "deploy").status == 1
    assert specdec_check("gate", "deploy/serve.sh").status == 1
    assert "no pairing to check" in specdec_check("gate", "--project", "deploy").error


def test_a_folder_of_the_project_is_no_model_of_the_hub(specdec_check, project, pair):
    make_model(project / "org" / "elsewhere", layers=2)
    (project / "serve.sh").write_text("vllm serve org/elsewhere --speculative-model org/elsewhere\n")

    run = specdec_check("gate", "--format", "json")

    assert run.status == 2
    assert "org/elsewhere" in run.json["pairs"][-1]["findings"][0]["message"]


def test_what_is_left_open_by_exception_does_not_cover_what_is_known(specdec_check, project, pair, hub, stranger):
    hub.gate("org/stranger", "hf_another")
    (project / "serve.sh").write_text("vllm serve org/target --speculative-model org/stranger\n")
    strict = specdec_check("gate", "--format", "json")
    found = next(one for one in strict.json["pairs"] if one["source"] == "scanned")
    open_ = sorted({one["code"] for one in found["findings"] if one["severity"] == "open"})
    ignores = "".join(f'[[ignores]]\nrule = "{code}"\npair = "serve.sh*"\nreason = "tried"\n' for code in open_)
    (project / "specdec.toml").write_text(f"strict = true\n{DECLARED}{ignores}")

    run = specdec_check("gate", "--format", "json")

    assert strict.status == 2
    errors = [one for pair in run.json["pairs"] for one in pair["findings"] if one["severity"] == "error"]
    assert run.status == (1 if errors else 0)


@pytest.mark.parametrize(
    "script",
    [
        "vllm serve org/target --spec\\\nulative-model org/stranger\n",
        'vllm serve org/target --specul""ative-model org/stranger\n',
        "vllm serve org/target $'--specu\\x6cative-model' org/stranger\n",
        "X=ulative-model\nvllm serve org/target --spec$X org/stranger\n",
    ],
)
def test_a_flag_in_pieces_is_a_flag(specdec_check, project, pair, stranger, script):
    (project / "serve.sh").write_text(script)

    assert specdec_check("gate").status == 1


def test_files_that_are_easily_passed_over(specdec_check, project, pair, stranger):
    script = "vllm serve org/target --speculative-model org/stranger\n"
    (project / "assets").mkdir()
    (project / "venv").mkdir()
    (project / "vllm.service.d").mkdir()
    (project / "assets" / "run.txt").write_text(script)
    (project / "linked.sh").symlink_to("assets/run.txt")
    (project / "venv" / "run.sh").write_text(script)
    (project / "serve-llama-3.1").write_text(f"#!/bin/bash\n{script}")
    (project / "vllm.service.d" / "override.conf").write_text(f"[Service]\nExecStart=/usr/bin/{script}")
    (project / "nul.sh").write_text(f"true\0\n{script}")
    (project / "wide.sh").write_bytes(script.encode("utf-16-le"))
    os.mkfifo(project / "pipe")

    run = specdec_check("gate", "--format", "json")

    assert run.status == 2
    assert sorted(one["place"]["file"] for one in run.json["pairs"] if one["result"] == "failed") == [
        "linked.sh",
        "serve-llama-3.1",
        "venv/run.sh",
        "vllm.service.d/override.conf",
    ]
    assert sorted(found["place"]["file"] for found in run.json["findings"]) == ["nul.sh", "wide.sh"]
    named = specdec_check("gate", "assets/run.txt", "--format", "json")
    assert [found["place"]["file"] for found in named.json["findings"]] == ["assets/run.txt"]


def test_what_a_log_could_take_for_a_command_is_told_as_text(specdec_check, project, pair):
    (project / "specdec.toml").write_text('"##[stop-commands]abc" = 1\n')

    run = specdec_check("gate")

    assert run.status == 2
    assert "##[" not in run.stdout + run.stderr


def test_the_hubs_address_is_told_without_its_password(specdec_check, project, pair, hub):
    secret = hub.endpoint.replace("http://", "http://user:s3cretpw@").rsplit(":", 1)[0] + ":9"

    run = specdec_check("gate", "--timeout", "2", HF_ENDPOINT=secret)

    assert run.status == 2
    assert "s3cretpw" not in run.stdout + run.stderr
