"""What is fuzzed of the scan: each kind of file, and what must hold for whatever is found in one."""

from __future__ import annotations

import json
import re
import tempfile
from functools import partial
from pathlib import Path
from zlib import crc32

from fuzz.mutations import stirred
from fuzz.targets import Target

from specdec_check.compat.project.declared import Project
from specdec_check.compat.project.listing import listing
from specdec_check.compat.report import machine, scan_text
from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.found import Pairing
from specdec_check.compat.scan.readers import reader_of
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.scan import Located, Wanted, look, scan

_CORPUS = Path(__file__).parents[1] / "compat" / "scan" / "corpus"
_LINE_END = re.compile(r"\r\n|\r|\n")
# What a name that is spelled otherwise than it is meant begins with, and what a part of one ends before.
_SPELLED = re.compile(r"[\\'\"$%{\r\n]")
_END = re.compile(r"[^\w./-]|$")
_LONGEST = 600


def in_file(name: str, language: str, data: bytes) -> None:
    """Reads the file as its kind; one in eight as a command would, to the end of what it prints."""
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    reader = reader_of(language)
    assert reader is not None
    located: list[Located] = []
    try:
        located = look(name, text, reader, Scope())
    except UnreadError as error:
        _is_clause(str(error))
    for one in located:
        stands(one, text)
    if crc32(data) % 8 == 0:
        _in_folder(name, data, located)


def _in_folder(name: str, data: bytes, located: list[Located]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        file = root / name
        file.write_bytes(data)
        scanned = scan(root, [file], Wanted())
        if b"\0" not in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            assert list(scanned.located) == located, "the scan found something else"
        listed = listing(Project(root), scanned)
        assert json.loads(machine.dump(listed))
        for line in scan_text.render(listed):
            line.plain.encode()


def stands(one: Located, text: str) -> None:
    """The place lies in the file, and there stands the name, unless it is spelled otherwise there."""
    lines = _LINE_END.split(text)
    assert 1 <= one.line <= len(lines), f"line {one.line} of {len(lines)}"
    assert 1 <= one.column <= len(lines[one.line - 1]) + 1, f"column {one.column} of {lines[one.line - 1]!r}"
    if not isinstance(one.found, Pairing):
        return
    drafter = one.found.drafter
    assert drafter.written, "a drafter without a name"
    if drafter.value is not None:
        raw = text[drafter.offset : drafter.offset + len(drafter.value) + 1]
        rest = raw[_length_of_same(raw, drafter.value) :]
        stands_whole = raw.startswith(drafter.value)
        stands_in_part = (_SPELLED if rest == raw else _END).match(rest)
        assert stands_whole or stands_in_part, f"{drafter} stands at {raw!r}"


def _length_of_same(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def _is_clause(why: str) -> None:
    assert why == why.strip(), why
    assert why.isprintable(), why
    assert not why.endswith("."), why
    assert len(why) < _LONGEST, why


def _seeds(*patterns: str) -> tuple[bytes, ...]:
    files = sorted(file for pattern in patterns for file in _CORPUS.rglob(pattern) if file.name != "labels.json")
    return tuple(file.read_bytes() for file in files if ".ruff_cache" not in file.parts)


def _scanned(kind: str, name: str, language: str, *patterns: str) -> Target:
    return Target(f"scanned {kind}", _seeds(*patterns), partial(in_file, name, language), stirred, share=5)


SCANNED = (
    _scanned("shell script", "serve.sh", "sh", "*.sh"),
    _scanned("Dockerfile", "Dockerfile", "dockerfile", "Dockerfile*"),
    _scanned("systemd unit", "engine.service", "service", "*.service", "*.container"),
    _scanned(".env", ".env", "env", ".env*"),
    _scanned("Markdown", "README.md", "md", "*.md"),
    _scanned("YAML", "values.yaml", "yaml", "*.yaml", "*.yml"),
    _scanned("JSON", "engine.json", "json", "*.json"),
    _scanned("TOML", "pyproject.toml", "toml", "*.toml"),
    _scanned("Python", "serve.py", "py", "*.py"),
)
