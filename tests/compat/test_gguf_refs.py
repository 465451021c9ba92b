"""Models in GGUF files by every name that they have: on the Hub, in folders, by path; split, offline, withheld."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub.server import LoopbackHub
from making import Made, make_model
from making_gguf import gguf, metadata_of, tensors_of, write_gguf
from running import TOKEN, CommandLine

from specdec_check.compat.certificate import describe, locked
from specdec_check.compat.errors import BadReferenceError, CheckError, MalformedError, NotFoundError
from specdec_check.compat.facts_model import Rows
from specdec_check.compat.files import loader_files
from specdec_check.compat.gguf_files import choose
from specdec_check.compat.pipeline import Access, Report, check
from specdec_check.compat.ref import Kind, ModelRef, parse
from specdec_check.compat.verdict import Policy, Verdict

LLAMA = Policy(engines=("llama.cpp",))
Publish = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A model, whose GGUF the tests publish."""
    return make_model(tmp_path / "made", hidden=32, rows=400)


@pytest.fixture
def show(hub: LoopbackHub, tmp_path: Path, made: Made) -> Publish:
    """Shows GGUF files in a repository: their heads, which claim far larger files."""

    def shown(name: str, *files: str, layers: int = 1, **others: str) -> Path:
        folder = tmp_path / "shown" / name
        for file in files:
            tensors, split = tensors_of(made.rows, 4096, layers=layers), {}
            if part := re.fullmatch(r".*-(\d{5})-of-(\d{5})\.gguf", file):
                number, count = int(part[1]), int(part[2])
                split = {"split__no": number - 1, "split__count": count, "split__tensors__count": len(tensors)}
                last = {"output.weight": tensors.pop("output.weight")}
                tensors = (tensors if number == 1 else {}) | (last if number == count else {})
            write_gguf(folder / file, metadata_of(made, **split), tensors)
        for other, content in others.items():
            (folder / other.replace("__", ".")).write_text(content)
        hub.add(name, folder)
        return folder

    return shown


def settle(one: str, other: str | None = None, access: Access | None = None) -> Report:
    return check(one, other or one, LLAMA, access)


# References


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("org/name:file.gguf", ("org/name", None, "file.gguf")),
        ("name:file.gguf", ("name", None, "file.gguf")),
        ("org/name@v1:folder/file-Q4_K_M.gguf", ("org/name", "v1", "folder/file-Q4_K_M.gguf")),
        ("hf://org/name@refs/pr/1:a@b.gguf", ("org/name", "refs/pr/1", "a@b.gguf")),
        ("hf://org/name:x.gguf", ("org/name", None, "x.gguf")),
    ],
)
def test_a_file_on_the_hub(text: str, expected: tuple[str, str | None, str]) -> None:
    found = parse(text)

    assert (found.kind, found.name, found.revision, found.file) == (Kind.HUB, *expected)
    assert found.at("0" * 40) == ModelRef(text, Kind.HUB, expected[0], "0" * 40, expected[2])


@pytest.mark.parametrize(
    "file",
    ["", "Q4 K", "Q4.K", "-Q4", "x.safetensors", "../x.gguf", "a//x.gguf", "/x.gguf", "a/./x.gguf", "\n.gguf"],
)
def test_what_names_no_file(file: str) -> None:
    with pytest.raises(BadReferenceError, match="names no GGUF file after ':'"):
        parse(f"org/name:{file}")


@pytest.mark.parametrize(
    ("text", "name", "revision", "quantization"),
    [
        ("org/name:Q4_K_M", "org/name", None, "Q4_K_M"),
        ("org/name:q8_0", "org/name", None, "q8_0"),
        ("org/name@v1:UD-Q4_K_XL", "org/name", "v1", "UD-Q4_K_XL"),
        ("hf://org/name:F16", "org/name", None, "F16"),
    ],
)
def test_a_quantisation_on_the_hub(text: str, name: str, revision: str | None, quantization: str) -> None:
    found = parse(text)

    assert found == ModelRef(text, Kind.HUB, name, revision, None, quantization)
    assert found.at("0" * 40) == ModelRef(text, Kind.HUB, name, "0" * 40, None, quantization)


def test_a_tag_of_another_program_is_none() -> None:
    """`llama3:8b` is a model of Ollama's, and llama.cpp takes no name without organisation either."""
    with pytest.raises(BadReferenceError, match="names no GGUF file after ':'"):
        parse("llama3:8b")


def test_a_web_address_is_still_no_model() -> None:
    with pytest.raises(BadReferenceError, match="web address"):
        parse("https://huggingface.co/org/name:file.gguf")


