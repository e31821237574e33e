"""Trees in which a key may stand twice: what go-yaml reads before it looks for such keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.quoting import quoted_key
from talospatch.machineconfig.reader import BYTE_ORDER_MARK, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.errors import ConfigError

_DEPTH = 200  # of a text that is read this way; what is nested deeper keeps the reader's own error


class Repeated(str):
    """A key that stands in its mapping already. It equals nothing but itself, so that both stay."""

    __slots__ = ()

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def read_repeated(text: str, *, first: bool = False) -> tuple[Tree, ...] | None:
    """Read every document of a YAML text, or only the first, keys that stand twice included; None where something else is wrong with it.

    Places in the trees count from the text without its byte order mark.
    """
    try:
        loader = yaml.SafeLoader(text.removeprefix(BYTE_ORDER_MARK))
        try:
            return tuple(_documents(loader, first=first))
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _documents(loader: yaml.SafeLoader, *, first: bool) -> list[Tree]:
    trees = []
    while not loader.check_event(yaml.StreamEndEvent):
        event = _next(loader)
        if type(event) is yaml.DocumentStartEvent:
            tree = Tree(_place(event.start_mark), _place(event.end_mark), explicit=bool(event.explicit))
            root = _node(loader, {}, 0)
            tree.root = (
                None if isinstance(root, Scalar) and not root.style and root.tag is None and root.text in {"", "~", "null"} else root
            )
            trees.append(tree)
            if first:
                break
    return trees


def _place(mark: Any) -> int:
    index: int = mark.index
    return index


def _next(loader: yaml.SafeLoader) -> Any:
    return loader.get_event()  # type: ignore[no-untyped-call]


def _node(loader: yaml.SafeLoader, anchors: dict[str, Node], depth: int) -> Node:
    if depth > _DEPTH:
        raise ValueError("nested too deep")
    event = _next(loader)
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise ValueError("no such anchor")
        return Alias(start, end, anchors[event.anchor])
    made: Node
    if isinstance(event, yaml.ScalarEvent):
        event.value.encode("utf-8")  # halves of surrogate pairs are no characters, and raise a ValueError
        made = Scalar(start, end, event.value, event.style or "", anchor=event.anchor, tag=event.tag)
    elif isinstance(event, yaml.SequenceStartEvent):
        made = Sequence(start, end, flow=bool(event.flow_style), anchor=event.anchor, tag=event.tag)
        while not loader.check_event(yaml.SequenceEndEvent):
            made.items.append(_node(loader, anchors, depth + 1))
        made.end = _next(loader).end_mark.index
    else:
        made = Mapping(start, end, flow=bool(event.flow_style), anchor=event.anchor, tag=event.tag)
        while not loader.check_event(yaml.MappingEndEvent):
            key = _node(loader, anchors, depth + 1)
            leaf = resolved(key)
            if not isinstance(leaf, Scalar):
                raise yaml.YAMLError("a key is a single value")
            name = Repeated(leaf.text) if leaf.text in made.keys else leaf.text
            made.keys[name] = key
            made.values[name] = _node(loader, anchors, depth + 1)
        made.end = _next(loader).end_mark.index
    if event.anchor:
        anchors[event.anchor] = made
    return made


def without_repeats(root: Mapping, error: Callable[[str, int, str], ConfigError]) -> Mapping:
    """Return a tree whose repeated keys are keys like others, the one before being gone.

    Raises:
        ConfigError: both are still there; made by ``error`` from a problem, its place and a hint.
    """
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Sequence):
            stack += node.items
        elif isinstance(node, Mapping):
            stack += node.values.values()
            if any(type(key) is Repeated for key in node.keys):
                plain = [str.__str__(key) for key in node.keys]
                for name, key in zip(plain, node.keys.values(), strict=True):
                    if plain.count(name) > 1:
                        raise error(f"key {quoted_key(name)} stands here twice", key.start, "keep one of them")
                node.keys = dict(zip(plain, node.keys.values(), strict=True))
                node.values = dict(zip(plain, node.values.values(), strict=True))
    return root
