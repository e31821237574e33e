"""Over the network, the model is asked what the client asked, and the client is told what the model answered."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import tempfile
from pathlib import Path

import pytest
from ecdsa_client import READ, VERSION, ask, dialling, eventually, serving
from scripted_model import SPEC, Asked, ScriptedModel

from talospatch.simulator.clock import ScaledClock
from talospatch.simulator.exchange import Exchange, Link, StreamBroken, answer, failure
from talospatch.simulator.server import MESSAGE_LIMIT
from talospatch.wire.proto import common_pb2

pytestmark = pytest.mark.simulator

IMPORT = "/machine.ImageService/Import"
RUN = "/machine.DebugService/ContainerRun"


def _data(*chunks: bytes) -> list[common_pb2.Data]:
    return [common_pb2.Data(bytes=chunk) for chunk in chunks]


def test_the_model_gets_endpoint_metadata_roles_method_and_bytes() -> None:
    """Roles are the organizations of the client's certificate; a key given twice has two values."""

    async def run() -> None:
        model = ScriptedModel()
        async with serving(model) as server, dialling(server, "worker-1", ("os:reader", "os:operator")) as channel:
            metadata = (("nodes", "10.5.0.3"), ("nodes", "10.5.0.4"), ("runtime", "Talos"))
            messages, code, _ = await ask(channel, READ, b"\x0a\x02/x", metadata=metadata)
        asked = model.asked[0]
        assert (asked.endpoint, asked.roles, asked.method, asked.requests) == (
            "worker-1",
            ("os:reader", "os:operator"),
            READ,
            (b"\x0a\x02/x",),
        )
        assert asked.metadata["nodes"] == ("10.5.0.3", "10.5.0.4")
        assert asked.metadata["runtime"] == ("Talos",)
        assert (messages, code) == ([common_pb2.Data(bytes=b"\x0a\x02/x").SerializeToString()], "OK")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "sent", "received"),
    [
        (VERSION, [b"1"], (b"1",)),
        (READ, [b"1"], (b"1",)),
        (IMPORT, [b"1", b"2", b"3"], (b"1", b"2", b"3")),
        (RUN, [b"1", b"2"], (b"1",)),
        ("/machine.MachineService/NoSuchMethod", [b"1"], (b"1",)),
        ("/machine.NoSuchService/Get", [b"1"], (b"1",)),
    ],
)
def test_each_shape_of_call_reaches_the_model_with_its_messages(method: str, sent: list[bytes], received: tuple[bytes, ...]) -> None:
    """A client's stream is read to its end; where both sides stream, the first message is enough; unknown methods go there too."""

    async def run() -> None:
        model = ScriptedModel()
        async with serving(model) as server, dialling(server) as channel:
            _, code, _ = await ask(channel, method, *sent)
        assert code == "OK"
        assert [asked.requests for asked in model.asked] == [received]

    asyncio.run(run())


@pytest.mark.parametrize("method", [VERSION, READ, "/machine.NoSuchService/Get"])
@pytest.mark.parametrize("details", ["not authorized", 'größer\n\tals "vorher"', "x" * 6000])
def test_a_failure_keeps_its_code_and_text(method: str, details: str) -> None:
    """Line ends, quotes and letters beyond ASCII included."""

    async def run() -> None:
        model = ScriptedModel(lambda asked: failure("FAILED_PRECONDITION", details))
        async with serving(model) as server, dialling(server) as channel:
            assert await ask(channel, method) == ([], "FAILED_PRECONDITION", details)

    asyncio.run(run())


def test_messages_of_a_stream_come_before_its_failure() -> None:
    """As Copy does it: an archive, then the status."""

    async def run() -> None:
        model = ScriptedModel(lambda asked: Exchange(list(_data(b"a", b"b")), "UNKNOWN", "skipping"))
        async with serving(model) as server, dialling(server) as channel:
            messages, code, details = await ask(channel, READ)
        assert [common_pb2.Data.FromString(message).bytes for message in messages] == [b"a", b"b"]
        assert (code, details) == ("UNKNOWN", "skipping")

    asyncio.run(run())


