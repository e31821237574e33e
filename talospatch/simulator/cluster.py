"""A cluster of simulated nodes behind its endpoints: routing as apid does it, roles, and the clock."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talospatch.simulator import authorization, metrics
from talospatch.simulator.exchange import Exchange, Link, StreamBroken, failure
from talospatch.simulator.machine_api import Context, handle
from talospatch.simulator.node import SimulatedNode
from talospatch.wire.methods import METHODS
from talospatch.wire.proto import machine_pb2
from talospatch.wire.transport import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from google.protobuf.message import Message

    from talospatch.simulator.spec import ClusterSpec

APID_PORT = 50000

# Services whose calls may go to many nodes at once (director.go, since 1.13).
_MANY = (
    "/machine.MachineService/",
    "/cluster.ClusterService/",
    "/inspect.InspectService/",
    "/storage.StorageService/",
    "/time.TimeService/",
)
_STREAMED = frozenset(
    [
        "Copy",
        "DiskUsage",
        "Dmesg",
        "EtcdSnapshot",
        "Events",
        "ImageList",
        "Kubeconfig",
        "List",
        "Logs",
        "PacketCapture",
        "Read",
        "HealthCheck",
    ]
)
_CODE_NAMES = {code: "".join(part.capitalize() for part in code.split("_")) for code in CODES}


@dataclass(frozen=True, slots=True)
class IssuedIdentity:
    """What GenerateClientConfiguration gives: PEM bytes, and a whole talosconfig."""

    ca: bytes
    crt: bytes
    key: bytes
    talosconfig: bytes


class SimulatedCluster:
    """Nodes, and every call to them.

    Args:
        spec: what to make.
        now: seconds since 1970; nodes have been running for a day by then.
        issue: makes a client certificate for (roles, seconds to live); None refuses such calls.
    """

    def __init__(self, spec: ClusterSpec, now: float, *, issue: Callable[[Sequence[str], float], IssuedIdentity] | None = None) -> None:
        self.spec = spec
        self.nodes = tuple(SimulatedNode(node, spec, index, now) for index, node in enumerate(spec.nodes))
        self._by_key = {key: node for node in self.nodes for key in (node.name, node.address)}
        self._issue = issue
        for node in self.nodes:
            node.peers = self.nodes

    def node(self, key: str) -> SimulatedNode:
        """The node with this name or address.

        Raises:
            KeyError: there is none.
        """
        return self._by_key[key]

    def call(  # noqa: PLR0917 - what a call on the wire has, in the order in which it comes there
        self,
        endpoint: str,
        metadata: Mapping[str, Sequence[str]],
        roles: Sequence[str],
        method: str,
        requests: Sequence[bytes],
        now: float,
    ) -> Exchange:
        """Make one call.

        Args:
            endpoint: name or address of the node that was dialled.
            metadata: gRPC metadata by lower-case key; ``node``, ``nodes`` and ``talos-role`` matter.
            roles: those of the client's certificate.
            method: full path, as ``/machine.MachineService/Version``; an unknown one is answered as Talos does.
            requests: serialized messages: one for unary and server streams. For a client stream all of it. For ContainerRun what has come
                so far: the spec is enough, and the answer is whole.
            now: seconds since 1970; never goes back.
        """
        dialled = self._by_key[endpoint]
        dialled.advance(now)
        if not dialled.up:
            return Exchange([], "UNAVAILABLE", _refused(dialled.address), link=Link.REFUSED)
        context = Context(authorization.effective_roles(roles, metadata), now, self._issue)
        node, nodes = list(metadata.get("node", ())), list(metadata.get("nodes", ()))
        if len(node) > 1:
            return failure("INVALID_ARGUMENT", "node metadata must be single-valued")
        if not dialled.is_control_plane:
            # A worker has no client certificate, so that it can only answer for itself.
            own = (dialled.name, dialled.address)
            node = [] if node and node[0] in own else node
            nodes = [] if len(nodes) == 1 and nodes[0] in own else nodes
        if nodes:
            return self._many(dialled, nodes, method, requests, context)
        if node:
            if not dialled.is_control_plane:
                return failure("PERMISSION_DENIED", "no request forwarding")
            if _is_invalid(node[0]):
                return failure("INTERNAL", f'invalid target "{node[0]}"')
            return self._one(node[0], method, requests, context)
        return handle(dialled, method, requests, context)

    def _one(self, target: str, method: str, requests: Sequence[bytes], context: Context) -> Exchange:
        """Forward a call to one node."""
        found = self._by_key.get(target)
        if found is None:
            if "," in target:
                return failure("UNAVAILABLE", "name resolver error: produced zero addresses")
            return failure("UNAVAILABLE", _refused(target) if _is_address(target) else self.spec.unresolved.format(name=target))
        found.advance(context.now)
        if not found.up:
            return failure("UNAVAILABLE", _refused(found.address))
        return handle(found, method, requests, context)

    def _many(self, dialled: SimulatedNode, targets: Sequence[str], method: str, requests: Sequence[bytes], context: Context) -> Exchange:
        """Forward a call to several nodes and put their answers together: failures are in there, the status is OK."""
        if dialled.profile.nodes_allow_list and not method.startswith(_MANY):
            return failure("INVALID_ARGUMENT", f"one-2-many proxying is not supported for method {method}")
        if method.startswith("/cosi."):
            return failure("INVALID_ARGUMENT", "one-2-many proxying is not supported for COSI methods")
        if not dialled.is_control_plane:
            return failure("PERMISSION_DENIED", "no request forwarding")
        for target in targets:
            if _is_invalid(target):
                return failure("INTERNAL", f'invalid target "{target}"')
        answers = [(target, self._one(target, method, requests, context)) for target in targets]
        latest = max(part.answers_at for _, part in answers)
        if method.rpartition("/")[2] not in _STREAMED:
            return Exchange([_joined(method, answers)], answers_at=latest)
        messages = [message for target, part in answers for message in _tagged(target, part)]
        open_streams = [(target, part) for target, part in answers if part.follow is not None]
        return Exchange(messages, follow=_Joined(open_streams).follow if open_streams else None, answers_at=latest)

    def advance(self, now: float) -> None:
        """Let everything happen that was due by ``now``. Calls do this by themselves."""
        for node in self.nodes:
            node.advance(now)

    def reachable(self, endpoint: str, now: float) -> bool:
        """Whether apid of this node (name or address) takes connections now."""
        node = self._by_key[endpoint]
        node.advance(now)
        return node.up

    def next_due(self) -> float | None:
        """When the next timer of any node is due, in seconds since 1970; None when nothing is pending."""
        return min((due for node in self.nodes if (due := node.next_due()) is not None), default=None)

    def metrics_address(self, node: str, now: float) -> str | None:
        """``host:port`` on which the node's running containerd serves its metrics, or None."""
        found = self._by_key[node]
        found.advance(now)
        return found.runtime.serving or None

    def metrics(self, node: str, now: float) -> str:
        """Text of ``/v1/metrics`` of the node's containerd."""
        found = self._by_key[node]
        found.advance(now)
        return metrics.text(found, now)


