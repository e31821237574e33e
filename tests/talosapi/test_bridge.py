"""The private socket and the connections behind it, with real TLS on loopback."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from loopback_pki import Authority
from loopback_server import listening

from talospatch.errors import DialError
from talospatch.talosapi.bridge import LONGEST_PATH, Bridge, private_directory
from talospatch.talosapi.dial import keep_alive
from talospatch.talosapi.identity import Identity

TALOS = Authority()
SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def bridge_to(*endpoints: str, timeout: float = 2.0, stagger: float = 0.1) -> Bridge:
    context = TALOS.context(*endpoints)
    return Bridge(context.dialled(), Identity.of(context).ssl_context(), timeout=timeout, stagger=stagger)


def path_of(target: str) -> str:
    return unquote(target.removeprefix("unix:"))


@asynccontextmanager
async def echoing(directory: Path, *, greeting: bytes = SETTINGS, eager: bool = True) -> AsyncIterator[str]:
    """A TLS server that greets, at once or only when spoken to, and then echoes."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if eager:
            writer.write(greeting)
        first = True
        while data := await reader.read(1 << 16):
            if first and not eager:
                writer.write(greeting)
            first = False
            writer.write(data)
            await writer.drain()
            if data.endswith(b"hang up"):
                writer.close()
                await writer.wait_closed()
                return

    async with listening(converse, tls=TALOS.server_context(directory)) as endpoint:
        yield endpoint


async def exchange(target: str, data: bytes) -> bytes:
    """Send bytes through a bridge and read until as many came back, the greeting included."""
    reader, writer = await asyncio.open_unix_connection(path_of(target))
    writer.write(data)
    answer = await reader.readexactly(len(SETTINGS) + len(data))
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("eager", [True, False], ids=["speaks first", "waits for the client"])
def test_bytes_pass_both_ways_whichever_side_speaks_first(eager: bool, tmp_path: Path) -> None:
    async def run() -> bytes:
        async with echoing(tmp_path, eager=eager) as endpoint:
            bridge = bridge_to(endpoint)
            answer = await exchange(await bridge.start(), PREFACE)
            await bridge.close()
            return answer

    assert asyncio.run(run()) == SETTINGS + PREFACE


def test_much_data_passes_unchanged_against_a_slow_reader(tmp_path: Path) -> None:
    """16 MiB echoed while we read in small steps: backpressure has to hold, and the order."""
    data = os.urandom(1 << 20) * 16

    async def run() -> bytes:
        async with echoing(tmp_path) as endpoint:
            bridge = bridge_to(endpoint)
            reader, writer = await asyncio.open_unix_connection(path_of(await bridge.start()), limit=1 << 14)
            writer.write(data)
            await asyncio.sleep(0.2)  # nobody reads: buffers fill up to their limits and no further
            held = sum(relay.transport.get_write_buffer_size() for relay in [*bridge._locals, *bridge._remotes] if relay.transport)
            assert held < 4 << 20, held
            answer = await reader.readexactly(len(SETTINGS) + len(data))
            writer.close()
            await bridge.close()
            return answer

    assert asyncio.run(run())[len(SETTINGS) :] == data


def test_the_tail_arrives_when_the_server_closes(tmp_path: Path) -> None:
    data = os.urandom(3 << 20) + b"hang up"

    async def run() -> bytes:
        async with echoing(tmp_path) as endpoint:
            bridge = bridge_to(endpoint)
            reader, writer = await asyncio.open_unix_connection(path_of(await bridge.start()))
            writer.write(data)
            answer = await reader.read()
            writer.close()
            await bridge.close()
            return answer

    assert asyncio.run(run()) == SETTINGS + data


def test_only_this_user_gets_near_the_socket(tmp_path: Path) -> None:
    async def run() -> tuple[int, int]:
        bridge = bridge_to("127.0.0.1:1")
        path = Path(path_of(await bridge.start()))
        modes = stat.S_IMODE(path.parent.stat().st_mode), stat.S_IFMT(path.stat().st_mode)
        await bridge.close()
        return modes

    assert asyncio.run(run()) == (0o700, stat.S_IFSOCK)


@pytest.mark.skipif(sys.platform != "linux", reason="SO_PEERCRED")
def test_another_process_of_the_same_user_is_turned_away_before_anything_is_dialled(tmp_path: Path) -> None:
    script = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(1))"

    async def run() -> tuple[bytes, int]:
        async with echoing(tmp_path) as endpoint:
            bridge = bridge_to(endpoint)
            target = path_of(await bridge.start())
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, target, stdout=subprocess.PIPE)
            output, _ = await process.communicate()
            dials = bridge.dials
            await bridge.close()
            return output.strip(), dials

    assert asyncio.run(run()) == (b"b''", 0)


