"""Every parser survives damage: a value, or one sentence about what is wrong, within bounds of time and memory.

    python -m pytest -m fuzz --dist=load

SPECDEC_FUZZ_CASES sets the number of cases for each parser (for each kind of scanned file it is a fifth of that, since
one takes five times as long), SPECDEC_FUZZ_SEED where they start. A failing case names
its parser, seed and number, which draw the same input anywhere, and leaves the input in a file.
"""

from __future__ import annotations

import os
import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fuzz.project_targets import KEPT
from fuzz.scan_targets import SCANNED, stands
from fuzz.targets import PARSERS, Target

from specdec_check.compat.errors import CheckError, SeveralErrors
from specdec_check.compat.scan.found import Name, Pairing, Unpaired
from specdec_check.compat.scan.scan import Located

CASES = int(os.environ.get("SPECDEC_FUZZ_CASES") or 20_000)
SEED = int(os.environ.get("SPECDEC_FUZZ_SEED") or 0)
_SECONDS = 2.0  # of CPU time, for one case
_SPACE = 1 << 30  # bytes of address space that may be added
_GROWTH = 256 << 20  # bytes by which the process may have grown in the end
_LONGEST = 1200
each_parser = pytest.mark.parametrize(
    "target", [*PARSERS, *SCANNED, *KEPT], ids=lambda target: target.name.replace(" ", "-")
)


class HangError(BaseException):
    """A case took too long. Not an Exception, so that no parser takes it for one of its own."""


@pytest.mark.fuzz
@each_parser
def test_a_parser_survives(target, tmp_path):
    survive(target, CASES // target.share, tmp_path)


@each_parser
def test_the_seeds_are_sound_and_a_few_cases_survive(target, tmp_path):
    for seed in target.seeds:
        target.call(seed)
    survive(target, 100, tmp_path)


def crashing(data: bytes) -> None:
    raise KeyError(data)


def hanging(data: bytes) -> None:
    while True:
        data = data[::-1]


def hoarding(data: bytes) -> None:
    bytearray(len(data) + 4 * _SPACE)


def mumbling(data: bytes) -> None:
    raise CheckError(f"no {data!r}")


def misplacing(data: bytes) -> None:
    drafter = Name("org/drafter", "org/drafter", 1)
    stands(Located("serve.sh", 1, 2, Pairing("vllm", None, drafter)), "org/drafter")


def leaving(data: bytes) -> None:
    stands(Located("serve.sh", 2, 1, Unpaired("vllm", "ngram", 9)), "ngram")


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (crashing, "KeyError at"),
        (hanging, "HangError at"),
        (hoarding, "MemoryError at"),
        (mumbling, "no sentence"),
        (misplacing, "AssertionError at .*: Name"),
        (leaving, "AssertionError at .*: line 2 of 1"),
    ],
)
def test_what_is_looked_for_would_be_found(monkeypatch, tmp_path, call, found):
    monkeypatch.setattr(f"{__name__}._SECONDS", 0.05)
    with pytest.raises(pytest.fail.Exception, match=f"a parser, seed {SEED}, case 0: {found}"):
        survive(Target("a parser", (b"{}",), call), 3, tmp_path)
    assert (tmp_path / "input").exists()


def survive(target: Target, cases: int, folder: Path) -> None:
    """Runs so many cases, and fails with the first that is not survived."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with bounded_space(), alarm() as start:
        for number in range(cases):
            data = target.damage(random.Random(f"{SEED}/{target.name}/{number}"), target.seeds)
            start()
            problem = outcome(target.call, data)
            if problem is not None:
                file = folder / "input"
                file.write_bytes(data)
                shown = data[:1000].hex()
                pytest.fail(f"{target.name}, seed {SEED}, case {number}: {problem}\ninput: {file}\nhex: {shown}")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < _GROWTH, f"{target.name}, seed {SEED}: grown by {grown} bytes"


def outcome(call: Callable[[bytes], object], data: bytes) -> str | None:
    """What is wrong with how a call ends; None where nothing is."""
    try:
        call(data)
    except CheckError as error:
        several = error.errors if isinstance(error, SeveralErrors) else (error,)
        return next((f"no sentence: {one.message!r}" for one in several if not is_sentence(one.message)), None)
    except (Exception, HangError) as error:  # noqa: BLE001 - any other is what is looked for
        place = error.__traceback__
        while place and place.tb_next and place.tb_next.tb_frame.f_code is not _ring.__code__:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "nowhere"
        return f"{type(error).__name__} at {where}: {str(error)[:300]}"
    return None


def is_sentence(message: str) -> bool:
    """Whether a message is one that is told as it is."""
    ends = message.endswith((".", "?"))  # "did you mean …?"
    return message == message.strip() and ends and len(message) <= _LONGEST


@contextmanager
def alarm() -> Iterator[Callable[[], None]]:
    """Gives what starts the clock anew; when it has run out, HangError is raised wherever the program is."""
    former = signal.signal(signal.SIGPROF, _ring)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_PROF, _SECONDS) and None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def _ring(*_: object) -> None:
    raise HangError


@contextmanager
def bounded_space() -> Iterator[None]:
    """Lets a case that asks for far too much memory end in a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _SPACE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
