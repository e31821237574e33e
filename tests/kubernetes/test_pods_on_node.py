"""Whose a sandbox is, as Kubernetes says: the pods of a simulated node, an API that answers badly or not at all, and the real one."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from control_plane import ControlPlane, find_programs, program
from kubernetes_api import Api, finished, kubeconfig, pod, serving, when
from repair_world import ADDRESS, NETWORKS, RESULTS, RUNNING, SANDBOXES, STUCK, World, eth0, heals, worker

from talospatch.cli.paint import PLAIN
from talospatch.cli.views import repair as views
from talospatch.cnicheck.check import check
from talospatch.cnicheck.node_pods import MOST, NodePods, node_pods
from talospatch.cnicheck.options import CheckOptions, NodeToCheck
from talospatch.errors import KubernetesError, RefusedError
from talospatch.fleet.async_cluster import AsyncCluster
from talospatch.kubernetes.connection import PODS, connect, require_extra
from talospatch.simulator.spec import FileSpec

if TYPE_CHECKING:
    from talospatch.cnicheck.report import CniReport

EMPTY = FileSpec()
MADE = 'time="2026-11-29T20:00:00Z" level=info msg="RunPodSandbox for &PodSandboxMetadata{Name:web-2,Uid:u-2,Namespace:shop,Attempt:0,} '


class Case:
    """A simulated worker, and the API of the cluster that it is in."""

    def __init__(self, directory: Path, talos: str = "v1.7.4", **changes: Any) -> None:
        self.directory = directory
        self.world = World.of(worker(talos, **changes), directory)
        self.made = self.world.node.tree.find(f"{NETWORKS}/{STUCK.ip}").modified
        self.api = Api({"w1": self.world.node.boot_id})

    def pod(self, name: str, address: str = "", *, node: str = "w1", started: float | None = -100.0, **more: Any) -> None:
        self.api.pods.append(pod(name, node, address, started=None if started is None else self.made + started, **more))

    def explained(self, what: str, *, config: Path | None = None, logs: bool = True) -> CniReport:
        cluster = AsyncCluster(self.world.client, name="sim", journal=self.world.store)

        async def ask(path: Path) -> CniReport:
            return await cluster.explain_cni(what, nodes=[ADDRESS], options=CheckOptions(read_logs=logs), kubeconfig=path)

        if config is not None:
            return asyncio.run(ask(config))
        with serving(self.api, self.directory) as path:
            return asyncio.run(ask(path))

    def whose(self, what: str = STUCK.id) -> str:
        report = self.explained(what)
        ((node, story),) = report.told
        assert node is not None
        return node.tell(story)[0]

    def notes(self, **changes: Any) -> list[str]:
        report = self.explained(STUCK.id, **changes)
        assert not any(node.error for node in report.nodes)
        assert len(report.told) == 1
        return [note for node in report.nodes for note in node.notes if "Kubernetes" in note]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """The usual one."""
    return Case(tmp_path)


def test_a_running_pod_is_named_by_its_address(tmp_path: Path) -> None:
    """A time bomb on a Talos whose node tells no sandboxes, and whose log of that day is gone."""
    case = Case(tmp_path, files=dict.fromkeys((f"{RESULTS}/{eth0(RUNNING)}", f"{RESULTS}/cni-loopback-{RUNNING.id}-lo"), EMPTY))
    case.pod("web-1", RUNNING.ip)
    case.pod("web-9", "10.244.1.9")
    report = case.explained(RUNNING.id, logs=False)
    ((node, story),) = report.told
    assert node is not None
    assert node.tell(story)[0] == "It is of pod shop/web-1 (UID uid-of-web-1), as Kubernetes says of its address."
    (told,) = report.to_dict()["nodes"][0]["stories"]  # type: ignore[index]
    assert told["pod"] == {"namespace": "shop", "name": "web-1", "uid": "uid-of-web-1", "source": "kubernetes"}
    assert told["hostname"] is None
    assert case.api.asked == ["/api/v1/nodes/w1", "/api/v1/pods"]


def test_a_pod_that_came_back_with_another_address_is_named_by_its_hostname(case: Case) -> None:
    """It is said that only that tells."""
    case.pod("web-2", "10.244.1.77")
    assert case.whose() == "It is of pod shop/web-2 (UID uid-of-web-2), as Kubernetes says of its hostname web-2."


def test_a_finished_pod_is_named_if_it_was_there(case: Case) -> None:
    """A job that is done stays in the API until somebody removes it; what had the address before is not meant."""
    case.pod("job-1", STUCK.ip, status=finished(case.made - 50))
    case.pod("job-2", STUCK.ip, status=finished(case.made + 50, "Failed"), spec={"hostname": "web-2"})
    case.pod("job-3", STUCK.ip, status={"phase": "Failed", "reason": "Evicted"})
    assert case.whose().startswith("It is of pod shop/job-2 ")


def test_a_pod_that_is_gone_stays_unknown(case: Case) -> None:
    """Kubernetes adds nothing then, and the hostname is told as before."""
    case.pod("web-1", RUNNING.ip)
    assert case.whose().endswith("Its hostname is web-2, which is the pod's name unless the pod sets another.")


def test_what_made_its_place_is_not_taken_for_it(case: Case) -> None:
    """A new pod of the same name; one in the host's network; one that is named so in two namespaces."""
    for more in (
        [{"started": 100.0}],
        [{"started": None}],
        [{"spec": {"hostNetwork": True}}],
        [{"spec": {"setHostnameAsFQDN": True}}],
        [{"namespace": "a"}, {"namespace": "b"}],
    ):
        case.api.pods.clear()
        for each in more:
            case.pod("web-2", **each)
        assert "whose it is cannot be told" in case.whose().lower(), more


