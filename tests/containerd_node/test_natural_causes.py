"""The ways in which a file becomes empty without anybody touching it: a full disk, and a power cut."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from containerd_node.cri_client import CriError
from containerd_node.kubelet import Kubelet
from containerd_node.node import RESULTS, ContainerdNode
from containerd_node.story import WORKER, client_of
from talospatch.cni.selector import selector
from talospatch.cnicheck.check import check
from talospatch.cnicheck.options import CheckOptions, NodeToCheck

pytestmark = pytest.mark.containerd

EMPTY = 'failed to get network "cbr0" cached result: decoding version from network config: unexpected end of JSON input'
# FS_IOC_SHUTDOWN (ext4 and XFS): the file system takes no more writes from now on. With LOGFLUSH its journal is written first, without
# the data that the journal does not hold, which is what a power cut leaves some seconds after a file was written.
_SHUTDOWN, _LOGFLUSH = 0x8004587D, struct.pack("I", 1)
# Seconds. The kernel writes data back by itself when it is 30 s old.
_WRITEBACK = 20.0
_SMALLEST_XFS = 320 << 20
_TRIES = 3


def test_a_full_disk_leaves_an_empty_file_and_a_pod_that_was_never_made(new_node: Callable[[], ContainerdNode], tmp_path: Path) -> None:
    """Three ways to go on: older containerds never stop it, later 1.6 and 1.7 forget it and leak its address, and 2.x clears it all."""
    node = new_node()
    results = node.machine.root / RESULTS
    results.mkdir(mode=0o700)
    node.run_in_node(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "small", f"/{RESULTS}"])
    filler = results / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(1 << 20))
    with pytest.raises(CriError, match="no space left on device") as caught:
        node.run_pod()
    assert "failed to set network" in caught.value.details
    filler.unlink()

    left = [path for path in results.iterdir() if path.name.startswith("cbr0-")]
    known = [pod.id for pod in node.cri.pods()]
    if not node.containerd.heals:
        (sandbox,) = known
        assert [(path.name, path.stat().st_size) for path in left] == [(f"cbr0-{sandbox}-eth0", 0)]
        assert list(node.leases().values()) == [sandbox]
        assert "/var/lib/cni/results has 0 bytes of 64 KiB free now, less than the 10%" in _told(node, sandbox, filler, tmp_path)
        if not _forgets_unmade_pods(node.containerd.version):
            assert (node.stop_error(sandbox) or "").endswith(EMPTY)
            assert list(node.leases().values()) == [sandbox]
            left[0].unlink()
    for each in known:
        assert node.stop_error(each) is None
        node.cri.remove_pod(each)
    leaks = _forgets_unmade_pods(node.containerd.version)
    assert (len(node.leases()), [path for path in results.iterdir() if path.name.startswith("cbr0-")]) == (
        int(leaks),
        left if leaks else [],
    )


def _told(node: ContainerdNode, sandbox: str, filler: Path, directory: Path) -> str:
    """What is told over Talos's API of a sandbox while the disk is full."""

    async def told() -> str:
        async with client_of(Kubelet(node), node.containerd.talos, directory) as (client, _):
            report = await check(client, [NodeToCheck(WORKER)], CheckOptions(about=selector(sandbox)))
            ((place, story),) = report.told
            assert place is not None
            return "\n".join(place.tell(story))

    with contextlib.suppress(OSError):
        filler.write_bytes(bytes(1 << 20))
    try:
        return asyncio.run(told())
    finally:
        filler.unlink()


def _forgets_unmade_pods(version: str) -> bool:
    """Whether the network of a pod that never had one is left as it is.

    Source: sandbox_stop.go. Since 1.6.37 and 1.7.23 nothing is torn down without a CNI result; since 1.7.31 (PR 12923) it is tried, and
    what goes wrong is only logged.
    """
    release = tuple(int(part) for part in re.split(r"[~+-]", version)[0].split("."))
    return (1, 6, 37) <= release < (1, 7) or (1, 7, 23) <= release < (2,)


def _file_system(name: str) -> Any:
    program = f"mkfs.{name}"
    return pytest.param(name, marks=pytest.mark.skipif(shutil.which(program) is None, reason=f"not installed: {program}"))


@pytest.mark.skipif(
    not Path("/dev/loop-control").exists(), reason="a power cut needs a file system of its own, and this machine has no loop devices"
)
@pytest.mark.parametrize("file_system", [_file_system("ext4"), _file_system("xfs")])  # Talos has XFS
@pytest.mark.parametrize("synced", [False, True])
def test_a_power_cut_empties_the_files_of_the_pods_made_last(
    new_node: Callable[[], ContainerdNode], file_system: str, synced: bool
) -> None:
    """libcni writes without a sync: size and content reach the disk some half a minute after the name. What was synced stays."""
    node = new_node()
    disk = node.machine.disk / "var/results.img"
    disk.touch()
    os.truncate(disk, _SMALLEST_XFS)
    for _ in range(_TRIES):
        node.run_in_node([f"mkfs.{file_system}", "-q", "-F" if file_system == "ext4" else "-f", "/var/results.img"])
        _mount(node)
        start = time.monotonic()
        sandbox = node.run_pod()
        if synced:
            node.run_in_node(["sync", "-f", f"/{RESULTS}"])
        _cut_off(node.machine.root / RESULTS)
        took = time.monotonic() - start
        node.cut_power()
        node.boot()
        _mount(node)
        if (node.cache_file(sandbox).stat().st_size > 0) == synced:
            break
        # Somebody else's sync, or a machine that is too busy: the data was on the disk before the cut.
        node.clear()
        node.run_in_node(["umount", f"/{RESULTS}"])
    else:
        assert took >= _WRITEBACK
        pytest.skip(f"the machine is too busy: it took {took:.0f} s to make a pod")

    file = node.cache_file(sandbox)
    error = node.stop_error(sandbox)
    if synced or node.containerd.heals:
        assert error is None
        assert not file.exists()
    else:
        assert (error or "").endswith(EMPTY)
        file.unlink()
        assert node.stop_error(sandbox) is None
    assert node.leases() == {}


def _mount(node: ContainerdNode) -> None:
    (node.machine.root / RESULTS).mkdir(mode=0o700, exist_ok=True)
    node.run_in_node(["mount", "-o", "loop", "/var/results.img", f"/{RESULTS}"])


def _cut_off(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY)
    try:
        fcntl.ioctl(opened, _SHUTDOWN, _LOGFLUSH)
    finally:
        os.close(opened)
