"""YAML as go-yaml v4 prints it: four spaces, list items under their key, its own choice of quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from typing import TypeAlias

from talospatch.simulator.yamltree import Dialect, Node, resolve


class Plain(str):
    """A scalar that is printed as it is: a number, a boolean, a file mode."""

    __slots__ = ()


Value: TypeAlias = "str | Mapping[str, Value] | Sequence[Value] | None"

# Words of YAML 1.1 that go-yaml quotes although it reads them as strings.
_OLD_BOOLEANS = frozenset(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"])
_SHORT_ESCAPES = {
    "\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e",
    '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P",
}  # fmt: skip
_BREAKS = "\n\r\x85\u2028\u2029"


def document(value: Value, dialect: Dialect) -> str:
    """Print a whole document, without a marker before it."""
    lines: list[str] = []
    _block(value, 0, "", lines, dialect)
    return "".join(lines)


def _next_indent(indent: int) -> int:
    return 4 * ((indent + 4) // 4)


def _block(value: Value, indent: int, head: str, lines: list[str], dialect: Dialect, *, in_list: bool = False) -> None:
    """Print a value after ``head``, the part of the line that is there already (``key:`` or ``-``), children at ``indent``."""
    if isinstance(value, Mapping) and value:
        if head and not in_list:
            lines.append(head + "\n")
        first = head + " " if in_list else ""
        for key, item in value.items():
            start = first or " " * indent
            first = ""
            _block(item, _next_indent(indent), f"{start}{scalar(key, dialect, key=True)}:", lines, dialect)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        if head and not in_list:
            lines.append(head + "\n")
        first = head + " " if in_list else ""
        for item in value:
            start = first or " " * indent
            first = ""
            _block(item, indent + 2, f"{start}-", lines, dialect, in_list=True)
    else:
        text = scalar(value, dialect, indent=indent or 4)
        lines.append(f"{head} {text}\n" if head else f"{text}\n")


def scalar(value: Value, dialect: Dialect, *, indent: int = 4, key: bool = False) -> str:
    """A scalar or an empty collection; a literal block goes over several lines, without the last line break."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return "{}" if isinstance(value, Mapping) else "[]"
    if isinstance(value, Plain):
        return value
    allowed = _allowed_styles(value)
    if any(char in value for char in _BREAKS):
        return _literal(value, indent, dialect) if "literal" in allowed and not key else _double(value)
    style = _wanted_style(value, dialect)
    if style == "plain" and "plain" not in allowed:
        style = "single"
    if style == "single" and "single" not in allowed:
        style = "double"
    return {"plain": value, "single": "'" + value.replace("'", "''") + "'"}.get(style) or _double(value)


def _wanted_style(value: str, dialect: Dialect) -> str:
    tag = resolve(value)
    if tag == "!!merge":
        return "single" if dialect is Dialect.V4_RC6 else "double"
    if tag != "!!str":
        return "double"
    if value in _OLD_BOOLEANS or _is_base60(value):
        return "single" if dialect is Dialect.V4_RC6 else "double"
    return "plain"


def _is_base60(value: str) -> bool:
    """``12:30:45`` and ``-1:30.5``, which YAML 1.1 read as numbers."""
    digits, colon, rest = value.lstrip("+-").partition(":")
    if not colon or len(value) - len(value.lstrip("+-")) > 1 or not digits[:1].isdigit():
        return False
    *middle, last = rest.split(":")
    last, _, fraction = last.partition(".")
    numbers = [digits.replace("_", ""), *middle, last]
    return (
        all(part.isascii() and part.isdigit() for part in numbers)
        and all(int(part) < 60 and len(part) < 3 for part in numbers[1:])
        and (not fraction or fraction.replace("_", "").isdigit())
    )


# What goes into double quotes only; beyond the basic plane everything does.
_SPECIAL = re.compile("[^\n\t -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")
_BREAK = "[\n\r\x85\u2028\u2029]"
_SPACE_BREAK, _BREAK_SPACE = re.compile(f" {_BREAK}"), re.compile(f"{_BREAK} ")
# What would be read as something else if the text stood there bare.
_INDICATORS = re.compile(
    rf"""\A(?:---|\.\.\.|[#,\[\]{{}}&*!|>'"%@`]|[?:-](?:[ \t]|{_BREAK}|\Z))|.:(?:[ \t]|{_BREAK}|\Z)|(?:[ \t]|{_BREAK})\#""", re.DOTALL
)


def _printable(char: str) -> bool:
    return _SPECIAL.match(char) is None


