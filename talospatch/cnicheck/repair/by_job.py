"""Removing files through a Kubernetes Job that is pinned to the node and sees nothing of it but the cache's directory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from talospatch.cni.directories import RESULTS
from talospatch.cnicheck.repair.plan import NAMESPACE
from talospatch.cnicheck.repair.planner import MOUNT
from talospatch.cnicheck.repair.remover import Removal, Removals, read_output
from talospatch.errors import KubernetesError, RefusedError
from talospatch.kubernetes.admission import VIOLATES, foresee, remedy
from talospatch.kubernetes.client import FORBIDDEN
from talospatch.kubernetes.manifest import DEADLINE, OneOffJob, job_manifest, pod_manifest

if TYPE_CHECKING:
    from talospatch.cnicheck.repair.plan import FileRepair, NodeRepair, RepairOptions
    from talospatch.kubernetes.client import KubernetesNode, PodState
    from talospatch.rollout.clock import Clock

COMPONENT = "cni-repair"
_POLL = 1.0  # seconds between two looks at the job
_MARGIN = 30.0  # seconds that Kubernetes may take beyond the job's own deadline
# Reasons for a container not to start that do not soon go away by themselves (the kubelet's images/types.go).
_HOPELESS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
)


class KubernetesCalls(Protocol):
    """The requests that this makes; see :class:`talospatch.kubernetes.client.Kubernetes`."""

    async def node(self, name: str) -> KubernetesNode:
        """Return a node."""

    async def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a namespace."""

    async def try_pod(self, manifest: Mapping[str, Any]) -> None:
        """Ask whether a pod would be let in."""

    async def create_job(self, manifest: Mapping[str, Any]) -> None:
        """Make a job."""

    async def job_exists(self, namespace: str, name: str) -> bool:
        """Whether a job is there."""

    async def job_failure(self, namespace: str, name: str) -> str:
        """Return why a job failed."""

    async def job_pods(self, namespace: str, name: str) -> tuple[PodState, ...]:
        """Return the pods of a job."""

    async def log(self, namespace: str, pod: str, container: str) -> bytes:
        """Return the last lines that a container wrote."""

    async def delete_job(self, namespace: str, name: str) -> None:
        """Begin to delete a job."""


def job_of(node: NodeRepair, files: Sequence[FileRepair], options: RepairOptions, name: str, *, critical: bool = False) -> OneOffJob:
    """Return the job that removes files of a node; one under pressure takes critical pods only."""
    return OneOffJob(
        name=name,
        namespace=options.namespace,
        node=node.kubernetes_name,
        component=COMPONENT,
        image=options.image,
        commands={f"file-{number}": file.command for number, file in enumerate(files, 1)},
        host_path=RESULTS,
        mount_path=MOUNT,
        critical=critical,
    )


def manifests(nodes: Sequence[NodeRepair], options: RepairOptions) -> tuple[dict[str, Any], ...]:
    """Return a Job for each node that has files to remove, for somebody to look at and to apply.

    Every call names them anew: one that was applied stays for minutes, and another of its name would be taken for it and not run.
    """
    todo = [node for node in nodes if node.files and node.kubernetes_name and not node.refused]
    base = _new_name()
    return tuple(job_manifest(job_of(node, node.files, options, f"{base}-{number}")) for number, node in enumerate(todo, 1))


