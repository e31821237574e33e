"""Finding the element of a list that an element of a patch is for, without comparing it with each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.typed.equality import alike
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.patching.list_keys import DEVICE, is_found_by, key_of, replaces

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.schema import Type


class ElementIndex:
    """The elements of one list.

    Attributes:
        elements: the elements; those that are put get their place here.
    """

    def __init__(self, inner: Type, elements: list[Any]) -> None:
        self.elements = elements
        self._inner = inner
        self._is_text = inner.shape == "string" and inner.name not in FORMS
        self._has_keys = inner.shape == "struct" and inner.name not in FORMS
        # Of several that are replaced as a whole talosctl takes the last, of several that are merged into the first.
        self._last = replaces(inner.name)
        self._known: dict[Any, int] = {}
        for index, element in enumerate(elements):
            self._learn(index, element)

    def key(self, element: Any) -> Any:
        """Return by what an element is known; None when only an equal one is the same."""
        if self._is_text and isinstance(element, str):
            return element
        return key_of(self._inner.name, element) if self._has_keys and isinstance(element, dict) else None

    def find(self, new: Any) -> int | None:
        """Return the place of the element that a new one is for."""
        key = self.key(new)
        if key is not None and self._inner.name != DEVICE:
            return self._known.get(key)
        places = reversed(range(len(self.elements))) if self._last else range(len(self.elements))
        if key is not None:  # a device is known by its name, or by its selector: two ways
            devices = (index for index in places if isinstance(self.elements[index], dict))
            return next((index for index in devices if is_found_by(self._inner.name, self.elements[index], new)), None)
        return next((index for index in places if alike(self._inner, self.elements[index], new)), None)

    def append(self, element: Any) -> None:
        """Add an element to the end."""
        self._learn(len(self.elements), element)
        self.elements.append(element)

    def _learn(self, index: int, element: Any) -> None:
        key = self.key(element)
        if key is not None and (self._last or key not in self._known):
            self._known[key] = index
