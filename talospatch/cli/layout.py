"""Plain text on a page of some width: tables that fit, paragraphs that wrap, differences with their signs coloured. Pure functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from talospatch.cli.paint import PLAIN, Paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

GAP = "  "
_WORD = re.compile(r"`[^`\n]*`\S*|[✓✗?] \S+|\S+")  # a command stays whole, and a mark stays with what it marks
NARROWEST_TEXT = 24  # below this a wrapped last column reads worse than rows turned into blocks


class Cell(NamedTuple):
    """A table's cell: its text, and the style of :mod:`talospatch.cli.paint` it is shown in."""

    text: str
    style: str = ""


def printable(text: str) -> str:
    """Return the text without characters that a terminal would act on: a node's answer must not move the cursor or set colours."""
    if text.isprintable():
        return text
    return "".join(character if character in "\n\t" or character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def columns(text: str) -> int:
    """Return how many columns a text takes: wide East Asian characters two, combining ones none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> str:
    """Return the paragraph in lines of at most ``width`` columns, cut between words; what stands in backticks stays whole where it fits.

    Args:
        text: one paragraph; its own line ends count as spaces.
        width: columns of the page.
        first: what stands before the first line.
        rest: what stands before the others; as many spaces as ``first`` is wide by default.
    """
    rest = " " * columns(first) if rest is None else rest
    lines, line = [], first
    empty = True
    for word in _words(printable(text), width - columns(rest)):
        if not empty and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line, empty = rest, True
        line += word if empty else f" {word}"
        empty = False
    return "\n".join([*lines, line]).rstrip()


def led(lead: str, style: str, text: str, width: int, paint: Paint = PLAIN) -> str:
    """Return the paragraph that begins with ``lead``, which alone has the style; its other lines stand a little in."""
    lead = printable(lead)
    return paint(style, lead) + wrap(text, width, first=f"{lead} ", rest="  ")[len(lead) :]


def _words(text: str, widest: int) -> Iterator[str]:
    for word in _WORD.findall(text):
        if columns(word) <= widest:
            yield " ".join(word.split())
        else:
            yield from word.split()


def names(items: Iterable[str], *, most: int = 12) -> str:
    """Return names in one line; of more than ``most`` the rest is counted."""
    listed = list(items)
    if len(listed) <= most:
        return ", ".join(listed)
    return f"{', '.join(listed[: most - 2])} and {len(listed) - most + 2} more"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 node``, ``2 nodes``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def table(headers: Sequence[str], rows: Iterable[Sequence[str | Cell]], *, width: int, paint: Paint = PLAIN) -> str:
    """Return rows under their headers, as wide as ``width`` allows.

    Columns without any text are left out. Where the rows do not fit, the last column wraps; where that is too narrow, each row becomes a
    block: its first cell as a title, the others below it, one a line behind their header.
    """
    cells = [[_cell(cell) for cell in row] for row in rows]
    kept = [index for index in range(len(headers)) if index == 0 or any(row[index].text for row in cells)]
    heads = [headers[index] for index in kept]
    cells = [[row[index] for index in kept] for row in cells]
    widths = [max([columns(head), *(columns(row[index].text) for row in cells)]) for index, head in enumerate(heads)]
    before_last = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    if before_last + widths[-1] > width:
        if width - before_last < NARROWEST_TEXT or len(heads) == 1:
            return "\n".join(_block(heads, row, width, paint) for row in cells)
        widths[-1] = width - before_last
    lines = [GAP.join(_padded(Cell(head, "title"), wide, paint) for head, wide in zip(heads, widths, strict=True)).rstrip()]
    for row in cells:
        lines.extend(_row_lines(row, widths, paint))
    return "\n".join(lines)


def difference(unified: str, paint: Paint = PLAIN, *, indent: str = "") -> str:
    """Return a unified difference with its added and removed lines coloured, each line behind ``indent``."""
    lines = []
    for line in printable(unified).splitlines():
        style = "title" if line.startswith(("--- ", "+++ ")) else {"+": "added", "-": "removed", "@": "hunk"}.get(line[:1], "")
        lines.append(f"{indent}{paint(style, line)}".rstrip())
    return "\n".join(lines)


def _cell(value: str | Cell) -> Cell:
    text, style = value if isinstance(value, Cell) else (value, "")
    return Cell(" ".join(printable(text).split()), style)


def _padded(cell: Cell, width: int, paint: Paint) -> str:
    return paint(cell.style, cell.text) + " " * (width - columns(cell.text))


def _row_lines(row: Sequence[Cell], widths: Sequence[int], paint: Paint) -> list[str]:
    first, *others = wrap(row[-1].text, widths[-1]).split("\n")
    lead = [_padded(cell, wide, paint) for cell, wide in zip(row[:-1], widths[:-1], strict=True)]
    before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    lines = [GAP.join([*lead, paint(row[-1].style, first)]).rstrip()]
    return lines + [" " * before + paint(row[-1].style, other) for other in others]


def _block(heads: Sequence[str], row: Sequence[Cell], width: int, paint: Paint) -> str:
    lines = [paint("title", row[0].text)]
    for head, cell in zip(heads[1:], row[1:], strict=True):
        if cell.text:
            text = wrap(cell.text, width, first=f"  {head.lower()}: ", rest="    ")
            lead = f"  {head.lower()}: "
            lines.append(lead + "\n    ".join(paint(cell.style, part.strip()) for part in text[len(lead) :].split("\n")))
    return "\n".join(lines)
