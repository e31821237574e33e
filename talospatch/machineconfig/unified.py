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
    if before == after:
        return ""
    start = before.rfind("\n", 0, _same_head(before, after)) + 1
    end, new_end = _same_tail(before, after, start)
    for _ in range(context):
        start = before.rfind("\n", 0, max(start - 1, 0)) + 1
        end, new_end = _next_line(before, end), _next_line(after, new_end)
    first = before.count("\n", 0, start)
    show, show_new = shown or (lambda begin, stop: before[begin:stop], lambda begin, stop: after[begin:stop])
    left, right = _lines(show(start, end)), _lines(show_new(start, new_end))
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


def _same_head(one: str, other: str) -> int:
    """Return how many characters are the same at the beginning, by comparing halves of what is left."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _same_tail(one: str, other: str, start: int) -> tuple[int, int]:
    """Return where, from a line on that begins at ``start`` in both, the whole lines begin in each that are the same up to the end."""
    low, high = 0, min(len(one), len(other)) - start
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    end, new_end = len(one) - low, len(other) - low
    if _begins_line(one, end) and _begins_line(other, new_end):
        return end, new_end
    after = _next_line(one, end)
    return after, new_end + after - end


def _begins_line(text: str, index: int) -> bool:
    return index == 0 or text[index - 1] == "\n"


def _next_line(text: str, index: int) -> int:
    """Return where the line ends that an index stands in, its line end included."""
    return text.find("\n", index) + 1 or len(text)


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
