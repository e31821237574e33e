"""Which edits to try for several operations: the smallest first, writing no more text anew than necessary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from talospatch.machineconfig.path import Step
    from talospatch.patching.edits import Edits, Operation

_MOST_SINGLE = 24  # operations that are widened one by one; of more, all together first

_Found = TypeVar("_Found")


class Region(NamedTuple):
    """What is written anew around a change: the document, and the steps to the collection."""

    document: str
    steps: tuple[Step, ...]


def first_proven(operations: Sequence[Operation], prove: Callable[[Edits, list[Region]], _Found | None]) -> _Found | None:
    """Return what the first edits that prove right give, or None where none do.

    Args:
        operations: what has to change.
        prove: returns None for edits that are not right; gets the edits, and what they write anew beyond the change itself.
    """

    def tried(levels: Sequence[int]) -> _Found | None:
        made = _edits(operations, levels)
        return None if made is None else prove(*made)

    for levels in _levels(operations):
        if (found := tried(levels)) is not None:
            return _narrowed(levels, tried, found)
    return None


def _narrowed(levels: Sequence[int], tried: Callable[[Sequence[int]], _Found | None], found: _Found) -> _Found:
    """Return what is found with as few operations widened as will do: halves of them go back to their least edit, then halves of these."""
    levels = list(levels)
    widened = [index for index, level in enumerate(levels) if level]
    size = len(widened) // 2
    while size:
        for start in range(0, len(widened), size):
            chunk = set(widened[start : start + size])
            fewer = [0 if index in chunk else level for index, level in enumerate(levels)]
            if fewer != levels and any(fewer) and (better := tried(fewer)) is not None:
                levels, found = fewer, better
        size //= 2
    return found


def _edits(operations: Sequence[Operation], levels: Sequence[int]) -> tuple[Edits, list[Region]] | None:
    """Return the edits of operations at some level each, and what they write anew; None where an operation has no such edit."""
    ways = [min(level, len(operation.ways) - 1) for operation, level in zip(operations, levels, strict=True)]
    regions = [_region(operation, way) for operation, way in zip(operations, ways, strict=True)]
    anew = {region for region in regions if region is not None}
    edits: Edits = []
    wide: list[Region] = []
    for operation, way, region in zip(operations, ways, regions, strict=True):
        if any(_covers(other, operation) for other in anew if other != region):
            continue  # a region around it that is written anew already contains this change
        found = operation.ways[way]() if way >= 0 else None
        if found is None:
            return None
        edits += found
        if region is not None:
            wide.append(region)
    return edits, wide


def _region(operation: Operation, way: int) -> Region | None:
    steps = operation.region(way)
    return None if steps is None else Region(operation.document, steps)


def _levels(operations: Sequence[Operation]) -> Iterator[list[int]]:
    """Yield which way each operation is to go: the least, then wider ones where edits clash, of one at a time, of all."""
    yield [0] * len(operations)
    most = max((len(operation.ways) for operation in operations), default=1)
    if clashing := _clashing(operations):
        yield from ([level if operation in clashing else 0 for operation in operations] for level in range(1, most))
    if 1 < len(operations) <= _MOST_SINGLE:
        for single, operation in enumerate(operations):
            for level in range(1, len(operation.ways)):
                yield [level if index == single else 0 for index in range(len(operations))]
    yield from ([level] * len(operations) for level in range(1, most))


def _clashing(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations of which the least edits are for the same characters, or insert at the same place."""
    spans = [(start, end, operation) for operation in operations if operation.ways for start, end, _ in operation.ways[0]() or ()]
    spans.sort(key=lambda span: span[:2])
    pairs = (
        (one, two) for (first, end, one), (start, _, two) in pairwise(spans) if one is not two and (start < end or first == end == start)
    )
    return [operation for pair in pairs for operation in pair]


def _covers(region: Region, operation: Operation) -> bool:
    """Whether an operation changes something inside of what is written anew."""
    return region.document == operation.document and operation.steps[: len(region.steps)] == region.steps
