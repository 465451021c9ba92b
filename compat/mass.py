"""How often tokens occur, estimated from the vocabulary alone.

Trainers of BPE number their tokens by merge rank, that is by how often the pair occurred when it was merged, and the
pieces of a Unigram model by falling probability. So the rank of a plain token among the plain ones, in order of ids,
stands for its rank by frequency, and Zipf's law with Mandelbrot's shift (1965) for the frequency itself. Single bytes
are the alphabet that merging starts from; no rank tells how often they occur, and they are left out. That is an
estimate of text in general, good to one digit: it tells a few rare tokens from half of all text.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import compress

from .tokenizer.vocabulary import Vocabulary

_SHIFT = 2.7


def masses(vocabulary: Vocabulary, *several: Collection[bytes | None]) -> tuple[float, ...]:
    """The estimated part of all plain tokens in text, 0 to 1, that are among some byte strings.

    Args:
        vocabulary: the tokenizer whose text it is.
        several: sets of byte strings; each gets its own part.
    """
    tokens = list(vocabulary.tokens)
    for number in vocabulary.added | vocabulary.special:
        tokens[number] = None
    plain = [token for token in tokens if token and len(token) > 1]
    weights = [1 / (rank + _SHIFT) for rank in range(1, len(plain) + 1)]
    total = sum(weights) or 1.0
    return tuple(sum(compress(weights, map(among.__contains__, plain))) / total for among in several)
