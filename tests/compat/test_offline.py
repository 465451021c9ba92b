"""The cache: used on purpose and said so, never by accident, and never asked of the Hub what is in it already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hub import faults
from hub.contents import git_blob_id
from hub.server import LoopbackHub
from making import OTHER_CORPUS, Made, edit_json
from running import TOKEN, CommandLine

from specdec_check.compat import hub as hub_module
from specdec_check.compat.cached import read_cached
from specdec_check.compat.errors import CheckError, MalformedError
from specdec_check.compat.files import loader_files
from specdec_check.compat.pipeline import Access, Report, check
from specdec_check.compat.snapshot import Entry
from specdec_check.compat.verdict import Verdict

Pair = tuple[Made, Made]
OFFLINE = Access(offline=True)


def settle(access: Access, target: str = "org/target", drafter: str = "org/drafter") -> Report:
    return check(target, drafter, access=access)


def failing(access: Access, target: str = "org/target", drafter: str = "org/drafter") -> str:
    with pytest.raises(CheckError) as caught:
        settle(access, target, drafter)
    return caught.value.message


@pytest.fixture
def pair(publish: Callable[..., Made]) -> Pair:
    """Two models whose tokenizers differ, so that each has a file of its own in the cache."""
    return publish("org/target", layers=2), publish("org/drafter", added=("<extra>",))


@pytest.fixture
def known(hub: LoopbackHub, client: Path, pair: Pair) -> Path:
    """A cache after an online run; the log is empty again."""
    assert settle(Access()).decision.verdict is Verdict.CERTIFIED
    hub.forget()
    return client


def test_after_an_online_run_the_cache_settles_it_and_says_so(
    specdec_check: CommandLine, hub: LoopbackHub, pair: Pair
) -> None:
    words = ("org/target", "org/drafter", "--format", "json")
    online = specdec_check(*words)
    hub.forget()

    text = specdec_check(*words[:2], "--offline")
    answers = [specdec_check(*words, **{name: "1"}) for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")]

    notes = [
        f"offline: {name} was read from the cache at commit {hub.commit(name)[:12]}; the Hub was not asked whether it"
        " moved."
        for name in words[:2]
    ]
    assert (online.status, text.status, text.stderr) == (0, 0, "")
    assert [line for line in text.stdout.splitlines() if "offline" in line] == [f"source  {note}" for note in notes]
    for offline in answers:
        assert offline.status == 0
        for side, note in zip(("target", "drafter"), notes, strict=True):
            assert offline.json[side] == online.json[side] | {"notes": [note]}
    assert not hub.log


@pytest.mark.parametrize("fault", [None, faults.status(500), faults.status(404)], ids=["down", "500", "404"])
def test_without_being_asked_for_the_cache_never_stands_in_for_the_hub(specdec_check, hub, pair, fault):
    assert specdec_check("org/target", "org/drafter").status == 0
    hub.stop() if fault is None else hub.break_with(fault)

    run = specdec_check("org/target", "org/drafter", "--timeout", 1)

    assert (run.status, run.stdout, len(run.errors)) == (2, "", 2)


@pytest.mark.parametrize("weights", ["header", "sharded-header", "bin"])
def test_a_header_is_remembered_with_its_digest(hub, client, publish, weights):
    publish("org/target", weights=weights, shards=3, layers=3)
    publish("org/drafter")
    online = settle(Access())
    hub.stop()

    offline = settle(OFFLINE)

    assert offline.target.snapshot.digests() == online.target.snapshot.digests()
    assert offline.target.facts == online.target.facts
    assert dict(offline.target.snapshot.entries) == dict(online.target.snapshot.entries)


def test_what_a_branch_was_when_the_hub_was_last_asked(hub, known, pair):
    before = hub.commit("org/target")
    edit_json(pair[0] / "config.json", lambda config: config | {"max_position_embeddings": 64})

    assert settle(OFFLINE).target.snapshot.commit == before
    assert settle(Access()).target.snapshot.commit == hub.commit("org/target") != before
    assert settle(OFFLINE).target.snapshot.commit == hub.commit("org/target")
    assert settle(OFFLINE, f"org/target@{before}").target.snapshot.commit == before


def test_what_a_loader_took_the_branch_to_be_counts_where_this_tool_never_asked(hub, known):
    commit = hub.commit("org/target")
    (known / "specdec-check" / "org%2Ftarget" / "refs" / "main.json").unlink()
    assert "the cache does not say which commit main is" in failing(OFFLINE)
    refs = known / "hub" / "models--org--target" / "refs"
    refs.mkdir()

    (refs / "main").write_text("../../../etc/passwd")
    assert "the cache does not say which commit main is" in failing(OFFLINE)

    (refs / "main").write_text(commit)
    assert settle(OFFLINE).target.snapshot.commit == commit


def test_former_names_tags_and_commits(hub, client, pair, publish):
    hub.alias("former", "org/target")
    publish("org/target", "refs/pr/7", corpus=OTHER_CORPUS)
    names = ("former", "org/target@refs/pr/7", f"org/drafter@{hub.commit('org/drafter')}")
    online = [settle(Access(), name).target.snapshot for name in names]
    hub.stop()

    offline = [settle(OFFLINE, name).target.snapshot for name in names]

    assert [s.commit for s in online] == [s.commit for s in offline]
    assert [s.repository for s in offline] == ["org/target", "org/target", "org/drafter"]
    assert "asked whether it moved" not in offline[2].notes[0]


@pytest.mark.parametrize("name", ["org/nobody", "org/target@v9", "org/target@" + "0" * 40, "nobody"])
def test_what_is_not_cached_is_no_verdict(hub, known, name):
    message = failing(OFFLINE, name)

    assert message.startswith(f"{name}: the cache ")
    assert "run once without --offline (or without HF_HUB_OFFLINE)" in message
    assert not hub.log


def test_a_file_that_is_gone_from_the_cache(hub, known):
    snapshot = known / "hub" / "models--org--target" / "snapshots" / hub.commit("org/target")
    (snapshot / "tokenizer.json").resolve().unlink()

    assert "tokenizer.json at commit" in failing(OFFLINE)
    assert not hub.log


def test_a_file_that_was_never_there_is_known_to_be_absent(hub, client, publish):
    publish("org/target", generation=None, tokenizer_config=None)
    publish("org/drafter")
    settle(Access())
    hub.stop()

    assert "generation_config.json" not in settle(OFFLINE).target.snapshot.contents


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b" ", lambda data: b" " + data[1:]])
@pytest.mark.parametrize("access", [OFFLINE, Access()], ids=["offline", "online"])
def test_a_damaged_file_in_the_cache_decides_nothing(hub, known, damage, access):
    file = known / "hub" / "models--org--target" / "snapshots" / hub.commit("org/target") / "tokenizer.json"
    blob = file.resolve()
    blob.write_bytes(damage(blob.read_bytes()))

    message = failing(access)

    assert message == (
        f"org/target: the cached tokenizer.json is not the file that the Hub lists: delete {blob} and run again."
    )
    blob.unlink()
    assert settle(Access()).decision.verdict is Verdict.CERTIFIED


def test_cached_weights_that_are_damaged_are_noticed_by_length_and_by_their_header(hub, client, publish):
    publish("org/target", weights="safetensors", rows=400, hidden=16)
    publish("org/drafter", weights="safetensors", rows=400, hidden=16)
    settle(Access())
    folder = hub_module.materialise("org/target", hub.commit("org/target"), ["model.safetensors"])
    blob = (folder / "model.safetensors").resolve()
    sound = blob.read_bytes()
    assert settle(OFFLINE).decision.verdict is Verdict.CERTIFIED

    blob.write_bytes(sound[:-1])
    for access in (OFFLINE, Access()):
        assert f"model.safetensors is not the file that the Hub lists: delete {blob}" in failing(access)

    blob.write_bytes(sound.replace(b'"BF16"', b'"F16" ', 1))
    assert f"model.safetensors is not the file that the Hub lists: delete {blob}" in failing(OFFLINE)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "",
        lambda _: "[]",
        lambda _: "{}",
        lambda _: "[" * 100_000,
        lambda text: text.replace("50000", "60000"),
        lambda text: text.replace('"version": 2', '"version": 1'),
        lambda text: json.dumps(json.loads(text) | {"sha256": None}),
        lambda text: json.dumps(json.loads(text) | {"content": 7}),
    ],
)
def test_a_damaged_record_counts_as_none(hub, known, damage):
    file = known / "specdec-check" / "org%2Ftarget" / f"{hub.commit('org/target')}.json"
    assert '"version": 2' in file.read_text()
    assert "50000" in file.read_text()
    file.write_text(damage(file.read_text()))

    assert "the cache holds no sound record of commit" in failing(OFFLINE)
    assert settle(Access()).decision.verdict is Verdict.CERTIFIED
    assert settle(OFFLINE).decision.verdict is Verdict.CERTIFIED


def test_a_record_of_another_commit_under_this_one_s_name(hub, known):
    folder = known / "specdec-check" / "org%2Ftarget"
    mine, its = folder / f"{hub.commit('org/target')}.json", known / "specdec-check" / "org%2Fdrafter"
    mine.write_text((its / f"{hub.commit('org/drafter')}.json").read_text())

    assert "no sound record" in failing(OFFLINE)


def test_a_record_that_cannot_be_kept_is_no_error(hub, client, pair):
    client.mkdir()
    (client / "specdec-check").write_text("")

    assert settle(Access()).decision.verdict is Verdict.CERTIFIED


def test_a_record_is_written_whole_or_not_at_all(hub, known):
    file = known / "specdec-check" / "org%2Ftarget" / f"{hub.commit('org/target')}.json"
    file.unlink()
    file.mkdir()

    assert settle(Access()).decision.verdict is Verdict.CERTIFIED
    assert {path.name for path in file.parent.iterdir()} == {file.name, "refs"}


@pytest.mark.parametrize(
    ("listed", "sound"),
    [
        (Entry("f", 5, sha256=hashlib.sha256(b"bytes").hexdigest(), git_blob="of the pointer"), True),
        (Entry("f", 5, sha256=hashlib.sha256(b"other").hexdigest()), False),
        (Entry("f", 5, git_blob=git_blob_id(b"bytes")), True),
        (Entry("f", 5, git_blob=git_blob_id(b"other")), False),
        (Entry("f", 5), True),
        (Entry("f", 4), False),
        (Entry("f", 6), False),
        (Entry("f", 11), False),
        (Entry("f"), False),
    ],
)
def test_cached_bytes_are_those_of_the_listing_or_decide_nothing(tmp_path, listed, sound):
    (tmp_path / "f").write_bytes(b"bytes")

    if sound:
        assert read_cached(tmp_path / "f", listed, 10, "org/name") == b"bytes"
        return
    with pytest.raises(MalformedError, match=r"^org/name: "):
        read_cached(tmp_path / "f", listed, 10, "org/name")


# Pinned commits


def test_a_pinned_commit_that_is_cached_needs_no_hub_and_no_note(hub, known):
    names = [f"{name}@{hub.commit(name)}" for name in ("org/target", "org/drafter")]
    hub.stop()

    report = settle(Access(), *names)

    assert report.decision.verdict is Verdict.CERTIFIED
    assert report.target.snapshot.notes == report.drafter.snapshot.notes == ()


def test_unless_whether_it_is_still_there_is_the_question(hub, known):
    names = [f"{name}@{hub.commit(name)}" for name in ("org/target", "org/drafter")]
    settle(Access(recheck=True), *names)

    assert hub.count(match="/api/*") == 2
    hub.stop()
    assert "cannot be reached" in failing(Access(recheck=True, seconds=0.3), *names)


def test_a_pinned_commit_of_which_something_is_missing_is_fetched(hub, known):
    commit = hub.commit("org/target")
    (known / "hub" / "models--org--target" / "snapshots" / commit / "tokenizer.json").resolve().unlink()

    assert settle(Access(), f"org/target@{commit}").decision.verdict is Verdict.CERTIFIED
    assert hub.count(match="/api/models/org/target/*") == 1


# What the decoder loads


@pytest.mark.parametrize("weights", ["safetensors", "sharded", "bin"])
def test_materialised_files_are_those_of_the_commit_and_are_fetched_once(hub, client, publish, weights):
    model = publish("org/target", weights=weights, rows=400, hidden=16, shards=3, layers=3)
    publish("org/drafter", weights="safetensors", rows=400, hidden=16)
    snapshot = settle(Access()).target.snapshot
    files = loader_files(snapshot)
    assert snapshot.commit
    hub.forget()

    folder = hub_module.materialise("org/target", snapshot.commit, files)

    assert {path.name for path in folder.iterdir()} == {path.name for path in model.folder.iterdir()}
    for file in files:
        assert (folder / file).read_bytes() == (model / file).read_bytes()
    assert not hub.requests("/api/*")
    hub.stop()
    assert hub_module.materialise("org/target", snapshot.commit, files) == folder
    assert hub_module.materialise("org/target", snapshot.commit, files, offline=True) == folder


def test_materialising_keeps_folders_and_passes_troubles_over(hub, client, publish):
    publish("org/target", files={"parts/a/one.safetensors": b"1", "two.safetensors": b"2"})
    hub.break_with(faults.status(503), "*.safetensors", times=3)

    folder = hub_module.materialise(
        "org/target", hub.commit("org/target"), ["two.safetensors", "parts/a/one.safetensors"]
    )

    assert (folder / "parts" / "a" / "one.safetensors").read_bytes() == b"1"


def test_what_cannot_be_materialised(hub, client, publish, monkeypatch):
    publish("org/target")
    commit = hub.commit("org/target")

    def message(**options: bool) -> str:
        with pytest.raises(CheckError) as caught:
            hub_module.materialise("org/target", commit, ["config.json"], **options)
        return caught.value.message

    assert message(offline=True) == (
        f"org/target@{commit}: config.json is not in the cache: run once without --offline (or without HF_HUB_OFFLINE)."
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "is not in the cache" in message()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    assert not hub.log
    hub.break_with(faults.status(429, retry_after=3600), times=1)
    assert "asking for a pause of 3600 s" in message()
    hub.gate("org/target", TOKEN)
    assert f"org/target@{commit} is gated" in message()


def test_progress_is_shown_on_a_terminal_alone(specdec_check, hub, publish):
    publish("org/target", weights="safetensors", rows=40_000, hidden=64)
    program = (
        "import sys; from specdec_check.compat.hub import materialise;"
        "print(materialise('org/target', sys.argv[1], ['model.safetensors']))"
    )

    run = specdec_check.python(program, hub.commit("org/target"), HF_HUB_DISABLE_PROGRESS_BARS="0")

    assert (run.status, run.stderr) == (0, "")
    assert (Path(run.stdout.strip()) / "model.safetensors").stat().st_size > 10_000_000


def test_a_terminal_sees_no_bars_of_the_client_while_a_pair_is_checked(specdec_check, hub, pair):
    program = (
        "import sys; sys.stderr.isatty = lambda: True;"
        "from specdec_check.compat.pipeline import check; check('org/target', 'org/drafter')"
    )

    run = specdec_check.python(program, HF_HUB_DISABLE_PROGRESS_BARS="0")

    assert (run.status, run.stdout, run.stderr) == (0, "", "")


def test_an_interrupt_ends_a_download_at_once(specdec_check, hub, publish):
    import signal

    from running import wait_until

    publish("org/target", weights="safetensors")
    hub.break_with(faults.slow(60), "*.safetensors", method="GET")
    program = (
        "import os, sys; from specdec_check.compat.exit import run; import click\n"
        "@click.command()\n@click.argument('commit')\n"
        "def load(commit):\n"
        "    from specdec_check.compat.hub import materialise\n"
        "    materialise('org/target', commit, ['model.safetensors'])\n"
        "run(lambda: (load, str), 'test')"
    )
    process = specdec_check.start(hub.commit("org/target"), program=program)
    wait_until(lambda: bool(hub.requests("*.safetensors", "GET")))

    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=3)[1] == "\nInterrupted.\n"
    assert process.returncode == 130
