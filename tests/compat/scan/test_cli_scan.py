"""What `scan` prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import specdec_check.compat

SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "scan.schema.json").read_text())
SCRIPT = """\
vllm serve org/target --speculative-model org/drafter -tp $COUNT
vllm serve org/target --speculative-model $DRAFT
vllm serve org/target -sc '{"method": "eagle3", "model": "org/head"}'
vllm serve org/target -sc '{"method": "ngram"}'
"""


@pytest.fixture
def folder(specdec_check):
    specdec_check.folder.mkdir()
    (specdec_check.folder / "serve.sh").write_text(SCRIPT)
    return specdec_check.folder


def test_json_is_as_its_schema_says_and_a_line_is_a_finding(specdec_check, folder):
    as_json, text = specdec_check("scan", "--format", "json"), specdec_check("scan")

    jsonschema.validate(as_json.json, SCHEMA)
    option, open_, head = as_json.json["pairings"]
    assert (option["status"], option["target"], option["drafter"]) == ("undecided", "org/target", "org/drafter")
    assert (open_["status"], open_["target"], open_["drafter"]) == ("undecided", "org/target", None)
    assert (head["status"], head["drafter"], head["head"]) == ("undecided", "org/head", "eagle3")
    assert (as_json.status, text.status, text.stderr) == (0, 0, "")
    assert text.stdout.splitlines() == [
        "3 pairings in 1 file, 3 of which cannot be settled",
        "serve.sh:1:43: undecided vllm org/target × org/drafter: The option tensor_parallel is '$COUNT', which"
        " cannot be told from this file; all else is judged without it.",
        "serve.sh:2:43: undecided vllm org/target × $DRAFT: The drafter is '$DRAFT', which cannot be told from this"
        " file.",
        "serve.sh:3:59: undecided vllm org/target × org/head: The drafter is a trained head (eagle3): it fits the one"
        " target that it was trained for, and which that is, is not checked here.",
        "serve.sh:4:40: no pair vllm drafts by ngram, without a second model",
    ]


def test_a_given_value_settles_a_variable(specdec_check, folder):
    run = specdec_check("scan", "--format", "json", "--set", "DRAFT=org/drafter", "--set", "COUNT=4")

    assert [one["drafter"] for one in run.json["pairings"]] == ["org/drafter", "org/drafter", "org/head"]
    assert (run.json["pairings"][0]["status"], run.json["pairings"][0]["options"]) == ("ready", {"tensor_parallel": 4})
    assert "NAME=VALUE" in specdec_check("scan", "--set", "DRAFT").error


def test_a_file_that_cannot_be_looked_through_is_told(specdec_check, folder):
    (folder / "broken.py").write_text("LLM(model='a', speculative_config={'model': 'b'\n")

    run = specdec_check("scan", "--format", "json")

    jsonschema.validate(run.json, SCHEMA)
    assert run.status == 2
    assert [one["file"] for one in run.json["unread"]] == ["broken.py"]
    assert len(run.json["pairings"]) == 3


def test_env_files_and_markdown_are_looked_into_when_asked(specdec_check, folder):
    (folder / ".env").write_text("LLAMA_ARG_MODEL=big.gguf\nLLAMA_ARG_MODEL_DRAFT=small.gguf\n")
    (folder / "run.md").write_text("```sh\nmlx_lm.server --model org/target --draft-model org/drafter\n```\n")

    def engines(*words: str) -> set[str]:
        return {one["engine"] for one in specdec_check("scan", "--format", "json", *words).json["pairings"]}

    assert engines() == {"vllm"}
    assert engines("--env", "--markdown") == {"vllm", "llama.cpp", "mlx-lm"}
    assert engines(".env", "run.md") == {"llama.cpp", "mlx-lm"}


def test_what_is_not_the_projects_own_is_left_out(specdec_check, folder):
    for name in ("node_modules/x", ".venv/x", "vendor/x", "kept"):
        (folder / name).mkdir(parents=True)
        (folder / name / "serve.sh").write_text(SCRIPT)
    (folder / ".venv" / "pyvenv.cfg").write_text("")
    (folder / "elsewhere.sh").symlink_to("/etc/profile")

    run = specdec_check("scan", "--exclude", "vendor/**", "--format", "json")

    assert {one["file"] for one in run.json["pairings"]} == {"serve.sh", "kept/serve.sh"}
