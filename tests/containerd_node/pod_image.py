"""The image of pods and debug containers: a few programs of this machine with their libraries, packed without a registry."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

PAUSE = "localhost/pause:test"
TOOLS = "localhost/tools:test"
PROGRAMS = ("sh", "sleep", "find", "test", "ls", "stat", "cat", "rm", "id")
# Files below /run of a node, of a find that waits.
STARTED, MAY_GO = "find-was-started", "find-may-go-on"
_WAITING = f"""#!/bin/sh
: >/host/run/{STARTED}
while [ ! -e /host/run/{MAY_GO} ]; do sleep 0.05; done
exec /usr/bin/find.real "$@"
""".encode()
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def write_image(path: Path, names: Sequence[str] = (PAUSE, TOOLS), *, waits: bool = False) -> None:
    """Write an OCI image layout as one tar, with images over one layer: one that sleeps, as a pod's pause does, others with a shell.

    The programs are those of the machine, not busybox's: Debian's busybox knows no ``find -delete``.

    Args:
        path: where to.
        names: of the images.
        waits: whether ``find`` says on the node that it was started (:data:`STARTED`), and waits for leave to go on (:data:`MAY_GO`).
    """
    layer = _layer(waits=waits)
    blobs = {_digest(layer): layer}
    entries = []
    for name in names:
        command = ["/bin/sleep", "infinity"] if name == PAUSE else []
        config = _config(command, _digest(layer))
        manifest = _manifest(config, layer)
        blobs |= {_digest(config): config, _digest(manifest): manifest}
        entries.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": _digest(manifest),
                "size": len(manifest),
                "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name},
            }
        )
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": entries}).encode(),
        **{f"blobs/{digest.replace(':', '/')}": blob for digest, blob in blobs.items()},
    }
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for member, content in files.items():
            _add(archive, member, content, 0o644)


def _layer(*, waits: bool) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        # As in every distribution's image of today.
        merged = tarfile.TarInfo("bin")
        merged.type, merged.linkname, merged.mode = tarfile.SYMTYPE, "usr/bin", 0o777
        archive.addfile(merged)
        added: set[str] = set()
        for program in PROGRAMS:
            found = Path(shutil.which(program) or f"/bin/{program}").resolve()
            slow = waits and program == "find"
            _add(archive, f"usr/bin/{program}{'.real' if slow else ''}", found.read_bytes(), 0o755)
            if slow:
                _add(archive, "usr/bin/find", _WAITING, 0o755)
            for library in _libraries(found):
                if library not in added:
                    added.add(library)
                    _add(archive, library.lstrip("/"), Path(library).resolve().read_bytes(), 0o755)
    return packed.getvalue()


def _libraries(program: Path) -> list[str]:
    """Paths, as the loader looks for them, of everything that a program loads; nothing for a static one."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return _LIBRARY.findall(listed.stdout)


def _config(command: list[str], layer: str) -> bytes:
    machine = platform.machine()
    return json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Cmd": command, "Env": ["PATH=/bin"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [layer]},
        }
    ).encode()


def _manifest(config: bytes, layer: bytes) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _digest(config), "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": _digest(layer), "size": len(layer)}],
        }
    ).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))
