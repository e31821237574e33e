"""What Kubernetes calls a node, as the node itself says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from talospatch.errors import RefusedError, TalosPatchError

if TYPE_CHECKING:
    from talospatch.talos.resources import Resource

NODENAME = ("k8s", "Nodenames.kubernetes.talos.dev", "nodename")
# A DNS subdomain, as Kubernetes has names of nodes (apimachinery, IsDNS1123Subdomain).
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST = 253


class NameCalls(Protocol):
    """What is asked of the node."""

    async def get_resource(self, node: str, namespace: str, type: str, id: str) -> Resource:  # noqa: A002 - Talos's words
        """Return a resource. Needs os:reader where it is not sensitive."""


async def kubernetes_name(client: NameCalls, node: str) -> str:
    """Return the name of the Node object that a node's kubelet keeps. Needs os:reader.

    Args:
        client: the client.
        node: the node's address.

    Raises:
        RefusedError: ``no-node-name``: the node does not tell, or what it tells is no name of a node.
    """
    from talospatch.talosapi.specs import mapping, parse_yaml, text_of

    try:
        resource = await client.get_resource(node, *NODENAME)
        name = text_of(mapping(parse_yaml(resource.spec_yaml)).get("nodename"))
    except (TalosPatchError, ValueError) as error:
        problem = f"the node does not say what Kubernetes calls it: {error}"
    else:
        if len(name) <= _LONGEST and _NAME.fullmatch(name) is not None:
            return name
        problem = "what the node says Kubernetes calls it is no name of a node"
    raise RefusedError("no-node-name", problem)
