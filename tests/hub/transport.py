"""HTTP/1.1 on loopback: a port, the thread that listens at it, and a thread for each connection."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from hub.answers import Answer, Query
from hub.record import Request

Answerer = Callable[[Query], tuple[Answer, Request]]


class Server:
    """One host, which can be stopped and started again at the same address."""

    def __init__(self, name: str, answerer: Answerer) -> None:
        self.name, self.answerer = name, answerer
        self.stopped = threading.Event()
        self._port = 0
        self._listener: Listener | None = None

    @property
    def address(self) -> str:
        """The address that clients use."""
        return f"http://{self.name}:{self._port}"

    def start(self) -> None:
        """Listen at the port of last time, or at a free one."""
        if self._listener is None:
            self.stopped.clear()
            self._listener = Listener(self._port, self)
            self._port = self._listener.server_address[1]
            threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection, and wait for their threads."""
        if self._listener is not None:
            self.stopped.set()
            self._listener.shutdown()
            self._listener.hang_up()
            self._listener.server_close()
            self._listener = None


class Listener(ThreadingHTTPServer):
    """A port that knows its open connections, so that they end with it."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, port: int, host: Server) -> None:
        self.host = host
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Bind without looking up the name of the host, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Speaks with one client for as long as the connection lasts."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def handle(self) -> None:
        """Let a client hang up whenever it likes."""
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer with headers and body."""
        query = Query(self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization"))
        answer, request = self.server.host.answerer(query)
        if answer.wait:
            self.server.host.stopped.wait(answer.wait)
        if answer.hang_up:
            self.close_connection = True
            return
        start, stop = answer.bounds
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(stop - start)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer, request)

    def do_HEAD(self) -> None:
        """Answer with headers alone."""
        self.do_GET()

    def _send_body(self, answer: Answer, request: Request) -> None:
        start, stop = answer.bounds
        if answer.send_only is not None and start + answer.send_only < stop:
            stop = start + answer.send_only
            self.close_connection = True
        for chunk in answer.content.chunks(start, stop):
            for piece in (chunk[at : at + 1] for at in range(len(chunk))) if answer.pause else (chunk,):
                if self.server.host.stopped.wait(answer.pause) if answer.pause else self.server.host.stopped.is_set():
                    self.close_connection = True
                    return
                request.bytes_sent += len(piece)  # before it leaves, so that whoever has it finds it counted
                self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing; `LoopbackHub.log` has it all."""
