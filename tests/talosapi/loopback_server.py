"""A gRPC server behind real TLS on loopback, and servers that misbehave in one way each."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc.aio

from talospatch.wire.methods import APPLY_CONFIGURATION, CONTAINER_RUN, IMAGE_IMPORT, READ, VERSION
from talospatch.wire.proto import common_pb2, debug_pb2, image_pb2, machine_pb2

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Service(grpc.GenericRpcHandler):
    """Answers a handful of methods in ways that tests need; the node named in the metadata says which.

    Attributes:
        metadata: of the last call.
        holding: set while an ``ApplyConfiguration`` waits; ``release`` lets it go.
    """

    def __init__(self) -> None:
        self.metadata: dict[str, str] = {}
        self.calls = self.most = self._under_way = 0
        self.holding, self.release = asyncio.Event(), asyncio.Event()

    def service(self, details: Any) -> Any:
        self.metadata = {key: value for key, value in details.invocation_metadata if isinstance(value, str)}
        self.calls += 1
        return {
            VERSION.path: grpc.unary_unary_rpc_method_handler(self._version),
            APPLY_CONFIGURATION.path: grpc.unary_unary_rpc_method_handler(self._hold),
            READ.path: grpc.unary_stream_rpc_method_handler(self._read),
            IMAGE_IMPORT.path: grpc.stream_unary_rpc_method_handler(self._import),
            CONTAINER_RUN.path: grpc.stream_stream_rpc_method_handler(self._run),
        }.get(details.method)

    async def _version(self, request: bytes, context: Any) -> bytes:
        node = dict(context.invocation_metadata()).get("node", "")
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        await asyncio.sleep(0.02 if node == "slow" else 0)
        self._under_way -= 1
        if node == "silent":
            await asyncio.sleep(60)
        if node == "gives-up":
            await asyncio.sleep((context.time_remaining() or 0) - 0.03)
            await context.abort(grpc.StatusCode.CANCELLED, "Stream removed (RST_STREAM (Received RST_STREAM with error code 8))")
        if node == "long-refusal":
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "x" * 300_000)
        if node == "down":
            await context.abort(grpc.StatusCode.UNAVAILABLE, 'connection error: desc = "transport: dial tcp 10.0.0.9:50000"')
        if node == "nonsense":
            return b"\xff\xff\xff"
        return machine_pb2.VersionResponse(messages=[machine_pb2.Version(metadata=common_pb2.Metadata(hostname=node))]).SerializeToString()

    async def _hold(self, request: bytes, context: Any) -> bytes:
        self.holding.set()
        await self.release.wait()
        return machine_pb2.ApplyConfigurationResponse().SerializeToString()

    async def _read(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        size, count = (int(part) for part in machine_pb2.ReadRequest.FromString(request).path.split("x"))
        chunk = common_pb2.Data(bytes=b"a" * size).SerializeToString()
        for _ in range(count):
            yield chunk

    async def _import(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        size = 0
        async for data in requests:
            size += len(image_pb2.ImageServiceImportRequest.FromString(data).image_chunk.bytes)
        return image_pb2.ImageServiceImportResponse(name=str(size)).SerializeToString()

    async def _run(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for data in requests:
            yield debug_pb2.DebugContainerRunResponse(
                stdout_data=debug_pb2.DebugContainerRunRequest.FromString(data).stdin_data
            ).SerializeToString()
        yield debug_pb2.DebugContainerRunResponse(exit_code=0).SerializeToString()


class Front:
    """A TLS server that hands what it decrypts to a gRPC server on a unix socket."""

    def __init__(self, tls: ssl.SSLContext, directory: Path, *, host: str = "127.0.0.1") -> None:
        self.service = Service()
        self._tls, self._host, self._path, self._port = tls, host, str(directory / "grpc.sock"), 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.accepted = 0

    @property
    def endpoint(self) -> str:
        return f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen; again on the same port after :meth:`stop`."""
        self._grpc = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)])
        self._grpc.add_generic_rpc_handlers((self.service,))
        self._grpc.add_insecure_port(f"unix:{self._path}")
        await self._grpc.start()
        self._server = await asyncio.start_server(self._serve, self._host, self._port, ssl=self._tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def go_away(self, grace: float) -> None:
        """Stop as a server does that lets calls finish: no new connections, GOAWAY on the old ones."""
        self._server.close()
        await self._grpc.stop(grace)

    async def stop(self) -> None:
        """Stop as a killed process does."""
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._grpc.stop(None)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        inner_reader, inner_writer = await asyncio.open_unix_connection(self._path)
        self._writers |= {writer, inner_writer}
        pumps = [asyncio.ensure_future(pump(reader, inner_writer)), asyncio.ensure_future(pump(inner_reader, writer))]
        self._tasks.update(pumps)
        await asyncio.gather(*pumps, return_exceptions=True)
        self._tasks.difference_update(pumps)
        self._writers -= {writer, inner_writer}


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until it ends."""
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def fronted(tls: ssl.SSLContext, directory: Path, *, host: str = "127.0.0.1") -> AsyncIterator[Front]:
    """Run a :class:`Front` for as long as the block lasts."""
    front = Front(tls, directory, host=host)
    await front.start()
    try:
        yield front
    finally:
        await front.stop()


@contextlib.asynccontextmanager
async def listening(converse: Converse, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run a server that talks as ``converse`` does; yields its ``host:port``."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await converse(reader, writer)
        writer.transport.abort()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(data: bytes) -> Converse:
    """A server that answers the client's first bytes with ``data`` and waits until the client goes."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(data)
        await writer.drain()
        await reader.read()

    return converse


async def keeps_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read and never answer."""
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close at once."""
    await reader.read(1)
