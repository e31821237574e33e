"""Certificates as Talos makes them: who signs, what stands in them, and how the files are labelled.

Shapes are those of a real cluster: the authority is called ``O=talos`` and has no common name, a client's roles are the organizations
of its certificate, a server's certificate lives for a day, and an Ed25519 key is PKCS#8 under a label of its own. Options make the
certificates that must be refused.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes


class KeyKind(StrEnum):
    """Kinds of key that a Talos authority may have; its leaves follow it."""

    ED25519 = "ed25519"
    ECDSA = "ecdsa"
    RSA = "rsa"


class Usage(StrEnum):
    """Extended key usages. Talos accepts a client whose certificate says exactly ``client``."""

    CLIENT = "client"
    SERVER = "server"


AUTHORITY_VALIDITY = timedelta(days=3650)
CLIENT_VALIDITY = timedelta(days=365)
SERVER_VALIDITY = timedelta(hours=24)
# How far certificates reach back. TLS libraries read the kernel's coarse clock, which lags some milliseconds behind the one that Python
# reads: what is signed in the first of a second would now and then be "not yet valid" to them.
LAG = timedelta(seconds=2)

# The label under which Go's machinery writes a PKCS#8 Ed25519 key. OpenSSL and cryptography know it only as "PRIVATE KEY".
_ED25519_LABEL = b"ED25519 PRIVATE KEY"
_PKCS8_LABEL = b"PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, both PEM, the key under Talos's label."""

    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def openssl_key(self) -> bytes:
        """The key under a label that OpenSSL reads."""
        return self.key.replace(_ED25519_LABEL, _PKCS8_LABEL)


class Authority:
    """A certificate authority of a cluster.

    Args:
        now: the start of its validity, with a timezone; just before now unless said.
        kind: of its key and of every key it makes.
    """

    def __init__(self, *, now: datetime | None = None, kind: KeyKind = KeyKind.ED25519) -> None:
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        self.kind = kind
        self._key = _new_key(kind)
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "talos")])
        start = now or reaching_back()
        builder = _builder(self._name, self._name, self._key.public_key(), start, start + AUTHORITY_VALIDITY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(_extended((Usage.SERVER, Usage.CLIENT)), critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
        self._certificate = builder.sign(self._key, _digest(self._key))

    @property
    def certificate(self) -> bytes:
        """The authority's certificate, PEM."""
        return _pem(self._certificate)

    def client(
        self,
        roles: Sequence[str],
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        usages: Sequence[Usage] = (Usage.CLIENT,),
        kind: KeyKind | None = None,
    ) -> Identity:
        """Sign a client's certificate: its organizations are its roles, and it has no name.

        Args:
            roles: as ``os:admin``; a Talos client has at least one.
            not_before: start of validity, just before now unless said.
            not_after: end of validity, a year after the start unless said.
            usages: anything but exactly ``client`` is refused by a Talos node.
            kind: of the key, the authority's own unless said.
        """
        from cryptography.x509.oid import NameOID

        start = not_before or reaching_back()
        attributes = [(NameOID.ORGANIZATION_NAME, role) for role in roles]
        return self._sign(attributes, (), start, not_after or start + CLIENT_VALIDITY, usages=usages, kind=kind)

    def server(
        self,
        hosts: Iterable[str],
        *,
        name: str = "",
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        kind: KeyKind | None = None,
    ) -> Identity:
        """Sign a server's certificate for these hosts.

        Args:
            hosts: IP addresses and DNS names, the certificate's alternative names.
            name: common name, the node's host name.
            not_before: start of validity, just before now unless said.
            not_after: end of validity, a day after the start unless said.
            kind: of the key, the authority's own unless said.
        """
        from cryptography.x509.oid import NameOID

        start = not_before or reaching_back()
        attributes = [(NameOID.COMMON_NAME, name)] if name else []
        return self._sign(attributes, hosts, start, not_after or start + SERVER_VALIDITY, usages=(Usage.SERVER,), kind=kind)

    def _sign(
        self,
        attributes: Sequence[tuple[Any, str]],
        hosts: Iterable[str],
        start: datetime,
        end: datetime,
        *,
        usages: Sequence[Usage],
        kind: KeyKind | None,
    ) -> Identity:
        from cryptography import x509

        key = _new_key(kind or self.kind)
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
        builder = _builder(subject, self._name, key.public_key(), start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(), critical=True)
        builder = builder.add_extension(_extended(usages), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        if names := [_general_name(host) for host in dict.fromkeys(hosts)]:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not attributes)
        return Identity(_pem(builder.sign(self._key, _digest(self._key))), private_pem(key))


def reaching_back() -> datetime:
    """Return the start of a certificate that has to be valid now, for whoever looks."""
    return datetime.now(UTC) - LAG


def private_pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """Write a key as Talos does: PKCS#8 under its own label for Ed25519, SEC1 for ECDSA, PKCS#1 for RSA."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    ours = isinstance(key, ed25519.Ed25519PrivateKey)
    form = serialization.PrivateFormat.PKCS8 if ours else serialization.PrivateFormat.TraditionalOpenSSL
    text = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return text.replace(_PKCS8_LABEL, _ED25519_LABEL) if ours else text


def roles_of(certificate: bytes) -> tuple[str, ...] | None:
    """Return the roles that a client's certificate (DER) gives it; None if a Talos node refuses the certificate.

    Talos wants the extended key usage to be exactly "client"; TLS libraries are content when it is among others.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    loaded = x509.load_der_x509_certificate(certificate)
    try:
        usages = list(loaded.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return None
    if usages != [ExtendedKeyUsageOID.CLIENT_AUTH]:
        return None
    return tuple(str(attribute.value) for attribute in loaded.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))


def _new_key(kind: KeyKind) -> CertificateIssuerPrivateKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match kind:
        case KeyKind.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case KeyKind.ECDSA:
            return ec.generate_private_key(ec.SECP256R1())
        case KeyKind.RSA:
            # Talos makes 4096 bits; half of that is 20 times quicker to find and means the same to everybody who reads it.
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _digest(key: CertificateIssuerPrivateKeyTypes) -> Any:
    """Return the digest for signing with ``key``: none for Ed25519, which has its own."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _builder(subject: x509.Name, issuer: x509.Name, public_key: Any, start: datetime, end: datetime) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start.astimezone(UTC).replace(microsecond=0))
        .not_valid_after(end.astimezone(UTC).replace(microsecond=0))
    )


def _key_usage(*, signs_certificates: bool = False) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _extended(usages: Iterable[Usage]) -> x509.ExtendedKeyUsage:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    oids = {Usage.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH, Usage.SERVER: ExtendedKeyUsageOID.SERVER_AUTH}
    return x509.ExtendedKeyUsage([oids[usage] for usage in usages])


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)
