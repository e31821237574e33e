"""The pods that Kubernetes has on a node; a connection is made only when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from talospatch.cni.leases import address_of
from talospatch.cni.logreport import PodName
from talospatch.cni.pods import KubernetesPod
from talospatch.cnicheck.node_names import NameCalls, kubernetes_name
from talospatch.errors import KubernetesError, RefusedError, TalosPatchError

if TYPE_CHECKING:
    from pathlib import Path

    from talospatch.kubernetes.client import KubernetesNode
    from talospatch.kubernetes.pods import PodOnNode

MOST = 2000  # pods of one node; the kubelet runs 110 unless it is told otherwise
_TIMEOUT = 20.0  # seconds for everything that Kubernetes is asked about one node


class NodeCalls(NameCalls, Protocol):
    """What is asked of a node."""

    async def boot_id(self, node: str) -> str:
        """Return the kernel's id of this boot. Needs os:admin."""


class PodCalls(Protocol):
    """What is asked of Kubernetes. :class:`talospatch.kubernetes.client.Kubernetes` has it."""

    async def node(self, name: str) -> KubernetesNode:
        """Return a node."""

    async def pods_on(self, node: str, *, most: int) -> tuple[PodOnNode, ...]:
        """Return the pods of a node, of all namespaces."""

    async def close(self) -> None:
        """Close the connections."""


@asynccontextmanager
async def node_pods(
    client: NodeCalls, *, kubeconfig: str | Path | None = None, kube_context: str | None = None
) -> AsyncIterator[NodePods | None]:
    """Have, for the length of a block, what asks Kubernetes for the pods of a node; None where nobody named a cluster.

    Args:
        client: the client of the nodes.
        kubeconfig: None takes the one that ``KUBECONFIG`` names.
        kube_context: its context, instead of the current one.
    """
    from talospatch.kubernetes.connection import PODS, connect, is_named

    if not is_named(kubeconfig, kube_context):
        yield None
        return
    found = NodePods(client, lambda: connect(kubeconfig, kube_context, need=PODS))
    try:
        yield found
    finally:
        await found.close()


@dataclass(slots=True)
class NodePods:
    """See :class:`talospatch.cnicheck.options.PodsOfNodes`. Used in one event loop.

    Attributes:
        client: of the nodes.
        open: makes the connection to Kubernetes.
    """

    client: NodeCalls
    open: Callable[[], PodCalls]
    _kubernetes: PodCalls | None = None
    _unreachable: TalosPatchError | None = None
    _gate: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def on(self, node: str) -> tuple[KubernetesPod, ...]:
        """Return the pods of the node of that address. Needs os:admin, and in Kubernetes to get nodes and to list pods.

        Raises:
            RefusedError: ``other-machine``: the node of that name is not the one that Talos answers for.
            TalosPatchError: why else they are not known.
        """
        name = await kubernetes_name(self.client, node)
        boot_id = await self.client.boot_id(node)
        try:
            # One node after the other: once one got no answer, none of the others waits for one.
            async with asyncio.timeout(_TIMEOUT), self._gate:
                return await self._pods(name, boot_id)
        except TimeoutError:
            self._unreachable = KubernetesError(f"list the pods of the node {name}", 0, f"no answer within {_TIMEOUT:g} s")
        raise self._unreachable

    async def close(self) -> None:
        """Close the connection, if one was made."""
        if self._kubernetes is not None:
            await self._kubernetes.close()
            self._kubernetes = None

    async def _pods(self, name: str, boot_id: str) -> tuple[KubernetesPod, ...]:
        if self._unreachable is not None:
            raise self._unreachable
        try:
            if self._kubernetes is None:
                self._kubernetes = self.open()
            found = await self._kubernetes.node(name)
            if not boot_id or found.boot_id != boot_id:
                raise RefusedError("other-machine", f"its {name} is not the machine that Talos answers for: the boot ids differ")
            return tuple(map(_pod, await self._kubernetes.pods_on(name, most=MOST)))
        except KubernetesError as error:
            if not error.status:
                self._unreachable = error
            raise


def _pod(found: PodOnNode) -> KubernetesPod:
    addresses = tuple(filter(None, map(address_of, found.addresses)))
    return KubernetesPod(PodName(found.namespace, found.name, found.uid), addresses, found.hostname, found.started, found.ended)
