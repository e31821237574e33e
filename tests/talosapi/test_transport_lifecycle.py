"""What a transport holds while it works, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from loopback_calls import TALOS, failure_of, read, run, version
from loopback_pki import DAY, NO_PROXIES, NOW, talosconfig_text
from loopback_server import Front, fronted, listening

from talospatch.errors import DialError, TalosconfigError
from talospatch.talosapi import grpc_transport
from talospatch.talosapi.grpc_transport import CallRecord, GrpcTransport
from talospatch.wire.methods import APPLY_CONFIGURATION
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from talospatch.talosapi.talosconfig import Context


def test_no_more_calls_are_under_way_than_the_limit_and_streams_count(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[int, int]:
        await asyncio.gather(*(version(transport, "slow") for _ in range(12)))
        without_stream, front.service.most = front.service.most, 0
        stream = read(transport, "10x1000000")
        await anext(stream)
        await asyncio.gather(*(version(transport, "slow") for _ in range(12)))
        await stream.aclose()
        return without_stream, front.service.most

    assert run(tmp_path, body, limit=4) == (4, 3)


def test_one_unread_stream_holds_up_nobody(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> float:
        streams = [read(transport, "1000000x1000") for _ in range(5)]
        for stream in streams:
            await anext(stream)
        began = time.monotonic()
        await version(transport)
        seconds = time.monotonic() - began
        for stream in streams:
            await stream.aclose()
        return seconds

    assert run(tmp_path, body) < 3


def test_every_call_is_told_to_the_observer(tmp_path: Path) -> None:
    records: list[CallRecord] = []

    async def body(transport: GrpcTransport, front: Front) -> None:
        await version(transport)
        await failure_of(version(transport, "down"))
        assert [len(data) async for data in read(transport, "100x3")] == [100] * 3
        stream = read(transport, "100x100000")
        await anext(stream)
        await stream.aclose()

    run(tmp_path, body, observer=records.append)
    assert [(record.method, record.node, record.code) for record in records] == [
        ("Version", "10.5.0.3", "OK"),
        ("Version", "down", "UNAVAILABLE"),
        ("Read", "10.5.0.3", "OK"),
        ("Read", "10.5.0.3", "CANCELLED"),
    ]
    assert (records[2].bytes_sent, records[2].bytes_received > 300, records[2].seconds > 0) == (7, True, True)


def test_cancelling_a_call_frees_its_place(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> str:
        call = asyncio.ensure_future(transport.unary(APPLY_CONFIGURATION, "n", machine_pb2.ApplyConfigurationRequest(), 10))
        await front.service.holding.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return await version(transport)

    assert run(tmp_path, body, limit=1) == "10.5.0.3"


def test_closing_ends_calls_under_way_and_refuses_new_ones(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[str, bool, str]:
        call = asyncio.ensure_future(transport.unary(APPLY_CONFIGURATION, "n", machine_pb2.ApplyConfigurationRequest(), 10))
        await front.service.holding.wait()
        await transport.close()
        ended = await failure_of(call)
        refused = await failure_of(version(transport))
        await transport.close()
        return ended.code, ended.acted, f"{refused.code} {refused.acted}"

    assert run(tmp_path, body) == ("CANCELLED", True, "CANCELLED False")


def test_a_hundred_rounds_leave_no_task_descriptor_or_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect, call, cancel in the middle, close."""
    private = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(private))

    async def once(endpoint: str) -> None:
        transport = GrpcTransport(TALOS.context(endpoint), environ=NO_PROXIES)
        await version(transport)
        call = asyncio.ensure_future(version(transport, "silent"))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await transport.close()

    async def main() -> tuple[int, int]:
        async with fronted(TALOS.server_context(tmp_path), tmp_path) as front:
            await once(front.endpoint)
            tasks, descriptors = await settled()
            for _ in range(25):
                await asyncio.gather(*(once(front.endpoint) for _ in range(4)))
            after = await settled()
            return after[0] - tasks, after[1] - descriptors

    assert asyncio.run(main()) == (0, 0)
    assert list(private.iterdir()) == []
    private.rmdir()


async def settled() -> tuple[int, int]:
    """Tasks and descriptors, once the server in this process has noticed that its clients went."""
    last = (-1, -1)
    for _ in range(50):
        await asyncio.sleep(0.05)
        gc.collect()
        now = len(asyncio.all_tasks()), len(list(Path("/dev/fd").iterdir()))
        if now == last:
            break
        last = now
    return last


