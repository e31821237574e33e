"""Reading a text again after an edit: only the lines that the edit can have changed the meaning of.

An edit inside one entry of a block mapping leaves the entries around it what they were. So the lines of the entries that it touches are
read by themselves, and the trees around them stay, those behind it at their new places. Why that is the same as reading everything: each
entry begins on a line of its own in the column of the mapping, so nothing before it can go on there; and what is read by itself ends
where a line with a key in that column, or further to the left, ends it in the whole text too. Where a text has more that reaches across
lines (anchors, directives, marks of documents), it is not read so. Tests compare both on every vector and on random edits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Node, Scalar, Sequence
from talospatch.machineconfig.reader import BYTE_ORDER_MARK, MAX_CHARACTERS, Tree, read_part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as AbstractSequence

# What reaches across lines, makes lines that we do not count, or is nothing at the beginning only. The empty value of an explicit key
# stands where the next key begins.
_CROSSING = (BYTE_ORDER_MARK, "&", "*", "\n%", "\n...", "\r...", "\x85", "\u2028", "\u2029", "? ", "?\n", "?\r", "?\t")


class _Level(NamedTuple):
    """A block mapping around the edit, and which of its entries the edit touches: those from ``first`` to before ``behind``."""

    mapping: Mapping
    column: int
    first: int
    behind: int
    start: int
    end: int


def read_again(before: str, trees: AbstractSequence[Tree], after: str, start: int, end: int) -> tuple[Tree, ...] | None:
    """Return the trees of a text after an edit, as reading it would; None where only reading it all can tell.

    Args:
        before: the text before.
        trees: all of its trees.
        after: the text after.
        start: where the edit begins, in both.
        end: where it ends in the text before.
    """
    if len(after) > MAX_CHARACTERS or before.startswith("%") or any(mark in after for mark in _CROSSING):
        return None
    number = _touched(before, trees, start, end)
    if number is None:
        return None
    grown = len(after) - len(before)
    tree = trees[number]
    levels = _levels(before, tree, start, end)
    for depth in range(len(levels), 0, -1):
        for level in _ways(levels[depth - 1], before, start, end):
            part = after[level.start : level.end + grown]
            ends = part.endswith("\n") or level.end + grown == len(after)
            if not ends or _has_line_left_of(part, level.column):
                continue
            if (entries := _entries(part, level)) is not None:
                return _together(trees, number, [*levels[: depth - 1], level], entries, grown)
    return None


def _ways(level: _Level, before: str, start: int, end: int) -> Iterator[_Level]:
    """Yield what may be read anew in a mapping: new entries alone, behind those that stay, or the entries that the edit touches."""
    if start == end == level.end and before.endswith("\n", 0, start):
        yield level._replace(first=level.behind, start=start)
    yield level


def _together(
    trees: AbstractSequence[Tree], number: int, levels: AbstractSequence[_Level], entries: Mapping, grown: int
) -> tuple[Tree, ...] | None:
    """Return the trees with one mapping's new entries in the document of a number."""
    tree = trees[number]
    made = Tree(tree.start, tree.body, tree.explicit)
    try:
        made.root = _replaced(levels, entries, grown)
        behind = [_moved_tree(each, grown) for each in trees[number + 1 :]]
    except RecursionError:
        return None
    made.end = tree.end + grown
    return None if made.root is None else (*trees[:number], made, *behind)


def _touched(text: str, trees: AbstractSequence[Tree], start: int, end: int) -> int | None:
    """Return the number of the document that an edit lies in; None where it is not in one alone, or documents are missing."""
    found, place = None, 0
    for number, tree in enumerate(trees):
        if tree.start != place:
            return None
        place = tree.end
        if tree.body <= start and end <= tree.end:
            found = number
    return found if place == len(text) else None