class _Joined:
    """Open streams of several nodes as one."""

    def __init__(self, parts: Sequence[tuple[str, Exchange]]) -> None:
        self._parts = list(parts)

    def follow(self, now: float) -> list[Message]:
        """What any of them says; one that ends says so in a message, and the last one ends the stream."""
        if not self._parts:
            raise StreamBroken("OK", "")
        messages: list[Message] = []
        for target, part in list(self._parts):
            assert part.follow is not None
            try:
                messages += _tagged(target, Exchange(list(part.follow(now))))
            except StreamBroken as broken:
                self._parts.remove((target, part))
                if broken.code != "OK":
                    messages += _tagged(target, failure(broken.code, broken.details))
        return messages


def _tagged(target: str, part: Exchange) -> list[Message]:
    """Messages of a stream with the node's name in them, and its failure as one more."""
    messages: list[Any] = list(part.messages)
    for message in messages:
        message.metadata.hostname = target
    if part.code != "OK":
        from talospatch.wire.proto import common_pb2

        messages.append(common_pb2.Empty(metadata=_failed(target, part)))
    return messages


def _joined(method: str, answers: Sequence[tuple[str, Exchange]]) -> Message:
    """Unary answers as one: their elements after each other."""
    row = METHODS.get(method)
    joined: Any = row.response_class()() if row is not None else machine_pb2.HostnameResponse()
    for target, part in answers:
        if part.code != "OK":
            joined.messages.add().metadata.CopyFrom(_failed(target, part))
            continue
        answered: Any = part.messages[-1]
        answered.messages[0].metadata.hostname = target
        joined.MergeFromString(answered.SerializeToString())
    return joined  # type: ignore[no-any-return]


def _failed(target: str, part: Exchange) -> Any:
    from talospatch.wire.proto import common_pb2

    metadata = common_pb2.Metadata(hostname=target, error=f"rpc error: code = {_CODE_NAMES[part.code]} desc = {part.details}")
    metadata.status.code, metadata.status.message = CODES.index(part.code), part.details
    return metadata


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_invalid(target: str) -> bool:
    """Whether a target is empty or has a port."""
    return not target or (not _is_address(target) and ":" in target)


def _refused(address: str) -> str:
    shown = f"[{address}]" if ":" in address else address
    return f'connection error: desc = "transport: Error while dialing: dial tcp {shown}:{APID_PORT}: connect: connection refused"'
