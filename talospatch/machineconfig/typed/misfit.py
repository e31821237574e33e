"""What readers of single values raise: the text does not fit the type. Whoever knows the place makes a ConfigError of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.machineconfig.nodes import Node

_LONGEST_QUOTE = 40  # characters
# Sizes, durations, percentages and addresses, right or nearly so. What has another look may be a secret that stands in the wrong place.
_NUMBER = re.compile(r"[-+<>=!~]{0,3}[0-9][0-9.,_]*(?: ?[A-Za-zµ%]{1,4}[0-9.]*){0,3}")
_ADDRESS = re.compile(r"(?=[^.:]*[.:])\[?[0-9A-Fa-f.:]+\]?(?:%[a-z0-9.]{0,15})?(?::[0-9]+)?(?:/[0-9]*)?")


def quoted(text: str) -> str:
    """Return a value for a message: itself in quotes where it looks like a number or an address, else only that it is a text."""
    if len(text) <= _LONGEST_QUOTE and (not text or _NUMBER.fullmatch(text) or _ADDRESS.fullmatch(text)):
        return repr(text)
    return "this text"


class Misfit(ValueError):
    """A value does not fit its type. ``str()`` says why, without the place.

    Attributes:
        hint: what to do, or None.
        node: where it is, when that is another place than that of the value being read.
    """

    def __init__(self, problem: str, hint: str | None = None, node: Node | None = None) -> None:
        self.hint, self.node = hint, node
        super().__init__(problem)
