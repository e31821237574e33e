"""What a node lists as running, by the IDs of its sandboxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from talospatch.cni.logreport import PodName

if TYPE_CHECKING:
    from talospatch.talos.containers import Container


class UnnamedError(Exception):
    """A sandbox runs of which the node does not tell the ID."""


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
        UnnamedError: one of them has no ID, so that what is not named may run as well.
    """
    sandboxes = [each for each in containers if each.is_sandbox]
    if not all(each.internal_id for each in sandboxes):
        raise UnnamedError
    ready = frozenset(each.internal_id for each in sandboxes)
    namespaces = {each.internal_id: each.network_namespace for each in sandboxes if each.network_namespace}
    pods = {}
    for each in sandboxes:
        namespace, slash, name = each.id.partition("/")
        if slash:
            pods[each.internal_id] = PodName(namespace, name, each.uid)
    # A node that names no network namespace at all does not tell which pods have none.
    return Running(ready, ready - namespaces.keys() if namespaces else frozenset(), pods, namespaces)
