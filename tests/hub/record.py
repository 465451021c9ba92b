"""What was asked of the Hub, and what crossed the wire."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from hub.contents import File, header_length

WEIGHT_SUFFIXES = frozenset({".safetensors", ".gguf", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".onnx"})
HEADER_ALLOWANCE = 102_400


@dataclass
class Request:
    """One request and its answer; `path` is decoded and without the query."""

    method: str
    path: str
    status: int
    range: str | None = None
    bytes_sent: int = 0
    authorized: bool = False
    host: str = "hub"
    query: str = ""
    start: int = 0
    file: tuple[str, File] | None = None

    @property
    def weight_file(self) -> str | None:
        """The `org/name/file` of the weights that this answer held some of."""
        return self.file[0] if self.file and PurePosixPath(self.file[0]).suffix in WEIGHT_SUFFIXES else None


def matches(path: str, pattern: str) -> bool:
    """Compare a path with a glob in which `*` crosses slashes; one that does not start with a slash may start anywhere.

    `tokenizer.json` is that file of any repository, `org/name/*` any file of one, `*` everything.
    """
    return fnmatchcase(path, pattern if pattern.startswith(("/", "*")) else f"*/{pattern}")


def allowance(file: File) -> int:
    """Return how much of a weight file may be read: 100 KiB, or its header where that is longer.

    Of a GGUF file that claims more bytes than there are, the bytes that exist are its header. It does not tell its own
    length, and asking for no byte too many would take a dozen round trips: a quarter of it may be read past its end.
    """
    if file.path.endswith(".gguf") and file.stamp[2] < file.size:
        return max(HEADER_ALLOWANCE, file.stamp[2] * 5 // 4)
    return max(HEADER_ALLOWANCE, header_length(file))


def assert_only_headers_read(log: list[Request], times: int = 1) -> None:
    """Fail where more of a weight file was sent than its header, at any offset or by reading it over and over."""
    read: dict[str, list[Request]] = {}
    for request in log:
        if request.weight_file and request.bytes_sent:
            read.setdefault(request.weight_file, []).append(request)
    for name, requests in read.items():
        files = [request.file[1] for request in requests if request.file]
        limit = max(map(allowance, files))
        distinct, total = _distinct(requests), sum(request.bytes_sent for request in requests)
        if distinct > limit or total > times * limit:
            ranges = [request.range or "all" for request in requests]
            raise AssertionError(
                f"{name}: {total} bytes were sent, {distinct} of them distinct, and its header needs {limit} at most"
                f" ({', '.join(ranges)})"
            )


def _distinct(requests: list[Request]) -> int:
    """Count the offsets that the answers covered together."""
    covered, reached = 0, 0
    for start, stop in sorted((request.start, request.start + request.bytes_sent) for request in requests):
        covered += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return covered
