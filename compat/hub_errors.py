"""What the errors of the Hub's client mean to a person. With `hub` and `hub_asking`, all that imports the client."""

from __future__ import annotations

import re

from huggingface_hub import constants, get_token
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import httpx

from .deadline import DeadlinePassedError
from .errors import AccessError, CheckError, Denial, NotFoundError, UnreachableError
from .ref import ModelRef


class BusyError(Exception):
    """The Hub cannot answer now, and perhaps can later.

    Attributes:
        status: of its answer.
        pause: seconds that it asks us to wait; 0 where it does not say.
    """

    def __init__(self, status: int, pause: float) -> None:
        super().__init__(f"status {status}" + (f", asking for a pause of {pause:g} s" if pause else ""))
        self.status = status
        self.pause = pause


class NotTheHubError(Exception):
    """What answers is no Hub: a login page, or a mirror that leaves out what pins a file."""


_Meaning = tuple[type[CheckError], str]
# Of the fields {model}, {repository}, {revision}, {endpoint} and {error} a sentence takes what it needs.
_GATED = (
    AccessError,
    "{model} is gated and this run has no access to its files: accept its terms on the Hub, then set HF_TOKEN to a"
    " token of that account.",
)
_NO_REVISION = (
    NotFoundError,
    "{model}: {repository} has no revision '{revision}' on the Hub: check the branch, tag or commit.",
)
_DISABLED = (AccessError, "{model} has been disabled on the Hub, and no file of it can be read: choose another model.")
_NO_REPOSITORY = (
    NotFoundError,
    "{model} is not on the Hub, or it is private or gated and this run may not see it: check the name, and set HF_TOKEN"
    " if it needs access.",
)
_NO_FILE = (
    NotFoundError,
    "{model}: a file that the Hub lists is not there: the repository is changing; try again.",
)
_BAD_TOKEN = (
    AccessError,
    "{model}: the Hub does not accept the token in use: renew it, or unset HF_TOKEN if the model is public.",
)
_FORBIDDEN = (
    AccessError,
    "{model}: the Hub refuses access (403): use a token, in HF_TOKEN, that has the permission to read it.",
)
_BUSY = (UnreachableError, "{model}: {endpoint} keeps answering that it cannot serve us ({error}): try again later.")
_LATE = (
    UnreachableError,
    "{model}: {endpoint} did not answer within {error}: try again, or allow more with --timeout.",
)
_BAD_ENDPOINT = (UnreachableError, "{model}: {endpoint} is no address that can be asked: check HF_ENDPOINT.")
_NO_HUB = (
    UnreachableError,
    "{model}: {endpoint} does not answer as the Hub does, so nothing can be pinned: check HF_ENDPOINT, and whether a"
    " proxy or a login page answers in its place.",
)
_NO_ANSWER = (
    UnreachableError,
    "{model}: {endpoint} cannot be reached ({error}): check the network and HF_ENDPOINT, or use --offline to settle it"
    " from the cache.",
)
_NO_DISK = (
    UnreachableError,
    "{model}: its files could not be fetched into the cache ({error}): check the disk and HF_HOME.",
)
_OTHER = (
    UnreachableError,
    "{model}: the Hub's client failed ({error}): try again, and check HF_ENDPOINT, HF_HOME and HF_TOKEN.",
)
# Most specific first.
_MEANINGS: tuple[tuple[type[Exception], _Meaning], ...] = (
    (GatedRepoError, _GATED),
    (RevisionNotFoundError, _NO_REVISION),
    (DisabledRepoError, _DISABLED),
    (RepositoryNotFoundError, _NO_REPOSITORY),
    (EntryNotFoundError, _NO_FILE),
    (FileMetadataError, _NO_HUB),
    (NotTheHubError, _NO_HUB),
    (BusyError, _BUSY),
    (DeadlinePassedError, _LATE),
    (httpx.InvalidURL, _BAD_ENDPOINT),
    (httpx.UnsupportedProtocol, _BAD_ENDPOINT),
)


def sentence(error: Exception, ref: ModelRef) -> CheckError:
    """What an error of the client, or of ours while it was asked, means to the user."""
    # So the client wraps what really happened when it had hoped for the cache.
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    kind, text = _meaning(error)
    fields = {"repository": ref.name, "revision": ref.revision or "main", "endpoint": _endpoint()}
    return kind(text.format(model=ref.original, error=_shown(error), **fields), model=ref.original)


def denial(error: BaseException | None, repository: str) -> Denial | None:
    """Why a file of a repository that is listed was not given; None where the error says something else.

    Mirrors do not all send the codes that the client goes by, so that the status alone has to do.
    """
    if isinstance(error, LocalEntryNotFoundError):
        error = error.__cause__
    if not isinstance(error, HfHubHTTPError) or isinstance(error, DisabledRepoError):
        return None
    status, said = error.response.status_code, error.response.headers.get("X-Error-Message", "")
    if status not in (401, 403) or _by_status(status, said) is _BAD_TOKEN:
        return None
    gated, known = isinstance(error, GatedRepoError), get_token() is not None
    why, fix = _DENIALS[gated, known]
    return Denial(why, fix.format(page=f"{_endpoint()}/{repository}"))


# By whether the repository is gated, and whether there is a token.
_DENIALS = {
    (True, False): (
        "it is gated and no token was given",
        "Accept its terms at {page} and set HF_TOKEN to a token of that account.",
    ),
    (True, True): (
        "it is gated and the token in use does not open it",
        "Ask for access at {page} and set HF_TOKEN to a token of that account that may read gated repositories.",
    ),
    (False, False): ("its files are not given without a token", "Set HF_TOKEN to a token that may read {page}."),
    (False, True): ("the token in use may not read its files", "Set HF_TOKEN to a token that may read {page}."),
}


def _meaning(error: Exception) -> _Meaning:
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning
    if isinstance(error, HfHubHTTPError):
        return _by_status(error.response.status_code, error.response.headers.get("X-Error-Message", ""))
    if isinstance(error, httpx.HTTPError):
        return _NO_ANSWER
    # The client says with a bare OSError that a download went wrong; the system's own have a number.
    return _NO_DISK if isinstance(error, OSError) and error.errno is not None else _OTHER


def _by_status(status: int, said: str) -> _Meaning:
    """An answer for which the client has no class; not every mirror sends the codes that the client goes by."""
    if status == 401 and "credentials" in said:
        return _BAD_TOKEN
    return {401: _NO_REPOSITORY, 403: _FORBIDDEN, 404: _NO_REPOSITORY}.get(status, _BUSY)


def _shown(error: Exception) -> str:
    """An error in a few words; one of HTTP by its kind alone, since its text can hold a header, and that the token."""
    if isinstance(error, HfHubHTTPError):
        return f"status {error.response.status_code}"
    text = "" if isinstance(error, httpx.HTTPError) else str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _endpoint() -> str:
    """The Hub's address as messages have it: without a user's name and password."""
    return _CREDENTIALS.sub("//", constants.ENDPOINT)


_CREDENTIALS = re.compile(r"//[^/@]*@")
