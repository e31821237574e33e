"""The proof of a repair: the sandbox is gone, the kubelet has stopped complaining, the address is free. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.cni.directories import NETWORKS, SANDBOXES
from talospatch.cni.names import shown
from talospatch.errors import NodeError, NotFound
from talospatch.planning.report import ProofItem

if TYPE_CHECKING:
    from talospatch.cnicheck.repair.calls import LookCalls
    from talospatch.cnicheck.repair.plan import FileRepair, RepairOptions
    from talospatch.rollout.clock import Clock

# What the kubelet and containerd log when a sandbox cannot be stopped (containerd's sandbox_stop.go); the sandbox's ID follows.
PHRASE = b"failed to destroy network for sandbox"
_MOST_LOG = 16 << 20  # bytes of a log that are looked through; Talos keeps about 1 MiB
_MOST_LEASES = 16 << 20  # bytes of an archive of leases
_MOST_SANDBOXES = 200_000

Lines = frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Before:
    """What there was before anything was removed.

    Attributes:
        sandboxes: those of the files that containerd knew.
        leases: addresses by sandbox; None when they could not be read.
    """

    sandboxes: frozenset[str]
    leases: Mapping[str, tuple[str, ...]] | None


async def before(client: LookCalls, node: str, sandboxes: Collection[str], known: frozenset[str]) -> Before:
    """Take note of what has to go. Needs os:admin for the leases."""
    return Before(frozenset(sandboxes) & known, await leases(client, node, sandboxes))


async def leases(client: LookCalls, node: str, sandboxes: Collection[str]) -> Mapping[str, tuple[str, ...]] | None:
    """Return the addresses that host-local holds for sandboxes; None when that could not be seen.

    A lease is a file named by the address, and holds the sandbox's ID first (host-local's backend/disk).
    """
    try:
        copied = await client.copy_files(node, NETWORKS, limit=_MOST_LEASES)
    except NotFound:
        return {}
    except NodeError:
        return None
    found: dict[str, tuple[str, ...]] = {}
    wanted = {sandbox.encode(): sandbox for sandbox in sandboxes}
    for path, content in sorted(copied.files.items()):
        sandbox = wanted.get(content[:64])
        if sandbox is not None:
            found[sandbox] = (*found.get(sandbox, ()), path.rpartition("/")[2])
    return found


async def complaints(client: LookCalls, node: str, sandboxes: Collection[str]) -> dict[str, Lines] | None:
    """Return the kubelet's lines that say that a sandbox does not stop, by sandbox; None when the log could not be read."""
    data = bytearray()
    try:
        async with aclosing(client.logs(node, "kubelet", tail_lines=-1)) as pieces:
            async for piece in pieces:
                data += piece
                if len(data) > _MOST_LOG:
                    return None
    except NodeError:
        return None
    ids = {sandbox.encode(): sandbox for sandbox in sandboxes}
    found: dict[str, set[bytes]] = {sandbox: set() for sandbox in sandboxes}
    for line in bytes(data).split(b"\n"):
        if PHRASE in line:
            for sandbox_bytes, sandbox in ids.items():
                if sandbox_bytes in line:
                    found[sandbox].add(line)
    return {sandbox: frozenset(lines) for sandbox, lines in found.items()}


async def prove(
    client: LookCalls,
    node: str,
    files: Sequence[FileRepair],
    was: Before,
    *,
    options: RepairOptions,
    clock: Clock,
    say: Callable[[str], None],
) -> dict[str, tuple[ProofItem, ...]]:
    """Wait for the kubelet's next tick and look at what it left, by name of the removed file.

    Args:
        client: the client.
        node: the node's address.
        files: those that are gone.
        was: what there was before.
        options: how long the kubelet has.
        clock: tells the time and waits.
        say: told what is waited for.
    """
    sandboxes = {file.order.sandbox for file in files}
    first = await complaints(client, node, sandboxes)
    left = await _wait(client, node, sandboxes & was.sandboxes, options=options, clock=clock, say=say)
    last = await complaints(client, node, sandboxes)
    held = await leases(client, node, sandboxes)
    at = clock.at()
    return {
        file.order.name: (
            ProofItem("file", "gone", "gone", ok=True, at=at),
            _sandbox(file.order.sandbox, was, left, options, at),
            _log(file.order.sandbox, first, last, at),
            _lease(file.order.sandbox, was, held, at),
        )
        for file in files
    }


async def _wait(
    client: LookCalls,
    node: str,
    sandboxes: frozenset[str] | set[str],
    *,
    options: RepairOptions,
    clock: Clock,
    say: Callable[[str], None],
) -> frozenset[str] | None:
    """Return which sandboxes are left when all are gone or the time is up; None when that could not be seen in the end."""
    if not sandboxes:
        return frozenset()
    say(f"waiting up to {options.settle:g} s for the kubelet to remove the sandbox")
    end = clock.now() + options.settle
    while True:
        last = clock.now() >= end  # asked before, so that the last look is one after the time is up
        known = await _known(client, node)
        left = None if known is None else frozenset(sandboxes) & known
        if (left is not None and not left) or last:
            return left
        await clock.sleep(min(options.poll, max(end - clock.now(), 0.0)) or options.poll)


async def _known(client: LookCalls, node: str) -> frozenset[str] | None:
    names: set[str] = set()
    try:
        async with aclosing(client.list_files(node, SANDBOXES)) as entries:
            async for entry in entries:
                if not entry.error:
                    names.add(entry.relative_name)
                if len(names) > _MOST_SANDBOXES:
                    return None
    except NodeError:
        return None
    return frozenset(names)


def _sandbox(sandbox: str, was: Before, left: frozenset[str] | None, options: RepairOptions, at: float) -> ProofItem:
    expected = "removed by the kubelet"
    if sandbox not in was.sandboxes:
        return ProofItem("sandbox", expected, "was gone before", ok=True, at=at)
    if left is None:
        return ProofItem("sandbox", expected, "could not be seen", ok=None, at=at)
    if sandbox in left:
        return ProofItem("sandbox", expected, f"still there after {options.settle:g} s", ok=False, at=at)
    return ProofItem("sandbox", expected, "removed", ok=True, at=at)


def _log(sandbox: str, first: Mapping[str, Lines] | None, last: Mapping[str, Lines] | None, at: float) -> ProofItem:
    expected = "no new line that it does not stop"
    if first is None or last is None:
        return ProofItem("kubelet log", expected, "could not be read", ok=None, at=at)
    new = last[sandbox] - first[sandbox]
    if new:
        return ProofItem("kubelet log", expected, f"{len(new)} new", ok=False, at=at)
    return ProofItem("kubelet log", expected, "none", ok=True, at=at)


def _lease(sandbox: str, was: Before, held: Mapping[str, tuple[str, ...]] | None, at: float) -> ProofItem:
    expected = "its address is free"
    if was.leases is not None and not was.leases.get(sandbox):
        return ProofItem("lease", expected, "it held none", ok=True, at=at)
    if was.leases is None or held is None:
        return ProofItem("lease", expected, "could not be seen", ok=None, at=at)
    addresses = ", ".join(map(shown, was.leases[sandbox]))
    if held.get(sandbox):
        return ProofItem("lease", expected, f"{', '.join(map(shown, held[sandbox]))} still held", ok=False, at=at)
    return ProofItem("lease", expected, f"{addresses} is free", ok=True, at=at)
