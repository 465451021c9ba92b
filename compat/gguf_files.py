"""Which GGUF files are a model: one, or all parts of one that was split."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from .errors import BadReferenceError, MalformedError, NotFoundError
from .ref import Kind, ModelRef
from .visible import shortened

ENDING = ".gguf"
# What llama.cpp's splitter writes; the first part has the metadata.
_PART = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)
_MOST_PARTS = 1000
# Files of this ending that are no model by themselves: encoders of other media, and statistics for quantising.
_BESIDE = ("mmproj", "imatrix")
# Weights that a loader of whole repositories would take instead.
_OTHER_WEIGHTS = (".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pth", ".npz")
_NAMED = 12


def choose(ref: ModelRef, listed: Collection[str]) -> tuple[str, ...]:
    """The GGUF files that a reference means, the first part first; none where it means a model in other files.

    A repository or folder that is named without a file means its GGUF model where that is the only one, and there are
    no other weights.

    Raises:
        NotFoundError: if the file that is named is not there.
        BadReferenceError: if no file is named and there are several.
        MalformedError: if a part is missing.
    """
    if ref.file is not None:
        if ref.file not in listed:
            raise NotFoundError(
                f"{ref.original}: there is no file {shortened(ref.file)}: {_choice(_models(listed))}.",
                model=ref.original,
            )
        return _parts(ref, ref.file, listed)
    models = _models(listed)
    if not models or any(path.endswith(_OTHER_WEIGHTS) for path in listed):
        return ()
    if len(models) > 1:
        example = f"{ref.original}:{models[0]}" if ref.kind is Kind.HUB else f"{ref.name.rstrip('/')}/{models[0]}"
        raise BadReferenceError(
            f"{ref.original} holds {len(models)} GGUF models: name one of them, as in {shortened(example)};"
            f" {_choice(models)}.",
            model=ref.original,
        )
    return _parts(ref, models[0], listed)


def _models(listed: Iterable[str]) -> list[str]:
    """The GGUF models, each by its first part."""
    found = set()
    for path in listed:
        name = path.rpartition("/")[2].lower()
        if path.endswith(ENDING) and not any(word in name for word in _BESIDE):
            part = _PART.fullmatch(path)
            found.add(_part(part, 1) if part else path)
    return sorted(found & set(listed))


def _parts(ref: ModelRef, file: str, listed: Collection[str]) -> tuple[str, ...]:
    part = _PART.fullmatch(file)
    if part is None:
        return (file,)
    count = int(part["count"])
    if not 0 < int(part["number"]) <= count <= _MOST_PARTS:
        return (file,)
    parts = tuple(_part(part, number) for number in range(1, count + 1))
    if missing := next((path for path in parts if path not in listed), None):
        raise MalformedError(
            f"{ref.original}: {shortened(missing)} is missing: the upload is incomplete; publish the missing part or"
            " choose another revision.",
            model=ref.original,
        )
    return parts


def _part(part: re.Match[str], number: int) -> str:
    return f"{part['stem']}-{number:05}-of-{part['count']}{ENDING}"


def _choice(models: list[str]) -> str:
    if not models:
        return "it holds no GGUF model"
    more = f" and {len(models) - _NAMED} more" if len(models) > _NAMED else ""
    return f"it holds {', '.join(map(shortened, models[:_NAMED]))}{more}"