SCRIPT_HEAD = """
import asyncio, os, signal, sys
from pathlib import Path
from google.protobuf.empty_pb2 import Empty
from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.talosapi.talosconfig import load
from talospatch.wire.methods import VERSION
transport = GrpcTransport(load(Path(sys.argv[1])).context(), environ={})
"""
FORK = """
async def main():
    await transport.connect()
    child = os.fork()
    if child == 0:
        errors = []
        another = GrpcTransport(load(Path(sys.argv[1])).context())
        for use in (lambda: transport.unary(VERSION, "", Empty(), 5), transport.close, another.connect):
            try:
                use().send(None)
            except BaseException as error:
                errors.append(type(error).__name__)
        print(*errors, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print(len((await transport.unary(VERSION, "n", Empty(), 5)).messages))
    await transport.close()
asyncio.run(main())
"""
INTERRUPT = """
async def main():
    try:
        await transport.connect()
        print(transport._bridge._server.sockets[0].getsockname(), flush=True)
        await transport.unary(VERSION, "silent", Empty(), 60)
    finally:
        await transport.close()
        print(len(asyncio.all_tasks()))
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


async def in_a_child(directory: Path, script: str, *, interrupt: bool) -> list[str]:
    async with fronted(TALOS.server_context(directory), directory) as front:
        file = directory / "talosconfig"
        file.write_text(talosconfig_text(TALOS.context(front.endpoint)))
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", SCRIPT_HEAD + script, str(file), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert child.stdout is not None
        lines = []
        async with asyncio.timeout(20):
            if interrupt:
                lines.append(await child.stdout.readline())
                while front.service.metadata.get("node") != "silent":
                    await asyncio.sleep(0.02)
                child.send_signal(2)
            output, errors = await child.communicate()
        assert b"Traceback" not in errors, errors.decode()
        return [line.decode().strip() for line in [*lines, *output.splitlines()]]


def test_a_forked_child_is_told_and_the_parent_goes_on(tmp_path: Path) -> None:
    assert asyncio.run(in_a_child(tmp_path, FORK, interrupt=False)) == ["ForkedError ForkedError ForkedError", "1"]


def test_ctrl_c_in_the_middle_of_a_call_leaves_no_task_and_no_socket(tmp_path: Path) -> None:
    path, tasks, last = asyncio.run(in_a_child(tmp_path, INTERRUPT, interrupt=True))
    assert (tasks, last) == ("1", "interrupted")
    assert not Path(path).parent.exists()


def test_the_limit_of_open_files_is_raised_only_as_far_as_asked_and_allowed() -> None:
    script = (
        "import resource as r; from talospatch.talosapi.descriptors import raise_limit\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (64, 900)); print(raise_limit(32), raise_limit(500), raise_limit(5000), r.getrlimit(r.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "64 500 900 (900, 900)"


def test_closing_while_connecting_ends_the_attempt() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> str:
        async with listening(silent) as endpoint:
            transport = GrpcTransport(TALOS.context(endpoint), environ=NO_PROXIES)
            attempt = asyncio.ensure_future(transport.connect())
            await asyncio.sleep(0.1)
            await transport.close()
            with pytest.raises(DialError, match="closed meanwhile") as caught:
                await attempt
            return caught.value.reason

    assert asyncio.run(main()) == "closed"


def test_an_expired_certificate_stops_everything_before_anything_is_dialled(tmp_path: Path) -> None:
    async def body(transport: GrpcTransport, front: Front) -> int:
        with pytest.raises(TalosconfigError, match="the client certificate expired"):
            await transport.connect()
        with pytest.raises(TalosconfigError, match="the client certificate expired"):
            await version(transport)
        return front.accepted

    assert run(tmp_path, body, clock=lambda: NOW + 500 * DAY) == 0


UNUSABLE: dict[str, tuple[Context, str]] = {
    "omni": (TALOS.context("h", auth="siderov1"), "belongs to Omni"),
    "no endpoints": (TALOS.context(), "has no endpoints"),
    "bad endpoint": (TALOS.context("a b"), "has no host name"),
    "proxy": (TALOS.context("h", proxy_url="https://p"), "not supported"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_context_that_cannot_work_is_refused_when_the_transport_is_made(name: str) -> None:
    context, text = UNUSABLE[name]
    with pytest.raises(TalosconfigError, match=text):
        GrpcTransport(context, environ=NO_PROXIES)


class _Idle:
    """A channel that does not connect, whatever it is told."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def get_state(self, try_to_connect: bool = False) -> None:
        """Do nothing."""

    async def close(self) -> None:
        await self._channel.close()


async def _with_idle_channel(transport: GrpcTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_transport, "IDLE", 0.1)
    await transport._start()
    transport._channel = _Idle(transport._channel)


def test_a_channel_that_does_not_even_try_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(transport: GrpcTransport, front: Front) -> tuple[bool, str]:
        await _with_idle_channel(transport, monkeypatch)
        return await transport.connect() == front.endpoint, await version(transport)

    assert run(tmp_path, body) == (True, "10.5.0.3")


def test_the_reason_is_found_even_where_grpc_does_not_try(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> str:
        transport = GrpcTransport(TALOS.context("127.0.0.1:1"), environ=NO_PROXIES)
        try:
            await _with_idle_channel(transport, monkeypatch)
            with pytest.raises(DialError) as caught:
                await transport.connect()
            return caught.value.reason
        finally:
            await transport.close()

    assert asyncio.run(body()) == "refused"
