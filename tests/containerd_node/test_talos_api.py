"""The check over Talos's API, TLS and all, against a simulated node that shows a real node's files, pods and logs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from containerd_node.kubelet import Kubelet
from containerd_node.node import RESULTS, SANDBOXES, TASKS, ContainerdNode
from containerd_node.pod_image import TOOLS
from containerd_node.story import DEBUGGABLE, WORKER, client_of, damage, tell
from containerd_node.test_stop_pod_sandbox import DAMAGES
from talospatch.errors import NodeError

if TYPE_CHECKING:
    from containerd_node.containerds import Containerd
    from talospatch.talosapi.client import Client

pytestmark = [pytest.mark.containerd, pytest.mark.simulator]


async def checked(talosconfig: Path, *options: str) -> tuple[int | None, dict[str, Any]]:
    """Run ``talospatch cni check`` on the worker; return its exit code, and its report of that node."""
    command = [sys.executable, "-m", "talospatch", "cni", "check", "--talosconfig", str(talosconfig), "-n", WORKER, "-o", "json", *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = await process.communicate()
    assert output, errors.decode()
    (node,) = json.loads(output)["nodes"]
    return process.returncode, node


def check(kubelet: Kubelet, directory: Path, *options: str, role: str = "admin") -> tuple[int | None, dict[str, Any]]:
    """The same, with a face of the node's own Talos."""

    async def run() -> tuple[int | None, dict[str, Any]]:
        async with client_of(kubelet, kubelet.node.containerd.talos, directory, role) as (_, talosconfig):
            return await checked(talosconfig, *options)

    return asyncio.run(run())


def ask(kubelet: Kubelet, talos: str, directory: Path, work: Callable[[Client], Any]) -> Any:
    """Let a coroutine function make calls as os:admin."""

    async def run() -> Any:
        async with client_of(kubelet, talos, directory) as (client, _):
            return await work(client)

    return asyncio.run(run())


def test_every_verdict_is_what_stopping_the_sandbox_then_shows(node: ContainerdNode, tmp_path: Path) -> None:
    """Fatal and time bomb fail, with the error that the report foretells; all else stops."""
    kubelet = Kubelet(node)
    sandboxes = {}
    for kind, change in DAMAGES.items():
        sandbox = sandboxes[kind] = node.run_pod()
        content = change(node.cache_file(sandbox).read_bytes())
        if content is None:
            node.cache_file(sandbox).unlink()
        else:
            damage(node.cache_file(sandbox), content)
    code, report = check(kubelet, tmp_path, "--deep")
    found = {file["name"]: file for file in report["files"]}
    expected, seen = {}, {}
    for kind, sandbox in sandboxes.items():
        file = found.get(node.cache_file(sandbox).name, {"verdict": "healthy", "error": None})
        error = node.stop_error(sandbox)
        expected[kind] = file["error"] if file["verdict"] in {"fatal", "time-bomb"} else None
        seen[kind] = error and error.partition("cached result: ")[2]
    assert seen == expected
    failing = [kind for kind, error in seen.items() if error]
    assert code == (2 if failing else 0)
    assert len(failing) == (0 if node.containerd.heals else len(DAMAGES) - len({"intact", "missing", "an empty object"}))


def test_what_is_listed_is_the_real_directory(node: ContainerdNode, tmp_path: Path) -> None:
    """Files with their sizes, also when one is removed meanwhile; which sandboxes there are; which network is in force."""
    kubelet = Kubelet(node)
    sandbox, other = node.run_pod(), node.run_pod()

    async def look(client: Client) -> None:
        listed = {entry.relative_name: entry.size async for entry in client.list_files(WORKER, f"/{RESULTS}") if entry.relative_name != "."}
        assert listed == {path.name: path.stat().st_size for path in (node.machine.root / RESULTS).iterdir()}
        assert len(listed) == 4
        copied = await client.copy_files(WORKER, f"/{RESULTS}", limit=1 << 20)
        assert copied.files[node.cache_file(sandbox).name] == node.cache_file(sandbox).read_bytes()
        assert {entry.relative_name async for entry in client.list_files(WORKER, f"/{SANDBOXES}")} == {".", sandbox, other}
        containers = await client.containers(WORKER)
        assert {each.internal_id for each in containers} == {sandbox, other}
        namespaces = {path.name for path in (node.machine.root / "run/netns").iterdir()}
        assert {each.network_namespace for each in containers} == namespaces
        node.cri.stop_pod(sandbox)
        assert {each.internal_id for each in await client.containers(WORKER)} == {other}

    ask(kubelet, DEBUGGABLE, tmp_path, look)
    assert {path.name for path in (node.machine.root / TASKS).iterdir()} == {other}


def test_os_reader_sees_an_empty_file_by_its_size(node: ContainerdNode, tmp_path: Path) -> None:
    """And assumes which network is in force."""
    sandbox = node.run_pod()
    damage(node.cache_file(sandbox), b"")
    _, report = check(Kubelet(node), tmp_path, role="reader")
    fails = node.stop_error(sandbox) is not None
    (file,) = report["files"]
    assert (file["name"], file["assumed"]) == (node.cache_file(sandbox).name, True)
    assert (file["verdict"] in {"fatal", "time-bomb"}) == fails


