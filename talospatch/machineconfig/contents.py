"""Secrets inside of a text that a config holds: the content of a file, a manifest, an argument. What it is, only the text itself can tell.

They are found by form and by name (:mod:`talospatch.secrecy`) in any text, and by structure in YAML and JSON: a manifest of kind Secret,
a variable of an environment, and texts inside of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

import yaml

from talospatch.errors import ConfigError
from talospatch.machineconfig.nodes import Mapping, Scalar, Sequence
from talospatch.machineconfig.reader import read
from talospatch.machineconfig.secrets import leaves, secret_scalars_in
from talospatch.redaction import apart, secret_spans
from talospatch.secrecy.forms import Span
from talospatch.secrecy.names import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from talospatch.machineconfig.nodes import Node

_SHORTEST = 8  # characters; a shorter text has no structure
_DEEPEST = 3  # texts inside of texts that are looked into
_SECRET_MANIFEST = re.compile(r"\bkind[\"'\\]{0,4}[ \t]{0,20}:[ \t]{0,20}[\"'\\]{0,4}Secret\b")
_DATA_LINE = re.compile(r"([ \t]*)[\"']?(?:data|stringData)[\"']?[ \t]{0,20}:(.*)")
_VALUE_LINE = re.compile(r"[ \t]*(?:[^\s:]{1,300}:[ \t]*)?(.*\S)")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[\s\S])|[^\\]")


def content_spans(text: str, depth: int = 0) -> list[Span]:
    """Return the secrets in a text, in order and apart from each other."""
    found = secret_spans(text)
    if len(text) > _SHORTEST and _may_have_structure(text):
        found = apart([*found, *_by_structure(text, depth)])
    return found


def mapped(text: str, node: Scalar, spans: Iterable[Span]) -> list[Span] | None:
    """Return where spans of a scalar's own text stand in the text that it was read from; None where they cannot be told apart in it.

    Args:
        text: the text that holds the scalar.
        node: the scalar.
        spans: indexes in ``node.text``.
    """
    places = _block_places(text, node) if node.style == "|" else _inline_places(text, node)
    if places is None:
        return None
    made = []
    for start, end, value in spans:
        if not end > start:
            continue
        first, last = places(start), places(end - 1)
        if first is None or last is None:
            return None
        made.append(Span(first[0], last[1], value))
    return made


Places = Callable[[int], tuple[int, int] | None]  # from the index of a character to where it begins and ends in another text


def _block_places(text: str, node: Scalar) -> Places | None:
    """Return where each character of a literal block scalar stands: its lines are those of the text, deeper by its indentation."""
    head = text.find("\n", node.start, node.end)
    if head < 0:
        return None
    starts = [0, *(match.end() for match in re.finditer("\n", node.text))]
    lines = [head + 1, *(match.end() for match in re.compile("\n").finditer(text, head + 1, node.end))]
    first = next((number for number, start in enumerate(starts) if node.text[start : start + 1].strip(" ") not in {"", "\n"}), None)
    if first is None or first >= len(lines):
        return None
    written = text[lines[first] : text.find("\n", lines[first], node.end) if "\n" in text[lines[first] : node.end] else node.end]
    indent = len(written.rstrip("\r")) - len(node.text[starts[first] :].partition("\n")[0].rstrip("\r"))

    def place(index: int) -> tuple[int, int] | None:
        number = bisect_right(starts, index) - 1
        if number >= len(lines):
            return None
        found = lines[number] + indent + index - starts[number]
        return (found, found + 1) if found < node.end and text[found] == node.text[index] else None

    return place if indent >= 0 else None


def _inline_places(text: str, node: Scalar) -> Places | None:
    """Return where each character of a scalar of one line stands."""
    written = text[node.start : node.end]
    if node.style == "":
        start = node.start + written.rfind(node.text) if written.endswith(node.text) else -1
        return (lambda index: (start + index, start + index + 1)) if start >= 0 else None
    begin = node.start + written.find(node.style) + 1
    inside = text[begin : node.end - 1]
    if inside == node.text:
        return lambda index: (begin + index, begin + index + 1)
    if node.style != '"' or "\n" in inside:
        return None
    places = [match.span() for match in _ESCAPE.finditer(inside)]
    if len(places) != len(node.text):
        return None
    return lambda index: (begin + places[index][0], begin + places[index][1])


def _may_have_structure(text: str) -> bool:
    if "Secret" in text and "kind" in text:
        return True
    return (("value" in text and "name" in text) or "--" in text) and QUICK.search(text) is not None


def _by_structure(text: str, depth: int) -> Iterator[Span]:
    try:
        roots = [tree.root for tree in read(text) if isinstance(tree.root, Mapping | Sequence)]
    except (ConfigError, yaml.YAMLError):
        yield from _by_lines(text)
        return
    for root in roots:
        yield from _in_tree(text, root, depth)


def _in_tree(text: str, root: Node, depth: int) -> Iterator[Span]:
    secret = {id(node): node for node in secret_scalars_in(root)}
    for node in secret.values():
        if node.text:
            yield Span(node.start, node.end - ends_line(text, node), node.text)
    if depth >= _DEEPEST:
        return
    for node in leaves(root):
        if id(node) in secret or not node.style or len(node.text) <= _SHORTEST:  # what is plain was seen with all of the text
            continue
        spans = content_spans(node.text, depth + 1)
        if spans:
            inside = mapped(text, node, spans)
            yield from [Span(node.start, node.end - ends_line(text, node), node.text)] if inside is None else inside


def ends_line(text: str, node: Node) -> int:
    """Return 1 where a node's last character is a line's end, which has to stay where the node is replaced; else 0."""
    return int(node.end > node.start and text[node.end - 1 : node.end] == "\n")


def _by_lines(text: str) -> Iterator[Span]:
    """Yield the values of manifests of kind Secret in what cannot be read, such as a template: all that stands deeper than ``data``."""
    if not _SECRET_MANIFEST.search(text):
        return
    position, column = 0, -1
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        shown = line.rstrip("\r\n")
        indent = len(shown) - len(shown.lstrip(" \t"))
        if shown.strip() and indent <= column:
            column = -1
        if column < 0 and (data := _DATA_LINE.fullmatch(shown)):
            column = len(data[1])
            if data[2].strip():
                yield Span(start + data.start(2), start + len(shown), data[2])
        elif column >= 0 and (value := _VALUE_LINE.fullmatch(shown.rstrip())):
            yield Span(start + value.start(1), start + value.end(1), value[1])
