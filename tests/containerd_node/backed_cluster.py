"""The simulated cluster in front of real nodes: Talos's API on one side, a real containerd's files, pods and logs on the other.

The seam is the model's call: routing, roles and refusals are the simulated cluster's, and what a node would look up on itself comes from
the real one. Its directories are shown in place of the simulated ones; its containers and logs are put into the answers.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containerd_node import cri_pb2 as pb
from containerd_node import real_images
from talospatch.simulator import authorization
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.exchange import failure
from talospatch.simulator.tree import Entry
from talospatch.wire.proto import common_pb2, debug_pb2, image_pb2, machine_pb2

if TYPE_CHECKING:
    from containerd_node.kubelet import Kubelet
    from containerd_node.node import ContainerdNode
    from talospatch.simulator.exchange import Exchange
    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.spec import ClusterSpec

# Directories of the real node that take the place of the simulated node's.
SHOWN = ("/var/lib/cni", "/var/lib/containerd", "/var/log", "/etc/cni", "/run")
_CONTAINERS = "/machine.MachineService/Containers"
_MOUNTS = "/machine.MachineService/Mounts"
_IMAGES = "/machine.ImageService/"
_CONTAINER_RUN = "/machine.DebugService/ContainerRun"
_OUTPUT = 512  # bytes of output in one message
_KINDS = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISLNK, "symlink"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISREG, "file"),
)
_STATES = {pb.CONTAINER_CREATED: "CONTAINER_CREATED", pb.CONTAINER_RUNNING: "CONTAINER_RUNNING", pb.CONTAINER_EXITED: "CONTAINER_EXITED"}


class RealEntry(Entry):
    """A real file as an entry of a simulated tree: what it was when it was looked up, and its content whenever that is asked for."""

    __slots__ = ("_size",)

    def __init__(self, path: Path) -> None:
        status = path.lstat()
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "device")
        super().__init__(
            kind,
            stat.S_IMODE(status.st_mode),
            int(status.st_mtime),
            data=path.read_bytes,
            link=str(path.readlink()) if kind == "symlink" else "",
            uid=status.st_uid,
            gid=status.st_gid,
            children=RealChildren(path) if kind == "directory" else None,
        )
        self._size = status.st_size

    @property
    def size(self) -> int:
        """As stat gives it."""
        return self._size


class RealChildren(dict[str, Entry]):
    """What is in a real directory whenever somebody looks. Nothing can be changed through it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._seen: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._path.iterdir()):
            if (entry := _entry(path)) is not None:
                self._seen[path.name] = entry
                yield path.name

    def __getitem__(self, name: str) -> Entry:
        # What a walk has seen stays until it comes to it, though containerd may have removed it meanwhile.
        found = _entry(self._path / name) or self._seen.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        return _entry(self._path / name) or default

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None

    def __setitem__(self, name: str, entry: Entry) -> None:
        raise AssertionError(f"the simulated node would write {self._path / name}")

    def __delitem__(self, name: str) -> None:
        raise AssertionError(f"the simulated node would delete {self._path / name}")


def _entry(path: Path) -> RealEntry | None:
    try:
        return RealEntry(path)
    except FileNotFoundError:
        return None


