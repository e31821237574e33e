"""Each fault of the network, as a client over TLS meets it."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from ecdsa_client import READ, VERSION, ask, dialling, eventually, serving
from scripted_model import ScriptedModel

from talospatch.simulator.exchange import Exchange, answer
from talospatch.simulator.network_faults import Call, Fault, FaultKind, Moment, NetworkFaults
from talospatch.wire.proto import common_pb2

pytestmark = pytest.mark.simulator


@pytest.mark.parametrize(("kind", "acted"), [(FaultKind.RESET_BEFORE, False), (FaultKind.RESET_AFTER, True)])
def test_a_reset_comes_before_or_after_the_node_has_acted(kind: FaultKind, acted: bool) -> None:
    """The client cannot tell the two apart; the model can."""

    async def run() -> None:
        model = ScriptedModel()
        faults = NetworkFaults.of(Fault(kind, method="Version", times=1))
        async with serving(model, faults=faults) as server, dialling(server) as channel:
            assert (await ask(channel, VERSION))[1] == "UNAVAILABLE"
            assert bool(model.asked) is acted
            # A call that comes before the channel has heard of the reset breaks with the old connection.
            assert "OK" in [(await ask(channel, VERSION, wait_for_ready=True))[1] for _ in range(5)]

    asyncio.run(run())


def test_latency_delays_the_answer() -> None:
    """By real seconds, whatever the cluster's clock does."""

    async def run() -> None:
        faults = NetworkFaults.of(Fault(FaultKind.LATENCY, method="Read", seconds=0.2))
        async with serving(ScriptedModel(), faults=faults) as server, dialling(server) as channel:
            await ask(channel, VERSION)
            start = time.monotonic()
            assert (await ask(channel, READ))[1] == "OK"
            assert time.monotonic() - start >= 0.2

    asyncio.run(run())


def test_a_silent_call_runs_into_the_clients_deadline_and_others_do_not() -> None:
    """Only the node that was named is silent."""

    async def run() -> None:
        model = ScriptedModel()
        faults = NetworkFaults.of(Fault(FaultKind.SILENCE, node="10.5.0.3"))
        async with serving(model, faults=faults) as server, dialling(server) as channel:
            silent = asyncio.create_task(ask(channel, READ, metadata=(("node", "10.5.0.3"),), timeout=0.4))
            assert (await ask(channel, READ, metadata=(("node", "10.5.0.4"),)))[1] == "OK"
            assert (await silent)[1] == "DEADLINE_EXCEEDED"
        assert len(model.asked) == 1

    asyncio.run(run())


def test_a_node_that_cannot_be_reached_is_apids_own_answer() -> None:
    """The text is apid's, with the node's address."""

    async def run() -> None:
        faults = NetworkFaults.of(Fault(FaultKind.UNREACHABLE, node="10.5.0.3"))
        async with serving(ScriptedModel(), faults=faults) as server, dialling(server) as channel:
            _, code, details = await ask(channel, READ, metadata=(("node", "10.5.0.3"),))
        assert code == "UNAVAILABLE"
        assert details == 'connection error: desc = "transport: Error while dialing: dial tcp 10.5.0.3:50000: connect: connection refused"'

    asyncio.run(run())


def test_goaway_moves_clients_to_a_new_connection_and_loses_no_call() -> None:
    """The call in flight when it is said ends well, and so do those that follow."""
    open_until = {"now": False}

    def script(asked: object) -> Exchange:
        def later(now: float) -> list[common_pb2.Data]:
            if open_until["now"]:
                raise_end()
            return []

        return (
            Exchange([common_pb2.Data(bytes=b"begun")], follow=later) if len(model.asked) == 1 else answer(common_pb2.Data(bytes=b"next"))
        )

    def raise_end() -> None:
        from talospatch.simulator.exchange import StreamBroken

        raise StreamBroken("OK", "")

    model = ScriptedModel(script)

    async def run() -> None:
        faults = NetworkFaults.of(Fault(FaultKind.GOAWAY, first=2, times=1))
        async with serving(model, faults=faults) as server, dialling(server) as channel:
            in_flight = asyncio.create_task(ask(channel, READ))
            await eventually(lambda: model.asked)
            front = server.endpoints["cp-1"].front
            before = front.accepted
            for _ in range(10):
                assert (await ask(channel, READ, wait_for_ready=True))[1] == "OK"
            await eventually(lambda: front.accepted > before)
            open_until["now"] = True
            assert (await in_flight)[1] == "OK"

    asyncio.run(run())


