"""What a scan finds: pairings, and speculation that needs no pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .traced import Traced


class Key(StrEnum):
    """What a flag or a setting says, whatever an engine calls it."""

    TARGET = "target"
    TARGET_REVISION = "target_revision"
    DRAFTER = "drafter"
    DRAFTER_REVISION = "drafter_revision"
    METHOD = "method"  # draft_model, eagle3, ngram … as the engine spells it
    COUNT = "count"  # tokens drafted a round
    HETEROGENEOUS = "heterogeneous_vocab"  # vLLM's translation between vocabularies
    CONTEXT = "context"  # the longest sequence, in tokens
    BATCH = "batch"  # sequences at once
    TENSOR_PARALLEL = "tensor_parallel"
    DRAFT_TENSOR_PARALLEL = "draft_tensor_parallel"
    DRAFT_CONTEXT = "draft_context"


@dataclass(frozen=True, slots=True)
class Value:
    """What a key is set to.

    Attributes:
        text: the value, with the variables that are known put in; what is not known stands as it is written.
        path: whether the engine takes it for a path on disk, whatever it looks like.
        flag: the offset of the flag that it belongs to, where it belongs to one.
    """

    text: Traced
    path: bool = False
    flag: int | None = None


Values = Mapping[Key, Value]


@dataclass(frozen=True, slots=True)
class Name:
    """A model as a file names it.

    Attributes:
        written: as it stands there, variables and all.
        value: the name that the engine gets; None where it cannot be told.
        offset: of its first character in the file.
        path: whether the engine takes it for a path on disk, whatever it looks like.
    """

    written: str
    value: str | None
    offset: int
    path: bool = False


@dataclass(frozen=True, slots=True)
class Pairing:
    """A target and a drafter that a file puts together.

    Attributes:
        engine: whose spelling it is.
        target: None where the file does not name one.
        drafter: the drafter's name, which may be an expression that cannot be resolved.
        head: the method, where the drafter is a head that was trained for one target, such as eagle3.
        options: what else the file says that decides how the engine takes the pair.
    """

    engine: str
    target: Name | None
    drafter: Name
    head: str | None = None
    options: Mapping[Key, str] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether both names are known and the drafter is a model by itself."""
        return self.head is None and self.drafter.value is not None and bool(self.target and self.target.value)


@dataclass(frozen=True, slots=True)
class Unpaired:
    """Speculation without a second model: n-gram, the model's own multi-token prediction.

    Attributes:
        engine: whose spelling it is.
        method: as it is written.
        offset: of the method's name.
    """

    engine: str
    method: str
    offset: int


Found = Pairing | Unpaired
