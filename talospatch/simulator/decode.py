"""From YAML nodes to the values of a document's fields, as Go's decoder fills its structs."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TypeAlias

from talospatch.simulator import durations
from talospatch.simulator.emit import Plain, Value, natural
from talospatch.simulator.fields import Field
from talospatch.simulator.yamltree import Dialect, Node, resolve

_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"), "false"),
}
_BITS = {"int8": 8, "uint8": 8, "uint16": 16, "uint32": 32, "int32": 32}
# Types whose zero value is printed as a word of its own.
_ZERO_TEXT = {
    "nethelpers.RoutingTable": "unspec",
    "nethelpers.Protocol": "Protocol(0)",
    "nethelpers.DefaultAction": "accept",
    "nethelpers.WOLMode": "phy",
    "block.EncryptionProviderType": "luks2",
}
_PEM = {
    "x509.PEMEncodedCertificateAndKey": ("crt", "key"),
    "x509.PEMEncodedCertificate": ("crt",),
    "x509.PEMEncodedKey": ("key",),
}


Unknown: TypeAlias = dict[str, object] | list[object]


class DecodeError(Exception):
    """A value cannot be put into its field; ``str()`` is the decoder's text for it."""


@dataclass(slots=True)
class Decoder:
    """Fills the fields of one document and gathers what cannot be filled.

    Attributes:
        problems: line and text of each value of a wrong type.
    """

    dialect: Dialect
    problems: list[tuple[int, str]] = field(default_factory=list)

    def read(self, node: Node | None, spec: Field) -> Value:
        """Value of a field; None is a nil pointer."""
        if node is None or node.is_null:
            return None if spec.pointer else zero(spec)
        reader = getattr(self, f"_{spec.kind}")
        value: Value = reader(node, spec)
        return value

    def _wrong(self, node: Node, spec: Field) -> Value:
        shown = ""
        if node.kind == "scalar":
            shown = f" `{node.value[:7]}...`" if len(node.value) > 10 else f" `{node.value}`"
        verb = "unmarshal" if self.dialect is Dialect.V4_RC3 else "construct"
        self.problems.append((node.line, f"cannot {verb} {node.tag}{shown} into {spec.go_type}"))
        return zero(spec)

    def _duplicates(self, node: Node) -> None:
        seen: dict[str, int] = {}
        for key, _ in node.pairs():
            if key.value in seen and key.tag != "!!merge":
                self.problems.append((key.line, f'mapping key "{key.value}" already defined at line {seen[key.value]}'))
            seen.setdefault(key.value, key.line)

    def _struct(self, node: Node, spec: Field) -> Value:
        if node.kind != "map":
            return self._wrong(node, spec)
        self._duplicates(node)
        present = {key.value: value for key, value in node.pairs()}
        filled: dict[str, Value] = {}
        for name, child in spec.fields.items():
            value = self.read(present.get(name), child)
            if not (child.omitempty and is_zero(value, child)):
                filled[name] = value
        return filled

    def _list(self, node: Node, spec: Field) -> Value:
        if node.kind != "list":
            return self._wrong(node, spec)
        assert spec.item is not None
        return [self.read(item, spec.item) for item in node.items if spec.item.pointer or not item.is_null or spec.item.kind != "string"]

    def _map(self, node: Node, spec: Field) -> Value:
        if node.kind != "map":
            return self._wrong(node, spec)
        self._duplicates(node)
        assert spec.item is not None
        filled: dict[str, Value] = {}
        for key, value in _merged(node):
            if not key.is_null:
                filled[key.value] = self.read(value, spec.item)
        return {key: filled[key] for key in natural(list(filled))}

    def _any(self, node: Node, spec: Field) -> Value:
        if node.kind == "map":
            self._duplicates(node)
            filled = {key.value: self._any(value, spec) for key, value in _merged(node)}
            return {key: filled[key] for key in natural(list(filled))}
        if node.kind == "list":
            return [self._any(item, spec) for item in node.items]
        return _untyped(node)

    def _string(self, node: Node, spec: Field) -> Value:
        if node.kind != "scalar" or (node.tag == "!!timestamp" and not node.style and self.dialect is Dialect.V4_RC6):
            return self._wrong(node, spec)
        return node.value

    def _bool(self, node: Node, spec: Field) -> Value:
        word = _BOOLEANS.get(node.value) if node.kind == "scalar" else None
        if word is None or (node.tag != "!!bool" and node.value.lower() in {"true", "false"}):
            return self._wrong(node, spec)
        return Plain(word)

    def _int(self, node: Node, spec: Field) -> Value:
        if spec.go_type == "time.Duration":
            return self._duration(node, spec)
        number = None if node.style or node.kind != "scalar" else _integer(node.value)
        if number is None or (spec.go_type.startswith("uint") and number < 0):
            return self._wrong(node, spec)
        bits = _BITS.get(spec.go_type, 64)
        limit = 1 << (bits if spec.go_type.startswith("uint") else bits - 1)
        return Plain(str(number)) if -limit <= number < limit else self._wrong(node, spec)

    def _float(self, node: Node, spec: Field) -> Value:
        if node.kind != "scalar" or node.style or resolve(node.value) not in {"!!int", "!!float"}:
            return self._wrong(node, spec)
        return Plain(node.value)

    def _duration(self, node: Node, spec: Field) -> Value:
        if node.kind == "scalar":
            seconds = durations.parse(node.value)
            if seconds is not None:
                return durations.show(seconds)
        return self._wrong(node, spec)

    def _bytes(self, node: Node, spec: Field) -> Value:
        return self._string(node, spec)

    def _text(self, node: Node, spec: Field) -> Value:
        if node.kind != "scalar":
            return self._wrong(node, spec)
        return _canonical_address(node.value) if spec.go_type.endswith((".Addr", ".Prefix")) else node.value

    def _own(self, node: Node, spec: Field) -> Value:
        if spec.go_type in _PEM:
            return self._pem(node, spec)
        if spec.go_type.endswith(".FileMode") or spec.go_type.endswith("EtcFileMode"):
            number = None if node.style or node.kind != "scalar" else _integer(node.value)
            return self._wrong(node, spec) if number is None or number < 0 else Plain(f"0o{number:o}")
        if spec.go_type.endswith("DiskSize"):
            return _disk_size(node)
        if spec.go_type.endswith(".ArgValue") and node.kind == "list":
            return [self._string(item, Field("string", "string")) for item in node.items]
        if spec.item is not None:
            return self._list(node, spec)
        if node.kind != "scalar":
            return self._wrong(node, Field("string", "string"))
        if spec.go_type.endswith(".PortRange"):
            return Plain(node.value)
        return node.value

    def _pem(self, node: Node, spec: Field) -> Value:
        if node.kind != "map":
            return self._wrong(node, spec)
        present = {key.value: value for key, value in node.pairs()}
        filled: dict[str, Value] = {}
        for name in _PEM[spec.go_type]:
            item = present.get(name)
            text = "" if item is None or item.is_null else item.value
            try:
                data = base64.b64decode("".join(text.split()), validate=True)
            except (binascii.Error, ValueError) as error:
                raise DecodeError(f"illegal base64 data at input byte {_illegal(text)}") from error
            filled[name] = base64.b64encode(data).decode()
        return filled


