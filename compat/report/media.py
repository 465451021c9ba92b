"""Every format in which the gate's result is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import gate_text, github, gitlab, junit, machine, markdown, sarif


def _json(result: dict[str, Any]) -> str:
    return f"{machine.dump(result)}\n"


# Pure functions of the result, as `gate.schema.json` has it, to text that can be written as UTF-8.
RENDERERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "text": gate_text.plain,
    "json": _json,
    "sarif": sarif.render,
    "github": github.render,
    "markdown": markdown.render,
    "junit": junit.render,
    "gitlab": gitlab.render,
}
