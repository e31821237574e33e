"""Loki's lines: paging, failures, and what is sent."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loki_server import Store, serving

from talospatch.errors import TelemetryError
from talospatch.telemetry import http
from talospatch.telemetry.loki import Entry, Loki
from talospatch.telemetry.source import Source

START, SECOND = 1_780_000_000, 1_000_000_000
NODE = {"job": "talos", "node": "worker-1"}


def found(url: str, query: str = '{job="talos"}', *, page: int = 5000, seconds: int = 1000, **more: Any) -> list[Entry]:
    async def read() -> list[Entry]:
        async with Loki(Source(url=url, **more), page=page) as loki:
            return [entry async for entry in loki.lines(query, START, START + seconds)]

    return asyncio.run(read())


def failure(store: Store, **more: Any) -> str:
    with serving(store) as url, pytest.raises(TelemetryError) as caught:
        found(url, **more)
    assert str(caught.value).startswith(url)
    return str(caught.value)


def test_lines_come_in_the_order_of_time_with_their_labels() -> None:
    """Of all streams together; what the query does not select stays away."""
    store = Store()
    store.add(NODE, START * SECOND + 2, "b")
    store.add({"job": "talos", "node": "worker-2"}, START * SECOND + 1, "a")
    store.add({"job": "other"}, START * SECOND + 1, "x")
    with serving(store) as url:
        entries = found(url)
    assert [(entry.line, entry.labels["node"]) for entry in entries] == [("a", "worker-2"), ("b", "worker-1")]
    assert [entry.at - START * SECOND for entry in entries] == [1, 2]
    ((path, parameters),) = store.asked
    assert path == "/loki/api/v1/query_range"
    assert parameters == {
        "query": '{job="talos"}',
        "start": str(START * SECOND),
        "end": str((START + 1000) * SECOND),
        "direction": "forward",
        "limit": "5000",
    }


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=40), st.integers(4, 12))
def test_pages_give_every_line_once(lines: list[tuple[int, int]], page: int) -> None:
    """Whatever lines share a moment, as long as a page has room for those of one."""
    store = Store()
    moments: dict[int, int] = {}
    for number, (at, node) in enumerate(lines):
        moments[at] = moments.get(at, 0) + 1
        if moments[at] < page:
            store.add({"job": "talos", "node": str(node)}, START * SECOND + at, f"line {number}")
    with serving(store) as url:
        entries = found(url, page=page)
    assert sorted(entry.line for entry in entries) == sorted(line for stream in store.streams.values() for _, line in stream)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_more_lines_of_one_moment_than_a_page_holds_do_not_go_on_for_ever() -> None:
    """No program writes so many; the rest of the time is read."""
    store = Store()
    for number in range(50):
        store.add(NODE, START * SECOND, f"{number}")
    store.add(NODE, START * SECOND + 9, "last")
    with serving(store) as url:
        entries = found(url, page=10)
    assert len({entry.line for entry in entries}) == len(entries) == 11
    assert entries[-1].line == "last"


def test_a_server_that_allows_fewer_lines_gets_what_it_allows() -> None:
    """Its own words tell how many."""
    store = Store(most=100)
    for number in range(250):
        store.add(NODE, START * SECOND + number, f"{number}")
    with serving(store) as url:
        assert len(found(url)) == 250
    assert [parameters["limit"] for _, parameters in store.asked] == ["5000", "100", "100", "100"]


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ({"tenant": "team-a"}, {"X-Scope-OrgID": "team-a"}),
        ({"username": "u", "password": "pässword"}, {"Authorization": "Basic dTpww6Rzc3dvcmQ="}),
        ({"token": "abcdef"}, {"Authorization": "Bearer abcdef"}),
        ({}, {}),
    ],
)
def test_we_log_in_as_we_were_told(source: dict[str, Any], headers: dict[str, str]) -> None:
    """Tenant, user and password, or token; without them no such header is sent."""
    store = Store(wanted=headers)
    with serving(store) as url:
        assert found(url, **source) == []
    sent = store.headers[0]
    assert {name: sent.get(name.lower()) for name in ("X-Scope-OrgID", "Authorization") if name.lower() in sent} == headers


def test_a_refusal_says_how_to_log_in() -> None:
    """And what the server said, without what we sent."""
    said = failure(Store(wanted={"Authorization": "Bearer right"}), token="wrong-secret-token")
    assert "HTTP 401: it wants us to log in: set LOKI_USERNAME and LOKI_PASSWORD, or LOKI_BEARER_TOKEN; it says: no org id" in said
    assert "wrong-secret-token" not in said


def answers(status: int, body: bytes, kind: str = "text/plain") -> Store:
    return Store(instead=lambda _path: (status, kind, body))


@pytest.mark.parametrize(
    ("store", "text"),
    [
        (answers(400, b"parse error at line 1, col 15: syntax error: unexpected )"), "HTTP 400: parse error at line 1, col 15"),
        (answers(403, b"no"), "HTTP 403: it does not let us read: no"),
        (answers(302, b""), "HTTP 302: it sends us elsewhere"),
        (answers(500, b""), "HTTP 500: it gave no reason"),
        (answers(502, b"<html>\n<b>bad   gateway</b>\x1b[2J</html>"), "HTTP 502: <html> <b>bad gateway</b>"),
        (answers(200, b"<html>Grafana</html>"), "what it answered is no JSON object: is this the address of its API?"),
        (answers(200, b"[]"), "what it answered is no JSON object"),
        (answers(200, b"[" * 100_000), "what it answered is no JSON object"),
        (answers(200, b'{"status":"success","data":{"resultType":"matrix","result":[]}}'), "the query must select lines, not count them"),
        (answers(200, b'{"data":{"resultType":"streams","result":[{"stream":{}}]}}'), "has no labels or no lines"),
        (answers(200, b'{"data":{"resultType":"streams","result":[{"stream":{},"values":[["x","y"]]}]}}'), "has no time or no text"),
        (answers(200, b'{"data":5}'), "it answered with no lines of log"),
    ],
)
def test_every_strange_answer_is_one_error_that_says_what_is_wrong(store: Store, text: str) -> None:
    """A wrong query, something in between, another API."""
    assert text in failure(store)


def test_an_answer_that_is_too_large_is_not_taken() -> None:
    """Memory stays bounded, whatever a server sends."""
    body = b'{"x":"' + b"x" * (http.LARGEST_ANSWER + (1 << 20)) + b'"}'
    assert f"its answer is larger than {http.LARGEST_ANSWER >> 20} MiB" in failure(answers(200, body))


def test_a_server_that_is_not_there_or_hangs_is_said() -> None:
    """Neither keeps us waiting for ever."""
    with pytest.raises(TelemetryError, match=r"^http://127\.0\.0\.1:1: .*connection"):
        found("http://127.0.0.1:1")
    with serving(Store()) as url:
        pass
    with pytest.raises(TelemetryError):
        found(url)

    import threading

    hold = threading.Event()

    def late(_path: str) -> tuple[int, str, bytes]:
        hold.wait(20)
        return 200, "text/plain", b""

    try:
        with serving(Store(instead=late)) as url:
            with pytest.raises(TelemetryError, match="it did not answer in time"):
                found(url, timeout=0.2)
            hold.set()
    finally:
        hold.set()


def test_labels_are_told() -> None:
    """For a selector that selects nothing."""
    store = Store()
    store.add(NODE, START * SECOND, "x")

    async def names(url: str) -> tuple[str, ...]:
        async with Loki(Source(url=url)) as loki:
            return await loki.labels(START, START + 10)

    with serving(store) as url:
        assert asyncio.run(names(url)) == ("job", "node")


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(TelemetryError, match=r"pip install 'talospatch\[telemetry\]'"):
        Loki(Source(url="http://127.0.0.1:1"))


def test_errors_of_it_survive_pickling() -> None:
    """As every error of ours does."""
    import pickle

    error = pickle.loads(pickle.dumps(TelemetryError("http://x", 500, "no")))
    assert (str(error), error.status, json.dumps(error.text)) == ("http://x: HTTP 500: no", 500, '"no"')
