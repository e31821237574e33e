"""The kubelet's removal of dead sandboxes, as far as it has to be seen: what stays of a sandbox goes once nothing keeps it from stopping.

A sandbox that a spec calls stopped stays as it is until its cache file is taken away: a cluster shows the state that it was made with.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from talospatch.simulator.node_files import NETNS, RESULTS, SANDBOXES, pod_ip
from talospatch.simulator.tree import PathError

if TYPE_CHECKING:
    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.spec import SandboxSpec

LEASES, SCRATCH = "/var/lib/cni/networks/cbr0", "/var/lib/cni/flannel"
PERIOD = 60.0  # seconds between two tries (the kubelet's ContainerGCPeriod)


def freed_by(node: SimulatedNode, path: str) -> SandboxSpec | None:
    """The stopped sandbox whose network's cache file has this path."""
    for sandbox in node.spec.sandboxes:
        if not sandbox.ready and sandbox.network and path == f"{RESULTS}/{sandbox.network}-{sandbox.id}-eth0":
            return sandbox
    return None


def first_try(node: SimulatedNode, sandbox: SandboxSpec) -> float:
    """When the kubelet first tries to remove a sandbox after a boot; from then on every minute."""
    return node.booted_at + PERIOD + int(sandbox.id[:2], 16) / 10


def next_try(node: SimulatedNode, sandbox: SandboxSpec, at: float) -> float:
    """When it tries next."""
    first = first_try(node, sandbox)
    return first if at < first else first + PERIOD * (1 + int((at - first) // PERIOD))


def collect(node: SimulatedNode, sandbox_id: str) -> None:
    """Remove a sandbox: its directory, its network namespace, its address, what flannel kept of it."""
    sandbox = next(each for each in node.spec.sandboxes if each.id == sandbox_id)
    if not node.runtime.up:
        return
    kept = (f"{SANDBOXES}/{sandbox.id}", f"{NETNS}/cni-{sandbox.id[:8]}", f"{LEASES}/{pod_ip(sandbox)}", f"{SCRATCH}/{sandbox.id}")
    for path in kept:
        with contextlib.suppress(PathError):
            node.tree.remove(path)
