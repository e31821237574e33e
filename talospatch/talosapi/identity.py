"""Who we are to a cluster: the client certificate of a context, its roles and its time, checked before anything is dialled."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.errors import TalosconfigError
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from talospatch.talosapi.talosconfig import Context

# Source: pkg/machinery/role/role.go at v1.14.
ROLES = frozenset({"os:admin", "os:operator", "os:reader", "os:etcd:backup", "os:impersonator"})
EXPIRES_SOON = 14  # days

_PEM_KEY = re.compile(rb"-----BEGIN (?P<label>[A-Z0-9 ]*PRIVATE KEY)-----\s.*?-----END (?P=label)-----", re.DOTALL)
# Talos writes PKCS #8 under a label of its own, which neither OpenSSL nor cryptography knows; the bytes inside are the same.
_TALOS_LABEL, _LABEL = b"ED25519 PRIVATE KEY", b"PRIVATE KEY"
_RENEW = (
    "make a new one with `talosctl config new` from a context that still works, or with "
    "`talosctl gen config --with-secrets secrets.yaml --output-types talosconfig`"
)
_OMNI = (
    "it signs each call with a personal key (SideroLink, Omni), which is not supported; "
    "use a context with a client certificate (`omnictl talosconfig --break-glass`), or make the change as a config patch in Omni"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The client certificate of a context.

    Attributes:
        place: file and path inside it, for errors.
        roles: what the certificate allows (its ``O=``), sorted; empty without a certificate.
        not_before, not_after: UTC, between which the certificate is valid; None without one.
        ca_not_after: UTC, when the last CA certificate of the context expires; None where the system's are used.
        ca, certificate, key: PEM, the key under a label that OpenSSL knows.
    """

    place: tuple[str, str]
    roles: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    ca_not_after: datetime | None = None
    ca: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, context: Context) -> Identity:
        """Return the identity of a context, its parts read and matched.

        Raises:
            TalosconfigError: a part cannot be read, key and certificate do not belong together, there is nothing to show to the
                server, or the context is one of Omni's.
        """
        place = (context.source, context.path)
        if context.auth == "siderov1":
            raise _error(place, "auth.siderov1", "this context belongs to Omni", _OMNI)
        ca_not_after = None
        if context.ca:
            ca_not_after = max(certificate.not_valid_after_utc for certificate in _certificates(context.ca, place, "ca"))
        if bool(context.certificate) != bool(context.key):
            missing = "key" if context.certificate else "crt"
            raise _error(place, missing, "is missing: certificate and key come as a pair", "get the file again")
        if not context.certificate:
            if not context.auth:
                raise _error(place, "crt", "the context has no client certificate, and Talos lets nobody in without one", _RENEW)
            return cls(place, ca_not_after=ca_not_after, ca=context.ca)
        leaf = _certificates(context.certificate, place, "crt")[0]
        key_pem, key = _key(context.key, place)
        if key.public_key() != leaf.public_key():
            raise _error(place, "key", "does not belong to the certificate in crt", "copy crt and key from the same file")
        return cls(
            place,
            _roles(leaf),
            leaf.not_valid_before_utc,
            leaf.not_valid_after_utc,
            ca_not_after,
            context.ca,
            context.certificate,
            key_pem,
        )

    def check(self, now: datetime) -> tuple[Finding, ...]:
        """Return what is noteworthy about this identity at a time.

        Args:
            now: an aware datetime.

        Raises:
            TalosconfigError: certificate or CA are not valid at that time: no server would take us, and few would say why.
        """
        if self.ca_not_after and now > self.ca_not_after:
            raise _error(self.place, "ca", f"the cluster's CA expired at {_stamp(self.ca_not_after)}", _clock(now))
        if self.not_before is None or self.not_after is None:
            return ()
        if now < self.not_before:
            raise _error(self.place, "crt", f"the client certificate is not valid before {_stamp(self.not_before)}", _clock(now))
        if now > self.not_after:
            age = (now - self.not_after).days
            raise _error(self.place, "crt", f"the client certificate expired at {_stamp(self.not_after)}, {age} days ago", _RENEW)
        findings = []
        if (left := (self.not_after - now).days) < EXPIRES_SOON:
            message = f"the client certificate expires at {_stamp(self.not_after)}, in {left} days"
            findings.append(Finding(Severity.WARNING, "certificate-expires-soon", self.place[1], message, _RENEW))
        if not ROLES.intersection(self.roles):
            message = f"the client certificate names no Talos role that we know (O={', '.join(self.roles) or 'nothing'})"
            findings.append(Finding(Severity.WARNING, "certificate-without-role", self.place[1], message, _RENEW))
        return tuple(findings)

    def ssl_context(self) -> ssl.SSLContext:
        """Return a fresh TLS context for this identity.

        Raises:
            TalosconfigError: the OpenSSL of this Python does not take the certificate, key or CA.
        """
        from talospatch.talosapi.client_tls import client_context

        try:
            return client_context(ca=self.ca, certificate=self.certificate, key=self.key)
        except ssl.SSLError as error:
            problem = f"{ssl.OPENSSL_VERSION} does not take this context's certificate and key ({error.reason or 'no reason given'})"
            raise _error(self.place, "", problem, "an OpenSSL in FIPS mode may know no Ed25519; use another Python") from error


def _certificates(pem: bytes, place: tuple[str, str], key: str) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise _error(place, key, "holds no certificate that can be read", "get the file again") from error


def _key(pem: bytes, place: tuple[str, str]) -> tuple[bytes, PrivateKeyTypes]:
    """Return the first private key, relabelled where needed, as PEM and parsed. Nothing of it gets into an error."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    match = _PEM_KEY.search(pem)
    if match is None:
        raise _error(place, "key", "holds no private key", "get the file again")
    block = match.group() + b"\n"
    if match["label"] == _TALOS_LABEL:
        block = block.replace(_TALOS_LABEL, _LABEL)
    try:
        return block, load_pem_private_key(block, password=None)
    except TypeError:  # what cryptography raises for a key that wants a password
        raise _error(place, "key", "the private key is encrypted, which talosctl does not support either", "store it decrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _error(place, "key", "the private key cannot be read (cut off, or edited?)", "get the file again") from None


def _roles(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography.x509.oid import NameOID

    return tuple(sorted(str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)))


def _error(place: tuple[str, str], key: str, problem: str, hint: str) -> TalosconfigError:
    source, path = place
    return TalosconfigError(problem, source=source or None, path=f"{path}.{key}" if key else path, hint=hint)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _clock(now: datetime) -> str:
    from datetime import UTC

    return f"this machine's clock says {_stamp(now.astimezone(UTC))}: if that is wrong, set it"
