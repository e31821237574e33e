"""Protobuf by hand, for the few resource specs that have no message of their own here."""

from __future__ import annotations

import ipaddress


def varint(value: int) -> bytes:
    """A base-128 number."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A numeric field; nothing for zero, as proto3 has it."""
    return varint(field << 3) + varint(value) if value else b""


def data(field: int, value: bytes) -> bytes:
    """A field of bytes or an embedded message, also when empty."""
    return varint(field << 3 | 2) + varint(len(value)) + value


def text(field: int, value: str) -> bytes:
    """A string field; nothing for the empty one."""
    return data(field, value.encode()) if value else b""


def address(value: str) -> bytes:
    """``common.NetIP``."""
    return data(1, ipaddress.ip_address(value).packed)
