"""What a Hub, a network or a repository can do to a check: it ends, soon, with one sentence and never with a verdict.

Over real HTTP in this process, where the sentence is what matters; as a process of its own, where time or output do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub import faults
from hub.answers import Query
from hub.answers import error as refusal
from hub.server import LoopbackHub
from huggingface_hub import constants
from huggingface_hub.utils import get_session, httpx
from making import OTHER_CORPUS, Made, edit_json, make_model
from running import TOKEN, CommandLine

from specdec_check.compat.errors import CheckError, MalformedError, NotFoundError, UnreachableError
from specdec_check.compat.hub_errors import sentence
from specdec_check.compat.pipeline import Access, Report, check
from specdec_check.compat.ref import parse
from specdec_check.compat.verdict import Verdict

INDEX = "model.safetensors.index.json"
LISTING, SMALL, WEIGHTS = "/api/models/org/target*", "org/target/*/tokenizer.json", "org/target/*/model.safetensors"
EVERYWHERE = pytest.mark.parametrize("place", [LISTING, SMALL, WEIGHTS], ids=["listing", "file", "range"])
ELSEWHERE = "hf_aTokenOfSomebodyElse"
Publish = Callable[..., Made]
Pair = tuple[Made, Made]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A sound drafter in a folder, so that the Hub has one model to fail with."""
    return make_model(tmp_path / "other", rows=50_000, hidden=64, weights="header").folder


@pytest.fixture
def settle(client: Path, other: Path) -> Callable[..., Report]:
    """Checks a model on the Hub against the one in the folder."""
    return lambda name="org/target", seconds=30.0: check(name, str(other), access=Access(seconds=seconds))


def failing(settle: Callable[..., Report], name: str = "org/target", **options: Any) -> CheckError:
    """The error that a check ends with, which names the model."""
    with pytest.raises(CheckError) as caught:
        settle(name, **options)
    error = caught.value
    assert error.model == name
    assert error.message.startswith(name)
    assert error.message.endswith(".")
    return error


def listing(hub: LoopbackHub, **changes: Any) -> bytes:
    """The Hub's listing of `org/target`, with fields changed."""
    answer = hub._hub.answer(Query("GET", "/api/models/org/target?blobs=True"))
    return json.dumps(json.loads(answer.content.read(0, answer.content.size)) | changes).encode()


@pytest.mark.parametrize("revision", ["experiment", "v1.0", "refs/pr/1", "feature/x"])
def test_revisions(settle, hub, pair, publish, revision):
    publish("org/target", revision, corpus=OTHER_CORPUS)

    found = settle(f"org/target@{revision}")

    assert found.decision.verdict is Verdict.REFUSED
    assert found.target.snapshot.commit == hub.commit("org/target", revision) != hub.commit("org/target")


# The Hub answers, and not with what was asked for


@EVERYWHERE
def test_errors_for_ever(specdec_check: CommandLine, hub: LoopbackHub, pair: Pair, other: Path, place: str) -> None:
    hub.break_with(faults.status(500), place)

    run = specdec_check("org/target", other)

    assert run.error == (
        f"org/target: {hub.endpoint} keeps answering that it cannot serve us (status 500): try again later."
    )
    assert hub.count(match=place) == 4
    assert run.seconds < 15


@EVERYWHERE
def test_a_pause_longer_than_the_time_allowed_is_not_sat_out(settle, hub, pair, place):
    hub.break_with(faults.status(429, retry_after=86_400), place)

    assert "(status 429, asking for a pause of 86400 s)" in failing(settle).message
    assert hub.count(match=place) == 1


@EVERYWHERE
def test_an_endless_answer(specdec_check, hub, pair, other, place):
    hub.break_with(faults.dripping(0.05), place, method="GET")

    run = specdec_check("org/target", other, "--timeout", 2)

    assert (
        run.error == f"org/target: {hub.endpoint} did not answer within 2 s: try again, or allow more with --timeout."
    )
    assert run.seconds < 10


