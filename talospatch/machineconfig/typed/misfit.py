"""What readers of single values raise: the text does not fit the type. Whoever knows the place makes a ConfigError of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node


class Misfit(ValueError):
    """A value does not fit its type. ``str()`` says why, without the place.

    Attributes:
        hint: what to do, or None.
        node: where it is, when that is another place than that of the value being read.
    """

    def __init__(self, problem: str, hint: str | None = None, node: Node | None = None) -> None:
        self.hint, self.node = hint, node
        super().__init__(problem)
