"""The page of the carrier table is the table."""

from __future__ import annotations

import re
from pathlib import Path

from talospatch.containerd.carriers import ROWS

PAGE = Path(__file__).parents[2] / "docs/reference/carriers.md"


def test_the_page_lists_the_rows_in_the_order_in_which_they_decide() -> None:
    """Somebody who reads the page must come to the same row."""
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE) == [row.code for row in ROWS]
