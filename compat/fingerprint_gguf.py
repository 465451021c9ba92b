"""The head of a GGUF file → Fingerprint: the one file holds config, tokenizer and chat template."""

from __future__ import annotations

from collections.abc import Mapping

from . import fingerprint_template as templates
from .errors import MalformedError
from .evidence import Unknown
from .facts import Fingerprint
from .facts_tokens import Framing, Source, Special, Template
from .fingerprint_gguf_model import architecture, rows_of, weights_of
from .gguf import Gguf
from .llama_vocab import settings
from .snapshot import Snapshot
from .tokenizer import ggml
from .tokenizer.ggml import KEY
from .tokenizer.tokenizer import Tokenizer
from .visible import shortened
from .weights import Tensor

# What a file of this format can hold instead of a model (`general.type`).
_MODEL = "model"
_ROLES: Mapping[str, tuple[str, ...]] = {
    "bos": ("bos_token_id",),
    # Generation ends at the end of a turn or of a message too.
    "eos": ("eos_token_id", "eot_token_id", "eom_token_id"),
    "pad": ("padding_token_id",),
    "unk": ("unknown_token_id",),
}
_TEMPLATE = "tokenizer.chat_template"
_NO_STEPS = Unknown("publishes its tokenizer in a GGUF file, which tells no steps")
_NO_TOKENIZER = Unknown("holds no tokenizer in its GGUF file")


def of_gguf(snapshot: Snapshot) -> Fingerprint:
    """The facts of a model in GGUF files.

    Raises:
        MalformedError: if the file holds no model, or cannot be what its keys say.
    """
    path, head = next(iter(snapshot.gguf.items()))
    name = _architecture_name(head, path)
    tensors = _tensors(snapshot)
    tokenizer = _tokenizer(head, path)
    return Fingerprint(
        vocabulary=tokenizer if isinstance(tokenizer, Unknown) else tokenizer.vocabulary,
        merges=tokenizer if isinstance(tokenizer, Unknown) else tokenizer.merges,
        pipeline=tokenizer if isinstance(tokenizer, Unknown) else _NO_STEPS,
        bos=_special("bos", head),
        eos=_special("eos", head),
        pad=_special("pad", head),
        unk=_special("unk", head),
        framing=_framing(head, tokenizer),
        template=_template(head, tokenizer),
        template_ids=_template_ids(head, tokenizer),
        declared=_positive(head.integer(f"{name}.vocab_size")),
        nested=False,
        rows=rows_of(tensors),
        tied="output.weight" not in tensors,
        context=_positive(head.integer(f"{name}.context_length")),
        architecture=architecture(head, name, tensors),
        weights=weights_of(head, name, tensors),
        gguf=settings(head),
    )


def _tensors(snapshot: Snapshot) -> dict[str, Tensor]:
    """Name → tensor of all parts, which must be as many as the first one says, and hold every tensor once."""
    (path, first), count = next(iter(snapshot.gguf.items())), len(snapshot.gguf)
    if (said := max(first.integer("split.count") or 1, 1)) != count:
        raise MalformedError(
            f"{path} is one of {said} parts by what it says, and by the files' names there are {count}: name them as"
            " llama.cpp's splitter does, or publish them anew."
        )
    found: dict[str, Tensor] = {}
    for part, head in snapshot.gguf.items():
        if twice := found.keys() & head.tensors.keys():
            raise MalformedError(f"{part} holds {shortened(min(twice))} again: the parts are not of one model.")
        found |= head.tensors
    return found


def _positive(value: int | None) -> int | None:
    return value if value and value > 0 else None


def _architecture_name(head: Gguf, path: str) -> str:
    held = head.text("general.type") or _MODEL
    if held != _MODEL:
        raise MalformedError(f"{path} holds no model (general.type is {held!r}): name the model's own file.")
    name = head.text("general.architecture")
    if not name:
        raise MalformedError(f"{path} names no general.architecture: it holds no model that llama.cpp could load.")
    return name


def _tokenizer(head: Gguf, path: str) -> Tokenizer | Unknown:
    tokenizer = ggml.read(head, path)
    if tokenizer is None:
        return _NO_TOKENIZER
    if tokenizer.odd is not None:
        return Unknown(f"spells its tokens in a way that this version does not know ({tokenizer.odd})")
    return tokenizer


def _special(role: str, head: Gguf) -> Special:
    """By key; the largest number of a key's type says that there is none."""
    found = ((key, head.integer(f"{KEY}{key}")) for key in _ROLES[role])
    return Special(tuple(Source(f"{KEY}{key}", (n,)) for key, n in found if n is not None and 0 <= n < (1 << 31)))


def _framing(head: Gguf, tokenizer: Tokenizer | Unknown) -> Framing | Unknown:
    """As llama.cpp frames a text, by what the file says and else by its own defaults."""
    told = settings(head)
    if isinstance(tokenizer, Unknown):
        return tokenizer
    prefix = (told.bos,) if told.add_bos and told.bos is not None else ()
    suffix = (told.eos,) if told.add_eos and told.eos is not None else ()
    return Framing(prefix, suffix, head.flag(f"{KEY}add_bos_token"))


def _template(head: Gguf, tokenizer: Tokenizer | Unknown) -> Template | Unknown | None:
    source = head.text(_TEMPLATE)
    if not source:
        return None
    if isinstance(tokenizer, Unknown):
        return tokenizer
    return templates.of_source(source, _named(head, tokenizer), tokenizer)


def _template_ids(head: Gguf, tokenizer: Tokenizer | Unknown) -> frozenset[int] | Unknown:
    if isinstance(tokenizer, Unknown):
        return tokenizer
    keys = (key for key in head.metadata if key == _TEMPLATE or key.startswith(f"{_TEMPLATE}."))
    return templates.ids_in([source for key in keys if (source := head.text(key))], tokenizer)


def _named(head: Gguf, tokenizer: Tokenizer) -> dict[str, str]:
    """The variables by which a template names tokens → their text."""
    texts = {number: text for text, number in tokenizer.added.items()}
    named = {f"{role}_token": head.integer(f"{KEY}{keys[0]}") for role, keys in _ROLES.items()}
    return {name: texts[number] for name, number in named.items() if number in texts}