def zero(spec: Field) -> Value:
    """What Go prints for a field that nobody wrote."""
    if spec.pointer:
        return None
    match spec.kind:
        case "struct":
            filled = {name: zero(child) for name, child in spec.fields.items()}
            return {
                name: value for name, value in filled.items() if not (spec.fields[name].omitempty and is_zero(value, spec.fields[name]))
            }
        case "list":
            return []
        case "map" | "any":
            return {}
        case "bool":
            return Plain("false")
        case "int":
            return "0s" if spec.go_type == "time.Duration" else Plain("0")
        case "float":
            return Plain("0")
        case "own":
            if spec.go_type.endswith("FileMode"):
                return Plain("0o0")
            if spec.item is not None:
                return []
            return dict.fromkeys(_PEM[spec.go_type], "") if spec.go_type in _PEM else ""
        case _:
            return _ZERO_TEXT.get(spec.go_type, "")


def is_zero(value: Value, spec: Field) -> bool:
    """Whether ``omitempty`` leaves it out. A pointer that is set never is."""
    if value is None:
        return True
    if spec.pointer:
        return False
    if spec.kind == "struct" and isinstance(value, dict):
        return all(is_zero(item, spec.fields[name]) for name, item in value.items())
    return not value or value == zero(spec)


def unknown_keys(node: Node, spec: Field) -> Unknown | None:
    """The part of a document that has no field, with what leads to it; None when there is none.

    Raises:
        DecodeError: a collection stands where there can be none.
    """
    if node.aliased or spec.kind == "any":
        return None
    if node.kind == "list":
        if spec.kind in {"list", "own"} and spec.item is not None:
            found: list[object] = [part for part in (unknown_keys(item, spec.item) for item in node.items) if part is not None]
            return found or None
        return None
    if node.kind == "map" and spec.kind == "string":  # behind a merge key, which the decoder carried out and this does not
        raise DecodeError(f"unexpected type for yaml mapping: {spec.go_type}")
    if node.kind != "map" or spec.kind not in {"struct", "map"}:
        return None
    unknown: dict[str, object] = {}
    for key, value in node.pairs():
        child = spec.item if spec.kind == "map" else spec.fields.get(key.value)
        if child is None:
            unknown[key.value] = value
            continue
        inner = unknown_keys(value, child)
        if inner is not None:
            unknown[key.value] = inner
    return unknown or None


