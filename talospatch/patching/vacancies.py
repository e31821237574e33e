"""Places in lists whose elements were deleted: one that is given again comes into the place of the old one.

talosctl moves it to the end. So would a patch that deletes an element and gives it again, beside new ones, put these in another order each
time that it is applied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

IsMeant = Callable[[Any], bool]
Places = list[IsMeant | None]  # of a list as it was: None for an element that is there, or which elements belong into the vacant place


class Vacancies:
    """The vacant places of all lists of a config; a list is known by being that very one."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[list[Any], Places]] = {}

    def vacate(self, old: list[Any], kept: list[Any], is_meant: IsMeant) -> None:
        """Note what a delete has made of a list.

        Args:
            old: the list as it was.
            kept: the list that is left.
            is_meant: whether an element is one that was deleted.
        """
        elements = iter(old)
        places = self._taken(old) or [None] * len(old)
        self._of[id(kept)] = kept, [place or (is_meant if is_meant(next(elements)) else None) for place in places]

    def settled(self, old: list[Any] | None, new: list[Any], count: int) -> list[Any]:
        """Return a list with those of its new elements that were deleted before in the places that they had.

        Args:
            old: the list before the elements came.
            new: the list with them at its end.
            count: how many elements were there before.
        """
        places = self._taken(old) if self._of and old is not None else []
        if not places:
            return new
        there, coming = iter(new[:count]), new[count:]
        out: list[Any] = []
        left: Places = []
        for is_meant in places:
            index = next((index for index, each in enumerate(coming) if is_meant(each)), None) if is_meant is not None else None
            if is_meant is not None and index is None:
                left.append(is_meant)
                continue
            out.append(next(there) if index is None else coming.pop(index))
            left.append(None)
        out += coming
        self._of[id(out)] = out, left + [None] * len(coming)
        return out

    def _taken(self, values: list[Any]) -> Places:
        return self._of.pop(id(values), (values, []))[1]
