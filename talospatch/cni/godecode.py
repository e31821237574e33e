"""How Go's ``json.Unmarshal`` puts a value into a struct, as far as its errors go.

Nothing is decoded into anything: what is wanted is whether Go would complain, in which words, and whether lists would hold nil pointers.

Two kinds of complaint differ. A plain type error is remembered, the first one only, and decoding goes on. An error inside a type that
brings its own ``UnmarshalJSON`` (an IP configuration, a route, an address) ends decoding at once and takes the place of a remembered one.
Source: literalStore, object, array and addErrorContext in Go's encoding/json/decode.go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from talospatch.cni.gojson import Number, Object, float_text, type_of_value


class Scalar(Enum):
    """A type without parts; the value is Go's name of it."""

    STRING = "string"
    INT = "int"
    IP = "net.IP"  # reads text
    CIDR = "types.IPNet"  # has its own UnmarshalJSON


@dataclass(frozen=True, slots=True)
class List:
    """A slice; ``go`` is its type as Go prints it."""

    go: str
    element: Scalar | Struct


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct, or a pointer to one: null does the same to both here.

    Attributes:
        go: the type as Go prints it, as ``types100.Interface``.
        fields: type by JSON key.
        own_reader: whether it has its own ``UnmarshalJSON``, so that errors inside end decoding at once.
    """

    go: str
    fields: Mapping[str, Scalar | List | Struct]
    own_reader: bool = False

    @property
    def name(self) -> str:
        """The name without its package; empty for an anonymous struct."""
        return self.go.rpartition(".")[2] if not self.go.startswith("struct") else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What decoding came to.

    Attributes:
        error: Go's words, or None.
        hollow: keys of the outermost struct whose list ended up with a null element.
    """

    error: str | None
    hollow: frozenset[str] = frozenset()


def unmarshal(value: Any, into: Struct, *, encoded: bool, before_go_1_24: bool = False) -> Outcome:
    """Return what ``json.Unmarshal`` of ``value`` into ``into`` would come to.

    Args:
        value: as :func:`talospatch.cni.gojson.read` gives it.
        into: the type.
        encoded: whether the value went through a Go map and was written again: keys sorted, repeated ones merged, numbers as float64.
        before_go_1_24: word the path of nested errors as Go up to 1.23 does.
    """
    run = _Run(encoded=encoded, before_go_1_24=before_go_1_24)
    error = run.read(value, into)
    return Outcome(None if error is None else str(error), frozenset(run.hollow))


# ASCII letters, and the two characters that Go's case folding takes for one: KELVIN SIGN and LATIN SMALL LETTER LONG S.
_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)} | {0x212A: ord("k"), 0x17F: ord("s")}


def match_key(key: str, fields: Iterable[str]) -> str | None:
    """Return the field that Go fills from ``key``: the one of that name, else one that differs in case only."""
    folded = key.translate(_FOLD)
    inexact = None
    for field in fields:
        if field == key:
            return field
        if field.translate(_FOLD) == folded:
            inexact = field
    return inexact


def is_ip(text: str) -> bool:
    """Whether Go's ``net.ParseIP`` reads it."""
    # Python reads a zone, which Go refuses here.
    if "%" in text:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_cidr(text: str) -> bool:
    """Whether Go's ``net.ParseCIDR`` reads it: an address, a slash, and a number of bits that the address has."""
    address, slash, bits = text.partition("/")
    if not slash or not is_ip(address) or not (bits.isascii() and bits.isdigit()):
        return False
    # Leading zeros are fine, any number of them; more digits than the address has bits for are not.
    return len(bits.lstrip("0")) <= 3 and int(bits.lstrip("0") or "0") <= (128 if ":" in address else 32)


class _Mismatch:
    """Go's UnmarshalTypeError: a value of the wrong kind."""

    __slots__ = ("field", "go", "kind", "struct")

    def __init__(self, kind: str, go: str) -> None:
        self.kind, self.go, self.struct, self.field = kind, go, "", ""

    def __str__(self) -> str:
        place = f"Go struct field {self.struct}.{self.field}" if self.struct or self.field else "Go value"
        return f"json: cannot unmarshal {self.kind} into {place} of type {self.go}"


class _Stop(Exception):
    def __init__(self, error: _Mismatch | str) -> None:
        self.error = error
        super().__init__(str(error))


