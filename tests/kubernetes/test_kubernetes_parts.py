"""What of the Kubernetes side needs no server: the job's privileges, what admission is expected to say, and finding a kubeconfig."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes_api import Api, kubeconfig, pod, serving
from repair_world import World, worker

from talospatch.cnicheck.repair.by_job import manifests
from talospatch.cnicheck.repair.plan import Method, RepairOptions
from talospatch.errors import InputError, KubernetesError, RefusedError
from talospatch.kubernetes.admission import foresee, remedy
from talospatch.kubernetes.connection import connect, require_extra
from talospatch.kubernetes.manifest import OneOffJob, job_manifest, pod_manifest

if TYPE_CHECKING:
    from talospatch.kubernetes.client import PodState

JOB = OneOffJob(
    name="talospatch-x",
    namespace="kube-system",
    node="w1",
    component="cni-repair",
    image="registry.example/tools@sha256:" + "ab" * 32,
    commands={"file-1": ("/usr/bin/find", "/results/a"), "file-2": ("/usr/bin/find", "/results/b")},
    host_path="/var/lib/cni/results",
    mount_path="/results",
)
CONFIG: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "one",
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {"token": "t"}}],
    "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
}


def test_the_pod_sees_one_directory_and_has_no_other_privilege() -> None:
    """Everything that a reviewer of it looks for."""
    spec = job_manifest(JOB)["spec"]["template"]["spec"]
    assert spec["volumes"] == [{"name": "directory", "hostPath": {"path": "/var/lib/cni/results", "type": "Directory"}}]
    assert (spec["nodeName"], spec["restartPolicy"], spec["automountServiceAccountToken"]) == ("w1", "Never", False)
    assert not spec.get("hostPID")
    assert not spec.get("hostIPC")
    assert spec["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    for container in spec["containers"]:
        context = container["securityContext"]
        assert (context["privileged"], context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, False, True)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["image"].endswith("ab" * 32)
        assert "args" not in container
        assert not any(word in {"sh", "/bin/sh", "bash"} for word in container["command"])


def test_the_pod_asks_for_nothing_that_a_full_node_could_lack() -> None:
    """A request is what a kubelet weighs against what is left; what is not said would be taken from the limit."""
    for container in job_manifest(JOB)["spec"]["template"]["spec"]["containers"]:
        assert container["resources"]["requests"] == {"cpu": "0", "memory": "0"}
        assert container["resources"]["limits"]["memory"]


def test_the_job_tries_once_and_goes_by_itself() -> None:
    """Also when nobody is left to delete it."""
    spec = job_manifest(JOB)["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (0, 120, 300)


def test_admission_is_asked_about_the_very_pod() -> None:
    """Same specification, same namespace."""
    job, pod = job_manifest(JOB), pod_manifest(JOB)
    assert pod["spec"] == job["spec"]["template"]["spec"]
    assert pod["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"pod-security.kubernetes.io/enforce": "privileged"}, "lets it in"),
        ({"pod-security.kubernetes.io/enforce": "restricted"}, "'restricted', which refuses"),
        ({}, "the default counts, in Talos baseline for all but kube-system"),
    ],
)
def test_labels_are_explained(labels: dict[str, str], said: str) -> None:
    """What they let expect; the API server has the last word."""
    assert said in foresee("tools", labels)
    assert "enforce=privileged on tools" in remedy("tools")


def test_a_plan_for_a_manifest_gives_one_job_a_node(tmp_path: Path) -> None:
    """Named after the node's name in Kubernetes, and nothing is run."""
    plan = World.of(worker("v1.7.6"), tmp_path).plan(RepairOptions(method=Method.MANIFEST, image="tools:1", namespace="repairs"))
    (made,) = manifests(plan.nodes, plan.options)
    assert made["metadata"]["namespace"] == "repairs"
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["command"] == list(plan.nodes[0].files[0].command)
    assert container["image"] == "tools:1"
    json.dumps(made)


def test_jobs_of_two_manifests_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    """A job that ended stays for minutes; one of the same name would be taken for it, and nothing would run."""
    plan = World.of(worker("v1.7.6"), tmp_path).plan(RepairOptions(method=Method.MANIFEST))
    twice = (*plan.nodes, *plan.nodes)
    names = [each["metadata"]["name"] for _ in range(2) for each in manifests(twice, plan.options)]
    assert len(set(names)) == 4
    assert [name.rpartition("-")[0] for name in names[::2]] == [name.rpartition("-")[0] for name in names[1::2]]
    assert all(re.fullmatch(r"talospatch-cni-repair-[0-9a-f]{8}-[12]", name) for name in names)


