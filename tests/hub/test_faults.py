"""What goes wrong on demand."""

import gzip
import time
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub import faults
from hub.server import LoopbackHub

NAME = "org/model"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LoopbackHub]:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"vocab_size": 7}')
    (folder / "model.safetensors").write_bytes(bytes(1000))
    with LoopbackHub() as hub:
        hub.add(NAME, folder)
        yield hub


def get(hub: LoopbackHub, file: str = "config.json", method: str = "GET", **headers: str):
    connection = HTTPConnection("127.0.0.1", urlsplit(hub.endpoint).port, timeout=5)
    try:
        connection.request(method, f"/{NAME}/resolve/main/{file}", headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_a_status_for_ever_until_mended(hub):
    hub.break_with(faults.status(500))
    assert [get(hub)[0] for _ in range(3)] == [500, 500, 500]
    hub.mend()
    assert get(hub)[0] == 200


def test_a_status_so_many_times(hub):
    broken = hub.break_with(faults.status(503), "config.json", times=2)
    assert [get(hub, "model.safetensors")[0], *(get(hub)[0] for _ in range(3))] == [200, 503, 503, 200]
    assert broken.struck == 2


def test_too_many_requests(hub):
    hub.break_with(faults.status(429, retry_after=7))
    assert get(hub)[1]["Retry-After"] == "7"


def test_one_method_alone(hub):
    hub.break_with(faults.status(500), method="HEAD")
    assert (get(hub, method="HEAD")[0], get(hub)[0]) == (500, 200)


def test_a_slow_answer_and_a_dripping_one(hub):
    hub.break_with(faults.slow(0.1), times=1)
    hub.break_with(faults.dripping(0.01))
    for least in (0.1, 0.15):
        start = time.monotonic()
        assert get(hub)[0] == 200
        assert time.monotonic() - start >= least


def test_the_hub_stops_without_waiting_for_a_slow_answer(hub):
    hub.break_with(faults.slow(60))
    with pytest.raises(TimeoutError):
        _timed_out(hub)
    start = time.monotonic()
    hub.stop()
    assert time.monotonic() - start < 2


def _timed_out(hub: LoopbackHub) -> None:
    connection = HTTPConnection("127.0.0.1", urlsplit(hub.endpoint).port, timeout=0.1)
    try:
        connection.request("GET", f"/{NAME}/resolve/main/config.json")
        connection.getresponse()
    finally:
        connection.close()


def test_a_truncated_body(hub):
    hub.break_with(faults.truncated(5))
    with pytest.raises(IncompleteRead) as caught:
        get(hub)
    assert caught.value.partial == b'{"voc'
    assert hub.bytes_sent("config.json") == 5


def test_a_dropped_connection(hub):
    hub.break_with(faults.dropped())
    with pytest.raises(RemoteDisconnected):
        get(hub)


def test_other_bytes(hub):
    etag = get(hub)[1]["ETag"]
    hub.break_with(faults.replaced(b"<html>"))
    status, headers, body = get(hub, Range="bytes=0-3")
    assert (status, headers["ETag"], body) == (200, etag, b"<html>")


def test_a_compressed_body(hub):
    hub.break_with(faults.compressed())
    status, headers, body = get(hub, "model.safetensors", Range="bytes=0-9")
    assert (status, headers["Content-Encoding"], gzip.decompress(body)) == (200, "gzip", bytes(1000))


def test_two_faults_at_once(hub):
    hub.break_with(faults.replaced(b"1234"))
    hub.break_with(faults.truncated(1))
    with pytest.raises(IncompleteRead) as caught:
        get(hub)
    assert caught.value.partial == b"1"


def test_a_range_that_is_ignored(hub):
    hub.break_with(faults.range_ignored())
    status, headers, body = get(hub, "model.safetensors", Range="bytes=0-9")
    assert (status, headers["Content-Range"], len(body)) == (200, None, 1000)


def test_a_redirect_to_another_host(hub):
    hub.break_with(faults.redirected(hub.cdn_endpoint + "/elsewhere"))
    status, headers, _ = get(hub)
    assert (status, headers["Location"]) == (302, hub.cdn_endpoint + "/elsewhere")


def test_a_hub_that_is_down_and_comes_back(hub):
    endpoint = hub.endpoint
    hub.stop()
    with pytest.raises(ConnectionRefusedError):
        get(hub)
    hub.start()
    assert hub.endpoint == endpoint
    assert get(hub)[0] == 200
