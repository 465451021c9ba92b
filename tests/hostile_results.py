"""Results of the gate in which every string that may be anything is something bad."""

import copy
from typing import Any

from gate_example import EXAMPLE
from hostile import TEXTS
from hypothesis import strategies as st

Json = Any

# What acts in one of the media: Markdown, HTML, SARIF's messages, workflow commands, XML.
ACTING = [
    "![x](http://evil.example/x.png)", "[a](1)", "[a]: http://evil.example", "<img src=x>", "<!--", "&lt;", "@octocat",
    "x@octocat", "org/repo#1", "#123", "GH-12", "deadbeef", "https://evil.example", "www.evil.example", "a@b.co",
    "a|b", r"a\|b", "\\", "|", "`", "``x`", "a`b", "`a` `b`", "`a``b`", "*b*", "_b_", "~~b~~", ":smile:", "1. x",
    "2)", "- x", "+ x", "# x", "> x", "---", "===", "$x$", "{0}", "{{", "}", "](", "::error::x", "a\n::error::x",
    "##[error]x", "##vso[task.complete]", "x ::stop-commands::y", "%0A::error::x", "%", "a,line=3", "a:b", "]]>",
    "a\rb", "\ufffe", "\u2028", "C:/x", "//host/x", "../x", " ", "  x", "x ", "\udc80", "a × b",
]  # fmt: skip
texts = (
    st.sampled_from(TEXTS + ACTING) | st.text(max_size=30) | st.lists(st.sampled_from(ACTING), max_size=4).map(" ".join)
)

# Strings by these keys are words of the schema.
FIXED = set("kind name verdict result source relation code severity subject until fingerprint commit outcome".split())
FIXED |= {"passed"}


@st.composite
def results(draw: st.DrawFn) -> Json:
    """The example with all its free strings replaced, and some of its pairs and findings gone or twice there."""
    value = copy.deepcopy(EXAMPLE)
    value["pairs"] = draw(st.permutations(value["pairs"]))[: draw(st.integers(0, 5))]
    for pair in value["pairs"]:
        pair["result"] = draw(st.sampled_from(["passed", "failed", "undecided"]))
        if pair["findings"]:
            pair["findings"] = draw(st.lists(st.sampled_from(pair["findings"]), max_size=4))
    value = _replaced(draw, copy.deepcopy(value))
    for index, pair in enumerate(value["pairs"]):
        pair["id"] = f"{draw(texts)}{index}"  # unique
    return value


def _replaced(draw: st.DrawFn, value: Json, key: str = "") -> Json:
    if isinstance(value, dict):
        return {draw(texts) if key == "engines" else name: _replaced(draw, item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(draw, item, key) for item in value]
    return draw(texts) if isinstance(value, str) and key not in FIXED else value
