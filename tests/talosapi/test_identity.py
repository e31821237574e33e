"""Who we are: certificates and keys in all their forms, checked before anything is dialled."""

from __future__ import annotations

import os
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from loopback_pki import DAY, NOW, Authority, pkcs8

from talospatch.errors import TalosconfigError
from talospatch.talosapi import client_tls
from talospatch.talosapi.identity import Identity

if TYPE_CHECKING:
    from talospatch.talosapi.talosconfig import Context

TALOS = Authority()
CONTEXT = TALOS.context("10.5.0.2")


@pytest.mark.parametrize("kind", ["ed25519", "ec", "rsa"])
def test_every_kind_of_key_that_talos_makes_is_taken(kind: str) -> None:
    identity = Identity.of(Authority(kind).context("10.5.0.2", roles=("os:reader", "os:etcd:backup")))
    assert identity.roles == ("os:etcd:backup", "os:reader")
    assert identity.check(NOW) == ()
    assert identity.ssl_context().verify_mode is ssl.CERT_REQUIRED


def test_a_key_under_the_ordinary_label_is_taken_too() -> None:
    authority = Authority("ec")
    certificate, key = authority.client("os:admin")
    generic = pkcs8(serialization.load_pem_private_key(key, None))
    Identity.of(
        authority.context("x", certificate=certificate, key=b"-----BEGIN EC PARAMETERS-----\nAA==\n-----END EC PARAMETERS-----\n" + generic)
    ).ssl_context()


def test_the_certificate_says_when_and_what() -> None:
    identity = Identity.of(CONTEXT)
    assert identity.roles == ("os:admin",)
    assert identity.not_after == (NOW + 365 * DAY).replace(microsecond=0)
    assert "PRIVATE KEY" not in repr(identity)


def encrypted(key: bytes) -> bytes:
    loaded = serialization.load_pem_private_key(key.replace(b"ED25519 ", b""), None)
    return loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw"))


PEM_JUNK = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY_JUNK = b"-----BEGIN ED25519 PRIVATE KEY-----\nAAAA\n-----END ED25519 PRIVATE KEY-----\n"
UNUSABLE: dict[str, tuple[Context, str]] = {
    "ca": (replace(CONTEXT, ca=PEM_JUNK), "contexts.test.ca: holds no certificate that can be read"),
    "crt": (replace(CONTEXT, certificate=PEM_JUNK), "contexts.test.crt: holds no certificate that can be read"),
    "key": (replace(CONTEXT, key=KEY_JUNK), "contexts.test.key: the private key cannot be read"),
    "key is a certificate": (replace(CONTEXT, key=CONTEXT.certificate), "contexts.test.key: holds no private key"),
    "key encrypted": (replace(CONTEXT, key=encrypted(CONTEXT.key)), "contexts.test.key: the private key is encrypted"),
    "key of another": (replace(CONTEXT, key=TALOS.client("os:admin")[1]), "contexts.test.key: does not belong to the certificate"),
    "key missing": (replace(CONTEXT, key=b""), "contexts.test.key: is missing"),
    "crt missing": (replace(CONTEXT, certificate=b""), "contexts.test.crt: is missing"),
    "neither": (replace(CONTEXT, certificate=b"", key=b""), "the context has no client certificate"),
    "omni": (replace(CONTEXT, auth="siderov1"), "contexts.test.auth.siderov1: this context belongs to Omni"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_identity_that_cannot_work_is_refused_with_what_to_do(name: str) -> None:
    context, text = UNUSABLE[name]
    with pytest.raises(TalosconfigError) as caught:
        Identity.of(context)
    assert str(caught.value).startswith("talosconfig: contexts.test.")
    assert text in str(caught.value)
    assert caught.value.hint


def test_basic_authentication_needs_no_certificate() -> None:
    identity = Identity.of(replace(CONTEXT, certificate=b"", key=b"", auth="basic", username="u", password="p"))
    assert (identity.roles, identity.not_after, identity.check(NOW)) == ((), None, ())
    identity.ssl_context()


def test_an_expired_certificate_is_refused_before_dialling() -> None:
    with pytest.raises(
        TalosconfigError,
        match=r"the client certificate expired at \d{4}-\d\d-\d\d \d\d:\d\d UTC, 2 days ago; make a new one with `talosctl",
    ):
        Identity.of(CONTEXT).check(NOW + 367 * DAY + timedelta(hours=1))


def test_a_clock_that_is_behind_is_named_as_the_likely_cause() -> None:
    with pytest.raises(TalosconfigError, match=r"is not valid before .* UTC; this machine's clock says .* UTC"):
        Identity.of(CONTEXT).check(NOW - 2 * DAY)


def test_an_expired_ca_is_refused_before_dialling() -> None:
    context = Authority(not_after=NOW - DAY).context("x")
    with pytest.raises(TalosconfigError, match=r"contexts\.test\.ca: the cluster's CA expired"):
        Identity.of(context).check(NOW)


def test_the_last_ca_counts_while_a_cluster_changes_its_ca() -> None:
    old = Authority(not_after=NOW - DAY)
    assert Identity.of(replace(CONTEXT, ca=old.pem + TALOS.pem)).check(NOW) == ()


def test_a_certificate_near_its_end_is_a_warning() -> None:
    (finding,) = Identity.of(CONTEXT).check(NOW + 360 * DAY)
    assert (finding.code, "in 4 days" in finding.message) == ("certificate-expires-soon", True)


@pytest.mark.parametrize("roles", [(), ("system:masters",)])
def test_a_certificate_without_a_talos_role_is_a_warning(roles: tuple[str, ...]) -> None:
    (finding,) = Identity.of(TALOS.context("x", roles=roles)).check(NOW)
    assert finding.code == "certificate-without-role"


def test_tls_speaks_http2_trusts_only_the_context_and_checks_names() -> None:
    context = Identity.of(CONTEXT).ssl_context()
    assert [dict(ca["subject"][0])["organizationName"] for ca in context.get_ca_certs()] == ["talos"]  # type: ignore[arg-type]
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_key_reaches_openssl_through_an_encrypted_file_where_there_is_no_memory_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    identity = Identity.of(CONTEXT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_tls._load_from_encrypted_file(context, identity.certificate, identity.key)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="Linux has memory files")
def test_no_file_is_made_on_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    Identity.of(CONTEXT).ssl_context()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_openssl_does_not_take_is_said_without_the_key() -> None:
    identity = replace(Identity.of(CONTEXT), key=b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(TalosconfigError, match=r"OpenSSL .* does not take this context's certificate and key"):
        identity.ssl_context()
