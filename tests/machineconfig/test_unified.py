"""Unified diffs of text."""

from __future__ import annotations

import difflib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.machineconfig.unified import unified

TEXTS = st.lists(st.sampled_from(["a", "b", "", " c", "-d"]), max_size=25).flatmap(
    lambda lines: st.sampled_from(["\n".join(lines), "\n".join([*lines, ""])])
)


@given(TEXTS, TEXTS)
def test_applying_the_diff_to_the_one_gives_the_other(before: str, after: str) -> None:
    """Heads, lines and missing line ends all count."""
    assert _apply(before, unified(before, after)) == after


@given(TEXTS)
def test_equal_texts_have_no_diff(text: str) -> None:
    """Not even a head."""
    assert unified(text, text) == ""


def test_it_looks_like_any_unified_diff() -> None:
    """So that tools and people read it."""
    before, after = "".join(f"{n}\n" for n in range(20)), "".join(f"{n}\n" for n in range(20) if n != 10)
    theirs = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "before", "after")
    assert unified(before, after) == "".join(theirs)


def test_a_last_line_without_an_end_says_so() -> None:
    """Or nobody would see what differs."""
    assert unified("a", "a\n").splitlines()[2:] == ["@@ -1 +1 @@", "-a", "\\ No newline at end of file", "+a"]


def test_a_small_change_in_a_large_text_costs_little() -> None:
    """What is equal at both ends is not compared line by line with everything."""
    lines = [f"line {n % 50}" for n in range(200_000)]
    before = "\n".join(lines)
    lines[100_000] = "other"
    begun = time.process_time()
    assert unified(before, "\n".join(lines)).count("\n") == 11
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("context", [0, 1, 5])
def test_context_is_as_wide_as_asked(context: int) -> None:
    """None at all if so wished."""
    before, after = "\n".join("abcdefghijk") + "\n", "\n".join("abcdeXghijk") + "\n"
    assert len([line for line in unified(before, after, context=context).splitlines()[3:] if line.startswith(" ")]) == 2 * context


def _apply(before: str, diff: str) -> str:
    """Apply a unified diff as the patch tool would."""
    old = [line + "\n" for line in before.split("\n")[:-1]] + [rest for rest in [before.rpartition("\n")[2]] if rest]
    new: list[str] = []
    position = 0
    body = diff.replace("\n\\ No newline at end of file\n", "\0\n").split("\n")[2:-1]
    for line in body:
        if line.startswith("@@"):
            start, _, count = line.split(" ")[1].lstrip("-").partition(",")
            begin = int(start) - (0 if count == "0" else 1)
            new += old[position:begin]
            position = begin
            continue
        text = line[1:-1] if line.endswith("\0") else line[1:] + "\n"
        if line[0] in " -":
            assert old[position] == text
            position += 1
        if line[0] in " +":
            new.append(text)
    return "".join(new + old[position:])