class BackedCluster(SimulatedCluster):
    """A simulated cluster, some of whose nodes are faces of real ones.

    Args:
        spec: the cluster; its faces have neither sandboxes nor files of their own.
        now: seconds since 1970.
        real: kubelets of the real nodes, by name of the node that shows them.
        options: as for the simulated cluster.
    """

    def __init__(self, spec: ClusterSpec, now: float, real: Mapping[str, tuple[ContainerdNode, Kubelet]], **options: Any) -> None:
        super().__init__(spec, now, **options)
        self._real = real

    def call(  # noqa: PLR0917 - the model's own
        self,
        endpoint: str,
        metadata: Mapping[str, Sequence[str]],
        roles: Sequence[str],
        method: str,
        requests: Sequence[bytes],
        now: float,
    ) -> Exchange:
        """Make one call; see :meth:`SimulatedCluster.call`."""
        name = self.node((metadata.get("node") or [endpoint])[0]).name
        if name not in self._real:
            return super().call(endpoint, metadata, roles, method, requests, now)
        real, kubelet = self._real[name]
        self._show(self.node(name), real, kubelet, now)
        if method == _CONTAINER_RUN or method.startswith(_IMAGES):
            self.node(name).images = real_images.images(real) if real.is_running else {}
        if method == f"{_IMAGES}Pull" and self._lets_pull(name, roles):
            return real_images.pull(real, image_pb2.ImageServicePullRequest.FromString(requests[0]))
        if method == _CONTAINER_RUN:
            # The simulated node decides whether it may be; what is run is run for real.
            harmless = [_with_arguments(requests[0], ["true"]), *requests[1:]] if requests else requests
            answer = super().call(endpoint, metadata, roles, method, harmless, now)
            return answer if answer.code != "OK" else _run(real, debug_pb2.DebugContainerRunRequest.FromString(requests[0]).spec)
        answer = super().call(endpoint, metadata, roles, method, requests, now)
        if method == f"{_IMAGES}Import" and answer.code == "OK":
            return real_images.import_image(real, [image_pb2.ImageServiceImportRequest.FromString(each) for each in requests])
        if method == f"{_IMAGES}Remove" and answer.code == "OK":
            return real_images.remove(real, image_pb2.ImageServiceRemoveRequest.FromString(requests[0]))
        if method == _CONTAINERS and answer.code == "OK":
            asked = machine_pb2.ContainersRequest.FromString(requests[0])
            with_ids = self.node(name).profile.sandbox_ids
            found = _pods(real, with_ids=with_ids) if asked.driver == common_pb2.CRI else _tasks(real, asked.namespace, with_ids=with_ids)
            answer.messages[:] = [machine_pb2.ContainersResponse(messages=[machine_pb2.Container(containers=found)])]
        if method == _MOUNTS and answer.code == "OK":
            answer.messages[:] = [machine_pb2.MountsResponse(messages=[machine_pb2.Mounts(stats=_mounts(real))])]
        return answer

    def _lets_pull(self, name: str, roles: Sequence[str]) -> bool:
        """Whether a pull would be tried at all; the simulated node says why where it would not."""
        shown = self.node(name)
        return shown.up and shown.runtime.up and authorization.refusal(shown.profile, f"{_IMAGES}Pull", roles) is None

    @staticmethod
    def _show(face: SimulatedNode, real: ContainerdNode, kubelet: Kubelet, now: float) -> None:
        """Bring a face in line with its real node."""
        face.up = real.machine.is_on
        face.runtime.up = real.is_running
        if face.booted_at != real.booted_at:
            face.booted_at, face.boots = real.booted_at, face.boots + 1
        if not face.up:
            return
        for path in SHOWN:
            parent, _, name = path.rpartition("/")
            directory = face.tree.find(parent or "/")
            assert directory.children is not None
            directory.children[name] = RealEntry(real.machine.root / path.lstrip("/"))
        face.logs["cri"] = deque((_time(line, now), line) for line in real.log().splitlines())
        face.logs["kubelet"] = deque(kubelet.lines)


def _time(line: str, default: float) -> float:
    """When containerd wrote a line, in either of its forms."""
    _, found, text = line.partition('"time":"') if line.startswith("{") else line.partition('time="')
    return datetime.fromisoformat(text[:19] + "+00:00").timestamp() if found else default


def _with_arguments(request: bytes, arguments: Sequence[str]) -> bytes:
    message = debug_pb2.DebugContainerRunRequest.FromString(request)
    if message.HasField("spec"):
        message.spec.args[:] = arguments
    return message.SerializeToString()


def _run(real: ContainerdNode, spec: debug_pb2.DebugContainerRunRequestSpec) -> Exchange:
    done = real.run_debug_container(spec.args, spec.image_name, real_images.namespace_of(spec.containerd))
    if re.search("error reading from server|transport is closing", done.error):
        return failure("UNAVAILABLE", "error reading from server: EOF")  # containerd went away meanwhile; these words are Talos's
    if done.error:
        return failure("UNKNOWN", f"failed to create task: {done.error}")
    output = done.output.encode("utf-8", "surrogateescape")
    pieces = [output[start : start + _OUTPUT] for start in range(0, len(output), _OUTPUT)]
    answer = failure("OK", "")
    answer.messages.extend(debug_pb2.DebugContainerRunResponse(stdout_data=piece) for piece in pieces)
    answer.messages.append(debug_pb2.DebugContainerRunResponse(exit_code=done.exit_code))
    return answer


