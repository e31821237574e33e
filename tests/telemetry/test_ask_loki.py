"""What is asked of Loki, and what its lines tell."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from loki_server import Store, serving

from talospatch.cni.logreport import LogReport, PodName
from talospatch.cnicheck.loki import NODE_LABELS, LokiQuestion, ask_loki
from talospatch.errors import InputError
from talospatch.telemetry.loki import Loki
from talospatch.telemetry.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

START, END, SECOND = 1_780_000_000, 1_780_003_600, 1_000_000_000
ID, OTHER = "a1" * 32, "b2" * 32
EMPTY = "decoding version from network config: unexpected end of JSON input"


def sent(sandbox: str = ID) -> str:
    """As Talos's log sender sends it, and Loki has it."""
    cause = f'failed to destroy network for sandbox "{sandbox}": failed to get network "cbr0" cached result: {EMPTY}'
    said = f"StopPodSandbox from runtime service failed: rpc error: code = Unknown desc = {cause}"
    return json.dumps({"msg": said, "podSandboxID": sandbox, "talos-service": "kubelet"})


def made(sandbox: str, pod: str) -> str:
    said = f'RunPodSandbox for &PodSandboxMetadata{{Name:{pod},Uid:u,Namespace:shop,Attempt:0,}} returns sandbox id "{sandbox}"'
    return json.dumps({"level": "info", "msg": said})


def store(lines: Iterable[tuple[float, str]], **labels: str) -> Store:
    found = Store()
    for at, line in lines:
        found.add({"job": "talos", "service_name": "talos", **labels}, int(at * SECOND), line)
    return found


def ask(of: Store, *, page: int = 5000, **more: Any) -> LogReport:
    async def asked(url: str) -> LogReport:
        async with Loki(Source(url=url), page=page) as loki:
            return await ask_loki(loki, LokiQuestion(**{"start": START, "end": END, **more}))

    with serving(of) as url:
        return asyncio.run(asked(url))


def test_what_lokis_lines_say_is_one_report() -> None:
    """Failures with their node, and then whose sandboxes these are; lines that do not matter are never sent."""
    of = store([(END - 60 * number, sent()) for number in range(1, 30)], node="worker-1")
    of.add({"job": "talos", "service_name": "talos"}, (START + 5) * SECOND, made(ID, "web-1"))
    of.add({"job": "talos", "service_name": "talos"}, (START + 5) * SECOND, made(OTHER, "web-2"))
    of.add({"job": "talos", "service_name": "talos"}, (START + 6) * SECOND, "SyncLoop")
    report = ask(of)
    (log,) = report.sandboxes.values()
    assert (log.sandbox, log.reason, log.lines, log.node, log.pod) == (ID, EMPTY, 29, "worker-1", PodName("shop", "web-1", "u"))
    assert list(report.failing()) == [ID]
    assert OTHER not in report.pods
    queries = [parameters["query"] for _, parameters in of.asked]
    assert queries == [
        '{service_name=~".+"} |~ "destroy network for sandbox|cached result: |no IP addresses available"',
        f'{{service_name=~".+"}} |= "returns sandbox id" |~ "{ID}"',
    ]


def test_what_failed_and_ended_before_the_time_asked_for_is_over() -> None:
    """The log is known to its end, though its last lines were not asked for."""
    report = ask(store([(START + number, sent()) for number in range(10)]))
    assert report.failing() == {}
    assert (report.first, report.last) == (START, END)


@pytest.mark.parametrize("page", [7, 10, 5000])
def test_it_does_not_matter_how_large_pages_are(page: int) -> None:
    """A busy fleet needs many."""
    report = ask(store([(START + number, sent(f"{number % 9:064x}")) for number in range(100)]), page=page)
    assert sum(log.lines for log in report.sandboxes.values()) == 100


def test_many_sandboxes_are_asked_for_a_few_at_a_time() -> None:
    """A query must not be endless."""
    of = store([(START + number, sent(f"{number:064x}")) for number in range(45)])
    ask(of)
    assert len(of.asked) == 1 + 3


def test_no_more_lines_are_read_than_was_said() -> None:
    """And that is told."""
    report = ask(store([(START + number, sent()) for number in range(100)]), most_lines=30)
    assert report.sandboxes[ID].lines == 30
    assert report.notes == ("Loki has more than 30 lines: the rest was not read, ask for less time",)


def test_a_log_without_such_lines_is_in_order() -> None:
    """It is there, and says nothing of the kind."""
    report = ask(store([(START + 1, "SyncLoop")]))
    assert (report.sandboxes, report.notes) == ({}, ())


def test_a_selector_that_selects_nothing_is_refused_with_the_labels_that_there_are() -> None:
    """Else silence would look like health."""
    with pytest.raises(
        InputError, match=r'\{job="x"\} selects no stream; streams there have the labels job, service_name; select those of'
    ):
        ask(store([(START + 1, "SyncLoop")]), selector='{job="x"}')
    with pytest.raises(InputError, match="there are no streams at all in that time"):
        ask(Store())


@pytest.mark.parametrize("label", NODE_LABELS)
def test_the_node_is_known_by_the_labels_that_shippers_set(label: str) -> None:
    """A scrape's instance has a port, an IPv6 address has colons."""
    for value, expected in (("worker-1", "worker-1"), ("10.0.0.5:50000", "10.0.0.5"), ("fd00::5", "fd00::5")):
        assert ask(store([(START + 1, sent())], **{label: value})).sandboxes[ID].node == expected


@pytest.mark.parametrize("wrong", [{"selector": "job"}, {"selector": ""}, {"start": END, "end": START}, {"start": float("nan")}])
def test_what_is_no_question_is_refused(wrong: dict[str, Any]) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError):
        LokiQuestion(**{"start": START, "end": END, **wrong})
