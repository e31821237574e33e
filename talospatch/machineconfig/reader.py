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
    from collections.abc import Callable

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML without libyaml: the same events, about eight times slower
    CParser = None  # type: ignore[assignment, misc]

MAX_CHARACTERS = 32 * 1024 * 1024  # a gRPC message holds no more
TOO_DEEP = "maximum nesting depth"  # what libyaml says from 0.2.6 on of more than 1,000 levels; go-yaml takes more
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
    body = text[shift:] if shift else text
    try:
        builder = _Builder(text, shift, source)
        try:
            builder.run(_events(body))
        except yaml.MarkedYAMLError as error:
            if TOO_DEEP not in (error.problem or ""):
                raise
            builder = _Builder(text, shift, source)
            builder.run(_pure_events(body))
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


def read_part(text: str, start: int) -> tuple[Tree, ...]:
    """Read lines of a text by themselves.

    Args:
        text: the lines.
        start: where they begin in the whole text, from which places are counted.

    Raises:
        ConfigError: as :func:`read`, with places that mean nothing.
        yaml.YAMLError: not YAML by themselves.
    """
    builder = _Builder(text, start, None)
    builder.run(_events(text))
    return tuple(builder.trees)


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Return line and column of a character, both from 1, as an editor counts them."""
    index = min(max(index, 0), len(text))
    before = text.rfind("\n", 0, index)
    return text.count("\n", 0, index) + 1, index - before


def _events(text: str) -> Callable[[], Any]:
    """Return what gives one event after the other, and None behind the last one."""
    if CParser is None:
        return _pure_events(text)
    next_event: Callable[[], Any] = CParser(text).get_event
    return next_event


def _pure_events(text: str) -> Callable[[], Any]:
    from talospatch.machineconfig.pure_events import pure_events

    return pure_events(text)


class _Builder:
    """Builds trees from events. What is open stands on a stack of our own."""

    __slots__ = ("_shift", "_source", "_stack", "_text", "_tree", "_waiting", "trees")

    def __init__(self, text: str, shift: int, source: str | None) -> None:
        self._text, self._shift, self._source = text, shift, source
        self._stack: list[Mapping | Sequence] = []
        self._waiting: str | None = None  # for messages: the key whose value is being read
        self._tree = Tree(shift, shift, explicit=False)
        self.trees: list[Tree] = []

    def run(self, next_event: Callable[[], Any]) -> None:
        """Take all events.

        One loop over local variables, because it goes round for every key and every value, and a plan reads two configs for each node. A
        collection gets its place when it begins, so that only in the innermost one a key can wait for its value.
        """
        shift, stack = self._shift, self._stack
        anchors: dict[str, Node] = {}
        inner: Mapping | Sequence | None = None
        key: str | None = None  # in a mapping, the one that waits for its value
        last = 0  # where the last leaf ended
        while (event := next_event()) is not None:
            kind = type(event)
            if kind is ScalarEvent:
                last = event.end_mark.index + shift
                node: Node = Scalar(event.start_mark.index + shift, last, event.value, event.style or "", event.anchor, event.tag)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = event.start_mark.index + shift
                make = Mapping if kind is MappingStartEvent else Sequence
                node = make(start, start, bool(event.flow_style), event.anchor, event.tag)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                closed = stack.pop()
                if closed.flow:
                    last = event.end_mark.index + shift
                closed.end = last
                inner = stack[-1] if stack else None
                continue
            elif kind is AliasEvent:
                self._waiting, last = key, event.end_mark.index + shift
                node = self._alias(event.anchor, event.start_mark.index + shift, last, anchors)
            else:
                if kind is DocumentStartEvent:
                    anchors, last = {}, max(last, self._begin(event).body)
                elif kind is DocumentEndEvent:
                    self._end(event, last)
                continue
            if node.anchor is not None:
                anchors[node.anchor] = node
            if type(inner) is Mapping:
                if key is None:
                    leaf = node if kind is ScalarEvent else resolved(node)
                    if type(leaf) is not Scalar or leaf.text in inner.keys:
                        raise self._bad_key(node, leaf)
                    key = leaf.text
                    inner.keys[key] = node
                    continue
                inner.values[key] = node
                key = None
            elif inner is not None:
                inner.items.append(node)  # type: ignore[union-attr]
            else:
                self._tree.root = None if _is_nothing(node) else node
            if kind is not ScalarEvent and kind is not AliasEvent:
                inner = self._open(node)

    def _begin(self, event: Any) -> Tree:
        index, body = event.start_mark.index + self._shift, event.end_mark.index + self._shift
        if event.explicit:
            self._tree = Tree(index, body, explicit=True)
        else:
            self._tree = Tree(self.trees[-1].end if self.trees else self._shift, self._shift, explicit=False)
        return self._tree

    def _end(self, event: Any, last: int) -> None:
        self._tree.end = max(event.end_mark.index + self._shift, last, self._tree.body)
        self.trees.append(self._tree)

    def _alias(self, anchor: str, start: int, end: int, anchors: dict[str, Node]) -> Alias:
        target = anchors.get(anchor)
        if target is None:
            raise self._error("an alias has no anchor before it", start, "put quotes around a text that begins with *")
        if target in self._stack:
            raise self._error("the anchor that an alias names contains itself", start)
        return Alias(start, end, target)

    def _bad_key(self, node: Node, leaf: Node) -> ConfigError:
        self._waiting = None
        if isinstance(leaf, Scalar):
            from talospatch.machineconfig.quoting import quoted_key

            return self._error(f"key {quoted_key(leaf.text)} stands here twice", node.start, "keep one of them")
        hint = _template_hint(self._text) or "quote text that begins with { or ["
        return self._error("a key must be a single value", node.start, hint)

    def _open(self, node: Any) -> Mapping | Sequence:
        self._stack.append(node)
        if len(self._stack) > MAX_DEPTH:
            self._waiting = None
            raise self._error(f"nested deeper than {MAX_DEPTH:,} levels", node.start)
        opened: Mapping | Sequence = node
        return opened

    def _error(self, problem: str, index: int, hint: str | None = None) -> ConfigError:
        line, column = line_and_column(self._text, index)
        return ConfigError(problem, source=self._source, line=line, column=column, path=self._path() or None, hint=hint)

    def _path(self) -> str:
        """Return where the innermost open collection stands, or the value that it waits for."""
        from talospatch.machineconfig.quoting import key_in_path

        path = ""
        for node in self._stack[:20]:
            innermost = node is self._stack[-1]
            if isinstance(node, Sequence):
                path += f"[{len(node.items) - (not innermost)}]"
            elif (key := self._waiting if innermost else next(reversed(node.keys), None)) is not None:
                path += f".{key_in_path(key)}" if path else key_in_path(key)
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
