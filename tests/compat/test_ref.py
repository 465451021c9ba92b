"""What a model is called, and what that names."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub.utils import HFValidationError, validate_repo_id
from hypothesis import example, given
from hypothesis import strategies as st

from specdec_check.compat.errors import BadReferenceError
from specdec_check.compat.ref import Kind, ModelRef, is_name, parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "kind", "name", "revision"),
    [
        ("org/name", Kind.HUB, "org/name", None),
        ("gpt2", Kind.HUB, "gpt2", None),
        ("org/name@v1.0", Kind.HUB, "org/name", "v1.0"),
        ("org/name@refs/pr/1", Kind.HUB, "org/name", "refs/pr/1"),
        (f"org/name@{COMMIT}", Kind.HUB, "org/name", COMMIT),
        ("hf://org/name", Kind.HUB, "org/name", None),
        ("hf://org/name@main", Kind.HUB, "org/name", "main"),
        ("hf://verify", Kind.HUB, "verify", None),
        ("Qwen/Qwen2.5-0.5B-Instruct", Kind.HUB, "Qwen/Qwen2.5-0.5B-Instruct", None),
        ("./verify", Kind.FOLDER, "./verify", None),
        ("../models/org", Kind.FOLDER, "../models/org", None),
        ("/models/org", Kind.FOLDER, "/models/org", None),
        ("~/models", Kind.FOLDER, "~/models", None),
        ("models/", Kind.FOLDER, "models/", None),
        ("demo:target", Kind.DEMO, "target", None),
        ("demo:nobody", Kind.DEMO, "nobody", None),
    ],
)
def test_every_way_to_write_a_model(text, kind, name, revision):
    assert parse(text) == ModelRef(text, kind, name, revision)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a/b/c", "org//name", "org/na me", "org/name@", "org/name@a..b", "org/name@-x", "org/name@a b"),
        *("-org/name", "org/name.", "org/a--b", "org/a..b", "org/name.git", "org/" + "n" * 97, "org\\name", "örg/name"),
        *("https://huggingface.co/org/name", "hf://https://x", "hf://", "hf://./folder", "datasets/org/name"),
        *("org/name\n", "org/na\0me", "\x1b[31mred", "org/name@main\n"),
    ],
)
def test_what_names_nothing_is_refused_with_a_sentence(text):
    with pytest.raises(BadReferenceError) as caught:
        parse(text)

    assert caught.value.model == text
    assert caught.value.message.endswith(".")


def test_an_existing_folder_wins_as_it_does_for_every_loader(tmp_path: Path):
    (tmp_path / "org" / "name").mkdir(parents=True)
    (tmp_path / "org" / "file").write_text("")

    assert parse("org/name").kind is Kind.FOLDER
    assert parse("hf://org/name").kind is Kind.HUB
    assert parse("org/file").kind is Kind.HUB


def test_only_a_full_commit_is_pinned():
    assert parse(f"org/name@{COMMIT}").pinned
    assert not parse(f"org/name@{COMMIT[:12]}").pinned
    assert not parse(f"org/name@{COMMIT.upper()}").pinned
    assert not parse(f"org/name@{COMMIT}0").pinned
    assert not parse("org/name").pinned


def test_a_reference_moved_to_a_commit_keeps_what_was_written():
    moved = parse("gpt2@main").at(COMMIT)

    assert (moved.original, moved.name, moved.revision, moved.pinned) == ("gpt2@main", "gpt2", COMMIT, True)


@given(st.text(alphabet="aZ0_-./", max_size=12) | st.text(max_size=8) | st.integers(90, 100).map(lambda n: "x" * n))
@example("org/name.git")
@example("a/" + "b" * 96)
def test_a_name_is_what_the_client_takes_for_one(text):
    try:
        validate_repo_id(text)
        taken = text.isascii()
    except HFValidationError:
        taken = False

    assert is_name(text) == taken


@given(st.text() | st.text(alphabet="ab@/.:~-\0\n", max_size=10))
def test_any_text_is_a_reference_or_a_sentence(text):
    with suppress(BadReferenceError):
        assert parse(text).original == text
