"""Routing by simulated endpoints, and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from model_bench import CONTROL_PLANE, NOW, TIMINGS, WORKER, Bench

from talospatch.simulator.cluster import IssuedIdentity, SimulatedCluster
from talospatch.simulator.exchange import Exchange, Link, StreamBroken
from talospatch.simulator.spec import ClusterSpec, NodeSpec
from talospatch.wire import methods
from talospatch.wire.proto import cosi_pb2, machine_pb2

if TYPE_CHECKING:
    from talospatch.wire.methods import Method

SPEC = ClusterSpec(
    (
        NodeSpec("cp-1", CONTROL_PLANE, "controlplane"),
        NodeSpec("worker-1", WORKER),
        NodeSpec("worker-6", "fd00::6"),
        NodeSpec("dead", "10.5.0.9", down=True),
    ),
    timings=TIMINGS,
)


def ask(
    metadata: dict[str, list[str]], method: Method = methods.HOSTNAME, *, endpoint: str = "cp-1", roles: tuple[str, ...] = ("os:admin",)
) -> Exchange:
    """Make a call with an empty request."""
    return SimulatedCluster(SPEC, NOW).call(endpoint, metadata, roles, method.path, [b""], NOW)


def hostnames(answered: Exchange) -> list[tuple[str, str]]:
    """Target and host name of each element of an answer."""
    found: Any = answered.messages[0]
    return [(message.metadata.hostname, message.hostname) for message in found.messages]


@pytest.mark.parametrize(
    ("target", "name"), [(WORKER, "worker-1"), ("worker-1", "worker-1"), ("fd00::6", "worker-6"), (CONTROL_PLANE, "cp-1")]
)
def test_one_node_is_answered_for_without_metadata(target: str, name: str) -> None:
    assert hostnames(ask({"node": [target]})) == [("", name)]


def test_without_a_node_the_endpoint_answers() -> None:
    assert hostnames(ask({})) == [("", "cp-1")]


@pytest.mark.parametrize(
    ("metadata", "code", "details"),
    [
        ({"node": ["a", "b"]}, "INVALID_ARGUMENT", "node metadata must be single-valued"),
        ({"node": [f"{WORKER}:50000"]}, "INTERNAL", f'invalid target "{WORKER}:50000"'),
        ({"node": ["https://x"]}, "INTERNAL", 'invalid target "https://x"'),
        ({"node": [""]}, "INTERNAL", 'invalid target ""'),
        ({"nodes": [WORKER, f"{WORKER}:1"]}, "INTERNAL", f'invalid target "{WORKER}:1"'),
        ({"node": ["dead"]}, "UNAVAILABLE", "dial tcp 10.5.0.9:50000: connect: connection refused"),
        ({"node": ["fd00::99"]}, "UNAVAILABLE", "dial tcp [fd00::99]:50000: connect: connection refused"),
        ({"node": ["nowhere"]}, "UNAVAILABLE", "dns: A record lookup error: lookup nowhere on "),
    ],
)
def test_targets_that_cannot_be_reached_are_refused(metadata: dict[str, list[str]], code: str, details: str) -> None:
    answered = ask(metadata)
    assert answered.code == code
    assert details in answered.details


def test_several_nodes_answer_in_one_message_and_failures_are_in_it() -> None:
    answered = ask({"nodes": [WORKER, "dead"]})
    assert answered.code == "OK"
    found: Any = answered.messages[0]
    good, bad = found.messages
    assert (good.metadata.hostname, good.hostname) == (WORKER, "worker-1")
    assert (bad.metadata.hostname, bad.metadata.status.code) == ("dead", 14)
    assert bad.metadata.error.startswith("rpc error: code = Unavailable desc = connection error")


def test_nodes_wins_over_node() -> None:
    assert hostnames(ask({"node": [WORKER], "nodes": ["cp-1"]})) == [("cp-1", "cp-1")]


@pytest.mark.parametrize("method", [methods.COSI_GET, methods.IMAGE_LIST, methods.CONTAINER_RUN])
def test_other_services_take_one_node_only(method: Method) -> None:
    answered = ask({"nodes": [WORKER]}, method)
    assert (answered.code, answered.details) == ("INVALID_ARGUMENT", f"one-2-many proxying is not supported for method {method.path}")


def test_a_worker_answers_for_itself_alone() -> None:
    for metadata in ({}, {"node": [WORKER]}, {"node": ["worker-1"]}, {"nodes": [WORKER]}):
        assert hostnames(ask(metadata, endpoint="worker-1")) == [("", "worker-1")]
    for metadata in ({"node": ["cp-1"]}, {"nodes": [WORKER, "cp-1"]}, {"nodes": ["cp-1"]}):
        answered = ask(metadata, endpoint="worker-1")
        assert (answered.code, answered.details) == ("PERMISSION_DENIED", "no request forwarding")


def test_an_endpoint_that_is_down_refuses_the_connection() -> None:
    answered = ask({}, endpoint="dead")
    assert (answered.code, answered.link) == ("UNAVAILABLE", Link.REFUSED)
    assert not SimulatedCluster(SPEC, NOW).reachable("dead", NOW)


@pytest.mark.parametrize(
    ("method", "allowed"),
    [
        (methods.VERSION, {"os:admin", "os:operator", "os:reader"}),
        (methods.LIST, {"os:admin", "os:operator", "os:reader"}),
        (methods.READ, {"os:admin"}),
        (methods.COPY, {"os:admin"}),
        (methods.APPLY_CONFIGURATION, {"os:admin"}),
        (methods.REBOOT, {"os:admin", "os:operator"}),
        (methods.ETCD_STATUS, {"os:admin", "os:operator", "os:reader", "os:etcd:backup"}),
        (methods.IMAGE_IMPORT, {"os:admin"}),
        (methods.IMAGE_PULL, {"os:admin", "os:operator"}),
        (methods.CONTAINER_RUN, {"os:admin"}),
        (methods.COSI_DESTROY, {"os:admin"}),
    ],
)
def test_each_call_has_its_roles(method: Method, allowed: set[str]) -> None:
    for role in ("os:admin", "os:operator", "os:reader", "os:etcd:backup", "os:impersonator"):
        answered = ask({"node": [CONTROL_PLANE]}, method, roles=(role,))
        assert (answered.details != "not authorized") == (role in allowed), (role, answered.details)


def test_an_impersonator_has_the_roles_that_it_asks_for() -> None:
    assert ask({"talos-role": ["os:reader"]}, roles=("os:impersonator",)).code == "OK"
    assert ask({"talos-role": ["os:admin"]}, methods.READ, roles=("os:reader",)).code == "PERMISSION_DENIED"


def test_unknown_calls_are_unknown_whatever_the_role() -> None:
    cluster = SimulatedCluster(SPEC, NOW)
    for method, details in (
        ("/machine.MachineService/Nothing", "unknown method Nothing for service machine.MachineService"),
        ("/machine.Nothing/Get", "unknown service machine.Nothing"),
    ):
        answered = cluster.call("cp-1", {}, [], method, [b""], NOW)
        assert (answered.code, answered.details) == ("UNIMPLEMENTED", details)


def test_services_of_1_13_are_unknown_to_1_12() -> None:
    answered = Bench("v1.12.11").ask(methods.IMAGE_LIST)
    assert (answered.code, answered.details) == ("UNIMPLEMENTED", "unknown service machine.ImageService")


def test_streams_of_several_nodes_are_one_and_end_one_by_one() -> None:
    cluster = SimulatedCluster(SPEC, NOW)
    metadata = {"nodes": ["cp-1", "worker-1"]}
    answered = cluster.call("cp-1", metadata, ["os:admin"], methods.EVENTS.path, [b""], NOW)
    first: list[Any] = list(answered.messages)
    assert [message.metadata.hostname for message in first] == ["cp-1", "worker-1"]
    assert answered.follow is not None
    assert list(answered.follow(NOW + 1)) == []
    cluster.call("cp-1", {"node": ["worker-1"]}, ["os:admin"], methods.REBOOT.path, [b""], NOW + 1)
    told: list[Any] = list(answered.follow(NOW + 2))
    assert {message.metadata.hostname for message in told} == {"worker-1"}
    ended: list[Any] = list(answered.follow(NOW + 4))
    assert (ended[-1].metadata.hostname, ended[-1].metadata.status.code) == ("worker-1", 14)
    assert list(answered.follow(NOW + 5)) == []


def test_a_stream_breaks_when_its_node_goes_away() -> None:
    bench = Bench()
    request = cosi_pb2.WatchRequest(namespace="runtime", type="MachineStatuses.runtime.talos.dev", id="machine", api_version=1)
    request.options.SetInParent()
    answered = bench.ask(methods.COSI_WATCH, request)
    assert answered.follow is not None
    bench.good(methods.REBOOT)
    events: list[Any] = list(answered.follow(bench.now))
    assert "stage: rebooting" in events[0].event[0].resource.spec.yaml_spec
    with pytest.raises(StreamBroken) as caught:
        answered.follow(bench.now + 10)
    assert caught.value.code == "UNAVAILABLE"


def test_client_certificates_come_from_outside_and_from_control_planes_only() -> None:
    asked = []

    def issue(roles: Any, seconds: float) -> IssuedIdentity:
        asked.append((list(roles), seconds))
        return IssuedIdentity(b"ca", b"crt", b"key", b"talosconfig")

    cluster = SimulatedCluster(SPEC, NOW, issue=issue)
    request = machine_pb2.GenerateClientConfigurationRequest(roles=["os:reader"])
    request.crt_ttl.FromSeconds(60)
    method = methods.GENERATE_CLIENT_CONFIGURATION.path
    found: Any = cluster.call("cp-1", {}, ["os:admin"], method, [request.SerializeToString()], NOW).messages[0]
    assert (found.messages[0].crt, asked) == (b"crt", [(["os:reader"], 60.0)])
    assert cluster.call("worker-1", {}, ["os:admin"], method, [request.SerializeToString()], NOW).code == "UNIMPLEMENTED"
