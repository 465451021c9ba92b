"""The decoder that ships with this project (`specdec-run`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .. import model_types
from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_model import Kind, Rows
from ..relation import Pair, Relation
from . import lengths, shared
from .change import Change
from .decide import Mendable, decide
from .outcome import Engine, Judgement, Outcome

_VERSION = "0.1.0"
_REFUSED = {
    Relation.OVERLAP: "runs certified pairs alone, and these tokens differ",
    Relation.DISJOINT: "runs certified pairs alone, and these models share no token",
}


def judge(pair: Pair) -> Judgement:
    """What the bundled decoder does: it verifies exactly, in id space, with a cache that is rolled back by position."""
    return decide(
        pair.stretched(),
        lambda two: _of_a_side(two, _cannot_run),
        _plain_tokens,
        *(() if pair.options.allow_specials else (_control_tokens,)),
        lambda two: _of_a_side(two, _cannot_tell),
        _runs,
    )


def _of_a_side(pair: Pair, step: Callable[[str, Fingerprint], Judgement | None]) -> Judgement | None:
    return next((judged for side, facts in shared.sides(pair) if (judged := step(side, facts)) is not None), None)


def _plain_tokens(pair: Pair) -> Judgement | None:
    if isinstance(pair.comparison, Unknown):
        return Judgement(Outcome.UNKNOWN, f"cannot tell what it may draft: a model {pair.comparison.why}")
    reason = _REFUSED.get(pair.comparison.relation)
    return None if reason is None else Judgement(Outcome.REFUSES, reason)


def _control_tokens(pair: Pair) -> Mendable | None:
    found = pair.comparison
    if isinstance(found, Unknown) or found.relation is not Relation.SPECIALS_DIFFER:
        return None
    judged = Judgement(Outcome.REFUSES, "runs certified pairs alone, and these control tokens differ")
    # Where they are allowed, tokens that one model alone has are as good as these.
    allowed = replace(found, relation=Relation.EXTENDS)
    told = "pass --allow-specials if drafts may be rejected around those tokens"
    return Mendable(judged, Change(told, lambda two: replace(two, comparison=allowed)))


def _cannot_run(side: str, facts: Fingerprint) -> Judgement | None:
    if facts.gguf is not None:
        return Judgement(
            Outcome.REFUSES,
            f"loads safetensors, and the {side} is a GGUF file",
            "check the model's own repository, or ask for the engine that loads it (--engine llama.cpp)",
        )
    found = facts.architecture
    if isinstance(found, Unknown):
        return None
    if not isinstance(found.kind, Unknown) and found.kind is not Kind.CAUSAL:
        return Judgement(Outcome.REFUSES, f"needs causal language models, and the {side} is an {found.kind} model")
    if found.trained_head is not None:
        return Judgement(
            Outcome.REFUSES, f"runs language models, and the {side} is a trained head ({found.trained_head})"
        )
    if found.model_type in model_types.WRAPPERS:
        reason = f"loads causal language models alone, and the {side} is one inside a {found.model_type} model"
        return Judgement(Outcome.REFUSES, reason)
    if found.model_type in model_types.CACHELESS:
        return Judgement(Outcome.REFUSES, f"decodes with a cache, and the {side} keeps none ({found.model_type})")
    if found.lacking is not None:
        return Judgement(
            Outcome.REFUSES, f"loads whole models alone, and {found.lacking} of the {side}'s layers are missing"
        )
    if found.stateful:
        return Judgement(Outcome.REFUSES, f"cannot roll back the state of the {side} ({found.model_type})")
    if isinstance(facts.rows, Rows) and isinstance(facts.declared, int) and facts.rows.head != facts.declared:
        return Judgement(Outcome.REFUSES, f"loads no weights other than the config declares, as the {side} has them")
    if isinstance(facts.rows, Rows) and facts.rows.unused not in (None, facts.rows.embedding):
        return Judgement(
            Outcome.REFUSES, f"reads the output head that the {side} has beside a tied one, and fails on it"
        )
    if isinstance(facts.rows, Rows) and facts.rows.head != facts.rows.embedding:
        return Judgement(Outcome.REFUSES, f"takes one width for embedding and head, and the {side} has two")
    return None


def _cannot_tell(side: str, facts: Fingerprint) -> Judgement | None:
    found = facts.architecture
    if isinstance(found, Unknown):
        return Judgement(Outcome.UNKNOWN, f"cannot tell whether it can run the {side}, which {found.why}")
    if isinstance(found.kind, Unknown):
        return Judgement(Outcome.UNKNOWN, f"cannot tell whether it can run the {side}, which {found.kind.why}")
    if isinstance(facts.rows, Unknown):
        return Judgement(Outcome.UNKNOWN, f"cannot tell the width of the {side}'s logits: it {facts.rows.why}")
    if isinstance(facts.declared, Unknown):
        return Judgement(Outcome.UNKNOWN, f"cannot tell whether the {side} loads: it {facts.declared.why}")
    if facts.declared is None and not facts.nested:  # a nested part leaves out what is its class's default
        return Judgement(
            Outcome.UNKNOWN,
            f"cannot tell whether the {side} loads: its config declares no vocab_size, and its class fills in one",
            f"write vocab_size into the {side}'s config.json",
        )
    if facts.context is None and lengths.has_position_table(facts):
        return Judgement(Outcome.UNKNOWN, f"cannot tell where the {side}'s table of positions ends: no config says")
    if found.quantization is not None:
        return Judgement(
            Outcome.UNKNOWN,
            f"loads quantised weights only with libraries that it does not bring, and the {side} is quantised"
            f" ({found.quantization})",
            "check the unquantised model of the same release",
        )
    return None


def _runs(pair: Pair) -> Judgement:
    relation = None if isinstance(pair.comparison, Unknown) else pair.comparison.relation
    if relation is Relation.SPECIALS_DIFFER:
        return Judgement(Outcome.DEGRADES, "verifies exactly in id space, and never drafts a token that differs")
    if relation is Relation.EXTENDS:
        return Judgement(Outcome.DEGRADES, "drafts only the tokens that both models name")
    found = pair.target.architecture
    if not isinstance(found, Unknown) and found.rope_switch is not None and _reaches(pair, found.rope_switch):
        # A forward that drafts past the switch would turn the tokens before it too.
        return Judgement(Outcome.DEGRADES, f"ends at {found.rope_switch} tokens, where the target's LongRoPE switches")
    if (both := lengths.past_the_target(pair)) is not None:
        return Judgement(Outcome.DEGRADES, f"ends at the target's own {both[1]} tokens, short of the planned {both[0]}")
    if (both := lengths.shorter_drafter(pair)) is not None:
        return Judgement(Outcome.DEGRADES, f"goes on without drafts past {both[1]} tokens")
    if relation is Relation.PADDED:
        return Judgement(Outcome.RUNS, "never drafts an id of the padding")
    return Judgement(Outcome.RUNS, "verifies exactly in id space")


def _reaches(pair: Pair, length: int) -> bool:
    """Whether a sequence may be longer than that; of a context that is not known, it may."""
    return not isinstance(pair.longest, int) or pair.longest > length


ENGINE = Engine("bundled", _VERSION, judge)
