"""What a simulated cluster is made from: plain values, frozen, and the same as JSON.

Everything that happens later follows from these values, the calls and the clock; nothing is drawn at random.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from talospatch.errors import InputError

NEWEST = "v1.14.0-rc.1"


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One entry of a node's file tree.

    Attributes:
        content: what a regular file holds.
        kind: ``file``, ``directory``, ``symlink``, ``device``, ``fifo`` or ``socket``.
        mode: permission bits.
        link: where a symlink points.
        modified: seconds since 1970; None is the cluster's start.
        unreadable: reading it fails halfway; List shows it all the same.
    """

    content: bytes = field(default=b"", repr=False)
    kind: str = "file"
    mode: int = 0o600
    link: str = ""
    modified: int | None = None
    uid: int = 0
    gid: int = 0
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """One pod sandbox that the node's CRI knows.

    Attributes:
        id: 64 hexadecimal digits.
        ready: False for one that stopped; the API then shows only its directory.
        containers: names of its running containers.
        network: name of its CNI network; empty for a pod in the host's network, which has no cache files.
        pod_exists: of a stopped one, whether its pod is still bound to the node, as after a power cut. The kubelet then tries to stop it as
            often as it syncs the pod, and keeps it once it has stopped: its collector removes no sandbox that holds a dead container, nor
            the latest one of a pod that exists (evictSandboxes in kuberuntime_gc.go).
    """

    id: str
    namespace: str
    pod: str
    ready: bool = True
    containers: tuple[str, ...] = ("app",)
    network: str = "cbr0"
    ip: str = ""
    uid: str = ""
    pod_exists: bool = False


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """An image in one of a node's stores.

    Attributes:
        store: ``inmem``, ``system`` or ``cri``, as talosctl calls them; or ``registry`` for one that the node can pull.
        digest: ``sha256:…``; made from the name when empty.
    """

    name: str
    store: str = "cri"
    digest: str = ""
    size: int = 4_000_000


