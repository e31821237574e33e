"""Markdown that survives any content: cells, code fences, collapsible parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.cli.layout import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def escape(text: str) -> str:
    """Return text without HTML in it. The standard library's own function costs 4 ms at its import."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cell(text: str) -> str:
    """Return text for a table's cell: one line, nothing that Markdown or HTML would act on."""
    flat = escape(" ".join(printable(text).split()))
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`").replace("*", "\\*").replace("_", "\\_")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [f"| {' | '.join(headers)} |", f"|{'|'.join(' --- ' for _ in headers)}|"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def fenced(text: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any run of backticks inside."""
    text = printable(text).rstrip("\n")
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def folded(summary: str, body: str) -> str:
    """Return a part that opens on a click."""
    return f"<details><summary>{escape(printable(summary))}</summary>\n\n{body}\n\n</details>"