def test_after_a_power_cut_what_is_older_than_the_boot_is_known_to_be_stuck(affected: Containerd, image: Path, tmp_path: Path) -> None:
    """Also where the API names no sandboxes, as before Talos 1.9."""
    with ContainerdNode(affected, image) as node:
        sandbox = node.run_pod()
        damage(node.cache_file(sandbox), b"", age=3600)
        node.cut_power()
        node.boot()
        kubelet = Kubelet(node)
        _, report = check(kubelet, tmp_path)
        assert [(file["code"], file["liveness"]) for file in report["files"]] == [("stop-fails", "stopped")]
        assert kubelet.collect() == [sandbox]


def test_logs_are_those_of_the_real_node(node: ContainerdNode, tmp_path: Path) -> None:
    """containerd's own lines, and kubelet's with the error that it was given."""
    kubelet = Kubelet(node)
    sandbox = node.run_pod()
    damage(node.cache_file(sandbox), b"")
    error = node.stop_error(sandbox)
    kubelet.collect()

    async def read(client: Client) -> None:
        logs = {}
        for service in ("cri", "kubelet"):
            logs[service] = b"".join([piece async for piece in client.logs(WORKER, service)]).decode()
        assert f'StopPodSandbox for \\"{sandbox}\\"' in logs["cri"]
        lines = [json.loads(line) for line in logs["kubelet"].splitlines() if sandbox in line]
        assert [line["err"] for line in lines] == ([] if error is None else [error, error])

    ask(kubelet, DEBUGGABLE, tmp_path, read)


def test_a_debug_container_runs_for_real(node: ContainerdNode, tmp_path: Path) -> None:
    """It sees the node below /host, deletes what it names and nothing else, and says how it ended."""
    kubelet = Kubelet(node)
    sandbox, other = node.run_pod(), node.run_pod()
    damage(node.cache_file(sandbox), b"")
    path = f"/host/{RESULTS}/{node.cache_file(sandbox).name}"

    async def run(client: Client) -> None:
        async def find(*arguments: str) -> tuple[int | None, str]:
            result = await client.run_container(WORKER, TOOLS, ["find", path, "-maxdepth", "0", *arguments], store="system")
            return result.exit_code, result.output.decode()

        # Neither of another size nor of another kind; find says nothing of it, and ends well.
        assert await find("-type", "f", "-size", "1c", "-print", "-delete") == (0, "")
        assert await find("-type", "l", "-print", "-delete") == (0, "")
        assert node.cache_file(sandbox).exists()
        assert await find("-type", "f", "-size", "0c", "-print", "-delete") == (0, f"{path}\n")
        code, output = await find("-print")
        assert code == 1
        assert "No such file or directory" in output
        with pytest.raises(NodeError, match="no such file or directory"):
            await client.run_container(WORKER, TOOLS, ["/no/such/program"], store="system")
        assert not [each for each in await client.containers(WORKER) if each.internal_id not in {sandbox, other}]

    ask(kubelet, DEBUGGABLE, tmp_path, run)
    assert not node.cache_file(sandbox).exists()
    assert node.cache_file(other).exists()
    assert node.stop_error(sandbox) is None


def test_a_pod_without_any_privilege_can_remove_the_file(node: ContainerdNode) -> None:
    """User 0 without capabilities owns the directory, and sees nothing of the node but that."""
    kubelet = Kubelet(node)
    sandbox = node.run_pod()
    damage(node.cache_file(sandbox), b"")
    path = f"/results/{node.cache_file(sandbox).name}"
    spec = {
        "hostNetwork": True,
        "volumes": [{"name": "results", "hostPath": {"path": f"/{RESULTS}", "type": "Directory"}}],
        "containers": [
            {
                "name": "remove",
                "command": ["find", path, "-maxdepth", "0", "-type", "f", "-size", "0c", "-print", "-delete"],
                "volumeMounts": [{"name": "results", "mountPath": "/results"}],
                "securityContext": {
                    "runAsUser": 0,
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
            }
        ],
    }
    assert kubelet.run_to_end(spec) == (0, f"{path}\n")
    assert not node.cache_file(sandbox).exists()
    spec["containers"][0]["command"] = ["ls", "/host"]  # type: ignore[index]
    assert kubelet.run_to_end(spec).exit_code != 0
    assert node.stop_error(sandbox) is None
    assert [pod.id for pod in node.cri.pods()] == [sandbox]


@pytest.mark.parametrize("cni_version", ["0.4.0", "1.0.0"])
def test_the_whole_story_from_nothing(affected: Containerd, tmp_path: Path, cni_version: str) -> None:
    """A sandbox does not stop, the check finds why, the file is removed, and kubelet's next turn removes the sandbox."""
    assert list(tell(affected, tmp_path, cni_version=cni_version))[-1] == "nothing is left"
