"""A transport to a living server, and calls through it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from loopback_pki import NO_PROXIES, Authority
from loopback_server import Front, fronted

from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.wire.methods import READ, VERSION
from talospatch.wire.proto import machine_pb2
from talospatch.wire.transport import RpcFailure

TALOS = Authority()
Body = Callable[[GrpcTransport, Front], Awaitable[Any]]


def run(directory: Path, body: Body, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", **options: Any) -> Any:
    """Run ``body`` with a transport to a living server; afterwards no task of ours may be left."""

    async def main() -> Any:
        async with fronted(tls or TALOS.server_context(directory), directory, host=host) as front:
            context = options.pop("context", TALOS.context(front.endpoint))
            transport = GrpcTransport(replace(context, endpoints=(front.endpoint,)), environ=NO_PROXIES, **options)
            try:
                async with asyncio.timeout(20):
                    return await body(transport, front)
            finally:
                await transport.close()

    return asyncio.run(main())


async def version(transport: GrpcTransport, node: str = "10.5.0.3", timeout: float = 5) -> str:
    answer = await transport.unary(VERSION, node, Empty(), timeout)
    return str(answer.messages[0].metadata.hostname)


async def read(transport: GrpcTransport, path: str, timeout: float = 10) -> AsyncGenerator[bytes, None]:
    async for data in transport.stream(READ, "10.5.0.3", machine_pb2.ReadRequest(path=path), timeout):
        yield data.bytes


async def failure_of(call: Awaitable[Any]) -> RpcFailure:
    with pytest.raises(RpcFailure) as caught:
        await call
    assert "unix:" not in caught.value.details
    return caught.value
