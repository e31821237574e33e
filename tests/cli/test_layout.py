"""Text on a page of some width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.cli.layout import Cell, columns, counted, difference, names, printable, table, wrap
from talospatch.cli.paint import Paint

HEADERS = ("NODE", "ROLE", "TALOS", "WHY")
ROWS = [
    ("worker-1", "worker", "v1.13.9", "no answer within the deadline of 15 seconds, asked twice"),
    ("worker-22", "worker", "v1.14.0-rc.1", ""),
]
PAINT = Paint(True)


def test_a_table_that_fits_is_one_line_a_row() -> None:
    """Headers above, columns two spaces apart, no space at the ends of lines."""
    assert table(HEADERS, ROWS, width=120).splitlines() == [
        "NODE       ROLE    TALOS         WHY",
        "worker-1   worker  v1.13.9       no answer within the deadline of 15 seconds, asked twice",
        "worker-22  worker  v1.14.0-rc.1",
    ]


def test_a_table_a_little_too_wide_wraps_its_last_column() -> None:
    """Between words, under its own header."""
    assert table(HEADERS, ROWS, width=64).splitlines() == [
        "NODE       ROLE    TALOS         WHY",
        "worker-1   worker  v1.13.9       no answer within the deadline",
        "                                 of 15 seconds, asked twice",
        "worker-22  worker  v1.14.0-rc.1",
    ]


def test_a_table_much_too_wide_becomes_blocks() -> None:
    """The first cell as a title, what is empty left out."""
    assert table(HEADERS, ROWS, width=40).splitlines() == [
        "worker-1",
        "  role: worker",
        "  talos: v1.13.9",
        "  why: no answer within the deadline of",
        "    15 seconds, asked twice",
        "worker-22",
        "  role: worker",
        "  talos: v1.14.0-rc.1",
    ]


def test_a_column_without_any_text_is_left_out() -> None:
    """No header over nothing."""
    assert table(("A", "B", "C"), [("1", "", "3")], width=80) == "A  C\n1  3"


def test_a_table_without_rows_is_its_headers() -> None:
    """The first column always stays."""
    assert table(("A", "B"), [], width=80) == "A"


def test_colours_take_no_room() -> None:
    """With the escape codes taken away, a painted table is the plain one."""
    rows = [(Cell("worker-1", "bad"), Cell("a long text that has to be wrapped somewhere", "good"))]
    for width in (120, 40, 30):
        painted = table(("N", "T"), rows, width=width, paint=PAINT)
        bare = painted
        for code in ("\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"):
            bare = bare.replace(code, "")
        assert "\x1b" in painted
        assert bare == table(("N", "T"), rows, width=width)


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x07", "\x9b31m", "a\rb", "\u202e"])
def test_what_a_node_says_cannot_act_on_the_terminal(hostile: str) -> None:
    """Escape sequences, bells, carriage returns and direction marks are replaced, in tables, paragraphs and differences."""
    for text in (table(("A",), [(hostile,)], width=80), wrap(hostile, 80), difference(f"+{hostile}")):
        assert all(character.isprintable() for character in text.replace("\n", ""))


def test_printable_text_stays_as_it_is() -> None:
    """Other scripts are text like any other."""
    assert printable("наузел 節点 é\n\tx") == "наузел 節点 é\n\tx"


def test_wide_and_combining_characters_are_counted_as_they_are_shown() -> None:
    """Two columns for East Asian wide ones, none for combining ones."""
    assert [columns(text) for text in ("abc", "節点", "e\u0301")] == [3, 4, 1]


@given(st.lists(st.text(alphabet="abc -é節", min_size=1, max_size=12), max_size=20), st.integers(20, 100))
def test_wrapping_keeps_every_word_in_order_and_fits_where_words_fit(words: list[str], width: int) -> None:
    """Nothing is lost, and no line with more than one word is wider than the page."""
    text = " ".join(words)
    wrapped = wrap(text, width, first="- ", rest="  ")
    assert wrapped[2:].split() == text.split()
    for line in wrapped.split("\n"):
        assert columns(line) <= width or len(line.split()) <= 2


def test_many_names_are_counted() -> None:
    """The first ones and the number of the others."""
    assert names(["a", "b"]) == "a, b"
    assert names([f"w{number}" for number in range(20)], most=4) == "w0, w1 and 18 more"


def test_one_is_singular() -> None:
    """Whatever the noun."""
    assert [counted(1, "node"), counted(0, "node"), counted(2, "entry", "entries")] == ["1 node", "0 nodes", "2 entries"]


def test_a_difference_is_coloured_by_the_sign_of_each_line() -> None:
    """File names are titles, not removed or added lines."""
    text = difference("--- before\n+++ after\n@@ -1 +1 @@\n-old\n+new\n same", PAINT, indent="  ")
    assert text.splitlines() == [
        "  \x1b[1m--- before\x1b[0m",
        "  \x1b[1m+++ after\x1b[0m",
        "  \x1b[36m@@ -1 +1 @@\x1b[0m",
        "  \x1b[31m-old\x1b[0m",
        "  \x1b[32m+new\x1b[0m",
        "   same",
    ]
