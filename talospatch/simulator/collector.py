"""The kubelet's removal of dead sandboxes, as far as it has to be seen: what stays of a sandbox goes once nothing keeps it from stopping.

Of a pod that still exists the sandbox is stopped all the same, and stays.

A sandbox that a spec calls stopped stays as it is until its cache file is taken away: a cluster shows the state that it was made with.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from talospatch.simulator import cri_log
from talospatch.simulator.node_files import NETNS, RESULTS, SANDBOXES, pod_ip
from talospatch.simulator.tree import PathError

if TYPE_CHECKING:
    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.spec import SandboxSpec

LEASES, SCRATCH = "/var/lib/cni/networks/cbr0", "/var/lib/cni/flannel"
_PERIOD = 60.0  # seconds between two tries (the kubelet's ContainerGCPeriod)
_POD_PERIOD = 13.0  # the same for a pod that exists: between 10 and 15 (backOffPeriod in kubelet.go, jitter in pod_workers.go)


def period(sandbox: SandboxSpec) -> float:
    """Seconds between two tries to stop a sandbox."""
    return _POD_PERIOD if sandbox.pod_exists else _PERIOD


def freed_by(node: SimulatedNode, path: str) -> SandboxSpec | None:
    """The stopped sandbox whose network's cache file has this path."""
    for sandbox in node.spec.sandboxes:
        if not sandbox.ready and sandbox.network and path == f"{RESULTS}/{sandbox.network}-{sandbox.id}-eth0":
            return sandbox
    return None


def first_try(node: SimulatedNode, sandbox: SandboxSpec) -> float:
    """When the kubelet first tries to stop a sandbox after a boot."""
    return node.booted_at + period(sandbox) + int(sandbox.id[:2], 16) / 10


def next_try(node: SimulatedNode, sandbox: SandboxSpec, at: float) -> float:
    """When it tries next."""
    first = first_try(node, sandbox)
    every = period(sandbox)
    return first if at < first else first + every * (1 + int((at - first) // every))


def collect(node: SimulatedNode, sandbox_id: str, at: float) -> None:
    """Stop a sandbox, which frees its network namespace, its address and what flannel kept of it; remove it unless its pod exists."""
    sandbox = next(each for each in node.spec.sandboxes if each.id == sandbox_id)
    if not node.runtime.up:
        return
    held = [f"{NETNS}/cni-{sandbox.id[:8]}", f"{LEASES}/{pod_ip(sandbox)}", f"{SCRATCH}/{sandbox.id}"]
    for path in held if sandbox.pod_exists else [f"{SANDBOXES}/{sandbox.id}", *held]:
        with contextlib.suppress(PathError):
            node.tree.remove(path)
    for line in cri_log.stopped(node, sandbox, at):
        node.log("cri", line, at)
