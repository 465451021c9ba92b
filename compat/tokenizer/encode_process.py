"""Encodes texts with one tokenizer, in a process of its own: the library is native code and the tokenizer a stranger's.

A regular expression may backtrack for hours, a normalizer may double its text at each of thirty steps, and a failed
allocation ends the process; meanwhile the library holds the interpreter's lock. So this file is a program, started by
`encoding.encode`: it bounds its own memory and computing time, and whoever started it how long that may last.

Standard input: two lengths, the texts and added tokens in `marshal`, tokenizer.json. Standard output: the number of
ids of each text and then all the ids, 4 bytes each; with another exit status than 0, what went wrong.
"""

from __future__ import annotations

import marshal
import struct
import sys
from array import array
from contextlib import suppress
from typing import Any

SIZES = struct.Struct("<QQ")
UNREADABLE, FAILED = 3, 4  # exit statuses: the tokenizer cannot be built; it cannot encode
_SECONDS = 20  # of computing; the largest real tokenizer known here takes a fifth of it
_MEMORY = 2 << 30  # bytes; the largest real tokenizer known here takes a fifth of it
_MOST_IDS = 1 << 24  # of all texts together; real tokenizers make a twentieth of it
_AT_ONCE = 2048


def main() -> None:
    """Reads the job, does it, writes the ids."""
    _bound()
    stream = sys.stdin.buffer
    told, size = SIZES.unpack(stream.read(SIZES.size))
    texts, added = marshal.loads(stream.read(told))  # noqa: S302 - from the process that started this one
    try:
        tokenizer = _built(stream.read(size), added)
    except BaseException as error:  # noqa: BLE001 - a panic of the library derives from BaseException
        _give_up(UNREADABLE, error)
    try:
        counts, ids = _encoded(tokenizer, texts)
    except BaseException as error:  # noqa: BLE001
        _give_up(FAILED, error)
    sys.stdout.buffer.write(counts)
    sys.stdout.buffer.write(ids)


def _bound() -> None:
    with suppress(ImportError, ValueError, OSError):  # where there are no such limits, there is still that on time
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _built(data: bytes, added: list[list[Any]]) -> Any:  # noqa: ANN401 - the library is not imported yet
    """The tokenizer of a file, with the tokens that other files add or change.

    Args:
        data: tokenizer.json.
        added: content, id, lstrip, rstrip, single_word, normalized of every added token, by id.
    """
    from tokenizers import AddedToken, Tokenizer

    tokenizer = Tokenizer.from_buffer(data)
    # None of these has a part in the ids of plain text, and a hostile one could still do harm.
    tokenizer.post_processor = None
    tokenizer.decoder = None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    known = {token.content: _flags(token) for token in tokenizer.get_added_tokens_decoder().values()}
    changed = [
        AddedToken(content, lstrip=left, rstrip=right, single_word=word, normalized=normalized)
        for content, _, left, right, word, normalized in added
        if known.get(content) != (left, right, word, normalized)
    ]
    tokenizer.add_tokens(changed)
    if any(tokenizer.token_to_id(content) != number for content, number, *_ in added):
        raise ValueError("its added tokens get other ids")
    return tokenizer


def _flags(token: Any) -> tuple[bool, bool, bool, bool]:  # noqa: ANN401
    return token.lstrip, token.rstrip, token.single_word, token.normalized


def _encoded(tokenizer: Any, texts: list[str]) -> tuple[array[int], array[int]]:  # noqa: ANN401
    """How many ids each text has, and all the ids."""
    counts, ids = array("I"), array("I")
    for start in range(0, len(texts), _AT_ONCE):
        for encoding in tokenizer.encode_batch_fast(texts[start : start + _AT_ONCE], add_special_tokens=False):
            found = encoding.ids
            counts.append(len(found))
            ids.extend(found)
        if len(ids) > _MOST_IDS:
            raise ValueError("it makes far too many ids")
    return counts, ids


def _give_up(status: int, error: BaseException) -> None:
    sys.stdout.buffer.write(str(error).encode("utf-8", "backslashreplace"))
    sys.exit(status)


if __name__ == "__main__":
    sys.path = sys.argv[1:]
    main()