def _merged(node: Node) -> list[tuple[Node, Node]]:
    """Pairs of a map, with ``<<`` carried out: keys of its own win."""
    own = [(key, value) for key, value in node.pairs() if key.tag != "!!merge"]
    names = {key.value for key, _ in own}
    for key, value in node.pairs():
        if key.tag == "!!merge":
            for source in value.items if value.kind == "list" else [value]:
                for inner, item in _merged(source) if source.kind == "map" else ():
                    if inner.value not in names:
                        names.add(inner.value)
                        own.append((inner, item))
    return own


def _canonical_address(text: str) -> str:
    """An address or prefix in its shortest form, host bits kept."""
    try:
        return str(ipaddress.ip_interface(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError:
        return text


_SIZES = {
    "": 1,
    "b": 1,
    **{unit + end: base**power for power, unit in enumerate("kmgtp", 1) for end, base in (("b", 1000), ("ib", 1024), ("", 1000))},
}


def _disk_size(node: Node) -> Value:
    """A partition's size: in decimal units where those are exact, else in bytes."""
    found = re.fullmatch(r"([0-9.]+)\s*([A-Za-z]*)", node.value.strip().replace(",", ""))
    if found is None or found[2].lower() not in _SIZES:
        return node.value
    size = int(float(found[1]) * _SIZES[found[2].lower()])
    power = min((len(str(size)) - 1) // 3, 5)
    value = size / 1000**power
    shown = f"{value:.0f}" if value >= 10 or not power else f"{value:.1f}"
    return f"{shown} {'kMGTP'[power - 1]}B" if power and float(shown) * 1000**power == size else Plain(str(size))


def _integer(text: str) -> int | None:
    """An integer as go-yaml reads one: decimal, 0o, 0x, 0b, a leading zero for octal, underscores, or a float without fraction."""
    plain = text.replace("_", "")
    tag = resolve(text)
    try:
        if tag == "!!int":
            sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain.removeprefix("+"))
            if re.fullmatch(r"0[0-7]+", digits):
                return int(sign + digits, 8)
            return int(sign + digits, 0)
        if tag == "!!float":
            number = float(plain)
            return int(number) if number == int(number) else None
    except (ValueError, OverflowError):
        return None
    return None


def _untyped(node: Node) -> Value:
    """A scalar that no field gives a type."""
    if node.style or node.tag == "!!str":
        return node.value
    match node.tag:
        case "!!null":
            return None
        case "!!bool":
            return Plain(node.value.lower())
        case "!!int":
            number = _integer(node.value)
            return Plain(str(number)) if number is not None else node.value
        case "!!float":
            return Plain(_float_text(node.value))
        case "!!timestamp":
            return Plain(node.value if "T" in node.value or "t" in node.value else f"{node.value}T00:00:00Z")
        case _:
            return node.value


def _float_text(text: str) -> str:
    """A float as Go's shortest form prints it."""
    lowered = text.lower().replace("_", "")
    if "nan" in lowered or "inf" in lowered:
        return lowered.removeprefix("+")
    number = float(lowered)
    shown = repr(number)
    mantissa, mark, exponent = shown.partition("e")
    if mark:
        return f"{mantissa.removesuffix('.0')}e{exponent[0] if exponent[0] in '+-' else '+'}{exponent.lstrip('+-').zfill(2)}"
    return shown.removesuffix(".0")


def _illegal(text: str) -> int:
    """Offset of the first byte that is no base64."""
    found = re.search(r"[^A-Za-z0-9+/=\r\n]", text)
    return found.start() if found else len(text)
