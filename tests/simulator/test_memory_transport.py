"""In memory, calls mean the same as over the network, and a run repeats exactly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from google.protobuf import empty_pb2
from scripted_model import Asked, ScriptedModel

from talospatch.simulator.clock import VirtualClock
from talospatch.simulator.exchange import Exchange, Link, StreamBroken, answer, failure
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.network_faults import Fault, FaultKind, Moment, NetworkFaults
from talospatch.wire.methods import APPLY_CONFIGURATION, CONTAINER_RUN, IMAGE_IMPORT, READ, VERSION
from talospatch.wire.proto import common_pb2, debug_pb2, image_pb2, machine_pb2
from talospatch.wire.transport import RpcFailure, Transport

EMPTY = empty_pb2.Empty()


def _version(tag: str) -> machine_pb2.VersionResponse:
    return machine_pb2.VersionResponse(messages=[machine_pb2.Version(version=machine_pb2.VersionInfo(tag=tag))])


def _failure(call: Awaitable[Any]) -> RpcFailure:
    async def run() -> RpcFailure:
        with pytest.raises(RpcFailure) as caught:
            await call
        return caught.value

    return asyncio.run(run())


async def _all(stream: AsyncIterator[Any]) -> list[Any]:
    return [message async for message in stream]


def test_it_is_a_transport() -> None:
    """The seam is satisfied, by type and in use."""
    transport: Transport = MemoryTransport(ScriptedModel(lambda asked: answer(_version("v1.14.0"))), VirtualClock())
    reply = asyncio.run(transport.unary(VERSION, "10.5.0.3", EMPTY, 5))
    assert reply.messages[0].version.tag == "v1.14.0"


def test_the_model_is_asked_as_over_the_network() -> None:
    """Endpoint, roles and node; no node means no metadata at all."""
    model = ScriptedModel(lambda asked: answer(_version("v1.14.0")))
    transport = MemoryTransport(model, VirtualClock(100.0), roles=("os:reader",), endpoint="cp-2")
    for node in ("10.5.0.3", ""):
        asyncio.run(transport.unary(VERSION, node, EMPTY, 5))
    assert [(asked.endpoint, asked.roles, asked.metadata, asked.method, asked.now) for asked in model.asked] == [
        ("cp-2", ("os:reader",), {"node": ("10.5.0.3",)}, VERSION.path, 100.0),
        ("cp-2", ("os:reader",), {}, VERSION.path, 100.0),
    ]


def test_what_comes_back_is_nobody_elses_object() -> None:
    """A client may keep and change it; the model keeps its own."""
    kept = _version("v1.14.0")
    transport = MemoryTransport(ScriptedModel(lambda asked: answer(kept)), VirtualClock())
    asyncio.run(transport.unary(VERSION, "", EMPTY, 5)).messages[0].version.tag = "changed"
    assert kept.messages[0].version.tag == "v1.14.0"


def test_a_status_becomes_a_failure_with_its_text() -> None:
    """For unary calls and for streams, after what the stream has said."""
    model = ScriptedModel(lambda asked: Exchange([common_pb2.Data(bytes=b"a")], "UNKNOWN", "skipping"))
    transport = MemoryTransport(model, VirtualClock())
    assert str(_failure(transport.unary(READ, "", EMPTY, 5))) == "UNKNOWN: skipping"
    seen = []

    async def read() -> None:
        async for message in transport.stream(READ, "", EMPTY, 5):
            seen.append(message.bytes)  # noqa: PERF401 - those before the failure count

    assert _failure(read()).code == "UNKNOWN"
    assert seen == [b"a"]


def test_a_clients_stream_is_sent_whole_and_a_run_by_its_first_message() -> None:
    """As the server over the network does it."""
    model = ScriptedModel(lambda asked: answer(image_pb2.ImageServiceImportResponse(name="x")))
    transport = MemoryTransport(model, VirtualClock())

    async def chunks(kind: Any) -> AsyncIterator[Any]:
        for _ in range(3):
            yield kind()

    asyncio.run(transport.client_stream(IMAGE_IMPORT, "", chunks(image_pb2.ImageServiceImportRequest), 5))
    model.script = lambda asked: answer(debug_pb2.DebugContainerRunResponse(exit_code=0))
    asyncio.run(_all(transport.stream(CONTAINER_RUN, "", chunks(debug_pb2.DebugContainerRunRequest), 5)))
    assert [len(asked.requests) for asked in model.asked] == [3, 1]


def test_an_answer_that_takes_time_takes_it_from_the_clock() -> None:
    """And past the deadline the call has failed, at its deadline."""
    clock = VirtualClock(100.0)

    def slow(asked: Asked) -> Exchange:
        return Exchange([_version("v1.14.0")], answers_at=asked.now + 10)

    transport = MemoryTransport(ScriptedModel(slow), clock)
    asyncio.run(transport.unary(VERSION, "", EMPTY, 15))
    assert clock.now() == 110.0
    assert _failure(transport.unary(VERSION, "", EMPTY, 5)).code == "DEADLINE_EXCEEDED"
    assert clock.now() == 115.0


def test_an_open_stream_is_followed_until_it_breaks() -> None:
    """In the clock's time; an orderly end is no failure."""
    clock = VirtualClock(100.0)

    def later(now: float) -> list[common_pb2.Data]:
        if now > 103:
            raise StreamBroken("UNAVAILABLE", "error reading from server: EOF")
        if now > 102:
            return [common_pb2.Data(bytes=b"later")]
        return []

    transport = MemoryTransport(ScriptedModel(lambda asked: Exchange([], follow=later)), clock)
    assert _failure(_all(transport.stream(READ, "", EMPTY, 60))).details == "error reading from server: EOF"
    assert 103 < clock.now() < 104
    assert _failure(_all(transport.stream(READ, "", EMPTY, 0.5))).code == "UNAVAILABLE"

    def ends(now: float) -> list[common_pb2.Data]:
        raise StreamBroken("OK", "")

    transport = MemoryTransport(ScriptedModel(lambda asked: Exchange([], follow=ends)), clock)
    assert asyncio.run(_all(transport.stream(READ, "", EMPTY, 60))) == []


