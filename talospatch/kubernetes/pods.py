"""A pod of a node: as much of it as tells which sandboxes are its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from lightkube.models.core_v1 import Pod, PodSpec, PodStatus

_LONGEST_HOSTNAME = 63  # a DNS label, which Linux has room for as well
_FINISHED = frozenset({"Succeeded", "Failed"})
NEVER, NOT_TOLD = float("inf"), float("-inf")


@dataclass(frozen=True, slots=True)
class PodOnNode:
    """A pod that Kubernetes has given to a node.

    Attributes:
        addresses: those of its status; empty in the host's network.
        hostname: what the kubelet calls its sandboxes; empty in the host's network, and where it is made of the pod's subdomain.
        started: when the kubelet took note of it, seconds since 1970; None when it did not yet.
        ended: when the last container of a finished pod ended; infinity while it is not finished, minus infinity where that is not told.
    """

    namespace: str
    name: str
    uid: str = ""
    addresses: tuple[str, ...] = ()
    hostname: str = ""
    started: float | None = None
    ended: float = NEVER


def pod_on_node(pod: Pod) -> PodOnNode:
    """Return as much of a pod as is of use here."""
    metadata, spec, status = pod.metadata, pod.spec, pod.status
    name, namespace, uid = (metadata.name or "", metadata.namespace or "", metadata.uid or "") if metadata is not None else ("", "", "")
    if spec is None or status is None or spec.hostNetwork:
        return PodOnNode(namespace, name, uid)
    told = [status.podIP, *(each.ip for each in status.podIPs or ())]
    addresses = tuple(dict.fromkeys(each for each in told if each))
    return PodOnNode(namespace, name, uid, addresses, hostname_of(name, spec), _seconds(status.startTime), _ended(status))


def hostname_of(name: str, spec: PodSpec) -> str:
    """Return what the kubelet calls the sandboxes of a pod (GeneratePodHostNameAndDomain in pkg/kubelet/kubelet_pods.go)."""
    if spec.setHostnameAsFQDN or getattr(spec, "hostnameOverride", None):
        return ""
    return spec.hostname or name[:_LONGEST_HOSTNAME].rstrip("-.")


def _ended(status: PodStatus) -> float:
    if status.phase not in _FINISHED:
        return NEVER
    states = [each.state for each in status.containerStatuses or ()]
    ends = [_seconds(state.terminated.finishedAt) for state in states if state is not None and state.terminated is not None]
    return max((each for each in ends if each is not None), default=NOT_TOLD)


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
