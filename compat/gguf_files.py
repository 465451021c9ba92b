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
# How the names of heads begin that are trained for the model beside them.
_HEADS = ("mtp-", "eagle3-", "dflash-", "dspark-")
_USUAL = "Q4_K_M"
# Weights that a loader of whole repositories would take instead.
_OTHER_WEIGHTS = (".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pth", ".npz")
_NAMED = 12


def choose(ref: ModelRef, listed: Collection[str]) -> tuple[str, ...]:
    """The GGUF files that a reference means, the first part first; none where it means a model in other files.

    A repository or folder that is named without a file means its GGUF model where that is the only one, or the only
    one quantised to Q4_K_M, and there are no other weights. Beyond that versions of llama.cpp disagree.

    Raises:
        NotFoundError: if the file or the quantisation that is named is not there.
        BadReferenceError: if no file is named and there are several, or several of the quantisation that is named.
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
    if ref.quantization is not None:
        return _parts(ref, _quantized(ref, ref.quantization, models), listed)
    if not models or any(path.endswith(_OTHER_WEIGHTS) for path in listed):
        return ()
    meant = models if len(models) == 1 else _of_quantization(_USUAL, models)
    if len(meant) != 1:
        example = f"{ref.original}:{models[0]}" if ref.kind is Kind.HUB else f"{ref.name.rstrip('/')}/{models[0]}"
        raise BadReferenceError(
            f"{ref.original} holds {len(models)} GGUF models: name one of them, as in {shortened(example)};"
            f" {_choice(models)}.",
            model=ref.original,
        )
    return _parts(ref, meant[0], listed)


def _quantized(ref: ModelRef, tag: str, models: list[str]) -> str:
    """The one model of a quantisation. Of several llama.cpp takes the first that the Hub lists."""
    meant = _of_quantization(tag, models)
    if not meant:
        raise NotFoundError(
            f"{ref.original}: there is no GGUF model quantised to {tag}: {_choice(models)}.", model=ref.original
        )
    if len(meant) > 1:
        repository = ref.original.rpartition(":")[0]
        raise BadReferenceError(
            f"{ref.original} means any of {len(meant)} GGUF models: name one of them, as in"
            f" {shortened(f'{repository}:{meant[0]}')}; {_choice(meant)}.",
            model=ref.original,
        )
    return meant[0]


def _of_quantization(tag: str, models: list[str]) -> list[str]:
    """The models whose path has the tag before a dot or a hyphen, in letters of either case.

    As `find_best_model` of llama.cpp's `common/download.cpp`, which passes over heads that lie beside a model.
    """
    pattern = re.compile(f"{re.escape(tag)}[.-]", re.IGNORECASE)
    return [path for path in models if pattern.search(path) and not _is_head(path)]


def _is_head(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return any(word in name for word in _HEADS)


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
