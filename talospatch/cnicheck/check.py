"""Checking many nodes: bounded, and no node waits for another one's trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from talospatch.cnicheck.options import CheckOptions
from talospatch.cnicheck.report import CniReport, NodeCni
from talospatch.cnicheck.scan import scan

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.options import NodeRow


async def check(
    client: CniCalls, rows: Iterable[NodeRow], options: CheckOptions | None = None, *, progress: Callable[[NodeCni], None] | None = None
) -> CniReport:
    """Check the CNI result cache of nodes. Changes nothing on any of them.

    Needs os:reader; what only os:admin may see is said to be unknown without it. A node that cannot be reached, is too slow or too old is a
    row with its reason.

    Args:
        client: the client.
        rows: the nodes; a Talos version they hold is not asked for again.
        options: bounds and depth.
        progress: called in the event loop with each node as it is done.

    Returns:
        One row a node, in the order given.
    """
    chosen = options or CheckOptions()
    todo = list(enumerate(rows))
    done: list[NodeCni | None] = [None] * len(todo)
    todo.reverse()

    async def worker() -> None:
        while todo:
            index, row = todo.pop()
            result = done[index] = await scan(client, row, chosen)
            if progress is not None:
                progress(result)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(chosen.concurrency, len(todo))):
            group.create_task(worker())
    return CniReport(tuple(node for node in done if node is not None))
