"""A gate's result that was saved as JSON, read back to be rendered: whatever the file holds, nothing fails later."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import MalformedError
from .entries import Result

_DO = "save one with `specdec-check gate --format json`"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def parse(data: bytes, path: str) -> Result:
    """The result in a file.

    Keys that this version does not know are let through: a later one may have added them.

    Raises:
        MalformedError: if it is no result of the gate; the sentence names the place in it.
    """
    try:
        value = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
        json.dumps(value)  # what could just be parsed may be nested too deep to be written
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{path} is no JSON: {_DO}.") from error
    if not isinstance(value, dict) or value.get("kind") != "gate":
        raise MalformedError(f"{path} is no result of the gate: {_DO}.")
    if type(value.get("schema")) is not int or value["schema"] != 1:
        raise MalformedError(f"{path} is of another schema than 1: use the version of specdec-check that wrote it.")
    if fault := _fault(value, _schema(), "it"):
        raise MalformedError(f"{path} is no result of the gate ({fault}): {_DO}.")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


@cache
def _schema() -> dict[str, Any]:
    found = files(__package__.rpartition(".")[0]).joinpath("gate.schema.json")
    schema: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return schema


def _fault(value: Any, schema: dict[str, Any], where: str) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """What is wrong with a value by those keywords of JSON Schema that our schema has; None if nothing is."""
    if "$ref" in schema and (fault := _fault(value, _schema()["$defs"][schema["$ref"].rpartition("/")[2]], where)):
        return fault
    if "anyOf" in schema:
        faults = [_fault(value, option, where) for option in schema["anyOf"]]
        return None if None in faults else faults[0]
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if allowed is not None and not any(value == item and type(value) is type(item) for item in allowed):
        return f"{where} is none of {', '.join(map(str, allowed))}"
    types = schema.get("type", list(_TYPES))
    if not any(_is(value, name) for name in ([types] if isinstance(types, str) else types)):
        return f"{where} is not of type {types}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
        return f"{where} does not match {schema['pattern']}"
    if _is(value, "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return f"{where} is out of range"
    return _fault_inside(value, schema, where)


def _fault_inside(value: Any, schema: dict[str, Any], where: str) -> str | None:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list) and "items" in schema:
        faults = (_fault(item, schema["items"], f"{where}[{index}]") for index, item in enumerate(value))
        return next(filter(None, faults), None)
    if not isinstance(value, dict):
        return None
    if missing := [key for key in schema.get("required", ()) if key not in value]:
        return f"{where} lacks {missing[0]}"
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key, item in value.items():
        inner = known.get(key, others)
        if isinstance(inner, dict) and (fault := _fault(item, inner, f"{where}.{key if key in known else '*'}")):
            return fault
    return None


def _is(value: Any, name: str) -> bool:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name]) and not (isinstance(value, float) and not math.isfinite(value))
