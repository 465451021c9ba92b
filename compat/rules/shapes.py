"""SD3xx: three sizes that are easily confused: declared V, rows R, used U; and the matrices that have these rows."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence
from ..facts import Fingerprint
from ..finding import Finding, ModelRule, PairRule, Severity, Subject, known
from ..relation import Pair, Relation
from .shown import more, token_text


def _declared_rows(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    declared, rows = known(facts.declared), known(facts.rows)
    if declared is None or rows.evidence is not Evidence.HEADER:
        return
    # An embedding may be taller: Mllama feeds eight ids that it never emits.
    if rows.head != declared or rows.embedding < declared:
        yield rule.finds(
            Severity.ERROR, subject, Evidence.HEADER, declared=declared, head=rows.head, embedding=rows.embedding
        )


DECLARED_ROWS = ModelRule(
    code="SD301",
    name="declared-size-is-not-the-weights",
    worst=Severity.ERROR,
    needs=("declared", "rows"),
    message="The {subject}'s config declares {declared} ids and its weights have {head} rows (embedding: {embedding}).",
    why="Loaders build the matrices that the config declares and then fail on the weights, or leave rows at random.",
    fix="Correct vocab_size in config.json, or publish the weights that belong to it.",
    check=_declared_rows,
)


def _past_rows(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    vocabulary, rows = known(facts.vocabulary), known(facts.rows)
    limit = min(rows.head, rows.embedding)
    past = [number for number in range(limit, vocabulary.used) if vocabulary.tokens[number] is not None]
    if not past:
        return
    in_use = known(facts.bos).ids | known(facts.eos).ids | known(facts.pad).ids | known(facts.template_ids)
    harmful = sorted(in_use.intersection(past))
    shown = [{"id": number, "token": token_text(vocabulary.token(number))} for number in (harmful or past)[:5]]
    severity = Severity.ERROR if harmful else Severity.NOTE
    yield rule.finds(
        severity,
        subject,
        rows.evidence,
        count=len(past),
        rows=limit,
        tokens=shown,
        in_use=harmful,
        more=more(harmful or past, 5),
    )


PAST_ROWS = ModelRule(
    code="SD302",
    name="token-past-the-rows",
    worst=Severity.ERROR,
    needs=("vocabulary", "rows", "bos", "eos", "pad", "template_ids"),
    message="Ids that the {subject}'s tokenizer names at or past its own {rows} rows: {count} ({tokens}{more}).",
    why=(
        "Such an id cannot be fed to the model: the look-up is out of range, which on a GPU kills the process. It is"
        " harmless while no text contains the token, and an error where the chat format or a special token uses it."
    ),
    fix="Resize the embeddings to the tokenizer (`resize_token_embeddings`), or remove the tokens.",
    check=_past_rows,
)


def _padded(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.rows), known(pair.drafter.rows)
    if known(pair.comparison).relation is Relation.PADDED:
        used = max(known(pair.target.vocabulary).used, known(pair.drafter.vocabulary).used)
        evidence = max(target.evidence, drafter.evidence, key=lambda kind: kind is Evidence.DECLARED)
        yield rule.finds(Severity.NOTE, Subject.PAIR, evidence, target=target.head, drafter=drafter.head, used=used)


PADDED = PairRule(
    code="SD303",
    name="padding-differs",
    worst=Severity.NOTE,
    needs=("vocabulary", "rows"),
    message="The logits are {target} and {drafter} wide, and all {used} tokens are equal: only unused padding differs.",
    why=(
        "Training pads the vocabulary to a round number that depends on the cluster, so one family has several widths."
        " Engines that compare the width refuse this good pair (vLLM, SGLang) or fall back to translating text."
    ),
    fix="Nothing for the bundled decoder, which never drafts a padding id. In vLLM: use_heterogeneous_vocab.",
    check=_padded,
)


def _not_proved(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    rows = known(facts.rows)
    if rows.evidence is Evidence.DECLARED:
        yield rule.finds(Severity.WARNING, subject, Evidence.DECLARED, rows=rows.head)


NOT_PROVED = ModelRule(
    code="SD304",
    name="rows-not-proved",
    worst=Severity.WARNING,
    needs=("rows",),
    message="The {subject} ships pickled weights alone, which have no header: its {rows} rows are its config's claim.",
    why="A checkpoint that was resized or edited can have other rows than its config says.",
    fix="Publish the weights as safetensors. The bundled decoder checks the real widths before it decodes.",
    check=_not_proved,
)


def _no_size(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    if known(facts.declared) is None:
        yield rule.finds(Severity.NOTE, subject, Evidence.DECLARED)


NO_SIZE = ModelRule(
    code="SD305",
    name="vocab-size-absent",
    worst=Severity.NOTE,
    needs=("declared",),
    message="The {subject}'s config declares no vocab_size; the rows of its weights decide instead.",
    why="Tools that read the key directly fail on such a config; loaders fill in a default of the model's class.",
    fix="Nothing: the rows are proved by the weights' header.",
    check=_no_size,
)


def _cannot_embed(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.rows), known(pair.drafter.rows)
    # A token that the drafter names past its own rows is SD302's to tell.
    ids = known(pair.comparison).target_only
    past = [number for number in ids if drafter.embedding <= number < target.head]
    if past:
        yield rule.finds(
            Severity.WARNING, Subject.PAIR, drafter.evidence, count=len(past), rows=drafter.embedding, highest=past[-1]
        )


CANNOT_EMBED = PairRule(
    code="SD306",
    name="drafter-cannot-embed",
    worst=Severity.WARNING,
    needs=("vocabulary", "rows"),
    message="Tokens that the target can emit past the drafter's {rows} embedding rows: {count}, up to id {highest}.",
    why=(
        "An engine that feeds such an id to the drafter reads out of range: a device-side assert, or garbage. The"
        " bundled decoder feeds a stand-in instead, which costs acceptance while the token is in sight, and no more."
    ),
    fix="In other engines, take a drafter with as many rows as the target has tokens.",
    check=_cannot_embed,
)


def _tie(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    rows = known(facts.rows)
    if rows.unused is not None and rows.unused != rows.embedding:
        yield rule.finds(Severity.WARNING, subject, Evidence.HEADER, embedding=rows.embedding, unused=rows.unused)


TIE = ModelRule(
    code="SD307",
    name="tie-contradicts-weights",
    worst=Severity.WARNING,
    needs=("rows",),
    message=(
        "The {subject}'s config ties the output head to the embedding ({embedding} rows), and its weights hold a head"
        " of {unused} rows beside it."
    ),
    why=(
        "Engines disagree on such a checkpoint: those that believe the config pass the head over, and transformers,"
        " which reads it, fails on its shape. One of the two files belongs to another version of the model."
    ),
    fix="Set tie_word_embeddings to false and vocab_size to the head's rows, or publish the weights without that head.",
    check=_tie,
)


def _reduced_head(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    if (count := known(facts.architecture).draft_vocabulary) is not None:
        yield rule.finds(Severity.ERROR, subject, Evidence.DECLARED, count=count)


REDUCED_HEAD = ModelRule(
    code="SD308",
    name="reduced-vocabulary-head",
    worst=Severity.ERROR,
    needs=("architecture",),
    message="The {subject}'s head proposes among {count} ids of its own, which are not the tokenizer's.",
    why=(
        "Heads with a reduced vocabulary (draft_vocab_size, d2t and t2d tables) number their tokens anew. Only an"
        " engine that translates each proposal by the table can verify it; to any other the ids mean other tokens."
    ),
    fix="Use it in an engine that supports this kind of head, with the target that it was trained for.",
    check=_reduced_head,
)


def _two_sizes(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    outer = known(facts.architecture).outer_vocabulary
    if outer is not None:
        yield rule.finds(Severity.NOTE, subject, Evidence.DECLARED, declared=known(facts.declared), outer=outer)


TWO_SIZES = ModelRule(
    code="SD309",
    name="vocab-size-twice",
    worst=Severity.NOTE,
    needs=("declared", "architecture"),
    message="The {subject}'s config declares {declared} ids for its text model, which counts, and {outer} beside it.",
    why=(
        "Loaders build the language model from the nested text config. A tool that reads the outer key takes the model"
        " for one of another width."
    ),
    fix="Nothing for loaders. Where you publish the model, remove the outer vocab_size.",
    check=_two_sizes,
)


def _lacking(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    if (count := known(facts.architecture).lacking) is not None:
        yield rule.finds(Severity.ERROR, subject, Evidence.HEADER, count=count)


LAYERS_LACKING = ModelRule(
    code="SD310",
    name="weights-lack-layers",
    worst=Severity.ERROR,
    needs=("architecture",),
    message="The {subject}'s config declares more layers than its weights hold: {count} are missing.",
    why=(
        "A loader fills what is missing with random numbers, often with no more than a warning, and the model writes"
        " noise. The bundled decoder refuses to load it."
    ),
    fix="Correct the number of layers in config.json, or publish the weights that belong to it.",
    check=_lacking,
)

RULES = (
    DECLARED_ROWS,
    PAST_ROWS,
    PADDED,
    NOT_PROVED,
    NO_SIZE,
    CANNOT_EMBED,
    TIE,
    REDUCED_HEAD,
    TWO_SIZES,
    LAYERS_LACKING,
)