@EVERYWHERE
def test_a_connection_that_is_cut(settle, hub, pair, place):
    hub.break_with(faults.truncated(100), place)
    hub.break_with(faults.dropped(), place)

    assert failing(settle, seconds=1.5).kind == "unreachable"


@pytest.mark.parametrize(
    "body",
    [b"<html>Please log in.</html>", b"[]", b"{}", b"null", b'{"id": "org/target"', b"\xff\xfe", b"[" * 50_000],
    ids=["login page", "list", "no fields", "null", "cut off", "no text", "deep"],
)
def test_a_listing_that_is_none(settle, hub, pair, body):
    hub.break_with(faults.replaced(body), LISTING)

    assert "does not answer as the Hub does, so nothing can be pinned" in failing(settle).message


@pytest.mark.parametrize(
    "change",
    [
        {"sha": None},
        {"sha": "main"},
        {"sha": 7},
        {"id": "../../escape"},
        {"id": None},
        {"siblings": [{"rfilename": "../config.json", "size": 1}]},
        {"siblings": [{"rfilename": "config.json", "size": "1"}]},
        {"siblings": 7},
    ],
    ids=str,
)
def test_a_listing_that_pins_nothing(settle, hub, pair, change):
    hub.break_with(faults.replaced(listing(hub, **change)), LISTING)

    assert "so nothing can be pinned" in failing(settle).message


def test_a_listing_without_sizes(settle, hub, pair):
    hub.break_with(faults.replaced(listing(hub, siblings=[{"rfilename": "config.json"}])), LISTING)

    assert "config.json has a size that is not known" in failing(settle).message


def test_a_mirror_that_ignores_which_commit_was_asked_for(settle, hub, pair, publish):
    publish("org/target", "old", context=64)
    hub.break_with(faults.replaced(listing(hub)), LISTING)

    error = failing(settle, f"org/target@{hub.commit('org/target', 'old')}")

    assert "so nothing can be pinned" in error.message


def test_a_mirror_that_does_not_say_which_commit_a_file_is_of(settle, hub, pair):
    hub.break_with(faults.redirected(hub.cdn_endpoint + "/elsewhere"), SMALL)

    assert "so nothing can be pinned" in failing(settle).message


def test_a_hub_that_is_down_and_both_sentences(specdec_check, hub, pair):
    hub.stop()

    run = specdec_check("org/target", "org/drafter", "--format", "json")

    assert run.status == 2
    assert run.errors == [
        f"{name}: {hub.endpoint} cannot be reached (ConnectError): check the network and HF_ENDPOINT, or use --offline"
        " to settle it from the cache."
        for name in ("org/target", "org/drafter")
    ]
    assert run.json["error"]["kind"] == "unreachable"
    assert run.seconds < 15


def test_a_hub_that_goes_down_after_the_listing(specdec_check, hub, pair, other):
    def down(answer: Any) -> Any:
        hub._servers[0]._listener.socket.close()
        return faults.dropped()(answer)

    hub.break_with(down, SMALL)

    run = specdec_check("org/target", other, "--timeout", 3)

    assert run.error.startswith(f"org/target: {hub.endpoint} ")
    assert run.seconds < 10


@pytest.mark.parametrize(
    "endpoint", ["nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://[::1"]
)
def test_an_endpoint_that_is_no_address(specdec_check, other, endpoint):
    run = specdec_check("org/target", other, HF_ENDPOINT=endpoint)

    assert run.error.startswith("org/target: ")
    assert "HF_ENDPOINT" in run.error


def test_an_answer_that_ignores_the_range(settle, hub, publish):
    publish("org/target", metadata={"note": "x" * 150_000}, rows=1_000_000)
    hub.break_with(faults.range_ignored(), WEIGHTS)

    assert settle().target.facts.rows.head == 1_000_000
    assert hub.bytes_sent("*.safetensors") < 50_000_000  # of 256 million: what lay in buffers when we hung up


