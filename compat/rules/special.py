"""SD2xx: the tokens with a part in the protocol: end, begin, padding, unknown."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Fingerprint, Special
from ..finding import Finding, ModelRule, PairRule, Severity, Subject, known
from ..relation import Pair


def _eos_sets(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.eos).ids, known(pair.drafter.eos).ids
    if target != drafter:
        yield rule.finds(Severity.WARNING, Subject.PAIR, target=sorted(target), drafter=sorted(drafter))


EOS_SETS = PairRule(
    code="SD201",
    name="eos-sets-differ",
    worst=Severity.WARNING,
    needs=("eos",),
    message="Generation ends at {target} for the target and at {drafter} for the drafter.",
    why=(
        "The target's own ids decide when text ends. A drafter with others drafts past the end, or expects it where"
        " the target goes on: drafts are wasted around the end of a turn. Common between a base and a tuned model."
    ),
    fix="Prefer a drafter tuned as the target is. The bundled decoder stops at the target's ids in any case.",
    check=_eos_sets,
)


def _eos_inside(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    sources = known(facts.eos).sources
    configs = [set(source.ids) for source in sources if "config.json" in source.file and "tokenizer" not in source.file]
    named = {number for ids in configs for number in ids}
    # The tokenizer's files can name one id only, so they disagree only where it is none of the configs'.
    foreign = any(configs and not named.issuperset(source.ids) for source in sources)
    if foreign or any(ids != configs[0] for ids in configs):
        told = [{"file": source.file, "ids": list(source.ids)} for source in sources]
        yield rule.finds(Severity.NOTE, subject, sources=told)


EOS_INSIDE = ModelRule(
    code="SD202",
    name="eos-disagrees-inside-repository",
    worst=Severity.NOTE,
    needs=("eos",),
    message="The {subject}'s files name different ends of text: {sources}.",
    why="Each engine reads another of these files, so where generation stops depends on the engine.",
    fix="Pass the union to the engine explicitly. The bundled decoder stops at every id that some file names.",
    check=_eos_inside,
)


def _others(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    for role in ("bos", "pad", "unk"):
        target: Special = known(getattr(pair.target, role))
        drafter: Special = known(getattr(pair.drafter, role))
        if target.ids and drafter.ids and target.ids != drafter.ids:
            severity = Severity.WARNING if role == "bos" else Severity.NOTE
            yield rule.finds(severity, Subject.PAIR, role=role, target=sorted(target.ids), drafter=sorted(drafter.ids))


SPECIAL_IDS = PairRule(
    code="SD203",
    name="special-ids-differ",
    worst=Severity.WARNING,
    needs=("bos", "pad", "unk"),
    message="The {role} token is {target} for the target and {drafter} for the drafter.",
    why=(
        "A drafter fed another begin-of-text id than it was trained with drafts worse from the first token on."
        " Padding matters only in batches, the unknown token only where text cannot be encoded."
    ),
    fix="Nothing for padding. For begin-of-text, compare the two tokenizer configs: one of them is usually a mistake.",
    check=_others,
)

RULES = (EOS_SETS, EOS_INSIDE, SPECIAL_IDS)
