"""A job that runs once, on one node, with one directory of that node and no privilege beyond it: plain values, as the API has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VOLUME = "directory"
DEADLINE = 120  # seconds until Kubernetes ends the job, images pulled included
KEPT = 300  # seconds until Kubernetes removes it by itself, should we not be there any more to do it
CRITICAL = "system-node-critical"  # a kubelet takes such a pod under any pressure (IsCriticalPod in pkg/kubelet/types/pod_update.go)
_LABELS = {"app.kubernetes.io/name": "talospatch", "app.kubernetes.io/managed-by": "talospatch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOffJob:
    """What to run.

    Attributes:
        name: of the job, unique in its namespace; at most 63 characters.
        namespace: where it is made.
        node: name of the node in Kubernetes.
        component: what it is for, as a label.
        image: by name or by digest.
        commands: one container each, by the container's name; argument lists, never a shell's text.
        host_path: the one directory of the node that they see.
        mount_path: where they see it.
        critical: whether it is of a class that a node under pressure takes.
    """

    name: str
    namespace: str
    node: str
    component: str
    image: str
    commands: Mapping[str, Sequence[str]]
    host_path: str
    mount_path: str
    critical: bool = False


def job_manifest(job: OneOffJob) -> dict[str, Any]:
    """Return the Job. It tries once, ends by itself, and is removed by itself."""
    labels = {**_LABELS, "app.kubernetes.io/component": job.component}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, "namespace": job.namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": DEADLINE,
            "ttlSecondsAfterFinished": KEPT,
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(job)},
        },
    }


def pod_manifest(job: OneOffJob) -> dict[str, Any]:
    """Return the Pod that the Job would make, to ask admission about: of a Job itself Pod security only warns."""
    labels = {**_LABELS, "app.kubernetes.io/component": job.component}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": job.name, "namespace": job.namespace, "labels": labels},
        "spec": _pod_spec(job),
    }


def _pod_spec(job: OneOffJob) -> dict[str, Any]:
    return {
        # Not by the scheduler: this very node, cordoned or tainted as it may be. Its kubelet has a say all the same: under pressure it
        # takes critical pods only, and no pod beyond its greatest number.
        "nodeName": job.node,
        **({"priorityClassName": CRITICAL} if job.critical else {}),
        "tolerations": [{"operator": "Exists"}],
        # Without an address of its own: the node may have none left, which is why we come.
        "hostNetwork": True,
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        # Directory: it must be there; Kubernetes makes none.
        "volumes": [{"name": VOLUME, "hostPath": {"path": job.host_path, "type": "Directory"}}],
        "containers": [_container(job, name, command) for name, command in job.commands.items()],
    }


def _container(job: OneOffJob, name: str, command: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "image": job.image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "volumeMounts": [{"name": VOLUME, "mountPath": job.mount_path}],
        # Nothing that a full node could lack; a request that is not said would be the limit. With that limit it is no best-effort pod,
        # which a node short of memory would not take.
        "resources": {"requests": {"cpu": "0", "memory": "0"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            # The owner of the directory; as such it needs no capability to remove what is in it.
            "runAsUser": 0,
            "runAsGroup": 0,
            "runAsNonRoot": False,
            "privileged": False,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