def test_local_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.gguf").touch()
    Path("sub").mkdir()
    Path("sub/there.gguf").touch()
    Path("folder.gguf").mkdir()

    found = {
        text: parse(text) for text in ("there.gguf", "sub/there.gguf", "./absent.gguf", "/absent.gguf", "~/x.gguf")
    }

    assert {text: (ref.kind, ref.name, ref.file) for text, ref in found.items()} == {
        "there.gguf": (Kind.FOLDER, ".", "there.gguf"),
        "sub/there.gguf": (Kind.FOLDER, "sub", "there.gguf"),
        "./absent.gguf": (Kind.FOLDER, ".", "absent.gguf"),
        "/absent.gguf": (Kind.FOLDER, "/", "absent.gguf"),
        "~/x.gguf": (Kind.FOLDER, "~", "x.gguf"),
    }
    assert parse("./folder.gguf") == ModelRef("./folder.gguf", Kind.FOLDER, "./folder.gguf")
    assert parse("org/absent.gguf").kind is Kind.HUB  # a name that a repository may have


# Which files are meant


def chosen(listed: str, text: str = "org/name") -> tuple[str, ...]:
    return choose(parse(text), listed.split())


def test_the_only_gguf_is_meant_where_there_are_no_other_weights() -> None:
    assert chosen("README.md a.gguf") == ("a.gguf",)
    assert chosen("config.json tokenizer.json sub/a.gguf") == ("sub/a.gguf",)
    assert chosen("a.gguf mmproj-a-f16.gguf imatrix.gguf") == ("a.gguf",)
    assert chosen("a.gguf model.safetensors") == ()
    assert chosen("a.gguf pytorch_model-00001-of-00002.bin") == ()
    assert chosen("config.json") == ()
    assert chosen("mmproj.gguf") == ()


def test_a_file_that_is_named_is_meant_whatever_else_there_is() -> None:
    assert chosen("a.gguf b.gguf model.safetensors", "org/name:b.gguf") == ("b.gguf",)
    assert chosen("a.gguf mmproj.gguf", "org/name:mmproj.gguf") == ("mmproj.gguf",)


LISTED = "m-Q4_K_S.gguf m-Q4_K_M.gguf m-Q8_0.gguf m-UD-Q4_K_XL.gguf mmproj-m-Q8_0.gguf model.safetensors"


@pytest.mark.parametrize(
    ("tag", "file"),
    [
        ("Q4_K_M", "m-Q4_K_M.gguf"),
        ("q4_k_m", "m-Q4_K_M.gguf"),
        ("Q8_0", "m-Q8_0.gguf"),
        ("Q4_K_XL", "m-UD-Q4_K_XL.gguf"),
        ("UD-Q4_K_XL", "m-UD-Q4_K_XL.gguf"),
    ],
)
def test_a_quantisation_means_the_file_whose_name_has_it(tag: str, file: str) -> None:
    assert chosen(LISTED, f"org/name:{tag}") == (file,)


def test_a_quantisation_of_a_split_model_means_all_parts() -> None:
    parts = tuple(f"BF16/m-BF16-{number:05}-of-00002.gguf" for number in (1, 2))

    assert chosen(" ".join(("m-Q8_0.gguf", *parts)), "org/name:bf16") == parts


def test_a_head_beside_a_model_is_not_meant_by_its_quantisation() -> None:
    assert chosen("mtp-m-Q8_0.gguf eagle3-m-Q8_0.gguf m-Q8_0.gguf", "org/name:Q8_0") == ("m-Q8_0.gguf",)
    assert chosen("mtp-m-Q4_K_M.gguf m-Q4_K_M.gguf m-Q8_0.gguf") == ("m-Q4_K_M.gguf",)


def test_what_no_quantisation_or_several_files_mean_is_told_with_what_there_is() -> None:
    with pytest.raises(NotFoundError) as none:
        chosen("m-Q4_K_M.gguf m-Q8_0.gguf", "org/name@v1:Q4_K")
    with pytest.raises(BadReferenceError) as several:
        chosen("m-BF16.gguf m-F16.gguf m-Q8_0.gguf", "org/name@v1:F16")
    with pytest.raises(NotFoundError) as nothing:
        chosen("model.safetensors", "org/name:Q4_K_M")

    assert none.value.message == (
        "org/name@v1:Q4_K: there is no GGUF model quantised to Q4_K: it holds m-Q4_K_M.gguf, m-Q8_0.gguf."
    )
    assert several.value.message == (
        "org/name@v1:F16 means any of 2 GGUF models: name one of them, as in org/name@v1:m-BF16.gguf;"
        " it holds m-BF16.gguf, m-F16.gguf."
    )
    assert nothing.value.message.endswith("it holds no GGUF model.")


