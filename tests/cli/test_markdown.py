"""Markdown that survives any content."""

from __future__ import annotations

from talospatch.cli import markdown


def test_a_cell_holds_nothing_that_markdown_or_html_would_act_on() -> None:
    """Pipes, HTML, emphasis and line ends."""
    assert markdown.cell("a|b\n<img src=x> *c* _d_ `e`") == "a\\|b &lt;img src=x&gt; \\*c\\* \\_d\\_ \\`e\\`"


def test_a_fence_is_longer_than_what_it_fences() -> None:
    """A configuration may hold Markdown."""
    assert markdown.fenced("x\n````\ny\n", "diff") == "`````diff\nx\n````\ny\n`````"


def test_a_summary_is_no_html() -> None:
    """Names come from nodes."""
    assert markdown.folded("<b>", "body") == "<details><summary>&lt;b&gt;</summary>\n\nbody\n\n</details>"


def test_a_table_has_one_line_a_row() -> None:
    """As GitHub and GitLab read them."""
    assert markdown.table(("a", "b"), [("1", "2\n3")]) == "| a | b |\n| --- | --- |\n| 1 | 2 3 |"
