"""A node: a machine with containerd on it, laid out as Talos lays out its nodes, and this process in kubelet's place."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import psutil

from containerd_node.containerds import PLUGINS
from containerd_node.cri_client import CriClient, CriError
from containerd_node.machine import LIMIT, PATH, Machine, until
from containerd_node.pod_image import PAUSE, TOOLS

if TYPE_CHECKING:
    from containerd_node.containerds import Containerd

# As on a Talos node.
RESULTS = "var/lib/cni/results"
LEASES = "var/lib/cni/networks/cbr0"
CONFLIST = "etc/cni/net.d/10-flannel.conflist"
SANDBOXES = "var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes"
TASKS = "run/containerd/io.containerd.runtime.v2.task/k8s.io"
SOCKET = "run/containerd/containerd.sock"
LOG = "var/log/containerd.log"
METRICS = "127.0.0.1:11234"
FLANNEL = Path(__file__).with_name("flannel.sh")
_IMAGE = "var/image.tar"
_uids = itertools.count(1)

# Read by every containerd from 1.6 to 2.3. restrict_oom_score_adj: without CAP_SYS_RESOURCE, which root in a container may lack, runc
# cannot give a pod the score that it is to have, and fails.
_CONFIG = f"""version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.nri.v1.nri",
]
[debug]
  format = "json"
