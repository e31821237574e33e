"""Descriptions of simulated clusters, and large ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from talospatch.cli.demo import cluster
from talospatch.errors import InputError
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeFaults, NodeSpec, SandboxSpec, Timings, from_json, to_json

LIMIT = 150 * 1024  # KiB for 1,000 nodes with 20 kB each

THOUSAND = """
from talospatch.simulator.cluster import SimulatedCluster
from talospatch.simulator.sample_configs import text
from talospatch.simulator.spec import ClusterSpec, NodeSpec
from talospatch.wire.methods import COSI_GET, VERSION
from talospatch.wire.proto import cosi_pb2

notes = "".join(f"    note-{number}: '{'x' * 80}'\\n" for number in range(200))
def config(name, kind="worker"):
    return text(name, kind, "big", "10.0.0.1", extra="  nodeAnnotations:\\n" + notes)
nodes = [NodeSpec("cp-1", "10.0.0.1", "controlplane", config=config("cp-1", "controlplane"))]
nodes += [NodeSpec(f"worker-{n}", f"10.1.{n // 250}.{n % 250}", config=config(f"worker-{n}")) for n in range(1000)]
assert len(nodes[5].config) > 18_000
cluster = SimulatedCluster(ClusterSpec(tuple(nodes)), 1_767_323_045.0)
for node in nodes:
    metadata = {"node": [node.address]}
    assert cluster.call("cp-1", metadata, ["os:admin"], VERSION.path, [b""], 1_767_323_046.0).code == "OK"
    for name in ("v1alpha1", "persistent"):
        request = cosi_pb2.GetRequest(namespace="config", type="MachineConfigs.config.talos.dev", id=name)
        answered = cluster.call("cp-1", metadata, ["os:admin"], COSI_GET.path, [request.SerializeToString()], 1_767_323_046.0)
        assert answered.code == "OK"
# Not ru_maxrss: that begins with what the process that started this one had.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process alone is told by Linux only")
def test_a_thousand_nodes_with_large_configurations_fit_into_one_process() -> None:
    """After every one of them was asked what a plan asks."""
    done = subprocess.run([sys.executable, "-c", THOUSAND], capture_output=True, text=True, check=True, timeout=100)
    assert int(done.stdout) < LIMIT


def test_a_description_survives_json() -> None:
    """Bytes that are no text included."""
    spec = ClusterSpec(
        (
            NodeSpec("cp-1", "10.0.0.1", "controlplane", config="machine: {}\n"),
            NodeSpec(
                "w",
                "10.0.0.2",
                talos="v1.13.9",
                cni_files={"cbr0-x-eth0": b"\xff\0", "empty": b""},
                files={"/var/x": FileSpec(b"y", mode=0o644), "/l": FileSpec(kind="symlink", link="x")},
                sandboxes=(SandboxSpec("a" * 64, "ns", "pod", containers=("a", "b")),),
                faults=NodeFaults(clock_skew=1.5, answers_for="cp-1"),
            ),
        ),
        seed=7,
        timings=Timings(stop=1).scaled(0.5),
    )
    assert from_json(to_json(spec)) == spec
    assert from_json(to_json(cluster.spec())) == cluster.spec()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"nodes": 5}', '{"nodes": [{"name": "a"}]}', '{"nodes": [{"name": "a", "address": "b", "colour": 1}]}']
)
def test_what_is_no_description_is_refused(text: str) -> None:
    """With its place."""
    with pytest.raises(InputError, match=r"x\.json"):
        from_json(text, source="x.json")


@pytest.mark.parametrize("nodes", [(), (NodeSpec("a", "1"), NodeSpec("a", "2")), (NodeSpec("a", "1"), NodeSpec("b", "1"))])
def test_nodes_are_there_and_have_names_and_addresses_of_their_own(nodes: tuple[NodeSpec, ...]) -> None:
    """Otherwise routing means nothing."""
    with pytest.raises(InputError):
        ClusterSpec(nodes)


def test_the_seed_makes_the_identities() -> None:
    """And nothing else does."""

    def uuids(seed: int) -> set[str]:
        return {node.uuid for node in SimulatedCluster(ClusterSpec(cluster.spec().nodes, seed=seed), 0.0).nodes}

    assert uuids(1) == uuids(1)
    assert not uuids(1) & uuids(2)
    assert len(uuids(1)) == 6
