"""Trees of texts that go-yaml reads and libyaml does not, and the other way round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence
from talospatch.machineconfig.reader import line_and_column, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.dialect import Dialect

_COLON_FIRST = re.compile(r":[^\s,\[\]{}][^\s,\[\]{}]*")
_SURROGATE = re.compile(r"\\[uU]0*[dD][89a-fA-F]")
_REPAIRS = 200  # of one text, each of which reads it once more


def read_lenient(text: str, dialect: Dialect, *, source: str | None = None) -> tuple[Tree, ...]:
    """Read every document of a text.

    An element of a list in brackets may begin with a colon, as ``[::/0]``, for those minors that take it: libyaml stops there, and it is
    read as if it were quoted. Places behind it count the quotes.

    Args:
        text: the text.
        dialect: the minor that it is for.
        source: what the user calls it, for errors.

    Raises:
        ConfigError: as :func:`talospatch.machineconfig.reader.read`.
    """
    try:
        trees = read(text, source=source)
    except ConfigError as error:
        repaired = _repaired(text, error, dialect)
        if repaired is None:
            raise
        trees = repaired[0]
    check_readable(trees, text, dialect, source=source)
    return trees


def check_readable(trees: tuple[Tree, ...], text: str, dialect: Dialect, *, source: str | None = None) -> None:
    """Check that a minor reads what libyaml has read.

    Raises:
        ConfigError: it does not.
    """
    if dialect.question_ends_plain and "?" in text:
        _refuse(trees, text, source, _ends_at_question, "a question mark in braces or brackets must be quoted")
    if _SURROGATE.search(text):
        _refuse(trees, text, source, _has_surrogate, "half of a surrogate pair is not a character")


def readable(text: str, dialect: Dialect) -> str:
    """Return a text as libyaml reads it: with quotes around what begins with a colon in brackets, where this minor takes that."""
    try:
        read(text)
    except ConfigError as error:
        repaired = _repaired(text, error, dialect)
        return text if repaired is None else repaired[1]
    return text


def _repaired(text: str, error: ConfigError, dialect: Dialect) -> tuple[tuple[Tree, ...], str] | None:
    """Return trees and text where the scalars are quoted at which libyaml stops; None where it stops at something else."""
    if not dialect.colon_begins_plain:
        return None
    problem: ConfigError | None = error
    places: set[int] = set()
    while problem is not None and len(places) < _REPAIRS:
        place = _index(text, problem)
        match = _COLON_FIRST.match(text, place) if place is not None else None
        if match is None or (dialect.colon_ends_plain and match[0].endswith(":")):
            return None
        quoted = match[0].replace("'", "''")
        text = f"{text[: match.start()]}'{quoted}'{text[match.end() :]}"
        places.add(match.start())
        try:
            trees = read(text)
        except ConfigError as next_problem:
            problem = next_problem
        else:
            return (trees, text) if places <= _elements(trees) else None
    return None


def _elements(trees: tuple[Tree, ...]) -> set[int]:
    """Return where the elements of lists in brackets begin."""
    found: set[int] = set()
    stack = [tree.root for tree in trees if tree.root is not None]
    while stack:
        node = stack.pop()
        if isinstance(node, Sequence):
            stack += node.items
            if node.flow:
                found.update(item.start for item in node.items if isinstance(item, Scalar))
        elif isinstance(node, Mapping):
            stack += node.values.values()
    return found


def _index(text: str, error: ConfigError) -> int | None:
    if error.line is None or error.column is None:
        return None
    start = 0
    for _ in range(error.line - 1):
        start = text.find("\n", start) + 1
        if not start:
            return None
    return start + error.column - 1


def _refuse(trees: tuple[Tree, ...], text: str, source: str | None, wrong: Callable[[Scalar, bool], bool], problem: str) -> None:
    stack: list[tuple[Node, bool]] = [(tree.root, False) for tree in trees if tree.root is not None]
    while stack:
        node, in_flow = stack.pop()
        if isinstance(node, Scalar):
            if wrong(node, in_flow):
                line, column = line_and_column(text, node.start)
                raise ConfigError(problem, source=source, line=line, column=column)
        elif isinstance(node, Sequence):
            stack += [(item, in_flow or node.flow) for item in node.items]
        elif isinstance(node, Mapping):
            stack += [(child, in_flow or node.flow) for child in (*node.keys.values(), *node.values.values())]


def _ends_at_question(node: Scalar, in_flow: bool) -> bool:
    return in_flow and not node.style and "?" in node.text


def _has_surrogate(node: Scalar, _: bool) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in node.text)
