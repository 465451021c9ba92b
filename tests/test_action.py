"""The action's shell steps, run under bash as a runner runs them: what they give, and what they never let through."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
import yaml
from hub import faults
from hub.server import LoopbackHub
from making import OTHER_CORPUS, make_model
from runner import Job, Runner
from running import TOKEN

ROOT = Path(__file__).parent.parent
ACTION = Path(".github/actions/specdec-check")
DEFINITIONS = [*ROOT.glob(".github/**/*.yml")]
CONFIGURATION = '[[pairs]]\nname = "chat"\ntarget = "org/target"\ndrafter = "org/drafter"\n'
# In place of the project's own build, which takes packages from an index: a wheel that leads to what is under test.
BACKEND = """
from zipfile import ZipFile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info, script = "specdec_check-0.dist-info/", "specdec-check = specdec_check.compat.entry:main"
    with ZipFile(f"{folder}/specdec_check-0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("specdec_check_under_test.pth", PATHS)
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: specdec-check\\nVersion: 0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", f"[console_scripts]\\n{script}\\n")
        wheel.writestr(info + "RECORD", "")
    return "specdec_check-0-py3-none-any.whl"
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "specdec-check"
version = "0"
"""
# Folders in which further paths are named.
SITES = [*site.getsitepackages(), site.getusersitepackages()]
HOSTILE = (
    *(
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned #",
        '"; touch pwned; "',
        "x && touch\tpwned",
        "|touch${IFS}pwned",
    ),
    *("<(touch pwned)", "\\", "~", "a[$(touch pwned)]", "-v a[$(touch pwned)]", "${{ github.token }}", "%0A::error::"),
)
# What would be run, or read in a program's place, if the working directory were a place for programs or modules.
MODULES = ("venv", "pip", "ensurepip", "click", "json", "sitecustomize", "usercustomize", "specdec_check")


@pytest.fixture(scope="module")
def hub() -> Iterator[LoopbackHub]:
    """A Hub with a pair that fits, and a model that fits neither."""
    with LoopbackHub() as hub:
        yield hub


@pytest.fixture(scope="module")
def models(hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("models")
    hub.add("org/target", make_model(folder / "target", weights="header", rows=50_000, hidden=64, layers=2))
    hub.add("org/drafter", make_model(folder / "drafter", weights="header", rows=50_000, hidden=64))
    hub.add("org/stranger", make_model(folder / "stranger", weights="header", rows=50_000, corpus=OTHER_CORPUS))
    hub.add("org/gated", make_model(folder / "drafter", weights="header", rows=50_000, hidden=64))
    hub.gate("org/gated", TOKEN)


@pytest.fixture(scope="module")
def environment(hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a job's steps have: this Hub, this Python as `python3`, no package index, and somebody's own settings."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "python3").symlink_to(sys.executable)
    surroundings = hub.environment(folder / "of-the-job", "hf_ofTheJob")
    path = os.pathsep.join([str(Path(sys.executable).parent), surroundings["PATH"]])
    return surroundings | {"PATH": path, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def installed(
    models: None, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Runner, Job]:
    """A runner whose first step has ended well, in a workspace that holds what must not be imported."""
    folder = tmp_path_factory.mktemp("runner")
    checkout = folder / "_actions" / "owner" / "specdec-check" / "main"
    shutil.copytree(ROOT / ACTION, checkout / ACTION)
    (checkout / "pyproject.toml").write_text(PROJECT)
    lines = [f"import site; site.addsitedir({path!r})\n" if path in SITES else f"{path}\n" for path in sys.path if path]
    (checkout / "backend.py").write_text(f"PATHS = {''.join(lines)!r}\n{BACKEND}")
    workspace = folder / "workspace"
    workspace.mkdir()
    for module in MODULES:
        (workspace / f"{module}.py").write_text("open('imported', 'w').close()\n")
    runner = Runner(checkout / ACTION, folder, workspace)
    (runner.temp / "specdec-check" / "huggingface").mkdir(parents=True)
    (runner.temp / "specdec-check" / "huggingface" / "planted").touch()
    job = runner.run({}, environment, only="install")
    assert (job.status, job.environment) == (0, ""), job.log
    assert not (runner.temp / "specdec-check" / "huggingface").exists()
    return runner, job


@pytest.fixture
def check(installed: tuple[Runner, Job], environment: dict[str, str], hub: LoopbackHub) -> Iterator[Callable[..., Job]]:
    """Run the rest of the action in a fresh project: `check(configuration, **inputs)`."""
    runner, job = installed
    for file in [*runner.workspace.iterdir(), runner.temp / "specdec-check" / "huggingface"]:
        if file.exists() and file.stem not in MODULES:
            shutil.rmtree(file) if file.is_dir() else file.unlink()

    def checked(configuration: str = CONFIGURATION, *, extra: dict[str, str] | None = None, **inputs: str) -> Job:
        (runner.workspace / "specdec.toml").write_text(configuration)
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        done = runner.run(given, environment | (extra or {}), job, only="gate")
        assert "Traceback" not in done.log
        assert not (runner.workspace / "imported").exists()
        assert done.environment == ""
        return done

    yield checked
    hub.mend()


def paths_of(runner: Runner, job: Job) -> dict[str, Path]:
    found = runner.outputs(job)
    return {name: Path(value) for name, value in found.items() if value and name != "verdict"}


def test_a_pair_that_fits_passes_and_every_output_is_there(check, installed):
    runner, _ = installed

    job = check()

    assert job.status == 0, job.log
    outputs, paths = runner.outputs(job), paths_of(runner, job)
    assert outputs["verdict"] == "certified"
    assert json.loads(paths["report"].read_text())["verdict"] == "certified"
    assert json.loads(paths["sarif-file"].read_text())["version"] == "2.1.0"
    assert [file.name for file in paths["certificates"].iterdir()] == ["chat.json"]
    assert "PASSED: the one pairing passes" in job.log
    assert job.summary.startswith("## specdec-check\n")
    assert not [line for line in job.commands if line.startswith("::error")]


def test_a_refusal_ends_with_1_beside_its_outputs(check, installed):
    runner, _ = installed

    job = check(CONFIGURATION.replace("org/drafter", "org/stranger"))

    assert job.status == 1, job.log
    assert runner.outputs(job)["verdict"] == "refused"
    paths = paths_of(runner, job)
    assert json.loads(paths["report"].read_text())["pairs"][0]["result"] == "failed"
    assert not list(paths["certificates"].iterdir())
    assert [line for line in job.commands if re.match(r"::error file=specdec\.toml,line=4,col=\d+,title=SD101 ", line)]
    assert "SD101" in job.summary


def test_a_hub_out_of_reach_is_no_pass(check, installed, hub):
    runner, _ = installed
    hub.stop()
    try:
        job = check()
    finally:
        hub.start()

    assert job.status == 2
    assert runner.outputs(job)["verdict"] == "undecided"
    assert json.loads(paths_of(runner, job)["report"].read_text())["verdict"] == "undecided"
    assert "UNDECIDED" in job.summary


def test_a_model_that_is_gone_is_no_pass(check, installed, hub):
    runner, _ = installed
    hub.break_with(faults.status(404), match="*org/drafter*")

    job = check()

    assert (job.status, runner.outputs(job)["verdict"]) == (2, "undecided")
    assert "org/drafter" in job.summary


def test_an_error_is_told_in_the_summary_and_is_undecided(check, installed):
    runner, _ = installed

    job = check("[[pairs]]\nnmae = '<img src=x>'\n")

    assert job.status == 2
    assert runner.outputs(job) | {"certificates": ""} == {
        "verdict": "undecided",
        "report": "",
        "sarif-file": "",
        "certificates": "",
    }
    assert "ended with an error" in job.summary
    told = job.summary.split("\n\n", 2)[2].splitlines()
    assert any("nmae" in line for line in told)
    assert len(told) > 1
    assert all(line.startswith("    ") for line in told), "it is quoted as code"
    assert [line for line in job.commands if line.startswith("::error title=specdec-check::error: ")]


@pytest.mark.parametrize("args", ["--help", "--no-such-option", "--output json=/dev/null", "--", "-- --help"])
def test_without_a_result_nothing_passes(check, installed, args):
    runner, _ = installed

    job = check(args=args)

    assert (job.status, runner.outputs(job)["verdict"]) == (2, "undecided")
    assert "UNDECIDED" in job.summary


def test_a_step_that_never_ran_is_undecided(installed):
    runner, _ = installed

    assert runner.outputs(Job())["verdict"] == "undecided"


@pytest.mark.parametrize("paths", [" ".join(HOSTILE), "\n".join(reversed(HOSTILE)), "*.sh", "--help", "--allow-empty"])
def test_paths_are_words_and_nothing_else(check, installed, paths):
    runner, _ = installed
    (runner.workspace / "serve.sh").write_text("vllm serve org/target --speculative-model org/drafter\n")

    for inputs in ({"paths": paths}, {"args": f"--exclude {paths}", "paths": "no-such-folder"}, {"fail_on": paths}):
        job = check(**inputs)

        assert job.status == 2, job.log
        assert not [file for file in runner.workspace.iterdir() if "pwned" in file.name]


def test_words_are_split_at_any_white_space(check, installed):
    runner, _ = installed
    (runner.workspace / "deploy").mkdir()
    (runner.workspace / "deploy" / "serve.sh").write_text("vllm serve org/target --speculative-model $DRAFT\n")
    (runner.workspace / "other.sh").write_text("vllm serve org/target --speculative-model org/drafter\n")

    job = check(paths=" deploy\n\tother.sh\n", args="--set\nDRAFT=org/drafter")

    assert job.status == 0, job.log
    pairs = json.loads(paths_of(runner, job)["report"].read_text())["pairs"]
    places = {pair["place"]["file"] for pair in pairs}
    assert {"deploy/serve.sh", "other.sh"} <= places


def test_locked_needs_a_lock_and_takes_nothing_but_true_and_false(check):
    statuses = {locked: check(locked=locked).status for locked in ("false", "", "true", "yes", "$(true)")}

    assert statuses == {"false": 0, "": 0, "true": 1, "yes": 2, "$(true)": 2}


def test_fail_on_reaches_the_gate(check):
    assert [check(fail_on=level).status for level in ("error", "never")] == [0, 2]


@pytest.mark.parametrize("token", [TOKEN, f"{TOKEN}\n", "hf_'quoted' \"$(touch pwned)\" %0A", "hf_first\nhf_second"])
def test_a_token_is_masked_and_never_shown(check, installed, token):
    runner, _ = installed

    job = check(CONFIGURATION.replace("org/drafter", "org/gated"), hf_token=token)

    left = [file.read_text(errors="replace") for file in runner.temp.rglob("specdec-check.*/**/*") if file.is_file()]
    shown = "\n".join([job.log, job.summary, *map(str, job.outputs.values()), *left])
    for line in token.splitlines():
        assert line not in shown
    assert [line for line in job.commands if line.startswith("::add-mask::")] == [
        "::add-mask::" + token.replace("%", "%25").replace("\n", "%0A")
    ]
    assert job.status == (0 if token.strip() == TOKEN else 2), job.log
    assert job.outputs["gate"]["read"] == "", "what a token opened is not kept for the next run"


def test_the_jobs_own_token_and_cache_are_left_alone(check, installed, hub, environment):
    runner, _ = installed
    hub.forget()

    job = check(extra={"HUGGING_FACE_HUB_TOKEN": "hf_another", "PYTHONPATH": str(runner.workspace)})

    assert job.status == 0, job.log
    assert hub.requests()
    assert not [request for request in hub.requests() if request.authorized]
    assert not Path(environment["HF_HOME"]).exists()


def test_what_was_read_is_named_by_what_it_holds(check):
    first = check().outputs["gate"]["read"]
    again = check().outputs["gate"]["read"]
    more = check(f'{CONFIGURATION}[[pairs]]\nname = "x"\ntarget = "org/target"\ndrafter = "org/stranger"\n')

    assert first
    assert first == again
    assert more.outputs["gate"]["read"] not in ("", first)


def test_no_run_that_a_stranger_causes_writes_the_cache(check, installed):
    runner, _ = installed
    job = check()
    save, restore = "Keep what was read of the Hub", "Restore what earlier runs read of the Hub"
    events = ["push", "schedule", "workflow_dispatch", "pull_request", "pull_request_target", "workflow_run", "issues"]

    writing = {event for event in events if runner.would_run(save, {}, job, event)}
    assert writing == {"push", "schedule", "workflow_dispatch"}
    for event, cache in product(events, ["false", "", "TRUE"]):
        assert not runner.would_run(save, {"cache": cache}, job, event)
        assert not runner.would_run(restore, {"cache": cache}, job, event)
    job.outputs["restore"] = {"cache-matched-key": f"specdec-check-1-2030-01-{job.outputs['gate']['read']}"}
    assert not runner.would_run(save, {}, job, "push"), "nothing new was read"


def test_an_old_python_is_told_what_is_missing(installed, environment, tmp_path):
    runner, _ = installed
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    elsewhere = Runner(runner.action, tmp_path / "runner", runner.workspace)

    job = elsewhere.run({}, environment | {"PATH": f"{tmp_path}:{environment['PATH']}"})

    assert job.status == 2
    assert "::error title=specdec-check::It needs Python 3.11 or later" in job.log
    assert elsewhere.outputs(job)["verdict"] == "undecided"


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.parent.name)
def test_every_other_action_is_pinned_and_no_shell_sees_an_expression(file):
    text = file.read_text(encoding="utf-8")
    definition = yaml.safe_load(text)
    jobs = definition["jobs"].values() if "jobs" in definition else [definition["runs"]]

    for line in re.findall(r"uses: (.*)", text):
        assert re.match(r"\./\.github/|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
    for step in (step for job in jobs for step in job["steps"]):
        assert "${{" not in step.get("run", "")


def test_the_example_of_the_workflow_passes(installed, environment):
    runner, job = installed
    example = runner.workspace / "tests" / "example"
    shutil.copytree(ROOT / "tests" / "example", example)

    done = runner.run({"args": "--project tests/example"}, environment, job, only="gate")

    assert done.status == 0, done.log
    pairs = json.loads(paths_of(runner, done)["report"].read_text())["pairs"]
    assert [(pair["result"], pair["place"]["line"]) for pair in pairs] == [("passed", 18)]


def test_the_readme_tells_every_input_and_output():
    definition = yaml.safe_load((ROOT / ACTION / "action.yml").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for name in (*definition["inputs"], *definition["outputs"]):
        assert f"\n| `{name}` | " in readme
    for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL):
        assert yaml.safe_load(block)
