"""What a patch names, and whether a change went beyond that: by types, and without the engine that is tested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.typed.decode import NULL, ZERO
from talospatch.machineconfig.typed.documents import Document
from talospatch.machineconfig.typed.equality import alike
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.plaindata import plain_data
from talospatch.machineconfig.typed.schema import Type
from talospatch.patching.choices import CHOICES
from talospatch.patching.list_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.machineconfig.typed.deletes import Selector
    from talospatch.machineconfig.typed.load import Step

ANY = Type("any", "any")


class Deleted:
    """Says that a place may be gone; of a list, elements with a key of this text."""

    def __init__(self, selector: Selector) -> None:
        self.key, self.value = selector.key, selector.value


def beyond(steps: list[Step], before: list[Document], after: list[Document]) -> list[str]:
    """Return the paths at which a change did something that no step of its patches names."""
    ids = {document.id: document for document in after}
    named: dict[str, list[Any]] = {}
    gone: set[str] = set()
    for step in steps:
        if isinstance(step, Document):
            named.setdefault(step.id, []).append(step.value)
        elif step.path:
            named.setdefault(step.id, []).append(_at(step.path, Deleted(step)))
        else:
            gone.add(step.id)
    found: list[str] = []
    for document in before:
        now = ids.get(document.id)
        if now is None:
            found += [] if document.id in gone else [document.id]
        elif document.id not in gone:
            found += [f"{document.id}:{path}" for path in _beyond(now.type, document.value, now.value, named.get(document.id, []), "")]
    return found


def _at(path: tuple[str, ...], mark: Deleted) -> Any:
    """Return a patch's value that has a mark at a path; an element's number does not count."""
    if path[:1] and path[0].startswith("[") and path[1:]:
        return [_at(path[1:], mark)]
    if not path or path[0].startswith("["):
        return mark
    return {path[0]: _at(path[1:], mark)}


def _beyond(type_: Type, before: Any, after: Any, rights: list[Any], path: str) -> Iterator[str]:
    if alike(type_, before, after):
        return
    marks = [right for right in rights if isinstance(right, Deleted)]
    if not rights:
        yield path
    elif any(not mark.key for mark in marks):
        return  # deleted as a whole, and perhaps given again
    elif type_.name in FORMS or (not isinstance(before, dict | list) and before is not None):
        return  # a value for a value
    elif isinstance(before, dict) and isinstance(after, dict) and (type_.shape in {"struct", "map", "any"}):
        for key in [*before, *(key for key in after if key not in before)]:
            inner, replaced = _inner(type_, key)
            given = [right[key] for right in rights if isinstance(right, dict) and key in right]
            if (replaced and any(_says(each) for each in given)) or (after.get(key) is None and _is_chosen_away(type_, key, rights)):
                continue
            yield from _beyond(inner, before.get(key), after.get(key), given, f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _elements(type_, before, after, rights, marks, path)
    elif before is not None and not (isinstance(after, type(before)) or type_.free or type_.shape == "any"):
        yield path


def _elements(  # noqa: PLR0917 - one level of a walk
    type_: Type, before: list[Any], after: list[Any], rights: list[Any], marks: list[Deleted], path: str
) -> Iterator[str]:
    """Every old element is still there, in the old order, itself or as an element of the patch has changed it."""
    inner = ANY if type_.free or type_.shape == "any" else type_.inside
    new = [each for right in rights if isinstance(right, list) for each in right if isinstance(each, dict)]
    place = 0
    for index, old in enumerate(before):
        if old is None or any(_is_meant(inner, old, mark) for mark in marks):
            continue
        here = place
        while here < len(after) and not _stays(inner, old, after[here], new):
            here += 1
        if here == len(after):
            yield f"{path}[{index}]"
        else:
            place = here + 1


def _stays(inner: Type, old: Any, now: Any, new: list[Any]) -> bool:
    if alike(inner, old, now):
        return True
    replaced = inner.free or inner.name == "security.ImageVerificationRuleV1Alpha1"  # pods and rules: by name, as a whole
    return any(replaced or not list(_beyond(inner, old, now, [each], "")) for each in new)


def _is_meant(inner: Type, element: Any, mark: Deleted) -> bool:
    data = plain_data(inner, element)
    held = data.get(mark.key) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(held, str):  # numbers and words are found by what they mean
        return isinstance(data, dict)
    return not held or not mark.value or str(held).lower() == mark.value.lower() or not mark.value.isalnum()


def _inner(type_: Type, key: Any) -> tuple[Type, bool]:
    if type_.free or type_.shape == "any":
        return ANY, False
    if type_.shape == "map":
        return type_.inside, "M" in type_.hooks
    field = type_.fields.get(key)
    return (field.type, field.replace) if field is not None else (ANY, False)


def _is_chosen_away(type_: Type, key: Any, rights: list[Any]) -> bool:
    """Whether a field goes because a patch names another one of those that Talos takes one of."""
    ways = CHOICES[type_.name].ways if type_.name in CHOICES else ()
    others = [other for way in ways if key not in way for other in way]
    return any(key in way for way in ways) and any(
        isinstance(right, dict) and _says(right.get(other)) for right in rights for other in others
    )


def _says(right: Any) -> bool:
    return right is not NULL and right is not None and right != {}


def held(type_: Type, value: Any, right: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which a result is not what a patch says of it."""
    if right is NULL or (right is None and (type_.free or type_.shape == "any")):
        return
    if right is ZERO:
        if value:
            yield path
    elif type_.name in FORMS:
        wanted = {key: each for key, each in right.items() if each} if isinstance(right, dict) else right
        if not alike(type_, value, {**value, **wanted} if isinstance(value, dict) and type_.name.startswith("x509") else right):
            yield path
    elif isinstance(right, dict):
        value = {} if value is None else value
        if not isinstance(value, dict):
            yield path
            return
        for key, each in right.items():
            inner, _ = _inner(type_, key)
            yield from held(inner, value.get(key), each, f"{path}.{key}")
    elif isinstance(right, list):
        inner = ANY if type_.free or type_.shape == "any" else type_.inside
        there = value if isinstance(value, list) else []
        keys = [key_of(inner.name, each) if isinstance(each, dict) else None for each in right]
        for index, each in enumerate(right):
            if keys[index] is not None and keys[index] in keys[index + 1 :]:
                continue  # a later one for the same key has the last word
            if each is not None and each is not NULL and not any(not list(held(inner, now, each)) for now in there):
                yield f"{path}[{index}]"
    elif right == "" and value is None and type_.shape == "map":
        return
    elif not alike(type_, value, right) and not (not value and not right):
        yield path
