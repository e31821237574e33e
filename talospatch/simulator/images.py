"""ImageService and DebugService of a node (since 1.13): image stores, and one-off containers that see the node's files below ``/host``."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talospatch.simulator import host_shell
from talospatch.simulator.containers import CRI_SOCKET, SOCKETS, away
from talospatch.simulator.exchange import Exchange, answer, failure
from talospatch.wire.proto import common_pb2, debug_pb2, image_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talospatch.simulator.node import SimulatedNode

REGISTRY = "registry"  # a store that no node has: what can be pulled
_PIECE = 512  # bytes of output in one message
_MANAGED = {"io.cri-containerd.image": "managed"}
_SPEC = debug_pb2.DebugContainerRunRequestSpec


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a store.

    Attributes:
        config: digest of its configuration, by which CRI knows it as well; made from the digest when empty.
    """

    digest: str
    size: int
    created: float
    config: str = ""


def store_of(instance: Any) -> str | Exchange:
    """Name of a store, as talosctl calls them, or a refusal."""
    if instance.namespace == common_pb2.NS_UNKNOWN:
        return failure("INVALID_ARGUMENT", "invalid containerd namespace NS_UNKNOWN")
    if instance.driver == common_pb2.CONTAINERD:
        if instance.namespace == common_pb2.NS_CRI:
            return failure("INVALID_ARGUMENT", "cannot use CRI namespace with containerd driver")
        return "inmem"
    return "cri" if instance.namespace == common_pb2.NS_CRI else "system"


def _socket(store: str) -> str:
    return SOCKETS["system"] if store == "inmem" else CRI_SOCKET


def _store(node: SimulatedNode, name: str) -> dict[str, Image]:
    if name not in node.images:
        node.images[name] = {
            spec.name: Image(spec.digest or _digest(spec.name.encode()), spec.size, node.booted_at)
            for spec in node.spec.images
            if spec.store == name
        }
    return node.images[name]


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _opened(node: SimulatedNode, instance: Any, now: float) -> tuple[str, dict[str, Image]] | Exchange:
    store = store_of(instance)
    if isinstance(store, Exchange):
        return store
    refused = away(node, _socket(store), now)
    return (store, _store(node, store)) if refused is None else refused


def list_images(node: SimulatedNode, request: image_pb2.ImageServiceListRequest, now: float) -> Exchange:
    """Answer ImageService/List."""
    opened = _opened(node, request.containerd, now)
    if isinstance(opened, Exchange):
        return opened
    store, images = opened
    found: list[Any] = []
    for name, image in sorted(images.items()):
        names = [name, image.config or _digest(image.digest.encode())] if store == "cri" else [name]
        for shown in names:
            entry = image_pb2.ImageServiceListResponse(
                name=shown, digest=image.digest, size=image.size, labels=_MANAGED if store == "cri" else {}
            )
            entry.created_at.FromMicroseconds(round(node.clock(image.created) * 1e6))
            found.append(entry)
    return Exchange(found)


def pull(node: SimulatedNode, request: image_pb2.ImageServicePullRequest, now: float) -> Exchange:
    """Answer ImageService/Pull: what a store or the registry has can be had; it gets every name that Talos gives it (manageAliases)."""
    opened = _opened(node, request.containerd, now)
    if isinstance(opened, Exchange):
        return opened
    reference = request.image_ref
    if " " in reference or not reference:
        return failure("UNKNOWN", f'failed to parse image reference "{reference}": invalid reference format')
    images = opened[1]
    image = images.get(reference) or _store(node, REGISTRY).get(reference)
    if image is not None:
        pinned = f"{_repository(reference)}@{image.digest}"
        for name in (image.digest, pinned, *(() if "@" in reference else (reference,))):
            images.setdefault(name, image)
        return answer(image_pb2.ImageServicePullResponse(name=pinned))
    host, _, rest = reference.partition("/")
    name, _, tag = rest.rpartition(":")
    text = (
        f'failed to pull image "{reference}": failed to resolve reference "{reference}": failed to do request: '
        f'Head "https://{host}/v2/{name}/manifests/{tag}": dial tcp {host}: connect: connection refused'
    )
    # 1.13 tries for twenty minutes before it says so.
    return Exchange([], "UNKNOWN", text, answers_at=0.0 if node.profile.pull_fails_at_once else now + 20 * 60)


