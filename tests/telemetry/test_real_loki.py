"""The questions that are asked of Loki, answered by a real one."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from real_loki import VARIABLE, program, push, running

from talospatch.cni.logreport import LogReport, PodName
from talospatch.cnicheck.loki import LokiQuestion, ask_loki
from talospatch.errors import InputError, TelemetryError
from talospatch.telemetry.loki import Entry, Loki
from talospatch.telemetry.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOKI = program()
pytestmark = pytest.mark.skipif(LOKI is None, reason=f"no Loki: build it with tools/servers.py, or name one in {VARIABLE}")

SECOND = 1_000_000_000
NOW = int(time.time())
START, END = NOW - 7200, NOW + 60
ID, OTHER = "a1" * 32, "b2" * 32
EMPTY = "decoding version from network config: unexpected end of JSON input"
CAUSE = f'failed to destroy network for sandbox "{ID}": failed to get network "cbr0" cached result: {EMPTY}'


@pytest.fixture(scope="module")
def loki() -> Iterator[str]:
    """One for all of them; each uses streams of its own."""
    assert LOKI is not None
    with running(LOKI) as url:
        yield url


def found(url: str, query: str, *, page: int = 5000, **more: Any) -> list[Entry]:
    async def read() -> list[Entry]:
        async with Loki(Source(url=url, **more), page=page) as client:
            return [entry async for entry in client.lines(query, START, END)]

    return asyncio.run(read())


def ask(url: str, **more: Any) -> LogReport:
    async def asked() -> LogReport:
        async with Loki(Source(url=url)) as client:
            return await ask_loki(client, LokiQuestion(start=START, end=END, **more))

    return asyncio.run(asked())


def test_what_is_sent_by_talos_and_by_shippers_is_found_in_every_form(loki: str) -> None:
    """The kubelet's JSON as it is, as Talos's log sender joins it, its text, and containerd's JSON; each escapes quotes otherwise."""
    lines = [
        json.dumps({"ts": (NOW - 600) * 1000, "msg": "StopPodSandbox from runtime service failed", "err": CAUSE, "podSandboxID": ID}),
        json.dumps({"msg": f"StopPodSandbox from runtime service failed: rpc error: {CAUSE}", "talos-service": "kubelet"}),
        f'E0101 00:00:00.000000 1 x.go:1] "StopPodSandbox from runtime service failed" err={json.dumps(CAUSE)}',
        json.dumps({"error": CAUSE, "level": "error", "msg": f'StopPodSandbox for "{ID}" failed'}),
        json.dumps({"ts": NOW * 1000, "msg": "SyncLoop ADD"}),
    ]
    push(loki, {"job": "forms", "node": "worker-1"}, [((NOW - 300 + number) * SECOND, line) for number, line in enumerate(lines)])
    made = f'RunPodSandbox for &PodSandboxMetadata{{Name:web-1,Uid:u,Namespace:shop,Attempt:0,}} returns sandbox id "{ID}"'
    push(loki, {"job": "forms", "node": "worker-1"}, [((NOW - 3600) * SECOND, json.dumps({"msg": made}))])
    report = ask(loki, selector='{job="forms"}')
    (log,) = report.sandboxes.values()
    assert (log.sandbox, log.reason, log.lines, log.node, log.pod) == (ID, EMPTY, 4, "worker-1", PodName("shop", "web-1", "u"))
    assert list(report.failing()) == [ID]


def test_without_a_selector_every_stream_is_asked(loki: str) -> None:
    """Loki 3 gives each one the label that stands in for a selector."""
    push(loki, {"anything": "at all"}, [((NOW - 60) * SECOND, json.dumps({"err": CAUSE.replace(ID, OTHER)}))])
    assert OTHER in ask(loki).sandboxes


@pytest.mark.parametrize("page", [7, 50, 5000])
def test_pages_of_a_real_loki_give_every_line_once(page: int, loki: str) -> None:
    """Of several streams, several lines sharing a moment; and its own limit, from which on there are pages."""
    labels = [{"job": f"pages-{page}", "node": f"worker-{number}"} for number in range(3)]
    for number, each in enumerate(labels):
        push(loki, each, [((NOW - 600 + at // 2) * SECOND, f"{number}-{at}") for at in range(60)])
    entries = found(loki, f'{{job="pages-{page}"}}', page=page)
    assert sorted(entry.line for entry in entries) == sorted(f"{number}-{at}" for number in range(3) for at in range(60))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_a_real_loki_says_how_many_lines_it_allows(loki: str) -> None:
    """In words that are understood: the page becomes smaller."""
    push(loki, {"job": "limit"}, [((NOW - 600) * SECOND + number, f"{number}") for number in range(5200)])
    assert len(found(loki, '{job="limit"}', page=9000)) == 5200


def test_a_wrong_query_is_told_in_lokis_words(loki: str) -> None:
    """With its place."""
    with pytest.raises(TelemetryError, match=r"HTTP 400: parse error at line 1, col \d+: syntax error"):
        found(loki, '{job="x"} |= )')
    with pytest.raises(TelemetryError, match="must select lines"):
        found(loki, 'count_over_time({job="limit"}[1m])')


def test_a_selector_that_selects_nothing_is_told_what_there_is(loki: str) -> None:
    """By its labels."""
    push(loki, {"job": "there"}, [((NOW - 60) * SECOND, "x")])
    with pytest.raises(InputError, match=r'\{job="nowhere"\} selects no stream; streams there have the labels .*job'):
        ask(loki, selector='{job="nowhere"}')


def test_a_tenant_is_asked_for_and_accepted() -> None:
    """Without one the answer is 401, and the error says how to log in."""
    assert LOKI is not None
    with running(LOKI, auth=True) as url:
        push(url, {"job": "x"}, [((NOW - 60) * SECOND, "mine")], tenant="team-a")
        with pytest.raises(TelemetryError, match=r"HTTP 401: it wants us to log in: .*no org id"):
            found(url, '{job="x"}')
        assert [entry.line for entry in found(url, '{job="x"}', tenant="team-a")] == ["mine"]
        assert found(url, '{job="x"}', tenant="team-b") == []


def test_nothing_of_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a process nor a directory."""
    assert LOKI is not None
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with running(LOKI) as url:
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TelemetryError):
        found(url, "{}")