def test_of_several_the_usual_quantisation_is_meant() -> None:
    assert chosen("m-Q4_K_M.gguf m-Q8_0.gguf") == ("m-Q4_K_M.gguf",)
    assert chosen("m-Q4_K_M.gguf m-Q8_0.gguf model.safetensors") == ()
    for listed in ("m-Q4_K_S.gguf m-Q8_0.gguf", "a-Q4_K_M.gguf b-Q4_K_M.gguf"):
        with pytest.raises(BadReferenceError, match="name one of them"):
            chosen(listed)


def test_all_parts_of_a_split_model_are_meant() -> None:
    parts = tuple(f"q4/a-{number:05}-of-00003.gguf" for number in (1, 2, 3))

    assert chosen(" ".join(reversed(parts))) == parts
    assert chosen(" ".join(parts) + " b.gguf", f"org/name:{parts[2]}") == parts
    assert chosen("a-00007-of-00003.gguf", "org/name:a-00007-of-00003.gguf") == ("a-00007-of-00003.gguf",)
    with pytest.raises(MalformedError, match=r"org/name: q4/a-00002-of-00003\.gguf is missing"):
        chosen(f"{parts[0]} {parts[2]}")


def test_a_choice_is_offered_where_there_are_several() -> None:
    with pytest.raises(BadReferenceError) as several:
        chosen(" ".join(f"m-{number:02}.gguf" for number in range(20)))
    with pytest.raises(NotFoundError) as absent:
        chosen("a.gguf b-00001-of-00002.gguf b-00002-of-00002.gguf", "org/name:c.gguf")
    with pytest.raises(NotFoundError) as nothing:
        chosen("README.md", "org/name:c.gguf")

    names = ", ".join(f"m-{number:02}.gguf" for number in range(12))
    assert several.value.message == (
        f"org/name holds 20 GGUF models: name one of them, as in org/name:m-00.gguf; it holds {names} and 8 more."
    )
    assert absent.value.message == ("org/name:c.gguf: there is no file c.gguf: it holds a.gguf, b-00001-of-00002.gguf.")
    assert nothing.value.message.endswith("it holds no GGUF model.")


# In folders


def test_a_folder_and_its_file_are_one_model(tmp_path: Path, made: Made) -> None:
    file = write_gguf(tmp_path / "one" / "model.gguf", metadata_of(made), tensors_of(made.rows))

    by_folder, by_file = settle(str(file.parent)), settle(str(file))

    assert by_folder.decision.verdict is by_file.decision.verdict is Verdict.CERTIFIED
    assert by_folder.target.facts == by_file.target.facts
    assert list(by_folder.target.snapshot.digests()) == ["model.gguf#header"]
    assert loader_files(by_folder.target.snapshot) == ("model.gguf",)
    assert locked(describe(by_folder), "target").file == "model.gguf"


def test_a_config_beside_a_named_file_is_not_looked_at(tmp_path: Path, made: Made) -> None:
    file = write_gguf(made.folder / "model.gguf", metadata_of(made), tensors_of(made.rows))
    (made / "config.json").write_text("damaged")

    assert settle(str(file)).decision.verdict is Verdict.CERTIFIED


def test_split_files_count_together(tmp_path: Path, made: Made) -> None:
    tensors = tensors_of(made.rows)
    first = {name: shape for name, shape in tensors.items() if name != "output.weight"}
    file = write_gguf(tmp_path / "split" / "m-00001-of-00002.gguf", metadata_of(made, split__count=2), first)
    write_gguf(file.with_name("m-00002-of-00002.gguf"), {"split.no": 1}, {"output.weight": (408, 32)})

    found = settle(str(file)).target

    assert isinstance(found.facts.rows, Rows)
    assert (found.facts.rows.head, found.facts.rows.embedding) == (408, 400)
    assert list(found.snapshot.digests()) == ["m-00001-of-00002.gguf#header", "m-00002-of-00002.gguf#header"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "damaged.gguf").write_bytes(b"GGUF" + bytes(100))
    (tmp_path / "short.gguf").write_bytes(gguf({"a": "text"})[:-1])
    os_file = tmp_path / "folder" / "link.gguf"
    os_file.parent.mkdir()
    os_file.symlink_to("nowhere")

    for file in ("damaged.gguf", "short.gguf", "absent.gguf", "folder/link.gguf"):
        with pytest.raises(CheckError) as caught:
            settle(str(tmp_path / file))
        assert caught.value.message.startswith(str(tmp_path / file))


# On the Hub


