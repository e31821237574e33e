"""A simulated cluster starts with everything that a client needs, and leaves nothing behind, however it ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from ecdsa_client import eventually
from scripted_model import SPEC, ScriptedModel

from talospatch.simulator.clock import ScaledClock
from talospatch.simulator.launch import process, running
from talospatch.simulator.memory import MemoryTransport
from talospatch.simulator.metrics_listener import PATH, MetricsListeners
from talospatch.simulator.spec import to_json
from talospatch.wire.methods import GENERATE_CLIENT_CONFIGURATION
from talospatch.wire.proto import machine_pb2

pytestmark = pytest.mark.simulator


def _gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process that is not our child has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # A process nobody has waited for is a zombie.
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.02)
    return False


def test_each_role_gets_a_talosconfig_that_only_its_owner_may_read(tmp_path: Path) -> None:
    """One context with endpoints, nodes and a certificate with that role; gone when the cluster is."""

    async def run() -> None:
        async with running(SPEC, tmp_path) as cluster:
            assert {role: path.name for role, path in cluster.talosconfigs.items()} == {
                "admin": "admin.yaml",
                "operator": "operator.yaml",
                "reader": "reader.yaml",
            }
            for role, path in cluster.talosconfigs.items():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
                config = yaml.safe_load(path.read_text(encoding="utf-8"))
                context = config["contexts"][config["context"]]
                assert context["endpoints"] == [cluster.endpoints["cp-1"]]
                assert context["nodes"] == ["10.5.0.2", "10.5.0.3"]
                certificate = x509.load_pem_x509_certificate(base64.b64decode(context["crt"]))
                assert [item.value for item in certificate.subject] == [f"os:{role}"]
                assert base64.b64decode(context["key"]).startswith(b"-----BEGIN ED25519 PRIVATE KEY-----")

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


def test_a_talosconfig_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    """It may be somebody's own; the cluster does not start, and the file stays as it was."""
    (tmp_path / "admin.yaml").write_text("mine", encoding="utf-8")

    async def run() -> None:
        with pytest.raises(FileExistsError):
            async with running(SPEC, tmp_path):
                pass
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["mine"]


def test_a_client_can_be_given_a_lesser_identity_by_the_cluster_itself(tmp_path: Path) -> None:
    """GenerateClientConfiguration: the roles and the time asked for, signed by the cluster's authority, with its endpoints."""

    async def run() -> None:
        async with running(SPEC, tmp_path) as cluster:
            transport = MemoryTransport(cluster.model, cluster.clock)
            request = machine_pb2.GenerateClientConfigurationRequest(roles=["os:reader"])
            request.crt_ttl.FromSeconds(3600)
            issued = (await transport.unary(GENERATE_CLIENT_CONFIGURATION, "10.5.0.2", request, 10)).messages[0]
            config = yaml.safe_load(issued.talosconfig)
            context = config["contexts"][config["context"]]
            assert context["endpoints"] == list(cluster.endpoints.values())
            assert base64.b64decode(context["crt"]) == issued.crt
            assert issued.ca == cluster.authority.certificate
            certificate = x509.load_pem_x509_certificate(issued.crt)
            assert [item.value for item in certificate.subject] == ["os:reader"]
            assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(hours=1)
            certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(issued.ca))

    asyncio.run(run())


def test_workers_have_endpoints_only_on_request() -> None:
    """As on a real cluster, where workers are reached through a control plane."""

    async def run() -> None:
        async with running(SPEC) as cluster:
            assert list(cluster.endpoints) == ["cp-1"]
        async with running(SPEC, workers_too=True) as cluster:
            assert list(cluster.endpoints) == ["cp-1", "worker-1"]

    asyncio.run(run())


def test_a_cluster_in_a_process_of_its_own_ends_with_its_block() -> None:
    """What it says when it is ready is all that a client needs."""
    with process(SPEC, ["--scale", "20"]) as cluster:
        assert Path(cluster["talosconfigs"]["admin"]).exists()
        assert cluster["nodes"] == {"cp-1": "10.5.0.2", "worker-1": "10.5.0.3"}
        assert cluster["scale"] == 20.0
    assert _gone(cluster["pid"])
    assert not Path(cluster["directory"]).exists()


