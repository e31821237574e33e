"""What a large simulated cluster costs: memory of the model, and memory and time of serving it from a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psutil

from talospatch.simulator.launch import process
from talospatch.simulator.spec import ClusterSpec, NodeSpec

LIMITS = {"simulator: memory of the model, MiB": 150.0}

NODES = 1000
CONFIG_BYTES = 20_000

_CONFIG = """\
version: v1alpha1
machine:
  type: {kind}
  token: simsim.0123456789abcdef
  kubelet: {{}}
  network:
    hostname: {name}
  features:
    hostDNS:
      enabled: true
      forwardKubeDNSToHost: true
{sysctls}cluster:
  controlPlane:
    endpoint: https://10.5.0.2:6443
  clusterName: bench
"""


def config(name: str, kind: str, size: int = CONFIG_BYTES) -> str:
    """A machine config of about ``size`` bytes, most of it kernel parameters, and like no other node's."""
    line = '    net.bench.key{number}: "parameter {number} of {name}"\n'
    count = max(0, size - 400) // len(line.format(number=100, name=name))
    sysctls = "".join(line.format(number=number, name=name) for number in range(count))
    return _CONFIG.format(kind=kind, name=name, sysctls=f"  sysctls:\n{sysctls}" if count else "")


def fleet(count: int, size: int = CONFIG_BYTES) -> ClusterSpec:
    """One control plane and ``count`` workers."""
    nodes = [NodeSpec("cp-1", "10.5.0.2", "controlplane", config=config("cp-1", "controlplane", size))]
    for number in range(1, count + 1):
        name = f"worker-{number}"
        nodes.append(NodeSpec(name, f"10.6.{number // 250}.{number % 250 + 2}", config=config(name, "worker", size)))
    return ClusterSpec(tuple(nodes))


def _model_growth(count: int) -> dict[str, float]:
    """Growth of this process by a model of ``count`` workers, in MiB, and seconds it took."""
    from talospatch.simulator.cluster import SimulatedCluster

    SimulatedCluster(fleet(1), time.time())
    me = psutil.Process()
    before, start = me.memory_info().rss, time.perf_counter()
    cluster = SimulatedCluster(fleet(count), time.time())
    cluster.advance(time.time())
    return {"mib": (me.memory_info().rss - before) / 2**20, "seconds": time.perf_counter() - start}


def run() -> list[tuple[str, float, str]]:
    """Measure, each in a fresh process; return (name, value, note) each."""
    done = subprocess.run([sys.executable, __file__, str(NODES)], capture_output=True, text=True, check=True)
    model = json.loads(done.stdout)
    start = time.perf_counter()
    with process(fleet(NODES), ["--no-metrics"]) as cluster:
        ready = time.perf_counter() - start
        served = psutil.Process(cluster["pid"]).memory_info().rss / 2**20
    note = f"{NODES} nodes with {CONFIG_BYTES // 1000} kB configurations"
    return [
        ("simulator: memory of the model, MiB", model["mib"], f"{note}; growth of a process, at most 150"),
        ("simulator: making the model, s", model["seconds"], note),
        ("simulator: memory of a serving process, MiB", served, f"{note}; all of it, Python and gRPC included"),
        ("simulator: start of a serving process, s", ready, f"{note}; until it can be dialled"),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_model_growth(int(sys.argv[1]))))
    else:
        for name, value, remark in run():
            print(f"{name:50} {value:10.2f}  {remark}")
