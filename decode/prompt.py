"""A prompt as a caller has it, as the ids that the target reads: text, ids, a tensor of them, or a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import torch
from torch import Tensor

from .errors import DecodeError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Messages: TypeAlias = Sequence[Mapping[str, Any]]
Prompt: TypeAlias = str | Sequence[int] | Tensor | Messages


def prompt_ids(prompt: Prompt, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The ids to go on from.

    Args:
        prompt: text, which is given the special tokens that the tokenizer adds; ids, as a sequence or as an integer
            tensor of shape (n,) or (1, n); or messages with a `role` and a `content`, oldest first, which the
            tokenizer's chat template renders up to where the answer begins.
        tokenizer: the target's.

    Raises:
        DecodeError: if it is none of these, is not UTF-8 text, or the tokenizer's chat template is missing or fails.
    """
    if isinstance(prompt, str):
        return _text_ids(prompt, tokenizer)
    if isinstance(prompt, Tensor):
        return _tensor_ids(prompt)
    if isinstance(prompt, Sequence) and not isinstance(prompt, bytes | bytearray):
        if all(type(one) is int for one in prompt):
            return list(cast("Sequence[int]", prompt))
        if all(isinstance(one, Mapping) for one in prompt):
            return _message_ids(cast("Messages", prompt), tokenizer)
    raise DecodeError(
        f"A prompt of type {type(prompt).__name__} cannot be read: give text, ids, a tensor of shape (n,) or (1, n), or"
        " messages with a role and a content."
    )


def _text_ids(text: str, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DecodeError("The prompt is not UTF-8 text: give it in that encoding.") from None
    ids: list[int] = tokenizer(text, verbose=False)["input_ids"]  # too long a text is an error of ours
    if not ids and isinstance(start := tokenizer.bos_token_id, int):
        return [start]
    return ids


def _tensor_ids(ids: Tensor) -> list[int]:
    row = ids[0] if ids.dim() == 2 and ids.shape[0] == 1 else ids
    if row.dim() != 1 or row.dtype not in (torch.int64, torch.int32):
        raise DecodeError(
            f"A prompt of shape {tuple(ids.shape)} and {ids.dtype} cannot be read: one text is decoded at a time, so"
            " give integers of shape (n,) or (1, n)."
        )
    return cast("list[int]", row.tolist())


def _message_ids(messages: Messages, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    if not tokenizer.chat_template:
        raise DecodeError("The target's tokenizer has no chat template, so messages have no form: give text.")
    if lacking := [one for one in messages if not ("role" in one and "content" in one)]:
        raise DecodeError(f"A message needs a role and a content, and one has {sorted(map(str, lacking[0]))} alone.")
    try:  # in jinja's sandbox, which keeps a repository's template from all but its text
        rendered = tokenizer.apply_chat_template(
            [dict(one) for one in messages], add_generation_prompt=True, return_dict=False
        )
    except Exception as error:  # a template can raise anything, by design or not
        said = " ".join(str(error).split())[:300].rstrip(".")
        raise DecodeError(
            f"The target's chat template does not take these messages ({said}): change their roles or order, or give"
            " text."
        ) from error
    return cast("list[int]", rendered)
