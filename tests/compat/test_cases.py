"""Every rule on made models: a folder of `tests/cases/` is a test, `case.json` the two models, `expect.txt` the report.

`case.json` holds the recipes of `making.make_model` for `target` and `drafter`, `policy` if it is not the default, and
`respell` (side → id → text) for tokens to change. With SPECDEC_UPDATE_CASES=1 the reports are written anew: read the
difference before it is committed.
"""

import json
import os
from functools import partial
from pathlib import Path

import pytest
from making import ABSENT, OTHER_CORPUS, edit_json, make_model, respell_token

from specdec_check.compat.finding import Severity
from specdec_check.compat.pipeline import check
from specdec_check.compat.report import text
from specdec_check.compat.rules import RULES
from specdec_check.compat.rules.provenance import OF_READING
from specdec_check.compat.verdict import Policy

CASES = sorted((Path(__file__).parent.parent / "cases").iterdir())
_WORDS = {"ABSENT": ABSENT, "OTHER_CORPUS": OTHER_CORPUS}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_report_is_as_expected(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads((case / "case.json").read_text(encoding="utf-8"))
    for side in ("target", "drafter"):
        make_model(tmp_path / side, **{key: _value(value) for key, value in told.get(side, {}).items()})
        for token, spelling in told.get("respell", {}).get(side, {}).items():
            respell_token(tmp_path / side, int(token), spelling)
        for step in ("decoder", "post_processor"):
            if changed := told.get(step, {}).get(side):
                edit_json(tmp_path / side / "tokenizer.json", partial(_set, step, changed))
        for missing in told.get("remove", {}).get(side, []):
            (tmp_path / side / missing).unlink()
    monkeypatch.chdir(tmp_path)
    asked = told.get("policy", {})
    policy = Policy(
        engines=tuple(asked.get("engines", ["bundled"])),
        strict=asked.get("strict", False),
        fail_on=Severity(asked.get("fail_on", "error")),
        allow_specials=asked.get("allow_specials", False),
    )

    report = check("./target", "./drafter", policy)
    printed = "".join(f"{line.plain}\n" for line in text.render(report))

    expected = case / "expect.txt"
    if os.environ.get("SPECDEC_UPDATE_CASES"):
        expected.write_text(printed, encoding="utf-8")
    assert printed == expected.read_text(encoding="utf-8")
    code = case.name.split("-")[0]
    if code.startswith("SD"):
        assert code in {found.code for found in report.decision.findings}


def test_every_rule_has_a_case() -> None:
    from_folders = {rule.code for rule in RULES} - OF_READING  # which need a Hub that withholds something
    assert from_folders <= {case.name.split("-")[0] for case in CASES}


def _set(key: str, value: object, whole: dict[str, object]) -> None:
    whole[key] = value


def _value(value: object) -> object:
    if isinstance(value, str):
        return _WORDS.get(value, value)
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value
