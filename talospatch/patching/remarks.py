"""Comments of a config, to tell which of them an edit has taken along."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence
from talospatch.machineconfig.reader import line_and_column

if TYPE_CHECKING:
    from talospatch.machineconfig.config import MachineConfig
    from talospatch.machineconfig.nodes import Node

_COMMENT = re.compile(r"(?m)(?:^|(?<=[ \t]))#[^\r\n]*")


class Remark(NamedTuple):
    """A comment.

    Attributes:
        start: where it begins.
        line: its line, from 1.
        text: from ``#`` to the end of the line.
        trails: whether something stands before it on its line.
    """

    start: int
    line: int
    text: str
    trails: bool


def lost_remarks(before: MachineConfig, after: MachineConfig) -> tuple[Remark, ...]:
    """Return the comments that only the config before has, in their order."""
    kept = Counter(text for _, text in _remarks(after))
    lost = []
    for index, text in _remarks(before):
        if kept[text]:
            kept[text] -= 1
        else:
            line, column = line_and_column(before.text, index)
            trails = bool(before.text[index - column + 1 : index].strip())
            lost.append(Remark(index, line, text, trails))
    return tuple(lost)


def _remarks(config: MachineConfig) -> list[tuple[int, str]]:
    """Return the comments with where they begin."""
    text = config.text
    parts: list[str] = []
    end = 0
    for start, stop in sorted(_scalars(config)):
        if start >= end:
            parts += (text[end:start], re.sub(r"[^\r\n]", "-", text[start:stop]))
            end = stop
    masked = "".join((*parts, text[end:]))
    return [(match.start(), text[match.start() : match.end()].strip()) for match in _COMMENT.finditer(masked)]


def _scalars(config: MachineConfig) -> list[tuple[int, int]]:
    """Return where scalars begin and end, keys included."""
    found = []
    stack: list[Node] = [document.node for document in config.documents]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            found.append((node.start, node.end))
        elif isinstance(node, Mapping):
            stack += [*node.values.values(), *node.keys.values()]
        elif isinstance(node, Sequence):
            stack += node.items
    return found
