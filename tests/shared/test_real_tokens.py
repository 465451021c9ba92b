"""Every real tokenizer.json: our id → bytes is what the models' own loader makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared.independent import tokens_of
from shared.models import distinct_tokenizers
from tokenizers import Tokenizer

from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.tokenizer.vocabulary import Vocabulary

pytestmark = pytest.mark.shared


@pytest.mark.parametrize("model", distinct_tokenizers())
def test_ids_and_bytes_are_the_loader_s(model: str, models: Path) -> None:
    reference = parse(str(models / model))
    found = fingerprint(read(reference, reference, Access())[0]).vocabulary
    assert isinstance(found, Vocabulary)

    library = loaded(models / model)

    expected = tokens_of(library)
    assert {number: token for number, token in enumerate(found.tokens) if token is not None} == expected
    assert found.added == library.get_added_tokens_decoder().keys()
    assert found.used == 1 + max(expected)


def loaded(folder: Path) -> Tokenizer:
    """The tokenizer as transformers loads it; without transformers, or a config that it needs, as its library does."""
    try:
        import transformers
    except ImportError:
        return Tokenizer.from_file(str(folder / "tokenizer.json"))
    transformers.logging.set_verbosity_error()
    backend: Tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True).backend_tokenizer
    return backend
