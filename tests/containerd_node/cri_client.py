"""A client of the container runtime interface, as far as the tests play kubelet."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

import grpc

from containerd_node import cri_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

# Seconds. Generous: a busy machine is no failure.
DEADLINE = 90.0

_Answer = TypeVar("_Answer", bound="Message")


class CriError(Exception):
    """A call failed; ``str()`` is how kubelet and crictl word it.

    Attributes:
        code: gRPC's name of it, as ``UNKNOWN``.
        details: what containerd said.
    """

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"rpc error: code = {''.join(word.capitalize() for word in code.split('_'))} desc = {details}")
        self.code, self.details = code, details


class CriClient:
    """Calls to the containerd behind one socket.

    Args:
        socket: its path.
        cgroup: control group, as ``/name``, below which pods are put.
    """

    def __init__(self, socket: str, cgroup: str) -> None:
        self._cgroup = cgroup
        # No proxy of the environment's, and no name of the socket in HTTP/2's :authority, which Go's server refuses.
        options = (("grpc.default_authority", "localhost"), ("grpc.enable_http_proxy", 0))
        self._channel = grpc.insecure_channel(f"unix://{socket}", options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def _call(self, method: str, request: Message, answer: type[_Answer], deadline: float = DEADLINE) -> _Answer:
        call: Any = self._channel.unary_unary(
            f"/runtime.v1.RuntimeService/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        began = time.monotonic()
        try:
            return call(request, timeout=deadline)  # type: ignore[no-any-return]
        except grpc.RpcError as error:
            code = error.code().name
            # At the deadline it is chance whether the client's clock or containerd's reset of the call comes first.
            if code == "CANCELLED" and time.monotonic() - began > deadline - 0.1:
                code = "DEADLINE_EXCEEDED"
            raise CriError(code, error.details() or "") from None

    def version(self, deadline: float = DEADLINE) -> str:
        """Version of containerd."""
        return self._call("Version", pb.VersionRequest(version="v1"), pb.VersionResponse, deadline).runtime_version

    def not_ready(self, deadline: float = DEADLINE) -> str:
        """Why no pod can be made now; empty when one can."""
        status = self._call("Status", pb.StatusRequest(), pb.StatusResponse, deadline).status
        failing = [each for each in status.conditions if each.type in {"RuntimeReady", "NetworkReady"} and not each.status]
        return "; ".join(f"{each.type}: {each.reason}: {each.message}" for each in failing)

    def cni_version(self) -> str:
        """The cniVersion of the network that containerd has in force; empty when it has none."""
        info = self._call("Status", pb.StatusRequest(verbose=True), pb.StatusResponse).info
        networks = [each["Config"] for each in json.loads(info.get("cniconfig", "{}")).get("Networks") or ()]
        return next((each["CNIVersion"] for each in networks if each["Name"] == "cbr0"), "")

    def pod_config(self, name: str, uid: str, *, namespace: str = "shop", host_network: bool = False) -> pb.PodSandboxConfig:
        """Describe a pod as kubelet does."""
        labels = {"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.uid": uid}
        linux = pb.LinuxPodSandboxConfig(cgroup_parent=self._cgroup)
        if host_network:
            linux.security_context.namespace_options.network = pb.NODE
        return pb.PodSandboxConfig(
            metadata=pb.PodSandboxMetadata(name=name, uid=uid, namespace=namespace),
            hostname="" if host_network else name[:63],
            log_directory=f"/var/log/pods/{namespace}_{name}_{uid}",
            labels=labels,
            linux=linux,
        )

    def run_pod(self, config: pb.PodSandboxConfig) -> str:
        """Make a sandbox and return its ID."""
        return self._call("RunPodSandbox", pb.RunPodSandboxRequest(config=config), pb.PodSandboxId).pod_sandbox_id

    def stop_pod(self, sandbox: str, deadline: float = DEADLINE) -> None:
        """Stop a sandbox: the call that a damaged cache file makes fail."""
        self._call("StopPodSandbox", pb.PodSandboxId(pod_sandbox_id=sandbox), pb.Nothing, deadline)

    def remove_pod(self, sandbox: str) -> None:
        """Remove a sandbox."""
        self._call("RemovePodSandbox", pb.PodSandboxId(pod_sandbox_id=sandbox), pb.Nothing)

    def pods(self) -> list[pb.PodSandbox]:
        """All sandboxes, READY or not."""
        return list(self._call("ListPodSandbox", pb.Nothing(), pb.ListPodSandboxResponse).items)

    def pod_info(self, sandbox: str) -> dict[str, Any]:
        """What ``crictl inspectp`` shows under ``info``."""
        answer = self._call(
            "PodSandboxStatus", pb.PodSandboxStatusRequest(pod_sandbox_id=sandbox, verbose=True), pb.PodSandboxStatusResponse
        )
        info: dict[str, Any] = json.loads(answer.info["info"])
        return info

    def is_ready(self, sandbox: str) -> bool:
        """Whether the sandbox's own process runs."""
        request = pb.PodSandboxStatusRequest(pod_sandbox_id=sandbox)
        return self._call("PodSandboxStatus", request, pb.PodSandboxStatusResponse).status.state == pb.SANDBOX_READY

    def start_container(self, sandbox: str, config: pb.ContainerConfig, pod: pb.PodSandboxConfig) -> str:
        """Make a container in a sandbox, start it and return its ID."""
        request = pb.CreateContainerRequest(pod_sandbox_id=sandbox, config=config, sandbox_config=pod)
        made = self._call("CreateContainer", request, pb.ContainerId)
        self._call("StartContainer", made, pb.Nothing)
        return made.container_id

    def containers(self) -> list[pb.Container]:
        """All containers, running or not."""
        return list(self._call("ListContainers", pb.Nothing(), pb.ListContainersResponse).containers)

    def container_status(self, container: str) -> tuple[pb.ContainerStatus, dict[str, Any]]:
        """State and exit code of a container, and what ``crictl inspect`` shows under ``info``."""
        request = pb.ContainerStatusRequest(container_id=container, verbose=True)
        answer = self._call("ContainerStatus", request, pb.ContainerStatusResponse)
        return answer.status, json.loads(answer.info["info"])

    def remove_container(self, container: str) -> None:
        """Remove a container, whether or not it runs."""
        self._call("RemoveContainer", pb.ContainerId(container_id=container), pb.Nothing)
