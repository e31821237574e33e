"""Which elements of one list are which of another: what stayed, what changed, what came and what went."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from talospatch.machineconfig.typed.equality import alike
from talospatch.patching.list_keys import key_of

if TYPE_CHECKING:
    from talospatch.machineconfig.typed.schema import Type

_MOST_CELLS = 250_000  # of the table that finds a longest common part; beyond it what differs is taken as replaced


class ListChange(NamedTuple):
    """An element that is not as it was.

    Attributes:
        before: its old index; None when it came.
        after: its new index; None when it went.
        place: the old index at which it changed, went or comes in.
    """

    before: int | None
    after: int | None
    place: int


def align(inner: Type, before: list[Any], after: list[Any]) -> list[ListChange]:
    """Return what differs between two lists of elements of one type, in order."""
    start = 0
    while start < min(len(before), len(after)) and alike(inner, before[start], after[start]):
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and alike(inner, before[-1 - end], after[-1 - end]):
        end += 1
    olds, news = range(start, len(before) - end), range(start, len(after) - end)
    changes: list[ListChange] = []
    old, new = start, start
    for kept_old, kept_new in [*_common(inner, before, after, olds, news), (olds.stop, news.stop)]:
        changes += _gap(inner, before, after, range(old, kept_old), range(new, kept_new))
        if kept_old < olds.stop and not alike(inner, before[kept_old], after[kept_new]):
            changes.append(ListChange(kept_old, kept_new, kept_old))
        old, new = kept_old + 1, kept_new + 1
    return changes


def _gap(inner: Type, before: list[Any], after: list[Any], olds: range, news: range) -> list[ListChange]:
    """Return the changes between two elements that stayed. As many as before are the old ones changed, unless keys tell them apart."""
    if len(olds) == len(news) and not any(_key(inner, before[old]) or _key(inner, after[new]) for old, new in zip(olds, news, strict=True)):
        return [ListChange(old, new, old) for old, new in zip(olds, news, strict=True)]
    return [ListChange(old, None, old) for old in olds] + [ListChange(None, new, olds.stop) for new in news]


def _common(inner: Type, before: list[Any], after: list[Any], olds: range, news: range) -> list[tuple[int, int]]:
    """Return pairs of indexes of a longest common part, by key or by equality."""
    if not olds or not news or len(olds) * len(news) > _MOST_CELLS:
        return []
    same = [[_is_same(inner, before[old], after[new]) for new in news] for old in olds]
    lengths = [[0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for i in range(len(olds) - 1, -1, -1):
        for j in range(len(news) - 1, -1, -1):
            lengths[i][j] = lengths[i + 1][j + 1] + 1 if same[i][j] else max(lengths[i + 1][j], lengths[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(olds) and j < len(news):
        if same[i][j]:
            pairs.append((olds[i], news[j]))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _is_same(inner: Type, one: Any, other: Any) -> bool:
    key = _key(inner, one)
    return key == _key(inner, other) if key is not None else alike(inner, one, other)


def _key(inner: Type, element: Any) -> tuple[Any, ...] | None:
    return key_of(inner.name, element) if isinstance(element, dict) else None


def unchanged(after: list[Any], changes: list[ListChange]) -> dict[int, int]:
    """Return the old index of each new element that no change names."""
    named_old = {change.before for change in changes if change.before is not None}
    named_new = {change.after for change in changes if change.after is not None}
    olds = (index for index in count() if index not in named_old)
    return dict(zip((index for index in range(len(after)) if index not in named_new), olds, strict=False))


def moved(inner: Type, before: list[Any], after: list[Any], changes: list[ListChange]) -> dict[int, int]:
    """Return the old index of each new element that came and is the same as one that went."""
    gone = [change.before for change in changes if change.after is None and change.before is not None]
    came = [change.after for change in changes if change.before is None and change.after is not None]
    found: dict[int, int] = {}
    if len(gone) * len(came) > _MOST_CELLS:
        return found
    for new in came:
        old = next((index for index in gone if alike(inner, before[index], after[new])), None)
        if old is not None:
            gone.remove(old)
            found[new] = old
    return found
