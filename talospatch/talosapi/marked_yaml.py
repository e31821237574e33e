"""YAML read as nested text that remembers where it stood: enough for small files whose every field is text, and safe with hostile ones.

Built from parser events with an own stack: the composer of libyaml recurses, and crashes the process on deep nesting. Scalars stay
text, because that is what a Go struct of strings makes of them: ``no`` is the name "no", ``0123`` is "0123", and a plain ``null`` is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from talospatch.errors import TalosconfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH_LIMIT = 100  # a talosconfig is five levels deep
_TOO_DEEP = f"nested more than {DEPTH_LIMIT} levels deep"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place.

    Attributes:
        value: text, None for null, a list or a mapping of nodes.
        line, column: where it starts, from 1, in characters.
    """

    value: str | list[Node] | dict[str, Node] | None
    line: int
    column: int


def read(text: str, *, source: str) -> tuple[Node | None, bool]:
    """Return the first document, None if there is none, and whether more follow.

    Args:
        text: YAML, without a byte order mark.
        source: where it came from, for errors.

    Raises:
        TalosconfigError: it is not YAML, is nested too deep, names a key twice, or has an alias of itself.
    """
    import yaml

    if control := _CONTROL.search(text):
        before = text[: control.start()]
        line, column = before.count("\n") + 1, control.start() - before.rfind("\n")
        raise TalosconfigError(
            f"holds the control character U+{ord(control[0]):04X}: this is not a text file", source=source, line=line, column=column
        )
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        return _Builder(source).build(events)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"not valid YAML: {error.problem or error.context or 'it cannot be parsed'}"
        if "maximum nesting depth" in problem:  # libyaml looks ahead, and may come to its own limit first
            problem = _TOO_DEEP
        raise TalosconfigError(
            problem, source=source, line=mark.line + 1 if mark else None, column=mark.column + 1 if mark else None
        ) from error
    except yaml.YAMLError as error:
        raise TalosconfigError("not valid YAML", source=source) from error


class _Builder:
    """Turns events into nodes."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._anchors: dict[str, Node | None] = {}  # None while the anchored collection is still open
        self._stack: list[tuple[Node, str | None]] = []  # open collections, each with its anchor
        self._keys: list[str | None] = []  # per open collection: the key of a mapping that waits for its value
        self._root: Node | None = None

    def build(self, events: Iterator[Any]) -> tuple[Node | None, bool]:
        import yaml

        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    break
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
        return self._root, documents > 1

    def _fail(self, event: Any, problem: str) -> NoReturn:
        raise TalosconfigError(problem, source=self._source, line=event.start_mark.line + 1, column=event.start_mark.column + 1)

    def _wants_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1][0].value, dict) and self._keys[-1] is None

    def _scalar(self, event: Any) -> None:
        if self._wants_key():
            open_mapping = self._stack[-1][0].value
            assert isinstance(open_mapping, dict)
            if event.value in open_mapping:
                first = open_mapping[event.value]
                self._fail(event, f"the key {event.value[:60]!r} stands here and, before, at line {first.line}; keep one of them")
            self._keys[-1] = event.value
            return
        null = not event.style and event.value in _NULLS  # a quoted "null" is a name
        self._add(Node(None if null else event.value, event.start_mark.line + 1, event.start_mark.column + 1), event.anchor)

    def _alias(self, event: Any) -> None:
        if self._wants_key():
            self._fail(event, "an alias as a key is not supported")
        if event.anchor not in self._anchors:
            self._fail(event, "an alias of an anchor that is not defined")
        node = self._anchors[event.anchor]
        if node is None:
            self._fail(event, "an alias inside of what it stands for")
        self._add(node, None)

    def _open(self, event: Any, value: list[Node] | dict[str, Node]) -> None:
        if self._wants_key():
            self._fail(event, "a key has to be text")
        if len(self._stack) >= DEPTH_LIMIT:
            self._fail(event, _TOO_DEEP)
        node = Node(value, event.start_mark.line + 1, event.start_mark.column + 1)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append((node, event.anchor))
        self._keys.append(None)

    def _close(self) -> None:
        node, anchor = self._stack.pop()
        self._keys.pop()
        if isinstance(node.value, dict):
            self._merge(node.value)
        self._add(node, anchor)

    def _merge(self, mapping: dict[str, Node]) -> None:
        """Fill in what a ``<<`` key refers to; keys of the mapping itself win, then the first that is referred to."""
        merged = mapping.pop("<<", None)
        if merged is None:
            return
        for part in merged.value if isinstance(merged.value, list) else [merged]:
            if not isinstance(part.value, dict):
                raise TalosconfigError("'<<' merges mappings only", source=self._source, line=part.line, column=part.column)
            for key, value in part.value.items():
                mapping.setdefault(key, value)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1][0].value
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict):
            key = self._keys[-1]
            assert key is not None
            parent[key] = node
            self._keys[-1] = None
