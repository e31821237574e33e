"""From options to a cluster: which talosconfig, which nodes, and what ``-v`` shows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from talospatch.cli.cluster_options import NO_TARGET, Connection, Journal, Selection
from talospatch.cli.layout import printable
from talospatch.cli.options import split
from talospatch.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from talospatch.cli.terminal import Terminal
    from talospatch.fleet.async_cluster import AsyncCluster
    from talospatch.fleet.targets import Targets


def targets(selection: Selection) -> Targets:
    """Return the nodes that were named. The nodes of a talosconfig context do not count as named.

    Raises:
        RefusedError: ``no-target``; the message lists the options that name nodes.
        InputError: a name or the filter cannot be one.
    """
    from talospatch.fleet import targets as fleet

    groups = (
        (selection.everything, fleet.all_nodes),
        (selection.workers, fleet.workers),
        (selection.control_planes, fleet.control_planes),
    )
    chosen = [group() for wanted, group in groups if wanted]
    if named := split(selection.nodes):
        chosen.append(fleet.nodes(*named))
    if not chosen:
        raise RefusedError("no-target", f"no nodes were named; {NO_TARGET}")
    joined = chosen[0]
    for more in chosen[1:]:
        joined |= more
    return joined.filter(selection.pattern) if selection.pattern else joined


@asynccontextmanager
async def connected(connection: Connection, terminal: Terminal, journal: Journal | None = None) -> AsyncIterator[AsyncCluster]:
    """Connect for the length of a block; what is odd about the talosconfig is said on stderr.

    Raises:
        TalosconfigError, DialError: why there is no connection.
    """
    from talospatch.cli.trace import observer
    from talospatch.fleet.async_cluster import AsyncCluster

    async with AsyncCluster.from_talosconfig(
        connection.talosconfig,
        context=connection.context,
        endpoints=split(connection.endpoints) or None,
        cluster=connection.cluster,
        timeout=connection.timeout,
        journal_dir=journal.journal_dir if journal else None,
        observer=observer(terminal) if connection.verbose else None,
    ) as cluster:
        for finding in cluster.findings:
            hint = f"; {finding.hint}" if finding.hint else ""
            terminal.say(f"{terminal.error_paint('notice', finding.severity.value)} {printable(finding.message + hint)}")
        yield cluster
