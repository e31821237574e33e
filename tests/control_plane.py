"""A real Kubernetes control plane on loopback, in processes that die with this one, and a kubelet's stand-in for its nodes.

The program is built by ``python tools/servers.py build kubernetes``; TALOSPATCH_KUBERNETES names another one. Its API server, etcd and
controllers are Kubernetes' own. What runs pods here is a stand-in: it runs the argument lists of containers and serves their output.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from talospatch.simulator.pki import Authority, Identity, KeyKind

ROOT = Path(__file__).parents[1]
VARIABLE = "TALOSPATCH_KUBERNETES"
CONTROLLERS = "job,garbagecollector,namespace"
# User and group; the token of each is NAME-token. alice may nothing unless a test gives it to her.
USERS = {"admin": "system:masters", "controllers": "system:masters", "alice": "testers"}
_READY_WITHIN = 90.0  # seconds; it takes 4, and a busy machine many times that
_ADDRESS = "127.0.0.1"
_CRITICAL = 2_000_000_000  # the priority from which on a pod is critical for a kubelet (SystemCriticalPriority)

Runner = Callable[[list[str]], tuple[int, bytes]]


def program() -> Path | None:
    """Return the program, or None when it was not built."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    tool = ROOT / "tools" / "servers.py"
    if not tool.exists():
        return None
    done = subprocess.run([sys.executable, str(tool), "where", "kubernetes"], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) / "kubernetes" if done.returncode == 0 else None


class ControlPlane:
    """The control plane. A context manager.

    Args:
        binary: the program.
        directory: where it keeps everything.
    """

    def __init__(self, binary: Path, directory: Path) -> None:
        self.binary, self.directory = binary, directory
        self.url, self.authority = "", Authority(kind=KeyKind.ECDSA)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process and wait for it."""
        for process in reversed(self._processes.values()):
            process.kill()
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def kubeconfig(self, user: str) -> Path:
        """Write a kubeconfig for a user, and return where."""
        path = self.directory / f"{user}.kubeconfig"
        certificate = str(self.directory / "ca.crt")
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority": certificate}}],
            "users": [{"name": user, "user": {"token": f"{user}-token"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        }
        path.write_text(json.dumps(content))
        return path

    def call(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> tuple[int, Any]:
        """Make a request as an administrator; return status and decoded body."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer admin-token", "Content-Type": kind},
        )
        context = ssl.create_default_context(cafile=str(self.directory / "ca.crt"))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, _decoded(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decoded(error.read())

    def make(self, path: str, body: Any) -> Any:
        """Create an object that must be new."""
        status, made = self.call("POST", path, body)
        assert status == 201, made
        return made

    def merge(self, path: str, body: Any) -> Any:
        """Patch an object."""
        status, made = self.call("PATCH", path, body, kind="application/merge-patch+json")
        assert status == 200, made
        return made

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._write_files()
        client, peer, port = (free_port() for _ in range(3))
        etcd, self.url = f"http://{_ADDRESS}:{client}", f"https://{_ADDRESS}:{port}"
        self._spawn(
            *("etcd", "--data-dir", str(self.directory / "etcd"), "--unsafe-no-fsync", "--log-level", "warn"),
            *("--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", f"http://{_ADDRESS}:{peer}"),
            *("--initial-advertise-peer-urls", f"http://{_ADDRESS}:{peer}", "--initial-cluster", f"default=http://{_ADDRESS}:{peer}"),
        )
        file = self._file
        self._spawn(
            *("kube-apiserver", "--etcd-servers", etcd, "--bind-address", _ADDRESS, "--secure-port", str(port)),
            # Without an address to advertise it does not start where there is no default route.
            *("--advertise-address", _ADDRESS, "--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.96.0.0/16"),
            *("--tls-cert-file", file("tls.crt"), "--tls-private-key-file", file("tls.key"), "--token-auth-file", file("tokens.csv")),
            *("--service-account-issuer", "https://test.invalid", "--service-account-key-file", file("sa.key")),
            *("--service-account-signing-key-file", file("sa.key"), "--authorization-mode", "Node,RBAC"),
            # Else each pod needs a ServiceAccount object. PodSecurity is on, as everywhere.
            *("--disable-admission-plugins", "ServiceAccount", "--kubelet-preferred-address-types", "InternalIP"),
            *("--admission-control-config-file", file("admission.json")),
        )
        self._wait()
        config = str(self.kubeconfig("controllers"))
        self._spawn(
            "kube-controller-manager", "--kubeconfig", config, "--leader-elect=false", "--secure-port", "0", "--controllers", CONTROLLERS
        )

    def _file(self, name: str) -> str:
        return str(self.directory / name)

    def _write_files(self) -> None:
        server, signer = self.authority.server([_ADDRESS, "localhost"], name="test"), self.authority.server(["localhost"])
        (self.directory / "ca.crt").write_bytes(self.authority.certificate)
        (self.directory / "tls.crt").write_bytes(server.certificate)
        (self.directory / "tls.key").write_bytes(server.openssl_key)
        (self.directory / "sa.key").write_bytes(signer.openssl_key)
        (self.directory / "tokens.csv").write_text("".join(f'{user}-token,{user},{user},"{group}"\n' for user, group in USERS.items()))
        # As Talos has it: baseline everywhere, kube-system exempt (its admissionControl defaults).
        security = {
            "apiVersion": "pod-security.admission.config.k8s.io/v1",
            "kind": "PodSecurityConfiguration",
            "defaults": {"enforce": "baseline", "enforce-version": "latest"},
            "exemptions": {"namespaces": ["kube-system"]},
        }
        plugins = [{"name": "PodSecurity", "configuration": security}]
        admission = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration", "plugins": plugins}
        (self.directory / "admission.json").write_text(json.dumps(admission))

    def _spawn(self, *arguments: str) -> None:
        name = arguments[0]
        with (self.directory / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(self.binary), *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "HOME": str(self.directory)},
            )

    def _wait(self) -> None:
        end = time.monotonic() + _READY_WITHIN
        while True:
            with contextlib.suppress(OSError):
                if self.call("GET", "/readyz")[0] == 200 and self.call("GET", "/api/v1/namespaces/kube-system")[0] == 200:
                    return
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended with {process.returncode}: {self._log(name)}")
            if time.monotonic() > end:
                raise TimeoutError(self._log("kube-apiserver"))
            time.sleep(0.1)

    def _log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text(errors="replace")[-2000:]


