"""A small Kubernetes API on loopback: nodes, and pods by selector and in pages. For what a real one, of today, never says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


def pod(name: str, node: str, address: str = "", *, started: float | None = None, **more: Any) -> dict[str, Any]:
    """A pod as the API has it; ``more`` is its namespace, uid and labels, and what is merged into its spec and status."""
    status: dict[str, Any] = {"phase": "Running", **more.pop("status", {})}
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    if started is not None:
        status["startTime"] = when(started)
    metadata = {
        "name": name,
        "namespace": more.pop("namespace", "shop"),
        "uid": more.pop("uid", f"uid-of-{name}"),
        "labels": more.pop("labels", {}),
    }
    return {"metadata": metadata, "spec": {"containers": [], "nodeName": node, **more.pop("spec", {})}, "status": status}


def finished(ended: float, phase: str = "Succeeded") -> dict[str, Any]:
    """The status of a pod whose container ended."""
    state = {"terminated": {"exitCode": 0, "finishedAt": when(ended)}}
    container = {"name": "app", "image": "x", "imageID": "x", "ready": False, "restartCount": 0, "state": state}
    return {"phase": phase, "containerStatuses": [container]}


def when(moment: float) -> str:
    """A time as the API writes it."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def forbidden(path: str) -> Answer:
    """What a user without rights gets."""
    message = f'pods is forbidden: User "alice" cannot list resource "pods" at {path}'
    return 403, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": message}


@dataclass
class Api:
    """What it has, and what it was asked.

    Attributes:
        boot_ids: of nodes, by name.
        pods: of all nodes, in the order of the list.
        refused: beginnings of paths that are forbidden.
        instead: answers in place of its own.
        deaf: whether it ignores field selectors.
    """

    boot_ids: dict[str, str] = field(default_factory=dict)
    pods: list[dict[str, Any]] = field(default_factory=list)
    refused: tuple[str, ...] = ()
    instead: Callable[[str], Answer] | None = None
    deaf: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        self.asked.append(path)
        if self.instead is not None:
            return self.instead(path)
        if path.startswith(self.refused) and self.refused:
            return forbidden(path)
        if path == "/api/v1/pods":
            return 200, self._page(query)
        if path.startswith("/api/v1/namespaces/") and path.endswith("/pods"):
            return 200, self._labelled(path.split("/")[4], query.get("labelSelector", ""))
        name = path.removeprefix("/api/v1/nodes/")
        if name not in self.boot_ids:
            return 404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "message": f'nodes "{name}" not found'}
        keys = ("machineID", "systemUUID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion")
        info = {**dict.fromkeys((*keys, "operatingSystem", "architecture"), "x"), "bootID": self.boot_ids[name]}
        return 200, {"metadata": {"name": name}, "status": {"nodeInfo": info}}

    def _labelled(self, namespace: str, selector: str) -> Any:
        wanted = {tuple(term.split("=")) for term in selector.split(",")}
        meant = [each for each in self.pods if wanted <= set(each["metadata"].get("labels", {}).items())]
        items = [each for each in meant if each["metadata"]["namespace"] == namespace]
        return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}

    def _page(self, query: dict[str, str]) -> Any:
        node = query.get("fieldSelector", "").removeprefix("spec.nodeName=")
        meant = [each for each in self.pods if self.deaf or each["spec"]["nodeName"] == node]
        first, most = int(query.get("continue", 0)), int(query.get("limit", len(meant) or 1))
        more = {"continue": str(first + most)} if first + most < len(meant) else {}
        return {"kind": "PodList", "apiVersion": "v1", "metadata": more, "items": meant[first : first + most]}


@contextmanager
def serving(api: Api, directory: Path) -> Iterator[Path]:
    """Serve, and have a kubeconfig for it, for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        """GET alone: nothing here may be changed."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = api.answer(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield kubeconfig(f"http://127.0.0.1:{server.server_port}", directory)
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def kubeconfig(url: str, directory: Path) -> Path:
    """Write a kubeconfig, and return where."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "users": [{"name": "alice", "user": {"token": "alice-token"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "alice"}}],
    }
    path = directory / "kubeconfig"
    path.write_text(json.dumps(content))
    return path
