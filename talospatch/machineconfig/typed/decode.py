"""From a tree of YAML to values of a type, as strictly as the reference: unknown keys and wrong types are errors.

What a value is, by the shape of its type: struct and map a dict, list a list, text a str, numbers int and float, bool a bool. What is
absent from a dict is the zero value; behind a pointer zero and absent differ, so there zero is kept. None stands for null in lists of
pointers. Types with a form of their own (:mod:`talospatch.machineconfig.typed.forms`) have values of their own. Values are never changed
in place.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.nodes import Alias, Mapping, Scalar, Sequence, resolved
from talospatch.machineconfig.typed.forms import FORMS, NUMBERED, TRIMMED, raw_text
from talospatch.machineconfig.typed.free import given_keys, read_free, read_object
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.plain import NULLS, OLD_BOOLS, is_null, is_only_text, kind_of, said, text_of, value_of
from talospatch.machineconfig.typed.problems import Problem, unknown_key
from talospatch.machineconfig.values import MERGE_KEY, is_merge_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from talospatch.machineconfig.nodes import Node
    from talospatch.machineconfig.typed.dialect import Dialect
    from talospatch.machineconfig.typed.schema import Type

_NUMBER = re.compile(r"[-+]?[0-9][0-9_.]*")
_DIGIT = re.compile(r"[-+]?0*[0-9]")
_NUMBERS = frozenset({"int", "uint"})
_DROPPED = frozenset({"string", "bool", "int", "uint", "float"})  # shapes whose zero value is as good as absent
_QUICK = frozenset({"string", "bool"})  # Go's own, which have no form and no words
_BOOLS = {"true": True, "false": False}
_KEPT_NULL = frozenset({"list", "map", "any"})  # shapes that are nil in a list; other nulls are not elements at all


# What an explicit decoder holds where a value of a struct or map is null, and where it is a zero that its form reads as absent.
NULL, ZERO = object(), object()


class Decoder:
    """Reads values of one document and collects what is wrong with it.

    An ``explicit`` one keeps what a strategic merge does not see: zeros that are as good as absent, as they are or as :data:`ZERO`, and
    nulls as :data:`NULL`.
    """

    def __init__(self, dialect: Dialect, *, explicit: bool = False) -> None:
        self.problems: list[Problem] = []
        self._dialect, self._explicit = dialect, explicit
        self._behind_alias = False

    def value(self, type_: Type, node: Node) -> Any:
        """Return the value of a node; None for null.

        Raises:
            Misfit: the node does not fit the type as a whole; what is wrong inside it is collected instead.
        """
        if isinstance(node, Alias):
            return self._aliased(type_, node)
        if isinstance(node, Scalar) and node.text in NULLS and is_null(node):
            return None
        form = FORMS.get(type_.name)
        if form is not None:
            if isinstance(node, Mapping):
                if form.keys:
                    self._check_keys(node, form.keys)
                elif type_.shape == "struct" and "t" in type_.hooks and self._dialect.texts_by_shape:
                    self._check_keys(node, ())
                    return form.blank if type_.pointer else None
            value = form.read(node, self._dialect)
            return form.blank if value is None and type_.pointer else value
        shape = type_.shape
        if shape == "struct":
            return self._struct(type_, node)
        if type_.words is not None:
            return _enumeration(type_, raw_text(node, self._dialect))
        if isinstance(node, Scalar):
            return self._scalar(type_, node)
        if shape == "list":
            return self._list(type_, node)
        if shape == "map":
            return self._map(type_, node)
        if shape == "any":
            return read_free(node, self._dialect)
        raise _misplaced(type_, node, self._dialect)

    def _aliased(self, type_: Type, node: Node) -> Any:
        if "t" in type_.hooks and self._dialect.aliased_texts_refused:
            raise Misfit("an alias does not work here in this minor", "write the value out")
        before, self._behind_alias = self._behind_alias, True
        try:
            return self.value(type_, resolved(node))
        finally:
            self._behind_alias = before

    def _problem(self, node: Node, misfit: Misfit) -> None:
        self.problems.append(Problem(node, str(misfit), misfit.hint))

    def _struct(self, type_: Type, node: Node) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            raise _misplaced(type_, node, self._dialect)
        if type_.free:
            return read_object(node, self._dialect)
        out: dict[str, Any] = {}
        fields = type_.fields
        for key, child in node.values.items():
            field = fields.get(key)
            if field is None:
                self._other_key(type_, node, key, out)
                continue
            inner = field.type
            if inner.name in _QUICK and type(child) is Scalar and child.tag is None:  # most of a config, told without another call
                text = child.text
                if inner.name == "bool":
                    if text in _BOOLS and (_BOOLS[text] or inner.pointer or self._explicit) and not child.style:
                        out[key] = _BOOLS[text]
                        continue
                elif text and (child.style or (text not in NULLS and text[4:5] != "-")):
                    out[key] = text
                    continue
            try:
                value = self.value(inner, child)
            except Misfit as misfit:
                self._problem(child, misfit)
                continue
            if value is None or (not value and not inner.pointer and inner.shape in _DROPPED):
                if self._explicit:
                    out[key] = value if value is not None else NULL if is_null(resolved(child)) else ZERO
                continue
            out[key] = value
        return out

    def _check_keys(self, node: Mapping, known: tuple[str, ...]) -> None:
        if not self._behind_alias or self._dialect.aliases_checked:
            self.problems += [unknown_key(node.keys[key], key, child, known) for key, child in node.values.items() if key not in known]

    def _other_key(self, type_: Type, node: Mapping, key: str, out: dict[str, Any]) -> None:
        """An unknown key is a problem, except where the reference does not look: behind an alias, where a merge key then works too."""
        if not self._behind_alias or self._dialect.aliases_checked:
            self.problems.append(unknown_key(node.keys[key], key, node.values[key], type_.fields))
        elif key == MERGE_KEY and is_merge_key(node.keys[key]):
            for source in _sources(node.values[key]):
                for name, value in self._struct(type_, source).items():
                    if name not in node.values:
                        out.setdefault(name, value)

    def _list(self, type_: Type, node: Node) -> list[Any]:
        if not isinstance(node, Sequence):
            raise _misplaced(type_, node, self._dialect)
        out = []
        inner = type_.inside
        form = FORMS.get(inner.name)
        for item in node.items:
            try:
                value = self.value(inner, item)
            except Misfit as misfit:
                self._problem(item, misfit)
                continue
            if value is None:
                if is_null(resolved(item)):
                    if inner.pointer and self._dialect.null_elements_refused and not self._explicit:
                        self._problem(item, Misfit("null is not allowed here"))
                    elif not (inner.pointer or inner.shape in _KEPT_NULL):
                        continue
                elif form is not None:
                    value = form.blank
            out.append(value)
        if trimmed := TRIMMED.get(type_.name):
            key, characters = trimmed
            for each in out:
                if isinstance(text := each.get(key), str):
                    each[key] = text.lstrip(characters)
                    if not each[key] and not self._explicit:
                        del each[key]
        return out

    def _map(self, type_: Type, node: Node, given: Collection[str] = ()) -> dict[str, Any]:
        """Return a map's entries without those that are ``given``, which are not even read."""
        if not isinstance(node, Mapping):
            raise _misplaced(type_, node, self._dialect)
        inner = type_.inside
        form = FORMS.get(inner.name)
        out: dict[str, Any] = {}
        for written, child in node.values.items():
            name = node.keys[written]
            if is_merge_key(name) or written in given:
                continue
            try:
                if is_null(resolved(name)):
                    continue  # a key that is null names no entry
                key = text_of(resolved(name), self._dialect)
                value = self.value(inner, child)
            except Misfit as misfit:
                self._problem(child, misfit)
                continue
            if value is None:
                if inner.pointer and self._dialect.null_elements_refused:
                    self._problem(child, Misfit("null is not allowed here"))
                if self._explicit and is_null(resolved(child)):
                    value = NULL
                else:
                    value = form.blank if form is not None and not inner.pointer else inner.zero
            out[key] = value
        if MERGE_KEY in node.values and is_merge_key(node.keys[MERGE_KEY]):
            self._merge_map(type_, node, out)
        return out

    def _merge_map(self, type_: Type, node: Mapping, out: dict[str, Any]) -> None:
        """Merge in what a merge key names. The reference then checks that name's value as if it were an entry, and mostly refuses it."""
        child = node.values[MERGE_KEY]
        followed = self._dialect.aliases_checked or not isinstance(child, Alias)
        target = resolved(child)
        empty = isinstance(target, Mapping) and not target.values and type_.inside.shape == "struct"
        if followed and not empty and not self._behind_alias:
            self._problem(child, Misfit("a merge key << does not work here", "write the entries out"))
            return
        given = given_keys(node, self._dialect)
        merged: dict[str, Any] = {}
        for source in _sources(child):
            # A quoted merge key counts as given too: this mapping has one that is not quoted.
            for key, value in self._map(type_, source, given).items():
                merged.setdefault(key, value)
        out.update(merged)

    def _scalar(self, type_: Type, node: Scalar) -> Any:
        shape = type_.shape
        if shape == "string":
            if type_.name != "string" and is_only_text(node, self._dialect):
                raise _misplaced(type_, node, self._dialect)  # go-yaml puts such a text into Go's own string only
            return text_of(node, self._dialect)
        value = value_of(node, self._dialect)
        if shape == "any":
            return value
        if shape == "bool":
            if isinstance(value, bool):
                return value
            if type(value) is str and value in OLD_BOOLS and not is_only_text(node, self._dialect):
                return OLD_BOOLS[value]
        elif shape in _NUMBERS:
            number = self._integer(value)
            low, high = (0, 2**type_.bits - 1) if shape == "uint" else (-(2 ** (type_.bits - 1)), 2 ** (type_.bits - 1) - 1)
            if number is not None and not low <= number <= high:
                raise Misfit(f"{node.text[:40]} is outside of {low} to {high}")
            if number is not None:
                return number
        elif shape == "float" and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise _misplaced(type_, node, self._dialect)

    def _integer(self, value: object) -> int | None:
        if isinstance(value, float) and math.isfinite(value):
            whole = int(value)
            return whole if whole == value or self._dialect.fractions_truncated else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sources(child: Node) -> Iterator[Mapping]:
    """Yield what a merge key names, the earlier first."""
    target = resolved(child)
    for each in target.items if isinstance(target, Sequence) else (target,):
        source = resolved(each)
        if not isinstance(source, Mapping):
            raise Misfit("a merge key << needs a mapping or a list of mappings")
        yield source