def test_a_range_is_asked_for_as_it_is_stored(settle, pair):
    asked: dict[str, str] = {}
    hooks = get_session().event_hooks["request"]
    hooks.append(lambda request: asked.update({request.url.path.split("/")[-1]: request.headers["Accept-Encoding"]}))

    settle()

    assert asked["model.safetensors"] == "identity"


def test_an_answer_that_is_compressed(settle, hub, pair):
    hub.break_with(faults.compressed(), "org/target/*", method="GET")

    assert settle().target.facts.rows.head == 50_000


def test_bytes_that_are_not_the_listed_ones_do_not_decide(settle, hub, pair):
    length = (pair[0] / "tokenizer.json").stat().st_size
    hub.break_with(faults.replaced(b" " * length), SMALL)

    error = failing(settle)

    assert "tokenizer.json is not the file that the Hub lists: delete " in error.message
    assert Path(error.message.split("delete ")[1].removesuffix(" and run again.")).is_file()


# Passing troubles


@pytest.mark.parametrize(
    ("fault", "place", "method"),
    [
        (faults.status(503), LISTING, None),
        (faults.status(503), SMALL, "HEAD"),
        (faults.status(503), SMALL, "GET"),
        (faults.status(503), WEIGHTS, None),
        (faults.dropped(), LISTING, None),
        (faults.dropped(), WEIGHTS, None),
        (faults.truncated(10), LISTING, None),
        (faults.truncated(10), SMALL, "GET"),
        (faults.truncated(10), WEIGHTS, None),
    ],
)
def test_what_passes_is_waited_for(settle, hub, pair, fault, place, method):
    broken = hub.break_with(fault, place, times=2, method=method)

    assert settle().decision.verdict is Verdict.CERTIFIED
    assert broken.struck == 2


def test_a_session_that_another_thread_closed_is_opened_again(settle, pair, monkeypatch):
    errors = iter([RuntimeError("Cannot send a request, as the client has been closed.")])

    def headers() -> dict[str, str]:
        for error in errors:
            raise error
        return {}

    monkeypatch.setattr("specdec_check.compat.hub.build_hf_headers", headers)

    assert settle().decision.verdict is Verdict.CERTIFIED


