"""SARIF 2.1.0 for code scanning: each finding at the line that names the pair, since a model has no line here.

GitHub matches alerts over time by fingerprint, rule and file, takes 25,000 results of a run and shows 5,000, and
refuses line 0 and empty arrays.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..visible import shortened, visible
from . import machine
from .entries import Entry, Pair, Result, by_fingerprint, entries, models
from .pages import Page, page_of

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST = 25_000
_LONGEST = 1000  # of a description, for GitHub
_Object = dict[str, Any]


def render(result: Result) -> str:
    """The log, of one run; gravest results first, and passed pairs give none."""
    found = entries(result)
    kept = by_fingerprint(found)[:_MOST]
    pages = {entry.finding["code"]: page_of(entry.finding) for _, entry in reversed(kept)}
    indices = {code: index for index, code in enumerate(sorted(pages))}
    driver: _Object = {"name": "specdec-check", "version": visible(result["tool"]["version"])}
    if pages:
        driver["rules"] = [_rule(pages[code]) for code in indices]
    run: _Object = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, fingerprint, indices[entry.finding["code"]]) for fingerprint, entry in kept],
        "properties": {"verdict": result["verdict"], "answer": visible(result["answer"])},
    }
    if len(found) > _MOST:
        run["properties"]["leftOut"] = len(found) - _MOST
    return machine.dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(page: Page) -> _Object:
    return {
        "id": visible(page.code),
        "name": visible(page.name),
        "shortDescription": {"text": _text(page.title)},
        "fullDescription": {"text": _text(shortened(page.why, _LONGEST))},
        "help": {"text": _text(page.text), "markdown": _braces(page.markdown)},
        "defaultConfiguration": {"level": page.level},
        "properties": {
            "tags": ["speculative-decoding"],
            "problem.severity": "recommendation" if page.level == "note" else page.level,
        },
    }


def _result(entry: Entry, fingerprint: str, index: int) -> _Object:
    finding, place = entry.finding, entry.place
    whose = f" ({entry.pair['id']}: {models(entry.pair)})" if entry.pair else ""
    location: _Object = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place["file"]), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": place["line"], "startColumn": place["column"]},
        }
    }
    if entry.pair:
        location["logicalLocations"] = _logical(entry.pair)
    said: _Object = {
        "ruleId": visible(finding["code"]),
        "ruleIndex": index,
        "level": entry.level,
        "message": {"text": _text(f"{finding['message']}{whose} What to do: {finding['fix']}")},
        "locations": [location],
        "partialFingerprints": {"pairRuleSubject/v1": fingerprint},
        "properties": {"subject": finding["subject"], "severity": finding["severity"]},
    }
    if entry.pair:
        said["properties"] |= {
            "pair": visible(entry.pair["id"]),
            "engines": [visible(name) for name in entry.pair["asked"]],
        }
    if entry.ignored:
        said["suppressions"] = [{"kind": "external", "status": "accepted", "justification": visible(entry.ignored)}]
    return said


def _logical(pair: Pair) -> list[_Object]:
    """The models, pinned where they were read."""
    found: list[_Object] = []
    for side in ("target", "drafter"):
        name = visible(pair[side] or pair["written"][side] or "not named")
        commit = (pair["models"][side] or {}).get("commit")
        model = {"name": name, "fullyQualifiedName": f"{name}@{commit}" if commit else name, "kind": "resource"}
        if model not in found:  # a model may be its own drafter
            found.append(model)
    return found


def _uri(path: str) -> str:
    """A relative path as a reference; a file's name need not be Unicode."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = visible(path).encode()
    return quote(raw.lstrip(b"/"), safe="/") or "."


def _text(text: str) -> str:
    """A plain text message: SARIF gives a meaning to braces (§3.11.5) and to `[text](target)` (§3.11.6)."""
    return "\n".join(_braces(visible(line)).replace("](", "] (") for line in text.split("\n"))


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
