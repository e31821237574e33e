"""A client of a simulated cluster with gRPC's own TLS, which can do ECDSA but not Ed25519."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from scripted_model import SPEC

from talospatch.simulator.clock import Clock, ScaledClock
from talospatch.simulator.pki import Authority, KeyKind
from talospatch.simulator.server import ClusterServer

if TYPE_CHECKING:
    from talospatch.simulator.model import Model
    from talospatch.simulator.network_faults import NetworkFaults

AUTHORITY = Authority(kind=KeyKind.ECDSA)
VERSION = "/machine.MachineService/Version"
READ = "/machine.MachineService/Read"
_LIMIT = 32 * 1024 * 1024


@contextlib.asynccontextmanager
async def serving(
    model: Model,
    *,
    clock: Clock | None = None,
    faults: NetworkFaults | None = None,
    authority: Authority = AUTHORITY,
    listen: dict[str, tuple[str, int]] | None = None,
) -> AsyncIterator[ClusterServer]:
    """Serve a model at both nodes of the test's cluster."""
    server = ClusterServer(model, SPEC.nodes, authority, clock or ScaledClock(), faults=faults, listen=listen)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def dialling(server: ClusterServer, endpoint: str = "cp-1", roles: Sequence[str] = ("os:admin",)) -> AsyncIterator[grpc.aio.Channel]:
    """Connect to an endpoint."""
    identity = AUTHORITY.client(roles)
    credentials = grpc.ssl_channel_credentials(AUTHORITY.certificate, identity.key, identity.certificate)
    options = (
        ("grpc.max_receive_message_length", _LIMIT),
        ("grpc.max_send_message_length", _LIMIT),
        ("grpc.initial_reconnect_backoff_ms", 50),
        ("grpc.max_reconnect_backoff_ms", 100),
        ("grpc.use_local_subchannel_pool", 1),
    )
    channel = grpc.aio.secure_channel(server.endpoints[endpoint].address, credentials, options=options)
    try:
        yield channel
    finally:
        await channel.close()


async def ask(
    channel: grpc.aio.Channel,
    method: str = VERSION,
    *requests: bytes,
    metadata: Sequence[tuple[str, str]] = (),
    timeout: float = 10.0,
    wait_for_ready: bool = False,
) -> tuple[list[bytes], str, str]:
    """Make one call of any shape; return messages, code and details."""

    async def sent() -> AsyncIterator[bytes]:
        for request in requests or (b"",):
            yield request

    multi: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
    call = multi(sent(), metadata=tuple(metadata), timeout=timeout, wait_for_ready=wait_for_ready)
    messages: list[bytes] = []
    try:
        async for message in call:
            messages.append(message)  # noqa: PERF401 - those before a failure count
    except grpc.aio.AioRpcError as error:
        return messages, error.code().name, error.details() or ""
    return messages, (await call.code()).name, await call.details() or ""


async def eventually(happened: object, seconds: float = 5.0) -> None:
    """Wait until a condition holds."""
    assert callable(happened)
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)
