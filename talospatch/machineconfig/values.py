"""Plain data of a tree, and comparing plain data by type.

No function here recurses: a config may nest 10,000 levels deep.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Alias, Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping as Map

MERGE_KEY = "<<"

Data = Any  # None, bool, int, float, str, list[Data] or dict[str, Data]


def plain(root: Node | None, instead: Map[int, Data] | None = None) -> Data:
    """Return the data that a tree stands for: aliases followed, merge keys merged in, scalars resolved as Talos does.

    What several aliases name is one object in the result; treat it as read-only.

    Args:
        root: the tree; None stands for null.
        instead: data to take for some nodes, by ``id`` of the node.
    """
    if root is None:
        return None
    built: dict[int, Data] = dict(instead) if instead else {}  # by id; leaves only where some of them are replaced
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in built:
            continue
        if isinstance(node, Scalar):
            built[id(node)] = resolve(node.text, node.style, node.tag)
        elif isinstance(node, Alias):
            target = resolved(node)
            if ready or id(target) in built:
                built[id(node)] = built[id(target)]
            else:
                stack += [(node, True), (target, False)]
        elif isinstance(node, Mapping):
            if ready:
                built[id(node)] = _mapping(node, built, instead)
            else:
                stack.append((node, True))
                stack += [(child, False) for child in node.values.values() if instead or type(child) is not Scalar]
        elif isinstance(node, Sequence):
            if ready:
                built[id(node)] = [
                    resolve(child.text, child.style, child.tag) if type(child) is Scalar and not instead else built[id(child)]
                    for child in node.items
                ]
            else:
                stack.append((node, True))
                stack += [(child, False) for child in node.items if instead or type(child) is not Scalar]
    return built[id(root)]


def _mapping(node: Mapping, built: dict[int, Data], instead: Map[int, Data] | None) -> dict[str, Data]:
    data = {
        key: resolve(value.text, value.style, value.tag) if type(value) is Scalar and not instead else built[id(value)]
        for key, value in node.values.items()
    }
    if not merges(node):
        return data
    merged: dict[str, Data] = {}
    source = data.pop(MERGE_KEY)
    for each in reversed(source if isinstance(source, list) else [source]):
        if isinstance(each, dict):
            merged.update(each)
    merged.update(data)
    return merged


def merges(node: Mapping) -> bool:
    """Whether a mapping has a merge key."""
    return MERGE_KEY in node.values and is_merge_key(node.keys[MERGE_KEY])


def is_merge_key(key: Node) -> bool:
    """Whether a key ``<<`` merges: quoted, it is a key like any other."""
    return isinstance(key, Scalar) and not key.style and key.text == MERGE_KEY


def same(left: Data, right: Data) -> bool:
    """Whether two data are equal, types included: ``1``, ``1.0``, ``True`` and ``"1"`` all differ.

    NaN equals NaN, and the order of keys does not count.
    """
    stack = [(left, right)]
    while stack:
        one, other = stack.pop()
        if one is other:
            continue
        if type(one) is not type(other):
            return False
        if isinstance(one, dict):
            if len(one) != len(other):
                return False
            for key, value in one.items():
                if key not in other:
                    return False
                stack.append((value, other[key]))
        elif isinstance(one, list):
            if len(one) != len(other):
                return False
            stack.extend(zip(one, other, strict=True))
        elif not _equal(one, other):
            return False
    return True


def _equal(one: Data, other: Data) -> bool:
    """Whether two leaves are equal, types included."""
    return type(one) is type(other) and (one == other or (type(one) is float and math.isnan(one) and math.isnan(other)))


def means(root: Node, data: Data) -> bool:
    """Whether a tree stands for some data, as ``same(plain(root), data)`` says it, without building the tree's data."""
    stack = [(root, data)]
    while stack:
        node, wanted = stack.pop()
        node = resolved(node)
        if isinstance(node, Mapping):
            if merges(node):
                if not same(plain(node), wanted):
                    return False
                continue
            if type(wanted) is not dict or len(node.values) != len(wanted):
                return False
            for key, value in node.values.items():
                if key not in wanted:
                    return False
                if type(value) is not Scalar:
                    stack.append((value, wanted[key]))
                elif not _equal(resolve(value.text, value.style, value.tag), wanted[key]):
                    return False
        elif isinstance(node, Sequence):
            if type(wanted) is not list or len(node.items) != len(wanted):
                return False
            stack.extend(zip(node.items, wanted, strict=True))
        elif isinstance(node, Scalar) and not _equal(resolve(node.text, node.style, node.tag), wanted):
            return False
    return True
