"""What the client sends, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scripted import Clock, Scripted, failing

from talospatch import errors
from talospatch.talos.apply import ApplyMode
from talospatch.talos.containers import RunResult
from talospatch.talos.machine_type import MachineType
from talospatch.talos.node import MachineStatus, Member, Service
from talospatch.talos.resources import ChangeKind, ResourceEvent
from talospatch.talosapi.client import Client
from talospatch.talosapi.specs import parse_yaml
from talospatch.wire.proto import common_pb2, cosi_pb2, debug_pb2, image_pb2, machine_pb2

NODE = "10.0.0.5"
TAKEN = machine_pb2.ApplyConfigurationResponse(messages=[machine_pb2.ApplyConfiguration(mode="NO_REBOOT", mode_details="done")])


def client_of(*scripts: list[Any]) -> tuple[Client, Scripted]:
    clock, transport = Clock(), Scripted(list(scripts))
    return Client(transport, sleep=clock.sleep, clock=clock), transport


def resource(spec: str = "", proto: bytes = b"", annotations: dict[str, str] | None = None, id_: str = "x") -> Any:
    metadata = cosi_pb2.Metadata(namespace="n", type="T", id=id_, version="7", annotations=annotations or {})
    return cosi_pb2.Resource(metadata=metadata, spec=cosi_pb2.Spec(yaml_spec=spec, proto_spec=proto))


def got(spec: str = "", proto: bytes = b"", annotations: dict[str, str] | None = None) -> list[Any]:
    return [cosi_pb2.GetResponse(resource=resource(spec, proto, annotations))]


@pytest.mark.parametrize("mode", list(ApplyMode))
def test_an_apply_always_names_its_mode(mode: ApplyMode) -> None:
    """The wire's 0 is REBOOT."""
    client, transport = client_of([TAKEN])
    reply = asyncio.run(client.apply_configuration(NODE, b"bytes \xff", mode=mode))
    (request,) = transport.asked[0].requests
    assert (request.mode, request.dry_run, request.data) == (int(mode), False, b"bytes \xff")
    assert request.mode != 0
    assert not request.HasField("try_mode_timeout")
    assert (reply.mode, reply.details, reply.reboots) == (2, "done", False)


def test_a_trial_has_its_window_to_the_nanosecond() -> None:
    client, transport = client_of([TAKEN])
    asyncio.run(client.apply_configuration(NODE, b"x", mode=ApplyMode.TRY, try_timeout=90.5))
    window = transport.asked[0].requests[0].try_mode_timeout
    assert (window.seconds, window.nanos) == (90, 500_000_000)


@pytest.mark.parametrize(("mode", "window"), [(ApplyMode.TRY, 0), (ApplyMode.TRY, 0.5), (ApplyMode.NO_REBOOT, 60)])
def test_a_window_that_is_too_short_or_belongs_to_no_trial_is_refused(mode: ApplyMode, window: float) -> None:
    """With 0 the rollback may run first, and the trial never ends."""
    client, transport = client_of([TAKEN])
    with pytest.raises(errors.InputError):
        asyncio.run(client.apply_configuration(NODE, b"x", mode=mode, try_timeout=window))
    assert transport.asked == []


def test_a_reply_of_a_node_that_reboots_says_so() -> None:
    details = (
        "Applied configuration with a reboot: this config change can't be applied in immediate mode\ndiff:\n--- a\n+    key: hunter2hunter2"
    )
    client, _ = client_of(
        [machine_pb2.ApplyConfigurationResponse(messages=[machine_pb2.ApplyConfiguration(mode="REBOOT", mode_details=details)])]
    )
    reply = asyncio.run(client.apply_configuration(NODE, b"x", mode=ApplyMode.AUTO))
    assert reply.reboots
    assert reply.details.endswith("immediate mode")


CONFIG = "machine:\n  type: worker # ü\n---\napiVersion: v1alpha1\nkind: X\n"