def test_a_pod_is_found_by_the_name_that_only_kubernetes_knows(case: Case) -> None:
    """Its hostname is another; and a namespace that is not its is not it."""
    case.pod("frontend", STUCK.ip, spec={"hostname": "web-2"})
    assert case.whose("shop/frontend").startswith("It is of pod shop/frontend ")
    assert case.explained("other/frontend").told == ()
    # Without Kubernetes the hostname would do.
    assert case.explained("web-2").told == ()


@pytest.mark.parametrize(("name", "hostname"), [("a" * 63 + "-b", "a" * 63), ("a" * 62 + "-b", "a" * 62), ("a.b", "a.b")])
def test_a_hostname_is_cut_as_the_kubelet_cuts_it(tmp_path: Path, name: str, hostname: str) -> None:
    """After 63 characters, and then what no hostname ends with."""
    files = {f"{RESULTS}/{eth0(STUCK)}": EMPTY, f"{SANDBOXES}/{STUCK.id}/hostname": FileSpec(f"{hostname}\n".encode())}
    case = Case(tmp_path, files=files)
    case.pod(name)
    assert case.whose().endswith(f"as Kubernetes says of its hostname {hostname}.")


def test_nobody_is_asked_where_something_else_tells(tmp_path: Path) -> None:
    """A log that tells of the pod itself, a sound file, or the node; nor where the sandbox is not seen at all."""
    case = Case(tmp_path, sandboxes=(RUNNING, replace(STUCK, pod_exists=True)))
    case.world.clock.advance(600)
    case.pod("other", STUCK.ip)
    assert "as the log says" in case.whose()
    assert "as its cache file says" in case.whose(RUNNING.id)
    assert case.explained("f" * 64).told == ()
    assert case.api.asked == []


@pytest.mark.parametrize("uid", ["uid-of-web-2", "u-2"])
def test_of_a_pod_that_the_log_names_kubernetes_tells_whether_it_exists(case: Case, uid: str) -> None:
    """By its UID: a new one of the same name is another pod."""
    made = MADE.replace("Uid:u-2", f"Uid:{uid}")
    case.world.node.logs["cri"] = deque([(case.world.clock.now() - 60, made + f'returns sandbox id \\"{STUCK.id}\\""')])
    case.pod("web-2", "10.244.1.77")
    report = case.explained(STUCK.id)
    ((node, story),) = report.told
    assert node is not None
    exists = uid == "uid-of-web-2"
    assert (story.code, node.files[0].code) == (("pod-stuck", "pod-stuck") if exists else ("stop-fails", "stop-fails"))
    assert ("Kubernetes still has this pod on the node." in node.tell(story)) is exists


def test_a_pod_that_is_finished_does_not_wait_for_its_sandbox(case: Case) -> None:
    """It is named all the same."""
    case.pod("web-2", STUCK.ip, status=finished(case.made + 50))
    ((_, story),) = case.explained(STUCK.id).told
    assert (story.pod is not None, story.pod_exists, story.code) == (True, None, "stop-fails")


# What is not to be believed


def test_another_cluster_that_has_a_node_of_that_name_is_not_believed(case: Case) -> None:
    """The boot ids differ, so no pod of it is looked at."""
    case.pod("web-2", STUCK.ip)
    for boot_id in ("11111111-2222-3333-4444-555555555555", ""):
        case.api.boot_ids["w1"] = boot_id
        case.api.asked.clear()
        assert case.notes() == ["Kubernetes was not asked: its w1 is not the machine that Talos answers for: the boot ids differ"]
        assert case.api.asked == ["/api/v1/nodes/w1"]


