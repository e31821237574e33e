"""Declarative deletes: what a selector names is gone afterwards, whether it was there or not.

Selectors are cut out of a patch as talosctl does it (:mod:`talospatch.machineconfig.typed.deletes`); what it cannot address, or has to find
exactly once, is no error here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Alias
from talospatch.machineconfig.typed.decode import Decoder
from talospatch.machineconfig.typed.deletes import delete_path
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.free import AnyKeys
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.numbers import write_float
from talospatch.patching import hazards
from talospatch.patching.inner_deletes import named_by
from talospatch.patching.list_keys import is_found_by

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.deletes import Selector
    from talospatch.machineconfig.typed.dialect import Dialect
    from talospatch.machineconfig.typed.schema import Type
    from talospatch.patching.hazards import Noticed
    from talospatch.patching.vacancies import Vacancies


class Deletion:
    """One delete in one document."""

    def __init__(self, selector: Selector, dialect: Dialect, noticed: Noticed, document: str, vacancies: Vacancies) -> None:
        self._selector, self._dialect, self._noticed, self._document = selector, dialect, noticed, document
        self._vacancies = vacancies
        self._found = 0
        self._places: dict[int, int] = {}  # of the elements that the path leads through, by their places in the path

    def of(self, type_: Type, value: dict[str, Any]) -> dict[str, Any]:
        """Return a document's value without what the selector names.

        Raises:
            Misfit: the path leads into an element of a list that has no key.
        """
        path = self._selector.path
        left = self._without(type_, value, path)
        steps = tuple(self._places.get(place, step) for place, step in enumerate(path) if place in self._places or not step.startswith("["))
        if isinstance(self._selector.node, Alias):
            self._noticed.add(hazards.DELETE_BY_ALIAS, self._document, steps)
        if not self._found:
            self._noticed.add(hazards.DELETE_ABSENT, self._document, steps)
        else:
            try:
                delete_path(type_, value, self._selector, self._dialect)
            except Misfit:
                self._noticed.add(hazards.DELETE_INSIDE if self._selector.around else hazards.DELETE_BY_NUMBER, self._document, steps)
            if self._found > 1:
                self._noticed.add(hazards.DELETE_SEVERAL, self._document, steps)
        return value if left is None or left is value else left

    def _without(self, type_: Type, value: Any, path: tuple[str, ...]) -> Any:
        """Return a value without what stands at a path: the very value where nothing does."""
        if value is None:
            return None
        step, rest = path[0], path[1:]
        free = type_.free or type_.shape == "any"
        if isinstance(value, list):
            # An argument's texts are no elements of a type of their own: nothing finds one of them.
            return self._elements(None if free or type_.name in FORMS else type_.inside, value, path)
        if not isinstance(value, dict) or (type_.name in FORMS and rest):
            return value
        key: Any = ("string", step) if isinstance(value, AnyKeys) else step
        if key not in value:
            return value
        if not rest:
            self._found += 1
            out = AnyKeys(value) if isinstance(value, AnyKeys) else dict(value)
            del out[key]
            return out
        inner = type_ if free else type_.fields[step].type if type_.shape == "struct" else type_.inside
        held = self._without(inner, value[key], rest)
        if held is value[key]:
            return value
        out = AnyKeys(value) if isinstance(value, AnyKeys) else dict(value)
        out[key] = held
        return out

    def _elements(self, inner: Type | None, values: list[Any], path: tuple[str, ...]) -> list[Any]:
        if path[1:] and inner is not None:
            return self._inside(inner, values, path)
        if path[1:] or not path[0].startswith("["):
            raise Misfit(
                f"{self._selector}: only whole elements of a list can be deleted, found by a key of theirs",
                "delete the element and give it again",
            )
        kept = [each for each in values if not self._is_meant(inner, each)]
        self._found += len(values) - len(kept)
        if len(kept) == len(values):
            return values
        self._vacancies.vacate(values, kept, partial(self._is_meant, inner))
        return kept

    def _inside(self, inner: Type, values: list[Any], path: tuple[str, ...]) -> list[Any]:
        """Return the elements without what stands inside of those that the patch's element is for."""
        place = len(self._selector.path) - len(path)
        around = self._selector.around.get(place)
        new = named_by(inner, around, self._dialect) if around is not None else None
        if new is None:
            raise Misfit(f"{self._selector}: nothing says inside of which element", "delete the element and give it again")
        out = list(values)
        for index, each in enumerate(values):
            if isinstance(each, dict) and is_found_by(inner.name, each, new):
                self._places.setdefault(place, index)
                out[index] = self._without(inner, each, path[1:])
        return values if all(new is old for new, old in zip(out, values, strict=True)) else out

    def _is_meant(self, inner: Type | None, element: Any) -> bool:
        if not isinstance(element, dict):
            return False
        key, wanted = self._selector.key, self._selector.value
        if inner is None or inner.free or inner.shape == "any":
            return key in element and _text(element[key]) == wanted
        field = inner.fields.get(key) if inner.shape == "struct" and inner.name not in FORMS else None
        if field is None:
            return False
        held = element.get(key)
        node = self._selector.node
        if node is not None:
            try:
                meant = Decoder(self._dialect).value(field.type, node)
            except Misfit:
                meant = None
            if meant is not None:
                return bool(held == meant) or (not held and not meant)
        return _text(held) == wanted if held is not None else wanted == ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_float(value) if isinstance(value, float) else str(value)
