"""What the README promises is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

from running import PROGRAM

from specdec_check.compat.pipeline import check
from specdec_check.compat.project.config import load
from specdec_check.compat.report import text
from specdec_check.compat.report.pages import pages

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_two_commands_are_the_ones_that_ci_runs() -> None:
    first, second = re.findall(r"```sh\n(.*)\n```", README)[:2]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace("install --quiet", "install")

    assert first == "python -m pip install . && specdec-check demo:target demo:drafter"
    assert second == 'python -m pip install -e ".[decode,test]" && python -m pytest'
    assert first in ci
    assert second in ci


def test_the_example_is_what_is_printed() -> None:
    shown = re.search(r"```console\n\$ specdec-check demo:target demo:stranger\n(.*?)\n```", README, re.DOTALL)
    printed = "\n".join(line.plain for line in text.render(check("demo:target", "demo:stranger")))

    assert shown is not None
    assert shown[1] == printed


def test_the_gate_prints_what_is_shown(tmp_path) -> None:
    shown = re.search(r"```console\n\$ specdec-check gate --project tests/example\n(.*?)\n```", README, re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, "gate", "--project", "tests/example"],
        cwd=ROOT,
        env={**os.environ, "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert shown is not None
    assert shown[1] == run.stdout.rstrip()


def test_its_configuration_is_read(tmp_path) -> None:
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert example is not None
    (tmp_path / "specdec.toml").write_text(example[1], encoding="utf-8")

    project = load(tmp_path)

    assert [pair.name for pair in project.pairs] == ["chat"]
    assert [ignore.rule for ignore in project.ignores] == ["SD702"]


def test_every_file_and_rule_that_it_names_is_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link
    assert set(re.findall(r"SD\d{3}", README)) <= {page.code for page in pages()}


def test_the_python_example_runs(capsys) -> None:
    example = re.search(r"```python\n(.*?)\n```", README, re.DOTALL)

    assert example is not None
    exec(example[1], {})  # noqa: S102 - our own README
    assert capsys.readouterr().out == "certified identical\n"
