"""Fill the tutorial of the CNI cache with what the commands print about a real containerd, or check that it holds it.

The node is a real containerd in namespaces, with the pods, the damage and the log that the tutorial tells of; a real Kubernetes API server
makes the job, and its pod runs on that node. So it takes root, Debian's containerd, runc and CNI plugins, and the control plane that
``tools/servers.py build kubernetes`` makes; and nine minutes, because nothing in it is hurried.

``--check`` compares the commands on the page with the command line of today, which takes nothing; ``--check --real`` all of it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from tutorial import PASSING, differences, filled

if TYPE_CHECKING:
    from containerd_node.kubelet import Kubelet

COMMAND = re.compile(r"(?:^\$ |`)talospatch ([a-z][a-z -]*)([^`\n]*)", re.MULTILINE)
TICK = 60.0  # seconds between two turns of kubelet's garbage collection
TURNS = 6  # of these before anybody looks, so that the log tells how often it happens
POWER_CUT = 2400.0  # seconds ago
STANDING_IN = (
    *PASSING,
    (re.compile(r"\b[0-9a-f]{64}\b"), "SANDBOX"),
    (re.compile(r"\b[0-9a-f]{12,13}\b"), "SAND"),
    (re.compile(r"sha256:\S+"), "DIGEST"),
    (re.compile(r"@\d+\.9{9}"), "@SECOND"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"10\.244\.7\.\d+"), "10.244.7.N"),
    (re.compile(r"about \d+ log lines"), "about N log lines"),
    (re.compile(r"/var has .+ free now"), "/var has room"),
    (re.compile(r"\n +"), " "),  # where a line breaks depends on the rest
    (re.compile(r" +"), " "),
)


@contextmanager
def evening() -> Iterator[dict[str, str]]:
    """Yield the environment in which a command finds the cluster: after a power cut, two sandboxes of its worker do not stop."""
    from containerd_node.containerds import find
    from containerd_node.job_pods import JobPods, digest_of
    from containerd_node.kubelet import Kubelet
    from containerd_node.node import ContainerdNode
    from containerd_node.pod_image import TOOLS, write_image
    from containerd_node.story import WORKER, damage
    from control_plane import ControlPlane, program

    affected, binary = find("distribution"), program()
    if isinstance(affected, str) or binary is None:
        sys.exit(affected if isinstance(affected, str) else "no Kubernetes control plane: python tools/servers.py build kubernetes")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_image(directory / "image.tar")
        node = stack.enter_context(ContainerdNode(affected, directory / "image.tar"))
        pods = [node.run_pod(name) for name in ("web-1", "web-2", "cart-1", "search-1")]
        for sandbox in pods:
            file = node.cache_file(sandbox)
            damage(file, b"" if sandbox in pods[1:3] else file.read_bytes(), age=POWER_CUT)
        node.cut_power()
        node.boot()
        for name in ("web-1", "web-2", "cart-1", "search-1"):
            node.run_pod(name)
        kubelet = Kubelet(node)
        stack.enter_context(turns(kubelet))
        plane = stack.enter_context(ControlPlane(binary, directory / "plane"))
        talosconfig = stack.enter_context(shown(kubelet, affected.talos, directory))
        boot_id = asyncio.run(boot_id_of(talosconfig, WORKER))
        stack.enter_context(JobPods(plane, "worker-1", boot_id, kubelet, digest_of(directory / "image.tar", TOOLS)))
        time.sleep(TURNS * TICK)
        yield os.environ | {
            "TALOSCONFIG": str(talosconfig),
            "KUBECONFIG": str(plane.kubeconfig("admin")),
            "TALOSPATCH_JOURNAL_DIR": str(directory / "journal"),
            "TALOSPATCH_JOURNAL_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "COLUMNS": "100",
        }


@contextmanager
def turns(kubelet: Kubelet) -> Iterator[None]:
    """Let kubelet have its turn once a minute."""
    over = threading.Event()

    def work() -> None:
        while True:
            kubelet.collect()
            if over.wait(TICK):
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def shown(kubelet: Kubelet, talos: str, directory: Path) -> Iterator[Path]:
    """Serve the node behind Talos's API, and yield a talosconfig."""
    from containerd_node.backed_cluster import served
    from containerd_node.story import face

    files: list[Path] = []
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        real = {"worker-1": (kubelet.node, kubelet)}
        async with served(face(talos), real, directory) as made:
            files.append(made["admin"])
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        if not ready.wait(30):
            sys.exit("the cluster could not be served")
        yield files[0]
    finally:
        over.set()
        thread.join()


async def boot_id_of(talosconfig: Path, address: str) -> str:
    """Return what the node says of its boot."""
    from talospatch import AsyncCluster

    async with AsyncCluster.from_talosconfig(talosconfig) as cluster:
        return await cluster.client.boot_id(address)


def stale(page: str) -> list[str]:
    """Return what the command line of today says against commands on the page."""
    problems = []
    for match in COMMAND.finditer(page):
        words = [word for word in f"{match[1]}{match[2]}".split() if not word.startswith("#")]
        asked = subprocess.run([sys.executable, "-m", "talospatch", *words, "--help"], capture_output=True, text=True, check=False)
        if asked.returncode:
            problems.append(f"talospatch {' '.join(words)}: {asked.stderr.strip().splitlines()[-1]}")
    return problems


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a command on the page is not one of today")
    parser.add_argument("--real", action="store_true", help="with --check: fail if the page is not what the commands print")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    if options.check and (problems := stale(page)):
        sys.exit("\n".join(problems))
    if options.check and not options.real:
        return
    with evening() as environment:
        now = filled(page, environment, with_progress=True)
    if not options.check:
        options.page.write_text(now, encoding="utf-8")
    elif difference := differences(options.page, page, now, STANDING_IN):
        sys.exit("\n".join(difference))


if __name__ == "__main__":
    main()
