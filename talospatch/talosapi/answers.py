"""From messages to plain values: one function for each kind of answer, total and without I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from talospatch.talos.containers import Container, Image
from talospatch.talos.files import FileInfo
from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import EtcdMember, EtcdStatus, Listener, MachineStatus, Member, Mount, NodeVersion, Service
from talospatch.talos.resources import ChangeKind, NodeEvent, Resource, ResourceEvent
from talospatch.talosapi.specs import mapping, parse_yaml, text_of, texts


def version(message: Any) -> NodeVersion:
    """Read ``machine.Version``."""
    return NodeVersion(tag=message.version.tag, platform=message.platform.name, mode=message.platform.mode, arch=message.version.arch)


def file_info(message: Any) -> FileInfo:
    """Read ``machine.FileInfo``. Its ``error`` is about this one entry; the call goes on."""
    return FileInfo(
        name=message.name,
        relative_name=message.relative_name,
        size=message.size,
        mode=message.mode,
        modified=message.modified,
        link=message.link,
        error=message.error,
        uid=message.uid,
        gid=message.gid,
    )


def container(message: Any) -> Container:
    """Read ``machine.ContainerInfo``."""
    return Container(  # by place, because a check reads hundreds of them from each node
        message.id,
        message.internal_id,
        message.pod_id,
        message.name,
        message.image,
        message.pid,
        message.status,
        message.network_namespace,
        message.uid,
    )


def image(message: Any) -> Image:
    """Read ``machine.ImageServiceListResponse``."""
    return Image(name=message.name, digest=message.digest, size=message.size, created_at=seconds(message.created_at))


def service(message: Any) -> Service:
    """Read ``machine.ServiceInfo``."""
    started = max((seconds(event.ts) for event in message.events.events if event.state == "Running"), default=0.0)
    return Service(
        id=message.id,
        state=message.state,
        healthy=None if message.health.unknown else message.health.healthy,
        message=message.health.last_message,
        last_change=seconds(message.health.last_change),
        started=started,
    )


def listener(message: Any) -> Listener:
    """Read ``machine.ConnectRecord``."""
    names = type(message).DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number
    state = names[message.state].name if message.state in names else str(message.state)
    return Listener(protocol=message.l4proto, address=message.localip, port=message.localport, state=state, process=message.process.name)


def mount(message: Any) -> Mount:
    """Read ``machine.MountStat``."""
    return Mount(filesystem=message.filesystem, mounted_on=message.mounted_on, size=message.size, available=message.available)


def etcd_member(message: Any) -> EtcdMember:
    """Read ``machine.EtcdMember``."""
    return EtcdMember(id=message.id, hostname=message.hostname, learner=message.is_learner)


def etcd_status(message: Any) -> EtcdStatus:
    """Read ``machine.EtcdMemberStatus``."""
    return EtcdStatus(
        member_id=message.member_id,
        leader=message.leader,
        raft_index=message.raft_index,
        raft_applied_index=message.raft_applied_index,
        db_size=message.db_size,
        learner=message.is_learner,
        errors=tuple(message.errors),
    )


def event(message: Any) -> NodeEvent:
    """Read ``machine.Event``. The first of a stream is an empty greeting, of kind ``""``."""
    kind = message.data.type_url.rpartition("/")[2].rpartition(".")[2]
    return NodeEvent(id=message.id, kind=kind, actor_id=message.actor_id, fields=_event_fields(kind, message.data.value))


def resource(message: Any) -> Resource:
    """Read ``cosi.resource.Resource``."""
    metadata = message.metadata
    return Resource(
        namespace=metadata.namespace,
        type=metadata.type,
        id=metadata.id,
        version=metadata.version,
        phase=metadata.phase,
        owner=metadata.owner,
        annotations=dict(metadata.annotations),
        labels=dict(metadata.labels),
        spec_yaml=message.spec.yaml_spec,
        spec_proto=message.spec.proto_spec,
    )


_KINDS = tuple(ChangeKind)  # in the order of the wire's numbers, CREATED = 0


def resource_event(message: Any, clean: Callable[[str], str]) -> ResourceEvent:
    """Read ``cosi.resource.Event``; a kind newer than ours counts as NOOP."""
    kind = _KINDS[message.event_type] if 0 <= message.event_type < len(_KINDS) else ChangeKind.NOOP
    return ResourceEvent(
        kind=kind, resource=resource(message.resource) if message.HasField("resource") else None, error=clean(message.error)
    )


def member(found: Resource) -> Member:
    """Read a ``Members.cluster.talos.dev``.

    Raises:
        ValueError: its YAML form cannot be read.
    """
    spec = mapping(parse_yaml(found.spec_yaml))
    return Member(
        hostname=text_of(spec.get("hostname")) or found.id,
        addresses=texts(spec.get("addresses")),
        machine_type=MachineType.parse(text_of(spec.get("machineType"))),
        operating_system=text_of(spec.get("operatingSystem")),
        node_id=text_of(spec.get("nodeId")),
    )


def machine_status(found: Resource) -> MachineStatus:
    """Read a ``MachineStatuses.runtime.talos.dev``.

    Raises:
        ValueError: its YAML form cannot be read.
    """
    spec = mapping(parse_yaml(found.spec_yaml))
    status = mapping(spec.get("status"))
    unmet = status.get("unmetConditions")
    conditions = [mapping(condition) for condition in unmet] if isinstance(unmet, list) else []
    return MachineStatus(
        stage=text_of(spec.get("stage")),
        ready=status.get("ready") == "true",
        unmet=tuple((text_of(condition.get("name")), text_of(condition.get("reason"))) for condition in conditions),
    )


def seconds(timestamp: Any) -> float:
    """Return a protobuf timestamp in seconds since 1970; an unset one is 0, as is the year 1 that an unset Go time becomes."""
    return max(float(timestamp.seconds) + float(timestamp.nanos) / 1e9, 0.0)


def _event_fields(kind: str, data: bytes) -> Mapping[str, object]:
    from google.protobuf.message import DecodeError

    from talospatch.wire.proto import machine_pb2

    try:
        if kind == "ServiceStateEvent":
            state = machine_pb2.ServiceStateEvent.FromString(data)
            return {
                "service": state.service,
                "action": _enum_name(machine_pb2.ServiceStateEvent.Action, state.action),
                "message": state.message,
                "healthy": None if state.health.unknown or not state.HasField("health") else state.health.healthy,
            }
        if kind == "MachineStatusEvent":
            status = machine_pb2.MachineStatusEvent.FromString(data)
            return {
                "stage": _enum_name(machine_pb2.MachineStatusEvent.MachineStage, status.stage).lower().replace("_", " "),
                "ready": status.status.ready,
                "unmet": tuple((condition.name, condition.reason) for condition in status.status.unmet_conditions),
            }
    except DecodeError:
        return {}
    return {}


def _enum_name(enum: Any, number: int) -> str:
    return str(enum.Name(number)) if number in enum.values() else str(number)