[metrics]
  address = "{METRICS}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def conflist(cni_version: str) -> dict[str, Any]:
    """Talos's own CNI configuration, with any cniVersion."""
    return {
        "name": "cbr0",
        "cniVersion": cni_version,
        "plugins": [
            {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


# What ctr copies from a container to its own output is cut off when the container ends before ctr came to read it; a file has all of it.
_WRITING_RUNC = "etc/cri/writing-runc"
_WRITING_RUNC_SCRIPT = """\
#!/bin/sh
for identifier; do :; done
case " $* " in *" create "*) exec runc "$@" >"/run/$identifier.log" 2>&1 ;; esac
exec runc "$@"
"""


class DebugRun(NamedTuple):
    """What became of a debug container.

    Attributes:
        output: what it wrote, standard error and standard output together.
        exit_code: its exit code.
        error: why it was not started; else empty.
    """

    output: str
    exit_code: int
    error: str = ""


class ContainerdNode:
    """A node with a running containerd; a context manager.

    Args:
        containerd: which one.
        image: what :func:`containerd_node.pod_image.write_image` wrote.
        cni_version: of the node's CNI configuration.

    Attributes:
        machine: what it runs on.
        image: the same as the argument.
        booted_at: when it booted, seconds since 1970.
    """

    def __init__(self, containerd: Containerd, image: Path, *, cni_version: str = "1.0.0") -> None:
        self.containerd = containerd
        self.cni_version = cni_version
        self.machine = Machine()
        self.booted_at = 0.0
        self.image = image
        self._cri: CriClient | None = None
        self._service: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.machine.__enter__()
        try:
            self._lay_out(self.machine.disk)
            self.boot()
            for namespace in ("k8s.io", "system"):
                self.machine.run_in_node(["ctr", "-n", namespace, "images", "import", f"/{_IMAGE}"])
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _lay_out(self, disk: Path) -> None:
        files = {
            CONFLIST: json.dumps(conflist(self.cni_version)),
            "etc/cri/containerd.toml": _CONFIG,
            _WRITING_RUNC: _WRITING_RUNC_SCRIPT,
            "etc/hosts": "127.0.0.1 localhost\n",
            "etc/resolv.conf": "nameserver 127.0.0.1\n",
        }
        for path, content in files.items():
            (disk / path).parent.mkdir(parents=True, exist_ok=True)
            (disk / path).write_text(content)
        (disk / _WRITING_RUNC).chmod(0o755)
        plugins = disk / "opt/cni/bin"
        for plugin in PLUGINS.iterdir():
            (plugins / plugin.name).symlink_to(plugin)
        (plugins / "flannel").unlink(missing_ok=True)  # a link would be followed, out of here
        (plugins / "flannel").write_bytes(FLANNEL.read_bytes())
        (plugins / "flannel").chmod(0o755)
        (disk / _IMAGE).write_bytes(self.image.read_bytes())

    # From boot to boot

    def boot(self) -> None:
        """Switch the machine on and bring containerd up."""
        self.booted_at = time.time()
        self.machine.boot(self.containerd.programs)
        self.start_containerd()

    def start_containerd(self) -> None:
        """Start containerd, and wait until it answers and has its network's configuration."""
        script = f"umask 022; exec containerd --config /etc/cri/containerd.toml >>/{LOG} 2>&1"
        self._service = subprocess.Popen(
            self.machine.command(["sh", "-c", script]), stdin=subprocess.DEVNULL, cwd="/", env={"PATH": PATH}, start_new_session=True
        )
        until(self._is_well, "containerd to be ready")

    @property
    def cri(self) -> CriClient:
        """Calls to the running containerd."""
        if self._cri is None:
            self._cri = CriClient(str(self.machine.root / SOCKET), self.machine.cgroup)
        return self._cri

    def _hang_up(self) -> None:
        if self._cri is not None:
            self._cri.close()
            self._cri = None

    def _is_well(self) -> bool:
        if not self.is_running:
            raise AssertionError(f"containerd ended: {self.log()[-2000:]}")
        if not (self.machine.root / SOCKET).exists():
            return False
        try:
            return not self.cri.not_ready(deadline=5)
        except CriError:
            # The socket of its last life, or one that nobody serves yet: gRPC would wait longer and longer between its tries.
            self._hang_up()
            return False

    def stop_containerd(self, number: int = signal.SIGTERM) -> None:
        """Stop containerd and leave the pods running, as a restart of its service does."""
        assert self._service is not None
        self._hang_up()
        for process in psutil.Process(self._service.pid).children():
            process.send_signal(number)
        self._service.wait(LIMIT)
        self._service = None

    @property
    def is_running(self) -> bool:
        """Whether containerd runs."""
        return self._service is not None and self._service.poll() is None

    def cut_power(self) -> None:
        """Switch the machine off without warning."""
        self._hang_up()
        self.machine.cut_power()
        self._bury()

    def close(self) -> None:
        """End everything. Safe to call twice."""
        self._hang_up()
        self.machine.close()
        self._bury()

    def _bury(self) -> None:
        if self._service is not None:
            self._service.wait(LIMIT)
            self._service = None

    def set_cni_version(self, version: str) -> None:
        """Change the node's CNI configuration, as an update of the network's manifests does, and wait until containerd has read it."""
        self.cni_version = version
        path = self.machine.root / CONFLIST
        fresh = path.with_name("written-anew")
        fresh.write_text(json.dumps(conflist(version)))
        fresh.rename(path)
        until(lambda: self.cri.cni_version() == version, "containerd to read its new CNI configuration")

    # Pods

    def run_pod(self, name: str = "web", *, host_network: bool = False) -> str:
        """Make a pod, with a UID of its own, and return its sandbox's ID."""
        uid = f"00000000-0000-4000-8000-{next(_uids):012d}"
        return self.cri.run_pod(self.cri.pod_config(name, uid, host_network=host_network))

    def cache_file(self, sandbox: str) -> Path:
        """The file in which libcni keeps the result of the pod's network."""
        return self.machine.root / RESULTS / f"cbr0-{sandbox}-eth0"

    def leases(self) -> dict[str, str]:
        """Sandbox by address, of every address that is taken."""
        directory = self.machine.root / LEASES
        files = [path for path in directory.iterdir() if path.name[0].isdigit()] if directory.exists() else []
        return {path.name: path.read_text().split()[0] for path in files}

    def stop_error(self, sandbox: str) -> str | None:
        """Stop a sandbox as kubelet does; return what went wrong, or None."""
        try:
            self.cri.stop_pod(sandbox)
        except CriError as error:
            return str(error)
        return None

    def clear(self) -> None:
        """Remove every pod, whatever state its files are in."""
        for pod in self.cri.pods():
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                self.cache_file(pod.id).unlink()
            self.cri.stop_pod(pod.id)
            self.cri.remove_pod(pod.id)

    def log(self) -> str:
        """What containerd has logged since the machine was made."""
        path = self.machine.disk / LOG
        return path.read_text(errors="surrogateescape") if path.exists() else ""

    def forget_log(self) -> None:
        """Empty the log, as Talos's rings are emptied by time and by each boot."""
        os.truncate(self.machine.disk / LOG, 0)

    # What a person would run

    def run_in_node(self, argv: Sequence[str | Path], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the node's namespaces. See :meth:`Machine.run_in_node`."""
        return self.machine.run_in_node(argv, check=check)

    def ctr(self, namespace: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run containerd's own client in one of its namespaces."""
        return self.run_in_node(["ctr", "-n", namespace, *argv], check=check)

    def run_debug_container(self, argv: Sequence[str], image: str = TOOLS, namespace: str = "system") -> DebugRun:
        """Run a command as Talos's DebugService does: a privileged container in the node's network, the node's files below ``/host``."""
        identifier = f"debug-{next(_uids)}"
        options = ["--rm", "--privileged", "--net-host", "--mount", "type=bind,src=/,dst=/host,options=rbind:rw"]
        output = self.machine.root / "run" / f"{identifier}.log"
        done = self.ctr(namespace, "run", *options, "--runc-binary", f"/{_WRITING_RUNC}", image, identifier, *argv, check=False)
        said = [line.removeprefix("ctr: ").strip() for line in done.stderr.splitlines() if line.startswith("ctr: ")]
        written = output.read_text(errors="surrogateescape") if output.exists() else ""
        output.unlink(missing_ok=True)
        return DebugRun("" if said else written, done.returncode, said[0].removesuffix(": unknown") if said else "")
