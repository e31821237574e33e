"""Checking many nodes: bounded, and no node waits for another one's trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.cni.addresses import no_address
from talospatch.cni.rules import WORST_FIRST
from talospatch.cni.story import Traces, story
from talospatch.cnicheck.confirm import confirmed
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.cnicheck.report import UNKNOWN_NODE, CniReport, NodeCni
from talospatch.cnicheck.scan import scan

if TYPE_CHECKING:
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.copied import Copy
    from talospatch.rollout.rows import NodeRow


async def check(
    client: CniCalls,
    rows: Iterable[NodeRow],
    options: CheckOptions | None = None,
    *,
    after: CniReport | None = None,
    progress: Callable[[NodeCni], None] | None = None,
) -> CniReport:
    """Check the CNI result cache of nodes. Changes nothing on any of them.

    Needs os:reader; what only os:admin may see is said to be unknown without it. A node that cannot be reached, is too slow or too old is a
    row with its reason.

    Args:
        client: the client.
        rows: the nodes; a Talos version they hold is not asked for again.
        options: bounds and depth.
        after: an earlier report: each file then tells for how long it has been seen unchanged. Nothing may be done about a file before
            that is a minute.
        progress: called in the event loop with each node as it is done.

    Returns:
        One row for each node, in the order given, and the stories of sandboxes that logs from elsewhere name and none of these nodes has.
    """
    chosen = options or CheckOptions()
    todo = list(enumerate(rows))
    done: list[NodeCni | None] = [None] * len(todo)
    earlier = {node.address: node for node in after.nodes} if after is not None else {}
    todo.reverse()

    async def worker() -> None:
        while todo:
            index, row = todo.pop()
            result = await scan(client, row, chosen)
            if row.address in earlier:
                result = confirmed(earlier[row.address], result)
            done[index] = result
            if progress is not None:
                progress(result)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(chosen.concurrency, len(todo))):
            group.create_task(worker())
    return with_unplaced(CniReport(tuple(node for node in done if node is not None)), chosen)


async def check_copies(copies: Mapping[str, Copy], options: CheckOptions | None = None) -> CniReport:
    """Check what somebody copied from nodes, and logs from elsewhere; without any copy, logs alone.

    Args:
        copies: by the name that each has in the report.
        options: bounds and depth; times are compared with their clock.

    Returns:
        One row for each copy, in the order given, and the stories of sandboxes that the logs name and none of the copies has.
    """
    chosen = options or CheckOptions()
    nodes = [await scan(copy, NodeToCheck(name), chosen) for name, copy in copies.items()]
    return with_unplaced(CniReport(tuple(nodes)), chosen)


def with_unplaced(report: CniReport, options: CheckOptions) -> CniReport:
    """Return a report with what the options' logs tell of sandboxes that are on none of its nodes."""
    logs = options.logs
    if logs is None:
        return report
    placed = {story.sandbox for node in report.nodes for story in node.stories}
    traces = Traces(logs=logs, are_files_complete=False)
    told = [story(sandbox, (), traces, UNKNOWN_NODE) for sandbox in logs.sandboxes if sandbox not in placed]
    if options.about is not None:
        about = options.about
        told = [each for each in told if about.takes_sandbox(each.sandbox) or about.takes_pod(each.pod)]
    told.sort(key=lambda each: (WORST_FIRST.index(each.verdict), each.sandbox))
    left = len(told) - options.most_rows
    empty = tuple(no_address(pool, at) for pool, at in logs.exhausted.items())
    notes = (*logs.notes, *empty, *((f"{left} more sandboxes of the logs are not listed",) if left > 0 else ()))
    return replace(report, unplaced=tuple(told[: options.most_rows]), notes=notes)
