"""What several runtimes do alike: steps for `decide`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..evidence import Evidence, Unknown
from ..facts import Fingerprint
from ..facts_model import Kind, Rows
from ..relation import Pair
from . import change
from .change import Change
from .decide import Mendable
from .outcome import Judgement, Outcome

SAFETENSORS = "check the safetensors of the same release"


def sides(pair: Pair) -> Iterator[tuple[str, Fingerprint]]:
    """Both models, with what to call them."""
    yield "target", pair.target
    yield "drafter", pair.drafter


def not_causal(pair: Pair) -> Judgement | None:
    """Encoders and encoder-decoders: no runtime takes them for a target and a drafter of next tokens."""
    for side, facts in sides(pair):
        found = facts.architecture
        if not isinstance(found, Unknown) and not isinstance(found.kind, Unknown) and found.kind is not Kind.CAUSAL:
            reason = f"takes causal language models, and the {side} is an {found.kind} model ({found.model_type})"
            return Judgement(Outcome.REFUSES, reason)
    return None


def trained_head(pair: Pair) -> str | None:
    """The method of the head, where the drafter is one and no model by itself."""
    found = pair.drafter.architecture
    return None if isinstance(found, Unknown) else found.trained_head


def head_not_judged(pair: Pair) -> Judgement | None:
    """Runtimes that draft with trained heads have other conditions for them, which these profiles do not know."""
    if (method := trained_head(pair)) is None:
        return None
    reason = f"drafts with a trained head ({method}) by rules of its own, which are not judged here"
    return Judgement(Outcome.UNKNOWN, reason, "use the head with the very target that it was trained for")


def is_gguf(facts: Fingerprint) -> bool:
    """Whether the model is a GGUF file."""
    return facts.gguf is not None


def gguf_not_judged(pair: Pair) -> Judgement | None:
    """Runtimes that read some GGUF files beside their own format."""
    for side, facts in sides(pair):
        if is_gguf(facts):
            reason = (
                f"reads GGUF files, as the {side} is, of some architectures only, and which ones is not judged here"
            )
            return Judgement(Outcome.UNKNOWN, reason, SAFETENSORS)
    return None


def gguf_refused(pair: Pair) -> Judgement | None:
    """Runtimes that read safetensors alone."""
    for side, facts in sides(pair):
        if is_gguf(facts):
            reason = f"loads safetensors, and the {side} is a GGUF file"
            return Judgement(Outcome.REFUSES, reason, SAFETENSORS)
    return None


def not_loadable(pair: Pair) -> Judgement | Mendable | None:
    """Weights that are not those that the config declares: loaders build the declared matrices, and fail to fill them.

    An embedding may be taller: Mllama feeds eight ids that it never emits.
    """
    for side, facts in sides(pair):
        rows, declared = facts.rows, facts.declared
        if not isinstance(rows, Rows) or not isinstance(declared, int) or rows.evidence is not Evidence.HEADER:
            continue
        if rows.head != declared or rows.embedding < declared:
            reason = f"cannot load the {side}: its config declares {declared} ids and its weights have {rows.head} rows"
            judged = Judgement(Outcome.REFUSES, reason)
            if rows.embedding < rows.head:
                return judged
            return Mendable(judged, _declared(side, rows.head))
    return next(filter(None, (_lacking(side, facts) for side, facts in sides(pair))), None)


def _lacking(side: str, facts: Fingerprint) -> Judgement | None:
    """Some loaders stop at a layer without weights, others fill it with random ones and go on."""
    found = facts.architecture
    if isinstance(found, Unknown) or not found.lacking:
        return None
    reason = f"may not load the {side}: {found.lacking} of the layers that its config declares have no weights"
    return Judgement(Outcome.UNKNOWN, reason)


def _declared(side: str, rows: int) -> Change:
    return Change(
        f"set vocab_size in the {side}'s config.json to {rows}",
        lambda pair: change.changed(pair, side, replace(change.of(pair, side), declared=rows)),
    )


def width(facts: Fingerprint) -> int | Unknown:
    """The vocabulary's size as runtimes read it: declared, or the default of the model's class where it is absent.

    That default is not known here, but weights that load have as many rows.
    """
    if isinstance(facts.declared, (int, Unknown)):
        return facts.declared
    return facts.rows.head if isinstance(facts.rows, Rows) else facts.rows


def unequal_widths(pair: Pair) -> tuple[int, int] | None:
    """Both sizes, target's first, where both are known and differ."""
    ours, theirs = width(pair.target), width(pair.drafter)
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown) or ours == theirs:
        return None
    return ours, theirs


def widened(sizes: tuple[int, int]) -> Change:
    """What to do about unequal sizes where no flag helps: more rows, if it is only rows that are missing."""
    ours, theirs = sizes
    return change.more_rows("drafter" if theirs < ours else "target", max(sizes))


def stateful_side(pair: Pair) -> tuple[str, str] | None:
    """The first side whose layers keep a running state, and its model type."""
    for side, facts in sides(pair):
        found = facts.architecture
        if not isinstance(found, Unknown) and found.stateful:
            return side, found.model_type
    return None


def open_facts(pair: Pair) -> Judgement | None:
    """Facts without which no runtime's behaviour can be told."""
    for side, facts in sides(pair):
        found = facts.architecture
        if isinstance(found, Unknown):
            return Judgement(Outcome.UNKNOWN, f"cannot be judged: the {side} {found.why}")
        if isinstance(found.kind, Unknown):
            fix = "pass the flag that trusts remote code" if found.remote_code else None
            return Judgement(Outcome.UNKNOWN, f"cannot be judged: the {side} {found.kind.why}", fix)
        if isinstance(size := width(facts), Unknown):
            return Judgement(Outcome.UNKNOWN, f"cannot be judged by the widths: the {side} {size.why}")
        if isinstance(facts.rows, Unknown):
            return Judgement(Outcome.UNKNOWN, f"cannot be judged by the rows: the {side} {facts.rows.why}")
    if isinstance(pair.comparison, Unknown):
        return Judgement(Outcome.UNKNOWN, f"cannot be judged by the tokens: a model {pair.comparison.why}")
    return None


def not_implemented(pair: Pair, known: frozenset[str], otherwise: str) -> Judgement | None:
    """A model class that the runtime's own list lacks, or that no config names; GGUF files name none.

    Args:
        pair: the two models.
        known: the list.
        otherwise: what is left open of other classes, as a clause that follows "and".
    """
    for side, facts in sides(pair):
        found = facts.architecture
        if isinstance(found, Unknown) or is_gguf(facts):
            continue
        if not found.classes:
            reason = f"chooses the code by the class under architectures, and the {side}'s config names none"
            return Judgement(Outcome.UNKNOWN, reason)
        if found.classes[0] not in known:
            named = f"the {side}'s class {found.classes[0]}"
            return Judgement(Outcome.UNKNOWN, f"does not list {named} among those that it implements, and {otherwise}")
    return None