def test_a_directory_with_a_long_or_odd_path_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    odd = Path("/tmp") / f"a %#?b{os.getpid()}"
    odd.mkdir()
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(odd))

        async def run() -> bytes:
            async with echoing(tmp_path) as endpoint:
                bridge = bridge_to(endpoint)
                target = await bridge.start()
                assert not set(target) & set(" #?")
                answer = await exchange(target, PREFACE)
                await bridge.close()
                return answer

        assert asyncio.run(run()) == SETTINGS + PREFACE
        assert list(odd.iterdir()) == []
    finally:
        odd.rmdir()
    long = tmp_path / ("x" * LONGEST_PATH)
    long.mkdir()
    made = private_directory([str(long), "/tmp"])
    assert made.parent == Path("/tmp")
    made.rmdir()
    with pytest.raises(OSError, match="short enough"):
        private_directory([str(long)])


def test_an_endpoint_that_fails_is_skipped_and_the_good_one_remembered(tmp_path: Path) -> None:
    async def run() -> tuple[str, int, int]:
        async with echoing(tmp_path) as endpoint:
            bridge = bridge_to("127.0.0.1:1", endpoint)
            target = await bridge.start()
            await exchange(target, PREFACE)
            first = bridge.dials
            await exchange(target, PREFACE)
            found = str(bridge.endpoint), first, bridge.dials - first
            await bridge.close()
            assert found[0] == endpoint
            return found

    assert asyncio.run(run())[1:] == (2, 1)


def test_a_failed_dial_is_remembered_and_told(tmp_path: Path) -> None:
    async def run() -> tuple[bytes, str]:
        bridge = bridge_to("127.0.0.1:1")
        outcome = bridge.next_outcome()
        reader, writer = await asyncio.open_unix_connection(path_of(await bridge.start()))
        with pytest.raises(DialError):
            await outcome
        rest = await reader.read()
        writer.close()
        assert bridge.failure is not None
        reason = bridge.failure.reason
        await bridge.close()
        return rest, reason

    assert asyncio.run(run()) == (b"", "refused")


def test_a_bridge_knows_whether_a_call_can_have_left(tmp_path: Path) -> None:
    async def run() -> list[bool]:
        async with echoing(tmp_path) as endpoint:
            bridge = bridge_to(endpoint)
            target = await bridge.start()
            before = bridge.mark()
            answers = [bridge.may_have_carried(before)]
            await exchange(target, PREFACE)
            answers.append(bridge.may_have_carried(before))
            while bridge.alive:
                await asyncio.sleep(0.01)
            answers.append(bridge.may_have_carried(bridge.mark()))
            await bridge.close()
            return answers

    assert asyncio.run(run()) == [False, True, False]


def test_closing_leaves_no_task_descriptor_or_directory(tmp_path: Path) -> None:
    async def run() -> tuple[int, int, bool]:
        async with echoing(tmp_path) as endpoint:
            gc.collect()
            descriptors = len(list(Path("/dev/fd").iterdir()))
            bridge = bridge_to(endpoint)
            target = await bridge.start()
            reader, writer = await asyncio.open_unix_connection(path_of(target))
            await reader.readexactly(len(SETTINGS))
            held = len(list(Path("/dev/fd").iterdir())) - descriptors
            await bridge.close()
            await bridge.close()
            await reader.read()
            writer.close()
            await writer.wait_closed()
            while len(asyncio.all_tasks()) > 1:  # the server's own task notices that we went
                await asyncio.sleep(0.01)
            return held, len(list(Path("/dev/fd").iterdir())) - descriptors, Path(path_of(target)).parent.exists()

    held, left, directory = asyncio.run(run())
    assert held == 5, "four for the bridge's connection (listener, both ends of the socket, TCP), one for the server's side in this process"
    assert (left, directory) == (0, False)


def test_closing_in_the_middle_of_a_dial_leaves_nothing(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def run() -> int:
        async with listening(silent) as endpoint:
            bridge = bridge_to(endpoint, endpoint.replace("127.0.0.1", "localhost"), timeout=30)
            _, writer = await asyncio.open_unix_connection(path_of(await bridge.start()))
            while bridge.dials < 2:
                await asyncio.sleep(0.01)
            await bridge.close()
            writer.close()
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1


def test_a_dial_is_given_up_when_grpc_gives_up(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    async def run() -> bool:
        async with listening(silent) as endpoint:
            bridge = bridge_to(endpoint, timeout=30)
            _, writer = await asyncio.open_unix_connection(path_of(await bridge.start()))
            while not bridge.dials:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            writer.close()
            async with asyncio.timeout(2):
                await gone.wait()
            await bridge.close()
            return True

    assert asyncio.run(run())


def test_the_directory_goes_with_the_interpreter_even_if_nobody_closes() -> None:
    script = (
        "import asyncio, ssl\nfrom talospatch.talosapi.bridge import Bridge\nfrom talospatch.talosapi.endpoints import parse\n"
        "b = Bridge([parse('h')], ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))\nprint(asyncio.run(b.start()))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("unix:")
    assert not Path(path_of(done.stdout.strip())).parent.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names of Linux")
def test_the_kernel_watches_the_connection() -> None:
    with socket.socket() as connection:
        keep_alive(connection)
        tcp = socket.IPPROTO_TCP
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [connection.getsockopt(tcp, option) for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)] == [
            15,
            5,
            3,
        ]
        assert connection.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == 30_000
