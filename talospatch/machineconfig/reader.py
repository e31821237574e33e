"""From YAML text to trees, by parser events.

Events and a stack of our own, not the composer: that one loses where aliases stand, and the C one overflows its stack on 50,000 nested
lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML without libyaml: the same events, about eight times slower
    CParser = None  # type: ignore[assignment, misc]

MAX_CHARACTERS = 32 * 1024 * 1024  # a gRPC message holds no more
MAX_DEPTH = 10_000  # as go-yaml; scanning deeper flow collections takes quadratic time in libyaml
MAX_ALIAS_GROWTH = 1_000_000  # nodes that a document may grow to by its aliases: go-yaml refuses such documents too

BYTE_ORDER_MARK = "\ufeff"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Tree:
    """One YAML document.

    Attributes:
        root: its value; None when there is nothing between its marks.
        start: where it begins: at its ``---``, or where the text or the document before it ends.
        body: where its content may begin: behind ``---``.
        end: where it ends, its ``...`` included; the comments behind its last value belong to it.
        explicit: whether it begins with ``---``.
    """

    __slots__ = ("body", "end", "explicit", "root", "start")

    def __init__(self, start: int, body: int, explicit: bool) -> None:
        self.start, self.body, self.explicit = start, body, explicit
        self.end = body
        self.root: Node | None = None


def read(text: str, *, source: str | None = None) -> tuple[Tree, ...]:
    """Read every document of a YAML text.

    Raises:
        ConfigError: not YAML that Talos could read, with its line and column; a duplicate key; nesting or size over the limits.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"text of {len(text):,} characters is longer than the {MAX_CHARACTERS:,} that a node accepts", source=source)
    shift = 1 if text.startswith(BYTE_ORDER_MARK) else 0
    try:
        builder = _Builder(text, shift, source)
        builder.run(_events(text[shift:] if shift else text))
    except yaml.MarkedYAMLError as error:
        raise _marked_error(error, text, shift, source) from None
    except yaml.YAMLError as error:  # a ReaderError: its own text quotes the character, not the surroundings
        position = getattr(error, "position", None)
        problem = f"character {getattr(error, 'character', 0)!r} is not allowed in YAML" if position is not None else "not YAML"
        line, column = line_and_column(text, shift + position) if isinstance(position, int) else (None, None)
        raise ConfigError(problem, source=source, line=line, column=column, hint="is this a text file?") from None
    except UnicodeEncodeError as error:
        line, column = line_and_column(text, shift + error.start)
        raise ConfigError("half of a surrogate pair is not a character", source=source, line=line, column=column) from None
    _check_growth(builder.trees, text, source)
    return tuple(builder.trees)


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Return line and column of a character, both from 1, as an editor counts them."""
    index = min(max(index, 0), len(text))
    before = text.rfind("\n", 0, index)
    return text.count("\n", 0, index) + 1, index - before


def _events(text: str) -> Iterator[Any]:
    if CParser is None:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
        return
    parser = CParser(text)
    next_event = parser.get_event
    while (event := next_event()) is not None:
        yield event


class _Builder:
    """Builds trees from events. What is open stands on a stack of our own."""

    __slots__ = ("_anchors", "_keys", "_last", "_shift", "_source", "_stack", "_text", "_tree", "trees")

    def __init__(self, text: str, shift: int, source: str | None) -> None:
        self._text, self._shift, self._source = text, shift, source
        self._stack: list[Mapping | Sequence] = []
        self._keys: list[str | None] = []  # for each open collection the key that waits for its value
        self._anchors: dict[str, Node] = {}
        self._last = 0  # where the last leaf ended
        self._tree = Tree(shift, shift, explicit=False)
        self.trees: list[Tree] = []

    def run(self, events: Iterator[Any]) -> None:
        """Take all events."""
        shift = self._shift
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                start, end = event.start_mark.index + shift, event.end_mark.index + shift
                node: Node = Scalar(start, end, event.value, event.style or "", anchor=event.anchor, tag=event.tag)
                self._last = end
                self._put(node, event.anchor)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = event.start_mark.index + shift
                make = Mapping if kind is MappingStartEvent else Sequence
                node = make(start, start, flow=bool(event.flow_style), anchor=event.anchor, tag=event.tag)
                self._put(node, event.anchor)
                self._open(node)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                closed = self._stack.pop()
                self._keys.pop()
                if closed.flow:
                    self._last = event.end_mark.index + shift
                closed.end = self._last
            elif kind is AliasEvent:
                self._put(self._alias(event), None)
            elif kind is DocumentStartEvent:
                self._begin(event)
            elif kind is DocumentEndEvent:
                self._tree.end = max(event.end_mark.index + shift, self._last, self._tree.body)
                self.trees.append(self._tree)

    def _begin(self, event: Any) -> None:
        index, body = event.start_mark.index + self._shift, event.end_mark.index + self._shift
        if event.explicit:
            self._tree = Tree(index, body, explicit=True)
        else:
            self._tree = Tree(self.trees[-1].end if self.trees else self._shift, self._shift, explicit=False)
        self._anchors = {}

    def _alias(self, event: Any) -> Alias:
        start, self._last = event.start_mark.index + self._shift, event.end_mark.index + self._shift
        target = self._anchors.get(event.anchor)
        if target is None:
            raise self._error(f"alias *{event.anchor[:60]} has no anchor before it", start)
        if target in self._stack:
            raise self._error(f"anchor &{event.anchor[:60]} contains itself", start)
        return Alias(start, self._last, target)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._stack:
            self._tree.root = None if _is_nothing(node) else node
            self._last = max(self._last, self._tree.body)
            return
        parent = self._stack[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._add_key(parent, node)
        else:
            parent.values[key] = node
            self._keys[-1] = None

    def _add_key(self, parent: Mapping, node: Node) -> str:
        leaf = resolved(node)
        if not isinstance(leaf, Scalar):
            raise self._error(
                "a key must be a single value", node.start, _template_hint(self._text) or "quote text that begins with { or ["
            )
        key = leaf.text
        if key in parent.keys:
            raise self._error(f"key {key[:60]!r} stands here twice", node.start, "keep one of them")
        parent.keys[key] = node
        return key

    def _open(self, node: Mapping | Sequence) -> None:
        self._stack.append(node)
        self._keys.append(None)
        if len(self._stack) > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH:,} levels", node.start)

    def _error(self, problem: str, index: int, hint: str | None = None) -> ConfigError:
        line, column = line_and_column(self._text, index)
        return ConfigError(problem, source=self._source, line=line, column=column, path=self._path() or None, hint=hint)

    def _path(self) -> str:
        """Return where the innermost open collection stands, or the value that it waits for."""
        path = ""
        for node, waiting in zip(self._stack[:20], self._keys, strict=False):
            innermost = node is self._stack[-1]
            if isinstance(node, Sequence):
                path += f"[{len(node.items) - (not innermost)}]"
            elif (key := waiting if innermost else next(reversed(node.keys), None)) is not None:
                path += f".{key[:60]}" if path else key[:60]
        return path


def _is_nothing(node: Node) -> bool:
    """Whether a document is empty or a plain null, which counts as empty."""
    return isinstance(node, Scalar) and not node.style and node.anchor is None and node.tag is None and node.text in _NULLS


def _check_growth(trees: list[Tree], text: str, source: str | None) -> None:
    """Refuse aliases that stand for more nodes than anyone wrote."""
    if "*" not in text:
        return
    sizes: dict[int, int] = {}
    for tree in trees:
        stack: list[tuple[Node, bool]] = [(tree.root, False)] if tree.root else []
        while stack:
            node, seen = stack.pop()
            if isinstance(node, Alias):
                sizes[id(node)] = sizes.get(id(resolved(node)), 1)
            elif isinstance(node, Scalar):
                sizes[id(node)] = 1
            elif not seen:
                stack.append((node, True))
                inside = node.values.values() if isinstance(node, Mapping) else node.items if isinstance(node, Sequence) else ()
                stack.extend((child, False) for child in reversed(list(inside)))
            else:
                inside = node.values.values() if isinstance(node, Mapping) else node.items if isinstance(node, Sequence) else ()
                sizes[id(node)] = 1 + sum(sizes.get(id(child), 1) for child in inside)
                if sizes[id(node)] > MAX_ALIAS_GROWTH + len(text):
                    line, column = line_and_column(text, node.start)
                    raise ConfigError("aliases make this document too large", source=source, line=line, column=column)


def _marked_error(error: yaml.MarkedYAMLError, text: str, shift: int, source: str | None) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = line_and_column(text, mark.index + shift) if mark is not None else (None, None)
    problem = " ".join(part for part in (error.problem, error.context) if part) or "not YAML"
    return ConfigError(problem, source=source, line=line, column=column, hint=_template_hint(text))


TEMPLATES = (("{{", "Jinja, Go or Helm"), ("{%", "Jinja"), ("%{", "HCL"), ("<<EOF", "HCL or shell"), ("<<-E", "HCL or shell"))


def _template_hint(text: str) -> str | None:
    """A template is a common reason for text that is not YAML, and one that we must not edit."""
    for mark, name in TEMPLATES:
        if mark in text:
            return f"this looks like a {name} template: render it first and use the result"
    return None
