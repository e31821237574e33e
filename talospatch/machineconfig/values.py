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
    built: dict[int, Data] = dict(instead) if instead else {}
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
                built[id(node)] = _mapping(node, built)
            else:
                stack.append((node, True))
                stack.extend([(child, False) for child in node.values.values()])
        elif isinstance(node, Sequence):
            if ready:
                built[id(node)] = [built[id(child)] for child in node.items]
            else:
                stack.append((node, True))
                stack.extend([(child, False) for child in node.items])
    return built[id(root)]


def _mapping(node: Mapping, built: dict[int, Data]) -> dict[str, Data]:
    if MERGE_KEY not in node.values or not is_merge_key(node.keys[MERGE_KEY]):
        return {key: built[id(value)] for key, value in node.values.items()}
    merged: dict[str, Data] = {}
    source = built[id(node.values[MERGE_KEY])]
    for each in reversed(source if isinstance(source, list) else [source]):
        if isinstance(each, dict):
            merged.update(each)
    merged.update((key, built[id(value)]) for key, value in node.values.items() if key != MERGE_KEY)
    return merged


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
        elif one != other and not (isinstance(one, float) and math.isnan(one) and math.isnan(other)):
            return False
    return True
