"""Whether two values of a type mean the same to Talos: whether it would write the same text for both.

A zero is as good as absent unless it stands behind a pointer; an empty list or mapping is as good as none, except where its type says
otherwise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.scalars import Timestamp
from talospatch.machineconfig.typed.forms import FORMS

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.schema import Type


def alike(type_: Type, one: Any, other: Any) -> bool:
    """Return whether two values of a type mean the same. None is absent."""
    if one is other:
        return True
    shape = type_.shape
    if type_.free or shape == "any":
        return same_free(one if one is not None or shape == "any" else {}, other if other is not None or shape == "any" else {})
    if not type_.pointer:
        if _nothing(type_, one) and _nothing(type_, other):
            return True
        if shape == "struct" and type_.name not in FORMS:
            one, other = one or {}, other or {}
    if one is None or other is None:
        return False
    if type_.name in FORMS:
        write = FORMS[type_.name].write
        return bool(one == other) or (isinstance(one, dict) and isinstance(other, dict) and bool(write(one) == write(other)))
    if shape == "struct":
        return _alike_structs(type_, one, other)
    if shape == "list":
        inside = type_.inside
        return len(one) == len(other) and all(alike(inside, each, counterpart) for each, counterpart in zip(one, other, strict=True))
    if shape == "map":
        inside = type_.inside
        return one.keys() == other.keys() and all(alike(inside, each, other[key]) for key, each in one.items())
    if shape == "float" and isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)


def _alike_structs(type_: Type, one: dict[str, Any], other: dict[str, Any]) -> bool:
    # The quick way for most of a config: but for free-form objects, one and the same type has no 1 that equals True.
    if one == other and one.keys().isdisjoint(type_.free_keys):
        return True
    fields = type_.fields
    for key in one.keys() | other.keys():
        left, right = one.get(key), other.get(key)
        if left is right or (type(left) is str and type(right) is str and left == right):
            continue
        if not (alike(fields[key].type, left, right) if key in fields else same_free(left, right)):
            return False
    return True


def _nothing(type_: Type, value: Any) -> bool:
    """Whether a value that is not behind a pointer is as good as absent."""
    if value is None:
        return True
    if type_.shape == "list" and "Z" in type_.hooks:
        return False  # there, an empty list is not nil
    if type_.name in FORMS and isinstance(value, dict):
        return not any(value.values())
    if type_.name in FORMS and isinstance(value, list):
        return False  # an argument given as a list of nothing is another than one without a value: Talos writes [] and null
    return not value


def same_free(one: Any, other: Any) -> bool:
    """Return whether two free-form values are the same, types included; NaN equals NaN."""
    stack = [(one, other)]
    while stack:
        left, right = stack.pop()
        if left is right:
            continue
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if left.keys() != right.keys():
                return False
            stack += [(value, right[key]) for key, value in left.items()]
        elif isinstance(left, list):
            if len(left) != len(right):
                return False
            stack += zip(left, right, strict=True)
        elif isinstance(left, float) and math.isnan(left):
            if not math.isnan(right):
                return False
        elif isinstance(left, Timestamp):
            if str(left) != str(right):
                return False
        elif left != right:
            return False
    return True
