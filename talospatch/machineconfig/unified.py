"""Unified diffs of text."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher

CONTEXT = 3  # lines around a change
_MANY = 2_000  # lines that differ; beyond, popular lines are not matched, which would take quadratic time


Shown = Callable[[int, int], str]  # from the indexes of a part of a text to what is to be shown of it


def unified(
    before: str,
    after: str,
    *,
    names: tuple[str, str] = ("before", "after"),
    context: int = CONTEXT,
    shown: tuple[Shown, Shown] | None = None,
) -> str:
    """Return a unified diff of two texts; empty when they are the same.

    What is the same at both ends is skipped first, so that a small change in a large text costs little.

    Args:
        before: the one text.
        after: the other.
        names: what to call the two in its head.
        context: lines to show around a change.
        shown: for each text, what to show of a part of it, secrets marked; by default the part itself.
    """
    old, new = _lines(before), _lines(after)
    shortest = min(len(old), len(new))
    head = 0
    while head < shortest and old[head] == new[head]:
        head += 1
    if head == len(old) == len(new):
        return ""
    tail = 0
    while tail < shortest - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    first, kept = max(head - context, 0), max(tail - context, 0)
    left, right = old[first : len(old) - kept], new[first : len(new) - kept]
    if shown is not None:
        begin = sum(map(len, old[:first]))
        left, right = (_lines(show(begin, begin + sum(map(len, part)))) for show, part in zip(shown, (left, right), strict=True))
    parts = [f"--- {names[0]}\n+++ {names[1]}\n"]
    matcher = SequenceMatcher(None, left, right, autojunk=len(left) > _MANY)
    for group in matcher.get_grouped_opcodes(context):
        parts.append(f"@@ -{_range(first, group[0][1], group[-1][2])} +{_range(first, group[0][3], group[-1][4])} @@\n")
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                parts += _signed(" ", left[start:end])
            else:
                parts += _signed("-", left[start:end]) + _signed("+", right[new_start:new_end])
    return "".join(parts)


def _lines(text: str) -> list[str]:
    """Split into lines with their ends; only a line feed ends one, as for every diff tool."""
    *whole, rest = text.split("\n")
    lines = [f"{line}\n" for line in whole]
    return [*lines, rest] if rest else lines


def _range(first: int, start: int, end: int) -> str:
    """Return line number and count as the head of a part has them."""
    length = end - start
    begin = first + start + (1 if length else 0)
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _signed(sign: str, lines: list[str]) -> list[str]:
    return [f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n" for line in lines]
