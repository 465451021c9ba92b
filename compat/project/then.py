"""Models as they were when they were locked, to tell what changed since."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import CheckError
from ..facts import Fingerprint
from ..pipeline import Access, Model, read_all
from ..store import Store
from .checking import Models
from .lock import Lock


def facts_then(lock: Lock, now: Iterable[Model], access: Access, store: Store) -> dict[str, Fingerprint]:
    """The facts at the locked commit of the models that changed since, as far as that can still be read.

    Args:
        lock: the lock.
        now: the models as they are.
        access: how models are reached.
        store: keeps parsed tokenizers.

    Returns:
        What was written for a model → its facts then.
    """
    changed = {}
    for model in now:
        locked = lock.models.get(model.snapshot.ref.original)
        if locked and locked.commit and locked.files != model.snapshot.digests():
            changed[locked.original] = locked.at(model.snapshot.ref)
    facts = {}
    models = Models(store)
    for original, taken in zip(changed, read_all(changed.values(), access).values(), strict=True):
        try:
            if not isinstance(taken, CheckError):
                facts[original] = models.of(taken).facts
        except CheckError:  # what is damaged tells no difference
            continue
    return facts
