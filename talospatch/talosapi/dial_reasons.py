"""Why an endpoint cannot be used: one row per reason, and which failure of the layers below stands for which."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A way in which dialling fails.

    Attributes:
        sentence: what happened; may use ``{host}``, ``{proxy}`` and ``{seconds}``.
        hint: what to do.
    """

    sentence: str
    hint: str


_OTHER_CLUSTER = "does this talosconfig belong to this cluster, and was the cluster made anew since?"
_RENEW = "make a new one with `talosctl config new`"
REASONS: dict[str, Reason] = {
    # Before TLS.
    "dns": Reason("the name {host} cannot be resolved", "check the spelling and the DNS, or use the IP address"),
    "dns-timeout": Reason("no answer from the DNS within {seconds:g} s", "check the network and the VPN, or use the IP address"),
    "refused": Reason(
        "connection refused: nothing listens there", "check address and port (Talos: 50000); a booting node does this for a while"
    ),
    "unreachable": Reason("no route to the host", "check the address, the VPN and the routes from this machine"),
    "timeout": Reason("no answer to TCP within {seconds:g} s", "the host is down, or a firewall drops the packets"),
    "proxy": Reason("the proxy {proxy} gives no tunnel", "check proxy-url, HTTPS_PROXY and NO_PROXY"),
    "proxy-unreachable": Reason("the proxy {proxy} cannot be reached", "check proxy-url, HTTPS_PROXY and NO_PROXY"),
    # The handshake.
    "tls-timeout": Reason(
        "TCP is accepted, but nothing answers to TLS within {seconds:g} s", "a load balancer without a living backend does this"
    ),
    "plaintext": Reason("what listens there does not speak TLS", "check the port (Talos: 50000)"),
    "closed": Reason(
        "the server closed the connection before it said anything",
        "a load balancer without a living backend does this; try another endpoint",
    ),
    "tls-version": Reason("no TLS version in common", "Talos 1.13 and later speak TLS 1.3 only"),
    "tls-handshake": Reason(
        "the TLS handshake failed", f"Python uses {ssl.OPENSSL_VERSION}; Talos needs Ed25519 or what its CA was made with"
    ),
    # What we think of the server's certificate.
    "wrong-ca": Reason("the server's certificate is not signed by the CA of this context", _OTHER_CLUSTER),
    "server-expired": Reason(
        "the server's certificate has expired", "Talos renews it every 12 hours: check the clocks of the node and of this machine"
    ),
    "server-not-yet-valid": Reason("the server's certificate is not valid yet", "check the clocks of this machine and of the node"),
    "name-mismatch": Reason(
        "the server's certificate is not made out to {host}",
        "use an address that it names, or add this one to machine.certSANs (load balancers, VIPs)",
    ),
    "server-certificate": Reason("the server's certificate cannot be accepted", _OTHER_CLUSTER),
    # What the server thinks of ours; by the alert it sends.
    "client-required": Reason("the server wants a client certificate, and this context has none", "use a context with crt and key"),
    "client-unknown-ca": Reason("the server does not know the CA of our client certificate", _OTHER_CLUSTER),
    "client-expired": Reason("the server says that our client certificate has expired", f"compare the clocks, or {_RENEW}"),
    "client-refused": Reason("the server refuses our client certificate", f"{_OTHER_CLUSTER} If so, {_RENEW}"),
    # After TLS.
    "silent": Reason("TLS stands, but the server says nothing within {seconds:g} s", "it may hang or be overloaded; try another endpoint"),
    "http1": Reason("the server answers with HTTP/1.1", "this is a web server or a proxy in between, not a Talos API"),
    "not-http2": Reason("the server does not speak HTTP/2", "this is not a Talos API; check the port (Talos: 50000)"),
    # On our side.
    "descriptors": Reason("this process has no file descriptors left", "raise the limit (ulimit -n)"),
    "system": Reason("the connection failed", "the system gave the reason above"),
    "several": Reason("no endpoint can be used", "each one's reason is above"),
}

# Names of alerts as OpenSSL gives them, without the protocol in front; RFC 8446, section 6, says what they mean.
_ALERTS = {
    "CERTIFICATE_REQUIRED": "client-required",
    "UNKNOWN_CA": "client-unknown-ca",
    "CERTIFICATE_EXPIRED": "client-expired",
    "BAD_CERTIFICATE": "client-refused",  # Go before 1.20 says this to everything
    "CERTIFICATE_UNKNOWN": "client-refused",
    "UNSUPPORTED_CERTIFICATE": "client-refused",
    "CERTIFICATE_REVOKED": "client-refused",
    "ACCESS_DENIED": "client-refused",
    "DECRYPT_ERROR": "client-refused",
    "PROTOCOL_VERSION": "tls-version",
    "NO_APPLICATION_PROTOCOL": "not-http2",
    "UNRECOGNIZED_NAME": "name-mismatch",
}
_SSL_REASONS = {
    "WRONG_VERSION_NUMBER": "plaintext",
    "HTTP_REQUEST": "plaintext",
    "PACKET_LENGTH_TOO_LONG": "plaintext",
    "RECORD_LAYER_FAILURE": "plaintext",  # OpenSSL 3.2 and later, for text instead of a record
    "UNSUPPORTED_PROTOCOL": "tls-version",
    "UNEXPECTED_EOF_WHILE_READING": "closed",
}
# X509_V_ERR_*: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_VERIFY_CODES = {
    **dict.fromkeys((2, 7, 18, 19, 20, 21, 30), "wrong-ca"),
    9: "server-not-yet-valid",
    10: "server-expired",
    62: "name-mismatch",
    64: "name-mismatch",
}
_ERRNOS = {
    errno.ECONNREFUSED: "refused",
    **dict.fromkeys((errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL), "unreachable"),
    errno.ETIMEDOUT: "timeout",
    **dict.fromkeys((errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED), "closed"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "descriptors"),
}
_ALERT = re.compile(r"ALERT_([A-Z_]+)")


def reason_of(error: BaseException) -> str:
    """Return which of :data:`REASONS` an exception of the socket or TLS layer stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CODES.get(error.verify_code, "server-certificate")
    if isinstance(error, ssl.SSLError):
        name = (_reason(error) or str(error)).upper().replace(" ", "_")
        if alert := _ALERT.search(name):
            return _ALERTS.get(alert[1], "tls-handshake")
        return next((reason for part, reason in _SSL_REASONS.items() if part in name), "tls-handshake")
    if isinstance(error, socket.gaierror | UnicodeError):
        return "dns"
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError | EOFError):
        return "closed"
    return _ERRNOS.get(_errno(error), "system")


def detail_of(error: BaseException) -> str:
    """Return what the layer below says, in its words, without addresses and source lines; empty where our own sentence says as much."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        return (
            _reason(error).lower().replace("_", " ").removeprefix("sslv3 ").removeprefix("tlsv1 ").removeprefix("tlsv13 ")
        )  # not what was spoken
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    if isinstance(error, OSError) and _ERRNOS.get(_errno(error)) is None and error.strerror:
        return error.strerror
    return ""


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's name for it; absent for errors newer than this Python, or made by asyncio."""
    return getattr(error, "reason", None) or ""


def _errno(error: BaseException) -> int:
    """The errno, also of what asyncio makes of several failed addresses: one OSError without a number, its text the only trace."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = [int(number) for number in re.findall(r"\[Errno (\d+)\]", str(error))]
    return found[0] if found else 0
