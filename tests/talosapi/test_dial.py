"""Each reason for which an endpoint cannot be used, from a server that really behaves so."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from loopback_pki import DAY, NO_PROXIES, NOW, Authority, server_context
from loopback_server import fronted, hangs_up, keeps_silent, listening, says

from talospatch.errors import DialError
from talospatch.talosapi.dial import REASONS, combined, first_to_answer
from talospatch.talosapi.dial_reasons import detail_of, reason_of
from talospatch.talosapi.endpoints import Endpoint, parse
from talospatch.talosapi.grpc_transport import GrpcTransport

if TYPE_CHECKING:
    from talospatch.talosapi.talosconfig import Context

TALOS = Authority()
OTHER = Authority()


def alert(code: int) -> bytes:
    """A fatal TLS alert as a server sends it in answer to the ClientHello (RFC 8446, section 6)."""
    return bytes((21, 3, 3, 0, 2, 2, code))


@dataclass
class Case:
    """A server, the context that meets it, and what the user is told."""

    server: Callable[[Path], AbstractAsyncContextManager[str]]
    says: str
    context: Callable[[str], Context] = TALOS.context
    proxy: str = ""


def talos(**options: object) -> Callable[[Path], AbstractAsyncContextManager[str]]:
    """A server as apid is one, but for the options."""

    @asynccontextmanager
    async def serve(directory: Path) -> AsyncIterator[str]:
        authority = options.get("authority", TALOS)
        assert isinstance(authority, Authority)
        trusts = options.get("trusts", TALOS)
        assert isinstance(trusts, Authority)
        names = options.get("names", ())
        assert isinstance(names, tuple)
        times = {key: value for key, value in options.items() if key.startswith("not_")}
        tls = server_context(directory, *authority.server(*names, **times), trusts=trusts)  # type: ignore[arg-type]
        async with fronted(tls, directory) as front:
            yield front.endpoint

    return serve


def plain(
    converse: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> Callable[[Path], AbstractAsyncContextManager[str]]:
    return lambda directory: listening(converse)


def strict() -> Callable[[Path], AbstractAsyncContextManager[str]]:
    """A server that judges client certificates and says so in an alert, which asyncio's own servers do not."""

    @asynccontextmanager
    async def serve(directory: Path) -> AsyncIterator[str]:
        tls = server_context(directory, *TALOS.server(), trusts=TALOS)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            judge = asyncio.ensure_future(asyncio.to_thread(_judge, listener, tls))
            yield f"127.0.0.1:{listener.getsockname()[1]}"
            await judge

    return serve