@EVERYWHERE
def test_the_hub_says_how_long_to_wait(settle, hub, pair, place, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr("specdec_check.compat.hub_asking.time.sleep", waited.append)
    hub.break_with(faults.status(429, retry_after=7), place, times=1)

    assert settle().decision.verdict is Verdict.CERTIFIED
    assert waited == [7.0]


def test_pauses_grow_where_the_hub_says_nothing(settle, hub, pair, monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr("specdec_check.compat.hub_asking.time.sleep", waited.append)
    hub.break_with(faults.status(502), LISTING)

    assert "(status 502)" in failing(settle).message
    assert [pause // 0.5 * 0.5 for pause in waited] == [0.5, 1.0, 2.0]


def test_the_hub_says_so_in_its_other_header(settle, hub, pair):
    limit = {"ratelimit": '"api";r=0;t=3600', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}
    hub.break_with(lambda _: refusal(429, "Too many requests.", headers=limit), LISTING)

    assert "asking for a pause of 3600 s" in failing(settle).message


@pytest.mark.parametrize("said", ["soon", "-1", "9" * 400, "Wed, 21 Oct 2015 07:28:00 GMT", "1e9"])
def test_whatever_the_hub_says_about_waiting_the_end_is_near(settle, hub, pair, said):
    hub.break_with(faults.status(503, retry_after=said), LISTING)

    assert "(status 503" in failing(settle, seconds=0.4).message


def test_the_client_of_others_in_this_process_is_left_as_it_is(settle, hub, pair, other):
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    assert settle().decision.verdict is Verdict.CERTIFIED
    hub.break_with(faults.status(503), LISTING)

    with pytest.raises(HfHubHTTPError):
        huggingface_hub.HfApi(endpoint=hub.endpoint).model_info("org/target")


# Who may read


def test_hidden_and_unknown_repositories_look_alike(settle, hub, pair, monkeypatch):
    hub.hide("org/target", TOKEN)

    for name, token in (("org/target", ""), ("org/target", ELSEWHERE), ("org/nobody", ""), ("nobody", TOKEN)):
        monkeypatch.setenv("HF_TOKEN", token)
        assert failing(settle, name).message == (
            f"{name} is not on the Hub, or it is private or gated and this run may not see it: check the name, and set"
            " HF_TOKEN if it needs access."
        )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert settle().decision.verdict is Verdict.CERTIFIED


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("notAToken", "does not accept the token in use: renew it, or unset HF_TOKEN"),
        ("hf_\u00e9", "check HF_ENDPOINT, HF_HOME and HF_TOKEN"),
        ("hf_a\u2028b", "check HF_ENDPOINT, HF_HOME and HF_TOKEN"),
    ],
)
def test_a_token_that_is_none_is_named_as_the_trouble_and_not_shown(settle, pair, monkeypatch, token, said):
    monkeypatch.setenv("HF_TOKEN", token)

    message = failing(settle).message

    assert said in message
    assert token not in message


def test_an_error_that_quotes_the_token_is_not_quoted():
    error = httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'")

    message = sentence(error, parse("org/target")).message

    assert TOKEN not in message
    assert f"org/target: {constants.ENDPOINT} cannot be reached (LocalProtocolError): check the network" in message


@pytest.mark.parametrize("revision", ["missing", "refs/pr/9", "0" * 40])
def test_an_unknown_revision(settle, pair, revision):
    error = failing(settle, f"org/target@{revision}")

    assert isinstance(error, NotFoundError)
    assert f": org/target has no revision '{revision}' on the Hub: check the branch" in error.message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(403, "Access to this resource is disabled."), "has been disabled on the Hub"),
        (refusal(404, "no idea"), "is not on the Hub, or it is private or gated"),
        (refusal(404, "Entry not found", "EntryNotFound"), "the repository is changing"),
        (refusal(418, "a teapot"), "(status 418)"),
        (refusal(400, "bad"), "(status 400)"),
    ],
    ids=["disabled", "bare 404", "entry", "teapot", "bad request"],
)
@EVERYWHERE
def test_refusals(settle, hub, pair, place, answer, said):
    hub.break_with(lambda _: answer, place)

    assert said in failing(settle).message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(403, "Forbidden"), "refuses access (403)"),
        (refusal(401, "no idea"), "is not on the Hub, or it is private or gated"),
        (refusal(401, "restricted", "GatedRepo"), "is gated and this run has no access to its files"),
    ],
    ids=["forbidden", "bare 401", "gated"],
)
def test_a_listing_that_is_refused(settle, hub, pair, answer, said):
    hub.break_with(lambda _: answer, LISTING)

    assert said in failing(settle).message