def _pods(real: ContainerdNode, *, with_ids: bool) -> list[machine_pb2.ContainerInfo]:
    """What Talos makes of CRI's lists: READY sandboxes, and what is in them."""
    listed = []
    containers = real.cri.containers()
    for pod in real.cri.pods():
        if pod.state != pb.SANDBOX_READY:
            continue
        pod_id, info = f"{pod.metadata.namespace}/{pod.metadata.name}", real.cri.pod_info(pod.id)
        networks = [each.get("path", "") for each in info["runtimeSpec"]["linux"]["namespaces"] if each["type"] == "network"]
        entry = machine_pb2.ContainerInfo(
            namespace="k8s.io",
            id=pod_id,
            name=pod_id,
            pod_id=pod_id,
            image=info["image"],
            pid=info["pid"],
            status="SANDBOX_READY",
            network_namespace=networks[0].rpartition("/")[2] if networks else "",
        )
        if with_ids:
            entry.internal_id, entry.uid = pod.id, pod.metadata.uid
        listed.append(entry)
        listed += [_in_pod(real, each, pod_id, with_ids=with_ids) for each in containers if each.pod_sandbox_id == pod.id]
    return listed


def _tasks(real: ContainerdNode, namespace: str, *, with_ids: bool) -> list[machine_pb2.ContainerInfo]:
    """What Talos makes of containerd's own list of a namespace: containers with a task."""
    listed = []
    for line in real.run_in_node(["ctr", "-n", namespace, "tasks", "ls"]).stdout.splitlines()[1:]:
        name, process, status = line.split()
        entry = machine_pb2.ContainerInfo(namespace=namespace, id=name, name=name, pod_id=name, pid=int(process), status=status)
        if with_ids:
            entry.internal_id = name
        listed.append(entry)
    return listed


def _mounts(real: ContainerdNode) -> list[machine_pb2.MountStat]:
    """What Talos makes of a node's mounts: sizes of those that are directories."""
    listed = []
    for line in real.run_in_node(["cat", "/proc/mounts"]).stdout.splitlines():
        source, path, *_ = line.split()
        entry = machine_pb2.MountStat(filesystem=source, mounted_on=path)
        place = real.machine.root / path.lstrip("/")
        if place.is_dir():
            found = os.statvfs(place)
            entry.size, entry.available = found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail
        listed.append(entry)
    return listed


def _in_pod(real: ContainerdNode, container: pb.Container, pod_id: str, *, with_ids: bool) -> machine_pb2.ContainerInfo:
    entry = machine_pb2.ContainerInfo(
        namespace="k8s.io",
        id=f"{pod_id}:{container.metadata.name}:{container.id[:12]}",
        name=container.metadata.name,
        pod_id=pod_id,
        image=container.image.image,
        pid=real.cri.container_status(container.id)[1].get("pid", 0),
        status=_STATES.get(container.state, "CONTAINER_UNKNOWN"),
    )
    if with_ids:
        entry.internal_id = container.id
    return entry


@contextlib.asynccontextmanager
async def served(spec: ClusterSpec, real: Mapping[str, tuple[ContainerdNode, Kubelet]], directory: Path) -> AsyncIterator[dict[str, Path]]:
    """Serve a cluster with real nodes over TLS for the length of a block, and yield its talosconfig files by role."""
    from talospatch.simulator.clock import ScaledClock
    from talospatch.simulator.pki import Authority
    from talospatch.simulator.server import ClusterServer
    from talospatch.simulator.talosconfigs import ROLES, render, write_private

    clock, authority = ScaledClock(), Authority()
    endpoints = [node for node in spec.nodes if node.machine_type != "worker"]
    server = ClusterServer(BackedCluster(spec, clock.now(), real), endpoints, authority, clock)
    await server.start()
    try:
        files = {}
        for role, roles in ROLES.items():
            files[role] = directory / f"{role}.yaml"
            addresses = [endpoint.address for endpoint in server.endpoints.values()]
            write_private(files[role], render(spec.name, addresses, (), authority.certificate, authority.client(roles)))
        yield files
    finally:
        await server.stop()
