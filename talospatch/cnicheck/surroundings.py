"""What else of sandboxes is on a node: addresses, flannel's scratch files, network namespaces; and the pools that addresses come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from talospatch.cni import pools
from talospatch.cni.addresses import Surroundings
from talospatch.cni.directories import NETWORKS, SCRATCH
from talospatch.cni.leases import Lease, with_content
from talospatch.errors import NodeError, NotAuthorized

if TYPE_CHECKING:
    from talospatch.cni.logreport import LogReport
    from talospatch.cni.pools import Pool
    from talospatch.cni.verdict import Judged
    from talospatch.cnicheck.calls import CniCalls
    from talospatch.cnicheck.listing import Listing

_LARGEST_SCRATCH = 64 << 10
# Bytes that a lease takes in an archive, rounded up: header, a block of content, padding; and room for the rest.
_PER_LEASE, _ROOM = 2048, 64 << 10


async def look_around(listing: Listing) -> Surroundings:
    """Return what List shows. What could not be seen is in the listing's notes."""
    leases = await listing.leases()
    scratch = await listing.scratch() if leases else {}
    return Surroundings(leases=leases, scratch=scratch, namespaces=await listing.namespaces())


async def with_contents(client: CniCalls, node: str, around: Surroundings, notes: list[str]) -> Surroundings:
    """Return the same with what the lease files hold, by one Copy. Needs os:admin."""
    unread = [each for each in around.leases if not each.was_read]
    if not unread:
        return around
    try:
        copied = await client.copy_files(node, NETWORKS, limit=2 * len(around.leases) * _PER_LEASE + _ROOM)
    except NotAuthorized:
        notes.append("who holds which address: unknown (needs os:admin)")
        return around
    except NodeError as error:
        notes.append(f"who holds which address was not seen: {error}")
        return around
    return replace(around, leases=[found for each in around.leases if (found := _read(each, copied.files)) is not None])


def _read(found: Lease, files: Mapping[str, bytes]) -> Lease | None:
    """Return a lease with its content; None when it has been released meanwhile."""
    content = files.get(f"{found.network}/{found.address}")
    if content is None:
        return found if found.was_read else None
    return with_content(found, content)


async def pools_of(
    client: CniCalls | None,
    node: str,
    around: Surroundings,
    *,
    configured: Pool | None,
    network: str,
    judged: Iterable[Judged],
    logs: LogReport,
) -> Mapping[str, Pool]:
    """Return the pool of each network, where something tells it.

    Args:
        client: reads one scratch file of flannel, which needs os:admin; None when that may not be tried.
        node: the node's address.
        around: the leases.
        configured: the pool in the CNI configuration in force.
        network: the name of the network in force; empty when its configuration was not read.
        judged: cache files; a sound one has addresses with the length of their prefix.
        logs: they name pools that are empty.
    """
    found: dict[str, Pool] = {}
    if network and configured is not None:
        found[network] = configured
    elif network and client is not None and (scratch := await _scratch_pool(client, node, around)) is not None:
        found[network] = scratch
    for name in {each.network for each in around.leases} - set(found):
        pool = _of_cache(judged, name) or _of_logs(logs, [each for each in around.leases if each.network == name])
        if pool is not None:
            found[name] = pool
    return found


async def _scratch_pool(client: CniCalls, node: str, around: Surroundings) -> Pool | None:
    """Return what flannel handed on to host-local, from one of its scratch files: they all say the same."""
    name = next((name for name, size in sorted(around.scratch.items()) if 0 < size <= _LARGEST_SCRATCH and "/" not in name), None)
    if name is None:
        return None
    try:
        content = await client.read_file(node, f"{SCRATCH}/{name}", limit=_LARGEST_SCRATCH)
    except NodeError:
        return None
    return pools.of_configuration(content, "flannel's scratch files")


def _of_cache(judged: Iterable[Judged], network: str) -> Pool | None:
    addresses = [
        address
        for each in judged
        if each.file.parsed is not None and each.file.parsed.network == network and each.inspection.entry is not None
        for address in each.inspection.entry.addresses
    ]
    return pools.of_addresses(addresses, "cache files")


def _of_logs(logs: LogReport, leases: Sequence[Lease]) -> Pool | None:
    """Return a pool that the log names and that holds one of these addresses."""
    return next((pool for pool in logs.exhausted if any(pool.holds(each.address) for each in leases)), None)
