"""The addresses of one node: who holds them, which are lost, and how many are left. What is noticed is a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from talospatch.cni.directories import NAMESPACES, NETWORKS, SCRATCH
from talospatch.cni.leases import LEAKED, HeldAddress, Holder, Lease, at_least_leaked, held
from talospatch.cni.names import shown
from talospatch.cni.rules import Verdict
from talospatch.cni.times import moment
from talospatch.talos.finding import Finding, Severity

if TYPE_CHECKING:
    from talospatch.cni.pools import Pool
    from talospatch.cni.verdict import NodeState

# A pool of which this share or less is free is under pressure: the next deployment may not fit.
PRESSURE = 0.1
MOST_NAMED = 10  # addresses named in a sentence; the value has them all


class Kind(NamedTuple):
    """A kind of finding about addresses: how much it matters, as a verdict, and how it is shown."""

    verdict: Verdict
    severity: Severity


# Codes of findings. A full pool keeps pods from starting today, whatever it was filled with.
KINDS = {
    "no-free-address": Kind(Verdict.FATAL, Severity.ERROR),
    "no-address-in-log": Kind(Verdict.RESIDUE, Severity.WARNING),
    "few-free-addresses": Kind(Verdict.RESIDUE, Severity.WARNING),
    "leaked-addresses": Kind(Verdict.RESIDUE, Severity.WARNING),
    "unnamed-leases": Kind(Verdict.RESIDUE, Severity.WARNING),
    "stuck-addresses": Kind(Verdict.HEALTHY, Severity.NOTE),
    "more-addresses-than-sandboxes": Kind(Verdict.RESIDUE, Severity.WARNING),
    "empty-scratch-file": Kind(Verdict.RESIDUE, Severity.WARNING),
    "leaked-namespaces": Kind(Verdict.RESIDUE, Severity.NOTE),
}
_FREE = (
    "host-local never takes such an address back by itself: drain the node, reboot it, and delete exactly these files before pods come back"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAddresses:
    """The addresses that one network has given out on one node.

    Attributes:
        network: its name.
        held: every lease with its holder, in the order of addresses.
        pool: what they come from; None when it is not known.
        at_least_leaked: where contents were not read, how many must be held by nobody.
    """

    network: str
    held: tuple[HeldAddress, ...] = ()
    pool: Pool | None = None
    at_least_leaked: int = 0

    @property
    def counts(self) -> Mapping[Holder, int]:
        """How many addresses are held by whom."""
        return Counter(each.holder for each in self.held)

    @property
    def leaked(self) -> tuple[Lease, ...]:
        """Those that nobody will ever release."""
        return tuple(each.lease for each in self.held if each.holder in LEAKED)

    @property
    def free(self) -> int | None:
        """How many addresses the pool has left; None when the pool is not known."""
        return None if self.pool is None else max(self.pool.size - sum(self.pool.holds(each.lease.address) for each in self.held), 0)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON and YAML."""
        counts = self.counts
        return {
            "network": shown(self.network),
            "held": len(self.held),
            "holders": {holder.value: counts[holder] for holder in Holder if counts.get(holder)},
            "leaked": [each.address for each in self.leaked],
            "atLeastLeaked": max(self.at_least_leaked, len(self.leaked)),
            "pool": str(self.pool) if self.pool else None,
            "poolSource": self.pool.source if self.pool else None,
            "size": self.pool.size if self.pool else None,
            "free": self.free,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What else a sandbox leaves on a node.

    Attributes:
        leases: of every network.
        scratch: flannel's scratch files: size by name, which is a sandbox's ID.
        namespaces: names of the network namespaces in ``/run/netns``; None when they were not listed.
        claimed: those of them that are known to belong to a sandbox.
        pools: the pool of a network, where it is known.
        exhausted: pools that a log says were empty, with the time when it last did; None where it does not say when.
    """

    leases: Sequence[Lease] = ()
    scratch: Mapping[str, int] = field(default_factory=dict)
    namespaces: frozenset[str] | None = None
    claimed: frozenset[str] = frozenset()
    pools: Mapping[str, Pool] = field(default_factory=dict)
    exhausted: Mapping[Pool, float | None] = field(default_factory=dict)


def networks(around: Surroundings, node: NodeState) -> tuple[NetworkAddresses, ...]:
    """Return the addresses of each network that has given out any, by name."""
    found: dict[str, list[Lease]] = {}
    for each in around.leases:
        found.setdefault(each.network, []).append(each)
    return tuple(_network(name, found[name], around.pools.get(name), node) for name in sorted(found))


def _network(name: str, leases: list[Lease], pool: Pool | None, node: NodeState) -> NetworkAddresses:
    unread = any(not each.was_read for each in leases)
    surplus = at_least_leaked(leases, len(node.directories)) if unread and node.directories is not None else 0
    return NetworkAddresses(network=name, held=held(leases, node), pool=pool, at_least_leaked=surplus)


def findings(found: Iterable[NetworkAddresses], around: Surroundings, node: NodeState) -> tuple[Finding, ...]:
    """Return what there is to say about a node's addresses and namespaces."""
    said: list[Finding] = []
    for network in found:
        said += [finding for finding in (_free(network), *_lost(network)) if finding is not None]
    said += [_finding("no-address-in-log", NETWORKS, no_address(pool, at)) for pool, at in around.exhausted.items()]
    said += [finding for finding in (_scratch(around, node), _namespaces(around, node)) if finding is not None]
    return tuple(said)


def no_address(pool: Pool, at: float | None) -> str:
    """Return the sentence for a log that says that a pool was empty."""
    return f"the log says that no address of {pool} was free at {moment(at)}: a pod could not start"


def _free(network: NetworkAddresses) -> Finding | None:
    if network.pool is None or network.free is None or network.free > network.pool.size * PRESSURE:
        return None
    stuck = network.counts.get(Holder.STOPPED, 0)
    spare = stuck + max(len(network.leaked), network.at_least_leaked)
    reason = f"; {spare} of them are not held by a pod" if spare else ""
    path = f"{NETWORKS}/{shown(network.network)}"
    if network.free:
        text = f"{network.free} of {network.pool.size} addresses of {network.pool} are left for new pods{reason}"
        return _finding("few-free-addresses", path, text)
    text = f"all {network.pool.size} addresses of {network.pool} are taken, so no pod that needs one can start here{reason}"
    return _finding("no-free-address", path, text, "free what is not held by a pod, or move pods to other nodes")


def _lost(network: NetworkAddresses) -> list[Finding]:
    path, said = f"{NETWORKS}/{shown(network.network)}", []
    for holder, code, what in (
        (Holder.GONE, "leaked-addresses", "held for sandboxes that containerd does not know any more"),
        (Holder.NOBODY, "unnamed-leases", "held by files that name no sandbox, as a power cut leaves them"),
    ):
        addresses = [each.lease.address for each in network.held if each.holder is holder]
        if addresses:
            said.append(_finding(code, path, f"{_count(addresses)} {what}: {_some(addresses)}", _FREE))
    stuck = [each.lease.address for each in network.held if each.holder is Holder.STOPPED]
    if stuck:
        text = f"{_count(stuck)} held by sandboxes that do not run: {_some(stuck)}"
        said.append(_finding("stuck-addresses", path, text, "they come back when these sandboxes stop"))
    surplus = network.at_least_leaked - len(network.leaked)
    if surplus > 0:
        text = f"there are {surplus} more addresses given out than the node has sandboxes, so as many are held by nobody"
        said.append(_finding("more-addresses-than-sandboxes", path, text, "with os:admin it can be seen which"))
    return said


def _scratch(around: Surroundings, node: NodeState) -> Finding | None:
    """Flannel's DEL goes on without a scratch file that it cannot read, but then neither releases the address nor removes the file."""
    empty = sorted(name for name, size in around.scratch.items() if not size and (node.directories is None or name in node.directories))
    if not empty:
        return None
    text = (
        f"{len(empty)} scratch files of flannel are empty: their sandboxes stop, but flannel then releases no address: "
        f"{_some([shown(name[:12]) for name in empty])}"
    )
    return _finding("empty-scratch-file", SCRATCH, text, "look again once these pods are gone: the addresses are leaked then")


def _namespaces(around: Surroundings, node: NodeState) -> Finding | None:
    """Sandboxes that do not run keep theirs until they are stopped, and which is whose is not always known: so they are only counted."""
    if around.namespaces is None or node.directories is None or node.ready is None:
        return None
    unclaimed = len(around.namespaces - around.claimed)
    surplus = unclaimed - len(node.directories - node.ready)
    if surplus <= 0:
        return None
    more = "is one more network namespace" if surplus == 1 else f"are {surplus} more network namespaces"
    text = f"there {more} than sandboxes: nobody takes {'it' if surplus == 1 else 'them'} down any more"
    return _finding("leaked-namespaces", NAMESPACES, text, "they go with the next reboot")


def _finding(code: str, path: str, message: str, hint: str = "") -> Finding:
    return Finding(KINDS[code].severity, code, path, message, hint)


def _count(addresses: list[str]) -> str:
    return "1 address is" if len(addresses) == 1 else f"{len(addresses)} addresses are"


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
