"""The simulated container runtime: merging parts, restarts on 1.14, the metrics listener."""

from __future__ import annotations

import hashlib
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_bench import METRICS, Bench, Mode, config, document, drop_in

from talospatch.simulator import cri, tomltext
from talospatch.simulator.profiles import PROFILES
from talospatch.simulator.spec import NodeFaults
from talospatch.simulator.tomltext import TomlError
from talospatch.wire import methods
from talospatch.wire.proto import cosi_pb2, machine_pb2

OLD, NEW = PROFILES["1.13"], PROFILES["1.14"]

SCALARS = st.one_of(st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False))
TABLES = st.recursive(
    st.dictionaries(st.text(max_size=6), st.one_of(SCALARS, st.lists(st.integers(0, 9), max_size=3)), max_size=4),
    lambda inner: st.dictionaries(st.text(max_size=6), st.one_of(SCALARS, inner, st.lists(inner, max_size=2)), max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(table=TABLES, newest=st.booleans())
def test_what_is_written_reads_back_as_it_was(table: dict[str, object], newest: bool) -> None:
    """Whichever go-toml is imitated."""
    assert tomllib.loads(tomltext.Writer(newest=newest).write(table)) == table


def _merged(left: str, right: str) -> dict[str, object]:
    tables = tomllib.loads(left)
    tomltext.merge(tables, tomllib.loads(right))
    return tables


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ("a = 1", "a = 2", {"a": 2}),
        ("a = 1", "a = 0", {"a": 1}),
        ('a = "x"', 'a = ""', {"a": "x"}),
        ("a = true", "a = false", {"a": False}),
        ("a = [1]", "a = [1, 2]", {"a": [1, 1, 2]}),
        ("a = [1]", "a = []", {"a": [1]}),
        ("[a]\nb = 1", "[a]\nc = 2", {"a": {"b": 1, "c": 2}}),
    ],
)
def test_parts_are_merged_as_talos_does(left: str, right: str, result: dict[str, object]) -> None:
    """Zero never replaces, false does, arrays grow."""
    assert _merged(left, right) == result


@pytest.mark.parametrize(("left", "right"), [("a = 1", 'a = "1"'), ("[a]\nb = 1", "a = 1"), ("[p]\nx = true", '[p]\nx = "true"')])
def test_a_change_of_type_is_an_error(left: str, right: str) -> None:
    """It names both types."""
    with pytest.raises(TomlError, match="merge type mismatch left"):
        _merged(left, right)


def test_headers_name_every_part_with_its_hash() -> None:
    """Of documents too, in the order of the files that they stand for."""
    parts = {**cri.physical_parts(NEW, {"10-gvisor.part": "debug = {level = 'info'}\n"}, ""), "readme.txt": "no part"}
    merged = cri.merge(NEW, parts, {"metrics": METRICS, "Early": ""})
    header = [line for line in merged.text.splitlines() if line.startswith("## ")]
    assert [line.partition(" (sha256:")[0] for line in header] == [
        "## file /etc/cri/conf.d/00-base.part",
        "## in-memory registries",
        "## file /etc/cri/conf.d/10-gvisor.part",
        '## in-memory customization "Early"',
        '## in-memory customization "metrics"',
    ]
    assert header[-1].endswith(f"(sha256:{hashlib.sha256(METRICS.encode()).hexdigest()})")


def test_a_document_takes_the_place_of_a_file_of_its_name() -> None:
    """Memory beats disk."""
    merged = cri.merge(NEW, {cri.LEGACY_PART: "a = 1\n"}, {"customization": "b = 2\n"})
    assert ("a" in merged.tables, "b" in merged.tables) == (False, True)


@pytest.mark.parametrize(
    ("profile", "content", "address"),
    [
        (OLD, METRICS, "0.0.0.0:11234"),
        (OLD, '[plugins."io.containerd.server.v1.metrics"]\naddress = ":1"\n', ""),
        (NEW, '[plugins."io.containerd.server.v1.metrics"]\naddress = ":1"\n', ":1"),
        (NEW, METRICS + '[plugins."io.containerd.server.v1.metrics"]\naddress = ":1"\n', ":1"),
        (NEW, "[metrics]\naddress = 11234\n", ""),
    ],
)
def test_the_plugin_form_counts_since_containerd_2_3_and_wins(profile: object, content: str, address: str) -> None:
    """Before it is silently ignored."""
    assert isinstance(profile, type(NEW))
    assert cri.metrics_address(profile, tomllib.loads(content)) == address


def test_toml_1_1_is_for_1_14_only() -> None:
    """The libraries differ."""
    content = "a = {\n  b = 1,\n}\n"
    assert tomltext.read(content, toml_1_1=True) == {"a": {"b": 1}}
    with pytest.raises(TomlError):
        tomltext.read(content, toml_1_1=False)