def _repository(reference: str) -> str:
    """A reference without tag and digest."""
    bare = reference.partition("@")[0]
    name, colon, tag = bare.rpartition(":")
    return name if colon and "/" not in tag else bare


def import_image(node: SimulatedNode, requests: Sequence[image_pb2.ImageServiceImportRequest], now: float) -> Exchange:
    """Answer ImageService/Import."""
    if not requests or requests[0].WhichOneof("request") != "containerd":
        return failure("INVALID_ARGUMENT", "containerd instance is required")
    opened = _opened(node, requests[0].containerd, now)
    if isinstance(opened, Exchange):
        refused = opened.code == "UNKNOWN" and node.spec.containerd
        return failure("INTERNAL", f"failed to import image: {opened.details}") if refused else opened
    if any(part.WhichOneof("request") != "image_chunk" for part in requests[1:]):
        return failure("INTERNAL", "failed to import image: no image chunk")
    data = b"".join(part.image_chunk.bytes for part in requests[1:])
    if not data:
        return failure("INTERNAL", "failed to import image: unrecognized image format")
    try:
        found = _described(data, now)
    except (tarfile.TarError, EOFError):
        return failure("INTERNAL", "failed to import image: unexpected EOF")
    if found is None:
        return failure("INTERNAL", "failed to import image: unrecognized image format")
    name, image = found
    if not name:
        return failure("INVALID_ARGUMENT", "no images imported from archive")
    opened[1][name] = image
    return answer(image_pb2.ImageServiceImportResponse(name=name))


def _described(data: bytes, now: float) -> tuple[str, Image] | None:
    """Name of the image in an OCI or docker archive, and what its manifest says of it; None when it is no such archive."""
    whole = Image(_digest(data), len(data), now)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        index = _json(archive, "index.json")
        if isinstance(index, dict):
            for item in index.get("manifests", ()):
                notes = item.get("annotations") or {}
                name = notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name")
                if name:
                    return str(name), _image(item, _json(archive, f"blobs/{str(item.get('digest')).replace(':', '/')}"), whole)
            return "", whole
        manifest = _json(archive, "manifest.json")
        if isinstance(manifest, list):
            return (str(manifest[0]["RepoTags"][0]) if manifest and manifest[0].get("RepoTags") else ""), whole
    return None


def _image(descriptor: dict[str, Any], manifest: Any, whole: Image) -> Image:
    """An image as its manifest describes it: its size is that of all its parts."""
    if not isinstance(manifest, dict):
        return whole
    parts = [descriptor, manifest.get("config") or {}, *manifest.get("layers", ())]
    size = sum(int(part.get("size", 0)) for part in parts)
    return Image(str(descriptor["digest"]), size, whole.created, str(parts[1].get("digest", "")))


def _json(archive: tarfile.TarFile, member: str) -> Any:
    """What a member holds; None when there is none, or it is no JSON."""
    try:
        handle = archive.extractfile(member)
    except KeyError:
        return None
    try:
        return json.loads(handle.read()) if handle is not None else None
    except ValueError:
        return None


def remove(node: SimulatedNode, request: image_pb2.ImageServiceRemoveRequest, now: float) -> Exchange:
    """Answer ImageService/Remove."""
    from google.protobuf.empty_pb2 import Empty

    opened = _opened(node, request.containerd, now)
    if isinstance(opened, Exchange):
        return opened
    if opened[1].pop(request.image_ref, None) is None:
        return failure("NOT_FOUND", f"image {request.image_ref} not found")
    return answer(Empty())


