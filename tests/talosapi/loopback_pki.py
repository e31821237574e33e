"""A certificate authority as Talos makes one (Ed25519, roles in ``O=``), and contexts of it, for tests on loopback."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from talospatch.talosapi.talosconfig import Context

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NO_PROXIES: dict[str, str] = {}


def make_key(kind: str) -> Any:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_pem(key: Any) -> bytes:
    """A key as Talos writes it: PKCS #8 under its own label for Ed25519, the traditional forms for EC and RSA."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return pkcs8(key).replace(b"PRIVATE KEY", b"ED25519 PRIVATE KEY")
    return bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    )


def pkcs8(key: Any) -> bytes:
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


@dataclass
class Authority:
    """A CA with its key."""

    kind: str = "ed25519"
    not_after: datetime = NOW + 3650 * DAY
    key: Any = field(init=False)
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        self.key = make_key(self.kind)
        self.certificate = self._sign(
            [("talos", NameOID.ORGANIZATION_NAME)], self.key.public_key(), NOW - 4000 * DAY, self.not_after, authority=True
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, *names: str, not_before: datetime = NOW - DAY, not_after: datetime = NOW + DAY) -> tuple[bytes, bytes]:
        """A server certificate for addresses and names, and its key as OpenSSL reads it."""
        key = make_key(self.kind)
        made = self._sign([("node", NameOID.COMMON_NAME)], key.public_key(), not_before, not_after, names=names or ("127.0.0.1", "::1"))
        return made.public_bytes(serialization.Encoding.PEM), pkcs8(key)

    def client(self, *roles: str, not_before: datetime = NOW - DAY, not_after: datetime = NOW + 365 * DAY) -> tuple[bytes, bytes]:
        """A client certificate with roles, and its key as Talos writes it."""
        key = make_key(self.kind)
        made = self._sign([(role, NameOID.ORGANIZATION_NAME) for role in roles], key.public_key(), not_before, not_after, client=True)
        return made.public_bytes(serialization.Encoding.PEM), key_pem(key)

    def context(self, *endpoints: str, roles: tuple[str, ...] = ("os:admin",), **changes: Any) -> Context:
        """A talosconfig context whose certificate is of this authority."""
        certificate, key = self.client(*roles)
        values: dict[str, Any] = {"ca": self.pem, "certificate": certificate, "key": key, "source": "talosconfig", **changes}
        return Context(name="test", endpoints=endpoints, **values)

    def server_context(self, directory: Path, *, trusts: Authority | None = None, alpn: bool = True, **options: Any) -> ssl.SSLContext:
        """A server's side, requiring client certificates as apid does."""
        return server_context(directory, *self.server(**options), trusts=trusts or self, alpn=alpn)

    def _sign(
        self,
        subject: list[tuple[str, Any]],
        public_key: Any,
        not_before: datetime,
        not_after: datetime,
        *,
        authority: bool = False,
        client: bool = False,
        names: tuple[str, ...] = (),
    ) -> x509.Certificate:
        issuer = [("talos", NameOID.ORGANIZATION_NAME)]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(oid, value) for value, oid in subject]))
            .issuer_name(x509.Name([x509.NameAttribute(oid, value) for value, oid in issuer]))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )
        if not authority:
            usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            identifier = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
            builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        return builder.sign(self.key, None if self.kind == "ed25519" else hashes.SHA256())


def server_context(directory: Path, certificate: bytes, key: bytes, *, trusts: Authority | None, alpn: bool = True) -> ssl.SSLContext:
    """A TLS server's side; without ``trusts`` it asks for no client certificate."""
    file = directory / "server.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if alpn:
        context.set_alpn_protocols(["h2"])
    if trusts is not None:
        context.load_verify_locations(cadata=trusts.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def talosconfig_text(context: Context) -> str:
    """A talosconfig with one context, as a file holds it."""
    lines = [f"context: {context.name}", "contexts:", f"  {context.name}:", "    endpoints:"]
    lines += [f"      - {endpoint}" for endpoint in context.endpoints]
    for key, value in (("ca", context.ca), ("crt", context.certificate), ("key", context.key)):
        lines.append(f"    {key}: {base64.b64encode(value).decode()}")
    return "\n".join([*lines, ""])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
