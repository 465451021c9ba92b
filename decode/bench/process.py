"""The parent's end of a worker."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import Any, Self


class WorkerError(Exception):
    """The engine could not do what it was asked; the message says why."""


class Worker:
    """One engine's process, started at once.

    It has a session of its own, so that an interrupt reaches the parent alone, which then ends it.
    """

    def __init__(self, engine: str, threads: int | None) -> None:
        self.engine = engine
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        if threads is not None:
            environment["OMP_NUM_THREADS"] = str(threads)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "specdec_check.decode.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=environment,
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._input = self._process.stdin
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, do: str, seconds: float, **details: Any) -> Any:  # noqa: ANN401 - what JSON holds
        """Sends a request and waits for its answer. Raises what `receive` does."""
        self.send(do, **details)
        return self.receive(seconds)

    def send(self, do: str, **details: Any) -> None:  # noqa: ANN401 - what JSON holds
        """Sends a request, whose answer `receive` gives."""
        with suppress(BrokenPipeError):  # `receive` tells why the process has ended
            self._input.write(json.dumps({"do": do} | details) + "\n")
            self._input.flush()

    def receive(self, seconds: float) -> Any:  # noqa: ANN401 - what JSON holds
        """The answer to the request before.

        Raises:
            WorkerError: if it failed, the process ended, or the time is over; then the worker is closed.
        """
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise WorkerError(f"it had not answered after {seconds:.0f} s") from None
        if line is None:
            raise WorkerError(f"its process ended ({self._last_words()})")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer["answer"]

    def close(self) -> None:
        """Ends the process, and all that it started."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def _listen(self) -> None:
        stream = self._process.stdout
        with suppress(ValueError):  # closed while it was read
            for line in stream or ():
                self._answers.put(line)
        self._answers.put(None)

    def _last_words(self) -> str:
        status = self._process.wait()
        with suppress(ValueError, OSError):
            self._said.seek(0)
            if lines := self._said.read().decode(errors="replace").strip().splitlines():
                return f"status {status}: {lines[-1][:200]}"
        return f"status {status}"
