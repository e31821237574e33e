"""The endpoints' TLS is Talos's: Ed25519 both ways, versions by node, and the alerts for clients that are refused."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ecdsa_client import serving
from scripted_model import ScriptedModel

from talospatch.simulator.network_faults import Fault, FaultKind, NetworkFaults
from talospatch.simulator.pki import Authority, Identity, KeyKind, Usage

pytestmark = pytest.mark.simulator

AUTHORITY = Authority()
DAY = timedelta(days=1)

# What a client sends first on HTTP/2: its preface and empty settings.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def _client(directory: Path, identity: Identity | None, *, trusted: Authority = AUTHORITY) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=trusted.certificate.decode())
    context.set_alpn_protocols(["h2"])
    if identity is not None:
        path = directory / "client.pem"
        path.write_bytes(identity.certificate + identity.openssl_key)
        context.load_cert_chain(path)
    return context


def _dial(port: int, context: ssl.SSLContext, *, host: str = "127.0.0.1") -> tuple[str | None, str | None, bytes]:
    """Shake hands, greet, and read the first bytes; returns TLS version, protocol and bytes."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        connection.sendall(PREFACE)
        return connection.version(), connection.selected_alpn_protocol(), connection.recv(9)


def _at_endpoint(endpoint: str, dial: Callable[[int], object], *, authority: Authority = AUTHORITY, fault: FaultKind | None = None) -> None:
    """Run ``dial`` with the port of an endpoint, in a thread, while the cluster is served."""

    async def run() -> None:
        faults = NetworkFaults.of(*([Fault(fault)] if fault else []))
        async with serving(ScriptedModel(), authority=authority, faults=faults) as server:
            await asyncio.to_thread(dial, server.endpoints[endpoint].front.port)

    asyncio.run(run())


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_client_with_a_key_of_any_kind_is_greeted_with_settings(kind: KeyKind, tmp_path: Path) -> None:
    """TLS 1.3, HTTP/2 by ALPN, and the server speaks right after the handshake, as Go's does."""
    authority = Authority(kind=kind)

    def dial(port: int) -> None:
        version, protocol, greeting = _dial(port, _client(tmp_path, authority.client(("os:admin",)), trusted=authority))
        assert (version, protocol) == ("TLSv1.3", "h2")
        assert greeting[3] == 4  # the type of a SETTINGS frame

    _at_endpoint("cp-1", dial, authority=authority)


@pytest.mark.parametrize(("endpoint", "accepted"), [("cp-1", False), ("worker-1", True)])
def test_tls_1_2_is_refused_since_talos_1_13(endpoint: str, accepted: bool, tmp_path: Path) -> None:
    """cp-1 runs 1.14 and worker-1 runs 1.12."""

    def dial(port: int) -> None:
        context = _client(tmp_path, AUTHORITY.client(("os:admin",)))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if accepted:
            assert _dial(port, context)[0] == "TLSv1.2"
        else:
            with pytest.raises(ssl.SSLError, match=r"(?i)protocol version"):
                _dial(port, context)

    _at_endpoint(endpoint, dial)


@pytest.mark.parametrize(
    ("make", "alert"),
    [
        (lambda: None, "certificate required"),
        (lambda: Authority().client(("os:admin",)), "unknown ca"),
        (lambda: AUTHORITY.client(("os:admin",), not_before=datetime.now(UTC) - 2 * DAY, not_after=datetime.now(UTC) - DAY), "expired"),
        (lambda: AUTHORITY.client(("os:admin",), usages=(Usage.SERVER,)), "unsupported certificate|bad certificate"),
    ],
)
def test_a_client_that_is_refused_reads_why_after_the_handshake(make: Callable[[], Identity | None], alert: str, tmp_path: Path) -> None:
    """In TLS 1.3 the alert comes with the first read."""

    def dial(port: int) -> None:
        with pytest.raises(ssl.SSLError, match=f"(?i){alert}"):
            _dial(port, _client(tmp_path, make()))

    _at_endpoint("cp-1", dial)


def test_a_client_that_could_also_be_a_server_is_hung_up_on(tmp_path: Path) -> None:
    """TLS itself would accept it; Talos wants a certificate that is for clients alone."""

    def dial(port: int) -> None:
        identity = AUTHORITY.client(("os:admin",), usages=(Usage.CLIENT, Usage.SERVER))
        try:
            greeting = _dial(port, _client(tmp_path, identity))[2]
        except OSError:
            greeting = b""
        assert greeting == b""

    _at_endpoint("cp-1", dial)


def test_a_client_without_alpn_is_accepted(tmp_path: Path) -> None:
    """As Talos does, which has the check switched off."""

    def dial(port: int) -> None:
        context = _client(tmp_path, AUTHORITY.client(("os:admin",)))
        context.set_alpn_protocols(["http/1.1"])
        _, protocol, greeting = _dial(port, context)
        assert protocol is None
        assert greeting[3] == 4

    _at_endpoint("cp-1", dial)


@pytest.mark.parametrize("host", ["127.0.0.1", "cp-1", "10.5.0.2", "localhost"])
def test_the_endpoint_answers_for_its_addresses_and_names(host: str, tmp_path: Path) -> None:
    """Where it listens, what the node is called, and the address that it has inside the cluster."""
    _at_endpoint("cp-1", lambda port: _dial(port, _client(tmp_path, AUTHORITY.client(("os:admin",))), host=host))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (FaultKind.EXPIRED_CERTIFICATE, "expired"),
        (FaultKind.FUTURE_CERTIFICATE, "not yet valid"),
        (FaultKind.WRONG_NAME, "not valid for"),
        (FaultKind.OTHER_AUTHORITY, "issuer certificate|signature"),
    ],
)
def test_a_certificate_fault_shows_that_certificate(fault: FaultKind, reason: str, tmp_path: Path) -> None:
    """The client's own verification finds it."""

    def dial(port: int) -> None:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            _dial(port, _client(tmp_path, AUTHORITY.client(("os:admin",))))

    _at_endpoint("cp-1", dial, fault=fault)


def test_a_port_that_speaks_nonsense_is_hung_up_on_and_the_next_client_served(tmp_path: Path) -> None:
    """A plaintext client gets no service and does no harm."""

    def dial(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while plain.recv(4096):
                pass
        assert _dial(port, _client(tmp_path, AUTHORITY.client(("os:admin",))))[1] == "h2"

    _at_endpoint("cp-1", dial)
