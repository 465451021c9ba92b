"""Laws of every format: total, valid whatever a repository wrote, and no pair ever missing."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from gate_example import EXAMPLE, VLLM, finding, place
from hostile_results import results
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.token import Token

import specdec_check.compat
from specdec_check.compat.report import sarif
from specdec_check.compat.report.media import RENDERERS
from specdec_check.compat.visible import visible

SCHEMAS = Path(__file__).parent / "schemas"
SARIF = jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8")))
JUNIT = etree.XMLSchema(etree.parse(str(SCHEMAS / "junit-10.xsd")))
OURS = Path(specdec_check.compat.__file__).parent / "gate.schema.json"
GATE = jsonschema.Draft202012Validator(json.loads(OURS.read_text(encoding="utf-8")))
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HARMFUL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
COMMAND = re.compile(r"::(error|warning|notice) file=[^:,]*,line=\d+,col=\d+,title=[^:,]*::.*")
LAW = settings(max_examples=50, deadline=None)


def many(count: int, severity: str = "error") -> dict[str, Any]:
    """A result of so many failed pairs, each with one finding."""
    told = [
        finding(f"pair {index}", "SD101", "tokens-differ", severity, "They differ.", "Do.") for index in range(count)
    ]
    pairs = [VLLM | {"id": f"pair {index}", "findings": [found]} for index, found in enumerate(told)]
    return EXAMPLE | {"pairs": pairs, "findings": []}


def tokens_of(rendered: str) -> list[Token]:
    """Blocks and what is in them."""
    return [inner for token in MARKDOWN.parse(rendered) for inner in (token, *(token.children or []))]


@LAW
@given(results())
def test_no_format_lets_a_hidden_character_through(result: dict[str, Any]) -> None:
    for name, render in RENDERERS.items():
        printed = render(result)
        assert not HARMFUL.search(printed), name
        printed.encode()


@LAW
@given(results())
def test_json_is_the_value_as_the_schema_has_it(result: dict[str, Any]) -> None:
    printed = RENDERERS["json"](result)

    GATE.validate(result)
    assert printed.isascii()
    assert json.loads(printed) == result


@LAW
@given(results())
def test_sarif_is_as_its_schema_has_it_and_as_github_takes_it(result: dict[str, Any]) -> None:
    log = json.loads(RENDERERS["sarif"](result))

    SARIF.validate(log)
    (run,) = log["runs"]
    for found in run["results"]:
        assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
        (location,) = found["locations"]
        assert location["physicalLocation"]["region"]["startLine"] > 0
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?!/)[\w%./~-]+", uri, re.ASCII), "a relative reference, whatever the file's name"
        assert not re.sub(r"\{\{|\}\}", "", found["message"]["text"]).strip("{}").count("{0}")
        assert "](" not in found["message"]["text"]
    assert not [path for path in empty_arrays(log) if path != "results"]
    prints = [found["partialFingerprints"]["pairRuleSubject/v1"] for found in run["results"]]
    assert len(set(prints)) == len(prints)


def empty_arrays(value: Any, key: str = "") -> Iterator[str]:
    if value == []:
        yield key
    for name, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from empty_arrays(item, str(name))


@LAW
@given(results())
def test_junit_is_as_its_schema_has_it(result: dict[str, Any]) -> None:
    printed = RENDERERS["junit"](result)

    suites = etree.fromstring(printed.encode())
    JUNIT.assertValid(suites)
    for suite in suites:
        for attribute, tag in {
            "tests": "testcase",
            "failures": "failure",
            "errors": "error",
            "skipped": "skipped",
        }.items():
            assert int(suite.get(attribute, "")) == len(suite.findall(f".//{tag}"))
        assert suite.findall("testcase"), "a suite without a case is shown nowhere"
    for pair, suite in zip(result["pairs"], suites, strict=False):
        assert bool(suite.findall(".//failure") + suite.findall(".//error")) >= (pair["result"] != "passed")


@LAW
@given(results())
def test_workflow_commands_are_one_line_each_and_nothing_else_is_one(result: dict[str, Any]) -> None:
    *commands, last = RENDERERS["github"](result).removesuffix("\n").split("\n")

    assert all(COMMAND.fullmatch(line) for line in commands)
    assert last.startswith("specdec-check: ")
    for line in (last, *RENDERERS["text"](result).split("\n")):
        assert not re.search(r"##\w*\[", line)
        assert not line.lstrip().startswith("::")


@LAW
@given(results())
def test_nothing_acts_in_markdown_but_our_own_layout(result: dict[str, Any]) -> None:
    printed = RENDERERS["markdown"](result)
    tokens = tokens_of(printed)

    assert not {token.type for token in tokens} & {
        "link_open", "image", "html_inline", "html_block", "em_open", "s_open", "fence", "code_block", "hr",
        "blockquote_open", "ordered_list_open",
    }  # fmt: skip
    assert sum(token.type == "table_open" for token in tokens) == bool(result["pairs"])
    assert sum(token.type == "tr_open" for token in tokens) == len(result["pairs"]) + bool(result["pairs"])
    cells = [token.type for token in tokens].count("td_open")
    assert cells == 4 * len(result["pairs"])
    headings = {token.tag for token in tokens if token.type == "heading_open"}
    assert headings <= {"h2", "h3"}
    for token in tokens:
        if token.type == "text":
            assert not re.search(
                r"[@<>`\[\]*_~$\\]|#\d|https?:|www\.|:\w+:|[A-Za-z]-\d|\b[0-9a-f]{7,}\b(?<!\d{7})", token.content
            ), token


@LAW
@given(results())
def test_markdown_has_no_raw_html_outside_code(result: dict[str, Any]) -> None:
    assert "<" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", RENDERERS["markdown"](result))


@LAW
@given(results())
def test_gitlab_takes_every_issue(result: dict[str, Any]) -> None:
    issues = json.loads(RENDERERS["gitlab"](result))

    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] > 0


@LAW
@given(results())
def test_no_pair_is_ever_missing(result: dict[str, Any]) -> None:
    text = RENDERERS["text"](result)
    log = json.loads(RENDERERS["sarif"](result))["runs"][0]["results"]
    suites = [suite.get("name") for suite in etree.fromstring(RENDERERS["junit"](result).encode())]
    rows = "".join(
        inner.content for inner in tokens_of(RENDERERS["markdown"](result)) if inner.type in ("text", "code_inline")
    )
    for pair in result["pairs"]:
        name = visible(pair["id"])
        assert re.sub(r"[ ]", "", name) in re.sub(r"[ ]", "", text)
        assert re.sub(r"[| ]", "", name) in re.sub(r"[| ]", "", rows)
        assert name in suites
        if pair["result"] != "passed":
            mine = [found for found in log if found["properties"].get("pair") == name]
            assert "error" in {found["level"] for found in mine if "suppressions" not in found}


@LAW
@given(results(), st.text())
def test_fingerprints_do_not_depend_on_what_is_said(result: dict[str, Any], said: str) -> None:
    other = copy.deepcopy(result)
    for whose in (other, *other["pairs"]):
        for found in whose["findings"]:
            found["message"] = found["fix"] = said
    for pair in other["pairs"]:
        pair["answer"] = said

    def prints(value: dict[str, Any]) -> list[str]:
        log = json.loads(RENDERERS["sarif"](value))["runs"][0]["results"]
        return [
            *(found["partialFingerprints"]["pairRuleSubject/v1"] for found in log),
            *(issue["fingerprint"] for issue in json.loads(RENDERERS["gitlab"](value))),
        ]

    assert prints(result) == prints(other)


def test_a_failed_pair_without_a_reason_is_still_a_failure_everywhere() -> None:
    """Such as one that an older version judged: nothing may read as passed because a finding is missing."""
    result = EXAMPLE | {"pairs": [VLLM | {"findings": [], "passed": []}], "findings": []}

    assert 'failures="1"' in RENDERERS["junit"](result)
    assert RENDERERS["github"](result).startswith("::error file=deploy/vllm.yaml,line=14,")
    assert json.loads(RENDERERS["sarif"](result))["runs"][0]["results"][0]["level"] == "error"
    assert json.loads(RENDERERS["gitlab"](result))[0]["severity"] == "critical"


def test_an_unresolved_pair_is_an_error_and_an_ignored_one_is_suppressed_with_its_reason() -> None:
    found = {item["ruleId"]: item for item in json.loads(RENDERERS["sarif"](EXAMPLE))["runs"][0]["results"]}

    assert found["SD701"]["level"] == "error"
    (suppression,) = found["SD702"]["suppressions"]
    assert suppression["justification"] == "its card names this target, until 2027-01-31"
    assert "suppressions" not in found["SD701"]
    assert found["SD701"]["message"]["text"].startswith("The drafter is '${{DRAFT_MODEL}}', which"), (
        "as SARIF §3.11.5 asks"
    )
    assert found["SD710"]["locations"][0]["physicalLocation"]["region"]["startLine"] == 47


def test_an_annotation_names_a_file_as_it_is() -> None:
    odd = "de:ploy, 50%/ä b.yaml"
    result = EXAMPLE | {"pairs": [VLLM | {"place": place(odd, 2, 3)}], "findings": []}

    assert RENDERERS["github"](result).startswith("::error file=de%3Aploy%2C 50%25/ä b.yaml,line=2,col=3,title=SD101")
    location = json.loads(RENDERERS["sarif"](result))["runs"][0]["results"][0]["locations"][0]
    assert unquote(location["physicalLocation"]["artifactLocation"]["uri"]) == odd


def test_a_rule_is_annotated_once_per_pair() -> None:
    twice = [VLLM["findings"][0], VLLM["findings"][0] | {"subject": "drafter", "message": "And more."}]
    lines = RENDERERS["github"](EXAMPLE | {"pairs": [VLLM | {"findings": twice}], "findings": []}).splitlines()

    assert len(lines) == 2
    assert "%0AAnd more.%0A" in lines[0]


@pytest.mark.parametrize(("count", "beyond"), [(10, ""), (13, "3 of 13 errors")])
def test_what_github_will_not_show_is_said(count: int, beyond: str) -> None:
    *commands, last = RENDERERS["github"](many(count)).splitlines()

    assert len(commands) == count
    assert ("GitHub shows 10 annotations of a kind" in last) == bool(beyond)
    assert beyond in last


def test_errors_come_first_where_github_stops_reading() -> None:
    lines = RENDERERS["github"](EXAMPLE).splitlines()[:-1]
    kinds = [line.split(" ")[0] for line in lines]

    assert kinds == sorted(kinds, key=["::error", "::warning", "::notice"].index)


def test_sarif_keeps_the_gravest_within_githubs_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_MOST", 3)
    (run,) = json.loads(RENDERERS["sarif"](EXAMPLE))["runs"]

    assert [found["level"] for found in run["results"]] == ["error"] * 3
    assert run["properties"]["leftOut"] == 5


def test_markdown_stays_under_a_mebibyte_and_says_what_is_left_out() -> None:
    printed = RENDERERS["markdown"](many(6000))

    assert len(printed.encode()) < 1024 * 1024
    assert re.search(r"\n\d+ more lines and sections are left out here; other formats have them all\.\n$", printed)


def test_a_rule_of_a_later_version_gets_its_page_from_the_finding() -> None:
    later = finding("x", "SD999", "told-by-a-later-version", "error", "It is so.", "Do it.")
    log = json.loads(RENDERERS["sarif"](EXAMPLE | {"pairs": [VLLM | {"findings": [later]}], "findings": []}))

    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert rule["name"] == "told-by-a-later-version"
    assert "Do it." in rule["help"]["markdown"]


def test_no_pairs_at_all_is_valid_everywhere() -> None:
    nothing = EXAMPLE | {"pairs": [], "findings": [], "no_pair": []}
    for render in RENDERERS.values():
        assert render(nothing)
    SARIF.validate(json.loads(RENDERERS["sarif"](nothing)))
    JUNIT.assertValid(etree.fromstring(RENDERERS["junit"](nothing).encode()))
