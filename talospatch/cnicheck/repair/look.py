"""Looking at one node so closely that a file of it may be removed."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from talospatch.cni.directories import RESULTS, TASKS
from talospatch.cni.eligibility import Look
from talospatch.cni.rules import Verdict
from talospatch.cnicheck.scan import scan
from talospatch.errors import IncompleteAnswer, NodeError, TalosPatchError

if TYPE_CHECKING:
    from talospatch.cnicheck.options import CheckOptions
    from talospatch.cnicheck.repair.calls import LookCalls
    from talospatch.cnicheck.report import NodeCni
    from talospatch.rollout.clock import Clock
    from talospatch.rollout.rows import NodeRow
    from talospatch.talos.files import FileInfo

_MOST_ENTRIES = 200_000  # entries of a directory that are waited for; no node has as many
_MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look gave.

    Attributes:
        node: the check's row for it.
        look: what a removal is decided by; None when the node could not be looked at, which ``node.error`` explains.
    """

    node: NodeCni
    look: Look | None = None


async def look_at(client: LookCalls, row: NodeRow, options: CheckOptions, clock: Clock) -> Looked:
    """Look at one node. Never fails: what went wrong is in the answer. Needs os:admin."""
    started = clock.now()
    node = await scan(client, row, replace(options, keep_sandboxes=True, may_read=True, most_rows=_MOST_ROWS, now=clock.at))
    if node.error:
        return Looked(node)
    try:
        boot_id = await client.boot_id(row.address)
        tasks = await _tasks(client, row.address)
    except TalosPatchError as error:
        return Looked(replace(node, error=str(error)))
    listed = sum(node.counts.values()) - node.counts.get(Verdict.HEALTHY, 0) - node.unread
    whole = not node.incomplete and len(node.files) == listed
    files = {judged.file.name: judged for judged in node.files}
    # A look is as old as its first call: what that call saw may have changed while the later ones were made.
    return Looked(node, Look(started, node.state, files, tasks, boot_id, whole))


async def file_info(client: LookCalls, node: str, name: str) -> FileInfo | None:
    """Return what the cache's directory says of one file; None when it is not there.

    Raises:
        IncompleteAnswer: what was listed is not the cache's directory, or there is no end of it.
        NodeError: the call failed.
    """
    found: FileInfo | None = None
    seen = 0
    async with aclosing(client.list_files(node, RESULTS)) as entries:
        async for entry in entries:
            seen += 1
            if seen == 1 and (entry.relative_name, entry.name) != (".", RESULTS):
                raise IncompleteAnswer(node, "List", "OK", f"the node listed something else than {RESULTS}: it may be a link")
            if seen > _MOST_ENTRIES:
                raise IncompleteAnswer(node, "List", "OK", f"{RESULTS} has more than {_MOST_ENTRIES} entries")
            if entry.relative_name == name:
                found = entry
    if seen == 0:
        raise IncompleteAnswer(node, "List", "OK", f"nothing came of the list of {RESULTS}")
    return found


async def _tasks(client: LookCalls, node: str) -> frozenset[str] | None:
    """Return what runs; None where that cannot be seen, which is no failure: other evidence may do."""
    names: set[str] = set()
    try:
        async with aclosing(client.list_files(node, TASKS)) as entries:
            async for entry in entries:
                if entry.error and "no such file or directory" not in entry.error:
                    return None
                if entry.relative_name not in (".", "") and entry.is_directory:
                    names.add(entry.relative_name)
                if len(names) > _MOST_ENTRIES:
                    return None
    except NodeError:
        return None
    return frozenset(names)