class Kubelet:
    """Runs pods of one node: their containers' argument lists by a function of the test's, and serves what they printed.

    Args:
        plane: the control plane.
        name: of the node.
        boot_id: what the node says of its boot.
        runner: runs one argument list; gives exit code and output.
        waiting: instead of running anything, containers wait with this reason.
        pressure: the node's condition of this name is true, upon which a kubelet takes critical pods only.
        tells_pressure: whether the node's status says so yet.
        digest: of every image.
    """

    def __init__(
        self,
        plane: ControlPlane,
        name: str,
        boot_id: str,
        runner: Runner,
        *,
        waiting: str = "",
        pressure: str = "",
        tells_pressure: bool = True,
        digest: str = f"sha256:{'cd' * 32}",
    ) -> None:
        self.plane, self.name, self.boot_id, self.runner, self.waiting, self.digest = plane, name, boot_id, runner, waiting, digest
        self.pressure, self.tells_pressure = pressure, tells_pressure
        self.output: dict[tuple[str, str], bytes] = {}
        self.pods: list[dict[str, Any]] = []
        self._stop = threading.Event()
        self._seen: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._server = self._log_server()

    def __enter__(self) -> Self:
        self.plane.make("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name}})
        info = {
            **dict.fromkeys(("machineID", "systemUUID", "kernelVersion", "osImage", "kubeletVersion", "kubeProxyVersion"), "x"),
            "bootID": self.boot_id,
            "containerRuntimeVersion": "containerd://1.7.18",
            "operatingSystem": "linux",
            "architecture": "amd64",
        }
        status = {
            "nodeInfo": info,
            "addresses": [{"type": "InternalIP", "address": _ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_port}},
            "conditions": [{"type": self.pressure, "status": "True"}] if self.pressure and self.tells_pressure else [],
        }
        self.plane.merge(f"/api/v1/nodes/{self.name}/status", {"status": status})
        for work in (self._server.serve_forever, self._run):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join(20)
        self._server.server_close()
        self.plane.call("DELETE", f"/api/v1/nodes/{self.name}")

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            selector = urllib.parse.quote(f"spec.nodeName={self.name}")
            status, found = self.plane.call("GET", f"/api/v1/pods?fieldSelector={selector}")
            for pod in found.get("items", []) if status == 200 else []:
                self._sync(pod)

    def _sync(self, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if metadata.get("deletionTimestamp"):
            self.plane.call(
                "DELETE", f"{path}?gracePeriodSeconds=0", {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
            )
            return
        if metadata["uid"] in self._seen:
            return
        self._seen.add(metadata["uid"])
        self.pods.append(pod)
        if self.pressure and pod["spec"]["priority"] < _CRITICAL:
            message = f"The node had condition: [{self.pressure}]. "
            refused = {"status": {"phase": "Failed", "reason": "Evicted", "message": message}}
            self.plane.call("PATCH", f"{path}/status", refused, kind="application/merge-patch+json")
            return
        statuses = [self._container(metadata["name"], container) for container in pod["spec"]["containers"]]
        codes = [each["state"].get("terminated", {}).get("exitCode") for each in statuses]
        phase = "Pending" if None in codes else "Succeeded" if not any(codes) else "Failed"
        self.plane.call(
            "PATCH",
            f"{path}/status",
            {
                "status": {
                    "phase": phase,
                    "containerStatuses": statuses,
                    "conditions": [{"type": "PodReadyToStartContainers", "status": "False"}],
                }
            },
            kind="application/merge-patch+json",
        )

    def _container(self, pod: str, container: Mapping[str, Any]) -> dict[str, Any]:
        status = {"name": container["name"], "image": container["image"], "ready": False, "restartCount": 0}
        if self.waiting:
            return {**status, "imageID": "", "state": {"waiting": {"reason": self.waiting, "message": "as the test has it"}}}
        code, output = self.runner(container["command"])
        self.output[pod, container["name"]] = output
        now = "2026-01-02T03:04:05Z"
        ended = {"exitCode": code, "startedAt": now, "finishedAt": now, "reason": "Completed" if code == 0 else "Error"}
        return {
            **status,
            "imageID": f"{container['image']}@{self.digest}",
            "containerID": "containerd://x",
            "state": {"terminated": ended},
        }

    def _log_server(self) -> http.server.ThreadingHTTPServer:
        kubelet = self

        class Logs(http.server.BaseHTTPRequestHandler):
            """``/containerLogs/NAMESPACE/POD/CONTAINER``, which is how the API server asks a kubelet."""

            def do_GET(self) -> None:
                _, pod, container = urllib.parse.urlsplit(self.path).path.removeprefix("/containerLogs/").split("/")
                data = kubelet.output.get((pod, container), b"")
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = http.server.ThreadingHTTPServer((_ADDRESS, 0), Logs)
        identity = self.plane.authority.server([_ADDRESS], name=self.name)
        server.socket = _context(identity, self.plane.directory).wrap_socket(server.socket, server_side=True)
        return server


def find_programs() -> Iterator[str]:
    """Yield what a test here needs of the machine and does not find."""
    if program() is None:
        yield f"no Kubernetes control plane: python tools/servers.py build kubernetes, or {VARIABLE}"
    if shutil.which("setpriv") is None:
        yield "no setpriv (util-linux), by which the servers die with the test"


def free_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((_ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def _context(identity: Identity, directory: Path) -> ssl.SSLContext:
    certificate, key = directory / "kubelet.crt", directory / "kubelet.key"
    certificate.write_bytes(identity.certificate)
    key.write_bytes(identity.openssl_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
