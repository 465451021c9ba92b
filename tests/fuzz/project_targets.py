"""What is fuzzed of a project: its configuration, its lock, and a result of the gate that was saved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import snapshots
from fuzz.mutations import stirred
from fuzz.targets import CERTIFICATE, Target
from gate_example import EXAMPLE

from specdec_check.compat.errors import CheckError, SeveralErrors
from specdec_check.compat.project.against import changes
from specdec_check.compat.project.asked import asked
from specdec_check.compat.project.config import load as load_config
from specdec_check.compat.project.lock import NAME, Lock
from specdec_check.compat.project.lock import load as load_lock
from specdec_check.compat.project.locked import LockedPair
from specdec_check.compat.report import saved
from specdec_check.compat.report.media import RENDERERS
from specdec_check.compat.scan.scan import Scanned

PAIRS = b"""\
fail-on = "warning"
strict = true
engines = ["vllm@0.33.0", "sglang"]
select = ["SD1", "sd504"]

[[pairs]]
name = "chat"
target = "org/big@v2"
drafter = 'org/small'
drafter-revision = "refs/pr/1"
engines = ["bundled"]
context = 32768
tensor-parallel = 4
heterogeneous-vocab = true

[[ignores]]
rule = "sd405"
pair = "deploy/*.yaml*"
reason = '''
  trained by us,
  for this target
'''
until = 2027-01-31
"""
LISTS = b"""\
ignore = ["SD504"]
pairs = [{target = "llama", drafter = "./drafter", batch = 8}]
"""
TABLES = b"""
[models]
"/models/llama/" = "meta-llama/Llama-3.1-8B-Instruct"
llama = "meta-llama/Llama-3.1-8B-Instruct@main"

[scan]
paths = ["deploy", "serve.sh"]
exclude = ["vendor/**"]
env = true

[scan.set]
MODEL = "org/name"
"""
IN_PYPROJECT = b"""\
[project]
name = "serving"
version = "1.0"

[tool.specdec-check]
fail-on = "error"
allow-specials = true

[[tool.specdec-check.pairs]]
target = "org/big"
drafter = "org/small"
draft-tensor-parallel = 1

[tool.specdec-check.scan]
markdown = true
"""
LOCK = Lock.of([CERTIFICATE])
PAIR = LockedPair.of(CERTIFICATE)


def in_configuration(data: bytes) -> None:
    """A project's own file, or the table in the one that it shares, and the pairs that it declares."""
    with tempfile.TemporaryDirectory() as folder, in_one_line():
        file = Path(folder, "pyproject.toml" if b"tool.specdec-check" in data else "specdec.toml")
        file.write_bytes(data)
        project = load_config(Path(folder))
        asked(project, Scanned())
        lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
        for one in (*project.pairs, *project.ignores):
            assert 1 <= one.place.line <= len(lines), one
            assert 1 <= one.place.column <= len(lines[one.place.line - 1]), one


def in_lock(data: bytes) -> None:
    """A lock, written again, and what it says of a pair as it is."""
    with tempfile.TemporaryDirectory() as folder, in_one_line():
        file = Path(folder, NAME)
        file.write_bytes(data)
        lock = load_lock(file)
        assert lock is not None
        file.write_bytes(lock.dump())
        assert load_lock(file) == replace(lock, canonical=True)
        for pair in lock.pairs.values():
            changes(pair, PAIR)


def in_saved(data: bytes) -> None:
    """A saved result, in every form that it can be given in."""
    result = saved.parse(data, "gate.json")
    for render in RENDERERS.values():
        render(result).encode()


@contextmanager
def in_one_line() -> Iterator[None]:
    """Holds errors to a line each."""
    try:
        yield
    except CheckError as error:
        for one in error.errors if isinstance(error, SeveralErrors) else (error,):
            assert one.message.isprintable(), one.message
        raise


KEPT = (
    Target("configuration", (PAIRS, LISTS + TABLES, PAIRS + TABLES, IN_PYPROJECT), in_configuration, stirred),
    Target("lock", (LOCK.dump(),), in_lock),
    Target("saved result", (snapshots.dump(EXAMPLE),), in_saved),
)
