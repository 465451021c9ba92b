"""What the Hub answers: model info, tree, refs, files, redirects and errors."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from hub.contents import Content, File, parameters
from hub.repositories import Library, Repository, Snapshot

NOWHERE = "Sorry, we can't find the page you are looking for."
RESTRICTED = "Access to model {name} is restricted. You must have access to it and be authenticated to access it."
UNLISTED = "Access to model {name} is restricted and you are not in the authorized list."


@dataclass
class Query:
    """A request, taken apart."""

    method: str
    target: str
    range: str | None = None
    authorization: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path, self.query = unquote(parts.path), parts.query
        self.segments = [unquote(segment) for segment in parts.path.strip("/").split("/")]
        self.authorized = self.authorization is not None
        self.token = self.authorization.removeprefix("Bearer ") if self.authorization is not None else None
        self.options = {name: values[-1].lower() for name, values in parse_qs(parts.query).items()}


@dataclass
class Answer:
    """A response before it is sent; the last four fields are for faults."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: Content = field(default_factory=lambda: Content.of(b""))
    span: tuple[int, int] | None = None
    file: tuple[str, File] | None = None
    wait: float = 0.0
    pause: float = 0.0
    send_only: int | None = None
    hang_up: bool = False

    @property
    def bounds(self) -> tuple[int, int]:
        """First byte, and the byte past the last one, of the body."""
        return self.span or (0, self.content.size)


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    content = Content.of(json.dumps(value).encode())
    return Answer(status, {"Content-Type": "application/json; charset=utf-8", **(headers or {})}, content)


