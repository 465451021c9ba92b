"""What can be done about a refusal, as a function from pair to pair: what comes of it can then be judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_model import Rows
from ..facts_tokens import GgufFacts
from ..options import Options
from ..relation import Pair, Relation


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do.

    Attributes:
        told: what, as a clause.
        made: the pair that comes of it.
    """

    told: str
    made: Callable[[Pair], Pair]

    def then(self, other: Change) -> Change:
        """Both, one after the other."""
        return Change(f"{self.told}, and {other.told}", lambda pair: other.made(self.made(pair)))


def of(pair: Pair, side: str) -> Fingerprint:
    """The target or the drafter."""
    return pair.target if side == "target" else pair.drafter


def changed(pair: Pair, side: str, facts: Fingerprint) -> Pair:
    """The pair with other facts of one side, whose tokens stay as they are."""
    return replace(pair, target=facts) if side == "target" else replace(pair, drafter=facts)


def more_rows(side: str, rows: int) -> Change:
    """Rows for ids that no tokenizer names: the vocabulary stays."""

    def made(pair: Pair) -> Pair:
        facts = of(pair, side)
        padded = replace(
            facts,
            declared=rows if isinstance(facts.declared, int) else facts.declared,
            rows=facts.rows if isinstance(facts.rows, Unknown) else Rows(rows, rows, facts.rows.evidence),
            gguf=facts.gguf and _with_placeholders(facts.gguf, rows),
        )
        found = pair.comparison
        if not isinstance(found, Unknown) and found.relation is Relation.PADDED:
            pair = replace(pair, comparison=replace(found, relation=Relation.IDENTICAL))
        return changed(pair, side, padded)

    return Change(f"pad the {side}'s embedding and head to {rows} rows", made)


def _with_placeholders(file: GgufFacts, count: int) -> GgufFacts:
    return replace(file, texts=file.texts + tuple(b"[PAD%d]" % number for number in range(len(file.texts), count)))


def sooner_end(length: int, told: str | None = None) -> Change:
    """No text is longer than that.

    Args:
        length: in tokens.
        told: how the runtime is told so, where it can be.
    """

    def capped(pair: Pair) -> Pair:
        return pair.planned(replace(pair.options, context=min(length, pair.options.context or length)))

    return Change(told or f"keep prompt and output together below {length} tokens", capped)


def other_options(told: str, made: Callable[[Options], Options]) -> Change:
    """Other options for the same two models."""
    return Change(told, lambda pair: replace(pair, options=made(pair.options)))


def same_tokenizer(taker: str, told: str) -> Change:
    """One side gets the files of the other side's tokenizer."""

    def made(pair: Pair) -> Pair:
        giver = of(pair, "target" if taker == "drafter" else "drafter")
        names = ("vocabulary", "merges", "pipeline", "bos", "eos", "pad", "unk", "framing", "template_ids")
        facts = replace(of(pair, taker), **{name: getattr(giver, name) for name in names})
        sides = {"target": pair.target, "drafter": pair.drafter, taker: facts}
        return replace(Pair.of(sides["target"], sides["drafter"]), options=pair.options)

    return Change(told, made)
