"""An unmodified talosctl works with the simulated cluster.

Needs one: named by ``TALOSPATCH_TALOSCTL`` (several, with colons between them) or on the PATH.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tarfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from talospatch.simulator.launch import RunningCluster, running
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec, SandboxSpec

pytestmark = pytest.mark.simulator

FOUND = [name for name in os.environ.get("TALOSPATCH_TALOSCTL", "").split(":") if name] or [
    name for name in [shutil.which("talosctl")] if name
]

OLD, NEW = "10.5.0.3", "10.5.0.4"
SPEC = ClusterSpec(
    (
        NodeSpec("cp-1", "10.5.0.2", "controlplane", "v1.14.0-rc.1"),
        NodeSpec("worker-1", OLD, "worker", "v1.13.9"),
        NodeSpec(
            "worker-2",
            NEW,
            "worker",
            "v1.14.0-rc.1",
            sandboxes=(SandboxSpec("a1" * 32, "shop", "web-1", ip="10.244.7.2"),),
            files={"/etc/os-release": FileSpec(b'NAME="Talos"\nID=talos\n', mode=0o644)},
        ),
    )
)


@dataclass(frozen=True)
class Done:
    """What talosctl did."""

    code: int
    out: str
    err: str
    raw: bytes


Talosctl = Callable[..., Awaitable[Done]]


@pytest.fixture(params=FOUND or ["none"], ids=lambda path: Path(path).name)
def program(request: pytest.FixtureRequest) -> str:
    """Path of a talosctl."""
    if not FOUND:
        pytest.skip("no talosctl: name one with TALOSPATCH_TALOSCTL, or put it on the PATH")
    return str(request.param)


def _drive(program: str, script: Callable[[Talosctl, RunningCluster], Awaitable[None]]) -> None:
    """Run a script of talosctl commands against a cluster."""

    async def run() -> None:
        async with running(SPEC, scale=10) as cluster:

            async def talosctl(*arguments: str, role: str = "admin", node: str = NEW, leave_after: float | None = None) -> Done:
                command = [program, "--talosconfig", str(cluster.talosconfigs[role]), "-n", node, *arguments]
                child = await asyncio.create_subprocess_exec(
                    *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
                )
                if leave_after is not None:
                    asyncio.get_running_loop().call_later(leave_after, child.terminate)
                try:
                    async with asyncio.timeout(60):
                        out, err = await child.communicate()
                except TimeoutError:
                    child.kill()
                    raise
                return Done(child.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"), out)

            await script(talosctl, cluster)
            assert cluster.server.errors == []

    asyncio.run(run())


def _rows(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.rstrip()) for line in text.splitlines()]


def test_version_tells_each_nodes_own(program: str) -> None:
    """One of 1.13 and one of 1.14."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        done = await talosctl("version", node=f"{OLD},{NEW}")
        assert done.code == 0, done.err
        server = done.out.partition("Server:")[2]
        assert sorted(re.findall(r"Tag: +(\S+)", server)) == ["v1.13.9", "v1.14.0-rc.1"]
        assert sorted(re.findall(r"NODE: +(\S+)", server)) == [OLD, NEW]
        assert "RBAC" in server

    _drive(program, script)


def test_get_lists_members_and_shows_resources_in_all_forms(program: str) -> None:
    """Aliases, a table, JSON and YAML, and one resource by id."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        done = await talosctl("get", "members", role="reader")
        assert done.code == 0, done.err
        assert [row[3] for row in _rows(done.out)] == ["ID", "cp-1", "worker-1", "worker-2"]
        done = await talosctl("get", "members", "worker-2", "-o", "json", role="reader")
        assert json.loads(done.out)["spec"]["machineType"] == "worker"
        done = await talosctl("get", "machinestatus", "-o", "yaml", role="reader")
        assert "stage: running" in done.out, done.err
        for alias in ("mc", "nodeaddress", "hostname", "svc", "rd"):
            done = await talosctl("get", alias)
            assert done.code == 0, (alias, done.err)
        assert (await talosctl("get", "nosuchresource")).code == 1

    _drive(program, script)


def test_the_machine_config_comes_back_as_it_is(program: str) -> None:
    """The stored text, out of the resource's YAML."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        for node in (OLD, NEW):
            done = await talosctl("get", "mc", "v1alpha1", "-o", "jsonpath={.spec}", node=node)
            assert done.code == 0, done.err
            assert "hostname: worker-" in done.out

    _drive(program, script)


