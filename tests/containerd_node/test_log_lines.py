"""What containerd logs about a file that it cannot read has the form that is known from Talos nodes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from talospatch.cni.logs import ENDED

if TYPE_CHECKING:
    from containerd_node.node import ContainerdNode

pytestmark = pytest.mark.containerd

# Lines of containerd 1.7.16 as Talos 1.7 configures it, without IDs and times: stopping and removing a sandbox whose file is empty.
CAUSE = (
    r"failed to destroy network for sandbox \"ID\": failed to get network \"cbr0\" cached result: "
    r"decoding version from network config: unexpected end of JSON input"
)
STOP = r'{"level":"info","msg":"StopPodSandbox for \"ID\"","time":"TIME"}'
STOP_FAILED = rf'{{"error":"{CAUSE}","level":"error","msg":"StopPodSandbox for \"ID\" failed","time":"TIME"}}'
REMOVE = r'{"level":"info","msg":"RemovePodSandbox for \"ID\"","time":"TIME"}'
REMOVE_FAILED = (
    rf'{{"error":"failed to forcibly stop sandbox \"ID\": {CAUSE}",'
    r'"level":"error","msg":"RemovePodSandbox for \"ID\" failed","time":"TIME"}'
)


def test_a_failing_stop_is_logged_as_on_talos(node: ContainerdNode) -> None:
    """By those that fail; the others log the same lines without the error."""
    sandbox = node.run_pod()
    node.cache_file(sandbox).write_bytes(b"")
    before = len(node.log())
    failed = node.stop_error(sandbox) is not None
    try:
        node.cri.remove_pod(sandbox)
    except Exception as error:
        assert failed, error
    lines = node.log()[before:].splitlines()
    seen = {re.sub(r'"time":"[^"]+"', '"time":"TIME"', line.replace(sandbox, "ID")) for line in lines if sandbox in line}
    assert failed != node.containerd.heals
    if failed:
        assert seen >= {STOP, STOP_FAILED, REMOVE, REMOVE_FAILED}
    else:
        assert not any(json.loads(line).get("error") for line in lines if sandbox in line and line.startswith("{"))


def test_a_stop_that_succeeds_is_logged_as_the_proof_of_a_repair_expects(node: ContainerdNode) -> None:
    """By every version: without that line, a sandbox that the kubelet keeps is not known to have stopped."""
    sandbox = node.run_pod()
    node.cache_file(sandbox).write_bytes(b"")
    before = len(node.log())
    if node.stop_error(sandbox) is not None:
        assert not ended(node.log()[before:], sandbox)
        node.cache_file(sandbox).unlink()
        node.cri.stop_pod(sandbox)
    assert ended(node.log()[before:], sandbox) == ["Stop"]
    node.cri.remove_pod(sandbox)
    assert ended(node.log()[before:], sandbox) == ["Stop", "Remove"]


def ended(log: str, sandbox: str) -> list[str]:
    """What of a sandbox came to its end, as the proof reads it."""
    said = [ENDED.search(line.encode()) for line in log.splitlines() if sandbox in line]
    return [found[0].decode().partition("PodSandbox")[0] for found in said if found is not None and found[1].decode() == sandbox]
