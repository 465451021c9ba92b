"""Options that an engine lacks, or whose effect is not judged: where they would matter, that is told."""

from __future__ import annotations

from ..evidence import Unknown
from ..relation import Pair, Relation
from .outcome import Engine
from .shared import sides


def ignored(engine: Engine, pair: Pair) -> list[str]:
    """What the options would change and the judgement leaves out, as clauses that follow its reason."""
    options = pair.options
    split = options.tensor_parallel or 1
    lacking = {
        "heterogeneous_vocab": "it has no use_heterogeneous_vocab" if _translates(pair) else None,
        "draft_context": "it gives the drafter no length of its own" if _shortens(pair) else None,
        "draft_tensor_parallel": (
            "it gives the drafter no tensor parallel size of its own"
            if options.draft_tensor_parallel not in (None, split)
            else None
        ),
        "batch": "it decodes one sequence at a time" if (options.batch or 1) > 1 else None,
    }
    told = [clause for name, clause in lacking.items() if clause is not None and name not in engine.options]
    if split > 1 and "tensor_parallel" not in engine.options:
        told.append(f"whether both models can be split over {split} devices is not judged here")
    elif split > 1:
        told += [
            f"whether the {side}'s quantised blocks can be split over {split} devices is not judged here"
            for side, facts in sides(pair)
            if not isinstance(facts.architecture, Unknown) and facts.architecture.quantization is not None
        ]
    return told


def _translates(pair: Pair) -> bool:
    """Whether a translation between the two vocabularies was asked for and would change anything."""
    found = pair.comparison
    return pair.options.heterogeneous_vocab and (isinstance(found, Unknown) or found.relation is not Relation.IDENTICAL)


def _shortens(pair: Pair) -> bool:
    """Whether the drafter was to end before the longest sequence."""
    if (length := pair.options.draft_context) is None:
        return False
    return not isinstance(pair.longest, int) or length < pair.longest