def test_pods_of_other_nodes_are_ignored_where_the_selector_was(case: Case) -> None:
    """Whatever stands between us and the API."""
    case.api.deaf = True
    case.pod("web-2", STUCK.ip, node="w2")
    assert "cannot be told" in case.whose()


def test_a_node_that_has_too_many_pods_is_a_note(case: Case) -> None:
    """As many as are allowed are read page by page."""
    for number in range(MOST - 1):
        case.pod(f"p-{number}", started=None)
    case.pod("web-2", STUCK.ip)
    assert case.whose().startswith("It is of pod shop/web-2 ")
    assert case.api.asked.count("/api/v1/pods") == MOST // 500
    case.pod("one-more", started=None)
    assert case.notes() == [f"Kubernetes was not asked: cannot list the pods of the node w1: there are more than {MOST}"]


def test_names_are_shown_escaped(case: Case) -> None:
    """No API server lets them in, and who knows what answers there."""
    case.pod("web\x1b[31m\n2", STUCK.ip, namespace="shop\u202e", uid="\x07", spec={"hostname": "web-2"})
    text = case.whose()
    assert "pod shop\\u202e/web\\x1b[31m\\x0a2 (UID \\x07), as Kubernetes says" in text
    assert text.isprintable()


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"items": 1}', b'{"items": [{}], "metadata": {}}', b'{"items": [{"spec": {"nodeName": []}}]}', b"\xff" * 100],
)
def test_an_answer_that_is_none_is_a_note_or_no_pod(case: Case, body: bytes) -> None:
    """Never a traceback, and never the end of the explanation."""
    usual = case.api

    def broken(path: str) -> tuple[int, Any]:
        return (200, body) if path == "/api/v1/pods" else Api(usual.boot_ids).answer(path, {})

    usual.instead = broken
    assert "cannot be told" in case.whose()
    assert len(case.notes()) <= 1


def test_a_time_that_is_none_is_a_note(case: Case) -> None:
    """As is an address that is none: it is nobody's."""
    case.pod("web-2", "10.244.1.3/24")
    case.pod("web-2x", "not an address\x1b")
    assert case.whose().endswith("as Kubernetes says of its hostname web-2.")
    case.api.pods[0]["status"]["startTime"] = "yesterday"
    assert [note.partition("w1: ")[0] for note in case.notes()] == ["Kubernetes was not asked: cannot list the pods of the node "]


# Who cannot be asked


def test_without_rights_the_note_says_which(case: Case) -> None:
    """To get the node, and to list pods; the story is told all the same."""
    case.api.refused = ("/api/v1/pods",)
    (note,) = case.notes()
    assert note.startswith("Kubernetes was not asked: cannot list the pods of the node w1: pods is forbidden: ")
    case.api.refused = ("/api/v1/nodes",)
    assert [note.partition(": ")[2].partition(": ")[0] for note in case.notes()] == ["cannot get the node w1"]


def test_an_api_that_is_not_there_is_one_note_of_each_node(case: Case) -> None:
    """And only the first node waits for it."""
    path = kubeconfig("http://127.0.0.1:1", case.directory)
    (note,) = case.notes(config=path)
    assert note.startswith("Kubernetes was not asked: cannot get the node w1: ")


def test_who_got_no_answer_does_not_ask_again(case: Case) -> None:
    """For another node of the same run."""
    opened = []

    async def twice() -> list[Exception]:
        def connection() -> Any:
            opened.append(1)
            return connect(kubeconfig("http://127.0.0.1:1", case.directory), None, {}, need=PODS)

        pods = NodePods(case.world.client, connection)
        said: list[Exception] = []
        for _ in range(2):
            try:
                await pods.on(ADDRESS)
            except KubernetesError as error:
                said.append(error)
        await pods.close()
        return said

    first, second = asyncio.run(twice())
    assert first is second
    assert opened == [1]


def test_a_kubeconfig_that_cannot_be_used_is_a_note(case: Case) -> None:
    """It may be the environment's, and have nothing to do with this."""
    (note,) = case.notes(config=case.directory / "nowhere")
    assert note.startswith("Kubernetes was not asked: ")
    assert "a list of pods needs a kubeconfig: there is no such file" in note
    assert "--method" not in note


def test_the_extra_is_named_where_it_is_missing() -> None:
    """Without the words for jobs."""
    with pytest.raises(RefusedError, match=r"^a list of pods needs a client, which is an extra: pip install 'talospatch\[kubernetes\]'$"):
        require_extra(PODS, found=False)


