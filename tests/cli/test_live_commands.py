"""The commands on a simulated cluster, over real TLS."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pytest

from talospatch.cli.demo import cluster as demo
from talospatch.cli.run import run
from talospatch.planning.plan import Options
from talospatch.simulator.launch import process
from talospatch.simulator.spec import NodeFaults

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from talospatch.simulator.spec import ClusterSpec

pytestmark = pytest.mark.simulator

TOKEN = "simsim.0123456789abcdef"  # stands in every simulated configuration
PATCH = ("-p", "bundled:containerd-metrics")
QUICK = ("--pace", "0.1")
SPEED = "10"


def started(spec: ClusterSpec, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Run a cluster in a process of its own; this process's talosconfig is its administrator's."""
    with process(spec, ["--scale", SPEED]) as running:
        monkeypatch.setenv("TALOSCONFIG", running["talosconfigs"]["admin"])
        yield running


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The cluster of the demo."""
    yield from started(demo.spec(), monkeypatch)


@pytest.fixture
def with_a_dead_node(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The same with worker-2 gone."""
    spec = demo.spec()
    nodes = tuple(replace(node, down=True) if node.name == "worker-2" else node for node in spec.nodes)
    yield from started(replace(spec, nodes=nodes), monkeypatch)


@pytest.mark.usefixtures("simulated")
def test_nodes_lists_every_node(capsys: pytest.CaptureFixture[str]) -> None:
    """With version, carrier and metrics, in every form."""
    assert run(["nodes", "--all"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["cp-1", "10.5.0.2", "control", "plane", "v1.14.0", "2.3.3", "running", "none", "off"]
    assert lines[5] == ["worker-4", "10.5.0.6", "worker", "v1.14.0", "2.3.3", "running", "file", "entry", "0.0.0.0:11234"]
    assert run(["nodes", "--workers", "--filter", "worker-[12]", "-o", "json"]) == 0
    assert [node["hostname"] for node in json.loads(capsys.readouterr().out)["nodes"]] == ["worker-1", "worker-2"]


def test_a_reader_sees_what_that_role_may_see(simulated: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is unknown, and why is said."""
    reader = ("--talosconfig", simulated["talosconfigs"]["reader"])
    assert run(["nodes", "--workers", *reader]) == 0
    out = capsys.readouterr().out
    assert "unknown" in out
    assert "needs os:admin" in out
    assert run(["diff", *PATCH, "--workers", *reader]) == 5
    assert "os:admin" in capsys.readouterr().out
    assert run(["cni", "check", "--workers", *reader]) == 0


@pytest.fixture
def with_bad_drop_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The same with a worker of each version on which containerd does not take the drop-in, and little patience."""
    spec = demo.spec()
    faults = NodeFaults(bad_drop_in=True)
    nodes = tuple(replace(node, faults=faults) if node.name in {"worker-1", "worker-2"} else node for node in spec.nodes)
    monkeypatch.setattr(
        "talospatch.cli.plans.Options", partial(Options, proof_timeout=5.0, margin=2.0, try_window=120.0, stuck_timeout=5.0)
    )
    yield from started(replace(spec, nodes=nodes), monkeypatch)


@pytest.mark.usefixtures("with_bad_drop_ins")
@pytest.mark.parametrize(
    ("worker", "why"), [("worker-2", "not proven within 5 s"), ("worker-1", "it does not come right: stage 'booting'")]
)
def test_a_change_that_is_taken_back_ends_with_4(worker: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On trial and by its old bytes: the canary has what it had, and history says so."""
    chosen = ("--workers", "--filter", worker)
    assert run(["apply", *PATCH, *chosen, *QUICK, "--no-drain", "--yes", "-o", "json"]) == 4
    said = capsys.readouterr()
    (node,) = json.loads(said.out)["nodes"]
    assert (node["outcome"], node["reason"][: len(why)]) == ("taken-back", why)
    assert f"[1/1] {worker}: taken-back after" in said.err
    assert run(["diff", *PATCH, *chosen, "--no-drain"]) == 2
    capsys.readouterr()
    assert run(["rollout", "history", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rollouts"][0]["counts"] == {"taken-back": 1}
    assert run(["nodes", *chosen]) == 0
    assert "running" in capsys.readouterr().out


@pytest.mark.usefixtures("with_a_dead_node")
def test_a_dead_node_is_a_row_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """It blocks no other, and the exit code says that not all was seen."""
    for command in (["nodes", "--workers"], ["diff", *PATCH, "--workers", "--filter", "worker-[245]"], ["cni", "check", "--workers"]):
        assert run(command) == 3
        out = capsys.readouterr().out
        assert "worker-5" in out
        assert any(line.startswith("worker-2 ") for line in out.splitlines())


@pytest.mark.usefixtures("simulated")
def test_each_call_is_shown_on_request_and_without_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr: node, method, code, time and bytes."""
    assert run(["diff", *PATCH, "-n", "10.5.0.4", "-v"]) == 2
    said = capsys.readouterr()
    assert any(line.startswith("10.5.0.4 Version OK ") and line.endswith(" B in") for line in said.err.splitlines())
    assert "ApplyConfiguration" in said.err
    assert TOKEN not in said.out + said.err


@pytest.mark.usefixtures("simulated")
def test_the_whole_way_there_and_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Difference, rollout with proof, no difference, history, undo, difference again; no secret on the way."""
    chosen = ("--workers", "--filter", "worker-[2345]")
    assert run(["diff", *PATCH, *chosen, "-o", "markdown"]) == 2
    assert run(["apply", *PATCH, *chosen, "--dry-run"]) == 2
    assert "<details>" in capsys.readouterr().out

    assert run(["apply", *PATCH, *chosen, *QUICK, "--yes", "-o", "json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert {node["hostname"]: node["outcome"] for node in report["nodes"]} == {
        "worker-2": "proven",
        "worker-3": "proven",
        "worker-4": "unchanged",
        "worker-5": "proven",
    }
    assert "[1/4] worker-2: waiting for proof" in said.err
    assert "\x1b" not in said.out + said.err
    assert TOKEN not in said.out + said.err

    assert run(["diff", *PATCH, *chosen]) == 0
    capsys.readouterr()
    assert run(["rollout", "history", "-o", "json"]) == 0
    assert [each["state"] for each in json.loads(capsys.readouterr().out)["rollouts"]] == ["ended"]
    assert run(["rollout", "show", "last"]) == 0
    shown = capsys.readouterr().out
    assert "+          address" in shown
    assert "commit" in shown
    assert TOKEN not in shown
    assert run(["rollout", "resume", "last", "--yes"]) == 0
    capsys.readouterr()

    assert run(["rollout", "undo", "last", *QUICK, "--yes"]) == 0
    assert "3 proven" in capsys.readouterr().out
    assert run(["diff", *PATCH, *chosen]) == 2
    capsys.readouterr()
    assert run(["rollout", "history", "-o", "json"]) == 0
    kept = [(each["kind"], each["of"]) for each in json.loads(capsys.readouterr().out)["rollouts"]]
    assert kept == [("undo", report["rollout"]), ("apply", "")]


@pytest.mark.usefixtures("simulated")
def test_control_planes_are_refused_with_a_sentence_and_the_workers_are_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """By --all, by type and by name alike: the difference is shown, the node is left alone, and 5 says that a guard said no."""
    for chosen in (["--control-planes"], ["-n", "10.5.0.2"]):
        assert run(["diff", *PATCH, *chosen]) == 5
        shown = capsys.readouterr().out
        assert "refused: it is a control-plane node, and only workers are changed" in shown
        assert "+          address" in shown
        assert run(["apply", *PATCH, *chosen, "--yes"]) == 5
        capsys.readouterr()
    assert run(["rollout", "history", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rollouts"] == []
    assert run(["apply", *PATCH, "--all", "--filter", "cp|worker-[24]", *QUICK, "--yes", "-o", "json"]) == 5
    report = json.loads(capsys.readouterr().out)
    outcomes = {node["hostname"]: node["outcome"] for node in report["nodes"]}
    assert outcomes == {"worker-2": "proven", "worker-4": "unchanged", "cp-1": "refused"}


@pytest.mark.usefixtures("simulated")
def test_a_reboot_is_refused_unless_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Talos 1.13 and no drain: 5, and nothing was changed."""
    assert run(["apply", *PATCH, "-n", "10.5.0.3", "--yes"]) == 5
    assert "--no-drain" in capsys.readouterr().err
    assert run(["rollout", "history"]) == 0
    assert capsys.readouterr().out == "No rollouts yet.\n"


@pytest.mark.usefixtures("simulated")
def test_strict_refuses_before_anything_is_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """A loopback address is a warning: the API server's proxy cannot reach it."""
    arguments = [*PATCH, "--set", "address=127.0.0.1:11234", "-n", "10.5.0.4"]
    assert run(["diff", *arguments]) == 2
    assert run(["diff", *arguments, "--strict"]) == 5
    capsys.readouterr()
    assert run(["apply", *arguments, "--strict", "--yes"]) == 5
    assert "--strict refuses" in capsys.readouterr().err


@pytest.mark.usefixtures("simulated")
def test_cni_check_fails_on_what_it_is_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    """What heals by itself is no problem unless asked for."""
    assert run(["cni", "check", "--workers"]) == 0
    assert run(["cni", "check", "--workers", "--fail-on", "heals", "-o", "json"]) == 2
    report = json.loads(capsys.readouterr().out.partition("{")[2].join(["{", ""]))
    assert (report["kind"], report["schema"], report["problems"]) == ("cni-check", 1, 2)
    assert run(["cni", "check", "--workers", "-o", "markdown"]) == 0
    assert "| heals | worker-1 |" in capsys.readouterr().out


class Session:
    """A command on a terminal of its own: stdin and stderr; stdout is a pipe."""

    def __init__(self, *arguments: str, background: bool = False) -> None:
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "talospatch", *arguments]
        if background:  # a shell's script has what it starts with & ignore SIGINT
            command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
        plain = {**os.environ, "TERM": "dumb"}  # lines that stay, instead of one that moves
        self._process = subprocess.Popen(command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=plain, start_new_session=True)
        os.close(theirs)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        os.close(self._ours)

    def until(self, text: str, seconds: float = 30.0) -> None:
        """Read the terminal until a text is there."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self._read()

    def type(self, text: str) -> None:
        """Write as a person would."""
        os.write(self._ours, text.encode())

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Press Ctrl-C, or have somebody else end it."""
        self._process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Return exit code and stdout, with the rest of the terminal read."""
        while self._read():
            pass
        out, _ = self._process.communicate(timeout=30)
        return self._process.returncode, out.decode()

    def _read(self) -> bool:
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


def apply(*more: str) -> Sequence[str]:
    """Return an apply to two workers of Talos 1.14."""
    return ("apply", *PATCH, "--workers", "--filter", "worker-[25]", *more)


@pytest.mark.usefixtures("simulated")
def test_on_a_terminal_it_asks_and_no_changes_nothing() -> None:
    """Declined is refused; the result stays empty."""
    with Session(*apply()) as session:
        session.until("Change 2 nodes, one at a time, worker-2 first? [y/N]:")
        session.type("n\n")
        assert session.end() == (5, "")
    assert "Nothing was changed." in session.seen
    assert run(["diff", *PATCH, "-n", "10.5.0.4"]) == 2


def test_the_demo_asks_where_it_is_told_to() -> None:
    """Declined, the story ends there and says so."""
    with Session("demo", "--ask") as session:
        session.until("[y/N]:")
        session.type("n\n")
        code, _ = session.end()
    assert code == 5
    assert "The demo ends here" in session.seen


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize(
    ("number", "background"), [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGHUP, False), (signal.SIGTERM, True)]
)
def test_ctrl_c_leaves_no_node_half_changed_and_says_how_to_go_on(number: signal.Signals, background: bool) -> None:
    """130, what each node has, and the command; the journal knows. The same when a runner cancels the job, or the terminal is closed."""
    with Session(*apply("--yes", "--pace", "10"), background=background) as session:
        session.until("worker-2: waiting for proof")
        session.interrupt(number)
        code, out = session.end()
    assert (code, out) == (130, "")
    assert "worker-2 was under way" in session.seen.replace("\r\n", " ")
    assert "talospatch rollout resume 2" in session.seen
    assert "Traceback" not in session.seen
    shown = subprocess.run(
        [sys.executable, "-m", "talospatch", "rollout", "show", "last", "-o", "json"], stdout=subprocess.PIPE, check=True
    ).stdout
    assert "interrupted" in [step["event"] for step in json.loads(shown)["steps"]]


@pytest.mark.usefixtures("simulated")
def test_ctrl_c_before_the_answer_changes_nothing() -> None:
    """The question is a good moment to leave."""
    with Session(*apply()) as session:
        session.until("[y/N]:")
        session.interrupt()
        code, out = session.end()
    assert (code, out) == (130, "")
    assert "Nothing was changed on any node." in session.seen


def test_a_reader_that_goes_away_changes_nothing() -> None:
    """As in ``| head -1``: quiet, and the exit code is the command's own."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run([sys.executable, "-m", "talospatch", "patches", "list"], stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_simulator_up_runs_until_it_is_stopped(tmp_path: Path) -> None:
    """It prints its talosconfig, answers, and takes its files with it."""
    home = tmp_path / "cluster"
    command = [
        sys.executable,
        "-m",
        "talospatch",
        "simulator",
        "up",
        "--workers",
        "1",
        "--directory",
        str(home),
        "--fault",
        "worker-1=full-disk",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            lines = [child.stdout.readline() for _ in range(2)]
            assert lines[0].startswith("Nodes: cp-1 (10.5.0.2, v1.")
            assert lines[1] == f"Talosconfig for os:admin: {home}/admin.yaml\n"
            assert run(["nodes", "--all", "--talosconfig", str(home / "admin.yaml")]) == 0
        finally:
            child.send_signal(signal.SIGINT)
        assert child.wait(timeout=20) == 0
    assert list(home.iterdir()) == []