@dataclass(slots=True)
class JobRemover:
    """See :class:`talospatch.cnicheck.repair.remover.Remover`. One node at a time."""

    kubernetes: KubernetesCalls
    options: RepairOptions
    clock: Clock
    _name: str = ""
    _critical: bool = False

    async def prepare(self, node: NodeRepair, boot_id: str) -> None:
        """See that Kubernetes means the same machine, that its kubelet would take the pod, and that admission would let it in."""
        found = await self.kubernetes.node(node.kubernetes_name)
        if not boot_id or found.boot_id != boot_id:
            raise RefusedError(
                "other-machine",
                f"{node.name}: {node.kubernetes_name} in Kubernetes is not the machine that Talos answers for: the boot ids differ",
            )
        self._critical = bool(found.pressure)
        # Elsewhere a cluster may forbid such pods, by a quota; and one in order gets a plain pod, since for a critical one a kubelet that
        # has its greatest number of pods ends another (pkg/kubelet/preemption).
        if self._critical and self.options.namespace != NAMESPACE:
            raise RefusedError(
                "pressure",
                f"{node.name}: {node.kubernetes_name} has {', '.join(found.pressure)}, with which its kubelet takes critical pods only; "
                f"take --namespace {NAMESPACE}, where the job's pod is one",
            )
        expected = foresee(self.options.namespace, await self.kubernetes.namespace_labels(self.options.namespace))
        try:
            await self.kubernetes.try_pod(pod_manifest(job_of(node, node.files, self.options, _new_name(), critical=self._critical)))
        except KubernetesError as error:
            if error.status != FORBIDDEN:
                raise
            if VIOLATES in error.text:
                raise RefusedError("pod-security", f"{error.text}; {expected}; {remedy(self.options.namespace)}") from None
            raise RefusedError("forbidden", f"{error}; {expected}") from None

    async def remove(self, node: NodeRepair, files: Sequence[FileRepair]) -> Removals:
        """Make the job, wait for its end, and see it gone: a pod that starts later must not find anything to do."""
        namespace, self._name = self.options.namespace, _new_name()
        job = job_of(node, files, self.options, self._name, critical=self._critical)
        try:
            await self.kubernetes.create_job(job_manifest(job))
        except KubernetesError as error:
            if error.status:
                self._name = ""  # it was refused, so there is none
                raise
            return Removals({file.order.name: Removal(None, None, str(error)) for file in files}, notes=await self.clean_up(node))
        problem, pods = await self._ended(namespace, self._name, len(files))
        done: dict[str, Removal] = {}
        image = ""
        states = {container.name: (pod, container) for pod in pods for container in pod.containers}
        for (container_name, _), file in zip(job.commands.items(), files, strict=True):
            pod, state = states.get(container_name, (None, None))
            if pod is None or state is None or state.exit_code is None:
                done[file.order.name] = Removal(None, None, (state.waiting if state is not None else "") or problem)
                continue
            image = state.image_id or image
            done[file.order.name] = await self._read(pod.name, container_name, state.exit_code, file)
        return Removals(done, image or self.options.image, await self.clean_up(node))

    async def clean_up(self, node: NodeRepair) -> tuple[str, ...]:
        """Delete the job and wait until it and its pods are gone."""
        if not self._name:
            return ()
        namespace, name = self.options.namespace, self._name
        try:
            await self.kubernetes.delete_job(namespace, name)
            end = self.clock.now() + DEADLINE
            while await self.kubernetes.job_exists(namespace, name):
                if self.clock.now() >= end:
                    return (f"{node.name}: the job {namespace}/{name} is still being deleted",)
                await self.clock.sleep(_POLL)
        except KubernetesError as error:
            return (f"{node.name}: the job {namespace}/{name} may still be there; it ends and goes by itself: {error.text}",)
        self._name = ""
        return ()

    async def _ended(self, namespace: str, name: str, count: int) -> tuple[str, tuple[PodState, ...]]:
        """Wait until every container ended; return why one did not, and the pods as they were then."""
        end = self.clock.now() + DEADLINE + _MARGIN
        problem = ""
        pods: tuple[PodState, ...] = ()
        while True:
            try:
                pods = await self.kubernetes.job_pods(namespace, name)
                containers = [container for pod in pods for container in pod.containers]
                if len(containers) >= count and all(container.exit_code is not None for container in containers):
                    return "", pods
                stuck = next((each.waiting for each in containers if each.waiting.partition(":")[0] in _HOPELESS), "")
                refused = next((f"its pod failed: {pod.reason}" for pod in pods if pod.reason), "")
                problem = stuck or refused or await self.kubernetes.job_failure(namespace, name)
                if problem:
                    # What ended between the two questions counts as well.
                    return problem, await self.kubernetes.job_pods(namespace, name)
            except KubernetesError as error:
                problem = error.text
            if self.clock.now() >= end:
                return problem or "its pod did not end in time", pods
            await self.clock.sleep(_POLL)

    async def _read(self, pod: str, container: str, exit_code: int, file: FileRepair) -> Removal:
        try:
            output = await self.kubernetes.log(self.options.namespace, pod, container)
        except KubernetesError as error:
            return Removal(exit_code, None, f"what it printed was not seen: {error.text}")
        removed, said = read_output(output, file.command[1])
        return Removal(exit_code, removed, said)


def _new_name() -> str:
    return f"talospatch-cni-repair-{os.urandom(4).hex()}"
