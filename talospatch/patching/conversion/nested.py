"""Plain data at paths: put together, merged, and what is empty once something is taken out."""

from __future__ import annotations

from typing import Any

Data = Any


def nest(path: str, value: Data) -> dict[str, Data]:
    """Return mappings around a value, so that it stands at a path of plain keys."""
    for key in reversed(path.split(".")):
        value = {key: value}
    nested: dict[str, Data] = value
    return nested


def given(**values: Data) -> dict[str, Data]:
    """Return the values that are there; None stands for absent."""
    return {key: value for key, value in values.items() if value is not None}


def merged(one: Data, other: Data) -> Data:
    """Return two data as one: mappings key by key, lists one behind the other, and of two values the later."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{key: merged(one[key], value) if key in one else value for key, value in other.items()}}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    return other