class _Run:
    """One call of ``json.Unmarshal``: what is remembered, and where in which struct we are."""

    __slots__ = ("before_go_1_24", "encoded", "hollow", "path", "saved", "struct")

    def __init__(self, *, encoded: bool, before_go_1_24: bool) -> None:
        self.encoded, self.before_go_1_24 = encoded, before_go_1_24
        self.saved: _Mismatch | None = None
        self.struct: str | None = None
        self.path: list[str] = []
        self.hollow: set[str] = set()

    def read(self, value: Any, into: Struct) -> _Mismatch | str | None:
        try:
            self._struct(value, into)
        except _Stop as stop:
            return self._placed(stop.error)
        return self.saved

    def _placed(self, error: _Mismatch | str) -> _Mismatch | str:
        if isinstance(error, _Mismatch) and self.struct is not None:
            error.struct = self.struct
            inner = [error.field] if error.field and not self.before_go_1_24 else []
            error.field = ".".join([*self.path, *inner])
        return error

    def _mismatch(self, kind: str, go: str) -> None:
        if self.saved is None:
            self.saved = _Mismatch(kind, go)
            self._placed(self.saved)

    def _value(self, value: Any, into: Scalar | List | Struct) -> None:
        if isinstance(into, Scalar):
            _SCALARS[into](self, value)
        elif isinstance(into, List):
            self._list(value, into)
        elif into.own_reader and value is not None:
            inner = _Run(encoded=self.encoded, before_go_1_24=self.before_go_1_24)
            error = inner.read(value, into)
            if error is not None:
                raise _Stop(error)
        else:
            self._struct(value, into)

    def _list(self, value: Any, into: List) -> None:
        if isinstance(value, list) and not isinstance(value, Object):
            for element in value:
                self._value(element, into.element)
        elif value is not None:
            self._mismatch(type_of_value[type(value)], into.go)

    def _struct(self, value: Any, into: Struct) -> None:
        if not isinstance(value, Object):
            if value is not None:
                self._mismatch(type_of_value[type(value)], into.go)
            return
        outer, depth = self.struct, len(self.path)
        members = sorted(dict(value).items()) if self.encoded else value
        for key, member in members:
            field = match_key(key, into.fields)
            if field is None:
                continue
            self.struct = into.name
            self.path.append(field)
            self._value(member, into.fields[field])
            if depth == 0:
                self._note_hollow(field, member, into.fields[field])
            self.struct = outer
            del self.path[depth:]

    def _note_hollow(self, field: str, member: Any, into: Scalar | List | Struct) -> None:
        # A later duplicate replaces what an earlier one left; null leaves an empty list.
        self.hollow.discard(field)
        if isinstance(into, List) and isinstance(member, list) and None in member:
            self.hollow.add(field)

    def _string(self, value: Any) -> None:
        if value is not None and not isinstance(value, str):
            self._mismatch(type_of_value[type(value)], Scalar.STRING.value)

    def _int(self, value: Any) -> None:
        if isinstance(value, Number):
            literal = (float_text(value.literal) if self.encoded else value.literal) or value.literal
            digits = literal.removeprefix("-")
            # Nineteen digits hold every int64, and Python refuses to read integers of thousands.
            if not digits.isdigit() or len(digits) > 19 or not -(2**63) <= int(literal) < 2**63:
                self._mismatch(f"number {literal}", Scalar.INT.value)
        elif value is not None:
            self._mismatch(type_of_value[type(value)], Scalar.INT.value)

    def _ip(self, value: Any) -> None:
        if isinstance(value, str):
            if value and not is_ip(value):
                raise _Stop(f"invalid IP address: {value}")
        elif value is not None:
            self._mismatch(type_of_value[type(value)], Scalar.IP.value)

    def _cidr(self, value: Any) -> None:
        if value is not None and not isinstance(value, str):
            raise _Stop(_Mismatch(type_of_value[type(value)], Scalar.STRING.value))
        if not is_cidr(value or ""):
            raise _Stop(f"invalid CIDR address: {value or ''}")


_SCALARS = {Scalar.STRING: _Run._string, Scalar.INT: _Run._int, Scalar.IP: _Run._ip, Scalar.CIDR: _Run._cidr}  # noqa: SLF001 - a table of its own methods
