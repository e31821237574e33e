"""What a node answers: one function for each call, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from talospatch.simulator import authorization, containers, images, logs, mounts, state_api
from talospatch.simulator.apply import apply_configuration
from talospatch.simulator.exchange import Exchange, StreamBroken, answer, failure
from talospatch.simulator.files import copy_files, list_files, read_file
from talospatch.simulator.state_api import BROKEN
from talospatch.wire.methods import METHODS, Shape
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message

    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.services import Event

_RESTARTABLE = ("kubelet",)
_NETSTAT = machine_pb2.NetstatRequest


@dataclass(frozen=True, slots=True)
class Context:
    """What a call has besides its request.

    Attributes:
        issue: makes a client certificate for (roles, seconds), or None.
    """

    roles: tuple[str, ...]
    now: float
    issue: Callable[[Sequence[str], float], Any] | None = None


def handle(node: SimulatedNode, method: str, requests: Sequence[bytes], context: Context) -> Exchange:
    """Answer one call to one node."""
    refused = authorization.refusal(node.profile, method, context.roles)
    if refused is not None:
        return refused
    if method == "/storage.StorageService/Disks":
        return answer(machine_pb2.HostnameResponse(messages=[machine_pb2.Hostname()]))  # no disks: one empty element
    handler, row = _HANDLERS.get(method), METHODS.get(method)
    if handler is None or row is None:
        return failure("UNIMPLEMENTED", f"{method.rpartition('/')[2]} is not simulated")
    try:
        parsed = [row.request_class().FromString(request) for request in requests]
    except DecodeError as error:
        return failure("INTERNAL", f"grpc: error unmarshalling request: {error}")
    if row.shape in {Shape.CLIENT_STREAM, Shape.BOTH}:
        return handler(node, parsed, context)
    return handler(node, parsed[0] if parsed else row.request_class()(), context)


def _version(node: SimulatedNode, _: Any, __: Context) -> Exchange:
    platform = node.spec.platform
    message = machine_pb2.Version(
        version=machine_pb2.VersionInfo(tag=node.version.tag, sha="undefined", go_version=node.profile.go, os="linux", arch="amd64"),
        platform=machine_pb2.PlatformInfo(name=platform, mode=platform),
        features=machine_pb2.FeaturesInfo(rbac=True),
    )
    return answer(machine_pb2.VersionResponse(messages=[message]))


def _hostname(node: SimulatedNode, _: Any, __: Context) -> Exchange:
    return answer(machine_pb2.HostnameResponse(messages=[machine_pb2.Hostname(hostname=node.shown.name)]))


def _service_list(node: SimulatedNode, _: Any, __: Context) -> Exchange:
    return answer(machine_pb2.ServiceListResponse(messages=[machine_pb2.ServiceList(services=node.board.listed())]))


def _service_restart(node: SimulatedNode, request: Any, context: Context) -> Exchange:
    name = request.id
    if name not in node.board.services:
        return failure("UNKNOWN", f'service "{name}" not defined')
    if name not in _RESTARTABLE and not name.startswith("ext-"):
        return failure("UNKNOWN", f'service "{name}" doesn\'t support restart operation via API')
    node.restart_service(name, context.now)
    return answer(machine_pb2.ServiceRestartResponse(messages=[machine_pb2.ServiceRestart(resp=f'Service "{name}" restarted')]))


def _reboot(node: SimulatedNode, _: Any, context: Context) -> Exchange:
    if node.spec.platform == "container":
        return failure("FAILED_PRECONDITION", "method is not supported in container mode")
    actor = str(node.cluster.identity("actor", node.name, context.now))
    if node.stage != "rebooting":
        node.log("machined", f"reboot via API received. actor id: {actor}", context.now)
        node.reboot(context.now)
    return answer(machine_pb2.RebootResponse(messages=[machine_pb2.Reboot(actor_id=actor)]))


def _system_stat(node: SimulatedNode, _: Any, __: Context) -> Exchange:
    booted = int(node.clock(node.booted_at))
    return answer(machine_pb2.SystemStatResponse(messages=[machine_pb2.SystemStat(boot_time=booted)]))


@dataclass(slots=True)
class _Events:
    """An open event stream."""

    node: SimulatedNode
    boots: int
    last: str

    def follow(self, now: float) -> list[Message]:
        """Events since it was last asked."""
        self.node.advance(now)
        if not self.node.up or self.node.boots != self.boots:
            raise StreamBroken(*BROKEN)
        found = [event for event in self.node.board.events if event.id > self.last]
        if found:
            self.last = found[-1].id
        return [event.message() for event in found]


def _events(node: SimulatedNode, request: machine_pb2.EventsRequest, context: Context) -> Exchange:
    known: list[Event] = list(node.board.events)
    shown: list[Event] = []
    if request.tail_id:
        shown = [event for event in known if event.id > request.tail_id]
    elif request.tail_seconds:
        shown = [event for event in known if event.at >= context.now - request.tail_seconds]
    elif request.tail_events:
        shown = known if request.tail_events < 0 else known[-request.tail_events :]
    if request.with_actor_id:
        shown = []  # nothing here is done by an actor
    hello = machine_pb2.Event(id=known[-1].id if known else "0" * 20)
    hello.data.SetInParent()
    stream = _Events(node, node.boots, known[-1].id if known else "")
    return Exchange([hello, *(event.message() for event in shown)], follow=stream.follow)


def _netstat(node: SimulatedNode, request: Any, _: Context) -> Exchange:
    wanted = request.l4proto
    chosen = {name for name in ("tcp", "tcp6", "udp", "udp6") if getattr(wanted, name)} if request.HasField("l4proto") else {"tcp", "tcp6"}
    rows: list[tuple[str, str, int, str]] = []
    if request.filter != _NETSTAT.CONNECTED:
        for port, process, everywhere in node.ports:
            rows.append(("tcp6", "::", port, process) if everywhere else ("tcp", "127.0.0.1", port, process))
        host, _colon, port_text = node.runtime.serving.rpartition(":")
        if port_text:
            bare = host.removeprefix("[").removesuffix("]")
            bare = {"": "::", "localhost": "127.0.0.1"}.get(bare, bare)
            rows.append(("tcp6" if ":" in bare else "tcp", bare, int(port_text), "containerd"))
    found = machine_pb2.Netstat()
    for protocol, address, number, process in sorted(rows, key=lambda row: (row[0], row[2])):
        if protocol in chosen:
            record = found.connectrecord.add(
                l4proto=protocol,
                localip=address,
                localport=number,
                state=machine_pb2.ConnectRecord.LISTEN,
                remoteip="::" if "6" in protocol else "0.0.0.0",  # noqa: S104 - as Netstat shows a listener
            )
            if request.feature.pid:
                record.process.pid, record.process.name = 1000 + number % 1000, process
    return answer(machine_pb2.NetstatResponse(messages=[found]))


def _etcd_members(node: SimulatedNode, _: Any, __: Context) -> Exchange:
    if not node.is_control_plane:
        return failure("UNIMPLEMENTED", "member list is only available on control plane nodes")
    peers = [peer for peer in node.peers if peer.is_control_plane]
    members = [
        machine_pb2.EtcdMember(id=_member_id(peer), hostname=peer.name, peer_urls=[_url(peer, 2380)], client_urls=[_url(peer, 2379)])
        for peer in peers
    ]
    found = machine_pb2.EtcdMembers(legacy_members=[peer.name for peer in peers], members=members)
    return answer(machine_pb2.EtcdMemberListResponse(messages=[found]))


def _etcd_status(node: SimulatedNode, _: Any, context: Context) -> Exchange:
    if not node.is_control_plane:
        return failure("UNIMPLEMENTED", "etcd status is only available on control plane nodes")
    if node.stage != "running":
        return failure("UNKNOWN", "failed to query etcd status: context deadline exceeded")
    peers = [peer for peer in node.peers if peer.is_control_plane]
    healthy = [peer for peer in peers if peer.up and peer.stage == "running"]
    index = 100_000 + int(context.now - node.booted_at)
    status = machine_pb2.EtcdMemberStatus(
        protocol_version="3.6.8",
        storage_version="3.6.0",
        db_size=20_000_000,
        db_size_in_use=9_000_000,
        leader=_member_id(healthy[0]) if 2 * len(healthy) > len(peers) else 0,
        raft_index=index,
        raft_term=3,
        raft_applied_index=index,
        errors=[] if 2 * len(healthy) > len(peers) else ["etcdserver: no leader"],
        member_id=_member_id(node),
    )
    return answer(machine_pb2.EtcdStatusResponse(messages=[machine_pb2.EtcdStatus(member_status=status)]))


def _member_id(node: SimulatedNode) -> int:
    return node.cluster.identity("etcd", node.name).int >> 64


def _url(node: SimulatedNode, port: int) -> str:
    return f"https://[{node.address}]:{port}" if ":" in node.address else f"https://{node.address}:{port}"


def _client_configuration(node: SimulatedNode, request: Any, context: Context) -> Exchange:
    if not node.is_control_plane:
        return failure(*node.profile.config_on_worker)
    seconds = request.crt_ttl.ToNanoseconds() / 1e9
    if seconds <= 0:
        return failure("INVALID_ARGUMENT", "crt_ttl should be positive")
    if context.issue is None:
        return failure("UNKNOWN", "this simulated cluster has no certificate authority")
    made = context.issue(list(request.roles), seconds)
    message = machine_pb2.GenerateClientConfiguration(ca=made.ca, crt=made.crt, key=made.key, talosconfig=made.talosconfig)
    return answer(machine_pb2.GenerateClientConfigurationResponse(messages=[message]))


_M, _C, _I = "/machine.MachineService/", "/cosi.resource.State/", "/machine.ImageService/"
_HANDLERS: dict[str, Callable[[SimulatedNode, Any, Context], Exchange]] = {
    _M + "Version": _version,
    _M + "Hostname": _hostname,
    _M + "ApplyConfiguration": lambda node, request, context: apply_configuration(node, request, context.roles, context.now),
    _M + "List": lambda node, request, _: list_files(node.tree, request),
    _M + "Read": lambda node, request, _: read_file(node.tree, request, not_found=node.profile.read_not_found),
    _M + "Copy": lambda node, request, _: copy_files(node.tree, request, as_status=node.profile.copy_status),
    _M + "Containers": lambda node, request, context: containers.list_containers(node, request, context.now),
    _M + "ServiceList": _service_list,
    _M + "ServiceRestart": _service_restart,
    _M + "Logs": lambda node, request, context: logs.read_log(node, request, context.now),
    _M + "Events": _events,
    _M + "Netstat": _netstat,
    _M + "SystemStat": _system_stat,
    _M + "Mounts": lambda node, _, __: mounts.list_mounts(node),
    _M + "Reboot": _reboot,
    _M + "EtcdMemberList": _etcd_members,
    _M + "EtcdStatus": _etcd_status,
    _M + "GenerateClientConfiguration": _client_configuration,
    _C + "Get": lambda node, request, context: state_api.get(node, request, context.roles),
    _C + "List": lambda node, request, context: state_api.list_resources(node, request, context.roles),
    _C + "Watch": lambda node, request, context: state_api.watch(node, request, context.roles),
    _C + "Create": lambda _, request, __: state_api.create(request),
    _C + "Destroy": lambda _, __, ___: failure("PERMISSION_DENIED", "write access is not allowed"),
    _I + "List": lambda node, request, context: images.list_images(node, request, context.now),
    _I + "Pull": lambda node, request, context: images.pull(node, request, context.now),
    _I + "Import": lambda node, requests, context: images.import_image(node, requests, context.now),
    _I + "Remove": lambda node, request, context: images.remove(node, request, context.now),
    "/machine.DebugService/ContainerRun": lambda node, requests, context: images.run_container(node, requests, context.now),
}
