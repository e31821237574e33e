"""Types that are not read and written as their Go shape says: durations, URLs, sizes, certificates and the like.

A table by the type's name. Sources: the UnmarshalYAML, UnmarshalText, MarshalYAML and MarshalText methods of the machinery's types, and the
vectors.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.scalars import Literal, TaggedText
from talospatch.machineconfig.typed import addresses, durations, sizes, urls
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.plain import BINARY_TAG, is_null, is_only_text, kind_of, said, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.typed.dialect import Dialect

REDACTED = "******"
_LARGEST = 2.0**63
_PORTS = re.compile(r"([0-9]+)-([0-9]+)")


class Form(NamedTuple):
    """How one type is read and written.

    Attributes:
        read: from a node that is not null; None for a zero value, which is as good as absent.
        write: to plain data: text, number, Literal, TaggedText, None, or a list or dict of these.
        zero: what is written for a zero value.
        text: the text by which a delete selector finds it; None when it cannot be compared.
        keys: of a form that is a mapping, the keys that it may have.
        blank: the value to hold where a zero value is not the same as absent: behind a pointer and in lists and maps.
    """

    read: Callable[[Node, Dialect], Any]
    write: Callable[[Any], Any]
    zero: Any = ""
    text: Callable[[Any], str] | None = None
    blank: Any = ""
    keys: tuple[str, ...] = ()


def _same(value: Any) -> Any:
    return value


def raw_text(node: Node, dialect: Dialect) -> str:
    """Return the text that a TextUnmarshaler gets: as it stands, whatever it would mean, if only its tag fits it."""
    if not isinstance(node, Scalar):
        raise Misfit(f"{kind_of(node)} stands where a text belongs")
    if node.tag is not None:
        value = value_of(node, dialect)
        return value if isinstance(value, str) and node.tag == BINARY_TAG else node.text
    return node.text


def _from_text(parse: Callable[[str], str]) -> Callable[[Node, Dialect], str | None]:
    return lambda node, dialect: parse(raw_text(node, dialect)) or None


def _duration(node: Node, dialect: Dialect) -> int:
    value = value_of(node, dialect) if isinstance(node, Scalar) else node
    if type(value) is int and value == 0 and dialect.zero_durations:
        return 0
    if isinstance(value, float) and dialect.float_durations and value == value // 1 and -_LARGEST <= value < _LARGEST:
        return int(value)
    if type(value) is not str or (isinstance(node, Scalar) and is_only_text(node, dialect)):
        raise Misfit(f"{said(node, dialect)} is not a duration", "write it as 90s, 5m or 1h30m")
    return durations.read_duration(value)


def _url(node: Node, dialect: Dialect) -> urls.Url | None:
    text = text_of(node, dialect)
    return urls.read_url(text, loose_ports=dialect.loose_url_ports) if text else None


def _endpoint(node: Node, dialect: Dialect) -> urls.Url:
    return urls.read_url(text_of(node, dialect), loose_ports=dialect.loose_url_ports)


def decode_base64(text: str) -> bytes:
    """Return decoded bytes; line breaks in the text are allowed.

    Raises:
        Misfit: not base64.
    """
    try:
        return binascii.a2b_base64(text.replace("\n", "").replace("\r", ""), strict_mode=True)
    except (binascii.Error, ValueError):
        raise Misfit("this is not base64", "paste it without spaces, padded with = to a multiple of four") from None


def _encode_base64(data: bytes | None) -> str:
    return base64.b64encode(data or b"").decode("ascii")


def _pem(*keys: str) -> Form:
    def read(node: Node, dialect: Dialect) -> dict[str, bytes]:
        if not isinstance(node, Mapping):
            raise Misfit(f"{kind_of(node)} stands where {' and '.join(keys)} belong")
        texts = {}
        for key in keys:
            child = node.values.get(key)
            texts[key] = "" if child is None or is_null(resolved(child)) else text_of(resolved(child), dialect)
        return {key: REDACTED.encode() if key == "key" and text == REDACTED else decode_base64(text) for key, text in texts.items()}

    def write(value: dict[str, bytes]) -> dict[str, str]:
        stored = {key: value.get(key) for key in keys}
        return {key: REDACTED if key == "key" and data == REDACTED.encode() else _encode_base64(data) for key, data in stored.items()}

    return Form(read, write, zero=dict.fromkeys(keys, ""), keys=keys)


def _hardware_address(node: Node, dialect: Dialect) -> str:
    if isinstance(node, Sequence) and dialect.texts_by_shape:
        items = [resolved(item) for item in node.items]
        return bytes(_byte(item, dialect) for item in items if not is_null(item)).hex(":")
    return addresses.read_hardware_address(raw_text(node, dialect))


def _byte(node: Node, dialect: Dialect) -> int:
    value = value_of(node, dialect) if isinstance(node, Scalar) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 256:  # not inf or nan, which are not below
        return int(value)
    raise Misfit("a list of bytes holds numbers from 0 to 255", "write it as 00:11:22:33:44:55")


def _octal(value: int) -> Literal:
    return Literal(f"0o{value:o}")


def _disk_size(node: Node, dialect: Dialect) -> int | None:
    return sizes.read_bytes(text_of(node, dialect)) or None


def _condition(node: Node, dialect: Dialect) -> str:
    return sizes.read_condition(text_of(node, dialect))


def _port_range(node: Node, dialect: Dialect) -> tuple[int, int]:
    value = value_of(node, dialect) if isinstance(node, Scalar) else None
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    if 0 <= number <= 0xFFFF and (number == int(number) or dialect.fractions_truncated):
        return int(number), int(number)
    match = _PORTS.fullmatch(text_of(node, dialect))
    if match is None or int(match[1]) > 0xFFFF or int(match[2]) > 0xFFFF:
        raise Misfit("this is not a port or a range of ports", "write it as 53 or 8000-9000, a single port without quotes")
    return int(match[1]), int(match[2])


def _write_port_range(value: tuple[int, int]) -> int | str:
    return value[0] if value[0] == value[1] else f"{value[0]}-{value[1]}"


def _byte_size(node: Node, dialect: Dialect) -> str | None:
    text = raw_text(node, dialect)
    if text:
        sizes.check_size(text, negative=dialect.negative_sizes)
    return text or None


def _size(node: Node, dialect: Dialect) -> dict[str, str] | None:
    text = raw_text(node, dialect)
    if "%" in text:
        sizes.check_percentage(text, negative=dialect.negative_sizes)
        return {"percentage": text}
    size = _byte_size(node, dialect)
    return None if size is None else {"bytes": size}


def _write_size(value: dict[str, str]) -> str:
    """Bytes go first where a merge has set both."""
    return value.get("bytes") or value.get("percentage") or ""


def _argument(node: Node, dialect: Dialect) -> str | list[str]:
    if isinstance(node, Sequence):
        items = [resolved(item) for item in node.items]
        return [text_of(item, dialect) for item in items if not is_null(item)]
    if isinstance(node, Scalar):
        return text_of(node, dialect)
    raise Misfit("an argument is a text or a list of texts")


def _write_argument(value: str | list[str]) -> Any:
    if isinstance(value, list):
        return [TaggedText(item) for item in value]
    return TaggedText(value) if value else None


_ADDRESS = Form(_from_text(addresses.read_address), _same, text=_same)
_PREFIX = Form(_from_text(addresses.read_prefix), _same, text=_same)
_ADDRESS_PORT = Form(_from_text(addresses.read_address_port), _same, text=_same)

# The reading of None is the shape's own. Wrapped types moved from the package network to meta in 1.14, arguments from v1alpha1.
FORMS: dict[str, Form] = {
    "time.Duration": Form(_duration, durations.write_duration, "0s", durations.write_duration),
    "meta.URL": Form(_url, urls.write_url, "", urls.write_url, {}),
    "v1alpha1.Endpoint": Form(_endpoint, urls.write_url, "", urls.write_url, {}),
    "netip.Addr": _ADDRESS,
    "meta.Addr": _ADDRESS,
    "network.Addr": _ADDRESS,
    "netip.Prefix": _PREFIX,
    "meta.Prefix": _PREFIX,
    "network.Prefix": _PREFIX,
    "netip.AddrPort": _ADDRESS_PORT,
    "meta.AddrPort": _ADDRESS_PORT,
    "network.AddrPort": _ADDRESS_PORT,
    "nethelpers.HardwareAddr": Form(_hardware_address, _same, text=_same),
    "x509.PEMEncodedCertificateAndKey": _pem("crt", "key"),
    "x509.PEMEncodedCertificate": _pem("crt"),
    "x509.PEMEncodedKey": _pem("key"),
    "v1alpha1.Base64Bytes": Form(lambda node, dialect: decode_base64(text_of(node, dialect)), _encode_base64),
    "v1alpha1.DiskSize": Form(_disk_size, sizes.write_bytes, 0, blank=0),
    "v1alpha1.InstallDiskSizeMatcher": Form(_condition, _same),
    "network.PortRange": Form(_port_range, _write_port_range, 0, lambda value: f"{value[0]}-{value[1]}"),
    "block.ByteSize": Form(_byte_size, _same),
    "block.Size": Form(_size, _write_size, blank={}),
    "cel.Expression": Form(_from_text(str), _same, text=_same),
    "meta.ArgValue": Form(_argument, _write_argument, None),
    "v1alpha1.ArgValue": Form(_argument, _write_argument, None),
}

# Enumerations of which the number will do as well as the word, and nothing for 0. Source: FailOverMAC.UnmarshalText.
NUMBERED = frozenset({"nethelpers.FailOverMAC"})

# Read as their shape says, written in a form of their own.
WRITTEN: dict[str, Callable[[Any], Any]] = {"v1alpha1.FileMode": _octal, "runtime.EtcFileMode": _octal}

# What is trimmed off a text of a manifest. Source: v1alpha1 ClusterInlineManifests.UnmarshalYAML.
TRIMMED = {"v1alpha1.ClusterInlineManifests": ("contents", "\t\n\v\f\r")}