def run_container(node: SimulatedNode, requests: Sequence[debug_pb2.DebugContainerRunRequest], now: float) -> Exchange:
    """Answer DebugService/ContainerRun: the few programs that are of use on a node's files."""
    if not requests:
        return failure("INVALID_ARGUMENT", "failed to receive spec: EOF")
    if requests[0].WhichOneof("request") != "spec":
        return failure("INVALID_ARGUMENT", "expected debug container spec")
    spec = requests[0].spec
    refused = _run_refused(node, spec, now)
    if refused is not None:
        return refused
    for part in requests[1:]:
        problem = _INPUT_PROBLEMS.get(part.WhichOneof("request"))
        if problem is not None:
            return failure("UNKNOWN", f"{_LOOP}: unknown request type: {problem}")
    arguments = list(spec.args) or ["true"]
    signals = [part.signal for part in requests[1:] if part.WhichOneof("request") == "signal"]
    if arguments[0] == "sleep" and signals:
        return _signalled(signals[0])
    if arguments == ["cat"] and spec.tty and len(requests) == 1:
        return answer(debug_pb2.DebugContainerRunResponse(exit_code=_HUNG_UP))
    inputs = [part.stdin_data for part in requests[1:] if part.WhichOneof("request") == "stdin_data"]
    result = host_shell.Shell(node, now, b"".join(inputs)).run(arguments)
    if result is None:
        return failure(
            "UNKNOWN",
            "failed to create task: failed to create shim task: OCI runtime create failed: runc create failed: "
            f'unable to start container process: exec: "{arguments[0]}": {_not_found(arguments[0])}',
        )
    output, code = result
    # What was echoed comes as it was sent.
    pieces = inputs if inputs and output == b"".join(inputs) else [output]
    messages: list[Any] = [
        debug_pb2.DebugContainerRunResponse(stdout_data=piece[start : start + _PIECE])
        for piece in pieces
        for start in range(0, len(piece), _PIECE)
    ]
    return Exchange([*messages, debug_pb2.DebugContainerRunResponse(exit_code=code)])


_LOOP = "debug container: receive loop error: error processing input message"
_INPUT_PROBLEMS = {"spec": "*machine.DebugContainerRunRequest_Spec", None: "<nil>"}
_LAST_SIGNAL, _HUNG_UP = 64, 129  # the end of the input hangs a terminal up
# An image without /nix, as recorded; the profile was not seen working.
_NO_NIX = (
    "host-ns: setup root: mount /nix overlay: openfs failed: failed to create root filesystem: FSCONFIG_SET_BINARY failed: "
    'no such file or directory: key="lowerdir"'
)


def _run_refused(node: SimulatedNode, spec: Any, now: float) -> Exchange | None:
    """Why a container is not even begun; None when it is."""
    allowed = {_SPEC.PROFILE_PRIVILEGED, *([_SPEC.PROFILE_HOST_NS] if node.profile.host_ns else [])}
    if spec.profile not in allowed:
        named = spec.profile == _SPEC.PROFILE_UNSPECIFIED or (node.profile.host_ns and spec.profile in _SPEC.Profile.values())
        return failure(
            "INVALID_ARGUMENT", f"unsupported debug container profile: {_SPEC.Profile.Name(spec.profile) if named else int(spec.profile)}"
        )
    store = store_of(spec.containerd)
    if isinstance(store, Exchange):
        return store
    gone = away(node, _socket(store), now, "failed to create lease: ")
    if gone is not None:
        return gone
    name = spec.image_name
    if name not in _store(node, store):
        return failure("NOT_FOUND", f'image {name} not found: image "{name}": not found')
    if spec.profile == _SPEC.PROFILE_HOST_NS:
        return failure("UNKNOWN", _NO_NIX)
    return None


def _signalled(signal: int) -> Exchange:
    """A process that a signal ends."""
    if not 0 < signal <= _LAST_SIGNAL:
        return failure(
            "UNKNOWN",
            f"{_LOOP}: debug container: failed to forward signal to task: unknown error after kill: runc did not terminate successfully: "
            "exit status 1: unable to signal init: invalid argument\n",
        )
    return answer(debug_pb2.DebugContainerRunResponse(exit_code=128 + signal))


def _not_found(program: str) -> str:
    return f"stat {program}: no such file or directory" if "/" in program else "executable file not found in $PATH"
