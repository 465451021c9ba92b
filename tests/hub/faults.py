"""What can go wrong between a client and the Hub: each fault turns a right answer into a wrong one."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace

from hub.answers import Answer, error, redirect
from hub.contents import Content
from hub.record import matches

Fault = Callable[[Answer], Answer]


def status(code: int, *, retry_after: float | str | None = None) -> Fault:
    """Answer with an error status; `retry_after` is sent as it is."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return lambda _: error(code, f"Fault: status {code}", headers=headers)


def slow(seconds: float) -> Fault:
    """Answer rightly, but late."""
    return lambda answer: replace(answer, wait=seconds)


def dripping(every: float) -> Fault:
    """Send the body one byte at a time, with a pause before each: no single read takes long, the whole does."""
    return lambda answer: replace(answer, pause=every)


def truncated(after: int | None = None) -> Fault:
    """Promise the whole body, send some of it (half unless told) and close."""

    def apply(answer: Answer) -> Answer:
        start, stop = answer.bounds
        return replace(answer, send_only=(stop - start) // 2 if after is None else min(after, stop - start))

    return apply


def dropped() -> Fault:
    """Close the connection without an answer."""
    return lambda answer: replace(answer, hang_up=True)


def replaced(body: bytes) -> Fault:
    """Answer as if all were well, with these bytes instead of the file's; listings and ETags keep the true ones."""

    def apply(answer: Answer) -> Answer:
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Range"}
        if "X-Linked-Size" in headers:
            headers["X-Linked-Size"] = str(len(body))
        return replace(answer, status=200, headers=headers, content=Content.of(body), span=None)

    return apply


def compressed() -> Fault:
    """Send the body gzipped, as the Hub does with text for whoever accepts it; ranges of it are lost."""

    def apply(answer: Answer) -> Answer:
        answer = replaced(gzip.compress(answer.content.read(0, answer.content.size), mtime=0))(answer)
        answer.headers["Content-Encoding"] = "gzip"
        return answer

    return apply


def range_ignored() -> Fault:
    """Answer a range request with the whole file, as some mirrors and proxies do."""

    def apply(answer: Answer) -> Answer:
        if answer.status != 206:
            return answer
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Range"}
        return replace(answer, status=200, headers=headers, span=None)

    return apply


def redirected(location: str, code: int = 302) -> Fault:
    """Send the client to another address."""
    return lambda _: redirect(code, location)


@dataclass
class Break:
    """A fault, the requests that it strikes, and how many more of them; None is all."""

    fault: Fault
    match: str
    times: int | None = None
    method: str | None = None
    host: str | None = None
    struck: int = 0

    def strikes(self, host: str, method: str, path: str) -> bool:
        """Say whether this request is struck, and count it."""
        if self.times is not None and self.struck >= self.times:
            return False
        if (self.method or method) != method or (self.host or host) != host or not matches(path, self.match):
            return False
        self.struck += 1
        return True
