"""What the TLS bridge costs: calls and bytes through it, against plain grpc.aio to the same server.

The server is grpcio's own, in a child process, once without TLS and once with mutual TLS (P-256, because grpcio cannot do Ed25519). The
plain side is the ceiling: no TLS at all, no bridge, no counting. Rounds alternate between the two, so that a busy machine disturbs both;
only the ratios of a round mean anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.talosapi.talosconfig import Context
from talospatch.wire.methods import READ, VERSION

ROUNDS = 5
CALLS_ALONE, CALLS_TOGETHER, TOGETHER = 300, 2048, 32
# name, size of a message in bytes, messages: the first is how Talos streams files (its chunker's default), the second how TLS likes it.
DOWNLOADS = (("download in 1 KiB messages", 1 << 10, 8_000), ("download in 32 KiB messages", 32 << 10, 1_500))

Call = Callable[[str], Awaitable[Any]]
Stream = Callable[[str], AsyncIterator[Any]]


def run() -> list[tuple[str, float, str]]:
    """Return name, ratio and note of each figure: the rate through the bridge divided by the plain one, median of the rounds."""
    with tempfile.TemporaryDirectory() as directory:
        context = _make_identity(Path(directory))
        with subprocess.Popen([sys.executable, __file__, "--serve", directory], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                ports = json.loads(server.stdout.readline())
                return asyncio.run(_measure(context, ports["plain"], ports["tls"]))
            finally:
                server.kill()


async def _measure(context: Context, plain_port: int, tls_port: int) -> list[tuple[str, float, str]]:
    rates: dict[str, list[tuple[float, float]]] = {}
    async with _plain(plain_port) as plain, _bridged(context, tls_port) as bridged:
        for side in (plain, bridged):
            await _calls(side[0], 50, 1)
        for _ in range(ROUNDS):
            both = [await _one_round(*side) for side in (plain, bridged)]
            for name, (without, through) in {name: (both[0][name], both[1][name]) for name in both[0]}.items():
                rates.setdefault(name, []).append((without, through))
    figures = []
    for name, pairs in rates.items():
        ratios = [through / without for without, through in pairs]
        unit = "MB/s" if "download" in name else "calls/s"
        through, without = statistics.median(pair[1] for pair in pairs), statistics.median(pair[0] for pair in pairs)
        note = f"more is better; {through:,.0f} against {without:,.0f} {unit}; {min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds"
        figures.append((f"{name}: rate through the bridge, of plain gRPC", statistics.median(ratios), note))
    return figures


async def _one_round(call: Call, stream: Stream) -> dict[str, float]:
    found = {
        "unary calls, one at a time": await _calls(call, CALLS_ALONE, 1),
        f"unary calls, {TOGETHER} at a time": await _calls(call, CALLS_TOGETHER, TOGETHER),
    }
    for name, size, count in DOWNLOADS:
        began = time.perf_counter()
        async for _ in stream(f"{size}x{count}"):
            pass
        found[name] = size * count / (time.perf_counter() - began) / 1e6
    return found


async def _calls(call: Call, count: int, workers: int) -> float:
    async def work() -> None:
        for _ in range(count // workers):
            await call("10.5.0.3")

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return count / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def _plain(port: int) -> AsyncIterator[tuple[Call, Stream]]:
    import grpc.aio

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        encode: Any = lambda message: message.SerializeToString()  # noqa: E731 - as generated stubs do it
        unary: Any = channel.unary_unary(VERSION.path, encode, VERSION.response_class().FromString)
        streaming: Any = channel.unary_stream(READ.path, encode, READ.response_class().FromString)

        async def call(node: str) -> Any:
            return await unary(VERSION.request_class()(), timeout=60, metadata=(("node", node), ("runtime", "Talos")))

        def stream(path: str) -> AsyncIterator[Any]:
            found: AsyncIterator[Any] = streaming(_read_request(path), timeout=60)
            return found

        yield call, stream


@contextlib.asynccontextmanager
async def _bridged(context: Context, port: int) -> AsyncIterator[tuple[Call, Stream]]:
    transport = GrpcTransport(context, endpoints=[f"127.0.0.1:{port}"], environ={})
    try:
        await transport.connect()
        yield (
            lambda node: transport.unary(VERSION, node, VERSION.request_class()(), 60),
            lambda path: transport.stream(READ, "10.5.0.3", _read_request(path), 60),
        )
    finally:
        await transport.close()


def _read_request(path: str) -> Any:
    from talospatch.wire.proto import machine_pb2

    return machine_pb2.ReadRequest(path=path)


async def _serve(directory: Path) -> None:
    """Answer Version at once and Read with as many messages of a size as the path says; print the two ports."""
    import grpc.aio

    from talospatch.wire.proto import common_pb2, machine_pb2

    answer = machine_pb2.VersionResponse(messages=[machine_pb2.Version()]).SerializeToString()

    async def version(request: bytes, context: Any) -> bytes:
        return answer

    async def read(request: bytes, context: Any) -> AsyncIterator[bytes]:
        size, count = (int(part) for part in machine_pb2.ReadRequest.FromString(request).path.split("x"))
        chunk = common_pb2.Data(bytes=b"a" * size).SerializeToString()
        for _ in range(count):
            yield chunk

    class Handler(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            if details.method == VERSION.path:
                return grpc.unary_unary_rpc_method_handler(version)
            return grpc.unary_stream_rpc_method_handler(read)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(),))
    certificate, key, ca = ((directory / name).read_bytes() for name in ("server.pem", "server.key", "ca.pem"))
    credentials = grpc.ssl_server_credentials([(key, certificate)], ca, require_client_auth=True)
    ports = {"plain": server.add_insecure_port("127.0.0.1:0"), "tls": server.add_secure_port("127.0.0.1:0", credentials)}
    await server.start()
    print(json.dumps(ports), flush=True)
    await server.wait_for_termination()


def _make_identity(directory: Path) -> Context:
    """Write the server's files and return the client's context: one self-signed certificate in all three roles."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "os:admin")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate = built.public_bytes(serialization.Encoding.PEM)
    key = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, data in (("server.pem", certificate), ("server.key", key), ("ca.pem", certificate)):
        (directory / file).write_bytes(data)
    return Context(name="bench", ca=certificate, certificate=certificate, key=key)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(_serve(Path(sys.argv[2])))
    else:
        for name, ratio, note in run():
            print(f"{name:75} {ratio:5.2f}   {note}")