@pytest.mark.parametrize(
    "script",
    [
        got("other", cosi_pb2.MachineConfigSpec(yaml_marshalled=CONFIG.encode()).SerializeToString()),
        got(CONFIG),
        got(yaml.safe_dump(CONFIG), annotations={"talos.dev/yaml-spec": "1"}),
        got("|\n" + "".join(f"    {line}\n" for line in CONFIG.splitlines()), b"\xff\xff", {"talos.dev/yaml-spec": "1"}),
    ],
    ids=["protobuf", "text up to 1.11", "string since 1.12", "block scalar, protobuf damaged"],
)
def test_a_machine_config_has_the_exact_bytes_on_every_version(script: list[Any]) -> None:
    client, transport = client_of(script)
    stored = asyncio.run(client.machine_config(NODE, "persistent"))
    assert (stored.data, stored.version) == (CONFIG.encode(), "7")
    assert transport.asked[0].requests[0].id == "persistent"
    assert "worker" not in repr(stored)


@pytest.mark.parametrize(
    "script", [got(), got("a: b", annotations={"talos.dev/yaml-spec": "1"}), got("[", annotations={"talos.dev/yaml-spec": "1"})]
)
def test_a_machine_config_without_text_is_incomplete(script: list[Any]) -> None:
    client, _ = client_of(script)
    with pytest.raises(errors.IncompleteAnswer):
        asyncio.run(client.machine_config(NODE))


def test_a_watch_always_has_options_and_the_version_that_brings_all_events() -> None:
    """Servers up to 1.12 panic without options; without the version, BOOTSTRAPPED and ERRORED are dropped."""
    client, transport = client_of([cosi_pb2.WatchResponse()])

    async def run() -> None:
        _ = [event async for event in client.watch_resources(NODE, "config", "MachineConfigs.config.talos.dev", "v1alpha1")]
        _ = [event async for event in client.watch_resources(NODE, "cluster", "Members.cluster.talos.dev")]

    asyncio.run(run())
    one, all_of_a_type = (asked.requests[0] for asked in transport.asked)
    assert one.HasField("options")
    assert (one.id, one.options.bootstrap_contents, one.api_version) == ("v1alpha1", False, 1)
    assert all_of_a_type.HasField("options")
    assert not all_of_a_type.HasField("id")
    assert (all_of_a_type.options.bootstrap_contents, all_of_a_type.api_version) == (True, 1)


def test_watch_events_keep_their_kind_and_an_unknown_kind_is_nothing() -> None:
    event = cosi_pb2.Event
    newer: Any = 42
    message = cosi_pb2.WatchResponse(
        event=[
            event(event_type="UPDATED", resource=resource("a")),
            event(event_type="BOOTSTRAPPED"),
            event(event_type="ERRORED", error="lost"),
            event(event_type=newer),
        ]
    )
    client, _ = client_of([cosi_pb2.WatchResponse(), message])

    async def run() -> list[ResourceEvent]:
        return [found async for found in client.watch_resources(NODE, "n", "T")]

    updated, started, failed, unknown = asyncio.run(run())
    assert updated.kind is ChangeKind.UPDATED
    assert updated.resource is not None
    assert (started.kind, started.resource) == (ChangeKind.BOOTSTRAPPED, None)
    assert (failed.kind, failed.error) == (ChangeKind.ERRORED, "lost")
    assert unknown.kind is ChangeKind.NOOP


def test_members_are_read_as_text_whatever_they_look_like() -> None:
    """A host called ``on`` is not a boolean, one called ``0x10`` no number."""
    spec = "nodeId: abc\naddresses:\n    - 10.0.0.5\n    - fd00::5\nhostname: {}\nmachineType: {}\noperatingSystem: Talos (v1.13.9)\n"
    hosts = [("on", "worker"), ("0x10", "init"), ("2024-13-99", "controlplane"), ("w", "strange")]
    script = [cosi_pb2.ListResponse(resource=resource(spec.format(*host))) for host in hosts]
    client, transport = client_of(script)
    members = asyncio.run(client.members(""))
    assert [member.hostname for member in members] == ["on", "0x10", "2024-13-99", "w"]
    assert [member.machine_type.value for member in members] == ["worker", "controlplane", "controlplane", "unknown"]
    assert members[0] == Member("on", ("10.0.0.5", "fd00::5"), MachineType.WORKER, "Talos (v1.13.9)", "abc")
    assert transport.asked[0].node == ""


