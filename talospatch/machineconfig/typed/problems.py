"""What is wrong with a text, all of it together, each thing with its place."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Sequence
from talospatch.machineconfig.quoting import key_in_path, quoted_key
from talospatch.machineconfig.reader import line_and_column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talospatch.machineconfig.nodes import Node


class Problem:
    """One thing that is wrong.

    Attributes:
        node: where it is wrong: a value, or the key of an unknown field.
        text: what is wrong.
        hint: what to do, or None.
        unknown: of an unknown key, its value; else None.
    """

    __slots__ = ("hint", "node", "text", "unknown")

    def __init__(self, node: Node, text: str, hint: str | None = None, unknown: Node | None = None) -> None:
        self.node, self.text, self.hint, self.unknown = node, text, hint, unknown


def unknown_key(key: Node, name: str, value: Node, known: Iterable[str]) -> Problem:
    """Return the problem of a key that its type does not have, with the nearest one that it has."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return Problem(key, f"unknown key {quoted_key(name)}", f"did you mean {near[0]!r}?" if near else None, value)


def located(problems: Iterable[Problem], root: Node, text: str, source: str | None) -> list[ConfigError]:
    """Return an error for each problem, in the order of the text.

    Args:
        problems: what is wrong in one document.
        root: its tree.
        text: the text of that tree.
        source: what the user calls it.
    """
    return [_located(problem, root, text, source) for problem in sorted(problems, key=lambda problem: problem.node.start)]


def together(errors: list[ConfigError]) -> ConfigError:
    """Return one error for several: the first with its place, the others in lines below it."""
    first = errors[0]
    if len(errors) == 1:
        return first
    more = "".join(f"\n{error}" for error in errors[1:])
    return ConfigError(
        first.problem,
        source=first.source,
        line=first.line,
        column=first.column,
        path=first.path,
        hint=f"{first.hint}{more}" if first.hint else f"and {len(errors) - 1} more:{more}",
    )


def _located(problem: Problem, root: Node, text: str, source: str | None) -> ConfigError:
    line, column = line_and_column(text, problem.node.start)
    return ConfigError(problem.text, source=source, line=line, column=column, path=path_to(root, problem.node), hint=problem.hint)


def path_to(root: Node, wanted: Node) -> str | None:
    """Return the path of a node, or of a key's node, as ``machine.files[0].content``; None for the root and for what is not in the tree."""
    stack: list[tuple[str, Node]] = [("", root)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, Mapping):
            for name, child in node.values.items():
                shown = key_in_path(name)
                below = f"{path}.{shown}" if path else shown
                if child is wanted or node.keys[name] is wanted:
                    return below
                stack.append((below, child))
        elif isinstance(node, Sequence):
            for index, child in enumerate(node.items):
                if child is wanted:
                    return f"{path}[{index}]"
                stack.append((f"{path}[{index}]", child))
    return None
