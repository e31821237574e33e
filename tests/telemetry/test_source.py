"""Where a store is, how one logs in, and TLS to it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from loki_server import Store, serving

from talospatch.errors import InputError, TelemetryError
from talospatch.simulator.pki import Authority, KeyKind
from talospatch.telemetry.loki import Loki
from talospatch.telemetry.source import Source, from_environment


@pytest.mark.parametrize("url", ["", "loki", "loki:3100", "ftp://x", "http://", "http://[::1", "http://x:99999", "http://x:0", "//x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """With the form that one has."""
    with pytest.raises(InputError, match="write it as https://"):
        Source(url=url)


@pytest.mark.parametrize("url", ["http://user:planted@x", "http://x?token=planted", "http://x/#planted"])
def test_credentials_in_an_address_are_refused_and_not_shown(url: str) -> None:
    """They would stand in logs and process lists."""
    with pytest.raises(InputError, match="holds no credentials") as caught:
        Source(url=url)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "x"},
        {"username": "x", "token": "y"},
        {"username": "x", "token_file": "y"},
        {"certificate_file": "x"},
        {"key_file": "x"},
    ],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, str]) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError):
        Source(url="http://x", **wrong)  # type: ignore[arg-type]


def test_the_environment_is_logclis() -> None:
    """What works there works here; what is given counts more."""
    environ = {"LOKI_ADDR": "http://a", "LOKI_ORG_ID": "t", "LOKI_USERNAME": "u", "LOKI_PASSWORD": "planted"}
    source = from_environment("", environ)
    assert (source.url, source.tenant, source.username, source.password) == ("http://a", "t", "u", "planted")
    assert "planted" not in repr(source)
    assert from_environment("http://b", environ, tenant="x").tenant == "x"
    with pytest.raises(InputError, match="set LOKI_ADDR"):
        from_environment("", {})
    with pytest.raises(InputError, match="certificates are always checked here"):
        from_environment("http://x", {"LOKI_TLS_SKIP_VERIFY": "true"})


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    """As Kubernetes puts one into a pod."""
    file = tmp_path / "token"
    file.write_text(" abc\n")
    assert Source(url="http://x", token_file=str(file)).headers()["Authorization"] == "Bearer abc"
    with pytest.raises(InputError, match="No such file"):
        Source(url="http://x", token_file=str(tmp_path / "none")).headers()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no text"):
        Source(url="http://x", token_file=str(file)).headers()


@pytest.mark.parametrize("value", ["a\nb", "ä", "\x1b"])
def test_what_no_header_can_hold_is_refused(value: str) -> None:
    """Nothing can be smuggled into a request."""
    for source in (Source(url="http://x", tenant=value), Source(url="http://x", token=value)):
        with pytest.raises(InputError) as caught:
            source.headers()
        assert value not in str(caught.value)


def read(source: Source) -> list[object]:
    async def lines() -> list[object]:
        async with Loki(source) as loki:
            return [entry async for entry in loki.lines("{}", 1, 2)]

    return asyncio.run(lines())


def server_tls(authority: Authority, directory: Path, host: str = "127.0.0.1", *, clients: Authority | None = None) -> ssl.SSLContext:
    identity = authority.server([host])
    certificate, key = directory / "server.pem", directory / "server.key"
    certificate.write_bytes(identity.certificate)
    key.write_bytes(identity.openssl_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.certificate.decode())
    return context


def test_a_server_is_trusted_by_the_certificate_that_was_named(tmp_path: Path) -> None:
    """And by no other; the error says what to set."""
    authority, other = Authority(kind=KeyKind.ECDSA), Authority(kind=KeyKind.ECDSA)
    right, wrong = tmp_path / "ca.pem", tmp_path / "other.pem"
    right.write_bytes(authority.certificate)
    wrong.write_bytes(other.certificate)
    with serving(Store(), server_tls(authority, tmp_path)) as url:
        assert read(Source(url=url, ca_file=str(right))) == []
        for ca in (str(wrong), ""):
            with pytest.raises(TelemetryError, match=r"its certificate is not trusted .*LOKI_CA_CERT_PATH"):
                read(Source(url=url, ca_file=ca))
    with serving(Store(), server_tls(authority, tmp_path, "127.0.0.9")) as url, pytest.raises(TelemetryError, match="not trusted"):
        read(Source(url=url, ca_file=str(right)))


def test_our_own_certificate_is_shown_where_the_server_wants_one(tmp_path: Path) -> None:
    """Without it the connection fails."""
    authority = Authority(kind=KeyKind.ECDSA)
    ca, certificate, key = tmp_path / "ca.pem", tmp_path / "client.pem", tmp_path / "client.key"
    identity = authority.client(["x"])
    ca.write_bytes(authority.certificate)
    certificate.write_bytes(identity.certificate)
    key.write_bytes(identity.openssl_key)
    with serving(Store(), server_tls(authority, tmp_path, clients=authority)) as url:
        assert read(Source(url=url, ca_file=str(ca), certificate_file=str(certificate), key_file=str(key))) == []
        with pytest.raises(TelemetryError):
            read(Source(url=url, ca_file=str(ca)))


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_that_is_no_certificate_is_named(content: bytes | None, tmp_path: Path) -> None:
    """Whichever of them it is."""
    file = tmp_path / "x.pem"
    if content is not None:
        file.write_bytes(content)
    for source in (
        Source(url="https://x", ca_file=str(file)),
        Source(url="https://x", certificate_file=str(file), key_file=str(file)),
    ):
        with pytest.raises(InputError) as caught:
            source.tls()
        assert caught.value.source == str(file)
    assert Source(url="http://x", ca_file=str(file)).tls() is None
