"""Containers: what a node's CRI and containerd say of pods. Sandboxes that stopped are in neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talospatch.simulator.exchange import Exchange, answer, failure
from talospatch.wire.proto import common_pb2, machine_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.spec import SandboxSpec

K8S = "k8s.io"
SOCKETS = {"system": "/system/run/containerd/containerd.sock"}
CRI_SOCKET = "/run/containerd/containerd.sock"


def list_containers(node: SimulatedNode, request: machine_pb2.ContainersRequest, now: float) -> Exchange:
    """Answer Containers."""
    refused = inspector_refusal(node, request.namespace, request.driver, now)
    if refused is not None:
        return refused
    by_cri = request.driver == common_pb2.CRI
    found = list(_entries(node, by_cri=by_cri)) if request.namespace == K8S else []
    return answer(machine_pb2.ContainersResponse(messages=[machine_pb2.Container(containers=found)]))


def inspector_refusal(node: SimulatedNode, namespace: str, driver: int, now: float) -> Exchange | None:
    """Why nothing can be asked of this runtime; None when it can."""
    if not namespace and node.profile.containers_check_namespace:
        return failure("INVALID_ARGUMENT", "namespace can't be empty")
    if driver == common_pb2.CRI:
        if namespace != K8S:
            return failure("UNKNOWN", "CRI inspector is supported only for K8s namespace")
        if not node.runtime.up:
            reason = "no such file or directory" if not node.spec.containerd else "connection refused"
            return failure(
                "UNAVAILABLE",
                "ListPodSandbox with filter state:{} from runtime service failed: rpc error: code = Unavailable desc = connection error: "
                f'desc = "transport: Error while dialing: dial unix {CRI_SOCKET}: connect: {reason}"',
            )
    else:
        return away(node, SOCKETS.get(namespace, CRI_SOCKET), now)
    return None


def away(node: SimulatedNode, socket: str, now: float, prefix: str = "") -> Exchange | None:
    """The answer of a node whose containerd behind this socket does not run; None when it does.

    Where its socket was never made the node tries for a while; where it is there, and nobody behind it, it says so at once.
    """
    if not node.spec.containerd:
        text = f'{prefix}connection error: desc = "transport: Error while dialing: dial unix://{socket}: timeout"'
        return Exchange([], "UNKNOWN", text, answers_at=now + node.timings.dial)
    if node.runtime.system_up if socket == SOCKETS["system"] else node.runtime.up:
        return None
    return failure(
        "UNKNOWN", f'{prefix}connection error: desc = "transport: Error while dialing: dial unix {socket}: connect: connection refused"'
    )


def _entries(node: SimulatedNode, *, by_cri: bool) -> Iterator[machine_pb2.ContainerInfo]:
    for sandbox in node.spec.sandboxes:
        if not sandbox.ready:
            continue
        pod = f"{sandbox.namespace}/{sandbox.pod}"
        uid = pod_uid(node, sandbox)
        yield _with_ids(
            node,
            machine_pb2.ContainerInfo(
                namespace=K8S,
                id=pod,
                name=pod if by_cri else sandbox.id,
                pod_id=pod,
                image="registry.example/pause:3.10",
                pid=_pid(node, sandbox.id),
                status="SANDBOX_READY" if by_cri else "RUNNING",
                network_namespace=f"cni-{sandbox.id[:8]}" if by_cri and sandbox.network else "",
            ),
            sandbox.id,
            uid if by_cri else "",
        )
        for name in sandbox.containers:
            identifier = container_id(node, sandbox, name)
            yield _with_ids(
                node,
                machine_pb2.ContainerInfo(
                    namespace=K8S,
                    id=f"{pod}:{name}:{identifier[:12]}",
                    name=name,
                    pod_id=pod,
                    image=f"registry.example/{name}:1",
                    pid=_pid(node, identifier),
                    status="CONTAINER_RUNNING" if by_cri else "RUNNING",
                ),
                identifier,
                uid if by_cri else "",
            )


def pod_uid(node: SimulatedNode, sandbox: SandboxSpec) -> str:
    """UID of a sandbox's pod: as specified, or one that follows from its id."""
    return sandbox.uid or str(node.cluster.identity("pod", sandbox.id))


def container_id(node: SimulatedNode, sandbox: SandboxSpec, name: str) -> str:
    """Full id of a container: 64 hexadecimal digits."""
    return (node.cluster.identity("container", sandbox.id, name).hex * 2)[:64]


def _with_ids(node: SimulatedNode, info: machine_pb2.ContainerInfo, identifier: str, uid: str) -> machine_pb2.ContainerInfo:
    if node.profile.sandbox_ids:
        info.internal_id, info.uid = identifier, uid
    return info


def _pid(node: SimulatedNode, identifier: str) -> int:
    return 2000 + node.cluster.identity("pid", node.boots, identifier).int % 30000
