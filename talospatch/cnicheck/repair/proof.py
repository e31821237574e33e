"""The proof of a repair: the sandbox stopped, the kubelet has stopped complaining, the address is free. Nothing here changes anything.

Mostly a sandbox that stopped is removed at once. The kubelet keeps one that holds a dead container, and the latest one of a pod that still
exists (evictSandboxes in kuberuntime_gc.go): of such a one containerd's log tells that it stopped, or the address that it let go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talospatch.cni.directories import NETWORKS, SANDBOXES
from talospatch.cni.logs import ENDED
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

# Names of what is looked at. A file that is gone and a log without a new failure show that removing it did what it was to do.
FILE, SANDBOX, LOG, LEASE = "file", "sandbox", "kubelet log", "lease"

Lines = frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Before:
    """What there was before anything was removed.

    Attributes:
        sandboxes: those of the files that containerd knew.
        leases: addresses by sandbox; None when they could not be read.
        ended: containerd's lines that say that a sandbox was stopped, by sandbox; None when its log could not be read.
    """

    sandboxes: frozenset[str]
    leases: Mapping[str, tuple[str, ...]] | None
    ended: Mapping[str, Lines] | None


async def before(client: LookCalls, node: str, sandboxes: Collection[str], known: frozenset[str]) -> Before:
    """Take note of what has to go. Needs os:admin for the leases."""
    held = await leases(client, node, sandboxes)
    return Before(frozenset(sandboxes) & known, held, await _ended(client, node, sandboxes))


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
    data = await _log_of(client, node, "kubelet")
    if data is None:
        return None
    ids = {sandbox.encode(): sandbox for sandbox in sandboxes}
    found: dict[str, set[bytes]] = {sandbox: set() for sandbox in sandboxes}
    for line in data.split(b"\n"):
        if PHRASE in line:
            for sandbox_bytes, sandbox in ids.items():
                if sandbox_bytes in line:
                    found[sandbox].add(line)
    return {sandbox: frozenset(lines) for sandbox, lines in found.items()}


async def _ended(client: LookCalls, node: str, sandboxes: Collection[str]) -> dict[str, Lines] | None:
    """Return containerd's lines that say that a sandbox was stopped, by sandbox; None when the log could not be read."""
    data = await _log_of(client, node, "cri")
    if data is None:
        return None
    found: dict[str, set[bytes]] = {sandbox: set() for sandbox in sandboxes}
    for line in data.split(b"\n"):
        said = ENDED.search(line)
        if said is not None and (sandbox := said[1].decode()) in found:
            found[sandbox].add(line)
    return {sandbox: frozenset(lines) for sandbox, lines in found.items()}


async def _log_of(client: LookCalls, node: str, service: str) -> bytes | None:
    data = bytearray()
    try:
        async with aclosing(client.logs(node, service, tail_lines=-1)) as pieces:
            async for piece in pieces:
                data += piece
                if len(data) > _MOST_LOG:
                    return None
    except NodeError:
        return None
    return bytes(data)


async def _stopped(client: LookCalls, node: str, sandboxes: Collection[str], was: Before) -> frozenset[str]:
    """Return the sandboxes of which containerd says since then that it stopped them."""
    told = await _ended(client, node, sandboxes)
    if told is None or was.ended is None:
        return frozenset()
    return frozenset(sandbox for sandbox in sandboxes if told[sandbox] - was.ended.get(sandbox, frozenset()))


@dataclass(frozen=True, slots=True)
class _After:
    """What there is afterwards.

    Attributes:
        left: sandboxes that containerd still has; None when that could not be seen.
        stopped: those of which it says that it stopped them.
        first, last: the kubelet's complaints right after the removal, and in the end.
        held: addresses by sandbox.
    """

    left: frozenset[str] | None
    stopped: frozenset[str]
    first: Mapping[str, Lines] | None
    last: Mapping[str, Lines] | None
    held: Mapping[str, tuple[str, ...]] | None

    def is_quiet(self, sandbox: str) -> bool:
        """Whether the log was seen not to complain of it any more."""
        return self.first is not None and self.last is not None and not self.last[sandbox] - self.first[sandbox]


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
    left = await _wait(client, node, sandboxes & was.sandboxes, was, options=options, clock=clock, say=say)
    stopped = await _stopped(client, node, left, was) if left else frozenset()
    last = await complaints(client, node, sandboxes)
    after = _After(left, stopped, first, last, await leases(client, node, sandboxes))
    at = clock.at()
    return {
        file.order.name: (
            ProofItem(FILE, "gone", "gone", ok=True, at=at),
            _sandbox(file.order.sandbox, was, after, options, at),
            _log(file.order.sandbox, after, at),
            _lease(file.order.sandbox, was, after, at),
        )
        for file in files
    }