@dataclass(frozen=True, slots=True)
class NodeFaults:
    """What goes wrong in a node, whoever asks.

    Attributes:
        never_returns: a reboot is the last that is heard of it.
        reboot_loop: after a reboot it comes up and goes down again, for ever.
        stuck_boot: after a reboot apid answers, the stage stays ``booting`` and CRI and kubelet do not run.
        full_disk: nothing can be written: configurations are set in memory and never persisted, and nothing is free on ``/var``.
        clock_skew: seconds by which the node's clock is ahead.
        late_rollback: a TRY rollback that was cancelled runs all the same, this many seconds after what cancelled it; 0 is never.
        answers_for: name of the node whose identity this one shows.
        failing_cri: CRI does not come back after a restart.
        bad_drop_in: containerd does not run with any drop-in but what the node came with: up to 1.13 the boot stands still with apid up,
            from 1.14 on CRI does not come back, until the former configuration does.
    """

    never_returns: bool = False
    reboot_loop: bool = False
    stuck_boot: bool = False
    full_disk: bool = False
    clock_skew: float = 0.0
    late_rollback: float = 0.0
    answers_for: str = ""
    failing_cri: bool = False
    bad_drop_in: bool = False


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One machine.

    Attributes:
        name: host name, Kubernetes node name and member id.
        address: IP address; a routing key only, nothing has to listen there.
        machine_type: ``controlplane`` or ``worker``.
        talos: Talos version, as ``v1.13.9``.
        config: machine config; None writes a plain one.
        cni_files: files of ``/var/lib/cni/results`` by name; None makes those of the sandboxes.
        files: other files by absolute path; parents are made.
        cri_parts: files of ``/etc/cri/conf.d`` by name, over those that this Talos version ships.
        uuid: of the hardware; made from the seed when empty.
        platform: ``metal`` or ``container``.
        containerd: False for a node without CRI and containerd, as the ones the recordings were made with.
        var_size, var_available: bytes of the file system on ``/var``, and how many of them are free.
        down: True for a node that does not answer from the start.
    """

    name: str
    address: str
    machine_type: str = "worker"
    talos: str = NEWEST
    config: str | None = field(default=None, repr=False)
    cni_files: Mapping[str, bytes] | None = None
    files: Mapping[str, FileSpec] = field(default_factory=dict)
    cri_parts: Mapping[str, str] = field(default_factory=dict)
    sandboxes: tuple[SandboxSpec, ...] = ()
    images: tuple[ImageSpec, ...] = ()
    uuid: str = ""
    platform: str = "metal"
    containerd: bool = True
    var_size: int = 40 << 30
    var_available: int = 31 << 30
    down: bool = False
    faults: NodeFaults = NodeFaults()


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things take on a node, in seconds.

    Attributes:
        stop: from the answer to a request that reboots until the node is gone.
        down: from then until apid answers again.
        boot: from then until the stage is ``running``.
        settle: from a configuration change until the merged ``cri.toml`` follows (1.14); 0 is before the answer.
        cri_restart: from the stop of CRI until it is healthy again.
        part_wait: how long the boot waits for the CRI fragment to be merged.
        failure_pause: how long a failed boot waits before it reboots.
        dial: how long a node tries to reach a containerd that is not there.
    """

    stop: float = 2.0
    down: float = 3.0
    boot: float = 2.0
    settle: float = 0.0
    cri_restart: float = 1.5
    part_wait: float = 60.0
    failure_pause: float = 35 * 60.0
    dial: float = 10.0

    def scaled(self, factor: float) -> Timings:
        """The same with every time multiplied by ``factor``."""
        return Timings(**{item.name: getattr(self, item.name) * factor for item in dataclasses.fields(self)})


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster.

    Attributes:
        nodes: at least one; names and addresses are unique.
        seed: what identities (UUIDs, boot ids, event ids) are made from.
        unresolved: text of the name server's failure, for a target that is no address and no node; ``{name}`` stands for the target.
    """

    nodes: tuple[NodeSpec, ...]
    name: str = "sim"
    seed: int = 0
    timings: Timings = Timings()
    unresolved: str = "dns: A record lookup error: lookup {name} on [::1]:53: read udp [::1]:40000->[::1]:53: read: connection refused"

    def __post_init__(self) -> None:
        if not self.nodes:
            raise InputError("a simulated cluster needs at least one node")
        for attribute in ("name", "address"):
            values = [getattr(node, attribute) for node in self.nodes]
            for value in values:
                if values.count(value) > 1:
                    raise InputError(f"two nodes have the {attribute} {value!r}")

    def identity(self, *parts: object) -> uuid.UUID:
        """A UUID that follows from the seed and these parts."""
        text = "\0".join(str(part) for part in (self.seed, self.name, *parts))
        return uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4)


def to_json(spec: ClusterSpec) -> str:
    """Write a spec as JSON; bytes that are UTF-8 as text, others as ``{"base64": …}``."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                item.name: plain(getattr(value, item.name))
                for item in dataclasses.fields(value)
                if getattr(value, item.name) != _default(item)
            }
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        if isinstance(value, bytes):
            try:
                return value.decode()
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(value).decode()}
        return value

    return json.dumps(plain(spec), indent=2, ensure_ascii=False) + "\n"


def from_json(text: str, *, source: str | None = None) -> ClusterSpec:
    """Read what :func:`to_json` writes.

    Raises:
        InputError: it is not JSON, or has a field that a spec has not.
    """
    try:
        data = json.loads(text)
        nodes = tuple(_node(item) for item in data.pop("nodes"))
        timings = Timings(**data.pop("timings", {}))
        return ClusterSpec(nodes=nodes, timings=timings, **data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"this is not the description of a simulated cluster: {error}", source=source) from None


def _node(data: dict[str, Any]) -> NodeSpec:
    if data.get("cni_files") is not None:
        data["cni_files"] = {name: _bytes(value) for name, value in data["cni_files"].items()}
    data["files"] = {
        path: FileSpec(**{**value, "content": _bytes(value.get("content", ""))}) for path, value in data.get("files", {}).items()
    }
    data["sandboxes"] = tuple(
        SandboxSpec(**{**item, "containers": tuple(item.get("containers", ("app",)))}) for item in data.get("sandboxes", ())
    )
    data["images"] = tuple(ImageSpec(**item) for item in data.get("images", ()))
    data["faults"] = NodeFaults(**data.get("faults", {}))
    return NodeSpec(**data)


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value["base64"], validate=True) if isinstance(value, dict) else str(value).encode()


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    return item.default
