"""YAML as yaml.v2 reads and writes it, which is what the reference does for JSON patches: YAML 1.1 with y, n, yes, no, on and off.

Sources: yaml.v2 2.4.0 (resolve.go, encode.go, emitterc.go) and ghodss/yaml 1.0.0, which goes through JSON in both directions.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.typed.dialect import dialect_of
from talospatch.machineconfig.typed.keyorder import in_old_order
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.numbers import write_float
from talospatch.machineconfig.typed.plain import CORE, OLD_BOOLS, value_of
from talospatch.machineconfig.typed.quoting import (
    BASE_60,
    broken,
    double_quoted,
    joined,
    literal,
    may_be_literal,
    may_be_plain,
    may_be_single_quoted,
    single_quoted,
)
from talospatch.machineconfig.values import MERGE_KEY, is_merge_key

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node

V3 = dialect_of("1.11")  # its yaml.v3 scans and resolves everything else as yaml.v2 did
_WIDTH, _INDENT, _SIMPLE_KEY = 80, 2, 128
_LINE_BREAK = re.compile("[\r\n\x85\u2028\u2029]")
_NEXT_LINES = re.compile(" *\x85[ \x85]*")  # JSON does not escape them, and YAML folds them as line breaks
_REFUSED = re.compile("[\x7f-\x84\x86-\x9f\ufffe\uffff]")  # JSON leaves them as they are, and YAML takes them only escaped


class Number(str):
    """A number of JSON: its text, which is what the reference keeps and compares."""

    __slots__ = ()


def json_of(node: Node | None) -> Any:
    """Return the JSON that a tree becomes: None, bool, Number, str, list or dict with text keys.

    Raises:
        Misfit: it cannot become JSON: an infinite number, a key that is null.
    """
    data = _json_of(node)
    stack = [data]
    while stack:
        each = stack.pop()
        if isinstance(each, float):
            raise Misfit("JSON has no infinite numbers")
        if isinstance(each, dict) and None in each:
            raise Misfit("a key that is null cannot become JSON")
        stack += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
    return data


def _json_of(node: Node | None) -> Any:
    """Return JSON in which infinite numbers are floats and null keys None still: they may be at a key that is given again later."""
    if node is None:
        return None
    node = resolved(node)
    if isinstance(node, Scalar):
        return _json_scalar(_value(node))
    if isinstance(node, Sequence):
        return [_json_of(item) for item in node.items]
    assert isinstance(node, Mapping), "there are no other nodes"
    out: dict[str | None, Any] = {}
    for key, child in node.values.items():
        name = node.keys[key]
        if is_merge_key(name) and key == MERGE_KEY:
            target = resolved(child)
            for source in reversed(target.items) if isinstance(target, Sequence) else [target]:
                if not isinstance(resolved(source), Mapping):
                    raise Misfit("a merge key << needs a mapping or a list of mappings")
                out.update(_json_of(source))
        else:
            out[_key(name)] = _json_of(child)
    return out


def _value(node: Scalar) -> Any:
    if node.tag == "!":
        return node.text
    if node.tag is None and not node.style and node.text in OLD_BOOLS:
        return OLD_BOOLS[node.text]
    if node.tag == CORE + "bool" and node.text in OLD_BOOLS:
        return OLD_BOOLS[node.text]
    return value_of(node, V3)


def _json_scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Number(value)
    if isinstance(value, float):
        return json_float(value) if math.isfinite(value) else value
    return str.__str__(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def json_float(value: float) -> Number:
    """Return a float as Go writes it in JSON.

    Raises:
        Misfit: JSON has no such number.
    """
    if not math.isfinite(value):
        raise Misfit("JSON has no infinite numbers")
    size = abs(value)
    if not size:
        return Number("-0" if math.copysign(1, value) < 0 else "0")
    if 1e-6 <= size < 1e21:
        return Number(format(Decimal(repr(value)), "f").removesuffix(".0"))
    mantissa, _, exponent = repr(value).partition("e")  # Python too writes the shortest digits, and an exponent at these sizes
    return Number(f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}")


def _key(node: Node) -> str | None:
    leaf = resolved(node)
    assert isinstance(leaf, Scalar), "the reader takes no other keys"
    value = _value(leaf)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return write_float(value)
    return str(value) if isinstance(value, int) else str.__str__(value)


def write_json(value: Any) -> str:
    """Return JSON as YAML: keys sorted, two spaces, lists not indented, long lines folded at 80 columns.

    Raises:
        Misfit: a text has a character that JSON does not escape and YAML does not take.
    """
    writer = _Writer()
    writer.value("", value, -_INDENT, in_list=False)
    return joined(writer.lines)


class _Writer:
    """Collects lines. ``indent`` is the column of the mapping or list that an entry belongs to."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def value(self, lead: str, value: Any, indent: int, *, in_list: bool) -> None:
        """Write a value behind ``lead``, the key or dash and what stands before it; empty for the document itself."""
        if isinstance(value, dict) and value:
            inside = indent + _INDENT
            if in_list:
                lead += " "
            elif lead:
                self.lines.append(lead)
                lead = " " * inside
            for key in in_old_order(value):
                self._entry(lead, key, value[key], inside)
                lead = " " * inside
        elif isinstance(value, list) and value:
            inside = indent + _INDENT if in_list or not lead else indent
            if in_list:
                lead += " -"
            else:
                if lead:
                    self.lines.append(lead)
                lead = f"{' ' * inside}-"
            for item in value:
                self.value(lead, item, inside, in_list=True)
                lead = f"{' ' * inside}-"
        else:
            empty = "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else None
            text = empty or self._scalar(value, len(lead) + 1 if lead else 0, indent + _INDENT)
            self.lines.append(f"{lead} {text}" if lead else text)

    def _entry(self, lead: str, key: str, value: Any, indent: int) -> None:
        if "\x85" in key or _REFUSED.search(key):
            raise Misfit("a key has control characters, which YAML takes only escaped")
        if len(key.encode()) <= _SIMPLE_KEY and not _LINE_BREAK.search(key):
            self.value(f"{lead}{_line(key)}:", value, indent, in_list=False)
        else:
            self.lines.append(f"{lead}? {self._scalar(key, len(lead) + 2, indent + _INDENT)}")
            self.value(f"{' ' * indent}:", value, indent, in_list=True)

    def _scalar(self, value: Any, column: int, indent: int) -> str:
        """Return a scalar that begins at a column; lines after its first are indented."""
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Number):
            return _written_number(value)
        if _REFUSED.search(value):
            raise Misfit("a text has control characters, which YAML takes only escaped")
        if "\x85" in value:
            value = _NEXT_LINES.sub(lambda match: "\n" * (match[0].count("\x85") - 1) or " ", value)
        if "\n" in value and "\t" not in value and may_be_literal(value):
            hint = str(_INDENT) if value[0] in " \n\u2028\u2029" else ""
            return literal(value, max(indent, 0), hint=hint)
        return _folded(broken(value, _line(value), max(indent, 0)), column, max(indent, 0))