def error(status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Refuse as the Hub does: the reason is in the headers, because HEAD has no body."""
    reason = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return as_json({"error": message}, status, reason | dict(headers or {}))


def redirect(status: int, location: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send the client elsewhere."""
    text = {"Content-Type": "text/plain; charset=utf-8", "Location": location}
    return Answer(status, text | dict(headers or {}), Content.of(f"Redirecting to {location}".encode()))


class Hub:
    """Answers each query from the library; the CDN's address is given where LFS files lie on another host."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.cdn: str | None = None

    def answer(self, query: Query) -> Answer:
        """Find the endpoint that was asked for."""
        if query.token is not None and not query.token.startswith("hf_"):
            return error(401, "Invalid credentials in Authorization header")
        prefix, words = ["", "api", "models"], {"revision", "tree", "refs"}
        if query.segments[:2] != prefix[1:]:
            prefix, words = [""], {"resolve"}
        name, rest = _split_name(query.segments[len(prefix) - 1 :], words)
        if not name or (rest[:1] == ["resolve"] and len(rest) < 3):
            return error(404, NOWHERE)
        if renamed := self.library.renamed(name):
            path = "/".join([*prefix, renamed, *(quote(segment, safe="") for segment in rest)])
            return redirect(307, f"{path}?{query.query}" if query.query else path)
        return self._in_repository(query, name, rest)

    def _in_repository(self, query: Query, name: str, rest: list[str]) -> Answer:
        repository = self.library.find(name)
        if repository is None or (repository.private and not repository.readable_with(query.token)):
            if query.token is None:
                return error(401, "Invalid username or password.", "RepoNotFound")
            return error(404, "Repository not found", "RepoNotFound")
        kind, *where = rest or ["revision", "main"]
        if kind == "refs":
            return self._refs(repository)
        revision = where[0] if where else "main"
        if kind == "resolve" and not repository.readable_with(query.token):
            return _gated(repository.name, query.token)
        snapshot = self.library.snapshot(repository, revision)
        if snapshot is None:
            return error(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        path = "/".join(where[1:])
        if kind == "resolve":
            return self._file(query, repository, snapshot, path)
        if kind == "tree":
            return _tree(snapshot, path, recursive=query.options.get("recursive") == "true")
        return _model_info(repository, snapshot, blobs=query.options.get("blobs") == "true")

    def _refs(self, repository: Repository) -> Answer:
        refs: dict[str, list[dict[str, str]]] = {"branches": [], "converts": [], "tags": [], "pullRequests": []}
        for name in repository.folders:
            snapshot = self.library.snapshot(repository, name)
            kind, ref = ("pullRequests", name) if name.startswith("refs/") else ("branches", f"refs/heads/{name}")
            refs[kind].append({"name": name, "ref": ref, "targetCommit": snapshot.commit if snapshot else ""})
        return as_json(refs)

    def _file(self, query: Query, repository: Repository, snapshot: Snapshot, path: str) -> Answer:
        file = snapshot.files.get(path)
        if file is None:
            return error(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": snapshot.commit})
        headers = {"X-Repo-Commit": snapshot.commit}
        if file.is_lfs:
            headers |= {"X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.etag}"'}
        if file.is_lfs and self.cdn:
            where = quote(f"/{repository.name}/{snapshot.commit}/{path}")
            return redirect(302, f"{self.cdn}{where}?signature={file.sha256}", headers)
        return file_answer(query, repository.name, file, headers)


class Cdn:
    """The host that LFS files lie on: its addresses are signed, and it wants no token."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def answer(self, query: Query) -> Answer:
        """Send a file to whoever holds a signed address."""
        name, (commit, *path) = "/".join(query.segments[:2]), query.segments[2:] or [""]
        repository = self.library.find(name)
        snapshot = self.library.snapshot(repository, commit) if repository else None
        file = snapshot.files.get("/".join(path)) if snapshot else None
        if file is None:
            return error(404, "NoSuchKey")
        if query.options.get("signature") != file.sha256:
            return error(403, "AccessDenied")
        return file_answer(query, name, file)


def file_answer(query: Query, repository: str, file: File, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a file, or the one range of it that was asked for."""
    name = quote(file.path.rpartition("/")[2])
    about = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{name}; filename=\"{name}\";",
        "Content-Type": "application/octet-stream" if file.is_lfs else "text/plain; charset=utf-8",
        "ETag": f'"{file.etag}"',
    }
    answer = Answer(200, about | dict(headers or {}), file.content, file=(f"{repository}/{file.path}", file))
    span = parse_range(query.range, file.size)
    if span == "unsatisfiable":
        return error(416, "Requested Range Not Satisfiable", headers={"Content-Range": f"bytes */{file.size}"})
    if isinstance(span, tuple):
        answer.status, answer.span = 206, span
        answer.headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{file.size}"
    return answer


def parse_range(header: str | None, size: int) -> tuple[int, int] | str | None:
    """Read a Range header: first byte and byte past the last; None where it is absent or to be ignored."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    return (start, stop) if start < stop else "unsatisfiable"


def _split_name(segments: list[str], words: set[str]) -> tuple[str, list[str]]:
    """Part `org/name` or `name` from what follows it."""
    length = 1 if len(segments) < 2 or segments[1] in words else 2
    rest = segments[length:]
    return ("/".join(segments[:length]), rest) if not rest or rest[0] in words else ("", [])


def _gated(name: str, token: str | None) -> Answer:
    if token is None:
        return error(401, RESTRICTED.format(name=name), "GatedRepo")
    return error(403, UNLISTED.format(name=name), "GatedRepo")


def _lfs(file: File, digest_key: str) -> dict[str, Any]:
    if not file.is_lfs:
        return {}
    return {"lfs": {digest_key: file.sha256, "size": file.size, "pointerSize": len(file.pointer)}}


def _model_info(repository: Repository, snapshot: Snapshot, *, blobs: bool) -> Answer:
    siblings: list[dict[str, Any]] = [{"rfilename": path} for path in snapshot.files]
    if blobs:
        for sibling, file in zip(siblings, snapshot.files.values(), strict=True):
            sibling |= {"blobId": file.blob_id, "size": file.size} | _lfs(file, "sha256")
    info: dict[str, Any] = {
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.name.rpartition("/")[0],
        "sha": snapshot.commit,
        "lastModified": "2025-01-01T00:00:00.000Z",
        "private": repository.private,
        "disabled": False,
        "gated": "manual" if repository.gated else False,
        "tags": [],
        "siblings": siblings,
    }
    if counts := parameters(list(snapshot.files.values())):
        info["safetensors"] = {"parameters": counts, "total": sum(counts.values())}
    return as_json(info)


def _tree(snapshot: Snapshot, under: str, *, recursive: bool) -> Answer:
    prefix = f"{under}/" if under else ""
    entries: dict[str, dict[str, Any]] = {}
    for path, file in snapshot.files.items():
        if not path.startswith(prefix):
            continue
        folders = path[len(prefix) :].split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            folder = prefix + "/".join(folders[:depth])
            if recursive or depth == 1:
                entries[folder] = {"type": "directory", "oid": snapshot.commit, "size": 0, "path": folder}
        if recursive or not folders:
            entry = {"type": "file", "oid": file.blob_id, "size": file.size, "path": path}
            entries[path] = entry | _lfs(file, "oid")
    if under and not entries:
        return error(404, f"{under} does not exist", "EntryNotFound", {"X-Repo-Commit": snapshot.commit})
    return as_json(list(entries.values()))
