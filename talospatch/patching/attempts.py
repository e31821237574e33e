"""Which edits to try for several operations: the least first, and no more anew than it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.machineconfig.path import Step
    from talospatch.patching.edits import Edits, Operation

_MOST_SINGLE = 24  # operations that are widened one by one; of more, all together


def attempts(operations: Sequence[Operation]) -> Iterator[tuple[Edits, list[Operation]]]:
    """Yield the edits to try, and the operations for which more than the change is written anew in them."""
    for levels in _levels(operations):
        ways = [min(level, len(operation.ways) - 1) for operation, level in zip(operations, levels, strict=True)]
        regions = [(operation.document, operation.region(way)) for operation, way in zip(operations, ways, strict=True)]
        anew = {region for region in regions if region[1] is not None}
        edits: Edits = []
        wide: list[Operation] = []
        for operation, way, region in zip(operations, ways, regions, strict=True):
            if any(_covers(other, operation) for other in anew if other != region):
                continue  # what is written anew around it is as it is to be
            found = operation.ways[way]() if way >= 0 else None
            if found is None:
                break
            edits += found
            if region[1] is not None:
                wide.append(operation)
        else:
            yield edits, wide


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
    """Return the operations of which the least edits are for the same characters."""
    spans = [(start, end, operation) for operation in operations if operation.ways for start, end, _ in operation.ways[0]() or ()]
    spans.sort(key=lambda span: span[:2])
    pairs = ((one, two) for (_, end, one), (start, _, two) in pairwise(spans) if start < end and one is not two)
    return [operation for pair in pairs for operation in pair]


def _covers(region: tuple[str, tuple[Step, ...] | None], operation: Operation) -> bool:
    """Whether an operation changes something inside of what is written anew."""
    document, steps = region
    return steps is not None and document == operation.document and operation.steps[: len(steps)] == steps
