"""The loopback Hub that tests run against; `LoopbackHub` shows how it is used."""

import os
from functools import partial
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from hub.answers import Answer, Cdn, Hub, Query
from hub.faults import Break, Fault
from hub.record import Request, assert_only_headers_read, matches
from hub.repositories import Library
from hub.transport import Server

INHERITED = ("HF_", "HUGGINGFACE", "HUGGING_FACE", "TRANSFORMERS_", "SPECDEC_")


class LoopbackHub:
    """A Hub for models: a folder laid out as `<org>/<name>/<file>`, and repositories added in code.

    >>> with LoopbackHub(root) as hub:
    ...     hub.add("org/name", folder)
    ...     hub.break_with(faults.status(503), "tokenizer.json", times=2)
    ...     subprocess.run([...], env=hub.environment(cache))
    ...     hub.assert_only_headers_read()

    A token that starts with `hf_` belongs to somebody; any other is answered with invalid credentials.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.log: list[Request] = []
        self.library = Library(root)
        self.cdn = False
        self._breaks: list[Break] = []
        self._lock = Lock()
        self._hub, self._cdn = Hub(self.library), Cdn(self.library)
        # Two names, because a client may hold equal names for one host whatever the port.
        names = {"hub": "127.0.0.1", "cdn": "localhost"}
        self._servers = [Server(name, partial(self._answer, host)) for host, name in names.items()]

    @property
    def endpoint(self) -> str:
        """What HF_ENDPOINT is set to."""
        return self._servers[0].address

    @property
    def cdn_endpoint(self) -> str:
        """The other host, that LFS files lie on where `cdn` is set."""
        return self._servers[1].address

    def environment(self, cache: Path, token: str | None = None) -> dict[str, str]:
        """Return a subprocess's environment: this Hub, this cache, this token, and nothing else of the user's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(INHERITED)}
        direct = ",".join(filter(None, [kept.get("NO_PROXY") or kept.get("no_proxy"), "127.0.0.1", "localhost"]))
        kept |= {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(cache), "NO_PROXY": direct, "no_proxy": direct}
        for switch in ("TELEMETRY", "PROGRESS_BARS", "XET"):
            kept[f"HF_HUB_DISABLE_{switch}"] = "1"
        return kept if token is None else kept | {"HF_TOKEN": token}

    def add(self, name: str, folder: str | PathLike[str], revision: str = "main") -> str:
        """Let a branch, tag or `refs/pr/<n>` of a repository show a folder; return its commit."""
        self.library.add(name, Path(folder), revision)
        return self.commit(name, revision)

    def commit(self, name: str, revision: str = "main") -> str:
        """Return the commit that a revision names now."""
        snapshot = self.library.snapshot(self.library[name], revision)
        if snapshot is None:
            raise KeyError(f"{name} has no revision {revision}")
        return snapshot.commit

    def gate(self, name: str, token: str) -> None:
        """List the repository to all, give its files to one token."""
        repository = self.library[name]
        repository.gated, repository.token = True, token

    def hide(self, name: str, token: str) -> None:
        """Show the repository to one token alone."""
        repository = self.library[name]
        repository.private, repository.token = True, token

    def alias(self, former: str, present: str) -> None:
        """Redirect a former name to the present one."""
        self.library.aliases[former] = present

    def break_with(
        self,
        fault: Fault,
        match: str = "*",
        *,
        times: int | None = None,
        method: str | None = None,
        host: str | None = None,
    ) -> Break:
        """Let a fault strike the requests whose path matches, for ever or so many times.

        Where several match, they strike in the order in which they were given.
        """
        self._breaks.append(Break(fault, match, times, method, host))
        return self._breaks[-1]

    def mend(self) -> None:
        """Take back every fault."""
        self._breaks.clear()

    def forget(self) -> None:
        """Empty the log."""
        self.log.clear()

    def requests(self, match: str = "*", method: str | None = None, host: str | None = None) -> list[Request]:
        """Return the requests whose path matches."""
        return [
            request
            for request in list(self.log)
            if matches(request.path, match)
            and (method or request.method) == request.method
            and (host or request.host) == request.host
        ]

    def count(self, method: str | None = None, match: str = "*") -> int:
        """Count the requests whose path matches."""
        return len(self.requests(match, method))

    def bytes_sent(self, match: str = "*") -> int:
        """Add up the bodies of the answers to the requests whose path matches."""
        return sum(request.bytes_sent for request in self.requests(match))

    def assert_only_headers_read(self, times: int = 1) -> None:
        """Fail where more of any weight file was sent than its header; `times` readings of the header are right."""
        assert_only_headers_read(list(self.log), times)

    def start(self) -> None:
        """Listen; after `stop`, at the same address."""
        for server in self._servers:
            server.start()

    def stop(self) -> None:
        """Refuse connections, as a Hub that is down."""
        for server in self._servers:
            server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _answer(self, host: str, query: Query) -> tuple[Answer, Request]:
        """Answer one request to one of the two hosts, and write it down."""
        self._hub.cdn = self.cdn_endpoint if self.cdn else None
        answer = self._hub.answer(query) if host == "hub" else self._cdn.answer(query)
        with self._lock:
            struck = [broken for broken in self._breaks if broken.strikes(host, query.method, query.path)]
        for broken in struck:
            answer = broken.fault(answer)
        request = Request(query.method, query.path, answer.status, query.range, host=host, file=answer.file)
        request.authorized, request.query, request.start = query.authorized, query.query, answer.bounds[0]
        self.log.append(request)
        return answer, request
