"""Folders, however odd what lies in them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from making import Made, edit_json, make_model

from specdec_check.compat import files, local
from specdec_check.compat.errors import CheckError, MalformedError, NotFoundError
from specdec_check.compat.files import DECIDING, loader_files
from specdec_check.compat.local import FolderRepository, locate
from specdec_check.compat.ref import Kind, ModelRef, parse
from specdec_check.compat.snapshot import Entry, Snapshot
from specdec_check.compat.taking import take
from specdec_check.compat.weights import INDEX, Header

needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")


@pytest.fixture
def model(tmp_path: Path) -> Made:
    return make_model(tmp_path / "model")


def taken(folder: str | os.PathLike[str]) -> Snapshot:
    with ThreadPoolExecutor(4) as pool:
        return take(FolderRepository(ModelRef(os.fspath(folder), Kind.FOLDER, os.fspath(folder))), pool)


def test_what_decides_is_read_and_nothing_else(model):
    (model / "README.md").write_text("hello")
    (model / "original").mkdir()
    (model / "original" / "params.json").write_text("{}")

    found = taken(model)

    assert set(found.contents) == {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"}
    assert found.contents["config.json"] == (model / "config.json").read_bytes()
    assert set(found.headers) == {"model.safetensors"}
    assert set(found.entries) == {*found.contents, *found.headers, "README.md"}
    assert found.entries["README.md"] == Entry("README.md", 5)
    assert (found.commit, found.notes) == (None, ())


def test_of_a_sharded_model_the_shards_of_head_and_embedding(tmp_path):
    found = taken(make_model(tmp_path / "model", weights="sharded", shards=5, layers=4))

    assert set(found.headers) == {"model-00001-of-00005.safetensors", "model-00005-of-00005.safetensors"}
    assert INDEX in found.contents


def test_digests_name_every_file_that_decided(model):
    before = taken(model).digests()
    edit_json(model / "config.json", lambda config: config | {"vocab_size": 7})
    after = taken(model).digests()

    assert set(before) == {*DECIDING, "tokenizer.json"} & {*before} | {"model.safetensors#header"}
    assert {path for path in before if before[path] != after[path]} == {"config.json"}


def test_an_error_leaves_no_reading_behind(model):
    read: list[str] = []

    class Slow(FolderRepository):
        def header(self, path: str) -> Header:
            time.sleep(0.2)
            read.append(path)
            return super().header(path)

        def read(self, path: str, limit: int) -> bytes:
            raise MalformedError(f"{path} is no good, not even {limit} bytes of it.")

    with ThreadPoolExecutor(8) as pool:
        with pytest.raises(MalformedError, match="is no good"):
            take(Slow(ModelRef("m", Kind.FOLDER, str(model.folder))), pool)

        assert read == ["model.safetensors"]


def test_progress_counts_every_file(model):
    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        take(FolderRepository(parse(f"{model.folder}/")), pool, seen.append)

    assert sum(seen) == 5


@pytest.mark.parametrize("path", ["config.json", "tokenizer.json", "chat_template.jinja", "model.safetensors"])
@pytest.mark.parametrize("kind", ["directory", "pipe", "broken link", "link to itself", "link to a device"])
def test_what_is_no_file_is_not_taken_for_absent_and_keeps_nobody(model, path, kind):
    file: Path = model / path
    file.unlink(missing_ok=True)
    make: dict[str, Callable[[], object]] = {
        "directory": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "broken link": lambda: file.symlink_to("nowhere"),
        "link to itself": lambda: file.symlink_to(path),
        "link to a device": lambda: file.symlink_to("/dev/zero"),
    }
    make[kind]()

    with pytest.raises(NotFoundError) as caught:
        taken(model)

    assert caught.value.message == (
        f"{model.folder}: {path} is there but is no file, or a link to none: put the file itself in its place."
    )


def test_links_are_followed_as_in_the_cache_of_the_hub(model, tmp_path):
    shown = tmp_path / "shown"
    shown.mkdir()
    for file in model.folder.iterdir():
        (shown / file.name).symlink_to(file)

    assert taken(shown).digests() == taken(model).digests()


def test_a_file_that_is_too_long_is_not_read_to_its_end(model, monkeypatch):
    monkeypatch.setattr(files, "DECIDING", {"config.json": 100})
    (model / "config.json").write_bytes(b" " * 101)

    with pytest.raises(MalformedError, match=r"config\.json is 101 bytes, more than the 100"):
        taken(model)

    (model / "config.json").write_bytes(b" " * 100)
    assert len(taken(model).contents["config.json"]) == 100


def test_a_file_that_grows_after_it_was_listed_is_still_bounded(model):
    repository = FolderRepository(ModelRef("m", Kind.FOLDER, str(model.folder)))
    (model / "config.json").write_bytes(b" " * 1000)

    with pytest.raises(MalformedError):
        repository.read("config.json", 999)


def test_a_file_that_vanishes_after_it_was_listed(model):
    repository = FolderRepository(ModelRef("m", Kind.FOLDER, str(model.folder)))
    (model / "config.json").unlink()

    with pytest.raises(NotFoundError):
        repository.read("config.json", 999)


@pytest.mark.parametrize(
    "text", ["/nowhere/at/all", "./missing", "~nobody-of-that-name/model", "/dev/null", "./nul\0", "./" + "x" * 5000]
)
def test_what_is_no_folder(text):
    with pytest.raises(NotFoundError, match="is not a folder") as caught:
        locate(parse(text))

    assert caught.value.model == text


@needs_permissions
def test_what_may_not_be_read(model):
    (model / "config.json").chmod(0)
    with pytest.raises(NotFoundError, match="check its permissions"):
        taken(model)
    model.folder.chmod(0)
    with pytest.raises(NotFoundError, match="permissions"):
        taken(model)
    model.folder.chmod(0o700)


def test_names_that_are_no_text_do_no_harm(model):
    (model.folder / os.fsdecode(b"\xff\n\x1b[31m")).write_bytes(b"")

    assert len(taken(model).contents) == 4


@pytest.mark.parametrize(
    "head", [b"", b"\0\0", b"\x08" + b"\0" * 7, b"\xff" * 8 + b"{}", (100 << 20).to_bytes(8, "little")]
)
def test_a_header_that_lies_about_its_length(model, head):
    (model / "model.safetensors").write_bytes(head)

    with pytest.raises(MalformedError, match=r"model\.safetensors") as caught:
        taken(model)

    assert caught.value.model == str(model.folder)


def test_an_index_that_names_a_missing_shard_or_one_outside_the_folder(tmp_path):
    model = make_model(tmp_path / "model", weights="sharded")
    (tmp_path / "secret.safetensors").write_bytes(b"")
    for shard in (
        "model-9.safetensors",
        "../secret.safetensors",
        str(tmp_path / "secret.safetensors"),
        "\x1b[2J" * 999,
    ):
        edit_json(model / INDEX, lambda index, shard=shard: {"weight_map": dict.fromkeys(index["weight_map"], shard)})

        with pytest.raises(MalformedError, match="which the repository does not have") as caught:
            taken(model)
        assert len(caught.value.message) < 500


def test_a_demo_model_is_one_of_three():
    assert local.DEMO_MODELS == ("target", "drafter", "stranger")
    with pytest.raises(NotFoundError, match="demo:target, demo:drafter, demo:stranger"):
        locate(parse("demo:../demo/target"))


def test_a_demo_model_that_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(local.resources, "files", lambda _: tmp_path)

    with pytest.raises(NotFoundError, match="install specdec-check again"):
        locate(parse("demo:target"))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("safetensors", {"model.safetensors"}),
        ("sharded", {INDEX, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}),
        ("bin", {"pytorch_model.bin"}),
        (None, set()),
    ],
)
def test_what_a_loader_needs(tmp_path, weights, expected):
    beside = dict.fromkeys(("README.md", "modeling.py", "training_args.bin", "onnx/model.onnx", "merges.txt"), "x")
    model = make_model(tmp_path / "model", weights=weights, files=beside)
    small = {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "merges.txt"}

    assert set(loader_files(taken(model))) == small | expected


def test_a_loader_prefers_one_safe_file_to_shards_and_those_to_pickles(tmp_path):
    model = make_model(tmp_path / "model", weights="sharded")
    (model / "pytorch_model-00001-of-00001.bin").write_bytes(b"x")
    assert "pytorch_model-00001-of-00001.bin" not in loader_files(taken(model))

    make_model(model.folder)
    assert [path for path in loader_files(taken(model)) if "safetensors" in path] == ["model.safetensors"]


def test_a_loader_needs_every_shard(tmp_path):
    model = make_model(tmp_path / "model", weights="sharded", shards=3, layers=4)
    found = taken(model)
    (model / "model-00002-of-00003.safetensors").unlink()

    assert len(loader_files(found)) == 8
    with pytest.raises(CheckError, match=r"model-00002-of-00003\.safetensors"):
        loader_files(taken(model))


@pytest.mark.parametrize(
    "listed",
    [
        ("a", "7"),
        ("a", -1),
        ("a", 1.5),
        (7,),
        ("",),
        ("../a",),
        ("/a",),
        ("a/../b",),
        ("a//b",),
        ("a", 1, 7),
        ("a", 1, None, []),
    ],
)
def test_a_listing_from_outside_is_held_to_its_types(listed):
    with pytest.raises(ValueError, match="no file has"):
        Entry(*listed)
