"""What readers of single values raise: the text does not fit the type. Whoever knows the place makes a ConfigError of it."""

from __future__ import annotations


class Misfit(ValueError):
    """A value does not fit its type. ``str()`` says why, without the place.

    Attributes:
        hint: what to do, or None.
    """

    def __init__(self, problem: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(problem)
