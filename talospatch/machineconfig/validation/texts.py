"""Texts as the reference's libraries judge them: addresses, endpoints, names, keys.

Each function returns None for a good text, else what is wrong with it, to be put behind the text in a message.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote

from talospatch.machineconfig.typed import addresses, urls
from talospatch.machineconfig.typed.misfit import Misfit

# Source: isValidDNSName of v1alpha1_validation.go.
_DNS_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(?:\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?")
# Source: labels/validate.go, which follows Kubernetes.
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_DIGITS = re.compile(r"[0-9]{1,6}")
_PADDING = {"==": 2, "=": 1}


def ip_or_cidr(text: str) -> str | None:
    """Judge what may be an address or an address with a prefix length, as package net reads them: without zones."""
    return cidr(text) if "/" in text else ip(text)


def ip(text: str) -> str | None:
    """Judge an IP address."""
    try:
        if not text or "%" in text:
            raise Misfit("")
        addresses.read_address(text)
    except Misfit:
        return "is not an IP address"
    return None


def cidr(text: str) -> str | None:
    """Judge an address with a prefix length, whose number may have leading zeros."""
    address, slash, bits = text.partition("/")
    if not slash or ip(address) or not _DIGITS.fullmatch(bits) or int(bits) > (128 if ":" in address else 32):
        return "is not an address with a prefix length"
    return None


def address(text: str) -> str | None:
    """Judge an IP address, which may have a zone."""
    try:
        return None if addresses.read_address(text) else "is empty"
    except Misfit:
        return "is not an IP address"


def prefix(text: str) -> str | None:
    """Judge an address with a prefix length."""
    try:
        return None if addresses.read_prefix(text) else "is empty"
    except Misfit:
        return "is not an address with a prefix length"


def subnet_or_address(text: str) -> str | None:
    """Judge one entry of a filter, which may begin with ``!``."""
    entry = text.removeprefix("!")
    return None if prefix(entry) is None or address(entry) is None else "is neither an address nor one with a prefix length"


def endpoint(text: str, *, loose_ports: bool) -> str | None:
    """Judge the URL of an endpoint: it needs a host, and a port that exists. Source: ValidateEndpointURI of siderolabs/net."""
    try:
        url = urls.read_url(text, loose_ports=loose_ports)
    except Misfit as misfit:
        return f"is no URL: {misfit}"
    host: str = url.get("host", "")
    if host.count(":") > 2 and not ("[" in host and "]" in host):
        return "has an IPv6 address without brackets"
    name, port = split_host(host)
    if not name:
        return "has no host"
    if port and not (1 <= int(port) <= 65535):
        return f"has port {port}, which does not exist"
    return None


def split_host(host: str) -> tuple[str, str]:
    """Return name and port of a URL's host, without brackets."""
    name, colon, port = host.rpartition(":")
    if (colon and port.isdecimal()) or (colon and not port):
        return name.removeprefix("[").removesuffix("]"), port
    return host.removeprefix("[").removesuffix("]"), ""


def request_uri(text: str, *, loose_ports: bool) -> tuple[str | None, str]:
    """Judge a URL that must be absolute; return also its path. Source: Go's url.ParseRequestURI."""
    if not text:
        return "is empty", ""
    try:
        url = urls.read_url(text.replace("#", "%23"), loose_ports=loose_ports)
    except Misfit as misfit:
        return f"is no URL: {misfit}", ""
    path: str = url.get("path", "")
    if "scheme" not in url:
        if not text.startswith("/") and text != "*":
            return "is not an absolute URL", ""
        path = quote(text.partition("?")[0])
    return None, path


def host_port(text: str) -> str | None:
    """Judge ``host:port``, as Go's net.SplitHostPort takes it apart; the port is not looked at."""
    if ":" not in text:
        return "has no port"
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        if not bracket or not rest.startswith(":") or ":" in rest[1:]:
            return "is not [address]:port"
        text = f"{inside.replace(':', '')}{rest}"
    elif text.count(":") > 1:
        return "has too many colons; IPv6 addresses stand in brackets"
    return "has brackets where none belong" if "[" in text or "]" in text else None


def peer_endpoint(text: str) -> str | None:
    """Judge the endpoint of a Wireguard peer: host and port. Source: AddressContainsPort of siderolabs/net."""
    if problem := host_port(text):
        return problem
    host = text.rpartition(":")[0].strip("[]")
    return "has no IPv6 address in its brackets" if ":" in host and address(host) else None


def dns_name(text: str) -> str | None:
    """Judge a DNS name."""
    if not text or len(text.encode()) - text.count(".") > 255 or not _DNS_NAME.fullmatch(text):
        return "is not a DNS name"
    return None


def subdomain(text: str) -> str | None:
    """Judge a lower-case DNS subdomain."""
    if len(text.encode()) > 253:
        return "is longer than 253 characters"
    return None if _SUBDOMAIN.fullmatch(text) else "is not a DNS subdomain: lower-case letters, digits, hyphens and dots"


def qualified_name(text: str) -> str | None:
    """Judge a Kubernetes qualified name, such as the key of a label."""
    before, slash, name = text.rpartition("/")
    if "/" in before:
        return "has more than one slash"
    if slash and (not before or subdomain(before)):
        return f"has the prefix {before[:80]!r}, which is not a DNS subdomain"
    if not name:
        return "is an empty name"
    if len(name.encode()) > 63:
        return "has a name of more than 63 characters"
    return None if _QUALIFIED.fullmatch(name) else "is not a name of letters, digits, '-', '_' and '.', with a letter or digit at both ends"


def label_value(text: str) -> str | None:
    """Judge the value of a label."""
    if len(text.encode()) > 63:
        return "is longer than 63 characters"
    return None if not text or _QUALIFIED.fullmatch(text) else "is not a value of letters, digits, '-', '_' and '.'"


def base64_length(text: str) -> int | None:
    """Return the number of bytes that base64 stands for, None when it is none; line breaks do not count."""
    text = text.replace("\r", "").replace("\n", "")
    if not _BASE64.fullmatch(text):
        return None
    return len(text) // 4 * 3 - _PADDING.get(text[len(text.rstrip("=")) :], 0)


def wireguard_key(text: str) -> str | None:
    """Judge a key of Wireguard: 32 bytes in base64. The key itself never appears in what is returned."""
    length = base64_length(text)
    if length is None:
        return "is not base64"
    return None if length == 32 else f"is {length} bytes long instead of 32"


def is_ipv4(text: str) -> bool:
    """Whether an address that was read is IPv4."""
    return ipaddress.ip_address(text.partition("%")[0]).version == 4
