"""Values of a type as text, byte for byte as the reference writes them.

Source: go-yaml's encoder with its default indent of four, as the machinery calls it without comments: fields in the order of their struct,
map keys in natural order, fields without ``omitempty`` always.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.scalars import Literal, TaggedText, Timestamp
from talospatch.machineconfig.typed.forms import FORMS, WRITTEN
from talospatch.machineconfig.typed.free import AnyKeys
from talospatch.machineconfig.typed.keyorder import any_in_order, in_order
from talospatch.machineconfig.typed.numbers import write_float, write_time
from talospatch.machineconfig.typed.quoting import SEPARATOR, broken, joined, quoting_of
from talospatch.machineconfig.typed.schema import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talospatch.machineconfig.typed.schema import Type

_INDENT, _DASH = 4, 2
_LINE_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_SIMPLE_KEY = 128  # bytes of the longest key that is written without a question mark

# Fields that count for whether a struct is empty, where its IsZero looks at some only. Source: block.EncryptionSpec.IsZero.
_COUNTED = {"block.EncryptionSpec": ("provider", "keys")}


def encode_value(type_: Type, value: dict[str, Any], minor: str) -> str:
    """Return one document's text, with a newline at its end."""
    writer = _Writer(minor)
    rows = _rows(type_, value)
    if not rows:
        return "{}\n"
    writer.rows("", rows, 0)
    return joined(writer.lines)


def is_empty(type_: Type, value: Any) -> bool:
    """Whether ``omitempty`` leaves a value out. Behind a pointer nothing is empty that is not absent."""
    if type_.pointer:
        return False
    shape = type_.shape
    if type_.name in FORMS:
        return not value or (isinstance(value, dict) and not any(value.values()))
    if shape == "struct":
        if type_.free:
            return not value
        counted = _COUNTED.get(type_.name) if "Z" in type_.hooks else None
        return all(is_empty(type_.fields[key].type, each) for key, each in value.items() if counted is None or key in counted)
    if shape == "list" and "Z" in type_.hooks:
        return False  # SearchDomainList.IsZero: an empty list is not nil
    return not value


Row = tuple[Any, "Type | None", Any]


def _rows(type_: Type, value: dict[str, Any]) -> list[Row]:
    if type_.free:
        return _free_rows(value) if type_.name != UNKNOWN else [(key, None, each) for key, each in value.items()]
    rows: list[Row] = []
    for key, field in type_.fields.items():
        each = value.get(key)
        if field.omit_empty and (each is None or is_empty(field.type, each)):
            continue
        rows.append((key, field.type, each))
    return rows


def _free_rows(value: dict[Any, Any]) -> list[Row]:
    if isinstance(value, AnyKeys):
        return [(key[1], None, value[key]) for key in any_in_order(value)]
    return [(key, None, value[key]) for key in in_order(value)]