def _levels(text: str, tree: Tree, start: int, end: int) -> list[_Level]:
    """Return the block mappings around an edit, from the outside in."""
    levels: list[_Level] = []
    node, limit = tree.root, tree.end
    while isinstance(node, Mapping) and node.values and not node.flow and node.anchor is None and node.tag is None:
        lines = []
        column = -1
        for key in node.keys.values():
            line = text.rfind("\n", 0, key.start) + 1
            column = key.start - line if column < 0 else column
            if key.start - line != column or key.anchor is not None or key.tag is not None or not text.startswith(" " * column, line):
                return levels
            lines.append(line)
        lines.append(limit)
        first = max((number for number, line in enumerate(lines[:-1]) if line < start or (line == start < end)), default=None)
        if first is None:
            break
        behind = next((number for number in range(first + 1, len(lines)) if end <= lines[number]), None)
        if behind is None:
            break
        levels.append(_Level(node, column, first, behind, lines[first], lines[behind]))
        if behind - first > 1:
            break
        node, limit = list(node.values.values())[first], lines[behind]
    return levels


def _has_line_left_of(part: str, column: int) -> bool:
    """Whether some line other than a comment begins left of a column."""
    return column > 0 and re.search(rf"^ {{0,{column - 1}}}[^ #\r\n]", part, re.MULTILINE) is not None


def _entries(part: str, level: _Level) -> Mapping | None:
    """Return the entries that stand in a part of a text; None where it is not entries alone."""
    if part.startswith("---") or "\n---" in part or "\r---" in part:
        return None
    try:
        trees = read_part(part, level.start)
    except (ConfigError, yaml.YAMLError, UnicodeEncodeError):
        return None
    if len(trees) != 1 or trees[0].explicit:
        return None
    root = trees[0].root
    if not isinstance(root, Mapping) or root.flow or root.anchor is not None or root.tag is not None:
        return None
    return root if root.start == level.start + level.column else None


def _replaced(levels: AbstractSequence[_Level], entries: Mapping, grown: int) -> Mapping | None:
    """Return the outermost mapping with the entries in the innermost one, in the place of those that the edit touches."""
    inner: Mapping | None = None
    for level in reversed(levels):
        old = level.mapping
        items = list(old.keys.items())
        made = Mapping(old.start, old.end + grown, flow=False)
        for key, node in items[: level.first]:
            made.keys[key], made.values[key] = node, old.values[key]
        if inner is None:
            if any(key in made.keys for key in entries.keys):
                return None
            made.keys.update(entries.keys)
            made.values.update(entries.values)
            last = entries.end
        else:
            key, node = items[level.first]
            made.keys[key], made.values[key] = node, inner
            last = inner.end
        for key, node in items[level.behind :]:
            if key in made.keys:
                return None
            made.keys[key], made.values[key] = _moved(node, grown), _moved(old.values[key], grown)
        if level.behind == len(items):
            made.end = last
        inner = made
    return inner


def _moved_tree(tree: Tree, by: int) -> Tree:
    made = Tree(tree.start + by, tree.body + by, tree.explicit)
    made.end = tree.end + by
    made.root = None if tree.root is None else _moved(tree.root, by)
    return made


def _moved(node: Node, by: int) -> Node:
    """Return a tree without aliases some characters further on; the same one where it stays."""
    if not by:
        return node
    if isinstance(node, Scalar):
        return Scalar(node.start + by, node.end + by, node.text, node.style, node.anchor, node.tag)
    if isinstance(node, Sequence):
        items = Sequence(node.start + by, node.end + by, node.flow, node.anchor, node.tag)
        items.items = [_moved(item, by) for item in node.items]
        return items
    assert isinstance(node, Mapping), "there are no aliases where there are no anchors"
    mapping = Mapping(node.start + by, node.end + by, node.flow, node.anchor, node.tag)
    mapping.keys = {key: _moved(name, by) for key, name in node.keys.items()}
    mapping.values = {key: _moved(value, by) for key, value in node.values.items()}
    return mapping
