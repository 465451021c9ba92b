"""SD6xx: where the models and what is known of them come from."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence, Unknown
from ..facts import Fingerprint
from ..finding import Finding, ModelRule, Severity, Subject, known


def _by_digest(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    found = facts.reading
    for files, equal in ((found.proved, "that were read"), (found.alike, "of the other model, withheld as well")):
        if files:
            yield rule.finds(Severity.NOTE, subject, Evidence.DIGEST, files=list(files), equal=equal)


PROVED_BY_DIGEST = ModelRule(
    code="SD601",
    name="proved-by-digest",
    worst=Severity.NOTE,
    needs=("reading",),
    message="The Hub withholds {files} of the {subject}; its listed digests prove equality with files {equal}.",
    why=(
        "The Hub lists the digest of every file, also of one that it gives only to some. Equal digests prove equal"
        " files; unequal ones prove nothing, since of files in LFS another digest is listed than of others."
    ),
    fix="Nothing: an equal file is as good as the file itself.",
    check=_by_digest,
)


def _remote_code(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    found = known(facts.architecture)
    if found.remote_code:
        severity = Severity.WARNING if isinstance(found.kind, Unknown) else Severity.NOTE
        yield rule.finds(severity, subject, Evidence.DECLARED, model_type=found.model_type)


REMOTE_CODE = ModelRule(
    code="SD602",
    name="remote-code",
    worst=Severity.WARNING,
    needs=("architecture",),
    message="The {subject} brings Python code of its own (auto_map); what is said here is of its type, {model_type}.",
    why=(
        "An engine that is told to trust remote code runs the repository's classes instead of its own, and they may do"
        " anything. Where the type is one that engines have themselves, the code is a leftover, and not needed."
    ),
    fix="Run it without trust_remote_code; the bundled decoder never runs such code. Else read it, and pin the commit.",
    check=_remote_code,
)

RULES = (PROVED_BY_DIGEST, REMOTE_CODE)

# What these rules find depends on what a run was given to read, and is no part of what is certified.
OF_READING = frozenset({PROVED_BY_DIGEST.code})