@EVERYWHERE
def test_the_token_goes_to_the_endpoint_alone(settle, hub, pair, place, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.break_with(faults.redirected(hub.cdn_endpoint + "/elsewhere"), place, method="GET")

    assert TOKEN not in failing(settle).message
    assert hub.requests(host="cdn")
    assert not any(request.authorized for request in hub.requests(host="cdn"))
    assert all(request.authorized for request in hub.requests(host="hub"))


# What a repository may hold


JSON_FILES = [
    *("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "added_tokens.json"),
]


@pytest.mark.parametrize("file", [*JSON_FILES, INDEX])
def test_files_that_are_cut_off_or_are_no_json(settle, publish, file):
    target = publish("org/target", weights="sharded-header" if file == INDEX else "header")
    sound = (target / file).read_bytes() if (target / file).exists() else b'{"a": "b"}'

    for content in (sound[: len(sound) // 2], b"<html>", b"[]", b"\xff\xfe\x00", b""):
        (target / file).write_bytes(content)
        error = failing(settle)
        assert isinstance(error, MalformedError)
        assert error.message.startswith(f"org/target: {file} ")


def test_a_malformed_file_from_the_command_line(specdec_check, publish, other):
    target = publish("org/target")
    (target / "config.json").write_text('{"model_type": ')

    run = specdec_check("org/target", other, "--format=json")

    assert run.error.startswith("org/target: config.json is not readable JSON (line 1, column 16")
    assert run.json["error"] == {"kind": "malformed", "message": run.error, "model": "org/target"}


@pytest.mark.parametrize(
    ("head", "size", "said"),
    [
        ((10_000).to_bytes(8, "little") + b"{}", None, "longer than the file"),
        (b"\xff" * 8 + b"{}", None, "longer than the file"),
        ((64 << 20).to_bytes(8, "little") + b"{}", 1 << 40, "more than the"),
        ((2).to_bytes(8, "little") + b"[]", None, "holds no JSON object"),
        ((9).to_bytes(8, "little") + b'{"a": {}}', None, "gives a tensor without a"),
        (b"", None, "model.safetensors"),
        (b"\x02\0", None, "model.safetensors"),
    ],
    ids=["longer than the file", "absurd", "huge", "list", "no shape", "empty", "two bytes"],
)
def test_headers_that_lie(settle, hub, publish, head, size, said):
    target = publish("org/target")
    (target / "model.safetensors").write_bytes(head)
    (target / "model.safetensors.size").write_text(str(size or len(head)))

    assert said in failing(settle).message
    assert hub.bytes_sent("*.safetensors") <= 102_400


@pytest.mark.parametrize("shard", ["model-00009-of-00002.safetensors", "../../secret", "\x1b[2J\n" * 10_000])
def test_an_index_that_names_what_is_not_there(specdec_check, publish, other, shard):
    target = publish("org/target", weights="sharded-header")
    edit_json(target / INDEX, lambda index: {"weight_map": dict.fromkeys(index["weight_map"], shard)})

    run = specdec_check("org/target", other)

    assert run.error.startswith(f"org/target: {INDEX} names {shard[:2].strip()}"[:45])
    assert run.error.endswith("the upload is incomplete; publish the missing file or choose another revision.")
    assert "\x1b" not in run.stderr


def test_a_tokenizer_that_is_too_large_is_not_fetched(settle, hub, publish):
    target = publish("org/target")
    (target / "tokenizer.json.size").write_text(str(200 << 20))

    assert "tokenizer.json has 209715200 bytes" in failing(settle).message
    assert not hub.requests("*/tokenizer.json")


def test_what_a_repository_calls_things_does_nothing_to_the_terminal(specdec_check, publish, other):
    publish("org/target", config={"model_type": "\x1b]0;owned\x07\n\u202e"}, eos="\x1b[31m<|end|>")

    run = specdec_check("org/target", other)

    assert run.status in (1, 2)
    assert not {"\x1b", "\x07", "\u202e"} & {*run.stdout, *run.stderr}


def test_a_repository_of_many_files(settle, hub, pair):
    many = [{"rfilename": f"checkpoints/{number}/x.bin", "size": 1, "blobId": "0" * 40} for number in range(50_000)]
    files = json.loads(listing(hub))["siblings"]
    hub.break_with(faults.replaced(listing(hub, siblings=files + many)), LISTING)

    assert settle().decision.verdict is Verdict.CERTIFIED


# Where the client keeps its files


def test_a_home_that_cannot_be_written(specdec_check, pair, other, tmp_path):
    (tmp_path / "file").write_text("")

    run = specdec_check("org/target", other, home=tmp_path / "file" / "home")

    assert run.error.startswith("org/target: its files could not be fetched into the cache (")
    assert run.error.endswith("check the disk and HF_HOME.")


def test_a_disk_that_is_full(specdec_check, pair, other):
    run = specdec_check("org/target", other, script='ulimit -f 8; exec "$@"')

    assert "could not be fetched into the cache" in run.error
    assert not list(specdec_check.home.rglob("*.part"))


def test_a_cache_that_cannot_be_read(settle, client, pair):
    settle()
    (client / "hub" / "models--org--target").rename(client / "moved")
    (client / "hub" / "models--org--target").write_text("")

    assert isinstance(failing(settle), UnreachableError)
