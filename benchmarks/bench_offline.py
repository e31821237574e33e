"""What patching and comparing configs costs in one process, against what reading them costs."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from typing import TYPE_CHECKING

from talospatch.machineconfig.config import MachineConfig
from talospatch.machineconfig.reader import read
from talospatch.offline import Change

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = tuple[str, float, str]

PATCH_SMALL = "patch of 3 kB, of reading it once"
PATCH_LARGE = "patch of 20 kB, of reading it once"
LINEAR = "1,000 configs, of 100 configs times 10"
MEMORY = "MiB kept after 1,000 configs"
# Reading stands in a patch twice: the config and, as the proof, the result.
LIMITS = {PATCH_SMALL: 6.0, PATCH_LARGE: 6.0, LINEAR: 1.5, MEMORY: 1.0}
REPEATS = 40


def config(size: int, number: int = 0) -> str:
    """Return a worker's config of about so many characters, as generated ones look: nested mappings, lists, comments, and much base64."""
    text = f"""version: v1alpha1 # Indicates the schema used to decode the contents.
debug: false
persist: true
# Provides machine specific configuration options.
machine:
    type: worker # Defines the role of the machine within the cluster.
    token: abcdef.{number:016d}
    ca:
        crt: {"LS0tLS1CRUdJTi" * 40}
        key: ""
    certSANs: []
    kubelet:
        image: registry.example/kubelet:v1.34.0
        defaultRuntimeSeccompProfileEnabled: true
        disableManifestsDirectory: true
    network:
        hostname: worker-{number}
        interfaces:
            - interface: eth0
              addresses: [10.0.{number // 250}.{number % 250}/24]
              mtu: 1500
    install:
        disk: /dev/sda
        image: registry.example/installer:v1.13.0
        wipe: false
    files:
        - path: /etc/cri/conf.d/20-customization.part
          op: create
          content: |
            [plugins."io.containerd.cri.v1.images"]
              discard_unpacked_layers = false
    features:
        rbac: true
        hostDNS:
            enabled: true
            forwardKubeDNSToHost: true
cluster:
    id: {"x" * 44}
    secret: {"y" * 44}
    controlPlane:
        endpoint: https://10.0.0.1:6443
    clusterName: c
    network:
        dnsDomain: cluster.local
        podSubnets:
            - 10.244.0.0/16
        serviceSubnets:
            - 10.96.0.0/12
    token: abcdef.0123456789abcdef
    discovery:
        enabled: true
"""
    lines = [text]
    length = len(text)
    while length < size:
        lines.append(
            f"    # # An example of a setting, number {len(lines)}, commented out as generated configs have them.\n"
            f"    # setting{len(lines)}:\n    #     - value: x\n"
        )
        length += len(lines[-1])
        if len(lines) % 4 == 0:
            lines.append(f"    extra{len(lines)}:\n        enabled: true\n        name: setting-{len(lines)}\n")
            length += len(lines[-1])
    return "".join(lines)


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median of the CPU time of some work."""
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def patch_and_diff(text: str, change: Change) -> str:
    """Do what a plan does for one node, beyond asking it; return what groups nodes."""
    before = MachineConfig.parse(text)
    difference = before.diff(before.patch(change, talos="1.13").config)
    difference.unified()
    return difference.key


def run() -> list[ROW]:
    """Return the figures."""
    change = Change.bundled("containerd-metrics")
    rows: list[ROW] = []
    for name, size in ((PATCH_SMALL, 3_000), (PATCH_LARGE, 20_000)):
        text = config(size)
        patch_and_diff(text, change)
        reading = seconds(lambda text=text: read(text))  # type: ignore[misc]
        patching = seconds(lambda text=text: MachineConfig.parse(text).patch(change, talos="1.13"))  # type: ignore[misc]
        both = seconds(lambda text=text: patch_and_diff(text, change))  # type: ignore[misc]
        rows.append(
            (
                name,
                patching / reading,
                f"{patching * 1000:.2f} ms against {reading * 1000:.2f} ms; with the difference {both * 1000:.2f} ms",
            )
        )
    texts = [config(20_000, number) for number in range(1_000)]
    tracemalloc.start()
    seconds(lambda: [patch_and_diff(text, change) for text in texts[:20]], 1)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    seconds(lambda: [patch_and_diff(text, change) for text in texts[20:120]], 1)
    gc.collect()
    grown = (tracemalloc.get_traced_memory()[0] - kept) / 2**20
    tracemalloc.stop()
    few = seconds(lambda: [patch_and_diff(text, change) for text in texts[:100]], 3)
    many = seconds(lambda: [patch_and_diff(text, change) for text in texts], 1)
    rows.append((LINEAR, many / (10 * few), f"{many:.2f} s of CPU, {many:.2f} ms each, difference included"))
    rows.append((MEMORY, grown, "counted over 100 of them; nothing is kept from one to the next"))
    return rows
