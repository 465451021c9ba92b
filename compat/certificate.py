"""The certificate: an in-toto Statement v1 that pins what was compared.

Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. The two subjects are the models; the
predicate holds the verdict, what it rests on, and each model as written (`original`) and as read (`locked`). There is
no time and no machine in it: the same inputs give the same bytes. It is not signed; whoever needs that attests the
file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .engines import ENGINES
from .errors import CheckError
from .facts_model import Rows
from .finding import Finding, Severity
from .options import Options
from .pipeline import Model, Report
from .ref import Kind, ModelRef
from .rules.provenance import OF_READING
from .tokenizer.vocabulary import Vocabulary
from .verdict import Policy, Verdict
from .visible import shortened

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:specdec-check:pairing:v1"
SIDES = ("target", "drafter")
_LIMIT = 16 * 1024 * 1024
Statement = dict[str, Any]


class CertificateError(CheckError):
    """The file is no certificate that this version can read."""

    kind = "certificate"


def tool_version() -> str:
    """The version of the installed distribution."""
    from importlib import metadata  # slow to import, and most runs do not ask

    return metadata.version("specdec-check")


def issue(report: Report) -> Statement:
    """The certificate of a certified pair.

    Raises:
        ValueError: if the pair is not certified.
    """
    if report.decision.verdict is not Verdict.CERTIFIED:
        raise ValueError("only a certified pair has a certificate")
    return describe(report)


def dump(statement: Statement) -> bytes:
    """Canonical bytes: sorted keys, two spaces, ASCII, one newline at the end."""
    return (json.dumps(statement, indent=2, sort_keys=True) + "\n").encode("ascii")


def load(data: bytes, name: str) -> Statement:
    """Reads a certificate's shape; what it claims is tested by `holding.hold`.

    Args:
        data: the file's bytes.
        name: the file, for messages.

    Raises:
        CertificateError: if it is no certificate of this tool, or one of a version that this one does not know.
    """
    try:
        statement = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise CertificateError(f"{name} is not a certificate: it is not readable JSON. Issue a new one.") from error
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT:
        raise CertificateError(f"{name} is not a certificate: it is no in-toto statement. Issue a new one.")
    if statement.get("predicateType") != PREDICATE:
        kind = shortened(repr(statement.get("predicateType")))
        raise CertificateError(
            f"{name} is a statement of another kind ({kind}), not {PREDICATE}: issue it with this version of"
            " specdec-check."
        )
    try:
        for position, side in enumerate(SIDES):
            original(statement, side), locked(statement, side), locked_files(statement, side)
            locked_facts(statement, side), dict(statement["subject"][position])
        policy_of(statement), str(statement["predicate"]["verifier"]["id"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CertificateError(
            f"{name} is a certificate with parts missing or out of shape: it was edited or cut off. Issue a new one."
        ) from error
    return statement


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each: of two, readers would disagree on which counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def read_file(file: Path) -> Statement:
    """Reads a certificate from a file.

    Raises:
        CertificateError: as `load`, and if the file cannot be read.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_LIMIT)
    except OSError as error:
        raise CertificateError(f"{file} cannot be read ({error.strerror}): give the path of a certificate.") from error
    return load(data, str(file))


def original(statement: Statement, side: str) -> str:
    """What the user wrote for a model."""
    return str(statement["predicate"]["models"][side]["original"])


def locked(statement: Statement, side: str) -> ModelRef:
    """The model as it was read: at its commit where it has one."""
    model = statement["predicate"]["models"][side]
    file = None if model.get("file") is None else str(model["file"])
    found = ModelRef(str(model["original"]), Kind(model["kind"]), str(model["name"]), model["locked"]["commit"], file)
    # A branch in this place could move under the certificate.
    if found.pinned is not (found.kind is Kind.HUB):
        raise ValueError(f"{found.revision!r} is not what a {found.kind} model is locked to")
    return found


def locked_files(statement: Statement, side: str) -> dict[str, str]:
    """Path → sha256 of the files that decided, as they were read."""
    return {
        str(path): str(digest) for path, digest in statement["predicate"]["models"][side]["locked"]["files"].items()
    }


def locked_facts(statement: Statement, side: str) -> dict[str, str]:
    """Fact → digest, as certified."""
    facts = statement["predicate"]["models"][side]["fingerprint"]["facts"]
    return {str(fact): str(digest) for fact, digest in facts.items()}


