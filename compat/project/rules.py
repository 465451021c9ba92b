"""What can be wrong with a pairing as a project has it, beside what rules say of the two models: codes SD7xx."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProjectRule:
    """The page of a code; the gate decides when it is found.

    Attributes:
        code: SD7 and two digits. Stable.
        name: states the fault.
        worst: error, warning or note; `open` where it means that something could not be settled.
        message: the finding as a sentence, with `{args}`.
        why: why it matters.
        fix: what to do.
    """

    code: str
    name: str
    worst: str
    message: str
    why: str
    fix: str


NOT_RESOLVED = ProjectRule(
    "SD701",
    "pairing-not-resolved",
    "open",
    "The {side} is {written}, which cannot be told from this file.",
    "A pairing that hangs on a variable can come to mean any two models, and nobody has checked those.",
    "Give the value with --set NAME=VALUE or under [scan.set], map a path or an alias to a Hub id under [models], or"
    " ignore this finding with a reason and a date.",
)
TRAINED_HEAD = ProjectRule(
    "SD702",
    "trained-head-not-checked",
    "open",
    "The drafter is a trained head ({method}): it fits the one target that it was trained for, and which that is, is"
    " not checked here.",
    "A head reads the target's hidden states; with another target it loads, or not, and drafts noise.",
    "Read on the head's model card which target it was trained for, and ignore this finding with that reason and a"
    " date.",
)
NOT_READ = ProjectRule(
    "SD703",
    "model-not-read",
    "open",
    "A model could not be read. {why}",
    "What could not be read was not compared: this is no verdict.",
    "Do what the message says, and run again.",
)
ENGINE_FAILS = ProjectRule(
    "SD704",
    "engine-does-not-run",
    "error",
    "{engine} {outcome}: {reason}.",
    "The engine that this pairing is written for would not start with it, crash, or give another text than the"
    " target's own.",
    "Take a drafter that this engine runs with the target, or another engine.",
)
ENGINE_UNKNOWN = ProjectRule(
    "SD705",
    "engine-not-known",
    "open",
    "{engine} {reason}.",
    "What this engine would do with the pair is not known, and a guess is no gate.",
    "Try the pair there, and ignore this finding with what you saw and a date.",
)
ENGINE_DEGRADES = ProjectRule(
    "SD706",
    "engine-degrades",
    "warning",
    "{engine} degrades: {reason}.",
    "The pair runs correctly, and slower than it could.",
    "Nothing, if the speed will do.",
)
NOT_IDENTICAL = ProjectRule(
    "SD707",
    "not-identical",
    "error",
    "The vocabularies are {relation}, and `strict` takes identical ones alone.",
    "The project asked for identical vocabularies of equal width.",
    "Take a drafter with the target's own vocabulary, or leave out `strict`.",
)
WITHHELD = ProjectRule(
    "SD708",
    "files-withheld",
    "open",
    "The {side} withholds {files}: {why}.",
    "A withheld file may add tokens or change them.",
    "Give a token that may read the repository (HF_TOKEN).",
)
NOT_LOCKED = ProjectRule(
    "SD709",
    "not-in-lock",
    "error",
    "{lock} has no entry for this pairing as it is written.",
    "Nobody has looked at what this pairing compares to and agreed to it.",
    "Run `specdec-check lock`, look at what it prints, and commit the lock.",
)
DRIFTED = ProjectRule(
    "SD710",
    "differs-from-lock",
    "error",
    "What is locked no longer holds: {what}",
    "What was agreed to when the lock was written is no longer what a deployment would get.",
    "Run `specdec-check lock --upgrade`, look at what changed, and commit the lock; or pin the model's revision.",
)
STALE = ProjectRule(
    "SD711",
    "lock-is-stale",
    "error",
    "{lock} holds {what}, which is in this project no more.",
    "A lock that does not say what the project holds is not looked at by anybody.",
    "Run `specdec-check lock` and commit the lock.",
)
NO_LOCK = ProjectRule(
    "SD712",
    "lock-is-missing",
    "error",
    "There is no {lock}.",
    "There is nothing to compare with.",
    "Run `specdec-check lock` and commit the lock.",
)
EDITED = ProjectRule(
    "SD717",
    "lock-was-edited",
    "error",
    "{lock} is not as `specdec-check lock` writes it: a merge or a hand left something else in it.",
    "What stands in a lock twice or beside its own fields is read by people and by nothing else.",
    "Run `specdec-check lock` and commit the lock.",
)
EXPIRED = ProjectRule(
    "SD713",
    "ignore-expired",
    "warning",
    "The ignore of {what} ended on {until} ({reason}): what it left out counts again.",
    "An exception with a date is a promise to look again.",
    "Mend what was ignored, or look at it again and give a new date.",
)
UNUSED = ProjectRule(
    "SD714",
    "ignore-without-use",
    "note",
    "The ignore of {what} ({reason}) matches nothing that was found.",
    "An exception that nothing needs hides what comes later.",
    "Remove it.",
)
UNREAD = ProjectRule(
    "SD715",
    "file-not-read",
    "open",
    "The file {why}, and it may hold a pairing.",
    "A gate must not pass because it failed to look.",
    "Mend the file, or leave it out under [scan] exclude.",
)

OPTION_NOT_RESOLVED = ProjectRule(
    "SD716",
    "option-not-resolved",
    "open",
    "The option {option} is '{written}', which cannot be told from this file; all else is judged without it.",
    "The engine may take the pair otherwise with it: a tensor parallel size that does not divide the heads is refused.",
    "Give the value with --set NAME=VALUE or under [scan.set].",
)

RULES = (
    NOT_RESOLVED,
    TRAINED_HEAD,
    NOT_READ,
    ENGINE_FAILS,
    ENGINE_UNKNOWN,
    ENGINE_DEGRADES,
    NOT_IDENTICAL,
    WITHHELD,
    NOT_LOCKED,
    DRIFTED,
    STALE,
    NO_LOCK,
    EXPIRED,
    UNUSED,
    UNREAD,
    OPTION_NOT_RESOLVED,
    EDITED,
)
BY_CODE = {rule.code: rule for rule in RULES}
