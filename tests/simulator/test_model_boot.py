"""Reboots of simulated nodes: what comes back, what does not, and what a configuration does to it."""

from __future__ import annotations

import pytest
from model_bench import CONTROL_PLANE, METRICS, Bench, Mode, config, drop_in

from talospatch.simulator.cri import LEGACY_PATH
from talospatch.simulator.sample_configs import file_entry
from talospatch.simulator.spec import NodeFaults
from talospatch.wire import methods
from talospatch.wire.proto import machine_pb2

OLD, NEW = "v1.13.9", "v1.14.0-rc.1"
HALF_AN_HOUR = 30 * 60


def _rebooted(bench: Bench, text: str) -> None:
    """Stage a configuration, reboot, and wait until the node has either come up or stopped on the way."""
    bench.applied(text, Mode.STAGED)
    bench.good(methods.REBOOT)
    bench.wait(90)


def test_a_node_goes_through_its_stages_and_starts_counting_anew() -> None:
    bench = Bench()
    boot, booted = bench.boot_id(), bench.good(methods.SYSTEM_STAT).messages[0].boot_time
    bench.applied(config())
    bench.good(methods.REBOOT)
    assert bench.stage() == "rebooting"
    bench.wait(2.5)
    assert bench.ask(methods.VERSION).code == "UNAVAILABLE"
    bench.wait(3)
    assert bench.stage() == "booting"
    assert "kubelet" not in bench.services()
    bench.wait(3)
    assert bench.stage() == "running"
    assert bench.services()["kubelet"] == bench.services()["cri"] == "Running"
    assert bench.boot_id() != boot
    assert bench.good(methods.SYSTEM_STAT).messages[0].boot_time > booted
    assert bench.resource("config", "MachineConfigs.config.talos.dev", "v1alpha1").metadata.version == "1"


TWICE = file_entry(LEGACY_PATH, METRICS) + file_entry(LEGACY_PATH, METRICS).removeprefix("  files:\n")


@pytest.mark.parametrize(
    ("talos", "text", "problem"),
    [
        (OLD, drop_in(path="/etc/cri/conf.d/30-metrics.part"), "create operation not allowed outside of /var"),
        (NEW, drop_in(path="/usr/local/bin/x"), "create operation not allowed outside of /var"),
        (OLD, drop_in(op="replace"), 'unknown operation for file "/etc/cri/conf.d/20-customization.part": "replace"'),
        (OLD, config(TWICE), "files/cri/conf.d/20-customization.part@1) already exists"),
        (OLD, drop_in(path="/var/lib/missing", op="overwrite"), 'file must exist: "/var/lib/missing"'),
        (NEW, drop_in(op="overwrite"), 'file must exist: "/etc/cri/conf.d/20-customization.part"'),
        (NEW, drop_in(op="append"), 'file must exist: "/etc/cri/conf.d/20-customization.part"'),
        (OLD, drop_in("[metrics\n"), "context deadline exceeded"),
        ("v1.10.3", drop_in("# nothing\n"), ""),
        ("v1.9.5", drop_in("# nothing\n"), "context deadline exceeded"),
    ],
)
def test_user_files_that_cannot_be_written_stop_the_boot_where_apid_still_answers(talos: str, text: str, problem: str) -> None:
    bench = Bench(talos)
    _rebooted(bench, text)
    if not problem:
        assert bench.stage() == "running"
        return
    assert bench.stage() == "booting"
    assert problem in bench.log("machined")
    assert "rebooting in 35 minutes" in bench.log("machined")
    assert "Running" not in {bench.services().get("cri"), bench.services()["kubelet"]}
    assert bench.good(methods.VERSION).messages[0].version.tag == talos


@pytest.mark.parametrize("op", ["create", "overwrite", "append"])
def test_up_to_1_13_every_operation_works_on_the_fragment(op: str) -> None:
    bench = Bench(OLD)
    _rebooted(bench, drop_in(op=op))
    assert bench.stage() == "running"
    assert bench.read("/etc/cri/conf.d/20-customization.part").decode() == METRICS
    assert 11234 in bench.ports()


