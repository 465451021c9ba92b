"""A tree of values as TOML, in any of the ways that TOML has to write it."""

import json
import re
from typing import Any

from hypothesis import strategies as st

_COMMENT = st.sampled_from(["", "# note", "# 'x = [\"", '# """', "# [a]"])
_BLANK = st.sampled_from(["", " ", "\t "])


@st.composite
def toml(draw: st.DrawFn, tree: dict[str, Any]) -> str:
    """A document that means the tree. Dates and times must be whole seconds."""
    ended = draw(st.sampled_from(["\n", "\r\n"]))
    lines = _table(draw, (), tree)
    return "".join(f"{draw(_BLANK)}{line}{draw(_BLANK)}{draw(_COMMENT)}\n" for line in lines).replace("\n", ended)


def _table(draw: st.DrawFn, path: tuple[str, ...], table: dict[str, Any]) -> list[str]:
    """The table's own entries, and then those that get a header of their own."""
    lines, below = [], []
    for key, value in table.items():
        name = _key(draw, key)
        if isinstance(value, dict) and draw(st.booleans()):
            below += [f"[{_header(draw, (*path, key))}]", *_table(draw, (*path, key), value)]
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value) and draw(st.booleans()):
            for one in value:
                below += [f"[[{_header(draw, (*path, key))}]]", *_table(draw, (*path, key), one)]
        elif isinstance(value, dict) and value and draw(st.booleans()):
            lines += [f"{name}.{_key(draw, part)} = {_value(draw, inner)}" for part, inner in value.items()]
        else:
            lines.append(f"{name}{draw(_BLANK)}={draw(_BLANK)}{_value(draw, value)}")
    return lines + below


def _header(draw: st.DrawFn, path: tuple[str, ...]) -> str:
    return f"{draw(_BLANK)}.{draw(_BLANK)}".join(_key(draw, part) for part in path)


def _key(draw: st.DrawFn, key: str) -> str:
    ways = [_escaped(key)]
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        ways.append(key)
    if _is_literal(key):
        ways.append(f"'{key}'")
    return draw(st.sampled_from(ways))


def _value(draw: st.DrawFn, value: Any) -> str:
    match value:
        case str():
            return draw(st.sampled_from(_texts(value)))
        case bool():
            return "true" if value else "false"
        case dict():
            inner = ", ".join(f"{_key(draw, key)} = {_value(draw, one)}" for key, one in value.items())
            return f"{{{draw(_BLANK)}{inner}{draw(_BLANK)}}}"
        case list():
            between = draw(st.sampled_from([",", ", ", ",\n  ", ' , # ] "\n']))
            end = draw(st.sampled_from(["", "\n", " # ]\n"] + ([",", ", # ,\n"] if value else [])))
            return f"[{draw(_BLANK)}{between.join(_value(draw, one) for one in value)}{end}]"
        case _:
            return str(value)


def _texts(text: str) -> list[str]:
    """All ways to write a text."""
    ways = [_escaped(text), f'"""\n{_escaped(text)[1:-1]}"""']
    if "\\" not in text:  # else an escape would become another
        lines = _escaped(text)[1:-1].replace("\\n", "\n")
        ways.append(f'"""\n{lines}"""')
        if '"""' not in text:
            plain = lines.replace('\\"', '"')
            ways.append(f'"""\n{plain}"""')
    if _is_literal(text):
        ways.append(f"'{text}'")
    if "'''" not in text and _is_literal(text.replace("\n", "").replace("'", "")):
        ways.append(f"'''\n{text}'''")
    return ways


def _is_literal(text: str) -> bool:
    return "'" not in text and all(char == "\t" or (char >= " " and char != "\x7f") for char in text)


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
