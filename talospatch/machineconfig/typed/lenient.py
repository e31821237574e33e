"""Trees of texts that go-yaml reads and libyaml does not, and the other way round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence
from talospatch.machineconfig.questions import QUESTION
from talospatch.machineconfig.reader import line_and_column, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.reader import Tree
    from talospatch.machineconfig.typed.dialect import Dialect

_SURROGATE = re.compile(r"\\[uU]0*[dD][89a-fA-F]")
_HAS_QUESTION, _HAS_QUESTION_AND_SPACE = r"\?", r"\?[ \t\r\n]"
_REPAIRS = 200  # of one text, each of which reads it once more
_ENDS, _INDICATORS = " \t\r\n", ",[]{}"
_PRIVATE = range(0xE000, 0xF900)  # characters that mean nothing; one that the text does not have stands for a colon while it is read


def read_lenient(text: str, dialect: Dialect, *, source: str | None = None) -> tuple[Tree, ...]:
    """Read every document of a text.

    In braces and brackets libyaml stops at colons that go-yaml takes, each minor others: at the first one of an element, as in
    ``[::/0]``, and at one before a comma or bracket, as in ``[a:, b]``. There it is read once more with another character for each of
    these. Where a minor takes such a colon for the end of a key, places behind it count a space more. So it is with a question mark at the
    beginning, as in ``[?x]``, which libyaml takes for the mark of a key.

    Args:
        text: the text.
        dialect: the minor that it is for.
        source: what the user calls it, for errors.

    Raises:
        ConfigError: as :func:`talospatch.machineconfig.reader.read`.
    """
    marked = _marked(text, dialect)
    try:
        trees = read(marked.text, source=source)
    except ConfigError as error:
        repaired = _repaired(marked.text, error, dialect)
        if repaired is None:
            raise
        trees = repaired
    if marked.stand_in:
        _put_back(trees, marked.stand_in, "?")
    check_readable(trees, text, dialect, source=source)
    return trees


class _Marked(NamedTuple):
    """A text with another character, if any, for each question mark at which a text may begin."""

    text: str
    stand_in: str


def _marked(text: str, dialect: Dialect) -> _Marked:
    stand_in = _unused(text) if "?" in text and not dialect.question_ends_plain and re.search(QUESTION, text) else None
    return _Marked(re.sub(QUESTION, stand_in, text), stand_in) if stand_in is not None else _Marked(text, "")


def _unused(text: str) -> str | None:
    """Return a character that means nothing and that a text does not have."""
    return next((chr(code) for code in _PRIVATE if chr(code) not in text), None)


def check_readable(trees: tuple[Tree, ...], text: str, dialect: Dialect, *, source: str | None = None) -> None:
    """Check that a minor reads what libyaml has read.

    Raises:
        ConfigError: it does not.
    """
    if "?" in text:
        ends = _HAS_QUESTION if dialect.question_ends_plain else _HAS_QUESTION_AND_SPACE
        if any(_before(text, match.start())[:1] != "#" for match in re.finditer(ends, text)):
            bad = (node for node in _texts(trees, in_flow=True) if _ends_at(ends, node, text))
            _refuse(bad, text, source, "a question mark in braces or brackets must be quoted")
    if _SURROGATE.search(text):
        bad = (node for node in _texts(trees) if any("\ud800" <= char <= "\udfff" for char in node.text))
        _refuse(bad, text, source, "half of a surrogate pair is not a character")


def _before(text: str, index: int) -> str:
    """Return what stands before a character on its line: a comment that takes the whole line asks many a question."""
    return text[text.rfind("\n", 0, index) + 1 : index].lstrip(" \t")


def _refuse(bad: Iterator[Scalar], text: str, source: str | None, problem: str) -> None:
    for node in bad:
        line, column = line_and_column(text, node.start)
        raise ConfigError(problem, source=source, line=line, column=column)


def readable(text: str, dialect: Dialect) -> str:
    """Return a text as libyaml reads it: with quotes around what begins with a colon or a question mark, where this minor takes that."""
    marked = _marked(text, dialect)
    trees: tuple[Tree, ...] | None
    try:
        trees = read(marked.text)
        if not marked.stand_in:
            return text
    except ConfigError as error:
        trees = _repaired(marked.text, error, dialect)
    if trees is None:
        return text
    if marked.stand_in:
        _put_back(trees, marked.stand_in, "?")
    quoted = _quoted(text, trees)
    try:
        read(quoted)
    except ConfigError:
        return text
    return quoted


def _quoted(text: str, trees: tuple[Tree, ...]) -> str:
    """Return a text with quotes around what begins with a colon in lists in brackets, or with a question mark in braces too."""
    found = [node for node in _in_brackets(trees) if text[node.start : node.start + 1] == ":"]
    found += [
        node for node in _texts(trees, in_flow=True) if not node.style and node.text[:1] == "?" and text[node.start : node.end] == node.text
    ]
    for node in sorted(found, key=lambda node: node.start, reverse=True):
        written = text[node.start : node.end]
        text = f"{text[: node.start]}'{written.replace(chr(39), chr(39) * 2)}'{text[node.end :]}"
    return text


def _repaired(text: str, error: ConfigError, dialect: Dialect) -> tuple[Tree, ...] | None:
    """Return the trees of a text with the colons that the minor takes and libyaml does not; None where something else is wrong with it."""
    stand_in = _unused(text)
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
            _put_back(trees, str(stand_in), ":")
            return trees
    return None


def _put_back(trees: tuple[Tree, ...], stand_in: str, character: str) -> None:
    """Put the characters back into the trees for which another one stood in."""
    stack = [tree.root for tree in trees if tree.root is not None]
    while stack:
        node = stack.pop()
        if isinstance(node, Scalar):
            node.text = node.text.replace(stand_in, character)
        elif isinstance(node, Sequence):
            stack += node.items
        elif isinstance(node, Mapping):
            stack += [*node.keys.values(), *node.values.values()]
            if any(stand_in in key for key in node.keys):
                node.keys = {key.replace(stand_in, character): value for key, value in node.keys.items()}
                node.values = {key.replace(stand_in, character): value for key, value in node.values.items()}


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


def _texts(trees: tuple[Tree, ...], *, in_flow: bool = False) -> Iterator[Scalar]:
    """Yield the texts, keys included: all, or those in brackets and braces."""
    stack: list[tuple[Node, bool]] = [(tree.root, not in_flow) for tree in trees if tree.root is not None]
    while stack:
        node, counts = stack.pop()
        if isinstance(node, Scalar):
            if counts:
                yield node
        elif isinstance(node, Sequence):
            stack += [(item, counts or node.flow) for item in node.items]
        elif isinstance(node, Mapping):
            stack += [(child, counts or node.flow) for child in (*node.keys.values(), *node.values.values())]


def _index(text: str, error: ConfigError) -> int | None:
    if error.line is None or error.column is None:
        return None
    start = 0
    for _ in range(error.line - 1):
        start = text.find("\n", start) + 1
        if not start:
            return None
    return start + error.column - 1


def _ends_at(ends: str, node: Scalar, text: str) -> bool:
    """Whether something in a plain text in braces or brackets, or directly behind it, ends it where go-yaml expects no end."""
    return not node.style and node.end > node.start and re.search(ends, text[node.start : node.end + 1]) is not None