def test_messages_of_almost_32_mib_go_both_ways() -> None:
    """Talos's limit; gRPC's own would be 4 MiB."""
    big = b"x" * (MESSAGE_LIMIT - 1024)

    async def run() -> None:
        async with serving(ScriptedModel()) as server, dialling(server) as channel:
            messages, code, details = await ask(channel, VERSION, big, timeout=60)
        assert (code, details, len(messages)) == ("OK", "", 1)
        assert common_pb2.Data.FromString(messages[0]).bytes == big

    asyncio.run(run())


def test_a_model_that_fails_answers_internal_and_the_server_lives_on() -> None:
    """As a panic in Talos; the error is kept for whoever looks after the simulation."""

    def script(asked: Asked) -> Exchange:
        if asked.method == READ:
            raise ZeroDivisionError("by design")
        return answer(*_data(b"fine"))

    async def run() -> None:
        async with serving(ScriptedModel(script)) as server, dialling(server) as channel:
            for method in (READ, VERSION):
                _, code, _ = await ask(channel, method)
                assert code == ("INTERNAL" if method == READ else "OK")
            assert [type(error) for error in server.errors] == [ZeroDivisionError]

    asyncio.run(run())


def test_an_answer_that_takes_time_waits_in_the_clusters_seconds() -> None:
    """Ten seconds of a cluster that lives 200 times as fast are a twentieth of one."""

    async def run() -> float:
        def slow(asked: Asked) -> Exchange:
            return Exchange(list(_data(b"late")), answers_at=asked.now + 10)

        loop = asyncio.get_running_loop()
        async with serving(ScriptedModel(slow), clock=ScaledClock(200)) as server, dialling(server) as channel:
            await ask(channel, READ)
            before = loop.time()
            assert (await ask(channel, READ))[1] == "OK"
            return loop.time() - before

    assert 0.05 <= asyncio.run(run()) < 2


def test_an_open_stream_tells_what_comes_later_and_breaks_with_its_node() -> None:
    """What the model says when it is looked at again; then its end, with code and text."""
    said = iter([[b"second"], [], [b"third"], None])

    def later(now: float) -> list[common_pb2.Data]:
        words = next(said)
        if words is None:
            raise StreamBroken("UNAVAILABLE", "error reading from server: EOF")
        return _data(*words)

    async def run() -> None:
        model = ScriptedModel(lambda asked: Exchange(list(_data(b"first")), follow=later))
        async with serving(model) as server, dialling(server) as channel:
            messages, code, details = await ask(channel, READ)
        assert [common_pb2.Data.FromString(message).bytes for message in messages] == [b"first", b"second", b"third"]
        assert (code, details) == ("UNAVAILABLE", "error reading from server: EOF")

    asyncio.run(run())


def test_a_client_that_leaves_an_open_stream_is_no_longer_served() -> None:
    """Nobody looks into the model for it any more."""
    looked: list[float] = []

    def later(now: float) -> list[common_pb2.Data]:
        looked.append(now)
        return []

    async def run() -> None:
        model = ScriptedModel(lambda asked: Exchange([], follow=later))
        async with serving(model) as server, dialling(server) as channel:
            assert (await ask(channel, READ, timeout=0.3))[1] == "DEADLINE_EXCEEDED"
            await asyncio.sleep(0.1)
            count = len(looked)
            assert count > 1
            await asyncio.sleep(0.1)
            assert len(looked) == count

    asyncio.run(run())


@pytest.mark.parametrize("link", [Link.LOST, Link.REFUSED])
def test_a_call_during_which_the_endpoint_goes_away_loses_its_connection(link: Link) -> None:
    """No status comes from the server; the next call connects again."""

    async def run() -> None:
        model = ScriptedModel(lambda asked: Exchange(link=link) if len(asked.requests[0]) else answer(*_data(b"back")))
        async with serving(model) as server, dialling(server) as channel:
            _, code, details = await ask(channel, READ, b"x")
            assert code == "UNAVAILABLE"
            assert "simulated" not in details
            assert (await ask(channel, READ, wait_for_ready=True))[1] == "OK"

    asyncio.run(run())


