"""A GitHub runner, as far as a composite action's shell steps can tell: expressions, environment, files for results.

Steps that use other actions are not run, as they need a network; whether they would be is asked with `would_run`.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKENS = re.compile(
    r"'(?P<text>(?:[^']|'')*)'|(?P<name>[A-Za-z_][\w.-]*)(?P<call>\s*\()?|(?P<sign>&&|\|\||==|!=|[!(),])|\s+"
)
_SIGNS = {"&&": " and ", "||": " or ", "!": " not "}
_FUNCTIONS = {
    "cancelled": lambda: False,
    "contains": lambda many, one: one in many,
    "endsWith": lambda text, end: text.endswith(end),
    "format": lambda text, *values: text.format(*values),
    "fromJSON": json.loads,
}
_FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")


@dataclass
class Job:
    """What one use of an action has left: the last step's status, the outputs, the summary, and all of the log."""

    status: int = 0
    log: str = ""
    summary: str = ""
    environment: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


class Runner:
    """Runs the shell steps of a composite action in a workspace.

    Args:
        action: the folder of its action.yml.
        folder: of the runner's own files.
        workspace: where steps run.
    """

    def __init__(self, action: Path, folder: Path, workspace: Path) -> None:
        self.action, self.folder, self.workspace = action, folder, workspace
        self.definition: dict[str, Any] = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        self.temp = folder / "temp"
        self.temp.mkdir(parents=True, exist_ok=True)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """As action.yml has them."""
        found: list[dict[str, Any]] = self.definition["runs"]["steps"]
        return found

    def run(
        self, inputs: dict[str, str], environment: dict[str, str], job: Job | None = None, only: str | None = None
    ) -> Job:
        """Run the shell steps in their order, up to one that fails; with `only` the step of that id alone."""
        job = Job() if job is None else Job(outputs=dict(job.outputs))
        for step in self.steps:
            if "run" in step and only in (None, step["id"]) and job.status == 0:
                self._run(step, inputs, environment, job)
        return job

    def outputs(self, job: Job) -> dict[str, str]:
        """What the action gives to the workflow."""
        return {name: str(self._filled(one["value"], {}, job)) for name, one in self.definition["outputs"].items()}

    def would_run(self, name: str, inputs: dict[str, str], job: Job, event: str) -> bool:
        """Whether a step is run that nothing before it has failed."""
        step = next(step for step in self.steps if step["name"] == name)
        return bool(self._value(step["if"], inputs, job, event))

    def _run(self, step: dict[str, Any], inputs: dict[str, str], environment: dict[str, str], job: Job) -> None:
        files = {name: self.folder / name.lower() for name in _FILES}
        for file in files.values():
            file.write_text("")
        script = self.folder / "step.sh"
        script.write_text(step["run"])
        assert step["shell"] == "bash"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],  # noqa: S607 - the path's bash
            cwd=self.workspace,
            env={
                **environment,
                **{name: str(file) for name, file in files.items()},
                **{name: self._filled(value, inputs, job) for name, value in step.get("env", {}).items()},
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.temp),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        job.status = done.returncode
        for line in f"{done.stdout}{done.stderr}".splitlines(keepends=True):
            # The runner takes a mask for itself and shows nothing of it.
            (job.commands if line.startswith("::") else []).append(line.rstrip("\n"))
            job.log += "" if line.startswith("::add-mask::") else line
        job.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        job.environment += files["GITHUB_ENV"].read_text() + files["GITHUB_PATH"].read_text()
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        job.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)

    def _filled(self, text: str, inputs: dict[str, str], job: Job) -> str:
        return _EXPRESSION.sub(lambda found: str(self._value(found[1], inputs, job, "")), text)

    def _value(self, expression: str, inputs: dict[str, str], job: Job, event: str) -> Any:
        """The value of an expression; whatever is not there is empty, as on a runner."""
        declared = {name: one["default"] for name, one in self.definition["inputs"].items()}
        assert inputs.keys() <= declared.keys()
        known = {f"inputs.{name}": value for name, value in {**declared, **inputs}.items()}
        known |= {f"steps.{id_}.outputs.{name}": v for id_, found in job.outputs.items() for name, v in found.items()}
        known |= {"runner.temp": str(self.temp), "github.event_name": event}
        python, end = "", 0
        while end < len(expression):
            token = _TOKENS.match(expression, end)
            assert token, expression[end:]
            end = token.end()
            if token["text"] is not None:
                python += repr(token["text"].replace("''", "'"))
            elif token["call"]:
                python += f"functions[{token['name']!r}]("
            elif token["name"]:
                python += repr(known.get(token["name"], ""))
            else:
                python += _SIGNS.get(token["sign"] or "", token["sign"] or " ")
        return eval(python.strip(), {"functions": _FUNCTIONS, "__builtins__": {}})  # noqa: S307 - literals, made above
