"""Errors a person can act on: each is a sentence that says what happened, to which model, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class CheckError(Exception):
    """The question could not be settled. Always exit status 2, never a verdict.

    Attributes:
        kind: a short, stable word for machines, such as `unreachable`.
        model: what the user wrote for the model that it happened to, if it happened to one.
    """

    kind = "error"

    def __init__(self, message: str, *, model: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.model = model


class BadReferenceError(CheckError):
    """What the user wrote does not name a model."""

    kind = "bad-reference"


class UnreachableError(CheckError):
    """The Hub did not answer, or only with errors, within the time allowed."""

    kind = "unreachable"


class NotFoundError(CheckError):
    """The repository, the revision, the folder or the file is not there."""

    kind = "not-found"


class AccessError(CheckError):
    """The repository is there, but its files need an access that this run does not have."""

    kind = "no-access"


@dataclass(frozen=True, slots=True)
class Denial:
    """Why the Hub does not give a file that it lists.

    Attributes:
        why: as a clause of its own, such as "it is gated and no token was given".
        fix: how to get the access that is missing, as a sentence.
    """

    why: str
    fix: str


class WithheldError(AccessError):
    """The repository is listed, and a file of it is not given to this run.

    Attributes:
        denial: what the Hub said.
    """

    def __init__(self, model: str, files: str, denial: Denial) -> None:
        fix = denial.fix[0].lower() + denial.fix[1:]
        super().__init__(f"{model} withholds {files}, as {denial.why}: {fix}", model=model)
        self.denial = denial


class MalformedError(CheckError):
    """A file is there and cannot be what its name says."""

    kind = "malformed"


class SeveralErrors(CheckError):  # noqa: N818 - it is a collection, and reads as one
    """What went wrong with both models, so that nobody mends one only to learn of the other."""

    kind = "several"

    def __init__(self, errors: tuple[CheckError, ...]) -> None:
        super().__init__("\n".join(error.message for error in errors))
        self.errors = errors


@contextmanager
def about(model: str) -> Iterator[None]:
    """Adds the model to what a parser finds wrong with one of its files; parsers know the file alone."""
    try:
        yield
    except MalformedError as error:
        if error.model is not None:
            raise
        raise MalformedError(f"{model}: {error.message}", model=model) from error
