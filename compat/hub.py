"""Models on the Hugging Face Hub. The only module that imports `huggingface_hub`.

The client answers from a stale cache without a word when the Hub is out of reach, and does not retry every call. So
the commit is resolved here, once, and fails closed; files are then fetched by that commit through the ordinary cache.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers, disable_progress_bars, get_session, hf_raise_for_status, httpx
from huggingface_hub.utils import logging as hub_logging

from .deadline import Deadline, DeadlinePassedError
from .errors import AccessError, CheckError, MalformedError, NotFoundError, UnreachableError
from .record import Records
from .ref import ModelRef
from .snapshot import Entry, Snapshot
from .weights import Header, read_header

_TRIES = 4
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_REQUEST_SECONDS = 10.0
_COMMIT = re.compile(r"[0-9a-f]{40}")
_T = TypeVar("_T")

# Progress and messages are the command line's business; the client's own would mix into them.
disable_progress_bars()
hub_logging.set_verbosity(hub_logging.ERROR)


def offline_by_environment() -> bool:
    """Whether `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`) asks to use the cache alone."""
    return bool(constants.HF_HUB_OFFLINE)


def endpoint() -> str:
    """Where the Hub is, `HF_ENDPOINT` respected."""
    return str(constants.ENDPOINT)


def records() -> Records:
    """The records of this machine, beside the client's own cache."""
    return Records(Path(constants.HF_HOME) / "specdec-check")


