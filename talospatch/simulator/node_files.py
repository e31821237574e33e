"""The files of a node whose spec does not name them: CNI results of its sandboxes, addresses, the CNI's configuration."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from talospatch.simulator.spec import FileSpec, NodeSpec, SandboxSpec
from talospatch.simulator.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talospatch.simulator.profiles import Profile

RESULTS = "/var/lib/cni/results"
SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"
NETNS = "/run/netns"
_DIRECTORY = FileSpec(kind="directory", mode=0o700)
_CONFLIST_NAME = "/etc/cni/net.d/10-flannel.conflist"
_CONFLIST = {
    "name": "cbr0",
    "cniVersion": "1.0.0",
    "plugins": [
        {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}
_LOOPBACK = {"cniVersion": "0.3.1", "name": "cni-loopback", "plugins": [{"type": "loopback"}]}


def first_tree(spec: NodeSpec, profile: Profile, modified: int) -> Tree:
    """The tree of a node that was just made."""
    found = {"/dev/null": FileSpec(kind="device", mode=0o666)}
    if spec.containerd:
        found |= {
            RESULTS: _DIRECTORY,
            SANDBOXES: _DIRECTORY,
            "/var/lib/cni/flannel": _DIRECTORY,
            "/var/lib/cni/networks/cbr0": FileSpec(kind="directory", mode=0o755),
            TASKS: FileSpec(kind="directory", mode=0o711),
            NETNS: FileSpec(kind="directory", mode=0o755),
            _CONFLIST_NAME: FileSpec(json.dumps(_CONFLIST, indent=2).encode(), mode=0o644),
            "/etc/os-release": FileSpec(f'NAME="Talos"\nID=talos\nVERSION_ID={spec.talos}\n'.encode(), mode=0o644),
        }
        found |= {f"{SANDBOXES}/{sandbox.id}": _DIRECTORY for sandbox in spec.sandboxes}
        # Of the others too, on a real node; hundreds of running pods would cost memory for what nobody asks.
        found |= {f"{SANDBOXES}/{each.id}/hostname": _hostname(each) for each in spec.sandboxes if not each.ready and each.network}
        found |= {f"{TASKS}/{sandbox.id}": FileSpec(kind="directory", mode=0o711) for sandbox in spec.sandboxes if sandbox.ready}
        # Of a sandbox that does not stop it stays until the next reboot.
        found |= {f"{NETNS}/cni-{sandbox.id[:8]}": FileSpec(mode=0o444) for sandbox in spec.sandboxes if sandbox.network}
        found |= _leases(spec.sandboxes)
    results: Mapping[str, bytes] = _results(spec.sandboxes, profile) if spec.cni_files is None else spec.cni_files
    found |= {f"{RESULTS}/{name}": FileSpec(content) for name, content in results.items()}
    return Tree({**found, **spec.files}, modified)


def _hostname(sandbox: SandboxSpec) -> FileSpec:
    return FileSpec(f"{sandbox.pod[:63]}\n".encode(), mode=0o644)


def pod_ip(sandbox: SandboxSpec) -> str:
    """Address of a pod: as specified, or one that follows from its id."""
    return sandbox.ip or f"10.244.{int(sandbox.id[:2] or '0', 16) % 200}.{2 + int(sandbox.id[-2:] or '0', 16) % 250}"


def _leases(sandboxes: tuple[SandboxSpec, ...]) -> dict[str, FileSpec]:
    """What host-local and flannel keep of each sandbox."""
    found = {}
    for sandbox in sandboxes:
        if sandbox.network == "cbr0":
            found[f"/var/lib/cni/networks/cbr0/{pod_ip(sandbox)}"] = FileSpec(f"{sandbox.id}\r\neth0".encode(), mode=0o644)
            subnet = f"{pod_ip(sandbox).rpartition('.')[0]}.0/24"
            ipam = {"ranges": [[{"subnet": subnet}]], "routes": [{"dst": "10.244.0.0/16"}], "type": "host-local"}
            delegate = {"cniVersion": "1.0.0", "ipam": ipam, "name": "cbr0", "type": "bridge"}
            found[f"/var/lib/cni/flannel/{sandbox.id}"] = FileSpec(json.dumps(delegate).encode())
    return found


def _results(sandboxes: tuple[SandboxSpec, ...], profile: Profile) -> dict[str, bytes]:
    """Cache files as containerd leaves them: two for a sandbox that runs, only the network's for one that could not be stopped."""
    found = {}
    for sandbox in sandboxes:
        if not sandbox.network:
            continue
        found[f"{sandbox.network}-{sandbox.id}-eth0"] = cache_file(sandbox, profile)
        if sandbox.ready:
            found[f"cni-loopback-{sandbox.id}-lo"] = cache_file(sandbox, profile, loopback=True)
    return found


def cache_file(sandbox: SandboxSpec, profile: Profile, *, loopback: bool = False) -> bytes:
    """A healthy cache file of libcni."""
    conflist = _LOOPBACK if loopback else {**_CONFLIST, "name": sandbox.network}
    netns = f"/var/run/netns/cni-{sandbox.id[:8]}"
    result: dict[str, object] = {"cniVersion": conflist["cniVersion"]}
    if loopback:
        result |= {
            "interfaces": [{"name": "lo", "mac": "00:00:00:00:00:00", "sandbox": netns}],
            "ips": [{"interface": 0, "address": "127.0.0.1/8"}],
        }
    else:
        ip = pod_ip(sandbox)
        result |= {
            "interfaces": [{"name": "cni0"}, {"name": f"veth{sandbox.id[:8]}"}, {"name": "eth0", "sandbox": netns}],
            "ips": [{"interface": 2, "address": f"{ip}/24", "gateway": f"{ip.rpartition('.')[0]}.1"}],
            "routes": [{"dst": "10.244.0.0/16"}, {"dst": "0.0.0.0/0", "gw": f"{ip.rpartition('.')[0]}.1"}],
        }
    arguments = [
        ["IgnoreUnknown", "1"],
        ["K8S_POD_NAMESPACE", sandbox.namespace],
        ["K8S_POD_NAME", sandbox.pod],
        ["K8S_POD_INFRA_CONTAINER_ID", sandbox.id],
        ["K8S_POD_UID", sandbox.uid],
    ]
    cached = {
        "kind": "cniCacheV1",
        "containerId": sandbox.id,
        "config": base64.b64encode(json.dumps(conflist).encode()).decode(),
        "ifName": "lo" if loopback else "eth0",
        "networkName": conflist["name"],
        **({"netns": netns} if profile.cni_heals else {}),  # since libcni 1.2
        "cniArgs": arguments,
        "capabilityArgs": {"io.kubernetes.cri.pod-annotations": None},
        "result": result,
    }
    return json.dumps(cached, separators=(",", ":")).encode()
