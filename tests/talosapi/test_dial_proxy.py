"""Proxies on the way to an endpoint: which one is taken, what it is asked, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from loopback_pki import NO_PROXIES, Authority
from loopback_server import fronted, listening, pump

from talospatch.errors import DialError, TalosconfigError
from talospatch.talosapi.endpoints import parse
from talospatch.talosapi.grpc_transport import GrpcTransport
from talospatch.talosapi.proxy import choose

TALOS = Authority()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_is_asked_for_a_tunnel_to_the_endpoint(scheme: str, tmp_path: Path) -> None:
    async def run() -> list[bytes]:
        async with fronted(TALOS.server_context(tmp_path), tmp_path) as front, forwarding_proxy(scheme) as (proxy, asked):
            transport = GrpcTransport(
                replace(TALOS.context(front.endpoint), proxy_url=f"{scheme}://us%40er:pw@{proxy}"), environ=NO_PROXIES
            )
            await transport.connect()
            await transport.close()
            return [part.replace(front.endpoint.encode(), b"ENDPOINT") for part in asked]

    expected = {
        "http": [
            b"CONNECT ENDPOINT HTTP/1.1\r\nHost: ENDPOINT\r\nUser-Agent: talospatch\r\nProxy-Authorization: Basic dXNAZXI6cHc=\r\n\r\n"
        ],
        "socks5": [b"us@er", b"pw", bytes((127, 0, 0, 1))],
    }
    assert asyncio.run(run()) == expected[scheme]


@asynccontextmanager
async def forwarding_proxy(scheme: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that forwards, and what it was asked."""
    asked: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if scheme == "http":
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            host, _, port = asked[0].split()[1].decode().partition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            await reader.readexactly(3)
            writer.write(bytes((5, 2)))
            for _ in range(2):
                length = (await reader.readexactly(2 if not asked else 1))[-1]
                asked.append(await reader.readexactly(length))
            writer.write(bytes((1, 0)))
            await reader.readexactly(4)
            asked.append(await reader.readexactly(4))
            host, port = "127.0.0.1", str(int.from_bytes(await reader.readexactly(2), "big"))
            writer.write(bytes((5, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async with listening(converse) as endpoint:
        yield endpoint, asked


# scheme, what the proxy says to the first bytes, what the user is told
PROXY_REFUSALS = {
    "not an HTTP proxy": ("http", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not answer as an HTTP proxy does"),
    "no end of the header": ("http", b"HTTP/1.1 200 OK\r\n" * 8000, "does not answer as an HTTP proxy does"),
    "forbidden": ("http", b"HTTP/1.1 403 Forbidden\r\n\r\n", "it answered '403 Forbidden'"),
    "hangs up": ("http", b"", "it closed the connection"),
    "not a SOCKS proxy": ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "no SOCKS5 proxy"),
    "no way to log in": ("socks5", b"\x05\xff", "no SOCKS5 proxy, or wants another way to log in"),
    "wrong password": ("socks5", b"\x05\x02\x01\x01", "refused the user name and password"),
    "cannot reach": ("socks5", b"\x05\x02\x01\x00\x05\x04\x00\x01", "it answered: host unreachable"),
}


@pytest.mark.parametrize("name", PROXY_REFUSALS)
def test_a_proxy_that_gives_no_tunnel_is_quoted(name: str) -> None:
    scheme, answer, text = PROXY_REFUSALS[name]

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    async def run() -> DialError:
        async with listening(converse) as proxy:
            context = replace(TALOS.context("10.5.0.2"), proxy_url=f"{scheme}://user:hunter22@{proxy}")
            transport = GrpcTransport(context, dial_timeout=2, environ=NO_PROXIES)
            with pytest.raises(DialError) as caught:
                await transport.connect()
            await transport.close()
            return caught.value

    error = asyncio.run(run())
    assert (error.reason, error.endpoint) == ("proxy", "10.5.0.2:50000")
    assert text in str(error)
    assert "hunter22" not in str(error)


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", 1), ("::1", 4), ("cp.example.com", 3)])
def test_a_socks_proxy_is_told_names_and_addresses_in_their_own_forms(host: str, kind: int) -> None:
    asked: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(b"\x05\x00")
        asked.append(await reader.read(300))
        writer.write(b"\x05\x00\x00\x03\x01x\x00\x00")
        writer.write_eof()
        await reader.read()

    async def run() -> str:
        async with listening(converse) as proxy:
            transport = GrpcTransport(replace(TALOS.context(host), proxy_url=f"socks5://{proxy}"), dial_timeout=2, environ=NO_PROXIES)
            with pytest.raises(DialError) as caught:
                await transport.connect()
            await transport.close()
            return caught.value.reason

    assert asyncio.run(run()) == "closed"
    length = {1: 4, 3: 1 + len(host), 4: 16}[kind]
    assert (asked[0][:4], len(asked[0])) == (bytes((5, 1, 0, kind)), 4 + length + 2)


PROXY_CHOICES = {
    "none is set": ("", {}, "10.0.0.1", None),
    "from the environment": ("", {"HTTPS_PROXY": "http://p:3128"}, "10.0.0.1", "http://p:3128"),
    "small letters, no scheme": ("", {"https_proxy": "p:3128"}, "10.0.0.1", "http://p:3128"),
    "capitals first": ("", {"https_proxy": "http://q:1", "HTTPS_PROXY": "http://p:1"}, "10.0.0.1", "http://p:1"),
    "never to loopback": ("", {"HTTPS_PROXY": "http://p:3128"}, "127.0.0.1", None),
    "never to localhost": ("", {"HTTPS_PROXY": "http://p:3128"}, "localhost", None),
    "direct": ("direct", {"HTTPS_PROXY": "http://p:3128"}, "10.0.0.1", None),
    "the context wins": ("socks5://s", {"HTTPS_PROXY": "http://p:3128"}, "10.0.0.1", "socks5://s:1080"),
    "the context, loopback too": ("http://s", {}, "127.0.0.1", "http://s:80"),
    "excepted address": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.2, 10.0.0.1"}, "10.0.0.1", None),
    "excepted network": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "10.0.0.1", None),
    "excepted domain": ("", {"HTTPS_PROXY": "http://p:1", "no_proxy": "example.com"}, "cp.example.com", None),
    "excepted domain with a dot": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example.com"}, "cp.example.com", None),
    "another domain": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "ample.com"}, "cp.example.com", "http://p:1"),
    "another port": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.1:443"}, "10.0.0.1", "http://p:1"),
    "this port": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.1:50000"}, "10.0.0.1", None),
    "excepted IPv6 address": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "[fd00::1]:50000,bad/net"}, "fd00::1", None),
    "all": ("", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "10.0.0.1", None),
    "not ALL_PROXY": ("", {"ALL_PROXY": "http://p:1"}, "10.0.0.1", None),
}


@pytest.mark.parametrize("case", PROXY_CHOICES)
def test_the_proxy_is_chosen_as_talosctl_chooses_it(case: str) -> None:
    proxy_url, environ, host, expected = PROXY_CHOICES[case]
    found = choose(proxy_url, parse(host), environ)
    assert (None if found is None else str(found)) == expected


@pytest.mark.parametrize("url", ["https://p:1", "ftp://p", "http://", "http://p:notaport"])
def test_a_proxy_of_an_unknown_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(TalosconfigError) as caught:
        choose(url.replace("//", "//u:hunter22@"), parse("10.0.0.1"), {})
    assert "socks5://HOST:PORT" in str(caught.value)
    assert "hunter22" not in str(caught.value)