@pytest.mark.parametrize("text", [document(), drop_in()])
def test_since_1_14_a_change_restarts_containerd_and_the_listener_is_there(text: str) -> None:
    """Within seconds, without a reboot."""
    bench = Bench()
    boot = bench.boot_id()
    assert 11234 not in bench.ports()
    bench.applied(text)
    assert "[metrics]" not in bench.cri_toml()
    bench.wait(0.4)
    assert "[metrics]\n  address = '0.0.0.0:11234'" in bench.cri_toml()
    assert bench.services()["cri"] == "Preparing"
    assert 11234 not in bench.ports()
    bench.wait(2)
    assert bench.services()["cri"] == "Running"
    assert (11234 in bench.ports(), bench.boot_id()) == (True, boot)
    assert bench.read("/etc/cri/conf.d/cri.toml").decode() == bench.cri_toml()


def test_a_trial_of_a_drop_in_is_live_and_taken_back() -> None:
    """Two restarts."""
    bench = Bench()
    bench.applied(document(), Mode.TRY, seconds=5)
    bench.wait(3)
    assert 11234 in bench.ports()
    bench.wait(5)
    assert 11234 not in bench.ports()
    kind = ("files", "EtcFileSpecs.files.talos.dev", "cri/conf.d/cri.toml")
    assert bench.resource(*kind).metadata.version == "3"


def test_a_broken_fragment_changes_nothing_and_is_only_in_the_log() -> None:
    """Apply says that all is well."""
    bench = Bench(text=document())
    before = bench.cri_toml()
    bench.applied(document(content="[metrics\n"))
    bench.wait(5)
    assert bench.cri_toml() == before
    assert bench.services()["cri"] == "Running"
    assert 'error decoding "20-metrics.part"' in bench.log("controller-runtime")


def test_a_configuration_that_containerd_refuses_leaves_the_service_down() -> None:
    """Until it is corrected."""
    bench = Bench()
    bench.applied(document(content='[metrics]\n  address = "0.0.0.0:10250"\n'))
    bench.wait(5)
    assert bench.services()["cri"] == "Waiting"
    assert "address already in use" in bench.log("cri")
    answered = bench.ask(methods.CONTAINERS, machine_pb2.ContainersRequest(namespace="k8s.io", driver=1))  # type: ignore[arg-type]
    assert answered.code == "UNAVAILABLE"
    bench.applied(config())
    bench.wait(5)
    assert bench.services()["cri"] == "Running"


def test_a_runtime_can_be_made_not_to_come_back() -> None:
    """By a fault."""
    bench = Bench(faults=NodeFaults(failing_cri=True))
    bench.applied(document())
    bench.wait(30)
    assert bench.services()["cri"] == "Waiting"
    assert 11234 not in bench.ports()


def test_a_drop_in_can_be_made_to_keep_containerd_from_running() -> None:
    """From 1.14 on CRI does not come back; up to 1.13 the boot stands still. The former configuration heals both."""
    bench = Bench(faults=NodeFaults(bad_drop_in=True), text=drop_in('[debug]\n  level = "info"\n'))
    bench.applied(document())
    bench.wait(30)
    assert (bench.services()["cri"], bench.stage()) == ("Waiting", "running")
    bench.applied(drop_in('[debug]\n  level = "info"\n'))
    bench.wait(30)
    assert bench.services()["cri"] == "Running"

    old = Bench("v1.13.9", faults=NodeFaults(bad_drop_in=True))
    old.applied(drop_in())
    old.wait(60)
    assert (old.services()["cri"], old.stage()) == ("Waiting", "booting")
    old.applied(config())
    old.wait(60)
    assert (old.services()["cri"], old.stage()) == ("Running", "running")


def test_an_equal_merge_restarts_nothing() -> None:
    """A document that is added empty changes the header, a change elsewhere nothing."""
    bench = Bench(text=document())
    bench.applied(document().replace("disk: /dev/sda", "disk: /dev/sdb"))
    bench.wait(3)
    assert [service for service in bench.services().values() if service != "Running"] == []
    assert bench.resource("files", "EtcFileSpecs.files.talos.dev", "cri/conf.d/cri.toml").metadata.version == "1"


def test_customizations_are_resources_with_versions_of_their_own() -> None:
    """The legacy entry is one of them."""
    bench = Bench()
    bench.applied(document())
    bench.wait(1)
    kind = ("cri", "CustomizationConfigs.cri.talos.dev")
    assert bench.resource(*kind, "metrics").metadata.version == "1"
    bench.applied(document(content="[metrics]\n  address = ':1'\n"))
    bench.wait(1)
    assert bench.resource(*kind, "metrics").metadata.version == "2"
    bench.applied(drop_in())
    bench.wait(1)
    listed = bench.good(methods.COSI_LIST, cosi_pb2.ListRequest(namespace=kind[0], type=kind[1]))
    assert [message.resource.metadata.id for message in listed] == ["customization"]


def test_the_metrics_text_has_series_by_their_true_names() -> None:
    """And none are served before containerd runs with an address."""
    bench = Bench(text=document())
    assert bench.cluster.metrics_address("worker-1", bench.now) == "0.0.0.0:11234"
    assert 'grpc_server_handled_total{grpc_code="OK",grpc_method="StopPodSandbox"' in bench.cluster.metrics("worker-1", bench.now)
    assert bench.cluster.metrics_address("cp-1", bench.now) is None
