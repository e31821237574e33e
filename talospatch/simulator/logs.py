"""Logs of a node's services, in the forms that they really have; kubelet's is JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from talospatch.simulator import cri_log
from talospatch.simulator.collector import first_try, period
from talospatch.simulator.containers import inspector_refusal, pod_uid
from talospatch.simulator.exchange import Exchange, StreamBroken, failure
from talospatch.simulator.files import chunks
from talospatch.simulator.node_files import RESULTS
from talospatch.simulator.state_api import BROKEN
from talospatch.simulator.tree import PathError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from talospatch.simulator.node import SimulatedNode
    from talospatch.simulator.spec import SandboxSpec
    from talospatch.wire.proto import machine_pb2

_ALWAYS = ("machined", "controller-runtime", "kernel")
_REMEMBERED = 3600.0  # how far back a log of repeated lines goes; the ring holds about 1 MiB


def read_log(node: SimulatedNode, request: machine_pb2.LogsRequest, now: float) -> Exchange:
    """Answer Logs: of a service, or of a container through the runtime."""
    if request.namespace != "system" and request.id != "kubelet":
        return _container_log(node, request, now)
    if request.id not in {*node.board.services, *_ALWAYS}:
        return failure("UNKNOWN", f'log "{request.id}" was not registered')
    lines = [line for _, line in _lines(node, request.id, now)]
    if request.tail_lines >= 0:
        lines = lines[len(lines) - request.tail_lines :] if request.tail_lines else []
    shown = chunks("".join(f"{line}\n" for line in lines).encode())
    opened = _Follow(node, request.id, node.boots, set(_lines(node, request.id, now)))
    return Exchange(shown, follow=opened.follow if request.follow else None)


@dataclass(slots=True)
class _Follow:
    """An open log."""

    node: SimulatedNode
    service: str
    boots: int
    told: set[tuple[float, str]]

    def follow(self, now: float) -> list[Message]:
        """Lines that have come since it was last asked."""
        self.node.advance(now)
        if not self.node.up or self.node.boots != self.boots:
            raise StreamBroken(*BROKEN)
        lines = _lines(self.node, self.service, now)
        news = [line for at, line in lines if (at, line) not in self.told]
        self.told = set(lines)
        return chunks("".join(f"{line}\n" for line in news).encode())


def _container_log(node: SimulatedNode, request: machine_pb2.LogsRequest, now: float) -> Exchange:
    refused = inspector_refusal(node, request.namespace, request.driver, now)
    if refused is not None:
        return refused
    wanted = request.id.split(":")
    for sandbox in node.spec.sandboxes:
        if sandbox.ready and wanted[0] == f"{sandbox.namespace}/{sandbox.pod}" and len(wanted) > 1 and wanted[1] in sandbox.containers:
            lines = [f"{_rfc3339(node, node.booted_at + place)} stdout F line {place}\n" for place in range(5)]
            lines = lines[len(lines) - request.tail_lines :] if 0 <= request.tail_lines < len(lines) else lines
            return Exchange(chunks("".join(lines).encode()) if request.tail_lines else [])
    return failure("UNKNOWN", f'container "{request.id}" not found')


def _lines(node: SimulatedNode, service: str, now: float) -> list[tuple[float, str]]:
    """All lines of a service, by time."""
    found = list(_FIRST.get(service, _started)(node, service))
    found += [(at, f"{_rfc3339(node, at)} {line}" if service in _ALWAYS else line) for at, line in node.logs.get(service, ())]
    if service == "kubelet":
        found += _stuck_sandboxes(node, now)
    if service == "cri":
        found += cri_log.lines(node, _stuck_sandboxes(node, now))
    return sorted(found, key=lambda item: item[0])


def _started(node: SimulatedNode, service: str) -> Iterator[tuple[float, str]]:
    yield node.booted_at, f"{_rfc3339(node, node.booted_at)} [{service}] started"


def _machined(node: SimulatedNode, service: str) -> Iterator[tuple[float, str]]:
    yield node.booted_at, f"{_rfc3339(node, node.booted_at)} [talos] {service} {node.version.tag}"
    yield node.booted_at + 1, f"{_rfc3339(node, node.booted_at + 1)} [talos] phase startEverything (19/19): 1 tasks(s)"


def _kubelet(node: SimulatedNode, _: str) -> Iterator[tuple[float, str]]:
    version = node.profile.kubernetes
    yield node.booted_at + 1, _kubelet_line(node, node.booted_at + 1, "server/server.go:484", "Kubelet version", kubeletVersion=version)
    yield node.booted_at + 2, _kubelet_line(node, node.booted_at + 2, "kubelet/kubelet.go:2460", "SyncLoop ADD", source="api", pods=[])


_FIRST = {"kubelet": _kubelet, "machined": _machined}


def _kubelet_line(node: SimulatedNode, at: float, caller: str, message: str, **more: object) -> str:
    return json.dumps({"ts": round(node.clock(at) * 1000, 4), "caller": caller, "msg": message, **more}, separators=(",", ":"))


def _stuck_sandboxes(node: SimulatedNode, now: float) -> list[tuple[float, str]]:
    """Two lines a minute for each dead sandbox whose cache file keeps it from being removed (containerd before 2.0).

    Of a pod that exists there are four at each sync, the last of which names it.
    """
    if node.profile.cni_heals or not node.runtime.up:
        return []
    found = []
    first = max(node.booted_at, now - _REMEMBERED)
    for sandbox in node.spec.sandboxes:
        reason = "" if sandbox.ready or not sandbox.network else _damage(node, f"{sandbox.network}-{sandbox.id}-eth0")
        if not reason:
            continue
        text = (
            f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{sandbox.id}": '
            f'failed to get network "{sandbox.network}" cached result: {reason}'
        )
        every = period(sandbox)
        start = first_try(node, sandbox) + every * int((first - node.booted_at) // every)
        for turn in range(int((now - start) // every) + 1):
            at = start + turn * every
            caller = node.profile.kubelet_caller
            found.append(
                (at, _kubelet_line(node, at, caller, "StopPodSandbox from runtime service failed", err=text, podSandboxID=sandbox.id))
            )
            found += [(at, line) for line in (_of_pod if sandbox.pod_exists else _of_collector)(node, sandbox, text, at)]
    return found


def _of_collector(node: SimulatedNode, sandbox: SandboxSpec, text: str, at: float) -> Iterator[str]:
    message = "Failed to stop sandbox before removing"
    yield _kubelet_line(node, at + 0.001, "kuberuntime/kuberuntime_gc.go:180", message, err=text, sandboxID=sandbox.id)


def _of_pod(node: SimulatedNode, sandbox: SandboxSpec, text: str, at: float) -> Iterator[str]:
    """What kuberuntime_manager.go and pod_workers.go say when a pod's old sandbox does not stop."""
    uid = pod_uid(node, sandbox)
    error = f'failed to "KillPodSandbox" for "{uid}" with KillPodSandboxError: {json.dumps(text)}'
    manager = "kuberuntime/kuberuntime_manager.go"
    of_sandbox = {"Type": "containerd", "ID": sandbox.id}
    yield _kubelet_line(node, at + 0.001, f"{manager}:1381", "Failed to stop sandbox", podSandboxID=of_sandbox)
    yield _kubelet_line(node, at + 0.002, f"{manager}:1081", "killPodWithSyncResult failed", err=error)
    pod = {"name": sandbox.pod, "namespace": sandbox.namespace}
    message = "Error syncing pod, skipping"
    yield _kubelet_line(node, at + 0.003, "kubelet/pod_workers.go:1300", message, err=error, pod=pod, podUID=uid)


