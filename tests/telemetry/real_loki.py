"""A real Loki for the length of a block, where one was built."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CONFIG = Path(__file__).parent / "loki.yaml"
VARIABLE = "TALOSPATCH_LOKI"
_PATIENCE = 60.0  # seconds until it must be ready; half a second where nothing else runs


def program() -> Path | None:
    """Return the program: what the environment names, else what tools/servers.py has built; None for none."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    tool = ROOT / "tools" / "servers.py"
    if not tool.exists():
        return None
    found = subprocess.run([sys.executable, str(tool), "where", "loki"], capture_output=True, text=True, check=False)
    return Path(found.stdout.strip()) / "loki" if found.returncode == 0 else None


@contextlib.contextmanager
def running(loki: Path, *, auth: bool = False) -> Iterator[str]:
    """Run one on free ports of loopback; yield its address. Nothing of it stays."""
    base = Path(tempfile.mkdtemp(prefix="talospatch-loki-"))
    port, grpc_port = free_ports(2)
    environment = {**os.environ, "BASE": str(base), "PORT": str(port), "GRPC_PORT": str(grpc_port), "AUTH": str(auth).lower()}
    try:
        with (base / "log").open("wb") as log:
            child = subprocess.Popen([loki, f"-config.file={CONFIG}", "-config.expand-env=true"], env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until_ready(url, child, base / "log")
            yield url
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def until_ready(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it answers questions."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{url}/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            pass
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Loki did not become ready: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def push(url: str, labels: Mapping[str, str], lines: Sequence[tuple[int, str]], *, tenant: str = "") -> None:
    """Send lines with their nanoseconds, as a log shipper does."""
    body = {"streams": [{"stream": dict(labels), "values": [[str(at), line] for at, line in lines]}]}
    headers = {"Content-Type": "application/json", **({"X-Scope-OrgID": tenant} if tenant else {})}
    request = urllib.request.Request(f"{url}/loki/api/v1/push", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 204