def _judge(listener: socket.socket, tls: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with contextlib.suppress(OSError), tls.wrap_socket(connection, server_side=True) as secured:
        secured.recv(1)


def inside_tls(data: bytes | None) -> Callable[[Path], AbstractAsyncContextManager[str]]:
    """A server whose TLS is right and whose answer is not; None for none at all."""
    converse = keeps_silent if data is None else says(data)
    return lambda directory: listening(converse, tls=TALOS.server_context(directory))


@asynccontextmanager
async def nobody(directory: Path) -> AsyncIterator[str]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: refuses, and nobody else gets the port
        yield f"127.0.0.1:{unused.getsockname()[1]}"


@asynccontextmanager
async def full_backlog(directory: Path) -> AsyncIterator[str]:
    """A listener whose queue is full: the kernel drops further SYNs, as a firewall would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        await asyncio.sleep(0.05)
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()


@asynccontextmanager
async def address(directory: Path, text: str) -> AsyncIterator[str]:
    yield text


def expired_client(endpoint: str) -> Context:
    certificate, key = TALOS.client("os:admin", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    return TALOS.context(endpoint, certificate=certificate, key=key)


def no_client(endpoint: str) -> Context:
    return TALOS.context(endpoint, certificate=b"", key=b"", auth="basic", username="u", password="p")


def foreign_client(endpoint: str) -> Context:
    certificate, key = OTHER.client("os:admin")
    return TALOS.context(endpoint, certificate=certificate, key=key)


WEB_PAGE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
CASES = {
    "dns": Case(lambda directory: address(directory, "no-such-host.invalid:50000"), "name no-such-host.invalid cannot be resolved"),
    "refused": Case(nobody, "nothing listens there"),
    "unreachable": Case(lambda directory: address(directory, "255.255.255.255:50000"), "no route"),
    "timeout": Case(full_backlog, "no answer to TCP within 0.8 s"),
    "proxy": Case(nobody, "gives no tunnel (it answered '407 Authenticate')", proxy="http://user:hunter22@{refusing}"),
    "proxy-unreachable": Case(nobody, "cannot be reached", proxy="http://127.0.0.1:1"),
    "tls-timeout": Case(plain(keeps_silent), "nothing answers to TLS within 0.8 s"),
    "plaintext": Case(plain(says(WEB_PAGE)), "does not speak TLS"),
    "closed": Case(plain(hangs_up), "closed the connection before"),
    "tls-version": Case(plain(says(alert(70))), "no TLS version in common"),
    "tls-handshake": Case(plain(says(alert(40))), "the TLS handshake failed"),
    "wrong-ca": Case(talos(authority=OTHER), "not signed by the CA of this context"),
    "server-expired": Case(talos(not_before=NOW - 3 * DAY, not_after=NOW - DAY), "server's certificate has expired"),
    "server-not-yet-valid": Case(talos(not_before=NOW + DAY, not_after=NOW + 2 * DAY), "not valid yet"),
    "name-mismatch": Case(talos(names=("10.5.0.2", "node-1")), "not made out to 127.0.0.1"),
    "client-required": Case(strict(), "wants a client certificate, and this context has none", context=no_client),
    "client-unknown-ca": Case(strict(), "does not know the CA of our client certificate", context=foreign_client),
    "client-expired": Case(strict(), "our client certificate has expired (alert certificate expired)", context=expired_client),
    "client-refused": Case(plain(says(alert(42))), "refuses our client certificate (alert bad certificate)"),
    "silent": Case(inside_tls(None), "says nothing within 0.8 s"),
    "http1": Case(inside_tls(WEB_PAGE), "answers with HTTP/1.1"),
    "not-http2": Case(inside_tls(b"SSH-2.0-OpenSSH_9.2\r\n"), "does not speak HTTP/2"),
}
# Reasons that cannot come from one server alone; each has a test of its own here.
ELSEWHERE = {"dns-timeout", "descriptors", "system", "several", "server-certificate"}


async def fail_to_connect(case: Case, directory: Path) -> DialError:
    async with case.server(directory) as endpoint, listening(says(b"HTTP/1.1 407 Authenticate\r\n\r\n")) as refusing:
        context = case.context(endpoint)
        if case.proxy:
            context = replace(context, proxy_url=case.proxy.format(refusing=refusing))
        # For once an expired certificate gets past our own check, so that the server's judgement is heard.
        now = NOW - 2 * DAY if case.context is expired_client else NOW
        transport = GrpcTransport(context, dial_timeout=0.8, environ=NO_PROXIES, clock=lambda: now)
        try:
            with pytest.raises(DialError) as caught:
                await transport.connect()
        finally:
            await transport.close()
        return caught.value


@pytest.mark.parametrize("reason", CASES)
def test_each_way_to_fail_has_its_own_reason_sentence_and_hint(reason: str, tmp_path: Path) -> None:
    error = asyncio.run(fail_to_connect(CASES[reason], tmp_path))
    text = str(error)
    assert error.reason == reason, text
    assert text.startswith(f"{error.endpoint}: ")
    assert CASES[reason].says in text
    assert REASONS[reason].hint in text
    assert "unix:" not in text
    assert "/tmp" not in text
    assert "hunter22" not in text


def test_the_table_has_no_reason_without_a_test() -> None:
    assert set(CASES) | ELSEWHERE == set(REASONS)


def test_every_failed_endpoint_is_named_with_its_own_reason(tmp_path: Path) -> None:
    async def run() -> DialError:
        async with nobody(tmp_path) as closed, listening(says(WEB_PAGE)) as web:
            transport = GrpcTransport(TALOS.context(closed, web), environ=NO_PROXIES)
            with pytest.raises(DialError) as caught:
                await transport.connect()
            await transport.close()
            return caught.value

    error = asyncio.run(run())
    assert error.reason == "several"
    assert "nothing listens there" in str(error)
    assert "does not speak TLS" in str(error)


def test_endpoints_that_fail_alike_keep_their_common_reason() -> None:
    error = combined([DialError("a:1", "refused", "no"), DialError("b:1", "refused", "no")])
    assert (error.reason, error.endpoint) == ("refused", "a:1, b:1")


def test_a_black_hole_costs_the_stagger_and_not_its_whole_timeout() -> None:
    async def attempt(endpoint: Endpoint) -> str:
        if endpoint.host == "hole":
            await asyncio.sleep(60)
        return endpoint.host

    async def run() -> tuple[str, int]:
        found = await first_to_answer([parse("hole"), parse("good")], attempt, lambda late: None, stagger=0.01)
        return found, len(asyncio.all_tasks())

    assert asyncio.run(run()) == ("good", 1)


def test_of_two_that_answer_at_once_one_is_discarded() -> None:
    discarded: list[str] = []

    async def run() -> str:
        both = asyncio.Event()
        arrived = iter((lambda: None, both.set))

        async def attempt(endpoint: Endpoint) -> str:
            next(arrived)()
            await both.wait()
            return endpoint.host

        return await first_to_answer([parse("a"), parse("b")], attempt, discarded.append, stagger=0)

    assert sorted([asyncio.run(run()), *discarded]) == ["a", "b"]


class DeafResolver(asyncio.SelectorEventLoop):
    """A loop on a machine whose name server does not answer."""

    async def getaddrinfo(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(60)


def test_a_silent_name_server_is_told_from_a_silent_host() -> None:
    async def run() -> DialError:
        transport = GrpcTransport(TALOS.context("cp.example.com"), dial_timeout=0.1, environ=NO_PROXIES)
        with pytest.raises(DialError) as caught:
            await transport.connect()
        await transport.close()
        return caught.value

    with asyncio.Runner(loop_factory=DeafResolver) as runner:
        error = runner.run(run())
    assert (error.reason, "no answer from the DNS within 0.1 s" in str(error)) == ("dns-timeout", True)


REFUSALS = {
    "descriptors": OSError(errno.EMFILE, "Too many open files"),
    "system": OSError(errno.EPERM, "Operation not permitted"),
    "closed": ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    "refused": OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call failed ('127.0.0.1', 1)"),
    "dns": UnicodeError("label too long"),
    "tls-handshake": ssl.SSLError(1, "something new"),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_failures_of_this_machine_are_told_from_those_of_the_other(reason: str) -> None:
    assert reason_of(REFUSALS[reason]) == reason


def test_a_certificate_fault_without_a_row_keeps_the_words_of_openssl() -> None:
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_code, error.verify_message = 79, "invalid CA certificate"
    assert (reason_of(error), detail_of(error)) == ("server-certificate", "invalid CA certificate")


def test_a_single_address_is_dialled_without_a_race(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio's race of addresses can lose an open socket when the dial is cancelled in the wrong moment."""

    async def lost(*_arguments: object) -> None:
        raise AssertionError("raced")

    monkeypatch.setattr("asyncio.staggered.staggered_race", lost)

    async def run() -> str:
        async with fronted(TALOS.server_context(tmp_path), tmp_path) as front:
            transport = GrpcTransport(TALOS.context(front.endpoint), environ=NO_PROXIES)
            try:
                await transport.connect()
            finally:
                await transport.close()
            return str(transport.endpoint == front.endpoint)

    assert asyncio.run(run()) == "True"
