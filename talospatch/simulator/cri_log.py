"""The log of the container runtime as Talos configures it: JSON, a line for each call of CRI."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.spec import SandboxSpec

_MADE = 3.0  # seconds after a boot until the first pod is made


def lines(node: SimulatedNode, failures: Iterable[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    """Yield the lines by time: how the pods that run were made, and what the kubelet was answered when it could not stop others.

    Args:
        node: the node.
        failures: the kubelet's own lines about these.
    """
    for number, sandbox in enumerate(each for each in node.spec.sandboxes if each.ready):
        at = node.booted_at + _MADE + number / 10
        yield at, _line(node, at, "info", f"RunPodSandbox for {_metadata(node, sandbox)} returns sandbox id {json.dumps(sandbox.id)}")
    for at, line in failures:
        record = json.loads(line)
        sandbox_id = record.get("podSandboxID")
        if sandbox_id and record["msg"].startswith("StopPodSandbox"):
            error = record["err"].removeprefix("rpc error: code = Unknown desc = ")
            yield at - 0.002, _line(node, at - 0.002, "error", f"StopPodSandbox for {json.dumps(sandbox_id)} failed", error=error)


def stopped(node: SimulatedNode, sandbox: SandboxSpec, at: float) -> Iterator[str]:
    """Yield what is said when a sandbox was stopped, and of a pod that does not exist any more also removed."""
    quoted = json.dumps(sandbox.id)
    yield _line(node, at, "info", f"TearDown network for sandbox {quoted} successfully")
    yield _line(node, at, "info", f"StopPodSandbox for {quoted} returns successfully")
    if not sandbox.pod_exists:
        yield _line(node, at, "info", f"RemovePodSandbox {quoted} returns successfully")


def _metadata(node: SimulatedNode, sandbox: SandboxSpec) -> str:
    uid = sandbox.uid or str(node.cluster.identity("pod", sandbox.id))
    return f"&PodSandboxMetadata{{Name:{sandbox.pod},Uid:{uid},Namespace:{sandbox.namespace},Attempt:0,}}"


def _line(node: SimulatedNode, at: float, level: str, message: str, **more: str) -> str:
    time = datetime.fromtimestamp(node.clock(at), UTC)
    # logrus sorts its keys.
    record = {**more, "level": level, "msg": message, "time": f"{time:%Y-%m-%dT%H:%M:%S.%f}000Z"}
    # Go's JSON writes what would matter in a web page as escapes.
    return json.dumps(dict(sorted(record.items())), separators=(",", ":")).replace("&", "\\u0026")
