"""Endpoints that are lost, restarted, or never were: what becomes of calls, and where the next ones go."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from loopback_calls import TALOS, failure_of, run, version
from loopback_pki import NO_PROXIES, Authority
from loopback_server import Front, fronted, listening

from talospatch.errors import DialError
from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.wire.methods import APPLY_CONFIGURATION
from talospatch.wire.proto import machine_pb2
from talospatch.wire.transport import RpcFailure


def test_a_permanent_failure_ends_waiting_calls_at_once_and_they_surely_did_nothing(tmp_path: Path) -> None:
    async def main() -> tuple[list[str], float]:
        other = Authority()
        async with fronted(other.server_context(tmp_path), tmp_path) as front:
            transport = GrpcTransport(TALOS.context(front.endpoint), environ=NO_PROXIES)
            began = time.monotonic()
            found = await asyncio.gather(*(version(transport, timeout=30) for _ in range(5)), return_exceptions=True)
            seconds = time.monotonic() - began
            await transport.close()
            assert front.service.calls == 0
            return [error.reason for error in found if isinstance(error, DialError)], seconds

    reasons, seconds = asyncio.run(main())
    assert reasons == ["wrong-ca"] * 5
    assert seconds < 5


def test_a_deadline_that_ends_before_the_dial_says_that_there_was_no_connection() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> RpcFailure:
        async with listening(silent) as endpoint:
            transport = GrpcTransport(TALOS.context(endpoint), environ=NO_PROXIES)
            failure = await failure_of(version(transport, timeout=0.3))
            await transport.close()
            assert failure.details == f"no connection to {endpoint} within 0.3 s"
            return failure

    failure = asyncio.run(main())
    assert (failure.code, failure.acted) == ("DEADLINE_EXCEEDED", False)


def test_a_server_killed_in_the_middle_of_a_call_is_a_lost_connection_that_may_have_acted(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[str, str, bool, bool]:
        call = asyncio.ensure_future(transport.unary(APPLY_CONFIGURATION, "n", machine_pb2.ApplyConfigurationRequest(), 10))
        await front.service.holding.wait()
        await front.stop()
        failure = await failure_of(call)
        await front.start()
        return (
            failure.code,
            failure.details.split(" (")[0],
            failure.acted,
            failure.details.startswith(f"connection to {front.endpoint} lost"),
        )

    assert run(tmp_path, body)[0] == "UNAVAILABLE"
    code, _, acted, named = run(tmp_path, body)
    assert (code, acted, named) == ("UNAVAILABLE", True, True)


async def until_it_answers(transport: GrpcTransport) -> int:
    """Call until a call succeeds, as a caller who waits for a node does; how often it failed."""
    for failures in range(100):
        try:
            await version(transport)
        except (DialError, RpcFailure):
            await asyncio.sleep(0.05)
        else:
            return failures
    raise AssertionError("the server did not come back")


def test_a_restarted_server_is_dialled_again(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[str, str]:
        await version(transport)
        await front.stop()
        with pytest.raises((DialError, RpcFailure)):
            await version(transport)
        with pytest.raises(DialError) as caught:
            await transport.connect()
        await front.start()
        await until_it_answers(transport)
        return caught.value.reason, await version(transport)

    assert run(tmp_path, body) == ("refused", "10.5.0.3")


def test_a_call_under_way_outlives_a_graceful_stop_and_new_calls_go_elsewhere(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[bool, int]:
        call = asyncio.ensure_future(transport.unary(APPLY_CONFIGURATION, "n", machine_pb2.ApplyConfigurationRequest(), 10))
        await front.service.holding.wait()
        stopping = asyncio.ensure_future(front.go_away(grace=5))
        await asyncio.sleep(0.1)
        assert not call.done()
        front.service.release.set()
        answer = await call
        await stopping
        await front.start()
        await until_it_answers(transport)
        return answer == machine_pb2.ApplyConfigurationResponse(), front.accepted

    assert run(tmp_path, body) == (True, 2)


def test_calls_move_to_another_endpoint_when_theirs_is_lost(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def main() -> tuple[bool, bool]:
        async with (
            fronted(TALOS.server_context(tmp_path), tmp_path / "a") as first,
            fronted(TALOS.server_context(tmp_path), tmp_path / "b") as second,
        ):
            transport = GrpcTransport(TALOS.context(first.endpoint, second.endpoint), environ=NO_PROXIES)
            began = await transport.connect() == first.endpoint
            await first.stop()
            await until_it_answers(transport)
            moved = transport.endpoint == second.endpoint
            await first.start()
            await transport.close()
            return began, moved

    assert asyncio.run(main()) == (True, True)


def test_endpoints_that_are_given_replace_those_of_the_context(tmp_path: Path) -> None:
    async def main() -> bool:
        async with fronted(TALOS.server_context(tmp_path), tmp_path) as front:
            transport = GrpcTransport(TALOS.context("127.0.0.1:1"), endpoints=[front.endpoint], environ=NO_PROXIES)
            used = await transport.connect()
            await transport.close()
            return used == front.endpoint

    assert asyncio.run(main())
