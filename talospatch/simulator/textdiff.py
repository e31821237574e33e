"""The unified diff in Talos's answers: three lines of context, headers ``a`` and ``b``, no mark for a missing last newline."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import pairwise

MAX_LINES = 75_000  # beyond this Talos only says that it is too large
CONTEXT = 3
_TABLE = 250_000  # cells of the table of common subsequences; larger blocks are compared by heuristics


def unified(before: str, after: str) -> str:
    """Diff of two texts; empty when they are equal."""
    if before == after:
        return ""
    old_count, new_count = before.count("\n"), after.count("\n")
    if old_count + new_count > MAX_LINES:
        return f"@@ -1,{old_count} +1,{new_count} @@ diff too large to display\n"
    edits = _edits(_lines(before), _lines(after))
    return "--- a\n+++ b\n" + "".join(_hunk(edits, start, end) for start, end in _ranges(edits))


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _edits(old: list[str], new: list[str]) -> list[tuple[str, str]]:
    """Every line with its mark: ``" "``, ``"-"`` or ``"+"``; between two common lines removals come first."""
    start = 0
    while start < len(old) and start < len(new) and old[start] == new[start]:
        start += 1
    end = 0
    while end < len(old) - start and end < len(new) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    edits = [(" ", line) for line in old[:start]]
    done_old = done_new = 0
    for place_old, place_new in [*_common(middle_old, middle_new), (len(middle_old), len(middle_new))]:
        edits += [("-", line) for line in middle_old[done_old:place_old]]
        edits += [("+", line) for line in middle_new[done_new:place_new]]
        if place_old < len(middle_old):
            edits.append((" ", middle_old[place_old]))
        done_old, done_new = place_old + 1, place_new + 1
    return edits + [(" ", line) for line in old[len(old) - end :]]


def _common(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Places of a longest common subsequence."""
    if not old or not new:
        return []
    if len(old) * len(new) > _TABLE:
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        return [(block.a + step, block.b + step) for block in blocks for step in range(block.size)]
    table = [[0] * (len(new) + 1)]
    for line in old:
        above, row = table[-1], [0]
        for place, other in enumerate(new):
            row.append(above[place] + 1 if line == other else max(above[place + 1], row[place]))
        table.append(row)
    found = []
    i, j = len(old), len(new)
    while i and j:
        if old[i - 1] == new[j - 1]:
            i, j = i - 1, j - 1
            found.append((i, j))
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found[::-1]


def _ranges(edits: list[tuple[str, str]]) -> list[tuple[int, int]]:
    """Which edits each hunk shows."""
    changed = [place for place, (mark, _) in enumerate(edits) if mark != " "]
    starts = [changed[0], *(right for left, right in pairwise(changed) if right - left > 2 * CONTEXT)]
    ends = [*(left for left, right in pairwise(changed) if right - left > 2 * CONTEXT), changed[-1]]
    return [(max(0, start - CONTEXT), min(len(edits), end + CONTEXT + 1)) for start, end in zip(starts, ends, strict=True)]


def _hunk(edits: list[tuple[str, str]], start: int, end: int) -> str:
    shown = edits[start:end]
    sides = []
    for other in "+-":
        first = 1 + sum(mark != other for mark, _ in edits[:start])
        length = sum(mark != other for mark, _ in shown)
        sides.append(f"{first if length else first - 1},{length}")
    return f"@@ -{sides[0]} +{sides[1]} @@\n" + "".join(f"{mark}{line}\n" for mark, line in shown)
