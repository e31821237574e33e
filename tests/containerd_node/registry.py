"""A registry on loopback, as far as a pull goes: ``python registry.py ARCHIVE REPOSITORY TAG PORT`` serves an OCI archive's first image.

Written for a process of its own, in a node's network: it says ``ready`` and goes on until it is ended.
"""

from __future__ import annotations

import json
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def answers(archive: str, repository: str, tag: str) -> dict[str, tuple[str, bytes]]:
    """Media type and content, by path."""
    with tarfile.open(archive) as opened:
        blobs = {}
        for member in opened.getmembers():
            held = opened.extractfile(member)
            if held is not None:
                blobs[member.name] = held.read()
    (first, *_) = json.loads(blobs.pop("index.json"))["manifests"]
    digests = {f"sha256:{name.rpartition('/')[2]}": data for name, data in blobs.items() if name.startswith("blobs/")}
    found = {f"/v2/{repository}/blobs/{digest}": ("application/octet-stream", data) for digest, data in digests.items()}
    manifest = (MANIFEST, digests[first["digest"]])
    return {
        **found,
        "/v2/": ("application/json", b"{}"),
        **{f"/v2/{repository}/manifests/{name}": manifest for name in (tag, first["digest"])},
    }


def serve(archive: str, repository: str, tag: str, port: str) -> None:
    """Serve until the process ends."""
    known = answers(archive, repository, tag)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, *, body: bool) -> None:
            kind, data = known.get(self.path, ("", b""))
            self.send_response(200 if kind else 404)
            self.send_header("Content-Length", str(len(data)))
            if kind:
                self.send_header("Content-Type", kind)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", int(port)), Handler) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    serve(*sys.argv[1:])
