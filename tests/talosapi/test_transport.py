"""Calls over gRPC and real TLS: what is sent, what comes back, and how a call fails."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from loopback_calls import TALOS, failure_of, read, run, version
from loopback_pki import NO_PROXIES, Authority
from loopback_server import Front, listening

from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.wire.methods import CONTAINER_RUN, IMAGE_IMPORT, IMAGE_LIST, VERSION
from talospatch.wire.proto import common_pb2, debug_pb2, image_pb2
from talospatch.wire.transport import RpcFailure


def test_a_call_names_its_node_and_nothing_else_by_it(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> dict[str, str]:
        assert await version(transport, "10.5.0.3") == "10.5.0.3"
        return front.service.metadata

    metadata = run(tmp_path, body)
    assert {key: metadata[key] for key in ("node", "runtime")} == {"node": "10.5.0.3", "runtime": "Talos"}
    assert not {"nodes", "context", "authorization"} & set(metadata)


def test_a_call_to_the_endpoint_itself_names_no_node(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> dict[str, str]:
        await version(transport, "")
        return front.service.metadata

    assert "node" not in run(tmp_path, body)


def test_cluster_and_basic_authentication_travel_as_metadata(tmp_path: Path) -> None:
    context = TALOS.context("x", cluster="home", auth="basic", username="me", password="hunter22")

    async def body(transport: GrpcTransport, front: Front) -> dict[str, str]:
        await version(transport)
        return front.service.metadata

    metadata = run(tmp_path, body, context=context)
    assert (metadata["context"], metadata["authorization"]) == ("home", "Basic bWU6aHVudGVyMjI=")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_clusters_with_other_kinds_of_keys_work_too(kind: str, tmp_path: Path) -> None:
    authority = Authority(kind)
    tls = authority.server_context(tmp_path)
    assert run(tmp_path, lambda transport, front: version(transport), tls=tls, context=authority.context("x")) == "10.5.0.3"


def test_tls_1_2_of_an_older_talos_works(tmp_path: Path) -> None:
    tls = TALOS.server_context(tmp_path)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    assert run(tmp_path, lambda transport, front: version(transport), tls=tls) == "10.5.0.3"


def test_a_server_that_negotiates_no_protocol_but_speaks_http2_is_taken(tmp_path: Path) -> None:
    assert run(tmp_path, lambda transport, front: version(transport), tls=TALOS.server_context(tmp_path, alpn=False)) == "10.5.0.3"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6_works(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[str, str]:
        return await transport.connect(), await version(transport)

    endpoint, platform = run(tmp_path, body, host="::1")
    assert (endpoint.startswith("[::1]:"), platform) == (True, "10.5.0.3")


def test_connecting_first_costs_no_second_handshake(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[bool, int]:
        right = await transport.connect() == await transport.connect() == front.endpoint
        await asyncio.gather(*(version(transport) for _ in range(20)))
        return right, front.accepted

    assert run(tmp_path, body) == (True, 1)


def test_streams_of_all_shapes_pass(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[image_pb2.ImageServiceImportRequest]:
        for _ in range(3):
            yield image_pb2.ImageServiceImportRequest(image_chunk=common_pb2.Data(bytes=b"x" * 1000))

    async def keys() -> AsyncIterator[debug_pb2.DebugContainerRunRequest]:
        yield debug_pb2.DebugContainerRunRequest(stdin_data=b"hi")

    async def body(transport: GrpcTransport, front: Front) -> tuple[int, str, list[Any]]:
        size = sum([len(data) async for data in read(transport, "1024x100")])
        imported = await transport.client_stream(IMAGE_IMPORT, "n", chunks(), 5)
        answers = [answer async for answer in transport.stream(CONTAINER_RUN, "n", keys(), 5)]
        return size, imported.name, [answers[0].stdout_data, answers[1].exit_code]

    assert run(tmp_path, body) == (102_400, "3000", [b"hi", 0])


def test_what_the_callers_own_stream_raises_comes_back_to_the_caller(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[debug_pb2.DebugContainerRunRequest]:
        yield debug_pb2.DebugContainerRunRequest(stdin_data=b"hi")
        raise LookupError("no more keys")

    async def body(transport: GrpcTransport, front: Front) -> str:
        with pytest.raises(LookupError, match="no more keys"):
            async for _ in transport.stream(CONTAINER_RUN, "n", broken(), 5):
                pass
        return await version(transport)

    assert run(tmp_path, body) == "10.5.0.3"


def test_a_message_of_30_mib_passes_and_one_over_32_does_not(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[int, str]:
        size = sum([len(data) async for data in read(transport, f"{30 << 20}x1")])
        with pytest.raises(RpcFailure) as caught:
            async for _ in read(transport, f"{33 << 20}x1"):
                pass
        return size, caught.value.code

    assert run(tmp_path, body) == (30 << 20, "RESOURCE_EXHAUSTED")


def test_a_refusal_that_quotes_a_whole_configuration_arrives_whole(tmp_path: Path) -> None:
    failure = run(tmp_path, lambda transport, front: failure_of(version(transport, "long-refusal")))
    assert (failure.code, len(failure.details), failure.acted) == ("INVALID_ARGUMENT", 300_000, True)


def test_an_unreachable_node_is_told_in_the_words_of_the_endpoint(tmp_path: Path) -> None:
    failure = run(tmp_path, lambda transport, front: failure_of(version(transport, "down")))
    assert (failure.code, failure.details) == ("UNAVAILABLE", 'connection error: desc = "transport: dial tcp 10.0.0.9:50000"')


def test_a_call_that_takes_too_long_ends_at_its_deadline(tmp_path: Path) -> None:
    began = time.monotonic()
    failure = run(tmp_path, lambda transport, front: failure_of(version(transport, "silent", timeout=0.2)))
    assert (failure.code, failure.acted) == ("DEADLINE_EXCEEDED", True)
    assert time.monotonic() - began < 5


def test_a_server_that_resets_the_call_at_its_deadline_took_too_long_as_well(tmp_path: Path) -> None:
    """Go's server does, and its reset may overtake the client's own clock."""
    failure = run(tmp_path, lambda transport, front: failure_of(version(transport, "gives-up", timeout=0.5)))
    assert (failure.code, failure.details, failure.acted) == ("DEADLINE_EXCEEDED", "Deadline Exceeded", True)


def test_an_answer_that_is_no_message_is_an_internal_error(tmp_path: Path) -> None:
    failure = run(tmp_path, lambda transport, front: failure_of(version(transport, "nonsense")))
    assert (failure.code, failure.details) == ("INTERNAL", "the answer to Version is no machine.VersionResponse")


def test_a_method_that_the_server_does_not_have_says_so(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> RpcFailure:
        with pytest.raises(RpcFailure) as caught:
            async for _ in transport.stream(IMAGE_LIST, "n", image_pb2.ImageServiceListRequest(), 5):
                pass
        return caught.value

    assert run(tmp_path, body).code == "UNIMPLEMENTED"


def test_a_web_server_that_speaks_http2_is_no_talos(tmp_path: Path) -> None:
    settings = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
    # HEADERS on stream 1 with END_HEADERS and END_STREAM: ":status: 404", index 13 of HPACK's static table.
    not_found = bytes((0, 0, 1, 1, 5, 0, 0, 0, 1, 0x8D))

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(settings)
        while VERSION.path.encode() not in await reader.read(1 << 16):
            pass
        writer.write(not_found)
        await reader.read()

    async def main() -> RpcFailure:
        async with listening(converse, tls=TALOS.server_context(tmp_path)) as endpoint:
            transport = GrpcTransport(TALOS.context(endpoint), environ=NO_PROXIES)
            failure = await failure_of(version(transport))
            await transport.close()
            return failure

    failure = asyncio.run(main())
    assert "answered with HTTP status 404 instead of gRPC: this is not a Talos API" in failure.details