def _allowed_styles(value: str) -> frozenset[str]:
    """Styles in which the text comes back unchanged, as libyaml's emitter analyses it."""
    if not value:
        return frozenset({"plain", "single"})
    special = _SPECIAL.search(value) is not None
    space_break = _SPACE_BREAK.search(value) is not None
    styles = set()
    if not (space_break or special or "\t" in value or _BREAK_SPACE.search(value)):
        styles.add("single")
        if not (value[0] == " " or value[-1] == " " or any(char in value for char in _BREAKS) or _INDICATORS.search(value)):
            styles.add("plain")
    if value.strip(_BREAKS) and not (value[-1] == " " or space_break or special):
        styles.add("literal")
    return frozenset(styles)


def _double(value: str) -> str:
    out = []
    for char in value:
        code = ord(char)
        if char in _SHORT_ESCAPES:
            out.append("\\" + _SHORT_ESCAPES[char])
        elif _printable(char):
            out.append(char)
        else:
            out.append(f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")
    return '"' + "".join(out) + '"'


def _literal(value: str, indent: int, dialect: Dialect) -> str:
    hint = "4" if value[0] == " " or (value[0] == "\n" and dialect is Dialect.V4_RC3) else ""
    chomp = "-" if value[-1] != "\n" else "+" if value == "\n" or value[-2:-1] == "\n" else ""
    lines = value[:-1].split("\n") if value[-1] == "\n" else value.split("\n")
    body = "\n".join(" " * indent + line if line else "" for line in lines)
    return f"|{hint}{chomp}\n{body}"


def natural(keys: Sequence[str]) -> list[str]:
    """Map keys in go-yaml's order: numbers in them count as numbers."""
    return sorted(keys, key=cmp_to_key(_compare))


def _compare(left: str, right: str) -> int:
    digits = False
    for place, (a, b) in enumerate(zip(left, right, strict=False)):
        if a == b:
            digits = a.isdigit()
            continue
        if a.isalpha() and b.isalpha():
            return -1 if a < b else 1
        if a.isalpha() or b.isalpha():
            first = a.isalpha() if digits else b.isalpha()
            return -1 if first else 1
        return _compare_numbers(left, right, place)
    return len(left) - len(right)


def _compare_numbers(left: str, right: str, place: int) -> int:
    carried = 0
    if "0" in {left[place], right[place]}:
        before = left[:place]
        run = before[len(before.rstrip("0123456789")) :]
        carried = 1 if run.strip("0") else 0
    numbers = []
    for text in (left, right):
        end = place
        while end < len(text) and text[end].isdigit():
            end += 1
        numbers.append((int(str(carried) + text[place:end]), end))
    (first, first_end), (second, second_end) = numbers
    if first != second:
        return -1 if first < second else 1
    if first_end != second_end:
        return -1 if first_end < second_end else 1
    return -1 if left[place] < right[place] else 1


def nodes(value: Mapping[str, object] | Sequence[object], dialect: Dialect) -> str:
    """Print maps and lists that hold nodes as they were written (the report of unknown keys)."""
    lines: list[str] = []
    _block(_plain_tree(value, dialect), 0, "", lines, dialect)
    return "".join(lines)


def _plain_tree(value: object, dialect: Dialect) -> Value:
    if isinstance(value, Mapping):
        return {key: _plain_tree(value[key], dialect) for key in natural(list(value))}
    if isinstance(value, list):
        return [_plain_tree(item, dialect) for item in value]
    assert isinstance(value, Node)
    if value.aliased:
        return Plain(f"*{value.anchor}")
    if value.style == "flow":
        return Plain(_flow(value))
    if value.kind == "map":
        return {key.value: _plain_tree(item, dialect) for key, item in value.pairs()}
    if value.kind == "list":
        return [_plain_tree(item, dialect) for item in value.items]
    return value.value if value.style in {"|", ">"} else Plain(_as_written(value))


def _flow(node: Node) -> str:
    if node.aliased:
        return f"*{node.anchor}"
    return (f"&{node.anchor} " if node.anchor else "") + _flow_body(node)


def _flow_body(node: Node) -> str:
    if node.kind == "map":
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in node.pairs()) + "}"
    if node.kind == "list":
        return "[" + ", ".join(_flow(item) for item in node.items) + "]"
    return _as_written(node)


def _as_written(node: Node) -> str:
    if node.style == "'":
        return "'" + node.value.replace("'", "''") + "'"
    return _double(node.value) if node.style == '"' else node.value
