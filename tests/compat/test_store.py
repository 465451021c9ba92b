"""Parsed tokenizers on disk: a run says the same with them, without them, and whatever became of them."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import snapshots
from hostile import written
from making import SENTENCEPIECE, edit_json, make_model
from running import CommandLine

from specdec_check.compat import store as stores
from specdec_check.compat.errors import MalformedError
from specdec_check.compat.store import SWITCH, Store, of_this_machine
from specdec_check.compat.tokenizer import tokenizer_json
from specdec_check.compat.tokenizer.tokenizer import Tokenizer

RECIPES = {
    "plain": snapshots.tokenizer({"a": 0, "b": 1}),
    "gaps": snapshots.tokenizer({"a": 0, "b": 7, "": 3}, model={"type": "WordLevel"}),
    "odd": snapshots.tokenizer({"a": 0, "\ud800": 1}, ("<\u202e\0>", "é" * 300), decoder={"type": "Rot13"}),
    "merges": snapshots.tokenizer(
        {"a": 0, "b": 1, "ab": 2}, decoder=snapshots.BYTE_LEVEL, model={"merges": [["a", "b"]]}
    ),
    "pieces": snapshots.tokenizer([["▁a", -1.5], ["<0x0A>", -2]], decoder=snapshots.SENTENCEPIECE),
}


def kept(folder: Path, data: bytes, *, parses: bool, version: str = "1") -> Tokenizer:
    """What a new store makes of a tokenizer.json, and whether it had to be parsed for it."""
    parsed = []

    def read() -> Tokenizer:
        parsed.append(True)
        return tokenizer_json.read(data, ())

    found = Store(folder, version).tokenizer("tokenizer.json", {"tokenizer.json": data}, read)
    assert bool(parsed) is parses
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_what_was_parsed_is_read_back(tmp_path, name):
    data = written(RECIPES[name])
    first = kept(tmp_path, data, parses=True)
    again = kept(tmp_path, data, parses=False)

    assert again == first
    assert list(again.added) == list(first.added)


def test_other_files_and_other_versions_are_parsed(tmp_path):
    data = snapshots.dump(RECIPES["plain"])
    kept(tmp_path, data, parses=True)

    kept(tmp_path, data + b"\n", parses=True)
    kept(tmp_path, data, parses=True, version="2")
    kept(tmp_path, data, parses=False)


def test_two_models_with_one_tokenizer_parse_it_once():
    data, parsed = snapshots.dump(RECIPES["plain"]), []
    store = Store()

    def read() -> Tokenizer:
        parsed.append(True)
        return tokenizer_json.read(data, ())

    files = {"tokenizer.json": data}
    assert store.tokenizer("x", files, read) is store.tokenizer("x", dict(files), read)
    assert store.tokenizer("y", files, read) == store.tokenizer("x", files, read)
    assert len(parsed) == 3


def test_an_error_is_neither_hidden_nor_kept(tmp_path):
    for _ in range(2):
        with pytest.raises(MalformedError):
            kept(tmp_path, b"{", parses=True)
    assert not list(tmp_path.iterdir())


def flipped(place: int) -> Callable[[Path], object]:
    def flip(file: Path) -> None:
        data = bytearray(file.read_bytes())
        data[place] ^= 0x20
        file.write_bytes(data)

    return flip


def lengthened(file: Path) -> None:
    """Claims four billion tokens."""
    data = file.read_bytes()
    size = struct.calcsize(stores._HEAD.format)
    file.write_bytes(data[: size - 4] + b"\xff\xff\xff\xff" + data[size:])


def claiming(text: bytes) -> Callable[[Path], object]:
    """Facts of another shape, under the digest that they have."""

    def claim(file: Path) -> None:
        magic, key, _, size, count = stores._HEAD.unpack_from(data := file.read_bytes())
        digest = stores.hashlib.sha256(text).digest()
        rest = data[stores._HEAD.size + size :]
        file.write_bytes(stores._HEAD.pack(magic, key, digest, len(text), count) + text + rest)

    return claim


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut in the head": lambda file: os.truncate(file, 50),
    "cut in the facts": lambda file: os.truncate(file, stores._HEAD.size + 20),
    "cut in the tokens": lambda file: os.truncate(file, file.stat().st_size - 1),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"x"),
    "another magic": flipped(3),
    "another name": flipped(40),
    "another digest": flipped(80),
    "other facts": flipped(stores._HEAD.size + 30),
    "other tokens": flipped(-1),
    "four billion tokens": lengthened,
    "no facts": claiming(b"[]"),
    "facts missing": claiming(b"{}"),
    "facts too deep": claiming(b"[" * 100_000),
    "odd facts": claiming(b'{"vocabulary": 1, "pipeline": 2}'),
    "no vocabulary's": lambda file: file.write_bytes(os.urandom(5000)),
    "a pickle": lambda file: file.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR."),
    "unreadable": lambda file: (file.unlink(), os.mkfifo(file)),
    "a link": lambda file: file.rename(file.parent / "moved") and file.symlink_to("moved"),
    "a link to itself": lambda file: (file.unlink(), file.symlink_to(file.name)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_counts_as_none_and_is_written_anew(tmp_path, damage):
    data = snapshots.dump(RECIPES["pieces"])
    first = kept(tmp_path, data, parses=True)
    (file,) = tmp_path.iterdir()
    damage(file)

    assert kept(tmp_path, data, parses=True) == first
    assert kept(tmp_path, data, parses=False) == first


def test_every_flipped_bit_is_noticed(tmp_path):
    data = snapshots.dump(RECIPES["gaps"])
    kept(tmp_path, data, parses=True)
    (file,) = tmp_path.iterdir()
    sound = file.read_bytes()
    for place in range(len(sound)):
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        kept(tmp_path, data, parses=True)
    assert file.read_bytes() == sound


@pytest.mark.parametrize("place", ["a folder", "a device", "a file"])
def test_where_nothing_can_be_written_all_is_parsed(tmp_path, place):
    data = snapshots.dump(RECIPES["plain"])
    folder = {"a folder": tmp_path / "kept", "a device": Path("/dev/full"), "a file": tmp_path / "file"}[place]
    if place == "a folder":
        kept(folder, data, parses=True)
        (file,) = folder.iterdir()
        file.unlink()
        file.mkdir()
        (file / "inside").touch()
    elif place == "a file":
        folder.touch()
    first = kept(folder, data, parses=True)

    assert kept(folder, data, parses=True) == first


def test_the_oldest_entries_go_first(tmp_path, monkeypatch):
    files = [snapshots.dump(snapshots.tokenizer({"a" * 1000: 0, "b" * number: 1})) for number in range(1, 9)]
    kept(tmp_path, files[0], parses=True)
    (entry,) = tmp_path.iterdir()
    monkeypatch.setattr(stores, "_FOLDER_LIMIT", 4 * entry.stat().st_size)
    for age, data in enumerate(files[1:], 1):
        for path in tmp_path.iterdir():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
        kept(tmp_path, data, parses=True)

    assert len(list(tmp_path.iterdir())) == 3
    kept(tmp_path, files[-1], parses=False)
    kept(tmp_path, files[0], parses=True)


def test_one_too_large_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(stores, "_ENTRY_LIMIT", 100)
    for _ in range(2):
        kept(tmp_path, snapshots.dump(RECIPES["plain"]), parses=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("value", "on"), [("1", False), ("yes", False), ("0", True), ("", True), (None, True)])
def test_the_switch(tmp_path, monkeypatch, value, on):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv(SWITCH, raising=False) if value is None else monkeypatch.setenv(SWITCH, value)
    data = snapshots.dump(RECIPES["plain"])
    of_this_machine().tokenizer("x", {"x": data}, lambda: tokenizer_json.read(data, ()))

    assert bool(list(tmp_path.glob("specdec-check/tokenizers/*"))) is on


@pytest.mark.parametrize("recipe", [{}, {"recipe": SENTENCEPIECE, "added": ("<new>",)}], ids=["byte", "pieces"])
def test_a_certificate_is_the_same_to_the_byte_from_both(specdec_check: CommandLine, tmp_path, recipe):
    """Without the folder, with it empty, with it filled, and with every entry in it damaged."""
    folders = [make_model(tmp_path / name, **recipe).folder for name in ("target", "drafter")]
    edit_json(folders[1] / "tokenizer_config.json", lambda config: config | {"mask_token": "<|end|>"})
    certificates = []

    def run(name: str, **environment: str) -> None:
        result = specdec_check(*folders, "--certificate", tmp_path / name, **environment)
        assert result.status == 0, result
        certificates.append((tmp_path / name).read_bytes())

    entries = specdec_check.home / "specdec-check" / "tokenizers"
    run("off.json", **{SWITCH: "1"})
    assert not entries.exists()
    run("empty.json")
    sound = {path: path.read_bytes() for path in entries.iterdir()}
    assert sound
    run("filled.json")
    for path in sound:
        os.truncate(path, path.stat().st_size // 2)
    run("damaged.json")
    assert {path: path.read_bytes() for path in entries.iterdir()} == sound
    assert len(set(certificates)) == 1
    assert json.loads(certificates[0])["predicate"]["verdict"] == "certified"
