"""PEM, and whether what it holds has the structure of a certificate or a private key, as far as that can be told without cryptography."""

from __future__ import annotations

import base64
import binascii
import re

_BLOCK = re.compile(
    rb"(?:\A|\n)-----BEGIN (?P<type>[^\n]*?)-----[ \t\r]*\n(?P<body>.*?)\n?-----END (?P=type)-----[ \t\r]*(?=\n|\Z)", re.DOTALL
)
_HEADER = re.compile(rb"[^\n:]*:[^\n]*\n")
_SPACE = bytes.maketrans(b"", b"")
_SEQUENCE, _INTEGER, _OCTETS, _BITS = 0x30, 0x02, 0x04, 0x03

# What the outermost sequence of each type begins with. Sources: RFC 5280 (certificate), 8017 (RSA), 5915 (EC), 5958 (PKCS #8).
_LAYOUTS: dict[str, tuple[int, ...]] = {
    "CERTIFICATE": (_SEQUENCE, _SEQUENCE, _BITS),
    "RSA PRIVATE KEY": (_INTEGER,) * 9,
    "EC PRIVATE KEY": (_INTEGER, _OCTETS),
    "PRIVATE KEY": (_INTEGER, _SEQUENCE, _OCTETS),
    "ED25519 PRIVATE KEY": (_INTEGER, _SEQUENCE, _OCTETS),
}
KEY_TYPES = frozenset(_LAYOUTS) - {"CERTIFICATE"}


def blocks(text: str) -> list[tuple[str, bytes]]:
    """Return type and content of each PEM block; what is not one is skipped."""
    data = text.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n")
    found = []
    for match in _BLOCK.finditer(data):
        body = match["body"] + b"\n"
        while (header := _HEADER.match(body)) is not None:
            body = body[header.end() :]
        try:
            content = base64.b64decode(body.translate(_SPACE, b" \t\r\n"), validate=True)
        except (binascii.Error, ValueError):
            continue
        found.append((match["type"].decode("utf-8", "replace"), content))
    return found


def problem_with(text: str, *, types: frozenset[str] | None = None) -> str | None:
    """Judge a text that must hold PEM blocks.

    Args:
        text: the text.
        types: types that its blocks may have; None for any.
    """
    found = blocks(text)
    if not found:
        return "holds no PEM block"
    if types is not None:
        for kind, _ in found:
            if kind not in types:
                return f"holds a PEM block of type {kind[:40]!r} instead of {' or '.join(sorted(types))}"
    return None


def structure_problem(text: str, *, types: frozenset[str]) -> str | None:
    """Judge the first PEM block of a text by the structure of its content, which must be of one of some types."""
    found = blocks(text)
    if not found:
        return "holds no PEM block"
    kind, content = found[0]
    if kind not in types:
        return f"holds a PEM block of type {kind[:40]!r}"
    return None if _fits(content, _LAYOUTS[kind]) else f"holds a PEM block of type {kind!r} whose content is damaged"


def has_certificate(text: str) -> bool:
    """Whether some block holds a certificate."""
    return any(kind == "CERTIFICATE" and _fits(content, _LAYOUTS[kind]) for kind, content in blocks(text))


def _fits(content: bytes, layout: tuple[int, ...]) -> bool:
    outer = _elements(content)
    if outer is None or len(outer) != 1 or outer[0][0] != _SEQUENCE:
        return False
    inner = _elements(outer[0][1])
    return inner is not None and tuple(tag for tag, _ in inner[: len(layout)]) == layout


def _elements(data: bytes) -> list[tuple[int, bytes]] | None:
    """Return the DER elements that data consists of, None when it does not."""
    found = []
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            return None
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or start + size > len(data):
                return None
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > len(data):
            return None
        found.append((tag, data[start : start + length]))
        at = start + length
    return found