def test_from_a_hub_by_ranges_that_end_with_the_head(
    hub: LoopbackHub, specdec_check: CommandLine, show: Publish
) -> None:
    show("org/target", "big-Q8_0.gguf", layers=2000, README__md="text")
    show("org/drafter", "a.gguf", "b.gguf")

    run = specdec_check("org/target", "org/drafter:b.gguf", "--engine", "llama.cpp", "--format", "json")

    assert (run.status, run.stderr) == (0, "")
    assert run.json["relation"] == "identical"
    assert hub.bytes_sent("*.gguf") > 102_400
    assert not hub.requests("*README.md")
    assert not hub.requests("*a.gguf")
    hub.assert_only_headers_read()


def test_several_and_none(specdec_check: CommandLine, show: Publish) -> None:
    show("org/several", "a.gguf", "b.gguf")

    assert "name one of them, as in org/several:a.gguf" in specdec_check("org/several", "org/several").error
    assert (
        "there is no file c.gguf: it holds a.gguf, b.gguf"
        in specdec_check("org/several:c.gguf", "org/several:c.gguf").error
    )


def test_offline_after_an_online_run(hub: LoopbackHub, specdec_check: CommandLine, show: Publish) -> None:
    show("org/target", "a.gguf", "b.gguf", layers=2)
    words = ("org/target:a.gguf", "org/target:b.gguf", "--engine", "llama.cpp", "--format", "json")
    online = specdec_check(*words)
    hub.forget()

    offline = specdec_check(*words, "--offline")

    assert (online.status, offline.status) == (0, 0)
    assert hub.count() == 0
    assert {key: value for key, value in offline.json["target"].items() if key != "notes"} == {
        key: value for key, value in online.json["target"].items() if key != "notes"
    }


def test_a_quantisation_is_resolved_offline_as_it_was_online(
    hub: LoopbackHub, specdec_check: CommandLine, show: Publish, tmp_path: Path
) -> None:
    show("org/target", "m-Q4_K_M.gguf", "m-Q8_0.gguf", layers=2)
    words: tuple[Any, ...] = ("org/target:q8_0", "org/target", "--engine", "llama.cpp", "--format", "json")
    file = tmp_path / "pair.json"
    online = specdec_check(*words, "--certificate", file)
    hub.forget()

    offline = specdec_check(*words, "--offline")

    assert (online.status, offline.status, hub.count()) == (0, 0, 0)
    for run in (online, offline):
        assert run.json["target"]["original"] == "org/target:q8_0"
        assert list(run.json["target"]["files"]) == ["m-Q8_0.gguf#header"]
        assert list(run.json["drafter"]["files"]) == ["m-Q4_K_M.gguf#header"]
    assert ':m-Q8_0.gguf"' in file.read_text()
    assert specdec_check("verify", file).status == 0


def test_what_is_kept_of_a_commit_is_not_read_again_and_never_when_damaged(
    hub: LoopbackHub, client: Path, show: Publish
) -> None:
    show("org/target", "a.gguf")
    before = settle("org/target")
    hub.forget()

    assert settle("org/target").target.facts == before.target.facts
    assert not hub.requests("*.gguf")
    (kept,) = (client / "specdec-check").rglob("*.gguf-head")
    assert kept.stat().st_size < len(before.target.snapshot.gguf["a.gguf"].data) / 2
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    with pytest.raises(CheckError, match=r"neither a\.gguf nor its head is in the cache"):
        settle("org/target", access=Access(offline=True))
    assert settle("org/target").target.facts == before.target.facts
    assert hub.requests("*.gguf")


def test_a_certificate_names_the_file_and_holds(specdec_check: CommandLine, show: Publish, tmp_path: Path) -> None:
    folder = show("org/target", "a.gguf", "b.gguf")
    file = tmp_path / "pair.json"
    words: tuple[Any, ...] = ("org/target:a.gguf", "org/target:b.gguf", "--engine", "llama.cpp", "--certificate", file)
    assert specdec_check(*words).status == 0

    assert '"uri": "hf://org/target@' in file.read_text()
    assert ':a.gguf"' in file.read_text()
    assert specdec_check("verify", file).status == 0
    (folder / "a.gguf").write_bytes(gguf({"general.architecture": "llama"}))
    (folder / "a.gguf.size").unlink()
    assert specdec_check("verify", file).status == 1


def test_a_gated_file_is_undecided_unless_it_equals_one_that_was_read(
    hub: LoopbackHub, specdec_check: CommandLine, show: Publish
) -> None:
    show("org/target", "a.gguf")
    show("org/same", "a.gguf")
    show("org/other", "a.gguf", layers=2)
    hub.gate("org/target", TOKEN)

    runs = {name: specdec_check("org/target", name, "--engine", "llama.cpp") for name in ("org/same", "org/other")}
    given = specdec_check("org/target", "org/other", "--engine", "llama.cpp", token=TOKEN)

    assert (runs["org/same"].status, runs["org/other"].status, given.status) == (0, 2, 0)
    assert "gated" in runs["org/other"].stdout + runs["org/other"].stderr
