"""This process in kubelet's place: collecting dead pods once in a while, running a pod's container, and the log lines that come of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from containerd_node import cri_pb2 as pb
from containerd_node.cri_client import CriError
from containerd_node.machine import until
from containerd_node.pod_image import TOOLS
from talospatch.cnicheck.repair.command import TEST

if TYPE_CHECKING:
    from containerd_node.node import ContainerdNode


class PodRun(NamedTuple):
    """What became of a pod that ran to its end: the exit code of its container, and what that wrote."""

    exit_code: int
    output: str


class Kubelet:
    """Kubelet on one node, as far as the CNI result cache has to do with it.

    Attributes:
        lines: its log, in the form that Talos gives it: (seconds since 1970, JSON text).
        is_busy: whether it has no time to collect anything.
        waiting: by the ID of its old sandbox, the pod that is to get a new one.
    """

    def __init__(self, node: ContainerdNode) -> None:
        self.node = node
        self.lines: list[tuple[float, str]] = []
        self.is_busy = False
        self.waiting: dict[str, pb.PodSandboxConfig] = {}

    def keep_pod(self, sandbox: str) -> None:
        """Take a sandbox for that of a pod which still exists, with a container that has ended, as after a power cut."""
        cri = self.node.cri
        made = next(pod.metadata for pod in cri.pods() if pod.id == sandbox)
        config = cri.pod_config(made.name, made.uid, namespace=made.namespace)
        (self.node.machine.root / config.log_directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
        container = {"name": "app", "command": [TEST, "-e", "/"]}
        ended = cri.start_container(sandbox, self._container(container, {}), config)
        until(lambda: cri.container_status(ended)[0].state == pb.CONTAINER_EXITED, "the pod's container to end")
        config.metadata.attempt = 1
        self.waiting[sandbox] = config

    def sync(self) -> list[str]:
        """Give each pod that waits for it a new sandbox, as kubelet does every 10 to 15 s; return the old ones that would not stop.

        The old one is stopped before, and where that fails nothing else is done; it is not removed. Source: SyncPod and
        killPodWithSyncResult in pkg/kubelet/kuberuntime/kuberuntime_manager.go, podWorkerLoop in pkg/kubelet/pod_workers.go.
        """
        stuck: list[str] = []
        for sandbox, config in list(self.waiting.items()):
            try:
                self.node.cri.stop_pod(sandbox)
            except CriError as error:
                pod = config.metadata
                said = f'failed to "KillPodSandbox" for "{pod.uid}" with KillPodSandboxError: {json.dumps(str(error))}'
                self._log("log/log.go:32", "StopPodSandbox from runtime service failed", error, podSandboxID=sandbox)
                self._log("kuberuntime/kuberuntime_manager.go:1081", "killPodWithSyncResult failed", said)
                named = {"name": pod.name, "namespace": pod.namespace}
                self._log("kubelet/pod_workers.go:1300", "Error syncing pod, skipping", said, pod=named, podUID=pod.uid)
                stuck.append(sandbox)
                continue
            self.node.cri.run_pod(config)
            del self.waiting[sandbox]
        return stuck

    def collect(self) -> list[str]:
        """Stop and remove every sandbox that does not run, as kubelet does once a minute; return the IDs of those that would not go.

        Those of pods that wait for a new one have had their turns before. One that holds a container stays, as does the latest one of a pod
        that still exists.

        Source: evictSandboxes and removeSandbox in pkg/kubelet/kuberuntime/kuberuntime_gc.go; the line of the call itself is cri-client's.
        """
        stuck: list[str] = []
        if self.is_busy:
            return stuck
        stuck += self.sync()
        holding = {container.pod_sandbox_id for container in self.node.cri.containers()}
        for pod in self.node.cri.pods():
            if pod.state == pb.SANDBOX_READY or pod.id in holding or pod.id in self.waiting:
                continue
            try:
                self.node.cri.stop_pod(pod.id)
            except CriError as error:
                self._log("log/log.go:32", "StopPodSandbox from runtime service failed", error, podSandboxID=pod.id)
                self._log("kuberuntime/kuberuntime_gc.go:180", "Failed to stop sandbox before removing", error, sandboxID=pod.id)
                stuck.append(pod.id)
                continue
            self.node.cri.remove_pod(pod.id)
        return stuck

    def _log(self, caller: str, message: str, error: CriError | str, **more: object) -> None:
        now = time.time()
        self.lines.append((now, json.dumps({"ts": round(now * 1000, 4), "caller": caller, "msg": message, **more, "err": str(error)})))

    def run_to_end(self, spec: Mapping[str, Any]) -> PodRun:
        """Run a pod with one container, given as Kubernetes has it under ``spec``, and remove it again. Its image is the one of the tests.

        Of the spec there is what a one-off pod needs: ``hostNetwork``, ``volumes`` of the kind ``hostPath``, and of the container
        ``command``, ``args``, ``volumeMounts`` and ``securityContext``.
        """
        (container,) = spec["containers"]
        cri = self.node.cri
        pod = cri.pod_config(
            "one-off", f"one-off-{time.monotonic_ns()}", namespace="kube-system", host_network=spec.get("hostNetwork", False)
        )
        (self.node.machine.root / pod.log_directory.lstrip("/")).mkdir(parents=True)
        sandbox = cri.run_pod(pod)
        try:
            started = cri.start_container(sandbox, self._container(container, spec), pod)
            until(lambda: cri.container_status(started)[0].state == pb.CONTAINER_EXITED, "the pod's container to end")
            log = (self.node.machine.root / pod.log_directory.lstrip("/") / "0.log").read_text()
            return PodRun(cri.container_status(started)[0].exit_code, _written(log))
        finally:
            cri.stop_pod(sandbox)
            cri.remove_pod(sandbox)

    def _container(self, container: Mapping[str, Any], spec: Mapping[str, Any]) -> pb.ContainerConfig:
        paths = {volume["name"]: volume["hostPath"] for volume in spec.get("volumes", ())}
        mounts = []
        for mount in container.get("volumeMounts", ()):
            volume = paths[mount["name"]]
            path = self.node.machine.root / volume["path"].lstrip("/")
            assert volume["type"] == "Directory", "other types are not needed here"
            assert path.is_dir(), f"{volume['path']} is no directory"
            mounts.append(pb.Mount(container_path=mount["mountPath"], host_path=volume["path"], readonly=mount.get("readOnly", False)))
        return pb.ContainerConfig(
            metadata=pb.ContainerMetadata(name=container["name"]),
            image=pb.ImageSpec(image=TOOLS),
            command=container.get("command", ()),
            args=container.get("args", ()),
            mounts=mounts,
            log_path="0.log",
            linux=pb.LinuxContainerConfig(
                security_context=_security({**spec.get("securityContext", {}), **container.get("securityContext", {})})
            ),
        )


def _security(context: Mapping[str, Any]) -> pb.ContainerSecurityContext:
    capabilities = context.get("capabilities", {})
    security = pb.ContainerSecurityContext(
        capabilities=pb.Capability(add_capabilities=capabilities.get("add", ()), drop_capabilities=capabilities.get("drop", ())),
        privileged=context.get("privileged", False),
        readonly_rootfs=context.get("readOnlyRootFilesystem", False),
        no_new_privs=not context.get("allowPrivilegeEscalation", True),
    )
    if "runAsUser" in context:
        security.run_as_user.value = context["runAsUser"]
    if context.get("seccompProfile", {}).get("type") == "RuntimeDefault":
        security.seccomp.profile_type = pb.SecurityProfile.RUNTIME_DEFAULT
    else:
        security.seccomp.profile_type = pb.SecurityProfile.UNCONFINED
    return security


def _written(log: str) -> str:
    """What a container wrote, from its log: each line has a time, a stream, and F for a full line or P for a part of one."""
    found = ""
    for line in log.splitlines():
        _, _, kind, text = line.split(" ", 3)
        found += text if kind == "P" else f"{text}\n"
    return found
