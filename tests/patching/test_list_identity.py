"""What tells elements of a list apart is said once by type and once by name; both say the same."""

from __future__ import annotations

from collections.abc import Iterator

from talospatch.machineconfig import difference
from talospatch.machineconfig.tables.find import MINORS
from talospatch.machineconfig.typed.forms import FORMS
from talospatch.machineconfig.typed.schema import Type, schema_of
from talospatch.patching.list_keys import DEVICE, LIST_KEYS


def lists() -> Iterator[tuple[str, str]]:
    """Yield the last key of each list's path and the type of its elements, for every minor."""
    for minor in MINORS:
        schema = schema_of(minor)
        stack: list[tuple[str, Type]] = []
        for name in schema.kinds:
            kind = schema.kind(name)
            assert kind is not None
            stack.append(("", kind.type))
        seen: set[str] = set()
        while stack:
            key, type_ = stack.pop()
            if type_.name in FORMS:
                continue
            if type_.shape == "list":
                yield key, type_.inside.name
                stack.append((key, type_.inside))
            elif type_.shape == "map":
                stack.append((key, type_.inside))
            elif type_.shape == "struct" and type_.name not in seen:
                seen.add(type_.name)
                stack += [(name, field.type) for name, field in type_.fields.items()]


LISTS = set(lists())


def test_every_row_is_of_a_type_that_some_list_holds() -> None:
    """A misspelt type would never be found."""
    assert set(LIST_KEYS) <= {inner for _, inner in LISTS}


def test_the_difference_goes_by_the_same_keys() -> None:
    """For every list that it knows by name, of whatever type."""
    for key, inner in LISTS:
        if key in difference.LIST_KEYS and inner in LIST_KEYS and len(LIST_KEYS[inner].fields) == 1:
            assert LIST_KEYS[inner].fields == (difference.LIST_KEYS[key],), (key, inner)
    known = {key for key, inner in LISTS if inner in LIST_KEYS or inner == DEVICE}
    assert set(difference.LIST_KEYS) <= known


def test_the_fields_of_a_row_are_fields_of_its_type() -> None:
    """In every minor that has the type."""
    for minor in MINORS:
        schema = schema_of(minor)
        for name, row in LIST_KEYS.items():
            try:
                fields = schema.type(name).fields
            except KeyError:
                continue
            missing = set(row.fields) - set(fields)
            assert not missing, f"{name} on {minor} has no {missing}"
