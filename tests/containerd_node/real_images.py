"""The image service of a real node: what Talos's does with containerd's client, done with ``ctr``.

A Talos node has two containerds, each with a namespace ``system``; here there is one, whose namespace ``system`` stands for both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty

from talospatch.simulator.exchange import Exchange, answer, failure
from talospatch.simulator.images import Image, store_of
from talospatch.wire.proto import image_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from containerd_node.node import ContainerdNode

NAMESPACES = {"inmem": "system", "system": "system", "cri": "k8s.io"}
_ARCHIVE = "var/sent.tar"
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_IMPORTED = re.compile(r"^(?:unpacking )?(\S+:\S+) ", re.MULTILINE)


def namespace_of(instance: Any) -> str:
    """containerd's namespace of the store that a request names; it must be one."""
    store = store_of(instance)
    assert isinstance(store, str), store
    return NAMESPACES[store]


def images(real: ContainerdNode) -> dict[str, dict[str, Image]]:
    """The images of each store, by name."""
    listed = {namespace: _listed(real, namespace) for namespace in set(NAMESPACES.values())}
    return {store: dict(listed[namespace]) for store, namespace in NAMESPACES.items()}


def _listed(real: ContainerdNode, namespace: str) -> dict[str, Image]:
    found = {}
    for line in real.ctr(namespace, "images", "ls").stdout.splitlines()[1:]:
        name, _, digest, size, unit, *_ = line.split()
        found[name] = Image(digest, int(float(size) * _UNITS[unit]), real.booted_at)
    return found


def import_image(real: ContainerdNode, requests: Sequence[image_pb2.ImageServiceImportRequest]) -> Exchange:
    """Answer ImageService/Import: containerd unpacks the archive, and the first image in it gives the answer its name."""
    namespace = namespace_of(requests[0].containerd)
    path = real.machine.root / _ARCHIVE
    path.write_bytes(b"".join(part.image_chunk.bytes for part in requests[1:]))
    try:
        done = real.ctr(namespace, "images", "import", f"/{_ARCHIVE}", check=False)
    finally:
        path.unlink()
    if done.returncode:
        return failure("INTERNAL", f"failed to import image: {_said(done.stderr)}")
    match = _IMPORTED.search(done.stdout)
    if match is None:
        return failure("INVALID_ARGUMENT", "no images imported from archive")
    return answer(image_pb2.ImageServiceImportResponse(name=match[1]))


def pull(real: ContainerdNode, request: image_pb2.ImageServicePullRequest) -> Exchange:
    """Answer ImageService/Pull: the image gets three names, and the one with the digest is answered (manageAliases in Talos's images).

    Not as there: a registry that refuses is not tried again.
    """
    namespace, reference = namespace_of(request.containerd), request.image_ref
    done = real.ctr(namespace, "images", "pull", "--plain-http", reference, check=False)
    if done.returncode:
        return failure("UNKNOWN", f'failed to pull image "{reference}": {_said(done.stderr)}')
    digest = _listed(real, namespace)[reference].digest
    pinned = f"{reference.rpartition(':')[0]}@{digest}"
    real.ctr(namespace, "images", "tag", "--force", reference, digest, pinned)
    return answer(image_pb2.ImageServicePullResponse(name=pinned))


def remove(real: ContainerdNode, request: image_pb2.ImageServiceRemoveRequest) -> Exchange:
    """Answer ImageService/Remove."""
    namespace, reference = namespace_of(request.containerd), request.image_ref
    if reference not in _listed(real, namespace):
        return failure("NOT_FOUND", f"image {reference} not found")
    real.ctr(namespace, "images", "rm", "--sync", reference)
    return answer(Empty())


def _said(errors: str) -> str:
    return errors.strip().rpartition("ctr: ")[2]
