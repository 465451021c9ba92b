"""Equal files: fetched once for a pair, found again without the Hub, and never mixed up with others."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hub import faults
from hub.answers import Query
from hub.contents import git_blob_id
from hub.server import LoopbackHub
from making import Made
from running import CommandLine

from specdec_check.compat import hub as hub_module
from specdec_check.compat.errors import CheckError, UnreachableError
from specdec_check.compat.files import loader_files
from specdec_check.compat.pipeline import Access, check
from specdec_check.compat.snapshot import Entry
from specdec_check.compat.twins import Reads
from specdec_check.compat.verdict import Verdict

Pair = tuple[Made, Made]
Publish = Callable[..., Made]
OFFLINE = Access(offline=True)
TOKENIZER = "*/tokenizer.json"
ENTRY = Entry("f", 5, sha256=hashlib.sha256(b"bytes").hexdigest())


def verdict(target: str = "org/target", drafter: str = "org/drafter", access: Access | None = None) -> Verdict:
    return check(target, drafter, access=access).decision.verdict


# One download


def test_an_equal_tokenizer_is_downloaded_once_in_any_run(
    specdec_check: CommandLine, hub: LoopbackHub, pair: Pair, publish: Publish
) -> None:
    publish("org/another", layers=3)

    runs = [
        specdec_check("org/target", "org/drafter", "--format", "json"),
        specdec_check("org/target", "org/drafter", "--format", "json"),
        specdec_check("org/another", "org/drafter"),
        specdec_check("org/drafter", "org/another"),
    ]

    assert [run.status for run in runs] == [0, 0, 0, 0]
    assert hub.count("GET", TOKENIZER) == 1
    assert runs[0].stdout == runs[1].stdout
    assert not any(found["code"] == "SD601" for found in runs[0].json["findings"])
    assert [runs[0].json[side]["twins"] for side in ("target", "drafter")] == [{}, {}]


def test_both_models_have_the_same_bytes_and_digests(hub, client, pair):
    report = check("org/target", "org/drafter")
    hub.forget()

    ours, theirs = report.target.snapshot, report.drafter.snapshot
    assert ours.contents["tokenizer.json"] == theirs.contents["tokenizer.json"]
    assert len(ours.shared.keys() | theirs.shared.keys()) == 3  # whichever model came second
    sha256 = hashlib.sha256((pair[0] / "tokenizer.json").read_bytes()).hexdigest()
    assert [found.digests()["tokenizer.json"] for found in (ours, theirs)] == [sha256] * 2


def test_without_the_hub_a_file_that_only_the_other_has_is_found(specdec_check, hub, pair, tmp_path):
    certificate = tmp_path / "pair.json"
    assert specdec_check("org/target", "org/drafter", "--certificate", certificate).status == 0
    hub.stop()

    assert specdec_check("org/target", "org/drafter", "--offline").status == 0
    assert specdec_check("org/target", "org/target", "--offline").status == 0
    assert specdec_check("org/drafter", "org/drafter", "--offline").status == 0
    assert specdec_check("verify", certificate, "--offline").status == 0


def test_a_pinned_commit_needs_no_hub_either(hub, client, pair):
    names = [f"{name}@{hub.commit(name)}" for name in ("org/target", "org/drafter")]
    check(*names)
    hub.stop()

    assert verdict(*names) is Verdict.CERTIFIED


def test_what_a_loader_needs_is_fetched_nevertheless(hub, client, publish):
    models = [publish(name, weights="safetensors", rows=400, hidden=16) for name in ("org/target", "org/drafter")]
    report = check("org/target", "org/drafter")

    for made, model in zip(models, (report.target, report.drafter), strict=True):
        snapshot = model.snapshot
        folder = hub_module.materialise(snapshot.repository, snapshot.commit, loader_files(snapshot))
        for file in loader_files(snapshot):
            assert (folder / file).read_bytes() == (made / file).read_bytes()


def test_a_moved_branch_with_the_same_tokenizer_costs_its_other_files_alone(hub, client, pair, publish):
    check("org/target", "org/drafter")
    hub.forget()
    publish("org/target", layers=2, config={"rope_theta": 500.0})

    assert check("org/target", "org/drafter").target.snapshot.commit == hub.commit("org/target")
    assert {request.path.rpartition("/")[2] for request in hub.requests("*/resolve/*", "GET")} == {
        "config.json",
        "model.safetensors",
    }


# What keeps an equal file from being used


def test_where_the_client_cannot_link_each_model_has_its_own(hub, client, pair, monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.are_symlinks_supported", lambda *_: False)
    assert verdict() is Verdict.CERTIFIED
    hub.stop()

    assert verdict(access=OFFLINE) is Verdict.CERTIFIED


@pytest.mark.parametrize("access", [None, OFFLINE], ids=["online", "offline"])
def test_an_equal_file_that_is_damaged_is_none(hub, client, publish, access):
    publish("org/first")
    publish("org/alone", added=("<extra>",))
    check("org/first", "org/alone")
    publish("org/target", layers=2)
    check("org/target", "org/alone")
    blob = next((client / "hub" / "models--org--first" / "blobs").glob(tokenizer_blob(hub)))
    blob.write_bytes(b" " + blob.read_bytes()[1:])
    hub.forget()

    if access is None:
        assert verdict("org/target", "org/alone") is Verdict.CERTIFIED
        assert hub.count("GET", "org/target/*/tokenizer.json") == 1
        return
    with pytest.raises(CheckError, match=r"^org/target: tokenizer.json at commit .* is not in the cache"):
        check("org/target", "org/alone", access=OFFLINE)


def tokenizer_blob(hub: LoopbackHub) -> str:
    snapshot = hub.library.snapshot(hub.library["org/target"], "main")
    assert snapshot is not None
    return snapshot.files["tokenizer.json"].blob_id


@pytest.mark.parametrize("digest", ["../../../etc/passwd", "*", "", "/etc/passwd", "0" * 41])
def test_a_digest_that_is_none_leads_nowhere(hub, client, pair, digest):
    answer = hub._hub.answer(Query("GET", "/api/models/org/target?blobs=True"))
    whole: dict[str, Any] = json.loads(answer.content.read(0, answer.content.size))
    for sibling in whole["siblings"]:
        sibling["blobId"] = digest
    hub.break_with(faults.replaced(json.dumps(whole).encode()), "/api/models/org/target*")

    with pytest.raises(CheckError, match="is not the file that the Hub lists"):
        check("org/target", "org/drafter")


# Who waits for whom


def started(reads: Reads, read: Callable[[], bytes], kept: bool = True) -> tuple[threading.Thread, list[Any]]:
    """Reads in a thread of its own; what comes of it, bytes or an error."""
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(reads.once(ENTRY, read, lambda: kept, 20.0))
        except CheckError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome


class Slow:
    """A read that ends when it is told to."""

    def __init__(self, error: CheckError | None = None) -> None:
        self.under_way, self.go_on, self.error = threading.Event(), threading.Event(), error

    def __call__(self) -> bytes:
        """Read."""
        self.under_way.set()
        assert self.go_on.wait(20)
        if self.error:
            raise self.error
        return b"first"


@pytest.mark.parametrize(
    ("error", "kept", "second"),
    [(None, True, b"first"), (None, False, b"second"), (UnreachableError("no"), True, b"second")],
    ids=["waits", "would not find it later", "the first one fails"],
)
def test_who_comes_second_waits_for_the_bytes_of_the_first(error, kept, second):
    reads, read = Reads(), Slow(error)
    first, one = started(reads, read)
    assert read.under_way.wait(20)
    other, two = started(reads, lambda: b"second", kept)

    read.go_on.set()
    first.join(20)
    other.join(20)

    assert (one, two) == ([error or b"first"], [second])


def test_nobody_waits_longer_than_they_may():
    reads, read = Reads(), Slow()
    first, _ = started(reads, read)
    assert read.under_way.wait(20)

    assert reads.once(ENTRY, lambda: b"second", lambda: True, 0.01) == b"second"
    read.go_on.set()
    first.join(20)


def test_files_without_a_digest_are_never_taken_for_each_other():
    reads = Reads()

    assert reads.once(Entry("f", 5), lambda: b"one", lambda: True, 1.0) == b"one"
    assert reads.once(Entry("f", 5), lambda: b"two", lambda: True, 1.0) == b"two"


def test_an_lfs_file_is_never_known_by_the_digest_of_its_pointer():
    assert Entry("f", 5, git_blob=git_blob_id(b"pointer"), sha256=ENTRY.sha256).digest == ENTRY.sha256