class _Writer:
    """Collects lines. ``indent`` is always the column of the mapping or list that an entry belongs to."""

    def __init__(self, minor: str) -> None:
        self.lines: list[str] = []
        self._quoting = quoting_of(minor)

    def rows(self, lead: str, rows: Iterable[Row], indent: int) -> None:
        """Write the entries of a mapping: the first behind ``lead``, the others at ``indent``."""
        known, keys = self._quoting.known, self._quoting.keys
        pad = " " * indent
        for key, type_, value in rows:
            written = keys.get(key) if type(key) is str else None
            if written is None and (written := self._simple_key(key)) is None:
                self._entry(lead, key, type_, value, indent)
            else:
                name = f"{lead}{written}:"
                if type_ is not None and type_.name == "string" and value in known and type(value) is str and value.isascii():
                    self.lines.append(f"{name} {known[value]}")  # as put would, of most values
                else:
                    self.put(name, type_, value, indent, inline=0)
            lead = pad

    def _simple_key(self, key: Any) -> str | None:
        """Return how a key is written that is short and needs no escapes; None of another one."""
        if type(key) is not str or len(key) > _SIMPLE_KEY or not key.isascii() or not key.isprintable():
            return None
        return self._quoting.key(key)

    def _entry(self, lead: str, key: Any, type_: Type | None, value: Any, indent: int) -> None:
        """Write an entry whose key may be long, of many lines or no text."""
        written = self._scalar(key, _inside(indent, inline=0))
        simple = not isinstance(key, str) or isinstance(key, Timestamp) or len(key.encode("utf-8", "surrogateescape")) <= _SIMPLE_KEY
        if simple and not (isinstance(key, str) and _LINE_BREAK.search(key)):
            self.put(f"{lead}{written}:", type_, value, indent, inline=0)
            return
        self.lines.append(f"{lead}? {written}")
        self.put(f"{' ' * indent}:", type_, value, indent, inline=_inside(indent, inline=0) - indent)

    def items(self, lead: str, type_: Type | None, values: list[Any], indent: int) -> None:
        """Write the elements of a list: the first behind ``lead``, which ends with its dash."""
        dash = f"{' ' * indent}-"
        for value in values:
            self.put(lead, type_, value, indent, inline=_DASH)
            lead = dash

    def put(self, lead: str, type_: Type | None, value: Any, indent: int, *, inline: int) -> None:
        """Write one value behind ``lead``, which ends with the colon of its key or the dash of its item.

        A mapping or list begins in the same line, ``inline`` columns from ``indent``, or in the next if that is 0.
        """
        if type_ is None:
            self._put_free(lead, value, indent, inline=inline)
            return
        shape = type_.shape
        if shape == "string" and type(value) is str and type_.name not in FORMS:
            if "\n" in value:
                self.lines.append(f"{lead} {self._quoting.block(value, _inside(indent, inline=inline))}")
            elif not value.isascii() and SEPARATOR.search(value):
                written = broken(value, self._quoting.line(value), _inside(indent, inline=inline))
                self.lines.append(f"{lead} {written}")
            else:
                self.lines.append(f"{lead} {self._quoting.line(value)}")
            return
        if shape == "bool" and type(value) is bool:
            self.lines.append(f"{lead} {'true' if value else 'false'}")
            return
        if value is None and (type_.pointer or shape == "any"):
            self.lines.append(f"{lead} null")
            return
        form = FORMS.get(type_.name)
        if form is not None:
            self._put_free(lead, form.zero if value is None else form.write(value), indent, inline=inline)
        elif type_.words is not None:
            number = value or 0
            word = type_.words.get(number) or f"{type_.name.rpartition('.')[2]}({number})"
            self.lines.append(f"{lead} {self._quoting.line(word)}")
        elif shape == "struct":
            self._mapping(lead, _rows(type_, value or {}), indent, inline=inline)
        elif shape == "list":
            self._list(lead, type_.inside, value or [], indent, inline=inline)
        elif shape == "map":
            self._mapping(lead, [(key, type_.inside, value[key]) for key in in_order(value)] if value else [], indent, inline=inline)
        else:
            write = WRITTEN.get(type_.name)
            held = type_.zero if value is None else value
            self._put_free(lead, write(held) if write else held, indent, inline=inline)

    def _put_free(self, lead: str, value: Any, indent: int, *, inline: int) -> None:
        if isinstance(value, dict):
            self._mapping(lead, _free_rows(value), indent, inline=inline)
        elif isinstance(value, list):
            self._list(lead, None, value, indent, inline=inline)
        else:
            self.lines.append(f"{lead} {self._scalar(value, _inside(indent, inline=inline))}")

    def _mapping(self, lead: str, rows: list[Row], indent: int, *, inline: int) -> None:
        if not rows:
            self.lines.append(f"{lead} {{}}")
        elif inline:
            self.rows(f"{lead}{' ' * (inline - 1)}", rows, indent + inline)
        else:
            self.lines.append(lead)
            inside = _inside(indent, inline=0)
            self.rows(" " * inside, rows, inside)

    def _list(self, lead: str, type_: Type | None, values: list[Any], indent: int, *, inline: int) -> None:
        if not values:
            self.lines.append(f"{lead} []")
        elif inline:
            self.items(f"{lead}{' ' * (inline - 1)}-", type_, values, indent + inline)
        else:
            self.lines.append(lead)
            inside = _inside(indent, inline=0)
            self.items(f"{' ' * inside}-", type_, values, inside)

    def _scalar(self, value: Any, indent: int) -> str:
        if isinstance(value, str):
            if isinstance(value, Literal):
                return value
            if isinstance(value, Timestamp):
                return write_time(value)
            if "\n" in value:
                return self._quoting.block(value, indent, tagged=isinstance(value, TaggedText))
            written = self._quoting.tagged(value) if isinstance(value, TaggedText) else self._quoting.line(value)
            return written if value.isascii() or not SEPARATOR.search(value) else broken(str(value), written, indent)
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        return write_float(value) if isinstance(value, float) else str(value)


def _inside(indent: int, *, inline: int) -> int:
    """Return the column of what an entry holds: go-yaml indents to multiples of four, in the items of a list by the two of the dash."""
    return indent + inline if inline else (indent // _INDENT + 1) * _INDENT
