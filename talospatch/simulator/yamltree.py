"""YAML as a tree of nodes with lines, and parse errors in the words of the go-yaml that each Talos has.

Built from the parser's events: the composer would lose lines behind aliases, and the one written in C crashes on deep nesting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 10_000  # go-yaml's limit of nesting

Kind = Literal["map", "list", "scalar"]


class Dialect(Enum):
    """Which go-yaml words an error."""

    V4_RC3 = "1.12"  # and gopkg.in/yaml.v3 before it
    V4_RC4 = "1.13"
    V4_RC6 = "1.14"


class YamlError(Exception):
    """The text is not YAML; ``str()`` is what go-yaml says."""


@dataclass(slots=True)
class Node:
    """A value.

    Attributes:
        value: a scalar's text.
        tag: short tag, ``!!str``, ``!!null``, ``!!int``, ``!!seq`` …
        style: as it was written: of a scalar ``""``, ``'``, ``"``, ``|`` or ``>``; of a collection ``flow`` or ``""``.
        items: of a list; for a map keys and values in turn.
        line: from 1, where its first character stands.
        anchor: the name that it was given, or by which it was reached.
        aliased: reached through an alias.
    """

    kind: Kind
    tag: str
    line: int
    value: str = ""
    style: str = ""
    items: list[Node] = field(default_factory=list)
    anchor: str = ""
    aliased: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it is YAML's null."""
        return self.kind == "scalar" and self.tag == "!!null"

    def pairs(self) -> list[tuple[Node, Node]]:
        """Keys and values of a map, in order."""
        return list(zip(self.items[::2], self.items[1::2], strict=True))

    def get(self, key: str) -> Node | None:
        """Value of a map's key, or None."""
        return next((value for name, value in self.pairs() if name.value == key), None) if self.kind == "map" else None


# What go-yaml v4 resolves a plain scalar to (YAML 1.2 core, with the older octal and underscores).
_RESOLVERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("!!null", re.compile(r"(?:~|null|Null|NULL|)")),
    ("!!bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)")),
    ("!!merge", re.compile(r"<<")),
    ("!!int", re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")),
    ("!!float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")),
    (
        "!!timestamp",
        re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?"),
    ),
)


def resolve(value: str) -> str:
    """Short tag of a plain scalar."""
    first = value[:1]
    if first and first not in "~nNtTfF<+-.0123456789":
        return "!!str"
    found = next((tag for tag, pattern in _RESOLVERS if pattern.fullmatch(value)), "!!str")
    # An integer beyond 64 bits is read as a float.
    return "!!float" if found == "!!int" and len(value) > 18 and value.lstrip("+-").isdigit() and int(value) >= 1 << 64 else found


