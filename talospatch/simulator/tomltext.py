"""TOML as Talos's library writes it (go-toml, tables indented, keys sorted), and Talos's way of merging two of them."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
from decimal import Decimal

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class TomlError(Exception):
    """A text that cannot be read, or two that cannot be merged; ``str()`` is near what Talos logs."""


def read(text: str, *, toml_1_1: bool) -> dict[str, Any]:
    """Read a text; TOML 1.1 only where the node's library knows it.

    Raises:
        TomlError: it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        if toml_1_1:
            import tomlkit
            from tomlkit.exceptions import TOMLKitError

            try:
                found: dict[str, Any] = tomlkit.parse(text).unwrap()
            except (TOMLKitError, RecursionError, ValueError):
                pass
            else:
                return found
        raise TomlError(f"toml: {error}") from None


def merge(left: dict[str, Any], right: Mapping[str, Any], *, kind: str = "map[string]interface {}") -> None:
    """Merge ``right`` into ``left``: tables by key, arrays one after the other, scalars replaced unless the new one is zero.

    Raises:
        TomlError: one name holds two types.
    """
    for key, value in right.items():
        if key not in left:
            left[key] = value
            continue
        if _go_type(left[key]) != _go_type(value):
            raise TomlError(f"merge type mismatch left {_go_type(left[key])} right {_go_type(value)}")
        if isinstance(value, dict):
            left[key] = dict(left[key])
            try:
                merge(left[key], value)
            except TomlError as error:
                raise TomlError(f"merge map key {kind}[{key}]: {error}") from None
        elif isinstance(value, list):
            left[key] = [*left[key], *value]
        elif isinstance(value, bool) or value:
            left[key] = value


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    for python, go in ((int, "int64"), (float, "float64"), (str, "string"), (dict, "map[string]interface {}"), (list, "[]interface {}")):
        if isinstance(value, python):
            return go
    if isinstance(value, dt.datetime):
        return "time.Time" if value.tzinfo else "toml.LocalDateTime"
    return "toml.LocalDate" if isinstance(value, dt.date) else "toml.LocalTime"


class Writer:
    """Writes one document.

    Args:
        newest: as go-toml 2.4 places blank lines and quotes tabs; otherwise as 2.2.
    """

    def __init__(self, *, newest: bool) -> None:
        self._newest = newest
        self._lines: list[str] = []
        self._after_header = True

    def write(self, root: Mapping[str, Any]) -> str:
        """The document as text."""
        self._table(root, (), 0)
        return "".join(line + "\n" for line in self._lines)

    def _table(self, table: Mapping[str, Any], path: tuple[str, ...], indent: int) -> None:
        scalars = sorted(key for key, value in table.items() if not _is_table(value))
        tables = sorted(key for key, value in table.items() if _is_table(value))
        for key in scalars:
            self._lines.append(f"{'  ' * indent}{_key(key, self._newest)} = {_value(table[key], self._newest)}")
            self._after_header = False
        for place, key in enumerate(tables):
            value, below = table[key], (*path, key)
            blank = bool(scalars) or place > 0
            if isinstance(value, list):
                for item_place, item in enumerate(value):
                    self._header(f"[[{_path(below, self._newest)}]]", indent, blank=blank or item_place > 0)
                    self._table(item, below, indent + 1)
            else:
                self._header(f"[{_path(below, self._newest)}]", indent, blank=blank)
                self._table(value, below, indent + 1)

    def _header(self, text: str, indent: int, *, blank: bool) -> None:
        if (not self._after_header and self._lines) if self._newest else blank:
            self._lines.append("")
        self._lines.append("  " * indent + text)
        self._after_header = True


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value))


def _path(path: tuple[str, ...], newest: bool) -> str:
    return ".".join(_key(part, newest) for part in path)


def _key(key: str, newest: bool) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key, newest)


def _string(text: str, newest: bool) -> str:
    if not any(char == "'" or (ord(char) < 0x20 and (newest or char != "\t")) or ord(char) == 0x7F for char in text):
        return f"'{text}'"
    return (
        '"'
        + "".join(_ESCAPES.get(char) or (f"\\u{ord(char):04X}" if ord(char) < 0x20 or ord(char) == 0x7F else char) for char in text)
        + '"'
    )


def _value(value: Any, newest: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value, newest)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item, newest) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key, newest)} = {_value(value[key], newest)}" for key in sorted(value)) + "}"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.1f}" if value == int(value) else format(Decimal(repr(value)), "f")
