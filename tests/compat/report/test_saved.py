"""A saved result is read strictly: what is let through can be rendered, and what is not is told in a sentence."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gate_example import EXAMPLE
from hostile import damaged, nested, torn, tried
from hostile_results import results
from hypothesis import given, settings

import specdec_check.compat
from specdec_check.compat.report import saved
from specdec_check.compat.report.media import RENDERERS

SCHEMA = json.loads((Path(specdec_check.compat.__file__).parent / "gate.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
LAW = settings(max_examples=50, deadline=None)


@LAW
@given(results())
def test_what_was_written_is_read_as_it_was(result: dict[str, Any]) -> None:
    assert saved.parse(RENDERERS["json"](result).encode(), "gate.json") == result


@LAW
@given(damaged(EXAMPLE))
def test_what_is_let_through_can_be_rendered(value: Any) -> None:
    read, why = tried(saved.parse, json.dumps(value).encode(), "gate.json")

    if read is None:
        assert why.startswith("gate.json is ")
        assert not VALIDATOR.is_valid(value) or "NaN" in json.dumps(value) or "Infinity" in json.dumps(value)
    else:
        for render in RENDERERS.values():
            render(read)


@LAW
@given(torn(json.dumps(EXAMPLE).encode()))
def test_a_torn_file_is_told_in_a_sentence(data: bytes) -> None:
    tried(saved.parse, data, "gate.json")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"NaN", nested(100_000), b'{"kind": "gate"}'])
def test_other_files_are_no_result(data: bytes) -> None:
    read, why = tried(saved.parse, data, "gate.json")

    assert read is None
    assert why.startswith("gate.json is ")


def test_the_place_of_the_fault_is_named() -> None:
    value = json.loads(json.dumps(EXAMPLE))
    value["pairs"][1]["place"]["line"] = 0

    assert tried(saved.parse, json.dumps(value).encode(), "gate.json")[1].startswith(
        "gate.json is no result of the gate (it.pairs[1].place.line is out of range): "
    )


def test_a_key_of_a_later_version_is_let_through() -> None:
    later = EXAMPLE | {"weather": {"is": ["fine"]}}

    assert saved.parse(json.dumps(later).encode(), "gate.json") == later
    assert not VALIDATOR.is_valid(later), "the published schema is strict about what this version writes"
