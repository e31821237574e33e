"""Which of a node's pods in Kubernetes a sandbox belongs to: told by the address that is held for it, else by its hostname.

Kubernetes knows no sandboxes, so each match has to hold against what else is known. A sandbox is made while its pod is there: after the
kubelet took note of the pod (``status.startTime``) and before the pod's last container ended. A finished pod keeps its last address in its
status, and somebody else may have got it since; a pod's name is taken again as soon as it is free. What fits two pods fits none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from talospatch.cni.logreport import PodName


class KubernetesPod(NamedTuple):
    """A pod of one node, as Kubernetes lists it.

    Attributes:
        pod: its name.
        addresses: those of its status.
        hostname: what its sandboxes are called; empty in the host's network, and where that is not told.
        started: when the kubelet took note of it, seconds since 1970; None when it did not say.
        ended: when its last container ended; infinity while it is not finished.
    """

    pod: PodName
    addresses: tuple[str, ...] = ()
    hostname: str = ""
    started: float | None = None
    ended: float = math.inf


class Match(NamedTuple):
    """A pod that a sandbox is of.

    Attributes:
        pod: its name.
        exists: whether it is not finished: deleted or not, the kubelet has it and wants to stop its sandboxes or to run it.
        by_hostname: whether it was found by the hostname alone.
    """

    pod: PodName
    exists: bool
    by_hostname: bool = False


def pod_of(pods: Iterable[KubernetesPod], *, addresses: Collection[str], hostname: str, made: float | None, runs: bool) -> Match | None:
    """Return the one pod that a sandbox can be of; None when there is none, or more than one.

    Args:
        pods: of its node.
        addresses: those that are held for it.
        hostname: its own; empty when it is not known.
        made: when it was made, whole seconds since 1970, as Kubernetes tells times; None when that is not known.
        runs: whether it runs: then its pod has its addresses. A pod that came back after a reboot has others than its old sandbox.
    """
    there = [each for each in pods if _was_there(each, made)]
    found = [each for each in there if not set(addresses).isdisjoint(each.addresses)]
    if found:
        # An address and a hostname that tell of different pods tell of none.
        fits = len(found) == 1 and (not hostname or found[0].hostname in ("", hostname))
        return _match(found[0]) if fits else None
    if not hostname or (runs and addresses):
        return None
    named = [each for each in there if each.hostname == hostname]
    return _match(named[0], by_hostname=True) if len(named) == 1 else None


def exists(pods: Iterable[KubernetesPod], pod: PodName, made: float | None) -> bool:
    """Whether a pod that is known by its name is there and not finished; another one may have its name by now.

    Args:
        pods: of its node.
        pod: the name; its UID tells, where it is known, else the times do.
        made: when its sandbox was made, whole seconds since 1970; None when that is not known.
    """
    named = [each for each in pods if each.pod[:2] == pod[:2] and each.ended == math.inf]
    return any(each.pod.uid == pod.uid if pod.uid else _was_there(each, made) for each in named)


def _match(pod: KubernetesPod, *, by_hostname: bool = False) -> Match:
    return Match(pod.pod, pod.ended == math.inf, by_hostname)


def _was_there(pod: KubernetesPod, made: float | None) -> bool:
    return made is not None and pod.started is not None and pod.started <= made <= pod.ended