def test_a_stopped_boot_goes_on_with_its_old_configuration() -> None:
    bench = Bench(OLD)
    good = bench.stored()
    _rebooted(bench, drop_in(op="replace"))
    assert bench.applied(good).mode == Mode.REBOOT
    bench.wait(30)
    assert (bench.stage(), bench.stored()) == ("running", good)


def test_a_stopped_boot_is_tried_again_after_its_pause() -> None:
    bench = Bench(OLD)
    _rebooted(bench, drop_in(op="replace"))
    boot = bench.boot_id()
    bench.wait(HALF_AN_HOUR)
    assert bench.boot_id() == boot
    bench.wait(HALF_AN_HOUR)
    assert (bench.stage(), bench.boot_id() != boot) == ("booting", True)


@pytest.mark.parametrize(
    "content",
    [
        "version = 4\n",
        '[metrics]\n  address = "0.0.0.0"\n',
        '[metrics]\n  address = "192.0.2.1:11234"\n',
        '[metrics]\n  address = ":10250"\n',
        '[metrics]\n  address = "0.0.0.0:http-metrics"\n',
    ],
)
def test_what_containerd_does_not_take_keeps_the_boot_waiting(content: str) -> None:
    bench = Bench(OLD)
    _rebooted(bench, drop_in(content))
    assert bench.stage() == "booting"
    assert bench.services()["cri"] == bench.services()["kubelet"] == "Waiting"
    assert bench.log("cri")


def test_since_1_14_a_broken_fragment_is_only_felt_at_the_next_boot() -> None:
    bench = Bench(NEW)
    bench.applied(drop_in("[metrics\n"))
    bench.wait(5)
    assert bench.services()["cri"] == "Running"
    bench.good(methods.REBOOT)
    bench.wait(60)
    assert bench.stage() == "booting"
    bench.applied(config())
    bench.wait(10)
    assert bench.stage() == "running"


@pytest.mark.parametrize(
    ("faults", "stages"),
    [
        (NodeFaults(never_returns=True), {"gone"}),
        (NodeFaults(stuck_boot=True), {"booting"}),
        (NodeFaults(reboot_loop=True), {"booting", "gone"}),
    ],
)
def test_faults_keep_a_node_from_coming_back(faults: NodeFaults, stages: set[str]) -> None:
    bench = Bench(faults=faults)
    bench.good(methods.REBOOT)
    bench.wait(60)
    seen = set()
    for _ in range(40):
        bench.wait(0.5)
        seen.add("gone" if bench.ask(methods.VERSION).code == "UNAVAILABLE" else bench.stage())
    assert seen == stages


def test_a_clock_that_is_wrong_shows_in_everything_that_has_a_time() -> None:
    right, wrong = Bench(), Bench(faults=NodeFaults(clock_skew=300))
    assert wrong.good(methods.SYSTEM_STAT).messages[0].boot_time - right.good(methods.SYSTEM_STAT).messages[0].boot_time == 300
    kind = ("runtime", "MachineStatuses.runtime.talos.dev", "machine")
    assert wrong.resource(*kind).metadata.updated.seconds - right.resource(*kind).metadata.updated.seconds == 300


def test_a_node_may_answer_for_another() -> None:
    bench = Bench(faults=NodeFaults(answers_for="cp-1"))
    own = Bench().resource("hardware", "SystemInformations.hardware.talos.dev", "systeminformation").spec.yaml_spec
    other = bench.good(methods.COSI_GET, _system_information(), node=CONTROL_PLANE).resource.spec.yaml_spec
    assert bench.resource("hardware", "SystemInformations.hardware.talos.dev", "systeminformation").spec.yaml_spec == other != own
    assert bench.good(methods.HOSTNAME).messages[0].hostname == "cp-1"


def _system_information() -> object:
    return methods.COSI_GET.request_class()(namespace="hardware", type="SystemInformations.hardware.talos.dev", id="systeminformation")


def test_a_container_refuses_to_reboot() -> None:
    answered = Bench(platform="container").ask(methods.REBOOT, machine_pb2.RebootRequest())
    assert (answered.code, answered.details) == ("FAILED_PRECONDITION", "method is not supported in container mode")
