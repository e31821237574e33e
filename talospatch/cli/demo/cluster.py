"""The cluster of the demo: one control-plane node and five workers, each with something of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talospatch.simulator.spec import ClusterSpec, NodeSpec, SandboxSpec

NEW, OLD = "v1.14.0", "v1.13.9"
NAME = "demo"
CONTROL_PLANE = "10.5.0.2"

# What is worth knowing about each worker, for the introduction.
WORKERS = (
    ("worker-1", OLD, "Talos 1.13, where the drop-in takes a reboot; an empty CNI cache file"),
    ("worker-2", NEW, "nothing special"),
    ("worker-3", NEW, "has a containerd customization of its own, which must survive"),
    ("worker-4", NEW, "has the metrics already"),
    ("worker-5", NEW, "an empty CNI cache file"),
)
WITH_EMPTY_FILE = frozenset({"worker-1", "worker-5"})
FRAGMENTS = {
    "worker-3": """\
# Layers stay on disk, for the registry mirror
[plugins."io.containerd.cri.v1.images"]
  discard_unpacked_layers = false
""",
    "worker-4": """\
[metrics]
  address = "0.0.0.0:11234"
""",
}


def spec() -> ClusterSpec:
    """Return the cluster."""
    from talospatch.simulator.spec import ClusterSpec, NodeSpec

    control_plane = NodeSpec(name="cp-1", address=CONTROL_PLANE, machine_type="controlplane", talos=NEW)
    workers = (_worker(name, talos, f"10.5.0.{number}") for number, (name, talos, _) in enumerate(WORKERS, start=3))
    return ClusterSpec(nodes=(control_plane, *workers), name=NAME)


def _worker(name: str, talos: str, address: str) -> NodeSpec:
    from talospatch.simulator.cri import LEGACY_PATH
    from talospatch.simulator.node_files import RESULTS
    from talospatch.simulator.sample_configs import file_entry, text
    from talospatch.simulator.spec import FileSpec, NodeSpec

    entry = file_entry(LEGACY_PATH, FRAGMENTS[name]) if name in FRAGMENTS else ""
    sandboxes = _sandboxes(name)
    # The last pod was stopped; what a power loss left of its file is empty.
    empty = {f"{RESULTS}/cbr0-{sandboxes[-1].id}-eth0": FileSpec()} if name in WITH_EMPTY_FILE else {}
    return NodeSpec(
        name=name,
        address=address,
        talos=talos,
        config=text(name, "worker", NAME, CONTROL_PLANE, extra=entry),
        sandboxes=sandboxes,
        files=empty,
    )


def _sandboxes(name: str) -> tuple[SandboxSpec, ...]:
    from talospatch.simulator.spec import SandboxSpec

    return tuple(
        SandboxSpec(
            id=f"{number}{name.encode().hex()}".ljust(64, "0123456789abcdef"[number]),
            namespace="default",
            pod=f"app-{name[-1]}-{number}",
            ready=number < 3 or name not in WITH_EMPTY_FILE,
            ip=f"10.244.{name[-1]}.{number + 1}",
        )
        for number in (1, 2, 3)
    )
