"""What damaged files have found: an error stays one sentence that a person can read to its end."""

from __future__ import annotations

import json

import pytest
import snapshots

from specdec_check.compat import certificate as certificates
from specdec_check.compat import ref
from specdec_check.compat.errors import CheckError
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.weights import INDEX

CONFIG = {"model_type": "llama", "tie_word_embeddings": True}
LONG = "x" * 5000


def reference() -> object:
    return ref.parse(f"org/{LONG}")


def certificate() -> object:
    statement = {"_type": certificates.STATEMENT, "predicateType": LONG}
    return certificates.load(json.dumps(statement).encode(), "pair.json")


def tensor() -> object:
    index = {"weight_map": {f"{LONG}.embed_tokens.weight": "a.safetensors"}}
    return fingerprint(snapshots.snapshot({"config.json": CONFIG, INDEX: index}, shards={"a.safetensors": {}}))


@pytest.mark.parametrize("read", [reference, certificate, tensor])
def test_a_long_name_does_not_drown_its_sentence(read):
    with pytest.raises(CheckError) as caught:
        read()

    assert len(caught.value.message) < 500
    assert caught.value.message.endswith(".")


def test_nor_does_that_of_a_packed_tensor():
    name = f"{LONG}.embed_tokens.weight"
    facts = fingerprint(snapshots.snapshot({"config.json": CONFIG}, {name: ("I32", (4, 4))}))

    assert len(facts.rows.why) < 500
