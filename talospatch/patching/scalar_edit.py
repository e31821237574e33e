"""Replacing a scalar in the style it is written in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from talospatch.machineconfig.nodes import Alias, Node, Scalar
from talospatch.machineconfig.scalars import Literal
from talospatch.patching.emit import double_quoted, fits_literal, literal_lines, scalar

if TYPE_CHECKING:
    from talospatch.machineconfig.values import Data
    from talospatch.patching.emit import Style

Edit = tuple[int, int, str]

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t\r\n]*)*")
_PLAIN_WORD = re.compile(r"[0-9][0-9A-Za-z._]*")
_HEADER = re.compile(r"(?P<style>[|>])(?P<hints>[-+0-9]*)(?P<rest>[ \t]*(?:#[^\n]*)?\r?)(?:\n|\Z)")


def replace_scalar(
    text: str, node: Node, value: Data, *, style: Style, column: int, in_flow: bool, read_as_text: bool = False
) -> list[Edit]:
    """Return edits to try for writing another value into a scalar, the least one first.

    Args:
        text: the whole text.
        node: the scalar, or an alias, which is replaced by a value of its own.
        value: what it is to be: a text, or another scalar.
        style: how the text is written.
        column: where lines of a new block scalar are to stand.
        in_flow: whether it stands inside brackets or braces.
        read_as_text: whether whatever stands there is read as text, as ``1`` in a mapping of texts: then it may stay without quotes.
    """
    newline = style.newline
    if not isinstance(value, str) or isinstance(value, Literal):
        match = _PROPERTIES.match(text, node.start, node.end)
        start = match.end() if match and isinstance(node, Scalar) else node.start
        end = node.end - (text[start : node.end].endswith("\n") and node.end > start)
        lead = " " if start and text[start - 1] == ":" else ""
        return [(start, end, lead + scalar(value, in_flow=in_flow, quote=style.quote))]
    quoted = double_quoted(value)
    if isinstance(node, Alias) or not isinstance(node, Scalar):
        return [(node.start, node.end, quoted)]
    match = _PROPERTIES.match(text, node.start, node.end)
    start = match.end() if match else node.start
    if node.style in {"|", ">"}:
        candidates = _block(text, node, start, value, newline=newline, column=column)
        ends_line = text[start : node.end].endswith("\n")
        return [*candidates, (start, node.end, quoted + (newline if ends_line else ""))]
    lead = " " if start and text[start - 1] == ":" else ""
    if node.style == "'" and _fits_single(value):
        inside = value.replace("'", "''")
        return [(start, node.end, f"'{inside}'"), (start, node.end, quoted)]
    if node.style == '"':
        return [(start, node.end, quoted)]
    candidates = []
    literal = None if in_flow else literal_lines(value, column)
    if literal is not None:
        rest_of_line = text[node.end : _line_end(text, node.end)]
        if not rest_of_line.strip():
            candidates.append((start, node.end, lead + newline.join(literal) + (newline if len(literal) > 1 and literal[-1] == "" else "")))
    elif "\n" not in value:
        if read_as_text and node.text and _PLAIN_WORD.fullmatch(value) and _PLAIN_WORD.fullmatch(node.text):
            candidates.append((start, node.end, lead + value))
        candidates.append((start, node.end, lead + scalar(value, in_flow=in_flow, quote=style.quote)))
    return [*candidates, (start, node.end, lead + quoted)]


def close_block_at_end(text: str, node: Node | None) -> Edit | None:
    """Return the edit that keeps the value of a block scalar at the very end when something is written behind it."""
    if (
        not isinstance(node, Scalar)
        or node.style not in {"|", ">"}
        or node.end != len(text)
        or node.text.endswith("\n")
        or text.endswith("\n")
    ):
        return None
    match = _PROPERTIES.match(text, node.start, node.end)
    header = _HEADER.match(text, match.end() if match else node.start)
    if header is None or "-" in header["hints"]:
        return None
    return header.start("hints"), header.end("hints"), header["hints"].replace("+", "") + "-"


def _fits_single(value: str) -> bool:
    return "\n" not in value and value.isprintable()


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _block(text: str, node: Scalar, start: int, value: str, *, newline: str, column: int) -> list[Edit]:
    header = _HEADER.match(text, start)
    old = text[header.end() : node.end] if header else ""
    indent = _indent(old, node.text)
    explicit = header is not None and any(hint.isdigit() for hint in header["hints"])
    margin = column if indent is None else indent
    if header is None or not fits_literal(value, indent_given=explicit):
        return []
    tail = len(value) - len(value.rstrip("\n"))
    body = value.rstrip("\n").split("\n")
    lines = [f"{' ' * margin}{line}" if line else "" for line in body] + [""] * max(tail - 1, 0)
    if node.style == "|":
        lines = _kept(old, node.text, value, lines)
    digits = "".join(hint for hint in header["hints"] if hint.isdigit())
    chomp = "-" if tail == 0 else "" if tail == 1 else "+"
    if "+" in header["hints"] and tail >= 1:
        chomp = "+"
    rest = header["rest"].rstrip("\r")
    new = f"|{digits}{chomp}{rest}{newline}" + newline.join(lines)
    if text[start : node.end].endswith("\n") or node.end < len(text) or tail:
        new += newline
    return [(start, node.end, new)]


def _indent(body: str, value: str) -> int | None:
    """Return how far the lines of a block scalar are indented: what the source has more than the value."""
    for line, content in zip(
        (line for line in body.split("\n") if line.strip()), (line for line in value.split("\n") if line.strip()), strict=False
    ):
        return len(line) - len(line.lstrip(" ")) - (len(content) - len(content.lstrip(" ")))
    return None


def _kept(old_body: str, old_value: str, value: str, lines: list[str]) -> list[str]:
    """Return the new lines with those that did not change exactly as the source has them: blank ones may hold spaces there."""
    source = old_body.replace("\r\n", "\n").removesuffix("\n").split("\n")
    before, after = old_value.rstrip("\n").split("\n"), value.rstrip("\n").split("\n")
    if len(source) < len(before):
        return lines
    for index in range(min(len(before), len(after))):
        if before[index] != after[index]:
            break
        lines[index] = source[index]
    return lines
