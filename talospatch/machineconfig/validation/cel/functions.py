"""Functions and operators of CEL: their signatures, one to a line, as ``name(arguments) result`` or ``target.name(arguments) result``.

A, B, K and V are type variables. Comparisons of numbers of different types stand apart: the reference has them switched off, but forgets
that from the first macro of an expression on.
Source: the CEL language definition, list of standard definitions; for optional values cel-go's extension.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from talospatch.machineconfig.validation.cel.types import DURATION, TIMESTAMP, Bindings, CelType


class Signature(NamedTuple):
    """One signature: whether it is called on a target, the types of target and arguments, and of the result."""

    member: bool
    arguments: tuple[CelType, ...]
    result: CelType


_ORDERED = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")
_NUMBERS = ("int", "uint", "double")
_COMPARISONS = ("<", "<=", ">", ">=")
_ACCESSORS = ("getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek")
_CLOCK = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
_CONVERSIONS = {
    "bool": "bool string",
    "bytes": "bytes string",
    "double": "double int string uint",
    "duration": "duration string",
    "int": "int double duration string timestamp uint",
    "string": "string bool bytes double duration int timestamp uint",
    "timestamp": "timestamp int string",
    "uint": "uint double int string",
}
_FIXED = """
_?_:_(bool, A, A) A
_&&_(bool, bool) bool
_||_(bool, bool) bool
!_(bool) bool
_==_(A, A) bool
_!=_(A, A) bool
_+_(bytes, bytes) bytes
_+_(double, double) double
_+_(duration, duration) duration
_+_(duration, timestamp) timestamp
_+_(timestamp, duration) timestamp
_+_(int, int) int
_+_(list(A), list(A)) list(A)
_+_(string, string) string
_+_(uint, uint) uint
_-_(double, double) double
_-_(duration, duration) duration
_-_(int, int) int
_-_(timestamp, duration) timestamp
_-_(timestamp, timestamp) duration
_-_(uint, uint) uint
_%_(int, int) int
_%_(uint, uint) uint
-_(double) double
-_(int) int
_[_](list(A), int) A
_[_](map(A, B), A) B
@in(A, list(A)) bool
@in(A, map(A, B)) bool
type(A) type(A)
dyn(A) dyn
string.contains(string) bool
string.endsWith(string) bool
string.startsWith(string) bool
matches(string, string) bool
string.matches(string) bool
"""
_OPTIONAL = """
optional.of(V) optional_type(V)
optional.ofNonZeroValue(V) optional_type(V)
optional.none() optional_type(V)
optional.unwrap(list(optional_type(V))) list(V)
optional_type(V).value() V
optional_type(V).hasValue() bool
optional_type(V).or(optional_type(V)) optional_type(V)
optional_type(V).orValue(V) V
list(V).first() optional_type(V)
list(V).last() optional_type(V)
list(optional_type(V)).unwrapOpt() list(V)
_[?_](list(V), int) optional_type(V)
_[?_](optional_type(list(V)), int) optional_type(V)
_[?_](map(K, V), K) optional_type(V)
_[?_](optional_type(map(K, V)), K) optional_type(V)
_[_](optional_type(list(V)), int) optional_type(V)
_[_](optional_type(map(K, V)), K) optional_type(V)
"""
# Functions with a dot in their name, which is no target.
_DOTTED = frozenset({"optional.of", "optional.ofNonZeroValue", "optional.none", "optional.unwrap"})
_TYPE = re.compile(r"([A-Za-z_.]+)|([(),])")
_LINE = re.compile(r"(?:(?P<target>[a-z_]+(?:\([^ ]*\))?)\.)?(?P<name>[^\s(.]+?)\((?P<arguments>.*)\) (?P<result>\S.*)")
_PARTS = {"duration": DURATION, "timestamp": TIMESTAMP}


def _lines() -> list[str]:
    lines = [line for line in (_FIXED + _OPTIONAL).splitlines() if line]
    lines += [f"_{sign}_({type_}, {type_}) bool" for sign in _COMPARISONS for type_ in _ORDERED]
    lines += [f"_{sign}_({type_}, {type_}) {type_}" for sign in "*/" for type_ in ("double", "int", "uint")]
    lines += [f"{name}({type_}) {name}" for name, types in _CONVERSIONS.items() for type_ in types.split()]
    lines += [f"{call} int" for type_ in ("bytes", "list(A)", "map(A,B)", "string") for call in (f"size({type_})", f"{type_}.size()")]
    lines += [f"timestamp.{name}({zone}) int" for name in (*_ACCESSORS, *_CLOCK) for zone in ("", "string")]
    lines += [f"duration.{name}() int" for name in _CLOCK]
    return lines


@cache
def mixed_comparisons() -> dict[str, tuple[Signature, ...]]:
    """Return the comparisons of numbers of different types."""
    pairs = [(one, two) for one in _NUMBERS for two in _NUMBERS if one != two]
    lines = {f"_{sign}_": [f"_{sign}_({one}, {two}) bool" for one, two in pairs] for sign in _COMPARISONS}
    return {name: tuple(read_signature(line)[1] for line in group) for name, group in lines.items()}


def read_type(text: str) -> CelType:
    """Return the type that is written so, such as ``map(int, double)``; single capitals are variables."""
    types = read_types(text)
    assert len(types) == 1, text
    return types[0]


def read_types(text: str) -> tuple[CelType, ...]:
    """Return the types of a list, separated by commas."""
    stack: list[list[CelType]] = [[]]
    names: list[str] = []
    for match in _TYPE.finditer(text):
        word, sign = match.groups()
        if word is not None:
            if word in _PARTS:
                stack[-1].append(_PARTS[word])
            else:
                stack[-1].append(CelType(word, variable=len(word) == 1, message="." in word))
        elif sign == "(":
            names.append(stack[-1].pop().name)
            stack.append([])
        elif sign == ")":
            inside = tuple(stack.pop())
            stack[-1].append(CelType(names.pop(), inside))
    return tuple(stack[0])


@cache
def standard(optional: bool) -> dict[str, tuple[Signature, ...]]:
    """Return all signatures by name.

    Args:
        optional: whether those of optional values are among them.
    """
    found: dict[str, list[Signature]] = {}
    hidden = set() if optional else {line for line in _OPTIONAL.splitlines() if line}
    for line in _lines():
        if line not in hidden:
            name, signature = read_signature(line)
            found.setdefault(name, []).append(signature)
    return {name: tuple(signatures) for name, signatures in found.items()}


def read_signature(line: str) -> tuple[str, Signature]:
    """Return name and signature of a line as this module writes them."""
    match = _LINE.fullmatch(line)
    assert match is not None, line
    target, name = match["target"], match["name"]
    if target is not None and f"{target}.{name}" in _DOTTED:
        target, name = None, f"{target}.{name}"
    given = ([target] if target is not None else []) + ([match["arguments"]] if match["arguments"] else [])
    return name, Signature(target is not None, read_types(", ".join(given)), read_type(match["result"]))


def instance(signature: Signature, bindings: Bindings) -> Signature:
    """Return a signature with fresh variables in place of its own."""
    fresh: dict[str, CelType] = {}

    def renewed(type_: CelType) -> CelType:
        if type_.variable:
            return fresh.setdefault(type_.name, bindings.fresh())
        return CelType(type_.name, tuple(map(renewed, type_.inside)), message=type_.message) if type_.inside else type_

    return Signature(signature.member, tuple(map(renewed, signature.arguments)), renewed(signature.result))
