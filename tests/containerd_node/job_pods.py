"""Pods of a real Kubernetes API server on a real node: the control plane's stand-in of a kubelet, with containers that run for real."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control_plane import ControlPlane
from control_plane import Kubelet as Binding

if TYPE_CHECKING:
    from containerd_node.kubelet import Kubelet


class JobPods(Binding):
    """A node in Kubernetes whose pods run on a real one. Each container runs in a pod of its own that is otherwise what Kubernetes has.

    Args:
        plane: the control plane.
        name: of the node.
        boot_id: what the node says of its boot.
        kubelet: of the real node.
        digest: of the image there, which stands in for the one that a pod names.
    """

    def __init__(self, plane: ControlPlane, name: str, boot_id: str, kubelet: Kubelet, digest: str) -> None:
        super().__init__(plane, name, boot_id, self._run_for_real, digest=digest)
        self._kubelet = kubelet

    def _run_for_real(self, arguments: list[str]) -> tuple[int, bytes]:
        spec: dict[str, Any] = self.pods[-1]["spec"]
        (container,) = (each for each in spec["containers"] if each["command"] == arguments)
        done = self._kubelet.run_to_end({**spec, "containers": [container]})
        return done.exit_code, done.output.encode()


def digest_of(archive: Path, image: str) -> str:
    """Return the digest of an image in an OCI layout, as ``sha256:…``."""
    with tarfile.open(archive) as opened:
        index = opened.extractfile("index.json")
        assert index is not None
        manifests = json.load(index)["manifests"]
    (digest,) = (each["digest"] for each in manifests if each["annotations"]["io.containerd.image.name"] == image)
    return str(digest)
