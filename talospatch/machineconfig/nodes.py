"""The tree of a YAML text: what stands where.

Places are indexes of characters in the text as it was given, a byte order mark included. Lines are counted only for messages: NEL and
U+2028 count as line ends for YAML and not for editors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Node:
    """One value.

    Attributes:
        start: where it begins, its anchor and tag included.
        end: where it ends. For a block collection that is the end of its last leaf: the parser's own mark lies behind following comments.
        anchor: name of its anchor, or None.
        tag: its tag as resolved by the parser, such as ``tag:yaml.org,2002:str`` or ``!local``; None when it has none.
    """

    __slots__ = ("anchor", "end", "start", "tag")

    def __init__(self, start: int, end: int, anchor: str | None = None, tag: str | None = None) -> None:
        self.start, self.end, self.anchor, self.tag = start, end, anchor, tag

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.start}..{self.end}>"


class Scalar(Node):
    """A leaf.

    Attributes:
        text: its content as YAML reads it, not yet resolved to a type.
        style: ``"'"``, ``'"'``, ``"|"``, ``">"``, or empty for a plain one.
    """

    __slots__ = ("style", "text")

    def __init__(  # noqa: PLR0917 - by place, because one is made for every key and value of every config
        self, start: int, end: int, text: str, style: str, anchor: str | None = None, tag: str | None = None
    ) -> None:
        self.start, self.end, self.anchor, self.tag = start, end, anchor, tag
        self.text, self.style = text, style


class Sequence(Node):
    """A list. ``flow`` says that it is written in brackets."""

    __slots__ = ("flow", "items")

    def __init__(self, start: int, end: int, flow: bool, anchor: str | None = None, tag: str | None = None) -> None:
        self.start, self.end, self.anchor, self.tag = start, end, anchor, tag
        self.flow = flow
        self.items: list[Node] = []


class Mapping(Node):
    """A mapping from the text of each key to its value, in the order written.

    Attributes:
        flow: whether it is written in braces.
        keys: the key's own node, by its text. A key given by alias is kept as that alias.
        values: the value's node, by the key's text. A merge key stays a key, ``<<``.
    """

    __slots__ = ("flow", "keys", "values")

    def __init__(self, start: int, end: int, flow: bool, anchor: str | None = None, tag: str | None = None) -> None:
        self.start, self.end, self.anchor, self.tag = start, end, anchor, tag
        self.flow = flow
        self.keys: dict[str, Node] = {}
        self.values: dict[str, Node] = {}


class Alias(Node):
    """A ``*name`` and what it stands for."""

    __slots__ = ("target",)

    def __init__(self, start: int, end: int, target: Node) -> None:
        self.start, self.end, self.anchor, self.tag = start, end, None, None
        self.target = target


def resolved(node: Node) -> Node:
    """Return what a node stands for: itself, or an alias's target."""
    while isinstance(node, Alias):
        node = node.target
    return node


def children(node: Node) -> Iterator[Node]:
    """Yield the values directly inside a collection, not following aliases."""
    if isinstance(node, Mapping):
        yield from node.values.values()
    elif isinstance(node, Sequence):
        yield from node.items


def scalars(root: Node) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    """Yield each leaf below ``root`` that stands in the text itself, with its path as keys and indexes; aliases are not followed."""
    stack: list[tuple[tuple[str | int, ...], Node]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Scalar):
            yield path, node
        elif isinstance(node, Mapping):
            stack.extend(((*path, key), value) for key, value in reversed(node.values.items()))
        elif isinstance(node, Sequence):
            stack.extend(((*path, index), node.items[index]) for index in range(len(node.items) - 1, -1, -1))
