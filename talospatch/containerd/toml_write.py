"""Writing TOML values and tables in the style of Talos's documentation."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from talospatch.errors import FragmentError

Keys = tuple[str, ...]
INDENT = "  "
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def write_key(keys: Iterable[str]) -> str:
    """Return a dotted key, each part bare where TOML allows it."""
    return ".".join(key if _BARE.fullmatch(key) else _string(key) for key in keys)


def write_value(value: Any) -> str:
    """Return a value on one line.

    Raises:
        FragmentError: the value has no TOML form.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(write_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{write_key((key,))} = {write_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    raise FragmentError(f"a {type(value).__name__} has no TOML form")


def write_tables(leaves: Mapping[Keys, Any]) -> str:
    """Return TOML that sets each leaf: one header per table, keys indented below it, a blank line between tables."""
    tables: dict[Keys, list[str]] = {}
    for keys, value in leaves.items():
        indent = INDENT if len(keys) > 1 else ""
        tables.setdefault(keys[:-1], []).append(f"{indent}{write_key(keys[-1:])} = {write_value(value)}\n")
    blocks = [
        (f"[{write_key(table)}]\n" if table else "") + "".join(lines)
        for table, lines in sorted(tables.items(), key=lambda item: bool(item[0]))
    ]
    return "\n".join(blocks)


def _string(text: str) -> str:
    escaped = "".join(
        _ESCAPES.get(character) or (f"\\u{ord(character):04X}" if character < " " or character == "\x7f" else character)
        for character in text
    )
    return f'"{escaped}"'
