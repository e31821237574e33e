"""Typed values as plain data: what a person would write, with nothing in it that is zero only because a struct has such a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.scalars import Literal
from talospatch.machineconfig.typed.forms import FORMS, WRITTEN
from talospatch.machineconfig.typed.free import AnyKeys
from talospatch.machineconfig.typed.numbers import write_float

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.schema import Type


def plain_data(type_: Type, value: Any) -> Any:
    """Return a value of a type as texts, numbers, lists and mappings, each as Talos writes it. None is null."""
    if value is None:
        return None
    if type_.free or type_.shape == "any":
        return _free(value)
    form = FORMS.get(type_.name)
    if form is not None:
        return _free(form.write(value))
    if type_.words is not None:
        return type_.words.get(value) or value
    shape = type_.shape
    if shape == "struct":
        # In the order of the struct, which is the one that people know from the documentation.
        return {key: plain_data(field.type, value[key]) for key, field in type_.fields.items() if key in value and value[key] is not None}
    if shape == "list":
        inside = type_.inside
        return [plain_data(inside, each) for each in value]
    if shape == "map":
        inside = type_.inside
        return {key: plain_data(inside, each) for key, each in value.items()}
    write = WRITTEN.get(type_.name)
    return write(value) if write else value


def _free(value: Any) -> Any:
    if isinstance(value, AnyKeys):
        return {_key(key[1]): _free(each) for key, each in value.items()}
    if isinstance(value, dict):
        return {key: _free(each) for key, each in value.items()}
    return [_free(each) for each in value] if isinstance(value, list) else value


def _key(key: Any) -> str:
    """Return a key as the text that reads as it: of a number or a word, the text without quotes."""
    if isinstance(key, str):
        return key
    if key is None:
        return Literal("null")
    if isinstance(key, bool):
        return Literal("true" if key else "false")
    return Literal(write_float(key) if isinstance(key, float) else str(key))
