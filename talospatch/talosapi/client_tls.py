"""The TLS side of an identity: a context for OpenSSL, made without the private key ever resting on a disk in the clear."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from pathlib import Path


def client_context(*, ca: bytes, certificate: bytes, key: bytes) -> ssl.SSLContext:
    """Return a context that trusts ``ca`` alone, shows our certificate and speaks HTTP/2.

    Args:
        ca: PEM certificates; empty means the system's.
        certificate: PEM chain, our certificate first; empty means none is shown.
        key: PEM key with a label that OpenSSL knows; empty exactly when ``certificate`` is.

    Raises:
        ssl.SSLError: OpenSSL does not take one of them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies the chain and the name
    # 1.13 and later speak 1.3 only; up to 1.10 a server may offer 1.2 with X25519 and one cipher. The handshake takes the best of both.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Go: whatever stands in ``ca`` is trusted, be it a root or not
    if ca:
        context.load_verify_locations(cadata=ca.decode("ascii", "ignore"))
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if certificate and not _load_from_memory(context, certificate, key):
        _load_from_encrypted_file(context, certificate, key)
    return context


def _load_from_memory(context: ssl.SSLContext, certificate: bytes, key: bytes) -> bool:
    """Load through an anonymous file in memory; False where the system has no such thing or no ``/proc``."""
    if not hasattr(os, "memfd_create") or not Path("/proc/self/fd").is_dir():
        return False
    try:
        descriptor = os.memfd_create("talospatch", os.MFD_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    return True


def _load_from_encrypted_file(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Load through a file that lives for a millisecond and whose key is encrypted with a password that only we have."""
    from cryptography.hazmat.primitives import serialization

    password = secrets.token_urlsafe(32)
    encrypted = serialization.load_pem_private_key(key, password=None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(password.encode())
    )
    with tempfile.TemporaryDirectory(prefix="talospatch-") as directory:
        path = Path(directory, "identity.pem")
        path.touch(mode=0o600)
        path.write_bytes(certificate + b"\n" + encrypted)
        context.load_cert_chain(path, password=password)
