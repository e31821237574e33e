"""Colours: a few words for what a text is, and the escape codes for them where there are colours."""

from __future__ import annotations

# What a text is → SGR parameters. The eight basic colours only: the terminal's own theme decides how they look.
STYLES = {
    "title": "1",
    "good": "32",
    "notice": "33",
    "bad": "31",
    "added": "32",
    "removed": "31",
    "hunk": "36",
    "faint": "2",
}


class Paint:
    """Calling it paints a text; without colours the text stays as it is."""

    __slots__ = ("enabled",)

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, style: str, text: str) -> str:
        """Return the text in one of :data:`STYLES`; the empty style leaves it plain."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.enabled and style and text else text


PLAIN = Paint(False)