def test_a_node_that_goes_down_breaks_its_connections_and_comes_back_on_its_port() -> None:
    """While it is down, dialling is refused, and nobody else can have taken the port."""

    async def run() -> None:
        model = ScriptedModel(lambda asked: Exchange([], follow=lambda now: []))
        async with serving(model) as server, dialling(server) as channel:
            port = server.endpoints["cp-1"].front.port
            waiting = asyncio.create_task(ask(channel, READ))
            await eventually(lambda: model.asked)
            model.down.add("cp-1")
            assert (await waiting)[1] == "UNAVAILABLE"
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=5)
            model.down.clear()
            await eventually(lambda: server.endpoints["cp-1"].front.is_open)
            model.script = lambda asked: answer(*_data(b"back"))
            assert (await ask(channel, READ, wait_for_ready=True))[1] == "OK"
            assert server.endpoints["cp-1"].front.port == port

    asyncio.run(run())


def test_an_endpoint_can_be_pulled_from_the_network_and_put_back() -> None:
    """The other endpoints do not notice."""

    async def run() -> None:
        async with serving(ScriptedModel()) as server, dialling(server) as one, dialling(server, "worker-1") as other:
            assert [(await ask(channel))[1] for channel in (one, other)] == ["OK", "OK"]
            server.stop_endpoint("cp-1")
            assert [(await ask(channel))[1] for channel in (one, other)] == ["UNAVAILABLE", "OK"]
            server.restart_endpoint("cp-1")
            assert (await ask(one, wait_for_ready=True))[1] == "OK"

    asyncio.run(run())


def test_many_calls_at_once_are_all_answered_to_whom_they_belong() -> None:
    """Three roles, a hundred calls each, on three connections."""

    async def run() -> None:
        model = ScriptedModel(lambda asked: answer(*_data(asked.roles[0].encode() + asked.requests[0])))
        async with serving(model) as server, contextlib.AsyncExitStack() as stack:
            for role in ("os:admin", "os:operator", "os:reader"):
                channel = await stack.enter_async_context(dialling(server, roles=(role,)))
                answers = await asyncio.gather(*(ask(channel, VERSION, b"%d" % number) for number in range(100)))
                for number, (messages, code, _) in enumerate(answers):
                    assert code == "OK"
                    assert common_pb2.Data.FromString(messages[0]).bytes == role.encode() + b"%d" % number

    asyncio.run(run())


def test_an_address_that_is_taken_fails_the_start_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a socket nor a file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            with pytest.raises(OSError, match="in use"):
                async with serving(ScriptedModel(), listen={"worker-1": ("127.0.0.1", taken.getsockname()[1])}):
                    pass
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


def test_stopping_leaves_no_task_socket_or_file_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With calls in flight and connections open."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def run() -> None:
        model = ScriptedModel(lambda asked: Exchange([], follow=lambda now: []))
        async with serving(model) as server, contextlib.AsyncExitStack() as stack:
            channel = await stack.enter_async_context(dialling(server))
            waiting = asyncio.create_task(ask(channel, READ))
            await eventually(lambda: model.asked)
            await server.stop()
            await server.stop()
            assert (await waiting)[1] == "UNAVAILABLE"
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_an_endpoint_listens_where_it_is_told_to() -> None:
    """On IPv6 too, written with brackets as clients dial it."""

    async def run() -> None:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 loopback here")
        async with serving(ScriptedModel(), listen={"cp-1": ("::1", 0)}) as server, dialling(server) as channel:
            assert server.endpoints["cp-1"].address.startswith("[::1]:")
            assert (await ask(channel))[1] == "OK"

    asyncio.run(run())


def test_only_the_nodes_that_were_named_have_endpoints() -> None:
    """Each under its own name."""

    async def run() -> None:
        async with serving(ScriptedModel()) as server:
            assert list(server.endpoints) == [node.name for node in SPEC.nodes]

    asyncio.run(run())
