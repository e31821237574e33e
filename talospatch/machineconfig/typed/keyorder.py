"""The order in which go-yaml writes the keys of a map: natural, so that a9 comes before a10."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from talospatch.machineconfig.scalars import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

# Kinds of Go, in the order of reflect's numbers: how keys of different kinds stand to each other.
_KINDS = ((bool, 1), (int, 2), (float, 14), (Timestamp, 25), (str, 24))


def in_order(keys: Iterable[str]) -> list[str]:
    """Return text keys in the order of writing."""
    found = list(keys)
    if len(found) > 1:
        found.sort(key=_by_text)
    return found


def in_old_order(keys: Iterable[str]) -> list[str]:
    """Return text keys in the order of yaml.v2, in which a letter comes last behind digits too."""
    return sorted(keys, key=_by_old_rule)


def any_in_order(keys: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return keys of any kind, pairs of Go's type and the value, in the order of writing."""
    return sorted(keys, key=_by_kind)


def _compare_any(first: tuple[str, Any], second: tuple[str, Any]) -> int:
    """Compare as go-yaml's keyList: numbers and bools by value, other kinds apart, texts naturally."""
    left, right = first[1], second[1]
    kinds = _kind(left), _kind(right)
    if isinstance(left, bool | int | float) and isinstance(right, bool | int | float):
        return (left > right) - (left < right) or kinds[0] - kinds[1]
    if kinds != (24, 24):
        return kinds[0] - kinds[1]
    return _compare(left, right)


def _kind(key: Any) -> int:
    return next((number for kind, number in _KINDS if isinstance(key, kind)), 20)


def _compare_old(left: str, right: str) -> int:
    return _compare(left, right, digits_count=False)


def _compare(left: str, right: str, *, digits_count: bool = True) -> int:
    """Compare two texts: letters by themselves, runs of digits by their number.

    Source: keyList.Less of yaml.v3 and v4, the same in all four minors; of yaml.v2 where ``digits_count`` is false.
    """
    digits = False
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one == other:
            digits = digits_count and one.isdecimal()
            continue
        letters = one.isalpha(), other.isalpha()
        if all(letters):
            return -1 if one < other else 1
        if any(letters):
            # Behind a digit a letter comes first, elsewhere it comes last.
            return (-1 if letters[0] else 1) if digits else (-1 if letters[1] else 1)
        return _compare_digits(left, right, index)
    return len(left) - len(right)


def _compare_digits(left: str, right: str, index: int) -> int:
    first, second = _run(left, index), _run(right, index)
    lead = ""
    if "0" in {left[index], right[index]}:
        back = index
        while back and left[back - 1].isdecimal():
            back -= 1
            if left[back] != "0":
                lead = "1"  # zeros behind another digit count
                break
    numbers = int(lead + first or "0"), int(lead + second or "0")
    if numbers[0] != numbers[1]:
        return -1 if numbers[0] < numbers[1] else 1
    if len(first) != len(second):
        return -1 if len(first) < len(second) else 1
    return -1 if left[index] < right[index] else 1


def _run(text: str, index: int) -> str:
    end = index
    while end < len(text) and text[end].isdecimal():
        end += 1
    return text[index:end]


_by_text = cmp_to_key(_compare)
_by_old_rule = cmp_to_key(_compare_old)
_by_kind = cmp_to_key(_compare_any)
