"""Sandboxes that could not be stopped: how often the kubelet tries, what it says, and what stays once they stop."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from model_bench import Bench

from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec, SandboxSpec, from_json, to_json
from talospatch.simulator.tree import PathError
from talospatch.wire import methods
from talospatch.wire.proto import common_pb2, machine_pb2

RESULTS = "/var/lib/cni/results"
SANDBOXES = "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
LEASE = "/var/lib/cni/networks/cbr0/10.244.1.3"
ID = "b2" * 32
FILE = f"{RESULTS}/cbr0-{ID}-eth0"


def bench(*, pod_exists: bool) -> Bench:
    """A node whose libcni fails on an empty file."""
    sandbox = SandboxSpec(ID, "shop", "web-2", ready=False, ip="10.244.1.3", uid="u-2", pod_exists=pod_exists)
    return Bench("v1.7.4", sandboxes=(sandbox,), files={FILE: FileSpec()})


def log(of: Bench, service: str) -> list[dict[str, Any]]:
    request = machine_pb2.LogsRequest(namespace="system", id=service, driver=common_pb2.CONTAINERD, tail_lines=-1)
    text = b"".join(message.bytes for message in of.good(methods.LOGS, request)).decode()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def exists(of: Bench, path: str) -> bool:
    try:
        of.cluster.node("worker-1").tree.find(path)
    except PathError:
        return False
    return True


def freed(of: Bench) -> list[str]:
    """Take the file away, let the kubelet try again, and return what containerd says of it."""
    node = of.cluster.node("worker-1")
    node.tree.remove(FILE)
    node.note_removed(FILE, of.now)
    of.wait(61)
    return [record["msg"] for record in log(of, "cri") if "uccessfully" in record["msg"]]


@pytest.mark.parametrize(("pod_exists", "seconds"), [(False, 60.0), (True, 13.0)])
def test_the_kubelet_tries_once_a_minute_and_more_often_for_a_pod_that_it_has(pod_exists: bool, seconds: float) -> None:
    """Between 10 and 15 seconds; each try is a line of containerd's too."""
    of = bench(pod_exists=pod_exists)
    of.wait(600)
    tries = [record["ts"] / 1000 for record in log(of, "kubelet") if record["msg"] == "StopPodSandbox from runtime service failed"]
    assert len(tries) > 5
    assert {round(after - before, 3) for before, after in pairwise(tries)} == {seconds}
    assert sum(record["msg"].endswith(" failed") for record in log(of, "cri")) == len(tries)


def test_of_a_pod_that_it_has_the_kubelet_names_the_pod_and_of_another_only_the_sandbox() -> None:
    """The words of the pod's worker, and those of the collector."""
    said = {}
    for pod_exists in (False, True):
        of = bench(pod_exists=pod_exists)
        of.wait(200)
        said[pod_exists] = [record for record in log(of, "kubelet") if "sandbox" in json.dumps(record).lower()]
    assert not any("pod" in record or "KillPodSandboxError" in record["err"] for record in said[False])
    assert not any("sandboxID" in record for record in said[True])
    last = [record for record in said[True] if record["msg"] == "Error syncing pod, skipping"][-1]
    assert (last["pod"], last["podUID"]) == ({"name": "web-2", "namespace": "shop"}, "u-2")
    assert last["err"].startswith('failed to "KillPodSandbox" for "u-2" with KillPodSandboxError: "rpc error: code = Unknown desc = failed')


def test_once_nothing_keeps_it_a_sandbox_stops_and_is_removed_unless_its_pod_exists() -> None:
    """What it held is free in either case."""
    gone, kept = bench(pod_exists=False), bench(pod_exists=True)
    stopped = [f'TearDown network for sandbox "{ID}" successfully', f'StopPodSandbox for "{ID}" returns successfully']
    assert freed(gone) == [*stopped, f'RemovePodSandbox "{ID}" returns successfully']
    assert freed(kept) == stopped
    assert (exists(gone, f"{SANDBOXES}/{ID}"), exists(kept, f"{SANDBOXES}/{ID}")) == (False, True)
    assert not exists(gone, LEASE)
    assert not exists(kept, LEASE)


def test_a_pod_that_exists_is_written_and_read() -> None:
    """As all of a cluster's description."""
    spec = ClusterSpec((NodeSpec("n", "10.5.0.2", sandboxes=(SandboxSpec(ID, "shop", "web-2", ready=False, pod_exists=True),)),))
    assert from_json(to_json(spec)) == spec
