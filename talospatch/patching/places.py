"""Where elements and lines begin and end in a config's text."""

from __future__ import annotations

import re

from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence, resolved
from talospatch.machineconfig.reader import BYTE_ORDER_MARK

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]*)*")


def column_of(text: str, index: int) -> int:
    """Return how many characters stand before an index on its line, a byte order mark not counted."""
    start = text.rfind("\n", 0, index) + 1
    return index - start - (1 if start == 0 and text.startswith(BYTE_ORDER_MARK) and index > 0 else 0)


def key_start(text: str, key: Node) -> int:
    """Return where a key begins: an explicit one at its question mark."""
    lead = text[text.rfind("\n", 0, key.start) + 1 : key.start]
    bare = lead.rstrip(" \t")
    return key.start - len(lead) + len(bare) - 1 if bare.endswith("?") and bare != lead else key.start


def key_column(text: str, mapping: Mapping) -> int:
    """Return the column of a mapping's keys, by its first one."""
    return column_of(text, key_start(text, next(iter(mapping.keys.values()))))


def dash_column(text: str, sequence: Sequence) -> int:
    """Return the column of a block list's dashes."""
    if text[sequence.start : sequence.start + 1] == "-":
        return column_of(text, sequence.start)
    return column_of(text, text.rfind("-", sequence.start, sequence.items[0].start))


def is_flow(node: Node) -> bool:
    """Whether it is a collection in brackets or braces."""
    return isinstance(node, Mapping | Sequence) and node.flow


def is_nothing(node: Node | None) -> bool:
    """Whether nothing of use stands there: no node, a null, an empty collection."""
    target = resolved(node) if node is not None else None
    if isinstance(target, Scalar):
        return not target.style and target.text in {"", "~", "null", "Null", "NULL"}
    return target is None or not (target.values if isinstance(target, Mapping) else target.items if isinstance(target, Sequence) else True)


def last_leaf(node: Node) -> Node:
    """Return what ends a node: its last leaf, or flow collection."""
    while isinstance(node, Mapping | Sequence) and not node.flow:
        if not (node.values if isinstance(node, Mapping) else node.items):
            return node
        node = next(reversed(node.values.values())) if isinstance(node, Mapping) else node.items[-1]
    return node


def column_inside(text: str, parent: Mapping | Sequence) -> int:
    """Return the column of a mapping's keys, or where a collection begins."""
    if isinstance(parent, Mapping) and parent.keys:
        return key_column(text, parent)
    return column_of(text, parent.start)


def properties_of(text: str, node: Node) -> str:
    """Return the anchor and tag before a collection, with the space behind them."""
    match = _PROPERTIES.match(text, node.start, node.end)
    return match.group() if match else ""


def end_of_line(text: str, index: int) -> int:
    """Return where the line ends, before its line feed."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def behind_line(text: str, index: int) -> int:
    """Return where the next line begins; a place at the beginning of a line is one already."""
    if index and text[index - 1] == "\n":
        return index
    return min(end_of_line(text, index) + 1, len(text))


def past_comments(text: str, index: int, column: int, *, over_blank_lines: bool = False) -> int:
    """Return where the comment lines end that follow directly and belong to what stands in a column above them.

    Those are the ones in the column or to the right of it; but comments in the column of what follows directly belong to that. Blank lines
    end them, or do not if others of them follow.
    """
    inner: int | None = None  # where the lines to the right of the column end
    end = here = index
    while here < len(text):
        after = min(end_of_line(text, here) + 1, len(text))
        line = text[here:after]
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if over_blank_lines and not bare.strip():
            here = after
            continue
        if not bare.startswith("#") or indent < column:
            return inner if inner is not None and bare.strip() and indent == column else end
        if indent == column and inner is None:
            inner = end
        end = here = after
    return end