def documents(text: str, dialect: Dialect) -> Iterator[Node]:
    """Root node of each document, one after the other: what follows a document is looked at after it was taken.

    Raises:
        YamlError: it is not YAML.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    roots: list[Node] = []
    anchors: dict[str, Node] = {}
    open_nodes: list[tuple[Node, str | None]] = []

    def add(node: Node, anchor: str | None) -> None:
        if anchor:
            anchors[anchor] = node
            node.anchor = anchor
        if open_nodes:
            open_nodes[-1][0].items.append(node)
        else:
            roots.append(node)

    try:
        for event in yaml.parse(text, Loader=loader):
            line = (event.start_mark.line if event.start_mark is not None else 0) + 1
            if isinstance(event, yaml.ScalarEvent):
                plain = event.implicit[0] and not event.style
                tag = _short(event.tag) if event.tag and event.tag != "!" else resolve(event.value) if plain else "!!str"
                add(Node("scalar", tag, line, event.value, event.style or ""), event.anchor)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                kind: Kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
                node = Node(kind, "!!map" if kind == "map" else "!!seq", line, style="flow" if event.flow_style else "")
                add(node, event.anchor)
                open_nodes.append((node, event.anchor))
                if len(open_nodes) > DEPTH:
                    raise YamlError(f"exceeded max depth of {DEPTH}")
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                open_nodes.pop()
            elif isinstance(event, yaml.AliasEvent):
                target = anchors.get(str(event.anchor))
                if target is None:
                    raise YamlError(_no_anchor(event, dialect))
                add(
                    Node(target.kind, target.tag, target.line, target.value, target.style, target.items, str(event.anchor), aliased=True),
                    None,
                )
            elif isinstance(event, yaml.DocumentStartEvent):
                anchors.clear()
                if event.version:
                    raise YamlError(_directive(event, dialect))
            elif isinstance(event, yaml.DocumentEndEvent):
                yield roots.pop()
    except yaml.MarkedYAMLError as error:
        raise YamlError(_worded(error, dialect)) from None
    except yaml.YAMLError as error:
        raise YamlError(_unreadable(error, dialect)) from None


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _worded(error: Any, dialect: Dialect) -> str:
    """A libyaml error as go-yaml, its translation to Go, puts it."""
    scanning = type(error).__name__ == "ScannerError"
    context, problem = error.context or "", error.problem or "unknown problem parsing YAML content"
    start, mark = error.context_mark, error.problem_mark
    if dialect is Dialect.V4_RC6:
        stage = f"go-yaml load error in {'scanner' if scanning else 'parser'}"
        return f"{stage} ({context}) at {_range(start, mark)}: {problem}" if context else f"{stage} at {_range(mark, mark)}: {problem}"
    shift = 1 if scanning else 0  # only the scanner's lines count from 1
    if dialect is Dialect.V4_RC3:
        chosen = start if start is not None and start.line else mark
        line = chosen.line if chosen is not None else 0
        return f"yaml: line {line + shift}: {problem}" if line else f"yaml: {problem}"
    where = f"{context} at {_position(start, shift)}: " if context else ""
    if not context or _place(start) != _place(mark):
        where += f"{_position(mark, shift)}: "
    return f"yaml: {where}{problem}"


def _unreadable(error: Any, dialect: Dialect) -> str:
    """A character that no YAML may have."""
    reason = getattr(error, "reason", "") or str(error).splitlines()[0]
    if dialect is Dialect.V4_RC6:
        return f"go-yaml load error in reader at <unknown position>: {reason} (value: {_value(error)})"
    return f"yaml: offset {getattr(error, 'position', 0)}: {reason}" if dialect is Dialect.V4_RC4 else f"yaml: {reason}"


def _value(error: Any) -> int:
    character = getattr(error, "character", 0)
    return ord(character) if isinstance(character, str) else int(character)


def _directive(event: Any, dialect: Dialect) -> str:
    """A document that says which YAML it is."""
    problem = "found incompatible YAML document"
    if dialect is Dialect.V4_RC6:
        return f"go-yaml load error in parser at L{event.start_mark.line + 1}.C{event.start_mark.column + 1}: {problem}"
    return f"yaml: <unknown position>: {problem}" if dialect is Dialect.V4_RC4 else f"yaml: {problem}"


def _no_anchor(event: Any, dialect: Dialect) -> str:
    """An alias of nothing."""
    problem = f"unknown anchor '{event.anchor}' referenced"
    line, column = event.start_mark.line + 1, event.start_mark.column + 1
    if dialect is Dialect.V4_RC6:
        return f"go-yaml load error in composer at L{line}.C{column}: {problem}"
    return f"yaml: line {line}, column {column + 1}: {problem}" if dialect is Dialect.V4_RC4 else f"yaml: {problem}"


def _place(mark: Any) -> tuple[int, int] | None:
    return None if mark is None else (mark.line, mark.column)


def _position(mark: Any, shift: int) -> str:
    if mark is None or not mark.line + shift:
        return "<unknown position>"
    return f"line {mark.line + shift}" + (f", column {mark.column + 1}" if mark.column else "")


def _range(start: Any, end: Any) -> str:
    if start is None or end is None:
        return "<unknown position>"
    first, last = f"L{start.line + 1}.C{start.column + 1}", f"C{end.column + 1}"
    if start.line != end.line:
        return f"{first}-L{end.line + 1}.{last}"
    return first if start.column == end.column else f"{first}-{last}"