def test_a_refused_endpoint_refuses_until_the_fault_is_gone() -> None:
    """It listens again by itself."""

    async def run() -> None:
        fault = Fault(FaultKind.REFUSED, endpoint="cp-1")
        faults = NetworkFaults.of(fault)
        async with serving(ScriptedModel(), faults=faults) as server:
            port = server.endpoints["cp-1"].front.port
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=5)
            faults.faults.remove(fault)
            async with dialling(server) as channel:
                assert (await ask(channel, wait_for_ready=True))[1] == "OK"

    asyncio.run(run())


def test_a_black_hole_accepts_and_says_nothing() -> None:
    """Neither a byte nor an end comes."""

    async def run() -> None:
        faults = NetworkFaults.of(Fault(FaultKind.BLACK_HOLE, times=1))
        async with serving(ScriptedModel(), faults=faults) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.endpoints["cp-1"].front.port)
            writer.write(b"\x16\x03\x01")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.3)
            writer.close()
            async with dialling(server) as channel:
                assert (await ask(channel))[1] == "OK"

    asyncio.run(run())


def test_a_reset_on_accept_is_a_reset() -> None:
    """And no orderly end."""

    async def run() -> None:
        faults = NetworkFaults.of(Fault(FaultKind.RESET_ON_ACCEPT, times=1))
        async with serving(ScriptedModel(), faults=faults) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.endpoints["cp-1"].front.port)
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            writer.close()

    asyncio.run(run())


@pytest.mark.parametrize(("kind", "up", "down"), [(FaultKind.SLOW_READER, 400_000, 10), (FaultKind.SLOW_WRITER, 10, 400_000)])
def test_a_slow_side_takes_its_time_and_loses_nothing(kind: FaultKind, up: int, down: int) -> None:
    """400 kB at 1 MB a second take 0.4 s, in the direction that is slow."""

    async def run() -> None:
        model = ScriptedModel(lambda asked: answer(common_pb2.Data(bytes=b"d" * down)))
        faults = NetworkFaults.of(Fault(kind, rate=1_000_000))
        async with serving(model, faults=faults) as server, dialling(server) as channel:
            await ask(channel, VERSION)
            start = time.monotonic()
            messages, code, _ = await ask(channel, READ, b"u" * up)
            assert time.monotonic() - start > 0.25
        assert code == "OK"
        assert len(model.asked[-1].requests[0]) == up
        assert len(common_pb2.Data.FromString(messages[0]).bytes) == down

    asyncio.run(run())


def test_the_hook_sees_every_call_before_and_after_the_node_acts() -> None:
    """Numbered over all endpoints, so that the k-th can be picked; here it takes the endpoint away right after the second has acted."""
    seen: list[tuple[Moment, int, str, str]] = []
    model = ScriptedModel()

    async def run() -> None:
        def hook(moment: Moment, call: Call) -> None:
            seen.append((moment, call.number, call.endpoint, call.node))
            if moment is Moment.AFTER and call.number == 2:
                server.stop_endpoint("cp-1")

        faults = NetworkFaults(hook=hook)
        async with serving(model, faults=faults) as server, dialling(server) as channel:
            assert (await ask(channel, VERSION))[1] == "OK"
            assert (await ask(channel, READ, metadata=(("node", "10.5.0.3"),)))[1] == "UNAVAILABLE"

    asyncio.run(run())
    assert seen == [
        (Moment.BEFORE, 1, "cp-1", ""),
        (Moment.AFTER, 1, "cp-1", ""),
        (Moment.BEFORE, 2, "cp-1", "10.5.0.3"),
        (Moment.AFTER, 2, "cp-1", "10.5.0.3"),
    ]
    assert len(model.asked) == 2
