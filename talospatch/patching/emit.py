"""Writing YAML for new values, in the style around them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Node, Sequence
from talospatch.machineconfig.reader import BYTE_ORDER_MARK
from talospatch.machineconfig.scalars import Literal, Timestamp, resolve_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.values import Data
from talospatch.patching.places import column_of, dash_column, key_column, key_start

MAX_DEPTH = 100  # nothing that we write is deeper; deeper data is not rewritten

# Read as bool by fields of that type, so never written plain. Source: go-yaml.
_OLD_WORDS = frozenset(word for base in ("y", "n", "yes", "no", "on", "off") for word in (base, base.title(), base.upper()))
# Plain text on a line of its own, of printable characters: a colon only before another character, a # only behind one.
_PLAIN = re.compile(r"-{0,2}[\w/.$(^](?:[^\s:#]|:(?=\S)|(?<=\S)#| (?=[^\s#]))*")
_BASE_60 = re.compile(r"[\d:]+")  # a number to readers of YAML 1.1
_FLOW_PLAIN = re.compile(r"-{0,2}[A-Za-z0-9_/.][A-Za-z0-9_/.@+=-]*")
# Compiled when first used: sets of characters this far apart take longer than all other patterns together.
_UNSAFE_IN_LITERAL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]"
_TO_ESCAPE = '[\x00-\x1f"\\\\\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]'
_ESCAPES = {
    "\0": "\\0",
    "\t": "\\t",
    "\n": "\\n",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\u2028": "\\L",
    "\u2029": "\\P",
    BYTE_ORDER_MARK: "\\uFEFF",
}


class Style(NamedTuple):
    """How a text is written.

    Attributes:
        newline: its line end.
        step: spaces that a mapping's keys stand to the right of the key above them.
        offset: spaces that a list's dashes stand to the right of the key above them; often 0.
        quote: the quotes around text that needs some, where both kinds do.
    """

    newline: str = "\n"
    step: int = 2
    offset: int = 2
    quote: str = '"'


def style_of(config: MachineConfig) -> Style:
    """Return the style of a config, from the first places that show it."""
    text = config.text
    newline = "\r\n" if "\r\n" in text else "\n"
    step = offset = None
    for parent, key, child in (pair for document in config.documents for pair in _pairs(document.node)):
        if isinstance(child, Mapping):
            if step is None and not child.flow and child.values:
                step = key_column(text, child) - column_of(text, key_start(text, parent.keys[key]))
        elif offset is None and not child.flow and child.items:
            offset = dash_column(text, child) - column_of(text, key_start(text, parent.keys[key]))
        if step is not None and offset is not None:
            break
    step = step if step and 0 < step <= 8 else 2
    # Told from the text: walking all leaves for it would take longer than many a patch.
    quote = "'" if "'" in text and text.count(": '") > text.count(': "') else '"'
    return Style(newline, step, offset if offset is not None and 0 <= offset <= 8 else step, quote)


def _pairs(root: Node) -> Iterator[tuple[Mapping, str, Mapping | Sequence]]:
    """Yield collections below keys, breadth before depth and no more than a glance's worth."""
    queue = [root]
    for node in queue:
        inside: list[Node] = []
        if isinstance(node, Mapping):
            for key, value in node.values.items():
                if type(value) is Mapping or type(value) is Sequence:
                    yield node, key, value
                    inside.append(value)
        elif isinstance(node, Sequence):
            inside = [item for item in node.items if isinstance(item, (Mapping, Sequence))]
        if len(queue) < 200:
            queue += inside


def block(data: Data, column: int, style: Style) -> list[str]:
    """Return the lines of a non-empty mapping or list whose keys or dashes stand in a column.

    Raises:
        ConfigError: the data is nested too deep to be rewritten.
    """
    return list(_lines(data, column, column + style.step, style, 0))


