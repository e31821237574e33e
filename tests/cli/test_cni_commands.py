"""``cni check`` and ``cni explain`` on a simulated cluster, on copies, on saved logs and on Loki."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_api
import pytest
from loki_server import Store, serving

from talospatch.cli.run import run
from talospatch.simulator.files import copy_files
from talospatch.simulator.launch import process
from talospatch.simulator.node_files import first_tree
from talospatch.simulator.profiles import profile_of
from talospatch.simulator.spec import ClusterSpec, FileSpec, NodeSpec, SandboxSpec
from talospatch.versions import TalosVersion
from talospatch.wire.proto import machine_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNING = SandboxSpec("a1" * 32, "shop", "web-1", ip="10.244.7.2")
STUCK = SandboxSpec("b2" * 32, "shop", "web-2", ready=False, ip="10.244.7.3")
OTHER = SandboxSpec("c3" * 32, "shop", "web-3", ip="10.244.8.2")
RESULTS = "/var/lib/cni/results"
LONG_AGO = 1_600_000_000
EMPTY = "decoding version from network config: unexpected end of JSON input"
OLD = NodeSpec(
    "worker-1",
    "10.5.0.3",
    talos="v1.7.4",
    sandboxes=(RUNNING, STUCK),
    files={f"{RESULTS}/cbr0-{STUCK.id}-eth0": FileSpec(b"", modified=LONG_AGO)},
)
NEW = NodeSpec("worker-2", "10.5.0.4", talos="v1.13.9", sandboxes=(OTHER,))


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Any]]:
    """A worker with a stuck sandbox and one in order."""
    with process(
        ClusterSpec((NodeSpec("cp-1", "10.5.0.2", machine_type="controlplane", talos="v1.13.9"), OLD, NEW)), ["--scale", "60"]
    ) as made:
        yield made


@pytest.fixture
def cluster(running: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The same, with this process's talosconfig its administrator's."""
    monkeypatch.setenv("TALOSCONFIG", running["talosconfigs"]["admin"])
    return running


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    """Run a command and return what it printed."""
    ended = run(["cni", *arguments])
    printed = capsys.readouterr()
    assert ended == code, printed
    return printed.out


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
def test_a_check_tells_of_a_stuck_sandbox_what_the_log_and_its_address_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside its file; and nothing of the node that is in order."""
    data = json.loads(said(capsys, "check", "--workers", "-o", "json", code=2))
    assert (data["kind"], data["schema"], data["problems"], data["unplaced"], data["notes"]) == ("cni-check", 1, 1, [], [])
    old, new = data["nodes"]
    (story,) = old["stories"]
    assert (story["verdict"], story["code"], story["files"]) == ("fatal", "stop-fails", [f"cbr0-{STUCK.id}-eth0"])
    assert (story["addresses"], story["fromEarlierBoot"], story["error"]) == (["10.244.7.3"], True, EMPTY)
    assert [finding["code"] for finding in old["findings"]] == ["stuck-addresses"]
    assert (new["stories"], new["files"], new["findings"], new["networks"]) == ([], [], [], [])


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("word", [STUCK.id, STUCK.id[:12], f"cbr0-{STUCK.id}-eth0", f"{RESULTS}/cbr0-{STUCK.id}-eth0"])
def test_explain_tells_the_whole_story(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By whatever names the sandbox."""
    text = said(capsys, "explain", word, "--workers", code=2)
    lines = text.splitlines()
    assert lines[0] == f"sandbox {STUCK.id[:12]} on worker-1: fatal"
    assert any("The file is empty: libcni truncates and writes without a sync" in line for line in lines)
    assert "the address 10.244.7.3, held for nobody else" in " ".join(text.split())
    assert any("What to do: upgrading the node to Talos 1.8" in line for line in lines)


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
def test_explain_finds_a_pod_that_is_in_order_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """On whichever node it is; in every form."""
    assert f"sandbox {OTHER.id[:12]} of pod shop/web-3 on worker-2: healthy" in said(capsys, "explain", "shop/web-3", "--all", code=0)
    data = json.loads(said(capsys, "explain", "web-1", "--workers", "-o", "json", code=0))
    assert (data["kind"], data["schema"], data["what"]) == ("cni-explain", 1, "web-1")
    (story,) = data["stories"]
    assert (story["node"]["hostname"], story["pod"]["name"], story["pod"]["source"]) == ("worker-1", "web-1", "cache")
    assert "### sandbox" in said(capsys, "explain", "web-1", "--workers", "-o", "markdown", code=0)
    assert "kind: cni-explain" in said(capsys, "explain", "web-1", "--workers", "-o", "yaml", code=0)


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
def test_explain_says_when_there_is_nothing_of_the_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Which ends with 1; so does a word that can name nothing."""
    assert "There is no sandbox, file or pod 'shop/web-9' on 2 nodes." in said(capsys, "explain", "shop/web-9", "--workers", code=1)
    said(capsys, "explain", "A B", "--workers", code=1)
    short = said(capsys, "explain", STUCK.id[:4], "--workers", code=1)
    assert "too short: give 6 digits or more" in " ".join(short.split())
    said(capsys, "explain", "web-1", code=5)


@pytest.mark.simulator
def test_a_reader_is_told_most_of_it(running: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """And what is missing."""
    reader = ("--talosconfig", running["talosconfigs"]["reader"])
    text = said(capsys, "explain", STUCK.id[:12], "--workers", *reader, code=2)
    assert f"sandbox {STUCK.id[:12]} on worker-1: fatal" in text
    assert "who holds which address: unknown (needs os:admin)" in text


@pytest.mark.simulator
def test_watching_goes_on_until_it_is_interrupted(cluster: dict[str, Any]) -> None:
    """What there is is shown at once; Ctrl-C ends it like every command."""
    command = [sys.executable, "-m", "talospatch", "cni", "check", "--workers", "--watch", "--interval", "10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("CNI result cache of 2 nodes")
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in errors


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_watching_in_the_background_of_a_script_ends_when_it_is_told_to(number: signal.Signals) -> None:
    """A shell's script has what it starts with ``&`` ignore SIGINT: that is left so, and the other signals end it in order."""
    watching = [sys.executable, "-m", "talospatch", "cni", "check", "--workers", "--watch", "--interval", "10"]
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *watching]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("CNI result cache of 2 nodes")
        ignored = next(line for line in Path(f"/proc/{child.pid}/status").read_text().splitlines() if line.startswith("SigIgn:"))
        assert int(ignored.split()[1], 16) & 1 << signal.SIGINT - 1
        child.send_signal(signal.SIGINT)
        child.send_signal(number)
        try:
            _, errors = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (child.returncode, errors.splitlines()[-1:]) == (130, ["interrupted"])
    assert "Traceback" not in errors


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
def test_what_is_watched_as_json_is_a_document_a_line() -> None:
    """So that a script can read it while it goes on."""
    command = [sys.executable, "-m", "talospatch", "cni", "check", "--workers", "--watch", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["kind"] == "cni-check"
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode == 130


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A kubelet's log with an hour of failures."""
    lines = []
    for turn in range(60):
        cause = f'failed to destroy network for sandbox "{STUCK.id}": failed to get network "cbr0" cached result: {EMPTY}'
        record = {"ts": (1_780_000_000 + 60 * turn) * 1000, "msg": "StopPodSandbox from runtime service failed", "err": cause}
        lines.append(json.dumps(record))
    path = tmp_path / "kubelet.log"
    path.write_text("\n".join(lines))
    return path


def test_a_saved_log_is_checked_without_any_cluster(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says of each sandbox."""
    text = said(capsys, "check", "--logs", str(log), code=2)
    assert text.splitlines()[0] == "CNI result cache, by logs alone: 1 sandbox, 1 problem (--fail-on time-bomb)"
    assert f"fatal: sandbox {STUCK.id[:12]}: the log shows that stopping this sandbox fails with “{EMPTY}”" in " ".join(text.split())
    assert "about 60 log lines an hour" in " ".join(text.split())
    assert "**fatal** sandbox" in said(capsys, "check", "--logs", str(log), "-o", "markdown", code=2)
    told = said(capsys, "explain", STUCK.id[:8], "--logs", str(log), code=2)
    assert "The log has 60 lines about it" in told
    assert "There is no sandbox, file or pod 'web-7' in these logs." in said(capsys, "explain", "web-7", "--logs", str(log), code=1)


def test_a_copy_is_checked_with_the_log_beside_it(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both came from a node that cannot be reached any more."""
    tree = first_tree(OLD, profile_of(TalosVersion.parse("v1.7.4")), LONG_AGO)
    answer = copy_files(tree, machine_pb2.CopyRequest(root_path="/var/lib/cni"), as_status=False)
    copy = tmp_path / "cni.tar.gz"
    copy.write_bytes(b"".join(message.bytes for message in answer.messages))  # type: ignore[attr-defined]
    data = json.loads(said(capsys, "check", "--copy", str(copy), "--talos", "v1.7.4", "--logs", str(log), "-o", "json", code=2))
    (node,) = data["nodes"]
    assert (node["address"], node["files"][0]["code"], node["files"][0]["logged"]) == (str(copy), "stop-fails", True)
    assert data["unplaced"] == []
    assert "stop" in said(capsys, "explain", STUCK.id[:12], "--copy", str(copy), "--talos", "v1.7.4", code=0)


@pytest.mark.parametrize("word", ["cbr0-x-e;rm -rf", "/var/lib/cni/results/cbr0-x-e;rm -rf"])
def test_explain_tells_of_a_foreign_file_what_it_is(word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check lists it, so it is there: of no sandbox, and never touched."""
    results = tmp_path / "results"
    results.mkdir()
    (results / "cbr0-x-e;rm -rf").write_bytes(b"x")
    (results / f"cbr0-{STUCK.id}-eth0").write_bytes(b"")
    copy = ("--copy", str(tmp_path), "--talos", "v1.7.4")
    assert "cbr0-x-e;rm -rf (1 byte)" in said(capsys, "check", *copy, code=0)
    text = " ".join(said(capsys, "explain", word, *copy, code=0).split())
    assert text.startswith(
        f"file cbr0-x-e;rm -rf on {tmp_path}: unknown It has 1 byte. This is not the name of a cache file that containerd"
    )
    assert "nothing here will touch it" in text
    assert "There is no" not in text
    data = json.loads(said(capsys, "explain", word, *copy, "-o", "json", code=0))
    assert [(file["name"], file["code"]) for file in data["files"]] == [("cbr0-x-e;rm -rf", "foreign-name")]
    assert "### file cbr0-x-e;rm -rf on" in said(capsys, "explain", word, *copy, "-o", "markdown", code=0)
    assert "There is no sandbox, file or pod 'cbr0-x-f' on 1 node." in " ".join(said(capsys, "explain", "cbr0-x-f", *copy, code=1).split())


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
def test_a_saved_log_is_joined_with_live_nodes(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the sandbox's ID."""
    data = json.loads(said(capsys, "check", "--workers", "--logs", str(log), "--no-node-logs", "-o", "json", code=2))
    assert data["nodes"][0]["stories"][0]["log"]["lines"] == 60
    assert data["unplaced"] == []


def test_loki_is_asked_for_the_time_that_was_given(log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And logged in to as logcli is."""
    store = Store(wanted={"X-Scope-OrgID": "team-a"})
    for number, line in enumerate(log.read_text().splitlines()):
        store.add({"service_name": "talos", "node": "worker-1"}, (1_780_000_000 + 60 * number) * 1_000_000_000, line)
    monkeypatch.setenv("LOKI_ORG_ID", "team-a")
    times = ("--since", "2h", "--until", "2026-05-28T21:30:00Z")
    with serving(store) as url:
        data = json.loads(said(capsys, "check", "--loki", url, *times, "-o", "json", code=2))
    assert [(story["code"], story["log"]["node"], story["log"]["lines"]) for story in data["unplaced"]] == [("logged", "worker-1", 60)]
    asked = store.asked[0][1]
    assert (int(asked["end"]) - int(asked["start"]), int(asked["end"])) == (7200 * 10**9, 1_780_003_800 * 10**9)


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("named", ["option", "environment"])
def test_explain_asks_the_kubernetes_that_is_named(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And where that has another machine of the node's name, it says so and tells the rest."""
    api = kubernetes_api.Api({"worker-1": "of another boot"}, [kubernetes_api.pod("web-2", "worker-1", STUCK.ip)])
    with kubernetes_api.serving(api, tmp_path) as path:
        if named == "environment":
            monkeypatch.setenv("KUBECONFIG", str(path))
        options = ["--kubeconfig", str(path)] if named == "option" else []
        data = json.loads(said(capsys, "explain", STUCK.id, "--workers", *options, "-o", "json", code=2))
    assert (data["stories"][0]["pod"], data["stories"][0]["hostname"]) == (None, "web-2")
    assert data["notes"] == [
        "worker-1: Kubernetes was not asked: its worker-1 is not the machine that Talos answers for: the boot ids differ",
    ]
    assert api.asked == ["/api/v1/nodes/worker-1"]


@pytest.mark.simulator
@pytest.mark.usefixtures("cluster")
def test_a_kubeconfig_of_the_environment_that_is_none_keeps_nothing_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be there for something else."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    text = " ".join(said(capsys, "explain", STUCK.id, "--workers", code=2).split())
    assert "Kubernetes was not asked: " in text
    assert "a list of pods needs a kubeconfig: there is no such file" in text
    assert "Its hostname is web-2" in text


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("check",), 5, "no nodes were named"),
        (("check", "--copy", "x", "--workers"), 5, "--copy is checked instead of a cluster's nodes"),
        (("check", "--logs", "/nonexistent/kubelet.log"), 1, "/nonexistent/kubelet.log: No such file or directory"),
        (("check", "--copy", "/nonexistent/x"), 1, "/nonexistent/x: No such file or directory"),
        (("check", "--copy", "x", "--talos", "bogus"), 1, "--talos: 'bogus' is not a Talos version; write it as v1.7.4 or 1.7"),
        (("check", "--workers", "--talos", "v1.7.4"), 1, "--talos: it is the version of the nodes that --copy is of"),
        (("check", "--loki", "http://127.0.0.1:1", "--since", "yesterday"), 1, "--since: 'yesterday' is no time"),
        (
            ("check", "--loki", "http://127.0.0.1:1", "--until", "1h", "--since", "2026-01-01", "--loki-selector", "job"),
            1,
            "selects no streams",
        ),
        (("check", "--loki", "http://127.0.0.1:1"), 1, "http://127.0.0.1:1: "),
        (("check", "--loki", "nowhere"), 1, "is not the address of a server"),
        (("check", "--loki", ""), 1, "no Loki was named"),
        (("check", "--workers", "--watch", "--confirm"), 1, "--watch looks at live nodes"),
        (("check", "--workers", "--interval", "60"), 1, "--interval is the time between two looks of --watch, which was not given"),
        (("check", "--workers", "--interval", "nan"), 1, "not a number that can be waited for"),
        (
            ("explain", "x", "--workers", "--kubeconfig", "/nonexistent/k"),
            1,
            "/nonexistent/k: a list of pods needs a kubeconfig",
        ),
        (("explain", "x", "--workers", "--kube-context", "c"), 1, "a list of pods needs a kubeconfig: "),
        (
            ("explain", "x", "--copy", "/x", "--kubeconfig", "/nonexistent/k"),
            1,
            "--kubeconfig: Kubernetes is asked about nodes that",
        ),
    ],
)
def test_what_cannot_be_used_is_one_clear_error(
    arguments: tuple[str, ...], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no traceback."""
    assert run(["cni", *arguments]) == code
    error = capsys.readouterr().err
    assert text in " ".join(error.split())
    assert "bug in talospatch" not in error
