"""The state API, services, events, logs and containers of simulated nodes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from model_bench import CRI, METRICS, Bench, Mode, config, document, drop_in

from talospatch.simulator.node_files import RESULTS
from talospatch.simulator.spec import FileSpec, SandboxSpec
from talospatch.wire import methods
from talospatch.wire.proto import cosi_pb2, machine_pb2

PODS = (
    SandboxSpec("a1" * 32, "shop", "web-1"),
    SandboxSpec("b2" * 32, "shop", "web-2", ready=False),
    SandboxSpec("c3" * 32, "kube-system", "proxy", network=""),
)


def entries(bench: Bench, kind: str, namespace: str, **options: Any) -> list[cosi_pb2.Resource]:
    """All resources of a type."""
    request = cosi_pb2.ListRequest(namespace=namespace, type=kind, options=cosi_pb2.ListOptions(**options))
    return [message.resource for message in bench.good(methods.COSI_LIST, request)]


def test_both_forms_of_a_spec_are_filled() -> None:
    for kind, namespace in (
        ("Members.cluster.talos.dev", "cluster"),
        ("NodeAddresses.net.talos.dev", "network"),
        ("Services.v1alpha1.talos.dev", "runtime"),
        ("ResourceDefinitions.meta.cosi.dev", "meta"),
    ):
        found = entries(Bench(), kind, namespace)
        assert found, kind
        assert [item.metadata.id for item in found] == sorted(item.metadata.id for item in found)
        for item in found:
            assert item.spec.proto_spec
            assert yaml.safe_load(item.spec.yaml_spec)


@pytest.mark.parametrize(("talos", "quoted"), [("v1.11.6", False), ("v1.12.11", True)])
def test_a_configuration_is_a_yaml_string_since_1_12(talos: str, quoted: bool) -> None:
    bench = Bench(talos)
    resource = bench.resource("config", "MachineConfigs.config.talos.dev", "v1alpha1")
    assert dict(resource.metadata.annotations) == ({"talos.dev/yaml-spec": "1"} if quoted else {})
    assert (yaml.safe_load(resource.spec.yaml_spec) if quoted else resource.spec.yaml_spec) == bench.stored() == config()


def test_before_1_10_there_is_no_persistent_configuration() -> None:
    bench = Bench("v1.9.6")
    answered = bench.ask(methods.COSI_GET, cosi_pb2.GetRequest(namespace="config", type="MachineConfigs.config.talos.dev", id="persistent"))
    assert answered.details == "resource MachineConfigs.config.talos.dev(config/persistent@undefined) doesn't exist"


@pytest.mark.parametrize(
    ("request_", "role", "details"),
    [
        (
            cosi_pb2.GetRequest(namespace="config", type="Nothing.talos.dev"),
            "os:admin",
            'resource type "Nothing.talos.dev" is not supported',
        ),
        (cosi_pb2.GetRequest(namespace="time", type="Members.cluster.talos.dev"), "os:admin", 'namespace "time" is not supported'),
        (cosi_pb2.GetRequest(namespace="files", type="EtcFileSpecs.files.talos.dev"), "os:operator", "not authorized"),
        (cosi_pb2.GetRequest(namespace="cri", type="CustomizationConfigs.cri.talos.dev"), "os:reader", "not authorized"),
    ],
)
def test_what_may_not_be_seen_is_refused(request_: cosi_pb2.GetRequest, role: str, details: str) -> None:
    answered = Bench().ask(methods.COSI_GET, request_, role=role)
    assert (answered.code, answered.details) == ("PERMISSION_DENIED", details)


def test_types_of_1_14_are_unknown_before() -> None:
    request = cosi_pb2.GetRequest(namespace="cri", type="CustomizationConfigs.cri.talos.dev", id="x")
    assert Bench("v1.13.9").ask(methods.COSI_GET, request).details == 'resource type "CustomizationConfigs.cri.talos.dev" is not supported'


def test_ids_and_labels_select() -> None:
    bench = Bench()
    found = entries(bench, "Members.cluster.talos.dev", "cluster", id_query=cosi_pb2.IDQuery(regexp="^w"))
    assert [item.metadata.id for item in found] == ["worker-1"]
    term = cosi_pb2.LabelTerm(key="x", op=cosi_pb2.LabelTerm.EXISTS)
    assert entries(bench, "Members.cluster.talos.dev", "cluster", label_query=[cosi_pb2.LabelQuery(terms=[term])]) == []
    term.invert = True
    assert len(entries(bench, "Members.cluster.talos.dev", "cluster", label_query=[cosi_pb2.LabelQuery(terms=[term])])) == 2
    request = cosi_pb2.ListRequest(namespace="cluster", type="Members.cluster.talos.dev")
    request.options.id_query.regexp = "("
    assert bench.ask(methods.COSI_LIST, request).code == "INVALID_ARGUMENT"


def test_aliases_lead_to_types() -> None:
    """As talosctl resolves them."""
    definitions = [yaml.safe_load(item.spec.yaml_spec) for item in entries(Bench(), "ResourceDefinitions.meta.cosi.dev", "meta")]
    by_alias = {alias: row["type"] for row in definitions for alias in row["allAliases"]}
    assert by_alias["mc"] == by_alias["machineconfig"] == "MachineConfigs.config.talos.dev"
    assert by_alias["member"] == by_alias["members.cluster"] == "Members.cluster.talos.dev"
    assert by_alias["svc"] == "Services.v1alpha1.talos.dev"
    assert by_alias["rd"] == "ResourceDefinitions.meta.cosi.dev"
    assert by_alias["machinestatus"] == "MachineStatuses.runtime.talos.dev"
    assert by_alias["nodeaddress"] == "NodeAddresses.net.talos.dev"


def watch(bench: Bench, kind: str, namespace: str, *, identifier: str | None = None, bootstrap: bool = False) -> Any:
    """Open a watch."""
    request = cosi_pb2.WatchRequest(namespace=namespace, type=kind, api_version=1)
    request.options.bootstrap_contents = bootstrap
    if identifier is not None:
        request.id = identifier
    answered = bench.ask(methods.COSI_WATCH, request)
    assert answered.code == "OK"
    assert list(answered.messages[0].event) == []  # type: ignore[attr-defined]
    return answered


def test_a_watch_tells_what_there_is_and_what_becomes_of_it() -> None:
    bench = Bench()
    opened = watch(bench, "CustomizationConfigs.cri.talos.dev", "cri", bootstrap=True)
    assert [event.event_type for message in opened.messages[1:] for event in message.event] == [cosi_pb2.BOOTSTRAPPED]
    seen = []
    for text in (document(), document(content="[metrics]\n  address = ':1'\n"), config()):
        bench.applied(text)
        bench.wait(1)
        seen += [event.event_type for message in opened.follow(bench.now) for event in message.event]
        assert list(opened.follow(bench.now)) == []
    assert seen == [cosi_pb2.CREATED, cosi_pb2.UPDATED, cosi_pb2.DESTROYED]


def test_a_watch_by_id_begins_with_the_state_or_its_absence() -> None:
    bench = Bench()
    there = watch(bench, "MachineConfigs.config.talos.dev", "config", identifier="v1alpha1")
    assert there.messages[1].event[0].event_type == cosi_pb2.CREATED
    absent = watch(bench, "MachineConfigs.config.talos.dev", "config", identifier="nothing")
    event = absent.messages[1].event[0]
    assert (event.event_type, event.resource.metadata.version) == (cosi_pb2.DESTROYED, "undefined")


def test_up_to_1_12_a_watch_by_id_without_options_crashes() -> None:
    request = cosi_pb2.WatchRequest(namespace="runtime", type="MachineStatuses.runtime.talos.dev", id="machine", api_version=1)
    assert Bench("v1.12.11").ask(methods.COSI_WATCH, request).code == "INTERNAL"
    assert Bench("v1.13.9").ask(methods.COSI_WATCH, request).code == "OK"


def test_the_restart_of_a_service_is_told_by_events() -> None:
    bench = Bench()
    opened: Any = bench.ask(methods.EVENTS, machine_pb2.EventsRequest(tail_events=2))
    assert opened.messages[0].data.type_url == ""
    assert len(opened.messages) == 3
    bench.good(methods.SERVICE_RESTART, machine_pb2.ServiceRestartRequest(id="kubelet"))
    told = opened.follow(bench.now)
    actions = [machine_pb2.ServiceStateEvent.FromString(event.data.value).action for event in told]
    assert actions[0] == machine_pb2.ServiceStateEvent.STOPPING
    assert actions[-1] == machine_pb2.ServiceStateEvent.RUNNING
    assert [event.id for event in told] == sorted(event.id for event in told)


@pytest.mark.parametrize(
    ("service", "details"), [("cri", 'service "cri" doesn\'t support restart operation via API'), ("x", 'service "x" not defined')]
)
def test_other_services_cannot_be_restarted(service: str, details: str) -> None:
    assert Bench().ask(methods.SERVICE_RESTART, machine_pb2.ServiceRestartRequest(id=service)).details == details


def test_a_service_says_when_it_last_started() -> None:
    bench = Bench(text=document())
    services = {service.id: service for service in bench.good(methods.SERVICE_LIST).messages[0].services}
    before = services["cri"].events.events[-1].ts.seconds
    bench.applied(config())
    bench.wait(5)
    services = {service.id: service for service in bench.good(methods.SERVICE_LIST).messages[0].services}
    last = [event for event in services["cri"].events.events if event.state == "Running"][-1]
    assert last.ts.seconds > before
    assert services["cri"].health.healthy


@pytest.mark.parametrize(("talos", "ids"), [("v1.8.4", False), ("v1.9.6", True)])
def test_only_ready_sandboxes_are_listed_and_ids_came_with_1_9(talos: str, ids: bool) -> None:
    bench = Bench(talos, sandboxes=PODS)
    found = bench.good(methods.CONTAINERS, machine_pb2.ContainersRequest(namespace="k8s.io", driver=CRI)).messages[0].containers
    sandboxes = {item.id: item for item in found if item.status == "SANDBOX_READY"}
    assert set(sandboxes) == {"shop/web-1", "kube-system/proxy"}
    assert sandboxes["shop/web-1"].internal_id == ("a1" * 32 if ids else "")
    assert (sandboxes["shop/web-1"].network_namespace, sandboxes["kube-system/proxy"].network_namespace) == ("cni-a1a1a1a1", "")
    assert {item.pod_id for item in found} == set(sandboxes)


def test_stopped_sandboxes_are_seen_in_their_directory() -> None:
    bench = Bench(sandboxes=PODS)
    request = machine_pb2.ListRequest(root="/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes")
    names = {entry.relative_name for entry in bench.good(methods.LIST, request, role="os:reader")}
    assert names == {".", "a1" * 32, "b2" * 32, "c3" * 32}
    files = {entry.relative_name for entry in bench.good(methods.LIST, machine_pb2.ListRequest(root=RESULTS))}
    assert files == {".", f"cbr0-{'a1' * 32}-eth0", f"cni-loopback-{'a1' * 32}-lo", f"cbr0-{'b2' * 32}-eth0"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "decoding version from network config: unexpected end of JSON input"),
        (b" \n", "decoding version from network config: unexpected end of JSON input"),
        (b'{"kind":', "decoding version from network config: unexpected end of JSON input"),
        (b"\0" * 9, "decoding version from network config: invalid character '\\x00' looking for beginning of value"),
        (b"[]", "decoding version from network config: json: cannot unmarshal array into Go value of type struct"),
    ],
)
def test_before_1_8_kubelet_complains_of_a_damaged_cache_file_every_minute(content: bytes, reason: str) -> None:
    name = f"{RESULTS}/cbr0-{'b2' * 32}-eth0"
    bench = Bench("v1.7.7", sandboxes=PODS, files={name: FileSpec(content)})
    lines = [json.loads(line) for line in bench.log("kubelet").splitlines()]
    stuck = [line for line in lines if line["msg"] == "StopPodSandbox from runtime service failed"]
    assert len(stuck) == 59
    assert {line["podSandboxID"] for line in stuck} == {"b2" * 32}
    assert stuck[0]["err"].startswith(
        f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{"b2" * 32}": '
        f'failed to get network "cbr0" cached result: {reason}'
    )
    assert 'containerd_cri_network_plugin_operations_errors_total_total{operation_type="tear_down_pod"} 59' in bench.cluster.metrics(
        "worker-1", bench.now
    )


def test_since_1_8_nobody_complains() -> None:
    bench = Bench(sandboxes=PODS, files={f"{RESULTS}/cbr0-{'b2' * 32}-eth0": FileSpec()})
    assert "StopPodSandbox" not in bench.log("kubelet")


def test_a_log_is_followed() -> None:
    bench = Bench()
    opened: Any = bench.ask(methods.LOGS, machine_pb2.LogsRequest(namespace="system", id="machined", follow=True))
    assert opened.messages == []
    bench.applied(config())
    bench.wait(0.1)
    assert b"apply config request: mode auto(no_reboot)" in b"".join(message.bytes for message in opened.follow(bench.now))


def test_a_node_on_its_way_can_be_copied_and_both_go_on_alone() -> None:
    """For tests that follow several ways from one moment."""
    bench = Bench("v1.13.9")
    bench.applied(drop_in())
    other = copy.deepcopy(bench)
    other.wait(20)
    assert (other.stage(), bench.stage()) == ("running", "rebooting")
    assert other.read("/etc/cri/conf.d/20-customization.part").decode() == METRICS
    assert other.boot_id() != bench.boot_id()


def test_the_same_calls_at_the_same_times_have_the_same_answers() -> None:
    def told() -> list[bytes]:
        bench = Bench("v1.13.9", sandboxes=PODS)
        bench.applied(drop_in(), Mode.AUTO)
        bench.wait(20)
        asked = [bench.good(methods.SERVICE_LIST), bench.resource("runtime", "MachineStatuses.runtime.talos.dev", "machine")]
        return [message.SerializeToString(deterministic=True) for message in asked] + [bench.boot_id()]

    assert told() == told()
