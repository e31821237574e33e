"""The COSI state API of a node: Get, List and Watch, and the refusal of everything that writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from talospatch.simulator.exchange import Exchange, StreamBroken, answer, failure
from talospatch.simulator.resource_types import known, namespaces
from talospatch.simulator.resources import Builder
from talospatch.wire.proto import cosi_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from google.protobuf.message import Message

    from talospatch.simulator.node import SimulatedNode

ADMIN = "os:admin"
BROKEN = ("UNAVAILABLE", "error reading from server: EOF")  # what is heard of a stream when its node goes away
_TERMS = cosi_pb2.LabelTerm


def _refusal(node: SimulatedNode, namespace: str, resource_type: str, roles: Sequence[str]) -> Exchange | None:
    """Why this may not be read; None when it may."""
    row = known(node.profile.minor).get(resource_type.lower())
    if row is None:
        return failure("PERMISSION_DENIED", f'resource type "{resource_type}" is not supported')
    if row.sensitive and ADMIN not in roles:
        return failure("PERMISSION_DENIED", "not authorized")
    if namespace not in namespaces(node.profile.minor):
        return failure("PERMISSION_DENIED", f'namespace "{namespace}" is not supported')
    return None


def _found(node: SimulatedNode, namespace: str, resource_type: str) -> list[cosi_pb2.Resource]:
    return [item for item in Builder(node).build(resource_type) if item.metadata.namespace == namespace]


def get(node: SimulatedNode, request: cosi_pb2.GetRequest, roles: Sequence[str]) -> Exchange:
    """Answer Get."""
    refused = _refusal(node, request.namespace, request.type, roles)
    if refused is not None:
        return refused
    for item in _found(node, request.namespace, request.type):
        if item.metadata.id == request.id:
            return answer(cosi_pb2.GetResponse(resource=item))
    return failure("NOT_FOUND", f"resource {request.type}({request.namespace}/{request.id}@undefined) doesn't exist")


def list_resources(node: SimulatedNode, request: cosi_pb2.ListRequest, roles: Sequence[str]) -> Exchange:
    """Answer List: sorted by id."""
    refused = _refusal(node, request.namespace, request.type, roles)
    if refused is not None:
        return refused
    try:
        wanted = _filter(request.options)
    except re.error as error:
        return failure(
            "INVALID_ARGUMENT", f"failed to compile regexp: error parsing regexp: {error.msg}: `{request.options.id_query.regexp}`"
        )
    return Exchange([cosi_pb2.ListResponse(resource=item) for item in _found(node, request.namespace, request.type) if wanted(item)])


def create(request: cosi_pb2.CreateRequest) -> Exchange:
    """Refuse Create; a configuration is read before that, and one without a body cannot be."""
    resource = request.resource
    if resource.metadata.type == "MachineConfigs.config.talos.dev" and not resource.spec.proto_spec:
        return failure("UNKNOWN", "config not found")
    return failure("PERMISSION_DENIED", "write access is not allowed")


def _filter(options: Any) -> Callable[[cosi_pb2.Resource], bool]:
    """What the queries of List and Watch let through."""
    pattern = re.compile(options.id_query.regexp) if options.id_query.regexp else None

    def wanted(item: cosi_pb2.Resource) -> bool:
        if pattern is not None and not pattern.search(item.metadata.id):
            return False
        queries = list(options.label_query)
        return not queries or any(all(_matches(term, item) for term in query.terms) for query in queries)

    return wanted


def _matches(term: Any, item: cosi_pb2.Resource) -> bool:
    value = item.metadata.labels.get(term.key)
    values = list(term.value)
    match term.op:
        case _TERMS.EXISTS:
            result = value is not None
        case _TERMS.NOT_EXISTS:
            result = value is None
        case _TERMS.EQUAL | _TERMS.IN:
            result = value in values
        case _TERMS.LT | _TERMS.LT_NUMERIC:
            result = value is not None and bool(values) and value < values[0]
        case _:
            result = value is not None and bool(values) and value <= values[0]
    return bool(result != term.invert)


@dataclass(slots=True)
class _Watch:
    """An open Watch: what it has told so far."""

    node: SimulatedNode
    request: cosi_pb2.WatchRequest
    boots: int
    seen: dict[str, cosi_pb2.Resource] = field(default_factory=dict)

    def current(self) -> dict[str, cosi_pb2.Resource]:
        """What there is now, by id, as far as the watch asks."""
        wanted = _filter(self.request.options)
        items = _found(self.node, self.request.namespace, self.request.type)
        if self.request.HasField("id"):
            items = [item for item in items if item.metadata.id == self.request.id]
        return {item.metadata.id: item for item in items if wanted(item)}

    def follow(self, now: float) -> list[Message]:
        """What has changed since it was last asked."""
        self.node.advance(now)
        if not self.node.up or self.node.boots != self.boots:
            raise StreamBroken(*BROKEN)
        before, after = self.seen, self.current()
        self.seen = after
        events = []
        for name in sorted({*before, *after}):
            old, new = before.get(name), after.get(name)
            if old is None and new is not None:
                events.append(cosi_pb2.Event(resource=new, event_type=cosi_pb2.CREATED))
            elif old is not None and new is None:
                events.append(cosi_pb2.Event(resource=old, event_type=cosi_pb2.DESTROYED))
            elif old is not None and new is not None and _changed(old, new):
                events.append(cosi_pb2.Event(resource=new, event_type=cosi_pb2.UPDATED, old=old))
        return self.packed(events)

    def packed(self, events: Iterable[cosi_pb2.Event]) -> list[Message]:
        """Events as messages: one each, or all in one where the request asks for it."""
        gathered = list(events)
        if self.request.options.aggregated and gathered:
            return [cosi_pb2.WatchResponse(event=gathered)]
        return [cosi_pb2.WatchResponse(event=[event]) for event in gathered]


def _changed(old: cosi_pb2.Resource, new: cosi_pb2.Resource) -> bool:
    return old.metadata.version != new.metadata.version or old.spec != new.spec


def watch(node: SimulatedNode, request: cosi_pb2.WatchRequest, roles: Sequence[str]) -> Exchange:
    """Answer Watch: an empty message first, then the state there is, then what changes."""
    by_id = request.HasField("id")
    if by_id and not request.HasField("options") and node.profile.watch_needs_options:
        return failure("INTERNAL", "runtime error: invalid memory address or nil pointer dereference")
    if by_id and request.options.label_query:
        return failure("UNIMPLEMENTED", "label query is not supported for Watch by ID")
    refused = _refusal(node, request.namespace, request.type, roles)
    if refused is not None:
        return refused
    try:
        opened = _Watch(node, request, node.boots)
        opened.seen = opened.current()
    except re.error as error:
        return failure(
            "INVALID_ARGUMENT", f"failed to compile regexp: error parsing regexp: {error.msg}: `{request.options.id_query.regexp}`"
        )
    events: list[cosi_pb2.Event] = []
    if by_id:
        events.append(
            cosi_pb2.Event(resource=opened.seen[request.id], event_type=cosi_pb2.CREATED)
            if request.id in opened.seen
            else cosi_pb2.Event(resource=_absent(node, request, request.id), event_type=cosi_pb2.DESTROYED)
        )
    elif request.options.bootstrap_contents:
        events += [cosi_pb2.Event(resource=item, event_type=cosi_pb2.CREATED) for _, item in sorted(opened.seen.items())]
        if request.api_version >= 1:
            bookmark = node.cluster.identity("bookmark", node.name, node.boots).bytes[:8] + (len(opened.seen) - 1).to_bytes(
                8, "big", signed=True
            )
            events.append(cosi_pb2.Event(resource=_absent(node, request, ""), event_type=cosi_pb2.BOOTSTRAPPED, bookmark=bookmark))
    return Exchange([cosi_pb2.WatchResponse(), *opened.packed(events)], follow=opened.follow)


def _absent(node: SimulatedNode, request: cosi_pb2.WatchRequest, identifier: str) -> cosi_pb2.Resource:
    """A tombstone: metadata without a version."""
    metadata = cosi_pb2.Metadata(namespace=request.namespace, type=request.type, id=identifier, version="undefined", phase="running")
    metadata.created.FromMicroseconds(round(node.clock(node.booted_at) * 1e6))
    metadata.updated.CopyFrom(metadata.created)
    return cosi_pb2.Resource(metadata=metadata, spec=cosi_pb2.Spec())