def test_a_member_without_a_hostname_goes_by_its_id_and_odd_shapes_are_empty() -> None:
    client, _ = client_of([cosi_pb2.ListResponse(resource=resource("addresses: nope\nhostname: [1]\n", id_="worker-9"))])
    (member,) = asyncio.run(client.members(""))
    assert (member.hostname, member.addresses) == ("worker-9", ())


@pytest.mark.parametrize("spec", ["a: [", "[" * 50_000, "\0", "- " * 5000, "a" * 70_000])
def test_a_spec_that_cannot_be_read_is_an_incomplete_answer(spec: str) -> None:
    client, _ = client_of(got(spec))
    with pytest.raises(errors.IncompleteAnswer, match="cannot be read"):
        asyncio.run(client.machine_status(NODE))


@given(st.text(max_size=200))
def test_any_spec_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_yaml(text)


def test_machine_status_type_addresses_hostname_and_uuid_are_read_from_their_resources() -> None:
    unmet = "unmetConditions:\n        - name: services\n          reason: cri not healthy\n"
    spec = f"stage: shutting down\nstatus:\n    ready: false\n    {unmet}"
    client, _ = client_of(
        got(spec),
        got("controlplane\n"),
        got("addresses:\n    - 10.0.0.5/24\n    - fd00::5/64\nsortAlgorithm: v1\n"),
        got('hostname: worker-1\ndomainname: ""\n'),
        got("manufacturer: x\nuuid: 0a1b\n"),
    )

    async def run() -> Any:
        return (
            await client.machine_status(NODE),
            await client.machine_type(NODE),
            await client.node_addresses(NODE),
            await client.hostname(NODE),
            await client.machine_uuid(NODE),
        )

    status, machine_type, addresses, hostname, uuid = asyncio.run(run())
    assert status == MachineStatus("shutting down", False, (("services", "cri not healthy"),))
    assert machine_type is MachineType.CONTROL_PLANE
    assert addresses == ("10.0.0.5", "fd00::5")
    assert (hostname, uuid) == ("worker-1", "0a1b")


def test_a_service_started_when_it_last_said_running() -> None:
    def at(seconds: int, state: str) -> Any:
        event = machine_pb2.ServiceEvent(state=state)
        event.ts.seconds = seconds
        return event

    events = machine_pb2.ServiceEvents(
        events=[at(10, "Preparing"), at(20, "Running"), at(30, "Stopping"), at(40, "Running"), at(50, "Failed")]
    )
    health = machine_pb2.ServiceHealth(healthy=True, last_message="fine")
    health.last_change.seconds = 41
    listed = machine_pb2.ServiceList(
        services=[
            machine_pb2.ServiceInfo(id="cri", state="Running", events=events, health=health),
            machine_pb2.ServiceInfo(id="udevd", state="Starting", health=machine_pb2.ServiceHealth(unknown=True)),
        ]
    )
    client, _ = client_of([machine_pb2.ServiceListResponse(messages=[listed])])
    cri, udevd = asyncio.run(client.services(NODE))
    assert cri == Service("cri", "Running", True, "fine", 41.0, 40.0)
    assert (udevd.healthy, udevd.started, udevd.last_change) == (None, 0.0, 0.0)


def test_listeners_are_asked_for_with_processes_in_the_host_network() -> None:
    record = machine_pb2.ConnectRecord(l4proto="tcp6", localip="::", localport=11234, state="LISTEN")
    record.process.name = "containerd"
    client, transport = client_of([machine_pb2.NetstatResponse(messages=[machine_pb2.Netstat(connectrecord=[record])])])
    (listener,) = asyncio.run(client.listeners(NODE))
    assert (listener.protocol, listener.address, listener.port, listener.state, listener.process) == (
        "tcp6",
        "::",
        11234,
        "LISTEN",
        "containerd",
    )
    (request,) = transport.asked[0].requests
    assert (request.filter, request.feature.pid, request.netns.hostnetwork) == (machine_pb2.NetstatRequest.LISTENING, True, True)
    assert (request.l4proto.tcp, request.l4proto.tcp6, request.l4proto.udp) == (True, True, False)


