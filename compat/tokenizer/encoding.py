"""Texts → ids, by tokenizers of other people, each in a process of its own that is bounded in time and memory."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..visible import shortened
from . import encode_process
from .encode_process import FAILED, SIZES, UNREADABLE

# The process bounds its own computing; this is for machines that are busy, or have no such bound.
SECONDS = 60.0
_PROGRAM = Path(encode_process.__file__)
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Runnable:
    """A tokenizer that the library can run.

    Attributes:
        data: its tokenizer.json.
        added: content, id, lstrip, rstrip, single_word, normalized of every added token, by id.
    """

    data: bytes
    added: Sequence[Sequence[str | int]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The ids of several texts: how many each text has, and all of them."""

    counts: array[int]
    ids: array[int]

    def __iter__(self) -> Iterator[array[int]]:
        """The ids of each text."""
        end = 0
        for count in self.counts:
            start, end = end, end + count
            yield self.ids[start:end]


def encode(tokenizers: Sequence[Runnable], texts: Sequence[str], seconds: float = SECONDS) -> list[Encoded | str]:
    """Encodes texts with several tokenizers at once, without special tokens.

    Args:
        tokenizers: each gets a process.
        texts: what is encoded.
        seconds: the longest that this may take.

    Returns:
        For each tokenizer the ids, or what went wrong as a clause such as "takes more than 20 seconds".
    """
    end = time.monotonic() + seconds
    with ExitStack() as stack:
        try:
            started = [_start(stack, tokenizer, texts) for tokenizer in tokenizers]
        except OSError as error:
            return [f"cannot be run in a process of its own ({error.strerror})"] * len(tokenizers)
        return [_result(process, len(texts), end, seconds) for process in started]


def _start(stack: ExitStack, tokenizer: Runnable, texts: Sequence[str]) -> subprocess.Popen[bytes]:
    told = marshal.dumps((list(texts), [list(token) for token in tokenizer.added]))
    # A file and no pipe, so that a process that does not read cannot keep us.
    job = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the stack
    for part in (SIZES.pack(len(told), len(tokenizer.data)), told, tokenizer.data):
        job.write(part)
    job.seek(0)
    # Isolated, so that nothing in the working directory or the environment is imported; this process's path instead.
    command = [sys.executable or "", "-I", "-S", str(_PROGRAM), *filter(None, sys.path)]
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and a program of ours
        command,
        stdin=job,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
    )
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _result(process: subprocess.Popen[bytes], texts: int, end: float, seconds: float) -> Encoded | str:
    try:
        output, _ = process.communicate(timeout=max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return f"takes more than {seconds:g} seconds to encode the probes"
    if process.returncode in (UNREADABLE, FAILED):
        what = "cannot be built" if process.returncode == UNREADABLE else "fails on the probes"
        return f"{what} ({shortened(output.decode('utf-8', 'replace'), _LONGEST)})"
    numbers: array[int] = array("I")
    if process.returncode or len(output) % numbers.itemsize:
        return "ends the process that encodes the probes"
    numbers.frombytes(output)
    return Encoded(numbers[:texts], numbers[texts:])