def test_a_cluster_in_a_process_of_its_own_does_not_outlive_its_parent(tmp_path: Path) -> None:
    """The parent is killed and cannot clean up; its end of the pipe closes all the same."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import json, sys, time\n"
        "from talospatch.simulator.launch import process\n"
        "from talospatch.simulator.spec import from_json\n"
        "with process(from_json(open(sys.argv[1]).read())) as cluster:\n"
        "    print(json.dumps(cluster), flush=True)\n"
        "    time.sleep(60)\n",
        encoding="utf-8",
    )
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(SPEC), encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script), str(spec)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        cluster = json.loads(parent.stdout.readline())
        parent.kill()
    assert _gone(cluster["pid"])
    assert not Path(cluster["directory"]).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_process_in_good_order(number: signal.Signals, tmp_path: Path) -> None:
    """Exit status 0 and no file left."""
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(SPEC), encoding="utf-8")
    command = [sys.executable, "-m", "talospatch.simulator", "--spec", str(spec)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        cluster = json.loads(child.stdout.readline())
        child.send_signal(number)
        assert child.wait(20) == 0
    assert not Path(cluster["directory"]).exists()


@pytest.mark.parametrize("stdin", ["/dev/null", "a file", "closed"])
def test_without_anybody_at_its_standard_input_the_process_stays_until_a_signal(stdin: str, tmp_path: Path) -> None:
    """As under a service manager or in a CI job."""
    spec = tmp_path / "spec.json"
    spec.write_text(to_json(SPEC), encoding="utf-8")
    command = [sys.executable, "-m", "talospatch.simulator", "--spec", str(spec)]
    if stdin == "closed":
        command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command]
    with (
        (spec if stdin == "a file" else Path(os.devnull)).open("rb") as source,
        subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child,
    ):
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["nodes"]
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.5)
        child.terminate()
        _, errors = child.communicate(timeout=20)
        assert (child.returncode, errors) == (0, b"")


def test_a_description_that_is_none_is_refused_with_one_sentence(tmp_path: Path) -> None:
    """On standard error, without a traceback."""
    (tmp_path / "spec.json").write_text("{}", encoding="utf-8")
    command = [sys.executable, "-m", "talospatch.simulator", "--spec", str(tmp_path / "spec.json")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "not the description of a simulated cluster" in done.stderr
    assert "Traceback" not in done.stderr


def _get(port: int, path: str = PATH, method: str = "GET") -> tuple[int, str, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.headers["Content-Type"], response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_metrics_are_served_while_the_node_has_them_on() -> None:
    """On a port that stays the node's; refused before and after."""

    async def run() -> None:
        model = ScriptedModel()
        listeners = MetricsListeners(model, ScaledClock(), ["cp-1", "worker-1"])
        await listeners.start()
        try:
            port = listeners.ports["worker-1"]
            with pytest.raises(urllib.error.URLError, match="refused"):
                await asyncio.to_thread(_get, port)
            model.metrics_on.add("worker-1")
            await listeners.refresh()
            status, kind, text = await asyncio.to_thread(_get, port)
            assert (status, text) == (200, model.metrics("worker-1", 0))
            assert kind.startswith("text/plain; version=0.0.4")
            assert (await asyncio.to_thread(_get, port, "/metrics"))[0] == 404
            assert (await asyncio.to_thread(_get, port, PATH, "POST"))[0] == 405
            assert await asyncio.to_thread(_get, port, PATH, "HEAD") == (200, kind, "")
            model.metrics_on.clear()
            await eventually(lambda: not listeners.serving)
            with pytest.raises(urllib.error.URLError, match="refused"):
                await asyncio.to_thread(_get, port)
            assert listeners.ports["worker-1"] == port
        finally:
            await listeners.stop()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