def test_events_have_plain_fields_and_unknown_ones_keep_their_name() -> None:
    service = machine_pb2.ServiceStateEvent(service="cri", action="RUNNING", message="up")
    status = machine_pb2.MachineStatusEvent(stage="SHUTTING_DOWN")
    hello = machine_pb2.Event(id="1")

    def event(name: str, data: bytes) -> Any:
        message = machine_pb2.Event(id="2", actor_id="actor")
        message.data.type_url, message.data.value = f"talos/runtime/machine.{name}", data
        return message

    script = [
        hello,
        event("ServiceStateEvent", service.SerializeToString()),
        event("MachineStatusEvent", status.SerializeToString()),
        event("RestartEvent", b"\x08\x01"),
        event("ServiceStateEvent", b"\xff"),
    ]
    client, transport = client_of(script)

    async def run() -> list[Any]:
        return [found async for found in client.events(NODE, tail_events=-1, with_actor_id="actor")]

    first, state, stage, other, damaged = asyncio.run(run())
    assert (first.kind, dict(first.fields)) == ("", {})
    assert state.fields == {"service": "cri", "action": "RUNNING", "message": "up", "healthy": None}
    assert stage.fields["stage"] == "shutting down"
    assert (other.kind, other.actor_id, dict(other.fields)) == ("RestartEvent", "actor", {})
    assert dict(damaged.fields) == {}
    assert (transport.asked[0].requests[0].tail_events, transport.asked[0].requests[0].with_actor_id) == (-1, "actor")


def test_logs_come_in_pieces_from_the_nodes_own_ring() -> None:
    client, transport = client_of([common_pb2.Data(bytes=b"one\ntw"), common_pb2.Data(), common_pb2.Data(bytes=b"o\n")])

    async def run() -> list[bytes]:
        return [piece async for piece in client.logs(NODE, "kubelet", tail_lines=5)]

    assert asyncio.run(run()) == [b"one\ntw", b"o\n"]
    (request,) = transport.asked[0].requests
    assert (request.namespace, request.id, request.tail_lines, request.follow) == ("system", "kubelet", 5, False)


def stdout(data: bytes) -> Any:
    return debug_pb2.DebugContainerRunResponse(stdout_data=data)


def test_a_one_off_container_gets_its_spec_and_then_no_input() -> None:
    client, transport = client_of([stdout(b"hel"), stdout(b"lo"), debug_pb2.DebugContainerRunResponse(exit_code=3), stdout(b"never read")])
    result = asyncio.run(client.run_container(NODE, "tools:1", ["rm", "--", "/host/x"], store="inmem", timeout=30))
    assert result == RunResult(3, b"hello")
    (asked,) = transport.asked
    (request,) = asked.requests
    assert (request.spec.image_name, list(request.spec.args), request.spec.tty) == ("tools:1", ["rm", "--", "/host/x"], False)
    assert request.spec.profile == debug_pb2.DebugContainerRunRequestSpec.PROFILE_PRIVILEGED
    assert (request.spec.containerd.driver, request.spec.containerd.namespace) == (common_pb2.CONTAINERD, common_pb2.NS_SYSTEM)
    assert asked.timeout == 30


def test_an_exit_code_of_0_is_one_and_none_at_all_is_none() -> None:
    client, _ = client_of([debug_pb2.DebugContainerRunResponse(exit_code=0)])
    assert asyncio.run(client.run_container(NODE, "tools:1", ["true"])).exit_code == 0
    client, _ = client_of([stdout(b"started")])
    assert asyncio.run(client.run_container(NODE, "tools:1", ["true"])) == RunResult(None, b"started")


def test_output_beyond_the_limit_is_dropped_but_the_exit_code_is_waited_for() -> None:
    client, _ = client_of([*[stdout(b"x" * 512)] * 9, debug_pb2.DebugContainerRunResponse(exit_code=0)])
    result = asyncio.run(client.run_container(NODE, "tools:1", ["yes"], output_limit=1000))
    assert (result.exit_code, len(result.output), result.truncated) == (0, 1000, True)


