"""SD4xx: whether the models can take part at all, and over which length."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence
from ..facts import Fingerprint
from ..facts_model import Kind, Rope
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
        yield rule.finds(Severity.WARNING, subject, Evidence.DECLARED, model_type=found.model_type)


STATEFUL = ModelRule(
    code="SD402",
    name="state-cannot-be-rolled-back",
    worst=Severity.WARNING,
    needs=("architecture",),
    message=(
        "The {subject}'s layers fold the past into a running state (model type {model_type}): a rejected draft stays"
        " in it unless the engine keeps copies."
    ),
    why=(
        "After a rejection the model must forget the rejected tokens. A cache of keys and values is cut back; a"
        " recurrent or convolution state is not, so the output would be wrong. Some engines keep the state of every"
        " step or compute it again, which costs time; others refuse. The table of engines says which."
    ),
    fix="Use the model's own multi-token prediction head, or an engine that can go back to an earlier state.",
    check=_stateful,
)


def _context(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    pair = pair.stretched()
    target, drafter = known(pair.longest), known(pair.drafter.context)
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


def _rope(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.architecture).rope, known(pair.drafter.architecture).rope
    if target is None or drafter is None:
        return  # positions of another kind, which nothing stretches
    if _stretch(target) != _stretch(drafter):
        told = {"target": _described(target), "drafter": _described(drafter)}
        yield rule.finds(Severity.NOTE, Subject.PAIR, Evidence.DECLARED, **told)


def _stretch(rope: Rope | None) -> tuple[str | None, float | None, int | None]:
    """What stretches the positions. The base alone does not: it differs between sizes of one family."""
    return (rope.scaling, rope.factor, rope.original) if rope and rope.scaling else (None, None, None)


def _described(rope: Rope | None) -> str:
    scaling, factor, original = _stretch(rope)
    if scaling is None:
        return "not stretched"
    times = "" if factor is None else f" by {factor:g}"
    return f"{scaling}{times}" if original is None else f"{scaling}{times} from {original} tokens"


ROPE = PairRule(
    code="SD404",
    name="rope-differs",
    worst=Severity.NOTE,
    needs=("architecture",),
    message="Rotary positions are stretched in different ways: target {target}, drafter {drafter}.",
    why=(
        "Each model keeps its own positions, so nothing breaks. But over long texts the drafter may lose the thread"
        " where the target does not, and an option that stretches the target's positions does not reach the drafter."
    ),
    fix="Measure the acceptance at the lengths that you serve, and give both models the same override.",
    check=_rope,
)


def _window(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.architecture).window, known(pair.drafter.architecture).window
    if target is not None or drafter is not None:
        yield rule.finds(Severity.NOTE, Subject.PAIR, Evidence.DECLARED, target=target, drafter=drafter)


WINDOW = PairRule(
    code="SD405",
    name="sliding-window",
    worst=Severity.NOTE,
    needs=("architecture",),
    message="Layers see only a window of the last tokens (target: {target}, drafter: {drafter}).",
    why=(
        "A cache that holds no more than the window overwrites its oldest entries, and cannot take a rejected draft"
        " back once it is full: such an engine refuses, or goes wrong. The bundled decoder keeps the full length, so it"
        " rolls back exactly and uses more memory."
    ),
    fix="In other engines, ask for a cache of the full length (llama.cpp: --swa-full).",
    check=_window,
)


def _multimodal(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    if not known(pair.target.architecture).multimodal:
        return
    both = known(pair.drafter.architecture).multimodal
    severity, reads = (Severity.NOTE, "does so too") if both else (Severity.WARNING, "reads text alone")
    yield rule.finds(severity, Subject.PAIR, Evidence.DECLARED, drafter=reads)


MULTIMODAL = PairRule(
    code="SD406",
    name="multimodal",
    worst=Severity.WARNING,
    needs=("architecture",),
    message="The target reads images or sound beside text; the drafter {drafter}.",
    why=(
        "An image fills positions with features that have no ids. A drafter of text alone sees placeholders there, and"
        " even one that reads images gets none in most engines, which draft on text. What is said of the pair here is"
        " of text."
    ),
    fix="With images, draft by the target's own head or by n-grams. Requests of text alone need nothing.",
    check=_multimodal,
)


def _quantised(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    if (method := known(facts.architecture).quantization) is not None:
        yield rule.finds(Severity.NOTE, subject, Evidence.DECLARED, method=method)


QUANTISED = ModelRule(
    code="SD407",
    name="quantised-weights",
    worst=Severity.NOTE,
    needs=("architecture",),
    message="The {subject}'s weights are quantised ({method}).",
    why=(
        "Verification stays exact: the output is that of the target as it is quantised. A coarsely quantised drafter"
        " agrees with its target less often, and engines do not pass the target's quantisation options on to it."
    ),
    fix="Measure the acceptance against the unquantised drafter, which is small anyway.",
    check=_quantised,
)


def _trained_head(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    if (method := known(facts.architecture).trained_head) is not None:
        yield rule.finds(Severity.ERROR, subject, Evidence.DECLARED, method=method)


TRAINED_HEAD = ModelRule(
    code="SD408",
    name="not-a-standalone-drafter",
    worst=Severity.ERROR,
    needs=("architecture",),
    message="The {subject} is a head trained onto one target ({method}), no language model by itself.",
    why=(
        "EAGLE, Medusa, MTP and DFlash heads read the hidden states of the very target that they were trained with, and"
        " share its embedding or its output head. They run inside engines that know the method, and no comparison of"
        " vocabularies says whether head and target belong together."
    ),
    fix="Pass it to an engine that has the method, with its own target; or take a small language model as the drafter.",
    check=_trained_head,
)

RULES = (NOT_CAUSAL, STATEFUL, CONTEXT, ROPE, WINDOW, MULTIMODAL, QUANTISED, TRAINED_HEAD)