@pytest.mark.parametrize(
    ("environ", "named", "asked"),
    [({}, {}, False), ({"KUBECONFIG": "/x"}, {}, True), ({}, {"kubeconfig": "/x"}, True), ({}, {"kube_context": "c"}, True)],
)
def test_kubernetes_is_asked_only_where_somebody_names_it(
    case: Case, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], named: dict[str, str], asked: bool
) -> None:
    """A kubeconfig that lies at home may be of any cluster."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    async def look() -> NodePods | None:
        async with node_pods(case.world.client, **named) as pods:
            return pods

    assert (asyncio.run(look()) is not None) == asked


def test_with_the_role_of_a_reader_nothing_is_asked(tmp_path: Path) -> None:
    """Neither addresses nor hostnames nor the boot id can be read then."""
    case = Case(tmp_path)
    case.world = World.of(worker("v1.7.4"), tmp_path, roles=("os:reader",))
    assert case.notes() == []
    assert case.api.asked == []


def test_a_check_never_asks(case: Case) -> None:
    """Only who asks about one sandbox wants to know."""
    with serving(case.api, case.directory) as path:

        async def ask() -> None:
            async with node_pods(case.world.client, kubeconfig=path) as pods:
                report = await check(case.world.client, [NodeToCheck(ADDRESS)], CheckOptions(pods=pods))
                assert report.nodes[0].stories

        asyncio.run(ask())
    assert case.api.asked == []


# In a repair's plan


def plan_of(case: Case) -> tuple[str, Any]:
    cluster = AsyncCluster(case.world.client, name="sim", journal=case.world.store, clock=case.world.time)

    async def ask(path: Path) -> Any:
        return await cluster.cni_repair_plan(nodes=[ADDRESS], options=heals(), kubeconfig=path)

    with serving(case.api, case.directory) as path:
        plan = asyncio.run(ask(path))
    return " ".join(views.plan_text(plan, 400, PLAIN).split()), json.loads(json.dumps(plan.to_dict()))["nodes"][0]


def test_a_plan_names_the_pod_that_kubernetes_knows(case: Case) -> None:
    """With how it is known."""
    case.pod("web-2", "10.244.1.77")
    text, node = plan_of(case)
    assert "(0 bytes, empty; pod shop/web-2, as Kubernetes says of its hostname web-2)" in text
    assert node["files"][0]["code"] == "pod-stuck"
    assert node["files"][0]["pod"] == {"namespace": "shop", "name": "web-2", "uid": "uid-of-web-2", "source": "kubernetes"}


def test_a_plan_goes_on_without_kubernetes(case: Case) -> None:
    """It decides nothing; the hostname is named, and why there is no more."""
    case.api.refused = ("/api",)
    text, node = plan_of(case)
    assert "(0 bytes, empty; pod unknown, hostname web-2)" in text
    assert [note for note in node["notes"] if note.startswith("Kubernetes was not asked: cannot get the node w1: ")]
    assert "Kubernetes was not asked" in text


# The real one

MISSING = list(find_programs())


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One control plane for the tests below."""
    binary = program()
    assert binary is not None
    with ControlPlane(binary, tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))
def test_a_real_api_server_names_the_pod_to_who_may_get_nodes_and_list_pods(plane: ControlPlane, case: Case) -> None:
    """Exactly these two rights; without them the note has the server's words."""
    plane.make("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "w1"}})
    keys = ("machineID", "systemUUID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion")
    info = {**dict.fromkeys((*keys, "operatingSystem", "architecture"), "x"), "bootID": case.world.node.boot_id}
    plane.merge("/api/v1/nodes/w1/status", {"status": {"nodeInfo": info}})
    plane.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    for node, name, address in (("w1", "web-2", STUCK.ip), ("w2", "web-3", STUCK.ip)):
        spec = {"nodeName": node, "containers": [{"name": "app", "image": "x"}]}
        plane.make("/api/v1/namespaces/shop/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "startTime": when(case.made - 100)}
        plane.merge(f"/api/v1/namespaces/shop/pods/{name}/status", {"status": status})
    (note,) = case.notes(config=plane.kubeconfig("alice"))
    assert 'User "alice" cannot get resource "nodes"' in note
    rbac, group = "/apis/rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    api = {"apiVersion": f"{group}/v1", "metadata": {"name": "explain"}}
    plane.make(f"{rbac}/clusterroles", {**api, "kind": "ClusterRole", "rules": rules})
    subjects = [{"kind": "User", "name": "alice", "apiGroup": group}]
    role = {"apiGroup": group, "kind": "ClusterRole", "name": "explain"}
    plane.make(f"{rbac}/clusterrolebindings", {**api, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": subjects})
    for _ in range(100):  # a new right takes a moment to be known
        report = case.explained(STUCK.id, config=plane.kubeconfig("alice"))
        ((node_told, story),) = report.told
        if story.pod is not None:
            break
    assert node_told is not None
    assert node_told.tell(story)[0].endswith(", as Kubernetes says of its address.")
    assert (story.pod.namespace, story.pod.name) == ("shop", "web-2") if story.pod is not None else False
