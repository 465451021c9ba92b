"""SD4xx: whether the models can take part at all, and over which length."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Evidence, Fingerprint, Kind
from ..finding import Finding, ModelRule, PairRule, Severity, Subject, known
from ..relation import Pair


def _not_causal(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    found = known(facts.architecture)
    if found.kind is not Kind.CAUSAL:
        kind = known(found.kind)
        yield rule.finds(Severity.ERROR, subject, Evidence.DECLARED, model_type=found.model_type, kind=kind.value)


NOT_CAUSAL = ModelRule(
    code="SD401",
    name="not-a-causal-language-model",
    worst=Severity.ERROR,
    needs=("architecture", "architecture.kind"),
    message="The {subject} is an {kind} model (model type {model_type}), not a causal language model.",
    why=(
        "Speculative decoding verifies a run of next tokens in one pass of a model that predicts each token from those"
        " before it. An encoder predicts nothing next; an encoder-decoder splits the text between two stacks."
    ),
    fix="Choose a causal language model.",
    check=_not_causal,
)


def _stateful(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    found = known(facts.architecture)
    if found.stateful:
        yield rule.finds(Severity.ERROR, subject, Evidence.DECLARED, model_type=found.model_type)


STATEFUL = ModelRule(
    code="SD402",
    name="state-cannot-be-rolled-back",
    worst=Severity.ERROR,
    needs=("architecture",),
    message=(
        "The {subject}'s layers fold the past into a running state (model type {model_type}): a rejected draft stays"
        " in it."
    ),
    why=(
        "After a rejection the model must forget the rejected tokens. A cache of keys and values is cut back; a"
        " recurrent or convolution state cannot be, so the output would be wrong."
    ),
    fix="Use the model's own multi-token prediction head, or an engine that checkpoints the state.",
    check=_stateful,
)


def _context(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.context), known(pair.drafter.context)
    if target is not None and drafter is not None and drafter < target:
        yield rule.finds(Severity.WARNING, Subject.DRAFTER, Evidence.DECLARED, target=target, drafter=drafter)


CONTEXT = PairRule(
    code="SD403",
    name="drafter-context-shorter",
    worst=Severity.WARNING,
    needs=("context",),
    message="The drafter's context is {drafter} tokens, the target's {target}.",
    why=(
        "Past its own context a drafter has no positions: engines crash, refuse, or cut the target's context down to"
        " it. The bundled decoder goes on without drafts from there, at the target's plain speed."
    ),
    fix="Keep the planned length below the drafter's context, or take a drafter with a longer one.",
    check=_context,
)

RULES = (NOT_CAUSAL, STATEFUL, CONTEXT)