def _lines(data: Data, column: int, inner: int, style: Style, depth: int) -> Iterator[str]:
    """Yield lines; what stands below a key begins in the column ``inner``, lists as far to its right or left as the style says."""
    if depth > MAX_DEPTH:
        raise ConfigError("is nested too deep to be rewritten")
    margin = " " * column
    if isinstance(data, dict):
        for key, value in data.items():
            name = f"{margin}{scalar(key, quote=style.quote)}:"
            if isinstance(value, dict | list) and value:
                yield name
                below = min(inner, column + style.offset) if isinstance(value, list) else inner
                yield from _lines(value, below, below + style.step, style, depth + 1)
            elif isinstance(value, str) and (literal := literal_lines(value, inner)) is not None:
                yield f"{name} {literal[0]}"
                yield from literal[1:]
            else:
                yield f"{name} {permissions(value) if key == 'permissions' else scalar(value, quote=style.quote)}"
        return
    for item in data:
        keys = column + len("- ")
        if isinstance(item, dict | list) and item:
            inside = list(_lines(item, keys, max(column + style.step, keys + 2), style, depth + 1))
            yield f"{margin}- {inside[0][keys:]}"
            yield from inside[1:]
        elif isinstance(item, str) and (literal := literal_lines(item, keys)) is not None:
            yield f"{margin}- {literal[0]}"
            yield from literal[1:]
        else:
            yield f"{margin}- {scalar(item, quote=style.quote)}"


def flow(data: Data, quote: str = '"', depth: int = 0) -> str:
    """Return data on one line, in quotes where text needs some.

    Raises:
        ConfigError: the data is nested too deep to be rewritten.
    """
    if depth > MAX_DEPTH:
        raise ConfigError("is nested too deep to be rewritten")
    if isinstance(data, dict):
        pairs = (
            f"{scalar(key, in_flow=True, quote=quote)}: {permissions(value) if key == 'permissions' else flow(value, quote, depth + 1)}"
            for key, value in data.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if isinstance(data, list):
        return f"[{', '.join(flow(item, quote, depth + 1) for item in data)}]"
    return scalar(data, in_flow=True, quote=quote)


def permissions(value: Data) -> str:
    """Return a file mode as Talos writes it, ``0o644``."""
    return f"0o{value:o}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else scalar(value)


def scalar(value: Data, *, in_flow: bool = False, quote: str = '"') -> str:
    """Return a scalar on one line, plain where that reads back the same, else in quotes; an empty list or mapping too."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Timestamp | Literal):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return ".nan"
        return (".inf" if value > 0 else "-.inf") if math.isinf(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    text = str(value)
    plain = _FLOW_PLAIN.fullmatch(text) if in_flow else _PLAIN.fullmatch(text) and text.isprintable() and not text.startswith("...")
    if plain and text not in _OLD_WORDS and resolve_plain(text) is text and not _BASE_60.fullmatch(text):
        return text
    return quoted(text, quote)


def quoted(text: str, quote: str) -> str:
    """Return text in quotes on one line: of the two kinds the one that escapes nothing in it, else the one that is asked for."""
    if "\n" in text or not text.isprintable():
        return double_quoted(text)
    if ("'" in text) != ('"' in text or "\\" in text):
        quote = '"' if "'" in text else "'"
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if quote == "'" else double_quoted(text)


def double_quoted(text: str) -> str:
    """Return text in double quotes on one line, with escapes."""
    return f'"{re.sub(_TO_ESCAPE, _escaped, text)}"'


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02X}" if code <= 0x9F else f"\\u{code:04X}")


def fits_literal(text: str, *, indent_given: bool = False) -> bool:
    """Whether a literal block scalar can hold the text."""
    if not text.strip("\n") or re.search(_UNSAFE_IN_LITERAL, text):
        return False
    return indent_given or text[0] not in " \t\n"


def literal_lines(text: str, column: int) -> list[str] | None:
    """Return header and lines of a literal block scalar without line ends, or None when the text is better written in quotes."""
    if "\n" not in text or not fits_literal(text):
        return None
    body = text.rstrip("\n")
    tail = len(text) - len(body)
    margin = " " * column
    lines = [f"{margin}{line}" if line else "" for line in body.split("\n")]
    return [f"|{'-' if tail == 0 else '' if tail == 1 else '+'}", *lines, *([""] * (tail - 1))]
