"""What a node lists as running, by the IDs of its sandboxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cni.logreport import PodName

if TYPE_CHECKING:
    from talospatch.talos.containers import Container


class UnnamedError(Exception):
    """The node does not tell the ID of a sandbox that runs."""


@dataclass(frozen=True, slots=True)
class Running:
    """The READY sandboxes of a node.

    Attributes:
        ready: their IDs; None when they are not known.
        host_network: those of them in the host's network.
        pods: whose they are, by ID.
        namespaces: their network namespaces, by ID.
    """

    ready: frozenset[str] | None = None
    host_network: frozenset[str] = frozenset()
    pods: Mapping[str, PodName] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)


def running(containers: Iterable[Container]) -> Running:
    """Return what a list of CRI's containers says of sandboxes.

    Raises:
        UnnamedError: one of them has no ID, so that it may be any sandbox that is not named.
    """
    ready: set[str] = set()
    namespaces: dict[str, str] = {}
    pods: dict[str, PodName] = {}
    for each in containers:
        if not each.is_sandbox:
            continue
        sandbox = each.internal_id
        if not sandbox:
            raise UnnamedError
        ready.add(sandbox)
        if each.network_namespace:
            namespaces[sandbox] = each.network_namespace
        namespace, slash, name = each.id.partition("/")
        if slash:
            pods[sandbox] = PodName(namespace, name, each.uid)
    # A node that names no network namespace at all does not tell which pods are in the host's.
    return Running(frozenset(ready), frozenset(ready - namespaces.keys()) if namespaces else frozenset(), pods, namespaces)
