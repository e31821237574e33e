"""IP addresses, prefixes, address:port and hardware addresses: read as Go reads them, kept in canonical text."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from talospatch.machineconfig.typed.misfit import Misfit, quoted

_BITS = re.compile(r"0|[1-9][0-9]{0,2}")
_PORT = re.compile(r"[0-9]{1,20}")
_GROUPS = re.compile(r"[0-9A-Fa-f:.]*")


@lru_cache(maxsize=4096)
def read_address(text: str) -> str:
    """Return an IP address in canonical text, its zone kept; "" for "".

    Raises:
        Misfit: not an address.
    """
    body, percent, zone = text.partition("%")
    if not text:
        return ""
    try:
        if not _GROUPS.fullmatch(body):
            raise ValueError
        address = ipaddress.ip_address(body)
    except ValueError:
        raise Misfit(f"{quoted(text)} is not an IP address") from None
    if percent and (address.version == 4 or not zone):
        raise Misfit(f"{quoted(text)} is not an IP address: zones belong to IPv6 and have a name")
    return _canonical(address) + percent + zone


def _canonical(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


@lru_cache(maxsize=4096)
def read_prefix(text: str) -> str:
    """Return an address with the length of its prefix, host bits kept; "" for "".

    Raises:
        Misfit: not a prefix.
    """
    if not text:
        return ""
    head, slash, bits = text.rpartition("/")
    if not slash or not head or "%" in head or not _BITS.fullmatch(bits):
        raise Misfit(f"{quoted(text)} is not an address with a prefix length", "write it as 10.0.0.0/8")
    address = read_address(head)
    if int(bits) > (128 if ":" in address else 32):
        raise Misfit(f"{quoted(text)}: the prefix is longer than the address")
    return f"{address}/{bits}"


@lru_cache(maxsize=1024)
def read_address_port(text: str) -> str:
    """Return address and port, IPv6 in brackets; "" for "".

    Raises:
        Misfit: not an address with a port.
    """
    if not text:
        return ""
    head, _, port = text.rpartition(":")
    bracketed = head.startswith("[") and head.endswith("]")
    address = read_address(head[1:-1] if bracketed else head)
    if not address or bracketed != (":" in address) or not _PORT.fullmatch(port) or int(port) > 0xFFFF:
        raise Misfit(f"{quoted(text)} is not an address with a port", "write it as 10.0.0.1:51820 or [fd00::1]:51820")
    return f"[{address}]:{int(port)}" if bracketed else f"{address}:{int(port)}"


def read_hardware_address(text: str) -> str:
    """Return a hardware address as lower-case bytes with colons between; "" for "".

    Raises:
        Misfit: not hexadecimal bytes.
    """
    try:
        return _hexadecimal(text.replace(":", "")).hex(":")
    except ValueError:
        raise Misfit(f"{quoted(text)} is not a hardware address", "write it as 00:11:22:33:44:55") from None


def _hexadecimal(text: str) -> bytes:
    if not text.isalnum():  # bytes.fromhex skips spaces, which Go refuses
        return bytes.fromhex("x" if text else "")
    return bytes.fromhex(text)
