"""The loopback Hub, as huggingface_hub's own client sees it."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huggingface_hub import HfApi, close_session, constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from making import edit_json, make_model

from hub.server import LoopbackHub

NAME = "org/model"
MINE, ANOTHERS = "hf_mine", "hf_anothers"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    make_model(tmp_path / "root" / NAME)
    with LoopbackHub(tmp_path / "root") as hub:
        yield hub
    close_session()


@pytest.fixture
def api(hub: LoopbackHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=False)


@pytest.fixture
def download(api: HfApi, tmp_path: Path) -> Callable[..., Path]:
    return lambda file, **options: Path(
        api.hf_hub_download(options.pop("repo", NAME), file, cache_dir=tmp_path / "cache", **options)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "root" / NAME


def test_one_listing_gives_commit_sizes_and_true_digests(hub, api, folder):
    info = api.model_info(NAME, files_metadata=True)
    assert info.id == NAME
    assert constants.REGEX_COMMIT_OID.fullmatch(info.sha)
    assert (info.private, info.gated) == (False, False)
    files = {sibling.rfilename: sibling for sibling in info.siblings}
    assert set(files) == {path.name for path in folder.iterdir()}
    assert all(files[path.name].size == path.stat().st_size for path in folder.iterdir())
    assert files["config.json"].lfs is None
    assert files["config.json"].blob_id == git_hash((folder / "config.json").read_bytes())
    weights = files["model.safetensors"].lfs
    assert weights.sha256 == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{weights.sha256}\nsize {weights.size}\n"
    assert (files["model.safetensors"].blob_id, weights.pointer_size) == (git_hash(pointer.encode()), len(pointer))
    assert hub.count("GET", f"/api/models/{NAME}") == len(hub.log) == 1


def git_hash(data: bytes) -> str:
    git = ["git", "hash-object", "--stdin"]
    return subprocess.run(git, input=data, capture_output=True, check=True).stdout.decode().strip()


def test_the_listing_counts_parameters_and_hides_sizes_unless_asked(api):
    info = api.model_info(NAME)
    assert info.siblings[0].size is None
    header = api.parse_safetensors_file_metadata(NAME, "model.safetensors")
    assert info.safetensors.parameters == header.parameter_count


def test_the_tree_agrees_with_the_listing(api, folder):
    (folder / "original").mkdir()
    (folder / "original" / "params.json").write_text("{}")
    listed = {file.rfilename: file for file in api.model_info(NAME, files_metadata=True).siblings}
    tree = list(api.list_repo_tree(NAME, recursive=True))
    files = {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}
    assert {path: (file.size, file.blob_id) for path, file in files.items()} == {
        path: (file.size, file.blob_id) for path, file in listed.items()
    }
    assert files["model.safetensors"].lfs.sha256 == listed["model.safetensors"].lfs.sha256
    assert {entry.path for entry in tree} - set(files) == {"original"}
    assert [entry.path for entry in api.list_repo_tree(NAME, "original")] == ["original/params.json"]
    assert "original" in {entry.path for entry in api.list_repo_tree(NAME)}


def test_a_file_is_fetched_by_commit_and_then_comes_from_the_cache(hub, download, folder):
    commit = hub.commit(NAME)
    path = download("tokenizer.json", revision=commit)
    assert path.read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert commit in path.parts
    assert [request.method for request in hub.log] == ["HEAD", "GET"]
    assert hub.bytes_sent("tokenizer.json") == path.stat().st_size
    download("tokenizer.json", revision=commit)
    assert len(hub.log) == 2


def test_an_edit_moves_the_branch_and_the_former_commit_stays(hub, api, download, folder):
    before, text = hub.commit(NAME), (folder / "config.json").read_text()
    edit_json(folder / "config.json", lambda config: config | {"vocab_size": 7})
    after = api.model_info(NAME).sha
    assert before != after == hub.commit(NAME)
    assert api.model_info(NAME, revision=before).sha == before
    assert download("config.json", revision=before).read_text() == text
    assert json.loads(download("config.json").read_text())["vocab_size"] == 7


def test_an_edit_of_equal_length_is_seen_at_once(hub, folder):
    seen = set()
    for digit in "0123456789":
        (folder / "digit").write_text(digit)
        seen.add(hub.commit(NAME))
    assert len(seen) == 10


def test_a_large_repository_forgets_what_was_overwritten(hub, api, folder):
    (folder / "big.bin").write_bytes(bytes(5_000_000))
    before = hub.commit(NAME)
    assert api.model_info(NAME, revision=before).sha == before
    (folder / "big.bin").write_bytes(bytes(5_000_001))
    with pytest.raises(RevisionNotFoundError):
        api.model_info(NAME, revision=before)


def test_branches_tags_and_pull_requests(hub, api, download, tmp_path):
    other = make_model(tmp_path / "other", context=99)
    commit = hub.add(NAME, other, "refs/pr/1")
    hub.add(NAME, other, "v1.0")
    assert api.model_info(NAME, revision="refs/pr/1").sha == api.model_info(NAME, revision="v1.0").sha == commit
    assert commit != api.model_info(NAME).sha
    path = download("config.json", revision="refs/pr/1")
    assert json.loads(path.read_text())["max_position_embeddings"] == 99
    refs = api.list_repo_refs(NAME, include_pull_requests=True)
    assert {ref.name: ref.target_commit for ref in refs.pull_requests} == {"refs/pr/1": commit}
    assert "main" in {ref.name for ref in refs.branches}


def test_two_repositories_with_the_same_files_have_commits_of_their_own(hub, folder):
    assert hub.add("org/twin", folder) != hub.commit(NAME)


def test_links_are_followed_also_those_checked_out_as_text(download, folder, tmp_path):
    twin = tmp_path / "root" / "org" / "twin"
    twin.mkdir()
    (twin / "tokenizer.json").symlink_to("../model/tokenizer.json")
    (twin / "config.json").write_text("../model/config.json")
    for name in ("tokenizer.json", "config.json"):
        assert download(name, repo="org/twin").read_bytes() == (folder / name).read_bytes()


def test_a_gated_repository_is_listed_but_its_files_want_the_token(hub, api, download):
    hub.gate(NAME, token=MINE)
    assert api.model_info(NAME, files_metadata=True).gated == "manual"
    for token, status in ((False, 401), (ANOTHERS, 403)):
        with pytest.raises(GatedRepoError) as caught:
            download("config.json", token=token)
        assert caught.value.response.status_code == status
        with pytest.raises(GatedRepoError):
            api.parse_safetensors_file_metadata(NAME, "model.safetensors", token=token)
    assert download("config.json", token=MINE).exists()
    assert hub.requests("config.json")[-1].authorized


def test_a_hidden_repository_looks_like_a_missing_one(hub, api):
    hub.hide(NAME, token=MINE)
    for token, status in ((False, 401), (ANOTHERS, 404)):
        for name in (NAME, "org/missing"):
            with pytest.raises(RepositoryNotFoundError) as caught:
                api.model_info(name, token=token)
            assert caught.value.response.status_code == status
    assert api.model_info(NAME, token=MINE).private


def test_credentials_that_are_no_tokens_are_refused_even_where_none_are_wanted(api):
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as caught:
        api.model_info(NAME, token=MINE[3:])
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize("revision", ["missing", "0" * 40, "refs/pr/9"])
def test_an_unknown_revision(api, download, revision):
    with pytest.raises(RevisionNotFoundError):
        api.model_info(NAME, revision=revision)
    with pytest.raises(RevisionNotFoundError):
        download("config.json", revision=revision)


def test_an_unknown_file(hub, download):
    with pytest.raises(RemoteEntryNotFoundError) as caught:
        download("missing.json")
    assert caught.value.response.headers["X-Repo-Commit"] == hub.commit(NAME)


def test_a_former_name_is_redirected(hub, api, download, folder):
    hub.alias("model", NAME)
    hub.add("openai-community/gpt2", folder)
    assert api.model_info("model", files_metadata=True).siblings[0].size
    assert api.model_info("model", revision="main").id == NAME
    assert api.model_info("gpt2").id == "openai-community/gpt2"
    assert download("config.json", repo="gpt2").read_bytes() == (folder / "config.json").read_bytes()
    assert hub.requests("/gpt2/*")[0].status == 307
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("t5-small")


def test_the_cdn_holds_lfs_files_and_never_sees_the_token(hub, api, download, folder):
    hub.gate(NAME, token=MINE)
    hub.cdn = True
    path = download("model.safetensors", token=MINE)
    assert path.read_bytes() == (folder / "model.safetensors").read_bytes()
    assert len(api.parse_safetensors_file_metadata(NAME, "model.safetensors", token=MINE).tensors) > 3
    download("config.json", token=MINE)
    served = hub.requests(host="cdn")
    assert {request.path.rpartition("/")[2] for request in served} == {"model.safetensors"}
    assert [request.status for request in served] == [200, 206]
    assert not any(request.authorized for request in served)
    assert all(request.authorized for request in hub.requests(host="hub"))


def test_reading_a_header_is_fine_and_reading_weights_is_caught(hub, api, download, folder):
    make_model(folder, weights="header", rows=50_000, hidden=64)
    metadata = api.parse_safetensors_file_metadata(NAME, "model.safetensors")
    assert metadata.tensors["lm_head.weight"].shape == [50_000, 64]
    assert hub.bytes_sent("model.safetensors") == 100_001
    hub.assert_only_headers_read()
    api.parse_safetensors_file_metadata(NAME, "model.safetensors")
    with pytest.raises(AssertionError, match=r"org/model/model\.safetensors: 200002 bytes"):
        hub.assert_only_headers_read()
    hub.assert_only_headers_read(times=2)
    hub.forget()
    assert download("model.safetensors").stat().st_size > 10_000_000
    with pytest.raises(AssertionError):
        hub.assert_only_headers_read(times=1000)


def test_of_a_file_that_claims_more_than_there_is_the_rest_is_zeros(download, folder):
    (folder / "x.bin").write_bytes(b"abc")
    (folder / "x.bin.size").write_text("200000")
    assert download("x.bin").read_bytes() == b"abc" + bytes(199_997)
    (folder / "x.bin.size").write_text("300000")
    assert download("x.bin").stat().st_size == 300_000


def test_a_header_longer_than_the_allowance_may_be_read_once(hub, folder):
    make_model(folder, metadata={"note": "x" * 200_000})
    length = int.from_bytes((folder / "model.safetensors").read_bytes()[:8], "little")
    for span in ("0-100000", f"100001-{7 + length}"):
        assert fetch(hub, "model.safetensors", span)[0] == 206
    hub.assert_only_headers_read()
    fetch(hub, "model.safetensors", f"{8 + length}-{8 + length}")
    with pytest.raises(AssertionError):
        hub.assert_only_headers_read()


@pytest.mark.parametrize(
    ("span", "status", "content_range", "body"),
    [
        ("0-2", 206, "bytes 0-2/10", b"012"),
        ("7-99", 206, "bytes 7-9/10", b"789"),
        ("8-", 206, "bytes 8-9/10", b"89"),
        ("-3", 206, "bytes 7-9/10", b"789"),
        ("10-", 416, "bytes */10", None),
        ("5-2", 200, None, b"0123456789"),
        ("0-1,4-5", 200, None, b"0123456789"),
    ],
)
def test_ranges(hub, folder, span, status, content_range, body):
    (folder / "digits").write_bytes(b"0123456789")
    answer = fetch(hub, "digits", span)
    assert answer[0] == status
    assert answer[1].get("Content-Range") == content_range
    assert body is None or answer[2] == body


def fetch(hub: LoopbackHub, file: str, span: str | None = None) -> tuple[int, dict[str, str], bytes]:
    """Ask for a file without any client's help."""
    connection = HTTPConnection("127.0.0.1", urlsplit(hub.endpoint).port or 0, timeout=5)
    try:
        headers = {"Range": f"bytes={span}"} if span else {}
        connection.request("GET", f"/{NAME}/resolve/main/{file}", headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def test_a_subprocess_knows_this_hub_this_cache_and_this_token_alone(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", ANOTHERS)
    monkeypatch.setenv("HF_HUB_CACHE", "/nowhere")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    program = f"from huggingface_hub import hf_hub_download; print(hf_hub_download({NAME!r}, 'config.json'))"
    cache = tmp_path / "home"
    for token in (None, MINE):
        run = subprocess.run(
            [sys.executable, "-c", program],
            env=hub.environment(cache, token),
            capture_output=True,
            text=True,
            check=True,
        )
        assert Path(run.stdout.strip()).is_relative_to(cache / "hub")
        assert {request.authorized for request in hub.log} == {token is not None}
        hub.forget()