def test_an_image_is_sent_in_pieces_after_its_store() -> None:
    client, transport = client_of([image_pb2.ImageServiceImportResponse(name="localhost/tools:1")])
    data = bytes(range(256)) * 3000
    assert asyncio.run(client.import_image(NODE, data, store="system")) == "localhost/tools:1"
    first, *chunks = transport.asked[0].requests
    assert (first.containerd.driver, first.containerd.namespace) == (common_pb2.CRI, common_pb2.NS_SYSTEM)
    assert b"".join(chunk.image_chunk.bytes for chunk in chunks) == data
    assert max(len(chunk.image_chunk.bytes) for chunk in chunks) <= 256 << 10


def test_an_import_that_broke_off_is_sent_again_from_its_start() -> None:
    client, transport = client_of(failing("UNAVAILABLE", "Socket closed"), [image_pb2.ImageServiceImportResponse(name="n")])
    asyncio.run(client.import_image(NODE, [b"ab", b"cd"]))
    assert [len(asked.requests) for asked in transport.asked] == [3, 3]


def test_a_pull_ends_with_the_pinned_name_or_is_incomplete() -> None:
    progress = image_pb2.ImageServicePullResponse(pull_progress=image_pb2.ImageServicePullProgress(layer_id="1"))
    client, transport = client_of([progress, image_pb2.ImageServicePullResponse(name="r/i@sha256:1")])
    assert asyncio.run(client.pull_image(NODE, "r/i:1", timeout=9)) == "r/i@sha256:1"
    assert transport.asked[0].timeout == 9
    client, _ = client_of([progress])
    with pytest.raises(errors.IncompleteAnswer):
        asyncio.run(client.pull_image(NODE, "r/i:1"))


def test_words_that_name_no_driver_or_store_are_refused() -> None:
    client, transport = client_of([])
    with pytest.raises(errors.InputError, match="cri, containerd"):
        asyncio.run(client.containers(NODE, driver="docker"))
    with pytest.raises(errors.InputError, match="inmem, system, cri"):
        asyncio.run(client.images(NODE, store="k8s"))
    assert transport.asked == []


def test_boot_time_boot_id_and_reboot_are_read() -> None:
    client, transport = client_of(
        [machine_pb2.SystemStatResponse(messages=[machine_pb2.SystemStat(boot_time=1700000000)])],
        [common_pb2.Data(bytes=b"0f1e-2d\n")],
        [machine_pb2.RebootResponse(messages=[machine_pb2.Reboot(actor_id="actor-1")])],
    )

    async def run() -> Any:
        return await client.boot_time(NODE), await client.boot_id(NODE), await client.reboot(NODE)

    assert asyncio.run(run()) == (1700000000, "0f1e-2d", "actor-1")
    assert transport.asked[1].requests[0].path == "/proc/sys/kernel/random/boot_id"


def test_etcd_is_read() -> None:
    members = machine_pb2.EtcdMembers(
        members=[machine_pb2.EtcdMember(id=1, hostname="cp-1"), machine_pb2.EtcdMember(id=2, is_learner=True)]
    )
    status = machine_pb2.EtcdMemberStatus(member_id=1, leader=1, raft_index=9, raft_applied_index=8, db_size=7, errors=["NOSPACE"])
    client, _ = client_of(
        [machine_pb2.EtcdMemberListResponse(messages=[members])],
        [machine_pb2.EtcdStatusResponse(messages=[machine_pb2.EtcdStatus(member_status=status)])],
    )

    async def run() -> Any:
        return await client.etcd_members(NODE), await client.etcd_status(NODE)

    (first, second), state = asyncio.run(run())
    assert (first.id, first.hostname, first.learner, second.learner) == (1, "cp-1", False, True)
    assert (state.leader, state.raft_index, state.raft_applied_index, state.db_size, state.errors) == (1, 9, 8, 7, ("NOSPACE",))


def test_leaving_the_client_closes_its_transport() -> None:
    client, transport = client_of([])

    async def run() -> None:
        async with client:
            pass
        await client.close()

    asyncio.run(run())
    assert transport.closed == 2
