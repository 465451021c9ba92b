"""What the reports say, and that nothing from a repository acts on the reader's medium."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from making import OTHER_CORPUS, make_model, respell_token
from rich.console import Console

import specdec_check.compat
from specdec_check.compat.errors import CheckError, NotFoundError, SeveralErrors
from specdec_check.compat.pipeline import Report, check
from specdec_check.compat.project.rules import RULES as PROJECT_RULES
from specdec_check.compat.report import machine, text
from specdec_check.compat.report.message import quoted
from specdec_check.compat.report.pages import pages
from specdec_check.compat.rules import RULES
from specdec_check.compat.visible import visible

SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "report.schema.json").read_text())
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe\u2066\r\n::error::x\x00\x9b1m[bold red]\u200b"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    folder = tmp_path_factory.mktemp("models")
    good = str(make_model(folder / "good", layers=2).folder)
    fitting = str(make_model(folder / "fitting").folder)
    other = str(make_model(folder / "other", corpus=OTHER_CORPUS).folder)
    bare = str(make_model(folder / "bare", tokenizer=None, rows=384).folder)
    hostile = make_model(folder / "hostile", config={"model_type": HOSTILE}).folder
    respell_token(hostile, 300, HOSTILE)
    drafters = {"certified": fitting, "refused": other, "undecided": bare, "hostile": str(hostile)}
    return {name: check(good, drafter) for name, drafter in drafters.items()}


@pytest.mark.parametrize("name", ["certified", "refused", "undecided", "hostile"])
def test_json_is_as_the_schema_has_it(reports: dict[str, Report], name: str) -> None:
    found = json.loads(machine.dump(machine.render(reports[name], None)))

    jsonschema.validate(found, SCHEMA)
    if name != "hostile":
        assert found["verdict"] == name


@pytest.mark.parametrize(
    "error", [NotFoundError("There is none.", model="a/b"), SeveralErrors((CheckError("One."), CheckError("Two.")))]
)
def test_json_of_an_error_is_as_the_schema_has_it(error: CheckError) -> None:
    found = machine.render_error(error)

    jsonschema.validate(found, SCHEMA)
    assert found["error"]["message"] == error.message


def test_the_schema_knows_a_wrong_report(reports: dict[str, Report]) -> None:
    """A control: a schema that accepts anything would prove nothing."""
    found = machine.render(reports["refused"], None)
    for key, value in {"relation": "close", "findings": [{}], "surprise": 1, "error": {}}.items():
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(found | {key: value}, SCHEMA)


def test_the_first_line_is_the_answer_and_whom_it_speaks_for(reports: dict[str, Report]) -> None:
    for name, verdict in {"certified": "CERTIFIED", "refused": "REFUSED", "undecided": "UNDECIDED"}.items():
        first = text.render(reports[name])[0].plain
        assert first.startswith(f"{verdict} for bundled: {reports[name].target.snapshot.ref.original} × ")


def test_every_finding_is_one_line_in_a_pipe(reports: dict[str, Report]) -> None:
    for report in reports.values():
        lines = [line.plain for line in text.render(report)]
        assert not [line for line in lines if "\n" in line]
        for finding in report.decision.findings:
            assert [line for line in lines if line.startswith(f"{finding.severity:8}{finding.code} {finding.name}: ")]


def test_hostile_text_cannot_act(reports: dict[str, Report]) -> None:
    """No control, bidirectional or zero-width character, and no markup, survives into any output."""
    harmful = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
    console = Console(force_terminal=False, width=10_000)
    with console.capture() as captured:
        for line in text.render(reports["hostile"]):
            console.print(line, soft_wrap=True, markup=False)
    as_text, as_json = captured.get(), machine.dump(machine.render(reports["hostile"], None))

    assert not harmful.search(as_text)
    assert as_json.isascii()
    assert not harmful.search(as_json)
    assert r"\u202egnp.exe" in as_text
    assert "[bold red]" in as_text, "markup is text, not style"


def test_visible_keeps_what_prints_and_escapes_the_rest() -> None:
    assert visible("größe 漢字 🙂") == "größe 漢字 🙂"
    assert visible("a\tb\x1b") == r"a\tb\x1b"
    assert quoted("xy" * 50) == f"'{'xy' * 23}x…'"
    assert quoted("\t" * 100) == r"'\t' × 100"


def test_every_rule_has_a_page() -> None:
    told = {page.code: page.text for page in pages()}
    assert list(told) == [rule.code for rule in (*RULES, *PROJECT_RULES)]
    for rule in (*RULES, *PROJECT_RULES):
        page = told[rule.code]
        assert page.startswith(f"{rule.code} {rule.name} (at worst: {rule.worst})")
        assert all(part in page for part in (rule.message.split("{")[0], rule.why, rule.fix))
        assert "{" not in page


def test_rules_are_numbered_once_and_named_by_their_fault() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"SD[1-9]\d\d", rule.code) and re.fullmatch(r"[a-z-]+", rule.name) for rule in RULES)