def policy_of(statement: Statement) -> Policy:
    """The policy that the pair was certified under."""
    found = statement["predicate"]["policy"]
    if not found["engines"] or len(set(found["engines"])) < len(found["engines"]) or found["fail_on"] == "note":
        raise ValueError("no policy that can be asked for")
    if not all(str(name).isprintable() for name in found["engines"]):
        raise ValueError("no engine has such a version")
    if not ENGINES.keys() >= {str(name).partition("@")[0] for name in found["engines"]}:
        raise ValueError(f"the certificate speaks for {found['engines']}, and this version knows {list(ENGINES)}")
    options = Options.of({**found, "allow_specials": bool(found["allow_specials"])})
    return Policy(tuple(found["engines"]), bool(found["strict"]), Severity(found["fail_on"]), options=options)


def describe(report: Report) -> Statement:
    """What the certificate of this report says; of a pair that is not certified, what it would have to say."""
    models = {"target": report.target, "drafter": report.drafter}
    decision, policy = report.decision, report.policy
    findings = tuple(found for found in decision.findings if found.code not in OF_READING)
    statement: Statement = {
        "_type": STATEMENT,
        "predicateType": PREDICATE,
        "subject": [subject(side, _model(model)) for side, model in models.items()],
        "predicate": {
            "verifier": {"id": "specdec-check", "version": tool_version()},
            "verdict": decision.verdict.value,
            "relation": decision.relation and decision.relation.value,
            "policy": policy.to_dict(),
            "engines": {
                name: {"outcome": decision.judgements[name].outcome.value, "reason": decision.judgements[name].reason}
                for name in policy.engines
            },
            "rules": {
                "passed": [code for code in decision.passed if code not in OF_READING],
                "warned": _codes(findings, Severity.WARNING),
                "noted": _codes(findings, Severity.NOTE),
                "open": sorted({asked.code for asked in decision.questions}),
            },
            "findings": [
                {"code": f.code, "severity": f.severity.value, "subject": f.subject.value, "args": f.args}
                for f in findings
            ],
            "models": {side: _model(model) for side, model in models.items()},
        },
    }
    statement["predicate"]["seal"] = seal(statement)
    return statement


def _codes(findings: tuple[Finding, ...], severity: Severity) -> list[str]:
    return sorted({found.code for found in findings if found.severity is severity})


def subject(side: str, model: dict[str, Any]) -> dict[str, Any]:
    """The in-toto subject of a model, determined by what the predicate says of it."""
    commit, files = model["locked"]["commit"], model["locked"]["files"]
    file = f":{model['file']}" if "file" in model else ""
    uri = f"hf://{model['name']}@{commit}{file}" if commit else model["original"]
    digest = {"sha256": _root(files)} | ({"gitCommit": commit} if commit else {})
    return {"name": side, "uri": uri, "digest": digest}


def _root(files: dict[str, str]) -> str:
    """One digest over many: sha256 of the lines `digest  path`, sorted by path, as `sha256sum` prints them."""
    return hashlib.sha256("".join(f"{files[path]}  {path}\n" for path in sorted(files)).encode()).hexdigest()


def _model(model: Model) -> dict[str, Any]:
    snapshot, facts = model.snapshot, model.facts
    return ({"file": next(iter(snapshot.gguf))} if snapshot.gguf else {}) | {
        "original": snapshot.ref.original,
        "kind": snapshot.ref.kind.value,
        "name": snapshot.repository if snapshot.ref.kind is Kind.HUB else snapshot.ref.name,
        "locked": {"commit": snapshot.commit, "files": snapshot.digests()},
        "fingerprint": {"digest": facts.digest, "facts": facts.digests()},
        "vocab": {
            "declared": facts.declared if isinstance(facts.declared, int) else None,
            "rows": facts.rows.head if isinstance(facts.rows, Rows) else None,
            "used": facts.vocabulary.used if isinstance(facts.vocabulary, Vocabulary) else None,
        },
    }


def seal(statement: Statement) -> str:
    """Digest of everything but the seal. It catches edits by hand and damage, not a forger: sign the file for that."""
    predicate = {key: value for key, value in statement["predicate"].items() if key != "seal"}
    return hashlib.sha256(dump({**statement, "predicate": predicate})).hexdigest()
