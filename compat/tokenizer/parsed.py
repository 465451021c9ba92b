"""What a tokenizer's own file holds, whatever its format, and what it becomes with the tokens that are added on top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from operator import itemgetter

from ..errors import MalformedError
from ..jsonfile import canonical
from .added import Added, Files, Matching, extra_tokens
from .spelling import Family, added_tokens
from .tokenizer import Pipeline, Tokenizer
from .vocabulary import MAX_ID, build


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file of a tokenizer, or the files that only say something together.

    Attributes:
        file: its path, for evidence and errors.
        ids: text → id of the trained tokens, as the file spells them.
        tokens: id → bytes of the trained tokens.
        own: the tokens that the file itself adds.
        family: how it spells bytes.
        merges: digest of its merges; None where it has none.
        pipeline: the steps around it; None where the format does not carry them.
        odd: a step that changes what ids stand for in a way that is not known here, if there is one.
    """

    file: str
    ids: Mapping[str, int]
    tokens: Mapping[int, bytes]
    own: tuple[Added, ...]
    family: Family
    merges: str | None = None
    pipeline: Pipeline | None = None
    odd: str | None = None


def two_tokens(file: str) -> MalformedError:
    """What to raise where one id would stand for two tokens."""
    return MalformedError(f"{file} gives one id to two tokens: it is damaged.")


def with_files(parsed: Parsed, files: Files) -> Tokenizer:
    """The tokenizer, for formats whose loaders believe the ids that the repository's other files give.

    Raises:
        MalformedError: if the files contradict each other, or no vocabulary comes of them.
    """
    extra = extra_tokens(files, ids_hold=True)
    return finished(parsed, extra, _held(parsed, extra))


def finished(parsed: Parsed, extra: Iterable[Added], ids: dict[str, int]) -> Tokenizer:
    """The tokenizer, from what its file holds, the tokens added on top, and the ids of all that are added."""
    tokens = {**parsed.tokens, **dict(zip(ids.values(), added_tokens(parsed.family, ids), strict=True))}
    special = frozenset(ids[token.content] for token in (*parsed.own, *extra) if token.special and token.content)
    vocabulary = build(tokens, frozenset(ids.values()), special, parsed.file, len(parsed.tokens))
    pipeline = parsed.pipeline and replace(parsed.pipeline, added=_described((*parsed.own, *extra), ids, parsed.file))
    return Tokenizer(vocabulary, ids, parsed.merges, pipeline, parsed.odd)


def _described(tokens: Iterable[Added], ids: Mapping[str, int], file: str) -> str:
    """How every added token is found in a text, for `Pipeline.added`: a later description replaces an earlier one."""
    found = {token.content: token.matching for token in tokens if token.matching is not None}
    plain = Matching()
    rows = []
    for content, number in sorted(ids.items(), key=itemgetter(1)):
        how = found.get(content, plain)
        rows.append([content, number, how.lstrip, how.rstrip, how.single_word, how.normalized])
    return canonical(rows, file)


def counted(parsed: Parsed, extra: tuple[Added, ...]) -> dict[str, int]:
    """Text → the id that the loader gives to an added token: a trained token keeps its own, new ones are numbered on.

    The loader of tokenizer.json does not believe the ids in the file, and passes over an empty token. It adds the
    file's own in one go and the others in another, each time counting from behind all tokens so far
    (`AddedVocabulary::add_tokens` of the tokenizers library).
    """
    ids: dict[str, int] = {}
    for several in (parsed.own, extra):
        following = max(len(parsed.tokens), 1 + max(ids.values(), default=-1))
        for token in several:
            if not token.content or token.content in ids:
                continue
            ids[token.content] = parsed.ids.get(token.content, following)
            if token.content not in parsed.ids:
                if following in parsed.tokens:  # where trained ids have a gap
                    raise two_tokens(parsed.file)
                following += 1
    return ids


def _held(parsed: Parsed, extra: tuple[Added, ...]) -> dict[str, int]:
    """Text → the id of an added token: the one that its file gives, else that of the trained token, else the next.

    So do the loaders of these formats (`PreTrainedTokenizer` of transformers 4.57; the code that Kimi ships). A token
    that the config puts at the id of another one replaces that; but no token can be at two places.
    """
    ids = {token.content: token.declared for token in parsed.own if token.declared is not None}
    placed: dict[int, str] = {}
    following = 1 + max((*parsed.tokens, *ids.values()), default=-1)
    for token in extra:
        if not token.content:
            continue
        known = ids.get(token.content, parsed.ids.get(token.content))
        number = token.declared if token.declared is not None else following if known is None else known
        if number > MAX_ID:
            raise _contradicted(parsed.file, f"an added token has the id {number}")
        if known not in (None, number):
            raise _contradicted(parsed.file, f"one token has the ids {known} and {number}")
        if placed.setdefault(number, token.content) != token.content:
            raise _contradicted(parsed.file, f"two tokens have the id {number}")
        ids[token.content] = number
        following = max(following, number + 1)
    return ids


def _contradicted(file: str, how: str) -> MalformedError:
    return MalformedError(
        f"{file} and the added tokens listed beside it do not fit each other ({how}): publish the files of one"
        " tokenizer."
    )
