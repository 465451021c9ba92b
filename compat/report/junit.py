"""JUnit XML: a suite per pair and a case per rule, so that a dashboard shows what was checked, passes included."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from ..visible import visible
from .entries import Entry, Pair, Result, located, of_pair, of_project
from .pages import page

_KINDS = ("failure", "error", "skipped")


def render(result: Result) -> str:
    """The document."""
    suites = Xml.Element("testsuites", name="specdec-check")
    for pair in result["pairs"]:
        suites.append(_suite(pair))
    if result["findings"]:
        suites.append(_project(result))
    for kind, counted in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suites.set(kind, str(len(suites.findall(f".//{counted}"))))
    Xml.indent(suites)
    # The log of a CI job may take `##[` for a command, wherever it stands.
    told = Xml.tostring(suites, encoding="unicode").replace("##", "#&#35;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{told}\n'


def _suite(pair: Pair) -> Xml.Element:
    suite = Xml.Element("testsuite", name=visible(pair["id"]), file=visible(pair["place"]["file"]))
    told = {
        "result": pair["result"],
        "answer": pair["answer"],
        "place": located(pair["place"]),
        "target": pair["target"] or pair["written"]["target"] or "",
        "drafter": pair["drafter"] or pair["written"]["drafter"] or "",
        "engines": ", ".join(pair["asked"]),
    }
    properties = Xml.SubElement(suite, "properties")
    for name, value in told.items():
        Xml.SubElement(properties, "property", name=name, value=visible(value))
    found: dict[str, list[Entry]] = {}
    for entry in of_pair(pair):
        found.setdefault(entry.finding["code"], []).append(entry)
    for code, group in found.items():
        _case(suite, pair["id"], f"{code} {group[0].finding['name']}", group)
    for code in dict.fromkeys(pair["passed"]):
        if code not in found:
            known = page(code)
            _case(suite, pair["id"], f"{code} {known.name}" if known else code, [])
    if not found and not pair["passed"]:
        _case(suite, pair["id"], pair["answer"], [])
    return _counted(suite)


def _project(result: Result) -> Xml.Element:
    suite = Xml.Element("testsuite", name="project")
    for entry in of_project(result):
        name = f"{entry.finding['code']} {entry.finding['name']} {located(entry.place)}"
        _case(suite, "project", name, [entry])
    return _counted(suite)


def _case(suite: Xml.Element, whose: str, name: str, group: list[Entry]) -> None:
    """A case of what one rule found; one of nothing is passed."""
    case = Xml.SubElement(suite, "testcase", classname=visible(whose), name=visible(name))
    by_kind: dict[str, list[Entry]] = {}
    for entry in group:
        by_kind.setdefault(_kind(entry), []).append(entry)
    worst = next((kind for kind in _KINDS if kind in by_kind), None)
    if worst == "skipped" and len(by_kind) > 1:
        worst = None  # some of it is ignored, and the rest passes
    if worst is not None:
        deciding = by_kind.pop(worst)
        message = visible(deciding[0].ignored or deciding[0].finding["message"])
        element = Xml.SubElement(case, worst, type=deciding[0].finding["severity"], message=message)
        element.text = _lines(deciding)
    if rest := [entry for entries in by_kind.values() for entry in entries]:
        Xml.SubElement(case, "system-out").text = _lines(rest)


def _kind(entry: Entry) -> str:
    if entry.ignored:
        return "skipped"
    if not entry.decides:
        return "passed"
    return "error" if entry.finding["severity"] == "open" else "failure"


def _lines(group: list[Entry]) -> str:
    """What was found and what to do, a line each."""
    lines = []
    for entry in group:
        finding = entry.finding
        ignored = f" (ignored: {entry.ignored})" if entry.ignored else ""
        lines.append(f"{located(entry.place)}: {finding['severity']}: {finding['message']}{ignored}")
    lines += dict.fromkeys(f"What to do: {entry.finding['fix']}" for entry in group)
    return "\n".join(visible(line) for line in lines)


def _counted(suite: Xml.Element) -> Xml.Element:
    for kind, counted in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall(f".//{counted}"))))
    return suite
