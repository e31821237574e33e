"""A small Loki on loopback: the two calls that are made of it, answered in the form that Loki has.

It selects streams by the label matchers ``=`` and ``=~`` and lines by ``|=`` and ``|~``, as far as the queries here go; limit, direction
and bounds are Loki's.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_MATCHER = re.compile(r'([a-zA-Z_]\w*)(=~|=)"([^"]*)"')
_FILTER = re.compile(r'\|([=~]) "([^"]*)"')
Answer = tuple[int, str, bytes]


@dataclass
class Store:
    """What the server has, and what it was asked.

    Attributes:
        streams: lines with their nanoseconds, by labels as JSON.
        most: entries it allows on a page (max_entries_limit_per_query).
        wanted: headers without which it answers 401.
        instead: answers in place of its own: status, type and body; a callable may take its time.
        asked: paths with their parameters.
    """

    streams: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    most: int = 5000
    wanted: dict[str, str] = field(default_factory=dict)
    instead: Callable[[str], Answer] | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def add(self, labels: dict[str, str], at: int, line: str) -> None:
        self.streams.setdefault(json.dumps(labels, sort_keys=True), []).append((at, line))

    def answer(self, path: str, parameters: dict[str, str], headers: dict[str, str]) -> Answer:
        self.asked.append((path, parameters))
        self.headers.append(headers)
        if self.instead is not None:
            return self.instead(path)
        for name, value in self.wanted.items():
            if headers.get(name.lower()) != value:
                return 401, "text/plain; charset=utf-8", b"no org id\n"
        if path == "/loki/api/v1/labels":
            names = sorted({name for labels in self.streams for name in json.loads(labels)})
            return 200, "application/json; charset=UTF-8", json.dumps({"status": "success", "data": names}).encode()
        if path != "/loki/api/v1/query_range":
            return 404, "text/plain; charset=utf-8", b"404 page not found\n"
        return self._query(parameters)

    def _query(self, parameters: dict[str, str]) -> Answer:
        limit = int(parameters["limit"])
        if limit > self.most:
            text = f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {self.most})\n"
            return 400, "text/plain; charset=utf-8", text.encode()
        assert parameters["direction"] == "forward"
        selector, _, rest = parameters["query"].partition("}")
        found = []
        for key, lines in self.streams.items():
            labels = json.loads(key)
            if not all(_matches(labels.get(name, ""), operator, value) for name, operator, value in _MATCHER.findall(selector)):
                continue
            for at, line in lines:
                if int(parameters["start"]) <= at < int(parameters["end"]) and all(
                    value in line if operator == "=" else re.search(value, line) for operator, value in _FILTER.findall(rest)
                ):
                    found.append((at, key, line))
        found.sort()
        streams: dict[str, list[list[str]]] = {}
        for at, key, line in found[:limit]:
            streams.setdefault(key, []).append([str(at), line])
        result = [{"stream": json.loads(key), "values": values} for key, values in streams.items()]
        body = {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {"summary": {"execTime": 0.001}}}}
        return 200, "application/json; charset=UTF-8", json.dumps(body).encode()


def _matches(label: str, operator: str, value: str) -> bool:
    return label == value if operator == "=" else re.fullmatch(value, label) is not None


@contextmanager
def serving(store: Store, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port of loopback for the length of a block; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, kind, body = store.answer(parts.path, parameters, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Stay silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: Any) -> None:
            """A client that does not trust us, or that has gone away, is no error of a test."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