def test_a_reader_is_told_what_it_may_not_do(program: str) -> None:
    """With Talos's own words."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        for arguments in (("get", "mc"), ("read", "/etc/os-release"), ("patch", "mc", "--dry-run", "--patch", "machine: {type: worker}")):
            done = await talosctl(*arguments, role="reader")
            assert done.code == 1
            assert "not authorized" in done.err

    _drive(program, script)


def test_files_are_listed_read_and_copied(program: str) -> None:
    """With details, what is missing, and an archive that unpacks."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        done = await talosctl("list", "-l", "/var/lib/cni/results", role="reader")
        assert done.code == 0, done.err
        assert any("a1a1a1a1" in line for line in done.out.splitlines()), done.out
        done = await talosctl("list", "-r", "/var/lib/cni")
        assert "results" in done.out
        assert (await talosctl("list", "/nope")).code == 1
        done = await talosctl("read", "/etc/os-release")
        assert "Talos" in done.out, done.err
        done = await talosctl("read", "/nope")
        assert done.code == 1
        assert "stat /nope: no such file or directory" in done.err
        done = await talosctl("copy", "/var/lib/cni/results", "-")
        assert done.code == 0, done.err
        with tarfile.open(fileobj=BytesIO(done.raw), mode="r:gz") as archive:
            assert any("a1a1a1a1" in name for name in archive.getnames())

    _drive(program, script)


def test_services_logs_containers_and_events_are_shown(program: str) -> None:
    """What an operator looks at first."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        done = await talosctl("service", role="reader")
        assert {"cri", "kubelet", "machined", "apid"} <= {row[1] for row in _rows(done.out)[1:]}, done.err
        done = await talosctl("service", "cri", role="reader")
        assert done.code == 0, done.err
        assert "Running" in done.out
        done = await talosctl("logs", "kubelet", "--tail", "3", role="reader")
        assert done.code == 0, done.err
        done = await talosctl("logs", "nosuch", role="reader")
        assert 'log "nosuch" was not registered' in done.err
        done = await talosctl("containers", "-k", role="reader")
        assert "shop/web-1" in done.out, done.err
        done = await talosctl("events", "--tail", "3", role="reader", leave_after=2)
        assert len(_rows(done.out)) > 3, done.err
        assert "panic" not in done.err

    _drive(program, script)


def test_a_configuration_is_tried_applied_and_patched(program: str, tmp_path: Path) -> None:
    """Dry run, apply, a patch that changes nothing, TRY and its end."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        done = await talosctl("get", "mc", "v1alpha1", "-o", "jsonpath={.spec}")
        config = tmp_path / "config.yaml"
        config.write_text(done.out.replace("machine:\n", 'machine:\n  sysctls: {"a.b": "1"}\n', 1), encoding="utf-8")
        done = await talosctl("apply-config", "--dry-run", "-f", str(config))
        assert done.code == 0, done.err
        assert "Dry run summary:" in done.err
        assert '+        a.b: "1"' in done.err
        done = await talosctl("apply-config", "-f", str(config))
        assert "Applied configuration without a reboot" in done.err
        done = await talosctl("patch", "mc", "--patch", "machine: {type: worker}")
        assert done.code == 0, done.err
        done = await talosctl("patch", "mc", "-m", "try", "--timeout", "5s", "--patch", "machine: {sysctls: {c.d: '2'}}")
        assert "automatically reverted back in 5s" in done.err
        assert "c.d" in (await talosctl("get", "mc", "v1alpha1", "-o", "yaml")).out
        await asyncio.sleep(1)
        assert "c.d" not in (await talosctl("get", "mc", "v1alpha1", "-o", "yaml")).out
        done = await talosctl("patch", "mc", "--patch", "machine: {nosuch: 1}")
        assert done.code == 1

    _drive(program, script)


def test_a_patch_that_reboots_a_1_13_node_makes_it_go_and_come_back(program: str) -> None:
    """machine.files needs a boot there; while it is down, the endpoint says so."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        patch = "machine: {files: [{path: /var/etc/x.conf, op: create, content: x}]}"
        done = await talosctl("patch", "mc", "--patch", patch, node=OLD)
        assert "Applied configuration with a reboot" in done.err
        seen = ""
        async with asyncio.timeout(30):
            while "connection refused" not in seen:
                seen = (await talosctl("get", "machinestatus", node=OLD)).err
            while "running" not in seen:
                seen = (await talosctl("get", "machinestatus", node=OLD)).out
        assert "x.conf" in (await talosctl("get", "mc", "persistent", "-o", "yaml", node=OLD)).out

    _drive(program, script)


def test_a_node_that_is_down_does_not_hide_the_others(program: str) -> None:
    """The text is apid's."""

    async def script(talosctl: Talosctl, cluster: RunningCluster) -> None:
        done = await talosctl("list", "/var/lib/cni", node=f"{NEW},10.5.0.99")
        assert "results" in done.out
        assert "dial tcp 10.5.0.99:50000: connect: connection refused" in done.err

    _drive(program, script)
