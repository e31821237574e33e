"""The declarative merge: what a patch names is so afterwards, what it does not name is as before, and applying it again changes nothing.

It goes by the types that talosctl's merge goes by (:mod:`talospatch.machineconfig.typed.merge`). Where the two part, the finding of
:mod:`talospatch.patching.hazards` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.typed.decode import NULL, ZERO
from talospatch.machineconfig.typed.equality import alike, same_free
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.free import AnyKeys, go_type
from talospatch.machineconfig.typed.keyed import KEYED
from talospatch.machineconfig.typed.merge import UNSETTABLE, WIPED, acting, merge_urls
from talospatch.patching import hazards
from talospatch.patching.choices import CHOICES, displaced
from talospatch.patching.element_index import ElementIndex
from talospatch.patching.list_keys import COMMAND_LINES, DEVICE, replaces

if TYPE_CHECKING:
    from talospatch.machineconfig.path import Step
    from talospatch.machineconfig.typed.dialect import Dialect
    from talospatch.machineconfig.typed.schema import Type
    from talospatch.patching.hazards import Hazard, Noticed
    from talospatch.patching.vacancies import Vacancies

Steps = tuple["Step", ...]
_URLS = frozenset({"meta.URL", "v1alpha1.Endpoint"})
_PLAIN = frozenset({"string", "int", "uint", "float"})


class DeclarativeMerger:
    """Merges values of one document; what it notices goes to ``noticed``, and elements that were deleted before into ``vacancies``."""

    def __init__(self, dialect: Dialect, noticed: Noticed, document: str, vacancies: Vacancies) -> None:
        self._dialect, self._noticed, self._document, self._vacancies = dialect, noticed, document, vacancies
        self._kind = document.partition("/")[0]

    def document(self, type_: Type, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        """Return a patch's document merged into the config's. An empty one changes nothing, and notes what talosctl does all the same.

        Args:
            type_: the type of both.
            left: the config's; empty for a new document.
            right: the patch's, read explicitly.
        """
        if type_.free:
            return self._object(left, right, ())
        return self._struct(type_, left, right, (), existing=bool(left))

    def _note(self, hazard: Hazard, path: Steps, detail: str = "") -> None:
        self._noticed.add(hazard, self._document, path, detail)

    def _struct(self, type_: Type, left: dict[str, Any], right: dict[str, Any], path: Steps, *, existing: bool) -> dict[str, Any]:
        """Merge structs. ``existing`` says that talosctl would merge them too, instead of taking the right one as it is."""
        out = dict(left)
        fields = type_.fields
        for key, value in right.items():
            field = fields[key]
            merged = self.value(field.type, left.get(key), value, (*path, key), replace=field.replace, existing=existing)
            if merged is None:
                out.pop(key, None)
            elif merged is not left.get(key):
                out[key] = merged
        if left and type_.name in CHOICES:
            for key in displaced(type_, out, right):
                self._note(hazards.CHOICE, (*path, key))
                del out[key]
        if existing:
            self._note_wiped(type_, left, right, path)
        return out

    def _note_wiped(self, type_: Type, left: dict[str, Any], right: dict[str, Any], path: Steps) -> None:
        """Note what talosctl would wipe, or could not merge, because the right side has no word about it."""
        for field in acting(type_):
            key, inner = field.key, field.type
            given = right.get(key, NULL)  # null is as good as absent, and an address that is empty too
            if given is not NULL and not (given is ZERO and inner.name in UNSETTABLE):
                continue
            if inner.name in UNSETTABLE:
                self._note(hazards.UNSETTABLE, (*path, key))
            elif inner.name in WIPED or inner.shape == "bool":
                if left.get(key):
                    self._note(hazards.WIPED, (*path, key))
            elif inner.shape == "struct":
                self._note_wiped(inner, left.get(key) or {}, {}, (*path, key))

    def value(self, type_: Type, left: Any, right: Any, path: Steps, *, replace: bool = False, existing: bool = True) -> Any:
        """Return a value of the patch merged into one of the config; None is absent."""
        existing = left is not None or (existing and not type_.pointer)
        name, shape = type_.name, type_.shape
        # What a merge sets even to nothing, which _note_wiped tells of: to set it is what talosctl does too.
        set_anyway = not type_.pointer and (name in WIPED or name in UNSETTABLE)
        if right is NULL:
            if left is not None and not set_anyway:
                self._note(hazards.NULL, path)
            return left
        if right is ZERO:
            if left and not set_anyway:
                self._note(hazards.ZERO_VALUE, path)
            return None
        if type_.free or shape == "any":
            return self._free_field(type_, left, right, path, replace=replace)
        if name in FORMS:
            return self._formed(type_, left, right, path, existing=existing)
        if shape == "struct":
            old = {} if left is None or (replace and right) else left
            return self._struct(type_, old, right, path, existing=existing and not replace)
        if shape == "list":
            return self._list(type_, left, right, path, replace=replace)
        if shape == "map":
            return self._map(type_, left, right, path, replace=replace)
        if shape in _PLAIN and not right and left and not (type_.pointer and self._dialect.zero_behind_pointer_sets):
            self._note(hazards.ZERO_VALUE, path)
        return right

    def _formed(self, type_: Type, left: Any, right: Any, path: Steps, *, existing: bool) -> Any:
        name = type_.name
        if (name in UNSETTABLE and existing) or (name in _URLS and left and "user" in left and "user" in right):
            self._note(hazards.UNSETTABLE, path)
            return right
        if left is None or left == right:
            return right
        if name in _URLS:
            if merge_urls(left, right) != right:
                self._note(hazards.URL_PARTS, path)
        elif name == "block.Size":
            if right.get("percentage") and left.get("bytes"):
                self._note(hazards.SIZE_KEPT, path)
        elif type_.shape == "struct" and isinstance(left, dict):
            given = {key: each for key, each in right.items() if each}
            if any(left.get(key) and key not in given for key in left):
                self._note(hazards.PAIR_WIPED, path)
            return {**left, **given}
        elif not right and type_.shape in _PLAIN and not (type_.pointer and self._dialect.zero_behind_pointer_sets):
            self._note(hazards.ZERO_VALUE, path)
        return right

    def _map(self, type_: Type, left: dict[str, Any] | None, right: dict[str, Any], path: Steps, *, replace: bool) -> Any:
        inner = type_.inside
        arguments = "M" in type_.hooks  # each is replaced, by null too
        out = {} if left is None or (replace and right) else dict(left)
        for key, value in right.items():
            old = out.get(key)
            if arguments:
                out[key] = "" if value in (NULL, ZERO) else value
            elif key not in out and value is NULL:
                form = FORMS.get(inner.name)
                out[key] = form.blank if form is not None and not inner.pointer else inner.zero
            else:
                merged = self.value(inner, old, value, (*path, key))
                out[key] = merged if merged is not None or inner.pointer else inner.zero
        return left if left is not None and out == left and all(out[key] is left[key] for key in out) else out

    # Lists

    def _list(self, type_: Type, left: list[Any] | None, right: list[Any], path: Steps, *, replace: bool) -> Any:
        inner = type_.inside
        if replace or not right:
            if not replace and left:
                self._note(hazards.EMPTY_LIST, path)
            if replace:
                return [self._adopted(inner, each) for each in right]
            return right if left is None else left
        elements = []
        for each in right:
            if each is None or each is NULL:
                self._note(hazards.NULL_ELEMENT, path)
            else:
                elements.append(each)
        if not elements:
            return left
        if (self._kind, path[-1]) in COMMAND_LINES:
            return self._command_line(left, elements, path)
        out = list(left or ())
        if None in out and type_.name in KEYED:
            self._note(hazards.NULL_ELEMENT, path)
        index, old_ones = ElementIndex(inner, out), len(out)
        for each in elements:
            self._put(type_, index, each, path, old_ones=old_ones)
        out = self._settled(left, out, old_ones, path)
        return left if left is not None and len(out) == len(left) and all(map(_is, out, left)) else out

    def _put(self, type_: Type, index: ElementIndex, new: Any, path: Steps, *, old_ones: int) -> None:
        """Add an element to a list, or merge it into the one that it is."""
        plain = self._adopted(type_.inside, new)
        place = index.find(plain)
        if place is None:
            index.append(plain)
        elif isinstance(plain, dict) and index.key(plain) is not None:
            held = index.elements[place]
            index.elements[place] = self._keyed(type_, held, new, plain, (*path, place), fresh=place >= old_ones)
        elif old_ones:
            self._note(hazards.ELEMENT_PRESENT, path)
        else:
            index.append(plain)  # given twice by the patch itself, on purpose or not: the list is new, and taken as it is

    def _keyed(self, type_: Type, old: Any, new: Any, plain: Any, path: Steps, *, fresh: bool) -> Any:
        inner = type_.inside
        known = type_.name in KEYED and not (inner.name == DEVICE and not plain.get("interface") and "physical" in plain["deviceSelector"])
        merged = plain if replaces(inner.name) else self._struct(inner, old, new, path, existing=True)
        if alike(inner, old, merged):
            merged = old
        if not known or fresh:
            self._note(hazards.ELEMENT_PRESENT if merged is old else hazards.ELEMENT_KEYED, path)
        return merged

    def _settled(self, left: list[Any] | None, out: list[Any], old_ones: int, path: Steps) -> list[Any]:
        """Return a list with elements that were deleted and given again in their places."""
        settled = self._vacancies.settled(left, out, old_ones)
        if not all(map(_is, out, settled)):
            self._note(hazards.ELEMENT_REPLACED, path)
        return settled

    def _command_line(self, left: list[str] | None, right: list[str], path: Steps) -> list[str]:
        """Append a command line's words unless they stand there in this order already."""
        old = left or []
        if any(old[start : start + len(right)] == right for start in range(len(old) - len(right) + 1)):
            self._note(hazards.ELEMENT_PRESENT, path)
            return old
        return old + right

    def _adopted(self, type_: Type, value: Any) -> Any:
        """Return a value of the patch as it is where the config has none: without what only explicit reading keeps."""
        if type_.shape == "struct" and isinstance(value, dict) and type_.name not in FORMS:
            return value if type_.free else self._struct(type_, {}, value, (), existing=False)
        return value

    # Free-form objects

    def _free_field(self, type_: Type, left: Any, right: Any, path: Steps, *, replace: bool) -> Any:
        if left is None or (replace and right):
            return right
        if type_.shape == "struct" and not right:
            return left
        return self._free(left, right, path)

    def _object(self, left: dict[Any, Any], right: dict[Any, Any], path: Steps) -> dict[Any, Any]:
        out = dict(left) if type(left) is dict else AnyKeys(left)
        for key, value in right.items():
            out[key] = self._free(left[key], value, (*path, str(key[1] if isinstance(key, tuple) else key))) if key in left else value
        return left if all(map(_is, out.values(), left.values())) and len(out) == len(left) else out

    def _free(self, left: Any, right: Any, path: Steps) -> Any:
        if right is None:
            if left is not None:
                self._note(hazards.NULL, path)
            return left
        if left is None:
            return right
        if go_type(left) != go_type(right):
            self._note(hazards.TYPE_CHANGED, path)
            if not isinstance(left, dict) or not isinstance(right, dict):
                return right
            left, right = _any_keys(left), _any_keys(right)  # both are mappings, and what the patch does not name stays
        if isinstance(left, dict):
            return self._object(left, right, path)
        if isinstance(left, list):
            return self._free_list(left, right, path)
        if same_free(left, right):
            return left
        if not right and right is not False:
            self._note(hazards.ZERO_VALUE, path)
        return right

    def _free_list(self, left: list[Any], right: list[Any], path: Steps) -> list[Any]:
        if not right:
            if left:
                self._note(hazards.EMPTY_LIST, path)
            return left
        new = [each for each in right if not left or not any(same_free(each, old) for old in left)]
        if len(new) < len(right):
            self._note(hazards.ELEMENT_PRESENT, path)
        return self._settled(left, left + new, len(left), path) if new else left


def _any_keys(mapping: dict[Any, Any]) -> AnyKeys:
    """Return a mapping as one whose keys are not all texts."""
    return mapping if isinstance(mapping, AnyKeys) else AnyKeys({("string", key): value for key, value in mapping.items()})


def _is(one: object, other: object) -> bool:
    return one is other
