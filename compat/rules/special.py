"""SD2xx: the tokens with a part in the protocol: end, begin, padding, unknown. Those of templates: template.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..evidence import Evidence, Unknown
from ..facts import Fingerprint
from ..facts_tokens import Source, Special
from ..finding import Finding, ModelRule, PairRule, Severity, Subject, known
from ..relation import Pair
from ..tokenizer.vocabulary import Vocabulary
from .shown import token_text

_ROLES = ("bos", "eos", "pad", "unk")


def _special(facts: Fingerprint, role: str) -> Special:
    found: Special = known(getattr(facts, role))
    return found


def _eos_sets(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.eos).ids, known(pair.drafter.eos).ids
    for facts in (pair.target, pair.drafter):
        if not known(facts.eos).ids and isinstance(facts.architecture, Unknown):
            return  # it publishes next to nothing, and an end of text is the least that it lacks
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


def _of_configs(source: Source) -> bool:
    """Whether a source is config.json or generation_config.json, which give ids, and may give several."""
    return "config.json" in source.file and "tokenizer" not in source.file


def _inside(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    for role in _ROLES:
        sources = [source for source in _special(facts, role).sources if source.ids]
        configs = [set(source.ids) for source in sources if _of_configs(source)]
        named = {number for ids in configs for number in ids}
        # The tokenizer's files can name one id only, so they disagree only where it is none of the configs'.
        foreign = any(configs and not named.issuperset(source.ids) for source in sources)
        if foreign or any(ids != configs[0] for ids in configs):
            told = [{"file": source.file, "ids": list(source.ids)} for source in sources]
            yield rule.finds(Severity.NOTE, subject, role=role, sources=told)


INSIDE = ModelRule(
    code="SD202",
    name="special-disagrees-inside-repository",
    worst=Severity.NOTE,
    needs=_ROLES,
    message="The {subject}'s files name different {role} ids: {sources}.",
    why="Each engine reads another of these files, so where text begins and generation stops depends on the engine.",
    fix="Pass the ids to the engine explicitly. The bundled decoder stops at every eos id that some file names.",
    check=_inside,
)


def _others(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    for role in ("bos", "pad", "unk"):
        target, drafter = _special(pair.target, role), _special(pair.drafter, role)
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
    fix="Compare what the two tokenizer configs begin text with: one is usually a mistake. Padding needs nothing.",
    check=_others,
)


def _tokens(ids: tuple[int, ...], vocabulary: Vocabulary) -> list[dict[str, Any]] | None:
    return [{"id": number, "token": token_text(vocabulary.token(number))} for number in ids] or None


def _framing(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    ours, theirs = known(pair.target.framing), known(pair.drafter.framing)
    target, drafter = known(pair.target.vocabulary), known(pair.drafter.vocabulary)
    for place, our_ids, their_ids in (("before", ours.prefix, theirs.prefix), ("behind", ours.suffix, theirs.suffix)):
        if our_ids != their_ids:
            told = _tokens(our_ids, target), _tokens(their_ids, drafter)
            yield rule.finds(Severity.WARNING, Subject.PAIR, place=place, target=told[0], drafter=told[1])


FRAMING = PairRule(
    code="SD204",
    name="framing-differs",
    worst=Severity.WARNING,
    needs=("framing", "vocabulary"),
    message="Encoding puts other ids {place} a text: {target} for the target, {drafter} for the drafter.",
    why=(
        "The target's tokenizer encodes the prompt for both models. A drafter trained behind a begin-of-text id drafts"
        " worse without one, and one trained without drafts worse behind it; llama.cpp refuses such a pair."
    ),
    fix="Compare the post-processors of the two tokenizer.json and take the intended one; a chat template may add it.",
    check=_framing,
)


def _names_no_token(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    vocabulary = known(facts.vocabulary)
    for role in _ROLES:
        told = []
        for source in _special(facts, role).sources:
            ids = [number for number in source.ids if vocabulary.token(number) is None]
            if ids or source.odd:
                told.append({"file": source.file, "ids": ids, "odd": list(source.odd)})
        if told:
            severity = Severity.WARNING if role in ("bos", "eos") else Severity.NOTE
            yield rule.finds(severity, subject, Evidence.DECLARED, role=role, sources=told)


NAMES_NO_TOKEN = ModelRule(
    code="SD209",
    name="special-id-names-no-token",
    worst=Severity.WARNING,
    needs=("vocabulary", *_ROLES),
    message="The {subject}'s tokenizer has no token for what its files give as {role} id: {sources}.",
    why=(
        "Generation cannot end at an id that the model never learnt to emit, and a begin-of-text id without a token is"
        " an untrained row. A text or a fraction in the place of an id is ignored by some engines and fails in others."
    ),
    fix="Correct the id in the named file. The bundled decoder takes whole numbers alone for ids.",
    check=_names_no_token,
)


def _framing_inside(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    framing = known(facts.framing)
    if framing.add_bos not in (None, bool(framing.prefix)):
        claim = "true" if framing.add_bos else "false"
        prefix = _tokens(framing.prefix, known(facts.vocabulary))
        yield rule.finds(Severity.NOTE, subject, claim=claim, prefix=prefix)


FRAMING_INSIDE = ModelRule(
    code="SD210",
    name="framing-disagrees-inside-repository",
    worst=Severity.NOTE,
    needs=("framing", "vocabulary"),
    message="The {subject}'s files say add_bos_token: {claim}; ids that its tokenizer puts before a text: {prefix}.",
    why=(
        "Loaders disagree on which of the two counts: transformers 5 follows tokenizer.json, version 4 and converters"
        " to GGUF follow the config. So the same prompt begins with other ids in another engine."
    ),
    fix="Make tokenizer.json do what the config says, or pass ids to the engine instead of text.",
    check=_framing_inside,
)

RULES = (EOS_SETS, INSIDE, SPECIAL_IDS, FRAMING, NAMES_NO_TOKEN, FRAMING_INSIDE)
