"""The simulated cluster's certificates look like those of a Talos cluster, and those that must be refused can be made."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from talospatch.simulator.pki import Authority, Identity, KeyKind, Usage, roles_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _loaded(identity: Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.certificate)


def _der(identity: Identity) -> bytes:
    return _loaded(identity).public_bytes(Encoding.DER)


def _usages(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """Shake hands in memory; raises what either side raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=host)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    ours.do_handshake()
    theirs.do_handshake()


def _contexts(authority: Authority, client: Identity, server: Identity, directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    made: list[ssl.SSLContext] = []
    for protocol, identity in ((ssl.PROTOCOL_TLS_CLIENT, client), (ssl.PROTOCOL_TLS_SERVER, server)):
        context = ssl.SSLContext(protocol)
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=authority.certificate.decode())
        path = directory / f"{len(made)}.pem"
        path.write_bytes(identity.certificate + identity.openssl_key)
        context.load_cert_chain(path)
        made.append(context)
    return made[0], made[1]


def test_the_authority_is_called_talos_and_has_no_common_name() -> None:
    """Subject ``O=talos``, ten years, a certificate authority that may also sign."""
    certificate = x509.load_pem_x509_certificate(Authority(now=NOW).certificate)
    assert certificate.subject.rfc4514_string() == "O=talos"
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=3650)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert usage.digital_signature
    assert _usages(certificate) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_clients_roles_are_its_organizations_and_it_has_no_name() -> None:
    """Two roles are two organizations; no common name, no alternative names, a year."""
    certificate = _loaded(Authority(now=NOW).client(("os:reader", "os:etcd:backup"), not_before=NOW))
    assert [item.value for item in certificate.subject] == ["os:reader", "os:etcd:backup"]
    assert {item.oid for item in certificate.subject} == {NameOID.ORGANIZATION_NAME}
    assert certificate.not_valid_after_utc == NOW + timedelta(days=365)
    assert _usages(certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_servers_certificate_names_its_hosts_and_lives_a_day() -> None:
    """Addresses of both families and names, each once."""
    certificate = _loaded(Authority(now=NOW).server(("127.0.0.1", "::1", "cp-1", "cp-1"), name="cp-1", not_before=NOW))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert names.get_values_for_type(x509.DNSName) == ["cp-1"]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(hours=24)
    assert _usages(certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize(
    ("kind", "label", "private"),
    [
        (KeyKind.ED25519, b"-----BEGIN ED25519 PRIVATE KEY-----", ed25519.Ed25519PrivateKey),
        (KeyKind.ECDSA, b"-----BEGIN EC PRIVATE KEY-----", ec.EllipticCurvePrivateKey),
        (KeyKind.RSA, b"-----BEGIN RSA PRIVATE KEY-----", rsa.RSAPrivateKey),
    ],
)
def test_keys_carry_the_labels_that_talos_writes(kind: KeyKind, label: bytes, private: type) -> None:
    """A leaf's key is of its authority's kind; only the Ed25519 label has to be changed for OpenSSL."""
    identity = Authority(kind=kind).client(("os:admin",))
    assert identity.key.startswith(label)
    assert isinstance(load_pem_private_key(identity.openssl_key, None), private)
    assert b"PRIVATE" not in repr(identity).encode()


def test_a_certificate_made_now_is_valid_to_a_clock_that_lags_a_little() -> None:
    """OpenSSL and BoringSSL read the kernel's coarse clock, which is some milliseconds behind: to them the second has not begun yet."""
    before = datetime.now(UTC)
    authority = Authority()
    made = x509.load_pem_x509_certificate(authority.certificate), _loaded(authority.client(())), _loaded(authority.server(("127.0.0.1",)))
    assert all(certificate.not_valid_before_utc <= before - timedelta(seconds=1) for certificate in made)


@pytest.mark.parametrize("kind", list(KeyKind))
def test_both_sides_shake_hands_under_strict_verification(kind: KeyKind, tmp_path: Path) -> None:
    """OpenSSL's strictest reading of certificates accepts these."""
    authority = Authority(kind=kind)
    client, server = _contexts(authority, authority.client(("os:admin",)), authority.server(("127.0.0.1",), name="cp-1"), tmp_path)
    _handshake(client, server, "127.0.0.1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"not_before": datetime.now(UTC) - timedelta(days=2), "not_after": datetime.now(UTC) - timedelta(days=1)}, "expired"),
        ({"not_before": datetime.now(UTC) + timedelta(days=1)}, "not yet valid"),
        ({"usages": (Usage.SERVER,)}, "purpose"),
    ],
)
def test_a_client_that_must_be_refused_is(changes: dict[str, object], reason: str, tmp_path: Path) -> None:
    """Expired, not yet valid and for servers: OpenSSL on the server's side says why."""
    authority = Authority()
    identity = authority.client(("os:admin",), **changes)  # type: ignore[arg-type]
    client, server = _contexts(authority, identity, authority.server(("127.0.0.1",)), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        _handshake(client, server, "127.0.0.1")


def test_a_client_of_another_authority_is_refused(tmp_path: Path) -> None:
    """The name of the authority is the same; its key is not."""
    authority = Authority()
    client, server = _contexts(authority, Authority().client(("os:admin",)), authority.server(("127.0.0.1",)), tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(client, server, "127.0.0.1")


@pytest.mark.parametrize(
    ("usages", "roles"),
    [
        ((Usage.CLIENT,), ("os:operator", "os:reader")),
        ((Usage.CLIENT, Usage.SERVER), None),
        ((Usage.SERVER,), None),
    ],
)
def test_roles_are_read_only_from_a_certificate_that_is_for_clients_alone(usages: tuple[Usage, ...], roles: tuple[str, ...] | None) -> None:
    """Talos refuses a certificate that may also be a server's, though TLS itself would not mind."""
    identity = Authority().client(("os:operator", "os:reader"), usages=usages)
    assert roles_of(_der(identity)) == roles


def test_a_certificate_without_roles_is_a_client_without_rights() -> None:
    """That is not the same as being refused."""
    assert roles_of(_der(Authority().client(()))) == ()