def _enumeration(type_: Type, text: str) -> int:
    """Return the number of a word."""
    assert type_.words is not None, "asked for enumerations only"
    lower = text.lower()
    for number, word in type_.words.items():
        if word == text or (not type_.exact and word.lower() == lower):
            return number
    if type_.name in NUMBERED and (not text or _DIGIT.fullmatch(text)) and int(text or 0) in type_.words:
        return int(text or 0)
    words = [word for word in type_.words.values() if not word.isdecimal()]
    raise Misfit(f"{text[:40]!r} is none of the words that may stand here", f"one of {', '.join(words)}")


_EXPECTED = {
    "struct": "a mapping",
    "map": "a mapping",
    "list": "a list",
    "string": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "uint": "a whole number",
    "float": "a number",
}


def _misplaced(type_: Type, node: Node, dialect: Dialect) -> Misfit:
    collection = type_.shape in {"struct", "map", "list"}
    # Where a collection belongs nothing says what the value is, and a secret is mostly a text or a number.
    hint = None
    if not isinstance(node, Scalar):
        found = kind_of(node)
    elif collection:
        found = "a number" if _NUMBER.fullmatch(node.text) and not node.style else "a text"
        hint = "is a colon missing?" if " " in node.text and not node.style else None
    else:
        found = said(node, dialect)
        hint = "take the quotes away" if node.style else None
    return Misfit(f"{found} stands where {_EXPECTED.get(type_.shape, 'something else')} belongs", hint)