def test_an_open_stream_ends_with_the_deadline() -> None:
    """Nothing new comes, and time passes."""
    clock = VirtualClock(100.0)
    transport = MemoryTransport(ScriptedModel(lambda asked: Exchange([], follow=lambda now: [])), clock)
    assert _failure(_all(transport.stream(READ, "", EMPTY, 3))).code == "DEADLINE_EXCEEDED"
    assert clock.now() == pytest.approx(103)


@pytest.mark.parametrize(
    ("make", "acted"),
    [
        (lambda model: model.down.add("cp-1"), False),
        (lambda model: setattr(model, "script", lambda asked: Exchange(link=Link.REFUSED)), False),
        (lambda model: setattr(model, "script", lambda asked: Exchange(link=Link.LOST)), True),
    ],
)
def test_a_lost_connection_says_whether_the_node_may_have_acted(make: Any, acted: bool) -> None:
    """Refused before anything was sent is safe to repeat; lost on the way is not known."""
    model = ScriptedModel(lambda asked: failure("OK", ""))
    make(model)
    caught = _failure(MemoryTransport(model, VirtualClock()).unary(APPLY_CONFIGURATION, "", EMPTY, 5))
    assert (caught.code, caught.acted) == ("UNAVAILABLE", acted)


@pytest.mark.parametrize(
    ("kind", "code", "asked"),
    [
        (FaultKind.RESET_BEFORE, "UNAVAILABLE", 0),
        (FaultKind.RESET_AFTER, "UNAVAILABLE", 1),
        (FaultKind.SILENCE, "DEADLINE_EXCEEDED", 0),
        (FaultKind.UNREACHABLE, "UNAVAILABLE", 0),
        (FaultKind.REFUSED, "UNAVAILABLE", 0),
    ],
)
def test_faults_of_calls_strike_here_too(kind: FaultKind, code: str, asked: int) -> None:
    """Whether the node has acted is as over the network."""
    model = ScriptedModel(lambda asked: answer(_version("v1.14.0")))
    transport = MemoryTransport(model, VirtualClock(), faults=NetworkFaults.of(Fault(kind)))
    assert _failure(transport.unary(VERSION, "10.5.0.3", EMPTY, 5)).code == code
    assert len(model.asked) == asked


def test_latency_passes_on_the_clock_and_hooks_see_each_call() -> None:
    """Nothing sleeps."""
    moments = []
    clock = VirtualClock(100.0)
    faults = NetworkFaults.of(Fault(FaultKind.LATENCY, seconds=2.0), hook=lambda moment, call: moments.append((moment, call.number)))
    transport = MemoryTransport(ScriptedModel(lambda asked: answer(_version("v1"))), clock, faults=faults)
    asyncio.run(transport.unary(VERSION, "", EMPTY, 5))
    assert clock.now() == 102.0
    assert moments == [(Moment.BEFORE, 1), (Moment.AFTER, 1)]
