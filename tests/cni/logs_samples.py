"""Lines in every form that a failure to stop a sandbox is logged in."""

from __future__ import annotations

import json
from collections.abc import Callable

ID = "a1" * 32
OTHER = "b2" * 32
UID = "6f1d2c3b-1111-4222-8333-444455556666"
EMPTY = "decoding version from network config: unexpected end of JSON input"
AT = 1_776_288_065.679
ISO = "2026-04-15T21:21:05.679000000Z"  # the same moment
NOW = AT + 3600
FAILED = "StopPodSandbox from runtime service failed"


def error(sandbox: str = ID, reason: str = EMPTY, network: str = "cbr0") -> str:
    """The kubelet's error, as containerd returned it."""
    return (
        f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{sandbox}": '
        f'failed to get network "{network}" cached result: {reason}'
    )


def quoted(text: str) -> str:
    """As Go's %q does it."""
    return json.dumps(text, ensure_ascii=False)


def kubelet(at: float = AT, sandbox: str = ID, reason: str = EMPTY, **more: object) -> str:
    """The kubelet's JSON; its times are milliseconds."""
    record = {"ts": at * 1000, "caller": "log/log.go:32", "msg": FAILED, "podSandboxID": sandbox, "err": error(sandbox, reason), **more}
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def collector(at: float = AT, sandbox: str = ID) -> str:
    """The line of its garbage collector, with another key for the sandbox."""
    record = {"ts": at * 1000, "caller": "kuberuntime/kuberuntime_gc.go:180", "msg": "Failed to stop sandbox before removing"}
    return json.dumps(record | {"err": error(sandbox), "sandboxID": sandbox}, separators=(",", ":"))


def sender(sandbox: str = ID, reason: str = EMPTY) -> str:
    """What Talos's log sender makes of the first: message and error in one."""
    return json.dumps(
        {
            "msg": f"{FAILED}: {error(sandbox, reason)}",
            "podSandboxID": sandbox,
            "talos-level": "warn",
            "talos-service": "kubelet",
            "talos-time": ISO,
        }
    )


def klog(sandbox: str = ID, reason: str = EMPTY) -> str:
    """klog's text; it has no year."""
    return f'E0415 21:21:05.679000     872 remote_runtime.go:248] "{FAILED}" err={quoted(error(sandbox, reason))} podSandboxID="{sandbox}"'


def pod_worker_text(sandbox: str = ID, reason: str = EMPTY) -> str:
    """The error within an error within klog's text, and the pod."""
    inner = f'failed to "KillPodSandbox" for "{UID}" with KillPodSandboxError: {quoted(error(sandbox, reason))}'
    return (
        f'E0415 21:21:05.679000     872 pod_workers.go:965] "Error syncing pod, skipping" err={quoted(inner)} pod="shop/web-1" podUID={UID}'
    )


def pod_worker_json(sandbox: str = ID, reason: str = EMPTY) -> str:
    """The same in JSON, where the pod is an object."""
    inner = f'failed to "KillPodSandbox" for "{UID}" with KillPodSandboxError: {quoted(error(sandbox, reason))}'
    record = {"ts": AT * 1000, "caller": "kubelet/pod_workers.go:1298", "msg": "Error syncing pod, skipping", "err": inner}
    return json.dumps(record | {"pod": {"name": "web-1", "namespace": "shop"}, "podUID": UID}, ensure_ascii=False)


def containerd_json(sandbox: str = ID, reason: str = EMPTY) -> str:
    """containerd's own, as Talos has it."""
    return json.dumps(
        {
            "error": error(sandbox, reason).removeprefix("rpc error: code = Unknown desc = "),
            "level": "error",
            "msg": f'StopPodSandbox for "{sandbox}" failed',
            "time": ISO,
        },
        ensure_ascii=False,
    )


def containerd_text(sandbox: str = ID, reason: str = EMPTY) -> str:
    """containerd's own, as other distributions have it."""
    said = error(sandbox, reason).removeprefix("rpc error: code = Unknown desc = ")
    message = f'StopPodSandbox for "{sandbox}" failed'
    return f'time="{ISO}" level=error msg={quoted(message)} error={quoted(said)}'


def old_kubelet(sandbox: str = ID, reason: str = EMPTY) -> str:
    """Kubelets before 1.21: plain text."""
    header = "E0415 21:21:05.679000     872 remote_runtime.go:132]"
    return f'{header} StopPodSandbox "{sandbox}" from runtime service failed: {error(sandbox, reason)}'


def multus(sandbox: str = ID, reason: str = EMPTY) -> str:
    """An old Multus, whose libcni is its own."""
    said = (
        f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{sandbox}": '
        'plugin type="multus" name="multus-cni-network" '
        "failed (delete): delegateDel: error invoking ConflistDel - conflistDel: error in getting result from DelNetworkList: "
        f'failed to get network "cbr0" cached result: {reason}'
    )
    return json.dumps({"ts": AT * 1000, "msg": FAILED, "podSandboxID": sandbox, "err": said}, ensure_ascii=False)


def shipped(line: str) -> str:
    """In the record of a log shipper."""
    return json.dumps({"message": line, "timestamp": "2026-04-15T21:21:09Z", "host": "worker-1"})


FORMS: dict[str, Callable[[str, str], str]] = {
    "kubelet": lambda sandbox, reason: kubelet(AT, sandbox, reason),
    "sender": sender,
    "klog": klog,
    "pod-worker-text": pod_worker_text,
    "pod-worker-json": pod_worker_json,
    "containerd-json": containerd_json,
    "containerd-text": containerd_text,
    "old-kubelet": old_kubelet,
    "multus": multus,
    "shipped": lambda sandbox, reason: shipped(kubelet(AT, sandbox, reason)),
    "talosctl": lambda sandbox, reason: f"10.5.0.3: {kubelet(AT, sandbox, reason)}",
    "talosctl-text": lambda sandbox, reason: f"10.5.0.3: {klog(sandbox, reason)}",
    "container-log": lambda sandbox, reason: f"2026-04-15T21:21:06Z stderr F {kubelet(AT, sandbox, reason)}",
    "journald": lambda sandbox, reason: f"Apr 15 21:21:06 worker-1 k3s[872]: {klog(sandbox, reason)}",
}
# Words that real files brought forth, some with quotes and backslashes of their own.
REASONS = (
    EMPTY,
    r"decoding version from network config: invalid character '\x00' looking for beginning of value",
    'unsupported CNI result version "9.9.9"',
    r"decoding version from network config: invalid character '\\' in string literal",
    "decoding version from network config: invalid character 'ÿ' looking for beginning of value",
    'decoding version from network config: json: cannot unmarshal array into Go value of type struct { X string "json:\\"x\\"" }',
    "invalid CIDR address: not-an-ip",
)
