"""In which order the nodes of a rollout go: the one that risks least first, alone, and whatever keeps the cluster alive last."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from talospatch.planning.effects import Effect
from talospatch.talos.machine_type import MachineType

if TYPE_CHECKING:
    from talospatch.planning.plan import NodePlan

_MILDEST_FIRST = list(Effect)


def safe_order(nodes: Sequence[NodePlan]) -> tuple[NodePlan, ...]:
    """Return the nodes in the order of a rollout; the same nodes always give the same order.

    First those that would change: workers before control planes, mild effects before grave ones, and within an effect the difference that
    most nodes share before rarer ones, so that the first node, the canary, speaks for as many others as one node can. Then those that
    have it already, which are only looked at, and last those that are refused or could not be planned.
    """
    shared = Counter(_kind(node) for node in nodes if node.to_do)

    def rank(node: NodePlan) -> tuple[Any, ...]:
        turn = 0 if node.to_do else 1 if node.may_go_ahead else 2
        grave = _MILDEST_FIRST.index(node.effect)
        return (turn, node.machine_type is not MachineType.WORKER, grave, -shared[_kind(node)], natural(node.name), natural(node.node))

    return tuple(sorted(nodes, key=rank))


def natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a key by which ``worker-2`` stands before ``worker-10``, and 10.0.0.9 before 10.0.0.10."""
    return tuple((False, int(part), "") if part.isdecimal() else (True, 0, part) for part in re.split(r"(\d+)", text) if part)


def _kind(node: NodePlan) -> tuple[Any, ...]:
    return (node.difference.key if node.difference is not None else None, node.effect)