async def _wait(
    client: LookCalls,
    node: str,
    sandboxes: frozenset[str] | set[str],
    was: Before,
    *,
    options: RepairOptions,
    clock: Clock,
    say: Callable[[str], None],
) -> frozenset[str] | None:
    """Return which sandboxes are left when all are gone or have stopped, or the time is up; None when that was not seen in the end.

    What has stopped gets one more look: the kubelet removes it right afterwards, unless it keeps it.
    """
    if not sandboxes:
        return frozenset()
    say(f"waiting up to {options.settle:g} s for the kubelet to stop the sandbox")
    end = clock.now() + options.settle
    stopped: frozenset[str] = frozenset()
    while True:
        last = clock.now() >= end  # asked before, so that the last look is one after the time is up
        known = await _known(client, node)
        left = None if known is None else frozenset(sandboxes) & known
        if last or (left is not None and left <= stopped):
            return left
        stopped = await _stopped(client, node, left, was) if left else stopped
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


def _sandbox(sandbox: str, was: Before, after: _After, options: RepairOptions, at: float) -> ProofItem:
    expected = "stopped by the kubelet, and removed unless its pod still exists"
    if sandbox not in was.sandboxes:
        return ProofItem(SANDBOX, expected, "was gone before", ok=True, at=at)
    if after.left is not None and sandbox not in after.left:
        return ProofItem(SANDBOX, expected, "removed", ok=True, at=at)
    if sandbox in after.stopped:
        return ProofItem(SANDBOX, expected, "stopped, as containerd's log says, and kept, as for a pod that still exists", ok=True, at=at)
    if _is_free(sandbox, was, after) and after.is_quiet(sandbox):
        seen = "stopped: its address is free and nothing fails any more; kept, as for a pod that still exists"
        return ProofItem(SANDBOX, expected, seen, ok=True, at=at)
    if after.left is None:
        return ProofItem(SANDBOX, expected, "could not be seen", ok=None, at=at)
    return ProofItem(SANDBOX, expected, f"still there after {options.settle:g} s, and not seen to stop", ok=False, at=at)


def _is_free(sandbox: str, was: Before, after: _After) -> bool:
    """Whether an address that was held for a sandbox is seen not to be any more."""
    return bool(was.leases and was.leases.get(sandbox)) and after.held is not None and not after.held.get(sandbox)


def _log(sandbox: str, after: _After, at: float) -> ProofItem:
    expected = "no new line that it does not stop"
    if after.first is None or after.last is None:
        return ProofItem(LOG, expected, "could not be read", ok=None, at=at)
    if not after.is_quiet(sandbox):
        return ProofItem(LOG, expected, f"{len(after.last[sandbox] - after.first[sandbox])} new", ok=False, at=at)
    return ProofItem(LOG, expected, "none", ok=True, at=at)


def _lease(sandbox: str, was: Before, after: _After, at: float) -> ProofItem:
    expected = "its address is free"
    if was.leases is not None and not was.leases.get(sandbox):
        return ProofItem(LEASE, expected, "it held none", ok=True, at=at)
    if was.leases is None or after.held is None:
        return ProofItem(LEASE, expected, "could not be seen", ok=None, at=at)
    if _is_free(sandbox, was, after):
        return ProofItem(LEASE, expected, f"{', '.join(map(shown, was.leases[sandbox]))} is free", ok=True, at=at)
    return ProofItem(LEASE, expected, f"{', '.join(map(shown, after.held[sandbox]))} still held", ok=False, at=at)
