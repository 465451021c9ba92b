"""The command line as a user starts it: a process of its own, which sees one Hub and one cache."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.server import LoopbackHub

# One that the loopback Hub takes for somebody's; no output of any run may hold it.
TOKEN = "hf_aTokenThatMustNeverBePrinted"  # noqa: S105 - it opens nothing
PROGRAM = "from specdec_check.compat.entry import main; main()"


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def errors(self) -> list[str]:
        """The sentences on standard error, which must hold nothing else."""
        lines = self.stderr.splitlines()
        assert all(line.startswith("error: ") for line in lines), self.stderr
        return [line.removeprefix("error: ") for line in lines]

    @property
    def error(self) -> str:
        """The one sentence on standard error, on exit 2 and beside no verdict."""
        assert (self.status, len(self.errors)) == (2, 1), self
        return self.errors[0]


class CommandLine:
    """`specdec-check`, which sees one Hub and one cache."""

    def __init__(self, hub: LoopbackHub, home: Path, folder: Path) -> None:
        self.hub, self.home, self.folder = hub, home, folder

    def __call__(self, *words: object, **options: Any) -> Run:
        """Run to the end, in at most `within` seconds; `token` and further variables go into the environment."""
        within = options.pop("within", 60.0)
        start = time.monotonic()
        process = self.start(*words, **options)
        try:
            stdout, stderr = process.communicate(timeout=within)
        finally:
            process.kill()
        run = Run(process.returncode, stdout or "", stderr, time.monotonic() - start)
        assert "Traceback" not in stderr, stderr
        assert TOKEN not in run.stdout + stderr
        return run

    def start(
        self,
        *words: object,
        token: str | None = None,
        home: Path | None = None,
        program: str = PROGRAM,
        stdout: Any = subprocess.PIPE,
        script: str = 'exec "$@"',
        **environment: str,
    ) -> subprocess.Popen[str]:
        """Start without waiting; the shell script has the command line in "$@"."""
        known = {**self.hub.environment(home or self.home, token), "PYTHONUNBUFFERED": "", **environment}
        self.folder.mkdir(exist_ok=True)
        return subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", sys.executable, "-c", program, *map(str, words)],
            env=known,
            cwd=self.folder,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,
        )

    def python(self, program: str, *words: object, **options: Any) -> Run:
        """Run a program of our own in the same surroundings."""
        return self(*words, program=program, **options)


def interrupt(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C."""
    os.kill(process.pid, signal.SIGINT)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
