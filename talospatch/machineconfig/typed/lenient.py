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

_SURROGATE = re.compile(r"\\[uU]0*[dD][89a-fA-F]")
_REPAIRS = 200  # of one text, each of which reads it once more
_ENDS, _INDICATORS = " \t\r\n", ",[]{}"
_PRIVATE = range(0xE000, 0xF900)  # characters that mean nothing; one that the text does not have stands for a colon while it is read


def read_lenient(text: str, dialect: Dialect, *, source: str | None = None) -> tuple[Tree, ...]:
    """Read every document of a text.

    In braces and brackets libyaml stops at colons that go-yaml takes, each minor others: at the first one of an element, as in
    ``[::/0]``, and at one before a comma or bracket, as in ``[a:, b]``. There it is read once more with another character for each of
    these. Where a minor takes such a colon for the end of a key, places behind it count a space more.

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
        trees = repaired
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
        trees = _repaired(text, error, dialect)
        quoted = _quoted(text, trees) if trees is not None else text
        try:
            read(quoted)
        except ConfigError:
            return text
        return quoted
    return text


def _quoted(text: str, trees: tuple[Tree, ...]) -> str:
    """Return a text with quotes around the elements of lists in brackets that begin with a colon."""
    for node in sorted(_in_brackets(trees), key=lambda node: node.start, reverse=True):
        written = text[node.start : node.end]
        if written.startswith(":"):
            text = f"{text[: node.start]}'{written.replace(chr(39), chr(39) * 2)}'{text[node.end :]}"
    return text


def _repaired(text: str, error: ConfigError, dialect: Dialect) -> tuple[Tree, ...] | None:
    """Return the trees of a text with the colons that the minor takes and libyaml does not; None where something else is wrong with it."""
    stand_in = next((chr(code) for code in _PRIVATE if chr(code) not in text), None)
    problem, first = error, set[int]()
    for _ in range(_REPAIRS if stand_in is not None else 0):
        place = _index(text, problem)
        if place is None or text[place : place + 1] != ":":
            return None
        following = text[place + 1 : place + 2]
        if problem.problem.startswith("found unexpected"):
            ends = dialect.colon_ends_plain and following in _INDICATORS
            if ends and following in "[{":
                return None
        elif not dialect.colon_begins_plain or following in _ENDS or (dialect.colon_ends_plain and following in _INDICATORS):
            return None
        else:
            ends = False
            first.add(place)
        # A colon that ends a plain scalar makes it a key, which libyaml sees with a space behind it.
        text = f"{text[:place]}{': ' if ends else stand_in}{text[place + 1 :]}"
        try:
            trees = read(text)
        except ConfigError as next_problem:
            problem = next_problem
        else:
            if not first <= _elements(trees):
                return None
            _put_back(trees, str(stand_in))
            return trees
    return None


def _put_back(trees: tuple[Tree, ...], stand_in: str) -> None:
    """Put the colons back into the trees."""
    stack = [tree.root for tree in trees if tree.root is not None]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            node.text = node.text.replace(stand_in, ":")
        elif isinstance(node, Sequence):
            stack += node.items
        elif isinstance(node, Mapping):
            stack += [*node.keys.values(), *node.values.values()]
            if any(stand_in in key for key in node.keys):
                node.keys = {key.replace(stand_in, ":"): value for key, value in node.keys.items()}
                node.values = {key.replace(stand_in, ":"): value for key, value in node.values.items()}


def _elements(trees: tuple[Tree, ...]) -> set[int]:
    """Return where the elements of lists in brackets begin."""
    return {node.start for node in _in_brackets(trees)}


def _in_brackets(trees: tuple[Tree, ...]) -> list[Node]:
    """Return the elements of lists in brackets."""
    found: list[Node] = []
    stack = [tree.root for tree in trees if tree.root is not None]
    while stack:
        node = stack.pop()
        if isinstance(node, Sequence):
            stack += node.items
            if node.flow:
                found += node.items
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