def _written_number(number: Number) -> str:
    """Return a number of JSON as yaml.v2 reads and writes it: integers as they are, others as the shortest float."""
    value = value_of(Scalar(0, 0, str(number), ""), V3)
    if isinstance(value, float):
        return write_float(value)
    return str(value)


def _line(text: str) -> str:
    """Return a string on one line, in the quotes that it needs."""
    plain = type(value_of(Scalar(0, 0, text, ""), V3)) is str and text not in OLD_BOOLS and not BASE_60.fullmatch(text)
    if not plain or "\n" in text:
        return double_quoted(text)
    if may_be_plain(text):
        return text
    return single_quoted(text) if may_be_single_quoted(text) else double_quoted(text)


def _folded(written: str, column: int, indent: int) -> str:
    """Break a line at the first single space behind column 80, again and again.

    In double quotes a break before another space is marked with a backslash; in single quotes and plain text it is not made there.
    """
    if column + len(written) <= _WIDTH:
        return written
    double = written[0] == '"'
    quoted = double or written[0] == "'"
    out: list[str] = []
    last = len(written) - 1 if quoted else len(written)
    spaces = False
    for index, char in enumerate(written):
        if char != " ":
            out.append(char)
            column, spaces = column + 1, False
            continue
        after = written[index + 1] if index + 1 < len(written) else ""
        inner = not quoted or 1 < index < last - 1
        if not spaces and column > _WIDTH and inner and (double or after != " "):
            out.append(f"\n{' ' * indent}")
            column = indent
            if double and after == " ":
                out.append("\\")
                column += 1
        else:
            out.append(char)
            column += 1
        spaces = True
    return "".join(out)