class HubRepository:
    """A repository on the Hub at one commit, resolved when this is made."""

    def __init__(self, ref: ModelRef, seconds: float) -> None:
        self.ref = ref
        self.notes: tuple[str, ...] = ()
        self._deadline = Deadline(seconds)
        api = huggingface_hub.HfApi()
        info = self._ask(
            lambda: api.model_info(ref.name, revision=ref.revision, files_metadata=True, timeout=_REQUEST_SECONDS)
        )
        if not info.sha or not _COMMIT.fullmatch(info.sha):
            raise UnreachableError(
                f"{ref.original}: {endpoint()} answered without a commit, so nothing can be pinned: check HF_ENDPOINT.",
                model=ref.original,
            )
        self.repository: str = info.id
        self.commit: str | None = info.sha
        self._pinned: str = info.sha
        self.entries: Mapping[str, Entry] = MappingProxyType(
            {file.rfilename: _entry(file) for file in info.siblings or ()}
        )

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file, through the client's cache; checked against the digest that the Hub lists."""
        entry = self.entries[path]
        if entry.size is None or entry.size > limit:
            raise MalformedError(
                f"{self.ref.original}: {path} is {entry.size} bytes, more than the {limit} that such a file may have:"
                " it is not read.",
                model=self.ref.original,
            )
        data = Path(self._ask(lambda: self._download(path), tries=1)).read_bytes()
        _verify(data, entry, self.ref.original)
        return data

    def header(self, path: str) -> Header:
        """The header of a weight file: from the cached file if there is one, else by range request."""
        size = self.entries[path].size
        cached = _cached(self.repository, path, self._pinned)
        if isinstance(cached, Path):
            return read_header(_file_reader(cached), size, path)
        return read_header(lambda start, end: self._ask(lambda: self._range(path, start, end)), size, path)

    def _download(self, path: str) -> str:
        return huggingface_hub.hf_hub_download(self.repository, path, revision=self._pinned)

    def _range(self, path: str, start: int, end: int) -> bytes:
        """Bytes [start, end) of a file. A server that ignores ranges is read no further than `end` either.

        The session drops the token when it is sent on to another host.
        """
        url = huggingface_hub.hf_hub_url(self.repository, path, revision=self._pinned)
        # identity: a compressed answer would make the range one of compressed bytes.
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        with get_session().stream(
            "GET", url, headers=headers, timeout=_REQUEST_SECONDS, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            skip = 0 if response.status_code == 206 else start
            found = bytearray()
            for chunk in response.iter_bytes():
                found += chunk
                if len(found) >= skip + end - start:
                    break
        return bytes(found[skip : skip + end - start])

    def _ask(self, call: Callable[[], _T], tries: int = _TRIES) -> _T:
        return _ask(call, self.ref, self._deadline, tries)


class CachedRepository:
    """A repository as the cache holds it, asked for on purpose with `--offline`. Never touches the network."""

    def __init__(self, ref: ModelRef) -> None:
        self.ref = ref
        meaning = records().meaning(ref.name, ref.revision)
        commit = ref.revision if ref.pinned else _cached_commit(ref) or (meaning[1] if meaning else None)
        if commit is None:
            raise NotFoundError(
                f"{ref.original}: the cache does not say which commit {ref.revision or 'main'} is: run once without"
                " --offline (or without HF_HUB_OFFLINE), or name the commit.",
                model=ref.original,
            )
        self.repository = meaning[0] if meaning else ref.name
        self.commit: str | None = commit
        self._pinned: str = commit
        self._record = records().load(self.repository, commit)
        if self._record is None:
            raise NotFoundError(
                f"{ref.original}: the cache holds no record of commit {commit[:12]}, so which files it lacks is not"
                " known: run once without --offline (or without HF_HUB_OFFLINE).",
                model=ref.original,
            )
        self.entries: Mapping[str, Entry] = MappingProxyType(dict(self._record.entries))
        self.notes: tuple[str, ...] = (
            f"offline: read from the cache at commit {commit[:12]}; the Hub was not asked whether it moved.",
        )

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a cached file."""
        found = _cached(self.repository, path, self._pinned)
        if found is None or found.stat().st_size > limit:
            raise NotFoundError(
                f"{self.ref.original}: {path} at commit {self._pinned[:12]} is not in the cache: run once without"
                " --offline (or without HF_HUB_OFFLINE).",
                model=self.ref.original,
            )
        data = found.read_bytes()
        _verify(data, self.entries[path], self.ref.original)
        return data

    def header(self, path: str) -> Header:
        """The header of a weight file, from the cached file or from the record of an earlier run."""
        found = _cached(self.repository, path, self._pinned)
        if found is not None:
            return read_header(_file_reader(found), self.entries[path].size, path)
        if self._record is not None and path in self._record.headers:
            return self._record.headers[path]
        raise NotFoundError(
            f"{self.ref.original}: neither {path} nor its header is in the cache: run once without --offline (or"
            " without HF_HUB_OFFLINE).",
            model=self.ref.original,
        )


def remember(snapshot: Snapshot) -> None:
    """Keeps what `--offline` will need of a snapshot."""
    records().save(snapshot)


def _entry(file: RepoSibling) -> Entry:
    return Entry(file.rfilename, file.size, file.blob_id, file.lfs.sha256 if file.lfs else None)


def _verify(data: bytes, entry: Entry, model: str) -> None:
    """Holds bytes against the digest in the listing: a cache can be damaged, and a damaged file must not decide."""
    if entry.sha256 is not None:
        sound = hashlib.sha256(data).hexdigest() == entry.sha256
    elif entry.git_blob is not None:
        # Git's own name for the content, not a use of SHA-1 against an adversary.
        sound = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == entry.git_blob
    else:
        sound = True
    if not sound:
        raise MalformedError(
            f"{model}: the cached {entry.path} is not the file that the Hub lists: delete it from the cache"
            " and run again.",
            model=model,
        )


def _cached(repository: str, path: str, commit: str) -> Path | None:
    found = huggingface_hub.try_to_load_from_cache(repository, path, revision=commit)
    return Path(found) if isinstance(found, str) else None


def _cached_commit(ref: ModelRef) -> str | None:
    """What the client's cache says a branch or tag was, as loaders that run offline read it."""
    folder = Path(constants.HF_HUB_CACHE) / f"models--{ref.name.replace('/', '--')}" / "refs"
    try:
        found = (folder / (ref.revision or "main")).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return found if _COMMIT.fullmatch(found) else None


def _file_reader(path: Path) -> Callable[[int, int], bytes]:
    def read(start: int, end: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    return read


def _ask(call: Callable[[], _T], ref: ModelRef, deadline: Deadline, tries: int) -> _T:
    """Asks with bounded retries; every way in which it can fail becomes a sentence.

    A download is tried once, since the client backs off by itself there.
    """
    for attempt in range(tries):
        try:
            return deadline.run(call)
        except (HfHubHTTPError, httpx.HTTPError, OSError) as error:
            pause = _pause(error, attempt)
            if pause is None or attempt == tries - 1 or pause > deadline.left:
                raise _sentence(error, ref) from error
            time.sleep(pause)
        except DeadlinePassedError as error:
            raise UnreachableError(
                f"{ref.original}: {endpoint()} did not answer within {deadline.seconds:g} s: try again, or allow more"
                " with --timeout.",
                model=ref.original,
            ) from error
    raise AssertionError("the last attempt returns or raises")


def _pause(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before the next attempt; None where another attempt cannot help."""
    backoff: float = 0.5 * 2**attempt * (1 + random.random() / 4)  # noqa: S311 - spreads clients, guards nothing
    if isinstance(error, HfHubHTTPError):
        if error.response.status_code not in _RETRIED:
            return None
        asked = str(error.response.headers.get("Retry-After", ""))
        return max(backoff, float(asked)) if asked.isdecimal() else backoff
    return backoff if isinstance(error, httpx.TransportError) else None


def _sentence(error: Exception, ref: ModelRef) -> CheckError:
    """What a client error means to the user, most specific first."""
    name, model = ref.original, ref.original
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, GatedRepoError):
        return AccessError(
            f"{name} is gated and this run has no access to its files: accept its terms on the Hub, then set HF_TOKEN"
            " to a token of that account.",
            model=model,
        )
    if isinstance(error, RevisionNotFoundError):
        return NotFoundError(
            f"{ref.name} has no revision '{ref.revision}' on the Hub: check the branch, tag or commit.", model=model
        )
    if isinstance(error, DisabledRepoError):
        return AccessError(f"{name} has been disabled on the Hub: no file of it can be read.", model=model)
    if isinstance(error, RepositoryNotFoundError) or status == 401:
        return NotFoundError(
            f"{name} is not on the Hub, or it is private or gated and this run may not see it: check the name, and set"
            " HF_TOKEN if it needs access.",
            model=model,
        )
    if status == 403:
        return AccessError(
            f"{name}: the Hub refuses access (403): the token in use lacks the permission to read it.", model=model
        )
    if isinstance(error, EntryNotFoundError):
        return NotFoundError(
            f"{name}: a file that the Hub lists is not there: the repository is changing; try again.", model=model
        )
    if isinstance(error, OfflineModeIsEnabled):
        return UnreachableError(
            f"{name}: the Hub client is offline: unset HF_HUB_OFFLINE, or use --offline.", model=model
        )
    if status is not None:
        return UnreachableError(
            f"{name}: {endpoint()} answered with status {status} and went on doing so: try again later.",
            model=model,
        )
    if isinstance(error, httpx.HTTPError):
        return UnreachableError(
            f"{name}: {endpoint()} cannot be reached ({type(error).__name__}): check the network and HF_ENDPOINT, or"
            " use --offline to settle it from the cache.",
            model=model,
        )
    return UnreachableError(
        f"{name}: its files could not be fetched into the cache ({_first_line(error)}): check the disk and HF_HOME.",
        model=model,
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