def stuck_count(node: SimulatedNode, now: float) -> int:
    """How often a sandbox could not be stopped lately."""
    return sum('"StopPodSandbox from runtime service failed"' in line for _, line in _stuck_sandboxes(node, now))


def _damage(node: SimulatedNode, name: str) -> str:
    """What libcni before 1.2 says of a cache file; empty when it can read it, or when it is not there."""
    try:
        data = node.tree.find(f"{RESULTS}/{name}").content()
    except PathError:
        return ""
    prefix = "decoding version from network config: "
    if not data.strip():
        return f"{prefix}unexpected end of JSON input"
    try:
        decoded = json.loads(data)
    except ValueError as error:
        place = data.find(b"\0")
        if place == 0:
            return f"{prefix}invalid character '\\x00' looking for beginning of value"
        if "Extra data" in str(error):
            return f"{prefix}invalid character '{_shown(data, error)}' after top-level value"
        return f"{prefix}unexpected end of JSON input"
    if not isinstance(decoded, dict):
        kind = {list: "array", str: "string", bool: "bool"}.get(type(decoded), "number")
        return f'{prefix}json: cannot unmarshal {kind} into Go value of type struct {{ CNIVersion string "json:\\"cniVersion\\"" }}'
    return ""


def _shown(data: bytes, error: ValueError) -> str:
    place = getattr(error, "pos", 0)
    char = data.decode("utf-8", "replace")[place : place + 1]
    return char if char.isprintable() else f"\\x{ord(char):02x}"


def _rfc3339(node: SimulatedNode, at: float) -> str:
    return datetime.fromtimestamp(node.clock(at), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