def test_a_manifest_claims_no_safety_that_it_does_not_have(tmp_path: Path) -> None:
    """Whoever applies it removes files whose bytes are nowhere else; by the other methods they are journalled first."""
    world = World.of(worker("v1.7.6"), tmp_path)
    said = {method: " ".join(world.plan(RepairOptions(method=method)).privileges) for method in (Method.JOB, Method.MANIFEST)}
    assert "the exact bytes are journalled here before anything is removed" in said[Method.JOB]
    assert "journalled here before" not in said[Method.MANIFEST]
    assert "neither journalled nor proven here" in said[Method.MANIFEST]


def test_without_the_extra_it_is_named() -> None:
    """With what to install, and what works without it."""
    with pytest.raises(RefusedError, match=r"pip install 'talospatch\[kubernetes\]'.*--method manifest") as raised:
        require_extra(found=False)
    assert raised.value.code == "missing-extra"
    require_extra(found=True)


def test_the_library_is_imported_by_a_connection_only() -> None:
    """Not by planning a job, nor by printing one."""
    code = (
        "import sys, talospatch.cnicheck.repair.by_job, talospatch.cnicheck.repair.choice, talospatch.kubernetes.client; "
        "print([name for name in sys.modules if name.partition('.')[0] in {'lightkube', 'httpx2', 'msgspec'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pod_of_a_job_is_found_on_every_version(tmp_path: Path) -> None:
    """Up to 1.26, which Talos 1.6 and 1.7 run with, a job's controller gives its pods the label job-name only."""
    older = {"controller-uid": "u-1", "job-name": "talospatch-x"}
    api = Api(pods=[pod("talospatch-x-abcde", "w1", namespace="kube-system", labels=older), pod("y", "w1", namespace="kube-system")])

    async def ask(path: Path) -> tuple[PodState, ...]:
        kubernetes = connect(path, None, {})
        try:
            return await kubernetes.job_pods("kube-system", "talospatch-x")
        finally:
            await kubernetes.close()

    with serving(api, tmp_path) as path:
        assert [found.name for found in asyncio.run(ask(path))] == ["talospatch-x-abcde"]


def test_a_server_that_takes_no_connection_is_told_from_one_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection has a time of its own, shorter than an answer's: a firewall that drops what comes is soon known."""
    monkeypatch.setattr("talospatch.kubernetes.connection.CONNECT", 0.05)

    async def ask(url: str) -> None:
        kubernetes = connect(kubeconfig(url, tmp_path), None, {})
        try:
            await kubernetes.node("w1")
        finally:
            await kubernetes.close()

    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):  # one waits to be accepted, which nobody does; the kernel drops all that come after it
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(KubernetesError, match=f"cannot get the node w1: no connection to {url} in time"):
            asyncio.run(ask(url))


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_kubeconfig_is_found_as_kubectl_finds_it(tmp_path: Path) -> None:
    """Named, in KUBECONFIG, at home."""
    home = tmp_path / "home"
    (home / ".kube").mkdir(parents=True)
    write(home / ".kube" / "config", CONFIG)
    named = write(tmp_path / "named", CONFIG)

    async def close(path: Path | None, environ: dict[str, str]) -> None:
        await connect(path, None, environ).close()

    for path, environ in ((named, {}), (None, {"KUBECONFIG": str(named)}), (None, {"HOME": str(home)})):
        asyncio.run(close(path, environ))


@pytest.mark.parametrize(
    ("content", "context", "said"),
    [
        ("{", None, "it is not a kubeconfig"),
        ("[]", None, "it is not a kubeconfig"),
        ("a: b", None, "it is not a kubeconfig"),
        (CONFIG, "two", "two"),
        ({**CONFIG, "users": [{"name": "u", "user": {"client-certificate": "/nonexistent"}}]}, None, ""),
        ({**CONFIG, "clusters": [{"name": "c", "cluster": {"server": "https://x", "certificate-authority-data": "AAAA"}}]}, None, ""),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_one_clear_error(tmp_path: Path, content: Any, context: str | None, said: str) -> None:
    """Naming the file; never what the library raises."""
    path = write(tmp_path / "kubeconfig", content)
    with pytest.raises(InputError) as raised:
        connect(path, context, {})
    assert raised.value.source == str(path)
    assert said in str(raised.value)


def test_a_missing_kubeconfig_is_named(tmp_path: Path) -> None:
    """And how to name another one."""
    with pytest.raises(InputError, match="--kubeconfig"):
        connect(None, None, {"HOME": str(tmp_path)})
    with pytest.raises(InputError, match="names several files"):
        connect(None, None, {"KUBECONFIG": "/a:/b"})
