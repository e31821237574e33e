"""What can be seen of pods without asking CRI: containerd's directories tell the running from the dead, and the known from the gone."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from containerd_node.machine import until
from containerd_node.node import RESULTS, SANDBOXES, TASKS, ContainerdNode

pytestmark = pytest.mark.containerd


def listed(node: ContainerdNode, directory: str) -> set[str]:
    """Names in a directory of the node."""
    return {path.name for path in (node.machine.root / directory).iterdir()}


def kill_pod(node: ContainerdNode, sandbox: str) -> None:
    """End the sandbox's own process, as the kernel does when memory runs out."""
    node.run_in_node(["kill", "-KILL", str(node.cri.pod_info(sandbox)["pid"])])


def test_a_running_pod_has_a_task_directory_and_a_stopped_one_has_none(node: ContainerdNode) -> None:
    """Stopped in order, killed, and stuck with a damaged file; that CRI knows them shows in its own directory."""
    running, stopped, killed, stuck = (node.run_pod() for _ in range(4))
    assert listed(node, TASKS) == {running, stopped, killed, stuck}
    assert node.stop_error(stopped) is None
    kill_pod(node, killed)
    node.cache_file(stuck).write_bytes(b"")
    assert (node.stop_error(stuck) is None) == node.containerd.heals
    until(lambda: not node.cri.is_ready(killed), "CRI to notice the killed pod")
    until(lambda: listed(node, TASKS) == {running}, "the dead ones' directories to go")
    assert [pod.id for pod in node.cri.pods() if node.cri.is_ready(pod.id)] == [running]
    assert listed(node, SANDBOXES) == {running, stopped, killed, stuck}
    node.cri.remove_pod(stopped)
    assert listed(node, SANDBOXES) == {running, killed, stuck}


def test_the_directories_stay_when_the_last_pod_goes(node: ContainerdNode) -> None:
    """They may be listed at any time: a directory that vanishes while Talos walks it ends the node. A restart keeps them as well."""
    sandbox = node.run_pod()
    first = {name: (node.machine.root / name).stat().st_ino for name in (TASKS, SANDBOXES, RESULTS)}
    node.clear()
    assert sandbox not in listed(node, TASKS) | listed(node, SANDBOXES)
    assert {name: (node.machine.root / name).stat().st_ino for name in first} == first
    node.stop_containerd()
    node.start_containerd()
    assert {name: (node.machine.root / name).stat().st_ino for name in first} == first


def test_a_restart_of_containerd_keeps_running_pods_and_their_directories(node: ContainerdNode) -> None:
    """Killed, not asked to stop, which is the worst case."""
    sandbox = node.run_pod()
    node.stop_containerd(signal.SIGKILL)
    assert listed(node, TASKS) == {sandbox}
    node.start_containerd()
    assert node.cri.is_ready(sandbox)
    assert listed(node, TASKS) == {sandbox}


def test_a_pod_that_dies_while_containerd_is_down_keeps_its_directory_until_that_is_back(node: ContainerdNode) -> None:
    """So the directory errs on the safe side: what it shows may be dead, what it does not show is dead."""
    sandbox = node.run_pod()
    process = node.cri.pod_info(sandbox)["pid"]
    node.stop_containerd(signal.SIGKILL)
    node.run_in_node(["kill", "-KILL", str(process)])
    assert listed(node, TASKS) == {sandbox}
    node.start_containerd()
    until(lambda: not node.cri.is_ready(sandbox), "CRI to notice the killed pod")
    until(lambda: listed(node, TASKS) == set(), "the dead one's directory to go")


def test_after_a_power_cut_no_task_is_left_and_every_sandbox_is_known(new_node: Callable[[], ContainerdNode]) -> None:
    """Files that are older than the boot belong to no pod that runs."""
    node = new_node()
    sandboxes = {node.run_pod() for _ in range(2)}
    written = {node.cache_file(sandbox).stat().st_mtime for sandbox in sandboxes}
    node.cut_power()
    node.boot()
    assert {pod.id: node.cri.is_ready(pod.id) for pod in node.cri.pods()} == dict.fromkeys(sandboxes, False)
    tasks = node.machine.root / TASKS
    assert not tasks.exists() or list(tasks.iterdir()) == []
    assert listed(node, SANDBOXES) == sandboxes
    assert max(written) < node.booted_at
    assert {node.cache_file(sandbox).stat().st_mtime for sandbox in sandboxes} == written


def test_an_address_is_held_until_its_sandbox_stops(node: ContainerdNode) -> None:
    """host-local's lease names the sandbox; one that does not stop keeps it, and so does flannel's scratch file."""
    sandbox = node.run_pod()
    scratch = node.machine.root / "var/lib/cni/flannel" / sandbox
    assert list(node.leases().values()) == [sandbox]
    assert scratch.exists()
    kill_pod(node, sandbox)
    until(lambda: not node.cri.is_ready(sandbox), "CRI to notice the killed pod")
    assert list(node.leases().values()) == [sandbox]
    assert node.stop_error(sandbox) is None
    assert node.leases() == {}
    assert not scratch.exists()
